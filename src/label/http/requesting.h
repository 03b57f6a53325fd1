/* SPDX-License-Identifier: MIT
 *
 * requesting.h - pictures and requests on their way to a server and back. Private to label/.
 *
 * requests.c takes pictures and hands their answers out, requests_send.c sends, and requests_take.c
 * takes what comes back.
 */
#ifndef ASSENT_LABEL_REQUESTING_H
#define ASSENT_LABEL_REQUESTING_H

#include "label/http/budget.h"
#include "label/http/exchange.h"
#include "label/http/replicas.h"
#include "label/http/requests.h"
#include "label/http/token_ids.h"
#include "label/http/ways.h"
#include "net/pace.h"

enum {
    SLOTS = 256, /* requests that are in flight or wait to be sent again */
    SHOTS = 256  /* pictures */
};

struct shot { /* a picture that is asked about */
    uint64_t tag;
    const char *name;               /* for messages; NULL: it has none */
    const struct asked_list *asked; /* not when it was handed out */
    char *data_url;                 /* in a replay the stand-in */
    char *stand_in;         /* for it in a recording; NULL: there is none, or it is what is sent */
    char *description;      /* that its questions follow; NULL: there is none (yet) */
    struct raw_answer *raw; /* [n], as many as are asked */
    size_t n;
    size_t n_begun, n_done, n_out;
    size_t n_missing; /* to be asked again, alone */
    size_t n_failed;  /* of those that are done */
    struct err why;   /* the first of them failed */
    struct arena arena;
};

struct slot {          /* a request */
    struct shot *shot; /* NULL: free */
    size_t first, n;   /* of its questions; STAGE_DESCRIBE: all */
    enum asking_stage stage;
    char *said;     /* STAGE_AGAIN: the first answer */
    size_t replica; /* that it was sent to last */
    unsigned tries;
    bool singly;
    bool sent;
    double due;    /* not before, where it is not sent; INFINITY: not before another is answered */
    double tokens; /* that it was expected to take */
    char *body;
    size_t len;
};

struct requests {
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct asking *asking;
    const struct events *events;
    struct exchange *exchange;
    struct token_ids ids; /* where the protocol wants them */
    struct json_t *extra; /* fields of every request; NULL: none */
    struct pace pace;
    struct replicas replicas;
    struct shot *shots[SHOTS];
    size_t n_shots;
    struct shot *handed; /* what was collected last */
    struct slot slots[SLOTS];
    size_t n_used;
    size_t bytes_out; /* of the bodies in flight, each of which holds its picture */
    bool answered;    /* something, ever */
    bool held;        /* a limit keeps something from being sent */
    size_t n_parked;  /* pictures that were refused before that */
    struct err why;   /* the last of them was */
    struct budget budget;
};

/* ---- requests_send.c ---- */

/* Is there room for another request's bytes? Few large pictures keep a server busy, too. */
bool requesting_has_room(const struct requests *r);
/* Sends what pace, limits and order let go. */
int requesting_send(struct requests *r, struct err *e);
/* Is some picture's next question to go: one to ask again, or the first, or did the server see the
 * picture before? */
bool requesting_has_next(const struct requests *r);
/* That so many questions of a picture take. */
size_t requesting_count(const struct requests *r, size_t questions);

struct exchange_request requesting_request(const struct requests *r, const struct slot *slot);
struct asking_about requesting_about(const struct requests *r, const struct slot *slot);
/* A picture's first request, or a later one. */
enum budget_kind requesting_kind(const struct requests *r, const struct slot *slot);
void requesting_free_slot(struct requests *r, struct slot *slot);

/* ---- requests_take.c ---- */

/* An answer, or that there is none. Below 0 the run ends. */
int requesting_take(struct requests *r, const struct client_answer *a, struct err *e);

#endif
