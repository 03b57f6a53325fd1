/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_jpeg(const uint8_t *data, size_t len)
{
    return len >= 3 && memcmp(data, "\xFF\xD8\xFF", 3) == 0;
}

static bool is_png(const uint8_t *data, size_t len)
{
    return len >= 8 && memcmp(data, "\x89PNG\r\n\x1A\n", 8) == 0;
}

static bool is_webp(const uint8_t *data, size_t len)
{
    return len >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

struct format {
    const char *name;
    bool (*matches)(const uint8_t *data, size_t len);
    image_decoder *decode;
};

static const struct format formats[] = {
    { "JPEG", is_jpeg, jpeg_decode },
    { "PNG", is_png, png_decode },
    { "WebP", is_webp, webp_decode },
};

static const struct format *find_format(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (formats[i].matches(data, len))
            return &formats[i];
    return NULL;
}

const char *image_format(const void *data, size_t len)
{
    const struct format *f = find_format(data, len);

    return f ? f->name : NULL;
}

enum { BEGINNING = 16 };

static bool is_text(const char *s, size_t len)
{
    size_t bad;

    for (size_t i = 0; i < len; i++)
        if ((uint8_t)s[i] < 0x20 && !strchr("\t\r\n", s[i] ? s[i] : 1))
            return false;
    return text_utf8(s, len, &bad);
}

/* Shows how the file begins: as text where it is text, else in hexadecimal. */
static int no_picture(const uint8_t *data, size_t len, struct err *e)
{
    char text[BEGINNING + 1] = "", hex[3 * BEGINNING + 1] = "";
    size_t n = len < BEGINNING ? len : BEGINNING;

    err_set(e, ERR_FORMAT, len == 0 ? "the file is empty" : "not a picture of a known format");
    err_expected(e, "a JPEG, PNG or WebP");
    if (len == 0)
        return e->code;
    memcpy(text, data, n);
    if (is_text(text, n))
        return err_got(e, "a file that begins with \"%s\"", text);
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 3 * i, sizeof(hex) - 3 * i, " %02x", data[i]);
    return err_got(e, "a file that begins with the bytes%s", hex);
}

int image_new(struct image *out, uint64_t width, uint64_t height, uint64_t pixels_max,
              struct err *e)
{
    *out = (struct image){ 0 };
    if (width == 0 || height == 0)
        return err_set(e, ERR_FORMAT, "the picture has no pixels");
    if (width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX || width * height > pixels_max) {
        err_set(e, ERR_LIMIT, "the picture is too large");
        err_got(e, "%llu x %llu pixels", (unsigned long long)width, (unsigned long long)height);
        return err_expected(e, "sides of at most %d pixels, and at most %llu pixels",
                            IMAGE_SIDE_MAX, (unsigned long long)pixels_max);
    }
    out->rgb = mem_new(width * height, 3, e);
    if (!out->rgb)
        return ERR_NOMEM;
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return 0;
}

void image_release(struct image *image)
{
    free(image->rgb);
    *image = (struct image){ 0 };
}

int image_decode_within(struct image *out, const void *data, size_t len, uint64_t pixels_max,
                        struct err *e)
{
    const struct format *f;
    struct upright up = { 0 };
    int rc;

    *out = (struct image){ 0 };
    if (len > IMAGE_BYTES_MAX) {
        err_set(e, ERR_LIMIT, "the file is too large");
        err_got(e, "%zu bytes", len);
        return err_expected(e, "at most %d", IMAGE_BYTES_MAX);
    }
    f = find_format(data, len);
    if (!f)
        return no_picture(data, len, e);
    rc = f->decode(out, &up, data, len, pixels_max, e);
    if (rc == 0)
        rc = image_turn(out, up.exif ? up.exif : up.xmp, e);
    if (rc < 0)
        image_release(out);
    return rc;
}

int image_decode(struct image *out, const void *data, size_t len, struct err *e)
{
    return image_decode_within(out, data, len, IMAGE_PIXELS_MAX, e);
}
