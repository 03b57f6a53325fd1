/* SPDX-License-Identifier: MIT
 *
 * verdicts.h - what may be done with an annotator's answers, a question: which can be accepted as
 * they are, which go to people, and how many more votes would decide.
 *
 * The promise: among the answers that are accepted the share of those that adjudicators would call
 * wrong is at most max_error, with the stated confidence for all questions that were asked about
 * together, however often and whenever one looks. It rests on the random sample and holds for the
 * sample's frame. docs/statistics.md has the argument.
 */
#ifndef ASSENT_REVIEW_VERDICTS_H
#define ASSENT_REVIEW_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "review/sampled.h"
#include "task/task.h"

enum verdict_kind {
    VERDICT_ALONE,  /* all of the question's answers may be accepted */
    VERDICT_CHECK,  /* those with a probability at or above a threshold; the others go to people */
    VERDICT_PEOPLE, /* the errors are more than that */
    VERDICT_UNDECIDED, /* not known yet */
    VERDICTS
};
extern const char *const verdict_names[VERDICTS]; /* "alone", "check", "people", "cannot say" */

/* Of a yes/no question also its answers yes alone, and its answers no alone. */
enum verdict_side { SIDE_ALL, SIDE_YES, SIDE_NO, SIDES };
extern const char *const verdict_side_names[SIDES]; /* "both", "yes", "no" */

struct promise {
    double max_error, confidence; /* shares */
    enum verdict_side side;       /* whose verdict is the question's */
    uint64_t fixed_n; /* cells of a question, fixed before the first answer: these alone count, by
                         an exact test; 0: any number, looked at any time */
};

struct verdict_set { /* the answers of one side */
    enum verdict_kind kind;
    uint64_t cells;     /* in the frame */
    uint64_t n, errors; /* in the sample and settled; of these, wrong */
    double error;       /* the estimated share of errors, by the design's weights; NaN: n is 0 */
    uint64_t accepted;  /* cells */
    double share;       /* accepted / cells; NaN: there are none */
    /* The least probability of an own answer that is accepted: ties whole. NaN: nothing is
     * accepted, or all of it is. */
    double threshold;
    float uncertainty; /* the same, exactly: one less it; INFINITY: all is accepted */
    double bound;      /* at most so many of the accepted are wrong, a share; of all, where
                          nothing is accepted */
    double right;      /* the estimated share of what the bound is about that is right; NaN */
    struct stats_interval right_interval; /* 1 - bound, 1; NaN: there are no answers */
    double votes; /* settled cells of the question that would decide, at the rates seen so
                     far; 0: decided; INFINITY: no number in reach would */
};

struct verdict {
    size_t column;
    struct verdict_set sides[SIDES]; /* cells 0: a side that the question does not have */
    enum verdict_kind kind;          /* of the promise's side */
    uint64_t drawn, settled;         /* cells of the question */
    uint64_t unclear;                /* done without a label: people could not tell, or tied */
    uint64_t abstained;              /* cells of the frame without an answer, which go to people */
    uint64_t outside;                /* cells that are not in the frame: nothing is known of them */
    double votes;
    double missed; /* at most so many yes are among the accepted no, cells; NaN: no such side */
};

/* All answers of the questions asked about, taken together: an image's stand and fall together. */
struct verdict_pooled {
    enum verdict_kind kind; /* alone, or cannot say: there are no thresholds */
    uint64_t cells, n, errors;
    double error, bound; /* as above */
};

struct verdict_source {
    const struct task *task;
    size_t n_images;
    const int16_t *labels;        /* [n_columns][n_images] */
    const float *probabilities;   /* [n_images][n_probabilities]; NULL: none */
    const bool *columns;          /* [n_columns] asked about; NULL: all */
    const struct sampled *sample; /* with its stratum_of */
};

struct verdicts {
    struct promise promise;
    struct verdict *items; /* of the columns asked about */
    size_t n;
    struct verdict_pooled pooled;
    uint64_t counts[VERDICTS]; /* questions */
    uint64_t cells, accepted;  /* of all these; by the promise's side */
    double votes; /* settled cells until one more question is decided; INFINITY: none is near */
    struct arena arena; /* private */
};

/* ERR_ARG where a promise of a fixed number is asked for, and a question's cells were drawn at
 * different rates. */
int verdicts_reach(struct verdicts *out, const struct verdict_source *source,
                   const struct promise *promise, struct err *e);
void verdicts_release(struct verdicts *v); /* zeroed is fine */

/* Of a label of a side: may it be accepted? probability: the first of its column's, NULL: none. */
bool verdict_accepts(const struct verdict *v, const struct column *c, enum verdict_side side,
                     int16_t label, const float *probability);

#endif
