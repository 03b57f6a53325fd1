/* SPDX-License-Identifier: MIT
 *
 * sqlite.h - what the two files of the SQLite driver share. Private to store/.
 */
#ifndef ASSENT_STORE_SQLITE_H
#define ASSENT_STORE_SQLITE_H

#include <stdbool.h>

#include "store/sql.h"

struct sqlite3;

struct sql {
    struct sqlite3 *handle;
    char *path;
    uint64_t device, inode; /* of the file, as it was opened for writing; inode 0: not so */
    int folder;             /* open, and locked: the project is reserved; -1: it is not */
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

/* address: a path, or ":memory:". */
int sqlite_connect(struct sql *db, const char *address, enum sqlite_connection access,
                   struct err *e);
void sqlite_disconnect(struct sql *db); /* statements go with it */
/* Readers never wait for a writer, nor a writer for readers, from now on (WAL): the file changes.
 */
int sqlite_share(struct sql *db, struct err *e);
/* Statements without values and rows, one or several. */
int sqlite_exec(struct sql *db, const char *statements, struct err *e);

#endif
