/* SPDX-License-Identifier: MIT
 *
 * Windows and OS/2 bitmaps: Microsoft's "Bitmap Storage" (BITMAPCOREHEADER to BITMAPV5HEADER), what
 * of it Pillow's BmpImagePlugin reads. A reader of our own: Debian has no library for it.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40 };
enum { MASKS_AT = 40, MASKS_END = 52 }; /* in an info header of version 2 and later, or behind it */
enum { COMPRESSION_NONE, COMPRESSION_RLE8, COMPRESSION_RLE4, COMPRESSION_FIELDS };
enum { COLORS_MAX = 256, PALETTE_MAX = 65536 };

struct bmp {
    const uint8_t *data;
    size_t len;
    uint32_t header, offset, width, height, bits, compression, colors;
    bool from_top;
    uint32_t mask[3]; /* red, green, blue */
    uint8_t palette[COLORS_MAX][3];
};

static int broken(struct err *e, const char *what)
{
    return image_broken(e, "BMP", what);
}

static uint32_t u16_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | u16_at(p + 2) << 16;
}

/* ---- headers ---- */

static void read_core(struct bmp *b, const uint8_t *h)
{
    b->width = u16_at(h + 4);
    b->height = u16_at(h + 6);
    b->bits = u16_at(h + 10);
}

/* A height below zero: the first row is the top one. */
static void read_info(struct bmp *b, const uint8_t *h)
{
    b->width = u32_at(h + 4);
    b->height = u32_at(h + 8);
    b->from_top = h[11] == 0xFF;
    if (b->from_top)
        b->height = 0 - b->height;
    b->bits = u16_at(h + 14);
    b->compression = u32_at(h + 16);
    b->colors = u32_at(h + 32);
}

static bool is_header(uint32_t size)
{
    static const uint32_t sizes[] = { CORE_HEADER, INFO_HEADER, 52, 56, 64, 108, 124 };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (size == sizes[i])
            return true;
    return false;
}

static int read_masks(struct bmp *b, const uint8_t *h, struct err *e)
{
    static const uint32_t five_bits[3] = { 0x7C00, 0x3E0, 0x1F };
    static const uint32_t eight_bits[3] = { 0xFF0000, 0xFF00, 0xFF };

    memcpy(b->mask, b->bits == 16 ? five_bits : eight_bits, sizeof(b->mask));
    if (b->compression != COMPRESSION_FIELDS)
        return 0;
    if (b->len < FILE_HEADER + MASKS_END)
        return broken(e, "truncated");
    for (size_t c = 0; c < 3; c++)
        b->mask[c] = u32_at(h + MASKS_AT + 4 * c);
    if (b->bits == 32 && (b->mask[0] | b->mask[1] | b->mask[2]) == 0)
        memcpy(b->mask, eight_bits, sizeof(b->mask));
    return 0;
}

/* Indices behind the palette's end are black. */
static int read_palette(struct bmp *b, struct err *e)
{
    size_t entry = b->header == CORE_HEADER ? 3 : 4;
    size_t at = FILE_HEADER + (size_t)b->header;

    if (b->colors == 0)
        b->colors = 1U << b->bits;
    if (b->colors > PALETTE_MAX)
        return broken(e, "broken: too many colors in its palette");
    for (size_t i = 0; i < b->colors && i < COLORS_MAX && b->len - at >= entry; i++, at += entry)
        for (size_t c = 0; c < 3; c++)
            b->palette[i][c] = b->data[at + 2 - c];
    /* some writers leave the palette out of the offset of the pixels */
    if (b->offset == FILE_HEADER + b->header)
        b->offset += (uint32_t)entry * b->colors;
    return 0;
}

static int read_headers(struct bmp *b, struct err *e)
{
    const uint8_t *h = b->data + FILE_HEADER;

    if (b->len < FILE_HEADER + CORE_HEADER)
        return broken(e, "truncated");
    b->offset = u32_at(b->data + 10);
    b->header = u32_at(h);
    if (!is_header(b->header))
        return broken(e, "broken: a header of no known size");
    if (b->len - FILE_HEADER < b->header)
        return broken(e, "truncated");
    if (b->header == CORE_HEADER)
        read_core(b, h);
    else
        read_info(b, h);
    if (b->offset == 0)
        b->offset = FILE_HEADER + b->header +
                    (b->header == INFO_HEADER && b->compression == COMPRESSION_FIELDS ? 12 : 0);
    return b->bits <= 8 ? 0 : read_masks(b, h, e);
}

/* ---- pixels that are colors ---- */

struct channel {
    unsigned shift, most; /* most: the largest value */
};

/* Fields as Pillow knows them: whole bytes, or 5 and 6 bits of 16. */
static bool find_channels(const struct bmp *b, struct channel channels[3])
{
    for (size_t c = 0; c < 3; c++) {
        uint32_t mask = b->mask[c];
        unsigned shift = 0;

        while (mask > 0 && (mask & 1) == 0) {
            mask >>= 1;
            shift++;
        }
        if (b->bits == 16 ? mask != 31 && mask != 63 : mask != 255)
            return false;
        if (shift + (b->bits == 16 ? 5 : 8) > b->bits)
            return false;
        channels[c] = (struct channel){ shift, mask };
    }
    return true;
}

static void read_color_row(const struct bmp *b, const struct channel channels[3], uint8_t *to,
                           const uint8_t *from)
{
    size_t size = b->bits / 8;

    for (uint32_t x = 0; x < b->width; x++, from += size, to += 3) {
        uint32_t pixel = u16_at(from);

        for (size_t i = 2; i < size; i++)
            pixel |= (uint32_t)from[i] << 8 * i;
        for (size_t c = 0; c < 3; c++)
            to[c] =
                (uint8_t)((pixel >> channels[c].shift & channels[c].most) * 255 / channels[c].most);
    }
}

/* ---- pixels that are indices ---- */

static void read_index_row(const struct bmp *b, uint8_t *to, const uint8_t *from)
{
    unsigned a_byte = 8 / b->bits;

    for (uint32_t x = 0; x < b->width; x++, to += 3) {
        unsigned shift = (a_byte - 1 - x % a_byte) * b->bits;

        memcpy(to, b->palette[(unsigned)from[x / a_byte] >> shift & ((1U << b->bits) - 1)], 3);
    }
}

static uint8_t *row_of(const struct bmp *b, const struct image *out, uint32_t y)
{
    return out->rgb + (size_t)(b->from_top ? y : out->height - 1 - y) * out->width * 3;
}

static int read_rows(struct bmp *b, struct image *out, struct err *e)
{
    size_t bytes = ((size_t)b->width * b->bits + 7) / 8, stride = (bytes + 3) / 4 * 4;
    struct channel channels[3];
    size_t at = b->offset;

    if (b->bits > 8 && !find_channels(b, channels))
        return broken(e, "of a kind that is not read: fields of other bits than 5-5-5, 5-6-5 and "
                         "8-8-8");
    for (uint32_t y = 0; y < b->height; y++, at += stride) {
        if (at > b->len || b->len - at < bytes)
            return broken(e, "truncated");
        if (b->bits > 8)
            read_color_row(b, channels, row_of(b, out, y), b->data + at);
        else
            read_index_row(b, row_of(b, out, y), b->data + at);
    }
    return 0;
}

/* ---- run-length encoding ---- */

/* Pixels in the order of the file, one index a byte. A run ends with its row; what is written as it
 * is does not. */
struct runs {
    const uint8_t *data;
    size_t len, at;
    uint8_t *index;
    size_t n, all, width;
    size_t x; /* in the row, as the runs count it */
    bool is_rle4;
};

static void put(struct runs *r, size_t n, uint8_t index)
{
    for (; n > 0 && r->n < r->all; n--)
        r->index[r->n++] = index;
}

static void put_run(struct runs *r, size_t n, uint8_t byte)
{
    size_t left = r->x < r->width ? r->width - r->x : 0;

    n = n < left ? n : left;
    for (size_t i = 0; i < n; i++)
        put(r, 1, !r->is_rle4 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
    r->x += n;
}

/* Padded to an even place in the file. False where the file ends. */
static bool put_literal(struct runs *r, size_t count)
{
    size_t n = r->all - r->n < count ? r->all - r->n : count;
    size_t bytes = r->is_rle4 ? (n + 1) / 2 : n;

    if (r->len - r->at < bytes)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = r->data[r->at + (r->is_rle4 ? i / 2 : i)];

        put(r, 1, !r->is_rle4 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
    }
    r->at += bytes;
    r->at += r->at % 2;
    r->x += count;
    return r->at <= r->len;
}

static bool put_delta(struct runs *r)
{
    if (r->len - r->at < 2)
        return false;
    put(r, r->data[r->at] + r->data[r->at + 1] * r->width, 0);
    r->at += 2;
    r->x = r->n % r->width;
    return true;
}

/* Reads one piece; false at the end. */
static bool next_piece(struct runs *r)
{
    uint8_t count, byte;

    if (r->n == r->all || r->len - r->at < 2)
        return false;
    count = r->data[r->at++];
    byte = r->data[r->at++];
    if (count > 0) {
        put_run(r, count, byte);
        return true;
    }
    switch (byte) {
    case 0: /* end of the row */
        put(r, (r->width - r->n % r->width) % r->width, 0);
        r->x = 0;
        return true;
    case 1: /* end of the picture */ return false;
    case 2: return put_delta(r);
    default: return put_literal(r, byte);
    }
}

static int read_runs(struct bmp *b, struct image *out, struct err *e)
{
    struct runs r = { b->data, b->len, b->offset < b->len ? b->offset : b->len };

    r.width = out->width;
    r.all = (size_t)out->width * out->height;
    r.is_rle4 = b->compression == COMPRESSION_RLE4;
    r.index = mem_new(r.all, 1, e);
    if (!r.index)
        return ERR_NOMEM;
    while (next_piece(&r))
        ;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++)
            memcpy(row_of(b, out, y) + 3 * (size_t)x,
                   b->palette[r.index[(size_t)y * out->width + x]], 3);
    free(r.index);
    return r.n == r.all ? 0 : broken(e, "truncated");
}

/* ---- the picture ---- */

static bool is_kind_read(const struct bmp *b)
{
    bool is_index = b->bits == 1 || b->bits == 4 || b->bits == 8;
    bool is_color = b->bits == 16 || b->bits == 24 || b->bits == 32;

    switch (b->compression) {
    case COMPRESSION_NONE: return is_index || is_color;
    case COMPRESSION_RLE8:
    case COMPRESSION_RLE4: return is_index;
    default: return b->compression == COMPRESSION_FIELDS && is_color;
    }
}

int bmp_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
               uint64_t pixels_max, struct err *e)
{
    struct bmp b = { .data = data, .len = len };
    int rc = read_headers(&b, e);

    (void)up;
    if (rc < 0)
        return rc;
    if (!is_kind_read(&b))
        return broken(e, "of a kind that is not read: another depth or compression");
    rc = image_new(out, b.width, b.height, pixels_max, e);
    if (rc == 0 && b.bits <= 8)
        rc = read_palette(&b, e);
    if (rc < 0)
        return rc;
    return b.compression == COMPRESSION_RLE8 || b.compression == COMPRESSION_RLE4
               ? read_runs(&b, out, e)
               : read_rows(&b, out, e);
}
