/* SPDX-License-Identifier: MIT
 *
 * against.h - which of two annotators says more often what a third says?
 */
#ifndef ASSENT_STATS_AGAINST_H
#define ASSENT_STATS_AGAINST_H

#include "stats/exact.h"
#include "stats/stats.h"

struct stats_against_row {
    uint64_t n;                             /* cells that all three labelled */
    uint64_t both, first_only, second_only; /* on which they say what the third says */
    double first, second;                   /* shares of n */
    double difference;                      /* first - second */
    struct stats_interval bootstrap;        /* its own; images drawn with all their cells */
    struct stats_tested test; /* McNemar's, exact; NaN for all cells together, which are not
                                 independent, and where n is 0 */
};

struct stats_against {
    struct stats_against_row pooled;
    struct stats_against_row *columns;
    size_t n_columns;
};

/* in: the first, the second and the third; its groups are left aside. ERR_ARG for another number of
 * annotators. */
int stats_against(struct stats_against *out, const struct stats_input *in, struct err *e);
void stats_against_release(struct stats_against *a); /* zeroed is fine */

#endif
