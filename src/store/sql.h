/* SPDX-License-Identifier: MIT
 *
 * sql.h - all of store/ that knows which database it is. Private to store/.
 *
 * Statements are written once, in what SQLite and PostgreSQL both accept: $1, $2, .. in order of
 * appearance. Values are bound, never formatted into a statement. A
 * statement is a text that lives as long as the database, as literals do: it is prepared once, and
 * kept. What is bound is not copied: it must live until the statement is at its end.
 */
#ifndef ASSENT_STORE_SQL_H
#define ASSENT_STORE_SQL_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct sql;      /* a database */
struct sql_rows; /* a statement that gives rows */

enum sql_mode {
    SQL_READ,  /* of a database that is not there, or holds nothing yet: an empty one in memory */
    SQL_TRIAL, /* the same, and what is written is taken back at the latest when it is closed */
    SQL_WRITE, /* makes one that is not there, and brings an older one up to date */
};

/* ERR_DB where it is another program's, or a newer assent's: then it is not changed in the least.
 */
int sql_open(struct sql **out, const char *path, enum sql_mode mode, struct err *e);
const char *sql_path(const struct sql *db);
void sql_close(struct sql *db); /* NULL is fine; rolls back what is not committed */
const char *sql_library(void);  /* "SQLite 3.40.1" */

/* How long a statement waits for other processes, from now on; half a minute otherwise. */
void sql_patience(struct sql *db, int milliseconds);
/* The project is this process's alone until it is closed: 1, or 0 where it is another's. */
int sql_reserve(struct sql *db, struct err *e);

int sql_begin(struct sql *db, struct err *e);
/* ERR_IO where the file is no longer the one that was opened, whole and in its place: the
 * transaction is rolled back. */
int sql_check_file(struct sql *db, struct err *e);
/* sql_check first: nothing is kept where it fails. */
int sql_commit(struct sql *db, struct err *e);
void sql_rollback(struct sql *db); /* nothing where no transaction is open */

/* ---- statements ---- */

struct sql_value {
    enum { VALUE_IS_NULL, VALUE_IS_INT, VALUE_IS_REAL, VALUE_IS_TEXT, VALUE_IS_BLOB } type;
    int64_t number;
    double real;
    const void *bytes;
    size_t len;
};

struct sql_values {
    const struct sql_value *items;
    size_t n;
};

/* BIND(INT(id), TEXT(name)): $1 and $2. */
#define BIND(...)                                                                        \
    (struct sql_values)                                                                  \
    {                                                                                    \
        (const struct sql_value[]){ __VA_ARGS__ },                                       \
            sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value) \
    }
#define BIND_NOTHING    \
    (struct sql_values) \
    {                   \
        NULL, 0         \
    }

#define INT(x)                                       \
    (struct sql_value)                               \
    {                                                \
        .type = VALUE_IS_INT, .number = (int64_t)(x) \
    }
#define REAL(x)                            \
    (struct sql_value)                     \
    {                                      \
        .type = VALUE_IS_REAL, .real = (x) \
    } /* NaN: null */
#define TEXT(x)                             \
    (struct sql_value)                      \
    {                                       \
        .type = VALUE_IS_TEXT, .bytes = (x) \
    } /* NULL: null */
#define BLOB(x, size)                                      \
    (struct sql_value)                                     \
    {                                                      \
        .type = VALUE_IS_BLOB, .bytes = (x), .len = (size) \
    }
#define INT_OR_NULL(x)                                                     \
    (struct sql_value)                                                     \
    {                                                                      \
        .type = (x) ? VALUE_IS_INT : VALUE_IS_NULL, .number = (int64_t)(x) \
    }

/* A statement without rows. */
int sql_run(struct sql *db, const char *statement, struct sql_values v, struct err *e);
/* An INSERT of one row into a table whose key is `id`: *id is what the row got. */
int sql_insert(struct sql *db, const char *statement, struct sql_values v, int64_t *id,
               struct err *e);
/* A statement whose one row is a number, RETURNING id of an upsert say; *out is 0 where there is no
 * row. */
int sql_number(struct sql *db, const char *statement, struct sql_values v, int64_t *out,
               struct err *e);
/* Rows: sql_step them, then sql_done. */
int sql_query(struct sql *db, struct sql_rows **out, const char *statement, struct sql_values v,
              struct err *e);
int sql_step(struct sql_rows *r, struct err *e); /* the next row: 1, or 0 after the last */
void sql_done(struct sql_rows *r);               /* gives up the rows that are left; NULL is fine */

int sql_columns(const struct sql_rows *r); /* that its rows have */
/* Columns from 0, of the row at hand. What pointers show is valid until the next step. */
int64_t sql_int(struct sql_rows *r, int column);
double sql_real(struct sql_rows *r, int column);
const char *sql_text(struct sql_rows *r, int column); /* NULL for null */
const void *sql_blob(struct sql_rows *r, int column, size_t *len);

#endif
