/* SPDX-License-Identifier: MIT
 *
 * client.h - HTTP requests to others' servers, many at once; client.c is the only user of libcurl.
 *
 * Whoever uses it has one thread: client_send takes a request, client_next moves all of them on and
 * gives their answers in the order in which they come. Everything from outside is bounded: the
 * bytes of an answer, unpacked, and of its headers, and the time that it may take. A redirect is an
 * answer like any other, for what follows it takes the request's headers, a key among them, to
 * another host. How many requests there should be at a time is pace.h's matter.
 */
#ifndef ASSENT_NET_CLIENT_H
#define ASSENT_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/events.h"

struct client;

struct client_options {
    size_t connections;     /* that may be open, at most; 0: 256 */
    double connect_seconds; /* 0: 20 */
    const char *ca_file;    /* PEM, whom alone it trusts; NULL: curl's own. Proxies come from the
                               environment, as curl has it */
    const struct events *events; /* asked while it waits whether it shall end; NULL */
};

/* ERR_IO: there is no such ca_file. What the options point at must live as long as the client. */
int client_new(struct client **out, const struct client_options *o, struct err *e);
void client_free(struct client *c); /* ends what is in flight; NULL is fine */

struct client_request {
    const char *url;
    const char *const *headers; /* "Name: value"; never logged, and never in an error */
    size_t n_headers;
    const char *body; /* JSON; NULL: GET. Must live until the answer came */
    size_t len;
    size_t answer_max; /* bytes; 0: 16 MiB */
    double seconds;    /* until all of the answer is there, from client_send on; 0: 120 */
    bool once; /* where a kept connection was closed as it came it is not sent again by itself */
    uint64_t tag;
};

struct client_answer {
    uint64_t tag;
    unsigned status; /* 0: none came: error says why */
    char *body;      /* zero-terminated; may be written to */
    size_t len;
    const char *type;       /* of its content, without parameters, lower case; "" where none */
    const char *request_id; /* x-request-id; "" */
    const char *server;     /* what it calls itself; "" */
    double seconds;         /* it took */
    double retry_after;     /* seconds from now, NaN: not said (seconds or an HTTP date) */
    unsigned times;   /* it was sent: 0, there was no connection; 2, a kept connection was closed
                         as it came */
    bool timed_out;   /* the error is that time ran out */
    struct err error; /* code 0: an answer came, of whatever status. Its place is the url without
                         user, password and query */
};

/* Never waits; the request goes out in client_next. ERR_ARG: the url is no http(s) one, or a header
 * is not one line of "Name: value". */
int client_send(struct client *c, const struct client_request *r, struct err *e);
/* The next answer, waiting at most so long: 1, 0: none yet, ERR_INTERRUPTED where the events say
 * so. Valid until the next call. Where nothing is in flight it waits as well: a pause that can be
 * interrupted; but not for ever. */
int client_next(struct client *c, double seconds, struct client_answer *out, struct err *e);
size_t client_in_flight(const struct client *c);

/* Is it this machine's or a private network's (loopback, RFC 1918, RFC 4193, link-local, localhost,
 * *.local)? By name, without asking DNS. */
bool client_url_is_private(const char *url);

#endif
