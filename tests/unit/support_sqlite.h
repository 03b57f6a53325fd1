/* SPDX-License-Identifier: MIT */
/*
 * support_sqlite.h - projects' SQLite files made and looked at by hand, also those of older
 * versions.
 */
#ifndef TESTS_UNIT_SUPPORT_SQLITE_H
#define TESTS_UNIT_SUPPORT_SQLITE_H

#include "support_store.h"

#include <sqlite3.h>

#define ASSENT_S "PRAGMA application_id = 0x41534e54;"
#define HASH     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* ---- files made by hand ---- */

static inline void run_sql(const char *path, const char *statements)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, statements, NULL, NULL, &message) != SQLITE_OK)
        fail_row(statements, "%s", message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline int add_row(void *data, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++)
        buf_printf(data, "%s%s", i > 0 ? "|" : "", values[i] ? values[i] : "-");
    buf_puts(data, "\n");
    return 0;
}

/* With the log that a killed program leaves. */
static inline void remove_database(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    char name[4096];

    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        remove(name);
    }
}

/* A query's rows: its columns with bars between, a line each. */
static inline void check_sql(const char *path, const char *query, const char *wanted)
{
    struct buf rows = BUF_INIT(1 << 16);
    sqlite3 *db = NULL;

    buf_puts(&rows, "");
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_exec(db, query, add_row, &rows, NULL) != SQLITE_OK)
        fail_row(query, "%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    if (strcmp(rows.text, wanted) != 0)
        fail_row(query, "gives\n%sand not\n%s", rows.text, wanted);
    buf_release(&rows);
}

struct content {
    char *bytes;
    size_t len;
};

static inline struct content content_of(const char *path)
{
    struct content c;
    struct err e;

    assert_ok(file_read(path, 64 << 20, &c.bytes, &c.len, &e), &e);
    return c;
}

/* The file cannot be opened, says why, and is left as it was, with nothing beside it. */
static inline void check_refused(void **state, const char *what, enum store_mode mode,
                                 struct err *e)
{
    const char *path = scratch_path(state, "assent.db");
    struct content before = content_of(path), after;
    size_t files = scratch_count(state);
    struct store *s = (struct store *)(uintptr_t)1;
    int rc = store_open(&s, path, mode, e);

    after = content_of(path);
    if (rc != ERR_DB || e->code != ERR_DB || s)
        fail_row(what, "gives %d", rc);
    if (!strstr(e->where, "assent.db"))
        fail_row(what, "is said to be at '%s'", e->where);
    if (before.len != after.len || memcmp(before.bytes, after.bytes, before.len) != 0 ||
        scratch_count(state) != files)
        fail_row(what, "was changed");
    free(before.bytes);
    free(after.bytes);
}

static inline int open_to_write(const void *path)
{
    struct store *s;
    struct err e;

    return store_open(&s, path, STORE_WRITE, &e);
}

/* ---- databases of older versions ---- */

/* What a program of each version put down: two images; Bald and Hair answered by a model, Hair of
 * the second by anna; from version 2 on times and hashes; from 3 on a review. */
static const char *const of_version[] = {
    "INSERT INTO image (id, key, sha256, width, height, state) VALUES (1, 'a.jpg', '" HASH
    "', 10, 20, 'read'),"
    " (2, 'caf\xc3\xa9.jpg', NULL, NULL, NULL, 'key');"
    "INSERT INTO image_meta VALUES (2, 'region', 'north');"
    "INSERT INTO question_set VALUES (1, 'not the hash of today');"
    "INSERT INTO question (id, question_set, position, name, kind, options, wordings) VALUES"
    " (1, 1, 0, 'Hair', 'choice', '[\"black\", \"blond\", \"gray\"]', '[\n  \"Which hair?\"\n]'),"
    " (2, 1, 1, 'Bald', 'yesno', '[\"no\", \"yes\"]', '[\n  \"Bald?\"\n]');"
    "INSERT INTO question_column VALUES (1, 0, 'Hair', 1, '[\"black\", \"blond\", \"gray\"]'),"
    " (1, 1, 'Bald', 2, '[\"no\", \"yes\"]');"
    "INSERT INTO annotator VALUES (1, 'llava', 'model'), (2, 'anna', 'human');"
    "INSERT INTO run (id, annotator, question_set, identity, settings, source, source_sha256,"
    " by_whom, started, ended, images, labels, abstentions) VALUES (1, 1, 1, 'weights', '{\"a\": "
    "1}',"
    " NULL, NULL, 'me', '2020-01-31T12:00:00Z', '2020-01-31T13:00:00Z', 2, 3, 1);"
    "INSERT INTO answers (run, image, value, probability, seconds) VALUES"
    " (1, 1, x'02000100', x'0000803E0000803E0000003F0000403F', 1.5),"
    " (1, 2, x'FEFF0000', NULL, NULL);"
    "INSERT INTO vote (id, annotator, run, image, question_set, position, value, seconds, at) "
    "VALUES"
    " (1, 2, NULL, 2, 1, 0, 1, 2.5, '2020-01-31T12:00:00Z');"
    "INSERT INTO event VALUES (1, '2020-01-31T12:00:00Z', 'me', 'import');",

    "UPDATE run SET seconds = 4; UPDATE answers SET mass = x'0000803F0000803F' WHERE image = 1;"
    "INSERT INTO claim VALUES (1, 2, 'somewhere else', 4e12);"
    "INSERT INTO file_hash VALUES ('/m/w', 5, 6, '" HASH "');",

    "INSERT INTO reviewer VALUES (1, 'anna', 2, '2020-01-31T12:00:00Z', NULL);"
    "INSERT INTO review_token VALUES ('" HASH "', 'link', 1, '2020-01-31T12:00:00Z', NULL);"
    "INSERT INTO review_design VALUES (1, '{}', '18446744073709551615', '2020-01-31T12:00:00Z', "
    "'me');"
    "INSERT INTO review_stratum (design, position, name, cells, drawn) VALUES (1, 0, 'Bald', 9, 3);"
    "INSERT INTO review_item VALUES (1, 'key', 'gold', 2, 'Hair', 2, 5, 'gray', NULL, 1, 0, 0.25, "
    "NULL);"
    "INSERT INTO review_lease VALUES (1, 2, 'tab', 99);"
    "INSERT INTO review_answer (id, annotator, key, item, kind, value, seconds, mode, at, undone) "
    "VALUES (1, 2, 'k', 1, 'value', 'blond', 2.5, 'single',"
    " '2020-01-31T12:00:00Z', NULL);"
    "INSERT INTO review_packet VALUES ('" HASH "', 2, 30, '2020-01-31T12:00:00Z');"
    "UPDATE vote SET item = 1;",
    "INSERT INTO review_frame VALUES (1, 0, 2, '[\"Bald\"]', 9, '2020-01-31T12:00:00Z', 'u');",
    "INSERT INTO run (id, annotator, question_set, settings, by_whom, started, withdrawn) VALUES"
    " (2, 1, 1, '{}', 'me', '2020-02-01T12:00:00Z', '2020-02-02T12:00:00Z');"
    "INSERT INTO answers (run, image, value) VALUES (2, 1, x'00000000');"
    "INSERT INTO withdrawal VALUES (1, 2, 0, '2020-02-02T12:00:00Z', 'me');",
    "INSERT INTO image VALUES (3, 'gone.jpg', NULL, NULL, NULL, 'key', '2020-02-03T12:00:00Z');",
    "INSERT INTO damaged VALUES (1, '2020-02-04T12:00:00Z', 'me', 'vote', 'a bad disk', '1, 2');",
    "INSERT INTO probe VALUES ('weights', 'asked again', '2020-02-05T12:00:00Z', 2, 4, 1, NULL, "
    "NULL);",
    "UPDATE run SET requests = NULL;",
};

enum { NEWEST_VERSION = 10 };

static inline void make_version(const char *path, int version)
{
    static const char *const files[] = { "schema.sql",   "schema_2.sql", "schema_3.sql",
                                         "schema_4.sql", "schema_5.sql", "schema_6.sql",
                                         "schema_7.sql", "schema_8.sql", "schema_9.sql" };
    char text[100];
    size_t len;

    remove_database(path);
    for (int v = 0; v < version; v++) {
        char *schema = read_and_free(fixture_path("ASSENT_SCHEMA", files[v]), &len);

        run_sql(path, schema);
        free(schema);
    }
    for (int v = 0; v < version; v++)
        run_sql(path, of_version[v]);
    snprintf(text, sizeof(text), ASSENT_S "PRAGMA user_version = %d", version);
    run_sql(path, text);
}

#endif
