/* SPDX-License-Identifier: MIT
 *
 * LLaVA-NeXT (modeling_llava_next.py of transformers): CLIP on the whole picture and on the tiles
 * of a canvas, an MLP, the canvas's padding taken off and its row ends put in. Defaults:
 * configuration_{llava_next,clip}.py of transformers 5.23.
 */
#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/families/canvas.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

/* ---- config.json ---- */

#define CLIP(size, wide, n, head, side, stride)                                   \
    {                                                                             \
        .hidden = (size), .intermediate = (wide), .layers = (n), .heads = (head), \
        .image_size = (side), .patch = (stride), .channels = 3, .eps = 1e-5,      \
        .act = ACT_QUICK_GELU, .class_token = true, .pre_norm = true              \
    }

static const char *const towers[] = { "clip_vision_model", NULL };
static const struct tower_defaults clip = {
    .types = towers,
    .absent = CLIP(1024, 4096, 24, 16, 336, 14),
    .present = CLIP(768, 3072, 12, 12, 224, 32),
};
static const char *const texts[] = { "llama", "mistral", "qwen2", NULL };

static const struct pinpoints usual_pinpoints = {
    .points = { { 336, 672 }, { 672, 336 }, { 672, 672 }, { 1008, 336 }, { 336, 1008 } },
    .n = 5,
};

/* hidden_states[k] of the tower is the output of k blocks. */
static int read_feature_layer(const struct cursor *top, struct model_config *c, struct err *e)
{
    struct cursor at = cursor_member(top, "vision_feature_layer");
    struct cursor strategy = cursor_member(top, "vision_feature_select_strategy");
    int64_t blocks = c->vision.layers, layer = -2;
    int rc = 0;

    if (jv_is_array(at.value))
        return refuse(&at, "a list of vision layers", e);
    if (at.value)
        rc = cursor_whole(&at, -blocks - 1, blocks, &layer, e);
    if (rc < 0)
        return rc;
    c->vision.blocks = (uint32_t)(layer < 0 ? blocks + 1 + layer : layer);
    if (text_equal(jv_text(strategy.value), "full"))
        return refuse(&strategy, "the strategy \"full\"", e);
    return !strategy.value || text_equal(jv_text(strategy.value), "default")
               ? 0
               : cursor_wrong(&strategy, "default", e);
}

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { ACTIVATION("projector_hidden_act", struct model_config, projector_act) },
        { FLAG("multimodal_projector_bias", struct model_config, projector_bias) },
        { 0 },
    };
    struct cursor vision = cursor_member(top, "vision_config");
    struct cursor text = cursor_member(top, "text_config");
    int rc;

    c->projector_act = ACT_GELU;
    c->projector_bias = true;
    if ((rc = read_tower(&vision, &clip, &c->vision, e)) < 0)
        return rc;

    const struct refusal refusals[] = {
        { c->vision.image_size % c->vision.patch != 0, "patch_size",
          "an image size that the patches do not divide" },
    };

    if ((rc = check_refusals(&vision, refusals, COUNT(refusals), e)) < 0 ||
        (rc = read_text(&text, texts, &c->text, e)) < 0 ||
        (rc = read_feature_layer(top, c, e)) < 0 || (rc = read_image_token(top, 32000, c, e)) < 0 ||
        (rc = cursor_fields(top, fields, c, e)) < 0 || (rc = read_tied(top, &text, c, e)) < 0)
        return rc;
    return read_pinpoints(top, &usual_pinpoints, c->vision.image_size, &c->llava.pinpoints, e);
}

/* ---- the image processor ---- */

static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    static const char *const must[] = { "do_pad", "do_center_crop" };
    struct cursor list = cursor_member(object, "image_grid_pinpoints");
    uint32_t tile = c->vision.image_size;
    struct pinpoints points;
    int rc;

    for (size_t i = 0; i < 3; i++) {
        c->prep.mean[i] = clip_mean[i];
        c->prep.std[i] = clip_std[i];
    }
    rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e);
    for (size_t i = 0; rc == 0 && i < COUNT(must); i++)
        rc = check_step_on(object, must[i], e);
    if (rc < 0 || (rc = check_side(object, "size", tile, e)) < 0 ||
        (rc = check_side(object, "crop_size", tile, e)) < 0 ||
        (rc = read_pinpoints(object, &usual_pinpoints, tile, &points, e)) < 0)
        return rc;
    if (pinpoints_equal(&points, &c->llava.pinpoints))
        return 0;
    err_set(e, ERR_FORMAT, "other canvases than config.json has");
    err_hint(e, "both files must list the same image_grid_pinpoints");
    return cursor_at(&list, e);
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    const struct pinpoints *p = &c->llava.pinpoints;
    struct json_t *points = jv_array();

    for (size_t i = 0; points && i < p->n; i++)
        if (!jv_append(points,
                       jv_pack("[i, i]", (int)p->points[i].height, (int)p->points[i].width))) {
            jv_free(points);
            points = NULL;
        }
    return points && jv_set(prep, "size", jv_pack("I", (long long)c->vision.image_size)) &&
           jv_set(prep, "image_grid_pinpoints", points) &&
           jv_set(model, "projector_hidden_act", jv_pack("s", activation_name(c->projector_act))) &&
           jv_set(model, "multimodal_projector_bias", jv_pack("b", (int)c->projector_bias));
}

/* ---- tensors ---- */

static void take_own(struct binder *b)
{
    struct model *m = b->m;
    const struct model_config *c = &m->config;
    uint64_t h = c->text.hidden;

    take_square_tower(b);
    m->connector = (struct connector){
        .in = take_linear(b, "multi_modal_projector.", "linear_1", h, c->vision.hidden,
                          c->projector_bias),
        .out = take_linear(b, "multi_modal_projector.", "linear_2", h, h, c->projector_bias),
        .act = c->projector_act,
    };
    m->newline = take_row(b, "image_newline", h);
}

/* ---- a picture ---- */

/* Those of the whole picture. */
static size_t least_tokens(const struct model_config *c)
{
    return (size_t)config_grid(c) * config_grid(c);
}

/* The whole picture's patches, then rows of the map with the newline behind each. */
static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    uint32_t tile = c->vision.image_size, grid = config_grid(c);
    size_t patches = (size_t)grid * grid, span = patches + 1;
    struct canvas canvas = canvas_choose(&c->llava.pinpoints, tile, grid, width, height);
    size_t tiles = 1 + (size_t)canvas.tiles_down * canvas.tiles_across;

    (void)e;
    *out = (struct layout){
        .shape = { tiles, 3, tile, tile },
        .rank = 4,
        .pictures = tiles,
        .tower_rows = tiles * span,
        .longest_span = span,
        .tower_pairs = (double)c->vision.blocks * (double)tiles * (double)span * (double)span,
        .projected = patches + (size_t)canvas.rows * canvas.cols,
        .tokens = patches + (size_t)canvas.rows * (canvas.cols + 1),
        .canvas = canvas,
    };
    return 0;
}

static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    return canvas_pixels(out, &c->prep, &l->canvas, c->vision.image_size, image, e);
}

/* The tower's rows that are used, in the order of the packed features but without newlines. */
static int gather(struct tensor *out, const struct pass *p, const struct layout *l,
                  struct tensor rows, struct err *e)
{
    uint32_t grid = config_grid(&p->model->config);
    size_t base = (size_t)grid * grid, n = 0;
    uint32_t *from = mem_new(l->projected, sizeof(*from), e);
    int rc = from ? p->ops->alloc(p->ops, out, l->projected, rows.cols, e) : ERR_NOMEM;

    for (size_t i = 0; from && i < base; i++)
        from[n++] = (uint32_t)(i + 1); /* behind the class token */
    for (uint32_t r = 0; from && r < l->canvas.rows; r++)
        for (uint32_t c = 0; c < l->canvas.cols; c++) {
            size_t patch = canvas_patch(&l->canvas, grid, r, c);

            from[n++] = (uint32_t)(patch + patch / base + 1);
        }
    if (rc == 0)
        p->ops->copy_rows(*out, rows, &(struct row_map){ .from = from, .n = n });
    free(from);
    return rc;
}

/* What a trace compares: the patches of all tiles, without class tokens. */
static int trace_vision(const struct pass *p, const struct layout *l, struct tensor rows,
                        struct err *e)
{
    size_t span = l->tower_rows / l->pictures;
    struct tensor patches = { 0 };
    int rc = 0;

    if (!p->trace)
        return 0;
    rc = p->ops->alloc(p->ops, &patches, l->tower_rows - l->pictures, rows.cols, e);
    for (size_t i = 0; rc == 0 && i < l->pictures; i++)
        p->ops->copy_rows(tensor_rows(patches, i * (span - 1), span - 1),
                          tensor_rows(rows, i * span + 1, span - 1),
                          &(struct row_map){ .n = span - 1 });
    if (rc == 0)
        rc = trace_tensor(p, "vision", patches, e);
    p->ops->release(p->ops, &patches);
    return rc;
}

static void pack(struct tensor out, const struct pass *p, const struct layout *l,
                 struct tensor projected)
{
    const struct canvas *c = &l->canvas;
    size_t base = l->projected - (size_t)c->rows * c->cols, from = base, to = base;
    const struct ops *o = p->ops;

    o->copy_rows(out, projected, &(struct row_map){ .n = base });
    for (uint32_t r = 0; r < c->rows; r++, from += c->cols, to += c->cols + 1) {
        o->copy_rows(tensor_rows(out, to, c->cols), tensor_rows(projected, from, c->cols),
                     &(struct row_map){ .n = c->cols });
        o->copy_rows(tensor_rows(out, to + c->cols, 1), p->model->newline,
                     &(struct row_map){ .n = 1 });
    }
}

static int encode(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    const struct ops *o = p->ops;
    size_t h = p->model->config.text.hidden;
    struct tensor rows, used = { 0 }, projected = { 0 };
    int rc = square_encode(&rows, p, l, pixels, e);

    *out = (struct features){ 0 };
    if (rc == 0 && (rc = trace_vision(p, l, rows, e)) == 0)
        rc = gather(&used, p, l, rows, e);
    o->release(o, &rows);
    if (rc == 0 && (rc = o->alloc(o, &projected, l->projected, h, e)) == 0 &&
        (rc = o->alloc(o, &out->rows, l->tokens, h, e)) == 0)
        rc = connector_run(projected, p, &p->model->connector, used, e);
    if (rc == 0) {
        pack(out->rows, p, l, projected);
        rc = trace_tensor(p, "projected", projected, e);
    }
    if (rc == 0)
        rc = trace_tensor(p, "features", out->rows, e);
    o->release(o, &projected);
    o->release(o, &used);
    return rc;
}

static size_t encode_bytes(const struct pass *p, const struct layout *l)
{
    const struct model_config *c = &p->model->config;
    size_t used = tensor_bytes(l->projected, c->vision.hidden), text = c->text.hidden;
    size_t gathered =
        tensor_bytes(l->tower_rows, c->vision.hidden) + used + l->projected * sizeof(uint32_t);
    size_t connected = used + tensor_bytes(l->projected + l->tokens, text) +
                       connector_bytes(p, &p->model->connector, l->projected);

    return larger_of(square_encode_bytes(p, l), larger_of(gathered, connected));
}

static double connector_flop(const struct model_config *c, const struct layout *l)
{
    double h = c->text.hidden;

    return 2 * (double)l->projected * (c->vision.hidden * h + h * h);
}

const struct family llava_next_family = {
    .model_type = "llava_next",
    .architecture = "LlavaNextForConditionalGeneration",
    .read = read_own,
    .read_prep = read_prep,
    .settings = add_settings,
    .bind = take_own,
    .least_tokens = least_tokens,
    .layout = lay_out,
    .pixels = make_pixels,
    .encode = encode,
    .encode_bytes = encode_bytes,
    .connector_flop = connector_flop,
};
