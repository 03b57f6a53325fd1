/* SPDX-License-Identifier: MIT
 *
 * plan_accept.h - how many votes it will take until a model's answers can be accepted, a question
 * and in all, in hours of people and in money; also before the first one is given.
 */
#ifndef ASSENT_JOBS_PLAN_ACCEPT_H
#define ASSENT_JOBS_PLAN_ACCEPT_H

#include "jobs/accept.h"
#include "jobs/review.h"

struct accept_plan_options {
    struct accept_options accept;
    double true_error; /* the share of answers that is wrong in truth; 0: half of what may be */
    double power;      /* with which all answers of a question are then accepted */
    uint32_t votes;    /* of different people, a cell */
};

struct planned_question {
    const char *name;
    uint64_t cells;          /* that the model has answered; images where it has answered nothing */
    double votes;            /* cells that people have to answer; NaN: more than anybody will */
    const char *verdict;     /* of now; NULL: no sample was drawn */
    uint64_t drawn, settled; /* of its cells, in the sample */
    double left;             /* cells that are still to be answered; NaN: no number would decide */
};

struct accept_plan {
    const char *annotator; /* NULL: nobody has answered yet */
    double max_error, confidence, true_error, power;
    uint32_t votes_per_cell;
    double alpha;    /* of each question's first test */
    uint64_t starts; /* tests that share it: whole, half and a quarter of a question's answers */
    struct planned_question *questions;
    size_t n;
    double mean;      /* cells of the largest question until it is accepted, on average; NaN */
    uint64_t open;    /* questions that are not decided, and can be */
    uint64_t left;    /* their cells that are still to be answered */
    uint64_t sample;  /* cells that the sample should have, then; 0: nothing is needed */
    const char *next; /* the command that draws them; NULL: none is needed */
    struct review_forecast work; /* votes, seconds, hours, cost: of what is left */
    struct arena arena;          /* private */
};

/* ERR_ARG where true_error is not below what may be wrong. Changes nothing. */
int job_plan_accept(struct project *p, const struct accept_plan_options *o, struct accept_plan *out,
                    struct err *e);
void accept_plan_release(struct accept_plan *a);

#endif
