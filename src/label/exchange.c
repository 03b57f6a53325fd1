/* SPDX-License-Identifier: MIT */
#include "label/exchange.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_MAX = 4096, /* bytes of a key with its header */
    SECRET_LEAST = 8   /* of a key; shorter ones, as "EMPTY", are words that answers may have */
};
#define BEARER "Authorization: Bearer "

struct exchange {
    const struct annotator *annotator;
    char *key; /* "Authorization: Bearer .."; NULL: none */
    struct client *client;
};

/* ---- sending ---- */

static uint64_t mix(uint64_t x)
{
    return random_next(&x);
}

/* The highest of the hashes of picture and replica (rendezvous hashing: Thaler and Ravishankar
 * 1998). */
static const char *replica_of(const struct exchange *x, uint64_t picture)
{
    const struct model_server *server = &x->annotator->server;
    size_t best = 0;
    uint64_t most = 0;

    for (size_t i = 0; i < server->n_urls; i++) {
        uint64_t hash = mix(picture ^ mix(i + 1));

        if (i == 0 || hash > most) {
            most = hash;
            best = i;
        }
    }
    return server->urls[best];
}

/* free() it. NULL without memory. */
static char *address(const struct exchange *x, uint64_t picture, const char *path)
{
    const char *url = replica_of(x, picture);
    size_t n = strlen(url);
    char *all;

    while (n > 0 && url[n - 1] == '/')
        n--;
    return asprintf(&all, "%.*s%s", (int)n, url, path) < 0 ? NULL : all;
}

int exchange_send(struct exchange *x, const struct exchange_request *r, struct err *e)
{
    const char *headers[] = { "Content-Type: application/json", x->key };
    char *url = address(x, r->picture, r->path);
    struct client_request request = { .url = url,
                                      .headers = headers,
                                      .n_headers = x->key ? 2 : 1,
                                      .body = r->body,
                                      .len = r->len,
                                      .seconds = (double)x->annotator->server.timeout,
                                      .tag = r->tag };
    int rc = url ? client_send(x->client, &request, e)
                 : err_set(e, ERR_NOMEM, "out of memory: an address");

    free(url);
    return rc;
}

/* Some servers repeat the key that they were given: nothing behind this sees it. */
static void blank(const struct exchange *x, struct client_answer *a)
{
    const char *secret = x->key ? x->key + strlen(BEARER) : "";
    size_t n = strlen(secret);
    char *at = a->body;

    while (n >= SECRET_LEAST && (at = memmem(at, a->len - (size_t)(at - a->body), secret, n))) {
        memset(at, '*', n);
        at += n;
    }
}

int exchange_next(struct exchange *x, double seconds, struct client_answer *out, struct err *e)
{
    int rc = client_next(x->client, seconds, out, e);

    if (rc == 1)
        blank(x, out);
    return rc;
}

size_t exchange_in_flight(const struct exchange *x)
{
    return client_in_flight(x->client);
}

/* ---- what comes back ---- */

void exchange_at(const struct exchange *x, uint64_t picture, const char *path, struct err *e)
{
    char *url = address(x, picture, path);

    err_at(e, "%s", url ? url : path);
    free(url);
}

static void server_says(const struct client_answer *a, struct err *e)
{
    struct json_t *all = NULL;
    struct err ignored;
    const char *message = NULL;
    char said[1024];

    if (jv_parse(&all, a->body, a->len, &ignored) == 0) {
        message = jv_text(jv_get(jv_get(all, "error"), "message"));
        if (!message)
            message = jv_text(jv_get(all, "message"));
        if (!message)
            message = jv_text(jv_get(all, "detail"));
    }
    snprintf(said, sizeof(said), "%s", message ? message : a->len > 0 ? a->body : "no word");
    err_got(e, "%.140s", said);
    jv_free(all);
}

int exchange_refused(const struct exchange *x, const struct exchange_request *r,
                     const struct client_answer *a, const char *what, struct err *e)
{
    err_set(e, ERR_IO, "the server answers %u: %s", a->status, what);
    exchange_at(x, r->picture, r->path, e);
    server_says(a, e);
    return ERR_IO;
}

/* ---- opening ---- */

static int take_key(struct exchange *x, struct err *e)
{
    const struct annotator *a = x->annotator;
    const char *name = a->server.api_key_env, *key;

    if (!name)
        return 0;
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")]) {
        err_set(e, ERR_ARG, "api_key_env is no variable's name"); /* perhaps the key itself */
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    key = getenv(name);
    if (!key || *key == '\0' || strlen(key) > HEADER_MAX || !text_is_printable(key)) {
        err_set(e, ERR_ARG, "the variable %s holds no key", name);
        err_hint(e, "api_key_env names the variable of the environment that has it");
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (asprintf(&x->key, BEARER "%s", key) < 0) {
        x->key = NULL;
        return err_set(e, ERR_NOMEM, "out of memory: a key");
    }
    return 0;
}

/* http or https, and nothing in it that is secret: addresses are printed. */
static int check_url(const struct annotator *a, const char *url, struct err *e)
{
    const char *host = strstr(url, "://");
    bool http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

    if (http && !strchr(host, '@') && !strchr(host, '?'))
        return 0;
    err_set(e, ERR_ARG, http ? "this url holds a user or a query" : "this url is no http(s) one");
    err_expected(e, "http://127.0.0.1:8000/v1, say");
    if (http)
        err_hint(e,
                 "a key belongs into the variable that api_key_env names: addresses are printed");
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

int exchange_open(struct exchange **out, const struct annotator *a, size_t connections,
                  struct err *e)
{
    /* libcurl itself does not look there, as curl's program and OpenSSL do */
    const char *trusted = getenv("SSL_CERT_FILE");
    const struct client_options options = { .connections = connections,
                                            .ca_file = trusted && *trusted ? trusted : NULL };
    struct exchange *x = mem_new(1, sizeof(*x), e);
    int rc = x ? 0 : ERR_NOMEM;

    *out = NULL;
    for (size_t i = 0; rc == 0 && i < a->server.n_urls; i++)
        rc = check_url(a, a->server.urls[i], e);
    if (!x)
        return rc;
    x->annotator = a;
    if (rc == 0)
        rc = take_key(x, e);
    if (rc == 0)
        rc = client_new(&x->client, &options, e);
    if (rc < 0)
        exchange_close(x);
    else
        *out = x;
    return rc;
}

void exchange_close(struct exchange *x)
{
    if (!x)
        return;
    client_free(x->client);
    free(x->key);
    free(x);
}
