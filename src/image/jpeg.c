/* SPDX-License-Identifier: MIT
 *
 * Decoded with libjpeg's defaults, as Pillow does: accurate integer IDCT, smooth chroma upsampling.
 * Where Pillow overlooks broken Huffman data or markers, these are errors here: a picture that is
 * half gray must not be labelled.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* ---- the segments before the picture ---- */

enum { MARKER_TEM = 0x01, MARKER_RST0 = 0xD0, MARKER_SOI = 0xD8, MARKER_EOI, MARKER_SOS };
enum { MARKER_APP1 = 0xE1 };

struct segment {
    int marker;
    const uint8_t *body;
    size_t len;
};

/* The next segment from *at on; false where the picture or the file's end comes. */
static bool next_segment(struct segment *s, const uint8_t *data, size_t len, size_t *at)
{
    while (*at < len && len - *at >= 4) {
        int marker = data[*at + 1];

        if (data[*at] != 0xFF || marker == 0xFF) { /* junk between segments, padding */
            *at += 1;
        } else if (marker == 0 || marker == MARKER_TEM ||
                   (marker >= MARKER_RST0 && marker <= MARKER_SOI)) {
            *at += 2;
        } else {
            size_t size = (size_t)data[*at + 2] << 8 | data[*at + 3];

            if (marker == MARKER_SOS || marker == MARKER_EOI || size < 2 || size > len - *at - 2)
                return false;
            *s = (struct segment){ marker, data + *at + 4, size - 2 };
            *at += 2 + size;
            return true;
        }
    }
    return false;
}

/* The first EXIF block counts, the last XMP packet. */
static void find_upright(struct upright *up, const uint8_t *data, size_t len)
{
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/";
    struct segment s;

    for (size_t at = 2; next_segment(&s, data, len, &at);) {
        if (s.marker != MARKER_APP1)
            continue;
        if (up->exif == 0 && s.len >= sizeof(exif) && memcmp(s.body, exif, sizeof(exif)) == 0)
            up->exif = exif_orientation(s.body, s.len);
        else if (s.len >= sizeof(xmp) && memcmp(s.body, xmp, sizeof(xmp)) == 0)
            up->xmp = xmp_orientation(s.body + sizeof(xmp), s.len - sizeof(xmp));
    }
}

/* ---- the picture ---- */

/* Of libjpeg's warnings one leaves the picture whole: "Corrupt JPEG data: 2 extraneous bytes before
 * marker 0xd9", padding behind the last row. Before any other marker it says that the Huffman data
 * was misread. Of several warnings the first is told, and nothing comes after this one. */
static bool is_harmless(tjhandle tj)
{
    static const char end[] = " extraneous bytes before marker 0xd9";
    const char *warning = tjGetErrorStr2(tj);
    size_t len = strlen(warning);

    return tjGetErrorCode(tj) == TJERR_WARNING && len > strlen(end) &&
           strcmp(warning + len - strlen(end), end) == 0;
}

static int broken(tjhandle tj, struct err *e)
{
    const char *text = tjGetErrorStr2(tj);

    if (strstr(text, "Maximum supported image dimension"))
        return err_set(e, ERR_LIMIT, "the picture is too large: %s", text);
    if (strcmp(text, "Premature end of JPEG file") == 0)
        err_set(e, ERR_FORMAT, "the JPEG is truncated");
    else
        err_set(e, ERR_FORMAT, "the JPEG is broken: %s", text);
    return err_hint(e, "fetch the file again");
}

/* convert("RGB") of Pillow's Convert.c, of the inverted values that Adobe writes. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3, cmyk += 4)
        for (size_t c = 0; c < 3; c++) {
            int product = (255 - cmyk[c]) * cmyk[3] + 128;

            rgb[c] = (uint8_t)(cmyk[3] - ((product >> 8) + product) / 256);
        }
}

static int decompress(tjhandle tj, uint8_t *to, const struct image *size, int format,
                      const uint8_t *data, size_t len, struct err *e)
{
    int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;
    int rc = tjDecompress2(tj, data, (unsigned long)len, to, (int)size->width, 0, (int)size->height,
                           format, flags);

    return rc == 0 || is_harmless(tj) ? 0 : broken(tj, e);
}

static int decompress_cmyk(tjhandle tj, struct image *out, const uint8_t *data, size_t len,
                           struct err *e)
{
    size_t n = (size_t)out->width * out->height;
    uint8_t *cmyk = mem_new(n, 4, e);
    int rc = cmyk ? decompress(tj, cmyk, out, TJPF_CMYK, data, len, e) : ERR_NOMEM;

    if (rc == 0)
        cmyk_to_rgb(out->rgb, cmyk, n);
    free(cmyk);
    return rc;
}

static int read_picture(tjhandle tj, struct image *out, const uint8_t *data, size_t len,
                        uint64_t pixels_max, struct err *e)
{
    int width = 0, height = 0, sampling, space = -1, rc;

    /* it also fails on chroma samplings without a name, which tjDecompress2 can do, and on
     * warnings, which come again there */
    rc = tjDecompressHeader3(tj, data, (unsigned long)len, &width, &height, &sampling, &space);
    if (rc < 0 && (width < 1 || height < 1 || space < 0))
        return broken(tj, e);
    rc = image_new(out, (uint64_t)width, (uint64_t)height, pixels_max, e);
    if (rc < 0)
        return rc;
    if (space == TJCS_CMYK || space == TJCS_YCCK)
        return decompress_cmyk(tj, out, data, len, e);
    return decompress(tj, out->rgb, out, TJPF_RGB, data, len, e);
}

int jpeg_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    tjhandle tj = tjInitDecompress();
    int rc;

    if (!tj)
        return err_set(e, ERR_NOMEM, "out of memory: a JPEG decoder");
    rc = read_picture(tj, out, data, len, pixels_max, e);
    tjDestroy(tj);
    if (rc == 0)
        find_upright(up, data, len);
    return rc;
}

/* ---- encoding ---- */

int image_encode_jpeg(const struct image *image, int quality, void **data, size_t *len,
                      struct err *e)
{
    tjhandle tj = tjInitCompress();
    unsigned long size = 0, most;
    unsigned char *out = NULL;
    int rc = -1;

    *data = NULL;
    *len = 0;
    most = tjBufSize((int)image->width, (int)image->height, TJSAMP_420);
    if (tj && most != (unsigned long)-1)
        out = malloc(most); /* turbojpeg's own memory would have to be given back to it */
    if (out)
        rc = tjCompress2(tj, image->rgb, (int)image->width, 0, (int)image->height, TJPF_RGB, &out,
                         &size, TJSAMP_420, quality, TJFLAG_NOREALLOC);
    if (rc != 0) {
        if (tj && out)
            err_set(e, ERR_FORMAT, "the image cannot be a JPEG: %s", tjGetErrorStr2(tj));
        else
            err_set(e, ERR_NOMEM, "out of memory: a JPEG");
        free(out);
        out = NULL;
    }
    if (tj)
        tjDestroy(tj);
    if (!out)
        return e->code;
    *data = out;
    *len = size;
    return 0;
}
