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

static double kappa_max(const struct stats_table *t)
{
    double possible = 0, chance = 0;

    for (size_t i = 0; i < t->k; i++) {
        double first = row_share(t, i), second = column_share(t, i);

        possible += first < second ? first : second;
        chance += first * second;
    }
    return chance >= 1 - 1e-12 ? NAN : (possible - chance) / (1 - chance);
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
    { STATS_KAPPA_MAX, kappa_max, ANY_SCALE },
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
