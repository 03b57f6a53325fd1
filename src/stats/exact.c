/* SPDX-License-Identifier: MIT */
#include "stats/exact.h"

#include <math.h>
#include <stdlib.h>

#define SMALL 1e-300 /* terms below are left out */

/* ---- the binomial distribution ---- */

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* The sum of the probabilities of k, k - 1, .., which fall from there on. */
static double lower_tail(double k, double n, double p)
{
    double term = exp(log_choose(n, k) + k * log(p) + (n - k) * log1p(-p)), sum = 0;

    for (; k >= 0 && term > SMALL && term > sum * 1e-18; k--) {
        sum += term;
        term *= k / (n - k + 1) * ((1 - p) / p);
    }
    return sum;
}

double stats_binomial_at_most(uint64_t k, uint64_t n, double p)
{
    if (k >= n || p <= 0)
        return 1;
    if (p >= 1)
        return 0;
    if ((double)k <= (double)n * p)
        return lower_tail((double)k, (double)n, p);
    return 1 - lower_tail((double)(n - k - 1), (double)n, 1 - p);
}

double stats_mcnemar(uint64_t one, uint64_t other)
{
    double p = 2 * stats_binomial_at_most(one < other ? one : other, one + other, 0.5);

    return p < 1 ? p : 1;
}

/* ---- Fisher's test ---- */

struct tables {                  /* with given margins; x counts the yes of the one group */
    double group, others, yeses; /* cells of the one group, of the other, and yes in both */
};

static double log_chance(const struct tables *t, double x)
{
    return log_choose(t->group, x) + log_choose(t->others, t->yeses - x);
}

/* From the likeliest table outwards in steps of 1 or -1: chances by that of the likeliest. Adds
 * those no likelier than `limit` to *tail, and all of them to *all. */
static void add_side(const struct tables *t, double mode, int step, double limit, double *tail,
                     double *all)
{
    double chance = 1;

    for (double x = mode; chance > SMALL; x += step) {
        if (x != mode || step > 0) { /* the likeliest itself once */
            *tail += chance <= limit ? chance : 0;
            *all += chance;
        }
        if (step > 0)
            chance *= (t->group - x) * (t->yeses - x) / ((x + 1) * (t->others - t->yeses + x + 1));
        else
            chance *= x * (t->others - t->yeses + x) / ((t->group - x + 1) * (t->yeses - x + 1));
    }
}

double stats_fisher(const struct stats_fourfold *t)
{
    const struct tables tables = { .group = (double)t->yes + (double)t->no,
                                   .others = (double)t->other_yes + (double)t->other_no,
                                   .yeses = (double)t->yes + (double)t->other_yes };
    double n = tables.group + tables.others, tail = 0, all = 0, mode, limit;

    if (!(tables.group > 0) || !(tables.others > 0) || !(tables.yeses > 0) || tables.yeses >= n)
        return 1;
    mode = floor((tables.group + 1) * (tables.yeses + 1) / (n + 2));
    /* as likely but for rounding is as likely */
    limit = exp(log_chance(&tables, (double)t->yes) - log_chance(&tables, mode)) * (1 + 1e-7);
    add_side(&tables, mode, 1, limit, &tail, &all);
    add_side(&tables, mode, -1, limit, &tail, &all);
    return tail < all ? tail / all : 1;
}

/* ---- many p-values ---- */

static int by_value(const void *a, const void *b)
{
    double x = **(const double *const *)a, y = **(const double *const *)b;

    return (x > y) - (x < y);
}

/* The p-values that are tests, smallest first; *m counts them. NULL without memory. */
static const double **sorted(const double *p, size_t n, size_t *m, struct err *e)
{
    const double **order = mem_new(n, sizeof(*order), e);

    *m = 0;
    for (size_t i = 0; order && i < n; i++)
        if (!isnan(p[i]))
            order[(*m)++] = &p[i];
    if (order && *m > 0)
        qsort(order, *m, sizeof(*order), by_value);
    return order;
}

int stats_holm(const double *p, size_t n, double *adjusted, struct err *e)
{
    double so_far = 0;
    size_t m;
    const double **order = sorted(p, n, &m, e);

    if (!order)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        adjusted[i] = NAN;
    for (size_t i = 0; i < m; i++) {
        so_far = fmax(so_far, *order[i] * (double)(m - i));
        adjusted[order[i] - p] = fmin(so_far, 1);
    }
    free(order);
    return 0;
}

int stats_benjamini_hochberg(const double *p, size_t n, double *adjusted, struct err *e)
{
    double so_far = 1;
    size_t m;
    const double **order = sorted(p, n, &m, e);

    if (!order)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        adjusted[i] = NAN;
    for (size_t i = m; i-- > 0;) {
        so_far = fmin(so_far, *order[i] * (double)m / (double)(i + 1));
        adjusted[order[i] - p] = so_far;
    }
    free(order);
    return 0;
}

int stats_adjust(void *items, size_t n, struct stats_tested *(*at)(void *items, size_t i),
                 struct err *e)
{
    double *p = mem_new(n, 3 * sizeof(*p), e), *holm = p + n, *bh = p + 2 * n;
    int rc = p ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n; i++)
        p[i] = at(items, i)->p;
    if (rc == 0)
        rc = stats_holm(p, n, holm, e);
    if (rc == 0)
        rc = stats_benjamini_hochberg(p, n, bh, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        at(items, i)->holm = holm[i];
        at(items, i)->bh = bh[i];
    }
    free(p);
    return rc;
}
