/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

int stats_raters_init(struct stats_raters *r, size_t k, struct err *e)
{
    *r = (struct stats_raters){ .k = k };
    r->share_sum = mem_new(k, sizeof(double), e);
    r->coincidences = mem_new(k, sizeof(double), e);
    if (r->share_sum && r->coincidences)
        return 0;
    stats_raters_release(r);
    return ERR_NOMEM;
}

void stats_raters_release(struct stats_raters *r)
{
    free(r->share_sum);
    free(r->coincidences);
    r->share_sum = r->coincidences = NULL;
}

/* How many of a cell's labels equal annotator j's. */
static size_t same_as(const int16_t *const columns[], size_t n_annotators, size_t i, size_t j)
{
    size_t same = 0;

    for (size_t other = 0; other < n_annotators; other++)
        same += columns[other][i] == columns[j][i];
    return same;
}

static void add_cell(struct stats_raters *r, const int16_t *const columns[], size_t n_annotators,
                     size_t i)
{
    size_t m = 0, agreeing = 0; /* labels; ordered pairs of them that agree */
    size_t answers = 0;         /* labels and abstentions */

    for (size_t j = 0; j < n_annotators; j++) {
        answers += columns[j][i] != STATS_MISSING;
        if (columns[j][i] < 0)
            continue;
        m++;
        agreeing += same_as(columns, n_annotators, i, j) - 1;
    }
    r->asked += answers > 1;
    r->single += answers == 1;
    if (m == 0)
        return;
    r->rated++;
    for (size_t j = 0; j < n_annotators; j++) {
        if (columns[j][i] < 0)
            continue;
        r->share_sum[columns[j][i]] += 1 / (double)m;
        if (m > 1)
            r->coincidences[columns[j][i]]++;
    }
    if (m < 2)
        return;
    r->paired++;
    r->agreement_sum += (double)agreeing / (double)(m * (m - 1));
    r->disagreement_sum += (double)(m * (m - 1) - agreeing) / (double)(m - 1);
}

void stats_raters_add(struct stats_raters *r, const int16_t *const columns[], size_t n_annotators,
                      size_t n_images)
{
    for (size_t i = 0; i < n_images; i++)
        add_cell(r, columns, n_annotators, i);
}

static double beyond_chance(const struct stats_raters *r, double chance)
{
    double observed = r->agreement_sum / (double)r->paired;

    return chance >= 1 - 1e-12 ? NAN : (observed - chance) / (1 - chance);
}

double stats_raters_fleiss(const struct stats_raters *r)
{
    double chance = 0;

    for (size_t c = 0; c < r->k; c++) {
        double p = r->share_sum[c] / (double)r->rated;

        chance += p * p;
    }
    return beyond_chance(r, chance);
}

double stats_raters_ac1(const struct stats_raters *r)
{
    double chance = 0;

    for (size_t c = 0; c < r->k; c++) {
        double p = r->share_sum[c] / (double)r->rated;

        chance += p * (1 - p) / (double)(r->k - 1);
    }
    return beyond_chance(r, chance);
}

double stats_raters_pabak(const struct stats_raters *r)
{
    return beyond_chance(r, 1 / (double)r->k);
}

double stats_raters_alpha(const struct stats_raters *r)
{
    double labels = 0, expected = 0;

    for (size_t c = 0; c < r->k; c++)
        labels += r->coincidences[c];
    for (size_t c = 0; c < r->k; c++)
        expected += r->coincidences[c] * (labels - r->coincidences[c]) / (labels - 1);
    return expected > 0 ? 1 - r->disagreement_sum / expected : NAN;
}

static const struct {
    enum stats_figure figure;
    double (*of)(const struct stats_raters *r);
} formulas[] = {
    { STATS_FLEISS_KAPPA, stats_raters_fleiss },
    { STATS_AC1, stats_raters_ac1 },
    { STATS_PABAK, stats_raters_pabak },
    { STATS_ALPHA, stats_raters_alpha },
};

void stats_raters_figures(const struct stats_raters *r, double value[STATS_FIGURES])
{
    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++)
        value[formulas[i].figure] = formulas[i].of(r);
}
