/* SPDX-License-Identifier: MIT */
#include "stats/moves.h"

#include <math.h>

static double distance(const float *p, const float *q, size_t n)
{
    double sum = 0;

    for (size_t o = 0; o < n; o++)
        sum += fabs((double)p[o] - (double)q[o]);
    return n == 1 ? sum : sum / 2;
}

void stats_moves_add(struct stats_moves *m, int first, int second, const float *p, const float *q,
                     size_t n)
{
    double moved = p && q && n > 0 ? distance(p, q, n) : (double)NAN;

    m->answers++;
    m->changed += first != second;
    if (isnan(moved))
        return;
    m->scored++;
    m->sum += moved;
    m->most = fmax(m->most, moved);
}

double stats_moves_mean(const struct stats_moves *m)
{
    return m->scored > 0 ? m->sum / (double)m->scored : (double)NAN;
}

double stats_moves_most(const struct stats_moves *m)
{
    return m->scored > 0 ? m->most : (double)NAN;
}
