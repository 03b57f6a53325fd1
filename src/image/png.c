/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

enum {
    METADATA_MAX = 64 << 20, /* bytes of all chunks but the pixels', decompressed */
    PNG_TEXTS_MAX = 4096,
    GRAY_16 = 16
};

static int broken(int code, struct err *e)
{
    if (code == SPNG_EMEM)
        return err_set(e, ERR_NOMEM, "out of memory: a PNG");
    if (code == SPNG_EOF || code == SPNG_IO_EOF || code == SPNG_EIDAT_TOO_SHORT)
        err_set(e, ERR_FORMAT, "the PNG is truncated");
    else
        err_set(e, ERR_FORMAT, "the PNG is broken: %s", spng_strerror(code));
    return err_hint(e, "fetch the file again");
}

/* ---- which side is up ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ImageMagick's "Raw profile type exif": "\nexif\n" and the length, then lines in hexadecimal. */
static unsigned raw_profile_orientation(const char *text, size_t len)
{
    const char *end = text + len;
    uint8_t *bytes = malloc(len / 2 + 1);
    size_t digits = 0;
    unsigned orientation = 0;

    for (int lines = 0; bytes && text && lines < 3; lines++) {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? text + 1 : NULL;
    }
    for (; bytes && text && text < end; text++) {
        int digit = hex_digit(*text);

        if (digit < 0)
            continue;
        bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] << 4 | digit : digit);
        digits++;
    }
    if (digits > 0)
        orientation = exif_orientation(bytes, digits / 2);
    free(bytes);
    return orientation;
}

static void find_in_texts(struct upright *up, spng_ctx *png)
{
    uint32_t n = 0;
    struct spng_text *texts = NULL;

    if (spng_get_text(png, NULL, &n) == 0 && n > 0 && n <= PNG_TEXTS_MAX)
        texts = calloc(n, sizeof(*texts));
    if (texts && spng_get_text(png, texts, &n) != 0)
        n = 0;
    for (uint32_t i = 0; texts && i < n; i++) {
        const struct spng_text *t = &texts[i];

        if (text_equal(t->keyword, "XML:com.adobe.xmp"))
            up->xmp = xmp_orientation(t->text, t->length);
        else if (text_equal(t->keyword, "Raw profile type exif") && up->exif == 0)
            up->exif = raw_profile_orientation(t->text, t->length);
    }
    free(texts);
}

/* Also from what comes after the pixels; if that is broken, without it. */
static void find_upright(struct upright *up, spng_ctx *png)
{
    struct spng_exif exif;

    if (spng_decode_chunks(png) != 0)
        return;
    if (spng_get_exif(png, &exif) == 0)
        up->exif = exif_orientation(exif.data, exif.length);
    find_in_texts(up, png);
}

/* ---- pixels ---- */

/* Pillow's convert("RGB") of 16-bit gray cuts at 255; every other 16-bit value keeps its high byte.
 */
static int decode_gray_16(spng_ctx *png, struct image *out, struct err *e)
{
    size_t n = (size_t)out->width * out->height;
    uint16_t *gray = mem_new(n, sizeof(*gray), e);
    int code;

    if (!gray)
        return ERR_NOMEM;
    code = spng_decode_image(png, gray, n * sizeof(*gray), SPNG_FMT_PNG, 0);
    for (size_t i = 0; code == 0 && i < n; i++)
        memset(out->rgb + 3 * i, gray[i] < 255 ? gray[i] : 255, 3);
    free(gray);
    return code == 0 ? 0 : broken(code, e);
}

static int read_picture(spng_ctx *png, struct image *out, const uint8_t *data, size_t len,
                        uint64_t pixels_max, struct err *e)
{
    struct spng_ihdr header;
    int code, rc;

    if ((code = spng_set_png_buffer(png, data, len)) != 0 ||
        (code = spng_set_chunk_limits(png, METADATA_MAX, METADATA_MAX)) != 0 ||
        (code = spng_get_ihdr(png, &header)) != 0)
        return broken(code, e);
    rc = image_new(out, header.width, header.height, pixels_max, e);
    if (rc < 0)
        return rc;
    if (header.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header.bit_depth == GRAY_16)
        return decode_gray_16(png, out, e);
    code = spng_decode_image(png, out->rgb, (size_t)out->width * out->height * 3, SPNG_FMT_RGB8, 0);
    return code == 0 ? 0 : broken(code, e);
}

/* ---- chunks ---- */

enum { SIGNATURE = 8, CHUNK_FRAME = 12 /* length, name, checksum */, ANCILLARY = 0x20 };

/* A chunk without which a reader shall not go on, but that no specification has; Pillow goes on. */
static bool is_unknown_critical(const uint8_t *name)
{
    static const char known[][5] = { "IHDR", "PLTE", "IDAT", "IEND" };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (memcmp(name, known[i], 4) == 0)
            return false;
    return (name[0] & ANCILLARY) == 0;
}

/* The length of the chunk at data, frame included; 0 where it is cut off. */
static size_t chunk_len(const uint8_t *data, size_t left)
{
    size_t body = 0;

    for (size_t i = 0; left >= CHUNK_FRAME && i < 4; i++)
        body = body << 8 | data[i];
    return left >= CHUNK_FRAME && body <= left - CHUNK_FRAME ? body + CHUNK_FRAME : 0;
}

static bool has_unknown(const uint8_t *data, size_t len)
{
    size_t n;

    for (size_t at = SIGNATURE; (n = chunk_len(data + at, len - at)) > 0; at += n)
        if (is_unknown_critical(data + at + 4))
            return true;
    return false;
}

/* Makes a copy without the unknown critical chunks, which spng refuses; NULL where there is no such
 * chunk, or no memory: spng then says what is wrong. */
static uint8_t *without_unknown(const uint8_t *data, size_t len, size_t *kept)
{
    uint8_t *copy = has_unknown(data, len) ? malloc(len) : NULL;
    size_t at = SIGNATURE, n;

    if (!copy)
        return NULL;
    memcpy(copy, data, SIGNATURE);
    *kept = SIGNATURE;
    for (; at < len; at += n) {
        n = chunk_len(data + at, len - at);
        n = n > 0 ? n : len - at;
        if (len - at >= CHUNK_FRAME && is_unknown_critical(data + at + 4))
            continue;
        memcpy(copy + *kept, data + at, n);
        *kept += n;
    }
    return copy;
}

static int decode_known(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                        uint64_t pixels_max, struct err *e)
{
    spng_ctx *png = spng_ctx_new(0);
    int rc;

    if (!png)
        return err_set(e, ERR_NOMEM, "out of memory: a PNG decoder");
    rc = read_picture(png, out, data, len, pixels_max, e);
    if (rc == 0)
        find_upright(up, png);
    spng_ctx_free(png);
    return rc;
}

int png_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
               uint64_t pixels_max, struct err *e)
{
    uint8_t *copy = without_unknown(data, len, &len);
    int rc = decode_known(out, up, copy ? copy : data, len, pixels_max, e);

    free(copy);
    return rc;
}

/* ---- writing ---- */

enum { FAST = 1 }; /* of zlib's levels: a picture is sent once */

static int png_failed(int code, struct err *e)
{
    return code == SPNG_EMEM
               ? err_set(e, ERR_NOMEM, "out of memory: a PNG")
               : err_set(e, ERR_FORMAT, "the image cannot be a PNG: %s", spng_strerror(code));
}

int image_encode_png(const struct image *image, void **data, size_t *len, struct err *e)
{
    struct spng_ihdr header = { .width = image->width,
                                .height = image->height,
                                .bit_depth = 8,
                                .color_type = SPNG_COLOR_TYPE_TRUECOLOR };
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);
    int code = png ? spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1) : SPNG_EMEM;

    *data = NULL;
    *len = 0;
    if (code == 0)
        code = spng_set_option(png, SPNG_IMG_COMPRESSION_LEVEL, FAST);
    if (code == 0)
        code = spng_set_ihdr(png, &header);
    if (code == 0)
        code = spng_encode_image(png, image->rgb, (size_t)image->width * image->height * 3,
                                 SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    if (code == 0)
        *data = spng_get_png_buffer(png, len, &code);
    spng_ctx_free(png);
    return code == 0 ? 0 : png_failed(code, e);
}
