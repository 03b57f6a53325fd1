/* SPDX-License-Identifier: MIT
 *
 * erring.h - how often people err in a review, as known answers and repeats show it.
 */
#ifndef ASSENT_JOBS_ERRING_H
#define ASSENT_JOBS_ERRING_H

#include "project/dataset.h"
#include "review/figures.h"
#include "stats/estimate.h"

enum { ERRING_VOTES = 9 }; /* on a cell; more are counted as so many */

struct erring {
    struct estimate_right known_yes, known_no; /* of yes/no questions; n 0: none */
    struct estimate_right repeats;             /* answered as before */
    double votes[ERRING_VOTES + 1]; /* of the settled cells, the share with so many votes */
};

int erring_load(struct erring *out, const struct dataset *d, const struct review_figures *review,
                struct err *e);

/* By known answers where there are any, else by repeats: of the majorities that settled the cells,
 * people's errors on one cell taken as independent. */
struct estimate_keep erring_keep(const struct erring *x);

#endif
