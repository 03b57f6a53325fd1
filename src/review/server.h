/* SPDX-License-Identifier: MIT
 *
 * server.h - a review that runs: what its requests share, and answers that go only once what they
 * say is on the disk. Private to review/.
 */
#ifndef ASSENT_REVIEW_SERVER_H
#define ASSENT_REVIEW_SERVER_H

#include <pthread.h>

#include "net/net.h"
#include "review/deciding.h"
#include "review/pictures.h"
#include "review/review.h"
#include "review/state.h"
#include "store/reviewers.h"

struct waiting { /* an answer that goes once what it says is on the disk */
    struct request *request;
    struct json_t *document;
    char *cookie; /* NULL: none */
    unsigned status;
};

struct rate {
    double at, used; /* monotonic seconds; requests that are not yet forgotten */
};

struct review {
    struct review_site site;
    struct server *server;
    struct pictures *pictures; /* NULL: no pictures */
    pthread_mutex_t lock;      /* of the store and all below */
    pthread_cond_t changed;
    struct state state;
    struct deciding deciding;
    double over; /* since when nothing is given out, as all is decided; 0: it is not */
    struct waiting *waiting;
    size_t n_waiting, waiting_cap;
    bool writing;      /* a transaction is open */
    struct err failed; /* code below zero: the server ends */
    char cookie[32];   /* the session cookie's name */
    struct rate rates[256];
};

/* ---- serve.c ---- */

/* Opens the transaction that the next commit ends, unless it is open. */
int review_write(struct review *r, struct err *e);
/* Answers once all that was written is on the disk. Takes the document over. */
void review_reply(struct review *r, struct request *q, unsigned status, struct json_t *document,
                  const char *cookie);
/* Answers 400: the body is not what it should be. */
void review_refuse(struct request *q, const struct err *e);
/* A write that failed half-way: what memory holds is not what the database will. */
void review_fail(struct review *r, struct request *q, const struct err *e);

/* So many answers were kept, or taken back. */
void review_changed(struct review *r, size_t answers);

/* ---- session.c ---- */

struct session {
    struct store_reviewer who;
    char name[TASK_NAME_MAX + 1];
    char csrf[SHA256_HEX];
};

/* Whose request this is; where it is nobody's, or a POST without the session's token, answers and
 * returns false. With the lock. */
bool session_check(struct review *r, struct request *q, bool writes, struct session *out);
void session_open(struct review *r, struct request *q);  /* POST /api/session */
void session_show(struct review *r, struct request *q);  /* GET */
void session_leave(struct review *r, struct request *q); /* POST /api/leave */

/* ---- owner.c ---- */

void owner_overview(struct review *r, struct request *q);
void owner_gallery(struct review *r, struct request *q);
bool owner_may_see(const struct review *r, size_t item);

/* A number of the query, where it has one; false: it is none, or above max. */
bool review_read_number(struct request *q, const char *name, uint64_t max, uint64_t *out);

/* ---- api.c: the routes ---- */

extern const struct server_route review_routes[];
extern const size_t review_n_routes;

#endif
