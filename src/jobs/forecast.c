/* SPDX-License-Identifier: MIT */
#include "jobs/forecast.h"

enum { IMAGES_MIN = 3, IMAGES_MAX = 100 };
#define SECONDS_MIN 1.0

void forecast_add(struct forecast *f, double seconds, const struct label_cost *cost)
{
    if (f->answered++ == 0)
        f->first = seconds;
    else
        f->seconds += seconds;
    f->flop += cost->flop;
    if (cost->activation_bytes > f->activation_bytes)
        f->activation_bytes = cost->activation_bytes;
}

size_t forecast_measured(const struct forecast *f)
{
    return f->answered > 1 ? f->answered - 1 : f->answered;
}

bool forecast_is_ready(const struct forecast *f)
{
    return f->answered == IMAGES_MAX || (f->answered >= IMAGES_MIN && f->seconds >= SECONDS_MIN);
}

double forecast_seconds_per_image(const struct forecast *f)
{
    return f->answered > 1 ? f->seconds / (double)(f->answered - 1) : f->first;
}

double forecast_flop_per_image(const struct forecast *f)
{
    return f->flop / (double)f->answered;
}
