/* SPDX-License-Identifier: MIT
 *
 * Qwen2-VL and Qwen2.5-VL (modeling_{qwen2_vl,qwen2_5_vl}.py of transformers): a tower without
 * learned positions; most blocks of the later one see windows of the picture. Defaults:
 * configuration_{qwen2_vl,qwen2_5_vl}.py of transformers 5.23.
 */
#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/families/qwen_vl.h"
#include "vlm/families/read.h"

enum { RATIO_MAX = 64 }; /* of an MLP's width to the tower's */

static const char *const towers2[] = { "qwen2_vl", "qwen2_vl_vision", NULL };
static const char *const towers25[] = { "qwen2_5_vl", "qwen2_5_vl_vision", NULL };

struct kind {                        /* what is told apart when config.json is read */
    const char *nested[2], *flat[2]; /* types of the text model's section, ended by NULL */
    const char *width;               /* the tower's key for the text model's width */
    int (*read_vision)(struct model_config *c, const struct cursor *section, struct err *e);
};

/* ---- config.json ---- */

/* window_size is in pixels; what counts are whole image tokens. */
static int read_windows(const struct cursor *section, struct model_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("window_size", struct qwen_config, window, SIDE_MAX) },
        { 0 },
    };
    int rc = read_section(section, fields, &c->qwen, e);

    c->qwen.window /= c->qwen.merge * c->vision.patch;

    const struct refusal refusals[] = {
        { c->qwen.window == 0, "window_size", "windows smaller than an image token" },
    };

    if (rc < 0 || (rc = check_refusals(section, refusals, COUNT(refusals), e)) < 0)
        return rc;
    return qwen_read_blocks(&c->qwen.full, section, "fullatt_block_indexes", LAYERS_MAX, e);
}

static int read_vision25(struct model_config *c, const struct cursor *section, struct err *e)
{
    int rc;

    c->vision = (struct tower_config){ .hidden = 3584,
                                       .intermediate = 3420,
                                       .layers = 32,
                                       .heads = 16,
                                       .patch = 14,
                                       .channels = 3,
                                       .eps = 1e-6,
                                       .act = ACT_SILU,
                                       .rms = true,
                                       .gated = true };
    c->qwen = (struct qwen_config){ .merge = 2,
                                    .frames = 2,
                                    .tower_theta = 10000,
                                    .out_hidden = 3584,
                                    .window = 112,
                                    .full = { .at = { 7, 15, 23, 31 }, .n = 4 } };
    rc = qwen_read_tower(c, section, towers25, qwen_widths, e);
    return rc < 0 ? rc : read_windows(section, c, e);
}

static int read_vision2(struct model_config *c, const struct cursor *section, struct err *e)
{
    static const struct cursor_field widths[] = {
        { SIZE("embed_dim", struct model_config, vision.hidden, SIDE_MAX) },
        { SIZE("mlp_ratio", struct model_config, vision.intermediate, RATIO_MAX) },
        { SIZE("hidden_size", struct model_config, qwen.out_hidden, SIDE_MAX) },
        { 0 },
    };
    int rc;

    c->vision = (struct tower_config){ .hidden = 1280,
                                       .intermediate = 4, /* times the hidden size */
                                       .layers = 32,
                                       .heads = 16,
                                       .patch = 14,
                                       .channels = 3,
                                       .eps = 1e-6,
                                       .act = ACT_QUICK_GELU };
    c->qwen =
        (struct qwen_config){ .merge = 2, .frames = 2, .tower_theta = 10000, .out_hidden = 3584 };
    rc = qwen_read_tower(c, section, towers2, widths, e);
    c->vision.intermediate *= c->vision.hidden;
    return rc;
}

/* Released folders have the text model's keys beside the others. */
static int read_language(const struct cursor *top, const struct kind *k, struct model_config *c,
                         struct err *e)
{
    struct cursor own = cursor_member(top, "text_config");
    bool flat = cursor_is_null(&own);
    const struct cursor *text = flat ? top : &own;
    int rc = read_text(text, flat ? k->flat : k->nested, &c->text, e);

    const struct refusal refusals[] = {
        { (uint64_t)c->text.head_dim * c->text.heads != c->text.hidden, "num_attention_heads",
          "heads that are together not as wide as the text model" },
    };

    if (rc < 0 || (rc = check_refusals(text, refusals, COUNT(refusals), e)) < 0)
        return rc;
    return read_tied(top, text, c, e);
}

static int read_kind(struct model_config *c, const struct cursor *top, const struct kind *k,
                     struct err *e)
{
    struct cursor vision = cursor_member(top, "vision_config");
    int rc;

    if ((rc = k->read_vision(c, &vision, e)) < 0 || (rc = read_language(top, k, c, e)) < 0 ||
        (rc = qwen_check_width(&vision, k->width, c, e)) < 0)
        return rc;
    return read_image_token(top, 151655, c, e);
}

static int read_own2(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct kind k = { .nested = { "qwen2_vl_text" },
                                   .flat = { "qwen2_vl" },
                                   .width = "hidden_size",
                                   .read_vision = read_vision2 };

    return read_kind(c, top, &k, e);
}

static int read_own25(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct kind k = { .nested = { "qwen2_5_vl_text" },
                                   .flat = { "qwen2_5_vl" },
                                   .width = "out_hidden_size",
                                   .read_vision = read_vision25 };

    return read_kind(c, top, &k, e);
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    uint32_t side = c->qwen.window * c->qwen.merge * c->vision.patch;

    return (c->qwen.window == 0 ||
            (jv_set(model, "fullatt_block_indexes", qwen_blocks_json(&c->qwen.full)) &&
             jv_set(model, "window_size", jv_pack("I", (long long)side)))) &&
           qwen_settings(c, model, prep);
}

/* ---- tensors ---- */

static struct tower_block take_block(struct binder *b, const char *prefix)
{
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, wide = c->intermediate;
    struct tower_block block = {
        .norm1 = take_norm(b, prefix, "norm1", h, !c->rms),
        .norm2 = take_norm(b, prefix, "norm2", h, !c->rms),
        .out = take_linear(b, prefix, "attn.proj", h, h, true),
        .fc1 = take_linear(b, prefix, c->gated ? "mlp.up_proj" : "mlp.fc1", wide, h, true),
        .fc2 = take_linear(b, prefix, c->gated ? "mlp.down_proj" : "mlp.fc2", h, wide, true),
    };

    if (c->gated)
        block.gate = take_linear(b, prefix, "mlp.gate_proj", wide, h, true);
    take_fused(b, prefix, "attn.qkv", h, true,
               (struct linear *const[]){ &block.q, &block.k, &block.v });
    return block;
}

static void take_own(struct binder *b)
{
    struct model *m = b->m;
    const struct model_config *c = &m->config;
    uint64_t h = c->vision.hidden, block = h * c->qwen.merge * c->qwen.merge;
    char prefix[64];

    m->tower.patch.w = qwen_take_patches(b, "visual.patch_embed.proj.weight");
    for (uint32_t i = 0; i < c->vision.layers; i++) {
        snprintf(prefix, sizeof(prefix), "visual.blocks.%u.", i);
        m->tower.blocks[i] = take_block(b, prefix);
    }
    m->connector = (struct connector){
        .norm = take_norm(b, "visual.merger.", "ln_q", h, !c->vision.rms),
        .eps = c->vision.eps,
        .in = take_linear(b, "visual.merger.", "mlp.0", block, block, true),
        .out = take_linear(b, "visual.merger.", "mlp.2", c->text.hidden, block, true),
        .act = ACT_GELU,
    };
}

/* ---- windows ----
 * Of image tokens, cut from the top left; the last of a row or column is what is left. */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Of the windows' sides along a side of the picture. */
static double squares(uint32_t tokens, uint32_t window)
{
    double whole = tokens / window, rest = tokens % window;

    return whole * window * window + rest * rest;
}

static uint32_t full_blocks(const struct model_config *c)
{
    uint32_t n = 0;

    while (n < c->qwen.full.n && c->qwen.full.at[n] < c->vision.blocks)
        n++;
    return n;
}

static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    int rc = qwen_layout(out, c, width, height, e);
    uint32_t merge = c->qwen.merge, window = c->qwen.window, full = full_blocks(c);

    if (rc < 0 || window == 0)
        return rc;

    uint32_t across = out->grid.across / merge, down = out->grid.down / merge;
    double patches = (double)merge * merge, all = (double)out->tower_rows;
    double within = squares(down, window) * squares(across, window) * patches * patches;

    out->tower_pairs = full * all * all + (c->vision.blocks - full) * within;
    if (full == 0)
        out->longest_span = (size_t)smaller(down, window) * smaller(across, window) * merge * merge;
    return 0;
}

/* The order in which the tower has a picture's rows; without windows it is the picture's own. */
struct windows {
    uint32_t *tokens, *patches; /* window by window */
    uint32_t *ends;             /* of the windows, in patches */
    size_t n;
};

static void windows_free(struct windows *w)
{
    free(w->tokens);
    free(w->patches);
    free(w->ends);
}

static void list_windows(struct windows *w, uint32_t down, uint32_t across, uint32_t window)
{
    size_t n = 0;

    for (uint32_t top = 0; top < down; top += window)
        for (uint32_t left = 0; left < across; left += window) {
            uint32_t bottom = smaller(down, top + window), right = smaller(across, left + window);

            for (uint32_t row = top; row < bottom; row++)
                for (uint32_t col = left; col < right; col++)
                    w->tokens[n++] = row * across + col;
            w->ends[w->n++] = (uint32_t)n;
        }
}

static int windows_new(struct windows *w, const struct model_config *c, const struct layout *l,
                       struct err *e)
{
    uint32_t merge = c->qwen.merge, block = merge * merge;

    *w = (struct windows){ 0 };
    if (c->qwen.window == 0)
        return 0;
    *w = (struct windows){ .tokens = mem_new(l->tokens, sizeof(*w->tokens), e),
                           .patches = mem_new(l->tower_rows, sizeof(*w->patches), e),
                           .ends = mem_new(l->tokens, sizeof(*w->ends), e) };
    if (!w->tokens || !w->patches || !w->ends) {
        windows_free(w);
        return ERR_NOMEM;
    }
    list_windows(w, l->grid.down / merge, l->grid.across / merge, c->qwen.window);
    for (size_t i = 0; i < w->n; i++)
        w->ends[i] *= block;
    for (uint32_t i = 0; i < l->tower_rows; i++)
        w->patches[i] = w->tokens[i / block] * block + i % block;
    return 0;
}

static size_t windows_bytes(const struct model_config *c, const struct layout *l)
{
    return c->qwen.window ? (2 * l->tokens + l->tower_rows) * sizeof(uint32_t) : 0;
}

/* ---- a picture ---- */

static int put_in_order(struct tensor *x, const struct pass *p, const struct windows *w,
                        struct err *e)
{
    struct tensor y = { 0 };
    int rc = w->n == 0 ? 0 : p->ops->alloc(p->ops, &y, x->rows, x->cols, e);

    if (rc < 0 || w->n == 0)
        return rc;
    p->ops->copy_rows(y, *x, &(struct row_map){ .from = w->patches, .n = x->rows });
    p->ops->release(p->ops, x);
    *x = y;
    return 0;
}

static int see(struct tensor *rows, const struct pass *p, const struct layout *l,
               const struct windows *w, const float *pixels, struct err *e)
{
    const struct block_list *full = &p->model->config.qwen.full;
    uint32_t end = (uint32_t)l->tower_rows;
    struct tower_input in = { .pictures = 1,
                              .whole = { .ends = &end, .n = 1 },
                              .windows = { .ends = w->ends, .n = w->n },
                              .full_blocks = full->at,
                              .n_full = full->n };
    int rc = qwen_patches(&in.patches, p, l, pixels, e);

    if (rc == 0 && (rc = put_in_order(&in.patches, p, w, e)) == 0 &&
        (rc = qwen_angles(&in.angles, p, l, e)) == 0 &&
        (rc = put_in_order(&in.angles.cosines, p, w, e)) == 0 &&
        (rc = put_in_order(&in.angles.sines, p, w, e)) == 0 &&
        (rc = tower_run(rows, p, &in, e)) == 0)
        rc = trace_tensor(p, "vision", *rows, e);
    angles_release(&in.angles, p->ops);
    p->ops->release(p->ops, &in.patches);
    return rc;
}

static int encode(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    const struct ops *o = p->ops;
    struct tensor rows = { 0 }, merged = { 0 };
    struct windows w;
    int rc = windows_new(&w, &p->model->config, l, e);

    *out = (struct features){ 0 };
    if (rc < 0)
        return rc;
    if ((rc = see(&rows, p, l, &w, pixels, e)) == 0 &&
        (rc = qwen_merge(&merged, p, &p->model->connector, rows, e)) == 0 &&
        (rc = o->alloc(o, &out->rows, merged.rows, merged.cols, e)) == 0) {
        o->copy_rows(out->rows, merged, &(struct row_map){ .to = w.tokens, .n = merged.rows });
        rc = trace_tensor(p, "features", out->rows, e);
    }
    o->release(o, &rows);
    o->release(o, &merged);
    windows_free(&w);
    return rc;
}

static size_t encode_bytes(const struct pass *p, const struct layout *l)
{
    const struct tower_config *c = &p->model->config.vision;
    size_t n = l->tower_rows, patches = tensor_bytes(n, l->shape[1] / 2);
    size_t angles = tensor_bytes(n, c->hidden / c->heads);
    size_t in_tower = patches + angles + tower_bytes(p, n, n, l->longest_span);
    size_t features = tensor_bytes(l->tokens, p->model->config.text.hidden);
    size_t connected = tensor_bytes(n, c->hidden) + features +
                       larger_of(features, connector_bytes(p, &p->model->connector, l->projected));

    return windows_bytes(&p->model->config, l) +
           larger_of(larger_of(2 * patches, in_tower), connected);
}

const struct family qwen2_vl_family = {
    .model_type = "qwen2_vl",
    .architecture = "Qwen2VLForConditionalGeneration",
    .read = read_own2,
    .read_prep = qwen_read_prep,
    .choose = qwen_choose,
    .chosen = qwen_chosen,
    .settings = add_settings,
    .bind = take_own,
    .least_tokens = qwen_least_tokens,
    .layout = lay_out,
    .pixels = qwen_pixels,
    .encode = encode,
    .encode_bytes = encode_bytes,
    .place = qwen_place,
    .connector_flop = qwen_connector_flop,
};

const struct family qwen2_5_vl_family = {
    .model_type = "qwen2_5_vl",
    .architecture = "Qwen2_5_VLForConditionalGeneration",
    .read = read_own25,
    .read_prep = qwen_read_prep,
    .choose = qwen_choose,
    .chosen = qwen_chosen,
    .settings = add_settings,
    .bind = take_own,
    .least_tokens = qwen_least_tokens,
    .layout = lay_out,
    .pixels = qwen_pixels,
    .encode = encode,
    .encode_bytes = encode_bytes,
    .place = qwen_place,
    .connector_flop = qwen_connector_flop,
};
