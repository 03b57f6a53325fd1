/* SPDX-License-Identifier: MIT */
#include "stats/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const struct stats_scored *x = a, *y = b;

    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    if (x->truth != y->truth)
        return x->truth ? 1 : -1;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return (x->fold > y->fold) - (x->fold < y->fold);
}

void stats_scored_sort(struct stats_scored *cells, size_t n)
{
    if (n > 1)
        qsort(cells, n, sizeof(*cells), compare);
}

/* ---- bins ---- */

struct sums {
    uint64_t n;
    double weight, squares, mean, yes; /* of weights, their squares, .. times p, .. of the true */
    double low, high;
};

static void add(struct sums *s, const struct stats_scored *c)
{
    s->low = s->n == 0 ? c->p : s->low;
    s->high = c->p;
    s->n++;
    s->weight += c->weight;
    s->squares += c->weight * c->weight;
    s->mean += c->weight * c->p;
    s->yes += c->truth ? c->weight : 0;
}

static struct stats_bin bin_of(const struct sums *s, double all)
{
    struct stats_bin b = { s->n, 0, 0, s->low, s->high, NAN, NAN, { NAN, NAN } };

    if (s->n == 0)
        return b;
    b.share = s->weight / all;
    b.mean = s->mean / s->weight;
    b.rate = s->yes / s->weight;
    b.effective = s->weight * s->weight / s->squares;
    b.interval = stats_wilson_share(b.rate, b.effective);
    return b;
}

/* Stored probabilities are rounded to 24 bits: what misses an edge by less lies on it. */
static size_t width_bin(double p)
{
    double at = floor(p * STATS_BINS + 1e-6);

    return at >= STATS_BINS ? STATS_BINS - 1 : at <= 0 ? 0 : (size_t)at;
}

static void fill_width(const struct stats_scored *cells, size_t n, double all,
                       struct stats_bin out[STATS_BINS])
{
    struct sums sums[STATS_BINS] = { { 0 } };

    for (size_t i = 0; i < n; i++)
        add(&sums[width_bin(cells[i].p)], &cells[i]);
    for (size_t b = 0; b < STATS_BINS; b++) {
        out[b] = bin_of(&sums[b], all);
        out[b].low = (double)b / STATS_BINS;
        out[b].high = (double)(b + 1) / STATS_BINS;
    }
}

static size_t end_of_tie(const struct stats_scored *cells, size_t n, size_t i)
{
    size_t end = i + 1;

    while (end < n && cells[end].p == cells[i].p)
        end++;
    return end;
}

/* Equal probabilities go where the middle of their weight lies. */
static void fill_mass(const struct stats_scored *cells, size_t n, double all,
                      struct stats_bin out[STATS_BINS])
{
    struct sums sums[STATS_BINS] = { { 0 } };
    double below = 0;

    for (size_t i = 0, end; i < n; i = end) {
        double weight = 0;
        size_t b;

        end = end_of_tie(cells, n, i);
        for (size_t k = i; k < end; k++)
            weight += cells[k].weight;
        b = (size_t)(STATS_BINS * ((below + weight / 2) / all));
        for (size_t k = i; k < end; k++)
            add(&sums[b < STATS_BINS ? b : STATS_BINS - 1], &cells[k]);
        below += weight;
    }
    for (size_t b = 0; b < STATS_BINS; b++)
        out[b] = bin_of(&sums[b], all);
}

static double error_of(const struct stats_bin bins[STATS_BINS])
{
    double sum = 0;

    for (size_t b = 0; b < STATS_BINS; b++)
        if (bins[b].n > 0)
            sum += bins[b].share * fabs(bins[b].rate - bins[b].mean);
    return sum;
}

/* What chance alone adds. To |rate - mean|: the mean of |N(rate, its variance) - mean|, which is
 * that of a folded normal distribution, less itself; to its square the variance, as estimated
 * without bias. */
static void take_chance_off(struct stats_calibration *out)
{
    double bias = 0, squared = 0;

    for (size_t i = 0; i < STATS_BINS; i++) {
        const struct stats_bin *b = &out->mass[i];
        double away = fabs(b->rate - b->mean), spread = b->rate * (1 - b->rate), variance;

        if (b->n == 0)
            continue;
        variance = spread / b->effective;
        if (variance > 0)
            bias += b->share * (sqrt(2 * variance / M_PI) * exp(-away * away / (2 * variance)) -
                                away * erfc(away / sqrt(2 * variance)));
        squared += b->share * (away * away - (spread > 0 ? spread / (b->effective - 1) : 0));
    }
    out->ece_debiased = fmax(out->ece_mass - bias, 0);
    out->squared_debiased = squared;
}

/* ---- scores ---- */

/* The share of pairs of a true and a false cell whose true one has the higher probability. */
static double area(const struct stats_scored *cells, size_t n)
{
    double below = 0, yes = 0, sum = 0;

    for (size_t i = 0, end; i < n; i = end) {
        double tied[2] = { 0, 0 };

        end = end_of_tie(cells, n, i);
        for (size_t k = i; k < end; k++)
            tied[cells[k].truth] += cells[k].weight;
        sum += tied[1] * (below + tied[0] / 2);
        below += tied[0];
        yes += tied[1];
    }
    return below > 0 && yes > 0 ? sum / (below * yes) : (double)NAN;
}

static void score(const struct stats_scored *cells, size_t n, double all,
                  struct stats_calibration *out)
{
    double brier = 0, loss = 0, equal = 0;

    for (size_t i = 0; i < n; i++) {
        const struct stats_scored *c = &cells[i];
        double p = fmin(fmax(c->p, STATS_EPSILON), 1 - STATS_EPSILON);

        brier += c->weight * (c->p - c->truth) * (c->p - c->truth);
        loss -= c->weight * (c->truth ? log(p) : log1p(-p));
        equal += (c->p > 0.5) == c->truth ? c->weight : 0;
    }
    out->brier = brier / all;
    out->log_loss = loss / all;
    out->agreement = equal / all;
    out->auroc = area(cells, n);
}

/* The error that is left where probabilities are made as true as their order allows. */
static int decompose(const struct stats_scored *cells, size_t n, struct stats_calibration *out,
                     struct err *e)
{
    struct stats_fit best = { 0 };
    double left = 0;
    int rc;

    out->uncertainty = out->rate * (1 - out->rate);
    if (out->yes == 0 || out->yes == n) { /* the best is one step */
        out->miscalibration = out->brier;
        out->discrimination = 0;
        return 0;
    }
    rc = stats_fit(&best, STATS_FIT_ISOTONIC, cells, n, STATS_NO_FOLD, e);
    for (size_t i = 0; i < best.n_steps; i++)
        left += best.steps[i].weight * best.steps[i].value * (1 - best.steps[i].value);
    stats_fit_release(&best);
    left /= (double)n; /* steps' weights are scaled so */
    out->miscalibration = out->brier - left;
    out->discrimination = out->uncertainty - left;
    return rc;
}

static void set_undefined(struct stats_calibration *out)
{
    static const struct stats_bin none = { 0, 0, 0, NAN, NAN, NAN, NAN, { NAN, NAN } };

    *out = (struct stats_calibration){ 0 };
    out->mean = out->rate = out->agreement = out->ece = out->ece_mass = out->ece_debiased = NAN;
    out->squared_debiased = NAN;
    out->brier = out->log_loss = out->auroc = NAN;
    out->miscalibration = out->discrimination = out->uncertainty = NAN;
    for (size_t b = 0; b < STATS_BINS; b++)
        out->width[b] = out->mass[b] = none;
}

int stats_calibration(const struct stats_scored *sorted, size_t n, struct stats_calibration *out,
                      struct err *e)
{
    struct sums all = { 0 };

    set_undefined(out);
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        add(&all, &sorted[i]);
        out->yes += sorted[i].truth;
    }
    out->n = n;
    out->mean = all.mean / all.weight;
    out->rate = all.yes / all.weight;
    fill_width(sorted, n, all.weight, out->width);
    fill_mass(sorted, n, all.weight, out->mass);
    out->ece = error_of(out->width);
    out->ece_mass = error_of(out->mass);
    take_chance_off(out);
    score(sorted, n, all.weight, out);
    return decompose(sorted, n, out, e);
}
