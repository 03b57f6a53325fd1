/* SPDX-License-Identifier: MIT */
/*
 * What a family makes of pictures of any size, against the lists that tools/oracle wrote: hashes
 * of numbers for whole ranges of sizes, and of pixel values.
 */
#ifndef TESTS_UNIT_T_VLM_LAYOUTS_H
#define TESTS_UNIT_T_VLM_LAYOUTS_H

#include "t_vlm_support.h"

#include "vlm/families/family.h"

static const uint64_t hash_of_nothing = 0xcbf29ce484222325; /* FNV-1a, 64 bits */

/* The number's four bytes, least first. */
static inline uint64_t hash_with(uint64_t hash, uint32_t number)
{
    for (size_t i = 0; i < 4; i++)
        hash = (hash ^ (number >> 8 * i & 255)) * 0x100000001b3;
    return hash;
}

static inline char *read_lines(const char *name)
{
    char *path = data_path("vlm", name), *text;
    struct err e;
    size_t len;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    free(path);
    return text;
}

static inline struct layout layout_of(const struct model_config *c, uint32_t width, uint32_t height)
{
    struct layout l;
    struct err e;

    assert_ok(c->family->layout(&l, c, width, height, &e), &e);
    return l;
}

/* Of the square tiles that make_picture(width, height) becomes. */
static inline void hash_tiles(const struct model_config *c, uint32_t width, uint32_t height,
                              char hex[SHA256_HEX])
{
    struct image image = make_picture(width, height);
    struct layout l = layout_of(c, width, height);
    size_t side = c->vision.image_size;
    float *pixels;
    struct err e;

    assert_ok(c->family->pixels(&pixels, c, &l, &image, &e), &e);
    sha256_hex(pixels, l.pictures * 3 * side * side * sizeof(*pixels), hex);
    free(pixels);
    free(image.rgb);
}

#endif
