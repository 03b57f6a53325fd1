/* SPDX-License-Identifier: MIT
 *
 * sets.h - question sets: the questions as they were when answers came in. Private to store/.
 *
 * Answers lie packed in the order of the set they were given to. The task's columns may since have
 * moved, gone or got other options, so each set is translated: column by name, value by its text.
 */
#ifndef ASSENT_STORE_SETS_H
#define ASSENT_STORE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/store.h"
#include "task/task.h"

/* The id of the task's question set, added where it is new. */
int store_question_set(struct store *s, const struct task *t, int64_t *id, struct err *e);

/* How one column of a stored set reads in the task of today. */
struct translation {
    size_t column;      /* SIZE_MAX: not asked any more */
    size_t probability; /* where its probabilities lie in the stored row */
    size_t n_stored;    /* values it had */
    int16_t *value_of;  /* [n_stored] the task's value, or VALUE_MISSING */
    bool same;          /* the values are numbered as they were */
    bool asked_so;      /* and the question is put in the same words and the same way */
    bool former;        /* found by a name that the question had */
};

struct question_set {
    int64_t id;
    struct translation *columns;
    int16_t *most; /* [n] a column's highest value: n_stored - 1 */
    size_t n, n_probabilities;
};

struct question_sets { /* those met so far */
    struct store *store;
    const struct task *task;
    struct question_set *items;
    size_t n, cap;
    struct arena arena;
};

/* The translation of a set, loaded at its first use; valid until the next call. */
int question_sets_find(struct question_sets *s, int64_t id, const struct question_set **out,
                       struct err *e);
/* ERR_DB where the set's questions are not those that its hash was made of. */
int question_set_verify(struct store *s, int64_t id, struct err *e);
void question_sets_release(struct question_sets *s);
/* stored: a label's index in the set's column, as packed.h gives it; abstentions stay. */
static inline int16_t translation_value(const struct translation *t, int16_t stored)
{
    return stored >= 0 ? t->value_of[stored] : stored;
}

#endif
