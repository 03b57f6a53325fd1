/* SPDX-License-Identifier: MIT
 *
 * OpenJPEG takes memory for whatever a header says: for each tile and component, each code block,
 * each channel of a palette. A file of 300 bytes can ask for tens of gigabytes, so that the headers
 * are read here before (ISO/IEC 15444-1, annexes A and I).
 */
#include "image/internal.h"

#include <string.h>

enum {
    CHANNELS_MAX = 4,
    TILES_MAX = 1 << 14,  /* about 10 KB each; 128 x 128 in the largest picture are fewer */
    BLOCKS_MAX = 1 << 22, /* code blocks of a tile, about 300 bytes each; usual ones are 64 x 64 */
    LEVELS_MAX = 32
};

/* As they stand in a file of boxes. */
enum { BOX_HEADER = 0x6A703268 /* jp2h */, BOX_PALETTE = 0x70636C72 /* pclr */ };
enum { BOX_CODESTREAM = 0x6A703263 /* jp2c */ };

enum { SOC = 0xFF4F, SIZ = 0xFF51, COD = 0xFF52, COC = 0xFF53, SOT = 0xFF90, SOD = 0xFF93 };

/* The codestream, and what is known of its picture. */
struct stream {
    const uint8_t *data;
    size_t len, at;
    uint64_t tile_width, tile_height; /* at most the picture's */
    uint32_t channels;
};

static int broken(struct err *e, const char *what)
{
    return image_broken(e, "JPEG 2000", what);
}

static int too_many(struct err *e, const char *what, uint64_t got, uint64_t most)
{
    err_set(e, ERR_LIMIT, "the JPEG 2000 has too many %s", what);
    err_got(e, "%llu", (unsigned long long)got);
    return err_expected(e, "at most %llu", (unsigned long long)most);
}

/* ---- boxes ---- */

/* Each channel of a palette becomes one as large as the picture. */
static int check_palette(const struct box *box, struct err *e)
{
    enum { CHANNELS_AT = 2 };

    if (box->len <= CHANNELS_AT || box->data[CHANNELS_AT] <= CHANNELS_MAX)
        return 0;
    return too_many(e, "channels in its palette", box->data[CHANNELS_AT], CHANNELS_MAX);
}

/* OpenJPEG takes a palette also where it stands outside of the header. */
static int find_stream(struct stream *s, const uint8_t *data, size_t len, struct err *e)
{
    struct box box, inner;
    int rc = 0;

    for (size_t at = 0; rc == 0 && image_next_box(&box, data, len, &at);) {
        if (box.type == BOX_CODESTREAM) {
            s->data = box.data;
            s->len = (size_t)(data + len - box.data);
            return 0;
        }
        if (box.type == BOX_PALETTE)
            rc = check_palette(&box, e);
        for (size_t in = 0;
             rc == 0 && box.type == BOX_HEADER && image_next_box(&inner, box.data, box.len, &in);)
            if (inner.type == BOX_PALETTE)
                rc = check_palette(&inner, e);
    }
    return rc < 0 ? rc : broken(e, "broken or truncated: no picture in it");
}

/* ---- the codestream ---- */

static uint64_t parts(uint64_t whole, uint64_t part)
{
    return (whole + part - 1) / part;
}

static int check_counts(uint32_t channels, uint64_t tiles, struct err *e)
{
    if (channels <= CHANNELS_MAX)
        return tiles > TILES_MAX ? too_many(e, "tiles", tiles, TILES_MAX) : 0;
    err_set(e, ERR_FORMAT, "the JPEG 2000 is of a kind that is not read");
    err_got(e, "%u components", channels);
    err_expected(e, "gray or RGB, with alpha or without");
    return err_hint(e, "save it as 8-bit RGB");
}

/* The segment SIZ: where the picture and the tiles begin and end on one grid. */
static int check_size(struct stream *s, uint64_t pixels_max, struct err *e)
{
    enum { SIZ_END = 42, GRID_AT = 8, CHANNELS_AT = 40 };
    uint64_t v[8]; /* Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz */
    uint64_t width, height;
    int rc;

    if (s->len < SIZ_END || image_u16(s->data) != SOC || image_u16(s->data + 2) != SIZ)
        return broken(e, "broken or truncated: no size in front");
    for (size_t i = 0; i < 8; i++)
        v[i] = image_u32(s->data + GRID_AT + 4 * i);
    if (v[0] <= v[2] || v[1] <= v[3] || v[4] == 0 || v[5] == 0 || v[6] > v[2] || v[7] > v[3])
        return broken(e, "broken: no pixels");
    width = v[0] - v[2];
    height = v[1] - v[3];
    rc = image_check_size(width, height, pixels_max, e);
    if (rc < 0)
        return rc;
    s->channels = image_u16(s->data + CHANNELS_AT);
    s->tile_width = v[4] < width ? v[4] : width;
    s->tile_height = v[5] < height ? v[5] : height;
    s->at = 4 + image_u16(s->data + 4);
    if (s->at > s->len)
        return broken(e, "truncated");
    return check_counts(s->channels, parts(v[0] - v[6], v[4]) * parts(v[1] - v[7], v[5]), e);
}

/* How a tile is cut: levels, exponents of a block's sides less 2, style, transformation, then where
 * the file says so a byte a level with the exponents of the precincts' sides, which end blocks. */
static int check_blocks(const struct stream *s, const uint8_t *style, size_t len, bool precincts,
                        struct err *e)
{
    enum { PRECINCTS_AT = 5 };
    uint64_t blocks = 0;
    unsigned levels;

    if (len < PRECINCTS_AT || style[0] > LEVELS_MAX ||
        (precincts && len < PRECINCTS_AT + 1U + style[0]))
        return broken(e, "broken: a wrong style of coding");
    levels = style[0];
    for (unsigned r = 0; r <= levels; r++) {
        unsigned bands = r == 0 ? 1 : 3, down = r == 0 ? levels : levels - r + 1;
        unsigned sides = precincts ? style[PRECINCTS_AT + r] : 0xFF;
        unsigned across = sides & 15, upright = sides >> 4;

        /* a precinct's share of a band is half as wide */
        across = r > 0 && across > 0 ? across - 1 : across;
        upright = r > 0 && upright > 0 ? upright - 1 : upright;
        across = across < (style[1] & 15U) + 2 ? across : (style[1] & 15U) + 2;
        upright = upright < (style[2] & 15U) + 2 ? upright : (style[2] & 15U) + 2;
        blocks += bands * parts(s->tile_width, (uint64_t)1 << (down + across)) *
                  parts(s->tile_height, (uint64_t)1 << (down + upright));
    }
    blocks *= s->channels;
    return blocks > BLOCKS_MAX ? too_many(e, "code blocks", blocks, BLOCKS_MAX) : 0;
}

static int check_segment(const struct stream *s, uint32_t marker, const uint8_t *body, size_t len,
                         struct err *e)
{
    size_t style = marker == COD ? 5 : 2; /* behind COD's layers, COC's component */
    size_t flags = marker == COD ? 0 : 1;

    if (marker != COD && marker != COC)
        return 0;
    if (len < style)
        return broken(e, "broken: a wrong style of coding");
    return check_blocks(s, body + style, len - style, body[flags] & 1, e);
}

/* A segment that OpenJPEG 2.5 skips by its length; behind another it tries each two bytes. */
static bool has_length(uint32_t marker)
{
    static const uint8_t low[] = { 0x50, 0x51, 0x52, 0x53, 0x55, 0x57, 0x58, 0x59, 0x5C, 0x5D,
                                   0x5E, 0x5F, 0x60, 0x61, 0x63, 0x64, 0x74, 0x75, 0x77, 0x78 };

    return marker >> 8 == 0xFF && memchr(low, (int)(marker & 0xFF), sizeof(low));
}

/* Goes over the segments of a header, to SOT or behind SOD, which *marker then is. */
static int check_header(struct stream *s, uint32_t *marker, struct err *e)
{
    int rc = 0;

    while (rc == 0 && s->len - s->at >= 4) {
        size_t size = image_u16(s->data + s->at + 2);

        *marker = image_u16(s->data + s->at);
        if (*marker == SOT)
            return 0;
        s->at += 2;
        if (*marker == SOD)
            return 0;
        if (!has_length(*marker))
            continue;
        if (size < 2 || size > s->len - s->at)
            return broken(e, "broken or truncated: a wrong header");
        rc = check_segment(s, *marker, s->data + s->at + 2, size - 2, e);
        s->at += size;
    }
    *marker = 0;
    return rc;
}

/* Each part of a tile has a header of its own. Whatever follows the last is OpenJPEG's to judge. */
static int check_tiles(struct stream *s, struct err *e)
{
    enum { SOT_LEN = 12, SIZE_AT = 6 };
    uint32_t marker = SOT;
    int rc = 0;

    while (rc == 0 && s->len - s->at >= SOT_LEN && image_u16(s->data + s->at) == SOT) {
        size_t start = s->at, size = image_u32(s->data + start + SIZE_AT);

        s->at += SOT_LEN;
        rc = check_header(s, &marker, e);
        if (rc < 0 || size == 0 || size > s->len - start) /* to the end */
            return rc;
        if (marker != SOD || start + size < s->at)
            return broken(e, "broken: a wrong length of a tile");
        s->at = start + size;
    }
    return rc;
}

int jp2_check(const uint8_t *data, size_t len, uint64_t pixels_max, struct err *e)
{
    struct stream s = { .data = data, .len = len };
    uint32_t marker = 0;
    int rc = data[0] == 0xFF ? 0 : find_stream(&s, data, len, e);

    if (rc == 0)
        rc = check_size(&s, pixels_max, e);
    if (rc == 0)
        rc = check_header(&s, &marker, e);
    return rc == 0 && marker == SOT ? check_tiles(&s, e) : rc;
}
