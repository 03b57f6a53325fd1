/* SPDX-License-Identifier: MIT
 *
 * LLaVA-OneVision (modeling_llava_onevision.py of transformers): SigLIP on the whole picture and on
 * the tiles of a canvas, whose map is made smaller where it is large. Defaults:
 * configuration_llava_onevision.py of transformers 5.23.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "vlm/families/canvas.h"
#include "vlm/families/cut.h"
#include "vlm/families/llava.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

enum { USUAL_SIDES = 6, MAP_TILES_MAX = 1 << 20 };

static const char *const texts[] = { "qwen2", "llama", "mistral", NULL };
static const struct llava_usual usual = {
    .tower = "siglip_vision_model",
    .texts = texts,
    .layer = -1,
    .full = true,
    .image_token = 151646,
};

/* 384 to 2304 pixels high and wide. */
static struct pinpoints usual_pinpoints(void)
{
    struct pinpoints p = { .n = USUAL_SIDES * USUAL_SIDES };

    for (uint32_t i = 0; i < p.n; i++)
        p.points[i] = (struct pinpoint){ 384 * (i / USUAL_SIDES + 1), 384 * (i % USUAL_SIDES + 1) };
    return p;
}

/* "anyres_max_9": a map of more than 9 tiles is made smaller. */
static int read_aspect(const struct cursor *c, void *member, struct err *e)
{
    static const char prefix[] = "anyres_max_";
    const char *word = jv_text(c->value);
    uint32_t tiles = 0;

    if (!word || strncmp(word, prefix, strlen(prefix)) != 0)
        return cursor_wrong(c, "anyres_max_ and a number", e);
    for (word += strlen(prefix); isdigit((unsigned char)*word) && tiles < MAP_TILES_MAX; word++)
        tiles = tiles * 10 + (uint32_t)(*word - '0');
    if (*word || tiles == 0)
        return cursor_wrong(c, "anyres_max_ and a number", e);
    *(uint32_t *)member = tiles;
    return 0;
}

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "vision_aspect_ratio", FIELD_OPTIONAL,
          FIELD_OWN(struct model_config, llava.map_tiles, read_aspect) },
        { 0 },
    };
    struct pinpoints points = usual_pinpoints();
    int rc = llava_read(c, top, &usual, e);

    c->llava.map_tiles = 9;
    if (rc < 0 || (rc = cursor_fields(top, fields, c, e)) < 0)
        return rc;
    return llava_read_canvases(c, top, &points, e);
}

/* do_pad makes several pictures equally many tiles: nothing to one. */
static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    struct cursor size = cursor_member(object, "size"), crop = cursor_member(object, "crop_size");
    uint32_t tile = c->vision.image_size;
    struct pinpoints points = usual_pinpoints();
    int rc;

    memcpy(c->prep.mean, clip_mean, sizeof(clip_mean));
    memcpy(c->prep.std, clip_std, sizeof(clip_std));
    if ((rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e)) < 0 ||
        ((size.value || tile != 384) && (rc = check_side(object, "size", tile, e)) < 0) ||
        (!cursor_is_null(&crop) && (rc = check_side(object, "crop_size", tile, e)) < 0))
        return rc;
    return llava_check_canvases(c, object, &points, e);
}

/* One tile is the form that a picture has among several: padded to a square, without a canvas. */
static int choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e)
{
    if (chosen->tiles != 1 || chosen->min_pixels > 0 || chosen->max_pixels > 0)
        return llava_choose(c, chosen, e);
    c->llava.pinpoints.n = 0;
    c->llava.cut.pads = true;
    return cut_check_mean(&c->prep, e);
}

static bool add_settings(const struct model_config *c, struct json_t *model, struct json_t *prep)
{
    return llava_settings(c, model, prep) &&
           jv_set(model, "anyres_max", jv_pack("I", (long long)c->llava.map_tiles));
}

/* ---- a picture ---- */

/* Python's x // y of floats: through the remainder, which is exact, so that a quotient that would
 * be rounded up to a whole number is not. */
static uint32_t floor_quotient(double x, double y)
{
    return (uint32_t)rint((x - fmod(x, y)) / y);
}

static int shrink(struct llava_layout *l, const struct model_config *c, struct err *e)
{
    uint64_t patches = (uint64_t)config_grid(c) * config_grid(c);
    double ratio =
        sqrt((double)((uint64_t)l->rows * l->cols) / (double)(c->llava.map_tiles * patches));

    if (ratio <= 1.1)
        return 0;
    l->rows = floor_quotient(l->rows, ratio);
    l->cols = floor_quotient(l->cols, ratio);
    if (l->rows > 0 && l->cols > 0)
        return 0;
    err_set(e, ERR_LIMIT, "nothing would be left of a picture of this shape");
    err_got(e, "a map of %u x %u patches", l->canvas.rows, l->canvas.cols);
    return err_hint(e, "config.json has a canvas that is too long for its vision_aspect_ratio");
}

static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    uint32_t tile = c->vision.image_size;
    struct llava_layout l = { .rows = 1 }; /* without a canvas, only the newline */
    int rc = 0;

    if (c->llava.pinpoints.n == 0) {
        rc = cut_choose(&l.cut, &c->llava.cut, tile, &(struct pinpoint){ height, width }, e);
    } else {
        l.canvas = canvas_choose(&c->llava.pinpoints, tile, config_grid(c), width, height);
        l.rows = l.canvas.rows;
        l.cols = l.canvas.cols;
        rc = shrink(&l, c, e);
    }
    if (rc == 0)
        llava_fill_layout(out, c, &l);
    return rc;
}

static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    uint32_t tile = c->vision.image_size;

    return c->llava.pinpoints.n == 0
               ? cut_pixels(out, &c->prep, &l->llava.cut, tile, image, e)
               : canvas_pixels(out, &c->prep, &l->llava.canvas, tile, image, e);
}

const struct family llava_onevision_family = {
    .model_type = "llava_onevision",
    .architecture = "LlavaOnevisionForConditionalGeneration",
    .read = read_own,
    .read_prep = read_prep,
    .choose = choose,
    .chosen = llava_chosen,
    .settings = add_settings,
    .bind = llava_bind_newline,
    .least_tokens = llava_rows,
    .layout = lay_out,
    .pixels = make_pixels,
    .encode = llava_encode,
    .encode_bytes = llava_encode_bytes,
    .connector_flop = llava_connector_flop,
};
