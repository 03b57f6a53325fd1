/* SPDX-License-Identifier: MIT
 *
 * Rules: image_processing_pil_llava{,_onevision}.py (pad_to_square), get_resize_output_image_size
 * and center_crop of image_transforms.py of transformers 5.23.
 */
#include "vlm/families/cut.h"

#include <stdlib.h>
#include <string.h>

#include "vlm/families/pixels.h"

static int refuse_shape(const struct pinpoint *picture, const char *what, uint64_t width,
                        uint64_t height, struct err *e)
{
    err_set(e, ERR_LIMIT, "a picture of %u x %u pixels, too large when it is %s", picture->width,
            picture->height, what);
    err_got(e, "%llu x %llu", (unsigned long long)width, (unsigned long long)height);
    return err_expected(e, "sides of at most %d, and at most %d pixels", IMAGE_SIDE_MAX,
                        IMAGE_PIXELS_MAX);
}

/* The shorter side becomes rule->shorter; of the other the product comes first, and the rest is cut
 * off. */
static int keep_shape(struct cut *out, const struct cut_rule *rule, uint32_t side,
                      const struct pinpoint *picture, struct err *e)
{
    uint64_t shorter = picture->width < picture->height ? picture->width : picture->height;
    uint64_t width = picture->width * (uint64_t)rule->shorter / shorter;
    uint64_t height = picture->height * (uint64_t)rule->shorter / shorter;

    if (width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX || width * height > IMAGE_PIXELS_MAX)
        return refuse_shape(picture, "resized to its shape", width, height, e);
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    out->left = (out->width - side) / 2;
    out->top = (out->height - side) / 2;
    return 0;
}

int cut_choose(struct cut *out, const struct cut_rule *rule, uint32_t side,
               const struct pinpoint *picture, struct err *e)
{
    struct pinpoint shown = *picture;

    *out = (struct cut){ .width = side, .height = side };
    if (rule->pads && picture->width != picture->height) {
        out->square = picture->width > picture->height ? picture->width : picture->height;
        shown = (struct pinpoint){ out->square, out->square };
        if ((uint64_t)out->square * out->square > IMAGE_PIXELS_MAX)
            return refuse_shape(picture, "padded to a square", out->square, out->square, e);
    }
    return rule->shorter ? keep_shape(out, rule, side, &shown, e) : 0;
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
