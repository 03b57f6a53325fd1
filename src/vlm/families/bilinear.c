/* SPDX-License-Identifier: MIT */
#include "vlm/families/bilinear.h"

struct between { /* two places of a side, and how much of the second */
    size_t first, second;
    float part;
};

/* In float32, as torch computes it. */
static struct between find(uint32_t at, uint32_t to, uint32_t from)
{
    float place = (float)from / (float)to * ((float)at + 0.5f) - 0.5f;
    struct between b;

    if (place < 0)
        place = 0;
    b.first = (size_t)place < from ? (size_t)place : from - 1;
    b.second = b.first + 1 < from ? b.first + 1 : b.first;
    b.part = place - (float)b.first;
    return b;
}

void bilinear_rows(float *out, struct lattice to, const float *in, struct lattice from,
                   size_t width)
{
    for (uint32_t r = 0; r < to.rows; r++) {
        struct between y = find(r, to.rows, from.rows);
        const float *upper = in + y.first * from.cols * width;
        const float *lower = in + y.second * from.cols * width;

        for (uint32_t c = 0; c < to.cols; c++, out += width) {
            struct between x = find(c, to.cols, from.cols);
            const float *a = upper + x.first * width, *b = upper + x.second * width;
            const float *d = lower + x.first * width, *f = lower + x.second * width;

            for (size_t i = 0; i < width; i++)
                out[i] = (1 - y.part) * ((1 - x.part) * a[i] + x.part * b[i]) +
                         y.part * ((1 - x.part) * d[i] + x.part * f[i]);
        }
    }
}
