/* SPDX-License-Identifier: MIT
 *
 * TIFF 6.0, BigTIFF, by libtiff: the first page. libtiff unpacks a strip or tile at a time; what
 * its samples mean is the table of kinds, which has those of Pillow's TiffImagePlugin that are a
 * picture's. Others are refused rather than guessed: libtiff's own conversion to RGBA spreads and
 * blends values in other ways.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

enum {
    BLOCK_BYTES_MAX = 256 << 20, /* of a strip or tile, unpacked */
    CHANNELS_MAX = 8,
    SAID_MAX = 200
};

/* ---- a file in memory ---- */

struct bytes {
    const uint8_t *data;
    size_t len, at;
    char said[SAID_MAX]; /* libtiff's first error */
};

static tmsize_t read_bytes(thandle_t self, void *to, tmsize_t n)
{
    struct bytes *b = self;
    size_t left = b->at < b->len ? b->len - b->at : 0;
    size_t got = (size_t)n < left ? (size_t)n : left;

    memcpy(to, b->data + (got > 0 ? b->at : 0), got);
    b->at += got;
    return (tmsize_t)got;
}

static tmsize_t write_nothing(thandle_t self, void *from, tmsize_t n)
{
    (void)self;
    (void)from;
    (void)n;
    return -1;
}

static toff_t seek(thandle_t self, toff_t offset, int whence)
{
    struct bytes *b = self;
    uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? b->at : b->len;

    if (offset > SIZE_MAX - from)
        return (toff_t)-1;
    b->at = from + offset;
    return b->at;
}

static int close_nothing(thandle_t self)
{
    (void)self;
    return 0;
}

static toff_t size_of(thandle_t self)
{
    return ((struct bytes *)self)->len;
}

static int keep_error(TIFF *tiff, void *data, const char *module, const char *fmt, va_list args)
{
    struct bytes *b = data;

    (void)tiff;
    (void)module;
    if (!b->said[0])
        vsnprintf(b->said, sizeof(b->said), fmt, args);
    return 1; /* nothing else is told */
}

static int keep_quiet(TIFF *tiff, void *data, const char *module, const char *fmt, va_list args)
{
    (void)tiff;
    (void)data;
    (void)module;
    (void)fmt;
    (void)args;
    return 1;
}

static TIFF *open_tiff(struct bytes *b)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    TIFF *tiff;

    if (!options)
        return NULL;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, BLOCK_BYTES_MAX);
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_error, b);
    TIFFOpenOptionsSetWarningHandlerExtR(options, keep_quiet, b);
    /* "m": not mapped into memory */
    tiff = TIFFClientOpenExt("", "rm", b, read_bytes, write_nothing, seek, close_nothing, size_of,
                             NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

static int broken(const struct bytes *b, struct err *e)
{
    char what[SAID_MAX + 10] = "broken";

    if (b->said[0])
        snprintf(what, sizeof(what), "broken: %s", b->said);
    return image_broken(e, "TIFF", what);
}

/* ---- what samples mean ---- */

struct tiff {
    TIFF *file;
    struct bytes *bytes;
    uint32_t width, height;
    uint16_t photometric, bits, channels, planar, format, compression;
    uint16_t n_extra, extra; /* extra: what the first is, 0 to 2 */
    uint16_t n_used;         /* channels that count: the rest is left out */
    uint16_t *map[3];        /* a palette's red, green, blue, [1 << bits] */
    const struct kind *kind;
};

/* One pixel: its samples in 8 bits, or as they are where a kind takes them so. */
typedef void to_rgb(const struct tiff *t, const uint16_t *samples, uint8_t *rgb);

struct kind {
    uint16_t photometric, bits_min, bits_max, n_used;
    bool whole; /* samples keep their bits */
    to_rgb *convert;
};

static void gray(const struct tiff *t, const uint16_t *s, uint8_t *rgb)
{
    unsigned most = (1U << t->bits) - 1, value = s[0] * 255U / most;

    memset(rgb, t->photometric == PHOTOMETRIC_MINISWHITE ? 255 - (int)value : (int)value, 3);
}

/* Pillow cuts it at 255 and overlooks that zero is white. */
static void gray_16(const struct tiff *t, const uint16_t *s, uint8_t *rgb)
{
    (void)t;
    memset(rgb, s[0] < 255 ? s[0] : 255, 3);
}

static void palette(const struct tiff *t, const uint16_t *s, uint8_t *rgb)
{
    for (size_t c = 0; c < 3; c++)
        rgb[c] = (uint8_t)(t->map[c][s[0]] >> 8);
}

/* Colors that were multiplied with their alpha are divided again, as Pillow's Unpack.c does. */
static void color(const struct tiff *t, const uint16_t *s, uint8_t *rgb)
{
    unsigned alpha = t->n_extra > 0 && t->extra == EXTRASAMPLE_ASSOCALPHA ? s[3] : 255;

    for (size_t c = 0; c < 3; c++) {
        unsigned value = alpha == 0 ? 0 : alpha == 255 ? s[c] : s[c] * 255U / alpha;

        rgb[c] = (uint8_t)(value < 255 ? value : 255);
    }
}

static void cmyk(const struct tiff *t, const uint16_t *s, uint8_t *rgb)
{
    uint8_t ink[4];

    (void)t;
    for (size_t c = 0; c < 4; c++)
        ink[c] = (uint8_t)s[c];
    image_cmyk(rgb, ink, 1);
}

static const struct kind kinds[] = {
    { PHOTOMETRIC_MINISWHITE, 1, 8, 1, true, gray },
    { PHOTOMETRIC_MINISBLACK, 1, 8, 1, true, gray },
    { PHOTOMETRIC_MINISWHITE, 16, 16, 1, true, gray_16 },
    { PHOTOMETRIC_MINISBLACK, 16, 16, 1, true, gray_16 },
    { PHOTOMETRIC_PALETTE, 1, 8, 1, true, palette },
    { PHOTOMETRIC_RGB, 8, 16, 3, false, color },
    { PHOTOMETRIC_SEPARATED, 8, 16, 4, false, cmyk },
};

static const struct kind *find_kind(const struct tiff *t)
{
    bool is_whole_bits = t->bits > 0 && t->bits <= 16 && (t->bits & (t->bits - 1)) == 0;

    for (size_t i = 0; is_whole_bits && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct kind *k = &kinds[i];

        if (k->photometric == t->photometric && t->bits >= k->bits_min && t->bits <= k->bits_max &&
            t->channels >= k->n_used && t->channels <= CHANNELS_MAX)
            return k;
    }
    return NULL;
}

/* ---- pixels ---- */

/* The sample at place i of a row: of less than a byte the high bits come first; 16 bits in the
 * machine's order. */
static uint16_t sample_at(const struct tiff *t, const uint8_t *row, size_t i)
{
    uint16_t value;

    if (t->bits == 8)
        return row[i];
    if (t->bits == 16) {
        memcpy(&value, row + 2 * i, sizeof(value));
        return t->kind->whole ? value : value >> 8;
    }
    i *= t->bits;
    return (uint16_t)((unsigned)row[i / 8] >> (8 - t->bits - i % 8) & ((1U << t->bits) - 1));
}

/* Where a block of pixels lies; `stride` bytes a row, `plane` bytes a channel where each has its
 * own. */
struct block {
    const uint8_t *data;
    uint32_t x, y, width, height;
    size_t stride, plane;
};

static void put_block(const struct tiff *t, struct image *out, const struct block *b)
{
    for (uint32_t y = 0; y < b->height && b->y + y < out->height; y++) {
        const uint8_t *row = b->data + b->stride * y;
        uint8_t *to = out->rgb + ((size_t)(b->y + y) * out->width + b->x) * 3;

        for (uint32_t x = 0; x < b->width && b->x + x < out->width; x++, to += 3) {
            uint16_t s[CHANNELS_MAX];

            for (size_t c = 0; c < t->n_used; c++)
                s[c] = b->plane ? sample_at(t, row + c * b->plane, x)
                                : sample_at(t, row, (size_t)x * t->channels + c);
            t->kind->convert(t, s, to);
        }
    }
}

/* Of a picture whose channels lie apart one block a channel; block: of the first. */
static int read_blocks(struct tiff *t, uint8_t *to, uint32_t block, size_t size, struct err *e)
{
    bool tiled = TIFFIsTiled(t->file), apart = t->planar == PLANARCONFIG_SEPARATE;
    uint32_t a_plane = (tiled ? TIFFNumberOfTiles(t->file) : TIFFNumberOfStrips(t->file)) /
                       (apart ? t->channels : 1U);

    for (uint32_t c = 0; c < (apart ? t->n_used : 1U); c++) {
        uint32_t number = block + c * a_plane;
        tmsize_t got = tiled ? TIFFReadEncodedTile(t->file, number, to + c * size, (tmsize_t)size)
                             : TIFFReadEncodedStrip(t->file, number, to + c * size, (tmsize_t)size);

        if (got < 0)
            return broken(t->bytes, e);
    }
    return 0;
}

/* How large blocks are, and room for one of each channel. */
static uint8_t *new_block(struct tiff *t, struct block *b, size_t *size, struct err *e)
{
    uint64_t bytes;
    bool tiled = TIFFIsTiled(t->file), apart = t->planar == PLANARCONFIG_SEPARATE;

    b->width = t->width;
    b->height = t->height;
    if (tiled) {
        TIFFGetField(t->file, TIFFTAG_TILEWIDTH, &b->width);
        TIFFGetField(t->file, TIFFTAG_TILELENGTH, &b->height);
    } else {
        TIFFGetFieldDefaulted(t->file, TIFFTAG_ROWSPERSTRIP, &b->height);
        b->height = b->height < t->height ? b->height : t->height;
    }
    bytes = tiled ? TIFFTileSize64(t->file) : TIFFStripSize64(t->file);
    b->stride = (size_t)(tiled ? TIFFTileRowSize64(t->file) : TIFFScanlineSize64(t->file));
    if (bytes > BLOCK_BYTES_MAX) {
        err_set(e, ERR_LIMIT, "a strip or tile of the TIFF is too large");
        err_got(e, "%llu bytes", (unsigned long long)bytes);
        err_expected(e, "at most %d", BLOCK_BYTES_MAX);
        return NULL;
    }
    *size = (size_t)bytes;
    if (b->width == 0 || b->height == 0 || b->stride == 0 || bytes / b->stride < b->height) {
        broken(t->bytes, e);
        return NULL;
    }
    b->plane = apart ? *size : 0;
    return mem_new(*size, apart ? t->n_used : 1, e);
}

static int read_pixels(struct tiff *t, struct image *out, struct err *e)
{
    struct block b = { 0 };
    size_t size = 0;
    uint8_t *data = new_block(t, &b, &size, e);
    uint32_t block = 0;
    int rc = data ? 0 : (int)e->code;

    b.data = data;
    for (b.y = 0; rc == 0 && b.y < out->height; b.y += b.height)
        for (b.x = 0; rc == 0 && b.x < out->width; b.x += b.width, block++) {
            rc = read_blocks(t, data, block, size, e);
            if (rc == 0)
                put_block(t, out, &b);
        }
    free(data);
    return rc;
}

/* ---- headers ---- */

static int refuse_kind(const struct tiff *t, struct err *e)
{
    err_set(e, ERR_FORMAT, "the TIFF is of a kind that is not read");
    err_got(e, "photometric %u, %u x %u bits, sample format %u, compression %u", t->photometric,
            t->channels, t->bits, t->format, t->compression);
    err_expected(e, "gray, palette, RGB, YCbCr or CMYK, of whole numbers of at most 16 bits");
    return err_hint(e, "save it as 8-bit RGB");
}

/* JPEG's own colors become RGB in libjpeg; others that are YCbCr are left to libtiff. */
static bool has_rgb_within(struct tiff *t)
{
    if (t->photometric != PHOTOMETRIC_YCBCR || t->compression != COMPRESSION_JPEG ||
        t->planar != PLANARCONFIG_CONTIG)
        return false;
    TIFFSetField(t->file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    t->photometric = PHOTOMETRIC_RGB;
    return true;
}

static int read_header(struct tiff *t, struct err *e)
{
    uint16_t *extra = NULL;

    if (!TIFFGetField(t->file, TIFFTAG_IMAGEWIDTH, &t->width) ||
        !TIFFGetField(t->file, TIFFTAG_IMAGELENGTH, &t->height))
        return broken(t->bytes, e);
    TIFFGetFieldDefaulted(t->file, TIFFTAG_BITSPERSAMPLE, &t->bits);
    TIFFGetFieldDefaulted(t->file, TIFFTAG_SAMPLESPERPIXEL, &t->channels);
    TIFFGetFieldDefaulted(t->file, TIFFTAG_PLANARCONFIG, &t->planar);
    TIFFGetFieldDefaulted(t->file, TIFFTAG_SAMPLEFORMAT, &t->format);
    TIFFGetFieldDefaulted(t->file, TIFFTAG_COMPRESSION, &t->compression);
    TIFFGetField(t->file, TIFFTAG_PHOTOMETRIC, &t->photometric);
    if (TIFFGetField(t->file, TIFFTAG_EXTRASAMPLES, &t->n_extra, &extra) && t->n_extra > 0)
        t->extra = extra[0];
    has_rgb_within(t);
    t->kind = find_kind(t);
    if (t->format != SAMPLEFORMAT_UINT || t->compression == COMPRESSION_OJPEG)
        return refuse_kind(t, e);
    if (t->photometric == PHOTOMETRIC_YCBCR)
        return 0;
    if (!t->kind)
        return refuse_kind(t, e);
    t->n_used = t->kind->n_used;
    if (t->photometric == PHOTOMETRIC_RGB && t->channels > 3)
        t->n_used++; /* alpha */
    if (t->photometric == PHOTOMETRIC_PALETTE &&
        !TIFFGetField(t->file, TIFFTAG_COLORMAP, &t->map[0], &t->map[1], &t->map[2]))
        return image_broken(e, "TIFF", "broken: no palette");
    return 0;
}

static void find_upright(struct upright *up, TIFF *file)
{
    uint16_t orientation = 0;
    uint32_t len = 0;
    void *xmp = NULL;

    if (TIFFGetField(file, TIFFTAG_ORIENTATION, &orientation))
        up->exif = orientation >= 1 && orientation <= 8 ? orientation : 1;
    if (TIFFGetField(file, TIFFTAG_XMLPACKET, &len, &xmp) && xmp)
        up->xmp = xmp_orientation(xmp, len);
}

/* Subsampled colors, and those that were packed by other than JPEG: as Pillow, which also leaves
 * them to libtiff. */
static int read_ycbcr(struct tiff *t, struct image *out, struct err *e)
{
    size_t n = (size_t)out->width * out->height;
    uint32_t *rgba;
    int ok;

    if (TIFFTileSize64(t->file) > BLOCK_BYTES_MAX || TIFFStripSize64(t->file) > BLOCK_BYTES_MAX)
        return err_set(e, ERR_LIMIT, "a strip or tile of the TIFF is too large");
    rgba = mem_new(n, sizeof(*rgba), e);
    if (!rgba)
        return ERR_NOMEM;
    ok = TIFFReadRGBAImageOriented(t->file, out->width, out->height, rgba, ORIENTATION_TOPLEFT, 1);
    for (size_t i = 0; ok && i < n; i++) {
        out->rgb[3 * i] = (uint8_t)TIFFGetR(rgba[i]);
        out->rgb[3 * i + 1] = (uint8_t)TIFFGetG(rgba[i]);
        out->rgb[3 * i + 2] = (uint8_t)TIFFGetB(rgba[i]);
    }
    free(rgba);
    return ok ? 0 : broken(t->bytes, e);
}

int tiff_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    struct bytes bytes = { .data = data, .len = len };
    struct tiff t = { .file = open_tiff(&bytes), .bytes = &bytes };
    int rc;

    if (!t.file)
        return broken(&bytes, e);
    rc = read_header(&t, e);
    if (rc == 0)
        rc = image_new(out, t.width, t.height, pixels_max, e);
    if (rc == 0)
        rc = t.photometric == PHOTOMETRIC_YCBCR ? read_ycbcr(&t, out, e) : read_pixels(&t, out, e);
    if (rc == 0)
        find_upright(up, t.file);
    TIFFClose(t.file);
    return rc;
}
