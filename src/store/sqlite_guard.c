/* SPDX-License-Identifier: MIT
 *
 * sqlite_guard.c - is the file still the one that was opened, whole and in its place, and is the
 * log beside it its own? SQLite asks neither: it goes on writing to a file that was moved, whose
 * last changes then stay in a log that the next database of that name takes for its own, or
 * removes.
 *
 * The bytes of databases and logs: sqlite.org/fileformat2.html.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/sqlite.h"

enum {
    TRIES = 5, /* whoever else writes may be in the middle of it */
    PAUSE_MS = 20,
    LOG_HEADER = 32,
    FRAME_HEADER = 24,
    PENDING_BYTE = 0x40000000, /* the page that has it is never written */
};

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A database's; in two bytes 65536 is 1. */
static uint64_t page_size(const unsigned char header[SQLITE_HEADER])
{
    uint64_t size = (uint64_t)header[16] << 8 | header[17];

    return size == 1 ? 65536 : size;
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
}

/* "assent.db-wal"; "" where memory is out. */
static void log_path(const char *path, struct buf *out)
{
    *out = BUF_INIT(1 << 16);
    buf_printf(out, "%s-wal", path);
}

/* ---- the file that was opened ---- */

static bool is_at(const char *path, const struct sql_file *f)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_dev == f->device && st.st_ino == f->inode;
}

static void note(const char *path, struct sql_file *f)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    f->device = st.st_dev;
    f->inode = st.st_ino;
}

void sqlite_note_file(struct sql *db)
{
    struct buf log;

    note(db->path, &db->file);
    log_path(db->path, &log);
    if (log.text)
        note(log.text, &db->log);
    buf_release(&log);
    /* only to ask where it is: closing another descriptor would give up SQLite's locks */
    db->trace = open(db->path, O_PATH | O_CLOEXEC);
}

/* Brings what the log has into the file; false where not all of it could be. */
static bool empty_log(struct sql *db)
{
    struct sql_rows *r = NULL;
    struct err ignored;
    bool whole = false;

    if (sql_query(db, &r, "PRAGMA wal_checkpoint(TRUNCATE)", BIND_NOTHING, &ignored) == 0 &&
        sql_step(r, &ignored) == 1)
        whole = sql_int(r, 0) == 0 || sql_int(r, 1) == sql_int(r, 2);
    sql_done(r);
    return whole;
}

/* Where the file is by now; false: nowhere, or nobody knows. */
static bool find_file(const struct sql *db, char *out, size_t size)
{
    char name[40];
    struct stat st;
    ssize_t n;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", db->trace);
    n = db->trace >= 0 ? readlink(name, out, size - 1) : -1;
    out[n > 0 ? n : 0] = '\0';
    return n > 0 && fstat(db->trace, &st) == 0 && st.st_nlink > 0;
}

/* Of a file that has no name any more, moved to another disk maybe: all is still there to read. */
static bool copy_out(struct sql *db, struct buf *to)
{
    struct err ignored;

    *to = BUF_INIT(1 << 16);
    buf_printf(to, "%s-rescued", db->path);
    return to->text && sql_run(db, "VACUUM INTO $1", BIND(TEXT(to->text)), &ignored) == 0;
}

/* Brings what was kept to where it stays; e: what to do then. */
static void save(struct sql *db, struct err *e)
{
    char where[ERR_TEXT_MAX];
    struct buf copy = BUF_INIT(1);

    sql_rollback(db);
    if (find_file(db, where, sizeof(where))) {
        if (empty_log(db))
            err_hint(e, "it is %s now, with all that was kept: move it back", where);
        else
            err_hint(e, "it is %s now, and %s-wal has what was kept last: move it back first",
                     where, db->path);
    } else if (copy_out(db, &copy)) {
        err_hint(e, "all that was kept is in %s: move it to where the database shall be",
                 copy.text);
        empty_log(db); /* or whatever is here next would take it for its own */
    } else {
        err_hint(e, "bring it back from a backup; if there is %s-wal, it has what was kept last",
                 db->path);
    }
    buf_release(&copy);
    db->saved = true;
}

static int say_gone(struct sql *db, struct err *e)
{
    err_set(e, ERR_IO, "the database was deleted, moved or replaced while it was written to");
    if (db->saved)
        sql_rollback(db);
    else
        save(db, e);
    return err_at(e, "%s", db->path);
}

static int say_log_gone(struct sql *db, struct err *e)
{
    bool whole;

    sql_rollback(db);
    whole = empty_log(db);
    err_set(e, ERR_IO, "the database's log was deleted, moved or replaced while it was written to");
    err_hint(e, whole ? "all that was kept is in the database: the same command goes on"
                      : "what was kept last may be lost with it: see assent status");
    return err_at(e, "%s-wal", db->path);
}

/* Is it a database still, and as long as it was? Only a VACUUM makes one shorter, and then its
 * header says so. */
static bool is_whole(struct sql *db)
{
    unsigned char header[SQLITE_HEADER];
    uint64_t size;

    if (!sqlite_header(db, header, &size) || memcmp(header, "SQLite format 3", 16) != 0)
        return false;
    if (size < db->size && size < page_size(header) * big_endian(header + 28))
        return false;
    db->size = size;
    return true;
}

static int say_cut(struct sql *db, struct err *e)
{
    sql_rollback(db);
    sqlite_keep_log(db);
    err_set(e, ERR_IO, "the database was cut off or overwritten while it was written to");
    err_hint(e, "bring it back from a backup; %s-wal has what was kept last", db->path);
    return err_at(e, "%s", db->path);
}

int sqlite_check_file(struct sql *db, struct err *e)
{
    struct buf log;
    bool has_log;

    if (db->file.inode == 0)
        return 0;
    if (!is_at(db->path, &db->file))
        return say_gone(db, e);
    log_path(db->path, &log);
    has_log = !log.text || db->log.inode == 0 || is_at(log.text, &db->log);
    buf_release(&log);
    if (!has_log)
        return say_log_gone(db, e);
    for (int i = 0; i < TRIES; i++) {
        if (is_whole(db))
            return 0;
        pause_a_little();
    }
    return say_cut(db, e);
}

void sqlite_leave_file(struct sql *db)
{
    struct err ignored;

    if (db->file.inode != 0 && !db->saved && !is_at(db->path, &db->file))
        save(db, &ignored); /* SQLite does so itself where the file is in its place */
    if (db->trace >= 0)
        close(db->trace);
    db->trace = -1;
    db->file.inode = 0;
}

/* ---- whose log ---- */

/* What a log holds up to its last commit. */
struct log {
    uint32_t page_size, pages; /* of the database after it */
    uint32_t first, last;      /* change counters of its first pages; first 0: it has none */
    uint32_t *numbers;         /* [n] of the pages in it */
    size_t n;
};

/* A frame whose salts are the log's; false at the end. */
static bool read_frame(int fd, const unsigned char header[LOG_HEADER], off_t at,
                       unsigned char frame[FRAME_HEADER + 28])
{
    return pread(fd, frame, FRAME_HEADER + 28, at) == FRAME_HEADER + 28 &&
           memcmp(frame + 8, header + 16, 8) == 0;
}

static int read_frames(int fd, const unsigned char header[LOG_HEADER], uint64_t most,
                       struct log *out, struct err *e)
{
    unsigned char frame[FRAME_HEADER + 28]; /* with the page's first bytes */
    uint32_t first = 0, last = 0, number;

    out->numbers = mem_new(most, sizeof(*out->numbers), e);
    if (!out->numbers)
        return ERR_NOMEM;
    for (uint64_t i = 0; i < most; i++) {
        off_t at = (off_t)(LOG_HEADER + i * (FRAME_HEADER + (uint64_t)out->page_size));

        if (!read_frame(fd, header, at, frame))
            break;
        number = out->numbers[i] = big_endian(frame);
        if (number == 1)
            last = big_endian(frame + FRAME_HEADER + 24);
        if (number == 1 && first == 0)
            first = last;
        if (big_endian(frame + 4) == 0) /* no commit */
            continue;
        out->pages = big_endian(frame + 4);
        out->n = (size_t)i + 1;
        out->first = first;
        out->last = last;
    }
    return 0;
}

/* Nothing (n 0) where there is no log, or one without a commit. */
static int read_log(const char *path, struct log *out, struct err *e)
{
    unsigned char header[LOG_HEADER];
    struct stat st;
    struct buf name;
    int fd, rc = 0;

    memset(out, 0, sizeof(*out));
    log_path(path, &name);
    fd = name.text ? open(name.text, O_RDONLY | O_CLOEXEC) : -1;
    buf_release(&name);
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && pread(fd, header, LOG_HEADER, 0) == LOG_HEADER &&
        big_endian(header) >> 1 == 0x377f0682 >> 1) {
        out->page_size = big_endian(header + 8);
        if (out->page_size >= 512 && out->page_size <= 65536)
            rc = read_frames(fd, header,
                             (uint64_t)st.st_size / (FRAME_HEADER + (uint64_t)out->page_size), out,
                             e);
    }
    close(fd);
    return rc;
}

/* Are all pages in it that are behind the first so many? */
static bool has_end(const struct log *log, uint64_t pages)
{
    uint64_t missing = log->pages > pages ? log->pages - pages : 0;
    uint32_t pending = PENDING_BYTE / log->page_size + 1;
    bool *seen;

    if (missing > log->n + 1)
        return false;
    seen = calloc(missing + 1, sizeof(*seen));
    if (!seen)
        return true; /* whoever opens it will say so */
    if (pending > pages && pending <= log->pages) {
        seen[pending - pages - 1] = true;
        missing--;
    }
    for (size_t i = 0; i < log->n; i++) {
        uint64_t number = log->numbers[i];

        if (number <= pages || number > log->pages || seen[number - pages - 1])
            continue;
        seen[number - pages - 1] = true;
        missing--;
    }
    free(seen);
    return missing == 0;
}

/* A log goes on where its database's file ends, or is at already: with its first pages' change
 * counters, and with pages. A database becomes shorter by VACUUM only, which writes every page.
 * Nothing in a log names its database: one that passes may still be another's of the same size. */
static bool is_own_log(struct sql *db, const struct log *log)
{
    unsigned char header[SQLITE_HEADER];
    uint64_t size, pages;
    uint32_t counter;

    if (log->n == 0)
        return true;
    if (!sqlite_header(db, header, &size))
        return size > 0; /* what is there is said by whoever reads it */
    counter = big_endian(header + 24);
    pages = log->pages < big_endian(header + 28) ? 0 : size / log->page_size;
    return log->page_size == page_size(header) &&
           (log->first == 0 || (counter + 1 >= log->first && counter <= log->last)) &&
           has_end(log, pages);
}

static int say_foreign(const char *path, const char *what, struct err *e)
{
    err_set(e, ERR_DB, "%s", what);
    err_hint(e,
             "put back the database that was here, or move its log elsewhere; nothing was changed");
    return err_at(e, "%s-wal", path);
}

int sqlite_check_alone(const char *path, struct err *e)
{
    struct stat st;
    struct log log;
    int rc;

    if (stat(path, &st) == 0 && st.st_size > 0)
        return 0;
    rc = read_log(path, &log, e);
    free(log.numbers);
    return rc < 0 || log.n == 0
               ? rc
               : say_foreign(path, "this is the log of a database that is not here", e);
}

int sqlite_check_log(struct sql *db, struct err *e)
{
    bool own = false;
    int rc = 0;

    for (int i = 0; rc == 0 && !own && i < TRIES; i++) {
        struct log log;

        if (i > 0)
            pause_a_little();
        rc = read_log(db->path, &log, e);
        own = rc == 0 && is_own_log(db, &log);
        free(log.numbers);
    }
    return rc < 0 || own ? rc : say_foreign(db->path, "this is another database's log", e);
}
