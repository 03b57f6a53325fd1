/* SPDX-License-Identifier: MIT
 *
 * Qwen3-VL, dense (modeling_qwen3_vl.py of transformers): a tower over patches of the picture in
 * its own shape, with learned positions resampled to it and rotary ones by row and column; rows of
 * a few of its blocks go to the first layers of the language model too. Defaults:
 * configuration_qwen3_vl.py of transformers 5.23.
 */
#include <math.h>
#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/families/qwen_vl.h"
#include "vlm/families/read.h"

static const char *const towers[] = { "qwen3_vl", "qwen3_vl_vision", NULL };
static const char *const texts[] = { "qwen3_vl_text", NULL };

/* ---- config.json ---- */

/* The table is a square. */
static int read_positions(const struct cursor *section, struct model_config *c, struct err *e)
{
    struct cursor at = cursor_member(section, "num_position_embeddings");
    int64_t n = (int64_t)48 * 48, side;
    int rc = at.value ? cursor_whole(&at, 1, (int64_t)4096 * 4096, &n, e) : 0;

    if (rc < 0)
        return rc;
    side = (int64_t)sqrt((double)n);
    c->qwen.position_side = (uint32_t)side;
    return side * side == n ? 0 : cursor_wrong(&at, "the square of a whole number", e);
}

static int read_vision(const struct cursor *section, struct model_config *c, struct err *e)
{
    int rc;

    c->vision = (struct tower_config){ .hidden = 1152,
                                       .intermediate = 4304,
                                       .layers = 27,
                                       .heads = 16,
                                       .patch = 16,
                                       .channels = 3,
                                       .eps = 1e-6,
                                       .act = ACT_GELU_TANH,
                                       .patch_bias = true };
    c->qwen = (struct qwen_config){ .merge = 2,
                                    .frames = 2,
                                    .tower_theta = 10000,
                                    .out_hidden = 3584,
                                    .deep = { .at = { 8, 16, 24 }, .n = 3 } };
    if ((rc = qwen_read_tower(c, section, towers, qwen_widths, e)) < 0 ||
        (rc = read_positions(section, c, e)) < 0)
        return rc;
    return qwen_read_blocks(&c->qwen.deep, section, "deepstack_visual_indexes", c->vision.layers,
                            e);
}

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { FLAG("tie_word_embeddings", struct model_config, tied) },
        { 0 },
    };
    struct cursor vision = cursor_member(top, "vision_config");
    struct cursor text = cursor_member(top, "text_config");
    int rc;

    if ((rc = read_vision(&vision, c, e)) < 0 || (rc = read_text(&text, texts, &c->text, e)) < 0)
        return rc;

    const struct refusal refusals[] = {
        { c->qwen.deep.n > 0 && c->qwen.deep.at[c->qwen.deep.n - 1] >= c->vision.layers,
          "deepstack_visual_indexes", "rows of blocks that the tower has not" },
        { c->qwen.deep.n > c->text.layers, "deepstack_visual_indexes",
          "more of them than the text model has layers" },
    };

    if ((rc = qwen_check_width(&vision, "out_hidden_size", c, e)) < 0 ||
        (rc = check_refusals(&vision, refusals, COUNT(refusals), e)) < 0 ||
        (rc = read_image_token(top, 151655, c, e)) < 0)
        return rc;
    return cursor_fields(top, fields, c, e);
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    return jv_set(model, "deepstack_visual_indexes", qwen_blocks_json(&c->qwen.deep)) &&
           jv_set(model, "num_position_embeddings",
                  jv_pack("I", (long long)c->qwen.position_side * c->qwen.position_side)) &&
           qwen_settings(c, model, prep);
}

/* ---- tensors ---- */

static struct tower_block take_block(struct binder *b, const char *prefix)
{
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, wide = c->intermediate;
    struct tower_block block = {
        .norm1 = take_norm(b, prefix, "norm1", h, true),
        .norm2 = take_norm(b, prefix, "norm2", h, true),
        .out = take_linear(b, prefix, "attn.proj", h, h, true),
        .fc1 = take_linear(b, prefix, "mlp.linear_fc1", wide, h, true),
        .fc2 = take_linear(b, prefix, "mlp.linear_fc2", h, wide, true),
    };

    take_fused(b, prefix, "attn.qkv", h, true,
               (struct linear *const[]){ &block.q, &block.k, &block.v });
    return block;
}

/* Patches are normed each, deep ones all of a block together. */
static struct connector take_merger(struct binder *b, const char *prefix, bool deep)
{
    const struct model_config *c = &b->m->config;
    uint64_t h = c->vision.hidden, block = h * c->qwen.merge * c->qwen.merge;

    return (struct connector){
        .norm = take_norm(b, prefix, "norm", deep ? block : h, true),
        .eps = c->vision.eps,
        .in = take_linear(b, prefix, "linear_fc1", block, block, true),
        .out = take_linear(b, prefix, "linear_fc2", c->text.hidden, block, true),
        .act = ACT_GELU,
    };
}

static void take_own(struct binder *b)
{
    struct model *m = b->m;
    const struct model_config *c = &m->config;
    uint64_t side = c->qwen.position_side;
    char prefix[64];

    m->tower.patch = (struct linear){
        .w = qwen_take_patches(b, "visual.patch_embed.proj.weight"),
        .bias = take_row(b, "visual.patch_embed.proj.bias", c->vision.hidden),
    };
    m->tower.table =
        take_floats(b, "visual.pos_embed.weight", 2, (uint64_t[]){ side * side, c->vision.hidden });
    for (uint32_t i = 0; i < c->vision.layers; i++) {
        snprintf(prefix, sizeof(prefix), "visual.blocks.%u.", i);
        m->tower.blocks[i] = take_block(b, prefix);
    }
    m->connector = take_merger(b, "visual.merger.", false);
    for (size_t i = 0; i < c->qwen.deep.n; i++) {
        snprintf(prefix, sizeof(prefix), "visual.deepstack_merger_list.%zu.", i);
        m->deep[i] = take_merger(b, prefix, true);
    }
    m->n_deep = c->qwen.deep.n;
}

/* ---- a picture ---- */

/* Where a patch of `all` lies between the table's `side` rows or columns: the outermost meet. */
struct between {
    size_t low, high;
    float to_high;
};

static struct between lie(uint32_t i, uint32_t all, uint32_t side)
{
    float at = (float)i * (float)(side - 1) / (float)(all > 1 ? all - 1 : 1);
    size_t low = (size_t)at;

    return (struct between){ .low = low,
                             .high = low + 1 < side ? low + 1 : side - 1,
                             .to_high = at - (float)low };
}

/* get_vision_interpolation_indices_and_weights, bilinear, with aligned corners. */
static void resample(float *out, const struct model *m, struct between y, struct between x)
{
    size_t size = m->config.vision.hidden, side = m->config.qwen.position_side;
    const float *t = m->tower.table;
    const float *const rows[] = { t + (y.low * side + x.low) * size,
                                  t + (y.low * side + x.high) * size,
                                  t + (y.high * side + x.low) * size,
                                  t + (y.high * side + x.high) * size };
    const float weights[] = { (1 - y.to_high) * (1 - x.to_high), (1 - y.to_high) * x.to_high,
                              y.to_high * (1 - x.to_high), y.to_high * x.to_high };

    for (size_t i = 0; i < size; i++) {
        out[i] = 0;
        for (size_t k = 0; k < COUNT(rows); k++)
            out[i] += weights[k] * rows[k][i];
    }
}

static int make_positions(struct tensor *out, const struct pass *p, const struct layout *l,
                          struct err *e)
{
    const struct model_config *c = &p->model->config;
    size_t n = l->tower_rows, size = c->vision.hidden;
    float *rows = mem_new(n * size, sizeof(*rows), e);
    int rc = rows ? p->ops->alloc(p->ops, out, n, size, e) : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct patch_place at = qwen_patch(l, i);

        resample(rows + i * size, p->model, lie(at.row, l->grid.down, c->qwen.position_side),
                 lie(at.col, l->grid.across, c->qwen.position_side));
    }
    if (rc == 0)
        p->ops->write(p->ops, *out, rows);
    free(rows);
    return rc;
}

/* Through the tower: rows of the last block and of those that are tapped. */
static int see(struct tensor *rows, struct tensor *tapped, const struct pass *p,
               const struct layout *l, const float *pixels, struct err *e)
{
    const struct model_config *c = &p->model->config;
    const struct ops *o = p->ops;
    uint32_t end = (uint32_t)l->tower_rows;
    struct tower_input in = { .pictures = 1,
                              .whole = { .ends = &end, .n = 1 },
                              .tap_blocks = c->qwen.deep.at,
                              .tapped = tapped,
                              .n_taps = c->qwen.deep.n };
    int rc = qwen_patches(&in.patches, p, l, pixels, e);

    for (size_t i = 0; rc == 0 && i < in.n_taps; i++)
        rc = o->alloc(o, &tapped[i], l->tower_rows, c->vision.hidden, e);
    if (rc == 0 && (rc = make_positions(&in.position, p, l, e)) == 0 &&
        (rc = qwen_angles(&in.angles, p, l, e)) == 0 && (rc = tower_run(rows, p, &in, e)) == 0)
        rc = trace_tensor(p, "vision", *rows, e);
    angles_release(&in.angles, o);
    o->release(o, &in.position);
    o->release(o, &in.patches);
    return rc;
}

static int encode(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    const struct model *m = p->model;
    struct tensor rows = { 0 }, tapped[LISTED_BLOCKS_MAX] = { { 0 } };
    int rc = see(&rows, tapped, p, l, pixels, e);

    *out = (struct features){ 0 };
    if (rc == 0 && (rc = qwen_merge(&out->rows, p, &m->connector, rows, e)) == 0)
        rc = trace_tensor(p, "features", out->rows, e);
    p->ops->release(p->ops, &rows);
    for (size_t i = 0; i < m->n_deep; i++) {
        if (rc == 0) {
            rc = qwen_merge(&out->deep[i], p, &m->deep[i], tapped[i], e);
            out->n_deep = i + 1;
        }
        if (rc == 0)
            rc = trace_numbered(p, "deep", i, out->deep[i], e);
        p->ops->release(p->ops, &tapped[i]);
    }
    return rc;
}

static size_t encode_bytes(const struct pass *p, const struct layout *l)
{
    const struct model *m = p->model;
    const struct tower_config *c = &m->config.vision;
    size_t n = l->tower_rows, patches = tensor_bytes(n, l->shape[1] / 2);
    size_t rows = tensor_bytes(n, c->hidden), angles = tensor_bytes(n, c->hidden / c->heads);
    size_t taps = m->n_deep * rows, features = tensor_bytes(l->tokens, m->config.text.hidden);
    size_t in_tower = patches + taps + rows + angles + tower_bytes(p, n, n, l->longest_span);
    size_t connected =
        rows + taps + (1 + m->n_deep) * features + connector_bytes(p, &m->connector, l->projected);

    return larger_of(larger_of(2 * patches, in_tower), connected);
}

const struct family qwen3_vl_family = {
    .model_type = "qwen3_vl",
    .architecture = "Qwen3VLForConditionalGeneration",
    .read = read_own,
    .read_prep = qwen_read_prep,
    .choose = qwen_choose,
    .chosen = qwen_chosen,
    .settings = add_settings,
    .bind = take_own,
    .least_tokens = qwen_least_tokens,
    .layout = qwen_layout,
    .pixels = qwen_pixels,
    .encode = encode,
    .encode_bytes = encode_bytes,
    .place = qwen_place,
    .connector_flop = qwen_connector_flop,
};
