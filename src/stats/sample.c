/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "stats/stats.h"

/* Sums over a stratum's settled cells of e and e^2, where e = equal - share * rated. */
static void residuals(const struct stats_stratum *h, double share, double *sum, double *squares)
{
    double equal = (double)h->equal, other = (double)(h->rated - h->equal);

    *sum = equal * (1 - share) - other * share;
    *squares = equal * (1 - share) * (1 - share) + other * share * share;
}

/* A stratum's part of the variance of the weighted sum of e. */
static double variance_part(const struct stats_stratum *h, double share)
{
    double n = (double)h->n, cells = (double)h->cells, sum, squares, s2;

    residuals(h, share, &sum, &squares);
    s2 = h->n > 1 ? (squares - sum * sum / n) / (n - 1) : squares;
    return cells * cells * (1 - n / cells) * s2 / n;
}

void stats_sample_agreement(const struct stats_stratum *strata, size_t n, struct stats_sample *out)
{
    double equal = 0, rated = 0, squares = 0, variance = 0, covered = 0, all = 0, effective;

    *out = (struct stats_sample){ 0 };
    for (size_t i = 0; i < n; i++) {
        const struct stats_stratum *h = &strata[i];
        double weight = (double)h->cells / (double)h->n;

        all += (double)h->cells;
        if (h->n == 0)
            continue;
        covered += (double)h->cells;
        equal += weight * (double)h->equal;
        rated += weight * (double)h->rated;
        squares += weight * weight * (double)h->rated;
        out->settled += (double)h->n;
    }
    out->agreement = equal / rated;
    out->covered = covered / all;
    for (size_t i = 0; i < n; i++)
        if (strata[i].n > 0)
            variance += variance_part(&strata[i], out->agreement);
    out->error = sqrt(variance) / rated;
    effective = out->agreement * (1 - out->agreement) / (out->error * out->error);
    if (!(effective > 0) || !isfinite(effective)) /* all alike: nothing varied */
        effective = rated * rated / squares;
    out->interval = stats_wilson_share(out->agreement, effective);
}
