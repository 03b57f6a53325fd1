/* SPDX-License-Identifier: MIT */
#include "stats/clusters.h"

#include <math.h>

void stats_clusters_add(struct stats_clusters *c, uint64_t cells, uint64_t equal)
{
    double n = (double)cells, e = (double)equal;

    if (cells == 0)
        return;
    c->n++;
    c->cells += n;
    c->equal += e;
    c->cells_cells += n * n;
    c->cells_equal += n * e;
    c->equal_equal += e * e;
}

void stats_clusters_merge(struct stats_clusters *c, const struct stats_clusters *other)
{
    c->n += other->n;
    c->cells += other->cells;
    c->equal += other->equal;
    c->cells_cells += other->cells_cells;
    c->cells_equal += other->cells_equal;
    c->equal_equal += other->equal_equal;
}

double stats_clusters_share(const struct stats_clusters *c)
{
    return c->equal / c->cells;
}

/* Residuals of an image: equal - share * cells, whose sum is 0. */
double stats_clusters_error(const struct stats_clusters *c)
{
    double share = stats_clusters_share(c), n = (double)c->n;
    double squares = c->equal_equal - 2 * share * c->cells_equal + share * share * c->cells_cells;

    if (c->n < 2)
        return NAN;
    return squares > 0 ? sqrt(n / (n - 1) * squares) / c->cells : 0; /* rounding may leave less */
}

double stats_clusters_test(const struct stats_clusters *one, const struct stats_clusters *other)
{
    double a = stats_clusters_error(one), b = stats_clusters_error(other);
    double error = sqrt(a * a + b * b);

    if (!(error > 0))
        return NAN;
    return erfc(fabs(stats_clusters_share(one) - stats_clusters_share(other)) / error / sqrt(2));
}
