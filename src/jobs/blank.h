/* SPDX-License-Identifier: MIT
 *
 * blank.h - what a model answers when there is nothing to see: every question about one plain grey
 * picture. What it says then is its prior, which contextual calibration takes out (Zhao and others
 * 2021).
 */
#ifndef ASSENT_JOBS_BLANK_H
#define ASSENT_JOBS_BLANK_H

#include "base/base.h"
#include "project/project.h"

enum { BLANK_GREY = 128 };

struct blank_options {
    const char *annotator; /* NULL: the only model of assent.yaml */
    bool yes;              /* a picture may leave this machine, and its private network */
    bool reference;        /* plain C arithmetic */
    const struct events *events;
};

struct blank_answer { /* of a column, and of an option where it is no yes/no one */
    const char *name, *option;
    double probability, mass; /* NaN: it gave none */
};

struct blank_result {
    const char *annotator;
    uint32_t width, height; /* the median of the project's pictures */
    struct blank_answer *answers;
    size_t n;
    struct arena arena; /* private */
};

/* Asks, and keeps what is answered for what the model is. */
int job_blank(struct project *p, const struct blank_options *o, struct blank_result *out,
              struct err *e);
void blank_result_release(struct blank_result *r);

/* What the annotator's model said, as probabilities[n_probabilities] of one picture; NaN where it
 * was not asked in these words. *n: how many there are. */
int blank_load(const struct project *p, int64_t annotator, float *probabilities, size_t *n,
               struct err *e);

/* Is a probe of the store (probes.h) one of these? */
bool blank_is_probe(const char *what);

#endif
