/* SPDX-License-Identifier: MIT
 *
 * Rules: image_processing_pil_llava_next.py, image_processing_utils.py and modeling_llava_next.py
 * of transformers 5.23. Ratios are doubles and nothing is fused: ceil() must meet the same rounding
 * errors.
 */
#include "vlm/prep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* select_best_resolution: the canvas on which most of the image survives, then the one that wastes
 * least; of equals the first. */
static struct pinpoint best_canvas(const struct model_config *c, uint32_t width, uint32_t height)
{
    struct pinpoint best = c->pinpoints[0];
    int64_t best_effective = -1, best_wasted = INT64_MAX;

    for (size_t i = 0; i < c->n_pinpoints; i++) {
        struct pinpoint p = c->pinpoints[i];
        double scale = fmin((double)p.width / width, (double)p.height / height);
        int64_t w = (int64_t)(width * scale), h = (int64_t)(height * scale);
        int64_t effective = w * h, whole = (int64_t)width * height, wasted;

        if (effective > whole)
            effective = whole;
        wasted = (int64_t)p.width * p.height - effective;
        if (effective > best_effective || (effective == best_effective && wasted < best_wasted)) {
            best_effective = effective;
            best_wasted = wasted;
            best = p;
        }
    }
    return best;
}

/* get_patch_output_size: the largest of the image's shape that fits. */
static void fit(struct layout *l, uint32_t width, uint32_t height)
{
    double across = (double)l->canvas.width / width, down = (double)l->canvas.height / height;

    if (across < down) {
        l->width = l->canvas.width;
        l->height = (uint32_t)fmin(ceil(height * across), l->canvas.height);
    } else {
        l->height = l->canvas.height;
        l->width = (uint32_t)fmin(ceil(width * down), l->canvas.width);
    }
    l->left = (l->canvas.width - l->width) / 2;
    l->top = (l->canvas.height - l->height) / 2;
}

/* unpad_image. The quotient is rounded to 7 decimals and cut there; whole-number division gives the
 * same for every size up to 3000 x 3000. */
static void unpad(struct layout *l, uint32_t width, uint32_t height)
{
    double shape = (double)width / height, map_shape = (double)l->map_width / l->map_height;
    uint32_t pad;

    l->rows = l->map_height;
    l->cols = l->map_width;
    if (shape > map_shape) {
        pad = (l->map_height - (uint32_t)((uint64_t)height * l->map_width / width)) / 2;
        l->first_row = pad;
        l->rows -= 2 * pad;
    } else {
        pad = (l->map_width - (uint32_t)((uint64_t)width * l->map_height / height)) / 2;
        l->first_col = pad;
        l->cols -= 2 * pad;
    }
}

struct layout prep_layout(const struct model_config *c, uint32_t width, uint32_t height)
{
    uint32_t tile = c->vision.image_size, grid = config_grid(c);
    struct layout l = { .canvas = best_canvas(c, width, height) };

    fit(&l, width, height);
    l.tiles_down = l.canvas.height / tile;
    l.tiles_across = l.canvas.width / tile;
    l.tiles = (size_t)l.tiles_down * l.tiles_across + 1;
    l.map_height = l.tiles_down * grid;
    l.map_width = l.tiles_across * grid;
    unpad(&l, width, height);
    l.tokens = (size_t)grid * grid + (size_t)l.rows * (l.cols + 1);
    return l;
}

/* The 256 values of a channel: rescaled in double and rounded, then normalised in float32. */
static void normalised(const struct prep_config *c, size_t channel, float table[256])
{
    for (int i = 0; i < 256; i++) {
        float x = (float)(i * c->rescale);

        table[i] = (x - c->mean[channel]) / c->std[channel];
    }
}

struct pixel_table {
    float of[3][256];
};

/* One tile from the image at (x, y) of it; outside it is 0 before normalising. */
static void fill_tile(float *out, uint32_t tile, const struct image *image, int64_t x, int64_t y,
                      const struct pixel_table *t)
{
    for (size_t channel = 0; channel < 3; channel++)
        for (uint32_t r = 0; r < tile; r++)
            for (uint32_t col = 0; col < tile; col++) {
                int64_t from_x = x + col, from_y = y + r;
                uint8_t value = 0;

                if (from_x >= 0 && from_y >= 0 && from_x < image->width && from_y < image->height)
                    value =
                        image->rgb[((size_t)from_y * image->width + (size_t)from_x) * 3 + channel];
                *out++ = t->of[channel][value];
            }
}

int prep_tiles(float **out, const struct prep_config *c, const struct layout *l,
               const struct image *image, struct err *e)
{
    size_t size = (size_t)3 * c->tile * c->tile;
    struct image whole = { 0 }, fitted = { 0 };
    struct pixel_table table;
    int rc;

    *out = NULL;
    for (size_t channel = 0; channel < 3; channel++)
        normalised(c, channel, table.of[channel]);
    rc = image_resize(&whole, image, c->tile, c->tile, e);
    if (rc == 0)
        rc = image_resize(&fitted, image, l->width, l->height, e);
    if (rc == 0 && !(*out = mem_new(l->tiles * size, sizeof(**out), e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        fill_tile(*out, c->tile, &whole, 0, 0, &table);
        for (size_t i = 1; i < l->tiles; i++) {
            size_t down = (i - 1) / l->tiles_across, across = (i - 1) % l->tiles_across;

            fill_tile(*out + i * size, c->tile, &fitted, (int64_t)(across * c->tile) - l->left,
                      (int64_t)(down * c->tile) - l->top, &table);
        }
    }
    image_release(&whole);
    image_release(&fitted);
    return rc;
}
