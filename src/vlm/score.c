/* SPDX-License-Identifier: MIT
 *
 * score.c - which rows of a tree are read, and their logits to probabilities.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/pass.h"

enum { LOGIT_FLOATS = 16 << 20 }; /* in memory at a time: 64 MiB */

/* ---- which rows ---- */

static int by_row(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;

    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_end(const void *a, const void *b)
{
    const struct end *x = a, *y = b;

    return x->row < y->row ? -1 : x->row > y->row;
}

/* The token of a probe's step in a picture's tree: 0 is the question's end. */
static uint32_t row_of(const struct tree_pass *s, const struct seen_picture *picture,
                       const struct probe *probe, size_t step)
{
    uint32_t at = picture->tree.ends[probe->path - s->first];

    for (size_t i = probe->n - 1; i > step; i--)
        at = picture->tree.parent[at];
    return picture->first + at;
}

static bool is_mine(const struct tree_pass *s, const struct probe *probe)
{
    return probe->path >= s->first && probe->path < s->last;
}

static int take_memory(struct tree_pass *s, struct err *e)
{
    size_t steps = 0;

    for (size_t i = 0; i < s->p->n_probes; i++)
        if (is_mine(s, &s->p->probes[i]))
            steps += s->p->probes[i].n;
    steps *= s->n_pictures;
    s->picks = arena_new(&s->arena, steps, sizeof(*s->picks), e);
    s->rows = arena_new(&s->arena, steps, sizeof(*s->rows), e);
    s->ends = arena_new(&s->arena, s->p->n_probes * s->n_pictures, sizeof(*s->ends), e);
    return s->picks && s->rows && s->ends ? 0 : ERR_NOMEM;
}

static void choose_of_picture(struct tree_pass *s, size_t picture)
{
    const struct vlm_prompts *p = s->p;
    const struct seen_picture *of = &s->pictures[picture];
    size_t first = s->n_ends;

    for (size_t i = 0; i < p->n_probes; i++) {
        const struct probe *probe = &p->probes[i];
        size_t question = p->paths[probe->path].question;

        if (!is_mine(s, probe))
            continue;
        for (size_t step = 0; step < probe->n; step++)
            s->picks[s->n_picks++] = (struct pick){ .row = row_of(s, of, probe, step),
                                                    .token = probe->tokens[step],
                                                    .picture = picture,
                                                    .probe = i };
        if (s->n_ends == first || s->ends[s->n_ends - 1].question != question)
            s->ends[s->n_ends++] = (struct end){ .row = row_of(s, of, probe, 0),
                                                 .picture = picture,
                                                 .question = question };
    }
}

static int choose_rows(struct tree_pass *s, struct err *e)
{
    int rc = take_memory(s, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < s->n_pictures; i++)
        choose_of_picture(s, i);
    qsort(s->picks, s->n_picks, sizeof(*s->picks), by_row);
    qsort(s->ends, s->n_ends, sizeof(*s->ends), by_end);
    for (size_t i = 0; i < s->n_picks; i++)
        if (i == 0 || s->picks[i].row != s->picks[i - 1].row)
            s->rows[s->n_rows++] = s->picks[i].row;
    return 0;
}

/* ---- a pass's tree ---- */

static int build_trees(struct tree_pass *s, struct err *e)
{
    struct tree *trees = mem_new(s->n_pictures, sizeof(*trees), e);
    uint32_t first = 0;
    int rc = trees ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < s->n_pictures; i++) {
        struct seen_picture *picture = &s->pictures[i];

        rc = tree_build(&picture->tree, picture->prompts + s->first, s->last - s->first, e);
        picture->first = first;
        first += (uint32_t)picture->tree.n;
        if (rc == 0)
            trees[i] = picture->tree;
    }
    if (rc == 0 && s->n_pictures == 1)
        s->tree = trees[0];
    else if (rc == 0)
        rc = tree_join(&s->tree, trees, s->n_pictures, e);
    free(trees);
    return rc;
}

int pass_open(struct tree_pass *s, struct err *e)
{
    int rc = build_trees(s, e);

    return rc < 0 ? rc : choose_rows(s, e);
}

void pass_close(struct tree_pass *s)
{
    for (size_t i = 0; i < s->n_pictures; i++)
        tree_release(&s->pictures[i].tree);
    if (s->n_pictures > 1) /* of one it is the picture's own */
        tree_release(&s->tree);
    arena_release(&s->arena);
}

/* ---- logits ---- */

/* log of the sum of e^x */
static double log_sum_exp(const float *x, size_t n)
{
    float largest = -INFINITY;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        largest = x[i] > largest || isnan(x[i]) ? x[i] : largest;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - (double)largest);
    return (double)largest + log(sum);
}

double log_add(double a, double b)
{
    double larger = fmax(a, b), smaller = fmin(a, b);

    return larger == -INFINITY ? larger : larger + log1p(exp(smaller - larger));
}

/* Insertion into the few largest. */
static void find_top(struct vlm_token top[VLM_TOP], const float *logits, size_t n, double log_z)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        double x = (double)logits[i] - log_z;
        size_t at = found;

        if (found == VLM_TOP && x <= top[VLM_TOP - 1].logprob)
            continue;
        if (found < VLM_TOP)
            found++;
        else
            at = VLM_TOP - 1;
        for (; at > 0 && top[at - 1].logprob < x; at--)
            top[at] = top[at - 1];
        top[at] = (struct vlm_token){ (uint32_t)i, x };
    }
}

static int not_a_number(const struct tree_pass *s, struct err *e)
{
    const struct weight *t = model_find_broken(s->v->model);

    err_set(e, ERR_FORMAT, "the model's output is not a number");
    if (t)
        err_at(e, "%s: tensor %s", t->file, t->name);
    return err_hint(e, t ? "its weights hold NaN or infinity: is the download complete?"
                         : "its weights are numbers, but too large for this precision");
}

/* The first of the picks and of the ends that are not read yet. */
struct reading {
    size_t pick, end;
};

static int read_row(struct tree_pass *s, uint32_t row, const float *logits, struct reading *at,
                    struct vlm_answers *out, struct err *e)
{
    size_t vocab = s->v->model->config.text.vocab;
    double log_z = log_sum_exp(logits, vocab);

    if (!isfinite(log_z))
        return not_a_number(s, e);
    for (; at->pick < s->n_picks && s->picks[at->pick].row == row; at->pick++) {
        const struct pick *pick = &s->picks[at->pick];

        s->pictures[pick->picture].logprob[pick->probe] += (double)logits[pick->token] - log_z;
    }
    for (; at->end < s->n_ends && s->ends[at->end].row == row; at->end++) {
        const struct end *end = &s->ends[at->end];
        struct vlm_answers *answers = &out[end->picture];

        find_top(answers->items[end->question].top, logits, vocab, log_z);
        if (answers->logits)
            memcpy(answers->logits + end->question * vocab, logits, vocab * sizeof(*logits));
    }
    return 0;
}

size_t pass_logit_rows(const struct tree_pass *s, const struct trace *t)
{
    size_t step = LOGIT_FLOATS / s->v->model->config.text.vocab + 1;

    return step > s->n_rows || t ? s->n_rows : step;
}

int pass_read(struct tree_pass *s, struct tensor hidden, const struct pass *p,
              struct vlm_answers *out, struct err *e)
{
    const struct model *m = p->model;
    const struct ops *o = p->ops;
    size_t vocab = m->config.text.vocab, step = pass_logit_rows(s, p->trace);
    struct tensor logits = { 0 }, none = { 0 };
    struct reading at_row = { 0 };
    float *read = mem_new(step * vocab, sizeof(*read), e);
    int rc = read ? o->alloc(o, &logits, step, vocab, e) : ERR_NOMEM;

    for (size_t at = 0; rc == 0 && at < s->n_rows; at += step) {
        size_t n = s->n_rows - at < step ? s->n_rows - at : step;
        struct tensor some = tensor_rows(logits, 0, n);

        rc = o->linear(o, some, tensor_rows(hidden, at, n), &m->head, none, e);
        if (rc == 0)
            rc = trace_tensor(p, "logits", some, e);
        if (rc == 0)
            o->read(o, read, some);
        for (size_t i = 0; rc == 0 && i < n; i++)
            rc = read_row(s, s->rows[at + i], read + i * vocab, &at_row, out, e);
    }
    o->release(o, &logits);
    free(read);
    return rc;
}

/* ---- options ---- */

double vlm_mass(const struct vlm_answer *a)
{
    double mass = 0;

    for (size_t o = 0; o < a->n_options; o++)
        mass += exp(a->logprob[o]);
    return mass;
}

double vlm_score(const struct vlm_answer *a, size_t option)
{
    double sum = -INFINITY;

    for (size_t o = 0; o < a->n_options; o++)
        sum = log_add(sum, a->logprob[o]);
    return exp(a->logprob[option] - sum);
}
