/* SPDX-License-Identifier: MIT
 *
 * moved.h - how far a model's answers moved when the same was asked otherwise, as `plan` measured
 * it: an answer that depends on more than its picture and its question is said to.
 */
#ifndef ASSENT_JOBS_MOVED_H
#define ASSENT_JOBS_MOVED_H

#include "base/base.h"
#include "project/dataset.h"
#include "stats/moves.h"

struct moved {
    const char *annotator, *what, *at; /* at: ISO 8601; NULL: now */
    uint64_t images, answers, changed;
    double share;      /* changed / answers */
    double mean, most; /* of the moves of probabilities; NaN: there are none */
};

/* What may be asked otherwise; else `what` is "protocol chat", say. */
#define MOVED_AGAIN   "asked again"
#define MOVED_ALONE   "asked alone"
#define MOVED_ORDERED "in another order"

struct moved_list {
    struct moved *items;
    size_t n, cap;
    struct arena arena; /* private */
};

void moved_set(struct moved *m, const struct stats_moves *moves);
/* Of the models among d's annotators, as they answered last. */
int moved_load(const struct dataset *d, struct moved_list *out, struct err *e);
void moved_release(struct moved_list *m);

#endif
