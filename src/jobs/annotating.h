/* SPDX-License-Identifier: MIT
 *
 * annotating.h - a run of annotate: its pictures from the claim to the disk. Private to jobs/.
 *
 * annotate_claim.c takes pictures for this process, annotate.c has them answered, and
 * annotate_keep.c writes what was answered.
 */
#ifndef ASSENT_JOBS_ANNOTATING_H
#define ASSENT_JOBS_ANNOTATING_H

#include "image/prefetch.h"
#include "jobs/annotate.h"
#include "jobs/equal.h"
#include "jobs/forecast.h"
#include "jobs/identity.h"
#include "jobs/todo.h"
#include "label/label.h"
#include "store/claims.h"

enum {
    CLAIMS_MIN = 2,
    ANSWERED_MAX = 1024, /* images kept at one commit */
};
#define CLAIM_SECONDS 60.0 /* without a sign of life; every worker's */

struct claimed {
    size_t picture;
    uint8_t *wanted; /* [n_columns]; NULL: answered */
};

struct answered { /* an image that is not on the disk yet */
    size_t tag;
    struct label_answers answers;
    char sha256[SHA256_HEX]; /* "": it could not be read */
    uint32_t width, height;
    bool equal; /* all of it is an equal picture's */
    double seconds;
};

struct flying { /* a picture that the model is asked about */
    size_t tag;
    char sha256[SHA256_HEX];
    uint32_t width, height;
    struct store_known known; /* of an equal picture: what it is not asked */
};

struct annotating {
    struct todo todo;
    struct store *store; /* the project's */
    const struct annotate_options *options;
    struct annotate_result *out;
    struct labeler *labeler;
    struct model_identity identity;
    struct prefetch *prefetch;
    struct claim_keeper *keeper;
    struct equals equals;
    struct claimed *claimed; /* by tag */
    size_t n_claimed, claimed_cap;
    size_t n_popped; /* of the claimed: read */
    size_t next;     /* of todo.pictures */
    size_t *others;  /* pictures that other processes had */
    size_t n_others;
    size_t n_elsewhere; /* that other processes have answered since it was looked */
    struct flying *flying;
    size_t n_flying, flying_cap;
    struct answered *answered; /* [ANSWERED_MAX] */
    size_t n_answered;
    double begun, committed, last; /* seconds, monotonic; last: when the image before was done */
    double looked;                 /* when the model's bytes were looked at */
    size_t kept_since;             /* images */
    struct forecast forecast;
    bool cost_said, forecast_said;
    struct progress progress;
    char notes[PROGRESS_NOTES][TEXT_COUNT_MAX]; /* the progress line's */
};

/* The image that a claim is for: its index among the catalogue's, its id, its picture's key. */
size_t annotating_image(const struct annotating *a, size_t tag);
int64_t annotating_id(const struct annotating *a, size_t tag);
const char *annotating_key(const struct annotating *a, size_t tag);

/* Claims more pictures, for a few seconds' work, and has them read. */
int annotating_claim(struct annotating *a, struct err *e);
/* Gives back what was claimed and not answered. */
int annotating_give_back(struct annotating *a, struct err *e);
/* Who has what was left out. */
int annotating_claimants(struct annotating *a, struct err *e);

/* Writes what was answered, in one transaction. last: the model's files are looked at closely. */
int annotating_commit(struct annotating *a, bool last, struct err *e);
/* What the server was asked so far; inside a transaction, or for the run's end. */
int annotating_keep_usage(struct annotating *a, struct err *e);
bool annotating_must_commit(const struct annotating *a);

#endif
