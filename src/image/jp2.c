/* SPDX-License-Identifier: MIT
 *
 * JPEG 2000 (ISO/IEC 15444-1), as a file of boxes or a bare codestream, by OpenJPEG.
 */
#include "image/internal.h"

#include <openjpeg.h>
#include <string.h>

enum { CHANNELS_MAX = 4, PRECISION_MAX = 31, SAID_MAX = 200 };

struct bytes {
    const uint8_t *data;
    size_t len, at;
};

/* ---- a file in memory ---- */

static OPJ_SIZE_T read_bytes(void *to, OPJ_SIZE_T n, void *self)
{
    struct bytes *b = self;
    size_t got = n < b->len - b->at ? n : b->len - b->at;

    if (got == 0)
        return (OPJ_SIZE_T)-1;
    memcpy(to, b->data + b->at, got);
    b->at += got;
    return got;
}

static OPJ_OFF_T skip_bytes(OPJ_OFF_T n, void *self)
{
    struct bytes *b = self;

    if (n < 0 || (uint64_t)n > b->len - b->at)
        return -1;
    b->at += (size_t)n;
    return n;
}

static OPJ_BOOL seek(OPJ_OFF_T to, void *self)
{
    struct bytes *b = self;

    if (to < 0 || (uint64_t)to > b->len)
        return OPJ_FALSE;
    b->at = (size_t)to;
    return OPJ_TRUE;
}

static opj_stream_t *open_stream(struct bytes *b)
{
    opj_stream_t *stream = opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE);

    if (!stream)
        return NULL;
    opj_stream_set_user_data(stream, b, NULL);
    opj_stream_set_user_data_length(stream, b->len);
    opj_stream_set_read_function(stream, read_bytes);
    opj_stream_set_skip_function(stream, skip_bytes);
    opj_stream_set_seek_function(stream, seek);
    return stream;
}

/* ---- errors ---- */

static void keep_error(const char *text, void *data)
{
    char *said = data;

    if (!said[0])
        snprintf(said, SAID_MAX, "%.*s", (int)strcspn(text, "\n"), text);
}

static void keep_quiet(const char *text, void *data)
{
    (void)text;
    (void)data;
}

static int broken(const char *said, struct err *e)
{
    char what[SAID_MAX + 10] = "broken or truncated";

    if (said[0])
        snprintf(what, sizeof(what), "broken: %s", said);
    return image_broken(e, "JPEG 2000", what);
}

/* ---- pixels ---- */

/* A sample in `bits` bits, rounded as Pillow's Jpeg2KDecode.c does, whose largest values turn to 0,
 * though: here they stay the largest. */
static int sample_in(const opj_image_comp_t *c, size_t i, int bits)
{
    int shift = bits - (int)c->prec;
    int64_t value = c->data[i] + (c->sgnd ? (int64_t)1 << (c->prec - 1) : 0);

    value = shift < 0 ? (value + ((int64_t)1 << (-shift - 1))) >> -shift : value * (1 << shift);
    return value < 0 ? 0 : value >> bits > 0 ? (1 << bits) - 1 : (int)value;
}

/* Components may have fewer samples than the picture pixels. */
static int value_at(const opj_image_t *p, size_t channel, uint32_t x, uint32_t y)
{
    const opj_image_comp_t *c = &p->comps[channel];
    uint32_t column = x / c->dx, row = y / c->dy;

    column = column < c->w ? column : c->w - 1;
    row = row < c->h ? row : c->h - 1;
    return sample_in(c, (size_t)row * c->w + column, 8);
}

static void put_gray(const opj_image_t *p, uint32_t x, uint32_t y, uint8_t *rgb)
{
    memset(rgb, value_at(p, 0, x, y), 3);
}

/* Pillow makes it 16 bits, and then cuts it at 255. */
static void put_gray_16(const opj_image_t *p, uint32_t x, uint32_t y, uint8_t *rgb)
{
    int value = sample_in(&p->comps[0], (size_t)y * p->comps[0].w + x, 16);

    memset(rgb, value < 255 ? value : 255, 3);
}

static void put_color(const opj_image_t *p, uint32_t x, uint32_t y, uint8_t *rgb)
{
    for (size_t c = 0; c < 3; c++)
        rgb[c] = (uint8_t)value_at(p, c, x, y);
}

static void put_ycc(const opj_image_t *p, uint32_t x, uint32_t y, uint8_t *rgb)
{
    put_color(p, x, y, rgb);
    image_ycc(rgb);
}

typedef void put_pixel(const opj_image_t *p, uint32_t x, uint32_t y, uint8_t *rgb);

static put_pixel *find_kind(const opj_image_t *p)
{
    bool subsampled =
        p->numcomps >= 3 && (p->comps[1].dx != p->comps[0].dx || p->comps[1].dy != p->comps[0].dy);

    if (p->numcomps == 1 && p->comps[0].prec > 8)
        return put_gray_16;
    if (p->numcomps < 3)
        return put_gray;
    if (p->color_space == OPJ_CLRSPC_SYCC || (subsampled && p->color_space != OPJ_CLRSPC_SRGB))
        return put_ycc;
    return put_color;
}

static int check_channels(const opj_image_t *p, struct err *e)
{
    bool ok = p->numcomps >= 1 && p->numcomps <= CHANNELS_MAX;

    for (uint32_t i = 0; ok && i < p->numcomps; i++) {
        const opj_image_comp_t *c = &p->comps[i];

        ok = c->dx > 0 && c->dy > 0 && c->prec > 0 && c->prec <= PRECISION_MAX;
    }
    if (ok && p->color_space != OPJ_CLRSPC_CMYK && p->color_space != OPJ_CLRSPC_EYCC)
        return 0;
    err_set(e, ERR_FORMAT, "the JPEG 2000 is of a kind that is not read");
    err_got(e, "%u components", p->numcomps);
    err_expected(e, "gray or RGB, with alpha or without");
    return err_hint(e, "save it as 8-bit RGB");
}

static bool has_pixels(const opj_image_t *p, const struct image *out)
{
    for (uint32_t i = 0; i < p->numcomps && i < 3; i++)
        if (!p->comps[i].data || p->comps[i].w == 0 || p->comps[i].h == 0)
            return false;
    return p->comps[0].w == out->width && p->comps[0].h == out->height;
}

static void put_pixels(const opj_image_t *p, struct image *out)
{
    put_pixel *put = find_kind(p);
    uint8_t *to = out->rgb;

    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++, to += 3)
            put(p, x, y, to);
}

/* ---- the picture ---- */

struct decoder {
    opj_codec_t *codec;
    opj_stream_t *stream;
    opj_image_t *picture;
    char said[SAID_MAX];
};

static int read_picture(struct decoder *d, struct image *out, uint64_t pixels_max, struct err *e)
{
    opj_dparameters_t settings;
    int rc;

    opj_set_default_decoder_parameters(&settings);
    if (!opj_setup_decoder(d->codec, &settings) ||
        !opj_decoder_set_strict_mode(d->codec, OPJ_TRUE) ||
        !opj_read_header(d->stream, d->codec, &d->picture))
        return broken(d->said, e);
    if (d->picture->x1 <= d->picture->x0 || d->picture->y1 <= d->picture->y0)
        return broken("no pixels", e);
    rc = check_channels(d->picture, e);
    if (rc == 0)
        rc = image_new(out, d->picture->x1 - d->picture->x0, d->picture->y1 - d->picture->y0,
                       pixels_max, e);
    if (rc < 0)
        return rc;
    if (!opj_decode(d->codec, d->stream, d->picture) || !opj_end_decompress(d->codec, d->stream) ||
        !has_pixels(d->picture, out))
        return broken(d->said, e);
    put_pixels(d->picture, out);
    return 0;
}

static int decode_checked(struct image *out, const uint8_t *data, size_t len, uint64_t pixels_max,
                          struct err *e)
{
    struct bytes bytes = { .data = data, .len = len };
    struct decoder d = { .codec =
                             opj_create_decompress(data[0] == 0xFF ? OPJ_CODEC_J2K : OPJ_CODEC_JP2),
                         .stream = open_stream(&bytes) };
    int rc;

    if (d.codec && d.stream) {
        opj_set_error_handler(d.codec, keep_error, d.said);
        opj_set_warning_handler(d.codec, keep_quiet, NULL);
        opj_set_info_handler(d.codec, keep_quiet, NULL);
        rc = read_picture(&d, out, pixels_max, e);
    } else {
        rc = err_set(e, ERR_NOMEM, "out of memory: a JPEG 2000 decoder");
    }
    opj_image_destroy(d.picture);
    if (d.stream)
        opj_stream_destroy(d.stream);
    if (d.codec)
        opj_destroy_codec(d.codec);
    return rc;
}

int jp2_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
               uint64_t pixels_max, struct err *e)
{
    int rc = jp2_check(data, len, pixels_max, e);

    (void)up;
    return rc < 0 ? rc : decode_checked(out, data, len, pixels_max, e);
}
