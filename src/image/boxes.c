/* SPDX-License-Identifier: MIT
 *
 * Boxes, of which JPEG 2000 files (ISO/IEC 15444-1, annex I) and HEIC (ISO/IEC 14496-12) are made.
 */
#include "image/internal.h"

uint32_t image_u16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

uint32_t image_u32(const uint8_t *p)
{
    return image_u16(p) << 16 | image_u16(p + 2);
}

/* A length of 0 reaches to the end; with 1 it stands behind the type, in 64 bits. */
bool image_next_box(struct box *box, const uint8_t *data, size_t len, size_t *at)
{
    const uint8_t *p = data + *at;
    size_t left = len - *at, head = 8;
    uint64_t size;

    if (left < head)
        return false;
    size = image_u32(p);
    if (size == 1 && left >= 16) {
        head = 16;
        size = (uint64_t)image_u32(p + 8) << 32 | image_u32(p + 12);
    }
    if (size == 0 || size > left) /* cut off: what there is */
        size = left;
    if (size < head)
        return false;
    *box = (struct box){ image_u32(p + 4), p + head, (size_t)size - head };
    *at += (size_t)size;
    return true;
}
