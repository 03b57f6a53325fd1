/* SPDX-License-Identifier: MIT
 *
 * building.h - a queue while it is built. Private to review/: queue.c says what is asked and in
 * which order, queue_sample.c what is drawn at random.
 */
#ifndef ASSENT_REVIEW_BUILDING_H
#define ASSENT_REVIEW_BUILDING_H

#include "review/queue.h"

struct new_item {
    struct store_item item;
    double uncertainty; /* 0: the model knows; 1: it does not; of what is not disputed: NaN */
    size_t block;
    uint64_t shuffle;
    double place;      /* before they are numbered */
    size_t repeats;    /* the index of the one shown again, in the order of its place; SIZE_MAX */
    size_t block_ends; /* the place behind the last of its block */
};

struct building {
    struct store *store;
    const struct review_plan *plan;
    struct review_queued *out;
    struct store_items there;
    uint32_t *queued; /* [cells] an item's index plus one: there, then new; 0: not queued */
    bool *drawn;      /* [cells] into the design's sample */
    struct new_item *items;
    size_t n, cap;
    uint64_t random;
    bool again; /* a queue with these settings was built: its sample, gold and repeats are there */
    bool extends; /* and its sample is to be larger */
};

static inline size_t building_cell(const struct building *b, size_t image, size_t column)
{
    return column * b->plan->images->n + image;
}

static inline bool building_asks(const struct building *b, size_t column)
{
    return !b->plan->columns || b->plan->columns[column];
}

/* Adds a cell that is not queued. *added: NULL where it was. */
int building_add(struct building *b, size_t image, size_t column, enum review_kind kind,
                 struct new_item **added, struct err *e);

/* ---- queue_sample.c ---- */

/* Which design goes on, before anything is loaded; and whether it does, once what is queued is: not
 * where its sample should be larger and cannot be. */
int sample_find_design(struct building *b, struct err *e);
int sample_choose_design(struct building *b, struct err *e);
/* A new design with its sample; draws from cells that came since; draws more of the same strata. */
int sample_begin(struct building *b, struct err *e);
int sample_grow(struct building *b, struct err *e);
int sample_extend(struct building *b, struct err *e);

#endif
