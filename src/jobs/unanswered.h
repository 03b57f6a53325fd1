/* SPDX-License-Identifier: MIT
 *
 * unanswered.h - questions that a model was asked and never answered, and what it would have said.
 */
#ifndef ASSENT_JOBS_UNANSWERED_H
#define ASSENT_JOBS_UNANSWERED_H

#include "base/base.h"
#include "project/dataset.h"

enum { UNANSWERED_TOP = 3 };

struct unanswered_question {
    const char *annotator, *name; /* name: the column's */
    uint64_t asked;               /* images on which its answer was unparseable */
    double mass;            /* mean probability on valid answers; NaN: its answers came in a file */
    const char *mass_is;    /* of a server: "exact", "at least", ..; NULL: nothing is said */
    double min_mass;        /* what an answer needs */
    struct unanswered_top { /* the likeliest first tokens, with their mean probability */
        const char *text;   /* printable; NULL: none */
        double probability;
    } top[UNANSWERED_TOP];
};

struct unanswered {
    struct unanswered_question *items; /* in the order of the task */
    size_t n, cap;
    struct arena arena; /* private */
};

/* Of the models among d's annotators. mass and top are those of the first 1000 images. */
int unanswered_find(const struct dataset *d, struct unanswered *out, struct err *e);
/* Of one annotator, whose labels are loaded for it. */
int unanswered_find_by_name(const struct project *p, const char *annotator, struct unanswered *out,
                            struct err *e);
void unanswered_release(struct unanswered *u);

#endif
