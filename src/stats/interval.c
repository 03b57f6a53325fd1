/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

struct stats_interval stats_wilson_share(double share, double n)
{
    double centre = share + STATS_Z95 * STATS_Z95 / (2 * n);
    double half = STATS_Z95 * sqrt(share * (1 - share) / n + STATS_Z95 * STATS_Z95 / (4 * n * n));
    double scale = 1 + STATS_Z95 * STATS_Z95 / n;

    if (!(n > 0))
        return (struct stats_interval){ NAN, NAN };
    /* the bounds of 0 and 1 are exactly 0 and 1; rounding may miss them by one bit */
    return (struct stats_interval){ share <= 0 ? 0 : (centre - half) / scale,
                                    share >= 1 ? 1 : (centre + half) / scale };
}

struct stats_interval stats_wilson(uint64_t k, uint64_t n)
{
    return stats_wilson_share((double)k / (double)n, (double)n);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double stats_quantile(double *values, size_t n, double q)
{
    size_t kept = 0, below;
    double position;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    if (kept == 0)
        return NAN;
    qsort(values, kept, sizeof(*values), compare);
    position = q * (double)(kept - 1);
    below = (size_t)position;
    if (below + 1 >= kept)
        return values[kept - 1];
    return values[below] + (position - (double)below) * (values[below + 1] - values[below]);
}
