/* SPDX-License-Identifier: MIT
 *
 * prep.h - an image as the vision tower takes it: the whole image as one tile, and the canvas
 * that fits it best cut into tiles ("any resolution"), equal to transformers'
 * LlavaNextImageProcessorPil. Private to vlm/.
 */
#ifndef ASSENT_VLM_PREP_H
#define ASSENT_VLM_PREP_H

#include "image/image.h"
#include "vlm/config.h"

/* What follows from an image's size alone. */
struct layout {
    struct pinpoint canvas;            /* pixels */
    uint32_t width, height;            /* the image resized onto the canvas */
    uint32_t left, top;                /* its place there */
    uint32_t tiles_down, tiles_across; /* of the canvas */
    size_t tiles;                      /* with the whole image in front */
    /* The map of the canvas's patches, and the part of it that shows the image. */
    uint32_t map_width, map_height;
    uint32_t first_row, rows, first_col, cols;
    size_t tokens; /* the whole image's patches, then rows * (cols + a newline) */
};

struct layout prep_layout(const struct model_config *c, uint32_t width, uint32_t height);

/* float32 [tiles, 3, tile, tile], free() it. */
int prep_tiles(float **out, const struct prep_config *c, const struct layout *l,
               const struct image *image, struct err *e);

#endif
