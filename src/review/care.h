/* SPDX-License-Identifier: MIT
 *
 * care.h - does somebody answer without looking? Private to review/.
 */
#ifndef ASSENT_REVIEW_CARE_H
#define ASSENT_REVIEW_CARE_H

#include "review/figures.h"
#include "store/review.h"

struct answered { /* an answer, in the order given */
    size_t item, person;
    enum answer_kind kind;
    int16_t value;
    double seconds;
    bool undone, copy; /* copy: given on an equal picture; nobody looked twice */
    bool grid;         /* one of a page's */
};

struct care {
    const struct task *task;
    const struct store_items *items;
    const struct answered *answers;
    size_t n;
    const int16_t *labels[2]; /* as review_figures_load has them */
    size_t n_images;
};

/* Fills out->alarms by the task's thresholds; the people's gold and repeats are counted. */
int care_ring(const struct care *c, struct review_figures *out, struct err *e);

#endif
