/* SPDX-License-Identifier: MIT
 *
 * PBM, PGM and PPM (netpbm's manuals pbm(5), pgm(5), ppm(5)), P1 to P6. A reader of our own:
 * netpbm's library keeps its state in globals and ends the program at a broken file.
 */
#include "image/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 10, MAXVAL_MAX = 65535 };

struct pnm {
    const uint8_t *at, *end;
    size_t channels;
    bool is_bits, is_plain;
    uint32_t maxval;
    uint8_t *scaled; /* [MAXVAL_MAX + 1] a sample's 8 bits */
};

static int broken(struct err *e, const char *what)
{
    return image_broken(e, "PNM", what);
}

/* ---- text ---- */

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next byte that is in no comment, or -1. A comment takes its line's end with it. */
static int next_byte(struct pnm *p)
{
    while (p->at < p->end && *p->at == '#') {
        while (p->at < p->end && *p->at != '\n' && *p->at != '\r')
            p->at++;
        if (p->at < p->end)
            p->at++;
    }
    return p->at < p->end ? *p->at++ : -1;
}

static int next_visible(struct pnm *p)
{
    int c;

    do
        c = next_byte(p);
    while (is_space(c));
    return c;
}

/* A whole number, and the one white space behind it. */
static bool read_number(struct pnm *p, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    int digits = 0;

    for (int c = next_visible(p); c >= 0 && !is_space(c); c = next_byte(p)) {
        if (c < '0' || c > '9' || ++digits > DIGITS_MAX)
            return false;
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = (uint32_t)value;
    return digits > 0 && value <= max;
}

/* ---- samples ---- */

/* Pillow scales gray of more than 8 bits to 16, which its convert("RGB") then cuts at 255. */
static uint8_t scale(const struct pnm *p, uint32_t sample)
{
    double most = p->channels == 1 && p->maxval > 255 ? MAXVAL_MAX : 255;
    double value = rint((double)sample / p->maxval * most);

    return value < 255 ? (uint8_t)value : 255;
}

static int read_plain_bits(struct pnm *p, struct image *out, struct err *e)
{
    size_t n = (size_t)out->width * out->height;

    for (size_t i = 0; i < n; i++) {
        int c = next_visible(p);

        if (c != '0' && c != '1')
            return broken(e, c < 0 ? "truncated" : "broken: a pixel that is neither 0 nor 1");
        memset(out->rgb + 3 * i, c == '0' ? 255 : 0, 3);
    }
    return 0;
}

static int read_bits(struct pnm *p, struct image *out, struct err *e)
{
    size_t stride = ((size_t)out->width + 7) / 8;
    uint8_t *to = out->rgb;

    if ((size_t)(p->end - p->at) / stride < out->height)
        return broken(e, "truncated");
    for (uint32_t y = 0; y < out->height; y++, p->at += stride)
        for (uint32_t x = 0; x < out->width; x++, to += 3)
            memset(to, p->at[x / 8] & 0x80 >> x % 8 ? 0 : 255, 3);
    return 0;
}

static int next_sample(struct pnm *p, uint32_t *sample, struct err *e)
{
    size_t size = p->maxval > 255 ? 2 : 1;

    if (p->is_plain) {
        if (read_number(p, p->maxval, sample))
            return 0;
        return broken(e, p->at == p->end ? "truncated"
                                         : "broken: a value that is no number within its range");
    }
    if ((size_t)(p->end - p->at) < size)
        return broken(e, "truncated");
    *sample = size == 2 ? (uint32_t)p->at[0] << 8 | p->at[1] : p->at[0];
    p->at += size;
    return 0;
}

static int read_samples(struct pnm *p, struct image *out, struct err *e)
{
    size_t n = (size_t)out->width * out->height * p->channels;
    uint8_t *to = out->rgb;
    uint32_t sample;

    for (size_t i = 0; i < n; i++, to += 3 / p->channels) {
        int rc = next_sample(p, &sample, e);

        if (rc < 0)
            return rc;
        memset(to, p->scaled[sample], 3 / p->channels);
    }
    return 0;
}

static int scale_and_read(struct pnm *p, struct image *out, struct err *e)
{
    int rc;

    p->scaled = mem_new(MAXVAL_MAX + 1, 1, e);
    if (!p->scaled)
        return ERR_NOMEM;
    for (uint32_t sample = 0; sample <= MAXVAL_MAX; sample++)
        p->scaled[sample] = scale(p, sample);
    rc = read_samples(p, out, e);
    free(p->scaled);
    return rc;
}

int pnm_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
               uint64_t pixels_max, struct err *e)
{
    unsigned kind = data[1] - '0'; /* 1 to 6: bits, gray, color as text; the same binary */
    struct pnm p = { .at = data + 2, .end = data + len, .maxval = 1 };
    uint32_t width, height;
    int rc;

    (void)up;
    p.is_plain = kind <= 3;
    p.is_bits = kind % 3 == 1;
    p.channels = kind % 3 == 0 ? 3 : 1;
    if (!read_number(&p, UINT32_MAX, &width) || !read_number(&p, UINT32_MAX, &height) ||
        (!p.is_bits && (!read_number(&p, MAXVAL_MAX, &p.maxval) || p.maxval == 0)))
        return broken(e, "broken: no width, height and largest value in front");
    rc = image_new(out, width, height, pixels_max, e);
    if (rc < 0)
        return rc;
    if (p.is_bits)
        return p.is_plain ? read_plain_bits(&p, out, e) : read_bits(&p, out, e);
    return scale_and_read(&p, out, e);
}
