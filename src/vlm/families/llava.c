/* SPDX-License-Identifier: MIT
 *
 * Rules: modeling_{llava,llava_next,llava_onevision}.py of transformers 5.23; defaults:
 * configuration_{clip,siglip}.py, and of the towers of the LLaVA classes.
 */
#include "vlm/families/llava.h"

#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/families/bilinear.h"
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
#define SIGLIP(size, wide, n, head, side, stride)                                                  \
    {                                                                                              \
        .hidden = (size), .intermediate = (wide), .layers = (n), .heads = (head),                  \
        .image_size = (side), .patch = (stride), .channels = 3, .eps = 1e-6, .act = ACT_GELU_TANH, \
        .patch_bias = true                                                                         \
    }

static const char *const clip_type[] = { "clip_vision_model", NULL };
static const char *const siglip_type[] = { "siglip_vision_model", NULL };

/* post_layernorm stands behind the hidden states that are taken. */
static const struct tower_defaults towers[] = {
    { .types = clip_type,
      .absent = CLIP(1024, 4096, 24, 16, 336, 14),
      .present = CLIP(768, 3072, 12, 12, 224, 32) },
    { .types = siglip_type,
      .absent = SIGLIP(1152, 4304, 26, 16, 384, 14),
      .present = SIGLIP(768, 3072, 12, 12, 224, 16) },
};

static int read_vision(const struct cursor *section, const char *usual, struct tower_config *c,
                       struct err *e)
{
    struct cursor type = cursor_member(section, "model_type");
    const char *name = cursor_is_null(&type) ? usual : jv_text(type.value);

    for (size_t i = 0; i < COUNT(towers); i++)
        if (is_among(name, towers[i].types))
            return read_tower(section, &towers[i], c, e);
    err_set(e, ERR_FORMAT, "vision towers of this kind are not read");
    err_got(e, "%s", name ? name : jv_type_name(type.value));
    err_expected(e, "clip_vision_model or siglip_vision_model");
    read_elsewhere(e);
    return cursor_at(&type, e);
}

/* hidden_states[k] of the tower is the output of k blocks. */
static int read_layer(const struct cursor *at, struct model_config *c, int64_t layer, struct err *e)
{
    int64_t blocks = c->vision.layers;
    uint32_t behind;
    int rc = at->value ? cursor_whole(at, -blocks - 1, blocks, &layer, e) : 0;

    if (rc < 0)
        return rc;
    behind = (uint32_t)(layer < 0 ? blocks + 1 + layer : layer);
    c->llava.layers[c->llava.n_layers++] = behind;
    if (behind > c->vision.blocks)
        c->vision.blocks = behind;
    return 0;
}

static int read_layers(const struct cursor *top, int64_t usual, struct model_config *c,
                       struct err *e)
{
    struct cursor at = cursor_member(top, "vision_feature_layer"), layer = { 0 };
    size_t n = jv_length(at.value);
    int rc = 0;

    c->vision.blocks = 0;
    c->llava.n_layers = 0;
    if (!jv_is_array(at.value))
        return read_layer(&at, c, usual, e);
    if (n == 0 || n > LLAVA_LAYERS_MAX)
        return cursor_wrong(&at, "a vision layer, or a list of 1 to 8", e);
    while (rc == 0 && cursor_next(&at, &layer))
        rc = read_layer(&layer, c, 0, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (c->llava.layers[i] == 0 && c->vision.blocks > 0)
            rc = refuse(&at, "what goes into the tower's blocks, beside what comes out", e);
    return rc;
}

/* "default" leaves out each picture's first row, which is the class token's where there is one. */
static int read_strategy(const struct cursor *top, bool full, struct model_config *c, struct err *e)
{
    struct cursor strategy = cursor_member(top, "vision_feature_select_strategy");
    const char *word = jv_text(strategy.value);

    if (strategy.value && !text_equal(word, "default") && !text_equal(word, "full"))
        return cursor_wrong(&strategy, "default or full", e);
    c->llava.skipped = (strategy.value ? text_equal(word, "full") : full) ? 0 : 1;
    return llava_rows(c) > 0 ? 0 : refuse(&strategy, "leaving out the only row of a picture", e);
}

int llava_read(struct model_config *c, const struct cursor *top, const struct llava_usual *usual,
               struct err *e)
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
    if ((rc = read_vision(&vision, usual->tower, &c->vision, e)) < 0 ||
        (rc = read_text(&text, usual->texts, &c->text, e)) < 0 ||
        (rc = read_layers(top, usual->layer, c, e)) < 0 ||
        (rc = read_strategy(top, usual->full, c, e)) < 0 ||
        (rc = read_image_token(top, usual->image_token, c, e)) < 0 ||
        (rc = cursor_fields(top, fields, c, e)) < 0)
        return rc;
    return read_tied(top, &text, c, e);
}

/* ---- canvases ---- */

int llava_read_canvases(struct model_config *c, const struct cursor *top,
                        const struct pinpoints *usual, struct err *e)
{
    struct cursor strategy = cursor_member(top, "vision_feature_select_strategy");

    if (c->llava.skipped != (c->vision.class_token ? 1 : 0))
        return refuse(&strategy,
                      c->llava.skipped ? "\"default\" with a tower that has no class token"
                                       : "\"full\" with a tower that has a class token",
                      e);
    return read_pinpoints(top, usual, c->vision.image_size, &c->llava.pinpoints, e);
}

int llava_check_canvases(const struct model_config *c, const struct cursor *object,
                         const struct pinpoints *usual, struct err *e)
{
    struct cursor list = cursor_member(object, "image_grid_pinpoints");
    struct pinpoints points;
    int rc = read_pinpoints(object, usual, c->vision.image_size, &points, e);

    if (rc < 0 || pinpoints_equal(&points, &c->llava.pinpoints))
        return rc;
    err_set(e, ERR_FORMAT, "other canvases than config.json has");
    err_hint(e, "both files must list the same image_grid_pinpoints");
    return cursor_at(&list, e);
}

/* The canvas's tiles, and the whole picture. */
static uint32_t pictures_of(const struct pinpoint *canvas, uint32_t tile)
{
    return 1 + canvas->height / tile * (canvas->width / tile);
}

int llava_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    struct pinpoints left = { .n = 0 };
    const struct pinpoints *all = &c->llava.pinpoints;
    uint32_t tile = c->vision.image_size, least = UINT32_MAX;
    int rc = check_tiles_chosen(chosen, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < all->n; i++) {
        uint32_t tiles = pictures_of(&all->points[i], tile);

        if (tiles <= chosen->tiles)
            left.points[left.n++] = all->points[i];
        if (tiles < least)
            least = tiles;
    }
    if (left.n == 0) {
        err_set(e, ERR_ARG, "this model has learnt no canvas of so few tiles");
        err_got(e, "tiles: %u", chosen->tiles);
        return err_expected(e, "at least %u", least);
    }
    c->llava.pinpoints = left;
    return 0;
}

struct vlm_pictures llava_chosen(const struct model_config *c)
{
    struct vlm_pictures chosen = { .tiles = 1 };

    for (size_t i = 0; i < c->llava.pinpoints.n; i++) {
        uint32_t tiles = pictures_of(&c->llava.pinpoints.points[i], c->vision.image_size);

        if (tiles > chosen.tiles)
            chosen.tiles = tiles;
    }
    return chosen;
}

/* ---- what it computes with ---- */

static struct json_t *pinpoints_json(const struct pinpoints *p)
{
    struct json_t *points = jv_array();

    for (size_t i = 0; points && i < p->n; i++)
        if (!jv_append(points,
                       jv_pack("[i, i]", (int)p->points[i].height, (int)p->points[i].width))) {
            jv_free(points);
            return NULL;
        }
    return points;
}

static struct json_t *layers_json(const struct llava_config *c)
{
    struct json_t *layers = jv_array();

    for (size_t i = 0; layers && i < c->n_layers; i++)
        if (!jv_append(layers, jv_pack("i", (int)c->layers[i]))) {
            jv_free(layers);
            return NULL;
        }
    return layers;
}

bool llava_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    const struct llava_config *l = &c->llava;

    return jv_set(prep, "size", jv_pack("I", (long long)c->vision.image_size)) &&
           jv_set(prep, "image_grid_pinpoints", pinpoints_json(&l->pinpoints)) &&
           jv_set(model, "projector_hidden_act", jv_pack("s", activation_name(c->projector_act))) &&
           jv_set(model, "multimodal_projector_bias", jv_pack("b", (int)c->projector_bias)) &&
           (l->n_layers == 1 || jv_set(model, "vision_feature_layer", layers_json(l)));
}

/* ---- tensors ---- */

void llava_bind(struct binder *b)
{
    struct model *m = b->m;
    const struct model_config *c = &m->config;
    uint64_t h = c->text.hidden, in = (uint64_t)c->llava.n_layers * c->vision.hidden;

    take_square_tower(b);
    if (!c->vision.class_token)
        take_unused(b, "vision_tower.head."); /* SigLIP's pooling */
    m->connector = (struct connector){
        .in = take_linear(b, "multi_modal_projector.", "linear_1", h, in, c->projector_bias),
        .out = take_linear(b, "multi_modal_projector.", "linear_2", h, h, c->projector_bias),
        .act = c->projector_act,
    };
}

void llava_bind_newline(struct binder *b)
{
    llava_bind(b);
    b->m->newline = take_row(b, "image_newline", b->m->config.text.hidden);
}

/* ---- a picture ---- */

static size_t span_rows(const struct model_config *c)
{
    return (size_t)config_grid(c) * config_grid(c) + (c->vision.class_token ? 1 : 0);
}

size_t llava_rows(const struct model_config *c)
{
    return span_rows(c) - c->llava.skipped;
}

static size_t map_rows(const struct layout *l)
{
    return (size_t)l->llava.canvas.rows * l->llava.canvas.cols;
}

void llava_fill_layout(struct layout *out, const struct model_config *c,
                       const struct llava_layout *l)
{
    uint32_t side = c->vision.image_size;
    size_t span = span_rows(c), rows = llava_rows(c);
    size_t pictures = 1 + (size_t)l->canvas.tiles_down * l->canvas.tiles_across;

    *out = (struct layout){
        .shape = { pictures, 3, side, side },
        .rank = 4,
        .resized = pictures > 1 ? l->canvas.size : (struct pinpoint){ side, side },
        .pictures = pictures,
        .tower_rows = pictures * span,
        .longest_span = span,
        .tower_pairs = (double)c->vision.blocks * (double)pictures * (double)span * (double)span,
        .tokens = rows + (size_t)l->rows * ((size_t)l->cols + 1),
        .llava = *l,
    };
    out->projected = rows + map_rows(out);
}

/* The chosen hidden states of all pictures: views of what is released with them. */
struct states {
    struct tensor at[LLAVA_LAYERS_MAX];
    struct square_rows rows;
    uint32_t tap_blocks[LLAVA_LAYERS_MAX];
    struct tensor tapped[LLAVA_LAYERS_MAX];
};

static void release_states(struct states *s, const struct ops *o)
{
    o->release(o, &s->rows.last);
    for (size_t i = 0; i < s->rows.n_taps; i++)
        o->release(o, &s->tapped[i]);
}

static int make_states(struct states *s, const struct pass *p, const struct layout *l,
                       const float *pixels, struct err *e)
{
    const struct model_config *c = &p->model->config;
    size_t n = 0;
    int rc = 0;

    *s = (struct states){ .rows = { .tap_blocks = s->tap_blocks, .tapped = s->tapped } };
    for (size_t i = 0; rc == 0 && i < c->llava.n_layers; i++)
        if (c->llava.layers[i] < c->vision.blocks) {
            s->tap_blocks[n] = c->llava.layers[i] - 1;
            rc = p->ops->alloc(p->ops, &s->tapped[n], l->tower_rows, c->vision.hidden, e);
            s->rows.n_taps = ++n;
        }
    if (rc == 0)
        rc = square_encode_tapped(&s->rows, p, l, pixels, e);
    n = 0;
    for (size_t i = 0; i < c->llava.n_layers; i++)
        s->at[i] = c->llava.layers[i] < c->vision.blocks ? s->tapped[n++] : s->rows.last;
    return rc;
}

/* Rows from[0..n) of the hidden states, those of one row side by side. */
static int take_rows(struct tensor *out, const struct pass *p, const struct states *s,
                     const struct row_map *rows, struct err *e)
{
    const struct ops *o = p->ops;
    size_t layers = p->model->config.llava.n_layers, h = p->model->config.vision.hidden;
    uint32_t *to = mem_new(rows->n, sizeof(*to), e);
    int rc = to ? o->alloc(o, out, rows->n, layers * h, e) : ERR_NOMEM;

    for (size_t k = 0; rc == 0 && k < layers; k++) {
        for (size_t i = 0; i < rows->n; i++)
            to[i] = (uint32_t)(i * layers + k);
        o->copy_rows(tensor_shaped(*out, rows->n * layers, h), s->at[k],
                     &(struct row_map){ .from = rows->from, .to = to, .n = rows->n });
    }
    free(to);
    return rc;
}

/* Those that are projected, in the order of the packed features but without newlines. */
static int gather(struct tensor *out, const struct pass *p, const struct layout *l,
                  const struct states *s, struct err *e)
{
    const struct model_config *c = &p->model->config;
    const struct canvas *canvas = &l->llava.canvas;
    uint32_t grid = config_grid(c), skipped = c->llava.skipped;
    size_t base = llava_rows(c), n = 0;
    uint32_t *from = mem_new(l->projected, sizeof(*from), e);
    int rc;

    if (!from)
        return ERR_NOMEM;
    for (size_t i = 0; i < base; i++)
        from[n++] = (uint32_t)i + skipped;
    for (uint32_t row = 0; row < canvas->rows; row++)
        for (uint32_t col = 0; col < canvas->cols; col++) {
            size_t patch = canvas_patch(canvas, grid, row, col);

            from[n++] = (uint32_t)(patch + (patch / base + 1) * skipped);
        }
    rc = take_rows(out, p, s, &(struct row_map){ .from = from, .n = n }, e);
    free(from);
    return rc;
}

/* What a trace compares: the rows of all tiles, as they would go into the projector. */
static int trace_vision(const struct pass *p, const struct layout *l, const struct states *s,
                        struct err *e)
{
    size_t skipped = p->model->config.llava.skipped, n = 0;
    struct tensor rows = { 0 };
    uint32_t *from;
    int rc;

    if (!p->trace)
        return 0;
    from = mem_new(l->tower_rows, sizeof(*from), e);
    if (!from)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->tower_rows; i++)
        if (i % l->longest_span >= skipped)
            from[n++] = (uint32_t)i;
    rc = take_rows(&rows, p, s, &(struct row_map){ .from = from, .n = n }, e);
    if (rc == 0)
        rc = trace_tensor(p, "vision", rows, e);
    p->ops->release(p->ops, &rows);
    free(from);
    return rc;
}

/* ---- packing ---- */

static bool is_shrunk(const struct llava_layout *l)
{
    return l->canvas.rows > 0 && (l->rows != l->canvas.rows || l->cols != l->canvas.cols);
}

/* The projected map in fewer rows and columns. */
static int shrink(struct tensor *out, const struct pass *p, const struct llava_layout *l,
                  struct tensor map, struct err *e)
{
    const struct lattice large = { l->canvas.rows, l->canvas.cols }, small = { l->rows, l->cols };
    size_t n = (size_t)small.rows * small.cols;
    float *from = mem_new(map.rows * map.cols, sizeof(*from), e);
    float *to = mem_new(n * map.cols, sizeof(*to), e);
    int rc = from && to ? p->ops->alloc(p->ops, out, n, map.cols, e) : ERR_NOMEM;

    if (rc == 0) {
        p->ops->read(p->ops, from, map);
        bilinear_rows(to, small, from, large, map.cols);
        p->ops->write(p->ops, *out, to);
    }
    free(from);
    free(to);
    return rc;
}

static size_t shrink_bytes(const struct model_config *c, const struct layout *l)
{
    size_t small = (size_t)l->llava.rows * l->llava.cols;

    return is_shrunk(&l->llava) ? tensor_bytes(map_rows(l) + 2 * small, c->text.hidden) : 0;
}

/* The whole picture's rows, then those of the map, each with the newline behind it. */
static int pack(struct tensor out, const struct pass *p, const struct layout *l,
                struct tensor projected, struct err *e)
{
    const struct llava_layout *packed = &l->llava;
    const struct ops *o = p->ops;
    size_t base = llava_rows(&p->model->config), cols = packed->cols;
    struct tensor map = tensor_rows(projected, base, map_rows(l)), small = { 0 };
    int rc = is_shrunk(packed) ? shrink(&small, p, packed, map, e) : 0;

    if (rc == 0 && small.at)
        map = small;
    if (rc == 0)
        o->copy_rows(out, projected, &(struct row_map){ .n = base });
    for (size_t r = 0; rc == 0 && r < packed->rows; r++) {
        struct tensor row = tensor_rows(out, base + r * (cols + 1), cols + 1);

        o->copy_rows(row, tensor_rows(map, r * cols, cols), &(struct row_map){ .n = cols });
        o->copy_rows(tensor_rows(row, cols, 1), p->model->newline, &(struct row_map){ .n = 1 });
    }
    o->release(o, &small);
    return rc;
}

int llava_encode(struct features *out, const struct pass *p, const struct layout *l,
                 const float *pixels, struct err *e)
{
    const struct ops *o = p->ops;
    size_t h = p->model->config.text.hidden;
    struct tensor used = { 0 }, projected = { 0 };
    struct states s;
    int rc = make_states(&s, p, l, pixels, e);

    *out = (struct features){ 0 };
    if (rc == 0 && (rc = trace_vision(p, l, &s, e)) == 0)
        rc = gather(&used, p, l, &s, e);
    release_states(&s, o);
    if (rc == 0 && (rc = o->alloc(o, &projected, l->projected, h, e)) == 0 &&
        (rc = o->alloc(o, &out->rows, l->tokens, h, e)) == 0)
        rc = connector_run(projected, p, &p->model->connector, used, e);
    if (rc == 0)
        rc = pack(out->rows, p, l, projected, e);
    if (rc == 0)
        rc = trace_tensor(p, "projected", projected, e);
    if (rc == 0)
        rc = trace_tensor(p, "features", out->rows, e);
    o->release(o, &projected);
    o->release(o, &used);
    return rc;
}

static size_t taps(const struct model_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->llava.n_layers; i++)
        n += c->llava.layers[i] < c->vision.blocks;
    return n;
}

size_t llava_encode_bytes(const struct pass *p, const struct layout *l)
{
    const struct model_config *c = &p->model->config;
    size_t h = c->vision.hidden, text = c->text.hidden;
    size_t used = tensor_bytes(l->projected, c->llava.n_layers * h);
    size_t tapped = tensor_bytes(l->tower_rows, taps(c) * h);
    size_t gathered = tensor_bytes(l->tower_rows, h) + used + 2 * l->projected * sizeof(uint32_t);
    size_t connected =
        used + tensor_bytes(l->projected + l->tokens, text) +
        larger_of(connector_bytes(p, &p->model->connector, l->projected), shrink_bytes(c, l));

    return larger_of(tapped + larger_of(square_encode_bytes(p, l), gathered), connected);
}

double llava_connector_flop(const struct model_config *c, const struct layout *l)
{
    double h = c->text.hidden, in = (double)c->llava.n_layers * c->vision.hidden;

    return 2 * (double)l->projected * (in * h + h * h);
}
