/* SPDX-License-Identifier: MIT
 *
 * sqlite.c - statements on SQLite. Each is prepared at its first use and kept: a program has some
 * fifty of them, and the ones that an import or a review needs run a million times.
 */
#include "store/sqlite.h"

#include <limits.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/damage.h"

enum {
    BUSY_MS = 30000,
    STATEMENTS_MAX = 10000,
    VALUES_MAX = 16, /* that a statement takes */
    COLUMNS_MAX = 24 /* that its rows have */
};

struct sql_rows {
    sqlite3_stmt *handle;
    struct sql *db;
    const char *text; /* as the caller has it */
    bool taken;       /* somebody is reading its rows */
    int n_values;
    unsigned char number[VALUES_MAX]; /* N of each parameter $N, in order of appearance */
    int n_columns;
    unsigned char
        holds[COLUMNS_MAX]; /* bits 1 << SQLITE_INTEGER .. of the types a column may have */
};

/* What a person can do about a result code, where that is not plain from its text. */
static const struct {
    int code;
    const char *hint;
} hints[] = {
    { SQLITE_BUSY, "another assent is writing to this project; try again when it is done" },
    { SQLITE_FULL, "free some space; the database holds what it held before" },
    { SQLITE_IOERR, "is the disk full, or the file larger than allowed? the database holds what it"
                    " held before" },
    { SQLITE_READONLY, "the folder or the database may not be written to" },
    { SQLITE_CANTOPEN, "may this folder be written to? SQLite keeps its log beside the database" },
    { SQLITE_NOTADB, "this is no database, or not one of assent's" },
    { SQLITE_CORRUPT, "the file is damaged; bring it back from a backup" },
};

static int fail(const struct sql *db, int code, struct err *e)
{
    if ((code & 0xff) == SQLITE_NOMEM || !db->handle)
        return err_set(e, ERR_NOMEM, "out of memory: the database");
    err_set(e, (code & 0xff) == SQLITE_BUSY ? ERR_BUSY : ERR_DB, "database: %s",
            sqlite3_errmsg(db->handle));
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (hints[i].code == (code & 0xff))
            err_hint(e, "%s", hints[i].hint);
    return err_at(e, "%s", db->path);
}

const char *sql_library(void)
{
    return "SQLite " SQLITE_VERSION;
}

/* ---- connections ---- */

int sqlite_connect(struct sql *db, const char *address, enum sqlite_connection access,
                   struct err *e)
{
    /* a reader that may not write could not take its log away */
    static const int flags[] = { SQLITE_OPEN_READWRITE, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE };
    int code = sqlite3_open_v2(address, &db->handle, flags[access] | SQLITE_OPEN_NOMUTEX,
                               NULL); /* one thread a handle */
    int rc = code == SQLITE_OK && address == db->path ? sqlite_check_log(db, e) : 0;

    if (rc < 0) {
        sqlite_keep_log(db);
        return rc;
    }
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(
            db->handle,
            "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
            "PRAGMA cache_size = -32768;", /* KiB: an import's pages are written once */
            NULL, NULL, NULL);
    if (code == SQLITE_OK && access == CONNECT_READ)
        code = sqlite3_exec(db->handle, "PRAGMA query_only = ON", NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail(db, code, e);
}

void sqlite_disconnect(struct sql *db)
{
    for (size_t i = 0; i < db->n_kept; i++) {
        sqlite3_finalize(db->kept[i]->handle);
        free(db->kept[i]);
    }
    free(db->kept);
    db->kept = NULL;
    db->n_kept = db->cap = 0;
    sqlite3_close(db->handle);
    db->handle = NULL;
}

/* Of two programs that open a new database at once one finds it locked, whatever time it would
 * wait: SQLite does not wait for a change of the journal. */
int sqlite_share(struct sql *db, struct err *e)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    double until = clock_seconds() + BUSY_MS / 1000;
    int code;

    while ((code = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) ==
               SQLITE_BUSY &&
           clock_seconds() < until)
        nanosleep(&pause, NULL);
    return code == SQLITE_OK ? 0 : fail(db, code, e);
}

bool sqlite_header(struct sql *db, unsigned char out[SQLITE_HEADER], uint64_t *size)
{
    sqlite3_file *f = NULL;
    sqlite3_int64 n = 0;

    *size = 0;
    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK ||
        !f || !f->pMethods || f->pMethods->xFileSize(f, &n) != SQLITE_OK)
        return false;
    *size = (uint64_t)n;
    return f->pMethods->xRead(f, out, SQLITE_HEADER, 0) == SQLITE_OK;
}

void sqlite_keep_log(struct sql *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

const char *sql_path(const struct sql *db)
{
    return db->path;
}

void sql_patience(struct sql *db, int milliseconds)
{
    sqlite3_busy_timeout(db->handle, milliseconds);
}

int sqlite_exec(struct sql *db, const char *statements, struct err *e)
{
    int code = sqlite3_exec(db->handle, statements, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : fail(db, code, e);
}

/* ---- statements ---- */

/* $2 is the second value wherever it stands; SQLite numbers parameters as they come. */
static int number_parameters(struct sql_rows *r)
{
    r->n_values = sqlite3_bind_parameter_count(r->handle);
    if (r->n_values > VALUES_MAX)
        return SQLITE_RANGE;
    for (int i = 0; i < r->n_values; i++)
        r->number[i] =
            (unsigned char)strtoul(sqlite3_bind_parameter_name(r->handle, i + 1) + 1, NULL, 10);
    return SQLITE_OK;
}

/* Types that a declared column may have; integers stand for reals where they are as good. */
static const struct {
    const char *declared;
    unsigned char holds;
} column_types[] = {
    { "INTEGER", 1 << SQLITE_INTEGER },
    { "REAL", 1 << SQLITE_FLOAT | 1 << SQLITE_INTEGER },
    { "TEXT", 1 << SQLITE_TEXT },
    { "BLOB", 1 << SQLITE_BLOB },
};

/* The types that a column of the rows may have: a table's as it was declared; an expression's any.
 */
static unsigned char column_holds(const struct sql_rows *r, int column)
{
    const char *table = sqlite3_column_table_name(r->handle, column),
               *name = sqlite3_column_origin_name(r->handle, column), *type = NULL;
    int not_null = 0, is_key = 0;

    if (!table || !name ||
        sqlite3_table_column_metadata(r->db->handle, NULL, table, name, &type, NULL, &not_null,
                                      &is_key, NULL) != SQLITE_OK)
        return UCHAR_MAX;
    for (size_t i = 0; i < sizeof(column_types) / sizeof(column_types[0]); i++)
        if (text_equal(type, column_types[i].declared))
            return not_null || is_key ? column_types[i].holds
                                      : column_types[i].holds | 1 << SQLITE_NULL;
    return UCHAR_MAX;
}

static int learn_columns(struct sql_rows *r)
{
    r->n_columns = sqlite3_column_count(r->handle);
    if (r->n_columns > COLUMNS_MAX)
        return SQLITE_RANGE;
    for (int i = 0; i < r->n_columns; i++)
        r->holds[i] = column_holds(r, i);
    return SQLITE_OK;
}

/* Keeps a statement; *out is the database's. */
static int prepare(struct sql *db, const char *statement, struct sql_rows **out, struct err *e)
{
    struct sql_rows *r = mem_new(1, sizeof(*r), e);
    int code, rc = r ? mem_grow(&db->kept, &db->cap, db->n_kept + 1, sizeof(struct sql_rows *),
                                STATEMENTS_MAX, e)
                     : ERR_NOMEM;

    if (rc < 0) {
        free(r);
        return rc;
    }
    r->db = db;
    code =
        sqlite3_prepare_v3(db->handle, statement, -1, SQLITE_PREPARE_PERSISTENT, &r->handle, NULL);
    if (code == SQLITE_OK)
        code = number_parameters(r);
    if (code == SQLITE_OK)
        code = learn_columns(r);
    if (code != SQLITE_OK) {
        sqlite3_finalize(r->handle);
        free(r);
        return fail(db, code, e);
    }
    r->text = statement;
    db->kept[db->n_kept++] = r;
    *out = r;
    return 0;
}

/* A statement that nobody is reading from: the kept one, or another copy of it. */
static int take(struct sql *db, const char *statement, struct sql_rows **out, struct err *e)
{
    int rc = 0;

    *out = NULL;
    for (size_t i = 0; !*out && i < db->n_kept; i++)
        if (db->kept[i]->text == statement && !db->kept[i]->taken &&
            strcmp(sqlite3_sql(db->kept[i]->handle), statement) == 0)
            *out = db->kept[i];
    if (!*out)
        rc = prepare(db, statement, out, e);
    if (rc == 0)
        (*out)->taken = true;
    return rc;
}

static int bind_value(sqlite3_stmt *s, int at, const struct sql_value *v)
{
    switch (v->type) {
    case VALUE_IS_INT: return sqlite3_bind_int64(s, at, v->number);
    case VALUE_IS_REAL:
        return isnan(v->real) ? sqlite3_bind_null(s, at) : sqlite3_bind_double(s, at, v->real);
    case VALUE_IS_TEXT: return sqlite3_bind_text(s, at, v->bytes, -1, SQLITE_STATIC);
    case VALUE_IS_BLOB: return sqlite3_bind_blob64(s, at, v->bytes, v->len, SQLITE_STATIC);
    case VALUE_IS_NULL: break;
    }
    return sqlite3_bind_null(s, at);
}

static int bind(struct sql_rows *r, struct sql_values v)
{
    int code = SQLITE_OK;

    for (int i = 0; code == SQLITE_OK && i < r->n_values; i++)
        code = r->number[i] >= 1 && r->number[i] <= v.n
                   ? bind_value(r->handle, i + 1, &v.items[r->number[i] - 1])
                   : SQLITE_RANGE;
    return code;
}

int sql_query(struct sql *db, struct sql_rows **out, const char *statement, struct sql_values v,
              struct err *e)
{
    int code = SQLITE_OK, rc = take(db, statement, out, e);

    if (rc == 0)
        code = bind(*out, v);
    if (code != SQLITE_OK) {
        rc = fail(db, code, e);
        sql_done(*out);
        *out = NULL;
    }
    return rc;
}

static int damaged_column(const struct sql_rows *r, int column, struct err *e)
{
    static const char *const types[] = { "", "an integer", "a real", "a text", "bytes", "nothing" };
    int type = sqlite3_column_type(r->handle, column);

    err_set(e, ERR_DB, "a value in %s.%s is not what belongs there",
            sqlite3_column_table_name(r->handle, column),
            sqlite3_column_origin_name(r->handle, column));
    err_got(e, "%s%s", types[type], type == SQLITE_TEXT ? " that is no UTF-8" : "");
    err_at(e, "%s", r->db->path);
    return damage_hint(e);
}

/* A damaged file holds nothing where something must be, or bytes that are no text. */
static int check_row(const struct sql_rows *r, struct err *e)
{
    for (int i = 0; i < r->n_columns; i++) {
        int type = sqlite3_column_type(r->handle, i);
        size_t bad;

        if (r->holds[i] == UCHAR_MAX)
            continue;
        if (!(r->holds[i] & 1 << type))
            return damaged_column(r, i, e);
        if (type == SQLITE_TEXT && !text_utf8((const char *)sqlite3_column_text(r->handle, i),
                                              (size_t)sqlite3_column_bytes(r->handle, i), &bad))
            return damaged_column(r, i, e);
    }
    return 1;
}

int sql_step(struct sql_rows *r, struct err *e)
{
    int code = sqlite3_step(r->handle);

    if (code == SQLITE_ROW)
        return check_row(r, e);
    if (code != SQLITE_DONE)
        return fail(r->db, code, e);
    sqlite3_reset(r->handle);
    return 0;
}

void sql_done(struct sql_rows *r)
{
    if (!r)
        return;
    sqlite3_reset(r->handle);
    r->taken = false;
}

int sql_run(struct sql *db, const char *statement, struct sql_values v, struct err *e)
{
    struct sql_rows *r;
    int rc = sql_query(db, &r, statement, v, e);

    if (rc == 0)
        rc = sql_step(r, e);
    sql_done(r);
    return rc < 0 ? rc : 0;
}

int sql_insert(struct sql *db, const char *statement, struct sql_values v, int64_t *id,
               struct err *e)
{
    int rc = sql_run(db, statement, v, e);

    *id = rc == 0 ? sqlite3_last_insert_rowid(db->handle) : 0;
    return rc;
}

int sql_number(struct sql *db, const char *statement, struct sql_values v, int64_t *out,
               struct err *e)
{
    struct sql_rows *r;
    int rc = sql_query(db, &r, statement, v, e);

    *out = 0;
    if (rc == 0)
        rc = sql_step(r, e);
    if (rc == 1) {
        *out = sql_int(r, 0);
        rc = sql_step(r, e); /* a change is made only when every row was read */
    }
    sql_done(r);
    return rc < 0 ? rc : 0;
}

/* ---- columns ---- */

int sql_columns(const struct sql_rows *r)
{
    return r->n_columns;
}

int64_t sql_int(struct sql_rows *r, int column)
{
    return sqlite3_column_int64(r->handle, column);
}

double sql_real(struct sql_rows *r, int column)
{
    return sqlite3_column_double(r->handle, column);
}

const char *sql_text(struct sql_rows *r, int column)
{
    return (const char *)sqlite3_column_text(r->handle, column);
}

const void *sql_blob(struct sql_rows *r, int column, size_t *len)
{
    const void *bytes = sqlite3_column_blob(r->handle, column);

    *len = (size_t)sqlite3_column_bytes(r->handle, column);
    return bytes;
}
