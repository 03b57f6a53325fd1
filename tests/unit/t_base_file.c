/* SPDX-License-Identifier: MIT */
/*
 * base/: whole files read, and written so that a reader never sees half of one.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* ---- whole files ---- */

static void file_read_takes_up_to_its_maximum(void **state)
{
    const char *path = scratch_path(state, "ten.txt");
    char *text;
    size_t len;
    struct err e;

    write_file(path,
               "01234\0"
               "6789",
               10);
    assert_ok(file_read(path, 10, &text, &len, &e), &e);
    assert_int_equal(len, 10);
    assert_memory_equal(text,
                        "01234\0"
                        "6789",
                        11); /* and a zero behind */
    free(text);
    assert_refused(file_read(path, 9, &text, &len, &e), &e, ERR_LIMIT);
    assert_null(text);
    assert_string_equal(e.where, path);
    write_file(path, "", 0);
    assert_ok(file_read(path, 10, &text, &len, &e), &e);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    free(text);
}

static void file_read_says_the_maximum_that_it_was_given(void **state)
{
    const char *path = scratch_path(state, "ten.txt");
    char *text;
    size_t len;
    struct err e;

    write_file(path, "0123456789", 10);
    assert_refused(file_read(path, 9, &text, &len, &e), &e, ERR_LIMIT);
    assert_string_equal(e.expected, "at most 9 bytes");
}

static void file_read_names_what_it_cannot_read(void **state)
{
    const char *missing = scratch_path(state, "missing.txt");
    const struct scratch *s = *state;
    char *text;
    size_t len;
    struct err e;

    assert_refused(file_read(missing, 10, &text, &len, &e), &e, ERR_IO);
    assert_null(text);
    assert_string_equal(e.where, missing);
    assert_refused(file_read(s->folder, 10, &text, &len, &e), &e, ERR_IO);
    assert_null(text);
    assert_string_equal(e.where, s->folder);
}

static void file_exists_tells_files_from_folders(void **state)
{
    const char *path = scratch_path(state, "a.txt");
    const struct scratch *s = *state;

    assert_false(file_exists(path));
    write_file(path, "", 0);
    assert_true(file_exists(path));
    assert_false(file_is_folder(path));
    assert_true(file_exists(s->folder));
    assert_true(file_is_folder(s->folder));
}

static void file_join_keeps_absolute_names(void **state)
{
    static const struct {
        const char *dir, *name, *path;
    } rows[] = {
        { "dir", "a.txt", "dir/a.txt" }, { "dir/", "a.txt", "dir/a.txt" },
        { "dir", "/a.txt", "/a.txt" },   { ".", "a.txt", "a.txt" },
        { "/", "a.txt", "/a.txt" },      { "..", "b/a.txt", "../b/a.txt" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        char *path = file_join(rows[i].dir, rows[i].name, &e);

        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

/* ---- the writer ---- */

static void assert_file_holds(const char *path, const char *wanted)
{
    char *text;
    size_t len;
    struct err e;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    assert_string_equal(text, wanted);
    free(text);
}

static struct writer *start_writing(const char *path, const char *text)
{
    struct writer *w = NULL;
    struct err e;

    assert_ok(writer_open(&w, path, &e), &e);
    fputs(text, writer_file(w));
    return w;
}

static void writer_shows_nothing_before_the_commit(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct writer *w = start_writing(path, "new\n");
    struct err e;

    fflush(writer_file(w));
    assert_false(file_exists(path));
    assert_ok(writer_commit(w, &e), &e);
    assert_file_holds(path, "new\n");
    assert_int_equal(scratch_count(state), 1);
}

static void writer_commit_replaces_and_reads_through_again(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct reader *r = NULL;
    struct writer *w;
    const char *line;
    size_t len;
    struct err e;

    write_file(path, "a much longer old text\n", 23);
    w = start_writing(path, "new\r\n");
    fflush(writer_file(w));
    assert_file_holds(path, "a much longer old text\n");
    assert_ok(writer_commit(w, &e), &e);
    assert_ok(reader_open(&r, path, &e), &e);
    assert_int_equal(reader_line(r, &line, &len, &e), 1);
    assert_true(len == 3 && memcmp(line, "new", 3) == 0);
    assert_int_equal(reader_line(r, &line, &len, &e), 0);
    reader_close(r);
    assert_int_equal(scratch_count(state), 1);
}

static void writer_abort_leaves_nothing(void **state)
{
    const char *path = scratch_path(state, "out.txt");

    writer_abort(start_writing(path, "new\n"));
    assert_int_equal(scratch_count(state), 0);
    write_file(path, "old\n", 4);
    writer_abort(start_writing(path, "new\n"));
    assert_file_holds(path, "old\n");
    assert_int_equal(scratch_count(state), 1);
    writer_abort(NULL);
}

static void writer_gives_the_permissions_of_a_new_file(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    mode_t before = umask(027);
    struct stat st;
    struct err e;

    assert_ok(writer_commit(start_writing(path, "new\n"), &e), &e);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void writer_refuses_a_folder_and_a_missing_one(void **state)
{
    const char *missing = scratch_path(state, "missing/out.txt");
    const struct scratch *s = *state;
    struct writer *w = NULL;
    struct err e;

    assert_refused(writer_open(&w, s->folder, &e), &e, ERR_IO);
    assert_null(w);
    assert_refused(writer_open(&w, missing, &e), &e, ERR_IO);
    assert_null(w);
    assert_string_equal(e.where, missing);
    assert_int_equal(scratch_count(state), 0);
}

static void writer_replaces_what_a_killed_program_left(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    pid_t child = fork();
    struct err e;
    int how;

    assert_true(child >= 0);
    if (child == 0) {
        fflush(writer_file(start_writing(path, "half of it is longer than the other")));
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(scratch_count(state), 1);
    assert_ok(writer_commit(start_writing(path, "new\n"), &e), &e);
    assert_file_holds(path, "new\n");
    assert_int_equal(scratch_count(state), 1);
}

static void writer_waits_for_nobody_who_writes_the_same(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct writer *first = start_writing(path, "first\n"), *second;
    struct err e;

    assert_refused(writer_open(&second, path, &e), &e, ERR_IO);
    assert_null(second);
    assert_string_equal(e.where, path);
    assert_contains(e.what, "another process");
    assert_ok(writer_commit(first, &e), &e);
    assert_file_holds(path, "first\n");
    assert_ok(writer_commit(start_writing(path, "second\n"), &e), &e);
    assert_file_holds(path, "second\n");
}

/* Nothing but a plain file is what a program has left. */
static void writer_follows_no_link_in_the_place_of_what_was_left(void **state)
{
    const char *path = scratch_path(state, "out.txt"), *other = scratch_path(state, "other.txt");
    const char *part = scratch_path(state, "out.txt.assent-part");
    struct writer *w;
    struct err e;

    write_file(other, "other\n", 6);
    assert_int_equal(symlink(other, part), 0);
    assert_refused(writer_open(&w, path, &e), &e, ERR_IO);
    assert_file_holds(other, "other\n");
    assert_int_equal(unlink(part), 0);
    assert_int_equal(link(other, part), 0);
    assert_ok(writer_commit(start_writing(path, "new\n"), &e), &e);
    assert_file_holds(other, "other\n");
    assert_file_holds(path, "new\n");
}

/* A limit on the size of files stands for a full disk. */
static void writer_keeps_the_old_file_when_the_disk_is_full(void **state)
{
    const char *path = scratch_path(state, "out.txt");
    struct rlimit before, small;
    struct writer *w;
    struct err e;
    int rc;

    write_file(path, "old\n", 4);
    signals_init(); /* ignores the signal that goes with the limit */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    w = start_writing(path, "");
    for (int i = 0; i < 10000; i++)
        fputs("0123456789", writer_file(w));
    small = before;
    small.rlim_cur = 5000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    rc = writer_commit(w, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_refused(rc, &e, ERR_IO);
    assert_string_equal(e.where, path);
    assert_file_holds(path, "old\n");
    assert_int_equal(scratch_count(state), 1);
}

/* ---- is a large file still what it was? ---- */

enum { LARGE = 3 << 20 };

/* Changes one byte and gives the file its time of writing back. */
static void change_unseen(const char *path, long at)
{
    const char other = 'x';
    struct stat st;
    FILE *f;

    assert_int_equal(stat(path, &st), 0);
    f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    fwrite(&other, 1, 1, f);
    fclose(f);
    assert_int_equal(
        utimensat(AT_FDCWD, path, (const struct timespec[]){ st.st_atim, st.st_mtim }, 0), 0);
}

static void a_stamp_knows_a_file_whose_size_and_time_are_the_same(void **state)
{
    static const struct {
        const char *what;
        long len, at;
        bool sampled;
    } rows[] = {
        { "the first byte", LARGE, 0, true },
        { "the last byte", LARGE, LARGE - 1, true },
        { "a byte of a block at a 65th", LARGE, (LARGE - 4096L) * 7 / 65, true },
        { "a byte between two blocks", LARGE, 4097, false },
        { "a byte of a short file", 9000, 5000, true },
        { "the only byte", 1, 0, true },
    };
    const char *path = scratch_path(state, "weights");
    const struct timespec pause = { .tv_nsec = 20000000 }; /* longer than a file system's tick */
    char *bytes = calloc(1, LARGE);
    struct stamp before, after;
    struct err e;

    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file(path, bytes, (size_t)rows[i].len);
        assert_ok(stamp_take(&before, path, &e), &e);
        assert_ok(stamp_take(&after, path, &e), &e);
        assert_string_equal(before.state, after.state);
        assert_string_equal(before.sample, after.sample);
        nanosleep(&pause, NULL);
        change_unseen(path, rows[i].at);
        assert_ok(stamp_take(&after, path, &e), &e);
        if (strcmp(before.state, after.state) == 0)
            fail_row(rows[i].what, "does not change the state");
        if ((strcmp(before.sample, after.sample) != 0) != rows[i].sampled)
            fail_row(rows[i].what, "is in the sample: %d", !rows[i].sampled);
    }
    free(bytes);
    assert_refused(stamp_take(&after, scratch_path(state, "none"), &e), &e, ERR_IO);
}

static void a_stamp_of_an_empty_file_is_one(void **state)
{
    struct stamp s;
    struct err e;

    write_file(scratch_path(state, "empty"), "", 0);
    assert_ok(stamp_take(&s, scratch_path(state, "empty"), &e), &e);
    assert_int_equal(strlen(s.sample), SHA256_HEX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(file_read_takes_up_to_its_maximum),
        test_with_scratch(file_read_says_the_maximum_that_it_was_given),
        test_with_scratch(file_read_names_what_it_cannot_read),
        test_with_scratch(file_exists_tells_files_from_folders),
        cmocka_unit_test(file_join_keeps_absolute_names),
        test_with_scratch(writer_shows_nothing_before_the_commit),
        test_with_scratch(writer_commit_replaces_and_reads_through_again),
        test_with_scratch(writer_abort_leaves_nothing),
        test_with_scratch(writer_gives_the_permissions_of_a_new_file),
        test_with_scratch(writer_refuses_a_folder_and_a_missing_one),
        test_with_scratch(writer_keeps_the_old_file_when_the_disk_is_full),
        test_with_scratch(writer_replaces_what_a_killed_program_left),
        test_with_scratch(writer_waits_for_nobody_who_writes_the_same),
        test_with_scratch(writer_follows_no_link_in_the_place_of_what_was_left),
        test_with_scratch(a_stamp_knows_a_file_whose_size_and_time_are_the_same),
        test_with_scratch(a_stamp_of_an_empty_file_is_one),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_file", tests, NULL, NULL);
}
