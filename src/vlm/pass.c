/* SPDX-License-Identifier: MIT
 *
 * pass.c - pictures and prompts, through the model, to answers.
 */
#include <math.h>
#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/pass.h"

/* ---- what is asked ---- */

/* What makes pictures smaller, where something does. */
static int hint_smaller(const struct vlm *v, struct err *e)
{
    struct vlm_pictures is = vlm_info(v).pictures;

    if (is.max_pixels > 0)
        return err_hint(e, "max_pixels makes the picture fewer tokens: at most %llu pixels now",
                        (unsigned long long)is.max_pixels);
    return is.tiles > 1 ? err_hint(e, "tiles makes the picture fewer tokens: at most %u now",
                                   (unsigned)is.tiles)
                        : (int)e->code;
}

static int check_height(const struct tree_pass *s, struct err *e)
{
    uint32_t most = s->v->model->config.text.max_positions;

    if (s->tree.height <= most)
        return 0;
    err_set(e, ERR_LIMIT, "a prompt is longer than the model was trained for");
    err_got(e, "%u tokens with the picture", s->tree.height);
    err_expected(e, "at most %u", most);
    return hint_smaller(s->v, e);
}

/* Where the tokens are, by axis: with one axis, their depth. */
static int place(struct tree_pass *s, struct places *out, const struct trace *t, struct err *e)
{
    const struct model_config *c = &s->v->model->config;
    size_t n = s->tree.n;
    uint32_t *all;
    int rc = 0;

    if (!c->family->place) {
        *out = (struct places){ { s->tree.depth, s->tree.depth, s->tree.depth } };
        return trace_ids(t, "positions", s->tree.depth, n, e);
    }
    all = arena_new(&s->arena, ROPE_AXES * n, sizeof(*all), e);
    if (!all)
        return ERR_NOMEM;
    *out = (struct places){ { all, all + n, all + 2 * n } };
    for (size_t i = 0; rc == 0 && i < s->n_pictures; i++) {
        const struct seen_picture *of = &s->pictures[i];
        struct places part = { { all + of->first, all + n + of->first, all + 2 * n + of->first } };

        rc = c->family->place(&part, c, &of->tree, &of->layout, e);
    }
    return rc < 0 ? rc : trace_ids(t, "positions", all, ROPE_AXES * n, e);
}

/* ---- what is seen ---- */

static int see_one(const struct pass *p, const struct seen_picture *of, struct features *out,
                   struct err *e)
{
    const struct model_config *c = &p->model->config;
    float *pixels = NULL;
    int rc = c->family->pixels(&pixels, c, &of->layout, of->image, e);

    if (rc == 0)
        rc = trace_floats(p->trace, "pixel_values", pixels, of->layout.rank, of->layout.shape, e);
    if (rc == 0)
        rc = c->family->encode(out, p, &of->layout, pixels, e);
    free(pixels);
    return rc;
}

static int append(struct tensor *all, size_t rows, struct tensor part, size_t at,
                  const struct ops *o, struct err *e)
{
    int rc = all->at ? 0 : o->alloc(o, all, rows, part.cols, e);

    if (rc == 0)
        o->copy_rows(tensor_rows(*all, at, part.rows), part, &(struct row_map){ .n = part.rows });
    return rc;
}

/* The features of several pictures, one behind the other. */
static int see_all(const struct tree_pass *s, const struct pass *p, struct features *out,
                   struct err *e)
{
    size_t rows = 0, at = 0;
    int rc = 0;

    for (size_t i = 0; i < s->n_pictures; i++)
        rows += s->pictures[i].layout.tokens;
    for (size_t i = 0; rc == 0 && i < s->n_pictures; i++) {
        struct features one = { 0 };

        rc = see_one(p, &s->pictures[i], &one, e);
        if (rc == 0)
            rc = append(&out->rows, rows, one.rows, at, p->ops, e);
        out->n_deep = one.n_deep;
        for (size_t d = 0; rc == 0 && d < one.n_deep; d++)
            rc = append(&out->deep[d], rows, one.deep[d], at, p->ops, e);
        at += s->pictures[i].layout.tokens;
        features_release(&one, p->ops);
    }
    return rc;
}

/* ---- a pass ---- */

static int read_text(struct tree_pass *s, const struct features *features, const struct pass *p,
                     struct vlm_answers *out, struct err *e)
{
    struct decoder_picture *pictures = arena_new(&s->arena, s->n_pictures, sizeof(*pictures), e);
    struct places places;
    struct decoder_input in = { .tree = &s->tree,
                                .places = &places,
                                .features = features,
                                .pictures = pictures,
                                .n_pictures = s->n_pictures,
                                .rows = s->rows,
                                .n_rows = s->n_rows };
    struct tensor hidden = { 0 };
    int rc = pictures ? place(s, &places, p->trace, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < s->n_pictures; i++)
        pictures[i] = (struct decoder_picture){ .first_token = s->pictures[i].first,
                                                .features = s->pictures[i].layout.tokens };
    if (rc == 0)
        rc = p->ops->alloc(p->ops, &hidden, s->n_rows, p->model->config.text.hidden, e);
    if (rc == 0)
        rc = decoder_run(hidden, p, &in, e);
    if (rc == 0)
        rc = pass_read(s, hidden, p, out, e);
    p->ops->release(p->ops, &hidden);
    return rc;
}

/* What is asked is known before anything is computed. */
static int run_pass(struct tree_pass *s, const struct vlm_how *how, struct vlm_answers *out,
                    struct err *e)
{
    struct trace trace = { how->trace };
    struct pass p = { .model = s->v->model, .ops = s->v->ops, .trace = how->trace ? &trace : NULL };
    struct features features = { 0 };
    int rc = pass_open(s, e);

    if (rc == 0 && (rc = check_height(s, e)) == 0)
        rc = trace_ids(p.trace, "input_ids", s->tree.ids, s->tree.n, e);
    if (rc == 0)
        rc = s->n_pictures == 1 ? see_one(&p, &s->pictures[0], &features, e)
                                : see_all(s, &p, &features, e);
    if (rc == 0)
        rc = read_text(s, &features, &p, out, e);
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

static int open_picture(struct seen_picture *out, const struct vlm *v, const struct vlm_prompts *p,
                        const struct image *image, struct arena *arena, struct err *e)
{
    const struct model_config *c = &v->model->config;
    int rc;

    *out =
        (struct seen_picture){ .image = image,
                               .logprob = arena_new(arena, p->n_probes, sizeof(*out->logprob), e) };
    rc = out->logprob ? c->family->layout(&out->layout, c, image->width, image->height, e)
                      : ERR_NOMEM;
    return rc < 0 ? rc : prompts_expand(p, v, &out->layout, &out->prompts, arena, e);
}

static int ask(struct vlm *v, const struct vlm_asked *asked, const struct vlm_how *how,
               struct vlm_answers *out, struct arena *arena, struct err *e)
{
    const struct vlm_prompts *p = asked->prompts;
    struct seen_picture *pictures = arena_new(arena, asked->n, sizeof(*pictures), e);
    size_t step = how->one_by_one ? 1 : p->n_paths;
    int rc = pictures ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < asked->n; i++)
        rc = open_picture(&pictures[i], v, p, asked->images[i], arena, e);
    for (size_t at = 0; rc == 0 && at < p->n_paths; at += step) {
        struct tree_pass s = { .v = v,
                               .p = p,
                               .pictures = pictures,
                               .n_pictures = asked->n,
                               .first = at,
                               .last = at + step };

        rc = run_pass(&s, how, out, e);
        pass_close(&s);
    }
    for (size_t i = 0; rc == 0 && i < asked->n; i++)
        gather(p, pictures[i].logprob, &out[i]);
    return rc;
}

int vlm_ask_together(struct vlm *v, const struct vlm_asked *asked, const struct vlm_how *how,
                     struct vlm_answers *out, struct err *e)
{
    struct arena arena = { 0 };
    int rc = 0, threads = v->ops->enter(v->ops);

    v->ops->events = how->events;
    for (size_t i = 0; i < asked->n; i++)
        out[i] = (struct vlm_answers){ 0 };
    for (size_t i = 0; rc == 0 && i < asked->n; i++)
        rc = new_answers(v, asked->prompts, how->logits, &out[i], e);
    if (rc == 0)
        rc = ask(v, asked, how, out, &arena, e);
    arena_release(&arena);
    v->ops->events = NULL;
    v->ops->leave(threads);
    for (size_t i = 0; rc < 0 && i < asked->n; i++)
        vlm_answers_release(&out[i]);
    return rc;
}

int vlm_ask(struct vlm *v, const struct vlm_prompts *p, const struct image *image,
            const struct vlm_how *how, struct vlm_answers *out, struct err *e)
{
    struct vlm_asked asked = { .prompts = p, .images = &image, .n = 1 };

    return vlm_ask_together(v, &asked, how, out, e);
}

void vlm_answers_release(struct vlm_answers *a)
{
    arena_release(&a->arena);
    *a = (struct vlm_answers){ 0 };
}
