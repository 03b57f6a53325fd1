/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <math.h>

void image_cmyk(uint8_t *rgb, const uint8_t *cmyk, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3, cmyk += 4)
        for (size_t c = 0; c < 3; c++) {
            int white = 255 - cmyk[3], product = cmyk[c] * white + 128;

            rgb[c] = (uint8_t)(white - ((product >> 8) + product) / 256);
        }
}

static uint8_t clip(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

/* JFIF 1.02's factors with 6 bits behind the point, each product rounded by itself. */
void image_ycc(uint8_t *pixel)
{
    enum { BITS = 6 };
    static const double red = 1.40200, green_blue = -0.34414, green_red = -0.71414, blue = 1.77200;
    double cb = pixel[1] - 128, cr = pixel[2] - 128, one = 1 << BITS;
    int y = pixel[0];

    pixel[0] = clip(y + ((int)floor(red * cr * one + 0.5) >> BITS));
    pixel[1] = clip(
        y + (((int)floor(green_blue * cb * one + 0.5) + (int)floor(green_red * cr * one + 0.5)) >>
             BITS));
    pixel[2] = clip(y + ((int)floor(blue * cb * one + 0.5) >> BITS));
}
