/* SPDX-License-Identifier: MIT
 *
 * sqlite.h - what the two files of the SQLite driver share. Private to store/.
 */
#ifndef ASSENT_STORE_SQLITE_H
#define ASSENT_STORE_SQLITE_H

#include <stdbool.h>

#include "store/sql.h"

struct sqlite3;

struct sql_file {
    uint64_t device, inode; /* inode 0: not known */
};

struct sql {
    struct sqlite3 *handle;
    char *path;
    struct sql_file file, log; /* as they were opened for writing */
    uint64_t size;             /* of the file, as it was seen last */
    bool saved;                /* what its log had, once it was gone */
    int trace;                 /* of the file: where it is now; -1: none */
    int folder;                /* open, and locked: the project is reserved; -1: it is not */
    bool in_transaction;
    bool trial;             /* nothing is committed */
    struct sql_rows **kept; /* statements prepared so far */
    size_t n_kept, cap;
};

enum sqlite_connection {
    CONNECT_READ,       /* what stands beside the file meanwhile goes again */
    CONNECT_UNCHANGING, /* the file is read as if nothing could change it: no log, no locks */
    CONNECT_WRITE,      /* makes a file that is not there */
};

/* address: a path, or ":memory:". ERR_DB where there is another database's log beside it. */
int sqlite_connect(struct sql *db, const char *address, enum sqlite_connection access,
                   struct err *e);
void sqlite_disconnect(struct sql *db); /* statements go with it */
/* Readers never wait for a writer, nor a writer for readers, from now on (WAL): the file changes.
 */
int sqlite_share(struct sql *db, struct err *e);
/* Statements without values and rows, one or several. */
int sqlite_exec(struct sql *db, const char *statements, struct err *e);
enum { SQLITE_HEADER = 100 /* bytes */ };
/* The file's first bytes, and how many it has; false where there are fewer, or none can be read. */
bool sqlite_header(struct sql *db, unsigned char out[SQLITE_HEADER], uint64_t *size);
void sqlite_keep_log(struct sql *db); /* beside the file, also when it is closed */

/* ---- sqlite_guard.c ---- */

/* Which file is written to, from now on. */
void sqlite_note_file(struct sql *db);
/* ERR_IO where it, or its log, is not in its place any more, or was cut off. What can still be
 * brought from the log into the file has been, and the open transaction is rolled back. */
int sqlite_check_file(struct sql *db, struct err *e);
void sqlite_leave_file(struct sql *db); /* before it is closed */
/* ERR_DB where there is no database, but the log of one. */
int sqlite_check_alone(const char *path, struct err *e);
/* ERR_DB where the log cannot be this database's. */
int sqlite_check_log(struct sql *db, struct err *e);

#endif
