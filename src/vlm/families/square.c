/* SPDX-License-Identifier: MIT */
#include "vlm/families/square.h"

#include <stdlib.h>

#include "vlm/buffers.h"
#include "vlm/families/pixels.h"
#include "vlm/families/read.h"

enum { USUAL_SIDE = 224 }; /* of the processors that are not told one */

int check_side(const struct cursor *object, const char *key, uint32_t tile, struct err *e)
{
    static const char *const names[] = { "shortest_edge", "height", "width" };
    struct cursor size = cursor_member(object, key);
    size_t seen = 0;
    int64_t side;

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct json_t *part = jv_get(size.value, names[i]);

        if (part && (!jv_integer(part, &side) || side != tile))
            break;
        seen += part != NULL;
    }
    if ((seen > 0 && seen == jv_members(size.value)) ||
        (jv_integer(size.value, &side) && side == tile) || (!size.value && tile == USUAL_SIDE))
        return 0;
    err_set(e, ERR_FORMAT, "tiles of another size than the vision tower's images");
    if (size.value)
        err_got(e, "another size");
    else
        err_got(e, "none, which means %d", USUAL_SIDE);
    err_expected(e, "%u", tile);
    return cursor_at(&size, e);
}

static struct tower_block take_block(struct binder *b, const char *prefix)
{
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, i = c->intermediate;

    return (struct tower_block){
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

void take_square_tower(struct binder *b)
{
    struct tower *t = &b->m->tower;
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, p = c->patch, grid = config_grid(&b->m->config);
    uint64_t rows = grid * grid + c->class_token;
    char prefix[128];

    if (c->class_token)
        t->class_embedding = take_row(b, "vision_tower.embeddings.class_embedding", h);
    t->patch.w = take_patches(b, "vision_tower.embeddings.patch_embedding.weight", 4,
                              (uint64_t[]){ h, c->channels, p, p });
    if (c->patch_bias)
        t->patch.bias = take_row(b, "vision_tower.embeddings.patch_embedding.bias", h);
    t->position = take_tensor(b, "vision_tower.embeddings.position_embedding.weight", rows, h);
    if (c->pre_norm)
        t->pre_norm = take_norm(b, "vision_tower.", "pre_layrnorm", h, true);
    t->post_norm = take_norm(b, "vision_tower.", "post_layernorm", h, true); /* used or not */
    for (uint32_t i = 0; i < c->layers; i++) {
        snprintf(prefix, sizeof(prefix), "vision_tower.encoder.layers.%u.", i);
        struct tower_block block = take_block(b, prefix);

        if (i < c->blocks)
            t->blocks[i] = block;
    }
}

int square_encode_tapped(struct square_rows *out, const struct pass *p, const struct layout *l,
                         const float *pixels, struct err *e)
{
    const struct model_config *c = &p->model->config;
    uint32_t grid = config_grid(c);
    size_t patches = l->pictures * grid * grid, span = l->tower_rows / l->pictures;
    size_t values = (size_t)c->vision.channels * c->vision.patch * c->vision.patch;
    float *gathered = mem_new(patches * values, sizeof(*gathered), e);
    uint32_t *ends = mem_new(l->pictures, sizeof(*ends), e);
    struct tower_input in = { .pictures = l->pictures,
                              .position = p->model->tower.position,
                              .whole = { .ends = ends, .n = l->pictures },
                              .tap_blocks = out->tap_blocks,
                              .tapped = out->tapped,
                              .n_taps = out->n_taps };
    int rc = gathered && ends ? p->ops->alloc(p->ops, &in.patches, patches, values, e) : ERR_NOMEM;

    out->last = (struct tensor){ 0 };
    if (rc == 0) {
        pixels_to_patches(gathered, pixels, l->pictures, c->vision.image_size, c->vision.patch);
        p->ops->write(p->ops, in.patches, gathered);
        for (size_t i = 0; i < l->pictures; i++)
            ends[i] = (uint32_t)((i + 1) * span);
    }
    free(gathered);
    if (rc == 0)
        rc = tower_run(&out->last, p, &in, e);
    p->ops->release(p->ops, &in.patches);
    free(ends);
    return rc;
}

int square_encode(struct tensor *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    struct square_rows rows = { .n_taps = 0 };
    int rc = square_encode_tapped(&rows, p, l, pixels, e);

    *out = rows.last;
    return rc;
}

size_t square_encode_bytes(const struct pass *p, const struct layout *l)
{
    const struct tower_config *c = &p->model->config.vision;
    size_t patches = l->tower_rows - (c->class_token ? l->pictures : 0);
    size_t input = tensor_bytes(patches, (size_t)c->channels * c->patch * c->patch);

    return l->pictures * sizeof(uint32_t) +
           larger_of(2 * input, input + tower_bytes(p, l->tower_rows, patches, l->longest_span));
}

/* pixel_shuffle of transformers: the patches of a square of `scale` a side one behind the other in
 * a row, square by square, without class tokens. Release *out. */
static int square_shuffle(struct tensor *out, const struct pass *p, struct tensor rows,
                          uint32_t scale, struct err *e)
{
    const struct model_config *c = &p->model->config;
    size_t grid = config_grid(c), side = grid / scale, first = c->vision.class_token, n = 0;
    size_t span = first + grid * grid, squares = side * side, each = (size_t)scale * scale;
    size_t used = rows.rows / span * squares * each;
    uint32_t *from = mem_new(used, sizeof(*from), e);
    int rc = from ? p->ops->alloc(p->ops, out, used, rows.cols, e) : ERR_NOMEM;

    for (size_t picture = first; from && picture < rows.rows; picture += span)
        for (size_t square = 0; square < squares; square++) {
            size_t top = square / side * scale, left = square % side * scale;

            for (size_t i = 0; i < each; i++)
                from[n++] = (uint32_t)(picture + (top + i / scale) * grid + left + i % scale);
        }
    if (rc == 0) {
        p->ops->copy_rows(*out, rows, &(struct row_map){ .from = from, .n = n });
        *out = tensor_shaped(*out, n / each, rows.cols * each);
    }
    free(from);
    return rc;
}

int square_encode_shuffled(struct features *out, const struct pass *p,
                           const struct square_pictures *s, struct err *e)
{
    const struct ops *o = p->ops;
    struct tensor rows, squares = { 0 };
    int rc = square_encode(&rows, p, s->layout, s->pixels, e);

    *out = (struct features){ 0 };
    if (rc == 0 && !s->trace_squares)
        rc = trace_tensor(p, "vision", rows, e);
    if (rc == 0)
        rc = square_shuffle(&squares, p, rows, s->scale, e);
    o->release(o, &rows);
    if (rc == 0 && s->trace_squares)
        rc = trace_tensor(p, "vision", squares, e);
    if (rc == 0)
        rc = o->alloc(o, &out->rows, s->layout->tokens, p->model->config.text.hidden, e);
    if (rc == 0)
        rc = connector_run(out->rows, p, &p->model->connector, squares, e);
    if (rc == 0)
        rc = trace_tensor(p, "features", out->rows, e);
    o->release(o, &squares);
    return rc;
}

size_t square_encode_shuffled_bytes(const struct pass *p, const struct layout *l, uint32_t scale)
{
    const struct model_config *c = &p->model->config;
    size_t patches = l->tokens * scale * scale; /* without class tokens */
    size_t rows = tensor_bytes(l->tower_rows, c->vision.hidden);
    size_t squares = tensor_bytes(patches, c->vision.hidden);
    size_t shuffled = rows + squares + patches * sizeof(uint32_t);
    size_t connected = squares + tensor_bytes(l->tokens, c->text.hidden) +
                       connector_bytes(p, &p->model->connector, l->tokens);

    return larger_of(square_encode_bytes(p, l), larger_of(shuffled, connected));
}

int check_tiles_chosen(const struct vlm_pictures *chosen, struct err *e)
{
    if (!chosen->max_pixels && !chosen->min_pixels)
        return 0;
    err_set(e, ERR_ARG, "this model's pictures are cut into tiles, and not bounded by pixels");
    err_got(e, "%s", chosen->max_pixels ? "max_pixels" : "min_pixels");
    return err_expected(e, "tiles");
}
