/* SPDX-License-Identifier: MIT
 *
 * multi.h - of questions that allow several options, how far annotators choose the same ones.
 */
#ifndef ASSENT_JOBS_MULTI_H
#define ASSENT_JOBS_MULTI_H

#include "base/base.h"
#include "stats/sets.h"
#include "task/task.h"

struct multi_question {
    const char *name;  /* the task's */
    const char *group; /* the task's; NULL: none */
    uint64_t n;        /* images (of each pair of annotators) on which both answered every option */
    uint64_t both_empty;   /* of these, none of the options by either */
    double jaccard, equal; /* the mean of the index, which is 1 where both chose none; the share
                              with the same options */
    struct stats_interval jaccard_interval, equal_interval; /* NaN for more than two annotators */
};

struct multi {
    struct multi_question *items;
    size_t n;
};

/* columns: of the task, those that are compared; NULL: all n. matrices: of all the task's columns,
 * of two annotators or more. Everything is the arena's. */
struct multi_of {
    const struct task *task;
    const size_t *columns;
    size_t n_columns;
    const int16_t *const *matrices;
    size_t n_matrices, n_images;
};
int multi_compare(struct multi *out, const struct multi_of *of, struct arena *a, struct err *e);

#endif
