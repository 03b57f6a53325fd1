/* SPDX-License-Identifier: MIT
 *
 * Idefics3 and SmolVLM (modeling_{idefics3,smolvlm}.py and image_processing_pil_idefics3.py of
 * transformers 5.23): SigLIP on the tiles of an enlarged picture and on its whole, neighbouring
 * patches put side by side, one product. Ratios are doubles and nothing is fused: int() and ceil()
 * must meet the same rounding errors.
 */
#include <math.h>
#include <stdlib.h>

#include "vlm/families/pixels.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

enum {
    TILES_ALONG_MAX = 6, /* <row_6_col_6> is the last mark that vocabularies have */
    LONGEST_MAX = 1 << 16,
    FITTED_MAX = 4096, /* whatever the folder says */
    SCALE_MAX = 64,
    GRID_MAX = 70,
};

/* ---- config.json ---- */

#define SIGLIP                                                                              \
    {                                                                                       \
        .hidden = 1152, .intermediate = 3072, .layers = 12, .heads = 16, .image_size = 224, \
        .patch = 32, .channels = 3, .eps = 1e-6, .act = ACT_GELU_TANH, .patch_bias = true,  \
        .post_norm = true                                                                   \
    }

static const char *const towers[] = { "smolvlm_vision", "idefics3_vision", "idefics3", NULL };
static const struct tower_defaults siglip = {
    .types = towers,
    .absent = SIGLIP,
    .present = SIGLIP,
};
static const char *const texts[] = { "llama", NULL };

/* The tower finds a patch's position by its fraction of the side, in float32. For these grids that
 * takes some patches' positions for their neighbours'. */
static bool positions_shift(uint32_t grid)
{
    static const uint8_t grids[] = { 19, 25, 29, 31, 38, 40, 41, 43, 47, 49,
                                     50, 54, 55, 58, 59, 61, 62, 67, 68 };
    bool found = grid > GRID_MAX;

    for (size_t i = 0; i < COUNT(grids); i++)
        found |= grids[i] == grid;
    return found;
}

/* What earlier designs had; the class that is read knows none of them. */
static int check_unknown(const struct cursor *section, struct err *e)
{
    static const char *const keys[] = { "qk_layer_norms", "use_resampler", "rope_interleaved" };

    for (size_t i = 0; i < COUNT(keys); i++) {
        struct cursor c = cursor_member(section, keys[i]);
        bool on = false;
        int rc = cursor_is_null(&c) ? 0 : cursor_flag(&c, &on, e);

        if (rc < 0 || on)
            return rc < 0 ? rc : refuse(&c, "a model with this step", e);
    }
    return 0;
}

static int read_sections(struct model_config *c, const struct cursor *vision,
                         const struct cursor *text, struct err *e)
{
    int rc;

    if ((rc = read_tower(vision, &siglip, &c->vision, e)) < 0 ||
        (rc = read_text(text, texts, &c->text, e)) < 0 || (rc = check_unknown(vision, e)) < 0 ||
        (rc = check_unknown(text, e)) < 0)
        return rc;
    if (cursor_is_null(text))
        c->text.eps = 1e-5;

    const struct refusal refusals[] = {
        { positions_shift(config_grid(c)), "patch_size",
          "a grid of patches whose positions the tower does not find exactly" },
    };

    return check_refusals(vision, refusals, COUNT(refusals), e);
}

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("scale_factor", struct model_config, idefics.scale, SCALE_MAX) },
        { 0 },
    };
    struct cursor vision = cursor_member(top, "vision_config");
    struct cursor text = cursor_member(top, "text_config");
    int rc;

    c->idefics.scale = 2;
    if ((rc = read_sections(c, &vision, &text, e)) < 0 || (rc = check_unknown(top, e)) < 0 ||
        (rc = cursor_fields(top, fields, c, e)) < 0 ||
        (rc = read_image_token(top, 128257, c, e)) < 0 || (rc = read_tied(top, &text, c, e)) < 0)
        return rc;

    const struct refusal refusals[] = {
        { config_grid(c) % c->idefics.scale != 0, "scale_factor",
          "a grid of patches that the scale factor does not divide" },
    };

    return check_refusals(top, refusals, COUNT(refusals), e);
}

/* ---- the image processor ---- */

/* Tiles along the longer side of a picture, at the most: a square one may become odd and then a
 * pixel longer. */
static uint32_t tiles_along(uint32_t longest, uint32_t tile)
{
    uint32_t side = longest > FITTED_MAX ? FITTED_MAX : longest + longest % 2;

    return (side + tile - 1) / tile;
}

/* {"longest_edge": 2048} */
static int read_longest(const struct cursor *object, const char *key, uint32_t *out, struct err *e)
{
    struct cursor size = cursor_member(object, key);
    struct cursor edge = cursor_member(&size, "longest_edge");
    int64_t pixels = *out;
    int rc = 0;

    if (!cursor_is_null(&size) && jv_members(size.value) != 1)
        return cursor_wrong(&size, "an object with longest_edge alone", e);
    if (!cursor_is_null(&size))
        rc = cursor_whole(&edge, 1, LONGEST_MAX, &pixels, e);
    *out = (uint32_t)pixels;
    return rc;
}

static int check_tile(const struct cursor *object, uint32_t tile, uint32_t expected, struct err *e)
{
    struct cursor size = cursor_member(object, "max_image_size");

    if (tile == expected)
        return 0;
    err_set(e, ERR_FORMAT, "tiles of another size than the vision tower's images");
    err_got(e, "%u", tile);
    err_expected(e, "%u", expected);
    return cursor_at(&size, e);
}

static int check_along(const struct cursor *object, const struct idefics_config *c, uint32_t tile,
                       struct err *e)
{
    struct cursor size = cursor_member(object, "size");

    if (!c->split || tiles_along(c->longest, tile) <= TILES_ALONG_MAX)
        return 0;
    err_set(e, ERR_FORMAT, "pictures of more tiles than there are marks for rows and columns");
    err_got(e, "%u pixels along the longest edge", c->longest);
    err_expected(e, "at most %u, %d tiles", TILES_ALONG_MAX * tile, TILES_ALONG_MAX);
    return cursor_at(&size, e);
}

static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "do_image_splitting", FIELD_NULLABLE, FIELD_FLAG(struct idefics_config, split) },
        { 0 },
    };
    uint32_t tile = 364;
    int rc;

    c->idefics.longest = 4 * tile;
    c->idefics.split = true;
    for (size_t i = 0; i < 3; i++)
        c->prep.mean[i] = c->prep.std[i] = 0.5F;
    if ((rc = read_prep_common(object, PILLOW_LANCZOS, &c->prep, e)) < 0 ||
        (rc = cursor_fields(object, fields, &c->idefics, e)) < 0 ||
        (rc = read_longest(object, "size", &c->idefics.longest, e)) < 0 ||
        (rc = read_longest(object, "max_image_size", &tile, e)) < 0 ||
        (rc = check_tile(object, tile, c->vision.image_size, e)) < 0)
        return rc;
    return check_along(object, &c->idefics, tile, e);
}

static uint32_t most_tiles(uint32_t longest, uint32_t tile)
{
    uint32_t along = tiles_along(longest, tile);

    return along > 1 ? along * along + 1 : 1;
}

/* At most so many tiles, the whole picture being one: the longest edge becomes fewer tiles long, as
 * these models are meant to be given smaller pictures; below 5 the picture is not split. */
static int choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    struct idefics_config *own = &c->idefics;
    uint32_t tile = c->vision.image_size;
    int rc = check_tiles_chosen(chosen, e);

    if (rc < 0)
        return rc;
    if (!own->split || most_tiles(own->longest, tile) <= chosen->tiles)
        return 0;
    for (uint32_t along = tiles_along(own->longest, tile); along > 1; along--)
        if (most_tiles(along * tile, tile) <= chosen->tiles) {
            own->longest = along * tile;
            return 0;
        }
    own->split = false;
    return 0;
}

static struct vlm_pictures chosen_tiles(const struct model_config *c)
{
    const struct idefics_config *own = &c->idefics;
    uint32_t tile = c->vision.image_size;

    return (struct vlm_pictures){ .tiles = own->split ? most_tiles(own->longest, tile) : 1 };
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    return jv_set(model, "scale_factor", jv_pack("I", (long long)c->idefics.scale)) &&
           jv_set(prep, "size", jv_pack("I", (long long)c->idefics.longest)) &&
           jv_set(prep, "max_image_size", jv_pack("I", (long long)c->vision.image_size)) &&
           jv_set(prep, "do_image_splitting", jv_pack("b", (int)c->idefics.split));
}

/* ---- tensors ---- */

static void take_own(struct binder *b)
{
    const struct model_config *c = &b->m->config;
    uint64_t side_by_side = (uint64_t)c->idefics.scale * c->idefics.scale;

    take_square_tower(b);
    b->m->connector.in = take_linear(b, "connector.modality_projection.", "proj", c->text.hidden,
                                     c->vision.hidden * side_by_side, false);
}

/* ---- a picture's sizes ---- */

/* Of a tile. */
static size_t least_tokens(const struct model_config *c)
{
    size_t side = config_grid(c) / c->idefics.scale;

    return side * side;
}

static uint32_t at_least_1(double x)
{
    return x < 1 ? 1 : (uint32_t)x;
}

static uint32_t make_even(uint32_t x)
{
    return x + x % 2;
}

/* _resize_output_size_rescale_to_max_len, then _resize_output_size_scale_below_upper_bound. */
static struct pinpoint fit(uint32_t longest, uint32_t width, uint32_t height)
{
    double shape = (double)width / height;
    struct pinpoint p;

    if (width >= height)
        p = (struct pinpoint){ .width = longest, .height = make_even((uint32_t)(longest / shape)) };
    else
        p = (struct pinpoint){ .height = longest, .width = make_even((uint32_t)(longest * shape)) };
    p.width = at_least_1(p.width);
    p.height = at_least_1(p.height);
    shape = (double)p.width / p.height;
    if (p.width >= p.height && p.width > FITTED_MAX)
        p = (struct pinpoint){ .width = FITTED_MAX, .height = at_least_1(FITTED_MAX / shape) };
    else if (p.height > p.width && p.height > FITTED_MAX)
        p = (struct pinpoint){ .height = FITTED_MAX, .width = at_least_1(FITTED_MAX * shape) };
    return p;
}

static uint32_t whole_tiles(uint32_t x, uint32_t tile)
{
    return (x + tile - 1) / tile * tile;
}

/* resize_for_vision_encoder. The side is taken from the longer one as enlarged. */
static struct pinpoint enlarge(struct pinpoint from, uint32_t tile)
{
    double shape = (double)from.width / from.height;
    struct pinpoint p;

    if (from.width >= from.height) {
        p.width = whole_tiles(from.width, tile);
        p.height = whole_tiles((uint32_t)(p.width / shape), tile);
    } else {
        p.height = whole_tiles(from.height, tile);
        p.width = whole_tiles((uint32_t)(p.height * shape), tile);
    }
    return p;
}

/* The tiles row by row, then the whole picture; or the whole alone. */
static struct splitting split(const struct model_config *c, uint32_t width, uint32_t height)
{
    uint32_t tile = c->vision.image_size;
    struct splitting s = { .fitted = fit(c->idefics.longest, width, height) };

    s.enlarged = c->idefics.split ? enlarge(s.fitted, tile)
                                  : (struct pinpoint){ .width = tile, .height = tile };
    if (s.enlarged.width > tile || s.enlarged.height > tile) {
        s.rows = s.enlarged.height / tile;
        s.cols = s.enlarged.width / tile;
    }
    return s;
}

static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    uint32_t tile = c->vision.image_size, grid = config_grid(c);
    struct splitting s = split(c, width, height);
    size_t tiles = (size_t)s.rows * s.cols + 1, span = (size_t)grid * grid;

    (void)e;
    *out = (struct layout){
        .shape = { tiles, 3, tile, tile },
        .rank = 4,
        .resized = s.enlarged,
        .pictures = tiles,
        .tower_rows = tiles * span,
        .longest_span = span,
        .tower_pairs = (double)c->vision.blocks * (double)tiles * (double)span * (double)span,
        .projected = tiles * least_tokens(c),
        .tokens = tiles * least_tokens(c),
        .splitting = s,
    };
    return 0;
}

static void add_tile_text(struct buf *out, size_t tokens)
{
    for (size_t i = 0; i < tokens; i++)
        buf_puts(out, "<image>");
}

/* processing_idefics3.py, replace_image_token. */
static int image_text(struct buf *out, const struct model_config *c, const struct layout *l)
{
    const struct splitting *s = &l->splitting;
    size_t tokens = least_tokens(c);

    for (uint32_t row = 1; row <= s->rows; row++) {
        for (uint32_t col = 1; col <= s->cols; col++) {
            buf_printf(out, "<fake_token_around_image><row_%u_col_%u>", row, col);
            add_tile_text(out, tokens);
        }
        buf_puts(out, "\n");
    }
    if (s->rows > 0)
        buf_puts(out, "\n");
    buf_puts(out, "<fake_token_around_image><global-img>");
    add_tile_text(out, tokens);
    buf_puts(out, "<fake_token_around_image>");
    return 0;
}

/* ---- its pixels ---- */

/* Three resizes one after the other, each rounded to bytes; one that changes nothing is a copy. */
static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    const struct splitting *s = &l->splitting;
    uint32_t tile = c->vision.image_size;
    size_t size = (size_t)3 * tile * tile;
    struct image fitted = { 0 }, enlarged = { 0 }, whole = { 0 };
    struct pixel_table table;
    int rc;

    *out = NULL;
    pixel_table_fill(&table, &c->prep);
    rc = image_resize(&fitted, image, s->fitted.width, s->fitted.height, FILTER_LANCZOS, e);
    if (rc == 0)
        rc = image_resize(&enlarged, &fitted, s->enlarged.width, s->enlarged.height, FILTER_LANCZOS,
                          e);
    image_release(&fitted);
    if (rc == 0)
        rc = image_resize(&whole, &enlarged, tile, tile, FILTER_LANCZOS, e);
    if (rc == 0 && !(*out = mem_new(l->pictures * size, sizeof(**out), e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        if (s->rows > 0)
            pixels_tiles(*out, &enlarged, tile, &table);
        pixels_window(*out + (l->pictures - 1) * size, &whole,
                      &(struct window){ .width = tile, .height = tile }, &table);
    }
    image_release(&enlarged);
    image_release(&whole);
    return rc;
}

/* ---- its features ---- */

static int encode(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e)
{
    struct square_pictures pictures = { .layout = l,
                                        .pixels = pixels,
                                        .scale = p->model->config.idefics.scale };

    return square_encode_shuffled(out, p, &pictures, e);
}

static size_t encode_bytes(const struct pass *p, const struct layout *l)
{
    return square_encode_shuffled_bytes(p, l, p->model->config.idefics.scale);
}

static double connector_flop(const struct model_config *c, const struct layout *l)
{
    return 2 * (double)l->tower_rows * c->vision.hidden * c->text.hidden;
}

/* ---- the families ---- */

#define IDEFICS(type, class)                                                                     \
    {                                                                                            \
        .model_type = (type), .architecture = (class), .read = read_own, .read_prep = read_prep, \
        .choose = choose, .chosen = chosen_tiles, .settings = add_settings, .bind = take_own,    \
        .least_tokens = least_tokens, .layout = lay_out, .image_text = image_text,               \
        .pixels = make_pixels, .encode = encode, .encode_bytes = encode_bytes,                   \
        .connector_flop = connector_flop                                                         \
    }

const struct family idefics3_family = IDEFICS("idefics3", "Idefics3ForConditionalGeneration");
const struct family smolvlm_family = IDEFICS("smolvlm", "SmolVLMForConditionalGeneration");
