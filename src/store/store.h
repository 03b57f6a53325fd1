/* SPDX-License-Identifier: MIT
 *
 * store.h - the project's database: opening, transactions, the record.
 *
 *     images.h     images, their bytes' hashes, columns to group by
 *     runs.h       annotators, runs, what they answered, votes
 *     labels.h     an annotator's labels; which cells it has still to answer
 *     claims.h     which process is at work on which image
 *     designs.h    how cells were drawn for people
 *     review.h     what people are asked in a review, and what they said
 *     reviewers.h  who may answer, their links and sessions, packets
 *
 * Everything outside sees arrays, never SQL; the tables are in schema*.sql. Nothing is overwritten:
 * a new run adds rows, and of each cell an annotator's latest answer counts. Whatever writes does
 * so inside a transaction; several processes may use one database, and readers never wait.
 *
 * Errors: ERR_DB for whatever the database says, with what to do about it; ERR_BUSY where another
 * process writes.
 */
#ifndef ASSENT_STORE_H
#define ASSENT_STORE_H

#include "base/base.h"

struct store;

enum store_mode { STORE_READ, STORE_TRIAL, STORE_WRITE };

/* STORE_WRITE creates what is not there and brings an older schema up to date; the others refuse an
 * older one, and of a database that is not there give an empty one. What is written in a
 * STORE_TRIAL is seen until it is closed, and kept by nobody. A database of a newer assent is
 * refused. */
int store_open(struct store **out, const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s); /* NULL is fine; rolls back what is not committed */
const char *store_library(void);   /* "SQLite 3.40.1" */
unsigned store_version(void);      /* of the tables that it writes */

/*     int rc = store_begin(s, e);
 *
 *     if (rc == 0)
 *         rc = ..;
 *     return store_end(s, rc, e);
 */
int store_begin(struct store *s, struct err *e);
/* Commits where rc is 0, else rolls back. Returns rc, or why the commit failed; ERR_IO where the
 * database's file is no longer the one that was opened. Whatever failed, nothing was kept. */
int store_end(struct store *s, int rc, struct err *e);
/* The same check while nothing is written: a moved file gets what its log has, and the error says
 * where both lie. A transaction that is open is rolled back then. */
int store_check_file(struct store *s, struct err *e);
void store_rollback(struct store *s); /* ends a transaction that was a trial */

/* How long to wait for other processes that write, from now on; then ERR_BUSY. Half a minute
 * otherwise. */
void store_patience(struct store *s, int milliseconds);
/* The project is this process's alone until the store is closed; ERR_IO where it is another's.
 * hint: what to do then. */
int store_reserve(struct store *s, const char *hint, struct err *e);

/* Who, when and what, for the record. */
int store_event(struct store *s, const char *what, struct err *e);

#endif
