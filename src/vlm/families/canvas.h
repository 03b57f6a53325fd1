/* SPDX-License-Identifier: MIT
 *
 * canvas.h - "any resolution": the whole picture as one tile, and the canvas that fits it best cut
 * into tiles, equal to transformers' LlavaNextImageProcessorPil. Private to vlm/.
 */
#ifndef ASSENT_VLM_CANVAS_H
#define ASSENT_VLM_CANVAS_H

#include "vlm/families/family.h"

/* image_grid_pinpoints, or what stands for them; checked to be whole tiles of that side. */
int read_pinpoints(const struct cursor *object, const struct pinpoints *usual, uint32_t tile,
                   struct pinpoints *out, struct err *e);
bool pinpoints_equal(const struct pinpoints *a, const struct pinpoints *b);

/* Tiles of `tile` pixels, `grid` patches along each. */
struct canvas canvas_choose(const struct pinpoints *p, uint32_t tile, uint32_t grid, uint32_t width,
                            uint32_t height);

/* float32 [1 + tiles, 3, tile, tile], free() it. */
int canvas_pixels(float **out, const struct prep_config *c, const struct canvas *canvas,
                  uint32_t tile, const struct image *image, struct err *e);

/* The patch of the tower's rows that is (row, col) of the part of the map that shows the picture:
 * the whole picture's patches stand in front. */
size_t canvas_patch(const struct canvas *c, uint32_t grid, uint32_t row, uint32_t col);

#endif
