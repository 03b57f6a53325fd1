/* SPDX-License-Identifier: MIT */
#include "image/internal.h"

#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

enum { NO_INDEX = NO_TRANSPARENT_COLOR };

struct bytes {
    const uint8_t *at;
    size_t left;
};

static int read_bytes(GifFileType *gif, GifByteType *to, int n)
{
    struct bytes *from = gif->UserData;
    size_t got = (size_t)n < from->left ? (size_t)n : from->left;

    memcpy(to, from->at, got);
    from->at += got;
    from->left -= got;
    return (int)got;
}

static int broken(int code, struct err *e)
{
    const char *text = GifErrorString(code);
    char what[100];

    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return err_set(e, ERR_NOMEM, "out of memory: a GIF");
    if (code == D_GIF_ERR_READ_FAILED || code == D_GIF_ERR_EOF_TOO_SOON)
        return image_broken(e, "GIF", "truncated");
    snprintf(what, sizeof(what), "broken: %s", text ? text : "no picture in it");
    return image_broken(e, "GIF", what);
}

/* The transparent index is told right before the frame. */
static int read_extension(GifFileType *gif, int *transparent)
{
    GraphicsControlBlock control;
    GifByteType *block;
    int code;

    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR)
        return gif->Error;
    if (block && code == GRAPHICS_EXT_FUNC_CODE &&
        DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK &&
        control.TransparentColor != NO_INDEX)
        *transparent = control.TransparentColor;
    while (block)
        if (DGifGetExtensionNext(gif, &block) == GIF_ERROR)
            return gif->Error;
    return 0;
}

/* Goes to the first frame; giflib's error, or -1 where there is none. */
static int find_frame(GifFileType *gif, int *transparent)
{
    for (;;) {
        GifRecordType kind;
        int code = 0;

        if (DGifGetRecordType(gif, &kind) == GIF_ERROR)
            return gif->Error;
        if (kind == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(gif) == GIF_ERROR ? gif->Error : 0;
        if (kind != EXTENSION_RECORD_TYPE)
            return -1;
        code = read_extension(gif, transparent);
        if (code != 0)
            return code;
    }
}

/* ---- pixels ---- */

/* Without a palette an index is a gray; behind a palette's end is black. */
static void to_rgb(struct image *out, const ColorMapObject *colors, const uint8_t *index)
{
    uint8_t palette[256][3] = { { 0 } };
    size_t n = (size_t)out->width * out->height;

    for (int i = 0; i < 256; i++) {
        if (!colors)
            memset(palette[i], i, 3);
        else if (i < colors->ColorCount)
            memcpy(palette[i],
                   (uint8_t[3]){ colors->Colors[i].Red, colors->Colors[i].Green,
                                 colors->Colors[i].Blue },
                   3);
    }
    for (size_t i = 0; i < n; i++)
        memcpy(out->rgb + 3 * i, palette[index[i]], 3);
}

/* Rows of an interlaced frame come in four passes (GIF89a, appendix E). */
static int read_rows(GifFileType *gif, uint8_t *index, size_t width)
{
    static const struct {
        int first, step;
    } passes[] = { { 0, 8 }, { 4, 8 }, { 2, 4 }, { 1, 2 }, { 0, 1 } };
    const GifImageDesc *frame = &gif->Image;
    int pass = frame->Interlace ? 0 : 4, last = frame->Interlace ? 3 : 4;

    for (; pass <= last; pass++)
        for (int y = passes[pass].first; y < frame->Height; y += passes[pass].step) {
            uint8_t *row = index + (size_t)(frame->Top + y) * width + (size_t)frame->Left;

            if (DGifGetLine(gif, row, frame->Width) == GIF_ERROR)
                return gif->Error;
        }
    return 0;
}

/* As in Pillow the picture grows to hold a frame that reaches out of it, and what the frame leaves
 * free has the transparent color, or the first. */
static int read_frame(GifFileType *gif, int transparent, struct image *out, uint64_t pixels_max,
                      struct err *e)
{
    const GifImageDesc *frame = &gif->Image;
    int right = frame->Left + frame->Width, bottom = frame->Top + frame->Height, code;
    const ColorMapObject *colors = frame->ColorMap ? frame->ColorMap : gif->SColorMap;
    size_t n;
    uint8_t *index;
    int rc = image_new(out, (uint64_t)(right > gif->SWidth ? right : gif->SWidth),
                       (uint64_t)(bottom > gif->SHeight ? bottom : gif->SHeight), pixels_max, e);

    if (rc < 0)
        return rc;
    n = (size_t)out->width * out->height;
    index = mem_new(n, 1, e);
    if (!index)
        return ERR_NOMEM;
    if (transparent != NO_INDEX)
        memset(index, transparent, n);
    code = frame->Width > 0 ? read_rows(gif, index, out->width) : 0;
    if (code == 0)
        to_rgb(out, colors, index);
    free(index);
    return code == 0 ? 0 : broken(code, e);
}

int gif_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
               uint64_t pixels_max, struct err *e)
{
    struct bytes bytes = { data, len };
    int code = 0, transparent = NO_INDEX, rc;
    GifFileType *gif = DGifOpen(&bytes, read_bytes, &code);

    (void)up;
    if (!gif)
        return broken(code, e);
    code = find_frame(gif, &transparent);
    rc = code == 0 ? read_frame(gif, transparent, out, pixels_max, e) : broken(code, e);
    DGifCloseFile(gif, NULL);
    return rc;
}
