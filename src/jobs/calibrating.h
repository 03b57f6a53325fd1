/* SPDX-License-Identifier: MIT
 *
 * calibrating.h - cells whose truth is known, and fits over them. Private to the calibrate job.
 */
#ifndef ASSENT_JOBS_CALIBRATING_H
#define ASSENT_JOBS_CALIBRATING_H

#include "jobs/calibrate.h"
#include "project/dataset.h"

struct truth_cell {
    uint32_t image, column;
    int16_t value;
    double weight;
};

/* Cells that `who` labelled with a probability and whose truth is known, by column. */
struct truths {
    const struct dataset *data;
    const struct labelled *who;
    const char *against, *why; /* as in the result */
    bool people, only_disputes;
    uint64_t drawn_from;
    struct truth_cell *items;
    size_t n, cap;
    size_t *first;    /* [n_columns + 1] */
    uint8_t *fold_of; /* [n_images] CALIBRATE_FOLDS where no truth is known of the image */
    size_t n_images;  /* with truth */
};

/* ERR_ARG: nobody says what is true, or of no cell with a probability. */
int truths_load(struct truths *out, const struct dataset *d, const struct labelled *who,
                const struct calibrate_options *o, struct err *e);
void truths_release(struct truths *t); /* zeroed is fine */

/* ---- scores: probabilities with what came true ---- */

enum { KIND_POOLED_YESNO, KIND_POOLED_OPTIONS, KINDS_POOLED };

struct scores {
    struct stats_scored *columns; /* sorted within each: truths.first */
    struct stats_scored *pooled[KINDS_POOLED];
    size_t n_pooled[KINDS_POOLED];
};
void scores_release(struct scores *s);

/* ---- maps: from a probability to a calibrated one ---- */

struct fold_fits {
    struct stats_fit fits[CALIBRATE_FOLDS + 1]; /* without a fold each; last: over all */
    bool fitted;
};

struct calibration_map {
    enum calibrate_method method;
    const struct truths *truths;
    const float *blank; /* [n_probabilities] of a blank picture; NaN: not known */
    struct fold_fits pooled[KINDS_POOLED];
    struct fold_fits *own; /* [n_columns]; NULL: none */
    double *scratch;       /* for one cell's probabilities */
};

/* plain: the scores of the plain map, NULL where the method is plain or contextual. Fits that
 * cannot be are left out; see calibration_map_has. */
int calibration_map_new(struct calibration_map *m, const struct truths *t,
                        enum calibrate_method method, bool by_question, const struct scores *plain,
                        struct err *e);
void calibration_map_release(struct calibration_map *m);
/* Has the map a fit for a kind? */
bool calibration_map_has(const struct calibration_map *m, size_t kind);
/* That a column's cells go through; NULL: none. *own: it is the column's. */
const struct fold_fits *calibration_map_fits(const struct calibration_map *m, size_t column,
                                             bool *own);

/* One cell's probabilities, from `in` to the map's scratch, which is returned. NaN where `in` is.
 */
const double *calibration_map_apply(const struct calibration_map *m, size_t image, size_t column,
                                    const float *in);
int scores_of(struct scores *out, const struct calibration_map *m, struct err *e);

#endif
