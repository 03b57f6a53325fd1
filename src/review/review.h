/* SPDX-License-Identifier: MIT
 *
 * review.h - people settle disputes and check samples, blind: the queue of items, the page that
 * puts them before people, and folders for those without the server.
 *
 *     queue.c    which cells are queued, in which order      draw.c     the stratified sample
 *     state.c    who holds and has answered what: memory     body.c     what requests say
 *     session.c  links, sessions                             api.c      the routes for reviewers
 *     owner.c    the overview and the gallery                pictures.c images without metadata
 *     serve.c    start, group commit, stop                   packet.c   the folder, its answers
 *     figures.c  what came of it, by person and question
 *
 * docs/review-http.md has the interface between the page (assets/) and the server.
 */
#ifndef ASSENT_REVIEW_H
#define ASSENT_REVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "image/image.h"
#include "stats/stats.h"
#include "store/store.h"
#include "task/task.h"

/* ---- the queue ---- */

/* Blocks come one after the other; within a block all is shuffled, whatever its kind. */
enum review_order { ORDER_RANDOM, ORDER_UNCERTAIN, ORDER_RULES_FIRST, ORDER_QUESTION };
bool review_order(const char *name, enum review_order *order);

struct review_cell {
    size_t image, column;
    int16_t value;
};

enum { REVIEW_VOTES_MAX = 100, REVIEW_ITEMS_MAX = 1 << 24 };

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
    const struct review_cell *gold; /* cells whose answer is known */
    size_t n_gold;
    uint64_t repeat; /* items shown again to who answered them */
    uint32_t votes;  /* of different people, an item */
    enum review_order order;
    uint64_t seed;
    const char *settings; /* JSON of all this: an equal one's sample, gold and repeats are there */
};

struct review_queued {
    uint64_t added[REVIEW_KINDS], items; /* items: with those that were there */
    uint64_t sampled, frame;             /* cells: drawn, and of how many */
    size_t strata;
    uint64_t clashes; /* gold cells that are queued already, and stay what they are */
    int64_t design;
};

/* Adds what is not queued yet, inside the caller's transaction. Nothing that is queued goes. */
int review_queue(struct store *s, const struct review_plan *p, struct review_queued *out,
                 struct err *e);

/* ---- the server ---- */

struct review_site {
    struct store *store; /* its owner leaves it alone while the site is open */
    const struct task *task;
    const struct store_images *images;
    struct image_source *source; /* NULL: no pictures: a placeholder is shown */
    const size_t *picture_of; /* [n images] an image's index in the source; SIZE_MAX: not there */
    const int16_t *labels[2]; /* for the owner's gallery; NULL: none */
    const char *names[2];
    const float *probabilities;
    const bool *columns; /* which are asked; NULL: all */
    uint64_t limit;      /* answers a person; 0: any number */
    unsigned lease_minutes;
    const char *host, *name, *cert, *key; /* as net.h has them */
    uint16_t port;
};

struct review;

int review_open(struct review **out, const struct review_site *site, struct err *e);
void review_close(struct review *r); /* NULL is fine */
/* "http://127.0.0.1:8321": with "/#" and a token behind it, a link. */
const char *review_address(const struct review *r);
/* Can only this machine reach what listens at this host? */
bool review_is_local(const char *host);
/* Serves until SIGINT or SIGTERM, and then returns 0. */
int review_serve(struct review *r, struct err *e);

/* A new token for a link, kept as its hash. */
int review_token(struct store *s, int64_t reviewer, char token[SECRET_TEXT], struct err *e);

/* ---- what came of it ---- */

struct review_person {
    const char *name;
    int64_t annotator;
    bool revoked;
    uint64_t done, undone, unsure, skipped, flagged; /* done: answers that count */
    double seconds;                                  /* the median of an answer's; NaN: none */
    double hours;                                    /* undone answers' too */
    double votes_an_hour;                            /* NaN: no time was spent */
    uint64_t gold, gold_right, repeats, repeats_equal;
    char last[32]; /* the time of the latest answer; empty: none */
};

struct review_question {
    uint64_t items, done, answers;
    double seconds; /* the median */
};

struct review_figures {
    const struct task *task;
    struct review_person *people;
    size_t n_people;
    struct review_question *questions; /* [n_columns] */
    uint64_t items, done, set_aside, flagged;
    double seconds, hours;
    int64_t design; /* of the newest sample; 0: none was drawn */
    uint64_t drawn;
    struct stats_sample sample; /* of the labels' agreement with what people said */
    struct arena arena;         /* private */
};

/* labels: whose agreement the sample tells, [n_columns][n_images]; NULL: nobody's. */
int review_figures_load(struct review_figures *out, struct store *s, const struct task *t,
                        const struct store_images *images, const int16_t *labels, struct err *e);
void review_figures_release(struct review_figures *f);
struct json_t *review_figures_json(const struct review_figures *f);

/* ---- without the server ---- */

/* Writes a zip with the page, the images and every item that is open for this person, which are
 * theirs from then on. *n counts the items. */
int review_packet(const struct review_site *site, const struct store_reviewer *who,
                  const char *path, size_t *n, struct err *e);

struct review_answers {
    uint64_t answers, kept, known, undone, refused; /* known: were here already */
};

/* Takes a packet's answers file back, inside the caller's transaction. */
int review_take_answers(const struct review_site *site, const char *path,
                        struct review_answers *out, struct err *e);

#endif
