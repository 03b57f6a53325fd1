/* SPDX-License-Identifier: MIT
 *
 * Rules: image_processing_pil_llava{,_onevision}.py (pad_to_square), get_resize_output_image_size
 * and center_crop of image_transforms.py of transformers 5.23.
 */
#include "vlm/families/cut.h"

#include <stdlib.h>
#include <string.h>

#include "vlm/families/pixels.h"

/* A side of the picture that keeps its shape; the product comes first, the rest is cut off. */
static uint32_t scaled(uint32_t size, uint32_t to, uint32_t shorter)
{
    uint64_t pixels = (uint64_t)size * to / shorter;

    return pixels > UINT32_MAX ? UINT32_MAX : (uint32_t)pixels;
}

struct cut cut_choose(const struct cut_rule *rule, uint32_t side, uint32_t width, uint32_t height)
{
    struct cut c = { .width = side, .height = side };
    uint32_t shorter = width < height ? width : height;

    if (rule->pads && width != height) {
        c.square = width > height ? width : height;
        width = height = shorter = c.square;
    }
    if (rule->shorter == 0)
        return c;
    c.width = scaled(width, rule->shorter, shorter);
    c.height = scaled(height, rule->shorter, shorter);
    c.left = (c.width - side) / 2;
    c.top = (c.height - side) / 2;
    return c;
}

int cut_check_mean(const struct prep_config *c, struct err *e)
{
    for (size_t i = 0; i < 3; i++)
        if (!(c->mean[i] >= 0 && c->mean[i] <= 1)) {
            err_set(e, ERR_FORMAT, "a mean that is no colour, where pictures are padded with it");
            err_got(e, "%g", (double)c->mean[i]);
            return err_expected(e, "image_mean of three numbers from 0 to 1");
        }
    return 0;
}

static int pad(struct image *out, const struct prep_config *c, uint32_t side,
               const struct image *image, struct err *e)
{
    uint32_t left = (side - image->width) / 2, top = (side - image->height) / 2;
    size_t stride = (size_t)side * 3;
    uint8_t mean[3];

    if ((uint64_t)side * side > IMAGE_PIXELS_MAX) {
        err_set(e, ERR_LIMIT, "too many pixels when it is padded to a square");
        err_got(e, "%u x %u", side, side);
        return err_expected(e, "at most %d pixels", IMAGE_PIXELS_MAX);
    }
    *out = (struct image){ side, side, mem_new(side, stride, e) };
    if (!out->rgb)
        return ERR_NOMEM;
    for (size_t i = 0; i < 3; i++)
        mean[i] = (uint8_t)(c->mean[i] * 255);
    for (size_t i = 0; i < stride * side; i++)
        out->rgb[i] = mean[i % 3];
    for (size_t y = 0; y < image->height; y++)
        memcpy(out->rgb + (top + y) * stride + (size_t)left * 3, image->rgb + y * image->width * 3,
               (size_t)image->width * 3);
    return 0;
}

int cut_pixels(float **out, const struct prep_config *c, const struct cut *cut, uint32_t side,
               const struct image *image, struct err *e)
{
    struct window w = { .x = cut->left, .y = cut->top, .width = side, .height = side };
    struct image padded = { 0 }, resized = { 0 };
    struct pixel_table table;
    int rc = cut->square ? pad(&padded, c, cut->square, image, e) : 0;

    *out = NULL;
    pixel_table_fill(&table, c);
    if (rc == 0)
        rc = image_resize(&resized, cut->square ? &padded : image, cut->width, cut->height,
                          FILTER_BICUBIC, e);
    image_release(&padded);
    if (rc == 0 && !(*out = mem_new((size_t)3 * side * side, sizeof(**out), e)))
        rc = ERR_NOMEM;
    if (rc == 0)
        pixels_window(*out, &resized, &w, &table);
    image_release(&resized);
    return rc;
}
