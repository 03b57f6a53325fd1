/* SPDX-License-Identifier: MIT */
/*
 * support_project.h - what the tests of project/ share: folders with pictures in them, projects
 * with images and labels, and what there is on the disk afterwards.
 */
#ifndef TESTS_UNIT_SUPPORT_PROJECT_H
#define TESTS_UNIT_SUPPORT_PROJECT_H

#include "support.h"

#include <ftw.h>
#include <sys/stat.h>

#include "project/project.h"
#include "store/images.h"
#include "store/runs.h"

/* ---- a folder with folders in it ---- */

static inline int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* The teardown that goes with scratch_make. */
static inline int tree_remove(void **state)
{
    struct scratch *s = *state;
    int rc = nftw(s->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

    arena_release(&s->arena);
    free(s->folder);
    free(s);
    return rc;
}

#define test_with_tree(f) cmocka_unit_test_setup_teardown(f, scratch_make, tree_remove)
#define known_bug_with_tree(f)                                                        \
    {                                                                                 \
        getenv("ASSENT_TEST_BUGS") ? #f : #f " # SKIP known bug",                     \
            getenv("ASSENT_TEST_BUGS") ? f : nothing, scratch_make, tree_remove, NULL \
    }

/* The path of a file, whose folders are made. */
static inline const char *path_for(void **state, const char *name)
{
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        char folder[300];

        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
        mkdir(scratch_path(state, folder), 0777); /* or it is there */
    }
    return scratch_path(state, name);
}

static inline void put_file(void **state, const char *name, const char *text)
{
    write_file(path_for(state, name), text, strlen(text));
}

static inline void check_file_holds(const char *path, const char *wanted)
{
    char *text;
    size_t len;
    struct err e;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    assert_string_equal(text, wanted);
    free(text);
}

/* Fails where the folder holds other entries than these, which are sorted and parted by spaces. */
static inline void check_entries(const char *what, const char *folder, const char *wanted)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    char found[1000] = "";

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
            strncat(found, *found ? " " : "", sizeof(found) - strlen(found) - 1);
            strncat(found, entries[i]->d_name, sizeof(found) - strlen(found) - 1);
        }
        free(entries[i]);
    }
    free(entries);
    if (strcmp(found, wanted) != 0)
        fail_row(what, "the folder holds '%s', not '%s'", found, wanted);
}

/* ---- pictures ---- */

/* Only their names matter here. */
static inline void put_pictures(void **state, const char *folder, const char *const keys[],
                                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[300];

        snprintf(name, sizeof(name), "%s/%s", folder, keys[i]);
        put_file(state, name, "");
    }
}

/* The header of an empty member (POSIX.1-1988, ustar). */
static inline void put_tar(void **state, const char *name, const char *const keys[], size_t n)
{
    static const char end[1024];
    FILE *f = fopen(path_for(state, name), "wb");

    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        put_ustar(f, keys[i], "00000000000");
    assert_int_equal(fwrite(end, 1, sizeof(end), f), sizeof(end));
    assert_int_equal(fclose(f), 0);
}

/* ---- projects ---- */

static const char plain_task[] = "name: plain\n"
                                 "images: pictures/\n"
                                 "questions:\n"
                                 "  - {name: Bald, text: Bald?}\n"
                                 "  - {name: Smiling, text: Smiling?}\n";

/* The project in the test's folder, or in one of that name in it. */
static inline struct project *project_in(void **state, const char *name, enum project_mode mode)
{
    const struct scratch *s = *state;
    struct project *p = NULL;
    struct err e;

    assert_ok(project_open(&p, name ? scratch_path(state, name) : s->folder, mode, &e), &e);
    return p;
}

static inline struct project *new_project(void **state, const char *task)
{
    put_file(state, "assent.yaml", task);
    return project_in(state, NULL, PROJECT_WRITE);
}

static inline void add_image(const struct project *p, const char *key)
{
    int64_t id;
    struct err e;

    assert_ok(store_begin(p->store, &e), &e);
    assert_ok(store_end(p->store, store_image_add(p->store, key, &id, &e), &e), &e);
}

static inline size_t count_images(const struct project *p)
{
    struct store_images images;
    struct err e;
    size_t n;

    assert_ok(store_images_load(p->store, &images, &e), &e);
    n = images.n;
    store_images_release(&images);
    return n;
}

#endif
