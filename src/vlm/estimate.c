/* SPDX-License-Identifier: MIT
 *
 * estimate.c - what asking takes, by shape.
 */
#include "vlm/buffers.h"
#include "vlm/pass.h"

enum { PICTURES_MOST = 32 };

static double count_pairs(const struct tree *t)
{
    double pairs = 0;

    for (size_t i = 0; i < t->n; i++)
        pairs += t->depth[i] + 1;
    return pairs;
}

/* Of one picture; its pixels stay until the features are made. */
static size_t see_bytes(const struct pass *p, const struct layout *l)
{
    size_t pixels = sizeof(float);

    for (size_t i = 0; i < l->rank; i++)
        pixels *= l->shape[i];
    return pixels + p->model->config.family->encode_bytes(p, l);
}

/* Those of several pictures are gathered from each one's. */
static size_t features_bytes(const struct tree_pass *s, const struct model *m)
{
    size_t rows = 0;

    for (size_t i = 0; i < s->n_pictures; i++)
        rows += s->pictures[i].layout.tokens;
    return tensor_bytes(rows * (1 + m->n_deep), m->config.text.hidden);
}

static size_t pass_bytes(const struct tree_pass *s, const struct pass *p)
{
    const struct model *m = p->model;
    const struct text_config *c = &m->config.text;
    size_t rows = pass_logit_rows(s, NULL), features = features_bytes(s, m);
    size_t logits =
        2 * tensor_bytes(rows, c->vocab) + p->ops->scratch_bytes(p->ops, rows, &m->head);
    size_t text = tensor_bytes(s->n_rows, c->hidden) + features +
                  larger_of(decoder_bytes(p, s->tree.n, s->tree.height), logits);
    size_t see = see_bytes(p, &s->pictures[0].layout) + (s->n_pictures > 1 ? features : 0);
    size_t trees = tree_bytes(&s->tree);

    for (size_t i = 0; s->n_pictures > 1 && i < s->n_pictures; i++)
        trees += tree_bytes(&s->pictures[i].tree);
    return trees + larger_of(see, text);
}

/* Of a pass over some paths of one picture. */
static int estimate_pass(struct vlm_cost *out, struct tree_pass *s, struct model_cost *cost,
                         struct err *e)
{
    const struct layout *l = &s->pictures[0].layout;
    struct pass p = { .model = s->v->model, .ops = s->v->ops };
    int rc = pass_open(s, e);

    *cost = (struct model_cost){ 0 };
    if (rc == 0) {
        struct text_work work = { .tokens = s->tree.n,
                                  .rows = s->n_rows,
                                  .height = s->tree.height,
                                  .pairs = count_pairs(&s->tree) };

        *cost = model_cost(&p.model->config, l, &work);
        out->tokens = s->tree.n;
        out->longest = s->tree.height;
        out->activation_bytes = pass_bytes(s, &p);
    }
    return rc;
}

/* All paths alone, then together, so that the fields of the whole tree stay. */
static int estimate(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                    struct seen_picture *picture, struct err *e)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at <= p->n_paths; at++) {
        bool whole = at == p->n_paths;
        struct tree_pass s = { .v = (struct vlm *)v,
                               .p = p,
                               .pictures = picture,
                               .n_pictures = 1,
                               .first = whole ? 0 : at,
                               .last = whole ? p->n_paths : at + 1 };
        struct model_cost cost;

        rc = estimate_pass(out, &s, &cost, e);
        pass_close(&s);
        if (rc == 0 && whole) {
            out->flop = cost.total;
            out->vision_flop = cost.vision + cost.projector;
        } else if (rc == 0) {
            out->tokens_one_by_one += out->tokens;
            out->flop_one_by_one += cost.total;
        }
    }
    return rc;
}

/* How many pictures of that many tokens fill a pass. */
static size_t pictures_of(const struct vlm *v, size_t tokens)
{
    size_t n = tokens > 0 ? v->pass_tokens / tokens : 1;

    return n < 1 ? 1 : n > PICTURES_MOST ? PICTURES_MOST : n;
}

static int open_size(struct seen_picture *out, const struct vlm *v, const struct vlm_prompts *p,
                     const struct image *size, struct arena *arena, struct err *e)
{
    const struct model_config *c = &v->model->config;
    int rc;

    *out = (struct seen_picture){ 0 };
    rc = c->family->layout(&out->layout, c, size->width, size->height, e);
    return rc < 0 ? rc : prompts_expand(p, v, &out->layout, &out->prompts, arena, e);
}

/* The memory of a pass of as many as are asked together. */
static int estimate_together(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                             const struct seen_picture *picture, struct err *e)
{
    struct seen_picture all[PICTURES_MOST];
    struct tree_pass s = { .v = (struct vlm *)v,
                           .p = p,
                           .pictures = all,
                           .n_pictures = pictures_of(v, out->tokens),
                           .last = p->n_paths };
    struct pass pass = { .model = v->model, .ops = v->ops };
    int rc;

    for (size_t i = 0; i < s.n_pictures; i++)
        all[i] = *picture;
    rc = pass_open(&s, e);
    out->together = s.n_pictures;
    if (rc == 0)
        out->activation_bytes = pass_bytes(&s, &pass);
    pass_close(&s);
    return rc;
}

static int estimate_all(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                        const struct image *size, struct err *e)
{
    struct seen_picture picture;
    struct arena arena = { 0 };
    int threads = v->ops->enter(v->ops), rc = open_size(&picture, v, p, size, &arena, e);

    *out = (struct vlm_cost){ .together = 1 };
    if (rc == 0) {
        out->width = picture.layout.resized.width;
        out->height = picture.layout.resized.height;
        out->tiles = picture.layout.pictures;
        out->image_tokens = picture.layout.tokens;
        rc = estimate(out, v, p, &picture, e);
    }
    if (rc == 0 && pictures_of(v, out->tokens) > 1)
        rc = estimate_together(out, v, p, &picture, e);
    v->ops->leave(threads);
    arena_release(&arena);
    return rc;
}

/* As it would be prepared: by a model that borrows all else. */
int vlm_estimate(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                 const struct vlm_size *size, struct err *e)
{
    const struct image image = { .width = size->width, .height = size->height };
    struct model model = *v->model;
    struct vlm other = *v;
    int rc = size->chosen ? model_choose(&model.config, size->chosen, e) : 0;

    other.model = &model;
    return rc == 0 ? estimate_all(out, &other, p, &image, e) : rc;
}

int vlm_together(const struct vlm *v, const struct vlm_prompts *p, const struct image *size,
                 size_t *out, struct err *e)
{
    struct seen_picture picture;
    struct tree_pass s = {
        .v = (struct vlm *)v, .p = p, .pictures = &picture, .n_pictures = 1, .last = p->n_paths
    };
    struct arena arena = { 0 };
    int rc = open_size(&picture, v, p, size, &arena, e);

    if (rc == 0)
        rc = pass_open(&s, e);
    if (rc == 0)
        *out = pictures_of(v, s.tree.n);
    pass_close(&s);
    arena_release(&arena);
    return rc;
}
