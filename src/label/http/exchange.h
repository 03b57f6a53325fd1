/* SPDX-License-Identifier: MIT
 *
 * exchange.h - a server's address and key, and what is sent there. Private to label/.
 *
 * Several addresses are replicas of one model. What comes back of the key is blanked out. What goes
 * and comes may be kept in a recording, or come from one: then nothing is sent.
 */
#ifndef ASSENT_LABEL_EXCHANGE_H
#define ASSENT_LABEL_EXCHANGE_H

#include "base/base.h"
#include "net/client.h"
#include "task/task.h"

struct exchange;

struct exchange_options {
    size_t connections; /* that may be open */
    const char *record; /* a file that keeps what is asked and answered; NULL: none */
    const char *replay; /* a recording that answers in the server's place; NULL: none */
    const struct events *events;
};

/* ERR_ARG: assent.yaml has no address that can be asked, or names a variable without a key (which
 * a replay needs not). The annotator must outlive it. */
int exchange_open(struct exchange **out, const struct annotator *a,
                  const struct exchange_options *o, struct err *e);
void exchange_close(struct exchange *x); /* NULL is fine */

struct exchange_picture {
    const char *data_url;
    const char *stand_in; /* for it in a recording: of the same kind */
};

struct exchange_request {
    const char *path; /* "/chat/completions" */
    size_t replica;   /* of the annotator's addresses */
    const char *body; /* NULL: GET. Must live until the answer came */
    size_t len;
    bool once; /* a connection that breaks is an error; see struct client_request */
    uint64_t tag;
    const char *data_url; /* of the picture that is in the body; NULL: none. Lives as the body */
    const char *stand_in; /* for it in a recording: of the same kind; NULL: there is no recording */
    bool at_root;         /* the path is beside the address' /v1, not below it */
    const struct exchange_picture *others; /* that are in the body too, where there is one */
    size_t n_others;
};

/* As client_send and client_next. ERR_FORMAT, with out->tag: a replay has no answer. */
int exchange_send(struct exchange *x, const struct exchange_request *r, struct err *e);
int exchange_next(struct exchange *x, double seconds, struct client_answer *out, struct err *e);
size_t exchange_in_flight(const struct exchange *x);

/* Is there a recording, so that pictures need their stand-ins? */
bool exchange_keeps(const struct exchange *x);
/* Does it answer? Then stand-ins are all that is sent, and there is nothing to wait for. */
bool exchange_is_replay(const struct exchange *x);
/* In a replay: has it another answer to the request? */
bool exchange_has_more(const struct exchange *x, const struct exchange_request *r);

/* Puts the address into an error. */
void exchange_at(const struct exchange *x, const struct exchange_request *r, struct err *e);
/* Adds the server's own name for the request, by which its people find it, to what was got. */
void exchange_add_id(const struct client_answer *a, struct err *e);
/* ERR_IO: `what`, with the status, the address and the server's own words. */
int exchange_refused(const struct exchange *x, const struct exchange_request *r,
                     const struct client_answer *a, const char *what, struct err *e);

#endif
