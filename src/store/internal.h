/* SPDX-License-Identifier: MIT
 *
 * internal.h - what a store is, for the files of store/. Private to store/.
 */
#ifndef ASSENT_STORE_INTERNAL_H
#define ASSENT_STORE_INTERNAL_H

#include "store/sql.h"
#include "store/store.h"

struct store {
    struct sql *db;
    int64_t run, run_set; /* the open run and its question set; 0: none */
};

/* The time now, UTC, ISO 8601, in at least 32 bytes. */
const char *store_now(char *out);

#endif
