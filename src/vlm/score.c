/* SPDX-License-Identifier: MIT
 *
 * score.c - an image and prompts, through the model, to probabilities.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/buffers.h"
#include "vlm/engine.h"

enum { LOGIT_FLOATS = 16 << 20 }; /* in memory at a time: 64 MiB */

/* At a row of the tree a token's probability is wanted, for a probe. */
struct pick {
    uint32_t row, token;
    size_t probe;
};

/* At a row a question ends. */
struct end {
    uint32_t row;
    size_t question;
};

/* One forward pass over the paths [first, last). */
struct tree_pass {
    struct vlm *v;
    const struct vlm_prompts *p;
    const struct prompt *prompts; /* with this image's tokens */
    size_t first, last;
    struct tree tree;
    uint32_t *rows; /* whose logits are read, rising */
    size_t n_rows;
    struct pick *picks; /* by row */
    size_t n_picks;
    struct end *ends;
    size_t n_ends;
    double *logprob; /* of each probe */
    struct arena arena;
};

static void close_pass(struct tree_pass *s)
{
    tree_release(&s->tree);
    arena_release(&s->arena);
}

/* ---- which rows ---- */

static int by_row(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;

    return x->row < y->row ? -1 : x->row > y->row;
}

/* The token of a probe's step: 0 is the question's end. */
static uint32_t row_of(const struct tree_pass *s, const struct probe *probe, size_t step)
{
    uint32_t at = s->tree.ends[probe->path - s->first];

    for (size_t i = probe->n - 1; i > step; i--)
        at = s->tree.parent[at];
    return at;
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
    s->picks = arena_new(&s->arena, steps, sizeof(*s->picks), e);
    s->rows = arena_new(&s->arena, steps, sizeof(*s->rows), e);
    s->ends = arena_new(&s->arena, s->p->n_probes, sizeof(*s->ends), e);
    return s->picks && s->rows && s->ends ? 0 : ERR_NOMEM;
}

static int choose_rows(struct tree_pass *s, struct err *e)
{
    const struct vlm_prompts *p = s->p;
    int rc = take_memory(s, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < p->n_probes; i++) {
        const struct probe *probe = &p->probes[i];
        size_t question = p->paths[probe->path].question;

        if (!is_mine(s, probe))
            continue;
        for (size_t step = 0; step < probe->n; step++)
            s->picks[s->n_picks++] =
                (struct pick){ row_of(s, probe, step), probe->tokens[step], i };
        if (s->n_ends == 0 || s->ends[s->n_ends - 1].question != question)
            s->ends[s->n_ends++] = (struct end){ row_of(s, probe, 0), question };
    }
    qsort(s->picks, s->n_picks, sizeof(*s->picks), by_row);
    for (size_t i = 0; i < s->n_picks; i++)
        if (i == 0 || s->picks[i].row != s->picks[i - 1].row)
            s->rows[s->n_rows++] = s->picks[i].row;
    return 0;
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

static double log_add(double a, double b)
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

/* What is wanted of one row: its picks begin at *pick. */
static int read_row(struct tree_pass *s, uint32_t row, const float *logits, size_t *pick,
                    struct vlm_answers *out, struct err *e)
{
    size_t vocab = s->v->model->config.text.vocab;
    double log_z = log_sum_exp(logits, vocab);

    if (!isfinite(log_z))
        return not_a_number(s, e);
    for (; *pick < s->n_picks && s->picks[*pick].row == row; (*pick)++)
        s->logprob[s->picks[*pick].probe] += (double)logits[s->picks[*pick].token] - log_z;
    for (size_t i = 0; i < s->n_ends; i++) {
        size_t question = s->ends[i].question;

        if (s->ends[i].row != row)
            continue;
        find_top(out->items[question].top, logits, vocab, log_z);
        if (out->logits)
            memcpy(out->logits + question * vocab, logits, vocab * sizeof(*logits));
    }
    return 0;
}

/* Whose logits are in memory at a time; a trace shows them all. */
static size_t logit_rows(const struct tree_pass *s, const struct trace *t)
{
    size_t step = LOGIT_FLOATS / s->v->model->config.text.vocab + 1;

    return step > s->n_rows || t ? s->n_rows : step;
}

static int read_logits(struct tree_pass *s, struct tensor hidden, const struct pass *p,
                       struct vlm_answers *out, struct err *e)
{
    const struct model *m = p->model;
    const struct ops *o = p->ops;
    size_t vocab = m->config.text.vocab, pick = 0, step = logit_rows(s, p->trace);
    struct tensor logits = { 0 }, none = { 0 };
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
            rc = read_row(s, s->rows[at + i], read + i * vocab, &pick, out, e);
    }
    o->release(o, &logits);
    free(read);
    return rc;
}

/* ---- a pass ---- */

static int check_height(const struct tree_pass *s, struct err *e)
{
    uint32_t most = s->v->model->config.text.max_positions;

    if (s->tree.height <= most)
        return 0;
    err_set(e, ERR_LIMIT, "a prompt is longer than the model was trained for");
    err_got(e, "%u tokens", s->tree.height);
    return err_expected(e, "at most %u", most);
}

/* What is asked, before anything is computed. */
static int prepare(struct tree_pass *s, const struct trace *t, struct err *e)
{
    int rc = tree_build(&s->tree, s->prompts + s->first, s->last - s->first, e);

    if (rc < 0 || (rc = check_height(s, e)) < 0 || (rc = choose_rows(s, e)) < 0)
        return rc;
    return trace_ids(t, "input_ids", s->tree.ids, s->tree.n, e);
}

/* Where the tokens are, by axis: with one axis, their depth. */
static int place(struct tree_pass *s, const struct layout *l, struct places *out,
                 const struct trace *t, struct err *e)
{
    const struct model_config *c = &s->v->model->config;
    size_t n = s->tree.n;
    uint32_t *all;

    if (!c->family->place) {
        *out = (struct places){ { s->tree.depth, s->tree.depth, s->tree.depth } };
        return trace_ids(t, "positions", s->tree.depth, n, e);
    }
    all = arena_new(&s->arena, ROPE_AXES * n, sizeof(*all), e);
    if (!all)
        return ERR_NOMEM;
    *out = (struct places){ { all, all + n, all + 2 * n } };
    if (c->family->place(out, c, &s->tree, l, e) < 0)
        return (int)e->code;
    return trace_ids(t, "positions", all, ROPE_AXES * n, e);
}

static int run_text(struct tree_pass *s, const struct layout *l, const struct features *features,
                    const struct pass *p, struct vlm_answers *out, struct err *e)
{
    struct places places;
    struct decoder_input in = { .tree = &s->tree,
                                .places = &places,
                                .features = features,
                                .rows = s->rows,
                                .n_rows = s->n_rows };
    struct tensor hidden = { 0 };
    int rc = place(s, l, &places, p->trace, e);

    if (rc == 0)
        rc = p->ops->alloc(p->ops, &hidden, s->n_rows, p->model->config.text.hidden, e);
    if (rc == 0)
        rc = decoder_run(hidden, p, &in, e);
    if (rc == 0)
        rc = read_logits(s, hidden, p, out, e);
    p->ops->release(p->ops, &hidden);
    return rc;
}

static int see(const struct pass *p, const struct image *image, const struct layout *l,
               struct features *features, struct err *e)
{
    const struct model_config *c = &p->model->config;
    float *pixels = NULL;
    int rc = c->family->pixels(&pixels, c, l, image, e);

    if (rc == 0)
        rc = trace_floats(p->trace, "pixel_values", pixels, l->rank, l->shape, e);
    if (rc == 0)
        rc = c->family->encode(features, p, l, pixels, e);
    free(pixels);
    return rc;
}

/* Paths [first, last) with the image in one pass. */
static int run_pass(struct tree_pass *s, const struct image *image, const struct layout *l,
                    const struct vlm_how *how, struct vlm_answers *out, struct err *e)
{
    struct trace trace = { how->trace };
    struct pass p = { .model = s->v->model, .ops = s->v->ops, .trace = how->trace ? &trace : NULL };
    struct features features = { 0 };
    int rc = prepare(s, p.trace, e);

    if (rc == 0)
        rc = see(&p, image, l, &features, e);
    if (rc == 0)
        rc = run_text(s, l, &features, &p, out, e);
    features_release(&features, p.ops);
    return rc;
}

/* ---- answers ---- */

static int new_answers(const struct vlm *v, const struct vlm_prompts *p, bool logits,
                       struct vlm_answers *out, struct err *e)
{
    size_t vocab = v->model->config.text.vocab;

    out->n = p->n;
    out->items = arena_new(&out->arena, p->n, sizeof(*out->items), e);
    if (!out->items)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->n; i++) {
        struct vlm_answer *a = &out->items[i];

        a->n_options = p->questions[i].n_options;
        a->logprob = arena_new(&out->arena, a->n_options, sizeof(*a->logprob), e);
        if (!a->logprob)
            return ERR_NOMEM;
        for (size_t o = 0; o < a->n_options; o++)
            a->logprob[o] = -INFINITY;
    }
    if (logits && !(out->logits = arena_new(&out->arena, p->n * vocab, sizeof(float), e)))
        return ERR_NOMEM;
    return 0;
}

/* An option's probability is the sum of its probes'. */
static void gather(const struct vlm_prompts *p, const double *logprob, struct vlm_answers *out)
{
    for (size_t i = 0; i < p->n_probes; i++) {
        const struct probe *probe = &p->probes[i];
        double *sum = &out->items[p->paths[probe->path].question].logprob[probe->option];

        *sum = log_add(*sum, logprob[i]);
    }
}

static int ask(struct vlm *v, const struct vlm_prompts *p, const struct image *image,
               const struct vlm_how *how, struct vlm_answers *out, struct arena *arena,
               struct err *e)
{
    const struct model_config *c = &v->model->config;
    double *logprob = arena_new(arena, p->n_probes, sizeof(*logprob), e);
    size_t step = how->one_by_one ? 1 : p->n_paths;
    struct layout l;
    struct prompt *prompts;
    int rc = logprob ? c->family->layout(&l, c, image->width, image->height, e) : ERR_NOMEM;

    if (rc == 0)
        rc = prompts_expand(p, v, &l, &prompts, arena, e);

    for (size_t at = 0; rc == 0 && at < p->n_paths; at += step) {
        struct tree_pass s = {
            .v = v, .p = p, .prompts = prompts, .first = at, .last = at + step, .logprob = logprob
        };

        rc = run_pass(&s, image, &l, how, out, e);
        close_pass(&s);
    }
    if (rc == 0)
        gather(p, logprob, out);
    return rc;
}

int vlm_ask(struct vlm *v, const struct vlm_prompts *p, const struct image *image,
            const struct vlm_how *how, struct vlm_answers *out, struct err *e)
{
    struct arena arena = { 0 };
    int rc, threads = v->ops->enter(v->ops);

    *out = (struct vlm_answers){ 0 };
    v->ops->events = how->events;
    rc = new_answers(v, p, how->logits, out, e);
    if (rc == 0)
        rc = ask(v, p, image, how, out, &arena, e);
    arena_release(&arena);
    v->ops->events = NULL;
    v->ops->leave(threads);
    if (rc < 0)
        vlm_answers_release(out);
    return rc;
}

void vlm_answers_release(struct vlm_answers *a)
{
    arena_release(&a->arena);
    *a = (struct vlm_answers){ 0 };
}

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

/* ---- what it takes ---- */

static double count_pairs(const struct tree *t)
{
    double pairs = 0;

    for (size_t i = 0; i < t->n; i++)
        pairs += t->depth[i] + 1;
    return pairs;
}

/* Pixels stay until the features are made. */
static size_t see_bytes(const struct pass *p, const struct layout *l)
{
    size_t pixels = sizeof(float);

    for (size_t i = 0; i < l->rank; i++)
        pixels *= l->shape[i];
    return pixels + p->model->config.family->encode_bytes(p, l);
}

static size_t text_bytes(const struct tree_pass *s, const struct pass *p, const struct layout *l)
{
    const struct text_config *c = &p->model->config.text;
    size_t rows = logit_rows(s, NULL), axes = p->model->config.family->place ? ROPE_AXES : 0;
    size_t logits =
        2 * tensor_bytes(rows, c->vocab) + p->ops->scratch_bytes(p->ops, rows, &p->model->head);
    size_t kept = tensor_bytes(l->tokens * (1 + p->model->n_deep) + s->n_rows, c->hidden) +
                  axes * s->tree.n * sizeof(uint32_t);

    return kept + larger_of(decoder_bytes(p, s->tree.n, s->tree.height), logits);
}

static int estimate_part(struct vlm_cost *out, struct tree_pass *s, const struct layout *l,
                         struct model_cost *cost, struct err *e)
{
    struct pass p = { .model = s->v->model, .ops = s->v->ops };
    int rc = tree_build(&s->tree, s->prompts + s->first, s->last - s->first, e);

    *cost = (struct model_cost){ 0 };
    if (rc == 0)
        rc = choose_rows(s, e);
    if (rc == 0) {
        struct text_work work = { .tokens = s->tree.n,
                                  .rows = s->n_rows,
                                  .height = s->tree.height,
                                  .pairs = count_pairs(&s->tree) };

        *cost = model_cost(&p.model->config, l, &work);
        out->tokens = s->tree.n;
        out->activation_bytes =
            tree_bytes(&s->tree) + larger_of(see_bytes(&p, l), text_bytes(s, &p, l));
    }
    return rc;
}

/* All paths alone, then together, so that the fields of the whole tree stay. */
static int estimate(struct vlm_cost *out, struct tree_pass of, const struct layout *l,
                    struct err *e)
{
    size_t paths = of.p->n_paths;
    int rc = 0;

    for (size_t at = 0; rc == 0 && at <= paths; at++) {
        bool whole = at == paths;
        struct tree_pass s = of;
        struct model_cost cost;

        s.first = whole ? 0 : at;
        s.last = whole ? paths : at + 1;
        rc = estimate_part(out, &s, l, &cost, e);
        close_pass(&s);
        if (rc < 0)
            break;
        if (whole) {
            out->flop = cost.total;
        } else {
            out->tokens_one_by_one += out->tokens;
            out->flop_one_by_one += cost.total;
        }
    }
    return rc;
}

int vlm_estimate(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                 uint32_t width, uint32_t height, struct err *e)
{
    const struct model_config *c = &v->model->config;
    struct tree_pass of = { .v = (struct vlm *)v, .p = p };
    struct arena arena = { 0 };
    struct prompt *prompts;
    struct layout l;
    int rc = c->family->layout(&l, c, width, height, e), threads = v->ops->enter(v->ops);

    *out = (struct vlm_cost){ 0 };
    if (rc == 0)
        rc = prompts_expand(p, v, &l, &prompts, &arena, e);
    if (rc == 0) {
        *out = (struct vlm_cost){ .tiles = l.pictures, .image_tokens = l.tokens };
        of.prompts = prompts;
        rc = estimate(out, of, &l, e);
    }
    v->ops->leave(threads);
    arena_release(&arena);
    return rc;
}
