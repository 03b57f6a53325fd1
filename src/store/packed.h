/* SPDX-License-Identifier: MIT
 *
 * packed.h - one row of answers, checked against the questions that it answers. Private to store/.
 */
#ifndef ASSENT_STORE_PACKED_H
#define ASSENT_STORE_PACKED_H

#include "store/sets.h"
#include "store/sql.h"

struct packed {
    int64_t run, image;
    const struct question_set *set;
    const int16_t *values;                      /* [set->n] */
    const float *probabilities, *mass, *spread; /* [set->n_probabilities], [set->n], [set->n]; NULL:
                                                   there are none */
    const char *detail;                         /* JSON; NULL: none */
};

/* What packed_read takes, in this order, of answers and run; the others without all
 * or some of what stands beside the values: what is not needed costs time on millions of cells. */
#define PACKED_VALUES  "answers.run, answers.image, run.question_set, answers.value"
#define PACKED_SCORES  PACKED_VALUES ", answers.probability"
#define PACKED_COLUMNS PACKED_SCORES ", answers.mass, answers.spread, answers.detail"

/* ERR_DB, with run, image and question, where a value is none of its column's or a share is not in
 * [0, 1]. What pointers show is valid until the next step, the set until the next set. */
int packed_read(struct question_sets *sets, struct sql_rows *row, struct packed *out,
                struct err *e);

/* The same of a single vote: where it stands in its set, what it says. row: run (0: none), image,
 * question set, position, value. */
struct single_vote {
    int64_t run, image;
    const struct question_set *set;
    size_t position;
    int16_t value;
};
#define VOTE_COLUMNS \
    "coalesce(vote.run, 0), vote.image, vote.question_set, vote.position, vote.value"
int single_vote_read(struct question_sets *sets, struct sql_rows *row, struct single_vote *out,
                     struct err *e);

#endif
