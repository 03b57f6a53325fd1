/* SPDX-License-Identifier: MIT */
#include "label/http/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "label/http/recording.h"

enum {
    HEADER_MAX = 4096,   /* bytes of a key with its header */
    SECRET_LEAST = 8,    /* of a key; shorter ones, as "EMPTY", are words that answers may have */
    FLIGHT_MAX = 1 << 16 /* requests */
};
#define BEARER "Authorization: Bearer "

struct waiting { /* a request whose answer is in a recording */
    uint64_t tag;
    size_t which; /* MISSING: it has none */
};
#define MISSING SIZE_MAX

struct exchange {
    const struct annotator *annotator;
    char *key;                       /* "Authorization: Bearer .."; NULL: none */
    char *headers[TASK_HEADERS_MAX]; /* assent.yaml's, "Name: value" */
    struct client *client;           /* NULL: a replay */
    struct recorder *recorder;
    struct recording *recording;
    struct exchange_request *sent; /* those whose answers will be kept */
    size_t n_sent, sent_cap;
    struct waiting *waiting; /* from first on, in a replay */
    size_t first, n_waiting, waiting_cap;
    struct err missing; /* of the first that has no answer; code 0: all have */
};

/* ---- sending ---- */

/* free() it. NULL without memory. */
static char *address(const struct exchange *x, const struct exchange_request *r)
{
    static const char version[] = "/v1";
    const char *url = x->annotator->server.urls[r->replica];
    size_t n = strlen(url);
    char *all;

    while (n > 0 && url[n - 1] == '/')
        n--;
    if (r->at_root && n > strlen(version) &&
        strncmp(url + n - strlen(version), version, strlen(version)) == 0)
        n -= strlen(version);
    return asprintf(&all, "%.*s%s", (int)n, url, r->path) < 0 ? NULL : all;
}

static int send_to_server(struct exchange *x, const struct exchange_request *r, struct err *e)
{
    const struct server_headers *more = &x->annotator->server.headers;
    const char *headers[TASK_HEADERS_MAX + 2] = { "Content-Type: application/json" };
    size_t n = 1;
    char *url = address(x, r);
    struct client_request request = { .url = url,
                                      .headers = headers,
                                      .body = r->body,
                                      .len = r->len,
                                      .seconds = (double)x->annotator->server.timeout,
                                      .once = r->once,
                                      .tag = r->tag };
    int rc;

    if (x->key)
        headers[n++] = x->key;
    for (size_t i = 0; i < more->n; i++)
        headers[n++] = x->headers[i];
    request.n_headers = n;
    rc = url ? client_send(x->client, &request, e)
             : err_set(e, ERR_NOMEM, "out of memory: an address");
    free(url);
    return rc == ERR_ARG ? err_at(e, "assent.yaml:%u: %s", x->annotator->line, x->annotator->name)
                         : rc;
}

/* The character that a text has at *at, which is then behind it; JSON may write it in other ways:
 * \/, \u002f. */
static char next_char(const char **at)
{
    const char *s = *at;
    char digits[5] = "", *end;
    unsigned long code;

    *at = s + 1;
    if (s[0] != '\\' || s[1] == '\0')
        return s[0];
    *at = s + 2;
    if (s[1] != 'u')
        return s[1];
    strncpy(digits, s + 2, 4);
    code = strtoul(digits, &end, 16);
    if (end == digits + 4)
        *at = s + 6;
    return end == digits + 4 && code < 0x80 ? (char)code : 'u';
}

/* How many bytes of the text are the secret, written in whichever way; 0: none. */
static size_t secret_at(const char *text, const char *secret)
{
    const char *plain = text;

    if (strncmp(text, secret, strlen(secret)) == 0)
        return strlen(secret);
    for (; *secret != '\0'; secret++)
        if (*plain == '\0' || next_char(&plain) != *secret)
            return 0;
    return (size_t)(plain - text);
}

/* A secret, wherever a server repeats it: nothing behind this sees it. */
static void blank_one(const char *secret, struct client_answer *a)
{
    for (char *at = a->body; strlen(secret) >= SECRET_LEAST && at < a->body + a->len;) {
        size_t n = secret_at(at, secret);

        memset(at, '*', n);
        at += n > 0 ? n : 1;
    }
    if (strlen(secret) >= SECRET_LEAST && strstr(a->request_id, secret))
        a->request_id = "";
}

static void blank(const struct exchange *x, struct client_answer *a)
{
    const struct server_headers *more = &x->annotator->server.headers;

    if (x->key)
        blank_one(x->key + strlen(BEARER), a);
    for (size_t i = 0; i < more->n; i++)
        if (more->items[i].env)
            blank_one(strchr(x->headers[i], ':') + 2, a);
}

/* ---- a recording in the server's place ---- */

static struct recorded_request as_recorded(const struct exchange_request *r)
{
    return (struct recorded_request){ r->path, r->body ? r->body : "", r->body ? r->len : 0 };
}

/* A request that is not there is an error in its turn, when those before it are answered. */
static int find_answer(struct exchange *x, const struct recorded_request *q, size_t *which,
                       struct err *e)
{
    int rc = 0;

    *which = MISSING;
    if (x->missing.code == 0)
        rc = recording_find(x->recording, q, x->annotator->model, which, &x->missing);
    if (rc == 0 || rc == ERR_FORMAT)
        return 0;
    *e = x->missing;
    return rc;
}

static int replay(struct exchange *x, const struct exchange_request *r, struct err *e)
{
    const struct recorded_request q = as_recorded(r);
    size_t which;
    int rc = find_answer(x, &q, &which, e);

    if (rc == 0 && x->first > 0 && x->n_waiting == x->waiting_cap) {
        x->n_waiting -= x->first;
        memmove(x->waiting, x->waiting + x->first, x->n_waiting * sizeof(*x->waiting));
        x->first = 0;
    }
    if (rc == 0)
        rc = mem_grow(&x->waiting, &x->waiting_cap, x->n_waiting + 1, sizeof(*x->waiting),
                      FLIGHT_MAX, e);
    if (rc == 0)
        x->waiting[x->n_waiting++] = (struct waiting){ r->tag, which };
    return rc;
}

static int next_replayed(struct exchange *x, struct client_answer *out, struct err *e)
{
    const struct waiting *w = &x->waiting[x->first];
    int rc;

    if (x->first == x->n_waiting)
        return 0;
    *out = (struct client_answer){ .tag = w->tag };
    if (w->which == MISSING) {
        *e = x->missing;
        return e->code;
    }
    rc = recording_read(x->recording, w->which, out, e);
    out->tag = w->tag;
    if (rc < 0)
        return rc;
    if (++x->first == x->n_waiting)
        x->first = x->n_waiting = 0;
    return 1;
}

/* ---- a recording made ---- */

static int note_sent(struct exchange *x, const struct exchange_request *r, struct err *e)
{
    int rc = mem_grow(&x->sent, &x->sent_cap, x->n_sent + 1, sizeof(*x->sent), FLIGHT_MAX, e);

    if (rc == 0)
        x->sent[x->n_sent++] = *r;
    return rc;
}

static struct exchange_request take_sent(struct exchange *x, uint64_t tag)
{
    struct exchange_request r;
    size_t i = 0;

    while (x->sent[i].tag != tag)
        i++;
    r = x->sent[i];
    x->sent[i] = x->sent[--x->n_sent];
    return r;
}

/* What is behind "data:image/png;base64,". */
static const char *data_of(const char *data_url)
{
    return strchr(data_url, ',') + 1;
}

/* The text with the stand-in wherever the picture's data is. */
static void without_picture(const char *text, size_t len, const struct exchange_picture *p,
                            struct buf *out)
{
    const char *at = text, *end = text + len, *found;
    const char *data = p->data_url ? data_of(p->data_url) : "";
    size_t n = strlen(data);

    while (n > 0 && (found = memmem(at, (size_t)(end - at), data, n))) {
        buf_add(out, at, (size_t)(found - at));
        buf_puts(out, data_of(p->stand_in));
        at = found + n;
    }
    buf_add(out, at, (size_t)(end - at));
}

static void without_pictures(const struct exchange_request *r, struct buf *out)
{
    const struct exchange_picture own = { r->data_url, r->stand_in };

    without_picture(r->body ? r->body : "", r->body ? r->len : 0, &own, out);
    for (size_t i = 0; i < r->n_others; i++) {
        struct buf before = *out;

        *out = BUF_INIT(before.max);
        if (before.failed)
            out->failed = before.failed;
        else
            without_picture(before.text ? before.text : "", before.len, &r->others[i], out);
        buf_release(&before);
    }
}

static int keep(struct exchange *x, const struct client_answer *a, struct err *e)
{
    const struct exchange_request r = take_sent(x, a->tag);
    struct buf body = BUF_INIT(SIZE_MAX);
    int rc;

    without_pictures(&r, &body);
    rc = buf_end(&body, "a request", e);
    if (rc == 0)
        rc = recorder_add(
            x->recorder, &(struct recorded_request){ r.path, body.text ? body.text : "", body.len },
            a, e);
    buf_release(&body);
    return rc;
}

/* ---- both ---- */

bool exchange_keeps(const struct exchange *x)
{
    return x->recorder || x->recording;
}

bool exchange_is_replay(const struct exchange *x)
{
    return x->recording;
}

bool exchange_has_more(const struct exchange *x, const struct exchange_request *r)
{
    const struct recorded_request q = as_recorded(r);

    return recording_has_more(x->recording, &q);
}

int exchange_send(struct exchange *x, const struct exchange_request *r, struct err *e)
{
    int rc;

    if (x->recording)
        return replay(x, r, e);
    rc = send_to_server(x, r, e);
    return rc == 0 && x->recorder ? note_sent(x, r, e) : rc;
}

int exchange_next(struct exchange *x, double seconds, struct client_answer *out, struct err *e)
{
    int rc;

    if (x->recording)
        return next_replayed(x, out, e);
    rc = client_next(x->client, seconds, out, e);
    if (rc == 1)
        blank(x, out);
    if (rc == 1 && x->recorder && keep(x, out, e) < 0)
        return e->code;
    return rc;
}

size_t exchange_in_flight(const struct exchange *x)
{
    return x->recording ? x->n_waiting - x->first : client_in_flight(x->client);
}

/* ---- what comes back ---- */

void exchange_at(const struct exchange *x, const struct exchange_request *r, struct err *e)
{
    char *url = address(x, r);

    err_at(e, "%s", url ? url : r->path);
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

void exchange_add_id(const struct client_answer *a, struct err *e)
{
    struct err before = *e;

    if (a->request_id[0] == '\0')
        return;
    e->got[0] = '\0'; /* a part is said once */
    err_got(e, "%.90s%s(request %.50s)", before.got, before.got[0] != '\0' ? " " : "",
            a->request_id);
}

int exchange_refused(const struct exchange *x, const struct exchange_request *r,
                     const struct client_answer *a, const char *what, struct err *e)
{
    err_set(e, ERR_IO, "the server answers %u: %s", a->status, what);
    exchange_at(x, r, e);
    server_says(a, e);
    exchange_add_id(a, e);
    return ERR_IO;
}

/* ---- opening ---- */

/* What a variable of the environment holds for a header. `key` is what names the variable. */
static int secret_of(const struct annotator *a, const char *key, const char *name,
                     const char **value, struct err *e)
{
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")]) {
        err_set(e, ERR_ARG, "%s is no variable's name", key); /* perhaps the key itself */
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    *value = getenv(name);
    if (*value && **value != '\0' && strlen(*value) <= HEADER_MAX && text_is_printable(*value))
        return 0;
    err_set(e, ERR_ARG, "the variable %s holds no key", name);
    err_hint(e, "%s names the variable of the environment that has it", key);
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

static int take_key(struct exchange *x, struct err *e)
{
    const char *name = x->annotator->server.api_key_env, *key = NULL;
    int rc = name ? secret_of(x->annotator, "api_key_env", name, &key, e) : 0;

    if (rc < 0 || !name)
        return rc;
    if (asprintf(&x->key, BEARER "%s", key) < 0) {
        x->key = NULL;
        return err_set(e, ERR_NOMEM, "out of memory: a key");
    }
    return 0;
}

static int take_headers(struct exchange *x, struct err *e)
{
    const struct server_headers *more = &x->annotator->server.headers;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < more->n; i++) {
        const struct server_header *h = &more->items[i];
        const char *value = h->value;

        if (h->env)
            rc = secret_of(x->annotator, "env", h->env, &value, e);
        if (rc == 0 && asprintf(&x->headers[i], "%s: %s", h->name, value) < 0) {
            x->headers[i] = NULL;
            rc = err_set(e, ERR_NOMEM, "out of memory: a header");
        }
    }
    return rc;
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

/* What answers: the server, with or without a recording made, or a recording. */
static int open_answerer(struct exchange *x, const struct exchange_options *o, struct err *e)
{
    /* libcurl itself does not look there, as curl's program and OpenSSL do */
    const char *trusted = getenv("SSL_CERT_FILE");
    const struct client_options options = { .connections = o->connections,
                                            .ca_file = trusted && *trusted ? trusted : NULL };
    int rc;

    if (o->replay)
        return recording_open(&x->recording, o->replay, o->events, e);
    rc = take_key(x, e);
    if (rc == 0)
        rc = take_headers(x, e);
    if (rc == 0 && o->record)
        rc = recorder_open(&x->recorder, o->record, o->events, e);
    return rc < 0 ? rc : client_new(&x->client, &options, e);
}

int exchange_open(struct exchange **out, const struct annotator *a,
                  const struct exchange_options *o, struct err *e)
{
    struct exchange *x = mem_new(1, sizeof(*x), e);
    int rc = x ? 0 : ERR_NOMEM;

    *out = NULL;
    for (size_t i = 0; rc == 0 && i < a->server.n_urls; i++)
        rc = check_url(a, a->server.urls[i], e);
    if (!x)
        return rc;
    x->annotator = a;
    if (rc == 0)
        rc = open_answerer(x, o, e);
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
    recorder_close(x->recorder);
    recording_close(x->recording);
    free(x->sent);
    free(x->waiting);
    free(x->key);
    for (size_t i = 0; i < TASK_HEADERS_MAX; i++)
        free(x->headers[i]);
    free(x);
}
