/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUSY_MS = 30000 };

struct sql {
    sqlite3 *handle;
    char *path;
};

struct sql_stmt {
    sqlite3_stmt *handle;
    struct sql *db;
    int bound; /* the first failure of a bind, or SQLITE_OK */
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
    if ((code & 0xff) == SQLITE_NOMEM)
        return err_set(e, ERR_NOMEM, "out of memory: the database");
    err_set(e, (code & 0xff) == SQLITE_BUSY ? ERR_BUSY : ERR_DB, "database: %s",
            sqlite3_errmsg(db->handle));
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (hints[i].code == (code & 0xff))
            err_hint(e, "%s", hints[i].hint);
    return err_at(e, "%s", db->path);
}

static int open_handle(struct sql *db, const char *path, enum sql_mode mode)
{
    static const int flags[] = { SQLITE_OPEN_READONLY, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE };
    int code = sqlite3_open_v2(path, &db->handle, flags[mode] | SQLITE_OPEN_NOMUTEX,
                               NULL); /* one thread a handle */

    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(
            db->handle,
            "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
            "PRAGMA cache_size = -32768;", /* KiB: an import's pages are written once */
            NULL, NULL, NULL);
    return code;
}

/* "file:" and the path with what an address may not hold escaped (sqlite.org/uri.html). */
static int unchanging_address(struct buf *b, const char *path, struct err *e)
{
    buf_puts(b, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("%?#", *path))
            buf_printf(b, "%%%02x", (unsigned char)*path);
        else
            buf_putc(b, *path);
    }
    buf_puts(b, "?immutable=1");
    return buf_end(b, "a path", e);
}

bool sql_is_unwritable(const char *path)
{
    struct buf b = BUF_INIT(1 << 16);
    bool unwritable;

    buf_printf(&b, "%s-wal", path);
    unwritable = b.text && !file_exists(b.text) && file_folder_is_read_only(path);
    buf_release(&b);
    return unwritable;
}

int sql_open(struct sql **out, const char *path, enum sql_mode mode, struct err *e)
{
    struct sql *db = mem_new(1, sizeof(*db), e);
    struct buf address = BUF_INIT(1 << 18);
    int code;

    *out = NULL;
    if (!db)
        return ERR_NOMEM;
    /* counting every allocation takes a lock each; refused, and no matter, once SQLite has begun */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    db->path = strdup(path ? path : "memory");
    if (!db->path || (mode == SQL_READ_UNCHANGING && unchanging_address(&address, path, e) < 0)) {
        sql_close(db);
        return err_set(e, ERR_NOMEM, "out of memory: the database");
    }
    code = open_handle(db, address.text ? address.text : path ? path : ":memory:", mode);
    buf_release(&address);
    if (code != SQLITE_OK) {
        if (db->handle)
            fail(db, code, e);
        else
            err_set(e, ERR_NOMEM, "out of memory: the database");
        sql_close(db);
        return e->code;
    }
    *out = db;
    return 0;
}

void sql_close(struct sql *db)
{
    if (!db)
        return;
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

/* Of two programs that open a new database at once one finds it locked, whatever time it would
 * wait: SQLite does not wait for a change of the journal. */
int sql_share(struct sql *db, struct err *e)
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

void sql_patience(struct sql *db, int milliseconds)
{
    sqlite3_busy_timeout(db->handle, milliseconds);
}

int sql_exec(struct sql *db, const char *statements, struct err *e)
{
    int code = sqlite3_exec(db->handle, statements, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : fail(db, code, e);
}

int sql_query_int(struct sql *db, const char *statement, int64_t *out, struct err *e)
{
    struct sql_stmt *s;
    int rc = sql_prepare(db, &s, statement, e);

    *out = 0;
    if (rc == 0)
        rc = sql_step(s, e);
    if (rc == 1)
        *out = sql_int(s, 0);
    sql_finalize(s);
    return rc < 0 ? rc : 0;
}

int sql_prepare(struct sql *db, struct sql_stmt **out, const char *statement, struct err *e)
{
    struct sql_stmt *s = mem_new(1, sizeof(*s), e);
    int code;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    s->db = db;
    code = sqlite3_prepare_v2(db->handle, statement, -1, &s->handle, NULL);
    if (code != SQLITE_OK) {
        free(s);
        return fail(db, code, e);
    }
    *out = s;
    return 0;
}

void sql_finalize(struct sql_stmt *s)
{
    if (!s)
        return;
    sqlite3_finalize(s->handle);
    free(s);
}

static void keep(struct sql_stmt *s, int code)
{
    if (s->bound == SQLITE_OK)
        s->bound = code;
}

void sql_bind_int(struct sql_stmt *s, int index, int64_t value)
{
    keep(s, sqlite3_bind_int64(s->handle, index, value));
}

void sql_bind_real(struct sql_stmt *s, int index, double value)
{
    keep(s, isnan(value) ? sqlite3_bind_null(s->handle, index)
                         : sqlite3_bind_double(s->handle, index, value));
}

void sql_bind_text(struct sql_stmt *s, int index, const char *text)
{
    keep(s, sqlite3_bind_text(s->handle, index, text, -1, SQLITE_STATIC));
}

void sql_bind_blob(struct sql_stmt *s, int index, const void *bytes, size_t len)
{
    keep(s, sqlite3_bind_blob64(s->handle, index, bytes, len, SQLITE_STATIC));
}

int sql_step(struct sql_stmt *s, struct err *e)
{
    int code = s->bound == SQLITE_OK ? sqlite3_step(s->handle) : s->bound;

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        fail(s->db, code, e); /* before the reset, which clears the message */
    s->bound = SQLITE_OK;
    sqlite3_reset(s->handle);
    return code == SQLITE_DONE ? 0 : e->code;
}

int sql_run(struct sql_stmt *s, struct err *e)
{
    int rc = sql_step(s, e);

    if (rc == 1)
        sql_reset(s);
    return rc < 0 ? rc : 0;
}

void sql_reset(struct sql_stmt *s)
{
    sqlite3_reset(s->handle);
}

int64_t sql_int(struct sql_stmt *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

double sql_real(struct sql_stmt *s, int column)
{
    return sqlite3_column_double(s->handle, column);
}

const char *sql_text(struct sql_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s->handle, column);
}

const void *sql_blob(struct sql_stmt *s, int column, size_t *len)
{
    const void *bytes = sqlite3_column_blob(s->handle, column);

    *len = (size_t)sqlite3_column_bytes(s->handle, column);
    return bytes;
}

int64_t sql_last_id(struct sql *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

const char *sql_version(void)
{
    return "SQLite " SQLITE_VERSION;
}
