/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of store/ share. Private to store/.
 */
#ifndef ASSENT_STORE_INTERNAL_H
#define ASSENT_STORE_INTERNAL_H

#include "store/sql.h"
#include "store/store.h"

struct store {
    struct sql *db;
    struct sql_stmt *add_image, *add_meta, *add_answers, *add_vote; /* prepared at first use */
    bool in_transaction;
    int64_t run, run_set; /* the open run and its question set; 0: none */
};

/* Prepares *slot unless it is. */
int store_prepare(struct store *s, struct sql_stmt **slot, const char *statement, struct err *e);

/* The time now, UTC, ISO 8601, in at least 32 bytes. */
const char *store_now(char *out);

#endif
