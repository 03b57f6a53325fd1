/* SPDX-License-Identifier: MIT */
#include "vlm/families/pixels.h"

#include <string.h>

/* Rescaled in double and rounded, then normalised in float32. */
void pixel_table_fill(struct pixel_table *t, const struct prep_config *c)
{
    for (size_t channel = 0; channel < 3; channel++)
        for (int i = 0; i < 256; i++) {
            float x = (float)(i * c->rescale);

            t->of[channel][i] = (x - c->mean[channel]) / c->std[channel];
        }
}

void pixels_window(float *out, const struct image *image, const struct window *w,
                   const struct pixel_table *t)
{
    for (size_t channel = 0; channel < 3; channel++)
        for (uint32_t r = 0; r < w->height; r++)
            for (uint32_t col = 0; col < w->width; col++) {
                int64_t x = w->x + col, y = w->y + r;
                uint8_t value = 0;

                if (x >= 0 && y >= 0 && x < image->width && y < image->height)
                    value = image->rgb[((size_t)y * image->width + (size_t)x) * 3 + channel];
                *out++ = t->of[channel][value];
            }
}

void pixels_tiles(float *out, const struct image *image, uint32_t tile, const struct pixel_table *t)
{
    struct window w = { .width = tile, .height = tile };

    for (uint32_t row = 0; row < image->height / tile; row++)
        for (uint32_t col = 0; col < image->width / tile; col++, out += (size_t)3 * tile * tile) {
            w.x = (int64_t)col * tile;
            w.y = (int64_t)row * tile;
            pixels_window(out, image, &w, t);
        }
}

void pixels_to_patches(float *out, const float *pixels, size_t n, uint32_t side, uint32_t patch)
{
    size_t grid = side / patch, plane = (size_t)side * side;

    for (size_t i = 0; i < n; i++, pixels += 3 * plane)
        for (size_t r = 0; r < grid; r++)
            for (size_t col = 0; col < grid; col++)
                for (size_t channel = 0; channel < 3; channel++)
                    for (size_t y = 0; y < patch; y++, out += patch)
                        memcpy(out, pixels + channel * plane + (r * patch + y) * side + col * patch,
                               patch * sizeof(*out));
}
