/* SPDX-License-Identifier: MIT */
/*
 * image/: where pictures come from: folders, links, tar and zip archives. tools/oracle/images.py
 * wrote the archives.
 */
#include "support.h"

#include <ftw.h>
#include <sys/stat.h>

#include "image/image.h"

/* ---- folders ---- */

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
    static const char *const keys[] = { "b.png",
                                        "b/10.JPEG",
                                        "b/2.jpg",
                                        "b/deep/x.WebP",
                                        "folder_link/10.JPEG",
                                        "folder_link/2.jpg",
                                        "folder_link/deep/x.WebP",
                                        "gr\303\266\303\237e.jpg",
                                        "link.jpg",
                                        "outside.jpg/in.png" };
    static const char *const texts[] = { "b",   "ten",  "two",  "deep", "ten",
                                         "two", "deep", "utf8", "two",  "in" };
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

/* ---- links ---- */

struct said { /* what was said, a line an event */
    struct buf lines;
    unsigned notes, warnings;
};

static void keep_said(void *data, enum event_kind kind, const char *text)
{
    struct said *s = data;

    s->notes += kind == EVENT_NOTE;
    s->warnings += kind == EVENT_WARNING;
    buf_printf(&s->lines, "%s\n", text);
}

static struct image_source *open_hearing(const char *path, struct said *said)
{
    const struct events ev = { .say = keep_said, .data = said };
    struct image_source *s;
    struct err e;

    *said = (struct said){ .lines = BUF_INIT(1 << 16) };
    assert_ok(image_source_open(&s, path, &ev, &e), &e);
    if (!said->lines.text)
        buf_puts(&said->lines, "");
    return s;
}

static void make_folder(void **state, const char *name)
{
    assert_int_equal(mkdir(scratch_path(state, name), 0777), 0);
}

static void make_link(void **state, const char *target, const char *name)
{
    assert_int_equal(symlink(target, scratch_path(state, name)), 0);
}

/* As huggingface_hub lays it out: every file is a link, its bytes have no ending in a folder beside
 * (huggingface_hub's documentation, "Understand caching"). */
static void cache_of_links_gives_one_line(void **state)
{
    static const char *const keys[] = {
        "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "train/6.jpg"
    };
    struct image_source *s;
    struct said said;
    char blob[32], link[32];

    make_folder(state, "blobs");
    make_folder(state, "snapshots");
    make_folder(state, "snapshots/c0ffee");
    make_folder(state, "snapshots/c0ffee/train");
    for (int i = 1; i <= 6; i++) {
        snprintf(blob, sizeof(blob), "blobs/%d%d%d", i, i, i);
        put(state, blob, "bytes");
        snprintf(blob, sizeof(blob), "../../%sblobs/%d%d%d", i == 6 ? "../" : "", i, i, i);
        snprintf(link, sizeof(link), "snapshots/c0ffee/%s", keys[i - 1]);
        make_link(state, blob, link);
    }
    s = open_hearing(scratch_path(state, "snapshots/c0ffee"), &said);
    check_keys(s, keys, COUNT(keys));
    for (size_t i = 0; i < COUNT(keys); i++)
        check_content(s, i, "bytes");
    assert_int_equal(said.notes, 1);
    assert_int_equal(said.warnings, 0);
    assert_contains(said.lines.text, "6 symbolic links followed");
    buf_release(&said.lines);
    image_source_close(s);
}

static void folder_with_two_names_has_two_keys(void **state)
{
    static const char *const keys[] = { "a/1.jpg", "b/1.jpg", "b/a_too/1.jpg" };
    const struct scratch *folder = *state;
    struct image_source *s;
    struct said said;

    make_folder(state, "a");
    make_folder(state, "b");
    put(state, "a/1.jpg", "one");
    put(state, "b/1.jpg", "other");
    make_link(state, "../a", "b/a_too");
    s = open_hearing(folder->folder, &said);
    check_keys(s, keys, COUNT(keys));
    check_content(s, 2, "one");
    assert_int_equal(said.notes + said.warnings, 0);
    buf_release(&said.lines);
    image_source_close(s);
}

static void circles_and_links_to_nowhere_are_named(void **state)
{
    static const char *const keys[] = { "a/1.jpg", "a/to_b/2.jpg", "b/2.jpg", "b/to_a/1.jpg" };
    const struct scratch *folder = *state;
    struct image_source *s;
    struct said said;

    make_folder(state, "a");
    make_folder(state, "b");
    put(state, "a/1.jpg", "one");
    put(state, "b/2.jpg", "two");
    make_link(state, "../b", "a/to_b");
    make_link(state, "../a", "b/to_a");
    make_link(state, ".", "self");
    make_link(state, "none", "gone.jpg");
    make_link(state, "itself.jpg", "itself.jpg");
    s = open_hearing(folder->folder, &said);
    check_keys(s, keys, COUNT(keys));
    assert_int_equal(said.warnings, 2);
    assert_contains(said.lines.text, "3 folders left out, which would lead in circles: ");
    assert_contains(said.lines.text, "a/to_b/to_a");
    assert_contains(said.lines.text, "2 symbolic links left out, to what is not there: ");
    assert_contains(said.lines.text, "gone.jpg");
    buf_release(&said.lines);
    image_source_close(s);
}

/* What is left out was counted among what is followed, too. */
static void circle_that_leads_out_is_not_called_followed(void **state)
{
    static const char *const keys[] = { "out/1.jpg" };
    struct image_source *s;
    struct said said;

    make_folder(state, "outside");
    make_folder(state, "pictures");
    put(state, "outside/1.jpg", "one");
    make_link(state, "../outside", "pictures/out");
    make_link(state, ".", "outside/again");
    s = open_hearing(scratch_path(state, "pictures"), &said);
    check_keys(s, keys, COUNT(keys));
    assert_contains(said.lines.text, "1 folder left out, which would lead in circles: out/again");
    assert_contains(said.lines.text, "1 symbolic link followed");
    buf_release(&said.lines);
    image_source_close(s);
}

/* ---- archives ---- */

static void archives_are_read_in_any_order(void **state)
{
    static const char *const files[] = { "plain.zip",       "plain.tar",        "gnu.tar",
                                         "unsorted.tar.gz", "unsorted.tar.bz2", "unsorted.tar.xz",
                                         "unsorted.tar.zst" };
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
                                         "bad_truncated.zip", "baseline_444.jpg" };

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

/* ---- zip ---- */

static void damaged_member_is_the_damage_of_one_picture(void **state)
{
    static const struct {
        const char *key;
        enum err_code code;
        const char *what;
    } rows[] = {
        { "a.png", 0, NULL },
        { "crc.png", ERR_FORMAT, "CRC" },
        { "deflated.png", ERR_FORMAT, "CRC" },
        { "encrypted.png", ERR_FORMAT, "encrypted" },
        { "impossible.png", ERR_FORMAT, "a size that it cannot have" },
        { "large.png", ERR_LIMIT, "too large" },
        { "long.png", ERR_FORMAT, "not as large as the archive says" },
        { "method.png", ERR_FORMAT, "ompression method" },
        { "short.png", ERR_FORMAT, "not as large as the archive says" },
        { "stored.png", ERR_FORMAT, "a size that it cannot have" },
        { "z.png", 0, NULL },
    };
    char *path = data_path("image", "damaged.zip");
    struct said said;
    struct image_source *s = open_hearing(path, &said);
    struct err e;

    (void)state;
    assert_int_equal(image_source_count(s), COUNT(rows));
    assert_contains(said.lines.text, "1 picture encrypted, which cannot be read: encrypted.png");
    for (size_t i = 0; i < COUNT(rows); i++) {
        void *data;
        size_t len;
        int rc = image_source_read(s, i, &data, &len, &e);

        assert_string_equal(image_source_key(s, i), rows[i].key);
        if (rc != (int)rows[i].code || (rc < 0 && !strstr(e.what, rows[i].what)))
            fail_row(rows[i].key, "%d: %s", rc, rc < 0 ? e.what : "read");
        if (rc < 0)
            assert_contains(e.where, rows[i].key);
        assert_true((data != NULL) == (rc == 0));
        free(data);
    }
    buf_release(&said.lines);
    image_source_close(s);
    free(path);
}

static void names_of_old_zips_are_made_utf8(void **state)
{
    static const char *const keys[] = { "gr\303\266\303\237e.jpg" };
    char *path = data_path("image", "cp437.zip");
    struct image_source *s;
    struct err e;

    (void)state;
    assert_ok(image_source_open(&s, path, NULL, &e), &e);
    check_keys(s, keys, COUNT(keys));
    image_source_close(s);
    free(path);
}

static void archives_of_other_kinds_are_told_what_is_read(void **state)
{
    static const char *const rows[][2] = { { "bad_other.7z", "7z" }, { "bad_other.rar", "RAR" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = data_path("image", rows[i][0]);
        struct image_source *s;
        struct err e;

        assert_refused(image_source_open(&s, path, NULL, &e), &e, ERR_FORMAT);
        assert_contains(e.what, rows[i][1]);
        assert_contains(e.expected, ".zip");
        assert_contains(e.where, rows[i][0]);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_tree(folder_is_searched_recursively),
        test_with_tree(folders_too_deep_are_refused),
        test_with_tree(sources_without_pictures_are_refused),
        test_with_tree(cache_of_links_gives_one_line),
        test_with_tree(folder_with_two_names_has_two_keys),
        test_with_tree(circles_and_links_to_nowhere_are_named),
        test_with_tree(circle_that_leads_out_is_not_called_followed),
        cmocka_unit_test(archives_are_read_in_any_order),
        cmocka_unit_test(broken_archives_are_refused),
        test_with_tree(members_above_the_limit_are_refused),
        test_with_tree(archive_that_changes_is_noticed),
        cmocka_unit_test(damaged_member_is_the_damage_of_one_picture),
        cmocka_unit_test(names_of_old_zips_are_made_utf8),
        cmocka_unit_test(archives_of_other_kinds_are_told_what_is_read),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("image_source", tests, NULL, NULL);
}
