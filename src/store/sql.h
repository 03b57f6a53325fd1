/* SPDX-License-Identifier: MIT
 *
 * sql.h - the few statement-level calls that store/ needs of a database. Private to store/.
 *
 * Statements are written once, in what SQLite and PostgreSQL both accept: $1, $2, .. in order of
 * appearance. Values are bound, never formatted into a statement. What is bound is not copied: it
 * must live until the statement is at its end. A bind that fails is reported by the step that
 * follows.
 */
#ifndef ASSENT_STORE_SQL_H
#define ASSENT_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct sql;
struct sql_stmt;

enum sql_mode {
    SQL_READ,
    SQL_READ_UNCHANGING, /* the file is read as if nothing could change it: no log, no locks */
    SQL_WRITE,           /* creates a database that is not there */
};

/* path NULL: an empty one in memory. */
int sql_open(struct sql **out, const char *path, enum sql_mode mode, struct err *e);
void sql_close(struct sql *db); /* NULL is fine */

/* Readers never wait for a writer, nor a writer for readers, from now on (WAL): the file is
 * changed. */
int sql_share(struct sql *db, struct err *e);

/* May the database's folder not be written to, and is there no log beside it? */
bool sql_is_unwritable(const char *path);

/* How long a statement waits for other processes, from now on; half a minute otherwise. */
void sql_patience(struct sql *db, int milliseconds);

int sql_exec(struct sql *db, const char *statements, struct err *e);
/* The first column of the first row, an integer; 0 where there is no row. */
int sql_query_int(struct sql *db, const char *statement, int64_t *out, struct err *e);

int sql_prepare(struct sql *db, struct sql_stmt **out, const char *statement, struct err *e);
void sql_finalize(struct sql_stmt *s); /* NULL is fine */

void sql_bind_int(struct sql_stmt *s, int index, int64_t value);
void sql_bind_real(struct sql_stmt *s, int index, double value);                  /* NaN: null */
void sql_bind_text(struct sql_stmt *s, int index, const char *text);              /* NULL: null */
void sql_bind_blob(struct sql_stmt *s, int index, const void *bytes, size_t len); /* NULL: null */

/* The next row: 1, or 0 after the last, and then the statement can be bound and stepped again. */
int sql_step(struct sql_stmt *s, struct err *e);
/* For a statement without rows: step once. */
int sql_run(struct sql_stmt *s, struct err *e);
/* Gives up the rows that are left. */
void sql_reset(struct sql_stmt *s);

/* Columns from 0, of the row at hand. What pointers show is valid until the next step. */
int64_t sql_int(struct sql_stmt *s, int column);
double sql_real(struct sql_stmt *s, int column);
const char *sql_text(struct sql_stmt *s, int column); /* NULL for null */
const void *sql_blob(struct sql_stmt *s, int column, size_t *len);

int64_t sql_last_id(struct sql *db);
const char *sql_version(void); /* "SQLite 3.40.1" */

#endif
