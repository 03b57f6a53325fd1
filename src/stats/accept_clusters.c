/* SPDX-License-Identifier: MIT
 *
 * accept_clusters.c - a bet on each image: its errors less those that the limit allows it.
 */
#include <math.h>

#include "stats/accept.h"

/* Parts of one's coin that are bet, 0.9 and its halves: large ones where nothing is wrong, small
 * ones where the images' sums vary much. */
enum { BETS = 6 };

double stats_clusters_log_e(const struct stats_cluster *images, size_t n, double limit, double most)
{
    double stake[BETS], won[BETS], top = -INFINITY, sum = 0;

    for (int i = 0; i < BETS; i++) {
        stake[i] = ldexp(0.9, -i) / ((1 - limit) * most); /* nobody owes more than there is */
        won[i] = 0;
    }
    for (size_t u = 0; u < n; u++)
        for (int i = 0; i < BETS; i++)
            won[i] += log1p(stake[i] * (limit * images[u].cells - images[u].errors));
    for (int i = 0; i < BETS; i++)
        top = fmax(top, won[i]);
    for (int i = 0; i < BETS; i++)
        sum += exp(won[i] - top);
    return top + log(sum / BETS);
}

double stats_clusters_bound(const struct stats_cluster *images, size_t n, double most, double alpha)
{
    double open = 0, closed = 1;

    for (int i = 0; i < 50; i++) { /* the e-value grows with the limit */
        double middle = (open + closed) / 2;

        if (stats_clusters_log_e(images, n, middle, most) >= -log(alpha))
            closed = middle;
        else
            open = middle;
    }
    return closed;
}
