/* SPDX-License-Identifier: MIT */
#include "stats/student.h"

#include <math.h>

enum { STEPS = 1000 }; /* of the fraction, which needs about the root of df */

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. It
 * converges fast below x = (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    f = d;
    for (int m = 1; m <= STEPS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double terms[] = { even, odd };
        double change = 1;

        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + terms[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            change *= c * d;
        }
        f *= change;
        if (fabs(change - 1) < 1e-15)
            break;
    }
    return f;
}

/* I_x(a, b); y = 1 - x is given too, whose digits are lost where x is near 1. */
static double beta_below(double a, double b, double x, double y)
{
    double front;

    if (x <= 0 || y <= 0)
        return x <= 0 ? 0 : 1;
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, y) / b;
}

/* Abramowitz and Stegun 26.5.27, 26.7.1: of both tails, I_x(df / 2, 1 / 2) with x = df / (df + t^2)
 */
double stats_student_below(double t, double df)
{
    double square = t * t, tail;

    if (isinf(t))
        return t > 0;
    tail = beta_below(df / 2, 0.5, df / (df + square), square / (df + square)) / 2;
    return t < 0 ? tail : 1 - tail;
}

double stats_normal_below(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

/* Bisection: erfc is monotonic, and nobody waits for it. */
double stats_normal_quantile(double p)
{
    double low = -40, high = 40;

    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;

        if (stats_normal_below(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double stats_student_quantile(double p, double df)
{
    double low = 0, high = 1;

    while (stats_student_below(high, df) < p && high < 1e300)
        high *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;

        if (stats_student_below(middle, df) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
