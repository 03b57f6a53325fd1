/* SPDX-License-Identifier: MIT
 *
 * plan_alt_test.h - how many cells several people have to answer alike until it can be said whether
 * a model is as good as one more of them.
 */
#ifndef ASSENT_JOBS_PLAN_ALT_TEST_H
#define ASSENT_JOBS_PLAN_ALT_TEST_H

#include "jobs/review.h"

struct alt_plan_options {
    const char *annotator; /* a model; NULL: the first */
    size_t people;         /* each of whom answers all of the cells; 3 or more */
    uint64_t items;        /* cells a person; 0: as many as the test needs */
    double power;          /* with which a model that is as good beats a person then */
};

struct alt_plan_row {
    const char *name; /* the column's; NULL: all questions together */
    double differ;    /* the share of cells on which model and person are taken to differ */
    uint64_t items;   /* that each person answers; 0: no number is enough */
    double power;     /* with so many */
    uint64_t votes;   /* of all people */
};

struct alt_plan {
    const struct task *task; /* the project's */
    const char *annotator;   /* NULL: the project has no model yet */
    const char *against;     /* on whose labels `differ` was measured; NULL: it is assumed */
    size_t people;
    uint64_t images, cells; /* of the project */
    struct alt_plan_row all;
    struct alt_plan_row *questions; /* [n_columns], each by itself */
    uint64_t question_votes;        /* of all of them */
    bool drawn;                     /* a sample was drawn before, whose cells can be asked again */
    const char *next;               /* the command where none was; NULL: nothing to do */
    struct review_forecast work, question_work; /* votes, hours, cost: together; by question */
    struct arena arena;                         /* private */
};

/* ERR_ARG where the project has too few images, or people are too few. Changes nothing. */
int job_plan_alt_test(struct project *p, const struct alt_plan_options *o, struct alt_plan *out,
                      struct err *e);
void alt_plan_release(struct alt_plan *a);

#endif
