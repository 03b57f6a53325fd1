/* SPDX-License-Identifier: MIT
 *
 * bilinear.h - rows that stand for the places of a lattice, for another lattice. Private to vlm/.
 */
#ifndef ASSENT_VLM_BILINEAR_H
#define ASSENT_VLM_BILINEAR_H

#include <stddef.h>
#include <stdint.h>

struct lattice {
    uint32_t rows, cols;
};

/* torch's interpolate(mode="bilinear"), corners not aligned and without antialias, on rows of
 * `width` numbers: of the four places around the one that is asked for. */
void bilinear_rows(float *out, struct lattice to, const float *in, struct lattice from,
                   size_t width);

#endif
