/* SPDX-License-Identifier: MIT
 *
 * labels.h - an annotator's labels as they stand, the cells it has still to answer, and who is at
 * work on them.
 */
#ifndef ASSENT_STORE_LABELS_H
#define ASSENT_STORE_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "store/images.h"
#include "store/store.h"
#include "task/task.h"

/* An annotator's latest answers: votes count before bulk answers, later runs before earlier. */
struct store_labels {
    int16_t *values; /* [n_columns][n_images], the task's columns, column-major; VALUE_MISSING */
    float *probabilities; /* [n_images][n_probabilities], NaN where none; NULL unless asked for */
};

enum { STORE_WITH_PROBABILITIES = 1 };

/* Answers to questions that the task no longer asks, or asks with other options, are left out;
 * questions are known by their names, options by their texts. */
int store_labels_load(struct store *s, int64_t annotator, const struct task *t,
                      const struct store_images *images, unsigned flags, struct store_labels *out,
                      struct err *e);
void store_labels_release(struct store_labels *l);

/* ---- answers that are none ---- */

struct store_column {
    const struct task *task;
    size_t column;
};

/* top: [{"text": .., "probability": ..}, ..], the likeliest first tokens; NULL: not kept. mass NaN:
 * not known. */
struct store_unparseable_reader {
    int (*each)(void *data, double mass, const struct json_t *top, struct err *e);
    void *data;
};

/* An annotator's unparseable answers to a column, on the first 1000 images that have one. */
int store_unparseable(struct store *s, int64_t annotator, const struct store_column *c,
                      struct store_unparseable_reader r, struct err *e);

/* ---- answers that lie unused ---- */

struct store_unused {    /* of a question, or an option of one, that the task does not ask */
    const char *name;    /* the column's where its question is asked, else the question's */
    const char *wording; /* the question's, as JSON */
    bool asked;          /* the task has this question, otherwise: as another kind, without it */
    uint64_t answers;    /* above 0 */
};

struct store_unused_list {
    struct store_unused *items; /* in the order they were first asked */
    size_t n, cap;
    bool *known;        /* [n_questions] of the task that some answers could be to */
    struct arena arena; /* private */
};

int store_unused_load(struct store *s, const struct task *t, struct store_unused_list *out,
                      struct err *e);
void store_unused_release(struct store_unused_list *l);

/* ---- what is still to be answered ---- */

enum { CELL_ANSWERED, CELL_OPEN, CELL_ERROR };

struct store_asking {  /* who is asked what */
    int64_t annotator; /* 0: somebody who has answered nothing yet */
    const struct task *task;
    bool retry_errors; /* what could not be read is open again */
    bool take_over;    /* what another process has claimed is free (claims.h) */
    int64_t since;     /* what runs before this one have answered is open again */
};

/* missing[image * n_columns + column]: CELL_OPEN where the annotator's latest answer is not to the
 * column as the task asks it today, in these words, with these options; CELL_ERROR where the image
 * could not be read. free(*missing). */
int store_missing_load(struct store *s, const struct store_asking *a,
                       const struct store_images *images, uint8_t **missing, struct err *e);

/* What the annotator has answered of one image that stands: the columns that would be CELL_ANSWERED
 * there. Arrays as in store_answers; VALUE_MISSING and NaN elsewhere. */
struct store_known {
    int16_t *values;                      /* [n_columns] */
    float *probabilities, *mass, *spread; /* [n_probabilities], [n_columns], [n_columns]; spread
                                             NULL: none has one */
    const char *detail;                   /* of the latest that has one; NULL: none */
    struct arena arena;                   /* private */
};
int store_known_load(struct store *s, const struct store_asking *a, int64_t image,
                     struct store_known *out, struct err *e);
void store_known_release(struct store_known *k); /* zeroed is fine */

#endif
