/* SPDX-License-Identifier: MIT
 *
 * factorial.h - logarithms of factorials. Private to stats/.
 */
#ifndef ASSENT_STATS_FACTORIAL_H
#define ASSENT_STATS_FACTORIAL_H

#include <math.h>

/* lgamma without its global sign. */
static inline double log_gamma(double x)
{
    int sign;

    return lgamma_r(x, &sign);
}

/* What Stirling's formula lacks: log gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), x >= 16. */
static inline double stirling_rest(double x)
{
    double r = 1 / (x * x);

    return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680))) / x;
}

/* log(a (a - 1) .. (a - k + 1)) = log gamma(a + 1) - log gamma(a - k + 1). Of millions of cells the
 * difference of two such logarithms would lose what a likelihood needs. */
static inline double log_falling(double a, double k)
{
    double x = a + 1, y = a - k + 1;

    if (k == 0)
        return 0;
    if (y < 16)
        return log_gamma(x) - log_gamma(y);
    return k * log(x) - (y - 0.5) * log1p(-k / x) - k + stirling_rest(x) - stirling_rest(y);
}

#endif
