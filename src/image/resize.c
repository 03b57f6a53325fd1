/* SPDX-License-Identifier: MIT
 *
 * Pillow's filters (src/libImaging/Resample.c, Pillow 13): the order of the operations on doubles
 * is its, and nothing is fused.
 */
#include "image/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION = 32 - 8 - 2, HALF = 1 << (PRECISION - 1) }; /* bits of fraction */

/* One output pixel is a weighted sum of the n input pixels from `first` on. */
struct taps {
    uint32_t first, n;
    const int32_t *weights;
};

/* Keys' cubic with a = -0.5. */
static double cubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double sinc(double x)
{
    x *= M_PI;
    return x == 0 ? 1 : sin(x) / x;
}

static double lanczos(double x)
{
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct kernel {
    double support; /* it is zero from there on */
    double (*at)(double x);
} kernels[] = {
    [FILTER_BICUBIC] = { 2, cubic },
    [FILTER_BILINEAR] = { 1, triangle },
    [FILTER_LANCZOS] = { 3, lanczos },
};

/* One direction of a resizing. */
struct side {
    const struct kernel *kernel;
    uint32_t size;
    double scale, widening;
};

static int32_t fixed_point(double w)
{
    return (int32_t)(w * (1 << PRECISION) + (w < 0 ? -0.5 : 0.5));
}

/* Fills in output pixel i's taps; real[] is room for its weights before they are rounded. */
static void find_taps(struct taps *t, const struct side *side, uint32_t i, int32_t *weights,
                      double *real)
{
    double center = (i + 0.5) * side->scale, support = side->kernel->support * side->widening;
    double sum = 0;
    int first = (int)(center - support + 0.5), end = (int)(center + support + 0.5);

    if (first < 0)
        first = 0;
    if (end > (int)side->size)
        end = (int)side->size;
    *t = (struct taps){ (uint32_t)first, (uint32_t)(end - first), weights };
    for (uint32_t k = 0; k < t->n; k++) {
        real[k] = side->kernel->at((k + t->first - center + 0.5) * (1 / side->widening));
        sum += real[k];
    }
    for (uint32_t k = 0; k < t->n; k++)
        weights[k] = fixed_point(sum != 0 ? real[k] / sum : real[k]);
}

/* The taps of all of a side's output pixels, in one piece of memory: free() it. */
static struct taps *side_taps(uint32_t size, uint32_t new_size, enum image_filter filter,
                              struct err *e)
{
    double scale = (double)size / new_size;
    struct side side = { &kernels[filter], size, scale, fmax(scale, 1) };
    size_t most = (size_t)ceil(side.kernel->support * side.widening) * 2 + 1;
    struct taps *taps = mem_new(new_size, sizeof(*taps) + most * sizeof(int32_t), e);
    double *real = mem_new(most, sizeof(*real), e);
    int32_t *weights = (int32_t *)(taps ? taps + new_size : NULL);

    if (!taps || !real) {
        free(taps);
        free(real);
        return NULL;
    }
    for (uint32_t i = 0; i < new_size; i++)
        find_taps(&taps[i], &side, i, weights + i * most, real);
    free(real);
    return taps;
}

static uint8_t to_byte(int32_t sum)
{
    sum >>= PRECISION; /* arithmetic, as every compiler that knows int32_t does it */
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_rows(struct image *out, const struct image *in, const struct taps *taps)
{
    uint8_t *to = out->rgb;

    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *row = in->rgb + (size_t)y * in->width * 3;

        for (uint32_t x = 0; x < out->width; x++, to += 3) {
            const uint8_t *from = row + (size_t)taps[x].first * 3;
            int32_t r = HALF, g = HALF, b = HALF;

            for (uint32_t i = 0; i < taps[x].n; i++, from += 3) {
                r += from[0] * taps[x].weights[i];
                g += from[1] * taps[x].weights[i];
                b += from[2] * taps[x].weights[i];
            }
            to[0] = to_byte(r);
            to[1] = to_byte(g);
            to[2] = to_byte(b);
        }
    }
}

/* sums[] has room for a row. */
static void resize_columns(struct image *out, const struct image *in, const struct taps *taps,
                           int32_t *sums)
{
    size_t stride = (size_t)out->width * 3;

    for (uint32_t y = 0; y < out->height; y++) {
        uint8_t *to = out->rgb + y * stride;

        for (size_t i = 0; i < stride; i++)
            sums[i] = HALF;
        for (uint32_t k = 0; k < taps[y].n; k++) {
            const uint8_t *from = in->rgb + (taps[y].first + k) * stride;
            int32_t weight = taps[y].weights[k];

            for (size_t i = 0; i < stride; i++)
                sums[i] += from[i] * weight;
        }
        for (size_t i = 0; i < stride; i++)
            to[i] = to_byte(sums[i]);
    }
}

static int resize_width(struct image *out, const struct image *in, uint32_t width,
                        enum image_filter filter, struct err *e)
{
    struct taps *taps = side_taps(in->width, width, filter, e);
    int rc = taps ? image_new(out, width, in->height, IMAGE_PIXELS_MAX, e) : ERR_NOMEM;

    if (rc == 0)
        resize_rows(out, in, taps);
    free(taps);
    return rc;
}

static int resize_height(struct image *out, const struct image *in, uint32_t height,
                         enum image_filter filter, struct err *e)
{
    struct taps *taps = side_taps(in->height, height, filter, e);
    int32_t *sums = mem_new((size_t)in->width * 3, sizeof(*sums), e);
    int rc = taps && sums ? image_new(out, in->width, height, IMAGE_PIXELS_MAX, e) : ERR_NOMEM;

    if (rc == 0)
        resize_columns(out, in, taps, sums);
    free(taps);
    free(sums);
    return rc;
}

static int copy(struct image *out, const struct image *in, struct err *e)
{
    int rc = image_new(out, in->width, in->height, IMAGE_PIXELS_MAX, e);

    if (rc == 0)
        memcpy(out->rgb, in->rgb, (size_t)in->width * in->height * 3);
    return rc;
}

/* Since Pillow 13 (pull request 9549) a height that loses more than twice the pixels that the width
 * loses goes first; until then the width always did. Bytes in between are rounded: it shows. */
static bool is_height_first(const struct image *in, uint32_t width, uint32_t height)
{
    return height < in->height && (int64_t)in->height - height > 2 * ((int64_t)in->width - width);
}

int image_resize(struct image *out, const struct image *in, uint32_t width, uint32_t height,
                 enum image_filter filter, struct err *e)
{
    struct image half = { 0 }; /* resized in one direction */
    int rc;

    *out = (struct image){ 0 };
    if (width < 1 || height < 1 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX) {
        err_set(e, ERR_ARG, "a picture cannot be resized to this");
        err_got(e, "%u x %u pixels", width, height);
        return err_expected(e, "sides of 1 to %d", IMAGE_SIDE_MAX);
    }
    if (width == in->width && height == in->height)
        return copy(out, in, e);
    if (height == in->height)
        return resize_width(out, in, width, filter, e);
    if (width == in->width)
        return resize_height(out, in, height, filter, e);
    if (is_height_first(in, width, height)) {
        rc = resize_height(&half, in, height, filter, e);
        if (rc == 0)
            rc = resize_width(out, &half, width, filter, e);
    } else {
        rc = resize_width(&half, in, width, filter, e);
        if (rc == 0)
            rc = resize_height(out, &half, height, filter, e);
    }
    image_release(&half);
    return rc;
}

int image_shrink(struct image *image, uint32_t side, struct err *e)
{
    uint32_t longer = image->width > image->height ? image->width : image->height;
    struct image small = { 0 };
    uint64_t width, height;
    int rc;

    if (longer <= side)
        return 0;
    width = ((uint64_t)image->width * side + longer / 2) / longer;
    height = ((uint64_t)image->height * side + longer / 2) / longer;
    rc = image_resize(&small, image, width > 0 ? (uint32_t)width : 1,
                      height > 0 ? (uint32_t)height : 1, FILTER_BICUBIC, e);
    if (rc < 0)
        return rc;
    image_release(image);
    *image = small;
    return 0;
}
