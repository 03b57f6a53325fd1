/* SPDX-License-Identifier: MIT
 *
 * odds.h - with which probability a cell of a sample was drawn and answered. Private to jobs/.
 */
#ifndef ASSENT_JOBS_ODDS_H
#define ASSENT_JOBS_ODDS_H

#include "review/sampled.h"

struct odds {
    bool unequal; /* the cells of some stratum were not equally likely */
    /* [n_strata] of the cells that were drawn, the share that is settled: the others are taken as
     * missing at random in their stratum. NaN where none was drawn. */
    double *answered;
};

/* answered is the arena's. */
int odds_find(struct odds *out, const struct sampled *s, struct arena *a, struct err *e);
/* Of a drawn cell. */
double odds_of(const struct odds *o, const struct sampled_cell *c);

#endif
