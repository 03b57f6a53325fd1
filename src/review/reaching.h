/* SPDX-License-Identifier: MIT
 *
 * reaching.h - how verdicts are reached: the sample by column, and the sets of answers that a side
 * of a question can be cut into. Private to review/.
 */
#ifndef ASSENT_REVIEW_REACHING_H
#define ASSENT_REVIEW_REACHING_H

#include "review/verdicts.h"
#include "stats/accept.h"

enum {
    BINS = 1 << 16, /* of uncertainties, by the upper bits of the float: fine where small */
    SETS_MAX = 20,  /* thresholds of a side: at shares of its cells in equal steps */
};

/* The sets of one side of a question: each within the next, the last is all of it. */
struct nested {
    struct stats_seen *seen; /* [n][n_strata] */
    float upto[SETS_MAX];    /* uncertainty: a set's largest; of the last INFINITY */
    size_t n, n_strata;
};

struct reaching {
    const struct verdict_source *source;
    const struct promise *promise;
    struct verdicts *out;
    const struct sampled_cell **cells; /* of the sample, by column */
    size_t *first;                     /* [n_columns + 1] where a column's begin */
    bool *held;                        /* [strata] none of its cells count yet */
    struct nested (*sets)[SIDES];      /* [out->n] */
    float *uncertainty;                /* [n_images] of the column at hand */
    uint32_t *bins;                    /* [BINS] */
    uint8_t *set_of;                   /* [BINS] */
    uint32_t *local;                   /* [strata] a column's number of each; STORE_OUTSIDE */
};

/* Fills cells and first: a column's are in the order in which they were done. */
int reaching_sort(struct reaching *r, struct err *e);
/* Does the cell, the k-th of cells, count? */
bool reaching_seen(const struct reaching *r, size_t k);
/* The probability of a cell's answer, or the first of several; NULL: it has none. */
const float *reaching_probability(const struct verdict_source *s, size_t image, size_t column);
/* A column's strata get numbers of their own, local; how many there are. */
size_t reaching_number(struct reaching *r, size_t column);
/* How many cells one that is drawn of a design's stratum stands for, in proportion to others: as
 * the design draws, the root of its cells. By the size alone, since how many were drawn may come of
 * what people said, where a sample is extended. */
double reaching_weight(const struct reaching *r, size_t stratum);

/* Before a column's sets are made. */
void reaching_fetch(struct reaching *r, size_t column);
/* ERR_ARG where a number is fixed and the column has several strata. */
int reaching_sets(struct reaching *r, size_t column, enum verdict_side side, struct nested *sets,
                  struct err *e);
uint64_t nested_cells(const struct nested *sets, size_t set);
/* The set whose share of the cells is nearest to a part of all. */
size_t nested_near(const struct nested *sets, double part);

/* All questions together: out->pooled. */
int reaching_pool(struct reaching *r, struct err *e);

#endif
