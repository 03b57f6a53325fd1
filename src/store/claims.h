/* SPDX-License-Identifier: MIT
 *
 * claims.h - several processes share one annotator's images: each takes an image before it answers
 * it.
 *
 * A claim is for a minute, say, and its process renews it while it lives, however long an image
 * takes. It ends with its time, and at once with its process where that can be seen from here: on
 * this host, in these process ids. Times are those of the system's clock, and the workers' clocks
 * are taken to agree within that minute: those on one database mostly share a machine. Where the
 * clock was set back, a claim that ends later than one could is over, too. A claim that is lost all
 * the same loses nothing: the image is answered twice, and the newer run's answer counts.
 */
#ifndef ASSENT_STORE_CLAIMS_H
#define ASSENT_STORE_CLAIMS_H

#include "base/base.h"
#include "store/labels.h"

enum { CLAIM_ELSEWHERE, CLAIM_TAKEN, CLAIM_ANSWERED };

/* Takes an image for this process for so many seconds, inside a transaction. missing [n_columns]
 * is the image's as in store_missing_load. Every worker claims for as long. */
int store_claim(struct store *s, const struct store_asking *a, int64_t image, double seconds,
                uint8_t *missing, struct err *e);
/* Gives an image back. */
int store_unclaim(struct store *s, int64_t annotator, int64_t image, struct err *e);

/* Renews this process's claims, on a thread and a connection of its own, four times as often as
 * they end. The store outlives it. */
struct claim_keeper;
int claim_keeper_start(struct claim_keeper **out, const struct store *s, double seconds,
                       struct err *e);
void claim_keeper_stop(struct claim_keeper *k); /* NULL is fine */

/* Another process that is at work on an annotator's images. */
struct store_claimant {
    const char *host; /* valid during the callback */
    int64_t process;
    uint64_t images;
    double seconds; /* until its claims end, unless it renews them */
};
int store_claimants(struct store *s, int64_t annotator, double seconds,
                    int (*each)(void *data, const struct store_claimant *c), void *data,
                    struct err *e);

#endif
