/* SPDX-License-Identifier: MIT
 *
 * clusters.h - a share over cells where the cells of one image go together.
 */
#ifndef ASSENT_STATS_CLUSTERS_H
#define ASSENT_STATS_CLUSTERS_H

#include <stdint.h>

/* Sums over images, of cells and of those that are equal; begin with zeros. */
struct stats_clusters {
    uint64_t n; /* images with a cell */
    double cells, equal;
    double cells_cells, cells_equal, equal_equal; /* of products */
};

void stats_clusters_add(struct stats_clusters *c, uint64_t cells, uint64_t equal);
void stats_clusters_merge(struct stats_clusters *c, const struct stats_clusters *other);

double stats_clusters_share(const struct stats_clusters *c); /* equal / cells */
/* Its standard error, images being independent (Liang and Zeger 1986). NaN below two. */
double stats_clusters_error(const struct stats_clusters *c);
/* Two-sided: is the share the same in both? By the normal distribution; NaN where nothing varies.
 */
double stats_clusters_test(const struct stats_clusters *one, const struct stats_clusters *other);

#endif
