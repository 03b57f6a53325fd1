/* SPDX-License-Identifier: MIT
 *
 * deciding.h - how far the verdicts are while people answer: which question the fewest more answers
 * decide, and whether every question is decided. Private to review/.
 */
#ifndef ASSENT_REVIEW_DECIDING_H
#define ASSENT_REVIEW_DECIDING_H

#include "review/review.h"
#include "review/verdicts.h"

struct decided_question {
    bool asked;             /* it has a verdict */
    enum verdict_kind kind; /* of now */
    uint64_t settled;       /* its cells that people have answered */
    double votes;           /* more of them that would decide; INFINITY: no number in reach would */
};

struct deciding {
    struct decided_question *questions; /* [n_columns]; NULL: nothing can be said */
    int64_t design;                     /* whose sample they rest on */
    struct promise promise;
    size_t n, n_decided; /* questions with a verdict; of these */
    size_t next;         /* the column that the fewest answers decide; SIZE_MAX: none is near */
    uint64_t changes;    /* answers kept and taken back since */
    double looked, took; /* monotonic time; seconds */
};

/* Is it time to look again? Not after every answer: it takes a moment, and who saw the number move
 * with each would know what the model had said. */
bool deciding_is_due(const struct deciding *d);
/* Leaves questions NULL where there is no sample, or nobody whose answers it is about. */
int deciding_look(struct deciding *d, const struct review_site *site, struct err *e);
bool deciding_is_over(const struct deciding *d);
/* Answers that decide the next question, as people are told: rounded up, for the same reason. */
uint64_t deciding_told(const struct deciding *d);
/* Sets rank[c] ([n_columns]): in which order columns are asked, those first that the fewest answers
 * decide, those last that are decided. */
void deciding_rank(const struct deciding *d, size_t n_columns, size_t *rank);
void deciding_release(struct deciding *d);

#endif
