/* SPDX-License-Identifier: MIT
 *
 * Orientations: EXIF 2.32, table 6; what Pillow's ImageOps.exif_transpose makes of them.
 */
#include "image/internal.h"

#include <string.h>

/* Where the upright picture's pixels are in the one that lies. */
struct lie {
    bool swapped;    /* its columns run down */
    bool from_right; /* its columns are counted from its right side */
    bool from_bottom;
};

static const struct lie lies[9] = {
    [2] = { false, true, false }, [3] = { false, true, true }, [4] = { false, false, true },
    [5] = { true, false, false }, [6] = { true, false, true }, [7] = { true, true, true },
    [8] = { true, true, false },
};

static void turn_rows(struct image *out, const struct image *in, struct lie lie)
{
    ptrdiff_t column = lie.from_right ? -3 : 3;
    ptrdiff_t row = (ptrdiff_t)in->width * (lie.from_bottom ? -3 : 3);
    const uint8_t *start = in->rgb + (lie.from_right ? ((size_t)in->width - 1) * 3 : 0) +
                           (lie.from_bottom ? ((size_t)in->height - 1) * in->width * 3 : 0);
    ptrdiff_t across = lie.swapped ? row : column, down = lie.swapped ? column : row;
    uint8_t *to = out->rgb;

    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++, to += 3) {
            const uint8_t *from = start + (ptrdiff_t)y * down + (ptrdiff_t)x * across;

            to[0] = from[0];
            to[1] = from[1];
            to[2] = from[2];
        }
}

int image_turn(struct image *image, unsigned orientation, struct err *e)
{
    struct image turned;
    struct lie lie;
    int rc;

    if (orientation < 2 || orientation > 8)
        return 0;
    lie = lies[orientation];
    rc = image_new(&turned, lie.swapped ? image->height : image->width,
                   lie.swapped ? image->width : image->height, IMAGE_PIXELS_MAX, e);
    if (rc < 0)
        return rc;
    turn_rows(&turned, image, lie);
    image_release(image);
    *image = turned;
    return 0;
}

unsigned xmp_orientation(const void *xmp, size_t len)
{
    static const char name[] = "tiff:Orientation";
    const char *p = xmp, *end;

    if (len == 0)
        return 0;
    end = p + len;
    while ((p = memmem(p, (size_t)(end - p), name, strlen(name)))) {
        size_t left;

        p += strlen(name);
        left = (size_t)(end - p);
        if (left >= 3 && memcmp(p, "=\"", 2) == 0 && p[2] >= '0' && p[2] <= '9')
            return p[2] == '0' ? 1 : (unsigned)(p[2] - '0');
        if (left >= 2 && p[0] == '>' && p[1] >= '0' && p[1] <= '9')
            return p[1] == '0' ? 1 : (unsigned)(p[1] - '0');
    }
    return 0;
}
