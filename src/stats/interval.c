/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

#define Z95 1.959963984540054 /* the normal distribution's 0.975 quantile */

struct stats_interval stats_wilson(uint64_t k, uint64_t n)
{
    double size = (double)n, p = (double)k / size;
    double centre = p + Z95 * Z95 / (2 * size);
    double half = Z95 * sqrt(p * (1 - p) / size + Z95 * Z95 / (4 * size * size));
    double scale = 1 + Z95 * Z95 / size;

    if (n == 0)
        return (struct stats_interval){ NAN, NAN };
    /* the bounds of 0 and n of n are exactly 0 and 1; rounding may miss them by one bit */
    return (struct stats_interval){ k == 0 ? 0 : (centre - half) / scale,
                                    k == n ? 1 : (centre + half) / scale };
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
