/* SPDX-License-Identifier: MIT
 *
 * ratings.h - agreement beyond chance of two raters or many: labels may be missing, near options
 * may count as nearly right, and a coefficient has its standard error.
 *
 * All of it follows from how many cells have which labels by whom. A coefficient that its data do
 * not define is NaN. Formulas and sources: docs/statistics.md; the conventions are irrCAC's.
 */
#ifndef ASSENT_STATS_RATINGS_H
#define ASSENT_STATS_RATINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "stats/stats.h"

/* ---- how nearly right another option is ---- */

/* 1 for the same option; of options in order, less the farther away: d of k - 1 steps. */
enum stats_weights {
    STATS_IDENTITY,  /* 0: it is wrong */
    STATS_LINEAR,    /* 1 - d / (k - 1) */
    STATS_QUADRATIC, /* 1 - (d / (k - 1))^2 */
    STATS_PAIRS,     /* 1 - C(d + 1, 2) / C(k, 2): Gwet's and irrCAC's "ordinal" */
    STATS_RANKS,     /* Krippendorff's "ordinal": by how many labels lie between; of alpha only */
};

double stats_weight(enum stats_weights weights, size_t k, size_t i, size_t j); /* not of RANKS */

struct stats_estimate {
    double value;
    double error; /* standard error, cells taken as independent; NaN: not known */
    uint64_t n;   /* cells that it is of */
};

/* 95 %, by Student's t with n - 1 degrees of freedom; at most 1 (Gwet 2014). */
struct stats_interval stats_estimate_interval(const struct stats_estimate *e);

/* ---- two annotators, one table ---- */

/* Cohen 1960 and 1968; its error: Fleiss, Cohen, Everitt 1969. */
int stats_weighted_kappa(const struct stats_table *t, enum stats_weights weights,
                         struct stats_estimate *out, struct err *e);

/* ---- many raters ---- */

/* Cells of columns with k values: those with the same labels by the same raters stand together. */
struct stats_ratings {
    size_t k, n_raters;
    size_t n;        /* kinds of cells */
    int16_t *labels; /* [n][n_raters], an abstention as STATS_ABSTAINED */
    uint64_t *times; /* [n] cells of the kind */
    size_t labels_cap, times_cap, *slots, n_slots; /* private */
};
enum { STATS_ABSTAINED = STATS_MISSING - 1 };

int stats_ratings_init(struct stats_ratings *r, size_t k, size_t n_raters, struct err *e);
void stats_ratings_release(struct stats_ratings *r); /* zeroed is fine */
/* Adds a column's cells; labels below 0 are missing or abstentions. */
int stats_ratings_add(struct stats_ratings *r, const int16_t *const columns[], size_t n_images,
                      struct err *e);
/* Adds the cells of others, with equal k and n_raters. */
int stats_ratings_merge(struct stats_ratings *r, const struct stats_ratings *other, struct err *e);
/* Adds the labelled cells of a table of two. */
int stats_ratings_add_table(struct stats_ratings *r, const struct stats_table *t, struct err *e);

struct stats_rated {
    uint64_t rated, paired; /* cells with one label or more; with two or more */
    uint64_t asked, single; /* cells that two or more answered, abstentions included; one */
};
struct stats_rated stats_ratings_count(const struct stats_ratings *r);

enum stats_coefficient {
    STATS_GWET,             /* AC1, with weights AC2: Gwet 2008, 2014 */
    STATS_FLEISS,           /* Fleiss 1971 */
    STATS_CONGER,           /* Cohen's kappa of many: Conger 1980 */
    STATS_BRENNAN_PREDIGER, /* every option as likely: Brennan and Prediger 1981 */
    STATS_KRIPPENDORFF,     /* alpha: Krippendorff 2011 */
};

/* With labels missing as Gwet 2014 has it: agreement over cells with two labels or more, shares
 * over all that have one. The error is linearised; of weights that the labels make, NaN. */
int stats_coefficient(const struct stats_ratings *r, enum stats_coefficient which,
                      enum stats_weights weights, struct stats_estimate *out, struct err *e);

/* ---- as figures ---- */

/* Set what follows from a table, or from many raters; the other figures stay as they are. errors:
 * standard errors too, since no two of the cells are of one image. */
int stats_kappa_figures(const struct stats_table *t, enum stats_scale scale, bool errors,
                        double value[STATS_FIGURES], struct err *e);
int stats_ratings_figures(const struct stats_ratings *r, enum stats_scale scale, bool errors,
                          double value[STATS_FIGURES], struct err *e);
/* Gwet's interval of AC1 or alpha, from what the figures have. */
struct stats_interval stats_figure_interval(const struct stats_ratings *r, enum stats_figure figure,
                                            const double value[STATS_FIGURES]);

#endif
