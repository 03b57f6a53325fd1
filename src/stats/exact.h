/* SPDX-License-Identifier: MIT
 *
 * exact.h - exact tests of counts, and what is left of p-values where many are looked at. Cells
 * that are counted are independent: of one question, each of another image.
 */
#ifndef ASSENT_STATS_EXACT_H
#define ASSENT_STATS_EXACT_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* P(X <= k) of n independent draws of probability p. 1 for n = 0. */
double stats_binomial_at_most(uint64_t k, uint64_t n, double p);

/* Two-sided McNemar 1947, exact: cells that speak for the one and cells that speak for the other
 * would be as likely. 1 where there is none. */
double stats_mcnemar(uint64_t one, uint64_t other);

/* Two-sided Fisher 1935: is the share yes / (yes + no) the same in two groups? All tables that are
 * no likelier than this one, the margins being what they are. 1 where a margin is 0. */
struct stats_fourfold {
    uint64_t yes, no;             /* of the one group */
    uint64_t other_yes, other_no; /* of the other */
};
double stats_fisher(const struct stats_fourfold *t);

/* ---- many p-values ---- */

/* Adjusted for being n: claim what is at most alpha. By Holm 1979 any claim is false with
 * probability alpha at most, however the tests hang together; by Benjamini and Hochberg 1995 at
 * most alpha of the claims are false on average, where they do not speak against one another. NaN
 * is no test and stays NaN. */
int stats_holm(const double *p, size_t n, double *adjusted, struct err *e);
int stats_benjamini_hochberg(const double *p, size_t n, double *adjusted, struct err *e);

struct stats_tested {
    double p;
    double holm, bh; /* adjusted */
};
/* Sets the adjusted ones of n tests; at(items, i) is the i-th one's. */
int stats_adjust(void *items, size_t n, struct stats_tested *(*at)(void *items, size_t i),
                 struct err *e);

#endif
