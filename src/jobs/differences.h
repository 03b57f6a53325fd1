/* SPDX-License-Identifier: MIT
 *
 * differences.h - what is more than chance in how two annotators agree: on which questions one says
 * yes more often, which agree too little, and how far groups of images differ.
 *
 * Tests of many questions are adjusted for their number.
 */
#ifndef ASSENT_JOBS_DIFFERENCES_H
#define ASSENT_JOBS_DIFFERENCES_H

#include "base/base.h"
#include "stats/exact.h"
#include "stats/stats.h"
#include "task/task.h"

#define DIFFERENCES_LEVEL \
    0.05 /* a difference is told of where the adjusted p-value is at most this */

/* A yes/no question. */
struct yes_bias {
    const char *name;
    uint64_t first_only, second_only; /* cells on which only this one says yes */
    double difference;                /* the rates of yes, the first's less the second's */
    struct stats_tested test;         /* McNemar's */
};

/* A question against the task's alarm. */
struct low_agreement {
    const char *name;
    uint64_t n;
    double agreement, threshold;
    struct stats_tested test; /* agreement is the threshold, or more: binomial */
};

/* Images with one value of the metadata column, against all others that have a value. */
struct gap {
    const char *part;
    const char *name; /* the question; NULL: all cells */
    uint64_t n;       /* cells in the part */
    double agreement, others, difference;
    struct stats_tested test; /* of a question Fisher's; of all cells by images */
};

struct differences {
    struct yes_bias *bias;
    struct low_agreement *low;
    struct gap *gaps;          /* all cells, a part each */
    struct gap *question_gaps; /* each question, each part */
    size_t n_bias, n_low, n_gaps, n_question_gaps;
    struct arena arena; /* private */
};

struct differences_of {
    const struct task *task;
    const size_t *columns;             /* the task's, in the order of the rows; NULL: all */
    const struct stats_agreement *all; /* of two annotators; of more nothing is found */
    size_t n_annotators, n_parts;
    const char *const *values; /* [n_parts] */
    const struct stats_agreement *const *parts;
};

int differences_find(struct differences *out, const struct differences_of *of, struct err *e);
void differences_release(struct differences *d); /* zeroed is fine */

#endif
