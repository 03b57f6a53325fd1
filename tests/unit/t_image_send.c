/* SPDX-License-Identifier: MIT */
/*
 * t_image_send.c - pictures as they leave the machine: the same pixels, and nothing else.
 */
#include "support_image.h"

#include <dirent.h>

#define PROGRESSIVE "progressive_420.jpg"

static bool holds(const struct image_bytes *b, const char *text)
{
    return memmem(b->data, b->len, text, strlen(text)) != NULL;
}

/* Every fixture that is read: what is sent decodes to the same pixels. */
static size_t check_folder(const char *folder, size_t *jpegs)
{
    char *path = data_path(folder, "");
    DIR *dir = opendir(path);
    size_t n = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct image image, again;
        struct image_bytes sent;
        char *stored;
        struct err e;
        size_t len;

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "expected.txt") == 0)
            continue;
        stored = read_data(folder, entry->d_name, &len);
        if (image_decode(&image, stored, len, &e) < 0) {
            free(stored);
            continue;
        }
        assert_ok(image_to_send(&image, stored, len, 0, &sent, &e), &e);
        assert_ok(image_decode(&again, sent.data, sent.len, &e), &e);
        if (again.width != image.width || again.height != image.height ||
            memcmp(again.rgb, image.rgb, (size_t)image.width * image.height * 3) != 0)
            fail_row(entry->d_name, "is sent with other pixels");
        assert_string_equal(image_format(sent.data, sent.len),
                            strcmp(sent.type, "image/jpeg") == 0 ? "JPEG" : "PNG");
        if (strcmp(sent.type, "image/jpeg") == 0 &&
            (holds(&sent, "Exif") || holds(&sent, "http://ns.adobe.com/xap")))
            fail_row(entry->d_name, "is sent with metadata");
        *jpegs += strcmp(sent.type, "image/jpeg") == 0;
        n++;
        image_release(&image);
        image_release(&again);
        free(sent.data);
        free(stored);
    }
    closedir(dir);
    free(path);
    return n;
}

static void what_is_sent_has_the_pixels_and_no_metadata(void **state)
{
    size_t jpegs = 0;

    (void)state;
    assert_in_range(check_folder("image", &jpegs) + check_folder("image_formats", &jpegs), 80,
                    SIZE_MAX);
    assert_in_range(jpegs, 20, SIZE_MAX);
}

/* A JPEG with more in it at `at`: the same pixels are sent, and nothing of that. */
static void check_without(const char *name, size_t at, const char *more, size_t n)
{
    struct image image, again;
    struct image_bytes sent;
    struct err e;
    size_t len;
    char *stored = read_data("image", name, &len), *all = malloc(len + n);

    assert_non_null(all);
    at = at > 0 ? at : len;
    memcpy(all, stored, at);
    memcpy(all + at, more, n);
    memcpy(all + at + n, stored + at, len - at);
    assert_ok(image_decode(&image, all, len + n, &e), &e);
    assert_ok(image_to_send(&image, all, len + n, 0, &sent, &e), &e);
    assert_string_equal(sent.type, "image/jpeg");
    assert_false(holds(&sent, "51 North"));
    assert_ok(image_decode(&again, sent.data, sent.len, &e), &e);
    assert_memory_equal(again.rgb, image.rgb, (size_t)image.width * image.height * 3);
    image_release(&image);
    image_release(&again);
    free(sent.data);
    free(stored);
    free(all);
}

/* Phones put a film or a second picture there, with the place where it was taken. */
static void what_stands_behind_a_jpeg_stays_here(void **state)
{
    static const char behind[] = "\xff\xd8\xff\xe1\0\x10"
                                 "Exif\0\0 51 North",
                      cut[] = "\xff";
    static const char *const names[] = { "rgb_kept.jpg", PROGRESSIVE };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        check_without(names[i], 0, behind, sizeof(behind));
        check_without(names[i], 0, cut, 1);
    }
}

static void comments_between_scans_stay_here(void **state)
{
    static const char comment[] = "\xff\xfe\0\x0a"
                                  "51 North";
    size_t len, n = 0;
    char *stored = read_data("image", PROGRESSIVE, &len);

    (void)state;
    for (size_t at = 2; at + 1 < len; at++) /* tables and scans behind the first scan's data */
        if (stored[at] == '\xff' && (stored[at + 1] == '\xda' || stored[at + 1] == '\xc4')) {
            check_without(PROGRESSIVE, at, comment, sizeof(comment) - 1);
            n++;
        }
    assert_in_range(n, 5, SIZE_MAX);
    free(stored);
}

static void what_is_too_large_is_made_smaller(void **state)
{
    static const uint64_t most[] = { 1, 12, 1000, 5000 };
    struct image image, again;
    struct image_bytes sent;
    struct err e;

    (void)state;
    assert_ok(decode_fixture(&image, "image", "rgb_kept.jpg", &e), &e);
    for (size_t i = 0; i < COUNT(most); i++) {
        assert_ok(image_to_send(&image, NULL, 0, most[i], &sent, &e), &e);
        assert_ok(image_decode(&again, sent.data, sent.len, &e), &e);
        assert_in_range((uint64_t)again.width * again.height, 1, most[i] > 1 ? most[i] : 1);
        image_release(&again);
        free(sent.data);
    }
    image_release(&image);
}

/* A JPEG is known by the bytes that are sent, what goes as PNG by its pixels. */
static void what_would_be_sent_is_known_without_making_it(void **state)
{
    static const uint64_t most[] = { 0, 1000 };
    struct image image;
    size_t len;
    char *stored = read_data("image", "rgb_kept.jpg", &len), hex[SHA256_HEX];
    struct err e;

    (void)state;
    assert_ok(image_decode(&image, stored, len, &e), &e);
    for (size_t i = 0; i < COUNT(most); i++) {
        struct image_digest digest;
        struct image_bytes sent;
        struct image again;
        struct buf ppm = BUF_INIT(1 << 20);

        assert_ok(image_to_send(&image, stored, len, most[i], &sent, &e), &e);
        assert_ok(image_to_send_digest(&image, stored, len, most[i], &digest, &e), &e);
        assert_string_equal(digest.type, sent.type);
        assert_ok(image_decode(&again, sent.data, sent.len, &e), &e);
        buf_printf(&ppm, "P6\n%u %u\n255\n", again.width, again.height);
        buf_add(&ppm, (const char *)again.rgb, (size_t)again.width * again.height * 3);
        if (most[i] == 0)
            sha256_hex(sent.data, sent.len, hex);
        else
            sha256_hex(ppm.text, ppm.len, hex);
        assert_string_equal(digest.sha256, hex);
        buf_release(&ppm);
        image_release(&again);
        free(sent.data);
    }
    image_release(&image);
    free(stored);
}

static void a_jpeg_that_is_cut_or_odd_becomes_a_png(void **state)
{
    struct image image;
    struct image_bytes sent;
    struct err e;
    size_t len;
    char *stored = read_data("image", "rgb_kept.jpg", &len);

    (void)state;
    assert_ok(image_decode(&image, stored, len, &e), &e);
    for (size_t cut = 0; cut < 700 && cut < len; cut++) { /* headers that end anywhere */
        assert_ok(image_to_send(&image, stored, cut, 0, &sent, &e), &e);
        free(sent.data);
    }
    image_release(&image);
    free(stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_has_the_pixels_and_no_metadata),
        cmocka_unit_test(what_stands_behind_a_jpeg_stays_here),
        cmocka_unit_test(comments_between_scans_stay_here),
        cmocka_unit_test(what_is_too_large_is_made_smaller),
        cmocka_unit_test(what_would_be_sent_is_known_without_making_it),
        cmocka_unit_test(a_jpeg_that_is_cut_or_odd_becomes_a_png),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
