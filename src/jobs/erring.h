/* SPDX-License-Identifier: MIT
 *
 * erring.h - how often people err in a review, as known answers and repeats show it.
 */
#ifndef ASSENT_JOBS_ERRING_H
#define ASSENT_JOBS_ERRING_H

#include "project/dataset.h"
#include "review/figures.h"
#include "stats/estimate.h"

struct erring {
    struct estimate_right known_yes, known_no; /* of yes/no questions; n 0: none */
    struct estimate_right repeats;             /* answered as before */
};

int erring_load(struct erring *out, const struct dataset *d, const struct review_figures *review,
                struct err *e);

/* By known answers where there are any, else by repeats. */
struct estimate_keep erring_keep(const struct erring *x);

#endif
