/* SPDX-License-Identifier: MIT
 *
 * net.h - HTTP. server.c serves a table of routes, and is the only user of libmicrohttpd; crowd.h
 * knows who is connected, and who goes where there are too many. Our own requests to others'
 * servers are client.h and pace.h.
 *
 * One thread of the server's own reads requests and calls their handlers, one at a time. A handler
 * answers at once, or hands the request to somebody who answers later, from any thread; meanwhile
 * other requests go on. Everything from outside is bounded: the bytes of headers and body, the time
 * a request may take to come and its answer to go, the connections. What a request says is never
 * taken as the path of a file.
 */
#ifndef ASSENT_NET_H
#define ASSENT_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct server;
struct request;

/* A path that ends in '/' (but "/" itself) takes one name below it: request_tail. */
struct server_route {
    const char *method; /* GET (which answers HEAD too) or POST */
    const char *path;
    void (*handle)(void *data, struct request *r); /* request_reply or _refuse, now or later */
    /* Before its body comes: may answer it, and that is all then. NULL: everybody is let in. */
    void (*admit)(void *data, struct request *r);
};

struct server_options {
    const char *host;       /* to listen at: an address, or a name that has one */
    uint16_t port;          /* 0: any free one */
    const char *name;       /* by which people reach it, where that is not `host`; NULL */
    const char *public_url; /* "https://labels.example.org", of a proxy in front of it; NULL */
    const char *cert, *key; /* PEM files: TLS; NULL: none */
    unsigned per_address;   /* connections; 0: 256, or any number where that is everybody's */
    size_t body_max;        /* bytes of a body; 0: SERVER_BODY_MAX */
    size_t bodies_max;      /* of all that are here at a time; 0: no bound but the connections' */
    const struct server_route *routes;
    size_t n_routes;
    void *data; /* the handlers' */
};

enum {
    SERVER_BODY_MAX = 64 << 10,   /* bytes */
    SERVER_HEADERS_MAX = 32 << 10 /* bytes, all together */
};

/* ERR_IO: the port is in use, the certificate cannot be read; ERR_ARG: no such address. The
 * texts and routes of `o` must live as long as the server. */
int server_start(struct server **out, const struct server_options *o, struct err *e);
/* From here on requests are refused with 503, and no handler runs or will: what handlers kept is
 * all there is left to answer. Not to be called with a lock that handlers take. NULL is fine. */
void server_refuse_all(struct server *s);
/* Refuses what is not answered yet, sends the answers, then closes. Whoever keeps requests must be
 * done with them. NULL is fine. */
void server_stop(struct server *s);

/* "http://127.0.0.1:8321", or its public address; the server's. */
const char *server_address(const struct server *s);
uint16_t server_port(const struct server *s);
bool server_is_tls(const struct server *s);
/* Do people reach it by TLS, its own or a proxy's? */
bool server_is_secure(const struct server *s);
/* Is it "https://HOST" or "http://HOST:PORT", as server_options has one, with nothing behind? */
bool server_is_public_url(const char *url);
/* Can only this machine reach that host's address? */
bool server_is_loopback(const char *host);
/* Ends connections that take too long, with a TLS handshake, a request or an answer. To be called
 * about once a second. */
void server_sweep(struct server *s);

/* ---- in handlers ---- */

const char *request_tail(const struct request *r);
/* It was asked with a session: where there are too many connections, its goes last. */
void request_known(struct request *r);
/* NULL where the request has none. Valid until the handler returns. */
const char *request_query(const struct request *r, const char *name);
const char *request_header(const struct request *r, const char *name);
const char *request_cookie(const struct request *r, const char *name);
/* Zero-ended, and valid until the request is answered. */
const char *request_body(const struct request *r, size_t *len);
/* Whose it is: an IP address as IPv6 has it, without the part that a client chooses itself. */
enum { CLIENT_BYTES = 16 };
void request_client(const struct request *r, unsigned char out[CLIENT_BYTES]);
/* Has the client closed its end? Of a request that is not answered yet; from any thread. */
bool request_gone(const struct request *r);

struct reply {
    unsigned status;
    const char *type;   /* of its content */
    const char *cookie; /* of a Set-Cookie header; NULL: none */
    const void *bytes;  /* they live as long as the server, unless: */
    bool taken;         /* malloc'ed, and freed with the reply */
    size_t len;
    struct {
        const char *name, *value;
    } header; /* one more; no name: none */
};

/* Answers r, once. */
void request_reply(struct request *r, const struct reply *reply);
/* {"error": {"code": code, "message": message}}. */
void request_refuse(struct request *r, unsigned status, const char *code, const char *message);
/* Prints a document in one line, frees it, and answers with it. */
void request_json(struct request *r, unsigned status, struct json_t *document, const char *cookie);

#endif
