/* SPDX-License-Identifier: MIT
 *
 * calibration.h - what probabilities are worth: are they as often right as they say, how are they
 * made so, and where is the line between yes and no best drawn.
 *
 * A cell is a probability with what came true. Weights are how many cells each stands for, 1 over
 * its inclusion probability; only their ratios matter. Cells are sorted (stats_scored_sort) before
 * anything else, which makes every sum the same in whatever order they came. Equal probabilities
 * are never taken apart.
 */
#ifndef ASSENT_STATS_CALIBRATION_H
#define ASSENT_STATS_CALIBRATION_H

#include "stats/stats.h"

/* Where a logarithm needs it, probabilities are kept so far from 0 and 1. */
#define STATS_EPSILON 1e-6

struct stats_scored {
    double p;      /* of what may come true, 0 to 1 */
    double weight; /* above 0 */
    uint32_t fold; /* the cells of one image are in one */
    bool truth;
};

enum { STATS_BINS = 10 };

struct stats_bin {
    uint64_t n;       /* cells; 0: the other figures are NaN */
    double share;     /* of all weight */
    double effective; /* cells of one weight that tell as much (Kish 1965) */
    double low, high;
    double mean, rate;              /* of the probabilities; of what came true */
    struct stats_interval interval; /* Wilson's of the rate */
};

struct stats_calibration {
    uint64_t n, yes;
    double mean, rate;   /* of the probabilities; of what came true */
    double agreement;    /* p > 1/2 is what came true */
    double ece;          /* sum of share |rate - mean| over bins of equal width */
    double ece_mass;     /* the same over bins of equal weight */
    double ece_debiased; /* of ece_mass what chance alone adds is taken off */
    double
        squared_debiased; /* sum of share (rate - mean)^2 likewise; chance may leave it below 0 */
    double brier, log_loss, auroc;
    double miscalibration, discrimination, uncertainty; /* brier = the first - second + third */
    struct stats_bin width[STATS_BINS], mass[STATS_BINS];
};

void stats_scored_sort(struct stats_scored *cells, size_t n);

/* ECE: Naeini, Cooper, Hauskrecht 2015; debiased: Kumar, Liang, Ma 2019, 4, the mean of their
 * normal draws in closed form, not below 0, and their unbiased square. Brier 1950, decomposed by
 * isotonic regression (Dimitriadis, Gneiting, Jordan 2021). AUROC counts ties as half. All NaN of
 * no cells; AUROC where there is one class. */
int stats_calibration(const struct stats_scored *sorted, size_t n, struct stats_calibration *out,
                      struct err *e);

/* ---- fits ---- */

enum stats_fit_kind { STATS_FIT_TEMPERATURE, STATS_FIT_PLATT, STATS_FIT_ISOTONIC };
enum { STATS_NO_FOLD = UINT32_MAX };

struct stats_step { /* of a rising step function; between steps it is a straight line */
    double from, to, value;
    double weight; /* scaled: those of all steps are as many as the cells */
};

struct stats_fit {
    enum stats_fit_kind kind;
    uint64_t n, yes;         /* cells that it is of */
    double slope, intercept; /* logit p' = slope logit p + intercept; temperature: 1 / slope */
    struct stats_step *steps;
    size_t n_steps;
};

/* Over the cells that are not in a fold (STATS_NO_FOLD: all).
 * temperature: Guo and others 2017, between 1/100 and 100. platt: Platt 1999, with his targets (n +
 * 1) / (n + 2) and 1 / (n + 2). isotonic: pool adjacent violators (Ayer and others 1955; Zadrozny
 * and Elkan 2002). ERR_ARG where all came true, or nothing did. */
int stats_fit(struct stats_fit *out, enum stats_fit_kind kind, const struct stats_scored *sorted,
              size_t n, uint32_t without, struct err *e);
double stats_fit_apply(const struct stats_fit *f, double p);
void stats_fit_release(struct stats_fit *f); /* zeroed is fine */

/* ---- where yes begins ---- */

enum stats_aim {
    STATS_EQUAL_RATES, /* as often yes as is true */
    STATS_BALANCED     /* the most of (sensitivity + specificity) / 2: Youden 1950 */
};

struct stats_side { /* of labels: yes where p is above a threshold */
    double yes;     /* how often */
    double agreement, balanced;
};

struct stats_threshold {
    double at; /* half-way between two probabilities; NaN where one class is all there is */
    struct stats_side plain;  /* with 1/2 */
    struct stats_side chosen; /* with `at`, on the cells it was chosen on */
    struct stats_side tested; /* each fold with the threshold of the other folds */
};

int stats_threshold(const struct stats_scored *sorted, size_t n, uint32_t n_folds,
                    enum stats_aim aim, struct stats_threshold *out, struct err *e);

#endif
