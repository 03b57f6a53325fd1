/* SPDX-License-Identifier: MIT */
/*
 * support_image.h - fixtures of pictures: files and an expected.txt, as tools/oracle/images.py
 * writes them.
 */
#ifndef TESTS_UNIT_SUPPORT_IMAGE_H
#define TESTS_UNIT_SUPPORT_IMAGE_H

#include "support.h"

#include "image/internal.h"

static inline int decode_fixture(struct image *image, const char *folder, const char *name,
                                 struct err *e)
{
    size_t len;
    char *data = read_data(folder, name, &len);
    int rc = image_decode(image, data, len, e);

    free(data);
    return rc;
}

/* One line of expected.txt: up to six words. */
struct line {
    const char *folder;
    char *word[6];
    size_t n;
};

typedef void check_line(const struct line *line);

/* Calls check for every line that begins with `kind`, or for those of pictures where it is NULL. */
static inline void for_each_expected(const char *folder, const char *kind, size_t at_least,
                                     check_line *check)
{
    static const char *const kinds[] = { "resize", "refused", "near" };
    size_t len, n = 0;
    char *text = read_data(folder, "expected.txt", &len), *rest = text;

    for (char *row; (row = strsep(&rest, "\n")) && *row;) {
        struct line line = { .folder = folder };
        bool is_picture = true;

        for (char *word; line.n < COUNT(line.word) && (word = strsep(&row, " "));)
            line.word[line.n++] = word;
        for (size_t i = 0; i < COUNT(kinds); i++)
            is_picture = is_picture && strcmp(line.word[0], kinds[i]) != 0;
        if (kind ? strcmp(line.word[0], kind) == 0 : is_picture) {
            check(&line);
            n++;
        }
    }
    free(text);
    assert_in_range(n, at_least, SIZE_MAX);
}

static inline void check_pixels(const char *what, const struct image *image,
                                char *const expected[3])
{
    char size[64], hex[SHA256_HEX];

    snprintf(size, sizeof(size), "%s %s", expected[0], expected[1]);
    snprintf(hex, sizeof(hex), "%u %u", image->width, image->height);
    if (strcmp(size, hex) != 0)
        fail_row(what, "is %s, not %s", hex, size);
    sha256_hex(image->rgb, (size_t)image->width * image->height * 3, hex);
    if (strcmp(hex, expected[2]) != 0)
        fail_row(what, "has other pixels");
}

/* A line of a picture: it has Pillow's pixels. */
static inline void check_picture(const struct line *line)
{
    struct image image;
    struct err e;

    if (decode_fixture(&image, line->folder, line->word[0], &e) < 0)
        fail_row(line->word[0], "%s", e.what);
    check_pixels(line->word[0], &image, line->word + 1);
    image_release(&image);
}

/* A line "refused FILE format|limit". */
static inline void check_refused(const struct line *line)
{
    bool limit = strcmp(line->word[2], "limit") == 0;
    struct image image = { 0 };
    struct err e;
    int rc = decode_fixture(&image, line->folder, line->word[1], &e);

    if (rc != (limit ? ERR_LIMIT : ERR_FORMAT) || e.code != (enum err_code)rc || !*e.what)
        fail_row(line->word[1], "returned %d", rc);
    if (image.rgb)
        fail_row(line->word[1], "left memory");
}

#endif
