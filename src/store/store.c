/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "schema.inc" /* made at build from schema*.sql */
#include "store/internal.h"

enum { APPLICATION_ID = 0x41534e54 }; /* "ASNT", in the file's header */

/* migrations[v] takes a database from version v to v + 1. */
static const char *const migrations[] = { store_schema, store_schema_2, store_schema_review };
enum { SCHEMA_VERSION = sizeof(migrations) / sizeof(migrations[0]) };

const char *store_library(void)
{
    return sql_version();
}

const char *store_now(char *out)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

static int check_version(struct store *s, const char *path, int64_t *version, struct err *e)
{
    int64_t application, tables;
    int rc = sql_query_int(s->db, "PRAGMA application_id", &application, e);

    if (rc == 0)
        rc = sql_query_int(s->db, "PRAGMA user_version", version, e);
    if (rc == 0)
        rc = sql_query_int(s->db, "SELECT count(*) FROM sqlite_master", &tables, e);
    if (rc < 0)
        return rc;
    if (application != APPLICATION_ID && (tables > 0 || application != 0)) {
        err_set(e, ERR_DB, "this database is not one of assent's");
        return err_at(e, "%s", path);
    }
    if (*version > SCHEMA_VERSION) {
        err_set(e, ERR_DB, "a newer assent wrote this database");
        err_got(e, "schema version %lld", (long long)*version);
        err_expected(e, "at most %d", SCHEMA_VERSION);
        err_hint(e, "update assent, or use the program that wrote it");
        return err_at(e, "%s", path);
    }
    return 0;
}

static int migrate(struct store *s, const char *path, struct err *e)
{
    int64_t version;
    int rc = store_begin(s, e); /* two programs may meet here */
    char text[96];

    if (rc == 0)
        rc = check_version(s, path, &version, e);
    for (; rc == 0 && version < SCHEMA_VERSION; version++)
        rc = sql_exec(s->db, migrations[version], e);
    snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, SCHEMA_VERSION);
    if (rc == 0)
        rc = sql_exec(s->db, text, e);
    if (rc == 0)
        rc = store_commit(s, e);
    return rc;
}

/* An empty database in the place of one that holds nothing yet. */
static int open_in_memory(struct store *s, const char *path, struct err *e)
{
    int rc;

    sql_close(s->db);
    rc = sql_open(&s->db, NULL, SQL_WRITE, e);
    return rc < 0 ? rc : migrate(s, path, e);
}

/* Reading needs SQLite's log beside the database. In a folder that may not be written to, and with
 * no log left behind, the file cannot be changing either, and may be read as it is. */
static int open_for_reading(struct store *s, const char *path, struct err *e)
{
    int64_t version = 0;
    int rc;

    if (!file_exists(path))
        return open_in_memory(s, path, e);
    rc = sql_open(&s->db, path, SQL_READ, e);
    if (rc == 0)
        rc = check_version(s, path, &version, e);
    if (rc == ERR_DB && sql_is_unwritable(path)) {
        sql_close(s->db);
        rc = sql_open(&s->db, path, SQL_READ_UNCHANGING, e);
        if (rc == 0)
            rc = check_version(s, path, &version, e);
    }
    if (rc == 0 && version == 0)
        return open_in_memory(s, path,
                              e); /* just being made, or left so by a program that was killed */
    if (rc == 0 && version < SCHEMA_VERSION) {
        err_set(e, ERR_DB, "an older assent wrote this database");
        err_got(e, "schema version %lld", (long long)version);
        err_expected(e, "%d", SCHEMA_VERSION);
        err_hint(e, "any import brings it up to date");
        return err_at(e, "%s", path);
    }
    return rc;
}

/* Which file is written to: SQLite goes on writing to one that was deleted. */
static int note_file(struct store *s, const char *path, struct err *e)
{
    struct stat st;

    s->path = strdup(path);
    if (!s->path)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    if (stat(path, &st) == 0) {
        s->device = st.st_dev;
        s->file = st.st_ino;
    }
    return 0;
}

static int check_file(const struct store *s, struct err *e)
{
    struct stat st;

    if (s->file == 0 || (stat(s->path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->file))
        return 0;
    err_set(e, ERR_IO, "the database was deleted, moved or replaced while it was written to");
    return err_at(e, "%s", s->path);
}

/* A database that is not ours is not changed in the least. */
static int open_for_writing(struct store *s, const char *path, struct err *e)
{
    int64_t version;
    int rc = sql_open(&s->db, path, SQL_WRITE, e);

    if (rc == 0)
        rc = check_version(s, path, &version, e);
    if (rc == 0)
        rc = sql_share(s->db, e);
    if (rc == 0)
        rc = migrate(s, path, e);
    return rc < 0 ? rc : note_file(s, path, e);
}

int store_open(struct store **out, const char *path, enum store_mode mode, struct err *e)
{
    struct store *s = mem_new(1, sizeof(*s), e);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    if (mode == STORE_READ) {
        rc = open_for_reading(s, path, e);
    } else {
        rc = open_for_writing(s, path, e);
    }
    if (rc < 0)
        store_close(s);
    else
        *out = s;
    return rc;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    sql_finalize(s->add_image);
    sql_finalize(s->add_meta);
    sql_finalize(s->add_answers);
    sql_finalize(s->add_vote);
    sql_finalize(s->see_image);
    for (size_t i = 0; i < REVIEW_STATEMENTS; i++)
        sql_finalize(s->review[i]);
    if (s->in_transaction)
        store_rollback(s);
    sql_close(s->db);
    free(s->path);
    free(s);
}

int store_begin(struct store *s, struct err *e)
{
    int rc = sql_exec(s->db, "BEGIN IMMEDIATE", e);

    s->in_transaction = rc == 0;
    return rc;
}

int store_commit(struct store *s, struct err *e)
{
    int rc = check_file(s, e);

    if (rc == 0)
        rc = sql_exec(s->db, "COMMIT", e);
    if (rc == 0)
        s->in_transaction = false;
    return rc;
}

void store_patience(struct store *s, int milliseconds)
{
    sql_patience(s->db, milliseconds);
}

void store_rollback(struct store *s)
{
    struct err ignored; /* the failure that led here is the one to report */

    if (s->in_transaction)
        sql_exec(s->db, "ROLLBACK", &ignored);
    s->in_transaction = false;
}

int store_prepare(struct store *s, struct sql_stmt **slot, const char *statement, struct err *e)
{
    return *slot ? 0 : sql_prepare(s->db, slot, statement, e);
}

int store_event(struct store *s, const char *what, struct err *e)
{
    struct sql_stmt *add;
    char now[32];
    int rc = sql_prepare(s->db, &add, "INSERT INTO event (at, who, what) VALUES ($1, $2, $3)", e);

    if (rc < 0)
        return rc;
    sql_bind_text(add, 1, store_now(now));
    sql_bind_text(add, 2, file_user());
    sql_bind_text(add, 3, what);
    rc = sql_run(add, e);
    sql_finalize(add);
    return rc;
}
