/* SPDX-License-Identifier: MIT
 *
 * frontier.h - what quality costs: the ways to label this project, each with how much of it would
 * be right and its price; and what the next hundred votes would buy.
 *
 * Right is what adjudicators say. Formulas and assumptions: docs/statistics.md, "What quality
 * costs".
 */
#ifndef ASSENT_JOBS_FRONTIER_H
#define ASSENT_JOBS_FRONTIER_H

#include "base/base.h"
#include "jobs/accept.h"
#include "jobs/consensus.h"
#include "jobs/cost.h"
#include "jobs/ledger.h"

struct frontier_point {
    const char *who; /* labels; NULL: the people of the review */
    const char *way; /* "alone", .. */
    double quality;  /* the share of the cells it answered that end up right; NaN: not known */
    struct stats_interval interval; /* 95 %; NaN where nothing was sampled */
    uint64_t answers;               /* that people have to give for it */
    double labels_cost; /* others' labels, which it needs first: sunk where they are there */
    double cost;        /* in all, that too */
    double thousand;    /* cost of 1 000 images */
    bool stated;        /* the gain is somebody's expectation */
    bool dominated;     /* another is no dearer and no worse, and one of both better */
};

struct frontier_votes { /* the next hundred votes */
    const char *where, *unit;
    double gain; /* expected, so many of the unit; NaN: not known */
    struct stats_interval interval;
    uint64_t open;       /* cells that are left for it */
    const char *assumes; /* a sentence without its end */
};
enum { FRONTIER_VOTES = 100, FRONTIER_WAYS = 3 };

struct frontier {
    const char *currency;
    const char *against; /* "adjudicators" or "consensus"; NULL: there is neither */
    const char *second;  /* with whom disputes are; NULL: nobody */
    uint64_t images, cells;
    struct frontier_point *points;
    size_t n_points;
    struct frontier_votes votes[FRONTIER_WAYS];
    size_t n_votes;
    struct arena arena; /* private */
};

struct frontier_sources {
    const struct dataset *data;            /* everybody's labels, with probabilities */
    const struct acceptance *acceptance;   /* of the first */
    const struct consensus_result *votes;  /* values NULL: there is no consensus */
    const struct labelled *first, *second; /* who are compared; NULL: there is no such one */
    const struct cost *cost;
    const struct ledger *ledger;
};

int frontier_load(struct frontier *out, const struct frontier_sources *from, struct err *e);
void frontier_release(struct frontier *f); /* zeroed is fine */

#endif
