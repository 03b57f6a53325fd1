/* SPDX-License-Identifier: MIT
 *
 * queue.h - which cells are put before people, why, and in which order.
 */
#ifndef ASSENT_REVIEW_QUEUE_H
#define ASSENT_REVIEW_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/images.h"
#include "store/review.h"
#include "store/store.h"
#include "task/task.h"

/* Blocks come one after the other; within a block all is shuffled, whatever its kind. */
enum review_order {
    ORDER_RANDOM,
    ORDER_UNCERTAIN,
    ORDER_RULES_FIRST,
    ORDER_QUESTION,
    ORDER_DECIDE /* queued as by chance; the server gives out first what decides: see review.h */
};
enum { REVIEW_ORDERS = ORDER_DECIDE + 1 };
extern const char *const review_order_names[REVIEW_ORDERS];
bool review_order(const char *name, enum review_order *order);

/* By what the sample's strata tell cells apart: the question, what the two say of it, the first's
 * probability in its answer. A sample too small for two cells of each has coarser ones. */
enum { STRATA_QUESTION = 1, STRATA_ANSWER = 2, STRATA_SCORE = 4 };
enum { STRATA_DEFAULT = STRATA_QUESTION | STRATA_ANSWER };
extern const char *const review_strata_names[]; /* ends in NULL; the first is that of 1 */
enum { REVIEW_SCORE_EDGES = 7 };
extern const double review_score_edges[REVIEW_SCORE_EDGES]; /* where a score's band begins */

struct review_cell {
    size_t image, column;
    int16_t value;
};

enum { REVIEW_VOTES_MAX = 100, REVIEW_OVERLAP_VOTES = 3, REVIEW_ITEMS_MAX = 1 << 24 };

struct review_plan {
    const struct task *task;
    const struct store_images *images;
    const int16_t *labels[2];   /* who differ: [n_columns][n_images]; NULL: there is no such one */
    const float *probabilities; /* of the first: [n_images][n_probabilities]; NULL: none */
    const bool *columns;        /* [n_columns] which are asked; NULL: all */
    bool disputes;              /* cells on which the two differ */
    bool abstained;             /* cells on which the first gives no answer */
    bool rule_breaking;         /* the first's cells that break a rule together */
    uint64_t sample;            /* cells drawn from all; 0: none */
    double sample_share;        /* or so many of all; 0: as `sample` says */
    unsigned strata;            /* 0: the default */
    bool active;  /* cells are drawn more often the less sure the first is of them .. */
    double floor; /* .. but for this share of all probability, which all have alike */
    const struct review_cell *gold; /* cells whose answer is known */
    size_t n_gold;
    uint64_t repeat;  /* items shown again to who answered them */
    uint32_t votes;   /* of different people, an item */
    uint64_t overlap; /* so many of the drawn cells are asked of more people; 0: none */
    uint32_t overlap_votes;
    enum review_order order;
    uint64_t seed;
    /* JSON of all this but how many cells are sampled: an equal one's sample, gold and repeats are
     * there. _before: with it, as designs have it that are older than samples can be extended;
     * NULL. */
    const char *settings, *settings_before;
};

struct review_queued {
    uint64_t added[REVIEW_KINDS], items; /* items: with those that were there */
    uint64_t sampled, frame;             /* cells: drawn now, and of how many */
    bool frame_grew; /* they were drawn from cells that came since the sample was drawn first */
    uint64_t extended, sampled_before; /* cells drawn of the same strata, as more are wanted now */
    bool redrawn; /* more were wanted, and the earlier sample could not be extended: a new one */
    uint64_t overlap;                /* drawn cells that are asked of more people */
    uint64_t items_open, votes_open; /* not done yet; the votes that they still want */
    uint64_t clashes; /* gold cells that are queued already, and stay what they are */
    int64_t design;
};

/* Adds what is not queued yet, inside the caller's transaction. Nothing that is queued goes. A
 * sample whose project has grown is drawn from what is new too, at the rate it was drawn at; one
 * that is smaller than is wanted now is extended. */
int review_queue(struct store *s, const struct review_plan *p, struct review_queued *out,
                 struct err *e);

#endif
