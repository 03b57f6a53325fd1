/* SPDX-License-Identifier: MIT
 *
 * estimate.h - the mean of a 0/1 variable over all cells, of which everybody's guess is known and
 * people settled some: y is what people say, f the guess.
 *
 * Two things can be meant: these cells (their number is finite, and those that were seen are
 * known), or a population that they were drawn from. Formulas with sources: docs/statistics.md,
 * "Over all cells".
 */
#ifndef ASSENT_STATS_ESTIMATE_H
#define ASSENT_STATS_ESTIMATE_H

#include "stats/stats.h"

struct estimate {
    double value, error; /* error: its standard error */
    struct stats_interval interval;
    double settled; /* cells that it rests on */
    double covered; /* the share of all cells that lies in strata with a settled cell */
    double lambda;  /* how much of the guess was used: 0 nothing, 1 all */
};

/* ---- a sample with strata ---- */

struct estimate_stratum {        /* cells that were drawn with one probability */
    double cells, guess, guess2; /* in all; over them the sums of f and f^2 */
    double n;                    /* settled; over these the sums of .. */
    double y, y2, f, f2, yf;
};
/* Adds a settled cell, which is one of the stratum's cells that have been counted. */
void estimate_settle(struct estimate_stratum *h, double y, double f);

/* Of these cells: the difference estimator (Cochran 1977, 7.2 and 5A.3; Sarndal, Swensson, Wretman
 * 1992, 6.3). Strata without a settled cell are left out; one settled cell counts its distance from
 * the mean of all. Where f is 0 or 1 the interval joins those of the wrong yes and of the missed
 * ones (Zou and Donner 2008), so that no mistake among few cells is no proof; else it is Wilson's.
 */
void estimate_cells(const struct estimate_stratum *strata, size_t n, struct estimate *out);

/* Of a population from which the cells are independent draws: prediction-powered (PPI++,
 * Angelopoulos, Duchi, Zrnic 2023), by strata (Fisch et al. 2024) whose shares of the population
 * are estimated, too (Cochran 1977, 12.2), with one lambda. Of one stratum and with ddof 0 it is
 * ppi-python's; with few cells a stratum ddof is 1. */
struct estimate_power {
    double lambda; /* 0: people's answers alone; 1: PPI; NaN: the best, within 0 and 1 */
    double ddof;   /* of the variances: 0 or 1 */
};
void estimate_population(const struct estimate_stratum *strata, size_t n, struct estimate_power how,
                         struct estimate *out);

/* ---- a sample with a probability a cell ---- */

struct estimate_cell { /* drawn and settled */
    double y, f, pi;   /* pi: its probability, above 0 */
};
struct estimate_drawn {
    const struct estimate_cell *drawn;
    size_t n;
    double cells, guess, guess2; /* as of a stratum */
};
/* The mean of f + (y - f) xi / pi, xi whether the cell was drawn (Zrnic and Candes 2024). The
 * standard error is that of these cells, each drawn by itself (Horvitz and Thompson 1952), or of a
 * population. */
void estimate_active(const struct estimate_drawn *d, bool population, struct estimate *out);

/* ---- people err, too ---- */

struct estimate_right { /* of n answers to known cells, k were right */
    double k, n;
};
/* A prevalence by people with this sensitivity and specificity (Rogan and Gladen 1978); the
 * interval is Lang and Reiczigel's (2014). NaN where the two are no better than chance, or one of
 * them is not known. */
void estimate_rogan_gladen(const struct estimate *said, struct estimate_right sensitivity,
                           struct estimate_right specificity, struct estimate *out);

/* An agreement with people who err on yes and on no alike, of two values: 2 A - 1 shrinks by keep =
 * 1 - 2 (error rate). NaN where keep is 0 or not known. */
struct estimate_keep {
    double keep, error; /* error: its standard error */
};
struct estimate_keep estimate_keep_by_gold(struct estimate_right gold);
/* Of repeats that one person answered as before; the two errors are taken as independent. */
struct estimate_keep estimate_keep_by_repeats(struct estimate_right alike);
void estimate_symmetric(const struct estimate *said, struct estimate_keep keep,
                        struct estimate *out);

#endif
