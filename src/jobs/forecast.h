/* SPDX-License-Identifier: MIT
 *
 * forecast.h - what the images to come will take, by those that were answered: the one way in which
 * plan and annotate reckon. Private to jobs/.
 */
#ifndef ASSENT_JOBS_FORECAST_H
#define ASSENT_JOBS_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "label/label.h"

/* The first image warms caches and threads up, and is left out where there are others. */
struct forecast {
    size_t answered;         /* images, the first one too */
    double first, seconds;   /* the first's; the others' together */
    double flop;             /* of all of them */
    size_t activation_bytes; /* the most */
};

/* An image was answered: from the one before it to now, so that reading overlaps with answering as
 * it does in a run. */
void forecast_add(struct forecast *f, double seconds, const struct label_cost *cost);
size_t forecast_measured(const struct forecast *f); /* images that the figures below rest on */
/* Is it enough to go by? Three images, and a second of them where they are fast. */
bool forecast_is_ready(const struct forecast *f);
double forecast_seconds_per_image(const struct forecast *f);
double forecast_flop_per_image(const struct forecast *f);

#endif
