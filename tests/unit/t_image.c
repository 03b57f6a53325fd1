/* SPDX-License-Identifier: MIT */
/*
 * image/: every variant of every format as Pillow decodes it, resizing as Pillow resizes, bad
 * pictures refused, folders and archives. tools/oracle/images.py wrote the files and what is
 * expected.
 */
#include "support_image.h"

#include <ftw.h>
#include <sys/stat.h>

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

static void check_resize(const struct line *line)
{
    uint64_t width, height;
    struct image image, resized;
    struct err e;
    char what[128];

    snprintf(what, sizeof(what), "%s to %s x %s", line->word[1], line->word[2], line->word[3]);
    assert_true(text_u64(line->word[2], IMAGE_SIDE_MAX, &width));
    assert_true(text_u64(line->word[3], IMAGE_SIDE_MAX, &height));
    assert_ok(decode_fixture(&image, "image", line->word[1], &e), &e);
    assert_ok(image_resize(&resized, &image, (uint32_t)width, (uint32_t)height, &e), &e);
    check_pixels(what, &resized, line->word + 2);
    image_release(&resized);
    image_release(&image);
}

static void resizing_is_that_of_pillow(void **state)
{
    (void)state;
    for_each_expected("image", "resize", 30, check_resize);
}

static void resizing_to_nothing_or_too_much_is_refused(void **state)
{
    uint8_t pixel[3] = { 1, 2, 3 };
    struct image image = { 1, 1, pixel }, out;
    struct err e;

    (void)state;
    assert_refused(image_resize(&out, &image, 0, 5, &e), &e, ERR_ARG);
    assert_refused(image_resize(&out, &image, 5, 0, &e), &e, ERR_ARG);
    assert_refused(image_resize(&out, &image, IMAGE_SIDE_MAX + 1, 1, &e), &e, ERR_ARG);
    assert_refused(image_resize(&out, &image, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX, &e), &e, ERR_LIMIT);
    assert_null(out.rgb);
}

/* ---- sources ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

static int remove_tree(void **state)
{
    const struct scratch *s = *state;

    nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return scratch_remove(state);
}

#define test_with_tree(f) cmocka_unit_test_setup_teardown(f, scratch_make, remove_tree)

static void put(void **state, const char *name, const char *text)
{
    write_file(scratch_path(state, name), text, strlen(text));
}

static void check_keys(const struct image_source *s, const char *const keys[], size_t n)
{
    if (image_source_count(s) != n)
        fail_msg("%zu keys, not %zu; the first is %s", image_source_count(s), n,
                 image_source_key(s, 0));
    for (size_t k = 0; k < n; k++)
        assert_string_equal(image_source_key(s, k), keys[k]);
}

static void check_content(struct image_source *s, size_t i, const char *text)
{
    struct err e;
    void *data;
    size_t len;

    assert_ok(image_source_read(s, i, &data, &len, &e), &e);
    if (len != strlen(text) || memcmp(data, text, len) != 0)
        fail_row(image_source_key(s, i), "holds '%.*s', not '%s'", (int)len, (char *)data, text);
    free(data);
}

static void make_folders(void **state)
{
    static const char *const folders[] = { "b", "b/deep", ".hidden", "outside.jpg" };

    for (size_t i = 0; i < COUNT(folders); i++)
        assert_int_equal(mkdir(scratch_path(state, folders[i]), 0777), 0);
    put(state, "b/2.jpg", "two");
    put(state, "b/10.JPEG", "ten");
    put(state, "b/deep/x.WebP", "deep");
    put(state, "b.png", "b");
    put(state, "notes.txt", "");
    put(state, ".jpg", "");
    put(state, "._2.jpg", "");
    put(state, ".hidden/a.jpg", "");
    put(state, "outside.jpg/in.png", "in");
    put(state, "gr\303\266\303\237e.jpg", "utf8");
    put(state, "bad\377.jpg", "");
    put(state, "bad\n.jpg", "");
    assert_int_equal(symlink("b/2.jpg", scratch_path(state, "link.jpg")), 0);
    assert_int_equal(symlink("b", scratch_path(state, "folder_link")), 0);
    assert_int_equal(symlink(".", scratch_path(state, "b/loop")), 0);
    assert_int_equal(symlink("nowhere", scratch_path(state, "broken.jpg")), 0);
    assert_int_equal(mkfifo(scratch_path(state, "pipe.jpg"), 0666), 0);
}

static void folder_is_searched_recursively(void **state)
{
    static const char *const keys[] = {
        "b.png",    "b/10.JPEG",         "b/2.jpg", "b/deep/x.WebP", "gr\303\266\303\237e.jpg",
        "link.jpg", "outside.jpg/in.png"
    };
    static const char *const texts[] = { "b", "ten", "two", "deep", "utf8", "two", "in" };
    const struct scratch *folder = *state;
    struct image_source *s;
    struct err e;
    void *data;
    size_t len;

    make_folders(state);
    assert_ok(image_source_open(&s, folder->folder, NULL, &e), &e);
    check_keys(s, keys, COUNT(keys));
    for (size_t i = COUNT(keys); i-- > 0;)
        check_content(s, i, texts[i]);
    assert_refused(image_source_read(s, COUNT(keys), &data, &len, &e), &e, ERR_ARG);
    remove(scratch_path(state, "b.png"));
    assert_refused(image_source_read(s, 0, &data, &len, &e), &e, ERR_IO);
    assert_null(data);
    image_source_close(s);
}

static void folders_too_deep_are_refused(void **state)
{
    const struct scratch *folder = *state;
    char name[256] = "d";
    struct image_source *s;
    struct err e;

    put(state, "a.jpg", "");
    for (int i = 0; i < 70; i++) {
        assert_int_equal(mkdir(scratch_path(state, name), 0777), 0);
        memcpy(name + strlen(name), "/d", 3);
    }
    assert_refused(image_source_open(&s, folder->folder, NULL, &e), &e, ERR_LIMIT);
    assert_null(s);
}

static void sources_without_pictures_are_refused(void **state)
{
    const struct scratch *folder = *state;
    struct image_source *s;
    struct err e;

    assert_refused(image_source_open(&s, folder->folder, NULL, &e), &e, ERR_FORMAT);
    put(state, "a.txt", "");
    assert_refused(image_source_open(&s, folder->folder, NULL, &e), &e, ERR_FORMAT);
    assert_refused(image_source_open(&s, scratch_path(state, "a.txt"), NULL, &e), &e, ERR_FORMAT);
    put(state, "b.txt", "a text that is no archive\n");
    assert_refused(image_source_open(&s, scratch_path(state, "b.txt"), NULL, &e), &e, ERR_FORMAT);
    assert_contains(e.where, "b.txt");
    assert_refused(image_source_open(&s, scratch_path(state, "none"), NULL, &e), &e, ERR_IO);
    assert_null(s);
    image_source_close(NULL);
}

static void archives_are_read_in_any_order(void **state)
{
    static const char *const files[] = {
        "plain.tar",        "gnu.tar",         "unsorted.tar.gz",
        "unsorted.tar.bz2", "unsorted.tar.xz", "unsorted.tar.zst"
    };
    static const char *const keys[] = { "a.png", "b/10.JPEG", "b/2.jpg", "c.webp",
                                        "gr\303\266\303\237e.jpg" };
    static const char *const texts[] = { "8 a.png", "2 ./b/10.JPEG", "0 b/2.jpg", "4 /c.webp",
                                         "5 gr\303\266\303\237e.jpg" };

    (void)state;
    for (size_t f = 0; f < COUNT(files); f++) {
        char *path = data_path("image", files[f]);
        struct image_source *s;
        struct err e;

        assert_ok(image_source_open(&s, path, NULL, &e), &e);
        check_keys(s, keys, COUNT(keys));
        for (size_t i = 0; i < COUNT(keys); i++)
            check_content(s, i, texts[i]);
        for (size_t i = COUNT(keys); i-- > 0;) {
            check_content(s, i, texts[i]);
            check_content(s, i, texts[i]);
        }
        image_source_close(s);
        free(path);
    }
}

static void broken_archives_are_refused(void **state)
{
    static const char *const files[] = { "bad_truncated.tar", "bad_truncated.tar.gz",
                                         "baseline_444.jpg" };

    (void)state;
    for (size_t f = 0; f < COUNT(files); f++) {
        char *path = data_path("image", files[f]);
        struct image_source *s;
        struct err e;

        assert_refused(image_source_open(&s, path, NULL, &e), &e, ERR_FORMAT);
        assert_contains(e.where, files[f]);
        free(path);
    }
}

/* A ustar header by hand: the size in its 12 octal digits may say anything. */
static void put_ustar(FILE *f, const char *name, const char *size_octal)
{
    char header[512] = { 0 };
    unsigned sum = 0;

    memcpy(header, name, strlen(name));
    memcpy(header + 100, "0000644\0000000000\0000000000", 24);
    memcpy(header + 124, size_octal, strlen(size_octal));
    memcpy(header + 136, "00000000000", 11);
    memset(header + 148, ' ', 8);
    header[156] = '0';
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof(header); i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    assert_int_equal(fwrite(header, 1, sizeof(header), f), sizeof(header));
}

static void put_blocks(FILE *f, size_t n)
{
    static const char zeros[512];

    for (size_t i = 0; i < n; i++)
        assert_int_equal(fwrite(zeros, 1, sizeof(zeros), f), sizeof(zeros));
}

static void members_above_the_limit_are_refused(void **state)
{
    const char *path = scratch_path(state, "large.tar");
    FILE *f = fopen(path, "wb");
    struct image_source *s;
    struct err e;
    void *data;
    size_t len;

    put_ustar(f, "a.jpg", "00000000000");
    put_ustar(f, "large.jpg", "02000000001"); /* 256 MiB and a byte, of which a hole */
    assert_int_equal(fseek(f, ((256L << 20) + 512) - 1, SEEK_CUR), 0);
    put_blocks(f, 3);
    fclose(f);
    assert_ok(image_source_open(&s, path, NULL, &e), &e);
    assert_int_equal(image_source_count(s), 2);
    assert_refused(image_source_read(s, 1, &data, &len, &e), &e, ERR_LIMIT);
    assert_null(data);
    check_content(s, 0, "");
    image_source_close(s);
}

static void archive_that_changes_is_noticed(void **state)
{
    const char *path = scratch_path(state, "a.tar");
    FILE *f = fopen(path, "wb");
    struct image_source *s;
    struct err e;
    void *data;
    size_t len;

    put_ustar(f, "a.jpg", "00000000000");
    put_blocks(f, 2);
    fclose(f);
    assert_ok(image_source_open(&s, path, NULL, &e), &e);
    check_content(s, 0, "");
    f = fopen(path, "wb");
    put_ustar(f, "b.jpg", "00000000000");
    put_blocks(f, 2);
    fclose(f);
    assert_refused(image_source_read(s, 0, &data, &len, &e), &e, ERR_IO);
    assert_contains(e.what, "changed");
    f = fopen(path, "wb");
    fclose(f);
    assert_true(image_source_read(s, 0, &data, &len, &e) < 0);
    image_source_close(s);
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
        test_with_tree(folder_is_searched_recursively),
        test_with_tree(folders_too_deep_are_refused),
        test_with_tree(sources_without_pictures_are_refused),
        cmocka_unit_test(archives_are_read_in_any_order),
        cmocka_unit_test(broken_archives_are_refused),
        test_with_tree(members_above_the_limit_are_refused),
        test_with_tree(archive_that_changes_is_noticed),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
