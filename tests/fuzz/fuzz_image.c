/* SPDX-License-Identifier: MIT
 *
 * Pictures: whatever decodes has pixels within the limit and can be resized.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "image/internal.h"

enum { PIXELS_MAX = 1 << 20 }; /* time and memory go into headers and codecs, not into pixels */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void resize(const struct image *image, uint32_t width, uint32_t height,
                   enum image_filter filter)
{
    struct image out;
    struct err e;

    if (image_resize(&out, image, width, height, filter, &e) < 0)
        abort();
    assert(out.width == width && out.height == height);
    image_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image image;
    struct err e;
    int rc = image_decode_within(&image, data, size, PIXELS_MAX, &e);

    if (rc < 0) {
        assert(!image.rgb && (int)e.code == rc && e.what[0] != '\0');
        return 0;
    }
    assert((uint64_t)image.width * image.height <= PIXELS_MAX);
    resize(&image, 7, 5, FILTER_BICUBIC);
    resize(&image, image.width, 1, FILTER_LANCZOS);
    resize(&image, 33, image.height > 1 ? image.height / 2 : 1, FILTER_BILINEAR);
    image_release(&image);
    return 0;
}
