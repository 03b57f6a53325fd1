/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <webp/decode.h>
#include <webp/demux.h>

static int broken(struct err *e, const char *what)
{
    err_set(e, ERR_FORMAT, "the WebP is %s", what);
    return err_hint(e, "fetch the file again");
}

static void find_upright(struct upright *up, const WebPDemuxer *webp)
{
    WebPChunkIterator chunk;

    if (WebPDemuxGetChunk(webp, "EXIF", 1, &chunk))
        up->exif = exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    if (WebPDemuxGetChunk(webp, "XMP ", 1, &chunk))
        up->xmp = xmp_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

/* A still picture is its only frame. An animation's may be smaller than the canvas, which is black.
 */
static int decode_frame(struct image *out, const WebPIterator *frame, struct err *e)
{
    size_t stride = (size_t)out->width * 3;
    size_t offset = (size_t)frame->y_offset * stride + (size_t)frame->x_offset * 3;
    size_t all = stride * out->height;

    if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width < 1 || frame->height < 1 ||
        (uint64_t)frame->x_offset + (uint64_t)frame->width > out->width ||
        (uint64_t)frame->y_offset + (uint64_t)frame->height > out->height)
        return broken(e, "broken: a frame outside of the picture");
    if (!frame->complete)
        return broken(e, "truncated");
    if (!WebPDecodeRGBInto(frame->fragment.bytes, frame->fragment.size, out->rgb + offset,
                           all - offset, (int)stride))
        return broken(e, "broken");
    return 0;
}

static int read_picture(const WebPDemuxer *webp, struct image *out, uint64_t pixels_max,
                        struct err *e)
{
    WebPIterator frame;
    int rc = image_new(out, WebPDemuxGetI(webp, WEBP_FF_CANVAS_WIDTH),
                       WebPDemuxGetI(webp, WEBP_FF_CANVAS_HEIGHT), pixels_max, e);

    if (rc < 0)
        return rc;
    rc = WebPDemuxGetFrame(webp, 1, &frame) ? decode_frame(out, &frame, e)
                                            : broken(e, "broken: no picture in it");
    WebPDemuxReleaseIterator(&frame);
    return rc;
}

int webp_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    WebPData bytes = { data, len };
    WebPDemuxer *webp = WebPDemux(&bytes);
    int rc;

    if (!webp)
        return broken(e, "broken or truncated");
    rc = read_picture(webp, out, pixels_max, e);
    if (rc == 0)
        find_upright(up, webp);
    WebPDemuxDelete(webp);
    return rc;
}
