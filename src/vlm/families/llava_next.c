/* SPDX-License-Identifier: MIT
 *
 * LLaVA-NeXT (modeling_llava_next.py of transformers): CLIP on the whole picture and on the tiles
 * of a canvas, an MLP, the canvas's padding taken off and its row ends put in. Defaults:
 * configuration_llava_next.py of transformers 5.23.
 */
#include <string.h>

#include "vlm/families/canvas.h"
#include "vlm/families/llava.h"
#include "vlm/families/read.h"
#include "vlm/families/square.h"

static const char *const texts[] = { "llama", "mistral", "qwen2", NULL };
static const struct llava_usual usual = {
    .tower = "clip_vision_model",
    .texts = texts,
    .layer = -2,
    .image_token = 32000,
};
static const struct pinpoints usual_pinpoints = {
    .points = { { 336, 672 }, { 672, 336 }, { 672, 672 }, { 1008, 336 }, { 336, 1008 } },
    .n = 5,
};

static int read_own(struct model_config *c, const struct cursor *top, struct err *e)
{
    int rc = llava_read(c, top, &usual, e);

    return rc < 0 ? rc : llava_read_canvases(c, top, &usual_pinpoints, e);
}

static int read_prep(struct model_config *c, const struct cursor *object, struct err *e)
{
    static const char *const must[] = { "do_pad", "do_center_crop" };
    uint32_t tile = c->vision.image_size;
    int rc;

    memcpy(c->prep.mean, clip_mean, sizeof(clip_mean));
    memcpy(c->prep.std, clip_std, sizeof(clip_std));
    rc = read_prep_common(object, PILLOW_BICUBIC, &c->prep, e);
    for (size_t i = 0; rc == 0 && i < COUNT(must); i++)
        rc = check_step_on(object, must[i], e);
    if (rc < 0 || (rc = check_side(object, "size", tile, e)) < 0 ||
        (rc = check_side(object, "crop_size", tile, e)) < 0)
        return rc;
    return llava_check_canvases(c, object, &usual_pinpoints, e);
}

/* The whole picture's patches, then rows of the map with the newline behind each. */
static int lay_out(struct layout *out, const struct model_config *c, uint32_t width,
                   uint32_t height, struct err *e)
{
    struct llava_layout l = { .canvas = canvas_choose(&c->llava.pinpoints, c->vision.image_size,
                                                      config_grid(c), width, height) };

    (void)e;
    l.rows = l.canvas.rows;
    l.cols = l.canvas.cols;
    llava_fill_layout(out, c, &l);
    return 0;
}

static int make_pixels(float **out, const struct model_config *c, const struct layout *l,
                       const struct image *image, struct err *e)
{
    return canvas_pixels(out, &c->prep, &l->llava.canvas, c->vision.image_size, image, e);
}

const struct family llava_next_family = {
    .model_type = "llava_next",
    .architecture = "LlavaNextForConditionalGeneration",
    .read = read_own,
    .read_prep = read_prep,
    .choose = llava_choose,
    .chosen = llava_chosen,
    .settings = llava_settings,
    .bind = llava_bind_newline,
    .least_tokens = llava_rows,
    .layout = lay_out,
    .pixels = make_pixels,
    .encode = llava_encode,
    .encode_bytes = llava_encode_bytes,
    .connector_flop = llava_connector_flop,
};
