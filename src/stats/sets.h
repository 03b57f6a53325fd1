/* SPDX-License-Identifier: MIT
 *
 * sets.h - how far two annotators choose the same options of a question that allows several.
 */
#ifndef ASSENT_STATS_SETS_H
#define ASSENT_STATS_SETS_H

#include "stats/stats.h"

/* Of images on which both said of every option whether it is chosen; begin with zeros. */
struct stats_sets {
    uint64_t n;
    uint64_t equal;      /* the same options */
    uint64_t empty;      /* of these, none by either */
    double sum, squares; /* of Jaccard's indexes */
};

/* Adds the images of a pair; first[o] and second[o]: yes or no of option o. */
void stats_sets_add(struct stats_sets *s, const int16_t *const first[],
                    const int16_t *const second[], size_t n_options, size_t n_images);

/* The mean over images of Jaccard's index (1912): options that both chose by options that either
 * chose, and 1 where nobody chose any. NaN for no image. */
double stats_sets_jaccard(const struct stats_sets *s);
/* Its 95 % interval, images taken as independent: Wilson's with as many images as a share would
 * need for the variance. */
struct stats_interval stats_sets_interval(const struct stats_sets *s);

#endif
