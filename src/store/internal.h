/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of store/ share. Private to store/.
 */
#ifndef ASSENT_STORE_INTERNAL_H
#define ASSENT_STORE_INTERNAL_H

#include "store/sql.h"
#include "store/store.h"

/* Statements of review.c that are kept prepared. */
enum review_statement {
    LEASE_SET,
    LEASE_DROP,
    ANSWER_ADD,
    ANSWER_UNDO,
    ANSWERS_OF,
    VOTE_ADD,
    VOTE_DROP,
    TOKEN_FIND,
    ITEM_ADD,
    REVIEW_STATEMENTS
};

struct store {
    struct sql *db;
    char *path;            /* NULL: in memory */
    uint64_t device, file; /* of the database, as it was opened for writing; 0: not so */
    struct sql_stmt *add_image, *see_image, *add_meta, *add_answers, *add_vote; /* at first use */
    struct sql_stmt *review[REVIEW_STATEMENTS];
    bool in_transaction;
    int64_t run, run_set; /* the open run and its question set; 0: none */
};

/* Prepares *slot unless it is. */
int store_prepare(struct store *s, struct sql_stmt **slot, const char *statement, struct err *e);

/* The id of the task's question set, added where it is new. */
int store_question_set(struct store *s, const struct task *t, int64_t *id, struct err *e);

/* The time now, UTC, ISO 8601, in at least 32 bytes. */
const char *store_now(char *out);

/* The JSON text of a list, as question_set's tables keep it; free() it. */
char *store_texts(const char *const *texts, size_t n, struct err *e);

/* ---- missing.c ---- */

/* store_missing_load of one image, as it is now: missing [n_columns]. */
int store_missing_image(struct store *s, int64_t annotator, int64_t image, const struct task *t,
                        bool retry_errors, uint8_t *missing, struct err *e);

/* ---- sets.c ----
 * Answers lie packed in the order of the question set they were given to. The task's columns may
 * since have moved, gone or got other options, so each set is translated: column by name, value by
 * its text. */

/* How one column of a stored set reads in the task of today. */
struct translation {
    size_t column;      /* SIZE_MAX: not asked any more */
    size_t probability; /* where its probabilities lie in the stored row */
    size_t n_stored;    /* values it had */
    int16_t *value_of;  /* [n_stored] the task's value, or VALUE_MISSING */
    bool same;          /* the values are numbered as they were */
    bool asked_so;      /* and the question is put in the same words and the same way */
};

struct question_set {
    int64_t id;
    struct translation *columns;
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
void question_sets_release(struct question_sets *s);
int16_t translation_value(const struct translation *t, int16_t stored);
/* The error for a packed array of another size than its set says. */
int question_set_damaged(int64_t image, size_t got, size_t expected, struct err *e);

#endif
