/* SPDX-License-Identifier: MIT
 *
 * HEIC, what telephones write, by libheif, which also turns it upright as the container says:
 * EXIF's orientation, which repeats that, does not count.
 */
#include "image/internal.h"

#include <libheif/heif.h>
#include <string.h>

static int broken(struct heif_error error, struct err *e)
{
    char what[300];

    if (error.code == heif_error_Memory_allocation_error)
        return err_set(
            e, error.subcode == heif_suberror_Security_limit_exceeded ? ERR_LIMIT : ERR_NOMEM,
            "the HEIC needs too much memory: %s", error.message);
    snprintf(what, sizeof(what), "broken or truncated: %s", error.message);
    return image_broken(e, "HEIC", what);
}

/* The plane has its own stride. */
static int copy_rows(struct image *out, const struct heif_image *picture, struct err *e)
{
    int stride = 0;
    const uint8_t *plane =
        heif_image_get_plane_readonly(picture, heif_channel_interleaved, &stride);
    size_t row = (size_t)out->width * 3;

    if (!plane || stride < 0 || (size_t)stride < row ||
        heif_image_get_width(picture, heif_channel_interleaved) != (int)out->width ||
        heif_image_get_height(picture, heif_channel_interleaved) != (int)out->height)
        return image_broken(e, "HEIC", "broken: two sizes");
    for (uint32_t y = 0; y < out->height; y++)
        memcpy(out->rgb + row * y, plane + (size_t)stride * y, row);
    return 0;
}

static int decode_picture(struct image *out, const struct heif_image_handle *handle, struct err *e)
{
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    struct heif_image *picture = NULL;
    struct heif_error error;
    int rc;

    if (!options)
        return err_set(e, ERR_NOMEM, "out of memory: a HEIC");
    options->convert_hdr_to_8bit = 1;
    error = heif_decode_image(handle, &picture, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                              options);
    heif_decoding_options_free(options);
    if (error.code != heif_error_Ok)
        return broken(error, e);
    rc = copy_rows(out, picture, e);
    heif_image_release(picture);
    return rc;
}

static int read_picture(struct heif_context *heif, struct image *out, const uint8_t *data,
                        size_t len, uint64_t pixels_max, struct err *e)
{
    struct heif_image_handle *handle = NULL;
    struct heif_error error;
    int rc;

    heif_context_set_maximum_image_size_limit(heif, IMAGE_SIDE_MAX);
    heif_context_set_max_decoding_threads(heif, 0);
    error = heif_context_read_from_memory_without_copy(heif, data, len, NULL);
    if (error.code == heif_error_Ok)
        error = heif_context_get_primary_image_handle(heif, &handle);
    if (error.code != heif_error_Ok)
        return broken(error, e);
    /* as it was coded, before the container crops it */
    rc = image_check_size((uint64_t)heif_image_handle_get_ispe_width(handle),
                          (uint64_t)heif_image_handle_get_ispe_height(handle), pixels_max, e);
    if (rc == 0)
        rc = image_new(out, (uint64_t)heif_image_handle_get_width(handle),
                       (uint64_t)heif_image_handle_get_height(handle), pixels_max, e);
    if (rc == 0)
        rc = decode_picture(out, handle, e);
    heif_image_handle_release(handle);
    return rc;
}

int heif_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    int rc = heif_check(data, len, pixels_max, e);
    struct heif_context *heif = rc < 0 ? NULL : heif_context_alloc();

    (void)up;
    if (rc < 0)
        return rc;
    if (!heif)
        return err_set(e, ERR_NOMEM, "out of memory: a HEIC decoder");
    rc = read_picture(heif, out, data, len, pixels_max, e);
    heif_context_free(heif);
    return rc;
}
