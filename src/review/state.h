/* SPDX-License-Identifier: MIT
 *
 * state.h - who holds and has answered what, in memory. Private to review/.
 */
#ifndef ASSENT_REVIEW_STATE_H
#define ASSENT_REVIEW_STATE_H

#include "review/limits.h"
#include "review/review.h"
#include "store/review.h"

struct hold { /* a lease */
    size_t item;
    struct person *person;
    int64_t until; /* seconds since 1970 */
    int64_t place; /* in the person's order */
    char tab[TAB_MAX + 1];
    struct hold *next_of_item, *next, *previous; /* next, previous: of the person's */
};

struct person {
    int64_t annotator;
    uint32_t *when;        /* [n items] the number of the person's answer that counts, a copy's that
                              of what was answered; 0: none */
    bool *skipped;         /* [n items] it was a skip */
    uint32_t *copy_of;     /* [n items] the item it was given on, less one; 0: this one */
    uint32_t n_given;      /* answers, undone ones too: the next one's number less one */
    uint64_t done, copied; /* items with an answer that counts; of these, by copies */
    uint64_t n_skipped;    /* of these, by a skip of its own */
    uint64_t left, left_grid;     /* items that the person may still get */
    size_t from;                  /* before it nothing is left for the person */
    int64_t undone;               /* counts down: what was undone last comes first */
    double recent[REVIEW_RECENT]; /* seconds of the latest answers, a ring */
    size_t n_recent;
    struct hold *holds;
    size_t n_holds;
};

struct item_state {
    uint32_t filled; /* votes that are in */
    uint32_t n_holds;
    uint32_t repeat;    /* the index of the item that repeats this one, less one; 0: none */
    uint32_t equal;     /* a ring of items: the same question on an equal picture; 0: no other */
    struct hold *holds; /* few: as many as votes are wanted */
};

struct state {
    struct store *store;
    const struct task *task;
    const struct store_images *images;
    const bool *columns;
    struct store_items items;
    struct item_state *states; /* [items.n] */
    struct map *by_key;
    struct person **people;
    size_t n_people, people_cap;
    uint32_t votes;                   /* that an item wants at least */
    uint64_t limit, n_aside, n_equal; /* n_equal: items that are answered with another */
    int64_t lease_seconds;
    uint32_t *order, *place; /* [items.n] in which items are given out, and the inverse; NULL: as
                                they are queued */
    const struct deciding *deciding; /* what people are told of it; NULL: nothing */
    bool over;                       /* nothing is given out any more */
};

/* equal.c: links the items that ask the same of pictures with the same bytes. */
int state_link_equal(struct state *s, struct err *e);
/* The next item of the ring; the item itself where it is in none. */
size_t state_next_equal(const struct state *s, size_t item);

/* How many answers the limit leaves the person. */
uint64_t state_allowed(const struct state *s, const struct person *p);

int state_load(struct state *s, const struct review_site *site, struct err *e);
void state_release(struct state *s);
int state_person(struct state *s, int64_t annotator, struct person **out, struct err *e);
bool state_find(const struct state *s, const char *key, size_t *item);
size_t state_index(const struct state *s, int64_t id); /* SIZE_MAX: no such item */
/* Has the person answered the item, or does the person hold it? */
bool state_may_see(const struct state *s, const struct person *p, size_t item);
/* Items of the person's newest answers with a number below `before`, n at most, the newest first; a
 * copy is the answer it was given with. Returns how many. */
size_t state_newest(const struct state *s, const struct person *p, uint64_t before, size_t *items,
                    size_t n);
bool state_is_done(const struct state *s, size_t item);
/* NULL: nobody of this id has come here yet. */
struct person *state_find_person(const struct state *s, int64_t annotator);

struct wanted {
    const char *tab;
    bool grid;
    size_t want;
    size_t column; /* grid: SIZE_MAX: any */
};

/* Afterwards the tab holds at most w->want items: items[] (GRID_MOST), in the order to show. */
int state_take(struct state *s, struct person *p, const struct wanted *w, size_t *items, size_t *n,
               struct err *e);
/* What a person who was revoked held, which the database has given up. */
void state_forget_holds(struct state *s, int64_t annotator);
int state_release_tab(struct state *s, struct person *p, const char *tab, struct err *e);

enum kept { KEPT, NOT_LEASED, ANSWERED, SET_ASIDE };
const char *kept_name(enum kept k);

struct given {   /* one answer */
    size_t item; /* SIZE_MAX: no such item */
    enum answer_kind kind;
    int16_t value;
    const char *reason;
    const char *key; /* the page's */
    double seconds;
    enum answer_mode mode;
    const char *at; /* NULL: now */
};

/* May this answer be kept? Changes nothing. */
enum kept state_check(const struct state *s, const struct person *p, const struct given *g);
/* Keeps it: the database and the counts. */
int state_answer(struct state *s, struct person *p, const struct given *g, struct err *e);
/* The answer does not count any more, and the tab holds the item again (NULL: nobody does). */
int state_undo(struct state *s, struct person *p, size_t item, const char *tab, struct err *e);
/* Gives out first what was drawn by the design, gold and repeats, by their columns' ranks
 * ([n_columns]); then the rest. Among equals the queue's order stays. */
int state_reorder(struct state *s, int64_t design, const size_t *ranks, struct err *e);
/* Is an item of the design's sample open that was not handed out as a folder? */
bool state_has_open(const struct state *s, int64_t design);
/* Does anybody hold an item on the page? */
bool state_is_held(const struct state *s);
/* Sets every item of the image aside. */
int state_set_aside(struct state *s, size_t image, const char *why, struct err *e);
/* Everything that is open for the person becomes theirs for `days`, as PACKET_TAB holds it; *items
 * in rising place. */
int state_take_all(struct state *s, struct person *p, int days, size_t **items, size_t *n,
                   struct err *e);

/* ---- for load.c, which fills it ---- */

/* A lease in memory alone, and out of it again. */
struct hold *state_link_hold(struct state *s, struct person *p, size_t item, const char *tab,
                             struct err *e);
void state_forget_hold(struct state *s, struct hold *h);
/* Without what is left for whom. copy_of: the item it was given on, less one; 0: this one. */
void state_mark_answer(struct state *s, struct person *p, const struct given *g, uint32_t copy_of);
/* Counts what is left for the person from the beginning. */
void state_count_left(const struct state *s, struct person *p);

#endif
