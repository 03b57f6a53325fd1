/* SPDX-License-Identifier: MIT
 *
 * forward.h - the model's passes: image -> features -> hidden states.
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

/* ---- projector.c ----
 * Those through the projector and packed: the whole image's patches, then the part of the map that
 * shows the image row by row, each row with the newline behind it: [layout->tokens, text.hidden];
 * free(*out). Patches that only show the canvas are never projected. */
int project_image(float **out, const struct model *m, const struct ops *o, const float *vision,
                  const struct layout *l, const struct trace *t, struct err *e);

/* ---- decoder.c ----
 * The language model over a tree whose image tokens stand for the rows of `image`, n_image of them
 * on each path: the normed hidden states of the tokens rows[0..n_rows), which rise, in
 * out[n_rows, text.hidden]. */
int decoder_run(float *out, const struct model *m, const struct ops *o, const struct tree *tree,
                const float *image, size_t n_image, const uint32_t *rows, size_t n_rows,
                const struct trace *t, struct err *e);

#endif
