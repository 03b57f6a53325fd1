/* SPDX-License-Identifier: MIT
 *
 * send.c - a picture for another program: its pixels, and nothing that says where, when or by whom
 * it was taken.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"

enum {
    MARKER = 0xFF,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    APP0 = 0xE0,  /* JFIF: how the colors lie */
    APP1 = 0xE1,  /* Exif, XMP */
    APP14 = 0xEE, /* Adobe: the same */
    APP15 = 0xEF,
    COMMENT = 0xFE
};

/* ---- JPEG ---- */

static bool is_metadata(uint8_t marker)
{
    return marker == COMMENT ||
           (marker >= APP0 && marker <= APP15 && marker != APP0 && marker != APP14);
}

/* Does the segment turn the picture? */
static bool turns(uint8_t marker, const uint8_t *content, size_t len)
{
    static const char xmp[] = "http://ns.adobe.com/xap/1.0/";

    if (marker != APP1)
        return false;
    if (len > sizeof(xmp) && memcmp(content, xmp, sizeof(xmp)) == 0)
        return xmp_orientation(content + sizeof(xmp), len - sizeof(xmp)) > 1;
    return exif_orientation(content, len) > 1;
}

/* Where the scan's data end: at a marker that is not one of theirs. */
static size_t scan_end(const uint8_t *in, size_t len, size_t at)
{
    for (; at + 1 < len; at++)
        if (in[at] == MARKER && in[at + 1] != 0 && in[at + 1] != MARKER &&
            !(in[at + 1] >= RST0 && in[at + 1] <= RST7))
            return at;
    return len;
}

/* Copies a JPEG's bytes without metadata, and without what stands behind its end: other pictures,
 * with metadata of their own, or a film. 0 bytes: its segments are not plain, or it is turned. */
static size_t copy_plain(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t at = 2, n = 2, end;
    bool scanned = false;

    if (len < 4 || in[0] != MARKER || in[1] != SOI)
        return 0;
    memcpy(out, in, 2);
    for (; at < len; at = end) {
        bool ends = len - at >= 2 && in[at] == MARKER && in[at + 1] == EOI;
        size_t size;

        if (!ends && (len - at < 4 || in[at] != MARKER || in[at + 1] < 0xC0))
            return 0;
        size = ends ? 2 : 2 + ((size_t)in[at + 2] << 8 | in[at + 3]);
        if (!ends && (size < 4 || size > len - at || turns(in[at + 1], in + at + 4, size - 4)))
            return 0;
        end = in[at + 1] == SOS ? scan_end(in, len, at + size) : at + size;
        scanned = scanned || in[at + 1] == SOS;
        if (!is_metadata(in[at + 1])) {
            memcpy(out + n, in + at, end - at);
            n += end - at;
        }
        if (ends)
            break;
    }
    return scanned ? n : 0;
}

static int take_jpeg(const void *stored, size_t len, struct image_bytes *out, struct err *e)
{
    uint8_t *copy = mem_new(len, 1, e);

    if (!copy)
        return ERR_NOMEM;
    out->len = copy_plain(stored, len, copy);
    if (out->len == 0) {
        free(copy);
        return 0;
    }
    out->data = copy;
    out->type = "image/jpeg";
    return 1;
}

/* ---- both ---- */

static int take_png(const struct image *image, struct image_bytes *out, struct err *e)
{
    out->type = "image/png";
    return image_encode_png(image, &out->data, &out->len, e);
}

static int shrink(const struct image *image, uint64_t most, struct image *out, struct err *e)
{
    double scale = sqrt((double)most / ((double)image->width * image->height));
    uint32_t width = (uint32_t)(image->width * scale), height = (uint32_t)(image->height * scale);

    return image_resize(out, image, width > 0 ? width : 1, height > 0 ? height : 1, FILTER_BICUBIC,
                        e);
}

static int take_ppm(const struct image *image, struct image_bytes *out, struct err *e)
{
    char head[64];
    size_t n = (size_t)snprintf(head, sizeof(head), "P6\n%u %u\n255\n", image->width,
                                image->height),
           pixels = (size_t)image->width * image->height * 3;
    char *all = mem_new(n + pixels, 1, e);

    if (!all)
        return ERR_NOMEM;
    memcpy(all, head, n);
    memcpy(all + n, image->rgb, pixels);
    *out = (struct image_bytes){ all, n + pixels, "image/png" };
    return 0;
}

/* A JPEG as it is stored, or else what `take` makes of the pixels. */
static int take_either(const struct image *image, const void *stored, size_t len,
                       uint64_t pixels_max,
                       int (*take)(const struct image *, struct image_bytes *, struct err *),
                       struct image_bytes *out, struct err *e)
{
    bool fits = pixels_max == 0 || (uint64_t)image->width * image->height <= pixels_max;
    const char *format = stored ? image_format(stored, len) : NULL;
    struct image small = { 0 };
    int rc = 0;

    *out = (struct image_bytes){ 0 };
    if (fits && text_equal(format, "JPEG"))
        rc = take_jpeg(stored, len, out, e);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (fits)
        return take(image, out, e);
    rc = shrink(image, pixels_max, &small, e);
    if (rc == 0)
        rc = take(&small, out, e);
    image_release(&small);
    return rc;
}

int image_to_send(const struct image *image, const void *stored, size_t len, uint64_t pixels_max,
                  struct image_bytes *out, struct err *e)
{
    return take_either(image, stored, len, pixels_max, take_png, out, e);
}

int image_to_send_digest(const struct image *image, const void *stored, size_t len,
                         uint64_t pixels_max, struct image_digest *out, struct err *e)
{
    struct image_bytes bytes;
    int rc = take_either(image, stored, len, pixels_max, take_ppm, &bytes, e);

    if (rc < 0)
        return rc;
    out->type = bytes.type;
    sha256_hex(bytes.data, bytes.len, out->sha256);
    free(bytes.data);
    return 0;
}
