/* SPDX-License-Identifier: MIT
 *
 * estimates.h - what people would say of all cells that could be drawn for them: how often they
 * would agree with each annotator, and how often they would give each answer.
 *
 * The formulas: docs/statistics.md, "Over all cells".
 */
#ifndef ASSENT_JOBS_ESTIMATES_H
#define ASSENT_JOBS_ESTIMATES_H

#include "jobs/erring.h"
#include "project/dataset.h"
#include "review/figures.h"
#include "stats/estimate.h"

struct estimates_agreement {
    const char *annotator, *name; /* name: a question; NULL: all of them */
    uint64_t labels;              /* of the frame's cells, those that it labelled */
    double voted;                 /* the plain share of the cells that people voted on; NaN: none */
    double
        other; /* agreement with the other of the two who are compared; NaN: it is none of them */
    struct estimate cells, corrected;
};

struct estimates_share { /* how often one answer would be given */
    const char *name, *option;
    uint64_t frame; /* the question's cells that could be drawn */
    double labels;  /* the plain share of the labels; NaN: there are none */
    double voted;   /* of the cells that people voted on */
    struct estimate cells, population, corrected;
};

struct estimates {
    const char *refused; /* why there are no figures; NULL: there are */
    const char *guess;   /* whose labels stand in where nobody looked; NULL: nobody's */
    uint64_t images, frame, drawn, settled;
    bool active;                           /* the cells of a stratum were not equally likely */
    bool several;                          /* some cells have several votes */
    struct erring erring;                  /* what the corrected figures rest on */
    struct estimates_agreement *agreement; /* each annotator's over all questions, .. */
    size_t n_annotators;
    struct estimates_agreement *questions; /* [n_annotators][n_columns] .. and over each */
    size_t n_columns;
    struct estimates_share *shares; /* of yes, or of each option of other questions */
    size_t n_shares;
    struct arena arena; /* private */
};

struct estimates_input {
    const struct dataset *data;   /* everybody's labels */
    const struct labelled *guess; /* whose labels stand in; NULL: nobody's */
    const struct labelled *other; /* with whom that one is compared; NULL */
    const int16_t *consensus;     /* NULL: there is none */
    const struct review_figures *review;
    const struct events *events;
};

/* The task must live as long. */
int estimates_load(struct estimates *out, const struct estimates_input *in, struct err *e);
void estimates_release(struct estimates *x);

#endif
