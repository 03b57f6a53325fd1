/* SPDX-License-Identifier: MIT
 *
 * libheif bounds the sizes that the container gives; its HEVC decoder takes memory for those that
 * the parameter sets give, whatever the container says. A file of 2 KB can ask for 7 GB, so that
 * the parameter sets in the header are read here before (ISO/IEC 14496-15, 8.3.3; ITU-T H.265,
 * 7.3.2.2).
 */
#include "image/internal.h"

enum { BOX_META = 0x6D657461 /* meta */, BOX_IPRP = 0x69707270 /* iprp */ };
enum { BOX_IPCO = 0x6970636F /* ipco */, BOX_HVCC = 0x68766343 /* hvcC */ };
enum { NAL_SEQUENCE = 33 }; /* its parameter set */

/* ---- bits ---- */

/* Of a NAL unit, in which 0 0 is followed by a 3 that does not count. */
struct bits {
    const uint8_t *data;
    size_t len, at; /* at: bytes */
    unsigned left;  /* bits of the byte before */
    unsigned zeros; /* bytes */
    bool ended;
};

static unsigned next_bit(struct bits *b)
{
    if (b->left == 0) {
        if (b->zeros >= 2 && b->at < b->len && b->data[b->at] == 3) {
            b->at++;
            b->zeros = 0;
        }
        b->ended = b->ended || b->at >= b->len;
        if (b->ended)
            return 0;
        b->zeros = b->data[b->at++] == 0 ? b->zeros + 1 : 0;
        b->left = 8;
    }
    b->left--;
    return (unsigned)b->data[b->at - 1] >> b->left & 1;
}

/* At most 32. */
static uint32_t next_bits(struct bits *b, unsigned n)
{
    uint32_t value = 0;

    while (n-- > 0)
        value = value << 1 | next_bit(b);
    return value;
}

static void skip_bits(struct bits *b, unsigned n)
{
    while (n-- > 0)
        next_bit(b);
}

/* ue(v): as many zeros as bits follow the one behind them. */
static uint64_t next_golomb(struct bits *b)
{
    unsigned zeros = 0;

    while (!b->ended && next_bit(b) == 0)
        if (++zeros > 32)
            b->ended = true;
    return b->ended ? 0 : ((uint64_t)1 << zeros) - 1 + next_bits(b, zeros);
}

/* ---- parameter sets ---- */

static void skip_profiles(struct bits *b, unsigned sub_layers)
{
    enum { PROFILE = 88, LEVEL = 8, SUB_LAYERS = 8 };
    bool profile[SUB_LAYERS], level[SUB_LAYERS];

    skip_bits(b, PROFILE + LEVEL);
    for (unsigned i = 0; sub_layers > 0 && i < SUB_LAYERS; i++) {
        profile[i] = next_bit(b) && i < sub_layers;
        level[i] = next_bit(b) && i < sub_layers;
    }
    for (unsigned i = 0; i < sub_layers; i++)
        skip_bits(b, (profile[i] ? PROFILE : 0U) + (level[i] ? LEVEL : 0U));
}

/* One that cannot be read is left to the decoder, which refuses it. */
static int check_sequence(const uint8_t *nal, size_t len, uint64_t pixels_max, struct err *e)
{
    struct bits b = { .data = nal, .len = len };
    unsigned sub_layers;
    uint64_t width, height;

    skip_bits(&b, 16 + 4); /* the unit's header, the video's parameter set */
    sub_layers = next_bits(&b, 3);
    skip_bits(&b, 1);
    skip_profiles(&b, sub_layers);
    next_golomb(&b);
    if (next_golomb(&b) == 3) /* chroma is whole */
        skip_bits(&b, 1);
    width = next_golomb(&b);
    height = next_golomb(&b);
    return b.ended ? 0 : image_check_size(width, height, pixels_max, e);
}

/* hvcC: 22 bytes, the number of arrays; each: its kind, the number of units, and these with their
 * lengths in front. */
static int check_header(const struct box *box, uint64_t pixels_max, struct err *e)
{
    enum { ARRAYS_AT = 22 };
    const uint8_t *p = box->data, *end = p + box->len;
    unsigned arrays;
    int rc = 0;

    if (box->len <= ARRAYS_AT)
        return 0;
    arrays = p[ARRAYS_AT];
    for (p += ARRAYS_AT + 1; rc == 0 && arrays > 0 && end - p >= 3; arrays--) {
        unsigned units = image_u16(p + 1);

        for (p += 3; rc == 0 && units > 0 && end - p >= 2; units--) {
            size_t len = image_u16(p);

            p += 2;
            if (len > (size_t)(end - p))
                return 0;
            if (len > 0 && (p[0] >> 1 & 63) == NAL_SEQUENCE)
                rc = check_sequence(p, len, pixels_max, e);
            p += len;
        }
    }
    return rc;
}

/* meta/iprp/ipco/hvcC; the first has a version in front. */
static int check_boxes(const struct box *in, unsigned depth, uint64_t pixels_max, struct err *e)
{
    static const uint32_t path[] = { BOX_META, BOX_IPRP, BOX_IPCO, BOX_HVCC };
    enum { DEPTH = sizeof(path) / sizeof(path[0]), VERSION = 4 };
    struct box box;
    int rc = 0;

    for (size_t at = 0; rc == 0 && image_next_box(&box, in->data, in->len, &at);) {
        if (box.type != path[depth])
            continue;
        if (box.type == BOX_META && box.len >= VERSION) {
            box.data += VERSION;
            box.len -= VERSION;
        }
        rc = depth + 1 == DEPTH ? check_header(&box, pixels_max, e)
                                : check_boxes(&box, depth + 1, pixels_max, e);
    }
    return rc;
}

int heif_check(const uint8_t *data, size_t len, uint64_t pixels_max, struct err *e)
{
    struct box file = { .data = data, .len = len };

    return check_boxes(&file, 0, pixels_max, e);
}
