/* SPDX-License-Identifier: MIT */
/*
 * support_faults.h - an HTTP server on a free port of this machine that does what servers should
 * not, a path a fault, and goes away with its test.
 */
#ifndef TESTS_UNIT_SUPPORT_FAULTS_H
#define TESTS_UNIT_SUPPORT_FAULTS_H

#include "support.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
    HEAD_BYTES = 64 << 10,
    PIECE = 1 << 16,
    PATIENCE = 20,  /* seconds; only what is broken takes that long */
    BOMB = 20 << 20 /* bytes that "/bomb" unpacks to */
};

struct faults {
    int door;
    uint16_t port;
    pthread_t thread;
    atomic_size_t connections, requests, threads;
    atomic_bool ending;
    pthread_mutex_t lock;
    char head[HEAD_BYTES]; /* of the last request */
    size_t body;           /* bytes */
};

/* A connection, and what was asked on it. */
struct visit {
    struct faults *site;
    int fd;
    char head[HEAD_BYTES];
};

/* What a path answers: bytes as they are, or a function. It says whether the connection goes on. */
struct fault {
    const char *path;
    const char *bytes;
    bool (*act)(struct visit *v);
    bool keeps;
};

static inline bool put(const struct visit *v, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n) {
        n = send(v->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
    }
    return true;
}

static inline bool put_text(const struct visit *v, const char *text)
{
    return put(v, text, strlen(text));
}

/* Does nothing for so long, unless the test ends. */
static inline void rest(const struct visit *v, double seconds)
{
    double until = clock_seconds() + seconds;

    while (clock_seconds() < until && !v->site->ending)
        usleep(5000);
}

static inline bool act_late(struct visit *v)
{
    rest(v, .2);
    return put_text(v, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
}

static inline bool act_never(struct visit *v)
{
    rest(v, PATIENCE);
    return false;
}

static inline bool act_drip(struct visit *v)
{
    put_text(v, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (!v->site->ending && put(v, "x", 1))
        rest(v, .02);
    return false;
}

/* A gigabyte, with and without saying so before. */
static inline bool put_gigabyte(struct visit *v, const char *head)
{
    char *zeros = calloc(1, PIECE);

    put_text(v, head);
    for (size_t i = 0; i < (1u << 30) / PIECE && put(v, zeros, PIECE); i++)
        continue;
    free(zeros);
    return false;
}

static inline bool act_large(struct visit *v)
{
    return put_gigabyte(v, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
}

static inline bool act_endless(struct visit *v)
{
    return put_gigabyte(v, "HTTP/1.1 200 OK\r\n\r\n");
}

static inline bool act_headers(struct visit *v)
{
    put_text(v, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000000 && put_text(v, "X-More: and more, and more, and more\r\n"); i++)
        continue;
    return false;
}

static inline bool act_bomb(struct visit *v)
{
    char command[100], piece[4096];
    FILE *f;

    snprintf(command, sizeof(command), "head -c %d /dev/zero | gzip -1", BOMB);
    f = popen(command, "re");
    put_text(v, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    for (size_t n; f && (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        put(v, piece, n);
    if (f)
        pclose(f);
    return false;
}

/* The connection is open still, but nothing more comes. */
static inline bool act_half(struct visit *v)
{
    put_text(v, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    shutdown(v->fd, SHUT_WR);
    rest(v, 1);
    return false;
}

static inline bool act_reset(struct visit *v)
{
    const struct linger hard = { .l_onoff = 1 };

    setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    return false;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"

static const struct fault faults[] = {
    { "/ok", OK_HEAD "X-Request-Id: req-7\r\nContent-Length: 2\r\n\r\n{}", .keeps = true },
    { "/closes", OK_HEAD "Content-Length: 2\r\n\r\n{}" }, /* without a word */
    { "/continue", "HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\n{}",
      .keeps = true },
    { "/longer", OK_HEAD "Content-Length: 2\r\n\r\n{}and more" },
    { "/redirect",
      "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n",
      .keeps = true },
    { "/cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", .keeps = true },
    { "/busy", "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}",
      .keeps = true },
    { "/busy-date",
      "HTTP/1.1 503 Busy\r\nDate: Sat, 28 Nov 2020 10:00:00 GMT\r\nRetry-After: Sat, 28 Nov 2020 "
      "10:01:30 GMT\r\nContent-Length: 0\r\n\r\n",
      .keeps = true },
    { "/busy-odd", "HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n",
      .keeps = true },
    { "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\": " },
    { "/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"a\": " },
    { "/cut-between", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n" },
    { "/cut-head", "HTTP/1.1 200 OK\r\nContent-Ty" },
    { "/cut-line", "HTTP/1.1 2" },
    { "/bad-gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd" },
    { "/nothing", "" },
    { "/ssh", "SSH-2.0-OpenSSH_9.2\r\n" },
    { "/late", .act = act_late, .keeps = true },
    { "/never", .act = act_never },
    { "/drip", .act = act_drip },
    { "/large", .act = act_large },
    { "/endless", .act = act_endless },
    { "/headers", .act = act_headers },
    { "/bomb", .act = act_bomb },
    { "/half", .act = act_half },
    { "/reset", .act = act_reset },
};

static inline bool read_more(struct visit *v, char *to, size_t max, size_t *n)
{
    ssize_t got = recv(v->fd, to, max, 0);

    *n = got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* A request's head, and how long its body is, which is read too. */
static inline bool read_request(struct visit *v)
{
    size_t len = 0, n, body, have;
    char *end = NULL, *said, waste[PIECE];

    while (!end) {
        if (len + 1 >= HEAD_BYTES || !read_more(v, v->head + len, HEAD_BYTES - 1 - len, &n))
            return false;
        len += n;
        v->head[len] = '\0';
        end = strstr(v->head, "\r\n\r\n");
    }
    said = strcasestr(v->head, "\r\nContent-Length: ");
    body = said && said < end ? strtoul(said + 18, NULL, 10) : 0;
    have = len - (size_t)(end + 4 - v->head);
    for (; have < body; have += n)
        if (!read_more(v, waste, sizeof(waste), &n))
            return false;
    end[2] = '\0';
    pthread_mutex_lock(&v->site->lock);
    memcpy(v->site->head, v->head, (size_t)(end + 3 - v->head));
    v->site->body = body;
    pthread_mutex_unlock(&v->site->lock);
    v->site->requests++;
    return true;
}

static inline bool answer_visit(struct visit *v)
{
    const char *path = strchr(v->head, ' ');
    size_t len = path ? strcspn(++path, " ?") : 0;

    for (size_t i = 0; i < COUNT(faults); i++) {
        const struct fault *f = &faults[i];

        if (strlen(f->path) != len || strncmp(path, f->path, len) != 0)
            continue;
        return (f->act ? f->act(v) : put_text(v, f->bytes)) && f->keeps;
    }
    return false;
}

static void *serve_visit(void *data)
{
    struct visit *v = data;
    struct faults *site = v->site;

    while (!site->ending && read_request(v) && answer_visit(v))
        continue;
    close(v->fd);
    free(v);
    site->threads--;
    return NULL;
}

static void *serve_faults(void *data)
{
    const struct timeval patience = { .tv_sec = 2 };
    struct faults *s = data;
    pthread_t thread;
    int fd;

    while ((fd = accept(s->door, NULL, NULL)) >= 0) {
        struct visit *v = calloc(1, sizeof(*v));

        s->connections++;
        s->threads++;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        v->site = s;
        v->fd = fd;
        pthread_create(&thread, NULL, serve_visit, v);
        pthread_detach(thread);
    }
    return NULL;
}

static inline struct faults *faults_new(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    struct faults *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    pthread_mutex_init(&s->lock, NULL);
    s->door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->door, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(s->door, 256), 0);
    assert_int_equal(getsockname(s->door, (struct sockaddr *)&at, &len), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve_faults, s), 0);
    return s;
}

static inline void faults_free(struct faults *s)
{
    s->ending = true;
    shutdown(s->door, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->door);
    while (s->threads > 0)
        usleep(1000);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Is that in the last request's head? */
static inline bool was_asked(struct faults *s, const char *part)
{
    bool is;

    pthread_mutex_lock(&s->lock);
    is = strcasestr(s->head, part) != NULL;
    pthread_mutex_unlock(&s->lock);
    return is;
}

#endif
