/* SPDX-License-Identifier: MIT */
#include "vlm/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vlm/bind.h"
#include "vlm/families/family.h"
#include "vlm/vlm.h"

/* ---- the language model's tensors ---- */

static struct text_layer take_layer(struct binder *b, const char *prefix)
{
    const struct text_config *c = &b->m->config.text;
    uint64_t h = c->hidden, q = (uint64_t)c->heads * c->head_dim;
    uint64_t kv = (uint64_t)c->kv_heads * c->head_dim;
    struct text_layer l = {
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

    if (c->qk_norm) {
        l.q_norm = take_norm(b, prefix, "self_attn.q_norm", c->head_dim, false);
        l.k_norm = take_norm(b, prefix, "self_attn.k_norm", c->head_dim, false);
    }
    return l;
}

static void take_text(struct binder *b)
{
    struct model *m = b->m;
    const struct text_config *c = &m->config.text;
    char prefix[128];

    m->embedding = take_matrix(b, "language_model.embed_tokens.weight", c->vocab, c->hidden);
    m->head = m->embedding;
    if (!m->config.tied || binder_has(b, "lm_head.weight"))
        m->head = take_matrix(b, "lm_head.weight", c->vocab, c->hidden);
    for (uint32_t i = 0; i < c->layers; i++) {
        snprintf(prefix, sizeof(prefix), "language_model.layers.%u.", i);
        m->layers[i] = take_layer(b, prefix);
    }
    m->final_norm = take_norm(b, "language_model.", "norm", c->hidden, false);
}

/* ---- how its positions turn ---- */

/* apply_interleaved_mrope and apply_multimodal_rotary_pos_emb of transformers: the sections in a
 * row, or pair by pair in turn for as long as an axis has pairs, the first having the rest. */
static void divide_pairs(uint8_t *axis_of, const struct text_config *c)
{
    const uint32_t *sections = c->rope_sections;

    for (uint32_t i = 0; i < c->head_dim / 2; i++) {
        uint32_t turn = i % ROPE_AXES;

        if (c->rope_interleaved)
            axis_of[i] = (uint8_t)(i / ROPE_AXES < sections[turn] ? turn : 0);
        else
            axis_of[i] = i < sections[0] ? 0 : i < sections[0] + sections[1] ? 1 : 2;
    }
}

static int make_rotation(struct model *m, struct err *e)
{
    const struct text_config *c = &m->config.text;
    float *frequency = arena_new(&m->arena, c->head_dim / 2, sizeof(*frequency), e);
    uint8_t *axis_of = arena_new(&m->arena, c->head_dim / 2, sizeof(*axis_of), e);

    if (!frequency || !axis_of)
        return ERR_NOMEM;
    rotary_frequencies(frequency, c->rope_theta, c->head_dim, c->head_dim / 2);
    m->frequency = frequency;
    if (c->rope_sections[0] > 0) {
        divide_pairs(axis_of, c);
        m->axis_of = axis_of;
    }
    return 0;
}

/* ---- opening ---- */

static int bind(struct model *m, const struct events *ev, struct err *e)
{
    struct binder b = { .m = m, .events = ev, .e = e };

    m->tower.blocks = arena_new(&m->arena, m->config.vision.layers, sizeof(*m->tower.blocks), e);
    m->layers = arena_new(&m->arena, m->config.text.layers, sizeof(*m->layers), e);
    b.taken = mem_new(weights_count(m->weights), sizeof(*b.taken), e);
    if (!m->tower.blocks || !m->layers || !b.taken) {
        free(b.taken);
        return ERR_NOMEM;
    }
    m->config.family->bind(&b);
    take_text(&b);
    check_extra(&b);
    free(b.taken);
    if (b.problems > 1)
        err_hint(e, "%zu tensors do not fit: do config.json and the weights belong together?",
                 b.problems);
    return b.problems ? (int)e->code : make_rotation(m, e);
}

int model_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    if (chosen->min_pixels == 0 && chosen->max_pixels == 0 && chosen->tiles == 0)
        return 0;
    if (c->family->choose)
        return c->family->choose(c, chosen, e);
    err_set(e, ERR_ARG, "this model's pictures are prepared in one way only");
    err_got(e, "%s", chosen->tiles ? "tiles" : chosen->max_pixels ? "max_pixels" : "min_pixels");
    return err_hint(e, "leave it out: the folder of a %s says all", c->family->model_type);
}

int model_open(struct model **out, const char *dir, const struct ops *o,
               const struct vlm_options *options, struct err *e)
{
    struct model *m = mem_new(1, sizeof(*m), e);
    int rc;

    *out = NULL;
    if (!m)
        return ERR_NOMEM;
    m->ops = o;
    rc = config_load(&m->config, dir, e);
    if (rc == 0)
        rc = model_choose(&m->config, &options->pictures, e);
    if (rc == 0)
        rc = weights_open(&m->weights, dir, m->config.weights_file, e);
    if (rc == 0 && (rc = bind(m, options->events, e)) < 0)
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
    for (size_t i = 0; i < m->n_kept; i++)
        m->ops->release(m->ops, &m->kept[i]);
    for (size_t i = 0; i < m->n_prepared; i++)
        m->ops->unprepare(m->ops, &m->prepared[i]);
    free(m->kept);
    free(m->prepared);
    weights_close(m->weights);
    arena_release(&m->arena);
    free(m);
}

const struct weight *model_find_broken(const struct model *m)
{
    for (size_t i = 0; i < weights_count(m->weights); i++) {
        const struct weight *t = weights_at(m->weights, i);

        for (size_t j = 0; j < t->n; j++)
            if (!isfinite(number_at(t->data, t->dtype, j)))
                return t;
    }
    return NULL;
}

/* ---- what it takes ---- */

static double tower_flop(const struct tower_config *c, const struct layout *l)
{
    double h = c->hidden, rows = (double)l->tower_rows;
    double patches = rows - (c->class_token ? (double)l->pictures : 0);
    double block = 2 * rows * (4 * h * h + (c->gated ? 3 : 2) * h * c->intermediate);

    return c->blocks * block + 4 * l->tower_pairs * h +
           2 * patches * h * c->channels * c->patch * c->patch;
}

struct model_cost model_cost(const struct model_config *c, const struct layout *l,
                             const struct text_work *w)
{
    const struct text_config *t = &c->text;
    double th = t->hidden, q = (double)t->heads * t->head_dim;
    double kv = (double)t->kv_heads * t->head_dim, layers = t->layers;
    double key_value = 2 * th * 2 * kv, rest = 2 * (2 * th * q + 3 * th * t->intermediate);
    double n = (double)w->tokens, read = (double)w->rows;
    struct model_cost cost = {
        .vision = tower_flop(&c->vision, l),
        .projector = c->family->connector_flop(c, l),
        .linear = n * (layers * key_value + (layers - 1) * rest) + read * rest,
        .attention = 4 * w->pairs * q * (layers - 1) + 4 * read * (double)w->height * q,
        .head = 2 * read * th * t->vocab,
    };

    cost.total = cost.vision + cost.projector + cost.linear + cost.attention + cost.head;
    return cost;
}
