/* SPDX-License-Identifier: MIT
 *
 * stats.h - pure functions on arrays: agreement, intervals, consensus. No I/O, no database, no task
 * file.
 *
 * Labels are int16_t: an option's index from 0, STATS_MISSING for a cell that was never answered,
 * and anything below that for an abstention. A matrix of labels is column-major,
 * [n_columns][n_images]: column c of image i is at labels[c * n_images + i]. A yes/no column has
 * the values 0 (no) and 1 (yes).
 *
 * A figure that its data do not define (kappa where everybody always says no, precision without a
 * yes) is NaN, never a silent 0 or 1. Intervals are 95 %. Formulas with worked numbers:
 * docs/statistics.md.
 */
#ifndef ASSENT_STATS_H
#define ASSENT_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "stats/clusters.h"

enum { STATS_MISSING = -1 };

struct stats_interval {
    double low, high;
};

#define STATS_Z95 1.959963984540054 /* the normal distribution's 0.975 quantile */

/* Wilson's score interval for k of n (Wilson 1927; Brown, Cai, DasGupta 2001, eq. 4). n = 0: NaN.
 */
struct stats_interval stats_wilson(uint64_t k, uint64_t n);

/* The same for a share that was estimated as well as n independent draws would; n may be no whole
 * number. */
struct stats_interval stats_wilson_share(double share, double n);

/* The q-quantile of n values with linear interpolation (Hyndman and Fan 1996, type 7: numpy's
 * default). Sorts them, NaNs left out. NaN where nothing is left. */
double stats_quantile(double *values, size_t n, double q);

/* ---- two annotators on one column ---- */

/* Row: the first's value; column: the second's. */
struct stats_table {
    size_t k;         /* values */
    uint64_t *counts; /* [k][k], the caller's memory */
    uint64_t n;       /* cells that both labelled: the sum of counts */
    uint64_t asked;   /* cells that both answered, abstentions included */
    uint64_t missing; /* cells that only one of them answered */
};

/* Adds a column's cells to t. */
void stats_table_add(struct stats_table *t, const int16_t *first, const int16_t *second,
                     size_t n_images);

double stats_table_agreement(const struct stats_table *t);

/* ---- the figures of a row ---- */

enum stats_scale { STATS_YESNO, STATS_NOMINAL, STATS_ORDINAL };

/* What is told of a row by one number. Whoever adds one: its formula stands in the table of
 * table.c, coefficients.c or kappa.c, or is set in agreement.c; how it is shown, in show/figures.c.
 */
enum stats_figure {
    STATS_COVERAGE, /* n / asked */
    STATS_AGREEMENT,
    STATS_AGREEMENT_WITH_ABSTENTIONS, /* abstentions counted as errors: agreeing / asked */
    STATS_KAPPA,
    STATS_QUADRATIC_KAPPA, /* ordinal columns only, as all with such weights */
    STATS_AC1,
    STATS_ALPHA,
    STATS_FLEISS_KAPPA, /* more than two annotators only */
    STATS_RATE_FIRST,   /* of yes, among the cells that both labelled */
    STATS_RATE_SECOND,
    STATS_PRECISION, /* the first against the second, for yes */
    STATS_RECALL,
    STATS_F1,
    STATS_POSITIVE_AGREEMENT, /* specific agreement on yes: 2a / (2a + b + c) */
    STATS_NEGATIVE_AGREEMENT, /* on no: 2d / (2d + b + c) */
    STATS_PABAK,              /* chance agreement 1 / k */
    STATS_KAPPA_MAX,          /* that the rates allow (Cohen 1960) */
    STATS_CONGER_KAPPA,       /* more than two annotators only */
    STATS_LINEAR_KAPPA,
    STATS_LINEAR_AC2,
    STATS_QUADRATIC_AC2,
    STATS_ORDINAL_AC2,
    STATS_ORDINAL_ALPHA,
    STATS_INTERVAL_ALPHA,
    STATS_KAPPA_ERROR, /* standard errors from here on: of one column, and of no mean of columns */
    STATS_QUADRATIC_KAPPA_ERROR,
    STATS_AC1_ERROR,
    STATS_ORDINAL_AC2_ERROR,
    STATS_ALPHA_ERROR,
    STATS_FLEISS_ERROR,
    STATS_CONGER_ERROR,
    STATS_FIGURES,
    STATS_FIRST_ERROR = STATS_KAPPA_ERROR
};

/* Sets what follows from one table's counts; the other figures stay as they are. Agreement beyond
 * chance: stats/ratings.h. */
void stats_table_figures(const struct stats_table *t, enum stats_scale scale,
                         double value[STATS_FIGURES]);

/* ---- two or more annotators, many columns ---- */

struct stats_input {
    const int16_t *const *labels; /* one matrix an annotator */
    size_t n_annotators, n_images, n_columns;
    const size_t *n_values;        /* of a column */
    const enum stats_scale *scale; /* of a column */
    const size_t *group; /* of a column: below n_groups, else none; NULL where n_groups is 0 */
    size_t n_groups;
    size_t resamples; /* of the image-cluster bootstrap; 0: none */
    uint64_t seed;
    const struct events *events; /* asked between resamples whether it shall end */
};

/* The figures of a row: a column, a group of columns, or all. With two annotators they are the
 * pair's. With more, agreement is that of all pairs of labels, kappa (weighted too) the mean of the
 * pairs', and the other coefficients are the many-rater ones; what needs a first and a second is
 * then the first two's.
 *
 * pooled and group rows: agreement counts all cells; the coefficients need one table, so they are
 * taken over the yes/no columns, or where there are none over columns of one number of values
 * (table_columns says how many). */
struct stats_figures {
    uint64_t n; /* cells that both labelled; with more than two annotators, that two or more did */
    uint64_t asked;   /* cells that two or more answered, abstentions included */
    uint64_t missing; /* cells that only one answered */
    double value[STATS_FIGURES];
    struct stats_interval wilson;    /* cells taken as independent; NaN for more than two */
    struct stats_interval bootstrap; /* images drawn with all their cells */
    struct stats_interval kappa_bootstrap;
    struct stats_interval ac1, alpha; /* of one column, cells taken as independent */
    struct stats_table table;         /* k = 0: none */
    size_t table_columns;
};

struct stats_agreement {
    struct stats_figures pooled;
    struct stats_figures macro;   /* the mean of the columns' figures, those undefined left out */
    size_t macro_kappa_columns;   /* how many had a kappa */
    struct stats_clusters images; /* of two annotators: cells that both labelled, those with one
                                     label equal */
    struct stats_figures *columns, *groups;
    size_t n_columns, n_groups;
};

/* Time: about n_images * n_columns reads a pair, plus resamples * n_images * (1 + n_columns / 20)
 * short steps for the bootstrap. ERR_ARG below two annotators. */
int stats_agreement(struct stats_agreement **out, const struct stats_input *in, struct err *e);
void stats_agreement_free(struct stats_agreement *a); /* NULL is fine */

/* ---- consensus ---- */

/* tie_first: the index of the annotator whose value wins where it is among the tied, or none. */
enum { STATS_TIE_ABSTAIN = -1 };

struct stats_votes {              /* one column's labels */
    const int16_t *const *labels; /* [n_annotators][n_images] */
    const bool *extra;            /* [n_annotators] whose votes came after a dispute */
    size_t n_annotators, n_images;
    size_t k; /* values */
    int tie_first;
};

/* The majority; abstentions do not vote. consensus[i] is the value, STATS_MISSING where nobody
 * labelled, or tie_value where the tie stays open. *ties counts the ties, settled or not. */
int stats_majority(const struct stats_votes *v, int16_t tie_value, int16_t *consensus,
                   uint64_t *ties, struct err *e);

/* What agreement with the majority would be if the extra votes were fair draws. Over the cells,
 * adds to agree[j] the probability that annotator j's label is the majority, and to decided[j] the
 * probability that there is one, both for cells that j labelled. Exact: every way the draws can
 * fall is counted (docs/statistics.md). The sums of an annotator whose votes are extra stay as they
 * are. ERR_LIMIT above STATS_EXTRA_MAX extra votes on a cell. */
enum { STATS_EXTRA_MAX = 150 };
int stats_coin_flip(const struct stats_votes *v, double agree[], double decided[], struct err *e);

/* ---- a stratified sample ---- */

/* What was drawn of a stratum's cells, and what came of it. */
struct stats_stratum {
    uint64_t cells; /* in all */
    uint64_t n;     /* drawn and settled by people */
    uint64_t rated; /* of these, cells that the annotator labelled */
    uint64_t equal; /* of these, cells whose label is what people said */
};

struct stats_sample {
    double agreement; /* over all cells of the strata that were sampled and that it labelled */
    double error;     /* its standard error */
    struct stats_interval interval;
    double covered; /* the share of all cells that lies in strata with a settled cell */
    double settled; /* cells, the sum of n */
};

/* The design's estimate: the ratio of weighted sums (Hajek 1971), each cell's weight its stratum's
 * cells / n, with the linearised variance of stratified sampling without replacement (Cochran 1977,
 * 5A.3 and 6.11; Lumley 2010, 2.2). A stratum with one settled cell counts its distance from the
 * whole's mean (survey's lonely.psu = "adjust"). Cells that were drawn and are not settled are
 * taken as missing at random in their stratum. The interval is Wilson's with the effective number
 * of cells (Kish 1965; Franco et al. 2019, J. Surv. Stat. Methodol. 7, 334). */
void stats_sample_agreement(const struct stats_stratum *strata, size_t n, struct stats_sample *out);

#endif
