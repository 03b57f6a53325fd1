/* SPDX-License-Identifier: MIT
 *
 * calibrate.h - what a model's probabilities are worth, and how they are made true: against what
 * people said of a random sample, or against another annotator's labels.
 *
 * Fits are cross-fitted: images lie in folds, by their keys and the seed, and a cell's calibrated
 * probability is of the fit without its image's fold.
 */
#ifndef ASSENT_JOBS_CALIBRATE_H
#define ASSENT_JOBS_CALIBRATE_H

#include "base/base.h"
#include "project/dataset.h"
#include "stats/calibration.h"

enum calibrate_method {
    CALIBRATE_PLAIN, /* as the model said them */
    CALIBRATE_TEMPERATURE,
    CALIBRATE_PLATT,
    CALIBRATE_ISOTONIC,
    CALIBRATE_CONTEXTUAL, /* what the model says of a blank picture is taken out: blank.h */
};
enum {
    CALIBRATE_METHODS = CALIBRATE_CONTEXTUAL + 1,
    CALIBRATE_FOLDS = 5,
    CALIBRATE_LEAST = 10,         /* true cells, and others, that a question's own fit needs */
    CALIBRATE_CELLS_MAX = 250000, /* of labels; of more, whole images are drawn */
};
extern const char *const calibrate_method_names[CALIBRATE_METHODS];
#define CALIBRATE_PEOPLE "people" /* what adjudicators said of the random sample */

struct calibrate_options {
    const char *annotator; /* NULL: the usual first (pair.h) */
    const char *against;   /* CALIBRATE_PEOPLE, an annotator's name, or NULL: people where a sample
                              is answered, else the usual second */
    enum calibrate_method method;
    bool by_question; /* a fit a question, where it has cells enough */
    enum stats_aim aim;
    uint64_t seed;
    const struct events *events;
};

/* Of a question, or of all of a kind. Of a yes/no question the probability is of yes; of one with
 * options it is the label's, and true is that the label is right. */
struct calibrate_row {
    const char *name;
    bool options;    /* it is one with options */
    const char *fit; /* what its probabilities go by: "own" fit, "pooled" (of all questions of its
                       kind), "blank" picture; NULL: nothing, after is as before */
    double slope, intercept; /* of its fit over all cells; NaN: it has none */
    double blank;            /* P(yes) on a blank picture; NaN: not known */
    struct stats_calibration before, after;
    struct stats_threshold threshold; /* of what is before; NaN with options */
};

struct calibrate_way { /* what a method does to all questions of a kind */
    const char *method, *of;
    bool options;
    const char *why; /* it can do nothing; NULL: it can */
    struct stats_calibration after;
};

struct calibrate_result {
    const struct task *task;               /* the project's */
    const char *annotator, *against, *why; /* why: nobody said against whom; NULL: somebody did */
    const char *method;
    bool people; /* truth is a random sample's, weighted by its design */
    bool by_question, balanced;
    bool only_disputes; /* truth is votes that were given one by one, and not drawn at random */
    uint64_t seed, cells, images;
    uint64_t drawn_from; /* images with truth, where there were too many; 0: all are used */
    uint64_t questions_unadapted; /* columns that the contextual method knows nothing of */
    const char *failed;           /* why the method could not be fitted; NULL: it was */
    struct calibrate_row *rows;   /* all of a kind first, then questions with cells */
    size_t n_rows, n_pooled;
    struct calibrate_way *ways;
    size_t n_ways;
    struct arena arena; /* private */
};

/* ERR_ARG where there are no probabilities, or no truth for them. */
int job_calibrate(const struct project *p, const struct calibrate_options *o,
                  struct calibrate_result *out, struct err *e);
/* The same of `who`, one of d's annotators, loaded with probabilities. */
int calibrate_loaded(struct calibrate_result *out, const struct dataset *d,
                     const struct labelled *who, const struct calibrate_options *o, struct err *e);
void calibrate_result_release(struct calibrate_result *r); /* zeroed is fine */

/* Replaces the probabilities of `who`, one of d's annotators loaded with them, by calibrated ones:
 * of all cells, those with truth by fits without their images. Values stay. Methods are
 * CALIBRATE_TEMPERATURE and what follows. ERR_ARG where it cannot be done. */
int calibrate_labels(const struct dataset *d, const struct labelled *who,
                     const struct calibrate_options *o, struct err *e);

#endif
