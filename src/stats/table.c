/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "stats/stats.h"

void stats_table_add(struct stats_table *t, const int16_t *first, const int16_t *second,
                     size_t n_images)
{
    for (size_t i = 0; i < n_images; i++) {
        int16_t a = first[i], b = second[i];

        if (a >= 0 && b >= 0) {
            t->counts[(size_t)a * t->k + (size_t)b]++;
            t->n++;
            t->asked++;
        } else if (a != STATS_MISSING && b != STATS_MISSING) {
            t->asked++;
        } else if (a != STATS_MISSING || b != STATS_MISSING) {
            t->missing++;
        }
    }
}

static double row_share(const struct stats_table *t, size_t value)
{
    uint64_t sum = 0;

    for (size_t j = 0; j < t->k; j++)
        sum += t->counts[value * t->k + j];
    return (double)sum / (double)t->n;
}

static double column_share(const struct stats_table *t, size_t value)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < t->k; i++)
        sum += t->counts[i * t->k + value];
    return (double)sum / (double)t->n;
}

double stats_table_agreement(const struct stats_table *t)
{
    uint64_t agreeing = 0;

    for (size_t i = 0; i < t->k; i++)
        agreeing += t->counts[i * t->k + i];
    return (double)agreeing / (double)t->n; /* 0/0 is NaN */
}

/* (observed - chance) / (1 - chance), undefined where chance leaves no room. */
static double beyond_chance(double observed, double chance)
{
    return chance >= 1 - 1e-12 ? NAN : (observed - chance) / (1 - chance);
}

double stats_kappa(const struct stats_table *t)
{
    double chance = 0;

    for (size_t i = 0; i < t->k; i++)
        chance += row_share(t, i) * column_share(t, i);
    return beyond_chance(stats_table_agreement(t), chance);
}

double stats_quadratic_kappa(const struct stats_table *t)
{
    double observed = 0, chance = 0;

    if (t->k < 2)
        return NAN;
    for (size_t i = 0; i < t->k; i++) {
        double share = row_share(t, i);

        for (size_t j = 0; j < t->k; j++) {
            double d = ((double)i - (double)j) / (double)(t->k - 1);
            double weight = 1 - d * d;

            observed += weight * (double)t->counts[i * t->k + j] / (double)t->n;
            chance += weight * share * column_share(t, j);
        }
    }
    return beyond_chance(observed, chance);
}

double stats_ac1(const struct stats_table *t)
{
    double chance = 0;

    for (size_t i = 0; i < t->k; i++) {
        double p = (row_share(t, i) + column_share(t, i)) / 2;

        chance += p * (1 - p) / (double)(t->k - 1);
    }
    return beyond_chance(stats_table_agreement(t), chance);
}

double stats_pabak(const struct stats_table *t)
{
    return beyond_chance(stats_table_agreement(t), 1 / (double)t->k);
}

double stats_alpha(const struct stats_table *t)
{
    double labels = 2 * (double)t->n, expected = 0;
    double disagreeing = labels * (1 - stats_table_agreement(t));

    /* expected disagreeing labels: sum over c of n_c (n - n_c) / (n - 1) */
    for (size_t i = 0; i < t->k; i++) {
        double n_c = (row_share(t, i) + column_share(t, i)) * (double)t->n;

        expected += n_c * (labels - n_c) / (labels - 1);
    }
    return expected > 0 ? 1 - disagreeing / expected : NAN;
}

/* ---- yes and no: [no, no] [no, yes] [yes, no] [yes, yes] ---- */

static double rate_first(const struct stats_table *t)
{
    return row_share(t, 1);
}

static double rate_second(const struct stats_table *t)
{
    return column_share(t, 1);
}

static double precision(const struct stats_table *t)
{
    return (double)t->counts[3] / (double)(t->counts[2] + t->counts[3]);
}

static double recall(const struct stats_table *t)
{
    return (double)t->counts[3] / (double)(t->counts[1] + t->counts[3]);
}

/* 2a / (2a + b + c): for yes both F1 and the specific agreement. */
static double specific(const struct stats_table *t, uint64_t agreeing)
{
    return 2 * (double)agreeing / (double)(2 * agreeing + t->counts[1] + t->counts[2]);
}

static double specific_yes(const struct stats_table *t)
{
    return specific(t, t->counts[3]);
}

static double specific_no(const struct stats_table *t)
{
    return specific(t, t->counts[0]);
}

/* ---- all of them ---- */

enum { ANY_SCALE = -1 };

static const struct {
    enum stats_figure figure;
    double (*of)(const struct stats_table *t);
    int scale; /* the only one it is defined for, or ANY_SCALE */
} formulas[] = {
    { STATS_KAPPA, stats_kappa, ANY_SCALE },
    { STATS_QUADRATIC_KAPPA, stats_quadratic_kappa, STATS_ORDINAL },
    { STATS_AC1, stats_ac1, ANY_SCALE },
    { STATS_PABAK, stats_pabak, ANY_SCALE },
    { STATS_ALPHA, stats_alpha, ANY_SCALE },
    { STATS_RATE_FIRST, rate_first, STATS_YESNO },
    { STATS_RATE_SECOND, rate_second, STATS_YESNO },
    { STATS_PRECISION, precision, STATS_YESNO },
    { STATS_RECALL, recall, STATS_YESNO },
    { STATS_F1, specific_yes, STATS_YESNO },
    { STATS_POSITIVE_AGREEMENT, specific_yes, STATS_YESNO },
    { STATS_NEGATIVE_AGREEMENT, specific_no, STATS_YESNO },
};

void stats_table_figures(const struct stats_table *t, enum stats_scale scale,
                         double value[STATS_FIGURES])
{
    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++)
        if (formulas[i].scale == ANY_SCALE || formulas[i].scale == (int)scale)
            value[formulas[i].figure] = formulas[i].of(t);
}
