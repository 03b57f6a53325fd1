/* SPDX-License-Identifier: MIT
 *
 * cut.h - a picture as one square of the tower's side: padded, squeezed, or its middle cut out,
 * equal to transformers' CLIPImageProcessorPil, LlavaImageProcessorPil and SiglipImageProcessorPil.
 * Private to vlm/.
 */
#ifndef ASSENT_VLM_CUT_H
#define ASSENT_VLM_CUT_H

#include "vlm/families/family.h"

/* For a picture of a size; `side` is the tower's. ERR_LIMIT: too large padded or resized. */
int cut_choose(struct cut *out, const struct cut_rule *rule, uint32_t side,
               const struct pinpoint *picture, struct err *e);

/* Padding is of the mean's colour, which must be one. */
int cut_check_mean(const struct prep_config *c, struct err *e);

/* float32 [3, side, side], free() it. */
int cut_pixels(float **out, const struct prep_config *c, const struct cut *cut, uint32_t side,
               const struct image *image, struct err *e);

#endif
