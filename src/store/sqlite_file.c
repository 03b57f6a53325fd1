/* SPDX-License-Identifier: MIT
 *
 * sqlite_file.c - the file that a project's database is: whose it is, of which version, and
 * transactions on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema.inc" /* made at build from schema*.sql */
#include "store/sqlite.h"
#include "store/store.h"

enum { APPLICATION_ID = 0x41534e54 }; /* "ASNT", in the file's header */

/* migrations[v] takes a database from version v to v + 1. */
static const char *const migrations[] = { store_schema,   store_schema_2, store_schema_3,
                                          store_schema_4, store_schema_5, store_schema_6,
                                          store_schema_7, store_schema_8, store_schema_9,
                                          store_schema_10 };
enum { SCHEMA_VERSION = sizeof(migrations) / sizeof(migrations[0]) };

/* ---- which version ---- */

unsigned store_version(void)
{
    return SCHEMA_VERSION;
}

struct version {
    int64_t application, number, tables;
};

/* Of one moment: another program may be making the tables. */
static int read_version(struct sql *db, struct version *v, struct err *e)
{
    bool own = !db->in_transaction;
    struct err ignored; /* nothing was written */
    int rc = own ? sqlite_exec(db, "BEGIN", e) : 0;

    if (rc < 0)
        return rc;
    rc = sql_number(db, "PRAGMA application_id", BIND_NOTHING, &v->application, e);
    if (rc == 0)
        rc = sql_number(db, "PRAGMA user_version", BIND_NOTHING, &v->number, e);
    if (rc == 0)
        rc = sql_number(db, "SELECT count(*) FROM sqlite_master", BIND_NOTHING, &v->tables, e);
    if (own)
        sqlite_exec(db, "ROLLBACK", &ignored);
    return rc;
}

static int check_version(struct sql *db, int64_t *version, struct err *e)
{
    struct version v = { 0 };
    int rc = read_version(db, &v, e);
    int64_t application = v.application, tables = v.tables;

    if (rc < 0)
        return rc;
    *version = v.number;
    if (application != APPLICATION_ID && (tables > 0 || application != 0)) {
        err_set(e, ERR_DB, "this database is not one of assent's");
        return err_at(e, "%s", db->path);
    }
    if (*version < 0 || (*version == 0 && tables > 0)) {
        err_set(e, ERR_DB, "no assent ever wrote such a database");
        err_got(e, "schema version %lld", (long long)*version);
        return err_at(e, "%s", db->path);
    }
    if (*version > SCHEMA_VERSION) {
        err_set(e, ERR_DB, "a newer assent wrote this database");
        err_got(e, "schema version %lld", (long long)*version);
        err_expected(e, "at most %d", SCHEMA_VERSION);
        err_hint(e, "update assent, or use the program that wrote it");
        return err_at(e, "%s", db->path);
    }
    return 0;
}

static int migrate(struct sql *db, struct err *e)
{
    int64_t version;
    int rc = sql_begin(db, e); /* two programs may meet here */
    char text[96];

    if (rc == 0)
        rc = check_version(db, &version, e);
    if (rc == 0 && version == SCHEMA_VERSION) {
        sql_rollback(db);
        return 0;
    }
    for (; rc == 0 && version < SCHEMA_VERSION; version++)
        rc = sqlite_exec(db, migrations[version], e);
    snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, SCHEMA_VERSION);
    if (rc == 0)
        rc = sqlite_exec(db, text, e);
    return rc < 0 ? rc : sql_commit(db, e);
}

/* ---- reading ---- */

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

/* May the database's folder not be written to, and is there no log beside it? */
static bool is_unwritable(const char *path)
{
    struct buf b = BUF_INIT(1 << 16);
    bool unwritable;

    buf_printf(&b, "%s-wal", path);
    unwritable = b.text && !file_exists(b.text) && file_folder_is_read_only(path);
    buf_release(&b);
    return unwritable;
}

static int read_unchanging(struct sql *db, int64_t *version, struct err *e)
{
    struct buf address = BUF_INIT(1 << 18);
    int rc = unchanging_address(&address, db->path, e);

    if (rc == 0)
        rc = sqlite_connect(db, address.text, CONNECT_UNCHANGING, e);
    buf_release(&address);
    return rc < 0 ? rc : check_version(db, version, e);
}

/* An empty database in the place of one that holds nothing yet. */
static int open_in_memory(struct sql *db, struct err *e)
{
    int rc = sqlite_connect(db, ":memory:", CONNECT_WRITE, e);

    return rc < 0 ? rc : migrate(db, e);
}

static int check_not_older(const struct sql *db, int64_t version, struct err *e)
{
    if (version == SCHEMA_VERSION)
        return 0;
    err_set(e, ERR_DB, "an older assent wrote this database");
    err_got(e, "schema version %lld", (long long)version);
    err_expected(e, "%d", SCHEMA_VERSION);
    err_hint(e, "any import brings it up to date");
    return err_at(e, "%s", db->path);
}

/* Reading needs SQLite's log beside the database. In a folder that may not be written to, and with
 * no log left behind, the file cannot be changing either, and may be read as it is. */
static int open_for_reading(struct sql *db, struct err *e)
{
    int64_t version = 0;
    int rc;

    if (!file_exists(db->path))
        return open_in_memory(db, e);
    rc = sqlite_connect(db, db->path, CONNECT_READ, e);
    if (rc == 0)
        rc = check_version(db, &version, e);
    if (rc == ERR_DB && is_unwritable(db->path)) {
        sqlite_disconnect(db);
        rc = read_unchanging(db, &version, e);
    }
    if (rc == 0 && version == 0) { /* just being made, or left so by a program that was killed */
        sqlite_disconnect(db);
        return open_in_memory(db, e);
    }
    return rc < 0 ? rc : check_not_older(db, version, e);
}

/* ---- writing ---- */

static int open_for_trial(struct sql *db, struct err *e)
{
    int64_t version = 0;
    int rc;

    if (!file_exists(db->path))
        return open_in_memory(db, e);
    rc = sqlite_connect(db, db->path, CONNECT_WRITE, e);
    if (rc == 0)
        rc = check_version(db, &version, e);
    if (rc == 0 && version == 0) {
        sqlite_disconnect(db);
        return open_in_memory(db, e);
    }
    db->trial = true;
    return rc < 0 ? rc : check_not_older(db, version, e);
}

static int open_for_writing(struct sql *db, struct err *e)
{
    int64_t version;
    int rc = sqlite_connect(db, db->path, CONNECT_WRITE, e);

    if (rc == 0)
        rc = check_version(db, &version, e);
    if (rc == 0)
        rc = sqlite_share(db, e);
    if (rc == 0)
        rc = migrate(db, e);
    if (rc == 0)
        sqlite_note_file(db);
    return rc;
}

/* SQLite takes "file:" and ":memory:" for something else than a file's name. */
static char *plain_path(const char *path)
{
    struct buf b = BUF_INIT(1 << 16);

    if (path[0] == ':' || strncmp(path, "file:", strlen("file:")) == 0)
        buf_puts(&b, "./");
    buf_puts(&b, path);
    return buf_take(&b);
}

int sql_open(struct sql **out, const char *path, enum sql_mode mode, struct err *e)
{
    static int (*const openings[])(
        struct sql * db, struct err * e) = { open_for_reading, open_for_trial, open_for_writing };
    struct sql *db = mem_new(1, sizeof(*db), e);
    int rc;

    *out = NULL;
    if (!db)
        return ERR_NOMEM;
    db->folder = db->trace = -1;
    db->path = plain_path(path);
    rc =
        db->path ? sqlite_check_alone(db->path, e) : err_set(e, ERR_NOMEM, "out of memory: a path");
    if (rc == 0)
        rc = openings[mode](db, e);
    if (rc < 0)
        sql_close(db);
    else
        *out = db;
    return rc;
}

void sql_close(struct sql *db)
{
    if (!db)
        return;
    sql_rollback(db);
    sqlite_leave_file(db);
    sqlite_disconnect(db);
    if (db->folder >= 0)
        close(db->folder);
    free(db->path);
    free(db);
}

/* The lock is the folder's, not the file's: SQLite has its own on that. */
int sql_reserve(struct sql *db, struct err *e)
{
    const char *slash = strrchr(db->path, '/');
    char *folder;
    int rc;

    if (db->folder >= 0)
        return 1;
    folder = slash ? strndup(db->path, (size_t)(slash - db->path) + 1) : strdup(".");
    if (!folder)
        return err_set(e, ERR_NOMEM, "out of memory: a path");
    db->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (db->folder < 0)
        rc = err_errno(e, "open", folder);
    else /* a file system without locks keeps nobody out */
        rc = flock(db->folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (rc == 0) {
        close(db->folder);
        db->folder = -1;
    }
    free(folder);
    return rc;
}

/* ---- transactions ---- */

int sql_begin(struct sql *db, struct err *e)
{
    int rc = 0;

    if (!db->trial || !db->in_transaction) /* a trial is one long transaction */
        rc = sqlite_exec(db, "BEGIN IMMEDIATE", e);
    if (rc == 0)
        db->in_transaction = true;
    return rc;
}

int sql_check_file(struct sql *db, struct err *e)
{
    return sqlite_check_file(db, e);
}

int sql_commit(struct sql *db, struct err *e)
{
    int rc = sqlite_check_file(db, e);

    if (rc == 0 && db->trial)
        return 0;
    if (rc == 0)
        rc = sqlite_exec(db, "COMMIT", e);
    if (rc == 0)
        db->in_transaction = false;
    return rc;
}

void sql_rollback(struct sql *db)
{
    struct err ignored; /* the failure that led here is the one to report */

    if (db->in_transaction)
        sqlite_exec(db, "ROLLBACK", &ignored);
    db->in_transaction = false;
}
