/* SPDX-License-Identifier: MIT */
/*
 * support_net.h - a server on a free port of this machine that goes away with its test, and a
 * client that sends bytes as they are.
 */
#ifndef TESTS_UNIT_SUPPORT_NET_H
#define TESTS_UNIT_SUPPORT_NET_H

#include "support.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/net.h"

enum {
    ANSWER_MAX = 1 << 20,
    PATIENCE = 20 /* seconds; only a server that is broken takes that long */
};

/* ---- the server ---- */

/* What the handlers have as their data. */
struct site {
    struct server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct request *kept; /* by /later, until the test answers it */
    size_t calls;         /* of handlers */
};

static inline struct site *site_new(void)
{
    struct site *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    pthread_mutex_init(&s->lock, NULL);
    clock_cond_init(&s->changed);
    return s;
}

static inline void site_start(struct site *s, const struct server_route *routes, size_t n,
                              const char *name)
{
    const struct server_options o = {
        .host = "127.0.0.1", .name = name, .routes = routes, .n_routes = n, .data = s
    };
    struct err e;

    assert_ok(server_start(&s->server, &o, &e), &e);
}

/* The request that a handler keeps, which is to be answered; NULL: none came. */
static inline struct request *site_wait_kept(struct site *s)
{
    double until = clock_seconds() + PATIENCE;
    struct request *r;

    pthread_mutex_lock(&s->lock);
    while (!s->kept && clock_cond_wait(&s->changed, &s->lock, until))
        continue;
    r = s->kept;
    s->kept = NULL;
    pthread_mutex_unlock(&s->lock);
    return r;
}

static inline void site_keep(struct site *s, struct request *r)
{
    pthread_mutex_lock(&s->lock);
    s->kept = r;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static inline void site_free(struct site *s)
{
    if (s->kept) /* of a test that failed: nobody else will answer it */
        request_refuse(s->kept, 500, "failed", "the test has failed");
    server_stop(s->server);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}

static inline void reply_text(struct request *r, unsigned status, const char *text)
{
    request_reply(r, &(struct reply){ .status = status,
                                      .type = "text/plain",
                                      .bytes = strdup(text),
                                      .taken = true,
                                      .len = strlen(text) });
}

/* ---- the client ---- */

static inline int client_connect(const struct site *s)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(server_port(s->server)),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = PATIENCE };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* The server may close while this is sent: what it says then is still there to read. */
static inline void client_send(int fd, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n) {
        n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
    }
}

/* One answer: its head, and behind that its body. */
struct answer {
    unsigned status; /* 0: the server closed without one */
    struct buf text; /* all of it */
    size_t body;     /* where in text that begins */
    size_t len;      /* of the body */
};

static inline void answer_release(struct answer *a)
{
    buf_release(&a->text);
}

/* A header's value up to its line's end, for assert_contains and the like; "" where there is none.
 */
static inline const char *answer_header(const struct answer *a, const char *name, char out[400])
{
    char wanted[80];
    const char *at;

    snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    at = strcasestr(a->text.text, wanted);
    snprintf(out, 400, "%.*s", at ? (int)strcspn(at + strlen(wanted), "\r") : 0,
             at ? at + strlen(wanted) : "");
    return out;
}

static inline bool receive_more(int fd, struct answer *a)
{
    char piece[16384];
    ssize_t n = recv(fd, piece, sizeof(piece), 0);

    if (n > 0)
        buf_add(&a->text, piece, (size_t)n);
    return n > 0;
}

/* Reads the next answer; those to a HEAD have no body. Bytes behind it would be lost: ask one at a
 * time. */
static inline struct answer client_receive(int fd, bool head)
{
    struct answer a = { .text = BUF_INIT(ANSWER_MAX) };
    char length[400];
    const char *end;

    buf_puts(&a.text, "");
    while (!(end = strstr(a.text.text, "\r\n\r\n")))
        if (!receive_more(fd, &a))
            return a;
    a.body = (size_t)(end - a.text.text) + 4;
    a.status = (unsigned)strtoul(a.text.text + strlen("HTTP/1.1 "), NULL, 10);
    a.len = head ? 0 : strtoul(answer_header(&a, "Content-Length", length), NULL, 10);
    while (a.text.len < a.body + a.len)
        assert_true(receive_more(fd, &a));
    return a;
}

/* A request with headers (each with its line end; Host is added unless they begin with it) and a
 * body of that length. */
static inline struct answer client_ask(int fd, const struct site *s, const char *line,
                                       const char *more, const char *body, size_t len)
{
    struct buf text = BUF_INIT(ANSWER_MAX);
    struct answer a;

    buf_printf(&text, "%s HTTP/1.1\r\n", line);
    if (strncasecmp(more, "Host:", 5) != 0)
        buf_printf(&text, "Host: 127.0.0.1:%u\r\n", server_port(s->server));
    if (len > 0)
        buf_printf(&text, "Content-Length: %zu\r\n", len);
    buf_printf(&text, "%s\r\n", more);
    buf_add(&text, body, len);
    client_send(fd, text.text, text.len);
    buf_release(&text);
    a = client_receive(fd, strncmp(line, "HEAD ", 5) == 0);
    return a;
}

/* The same on a connection of its own. */
static inline struct answer ask_once(const struct site *s, const char *line, const char *more,
                                     const char *body)
{
    int fd = client_connect(s);
    struct answer a = client_ask(fd, s, line, more, body, strlen(body));

    close(fd);
    return a;
}

/* ---- a site that says what it was asked ---- */

static inline void count_call(struct site *s)
{
    pthread_mutex_lock(&s->lock);
    s->calls++;
    pthread_mutex_unlock(&s->lock);
}

static inline void handle_root(void *data, struct request *r)
{
    count_call(data);
    request_reply(r, &(struct reply){ 200, "text/plain", NULL, "root", false, 4 });
}

static inline void handle_tail(void *data, struct request *r)
{
    char text[400];

    count_call(data);
    snprintf(text, sizeof(text), "<%s>", request_tail(r));
    reply_text(r, 200, text);
}

/* What came, as JSON: body, query q, header X-Test, cookie c. */
static inline void handle_echo(void *data, struct request *r)
{
    const char *query = request_query(r, "q"), *header = request_header(r, "X-Test"),
               *cookie = request_cookie(r, "c");
    size_t len;
    const char *body = request_body(r, &len);

    count_call(data);
    request_json(r, 200,
                 jv_pack("{s:i, s:s, s:s, s:s, s:s}", "length", (int)len, "body",
                         len < 100 && body[len] == '\0' ? body : "long", "q",
                         query ? query : "(none)", "header", header ? header : "(none)", "cookie",
                         cookie ? cookie : "(none)"),
                 NULL);
}

static inline void handle_cookie(void *data, struct request *r)
{
    count_call(data);
    request_json(r, 201, jv_pack("{s:s}", "made", "one"), "c=1; HttpOnly");
}

static inline void handle_refuse(void *data, struct request *r)
{
    count_call(data);
    request_refuse(r, 409, "taken", "somebody \"else\" has it");
}

static inline void handle_later(void *data, struct request *r)
{
    count_call(data);
    site_keep(data, r);
}

static const struct server_route routes[] = {
    { "GET", "/", handle_root },          { "GET", "/name/", handle_tail },
    { "GET", "/both", handle_root },      { "POST", "/both", handle_echo },
    { "POST", "/echo", handle_echo },     { "GET", "/show", handle_echo },
    { "POST", "/cookie", handle_cookie }, { "GET", "/refuse", handle_refuse },
    { "GET", "/later", handle_later },
};

static inline int start(void **state)
{
    struct site *s = site_new();

    *state = s;
    site_start(s, routes, COUNT(routes), NULL);
    return 0;
}

/* Also where the test has failed. */
static inline int stop(void **state)
{
    site_free(*state);
    return 0;
}

static inline size_t calls_of(struct site *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->calls;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* A request that is asked alone, and what comes back. */
struct exchange {
    const char *line, *headers, *body;
    unsigned status;
    const char *has; /* part of the answer's body */
};

static inline void check_exchange(struct site *s, const struct exchange *x)
{
    size_t before = calls_of(s);
    struct answer a = ask_once(s, x->line, x->headers, x->body);

    if (a.status != x->status)
        fail_row(x->line, "with '%s' gives %u: %s", x->headers, a.status, a.text.text);
    if (!strstr(a.text.text + a.body, x->has))
        fail_row(x->line, "with '%s' says %s", x->headers, a.text.text + a.body);
    if (calls_of(s) - before != (x->status < 400))
        fail_row(x->line, "with '%s' called %zu handlers", x->headers, calls_of(s) - before);
    answer_release(&a);
}

static inline void check_exchanges(struct site *s, const struct exchange *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_exchange(s, &rows[i]);
}

#define test_with_site(f) cmocka_unit_test_setup_teardown(f, start, stop)

#endif
