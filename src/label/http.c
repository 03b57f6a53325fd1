/* SPDX-License-Identifier: MIT
 *
 * http.c - a model that a server runs, asked by one of the protocols, many requests at once.
 *
 * Of each picture the first request goes alone and the others behind it, so that a server which
 * caches prefixes reads the picture once. How many requests are in flight is pace.h's matter; a
 * picture is begun where every question of those before it is on its way.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/internal.h"
#include "label/protocol.h"
#include "net/client.h"
#include "net/pace.h"

enum {
    SLOTS = 256,      /* requests that are in flight or wait to be sent again */
    SHOTS = 256,      /* pictures */
    TRIES = 6,        /* of a request, before its picture cannot be answered */
    HEADER_MAX = 4096 /* bytes of a key with its header */
};
#define LATER_SECONDS    5.0   /* where too much was repeated lately */
#define RETRY_AFTER_MOST 900.0 /* that a server is left alone where it asks for longer */
#define SAID_SECONDS     10.0  /* a pause that people are told of */
#define BEARER           "Authorization: Bearer "

struct shot { /* a picture that is asked about */
    uint64_t tag;
    const struct asked_list *asked; /* not when it was handed out */
    char *data_url;
    struct raw_answer *raw; /* [n], as many as are asked */
    size_t n;
    size_t n_begun, n_done, n_out;
    size_t n_failed; /* of those that are done */
    struct err why;  /* the first of them failed */
    struct arena arena;
};

struct slot {          /* a request */
    struct shot *shot; /* NULL: free */
    size_t first, n;   /* of its questions */
    unsigned tries;
    bool sent;
    double due; /* not before, where it is not sent */
    char *body;
};

struct http_labeler {
    const struct task *task;
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct events *events;
    char **urls; /* [annotator->server.n_urls] with the protocol's path */
    char *key;   /* "Authorization: Bearer .."; NULL: none */
    struct client *client;
    struct pace pace;
    struct shot *shots[SHOTS];
    size_t n_shots;
    struct shot *handed; /* what was collected last */
    struct slot slots[SLOTS];
    size_t n_used;
    bool answered; /* something, ever */
    struct label_usage usage;
};

/* ---- pictures ---- */

static void free_shot(struct shot *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->raw && i < s->n; i++)
        jv_free(s->raw[i].top);
    free(s->data_url);
    arena_release(&s->arena);
    free(s);
}

static int make_data_url(const struct label_picture *p, uint64_t pixels_max, char **out,
                         struct err *e)
{
    struct image_bytes bytes;
    struct buf b = BUF_INIT(128 << 20);
    int rc = image_to_send(p->image, p->bytes, p->len, pixels_max, &bytes, e);

    *out = NULL;
    if (rc < 0)
        return rc;
    buf_printf(&b, "data:%s;base64,", bytes.type);
    base64_encode(bytes.data, bytes.len, &b);
    rc = buf_end(&b, "a picture as text", e);
    if (rc == 0)
        *out = buf_take(&b);
    buf_release(&b);
    free(bytes.data);
    return rc == 0 && !*out ? err_set(e, ERR_NOMEM, "out of memory: a picture") : rc;
}

static bool is_done(const struct shot *s)
{
    return s->n_out == 0 && s->n_done == s->asked->n;
}

/* May its next question go: is it the first, or is the first done? */
static bool has_next(const struct shot *s)
{
    return s->n_begun < s->asked->n && (s->n_begun == 0 || s->n_done > 0);
}

/* ---- requests ---- */

static uint64_t mix(uint64_t x)
{
    return random_next(&x);
}

/* All questions of a picture go to one replica, which holds it then: the highest of the hashes of
 * picture and replica (rendezvous hashing: Thaler and Ravishankar 1998). */
static const char *url_of(const struct http_labeler *s, const struct shot *shot)
{
    size_t best = 0;
    uint64_t most = 0;

    for (size_t i = 0; i < s->annotator->server.n_urls; i++) {
        uint64_t hash = mix(shot->tag ^ mix(i + 1));

        if (i == 0 || hash > most) {
            most = hash;
            best = i;
        }
    }
    return s->urls[best];
}

static void free_slot(struct http_labeler *s, struct slot *slot)
{
    slot->shot->n_out--;
    free(slot->body);
    *slot = (struct slot){ 0 };
    s->n_used--;
}

static uint64_t tokens_of(const struct http_labeler *s)
{
    uint64_t said = s->annotator->server.max_tokens;

    return said ? said : s->protocol->tokens;
}

static int send_slot(struct http_labeler *s, struct slot *slot, double now, struct err *e)
{
    const struct annotator *a = s->annotator;
    const struct protocol_asking asking = { a->model, a->server.system, slot->shot->data_url,
                                            tokens_of(s) };
    const char *headers[] = { "Content-Type: application/json", s->key };
    struct client_request r = { .url = url_of(s, slot->shot),
                                .headers = headers,
                                .n_headers = s->key ? 2 : 1,
                                .tag = (uint64_t)(slot - s->slots) };
    int rc = s->protocol->body(&asking, &slot->shot->asked->items[slot->first], slot->n,
                               &slot->body, &r.len, e);

    r.body = slot->body;
    if (rc == 0)
        rc = client_send(s->client, &r, e);
    if (rc < 0)
        return rc;
    pace_sent(&s->pace, now, 0);
    slot->sent = true;
    slot->tries++;
    s->usage.requests++;
    return 0;
}

static struct slot *new_slot(struct http_labeler *s, struct shot *shot)
{
    size_t i = 0, left = shot->asked->n - shot->n_begun,
           n = left < s->protocol->most ? left : s->protocol->most;

    while (s->slots[i].shot)
        i++;
    s->slots[i] = (struct slot){ .shot = shot, .first = shot->n_begun, .n = n };
    shot->n_begun += n;
    shot->n_out++;
    s->n_used++;
    return &s->slots[i];
}

/* What is to be sent next: again, or for the first time; NULL: nothing now. */
static struct slot *next_to_send(struct http_labeler *s, double now)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (s->slots[i].shot && !s->slots[i].sent && s->slots[i].due <= now)
            return &s->slots[i];
    for (size_t i = 0; s->n_used < SLOTS && i < s->n_shots; i++)
        if (has_next(s->shots[i]))
            return new_slot(s, s->shots[i]);
    return NULL;
}

/* Until something was answered one request is enough: a wrong key, say, is said once. */
static bool is_proven(const struct http_labeler *s)
{
    return s->answered || client_in_flight(s->client) == 0;
}

static int send_what_may_go(struct http_labeler *s, struct err *e)
{
    double now = clock_seconds();
    struct slot *slot;
    int rc = 0;

    while (rc == 0 && is_proven(s) && pace_may_send(&s->pace, now, 0) <= 0 &&
           (slot = next_to_send(s, now)))
        rc = send_slot(s, slot, now, e);
    return rc;
}

static int submit(void *state, const struct label_picture *picture, const struct asked_list *asked,
                  uint64_t tag, struct err *e)
{
    struct http_labeler *s = state;
    struct shot *shot = mem_new(1, sizeof(*shot), e);
    int rc = shot ? 0 : ERR_NOMEM;

    if (rc == 0) {
        *shot = (struct shot){ .tag = tag, .asked = asked, .n = asked->n };
        shot->raw = arena_new(&shot->arena, asked->n, sizeof(*shot->raw), e);
        rc = shot->raw ? make_data_url(picture, s->annotator->server.max_pixels, &shot->data_url, e)
                       : ERR_NOMEM;
    }
    if (rc < 0) {
        free_shot(shot);
        return rc;
    }
    s->shots[s->n_shots++] = shot;
    return send_what_may_go(s, e);
}

static bool wants_more(const void *state)
{
    const struct http_labeler *s = state;

    if (s->n_shots == SHOTS || s->n_used == SLOTS || !s->answered)
        return false;
    for (size_t i = 0; i < s->n_shots; i++)
        if (has_next(s->shots[i]))
            return false;
    return s->pace.in_flight < s->pace.limit;
}

/* ---- answers ---- */

static const char *key_of(const struct http_labeler *s)
{
    return s->key ? s->key + strlen(BEARER) : NULL;
}

/* Some servers repeat the key that they were given. */
static void blank_out(char *text, const char *secret)
{
    for (char *at = text; secret && (at = strstr(at, secret)); at += strlen(secret))
        memset(at, '*', strlen(secret));
}

/* What a server says of a request that it refuses. */
static void server_says(const struct http_labeler *s, const struct client_answer *a, struct err *e)
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
    blank_out(said, key_of(s));
    err_got(e, "%.140s", said);
    jv_free(all);
}

static int refused(const struct http_labeler *s, const struct slot *slot,
                   const struct client_answer *a, const char *what, struct err *e)
{
    err_set(e, ERR_IO, "the server answers %u: %s", a->status, what);
    err_at(e, "%s", url_of(s, slot->shot));
    server_says(s, a, e);
    return ERR_IO;
}

/* The request's questions cannot be answered; the picture's others can. */
static void give_up(struct http_labeler *s, struct slot *slot, const struct err *why)
{
    struct shot *shot = slot->shot;
    char text[ERR_TEXT_MAX];

    err_line(why, text);
    for (size_t i = slot->first; i < slot->first + slot->n; i++)
        shot->raw[i] =
            (struct raw_answer){ .mass = NAN, .value = VALUE_ERROR, .top = jv_pack("s", text) };
    if (shot->n_failed == 0)
        shot->why = *why;
    shot->n_failed += slot->n;
    shot->n_done += slot->n;
    if (shot->n_failed == 1)
        events_say(s->events, EVENT_WARNING, "a question is left open: %s", text);
    free_slot(s, slot);
}

/* Once more, later; or not again. `overloaded` is no picture's fault: that is tried for as long as
 * the server is there. */
static int try_again(struct http_labeler *s, struct slot *slot, bool overloaded,
                     const struct err *why, struct err *e)
{
    double now = clock_seconds(), delay = pace_retry_seconds(&s->pace, now, slot->tries), since;

    if (pace_is_broken(&s->pace, now, &since)) {
        *e = *why;
        return err_hint(e,
                        "nothing was answered for %.0f s: is the server up? What was answered "
                        "before is kept, and annotate goes on where it stopped",
                        since);
    }
    free(slot->body);
    slot->body = NULL;
    slot->sent = false;
    slot->due = now + (delay >= 0 ? delay : LATER_SECONDS);
    if (!overloaded && (slot->tries >= TRIES || delay < 0))
        give_up(s, slot, why);
    return 0;
}

static int read_answer(struct http_labeler *s, struct slot *slot, const struct client_answer *a,
                       struct err *e)
{
    struct shot *shot = slot->shot;
    struct protocol_usage usage = { 0 };
    struct err why;
    int rc = s->protocol->read(&shot->asked->items[slot->first], slot->n, a->body, a->len,
                               &shot->arena, &shot->raw[slot->first], &usage, &why);

    pace_done(&s->pace, clock_seconds(),
              &(struct pace_answer){ rc == 0 ? PACE_OK : PACE_FAILED, a->seconds, NAN, 0,
                                     (double)(usage.prompt + usage.completion) });
    if (rc < 0)
        blank_out(why.got, key_of(s));
    s->usage.prompt += usage.prompt;
    s->usage.cached += usage.cached;
    s->usage.completion += usage.completion;
    if (rc == 0) {
        shot->n_done += slot->n;
        s->answered = true;
        free_slot(s, slot);
        return 0;
    }
    if (rc == ERR_NOMEM || (!s->answered && slot->tries > 1)) { /* it never was such an answer */
        *e = why;
        err_at(e, "%s", url_of(s, shot));
        return err_hint(e, "does the server speak this protocol? assent.yaml names it: %s",
                        s->protocol->name);
    }
    return try_again(s, slot, false, &why, e);
}

/* How a status is taken that is not 200. */
static int take_status(struct http_labeler *s, struct slot *slot, const struct client_answer *a,
                       struct err *e)
{
    bool overloaded = a->status == 429 || a->status == 503;
    bool passing = overloaded || a->status == 408 || a->status >= 500;
    double later = a->retry_after >= 0 ? fmin(a->retry_after, RETRY_AFTER_MOST) : (double)NAN;
    struct err why;

    pace_done(&s->pace, clock_seconds(),
              &(struct pace_answer){ overloaded ? PACE_OVERLOADED
                                     : passing  ? PACE_FAILED
                                                : PACE_OK,
                                     a->seconds, later, 0, 0 });
    if (overloaded && later > SAID_SECONDS)
        events_say(s->events, EVENT_WARNING, "the server answers %u and is left alone for %.0f s",
                   a->status, later);
    if (a->status == 401 || a->status == 403) {
        refused(s, slot, a, "the key is not accepted", e);
        return err_hint(e, s->key ? "is the variable of api_key_env the right one?"
                                  : "api_key_env in assent.yaml names the variable with the key");
    }
    if (a->status == 404) {
        refused(s, slot, a, "there is no such path, or no such model", e);
        return err_hint(e, "url ends in /v1, model is as its /v1/models has it, and protocol is %s",
                        s->protocol->name);
    }
    refused(s, slot, a,
            passing           ? "try again later"
            : a->status < 400 ? "a redirect, which is not followed: the key would go with it"
                              : "it does not take this request",
            &why);
    if (passing)
        return try_again(s, slot, overloaded, &why, e);
    if (!s->answered) { /* nothing ever was: it is not this picture */
        *e = why;
        return why.code;
    }
    give_up(s, slot, &why);
    return 0;
}

static int take(struct http_labeler *s, const struct client_answer *a, struct err *e)
{
    struct slot *slot = &s->slots[a->tag];

    if (a->status == 200)
        return read_answer(s, slot, a, e);
    if (a->status != 0)
        return take_status(s, slot, a, e);
    pace_done(&s->pace, clock_seconds(),
              &(struct pace_answer){ a->timed_out ? PACE_TIMED_OUT : PACE_FAILED, a->seconds, NAN,
                                     0, 0 });
    if (!s->answered && !a->connected) { /* a wrong name, a closed port, a certificate */
        *e = a->error;
        return err_hint(e, "is the server up, and url in assent.yaml its address?");
    }
    return try_again(s, slot, !a->connected, &a->error, e); /* it is gone: no picture's fault */
}

static bool hand_out(struct http_labeler *s, struct collected *out)
{
    for (size_t i = 0; i < s->n_shots; i++) {
        struct shot *shot = s->shots[i];

        if (!is_done(shot))
            continue;
        s->shots[i] = s->shots[--s->n_shots];
        s->handed = shot;
        *out = (struct collected){ shot->tag, shot->raw, { 0 } };
        if (shot->n_failed == shot->asked->n)
            out->error = shot->why;
        return true;
    }
    return false;
}

/* Until an answer can come, or something may be sent. */
static double how_long(struct http_labeler *s, double until)
{
    double now = clock_seconds(), wait = until - now;

    if (client_in_flight(s->client) == 0)
        wait = fmin(wait, fmax(0.001, pace_may_send(&s->pace, now, 0)));
    for (size_t i = 0; i < SLOTS; i++)
        if (s->slots[i].shot && !s->slots[i].sent)
            wait = fmin(wait, fmax(0.001, s->slots[i].due - now));
    return fmax(wait, 0);
}

static int collect(void *state, double seconds, struct collected *out, struct err *e)
{
    struct http_labeler *s = state;
    double until = clock_seconds() + seconds;
    int rc = 0;

    free_shot(s->handed);
    s->handed = NULL;
    while (rc == 0) {
        struct client_answer a;

        rc = send_what_may_go(s, e);
        if (rc < 0 || hand_out(s, out))
            return rc < 0 ? rc : 1;
        if (clock_seconds() >= until)
            return 0;
        rc = client_next(s->client, how_long(s, until), &a, e);
        if (rc == 1) {
            rc = take(s, &a, e);
            if (rc == 0 && wants_more(s))
                break; /* there is room for another picture */
        }
    }
    return rc < 0 ? rc : hand_out(s, out);
}

/* ---- opening ---- */

static int take_urls(struct http_labeler *s, struct err *e)
{
    const struct model_server *server = &s->annotator->server;

    s->urls = mem_new(server->n_urls, sizeof(*s->urls), e);
    for (size_t i = 0; s->urls && i < server->n_urls; i++) {
        size_t n = strlen(server->urls[i]);

        while (n > 0 && server->urls[i][n - 1] == '/')
            n--;
        if (asprintf(&s->urls[i], "%.*s%s", (int)n, server->urls[i], s->protocol->path) < 0) {
            s->urls[i] = NULL;
            return err_set(e, ERR_NOMEM, "out of memory: an address");
        }
    }
    return s->urls ? 0 : ERR_NOMEM;
}

static int take_key(struct http_labeler *s, struct err *e)
{
    const char *name = s->annotator->server.api_key_env, *key;

    if (!name)
        return 0;
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")]) {
        err_set(e, ERR_ARG, "api_key_env is no variable's name"); /* perhaps the key itself */
        return err_at(e, "assent.yaml:%u: %s", s->annotator->line, s->annotator->name);
    }
    key = getenv(name);
    if (!key || *key == '\0' || strlen(key) > HEADER_MAX || !text_is_printable(key)) {
        err_set(e, ERR_ARG, "the variable %s holds no key", name);
        err_hint(e, "api_key_env names the variable of the environment that has it");
        return err_at(e, "assent.yaml:%u: %s", s->annotator->line, s->annotator->name);
    }
    if (asprintf(&s->key, BEARER "%s", key) < 0) {
        s->key = NULL;
        return err_set(e, ERR_NOMEM, "out of memory: a key");
    }
    return 0;
}

static const struct protocol *const protocols[] = { &protocol_chat, &protocol_systemone,
                                                    &protocol_decisions };

/* The first where assent.yaml names none. */
static int find_protocol(struct http_labeler *s, struct err *e)
{
    const char *name = s->annotator->server.protocol;

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        if (!s->protocol && (!name || strcmp(name, protocols[i]->name) == 0))
            s->protocol = protocols[i];
    if (s->protocol == &protocol_systemone && s->annotator->server.system) {
        err_set(e, ERR_ARG, "systemone has no system message");
        err_hint(e, "what it would say belongs into the questions' texts");
        return err_at(e, "assent.yaml:%u: %s", s->annotator->line, s->annotator->name);
    }
    if (s->protocol)
        return 0;
    err_set(e, ERR_ARG, "no protocol is called '%s'", name);
    err_expected(e, "chat, systemone or decisions");
    return err_at(e, "assent.yaml:%u: %s", s->annotator->line, s->annotator->name);
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

static int check_annotator(const struct annotator *a, struct err *e)
{
    for (size_t i = 0; i < a->server.n_urls; i++)
        if (check_url(a, a->server.urls[i], e) < 0)
            return e->code;
    if (a->dtype || a->prompt) {
        err_set(e, ERR_ARG, "%s is the engine's here, and nothing to a server",
                a->dtype ? "dtype" : "prompt");
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (a->server.n_urls > 0 && a->model)
        return 0;
    err_set(e, ERR_ARG, "the annotator '%s' does not say which model of which server", a->name);
    err_expected(e, "url: http://127.0.0.1:8000/v1, and model: as the server calls it");
    return err_at(e, "assent.yaml:%u", a->line);
}

static void close_server(void *state)
{
    struct http_labeler *s = state;

    client_free(s->client);
    for (size_t i = 0; i < SLOTS; i++)
        free(s->slots[i].body);
    for (size_t i = 0; i < s->n_shots; i++)
        free_shot(s->shots[i]);
    free_shot(s->handed);
    for (size_t i = 0; s->urls && i < s->annotator->server.n_urls; i++)
        free(s->urls[i]);
    free(s->urls);
    free(s->key);
    free(s);
}

static int open_server(void **state, const struct task *t, const struct annotator *a,
                       const struct label_options *o, struct err *e)
{
    const struct client_options options = { .connections = SLOTS };
    unsigned fixed = a->server.concurrency < SLOTS ? (unsigned)a->server.concurrency : SLOTS;
    struct http_labeler *s = mem_new(1, sizeof(*s), e);
    int rc = s ? check_annotator(a, e) : ERR_NOMEM;

    if (!s)
        return rc;
    s->events = o->events;
    s->task = t;
    s->annotator = a;
    if (rc == 0)
        rc = find_protocol(s, e);
    if (rc == 0)
        rc = take_urls(s, e);
    if (rc == 0)
        rc = take_key(s, e);
    if (rc == 0)
        rc = client_new(&s->client, &options, e);
    pace_init(&s->pace,
              &(struct pace_limits){ fixed ? fixed : 1, fixed ? fixed : SLOTS, .seed = 1 },
              clock_seconds());
    if (rc < 0)
        close_server(s);
    else
        *state = s;
    return rc;
}

/* ---- what it is ---- */

static struct label_model model(const void *state)
{
    const struct http_labeler *s = state;
    bool leaves = false;

    for (size_t i = 0; i < s->annotator->server.n_urls; i++)
        leaves = leaves || !client_url_is_private(s->annotator->server.urls[i]);
    return (struct label_model){ .path = s->annotator->model,
                                 .family = "model of a server",
                                 .dtype = "as the server has it",
                                 .server = s->annotator->server.urls[0],
                                 .leaves = leaves };
}

static struct label_usage usage(const void *state)
{
    return ((const struct http_labeler *)state)->usage;
}

/* Where it runs is no part of it: replicas come and go. */
static struct json_t *settings(const void *state)
{
    const struct http_labeler *s = state;
    const struct annotator *a = s->annotator;

    return jv_pack("{s:s, s:s, s:s, s:s?, s:I, s:I}", "engine", "http", "model", a->model,
                   "protocol", s->protocol->name, "system", a->server.system, "max_pixels",
                   (long long)a->server.max_pixels, "max_tokens", (long long)tokens_of(s));
}

static char *no_file(const void *state, size_t i, struct err *e)
{
    (void)state;
    (void)i;
    (void)e;
    return NULL;
}

static int cost(void *state, const struct image *size, const struct asked_list *asked,
                struct label_cost *out, struct err *e)
{
    (void)state;
    (void)size;
    (void)asked;
    (void)e;
    *out = (struct label_cost){ 0 }; /* it is the server's */
    return 0;
}

const struct label_backend label_http = {
    .engine = "http",
    .wants_bytes = true,
    .open = open_server,
    .close = close_server,
    .model = model,
    .settings = settings,
    .file = no_file,
    .cost = cost,
    .usage = usage,
    .wants_more = wants_more,
    .submit = submit,
    .collect = collect,
};
