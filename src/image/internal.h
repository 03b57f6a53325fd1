/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of image/ share: one decoder a format, one reader a kind of
 * source. Private to image/.
 */
#ifndef ASSENT_IMAGE_INTERNAL_H
#define ASSENT_IMAGE_INTERNAL_H

#include "image/image.h"

/* ---- decoding ---- */

/* Which side is up, after EXIF: 1 to 8, or 0 where the file does not say. */
struct upright {
    unsigned exif, xmp; /* XMP counts where there is nothing in EXIF, as in Pillow */
};

/* The pixels as they lie in the file. May fail after *out has memory: the caller releases it. */
typedef int image_decoder(struct image *out, struct upright *up, const uint8_t *data, size_t len,
                          uint64_t pixels_max, struct err *e);

image_decoder jpeg_decode, png_decode, webp_decode, gif_decode, bmp_decode, tiff_decode,
    avif_decode, heif_decode, jp2_decode, pnm_decode;

/* image_decode with another limit of pixels: tests and fuzzing have less memory. */
int image_decode_within(struct image *out, const void *data, size_t len, uint64_t pixels_max,
                        struct err *e);

int image_check_size(uint64_t width, uint64_t height, uint64_t pixels_max, struct err *e);
/* Checks the sizes that a header gives, then takes memory for them. */
int image_new(struct image *out, uint64_t width, uint64_t height, uint64_t pixels_max,
              struct err *e);

/* "the GIF is truncated", and to fetch it again. Returns ERR_FORMAT. */
int image_broken(struct err *e, const char *format, const char *what);

/* n pixels of ink (0 is white) to RGB, as convert("RGB") of Pillow's Convert.c does. */
void image_cmyk(uint8_t *rgb, const uint8_t *cmyk, size_t n);
/* One pixel's Y, Cb, Cr (JFIF) to RGB in place, as Pillow's ConvertYCbCr.c does. */
void image_ycc(uint8_t *pixel);

/* The orientation that an EXIF block holds, with "Exif\0\0" in front or without. */
unsigned exif_orientation(const void *exif, size_t len);
/* The same of an XMP packet. */
unsigned xmp_orientation(const void *xmp, size_t len);

/* ---- what libraries are not asked to find out ---- */

/* Of numbers whose first byte is the highest. */
uint32_t image_u16(const uint8_t *p);
uint32_t image_u32(const uint8_t *p);

struct box {
    uint32_t type; /* four letters */
    const uint8_t *data;
    size_t len;
};

/* The box at *at, behind which *at then is; false at the end. */
bool image_next_box(struct box *box, const uint8_t *data, size_t len, size_t *at);

/* ERR_LIMIT where OpenJPEG would take more memory than a picture within the limits needs. */
int jp2_check(const uint8_t *data, size_t len, uint64_t pixels_max, struct err *e);
/* The same for libheif: the sizes that HEVC's parameter sets in the header give. */
int heif_check(const uint8_t *data, size_t len, uint64_t pixels_max, struct err *e);

/* Turns a picture that lies as `orientation` says. */
int image_turn(struct image *image, unsigned orientation, struct err *e);

/* ---- sources ---- */

struct source_member {
    const char *key;
    uint64_t place; /* the reader's own: where in an archive */
};

enum { SOURCE_NAMED = 4 };

/* Names of one kind are counted, and the first are kept for people to see. */
struct source_names {
    size_t n;
    const char *first[SOURCE_NAMED];
};

/* What was found. Names that cannot be keys, and pictures of formats that are not read, are counted
 * and left out. */
struct source_list {
    struct source_member *members;
    size_t n, cap;
    struct arena texts;
    size_t n_unusable; /* no UTF-8, control characters, or too long */
    struct source_names unread;
    const struct events *events; /* who is told what is left out */
};

/* Adds a name if it ends as a picture's does. No part of it may begin with a dot. */
int source_list_add(struct source_list *list, const char *name, uint64_t place, struct err *e);

/* The key of an archive's member: its name without "./" and "/" in front. */
const char *source_member_key(const char *name);
/* An archive's links, which are left out. */
void source_say_links(const struct source_list *list, const char *path, size_t n);

/* The name's text is copied. */
int source_name_one(struct source_list *list, struct source_names *names, const char *name,
                    struct err *e);
/* "PATH: 3 UNITs WHAT: a, b, c", where there is any. */
void source_names_say(const struct source_list *list, const struct source_names *names,
                      enum event_kind kind, const char *path, const char *unit, const char *what);

struct source_kind {
    int (*open)(void **self, struct source_list *list, const char *path, struct err *e);
    int (*read)(void *self, const struct source_member *m, void **data, size_t *len, struct err *e);
    void (*close)(void *self); /* NULL is fine */
};

extern const struct source_kind source_folder, source_tar, source_zip;

#define SOURCE_KINDS "a folder, a .zip, or a .tar, .tar.gz, .tar.bz2, .tar.xz or .tar.zst"

#endif
