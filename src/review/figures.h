/* SPDX-License-Identifier: MIT
 *
 * figures.h - what came of a review: by person, by question, and what the sample says of all cells.
 */
#ifndef ASSENT_REVIEW_FIGURES_H
#define ASSENT_REVIEW_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "stats/stats.h"
#include "store/images.h"
#include "store/store.h"
#include "task/task.h"

/* Signs of somebody who does not look. A person with fewer answers of a kind than these shows none,
 * but for known answers and repeats, whose interval says how few they are. */
enum review_sign { SIGN_FAST, SIGN_FAST_GRID, SIGN_ONE_KEY, SIGN_GOLD, SIGN_REPEATS };
enum { REVIEW_SIGNS = SIGN_REPEATS + 1, REVIEW_SIGN_LEAST = 20 };
extern const char *const review_sign_names[REVIEW_SIGNS];

struct review_alarm { /* what was measured of a person, beyond a threshold of the task */
    enum review_sign sign;
    const char *name;               /* the sign's */
    size_t person;                  /* an index into people */
    double value, threshold;        /* seconds (a median), a chance, or a share */
    uint64_t n;                     /* answers that it rests on; SIGN_ONE_KEY: alike, in a row */
    const char *said;               /* SIGN_ONE_KEY: these */
    struct stats_interval interval; /* of a share: Wilson's */
};

struct review_person {
    const char *name;
    int64_t annotator;
    bool revoked;
    uint64_t done, undone, unsure, skipped, flagged; /* done: answers that count, without skips */
    double seconds;                                  /* the median of an answer's; NaN: none */
    double hours;                                    /* undone answers' too */
    double votes_per_hour;                           /* NaN: no time was spent */
    uint64_t gold, repeats;
    double gold_accuracy, repeat_consistency; /* shares of them; NaN: there were none */
    const char *last;                         /* the time of the latest answer; NULL: none */
    uint64_t leased;             /* items that the person holds; 0 where no server runs */
    size_t alarms;               /* that ring for the person */
    struct stats_sample without; /* where any rings: the sample's figures without the person */
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
    uint64_t copied; /* answers kept for an item whose picture equals the one that was answered */
    uint64_t votes_open; /* that the items which are not done still want */
    double seconds, hours;
    int64_t design; /* of the newest sample; 0: none was drawn */
    size_t n_strata;
    uint64_t drawn;
    uint64_t cells, frame;      /* of the project; of these, those that could be drawn */
    struct stats_sample sample; /* of the labels' agreement with what people said, over the frame */
    struct review_alarm *alarms;
    size_t n_alarms;
    struct arena arena; /* private */
};

/* labels: of the two who are compared, [n_columns][n_images]; NULL: there is no such one. It is the
 * first whose agreement the sample tells. */
int review_figures_load(struct review_figures *out, struct store *s, const struct task *t,
                        const struct store_images *images, const int16_t *const labels[2],
                        struct err *e);
void review_figures_release(struct review_figures *f);

#endif
