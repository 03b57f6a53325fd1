/* SPDX-License-Identifier: MIT
 *
 * internal.h - what a store is, for the files of store/. Private to store/.
 */
#ifndef ASSENT_STORE_INTERNAL_H
#define ASSENT_STORE_INTERNAL_H

#include <stdbool.h>

#include "store/sql.h"
#include "store/store.h"

struct store {
    struct sql *db;
    int64_t run, run_set; /* the open run and its question set; 0: none */
    bool reads;           /* STORE_READ */
    struct store_rename { /* of annotators, where nothing may be written */
        int64_t annotator;
        const char *name; /* borrowed */
    } * renames;
    size_t n_renames, renames_cap;
};

/* The name that an annotator is known by: name, or what a store that is only read renamed it. */
const char *store_renamed(const struct store *s, int64_t annotator, const char *name);

/* The time now, UTC, ISO 8601, in at least 32 bytes. */
const char *store_now(char *out);

#endif
