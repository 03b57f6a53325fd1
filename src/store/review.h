/* SPDX-License-Identifier: MIT
 *
 * review.h - what people are asked in a review, what they hold, and what they answered.
 *
 * Items know their question and options by name, so that they outlive a change of assent.yaml.
 */
#ifndef ASSENT_STORE_REVIEW_H
#define ASSENT_STORE_REVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/images.h"
#include "store/store.h"
#include "task/task.h"

/* ---- items ---- */

enum review_kind { REVIEW_DISPUTE, REVIEW_SAMPLE, REVIEW_GOLD, REVIEW_REPEAT };
enum { REVIEW_KINDS = REVIEW_REPEAT + 1 };

struct store_item {
    int64_t id;
    const char *key; /* random: what the page knows it by */
    enum review_kind kind;
    size_t image, column; /* indexes into the images and the task's columns */
    uint32_t votes;       /* wanted, of different people */
    int64_t place;        /* in the queue */
    int16_t known;        /* REVIEW_GOLD: the answer */
    size_t repeats;       /* REVIEW_REPEAT: the index of the item shown again; else SIZE_MAX */
    int64_t design;       /* whose sample its cell is in; 0: in none */
    size_t stratum;
    double inclusion_probability;
    const char *aside; /* why it cannot be shown; NULL: it can */
};

struct store_items {
    struct store_item *items; /* by place */
    size_t n;
    size_t *index_of; /* [max_id + 1]; private, as what follows */
    int64_t max_id;
    struct arena arena;
};

/* Items whose question is not asked any more are left out. */
int store_items_load(struct store *s, const struct task *t, const struct store_images *images,
                     struct store_items *out, struct err *e);
void store_items_release(struct store_items *items);
/* The index of the item with this id; SIZE_MAX: there is none. */
size_t store_items_find(const struct store_items *items, int64_t id);

struct store_new_item {
    struct store_item item;
    int64_t image;   /* its id */
    int64_t repeats; /* the id of the item shown again; 0: none */
};
/* Adds the item with a key of its own. */
int store_item_add(struct store *s, const struct store_new_item *item, const struct task *t,
                   int64_t *id, struct err *e);
/* The item's cell was drawn into the item's design and stratum. */
int store_item_sampled(struct store *s, const struct store_item *item, struct err *e);
int store_item_votes(struct store *s, int64_t item, uint32_t votes, struct err *e);
int store_item_aside(struct store *s, int64_t item, const char *why, struct err *e);
/* None is set aside any more. */
int store_items_return(struct store *s, struct err *e);
/* The key of the first item that was ever queued, "" where none was: random, so that it names the
 * project. */
int store_review_first_key(struct store *s, char key[SECRET_TEXT], struct err *e);

/* ---- leases ---- */

struct store_lease {
    int64_t item, annotator, until; /* until: seconds since 1970 */
    const char *tab;
};

int store_lease_set(struct store *s, const struct store_lease *l, struct err *e);
int store_lease_drop(struct store *s, int64_t item, int64_t annotator, struct err *e);
/* Texts are valid during the callback, whose failure ends the listing. */
int store_leases(struct store *s, int (*each)(void *data, const struct store_lease *l), void *data,
                 struct err *e);

/* ---- answers ---- */

enum answer_kind { ANSWER_VALUE, ANSWER_UNSURE, ANSWER_SKIP, ANSWER_FLAG };
enum answer_mode { MODE_SINGLE, MODE_GRID, MODE_PACKET };
const char *store_answer_kind_name(enum answer_kind kind);
bool store_answer_kind(const char *name, enum answer_kind *kind);

struct store_answer {
    int64_t annotator, item;
    const char *key; /* the page's, of the answer or the grid page */
    enum answer_kind kind;
    const char *value; /* an option, or a flag's reason */
    double seconds;
    enum answer_mode mode;
    const char *at; /* NULL: now */
    bool undone;
    int64_t copy_of; /* the item that was answered, whose picture is equal; 0: this one */
};

/* The questions that votes are given on are the task's of now. To be called before votes. */
int store_review_begin(struct store *s, const struct task *t, struct err *e);

struct store_ballot { /* what an answer counts for */
    int64_t image;
    size_t column;
    int16_t vote; /* the value, or VALUE_UNSURE; VALUE_MISSING: no vote */
};
int store_answer_add(struct store *s, const struct store_answer *a, const struct store_ballot *b,
                     struct err *e);
/* The annotator's answer on the item does not count any more: its vote goes, it stays. */
int store_answer_undo(struct store *s, int64_t annotator, int64_t item, struct err *e);

/* What the annotator answered on the page, and counts, is the open run's from now on, as a packet's
 * answers are: so it can be withdrawn. *n counts it. source: such runs', this one's too. */
int store_answers_gather(struct store *s, int64_t annotator, const char *source, int64_t *n,
                         struct err *e);

/* For each answer; texts are valid during the call, whose failure ends the listing. */
struct store_answer_reader {
    int (*each)(void *data, const struct store_answer *a);
    void *data;
};
/* All answers in the order they came; those with one key of one annotator; the annotator's newest
 * on an item, undone or not, if there is one. */
int store_answers(struct store *s, struct store_answer_reader r, struct err *e);
int store_answers_of(struct store *s, int64_t annotator, const char *key,
                     struct store_answer_reader r, struct err *e);
int store_answer_newest(struct store *s, int64_t annotator, int64_t item,
                        struct store_answer_reader r, struct err *e);

/* What an annotator's answers and votes that say how long they took have taken, those that count no
 * more too: they were worked for. *answers counts them; what was copied to an equal picture took
 * nothing. */
int store_time_spent(struct store *s, int64_t annotator, uint64_t *answers, double *seconds,
                     struct err *e);

#endif
