/* SPDX-License-Identifier: MIT
 *
 * forward.h - the model's passes: image -> features -> hidden states. Private to vlm/.
 */
#ifndef ASSENT_VLM_FORWARD_H
#define ASSENT_VLM_FORWARD_H

#include "vlm/model.h"
#include "vlm/ops.h"
#include "vlm/prep.h"
#include "vlm/trace.h"

/* ---- vision.c ----
 * The CLIP tower on pixels [tiles, 3, image_size, image_size]: its chosen hidden states without the
 * class token, [tiles, grid * grid, vision.hidden]; free(*out). */
int vision_encode(float **out, const struct model *m, const struct ops *o, const float *pixels,
                  size_t tiles, struct err *e);
/* The memory that takes at the most, *out included; so do the others of this header. */
size_t vision_bytes(const struct model *m, const struct ops *o, size_t tiles);

/* ---- projector.c ----
 * Those through the projector and packed: the whole image's patches, then the part of the map that
 * shows the image row by row, each row with the newline behind it: [layout->tokens, text.hidden];
 * free(*out). Patches that only show the canvas are never projected. */
int project_image(float **out, const struct model *m, const struct ops *o, const float *vision,
                  const struct layout *l, const struct trace *t, struct err *e);
size_t project_bytes(const struct model *m, const struct ops *o, const struct layout *l);

/* ---- decoder.c ---- */

struct decoder_input {
    const struct tree *tree;
    const float *image; /* the rows that the k-th image token of a path stands for */
    size_t n_image;
    const uint32_t *rows; /* the tokens whose hidden states are wanted, rising */
    size_t n_rows;
};

/* The language model over a tree: normed hidden states in out[n_rows, text.hidden]. */
int decoder_run(float *out, const struct model *m, const struct ops *o,
                const struct decoder_input *in, const struct trace *t, struct err *e);
/* Of a tree of n tokens, without `out`. */
size_t decoder_bytes(const struct model *m, const struct ops *o, size_t n, size_t height);

#endif
