/* SPDX-License-Identifier: MIT
 *
 * review.h - people settle disputes and check samples, blind: the server behind their page.
 *
 *     queue.h    which cells are put before people, and in which order
 *     packet.h   folders for those without the server
 *     figures.h  what came of it
 *
 * docs/review-http.md has the interface between the page (assets/) and the server.
 */
#ifndef ASSENT_REVIEW_H
#define ASSENT_REVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "project/catalogue.h"
#include "review/figures.h"
#include "store/store.h"
#include "task/task.h"

struct review_site {
    struct store *store; /* its owner leaves it alone while the site is open */
    const struct task *task;
    const struct store_images *images;
    const struct catalogue *catalogue; /* NULL: no pictures: a placeholder is shown */
    const int16_t *labels[2];          /* for the owner's gallery; NULL: none */
    const char *names[2];
    const float *probabilities;
    const bool *columns; /* which are asked; NULL: all */
    uint64_t limit;      /* answers a person; 0: any number */
    bool decide_first;   /* what the fewest answers decide is asked first */
    bool until_decided;  /* it ends once every question is decided, or no sampled cell is open */
    unsigned lease_minutes;
    const char *host, *name, *public_url, *cert, *key; /* as net.h has them */
    uint16_t port;
    unsigned per_address;
    /* What the owner's page is told of the figures; NULL: nothing. The words for them are show/'s.
     */
    struct json_t *(*describe)(const struct review_figures *f);
    const struct events *events;
};

struct review;

int review_open(struct review **out, const struct review_site *site, struct err *e);
void review_close(struct review *r); /* NULL is fine */
/* "http://127.0.0.1:8321": with "/#" and a token behind it, a link. */
const char *review_address(const struct review *r);
/* Can only this machine reach what listens at this host? */
bool review_is_local(const char *host);
/* Is it an address by which a proxy can be reached, without a path? */
bool review_is_public_url(const char *url);
/* Serves until the site's events are cancelled, or what it was to decide is, and then returns 0. */
int review_serve(struct review *r, struct err *e);

/* A new token for a link, kept as its hash. */
int review_token(struct store *s, int64_t reviewer, char token[SECRET_TEXT], struct err *e);

#endif
