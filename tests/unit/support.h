/* SPDX-License-Identifier: MIT */
/*
 * support.h - what the unit tests share: assertions that say what they saw, a folder that goes away
 * with its test, and files of known content.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* needs setjmp.h, stdarg.h, stddef.h and stdint.h before it */

#include "base/base.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- assertions ---- */

/* The call succeeded; else its error is printed. */
#define assert_ok(rc, e) assert_ok_at(rc, e, __FILE__, __LINE__)

static inline void assert_ok_at(int rc, const struct err *e, const char *file, int line)
{
    if (rc >= 0)
        return;
    print_error("%s: %s (got %s, expected %s)\n", e->where, e->what, e->got, e->expected);
    _fail(file, line);
}

/* The call failed with this code, and says why. */
#define assert_refused(rc, e, wanted) assert_refused_at(rc, e, wanted, __FILE__, __LINE__)

static inline void assert_refused_at(int rc, const struct err *e, enum err_code wanted,
                                     const char *file, int line)
{
    if (rc == (int)wanted && e->code == wanted && e->what[0] != '\0')
        return;
    print_error("returned %d, code %d, '%s'; expected %d\n", rc, rc < 0 ? (int)e->code : 0,
                rc < 0 ? e->what : "", (int)wanted);
    _fail(file, line);
}

#define assert_contains(text, part) assert_contains_at(text, part, __FILE__, __LINE__)

static inline void assert_contains_at(const char *text, const char *part, const char *file,
                                      int line)
{
    if (strstr(text, part))
        return;
    print_error("'%s' is not in '%s'\n", part, text);
    _fail(file, line);
}

/* Doubles within a tolerance; a NaN is near nothing. (cmocka's own compares floats.) */
#define assert_near(what, got, wanted, tolerance) \
    assert_near_at(what, got, wanted, tolerance, __FILE__, __LINE__)

static inline void assert_near_at(const char *what, double got, double wanted, double tolerance,
                                  const char *file, int line)
{
    if (fabs(got - wanted) <= tolerance)
        return;
    print_error("%s: got %.12g, expected %.12g within %g\n", what, got, wanted, tolerance);
    _fail(file, line);
}

#define assert_undefined(x) assert_true(isnan(x))

/* Fails with a message that names the row of a table. */
#define fail_row(row, ...) fail_row_at(row, __FILE__, __LINE__, __VA_ARGS__)

static inline void fail_row_at(const char *row, const char *file, int line, const char *fmt, ...)
    ERR_PRINTF(4, 5);
static inline void fail_row_at(const char *row, const char *file, int line, const char *fmt, ...)
{
    char message[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    print_error("%s: %s\n", row, message);
    _fail(file, line);
}

/* ---- a folder of the test's own ---- */

struct scratch {
    char *folder;
    struct arena arena; /* the paths handed out */
};

/* cmocka's setup and teardown: *state is a struct scratch. */
static inline int scratch_make(void **state)
{
    struct err e;
    struct scratch *s = mem_new(1, sizeof(*s), &e);
    const char *parent = getenv("TMPDIR");

    if (!s)
        return -1;
    s->folder = file_join(parent && *parent ? parent : "/tmp", "assent-test-XXXXXX", &e);
    *state = s;
    return s->folder && mkdtemp(s->folder) ? 0 : -1;
}

/* The path of a file in the folder, valid until the test ends. */
static inline const char *scratch_path(void **state, const char *name)
{
    struct scratch *s = *state;
    struct err e;
    char *path = file_join(s->folder, name, &e);
    const char *kept = arena_text(&s->arena, path, strlen(path), &e);

    free(path);
    return kept;
}

/* How many entries the folder has. */
static inline size_t scratch_count(void **state)
{
    const struct scratch *s = *state;
    DIR *dir = opendir(s->folder);
    size_t n = 0;

    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static inline int scratch_remove(void **state)
{
    struct scratch *s = *state;
    DIR *dir = opendir(s->folder);
    int rc;

    if (!dir)
        return -1;
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove(scratch_path(state, entry->d_name));
    closedir(dir);
    rc = rmdir(s->folder);
    arena_release(&s->arena);
    free(s->folder);
    free(s);
    return rc;
}

#define test_with_scratch(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

/* Stands in the place of a test that is left out. */
static inline void nothing(void **state)
{
    (void)state;
}

/* In a table of tests: one that shows what src/ does wrong today. It counts as skipped until
 * whoever mends that makes it a test like the others, or ASSENT_TEST_BUGS is set. */
#define known_bug(f)                                                                     \
    {                                                                                    \
        getenv("ASSENT_TEST_BUGS") ? #f : #f " # SKIP known bug",                        \
            getenv("ASSENT_TEST_BUGS") ? f : nothing, scratch_make, scratch_remove, NULL \
    }

/* ---- files ---- */

/* Without base/file.h: what is written here is what the reader under test must find. */
static inline void write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* The path of a file in the folder that an environment variable names (tests/meson.build); free()
 * it. */
static inline char *fixture_path(const char *variable, const char *name)
{
    const char *folder = getenv(variable);
    struct err e;
    char *path;

    if (!folder)
        fail_msg("%s is not set: it names the folder of %s", variable, name);
    path = file_join(folder, name, &e);
    assert_non_null(path);
    return path;
}

/* What a file holds; free() it. The path is freed here. (Inlined, what this gives looks to gcc 12
 * like the address of its own variable.) */
__attribute__((unused, noinline)) static char *read_and_free(char *path, size_t *len)
{
    char *data = NULL;
    struct err e;

    assert_ok(file_read(path, 64 << 20, &data, len, &e), &e);
    free(path);
    return data;
}

/* Such a file of JSON; jv_free it. */
static inline struct json_t *load_json(const char *variable, const char *name)
{
    struct json_t *v = NULL;
    struct err e;
    size_t len;
    char *text = read_and_free(fixture_path(variable, name), &len);

    assert_ok(jv_parse(&v, text, len, &e), &e);
    free(text);
    return v;
}

/* The path of tests/data/FOLDER/NAME, and what it holds; free() them. */
static inline char *data_path(const char *folder, const char *name)
{
    char joined[300];

    snprintf(joined, sizeof(joined), "%s/%s", folder, name);
    return fixture_path("ASSENT_TEST_DATA", joined);
}

static inline char *read_data(const char *folder, const char *name, size_t *len)
{
    return read_and_free(data_path(folder, name), len);
}

/* A ustar header by hand: the size in its 12 octal digits may say anything. */
static inline void put_ustar(FILE *f, const char *name, const char *size_octal)
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

#endif
