/* SPDX-License-Identifier: MIT
 *
 * pair.h - who is compared with whom: one rule, for agree, report, status, review and export.
 */
#ifndef ASSENT_PROJECT_PAIR_H
#define ASSENT_PROJECT_PAIR_H

#include <stdbool.h>

#include "base/base.h"
#include "store/runs.h"

struct pair {
    /* first: a model where there is one. Either may be NULL, second more often. */
    const struct store_annotator *first, *second;
    const char *why; /* "the first model and the first of the people whose labels came in bulk" */
    bool second_settles; /* the second's labels are votes of a review: they settle disputes, and
                            make none. Never of one that somebody named */
};

/* The first model, else the first annotator; and the first of the people whose labels came in bulk,
 * else the next annotator. Neither the consensus nor somebody who has only a link to the review. */
struct pair pair_usual(const struct store_annotators *known);

/* As somebody said, or where between[0] is NULL the usual ones. between[1] NULL: one annotator
 * alone. ERR_ARG for a name that is not known. */
int pair_choose(struct pair *out, const struct store_annotators *known,
                const char *const between[2], struct err *e);

/* The first of the people who voted one by one, on cells that others dispute; NULL: nobody. */
const struct store_annotator *pair_voter(const struct store_annotators *known);

/* The error for a name that nobody has: it lists who there is, and who may have been meant. */
int annotator_unknown(const struct store_annotators *known, const char *name, struct err *e);

#endif
