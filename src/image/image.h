/* SPDX-License-Identifier: MIT
 *
 * image.h - pictures: where they come from, decoded, turned upright, resized as Pillow does.
 *
 * Everything read here is hostile. Pixels and bytes are bounded before memory is taken; errors name
 * what is wrong with the picture (the caller adds which one it was).
 */
#ifndef ASSENT_IMAGE_H
#define ASSENT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    IMAGE_BYTES_MAX = 256 << 20, /* of a file */
    IMAGE_SIDE_MAX = 32768,      /* pixels */
    IMAGE_PIXELS_MAX = 178956970 /* Pillow's own limit against decompression bombs */
};

/* 8-bit RGB, row by row from the top, no padding between rows. */
struct image {
    uint32_t width, height;
    uint8_t *rgb; /* width * height * 3 */
};

void image_release(struct image *image); /* zeroed is fine */

/* ---- decoding ---- */

/* Decodes a picture of a format that is read (told by its first bytes; image_format_names), turns
 * it as its EXIF orientation says (or its XMP's, where EXIF has none), and makes it RGB as Pillow
 * 13's convert("RGB") does: alpha dropped, palette and gray expanded, CMYK taken as Adobe writes
 * it, the high byte of 16-bit colors, but 16-bit gray cut at 255 (scale such pictures to 8 bits
 * before). Color profiles and gamma do not count. Of an animation the first frame, of a TIFF the
 * first page. Bit-equal to Pillow, but:
 * - HEIC, which pillow-heif reads, within 1 where chroma has fewer samples, or with alpha, and then
 *   within 3 of more than 8 bits: Debian 12's libheif rounds otherwise;
 * - JPEG 2000 of more than 8 bits a color: what Pillow lets turn over to 0 stays 255;
 * - BMP whose palette is gray but shorter than its depth has colors: Pillow misreads its bits.
 * Refused, though Pillow reads it: broken Huffman data of a JPEG (a lost restart marker is
 * overlooked), a GIF that ends early, TIFF of 12 bits, of signed, 32-bit or floating-point numbers,
 * CIE Lab, or old-style JPEG, CMYK in JPEG 2000, JPEG 2000 of more than 16 384 tiles or 4 194 304
 * code blocks a tile (their memory: jp2_bounds.c), PFM.
 * ERR_FORMAT: no picture, or a broken or truncated one, or of a kind that is not read;
 * ERR_LIMIT: too large. */
int image_decode(struct image *out, const void *data, size_t len, struct err *e);

/* "JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC", "JPEG 2000", "PNM", or NULL where
 * the first bytes are none of these. */
const char *image_format(const void *data, size_t len);
/* Writes these names, with commas between and `last` (" and ") before the last. */
void image_format_names(struct buf *out, const char *last);

/* Encodes as baseline JPEG with 4:2:0 chroma: pixels only, no metadata. quality: 1 to 100;
 * free(*data). */
int image_encode_jpeg(const struct image *image, int quality, void **data, size_t *len,
                      struct err *e);

/* Encodes as PNG; free(*data). */
int image_encode_png(const struct image *image, void **data, size_t *len, struct err *e);

struct image_bytes {
    void *data; /* free() it */
    size_t len;
    const char *type; /* "image/jpeg", "image/png" */
};

/* What may leave the machine of a picture, without metadata: a JPEG that is not turned as it is
 * stored, else PNG of the decoded pixels, made smaller (as image_resize) where they are more than
 * pixels_max; 0: no limit. stored NULL: always PNG. */
int image_to_send(const struct image *image, const void *stored, size_t len, uint64_t pixels_max,
                  struct image_bytes *out, struct err *e);

struct image_digest {
    const char *type; /* as image_bytes has it */
    char sha256[SHA256_HEX];
};

/* Which picture image_to_send would give, without making it: the hash of a JPEG's bytes as they are
 * sent, and of what goes as PNG that of its pixels, written as PPM ("P6", width, height, 255, each
 * behind a line's end): a PNG's own bytes are another zlib's other ones. */
int image_to_send_digest(const struct image *image, const void *stored, size_t len,
                         uint64_t pixels_max, struct image_digest *out, struct err *e);

/* ---- resizing ---- */

/* Pillow's; Keys' cubic has a = -0.5. */
enum image_filter { FILTER_BICUBIC, FILTER_BILINEAR, FILTER_LANCZOS };

/* Pillow 13's Image.resize((width, height), filter), bit for bit (src/libImaging/Resample.c: the
 * filter widened by the scale when shrinking, 22-bit fixed point, a pass a direction, 8 bits in
 * between, a side that keeps its size is not touched). The horizontal pass is first, but where the
 * height loses more than twice as many pixels as the width; Pillow 12 had no such exception.
 * ERR_ARG: a side of 0 or above IMAGE_SIDE_MAX; ERR_LIMIT: too many pixels. */
int image_resize(struct image *out, const struct image *in, uint32_t width, uint32_t height,
                 enum image_filter filter, struct err *e);
/* Makes a picture smaller, where it is larger, so that no side has more pixels than this. */
int image_shrink(struct image *image, uint32_t side, struct err *e);

/* ---- sources ----
 * A folder, searched recursively, a tar archive (also .gz, .bz2, .xz, .zst) or a zip, told by its
 * first bytes. The keys are the paths within it, sorted by bytes; only names that end as pictures
 * do (source.c: endings, any case). Hidden files and folders (a part of the name begins with a
 * dot) are left out, and with a warning names that are no UTF-8 or have control characters. In an
 * archive "./" and "/" in front are no part of the key, links are left out, and of members with one
 * name the last counts. */

struct image_source;

/* ERR_IO: no such folder or archive; ERR_FORMAT: a broken archive, or no picture in it; ERR_LIMIT:
 * folders too deep. Symbolic links to files and folders are followed, wherever they lead, and their
 * own names make the keys; a folder that is its own ancestor is left out. An archive is gone
 * through once. The events are told what is left out, and are asked by every thread that reads
 * whether it shall end. */
int image_source_open(struct image_source **out, const char *path, const struct events *ev,
                      struct err *e);
void image_source_close(struct image_source *s); /* NULL is fine */
/* A compressed tar: to list it takes as long as to read all of it. */
bool image_source_is_compressed(const char *path);

/* Keeps the pictures whose keys `keep` wants, before any is read. */
void image_source_filter(struct image_source *s, bool (*keep)(void *data, const char *key),
                         void *data);
size_t image_source_count(const struct image_source *s);
const char *image_source_key(const struct image_source *s, size_t i); /* the source's */
/* Reads one picture's bytes, at most IMAGE_BYTES_MAX; free(*data). May be called from any thread,
 * but by one at a time. A tar and a zip are read at the picture's place. A compressed one is read
 * forward and from its beginning after each step back: once, where its members lie in the keys'
 * order and i rises. ERR_LIMIT: larger; ERR_IO: gone, or the archive has changed; ERR_FORMAT: a
 * zip's member that is encrypted or damaged. */
int image_source_read(struct image_source *s, size_t i, void **data, size_t *len, struct err *e);

#endif
