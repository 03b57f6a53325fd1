/* SPDX-License-Identifier: MIT
 *
 * methods.h - what a report's methods are written from: who labelled, when, and which model it was.
 */
#ifndef ASSENT_JOBS_METHODS_H
#define ASSENT_JOBS_METHODS_H

#include "base/base.h"
#include "project/dataset.h"

struct methods_annotator {
    const char *name, *kind;
    uint64_t runs;            /* that count; votes in a review are in none */
    const char *first, *last; /* when a run began, and when the last ended; NULL: there is none */
    const char *identity;     /* of a model's newest run; NULL: not known */
};

struct methods {
    struct methods_annotator *items; /* of those whose labels are loaded, in their order */
    size_t n;
    uint64_t database;  /* the version of its tables */
    uint64_t resamples; /* of the report's bootstrap; 0: none */
    uint64_t seed;
    struct arena arena; /* private */
};

/* But for the bootstrap, which is the caller's. */
int methods_load(const struct dataset *d, struct methods *out, struct err *e);
void methods_release(struct methods *m); /* zeroed is fine */

#endif
