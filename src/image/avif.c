/* SPDX-License-Identifier: MIT
 *
 * AVIF by libavif, read as Pillow's AvifImagePlugin does: the container's rotation and mirror count
 * before EXIF, and a crop does not count.
 */
#include "image/internal.h"

#include <avif/avif.h>
#include <stdlib.h>

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

/* Alpha is converted too, though it is dropped: colors that were multiplied with it are divided
 * again. */
static int to_rgb(struct image *out, avifDecoder *decoder, struct err *e)
{
    const avifImage *image = decoder->image;
    size_t channels = image->alphaPlane ? 4 : 3, n = (size_t)out->width * out->height;
    avifResult code;
    avifRGBImage rgb;
    uint8_t *pixels = channels == 3 ? out->rgb : mem_new(n, channels, e);

    if (!pixels)
        return ERR_NOMEM;
    avifRGBImageSetDefaults(&rgb, image);
    rgb.depth = 8;
    rgb.format = channels == 3 ? AVIF_RGB_FORMAT_RGB : AVIF_RGB_FORMAT_RGBA;
    rgb.pixels = pixels;
    rgb.rowBytes = (uint32_t)(channels * out->width);
    code = avifImageYUVToRGB(image, &rgb);
    if (channels == 4) {
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < 3; c++)
                out->rgb[3 * i + c] = pixels[4 * i + c];
        free(pixels);
    }
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
