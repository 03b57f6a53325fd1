/* SPDX-License-Identifier: MIT
 *
 * AVIF by libavif, read as Pillow's AvifImagePlugin does: the container's rotation and mirror count
 * before EXIF, and a crop does not count.
 */
#include "image/internal.h"

#include <avif/avif.h>
#include <stdlib.h>
#include <string.h>

static int broken(avifDecoder *decoder, avifResult code, struct err *e)
{
    char what[400];
    const char *more = decoder->diag.error;

    if (code == AVIF_RESULT_OUT_OF_MEMORY)
        return err_set(e, ERR_NOMEM, "out of memory: an AVIF");
    snprintf(what, sizeof(what), "broken or truncated: %s%s%s", avifResultToString(code),
             more[0] ? ": " : "", more);
    return image_broken(e, "AVIF", what);
}

/* The container turns counter-clockwise, then mirrors (ISO/IEC 23008-12, irot and imir): [quarter
 * turns][none, top with bottom, left with right] as EXIF's orientation. */
static unsigned container_orientation(const avifImage *image)
{
    static const uint8_t turned[4][3] = { { 1, 4, 2 }, { 8, 5, 7 }, { 3, 2, 4 }, { 6, 7, 5 } };
    unsigned turns = image->transformFlags & AVIF_TRANSFORM_IROT ? image->irot.angle & 3U : 0;
    unsigned mirror = image->transformFlags & AVIF_TRANSFORM_IMIR ? 1 + (image->imir.mode & 1U) : 0;

    return turned[turns][mirror];
}

static void find_upright(struct upright *up, const avifImage *image)
{
    unsigned container = container_orientation(image);
    unsigned exif = exif_orientation(image->exif.data, image->exif.size);

    up->exif = container != (exif ? exif : 1) ? container : exif;
    up->xmp = xmp_orientation(image->xmp.data, image->xmp.size);
}

struct plane {
    uint8_t *data;
    size_t stride; /* bytes */
};

/* The upper 8 bits of one channel's samples. */
static void narrow_plane(struct plane to, struct plane from, uint32_t size[2], uint32_t depth)
{
    for (uint32_t y = 0; to.data && from.data && y < size[1]; y++)
        for (uint32_t x = 0; x < size[0]; x++) {
            uint16_t sample;

            memcpy(&sample, from.data + from.stride * y + 2 * (size_t)x, sizeof(sample));
            to.data[to.stride * y + x] = (uint8_t)(sample >> (depth - 8));
        }
}

static void narrow_planes(avifImage *to, const avifImage *from)
{
    uint32_t whole[2] = { from->width, from->height };
    avifPixelFormatInfo info;

    avifGetPixelFormatInfo(from->yuvFormat, &info);
    for (int c = AVIF_CHAN_Y; c <= AVIF_CHAN_V; c++) {
        int half_x = c == AVIF_CHAN_Y ? 0 : info.chromaShiftX;
        int half_y = c == AVIF_CHAN_Y ? 0 : info.chromaShiftY;
        uint32_t size[2] = { (whole[0] + (uint32_t)half_x) >> half_x,
                             (whole[1] + (uint32_t)half_y) >> half_y };

        narrow_plane((struct plane){ to->yuvPlanes[c], to->yuvRowBytes[c] },
                     (struct plane){ from->yuvPlanes[c], from->yuvRowBytes[c] }, size, from->depth);
    }
    narrow_plane((struct plane){ to->alphaPlane, to->alphaRowBytes },
                 (struct plane){ from->alphaPlane, from->alphaRowBytes }, whole, from->depth);
}

/* Pillow's libavif, of another version, drops the lower bits before it makes RGB of the rest, but
 * of 10 bits with alpha. */
static bool is_narrowed(const avifImage *image)
{
    return image->depth > 8 && !(image->depth == 10 && image->alphaPlane);
}

/* A picture of 8 bits a sample; NULL without memory for it. */
static avifImage *narrowed(const avifImage *image)
{
    avifImage *narrow = avifImageCreate(image->width, image->height, 8, image->yuvFormat);
    avifPlanesFlags planes = AVIF_PLANES_YUV | (image->alphaPlane ? AVIF_PLANES_A : 0U);

    if (!narrow || avifImageAllocatePlanes(narrow, planes) != AVIF_RESULT_OK) {
        if (narrow)
            avifImageDestroy(narrow);
        return NULL;
    }
    narrow->yuvRange = image->yuvRange;
    narrow->yuvChromaSamplePosition = image->yuvChromaSamplePosition;
    narrow->colorPrimaries = image->colorPrimaries;
    narrow->transferCharacteristics = image->transferCharacteristics;
    narrow->matrixCoefficients = image->matrixCoefficients;
    narrow->alphaPremultiplied = image->alphaPremultiplied;
    narrow_planes(narrow, image);
    return narrow;
}

/* Alpha is converted too, though it is dropped: colors that were multiplied with it are divided
 * again. */
static avifResult convert(struct image *out, const avifImage *image, uint8_t *rgba)
{
    size_t channels = rgba ? 4 : 3, n = (size_t)out->width * out->height;
    avifResult code;
    avifRGBImage rgb;

    avifRGBImageSetDefaults(&rgb, image);
    rgb.depth = 8;
    rgb.format = rgba ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    rgb.pixels = rgba ? rgba : out->rgb;
    rgb.rowBytes = (uint32_t)(channels * out->width);
    code = avifImageYUVToRGB(image, &rgb);
    for (size_t i = 0; rgba && i < n; i++)
        memcpy(out->rgb + 3 * i, rgba + 4 * i, 3);
    return code;
}

static int to_rgb(struct image *out, avifDecoder *decoder, struct err *e)
{
    const avifImage *image = decoder->image;
    avifImage *narrow = is_narrowed(image) ? narrowed(image) : NULL;
    uint8_t *rgba = image->alphaPlane ? mem_new((size_t)out->width * out->height, 4, e) : NULL;
    avifResult code = AVIF_RESULT_OUT_OF_MEMORY;

    if ((narrow || !is_narrowed(image)) && (!image->alphaPlane || rgba))
        code = convert(out, narrow ? narrow : image, rgba);
    if (narrow)
        avifImageDestroy(narrow);
    free(rgba);
    return code == AVIF_RESULT_OK ? 0 : broken(decoder, code, e);
}

static int read_picture(avifDecoder *decoder, struct image *out, const uint8_t *data, size_t len,
                        uint64_t pixels_max, struct err *e)
{
    avifResult code;
    int rc;

    decoder->strictFlags &= ~(unsigned)(AVIF_STRICT_CLAP_VALID | AVIF_STRICT_PIXI_REQUIRED);
    decoder->imageSizeLimit = (uint32_t)pixels_max;
    decoder->imageDimensionLimit = IMAGE_SIDE_MAX;
    code = avifDecoderSetIOMemory(decoder, data, len);
    if (code == AVIF_RESULT_OK)
        code = avifDecoderParse(decoder);
    if (code != AVIF_RESULT_OK)
        return broken(decoder, code, e);
    rc = image_new(out, decoder->image->width, decoder->image->height, pixels_max, e);
    if (rc < 0)
        return rc;
    code = avifDecoderNthImage(decoder, 0);
    if (code != AVIF_RESULT_OK)
        return broken(decoder, code, e);
    if (decoder->image->width != out->width || decoder->image->height != out->height)
        return image_broken(e, "AVIF", "broken: two sizes");
    return to_rgb(out, decoder, e);
}

int avif_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    avifDecoder *decoder = avifDecoderCreate();
    int rc;

    if (!decoder)
        return err_set(e, ERR_NOMEM, "out of memory: an AVIF decoder");
    rc = read_picture(decoder, out, data, len, pixels_max, e);
    if (rc == 0)
        find_upright(up, decoder->image);
    avifDecoderDestroy(decoder);
    return rc;
}
