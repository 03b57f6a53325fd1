/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/ratings.h"

/* Of a table of shares: what each value would have in common with what the other says. */
struct margins {
    double *first, *second;           /* [k] shares of the values */
    double *near_first, *near_second; /* [k] the mean weight of a value of the first with the
                                         second's, and the other way round */
    double observed, chance;
};

static double share(const struct stats_table *t, size_t i, size_t j)
{
    return (double)t->counts[i * t->k + j] / (double)t->n;
}

static void fill(struct margins *m, const struct stats_table *t, enum stats_weights weights)
{
    size_t k = t->k;

    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            m->first[i] += share(t, i, j);
            m->second[j] += share(t, i, j);
        }
    }
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            double weight = stats_weight(weights, k, i, j);

            m->near_first[i] += weight * m->second[j];
            m->near_second[j] += weight * m->first[i];
            m->observed += weight * share(t, i, j);
        }
        m->chance += m->first[i] * m->near_first[i];
    }
}

static double error(const struct margins *m, const struct stats_table *t,
                    enum stats_weights weights, double kappa)
{
    double sum = 0, mean = kappa - m->chance * (1 - kappa), room = 1 - m->chance, variance;

    for (size_t i = 0; i < t->k; i++) {
        for (size_t j = 0; j < t->k; j++) {
            double x = stats_weight(weights, t->k, i, j) -
                       (m->near_first[i] + m->near_second[j]) * (1 - kappa);

            sum += share(t, i, j) * x * x;
        }
    }
    variance = (sum - mean * mean) / ((double)t->n * room * room);
    return variance > 0 ? sqrt(variance) : 0; /* rounding may leave a little less */
}

int stats_weighted_kappa(const struct stats_table *t, enum stats_weights weights,
                         struct stats_estimate *out, struct err *e)
{
    struct margins m = { 0 };
    double *memory = mem_new(t->k, 4 * sizeof(double), e);

    *out = (struct stats_estimate){ NAN, NAN, t->n };
    if (!memory)
        return ERR_NOMEM;
    m.first = memory;
    m.second = memory + t->k;
    m.near_first = memory + 2 * t->k;
    m.near_second = memory + 3 * t->k;
    if (t->n > 0 && t->k > 1)
        fill(&m, t, weights);
    if (t->n > 0 && t->k > 1 && m.chance < 1 - 1e-12) {
        out->value = (m.observed - m.chance) / (1 - m.chance);
        out->error = error(&m, t, weights, out->value);
    }
    free(memory);
    return 0;
}

int stats_kappa_figures(const struct stats_table *t, enum stats_scale scale, bool errors,
                        double value[STATS_FIGURES], struct err *e)
{
    static const enum stats_figure figure[] = { [STATS_IDENTITY] = STATS_KAPPA,
                                                [STATS_LINEAR] = STATS_LINEAR_KAPPA,
                                                [STATS_QUADRATIC] = STATS_QUADRATIC_KAPPA };

    for (size_t w = STATS_IDENTITY; w <= STATS_QUADRATIC; w++) {
        struct stats_estimate kappa;
        int rc;

        if (w != STATS_IDENTITY && scale != STATS_ORDINAL)
            continue;
        rc = stats_weighted_kappa(t, (enum stats_weights)w, &kappa, e);
        if (rc < 0)
            return rc;
        value[figure[w]] = kappa.value;
        if (errors && w == STATS_IDENTITY)
            value[STATS_KAPPA_ERROR] = kappa.error;
        if (errors && w == STATS_QUADRATIC)
            value[STATS_QUADRATIC_KAPPA_ERROR] = kappa.error;
    }
    return 0;
}
