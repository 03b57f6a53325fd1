/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd calls answer() several times for one request: when its headers are there, with
 * each piece of its body, at the body's end, and again after a request that waited is resumed.
 * A request that its handler did not answer is suspended; the answer resumes it.
 */
#include <math.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/crowd.h"
#include "net/listen.h"
#include "net/names.h"
#include "net/net.h"
#include "net/routes.h"

enum {
    CONNECTIONS_MAX = 12000, /* each has SERVER_HEADERS_MAX of memory */
    PER_ADDRESS = 256,       /* connections: 40 browsers behind one router */
    FILES_SPARED = 64,       /* descriptors that the rest of the program may want */
    GOING = 64,              /* connections that were ended, and are not closed yet */
    ARGUMENTS_MAX = 100,     /* of an address */
    FIRST_SECONDS = 8,       /* for TLS's handshake and a first request's head */
    RECEIVE_SECONDS = 20,    /* for a whole request, or between two */
    SLOWEST = 256 << 10,     /* bytes a second: a large body has more time */
    SEND_SECONDS = 120,      /* for a whole answer */
    STOP_SECONDS = 2,        /* for the last answers to go */
    PEM_MAX = 1 << 20,
};

/* On every answer (OWASP's secure headers; the policy allows nothing inline). */
static const struct {
    const char *name, *value;
} headers[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
      " base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cache-Control", "no-store" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
};

struct server {
    struct MHD_Daemon *daemon;
    const struct server_options *options;
    struct server_options kept;
    char *cert, *key;
    char address[NAME_BYTES + 32];
    struct names names;
    uint16_t port;
    size_t bodies;        /* bytes that were promised room; the daemon's thread's */
    pthread_mutex_t lock; /* of everything below, and of the requests' states */
    pthread_cond_t changed;
    struct crowd crowd;
    TAILQ_HEAD(, request) open; /* not yet answered to the end */
    bool handling;              /* a handler runs */
    bool refusing;
};

struct request {
    TAILQ_ENTRY(request) others;
    struct server *server;
    struct MHD_Connection *connection;
    const struct server_route *route;
    const char *tail;
    struct buf body;
    size_t promised; /* of the server's bodies */
    int socket;
    struct guest *guest;           /* NULL: it is being closed */
    struct MHD_Response *response; /* made and not yet queued */
    unsigned status;
    bool crammed; /* it had more arguments than were kept */
    bool checked, dispatched, suspended;
};

/* ---- connections ---- */

/* Without memory, or an address, a connection is not kept. */
static struct guest *enter(struct server *s, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *fd, *from;
    struct guest *g = NULL;

    fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    pthread_mutex_lock(&s->lock);
    if (fd && from)
        g = crowd_enter(&s->crowd, from->client_addr, fd->connect_fd,
                        clock_seconds() + FIRST_SECONDS);
    pthread_mutex_unlock(&s->lock);
    if (!g && fd)
        shutdown(fd->connect_fd, SHUT_RDWR);
    return g;
}

static void connection_changed(void *data, struct MHD_Connection *c, void **context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct server *s = data;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = enter(s, c);
    } else if (*context) {
        pthread_mutex_lock(&s->lock);
        crowd_leave(&s->crowd, *context);
        pthread_mutex_unlock(&s->lock);
        *context = NULL;
    }
}

/* The client has so long; INFINITY: it is our turn. */
static void give_time(struct request *r, double seconds)
{
    struct server *s = r->server;

    if (!r->guest)
        return;
    pthread_mutex_lock(&s->lock);
    if (isinf(seconds))
        crowd_hold(&s->crowd, r->guest);
    else
        crowd_wait(&s->crowd, r->guest, clock_seconds() + seconds);
    pthread_mutex_unlock(&s->lock);
}

void server_sweep(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    crowd_sweep(&s->crowd, clock_seconds());
    pthread_mutex_unlock(&s->lock);
}

void request_known(struct request *r)
{
    if (!r->guest)
        return;
    pthread_mutex_lock(&r->server->lock);
    crowd_know(&r->server->crowd, r->guest);
    pthread_mutex_unlock(&r->server->lock);
}

/* ---- answers ---- */

static struct MHD_Response *make_response(const struct reply *reply)
{
    void *bytes = (void *)(uintptr_t)reply->bytes;
    struct MHD_Response *m = MHD_create_response_from_buffer(
        reply->len, bytes, reply->taken ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

    if (!m) {
        if (reply->taken)
            free(bytes);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        MHD_add_response_header(m, headers[i].name, headers[i].value);
    MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    if (reply->cookie)
        MHD_add_response_header(m, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie);
    if (reply->header.name)
        MHD_add_response_header(m, reply->header.name, reply->header.value);
    return m;
}

void request_reply(struct request *r, const struct reply *reply)
{
    struct MHD_Response *m = make_response(reply);
    struct server *s = r->server;

    pthread_mutex_lock(&s->lock);
    r->response = m;
    r->status = m ? reply->status : 0; /* 0: no memory: the connection is closed */
    r->dispatched = true;
    if (r->suspended) /* with the lock: who stops the server finds it resumed, or suspended */
        MHD_resume_connection(r->connection);
    r->suspended = false;
    pthread_mutex_unlock(&s->lock);
}

void request_json(struct request *r, unsigned status, struct json_t *document, const char *cookie)
{
    char *text = jv_print_line(document);

    jv_free(document);
    if (!text) {
        request_refuse(r, 500, "failed", "out of memory");
        return;
    }
    request_reply(r, &(struct reply){ .status = status,
                                      .type = "application/json",
                                      .cookie = cookie,
                                      .bytes = text,
                                      .len = strlen(text),
                                      .taken = true });
}

void request_refuse(struct request *r, unsigned status, const char *code, const char *message)
{
    static const char last[] =
        "{\"error\": {\"code\": \"failed\", \"message\": \"out of memory\"}}";
    struct json_t *document = jv_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message);

    if (document)
        request_json(r, status, document, NULL);
    else
        request_reply(r, &(struct reply){ .status = 500,
                                          .type = "application/json",
                                          .bytes = last,
                                          .len = sizeof(last) - 1 });
}

static bool is_refusing(struct server *s)
{
    bool refusing;

    pthread_mutex_lock(&s->lock);
    refusing = s->refusing;
    pthread_mutex_unlock(&s->lock);
    return refusing;
}

static enum MHD_Result queue(struct request *r)
{
    enum MHD_Result rc;

    if (!r->response)
        return MHD_NO;
    give_time(r, SEND_SECONDS);
    if (is_refusing(r->server)) /* or the same connection would ask on */
        MHD_add_response_header(r->response, MHD_HTTP_HEADER_CONNECTION, "close");
    rc = MHD_queue_response(r->connection, r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    return rc;
}

/* ---- requests ---- */

const char *request_tail(const struct request *r)
{
    return r->tail;
}

const char *request_query(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_cookie(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
}

const char *request_body(const struct request *r, size_t *len)
{
    *len = r->body.len;
    return r->body.text ? r->body.text : "";
}

void request_client(const struct request *r, unsigned char out[CLIENT_BYTES])
{
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    memset(out, 0, CLIENT_BYTES);
    if (from)
        crowd_address(from->client_addr, out);
}

/* libmicrohttpd does not look at the socket of a request that waits. */
bool request_gone(const struct request *r)
{
    struct pollfd end = { .fd = r->socket, .events = POLLRDHUP };

    return poll(&end, 1, 0) > 0 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* The bytes of the body that is to come: of one that does not say how long it is, all it may have.
 */
static uint64_t body_length(const struct request *r)
{
    const char *length = request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n = 0;

    if (length)
        return text_u64(length, UINT64_MAX, &n) ? n : UINT64_MAX;
    return request_header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING) ? r->server->options->body_max : 0;
}

static void refuse_busy(struct request *r)
{
    static const char text[] = "{\"error\": {\"code\": \"busy\", \"message\": "
                               "\"too many large requests at once: try again\"}}";

    request_reply(r, &(struct reply){ .status = 429,
                                      .type = "application/json",
                                      .bytes = text,
                                      .len = sizeof(text) - 1,
                                      .header = { MHD_HTTP_HEADER_RETRY_AFTER, "5" } });
}

static void make_room(struct request *r)
{
    struct server *s = r->server;
    uint64_t n = body_length(r);

    if (n > s->options->body_max) {
        request_refuse(r, 413, "too_large", "the request is too large");
    } else if (s->options->bodies_max > 0 && n > s->options->bodies_max - s->bodies) {
        refuse_busy(r);
    } else {
        s->bodies += r->promised = (size_t)n;
        give_time(r, RECEIVE_SECONDS + (double)n / SLOWEST);
    }
}

static void refuse_stopping(struct request *r)
{
    request_refuse(r, 503, "stopping", "the server is being stopped: try again");
}

/* What can be refused before the body is there. */
static void check_start(struct request *r, const char *method, const char *path)
{
    const char *host = request_header(r, MHD_HTTP_HEADER_HOST);
    bool other;

    r->route = routes_find(r->server->options, method, path, &r->tail, &other);
    if (is_refusing(r->server))
        refuse_stopping(r);
    else if (!names_host(&r->server->names, host))
        request_refuse(r, MHD_HTTP_MISDIRECTED_REQUEST, "host",
                       "the Host header names another server");
    else if (!names_origin(&r->server->names, request_header(r, MHD_HTTP_HEADER_ORIGIN), host))
        request_refuse(r, 403, "csrf", "the request comes from another page");
    else if (r->crammed)
        request_refuse(r, MHD_HTTP_URI_TOO_LONG, "too_large", "the address has too many arguments");
    else if (!r->route && other)
        request_refuse(r, 405, "method", "this page does not take this method");
    else if (!r->route)
        request_refuse(r, 404, "not_found", "there is no such page");
    else if (r->route->admit)
        r->route->admit(r->server->options->data, r);
    if (!r->dispatched)
        make_room(r);
}

/* libmicrohttpd has a connection's memory for arguments, and where that is full drops the request
 * without a word. Those that are too many are cut off before it reads them; the text lies in its
 * buffer of what was received. */
static bool cut_arguments(const char *uri)
{
    size_t n = 0;

    for (const char *at = strchr(uri, '?'); at; at = strchr(at + 1, '&'))
        if (++n > ARGUMENTS_MAX) {
            *(char *)(uintptr_t)at = '\0';
            return true;
        }
    return false;
}

/* As soon as the first line is there. NULL: no memory. */
static void *begin(void *data, const char *uri, struct MHD_Connection *c)
{
    struct server *s = data;
    const union MHD_ConnectionInfo *info, *fd;
    struct request *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    r->server = s;
    r->connection = c;
    r->guest = info ? info->socket_context : NULL;
    r->socket = fd ? fd->connect_fd : -1;
    r->body = BUF_INIT(s->options->body_max + 1);
    r->crammed = cut_arguments(uri);
    pthread_mutex_lock(&s->lock);
    TAILQ_INSERT_TAIL(&s->open, r, others);
    pthread_mutex_unlock(&s->lock);
    give_time(r, RECEIVE_SECONDS);
    return r;
}

/* Calls the handler, unless the server is ending. */
static void handle(struct request *r)
{
    struct server *s = r->server;
    bool refusing;

    pthread_mutex_lock(&s->lock);
    refusing = s->refusing;
    s->handling = !refusing;
    pthread_mutex_unlock(&s->lock);
    if (refusing)
        refuse_stopping(r);
    else
        r->route->handle(s->options->data, r);
}

/* Suspends the request unless its handler has answered it. */
static enum MHD_Result dispatch(struct request *r)
{
    struct server *s = r->server;
    bool later;

    if (r->body.failed) {
        request_refuse(r, 413, "too_large", "the request is too large");
        return queue(r);
    }
    give_time(r, INFINITY);
    handle(r);
    pthread_mutex_lock(&s->lock);
    later = !r->dispatched;
    r->suspended = later;
    r->dispatched = true;
    if (later)
        MHD_suspend_connection(r->connection);
    s->handling = false;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return later ? MHD_YES : queue(r);
}

static enum MHD_Result answer(void *data, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **context)
{
    struct request *r = *context;

    (void)data;
    (void)c;
    (void)version;
    if (!r)
        return MHD_NO;
    if (!r->checked) {
        r->checked = true;
        check_start(r, method, path);
        return r->dispatched ? queue(r) : MHD_YES;
    }
    if (*upload_len > 0) {
        buf_add(&r->body, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    return r->dispatched ? queue(r) : dispatch(r);
}

static void completed(void *data, struct MHD_Connection *c, void **context,
                      enum MHD_RequestTerminationCode why)
{
    struct server *s = data;
    struct request *r = *context;

    (void)c;
    (void)why;
    if (!r)
        return;
    give_time(r, RECEIVE_SECONDS);
    pthread_mutex_lock(&s->lock);
    TAILQ_REMOVE(&s->open, r, others);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (r->response)
        MHD_destroy_response(r->response);
    s->bodies -= r->promised;
    buf_release(&r->body);
    free(r);
    *context = NULL;
}

/* ---- starting ---- */

static void name_itself(struct server *s)
{
    const struct server_options *o = s->options;

    names_fill(&s->names, o, s->port);
    if (o->public_url)
        snprintf(s->address, sizeof(s->address), "%s", o->public_url);
    else
        snprintf(s->address, sizeof(s->address), "%s://%s", server_is_tls(s) ? "https" : "http",
                 s->names.own[0]);
}

/* As many as there may be files; a program may raise that itself up to its hard limit. */
static size_t connections_max(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return FILES_SPARED;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
        return FILES_SPARED;
    if (files.rlim_cur < 2 * FILES_SPARED + GOING)
        return FILES_SPARED;
    files.rlim_cur -= FILES_SPARED + GOING;
    return files.rlim_cur < CONNECTIONS_MAX ? (size_t)files.rlim_cur : CONNECTIONS_MAX;
}

/* On this machine, and behind a proxy, everybody comes from one address. */
static size_t per_address(const struct server_options *o)
{
    if (o->per_address > 0)
        return o->per_address;
    return o->public_url || server_is_loopback(o->host) ? SIZE_MAX : PER_ADDRESS;
}

static int start_daemon(struct server *s, int fd, struct err *e)
{
    /* what TLS 1.3 has left of TLS 1.2: secrecy that outlives the key, and no cipher but AEAD */
    static char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
                               ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
                               ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
                               ":-MAC-ALL:+AEAD";
    struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_PRIORITIES, 0, priorities },
                                    { MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert },
                                    { MHD_OPTION_HTTPS_MEM_KEY, 0, s->key },
                                    { MHD_OPTION_END, 0, NULL } };
    unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;

    if (!server_is_tls(s))
        tls[0] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    s->daemon = MHD_start_daemon(
        flags | (server_is_tls(s) ? MHD_USE_TLS : 0u), 0, NULL, NULL, answer, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s,
        MHD_OPTION_NOTIFY_COMPLETED, completed, s, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)s->crowd.most + GOING, MHD_OPTION_URI_LOG_CALLBACK, begin, s,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)RECEIVE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADERS_MAX,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (s->daemon)
        return 0;
    close(fd);
    err_set(e, ERR_IO, "the server does not start");
    if (server_is_tls(s)) {
        err_hint(e, "are these a certificate and its key, both as PEM?");
        return err_at(e, "%s, %s", s->options->cert, s->options->key);
    }
    return e->code;
}

int server_start(struct server **out, const struct server_options *o, struct err *e)
{
    struct server *s = mem_new(1, sizeof(*s), e);
    size_t len;
    int fd = -1, rc = s ? 0 : ERR_NOMEM;

    *out = NULL;
    if (!s)
        return rc;
    pthread_mutex_init(&s->lock, NULL);
    clock_cond_init(&s->changed);
    TAILQ_INIT(&s->open);
    s->kept = *o;
    if (s->kept.body_max == 0)
        s->kept.body_max = SERVER_BODY_MAX;
    s->options = &s->kept;
    if (o->cert)
        rc = file_read(o->cert, PEM_MAX, &s->cert, &len, e);
    if (rc == 0 && o->key)
        rc = file_read(o->key, PEM_MAX, &s->key, &len, e);
    if (rc == 0)
        rc = listen_at(o, &fd, &s->port, e);
    if (rc == 0) {
        name_itself(s);
        crowd_init(&s->crowd, connections_max(), per_address(o));
        rc = start_daemon(s, fd, e);
    }
    if (rc < 0)
        server_stop(s);
    else
        *out = s;
    return rc;
}

void server_refuse_all(struct server *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->refusing = true;
    while (s->handling)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static struct request *first_kept(struct server *s)
{
    struct request *r;

    pthread_mutex_lock(&s->lock);
    for (r = TAILQ_FIRST(&s->open); r && !r->suspended; r = TAILQ_NEXT(r, others))
        continue;
    pthread_mutex_unlock(&s->lock);
    return r;
}

/* What a handler kept and nobody has answered: libmicrohttpd aborts where it is stopped with a
 * request suspended. */
static void refuse_kept(struct server *s)
{
    for (struct request *r; (r = first_kept(s));)
        refuse_stopping(r);
}

static bool has_answers(const struct server *s)
{
    const struct request *r;

    for (r = TAILQ_FIRST(&s->open); r && !r->dispatched; r = TAILQ_NEXT(r, others))
        continue;
    return r != NULL;
}

/* Gives the last answers some time to go; what has not come in whole is not waited for. */
static void drain(struct server *s)
{
    double until = clock_seconds() + STOP_SECONDS;

    pthread_mutex_lock(&s->lock);
    while (has_answers(s) && clock_cond_wait(&s->changed, &s->lock, until))
        continue;
    pthread_mutex_unlock(&s->lock);
}

void server_stop(struct server *s)
{
    int door = -1;

    if (!s)
        return;
    if (s->daemon) {
        server_refuse_all(s);
        door = MHD_quiesce_daemon(s->daemon); /* nobody connects; its thread may look at it still */
        refuse_kept(s);
        drain(s);
        MHD_stop_daemon(s->daemon);
    }
    if (door >= 0)
        close(door);
    crowd_release(&s->crowd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s->cert);
    free(s->key);
    free(s);
}

const char *server_address(const struct server *s)
{
    return s->address;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

bool server_is_tls(const struct server *s)
{
    return s->options->cert != NULL;
}

bool server_is_secure(const struct server *s)
{
    const char *url = s->options->public_url;

    return url ? strncasecmp(url, "https://", 8) == 0 : server_is_tls(s);
}
