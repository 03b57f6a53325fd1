/* SPDX-License-Identifier: MIT
 *
 * exchange.h - a server's address and key, and what is sent there. Private to label/.
 *
 * Several addresses are replicas of one model. Where the key comes back, it is blanked out.
 */
#ifndef ASSENT_LABEL_EXCHANGE_H
#define ASSENT_LABEL_EXCHANGE_H

#include "base/base.h"
#include "net/client.h"
#include "task/task.h"

struct exchange;

/* ERR_ARG: assent.yaml has no address that can be asked, or names a variable without a key.
 * connections: that may be open. The annotator must outlive it. */
int exchange_open(struct exchange **out, const struct annotator *a, size_t connections,
                  struct err *e);
void exchange_close(struct exchange *x); /* NULL is fine */

struct exchange_request {
    const char *path; /* "/chat/completions" */
    uint64_t picture; /* all requests of one go to one replica, which holds it then */
    const char *body; /* NULL: GET. Must live until the answer came */
    size_t len;
    uint64_t tag;
};

/* As client_send and client_next. */
int exchange_send(struct exchange *x, const struct exchange_request *r, struct err *e);
int exchange_next(struct exchange *x, double seconds, struct client_answer *out, struct err *e);
size_t exchange_in_flight(const struct exchange *x);

/* Puts the address into an error. */
void exchange_at(const struct exchange *x, uint64_t picture, const char *path, struct err *e);
/* ERR_IO: `what`, with the status, the address and the server's own words. */
int exchange_refused(const struct exchange *x, const struct exchange_request *r,
                     const struct client_answer *a, const char *what, struct err *e);

#endif
