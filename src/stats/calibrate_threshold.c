/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/calibration.h"

struct counts { /* weights: said yes or no, of those that are true or are not */
    double said[2][2];
};

static void count(struct counts *c, const struct stats_scored *cell, double at)
{
    c->said[cell->p > at][cell->truth] += cell->weight;
}

static struct stats_side side_of(const struct counts *c)
{
    double no = c->said[0][0] + c->said[1][0], yes = c->said[0][1] + c->said[1][1], all = yes + no;

    return (struct stats_side){ .yes = (c->said[1][0] + c->said[1][1]) / all,
                                .agreement = (c->said[0][0] + c->said[1][1]) / all,
                                .balanced = (c->said[0][0] / no + c->said[1][1] / yes) / 2 };
}

/* How good a threshold is: the more, the better. */
static double merit(const struct counts *c, enum stats_aim aim)
{
    struct stats_side side = side_of(c);

    if (aim == STATS_BALANCED)
        return side.balanced;
    return -fabs(side.yes - (c->said[0][1] + c->said[1][1]) /
                                (c->said[0][0] + c->said[0][1] + c->said[1][0] + c->said[1][1]));
}

struct choice {
    double at, merit;
};

/* Of those that are as good the one nearest to 1/2 is taken. */
static void consider(struct choice *best, double at, double as_good)
{
    const double close = 1e-12;

    if (isnan(best->at) || as_good > best->merit + close ||
        (as_good > best->merit - close && fabs(at - 0.5) < fabs(best->at - 0.5)))
        *best = (struct choice){ at, as_good };
}

/* Everything is yes at first; then from the lowest on one probability after the other is no. */
static double choose(const struct stats_scored *sorted, size_t n, uint32_t without,
                     enum stats_aim aim)
{
    struct choice best = { NAN, 0 };
    struct counts c = { { { 0 } } };
    double last = NAN;

    for (size_t i = 0; i < n; i++)
        if (sorted[i].fold != without)
            count(&c, &sorted[i], -1);
    if (!(c.said[1][0] > 0 && c.said[1][1] > 0))
        return NAN;
    for (size_t i = 0; i < n; i++) {
        const struct stats_scored *cell = &sorted[i];

        if (cell->fold == without)
            continue;
        if (isnan(last) ? cell->p > 0 : cell->p > last)
            consider(&best, ((isnan(last) ? 0 : last) + cell->p) / 2, merit(&c, aim));
        last = cell->p;
        c.said[1][cell->truth] -= cell->weight;
        c.said[0][cell->truth] += cell->weight;
    }
    c.said[1][0] = c.said[1][1] = 0; /* but for rounding they are */
    if (last < 1)
        consider(&best, (last + 1) / 2, merit(&c, aim));
    return best.at;
}

static struct stats_side side_at(const struct stats_scored *sorted, size_t n, double at)
{
    struct counts c = { { { 0 } } };

    for (size_t i = 0; i < n; i++)
        count(&c, &sorted[i], at);
    return side_of(&c);
}

int stats_threshold(const struct stats_scored *sorted, size_t n, uint32_t n_folds,
                    enum stats_aim aim, struct stats_threshold *out, struct err *e)
{
    static const struct stats_side none = { NAN, NAN, NAN };
    double *at = mem_new(n_folds, sizeof(*at), e);
    struct counts c = { { { 0 } } };

    *out = (struct stats_threshold){ NAN, none, none, none };
    if (!at)
        return ERR_NOMEM;
    out->plain = side_at(sorted, n, 0.5);
    out->at = choose(sorted, n, STATS_NO_FOLD, aim);
    for (uint32_t f = 0; f < n_folds; f++)
        at[f] = choose(sorted, n, f, aim);
    for (size_t i = 0; i < n; i++)
        if (sorted[i].fold < n_folds) /* one class is left: nothing is better than 1/2 */
            count(&c, &sorted[i], isnan(at[sorted[i].fold]) ? 0.5 : at[sorted[i].fold]);
    if (!isnan(out->at)) {
        out->chosen = side_at(sorted, n, out->at);
        out->tested = side_of(&c);
    }
    free(at);
    return 0;
}
