/* SPDX-License-Identifier: MIT
 *
 * A project's database with altered fields and flipped bytes: every reading gives what the
 * questions have to offer, or an error. The input is a list of changes of five bytes each.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/check.h"
#include "store/designs.h"
#include "store/images.h"
#include "store/labels.h"
#include "store/review.h"
#include "store/reviewers.h"
#include "store/runs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { CHANGE = 5, CHANGES_MOST = 8 };

static const char questions[] = "name: t\n"
                                "questions:\n"
                                "  - {name: Hair, kind: choice, options: [black, blond], text: h}\n"
                                "  - {name: Bald, text: b}\n";

static const char rows[] =
    "INSERT INTO image (key, sha256, width, height, state) VALUES ('a.jpg', 'aa', 10, 20, 'read'),"
    " ('b.jpg', NULL, NULL, NULL, 'key');"
    "INSERT INTO image_meta VALUES (2, 'region', 'north');"
    "INSERT INTO question_set VALUES (1, 'h');"
    "INSERT INTO question (id, question_set, position, name, kind, options, wordings) VALUES"
    " (1, 1, 0, 'Hair', 'choice', '[\"black\", \"blond\"]', '[\"h\"]'),"
    " (2, 1, 1, 'Bald', 'yesno', '[\"no\", \"yes\"]', '[\"b\"]');"
    "INSERT INTO question_column VALUES (1, 0, 'Hair', 1, '[\"black\", \"blond\"]'),"
    " (1, 1, 'Bald', 2, '[\"no\", \"yes\"]');"
    "INSERT INTO annotator VALUES (1, 'llava', 'model'), (2, 'anna', 'human');"
    "INSERT INTO run (id, annotator, question_set, identity, settings, by_whom, started, ended,"
    " images, labels, abstentions, seconds) VALUES (1, 1, 1, 'w', '{}', 'me', 't', 't', 2, 3, 1, "
    "4);"
    "INSERT INTO answers (run, image, value, probability, mass, seconds) VALUES"
    " (1, 1, x'01000100', x'0000803E0000403F0000403F', x'0000803F0000803F', 1.5),"
    " (1, 2, x'FEFF0000', NULL, NULL, NULL);"
    "INSERT INTO reviewer VALUES (1, 'anna', 2, 't', NULL);"
    "INSERT INTO review_token VALUES ('bb', 'link', 1, 't', NULL);"
    "INSERT INTO review_design VALUES (1, '{}', '7', 't', 'me');"
    "INSERT INTO review_stratum (design, position, name, cells, drawn) VALUES (1, 0, 's', 4, 2);"
    "INSERT INTO review_frame VALUES (1, 0, 2, '[\"Bald\"]', 4, 't', 'me');"
    "INSERT INTO review_item (id, key, kind, image, question, votes, place, design, stratum,"
    " inclusion_probability) VALUES (1, 'k', 'sample', 2, 'Hair', 2, 5, 1, 0, 0.5);"
    "INSERT INTO review_item (id, key, kind, image, question, votes, place, known, repeats) VALUES"
    " (2, 'l', 'gold', 1, 'Bald', 1, 6, 'yes', NULL), (3, 'm', 'repeat', 2, 'Hair', 1, 7, NULL, 1);"
    "INSERT INTO review_lease VALUES (1, 2, 'tab', 99);"
    "INSERT INTO review_answer (annotator, key, item, kind, value, seconds, mode, at) VALUES"
    " (2, 'k', 1, 'value', 'blond', 2.5, 'single', 't');"
    "INSERT INTO vote (annotator, image, question_set, position, value, seconds, at, item) VALUES"
    " (2, 2, 1, 0, 1, 2.5, 't', 1);";

/* table.column of every field, and what may be put into it. */
static const char *const fields[][2] = {
    { "image", "id" },
    { "image", "key" },
    { "image", "sha256" },
    { "image", "width" },
    { "question", "name" },
    { "question", "kind" },
    { "question", "options" },
    { "question", "wordings" },
    { "question", "format" },
    { "question_column", "position" },
    { "question_column", "name" },
    { "question_column", "question" },
    { "question_column", "labels" },
    { "annotator", "kind" },
    { "annotator", "name" },
    { "run", "annotator" },
    { "run", "question_set" },
    { "run", "identity" },
    { "run", "settings" },
    { "run", "images" },
    { "run", "seconds" },
    { "run", "withdrawn" },
    { "answers", "image" },
    { "answers", "value" },
    { "answers", "probability" },
    { "answers", "mass" },
    { "answers", "spread" },
    { "answers", "detail" },
    { "vote", "image" },
    { "vote", "question_set" },
    { "vote", "position" },
    { "vote", "value" },
    { "vote", "seconds" },
    { "vote", "item" },
    { "reviewer", "annotator" },
    { "review_design", "seed" },
    { "review_stratum", "cells" },
    { "review_stratum", "drawn" },
    { "review_stratum", "part" },
    { "review_frame", "last_image" },
    { "review_frame", "columns" },
    { "review_item", "id" },
    { "review_item", "key" },
    { "review_item", "kind" },
    { "review_item", "image" },
    { "review_item", "question" },
    { "review_item", "votes" },
    { "review_item", "place" },
    { "review_item", "known" },
    { "review_item", "repeats" },
    { "review_item", "design" },
    { "review_item", "stratum" },
    { "review_item", "inclusion_probability" },
    { "review_lease", "item" },
    { "review_answer", "item" },
    { "review_answer", "kind" },
    { "review_answer", "mode" },
    { "review_answer", "seconds" },
    { "review_answer", "copy_of" },
    { "image_meta", "value" },
};
static const char *const values[] = {
    "-1",
    "0",
    "1",
    "2",
    "32767",
    "65536",
    "4294967295",
    "9223372036854775807",
    "-9223372036854775807",
    "9e999",
    "-0.5",
    "''",
    "'x'",
    "'[1]'",
    "'[]'",
    "'{}'",
    "'yes'",
    "x''",
    "x'FF7F'",
    "x'FF7F0080'",
    "x'0000C07F0000C07F0000C07F'",
    "x'000080BF000080BF'",
    "NULL",
    "CAST(x'FF41' AS TEXT)",
    "hex(zeroblob(5000))",
};

static struct task *task;
static char path[64];
static uint8_t *good;
static size_t good_size;

/* ---- the database ---- */

static void run_sql(const char *statements)
{
    sqlite3 *db;

    if (sqlite3_open(path, &db) == SQLITE_OK)
        sqlite3_exec(db, statements, NULL, NULL, NULL); /* what is refused changes nothing */
    sqlite3_close(db);
}

static void put(const uint8_t *bytes, size_t n)
{
    char beside[80];
    FILE *f = fopen(path, "wb");

    assert(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
    snprintf(beside, sizeof(beside), "%s-wal", path);
    unlink(beside);
    snprintf(beside, sizeof(beside), "%s-shm", path);
    unlink(beside);
}

static void clear_away(void)
{
    char *end = strrchr(path, '/');

    unlink(path);
    *end = '\0';
    rmdir(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char folder[] = "/dev/shm/assent-fuzz-XXXXXX"; /* in memory: nothing waits for a disk */
    struct store *s;
    struct err e;
    FILE *f;

    (void)argc;
    (void)argv;
    assert(mkdtemp(folder) && atexit(clear_away) == 0);
    snprintf(path, sizeof(path), "%s/assent.db", folder);
    assert(task_parse(&task, "fuzz.yaml", questions, strlen(questions), &e) == 0);
    assert(store_open(&s, path, STORE_WRITE, &e) == 0);
    store_close(s);
    run_sql(rows);
    run_sql("PRAGMA journal_mode = DELETE");
    f = fopen(path, "rb");
    assert(f && fseek(f, 0, SEEK_END) == 0);
    good_size = (size_t)ftell(f);
    good = malloc(good_size);
    rewind(f);
    assert(good && fread(good, 1, good_size, f) == good_size);
    fclose(f);
    return 0;
}

/* An odd first byte alters a field of one row or all, an even one flips bits. */
static void change(const uint8_t *c)
{
    char statement[300];
    size_t at = ((size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3]) % good_size;
    const char *const *field = fields[c[1] % (sizeof(fields) / sizeof(fields[0]))];
    FILE *f;

    if (c[0] % 2 == 0) {
        f = fopen(path, "r+b");
        assert(f && fseek(f, (long)at, SEEK_SET) == 0);
        fputc(good[at] ^ c[4], f);
        fclose(f);
        return;
    }
    snprintf(statement, sizeof(statement), "UPDATE %s SET %s = %s%s", field[0], field[1],
             values[c[2] % (sizeof(values) / sizeof(values[0]))],
             c[3] % 2 ? "" : " WHERE rowid = 1");
    run_sql(statement);
}

/* ---- reading ---- */

static int see_fault(void *data, const struct store_fault *f)
{
    (void)data;
    assert(f->table && f->what && *f->what);
    return 0;
}

static int see_answer(void *data, const struct store_answer *a)
{
    (void)data;
    assert(a->seconds >= 0 && a->kind <= ANSWER_FLAG && a->mode <= MODE_PACKET);
    return 0;
}

static int see_lease(void *data, const struct store_lease *l)
{
    (void)data;
    assert(l->tab);
    return 0;
}

static void see_run(void *data, const struct store_run_info *run)
{
    (void)data;
    assert(run->annotator && run->settings && run->counts.images <= INT64_MAX);
}

static int see_top(void *data, double mass, const struct json_t *top, struct err *e)
{
    (void)data;
    (void)top;
    (void)e;
    assert(!(mass < 0));
    return 0;
}

static void read_labels(struct store *s, const struct store_images *images)
{
    struct store_asking asking = { 1, task, false };
    struct store_unused_list unused;
    struct store_labels l;
    struct store_known known;
    uint8_t *missing;
    struct err e;

    for (int64_t by = 1; by <= 2; by++) {
        if (store_labels_load(s, by, task, images, STORE_WITH_PROBABILITIES, &l, &e) < 0)
            continue;
        for (size_t i = 0; i < images->n * task->n_columns; i++)
            assert(l.values[i] >= VALUE_LOWEST &&
                   l.values[i] < (int)task->columns[i / images->n].n_values);
        store_labels_release(&l);
    }
    if (store_missing_load(s, &asking, images, &missing, &e) == 0)
        free(missing);
    if (images->n > 0 && store_known_load(s, &asking, images->ids[0], &known, &e) == 0)
        store_known_release(&known);
    if (store_unused_load(s, task, &unused, &e) == 0)
        store_unused_release(&unused);
    store_unparseable(s, 1, &(struct store_column){ task, 0 },
                      (struct store_unparseable_reader){ see_top, NULL }, &e);
}

static void read_review(struct store *s, const struct store_images *images)
{
    size_t n, frame[4];
    struct arena arena = { 0 };
    struct store_stratum *strata;
    struct store_items items;
    struct err e;

    if (store_items_load(s, task, images, &items, &e) == 0) {
        for (size_t i = 0; i < items.n; i++)
            assert(items.items[i].image < images->n && items.items[i].column < task->n_columns &&
                   items.items[i].votes > 0);
        store_items_release(&items);
    }
    store_answers(s, (struct store_answer_reader){ see_answer, NULL }, &e);
    store_leases(s, see_lease, NULL, &e);
    store_strata_load(s, 1, &arena, &strata, &n, &e);
    arena_release(&arena);
    store_frame_load(s, 1, task, images, frame, &e);
}

static void read_all(struct store *s)
{
    struct store_annotators all;
    struct store_images images;
    struct store_meta meta;
    struct err e;
    double speed;

    if (store_annotators_load(s, &all, &e) == 0)
        store_annotators_release(&all);
    store_runs(s, 10, see_run, NULL, &e);
    if (store_run_speed(s, 1, &speed, &e) == 0)
        assert(!(speed < 0));
    if (store_images_load(s, &images, &e) < 0)
        return;
    if (store_meta_load(s, "region", &images, &meta, &e) == 0)
        store_meta_release(&meta);
    read_labels(s, &images);
    read_review(s, &images);
    store_images_release(&images);
}

static void set_aside(struct store *s)
{
    struct store_fault_reader r = { see_fault, NULL };
    struct store_checked of;
    struct err e;
    int rc = store_begin(s, &e);

    if (rc == 0)
        rc = store_check(s, task, true, r, &of, &e);
    store_end(s, rc, &e);
    assert(rc < 0 || of.set_aside <= of.faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *s;
    struct err e;

    put(good, good_size);
    for (size_t i = 0; i < CHANGES_MOST && (i + 1) * CHANGE <= size; i++)
        change(data + i * CHANGE);
    if (store_open(&s, path, STORE_READ, &e) == 0) {
        read_all(s);
        store_close(s);
    }
    if (store_open(&s, path, STORE_WRITE, &e) == 0) {
        set_aside(s);
        read_all(s);
        store_close(s);
    }
    return 0;
}
