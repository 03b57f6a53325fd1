/* SPDX-License-Identifier: MIT
 *
 * sure.h - where several models are sure of one answer and people give another: the question is
 * read in two ways, or people or all models err alike.
 */
#ifndef ASSENT_JOBS_SURE_H
#define ASSENT_JOBS_SURE_H

#include "base/base.h"
#include "project/dataset.h"

#define SURE_PROBABILITY 0.95

struct sure_question {
    const char *name;    /* the task's */
    size_t column;       /* the task's */
    uint64_t n;          /* cells on which all models give one answer, each with SURE_PROBABILITY or
                            more, and a person answered */
    uint64_t differ;     /* of these, on which one of the people or more answers otherwise */
    uint64_t all_differ; /* on which everybody who answered does */
    double share;        /* differ of n; NaN: n is 0 */
};

struct sure {
    struct sure_question *items; /* those people differ on most first */
    size_t n;                    /* 0: there are not two models and a person */
    struct sure_question all;
};

/* Of the loaded annotators, over columns of the task. Everything is the arena's. */
int sure_find(struct sure *out, const struct dataset *d, const size_t *columns, size_t n_columns,
              struct arena *a, struct err *e);
/* Would it find something among these of the known annotators, whose probabilities it then needs?
 */
bool sure_is_asked(const struct dataset *d, const char *const *names, size_t n);

#endif
