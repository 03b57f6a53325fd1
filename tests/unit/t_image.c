/* SPDX-License-Identifier: MIT */
/*
 * image/: every variant of every format as Pillow decodes it, resizing as Pillow resizes, bad
 * pictures refused. tools/oracle/images.py wrote the files and what is expected.
 */
#include "support_image.h"

/* ---- decoding ---- */

static void pictures_are_those_of_pillow(void **state)
{
    (void)state;
    for_each_expected("image", NULL, 90, check_picture);
}

static void bad_pictures_are_refused(void **state)
{
    (void)state;
    for_each_expected("image", "refused", 25, check_refused);
}

/* Whatever is cut off: refused, or (behind the pixels) nothing of the picture. */
static void truncated_pictures_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t may_miss; /* bytes at the end that are not the picture's */
    } files[] = {
        { "baseline_420.jpg", 0 },  { "progressive_420.jpg", 0 }, { "gray.jpg", 0 },
        { "cmyk.jpg", 0 },          { "restart.jpg", 0 },         { "filtered.png", 20 },
        { "color3_2bits.png", 20 }, { "lossy.webp", 0 },          { "lossless.webp", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t len;
        char *data = read_data("image", files[i].name, &len);

        for (size_t cut = 1; cut < len; cut += cut < 64 ? 1 : 7) {
            struct image image;
            struct err e;
            char *part = malloc(len - cut); /* so that reading past its end is seen */
            int rc;

            memcpy(part, data, len - cut);
            rc = image_decode(&image, part, len - cut, &e);
            if (rc != ERR_FORMAT && cut > files[i].may_miss)
                fail_row(files[i].name, "without its last %zu bytes: %d", cut, rc);
            image_release(&image);
            free(part);
        }
        free(data);
    }
}

static void refusal_says_what_the_file_is(void **state)
{
    struct image image;
    struct err e;

    (void)state;
    assert_refused(image_decode(&image, "<!DOCTYPE html>", 15, &e), &e, ERR_FORMAT);
    assert_contains(e.got, "\"<!DOCTYPE html>\"");
    assert_contains(e.expected, "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 or PNM");
    assert_refused(image_decode(&image, "\0\1\2\377", 4, &e), &e, ERR_FORMAT);
    assert_contains(e.got, "00 01 02 ff");
    assert_refused(image_decode(&image, "", 0, &e), &e, ERR_FORMAT);
    assert_contains(e.what, "empty");
    assert_refused(decode_fixture(&image, "image", "bad_pixels.png", &e), &e, ERR_LIMIT);
    assert_contains(e.got, "20000 x 20000");
    assert_refused(decode_fixture(&image, "image", "bad_half.jpg", &e), &e, ERR_FORMAT);
    assert_contains(e.what, "truncated");
}

static void files_above_the_limit_are_refused_unread(void **state)
{
    struct image image;
    struct err e;

    (void)state;
    assert_refused(image_decode(&image, "\xFF\xD8\xFF", (size_t)IMAGE_BYTES_MAX + 1, &e), &e,
                   ERR_LIMIT);
}

static void pixel_limit_is_exact(void **state)
{
    struct image image;
    struct err e;
    size_t len;
    char *data = read_data("image", "baseline_444.jpg", &len);

    (void)state;
    assert_ok(image_decode_within(&image, data, len, 53 * 37, &e), &e);
    image_release(&image);
    assert_refused(image_decode_within(&image, data, len, 53 * 37 - 1, &e), &e, ERR_LIMIT);
    free(data);
}

static void formats_are_told_by_their_first_bytes(void **state)
{
    (void)state;
    assert_string_equal(image_format("\xFF\xD8\xFF\xE0", 4), "JPEG");
    assert_string_equal(image_format("\x89PNG\r\n\x1A\n", 8), "PNG");
    assert_string_equal(image_format("RIFF\0\0\0\0WEBPVP8 ", 16), "WebP");
    assert_null(image_format("RIFF\0\0\0\0WAVEfmt ", 16));
    assert_null(image_format("\xFF\xD8", 2));
    assert_null(image_format("", 0));
}

/* ---- orientation ---- */

/* 1 2 3
 * 4 5 6 lying in each way. */
static void orientations_turn_a_small_picture(void **state)
{
    static const struct {
        unsigned orientation, width;
        const char *upright;
    } turns[] = {
        { 0, 3, "123456" }, { 1, 3, "123456" }, { 2, 3, "321654" }, { 3, 3, "654321" },
        { 4, 3, "456123" }, { 5, 2, "142536" }, { 6, 2, "415263" }, { 7, 2, "635241" },
        { 8, 2, "362514" }, { 9, 3, "123456" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(turns); i++) {
        struct image image;
        struct err e;

        assert_ok(image_new(&image, 3, 2, 6, &e), &e);
        for (int p = 0; p < 6; p++)
            memset(image.rgb + 3 * p, '1' + p, 3);
        assert_ok(image_turn(&image, turns[i].orientation, &e), &e);
        assert_int_equal(image.width, turns[i].width);
        assert_int_equal(image.height, 6 / turns[i].width);
        for (size_t p = 0; p < 6; p++)
            assert_int_equal(image.rgb[3 * p + 2], turns[i].upright[p]);
        image_release(&image);
    }
}

static void xmp_orientations(void **state)
{
    static const struct {
        const char *xmp;
        unsigned orientation;
    } packets[] = {
        { "<a tiff:Orientation=\"6\"/>", 6 },
        { "<tiff:Orientation>3</tiff:Orientation>", 3 },
        { "<a tiff:Orientation='6'/>", 0 },
        { "tiff:Orientation tiff:Orientation=\"8", 8 },
        { "tiff:Orientation=\"", 0 },
        { "tiff:Orientation", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(packets); i++)
        if (xmp_orientation(packets[i].xmp, strlen(packets[i].xmp)) != packets[i].orientation)
            fail_row(packets[i].xmp, "is not %u", packets[i].orientation);
}

/* ---- resizing ---- */

static enum image_filter filter_of(const char *name)
{
    static const char *const names[] = {
        [FILTER_BICUBIC] = "bicubic", [FILTER_BILINEAR] = "bilinear", [FILTER_LANCZOS] = "lanczos"
    };
    size_t i = 0;

    while (i < COUNT(names) && strcmp(names[i], name) != 0)
        i++;
    assert_in_range(i, 0, COUNT(names) - 1);
    return (enum image_filter)i;
}

/* A line "resize FILTER FILE WIDTH HEIGHT SHA256". */
static void check_resize(const struct line *line)
{
    enum image_filter filter = filter_of(line->word[1]);
    uint64_t width, height;
    struct image image, resized;
    struct err e;
    char what[128];

    snprintf(what, sizeof(what), "%s, %s to %s x %s", line->word[1], line->word[2], line->word[3],
             line->word[4]);
    assert_true(text_u64(line->word[3], IMAGE_SIDE_MAX, &width));
    assert_true(text_u64(line->word[4], IMAGE_SIDE_MAX, &height));
    assert_ok(decode_fixture(&image, "image", line->word[2], &e), &e);
    assert_ok(image_resize(&resized, &image, (uint32_t)width, (uint32_t)height, filter, &e), &e);
    check_pixels(what, &resized, line->word + 3);
    image_release(&resized);
    image_release(&image);
}

static void resizing_is_that_of_pillow(void **state)
{
    (void)state;
    for_each_expected("image", "resize", 90, check_resize);
}

static void resizing_to_nothing_or_too_much_is_refused(void **state)
{
    uint8_t pixel[3] = { 1, 2, 3 };
    struct image image = { 1, 1, pixel }, out;
    struct err e;

    (void)state;
    assert_refused(image_resize(&out, &image, 0, 5, FILTER_BICUBIC, &e), &e, ERR_ARG);
    assert_refused(image_resize(&out, &image, 5, 0, FILTER_BICUBIC, &e), &e, ERR_ARG);
    assert_refused(image_resize(&out, &image, IMAGE_SIDE_MAX + 1, 1, FILTER_LANCZOS, &e), &e,
                   ERR_ARG);
    assert_refused(image_resize(&out, &image, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX, FILTER_BILINEAR, &e),
                   &e, ERR_LIMIT);
    assert_null(out.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_those_of_pillow),
        cmocka_unit_test(bad_pictures_are_refused),
        cmocka_unit_test(truncated_pictures_are_refused),
        cmocka_unit_test(refusal_says_what_the_file_is),
        cmocka_unit_test(files_above_the_limit_are_refused_unread),
        cmocka_unit_test(pixel_limit_is_exact),
        cmocka_unit_test(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(orientations_turn_a_small_picture),
        cmocka_unit_test(xmp_orientations),
        cmocka_unit_test(resizing_is_that_of_pillow),
        cmocka_unit_test(resizing_to_nothing_or_too_much_is_refused),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
