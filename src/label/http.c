/* SPDX-License-Identifier: MIT
 *
 * http.c - a model that a server runs, asked by one of the protocols, many requests at once.
 */
#include <stdlib.h>
#include <string.h>

#include "label/http/probe.h"
#include "label/http/protocol.h"
#include "label/http/requests.h"
#include "label/internal.h"
#include "net/client.h"

struct server_model {
    const struct annotator *annotator;
    const struct protocol *protocol;
    const struct events *events;
    struct asking *asking;
    struct requests *requests;
    const char *replay; /* a recording that answers in the server's place; NULL */
    const char *outside[TASK_URLS_MAX];
    size_t n_outside;
    bool asked;                /* the server, how systemone gives it a picture */
    struct label_usage looked; /* what finding that out took */
};

/* ---- opening ---- */

/* How chat carries questions. Of what is not said the first that fits is meant. */
static const struct chat_mode {
    const char *mode, *probabilities;
    const struct protocol *protocol;
} chat_modes[] = { { "each", "likeliest", &protocol_chat },
                   { "each", "exact", &protocol_exact },
                   { "together", "none", &protocol_together } };
enum { CHAT_MODES = sizeof(chat_modes) / sizeof(chat_modes[0]) };

static bool fits(const char *said, const char *is)
{
    return !said || strcmp(said, is) == 0;
}

static int find_mode(struct server_model *s, struct err *e)
{
    const struct annotator *a = s->annotator;
    const char *mode = a->server.mode, *probabilities = a->server.probabilities;

    if (!mode && !probabilities)
        return 0;
    for (size_t i = 0; s->protocol == &protocol_chat && i < CHAT_MODES; i++)
        if (fits(mode, chat_modes[i].mode) && fits(probabilities, chat_modes[i].probabilities)) {
            s->protocol = chat_modes[i].protocol;
            return 0;
        }
    if (s->protocol != &protocol_chat)
        err_set(e, ERR_ARG, "mode and probabilities are chat's, and nothing to %s",
                s->protocol->name);
    else
        err_set(e, ERR_ARG, "chat has no mode '%s' with probabilities '%s'", mode ? mode : "each",
                probabilities ? probabilities : "likeliest");
    err_expected(e, "mode: each, with probabilities: likeliest or exact, or mode: together");
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

/* NULL: the server has to be asked for it. */
static int find_protocol(struct server_model *s, struct err *e)
{
    const struct annotator *a = s->annotator;

    if (protocol_is_open(a->server.protocol))
        return 0;
    s->protocol = protocol_named(a->server.protocol);
    if (s->protocol == &protocol_systemone && a->server.system) {
        err_set(e, ERR_ARG, "systemone has no system message");
        err_hint(e, "what it would say belongs into the questions' texts");
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (s->protocol)
        return find_mode(s, e);
    err_set(e, ERR_ARG, "no protocol is called '%s'", a->server.protocol);
    err_expected(e, "auto, decide, chat, systemone or decisions");
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

static int check_annotator(const struct annotator *a, struct err *e)
{
    const char *own = a->dtype                 ? "dtype"
                      : a->prompt              ? "prompt"
                      : a->pictures.min_pixels ? "min_pixels"
                      : a->pictures.tiles      ? "tiles"
                                               : NULL;

    if (own) {
        err_set(e, ERR_ARG, "%s is the engine's here, and nothing to a server", own);
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (a->server.n_urls > 0 && a->model)
        return 0;
    err_set(e, ERR_ARG, "the annotator '%s' does not say which model of which server", a->name);
    err_expected(e, "url: http://127.0.0.1:8000/v1, and model: as the server calls it");
    return err_at(e, "assent.yaml:%u", a->line);
}

int http_check(const struct annotator *a, struct err *e)
{
    struct server_model s = { .annotator = a };
    int rc = check_annotator(a, e);

    return rc < 0 ? rc : find_protocol(&s, e);
}

/* The server is asked, before anybody wants to know what the model is. */
static int ask_for_protocol(struct server_model *s, struct err *e)
{
    int rc;

    if (s->replay) {
        err_set(e, ERR_ARG, "a recording cannot be asked what its server spoke");
        err_hint(e, "name it: protocol: chat, systemone or decisions");
        return err_at(e, "assent.yaml:%u: %s", s->annotator->line, s->annotator->name);
    }
    rc = probe_protocol(s->annotator, s->events, &s->protocol, &s->looked, e);
    s->asked = true;
    if (rc == 0)
        rc = find_mode(s, e);
    if (rc == 0)
        events_say(s->events, EVENT_NOTE, "%s: protocol: %s is %s here", s->annotator->name,
                   s->annotator->server.protocol, s->protocol->name);
    return rc;
}

static void find_outside(struct server_model *s)
{
    const struct model_server *server = &s->annotator->server;

    for (size_t i = 0; !s->replay && i < server->n_urls; i++)
        if (!client_url_is_private(server->urls[i]))
            s->outside[s->n_outside++] = server->urls[i];
}

static void close_server(void *state)
{
    struct server_model *s = state;

    requests_close(s->requests);
    asking_close(s->asking);
    free(s);
}

static int open_server(void **state, const struct task *t, const struct annotator *a,
                       const struct label_options *o, struct err *e)
{
    struct server_model *s = mem_new(1, sizeof(*s), e);
    int rc = s ? check_annotator(a, e) : ERR_NOMEM;

    if (!s)
        return rc;
    s->annotator = a;
    s->replay = o->replay;
    s->events = o->events;
    if (rc == 0)
        rc = find_protocol(s, e);
    if (rc == 0 && !s->protocol)
        rc = ask_for_protocol(s, e);
    if (rc == 0)
        rc = asking_open(&s->asking, a, s->protocol, t, o, e);
    if (rc == 0)
        rc = requests_open(&s->requests, a, s->protocol, s->asking, t, o, e);
    if (rc == 0)
        requests_speak(s->requests, s->protocol, &s->looked);
    find_outside(s);
    if (rc < 0)
        close_server(s);
    else
        *state = s;
    return rc;
}

/* ---- asking ---- */

static bool wants_more(const void *state)
{
    return requests_wants_more(((const struct server_model *)state)->requests);
}

static enum label_limit limit(const void *state, const struct asked_list *asked)
{
    return requests_limit(((const struct server_model *)state)->requests, asked);
}

/* How the server reads a picture, before the first goes out. */
static int find_way(struct server_model *s, struct err *e)
{
    int rc = 0;

    if (!s->asked && !s->replay && s->protocol == &protocol_systemone) {
        rc = probe_protocol(s->annotator, s->events, &s->protocol, &s->looked, e);
        if (rc == 0)
            requests_speak(s->requests, s->protocol, &s->looked);
    }
    s->asked = rc == 0;
    return rc;
}

static int submit(void *state, const struct label_picture *picture, const struct asked_list *asked,
                  uint64_t tag, struct err *e)
{
    struct server_model *s = state;
    int rc = find_way(s, e);

    return rc < 0 ? rc : requests_submit(s->requests, picture, asked, tag, e);
}

static int collect(void *state, double seconds, struct collected *out, struct err *e)
{
    return requests_collect(((struct server_model *)state)->requests, seconds, out, e);
}

/* ---- what it is ---- */

static struct label_model model(const void *state)
{
    const struct server_model *s = state;

    return (struct label_model){ .path = s->annotator->model,
                                 .family = "model of a server",
                                 .dtype = "as the server has it",
                                 .server = s->replay ? s->replay : s->annotator->server.urls[0],
                                 .outside = s->outside,
                                 .n_outside = s->n_outside,
                                 .together = s->protocol->most > 1 };
}

static struct label_usage usage(const void *state)
{
    return requests_usage(((const struct server_model *)state)->requests);
}

/* Of headers the names: a value may be secret. */
static struct json_t *header_names(const struct server_headers *headers)
{
    struct json_t *names = jv_array();

    for (size_t i = 0; i < headers->n; i++)
        jv_append(names, jv_pack("s", headers->items[i].name));
    return names;
}

/* What every request carries besides. */
static void add_besides(struct json_t *all, const struct model_server *server)
{
    struct json_t *extra = NULL;
    struct err ignored;

    if (server->extra && jv_parse(&extra, server->extra, strlen(server->extra), &ignored) == 0)
        jv_set(all, "extra", extra);
    if (server->headers.n > 0)
        jv_set(all, "headers", header_names(&server->headers));
}

/* Where it runs is no part of it: replicas come and go. */
static struct json_t *settings(const void *state)
{
    const struct server_model *s = state;
    const struct annotator *a = s->annotator;
    struct json_t *way = asking_settings(s->asking),
                  *all = jv_pack("{s:s, s:s, s:s, s:s?, s:I, s:I}", "engine", "http", "model",
                                 a->model, "protocol", s->protocol->name, "system",
                                 a->server.system, "max_pixels", (long long)a->pictures.max_pixels,
                                 "max_tokens", (long long)asking_tokens(s->asking));

    for (size_t i = 1; i < CHAT_MODES; i++) /* the first is what chat is */
        if (s->protocol == chat_modes[i].protocol) {
            jv_set(all, "mode", jv_pack("s", chat_modes[i].mode));
            jv_set(all, "probabilities", jv_pack("s", chat_modes[i].probabilities));
        }
    jv_set(all, "mass", jv_pack("s", s->protocol->mass));
    add_besides(all, &a->server);
    if (way && !jv_set(all, "way", way)) {
        jv_free(all);
        return NULL;
    }
    return all;
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
    .can_be_recorded = true,
    .open = open_server,
    .close = close_server,
    .model = model,
    .settings = settings,
    .file = no_file,
    .cost = cost,
    .usage = usage,
    .wants_more = wants_more,
    .limit = limit,
    .submit = submit,
    .collect = collect,
};
