/* SPDX-License-Identifier: MIT
 *
 * InternVL3 and 3.5 in the form of transformers (modeling_internvl.py and
 * image_processing_pil_got_ocr2.py, 5.23): a picture resized to the grid of tiles whose shape is
 * nearest to its own, the whole behind them; a tower whose blocks scale what they add; four patches
 * as one row, an MLP. Shapes are compared as doubles: a tie is one of rounded quotients.
 */
#include <math.h>
#include <stdlib.h>

#include "vlm/families/pixels.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

enum {
    SCALE = 2, /* patches along a side of the square that is a token: 1 / downsample_ratio */
    TILES_MAX = 100,
    USUAL_TILE = 384, /* of the image processor's class */
};

static const double norm_eps = 1e-6;      /* InternVLVisionRMSNorm's own, for q and k */
static const double projector_eps = 1e-5; /* nn.LayerNorm's own */

/* ---- config.json ---- */

#define INTERNVIT                                                                           \
    {                                                                                       \
        .hidden = 1024, .intermediate = 4096, .layers = 24, .heads = 16, .image_size = 448, \
        .patch = 14, .channels = 3, .eps = 1e-6, .act = ACT_GELU, .class_token = true,      \
        .patch_bias = true                                                                  \
    }

static const char *const towers[] = { "internvl_vision", NULL };
static const struct tower_defaults internvit = {
    .types = towers,
    .absent = INTERNVIT,
    .present = INTERNVIT,
    .pairs = true,
};
static const char *const texts[] = { "qwen2", "qwen3", NULL };

static int read_vision(const struct cursor *section, struct model_config *c, struct err *e)
{
    struct own_keys {
        bool qk_norm, mean_pooling, positions;
        enum norm_type { LAYER_NORM, RMS_NORM } norm;
    } own = { .mean_pooling = true, .positions = true };
    static const char *const norms[] = {
        [LAYER_NORM] = "layer_norm", [RMS_NORM] = "rms_norm", NULL
    };
    static const struct cursor_field fields[] = {
        { FLAG("use_qk_norm", struct own_keys, qk_norm) },
        { FLAG("use_mean_pooling", struct own_keys, mean_pooling) },
        { FLAG("use_absolute_position_embeddings", struct own_keys, positions) },
        { "norm_type", FIELD_OPTIONAL, FIELD_WORD(struct own_keys, norm, norms) },
        { 0 },
    };
    static const struct cursor_field biases[] = {
        { FLAG("attention_bias", struct internvl_config, qkv_bias) },
        { 0 },
    };
    int rc;

    if ((rc = read_tower(section, &internvit, &c->vision, e)) < 0 ||
        (rc = read_section(section, fields, &own, e)) < 0 ||
        (rc = read_section(section, biases, &c->internvl, e)) < 0)
        return rc;
    c->vision.rms = own.norm == RMS_NORM;
    c->vision.qk_eps = own.qk_norm ? norm_eps : 0;
    c->vision.post_norm = !own.mean_pooling;

    const struct refusal refusals[] = {
        { !own.positions, "use_absolute_position_embeddings", "a tower without positions" },
        { config_grid(c) % SCALE != 0, "patch_size", "an odd number of patches along a side" },
    };

    return check_refusals(section, refusals, COUNT(refusals), e);
}

/* The rows that the last block gives, without class tokens. */
static int check_features(const struct cursor *top, double ratio, struct err *e)
{
    struct cursor layer = cursor_member(top, "vision_feature_layer");
    struct cursor strategy = cursor_member(top, "vision_feature_select_strategy");
    bool usual = text_equal(jv_text(strategy.value), "default");
    int64_t at = -1;

    if (layer.value && !jv_integer(layer.value, &at))
        at = 0;

    const struct refusal refusals[] = {
        { at != -1, "vision_feature_layer", "another vision layer than the last" },
        { strategy.value && !usual, "vision_feature_select_strategy",
          "another strategy than default" },
        { ratio != 1.0 / SCALE, "downsample_ratio", "another ratio than 0.5" },
    };

    return check_refusals(top, refusals, COUNT(refusals), e);
}

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { ACTIVATION("projector_hidden_act", struct model_config, projector_act) },
        { FLAG("tie_word_embeddings", struct model_config,
               tied) }, /* the text model's is not read */
        { 0 },
    };
    static const struct cursor_field ratios[] = {
        { "downsample_ratio", FIELD_OPTIONAL, .kind = FIELD_OF_POSITIVE },
        { 0 },
    };
    struct cursor vision = cursor_member(top, "vision_config");
    struct cursor text = cursor_member(top, "text_config");
    double ratio = 1.0 / SCALE;
    int rc;

    c->projector_act = ACT_GELU;
    c->tied = true;
    if ((rc = read_vision(&vision, c, e)) < 0 || (rc = read_text(&text, texts, &c->text, e)) < 0 ||
        (rc = cursor_fields(top, fields, c, e)) < 0 ||
        (rc = cursor_fields(top, ratios, &ratio, e)) < 0 ||
        (rc = read_image_token(top, 151667, c, e)) < 0)
        return rc;
    return check_features(top, ratio, e);
}

/* ---- the image processor ---- */

/* {"height": 448, "width": 448} */
static int check_size(const struct cursor *object, uint32_t tile, struct err *e)
{
    static const char *const sides[] = { "height", "width" };
    struct cursor size = cursor_member(object, "size");
    int64_t side = USUAL_TILE;
    int rc = 0;

    for (size_t i = 0; i < COUNT(sides); i++) {
        struct cursor at = cursor_member(&size, sides[i]);

        if (!cursor_is_null(&size) && (rc = cursor_whole(&at, 1, SIDE_MAX, &side, e)) < 0)
            return rc;
        if (side == tile)
            continue;
        err_set(e, ERR_FORMAT, "tiles of another size than the vision tower's images");
        err_got(e, "%lld", (long long)side);
        err_expected(e, "%u", tile);
        return cursor_at(&size, e);
    }
    return 0;
}

/* crop_to_patches is not read: what the file says of it, InternVLProcessor calls with true. */
static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "min_patches", FIELD_NULLABLE,
          FIELD_UINT32(struct internvl_config, fewest, 1, TILES_MAX) },
        { "max_patches", FIELD_NULLABLE, FIELD_UINT32(struct internvl_config, most, 1, TILES_MAX) },
        { 0 },
    };
    int rc;

    c->internvl.fewest = 1;
    c->internvl.most = 12;
    for (size_t i = 0; i < 3; i++) {
        c->prep.mean[i] = clip_mean[i];
        c->prep.std[i] = clip_std[i];
    }
    if ((rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e)) < 0 ||
        (rc = cursor_fields(object, fields, &c->internvl, e)) < 0)
        return rc;

    const struct refusal refusals[] = {
        { c->internvl.most * c->vision.image_size > IMAGE_SIDE_MAX, "max_patches",
          "a row of tiles longer than a picture may be" },
    };

    rc = check_refusals(object, refusals, COUNT(refusals), e);
    return rc < 0 ? rc : check_size(object, c->vision.image_size, e);
}

/* The whole counted, which is the only one where there is no grid to choose. */
static uint32_t most_pictures(const struct internvl_config *own)
{
    return own->most > 1 && own->most >= own->fewest ? own->most + 1 : 1;
}

static int choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    int rc = check_tiles_chosen(chosen, e);

    if (rc == 0 && chosen->tiles < most_pictures(&c->internvl))
        c->internvl.most = chosen->tiles > 2 ? chosen->tiles - 1 : 1;
    return rc;
}

static struct vlm_pictures chosen_tiles(const struct model_config *c)
{
    return (struct vlm_pictures){ .tiles = most_pictures(&c->internvl) };
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    return jv_set(model, "projector_hidden_act", jv_pack("s", activation_name(c->projector_act))) &&
           jv_set(prep, "size", jv_pack("I", (long long)c->vision.image_size)) &&
           jv_set(prep, "min_patches", jv_pack("I", (long long)c->internvl.fewest)) &&
           jv_set(prep, "max_patches", jv_pack("I", (long long)c->internvl.most));
}

/* ---- tensors ---- */

static struct tower_block take_block(struct binder *b, const char *prefix)
{
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, wide = c->intermediate;
    bool bias = b->m->config.internvl.qkv_bias;
    char lambda[128];
    struct tower_block block = {
        .norm1 = take_norm(b, prefix, "layernorm_before", h, !c->rms),
        .norm2 = take_norm(b, prefix, "layernorm_after", h, !c->rms),
        .q = take_linear(b, prefix, "attention.q_proj", h, h, bias),
        .k = take_linear(b, prefix, "attention.k_proj", h, h, bias),
        .v = take_linear(b, prefix, "attention.v_proj", h, h, bias),
        .out = take_linear(b, prefix, "attention.projection_layer", h, h, true),
        .fc1 = take_linear(b, prefix, "mlp.fc1", wide, h, true),
        .fc2 = take_linear(b, prefix, "mlp.fc2", h, wide, true),
    };

    if (c->qk_eps > 0) {
        block.q_norm = take_norm(b, prefix, "attention.q_norm", h, false);
        block.k_norm = take_norm(b, prefix, "attention.k_norm", h, false);
    }
    snprintf(lambda, sizeof(lambda), "%slambda_1", prefix);
    block.scale1 = take_row(b, lambda, h);
    snprintf(lambda, sizeof(lambda), "%slambda_2", prefix);
    block.scale2 = take_row(b, lambda, h);
    return block;
}

static void take_tower(struct binder *b)
{
    struct tower *t = &b->m->tower;
    const struct tower_config *c = &b->m->config.vision;
    uint64_t h = c->hidden, p = c->patch, grid = config_grid(&b->m->config);
    char prefix[64];

    t->class_embedding =
        take_shaped(b, "vision_tower.embeddings.cls_token", 3, (uint64_t[]){ 1, 1, h });
    t->patch.w = take_patches(b, "vision_tower.embeddings.patch_embeddings.projection.weight", 4,
                              (uint64_t[]){ h, c->channels, p, p });
    t->patch.bias = take_row(b, "vision_tower.embeddings.patch_embeddings.projection.bias", h);
    t->position = take_shaped(b, "vision_tower.embeddings.position_embeddings", 3,
                              (uint64_t[]){ 1, grid * grid + 1, h });
    take_unused(b, "vision_tower.embeddings.mask_token"); /* for training */
    for (uint32_t i = 0; i < c->layers; i++) {
        snprintf(prefix, sizeof(prefix), "vision_tower.encoder.layer.%u.", i);
        t->blocks[i] = take_block(b, prefix);
    }
    if (c->post_norm) /* a LayerNorm, whatever the blocks have */
        t->post_norm = take_norm(b, "vision_tower.", "layernorm", h, true);
}

static void take_own(struct binder *b)
{
    struct model *m = b->m;
    const struct model_config *c = &m->config;
    uint64_t h = c->text.hidden, square = (uint64_t)c->vision.hidden * SCALE * SCALE;

    take_tower(b);
    m->connector = (struct connector){
        .norm = take_norm(b, "multi_modal_projector.", "layer_norm", square, true),
        .eps = projector_eps,
        .in = take_linear(b, "multi_modal_projector.", "linear_1", h, square, true),
        .out = take_linear(b, "multi_modal_projector.", "linear_2", h, h, true),
        .act = c->projector_act,
    };
}

/* ---- a picture ---- */

/* Of a tile. */
static size_t least_tokens(const struct model_config *c)
{
    size_t side = config_grid(c) / SCALE;

    return side * side;
}

/* get_optimal_tiled_canvas: grids of fewer tiles first, then of fewer columns; of two that fit
 * equally well the later one, for a picture of more than half its pixels. */
static struct tiling choose_grid(const struct model_config *c, uint32_t width, uint32_t height)
{
    const struct internvl_config *own = &c->internvl;
    double shape = (double)width / height, pixels = (double)width * height, nearest = INFINITY;
    double tile = (double)c->vision.image_size * c->vision.image_size;
    struct tiling best = { 1, 1 };

    for (uint32_t tiles = own->fewest; tiles <= own->most; tiles++)
        for (uint32_t cols = 1; cols <= tiles; cols++) {
            double off = fabs(shape - (double)cols / (tiles / cols));

            if (tiles % cols != 0 || off > nearest ||
                (off == nearest && pixels <= 0.5 * tile * tiles))
                continue;
            nearest = off;
            best = (struct tiling){ .rows = tiles / cols, .cols = cols };
        }
    return best;
}

static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    uint32_t tile = c->vision.image_size, grid = config_grid(c);
    struct tiling t = choose_grid(c, width, height);
    size_t tiles = (size_t)t.rows * t.cols, span = (size_t)grid * grid + 1;

    (void)e;
    tiles += tiles > 1;
    *out = (struct layout){
        .shape = { tiles, 3, tile, tile },
        .rank = 4,
        .resized = { .height = t.rows * tile, .width = t.cols * tile },
        .pictures = tiles,
        .tower_rows = tiles * span,
        .longest_span = span,
        .tower_pairs = (double)c->vision.blocks * (double)tiles * (double)span * (double)span,
        .projected = tiles * least_tokens(c),
        .tokens = tiles * least_tokens(c),
        .tiling = t,
    };
    return 0;
}

/* processing_internvl.py, replace_image_token. */
static int image_text(struct buf *out, const struct model_config *c, const struct layout *l)
{
    (void)c;
    buf_puts(out, "<img>");
    for (size_t i = 0; i < l->tokens; i++)
        buf_puts(out, "<IMG_CONTEXT>");
    buf_puts(out, "</img>");
    return 0;
}

/* The tiles, then the whole picture where there are several. */
static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    uint32_t tile = c->vision.image_size;
    size_t size = (size_t)3 * tile * tile;
    struct image enlarged = { 0 }, whole = { 0 };
    struct pixel_table table;
    int rc;

    *out = NULL;
    pixel_table_fill(&table, &c->prep);
    rc = image_resize(&enlarged, image, l->tiling.cols * tile, l->tiling.rows * tile,
                      FILTER_BICUBIC, e);
    if (rc == 0 && l->pictures > 1)
        rc = image_resize(&whole, image, tile, tile, FILTER_BICUBIC, e);
    if (rc == 0 && !(*out = mem_new(l->pictures * size, sizeof(**out), e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        pixels_tiles(*out, &enlarged, tile, &table);
        if (l->pictures > 1)
            pixels_tiles(*out + (l->pictures - 1) * size, &whole, tile, &table);
    }
    image_release(&enlarged);
    image_release(&whole);
    return rc;
}

/* ---- its features ---- */

static int encode(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    struct square_pictures pictures = {
        .layout = l, .pixels = pixels, .scale = SCALE, .trace_squares = true
    };

    return square_encode_shuffled(out, p, &pictures, e);
}

static size_t encode_bytes(const struct pass *p, const struct layout *l)
{
    return square_encode_shuffled_bytes(p, l, SCALE);
}

static double connector_flop(const struct model_config *c, const struct layout *l)
{
    double h = c->text.hidden, square = (double)c->vision.hidden * SCALE * SCALE;

    return 2 * (double)l->projected * (square * h + h * h);
}

const struct family internvl_family = {
    .model_type = "internvl",
    .architecture = "InternVLForConditionalGeneration",
    .read = read_own,
    .read_prep = read_prep,
    .choose = choose,
    .chosen = chosen_tiles,
    .settings = add_settings,
    .bind = take_own,
    .least_tokens = least_tokens,
    .layout = lay_out,
    .image_text = image_text,
    .pixels = make_pixels,
    .encode = encode,
    .encode_bytes = encode_bytes,
    .connector_flop = connector_flop,
};
