/* SPDX-License-Identifier: MIT */
#include "vlm/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/numbers.h"

/* What has been asked of the weights so far. */
struct binder {
    struct model *m;
    bool *taken; /* by tensor */
    size_t problems;
    const struct events *events;
    struct err *e; /* of the first problem */
};

enum { WARNINGS_MAX = 40 };

static void problem(struct binder *b, const char *file, const char *name, const char *what,
                    const char *got, const char *expected)
{
    if (b->problems++ == 0) {
        err_set(b->e, ERR_FORMAT, "%s", what);
        err_at(b->e, "%s%stensor %s", file ? file : "", file ? ": " : "", name);
        if (got)
            err_got(b->e, "%s", got);
        if (expected)
            err_expected(b->e, "%s", expected);
    }
    if (b->problems <= WARNINGS_MAX)
        events_say(b->events, EVENT_WARNING, "tensor %s: %s%s%s%s%s", name, what,
                   got ? ": got " : "", got ? got : "", expected ? ", expected " : "",
                   expected ? expected : "");
}

/* The tensor of this name and shape, or NULL where that is a problem. */
static const struct tensor *take(struct binder *b, const char *name, uint32_t rank,
                                 const uint64_t *shape)
{
    const struct tensor *t = weights_find(b->m->weights, name);
    char got[160], expected[160];

    weights_shape_text(rank, shape, expected);
    if (!t) {
        problem(b, NULL, name, "this tensor is missing", NULL, expected);
        return NULL;
    }
    b->taken[t - weights_at(b->m->weights, 0)] = true;
    if (t->rank == rank && memcmp(t->shape, shape, rank * sizeof(*shape)) == 0)
        return t;
    problem(b, t->file, name, "this tensor does not fit config.json",
            weights_shape_text(t->rank, t->shape, got), expected);
    return NULL;
}

static const float *take_floats(struct binder *b, const char *name, uint32_t rank,
                                const uint64_t *shape)
{
    const struct tensor *t = take(b, name, rank, shape);
    float *x;

    if (!t || b->problems > 0)
        return NULL;
    x = arena_new(&b->m->arena, t->n, sizeof(*x), b->e);
    if (!x)
        b->problems++;
    for (size_t i = 0; x && i < t->n; i++)
        x[i] = number_at(t->data, t->dtype, i);
    return x;
}

static struct matrix as_matrix(const struct tensor *t, size_t rows, size_t cols)
{
    return t ? (struct matrix){ t->data, t->dtype, rows, cols } : (struct matrix){ 0 };
}

static struct matrix take_matrix(struct binder *b, const char *name, uint64_t rows, uint64_t cols)
{
    return as_matrix(take(b, name, 2, (uint64_t[]){ rows, cols }), rows, cols);
}

static const char *joined(char *out, size_t cap, const char *prefix, const char *name,
                          const char *suffix)
{
    snprintf(out, cap, "%s%s%s", prefix, name, suffix);
    return out;
}

static struct linear take_linear(struct binder *b, const char *prefix, const char *name,
                                 uint64_t rows, uint64_t cols, bool bias)
{
    char full[256];
    struct linear l = { 0 };

    l.w = take_matrix(b, joined(full, sizeof(full), prefix, name, ".weight"), rows, cols);
    if (bias)
        l.bias = take_floats(b, joined(full, sizeof(full), prefix, name, ".bias"), 1, &rows);
    return l;
}

static struct norm take_norm(struct binder *b, const char *prefix, const char *name, uint64_t size,
                             bool bias)
{
    char full[256];
    struct norm n = { 0 };

    n.weight = take_floats(b, joined(full, sizeof(full), prefix, name, ".weight"), 1, &size);
    if (bias)
        n.bias = take_floats(b, joined(full, sizeof(full), prefix, name, ".bias"), 1, &size);
    return n;
}

/* ---- the parts ---- */

static struct vision_block take_block(struct binder *b, const char *prefix)
{
    const struct vision_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, i = c->intermediate;

    return (struct vision_block){
        .norm1 = take_norm(b, prefix, "layer_norm1", h, true),
        .norm2 = take_norm(b, prefix, "layer_norm2", h, true),
        .q = take_linear(b, prefix, "self_attn.q_proj", h, h, true),
        .k = take_linear(b, prefix, "self_attn.k_proj", h, h, true),
        .v = take_linear(b, prefix, "self_attn.v_proj", h, h, true),
        .out = take_linear(b, prefix, "self_attn.out_proj", h, h, true),
        .fc1 = take_linear(b, prefix, "mlp.fc1", i, h, true),
        .fc2 = take_linear(b, prefix, "mlp.fc2", h, i, true),
    };
}

static void take_vision(struct binder *b)
{
    struct model *m = b->m;
    const struct vision_config *c = &m->config.vision;
    uint64_t h = c->hidden, p = c->patch, grid = config_grid(&m->config);
    char prefix[128];

    m->class_embedding = take_floats(b, "vision_tower.embeddings.class_embedding", 1, &h);
    m->patch_embedding = as_matrix(take(b, "vision_tower.embeddings.patch_embedding.weight", 4,
                                        (uint64_t[]){ h, c->channels, p, p }),
                                   h, c->channels * p * p);
    m->position_embedding = take_floats(b, "vision_tower.embeddings.position_embedding.weight", 2,
                                        (uint64_t[]){ grid * grid + 1, h });
    m->pre_norm = take_norm(b, "vision_tower.", "pre_layrnorm", h, true);
    take_norm(b, "vision_tower.", "post_layernorm", h, true); /* there, and never used */
    for (uint32_t i = 0; i < c->layers; i++) {
        snprintf(prefix, sizeof(prefix), "vision_tower.encoder.layers.%u.", i);
        struct vision_block block = take_block(b, prefix);

        if (i < m->config.vision_blocks)
            m->blocks[i] = block;
    }
}

static struct text_layer take_layer(struct binder *b, const char *prefix)
{
    const struct text_config *c = &b->m->config.text;
    uint64_t h = c->hidden, q = (uint64_t)c->heads * c->head_dim;
    uint64_t kv = (uint64_t)c->kv_heads * c->head_dim;

    return (struct text_layer){
        .norm1 = take_norm(b, prefix, "input_layernorm", h, false),
        .norm2 = take_norm(b, prefix, "post_attention_layernorm", h, false),
        .q = take_linear(b, prefix, "self_attn.q_proj", q, h, c->qkv_bias),
        .k = take_linear(b, prefix, "self_attn.k_proj", kv, h, c->qkv_bias),
        .v = take_linear(b, prefix, "self_attn.v_proj", kv, h, c->qkv_bias),
        .o = take_linear(b, prefix, "self_attn.o_proj", h, q, c->o_bias),
        .gate = take_linear(b, prefix, "mlp.gate_proj", c->intermediate, h, c->mlp_bias),
        .up = take_linear(b, prefix, "mlp.up_proj", c->intermediate, h, c->mlp_bias),
        .down = take_linear(b, prefix, "mlp.down_proj", h, c->intermediate, c->mlp_bias),
    };
}

static void take_text(struct binder *b)
{
    struct model *m = b->m;
    const struct text_config *c = &m->config.text;
    uint64_t h = c->hidden;
    char prefix[128];

    m->projector[0] = take_linear(b, "multi_modal_projector.", "linear_1", h,
                                  m->config.vision.hidden, m->config.projector_bias);
    m->projector[1] =
        take_linear(b, "multi_modal_projector.", "linear_2", h, h, m->config.projector_bias);
    m->newline = take_floats(b, "image_newline", 1, &h);
    m->embedding = take_matrix(b, "language_model.embed_tokens.weight", c->vocab, h);
    m->head = m->embedding;
    if (!m->config.tied || weights_find(m->weights, "lm_head.weight"))
        m->head = take_matrix(b, "lm_head.weight", c->vocab, h);
    for (uint32_t i = 0; i < c->layers; i++) {
        snprintf(prefix, sizeof(prefix), "language_model.layers.%u.", i);
        m->layers[i] = take_layer(b, prefix);
    }
    m->final_norm = take_norm(b, "language_model.", "norm", h, false);
}

/* ---- what is left over ---- */

static void check_extra(struct binder *b)
{
    const struct weights *w = b->m->weights;
    char shape[160];

    for (size_t i = 0; i < weights_count(w); i++) {
        const struct tensor *t = weights_at(w, i);

        if (!b->taken[i])
            problem(b, t->file, t->name, "this tensor has no place in the model",
                    weights_shape_text(t->rank, t->shape, shape), "none of this name");
    }
}

/* ---- opening ---- */

static int make_frequency(struct model *m, struct err *e)
{
    const struct text_config *c = &m->config.text;
    float *f = arena_new(&m->arena, c->head_dim / 2, sizeof(*f), e);

    if (!f)
        return ERR_NOMEM;
    /* theta^(-2i/d) in float32, as transformers computes it */
    for (uint32_t i = 0; i < c->head_dim / 2; i++)
        f[i] = 1.0f / powf((float)c->rope_theta, (float)(2 * i) / (float)c->head_dim);
    m->frequency = f;
    return 0;
}

static int bind(struct model *m, const struct events *ev, struct err *e)
{
    struct binder b = { .m = m, .events = ev, .e = e };

    m->blocks = arena_new(&m->arena, m->config.vision.layers, sizeof(*m->blocks), e);
    m->layers = arena_new(&m->arena, m->config.text.layers, sizeof(*m->layers), e);
    b.taken = mem_new(weights_count(m->weights), sizeof(*b.taken), e);
    if (!m->blocks || !m->layers || !b.taken) {
        free(b.taken);
        return ERR_NOMEM;
    }
    take_vision(&b);
    take_text(&b);
    check_extra(&b);
    free(b.taken);
    if (b.problems > 1)
        err_hint(e, "%zu tensors do not fit: do config.json and the weights belong together?",
                 b.problems);
    return b.problems ? (int)e->code : make_frequency(m, e);
}

int model_open(struct model **out, const char *dir, const struct events *ev, struct err *e)
{
    struct model *m = mem_new(1, sizeof(*m), e);
    int rc;

    *out = NULL;
    if (!m)
        return ERR_NOMEM;
    rc = config_load(&m->config, dir, e);
    if (rc == 0)
        rc = prep_config_load(&m->prep, &m->config, dir, e);
    if (rc == 0)
        rc = weights_open(&m->weights, dir, m->config.weights_file, e);
    if (rc == 0 && (rc = bind(m, ev, e)) < 0)
        err_at(e, "%s", dir);
    if (rc < 0) {
        model_close(m);
        return rc;
    }
    *out = m;
    return 0;
}

void model_close(struct model *m)
{
    if (!m)
        return;
    weights_close(m->weights);
    arena_release(&m->arena);
    free(m);
}

const struct tensor *model_find_broken(const struct model *m)
{
    for (size_t i = 0; i < weights_count(m->weights); i++) {
        const struct tensor *t = weights_at(m->weights, i);

        for (size_t j = 0; j < t->n; j++)
            if (!isfinite(number_at(t->data, t->dtype, j)))
                return t;
    }
    return NULL;
}

/* ---- what it takes ---- */

struct model_cost model_cost(const struct model_config *c, size_t tiles, size_t used, size_t n,
                             double pairs, size_t n_rows, size_t height)
{
    const struct vision_config *v = &c->vision;
    const struct text_config *t = &c->text;
    double patches = (double)config_grid(c) * config_grid(c), rows = patches + 1;
    double vh = v->hidden, th = t->hidden, q = (double)t->heads * t->head_dim;
    double kv = (double)t->kv_heads * t->head_dim, layers = t->layers;
    double block = 2 * rows * (4 * vh * vh + 2 * vh * v->intermediate) + 4 * rows * rows * vh;
    double key_value = 2 * th * 2 * kv, rest = 2 * (2 * th * q + 3 * th * t->intermediate);
    struct model_cost cost = { 0 };

    cost.vision =
        (double)tiles * (c->vision_blocks * block + 2 * patches * vh * 3 * v->patch * v->patch);
    cost.projector = 2 * (double)used * (vh * th + th * th);
    cost.linear = (double)n * (layers * key_value + (layers - 1) * rest) + (double)n_rows * rest;
    cost.attention = 4 * pairs * q * (layers - 1) + 4 * (double)n_rows * (double)height * q;
    cost.head = 2 * (double)n_rows * th * t->vocab;
    cost.total = cost.vision + cost.projector + cost.linear + cost.attention + cost.head;
    return cost;
}
