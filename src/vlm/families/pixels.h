/* SPDX-License-Identifier: MIT
 *
 * pixels.h - bytes of a picture to what a tower takes: rescaled and normalised as the processors of
 * transformers do it with PIL, bit for bit. Private to vlm/.
 */
#ifndef ASSENT_VLM_PIXELS_H
#define ASSENT_VLM_PIXELS_H

#include "image/image.h"
#include "vlm/config.h"

struct pixel_table { /* the 256 values of a channel */
    float of[3][256];
};

void pixel_table_fill(struct pixel_table *t, const struct prep_config *c);

/* [3, height, width] from the picture at (x, y) of it; outside it is 0 before normalising. */
struct window {
    int64_t x, y;
    uint32_t width, height;
};
void pixels_window(float *out, const struct image *image, const struct window *w,
                   const struct pixel_table *t);

/* Its tiles of so many pixels a side, row by row: [tiles, 3, tile, tile]. Whole tiles only. */
void pixels_tiles(float *out, const struct image *image, uint32_t tile,
                  const struct pixel_table *t);

/* One row a patch of pictures [n, 3, side, side], its numbers in the order channel, row, column:
 * what a convolution with a stride of its own size multiplies. Whole patches only. */
void pixels_to_patches(float *out, const float *pixels, size_t n, uint32_t side, uint32_t patch);

#endif
