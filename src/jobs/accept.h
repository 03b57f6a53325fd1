/* SPDX-License-Identifier: MIT
 *
 * accept.h - which of a model's answers may be accepted: a verdict a question, from the random
 * sample that people answered.
 */
#ifndef ASSENT_JOBS_ACCEPT_H
#define ASSENT_JOBS_ACCEPT_H

#include "base/base.h"
#include "project/dataset.h"
#include "project/project.h"
#include "review/verdicts.h"

struct accept_options {
    const char *annotator;        /* whose answers; NULL: the first model's, as pair.h has it */
    const char *const *questions; /* n 0: all */
    size_t n_questions;
    double max_error, confidence; /* 0: as assent.yaml says */
    enum verdict_side side;
    uint64_t fixed_n; /* 0: look at any time */
    /* A method of calibrate.h by which answers are ordered; NULL: as the model said. against: whose
     * labels it is fitted to; NULL: nobody's, as contextual needs none. */
    const char *calibrated, *against;
};

struct accept_sample { /* how the cells were drawn, for whoever has to defend the result */
    int64_t design;    /* 0: none was drawn */
    uint64_t seed, earlier, early, frame, cells, drawn, settled;
    size_t n_strata, n_people;
    const char *const *people;                            /* who voted, or may */
    const char *settings, *drawn_at, *first_at, *last_at; /* as struct sampled has them */
};

struct acceptance {
    const struct task *task;          /* the project's */
    const char *annotator;            /* NULL: the project has none with labels */
    const char *identity;             /* of the model's newest run; NULL: none has one */
    bool scored;                      /* the annotator's answers have probabilities */
    const char *calibrated, *against; /* the options' */
    /* Why nothing can be said, a sentence without its end, and what to do; NULL: verdicts holds. */
    const char *why, *hint;
    struct accept_sample sample;
    struct verdicts verdicts;
    struct sampled sampled; /* private, as what follows */
    struct arena arena;
};

/* Of labels that are loaded, and keeps nothing. `who` may be NULL: there is nobody. Where nothing
 * can be said, that is the result, and no error. */
int acceptance_of(struct acceptance *out, const struct dataset *d, const struct labelled *who,
                  const struct accept_options *o, struct err *e);

/* Loads, reaches the verdicts, and keeps that they were asked for. ERR_ARG where nothing can be
 * said. d: the labels that it loaded, whose first item's the answers are, and the caller's; NULL:
 * to nobody's use. */
int job_accept(struct project *p, const struct accept_options *o, struct dataset *d,
               struct acceptance *out, struct err *e);
void acceptance_release(struct acceptance *a); /* zeroed is fine */

#endif
