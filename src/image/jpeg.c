/* SPDX-License-Identifier: MIT
 *
 * Decoded by libjpeg with its defaults, as Pillow does: accurate integer IDCT, smooth chroma
 * upsampling. Where Pillow overlooks broken Huffman data, it is an error here: a picture that is
 * half gray must not be labelled. turbojpeg's interface, which encodes, tells only the first of
 * several warnings.
 */
#include "image/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h> /* needs stdio.h before it */
#include <turbojpeg.h>

/* ---- the segments before the picture ---- */

enum { MARKER_TEM = 0x01, MARKER_RST0 = 0xD0, MARKER_SOI = 0xD8, MARKER_EOI, MARKER_SOS };
enum { MARKER_APP1 = 0xE1 };

struct segment {
    int marker;
    const uint8_t *body;
    size_t len;
};

/* The next segment from *at on; false where the picture or the file's end comes. */
static bool next_segment(struct segment *s, const uint8_t *data, size_t len, size_t *at)
{
    while (*at < len && len - *at >= 4) {
        int marker = data[*at + 1];

        if (data[*at] != 0xFF || marker == 0xFF) { /* junk between segments, padding */
            *at += 1;
        } else if (marker == 0 || marker == MARKER_TEM ||
                   (marker >= MARKER_RST0 && marker <= MARKER_SOI)) {
            *at += 2;
        } else {
            size_t size = (size_t)data[*at + 2] << 8 | data[*at + 3];

            if (marker == MARKER_SOS || marker == MARKER_EOI || size < 2 || size > len - *at - 2)
                return false;
            *s = (struct segment){ marker, data + *at + 4, size - 2 };
            *at += 2 + size;
            return true;
        }
    }
    return false;
}

/* The first EXIF block counts, the last XMP packet. */
static void find_upright(struct upright *up, const uint8_t *data, size_t len)
{
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/";
    struct segment s;

    for (size_t at = 2; next_segment(&s, data, len, &at);) {
        if (s.marker != MARKER_APP1)
            continue;
        if (up->exif == 0 && s.len >= sizeof(exif) && memcmp(s.body, exif, sizeof(exif)) == 0)
            up->exif = exif_orientation(s.body, s.len);
        else if (s.len >= sizeof(xmp) && memcmp(s.body, xmp, sizeof(xmp)) == 0)
            up->xmp = xmp_orientation(s.body + sizeof(xmp), s.len - sizeof(xmp));
    }
}

/* ---- the picture ---- */

enum { SCANS_MAX = 500 }; /* of a progressive one: each goes over the whole picture */

struct reading {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    bool resynced; /* a restart marker was missing, or another's */
    bool truncated, too_large;
    char said[JMSG_LENGTH_MAX];
    uint8_t *row; /* of CMYK */
};

static void fail(j_common_ptr cinfo)
{
    struct reading *r = cinfo->client_data;

    r->truncated = cinfo->err->msg_code == JWRN_JPEG_EOF;
    r->too_large = cinfo->err->msg_code == JERR_IMAGE_TOO_BIG;
    cinfo->err->format_message(cinfo, r->said);
    longjmp(r->failed, 1);
}

/* Pillow overlooks all warnings but that of the file's end. Here those are, behind which the
 * picture is whole: what a header says of itself; bytes before a header and behind the last row
 * ("Corrupt JPEG data: 2 extraneous bytes before marker 0xd9"); and restart markers, which are
 * there to make up for what is lost. */
static bool is_harmless(struct reading *r)
{
    const struct jpeg_error_mgr *err = r->jpeg.err;

    switch (err->msg_code) {
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return true;
    case JWRN_EXTRANEOUS_DATA:
        return r->jpeg.input_scan_number == 0 || r->jpeg.restart_interval > 0 ||
               err->msg_parm.i[1] == MARKER_EOI;
    case JWRN_MUST_RESYNC: r->resynced = true; return true;
    case JWRN_HIT_MARKER: /* the part of the lost marker is gray */ return r->resynced;
    default: return false;
    }
}

static void warn(j_common_ptr cinfo, int level)
{
    if (level < 0 && !is_harmless(cinfo->client_data))
        fail(cinfo);
}

static void count_scans(j_common_ptr cinfo)
{
    struct reading *r = cinfo->client_data;

    if (r->jpeg.input_scan_number > SCANS_MAX) {
        snprintf(r->said, sizeof(r->said), "more than %d scans", SCANS_MAX);
        longjmp(r->failed, 1);
    }
}

static int broken(const struct reading *r, struct err *e)
{
    char what[JMSG_LENGTH_MAX + 10];

    if (r->too_large)
        return err_set(e, ERR_LIMIT, "the picture is too large: %s", r->said);
    snprintf(what, sizeof(what), r->truncated ? "truncated" : "broken: %s", r->said);
    return image_broken(e, "JPEG", what);
}

/* Adobe writes ink as what it leaves of white. */
static void cmyk_row(uint8_t *rgb, uint8_t *cmyk, size_t n)
{
    for (size_t i = 0; i < 4 * n; i++)
        cmyk[i] = 255 - cmyk[i];
    image_cmyk(rgb, cmyk, n);
}

static int read_rows(struct reading *r, struct image *out, uint64_t pixels_max, struct err *e)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    bool is_cmyk = jpeg->num_components == 4;
    int rc = image_new(out, jpeg->image_width, jpeg->image_height, pixels_max, e);

    if (rc == 0 && is_cmyk && !(r->row = mem_new(out->width, 4, e)))
        rc = ERR_NOMEM;
    if (rc < 0)
        return rc;
    jpeg->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = out->rgb + (size_t)jpeg->output_scanline * out->width * 3;

        jpeg_read_scanlines(jpeg, is_cmyk ? &r->row : &to, 1);
        if (is_cmyk)
            cmyk_row(to, r->row, out->width);
    }
    jpeg_finish_decompress(jpeg);
    return 0;
}

/* libjpeg's errors come back here. */
static int read_picture(struct reading *r, struct image *out, const uint8_t *data, size_t len,
                        uint64_t pixels_max, struct err *e)
{
    if (setjmp(r->failed))
        return broken(r, e);
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.client_data = r;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, data, (unsigned long)len);
    jpeg_read_header(&r->jpeg, TRUE);
    return read_rows(r, out, pixels_max, e);
}

int jpeg_decode(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                uint64_t pixels_max, struct err *e)
{
    struct reading *r = mem_new(1, sizeof(*r), e);
    int rc;

    if (!r)
        return ERR_NOMEM;
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->jpeg.client_data = r;
    r->errors.error_exit = fail;
    r->errors.emit_message = warn;
    r->progress.progress_monitor = count_scans;
    rc = read_picture(r, out, data, len, pixels_max, e);
    jpeg_destroy_decompress(&r->jpeg);
    free(r->row);
    free(r);
    if (rc == 0)
        find_upright(up, data, len);
    return rc;
}

/* ---- encoding ---- */

int image_encode_jpeg(const struct image *image, int quality, void **data, size_t *len,
                      struct err *e)
{
    tjhandle tj = tjInitCompress();
    unsigned long size = 0, most;
    unsigned char *out = NULL;
    int rc = -1;

    *data = NULL;
    *len = 0;
    most = tjBufSize((int)image->width, (int)image->height, TJSAMP_420);
    if (tj && most != (unsigned long)-1)
        out = malloc(most); /* turbojpeg's own memory would have to be given back to it */
    if (out)
        rc = tjCompress2(tj, image->rgb, (int)image->width, 0, (int)image->height, TJPF_RGB, &out,
                         &size, TJSAMP_420, quality, TJFLAG_NOREALLOC);
    if (rc != 0) {
        if (tj && out)
            err_set(e, ERR_FORMAT, "the image cannot be a JPEG: %s", tjGetErrorStr2(tj));
        else
            err_set(e, ERR_NOMEM, "out of memory: a JPEG");
        free(out);
        out = NULL;
    }
    if (tj)
        tjDestroy(tj);
    if (!out)
        return e->code;
    *data = out;
    *len = size;
    return 0;
}
