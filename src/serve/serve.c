/* SPDX-License-Identifier: MIT */
#include "serve/serve.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "serve/asking.h"
#include "serve/line.h"

enum {
    TICK_MS = 200,
    SWEEP_SECONDS = 1,
    BODIES_MAX = 256 << 20, /* bytes of all requests that are here */
    TOKEN_MIN = 16,         /* characters: 128 bits as hexadecimal digits are 32 */
    TOKEN_MAX = 1024,
    NAME_BYTES = 256,
    AGAIN_SECONDS_MAX = 3600,
};

struct serve {
    struct serve_options options;
    struct vlm *vlm;
    struct server *server;
    char name[NAME_BYTES]; /* the model's */
    char *token;           /* NULL: everybody is let in */
    pthread_t engine;
    bool started;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t changed;
    struct line line;
    double seconds; /* that the last request took */
    bool ending;
};

/* ---- answers ---- */

/* With what `reply` says beside it, its status and header. Frees the document. */
static void send_json(struct request *r, struct json_t *document, struct reply reply)
{
    char *text = jv_print_exact(document);

    jv_free(document);
    if (!text) {
        request_refuse(r, 500, "failed", "out of memory");
        return;
    }
    reply.type = "application/json";
    reply.bytes = text;
    reply.len = strlen(text);
    reply.taken = true;
    request_reply(r, &reply);
}

static void send_refusal(struct request *r, const char *code, const char *message,
                         struct reply reply)
{
    send_json(r, jv_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message), reply);
}

static void send_error(struct request *r, unsigned status, const struct err *e)
{
    static const struct {
        unsigned status;
        const char *code;
    } codes[] = { { 400, "bad_request" },
                  { 422, "bad_request" },
                  { 404, "model_not_found" },
                  { 413, "too_large" } };
    const char *code = "failed";
    char message[ERR_TEXT_MAX];

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].status == status)
            code = codes[i].code;
    err_line(e, message);
    request_refuse(r, status, code, message);
}

/* ---- the engine's thread ---- */

/* Nobody reads it; but until a request has an answer it is kept. */
static void drop(struct request *r)
{
    request_refuse(r, 503, "gone", "the client has closed the connection");
}

static bool has_gone(void *request)
{
    return request_gone(request);
}

/* A pass ends where its client has gone: others wait for the engine. */
static void answer(struct serve *s, const struct place *p)
{
    const struct events events = { .cancelled = has_gone, .data = p->request };
    const struct asking_model model = { s->vlm, s->name, &events };
    struct json_t *document;
    struct err e = { 0 };
    size_t len;
    const char *body = request_body(p->request, &len);
    double began = clock_seconds();
    unsigned status =
        asking_answer(&model, &(struct asking_body){ p->protocol, body, len }, &document, &e);

    if (e.code == ERR_INTERRUPTED) {
        drop(p->request);
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->seconds = clock_seconds() - began;
    pthread_mutex_unlock(&s->lock);
    if (status == 200)
        send_json(p->request, document, (struct reply){ .status = 200 });
    else
        send_error(p->request, status, &e);
}

static void *run_engine(void *data)
{
    struct serve *s = data;

    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        struct place p = line_next(&s->line);

        if (!p.request) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        if (request_gone(p.request))
            drop(p.request);
        else
            answer(s, &p);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Those whose client has gone make room for others. */
static void drop_gone(struct serve *s)
{
    struct request *r;

    do {
        pthread_mutex_lock(&s->lock);
        r = line_take(&s->line, request_gone);
        pthread_mutex_unlock(&s->lock);
        if (r)
            drop(r);
    } while (r);
}

/* ---- the server's thread ---- */

/* "Authorization: Bearer TOKEN" (RFC 6750, section 2.1). */
static void admit(void *data, struct request *r)
{
    static const char scheme[] = "Bearer ";
    const struct serve *s = data;
    const char *shown = request_header(r, "Authorization");

    if (!s->token)
        return;
    if (shown && strncasecmp(shown, scheme, strlen(scheme)) == 0 &&
        secret_equal(shown + strlen(scheme), s->token))
        return;
    send_refusal(r, "token", "the request needs the header Authorization: Bearer TOKEN",
                 (struct reply){ .status = 401, .header = { "WWW-Authenticate", "Bearer" } });
}

static void refuse_full(struct request *r, double seconds)
{
    char again[32];

    snprintf(again, sizeof(again), "%.0f", fmin(ceil(seconds), AGAIN_SECONDS_MAX));
    send_refusal(r, "busy", "too many requests wait: try again later",
                 (struct reply){ .status = 429, .header = { "Retry-After", again } });
}

static void wait_in_line(struct serve *s, struct request *r, const struct protocol *protocol)
{
    struct place p = { .request = r, .protocol = protocol };
    struct request *out;
    double seconds;

    request_client(r, p.client);
    pthread_mutex_lock(&s->lock);
    out = line_enter(&s->line, p);
    seconds = 1 + s->seconds * (double)s->line.n;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (out)
        refuse_full(out, seconds);
}

static void handle_systemone(void *data, struct request *r)
{
    wait_in_line(data, r, &order_systemone);
}

static void handle_decisions(void *data, struct request *r)
{
    wait_in_line(data, r, &order_decisions);
}

static void handle_models(void *data, struct request *r)
{
    const struct serve *s = data;

    send_json(r,
              jv_pack("{s:s, s:[{s:s, s:s, s:i, s:s}]}", "object", "list", "data", "id", s->name,
                      "object", "model", "created", 0, "owned_by", "assent"),
              (struct reply){ .status = 200 });
}

static void handle_health(void *data, struct request *r)
{
    (void)data;
    send_json(r, jv_pack("{s:s}", "status", "ok"), (struct reply){ .status = 200 });
}

static const struct server_route routes[] = {
    { "POST", "/v1/systemone", handle_systemone, admit },
    { "POST", "/v1/decisions", handle_decisions, admit },
    { "GET", "/v1/models", handle_models, admit },
    { "GET", "/health", handle_health }, /* for whoever watches over servers: without a token */
};

/* ---- opening ---- */

static int read_token(struct serve *s, struct err *e)
{
    const char *path = s->options.token_file;
    size_t len;
    int rc = path ? file_read(path, TOKEN_MAX, &s->token, &len, e) : 0;

    if (!path || rc < 0)
        return rc;
    while (len > 0 && strchr(" \t\r\n", s->token[len - 1]))
        s->token[--len] = '\0';
    for (size_t i = 0; i < len && rc == 0; i++)
        if (s->token[i] <= ' ' || s->token[i] > '~')
            rc = ERR_FORMAT;
    if (rc == 0 && len >= TOKEN_MIN)
        return 0;
    err_set(e, ERR_FORMAT, "this is no token");
    err_expected(e, "%d or more visible ASCII characters without a space", TOKEN_MIN);
    err_hint(e, "one that nobody guesses: openssl rand -hex 32");
    return err_at(e, "%s", path);
}

/* The folder's last part, where it is a name. */
static void name_model(struct serve *s)
{
    const char *path = s->options.model, *from;
    size_t len = strlen(path), bad;

    while (len > 1 && path[len - 1] == '/')
        len--;
    from = memrchr(path, '/', len);
    from = from ? from + 1 : path;
    len -= (size_t)(from - path);
    if (len == 0 || len >= sizeof(s->name) || !text_utf8(from, len, &bad))
        snprintf(s->name, sizeof(s->name), "model");
    else
        snprintf(s->name, sizeof(s->name), "%.*s", (int)len, from);
    text_printable(s->name);
}

static int start(struct serve *s, struct err *e)
{
    const struct serve_options *o = &s->options;
    struct server_options server = { .host = o->host,
                                     .port = o->port,
                                     .name = o->name,
                                     .public_url = o->public_url,
                                     .cert = o->cert,
                                     .key = o->key,
                                     .body_max = ORDER_BODY_MAX,
                                     .bodies_max = BODIES_MAX,
                                     .routes = routes,
                                     .n_routes = sizeof(routes) / sizeof(routes[0]),
                                     .data = s };
    int rc = server_start(&s->server, &server, e);

    if (rc == 0 && pthread_create(&s->engine, NULL, run_engine, s) != 0)
        rc = err_set(e, ERR_NOMEM, "no thread can be made");
    s->started = rc == 0;
    return rc;
}

int serve_open(struct serve **out, const struct serve_options *o, struct err *e)
{
    struct vlm_options model = {
        .dtype = o->dtype, .prompt = o->prompt, .pictures = o->pictures, .events = o->events
    };
    struct serve *s = mem_new(1, sizeof(*s), e);
    int rc;

    *out = NULL;
    if (!s)
        return ERR_NOMEM;
    s->options = *o;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    name_model(s);
    rc = read_token(s, e);
    if (rc == 0)
        rc = vlm_open(&s->vlm, o->model, &model, e);
    if (rc == 0)
        rc = start(s, e);
    if (rc < 0)
        serve_close(s);
    else
        *out = s;
    return rc;
}

/* ---- serving ---- */

void serve_run(struct serve *s)
{
    const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
    double swept = clock_seconds();

    while (events_check(s->options.events, &(struct err){ 0 }) == 0) {
        nanosleep(&tick, NULL);
        if (clock_seconds() < swept + SWEEP_SECONDS)
            continue;
        server_sweep(s->server);
        drop_gone(s);
        swept = clock_seconds();
    }
}

/* Nothing new begins; what the engine is at is answered, what waits is refused. */
static void end(struct serve *s)
{
    struct line left;

    if (!s->started)
        return;
    server_refuse_all(s->server);
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    left = s->line;
    s->line.n = 0;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < left.n; i++)
        request_refuse(left.places[i].request, 503, "stopping", "the server is being stopped");
    pthread_join(s->engine, NULL);
    s->started = false;
}

void serve_close(struct serve *s)
{
    if (!s)
        return;
    end(s);
    server_stop(s->server); /* its handlers use all that follows */
    vlm_close(s->vlm);
    free(s->token);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}

const char *serve_address(const struct serve *s)
{
    return server_address(s->server);
}

const char *serve_model(const struct serve *s)
{
    return s->name;
}
