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

static bool is_gif(const uint8_t *data, size_t len)
{
    return len >= 6 && (memcmp(data, "GIF87a", 6) == 0 || memcmp(data, "GIF89a", 6) == 0);
}

static bool is_bmp(const uint8_t *data, size_t len)
{
    return len >= 2 && memcmp(data, "BM", 2) == 0;
}

/* Of either byte order; 43: BigTIFF. */
static bool is_tiff(const uint8_t *data, size_t len)
{
    static const char marks[][5] = { "II*\0", "MM\0*", "II+\0", "MM\0+" };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (len >= 4 && memcmp(data, marks[i], 4) == 0)
            return true;
    return false;
}

enum { BRANDS_AT = 8, BRANDS_END_MAX = 128, BRAND = 4 };

/* A container of ISO/IEC 14496-12 that says of itself to be one of these: its major brand, the
 * version that stands behind it, which is no brand, and those it is compatible with. */
static bool has_brand(const uint8_t *data, size_t len, const char (*brands)[BRAND + 1], size_t n)
{
    size_t end = BRANDS_END_MAX < len ? BRANDS_END_MAX : len;

    if (len < BRANDS_AT + BRAND || memcmp(data, "\0\0\0", 3) != 0 ||
        memcmp(data + 4, "ftyp", 4) != 0)
        return false;
    end = data[3] < end ? data[3] : end;
    for (size_t at = BRANDS_AT; at + BRAND <= end; at += BRAND)
        for (size_t i = 0; i < n; i++)
            if (memcmp(data + at, brands[i], BRAND) == 0)
                return true;
    return false;
}

static bool is_avif(const uint8_t *data, size_t len)
{
    static const char brands[][BRAND + 1] = { "avif", "avis" };

    return has_brand(data, len, brands, sizeof(brands) / sizeof(brands[0]));
}

static bool is_heif(const uint8_t *data, size_t len)
{
    static const char brands[][BRAND + 1] = {
        "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1"
    };

    return has_brand(data, len, brands, sizeof(brands) / sizeof(brands[0]));
}

/* A file of boxes, or a bare codestream. */
static bool is_jp2(const uint8_t *data, size_t len)
{
    return (len >= 12 && memcmp(data, "\0\0\0\x0CjP  \r\n\x87\n", 12) == 0) ||
           (len >= 4 && memcmp(data, "\xFF\x4F\xFF\x51", 4) == 0);
}

static bool is_pnm(const uint8_t *data, size_t len)
{
    return len >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '6' &&
           (data[2] == ' ' || (data[2] >= '\t' && data[2] <= '\r'));
}

struct format {
    const char *name;
    bool (*matches)(const uint8_t *data, size_t len);
    image_decoder *decode;
};

/* AVIF and HEIC are told apart by their brands, of which AVIF's count first. */
static const struct format formats[] = {
    { "JPEG", is_jpeg, jpeg_decode },    { "PNG", is_png, png_decode },
    { "WebP", is_webp, webp_decode },    { "GIF", is_gif, gif_decode },
    { "BMP", is_bmp, bmp_decode },       { "TIFF", is_tiff, tiff_decode },
    { "AVIF", is_avif, avif_decode },    { "HEIC", is_heif, heif_decode },
    { "JPEG 2000", is_jp2, jp2_decode }, { "PNM", is_pnm, pnm_decode },
};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

static const struct format *find_format(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (formats[i].matches(data, len))
            return &formats[i];
    return NULL;
}

const char *image_format(const void *data, size_t len)
{
    const struct format *f = find_format(data, len);

    return f ? f->name : NULL;
}

void image_format_names(struct buf *out, const char *last)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : i + 1 < N_FORMATS ? ", " : last, formats[i].name);
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

static void expect_formats(struct err *e)
{
    struct buf names = BUF_INIT(1000);

    image_format_names(&names, " or ");
    err_expected(e, "a picture: %s", names.text ? names.text : "");
    buf_release(&names);
}

/* Shows how the file begins: as text where it is text, else in hexadecimal. */
static int no_picture(const uint8_t *data, size_t len, struct err *e)
{
    char text[BEGINNING + 1] = "", hex[3 * BEGINNING + 1] = "";
    size_t n = len < BEGINNING ? len : BEGINNING;

    err_set(e, ERR_FORMAT, len == 0 ? "the file is empty" : "not a picture of a known format");
    expect_formats(e);
    if (len == 0)
        return e->code;
    memcpy(text, data, n);
    if (is_text(text, n))
        return err_got(e, "a file that begins with \"%s\"", text);
    for (size_t i = 0; i < n; i++)
        snprintf(hex + 3 * i, sizeof(hex) - 3 * i, " %02x", data[i]);
    return err_got(e, "a file that begins with the bytes%s", hex);
}

int image_check_size(uint64_t width, uint64_t height, uint64_t pixels_max, struct err *e)
{
    if (width == 0 || height == 0)
        return err_set(e, ERR_FORMAT, "the picture has no pixels");
    if (width <= IMAGE_SIDE_MAX && height <= IMAGE_SIDE_MAX && width * height <= pixels_max)
        return 0;
    err_set(e, ERR_LIMIT, "the picture is too large");
    err_got(e, "%llu x %llu pixels", (unsigned long long)width, (unsigned long long)height);
    return err_expected(e, "sides of at most %d pixels, and at most %llu pixels", IMAGE_SIDE_MAX,
                        (unsigned long long)pixels_max);
}

int image_new(struct image *out, uint64_t width, uint64_t height, uint64_t pixels_max,
              struct err *e)
{
    int rc = image_check_size(width, height, pixels_max, e);

    *out = (struct image){ 0 };
    if (rc < 0)
        return rc;
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

int image_broken(struct err *e, const char *format, const char *what)
{
    err_set(e, ERR_FORMAT, "the %s is %s", format, what);
    return err_hint(e, "fetch the file again");
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
