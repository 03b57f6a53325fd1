/* SPDX-License-Identifier: MIT */
/*
 * image/: GIF, BMP, TIFF, PNM, JPEG 2000, AVIF and HEIC as Pillow decodes them, and the damage that
 * it overlooks. tools/oracle/formats.py wrote the files and what is expected.
 */
#include "support_image.h"

static const char folder[] = "image_formats";

static void pictures_are_those_of_pillow(void **state)
{
    (void)state;
    for_each_expected(folder, NULL, 160, check_picture);
}

/* "near FILE WIDTH HEIGHT MOST" */
static void check_near(const struct line *line)
{
    struct image image;
    char name[128];
    struct err e;
    size_t len;
    uint64_t most;
    char *pixels;

    snprintf(name, sizeof(name), "%s.rgb", line->word[1]);
    pixels = read_data(folder, name, &len);
    assert_true(text_u64(line->word[4], 255, &most));
    assert_ok(decode_fixture(&image, folder, line->word[1], &e), &e);
    assert_int_equal(len, (size_t)image.width * image.height * 3);
    for (size_t i = 0; i < len; i++)
        if (abs(image.rgb[i] - (uint8_t)pixels[i]) > (int)most)
            fail_row(line->word[1], "byte %zu is %d, not %d", i, image.rgb[i], (uint8_t)pixels[i]);
    image_release(&image);
    free(pixels);
}

static void other_roundings_are_near(void **state)
{
    (void)state;
    for_each_expected(folder, "near", 2, check_near);
}

static void bad_pictures_are_refused(void **state)
{
    (void)state;
    for_each_expected(folder, "refused", 25, check_refused);
}

/* Whatever is cut off: refused, or the whole picture is there all the same. */
static void truncated_pictures_are_refused(void **state)
{
    static const char *const names[] = {
        "global.gif", "bits8.bmp", "rle8.bmp",     "strips.tif", "tiff_lzw.tif",
        "tiles.tif",  "p3.ppm",    "p5_small.pgm", "p4.pbm",     "rgb.jp2",
        "rgb.j2k",    "444.avif",  "444.heic",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct image whole, image;
        struct err e;
        size_t len;
        char *data = read_data(folder, names[i], &len);

        assert_ok(image_decode(&whole, data, len, &e), &e);
        for (size_t cut = 1; cut < len; cut += cut < 64 ? 1 : 7) {
            char *part = malloc(len - cut); /* so that reading past its end is seen */
            int rc;

            memcpy(part, data, len - cut);
            rc = image_decode(&image, part, len - cut, &e);
            if (rc != ERR_FORMAT &&
                (rc < 0 || memcmp(image.rgb, whole.rgb, (size_t)whole.width * whole.height * 3)))
                fail_row(names[i], "without its last %zu bytes: %d", cut, rc);
            image_release(&image);
            free(part);
        }
        image_release(&whole);
        free(data);
    }
}

static void formats_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *name, *format;
    } files[] = {
        { "saved.gif", "GIF" }, { "bits1.bmp", "BMP" },     { "rgb.tif", "TIFF" },
        { "big.tif", "TIFF" },  { "444.avif", "AVIF" },     { "animated.avif", "AVIF" },
        { "444.heic", "HEIC" }, { "rgb.jp2", "JPEG 2000" }, { "rgb.j2k", "JPEG 2000" },
        { "p1.pbm", "PNM" },    { "p6.ppm", "PNM" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t len;
        char *data = read_data(folder, files[i].name, &len);
        const char *format = image_format(data, len);

        if (!format || strcmp(format, files[i].format) != 0)
            fail_row(files[i].name, "is %s", format ? format : "none");
        free(data);
    }
    assert_null(image_format("\0\0\0\x10"
                             "ftypisom\0\0\2\0",
                             16)); /* a film */
    assert_null(image_format("P7\n", 3));
    assert_null(image_format("Pf\n", 3));
}

static void libraries_say_nothing_on_standard_error(void **state)
{
    int saved = dup(STDERR_FILENO), pipe_ends[2];
    char said[256];

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    for_each_expected(folder, "refused", 25, check_refused);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    assert_int_equal(read(pipe_ends[0], said, sizeof(said)), 0);
    close(pipe_ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_those_of_pillow),
        cmocka_unit_test(other_roundings_are_near),
        cmocka_unit_test(bad_pictures_are_refused),
        cmocka_unit_test(truncated_pictures_are_refused),
        cmocka_unit_test(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(libraries_say_nothing_on_standard_error),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("image_formats", tests, NULL, NULL);
}
