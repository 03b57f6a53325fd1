/* SPDX-License-Identifier: MIT
 *
 * accept.h - may a set of cells be accepted with at most so many wrong? Answers that hold however
 * often one looks, from cells that people saw in random order.
 *
 * A set is all cells that would be accepted together. It falls into strata; of each some cells were
 * drawn uniformly without replacement and seen. The promise is that at most limit * cells of the
 * set are wrong, this set of cells being all that is spoken of. An e-value is what a bettor with
 * one coin would own who bets against a claim: should the claim be true, it ever reaches 1 / alpha
 * with probability alpha at most (Ville 1939), so it may be looked at after every vote. Formulas,
 * sources and worked numbers: docs/statistics.md.
 */
#ifndef ASSENT_STATS_ACCEPT_H
#define ASSENT_STATS_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* A stratum of a set; errors <= n <= cells. Of one that the design takes whole nothing is inferred
 * on the way: what was not seen yet may be anything, and when all was seen it costs no evidence. */
struct stats_seen {
    uint64_t cells;  /* in all */
    uint64_t n;      /* of these, seen by people */
    uint64_t errors; /* of these, wrong */
    bool whole;      /* the design wants all of them seen */
    /* For how many cells one that is drawn stands, in proportion to the other strata: so much is
     * bet. It must not depend on what people said. 0 in all: equal. */
    double weight;
};

/* ---- one set ---- */

/* The logarithm of the e-value against "more than limit * cells are wrong"; INFINITY where what was
 * seen rules that out. Accept at log(1 / alpha). 0 for a set without cells. */
double stats_accept_log_e(const struct stats_seen *strata, size_t n, double limit);

/* Against "at most limit * cells are wrong": at log(1 / alpha) the set is for people. */
double stats_futile_log_e(const struct stats_seen *strata, size_t n, double limit);

/* The share of errors is at most this, at every look at once, with probability 1 - alpha. The
 * sharpest near `limit`: it is at most limit where the set is accepted, and nowhere else. NaN for a
 * set without cells. */
double stats_accept_bound(const struct stats_seen *strata, size_t n, double limit, double alpha);

/* What is promised of a set, and how often the promise may be broken. */
struct stats_promise {
    double limit; /* at most this share of its cells is wrong */
    double alpha; /* of sets that are wrong more often, the share that may ever be accepted */
    double futile_alpha; /* of sets that are not, the share that may ever be given up */
};

enum stats_decision { STATS_UNDECIDED, STATS_ACCEPTED, STATS_FUTILE };

struct stats_outlook {
    double votes;
    enum stats_decision decision; /* that they would come to */
};

/* The fewest further votes that would decide, if votes were spread over the strata as they were so
 * far and errors came at each stratum's rate: errors / n, or (errors + 1/2) / (n + 1 / limit) where
 * that is more; half the limit before the first vote. 0 where it is decided already, INFINITY where
 * no number would decide. */
struct stats_outlook stats_accept_outlook(const struct stats_seen *strata, size_t n,
                                          const struct stats_promise *promise);

/* ---- several sets of a question, several questions ---- */

enum { STATS_STARTS = 4 };

#define STATS_NONE SIZE_MAX

/* A question's sets, as thresholds make them: each holds the one before it. They were chosen
 * without a look at what people said. Testing begins at each start and goes on to larger sets. */
struct stats_sets {
    const struct stats_seen *strata; /* [n_sets][n_strata] */
    size_t n_sets, n_strata;
    size_t starts[STATS_STARTS]; /* of n_starts sets, ascending; the last set is worth one */
    size_t n_starts;
    double limit;
};

struct stats_accepted {
    size_t set;        /* the largest that is accepted; STATS_NONE */
    double alpha;      /* by which it was; the bound that goes with it has this alpha */
    size_t next;       /* of the larger ones under test, the nearest to its goal; STATS_NONE */
    double next_alpha; /* by which that is tested */
};

/* With probability 1 - alpha no set is ever accepted that is wrong more often than promised, in any
 * of the questions. out: [n]. ERR_ARG where a question's starts are none, or not ascending sets. */
int stats_accept_sets(const struct stats_sets *questions, size_t n, double alpha,
                      struct stats_accepted *out, struct err *e);

/* Which of n claims are given up, by Holm (1979): with probability 1 - alpha none of those that are
 * true. Returns the alpha by which the others are tested. */
double stats_holm_log_e(const double *log_e, size_t n, double alpha, bool *given_up);

/* ---- all questions together, image by image ---- */

/* Answers of one image stand and fall together. Of an image's accepted cells that were drawn: the
 * sums of 1 / their inclusion probability. */
struct stats_cluster {
    double cells;
    double errors; /* of the wrong ones */
};

/* As above, of the share of errors in all accepted cells of all images; most: `cells` of no image
 * can be more, known from the design. It takes the images as drawn one by one, each from all of
 * them: of a large part of the images it is cautious. The bound is 1 where nothing was seen. */
double stats_clusters_log_e(const struct stats_cluster *images, size_t n, double limit,
                            double most);
double stats_clusters_bound(const struct stats_cluster *images, size_t n, double most,
                            double alpha);

/* ---- before the first vote ---- */

/* cells of a set that is so large that drawing makes it no smaller */
#define STATS_ENDLESS (UINT64_C(1) << 40)

/* One stratum, of whose cells the share `rate` is wrong in truth. */
struct stats_plan {
    uint64_t cells;
    double rate, limit, alpha;
};

struct stats_planned {
    uint64_t votes; /* by which the set is accepted with probability `power`; 0: not by the most */
    double reached; /* the probability by the most votes that were looked at */
    double mean;    /* votes until it is accepted, or the most */
};

/* Looks after each vote up to `most` of them. Exact. Time: 10 us a vote. */
int stats_plan_votes(const struct stats_plan *plan, double power, uint64_t most,
                     struct stats_planned *out, struct err *e);

/* The same for one look, at a number of votes fixed before, by the exact bound: the first number
 * with this power, 0 where there is none up to `most`. */
uint64_t stats_plan_fixed(const struct stats_plan *plan, double power, uint64_t most);

/* The upper bound of the share of errors from a number of votes that was fixed before and is looked
 * at once: Clopper and Pearson 1934, or the hypergeometric for a set that is not endless
 * (Buonaccorsi 1987). 1 where nothing was seen. */
double stats_exact_bound(uint64_t cells, uint64_t n, uint64_t errors, double alpha);

#endif
