/* SPDX-License-Identifier: MIT */
#include "label/http/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/data_url.h"
#include "label/http/exchange.h"
#include "label/http/extra.h"

enum {
    SIDE = 224, /* pixels of a drawn picture: no model's least */
    LOOK_MS = 500
};

struct probe {
    struct annotator at[2]; /* by probe_from: the annotator with this one address */
    const char *urls[2];
    char *root;
    struct exchange *exchange[2];
    const struct events *events;
    char *pictures[PROBE_PICTURES];
    struct arena arena; /* the last answer's scores */
    struct label_usage used;
};

static const char *const yesno[] = { "no", "yes" };

const struct asked probe_question = {
    .form = ASKED_YESNO,
    .text = "Is the whole picture blue? Answer with only yes or no.",
    .options = yesno,
    .n_options = 2,
};

/* ---- opening ---- */

static int draw(const uint8_t colour[3], char **out, struct err *e)
{
    struct image image = { SIDE, SIDE, mem_new((size_t)SIDE * SIDE, 3, e) };
    int rc = image.rgb ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < (size_t)SIDE * SIDE; i++)
        memcpy(image.rgb + 3 * i, colour, 3);
    if (rc == 0)
        rc = data_url_make(&(struct label_picture){ &image, NULL, 0 }, 0, out, e);
    image_release(&image);
    return rc;
}

/* The url without slashes and /v1 at its end; free() it. NULL without memory. */
static char *root_of(const char *url)
{
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        n--;
    if (n > 3 && strncmp(url + n - 3, "/v1", 3) == 0)
        n -= 3;
    return strndup(url, n);
}

static int fill(struct probe *p, const struct annotator *a, size_t url, struct err *e)
{
    static const uint8_t colours[PROBE_PICTURES][3] = { { 20, 50, 220 }, { 250, 215, 30 } };
    int rc = 0;

    p->root = root_of(a->server.urls[url]);
    if (!p->root)
        return err_set(e, ERR_NOMEM, "out of memory: an address");
    p->urls[PROBE_URL] = a->server.urls[url];
    p->urls[PROBE_ROOT] = p->root;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        p->at[i] = *a;
        p->at[i].server.urls = &p->urls[i];
        p->at[i].server.n_urls = 1;
        rc = exchange_open(&p->exchange[i], &p->at[i],
                           &(struct exchange_options){ .connections = 1, .events = p->events }, e);
    }
    for (size_t i = 0; rc == 0 && i < PROBE_PICTURES; i++)
        rc = draw(colours[i], &p->pictures[i], e);
    return rc;
}

int probe_open(struct probe **out, const struct annotator *a, size_t url,
               const struct events *events, struct err *e)
{
    struct probe *p = mem_new(1, sizeof(*p), e);
    int rc = p ? 0 : ERR_NOMEM;

    *out = NULL;
    if (rc == 0) {
        p->events = events;
        rc = fill(p, a, url, e);
    }
    if (rc < 0)
        probe_close(p);
    else
        *out = p;
    return rc;
}

void probe_close(struct probe *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < 2; i++)
        exchange_close(p->exchange[i]);
    for (size_t i = 0; i < PROBE_PICTURES; i++)
        free(p->pictures[i]);
    arena_release(&p->arena);
    free(p->root);
    free(p);
}

const char *probe_picture(const struct probe *p, size_t i)
{
    return p->pictures[i];
}

/* ---- asking ---- */

static int wait_for(struct probe *p, enum probe_from from, const struct exchange_request *r,
                    struct client_answer *out, struct err *e)
{
    int rc = exchange_send(p->exchange[from], r, e);

    while (rc == 0) {
        rc = events_check(p->events, e);
        if (rc == 0)
            rc = exchange_next(p->exchange[from], LOOK_MS / 1e3, out, e);
    }
    return rc < 0 ? rc : 0;
}

int probe_get(struct probe *p, enum probe_from from, const char *path, struct client_answer *out,
              struct err *e)
{
    return wait_for(p, from, &(struct exchange_request){ .path = path }, out, e);
}

static enum probe_outcome outcome_of(unsigned status)
{
    switch (status) {
    case 404:
    case 405:
    case 501: return PROBE_NONE; /* 501: vLLM's, of a model that has no such head */
    case 0:
    case 408:
    case 429: return PROBE_FAILED;
    default: return status >= 500 ? PROBE_FAILED : PROBE_REFUSED;
    }
}

/* The members of `more` in place of the request's own. */
static int change_body(char **body, size_t *len, struct json_t *more, struct err *e)
{
    struct json_t *all = NULL, *value, *copy;
    void *iterator = NULL;
    const char *key;
    int rc = jv_parse(&all, *body, *len, e);

    while (rc == 0 && jv_member(more, &iterator, &key, &value)) {
        char *text = jv_print_exact(value);

        rc = text ? jv_parse(&copy, text, strlen(text), e) : ERR_NOMEM;
        if (rc == 0 && !jv_set(all, key, copy))
            rc = ERR_NOMEM;
        free(text);
    }
    free(*body);
    *body = rc == 0 ? jv_print_exact(all) : NULL;
    *len = *body ? strlen(*body) : 0;
    jv_free(all);
    return *body ? 0 : err_set(e, ERR_NOMEM, "out of memory: a request");
}

static void take_value(const struct raw_answer *raw, struct probe_answer *out)
{
    out->value = raw->value;
    out->mass = raw->mass;
    if (raw->score) {
        out->yes = raw->score[VALUE_YES];
        out->value = isnan(out->yes) ? VALUE_UNPARSEABLE : out->yes > 0.5 ? VALUE_YES : VALUE_NO;
    }
}

static void take(struct probe *p, const struct protocol *protocol,
                 const struct exchange_request *request, const struct client_answer *a,
                 struct probe_answer *out)
{
    struct raw_answer raw = { 0 };

    *out = (struct probe_answer){ outcome_of(a->status),
                                  a->status,
                                  NAN,
                                  NAN,
                                  VALUE_UNPARSEABLE,
                                  a->seconds,
                                  { 0 },
                                  a->body,
                                  a->len,
                                  { 0 } };
    if (a->status == 0) {
        out->why = a->error;
    } else if (a->status != 200) {
        exchange_refused(p->exchange[PROBE_URL], request, a, "it does not answer this", &out->why);
    } else {
        arena_release(&p->arena);
        if (protocol->read(&probe_question, 1, a->body, a->len, &p->arena, &raw, &out->usage,
                           &out->why) == 0) {
            out->why = (struct err){ 0 };
            out->outcome = PROBE_ANSWERED;
            take_value(&raw, out);
        } else {
            exchange_at(p->exchange[PROBE_URL], request, &out->why);
        }
        jv_free(raw.top);
    }
}

static void count(struct label_usage *used, unsigned times, const struct protocol_usage *said)
{
    used->requests += times;
    used->prompt += said->prompt;
    used->cached += said->cached;
    used->completion += said->completion;
}

int probe_ask(struct probe *p, const struct protocol *protocol, const char *data_url,
              struct json_t *more, struct probe_answer *out, struct err *e)
{
    const struct annotator *a = &p->at[PROBE_URL];
    struct json_t *extra = NULL;
    int rc = extra_read(a, protocol, &extra, e);
    const struct protocol_asking asking = { .model = a->model,
                                            .system = a->server.system,
                                            .data_url = data_url,
                                            .max_tokens = protocol_tokens(protocol, a),
                                            .extra = extra };
    struct exchange_request request = { .path = protocol->path };
    struct client_answer answer;
    char *body = NULL;

    if (rc == 0)
        rc = protocol->body(&asking, &probe_question, 1, &body, &request.len, e);
    if (rc == 0 && more)
        rc = change_body(&body, &request.len, more, e);
    request.body = body;
    if (rc == 0)
        rc = wait_for(p, PROBE_URL, &request, &answer, e);
    if (rc == 0) {
        take(p, protocol, &request, &answer, out);
        count(&p->used, answer.times, &out->usage);
    }
    jv_free(extra);
    jv_free(more);
    free(body);
    return rc;
}

/* ---- which protocol ---- */

/* Does it take the member for what it is? PROBE_ANSWERED: it passes over it. */
static int ask_with_a_number(struct probe *p, const struct protocol *protocol,
                             struct probe_answer *out, struct err *e)
{
    return probe_ask(p, protocol, p->pictures[PROBE_BLUE], jv_pack("{s:i}", protocol->picture, 1),
                     out, e);
}

/* With the picture. Who fails at so small a request (500) twice does not serve it: transformers
 * serve 5.23 does, of a model whose template it cannot use for decisions. */
static int ask_firmly(struct probe *p, const struct protocol *protocol, struct probe_answer *out,
                      struct err *e)
{
    const char *picture = p->pictures[PROBE_BLUE];
    int rc = probe_ask(p, protocol, picture, NULL, out, e);

    if (rc < 0 || out->status != 500)
        return rc;
    rc = probe_ask(p, protocol, picture, NULL, out, e);
    if (rc == 0 && out->status == 500)
        out->outcome = PROBE_REFUSED;
    return rc;
}

static bool is_about_the_key(const struct probe_answer *a)
{
    return a->status == 401 || a->status == 403;
}

/* said: of the other way. */
static void passed_over(struct probe_answer *out, const char *said)
{
    out->outcome = PROBE_BLIND;
    err_set(&out->why, ERR_FORMAT, "the server answers systemone, and passes over the picture");
    if (said[0] != '\0')
        err_got(&out->why, "%s", said);
}

int probe_systemone(struct probe *p, const struct protocol **protocol, struct probe_answer *out,
                    struct err *e)
{
    static const struct protocol *const ways[] = { &protocol_systemone,
                                                   &protocol_systemone_images };
    struct err why = { 0 }; /* the refusal that is not about the member's name, else the last */
    bool passed = false;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 2; i++) {
        *protocol = ways[i];
        rc = ask_with_a_number(p, ways[i], out, e);
        if (rc < 0 || out->outcome == PROBE_NONE || out->status == 0 || is_about_the_key(out))
            return rc;
        passed = passed || out->outcome == PROBE_ANSWERED;
        if (out->outcome == PROBE_ANSWERED)
            continue;
        rc = ask_firmly(p, ways[i], out, e);
        if (rc < 0 || out->outcome == PROBE_ANSWERED || out->outcome == PROBE_FAILED)
            return rc;
        if (why.code == 0 || strstr(why.got, ways[0]->picture))
            why = out->why;
    }
    if (rc == 0 && passed)
        passed_over(out, why.got);
    else if (rc == 0)
        out->why = why;
    return rc;
}

/* *out NULL: the server has no such endpoint. */
static int find_decisions(struct probe *p, bool others, const struct protocol **out,
                          struct probe_answer *answer, struct err *e)
{
    int rc = 0;

    *answer = (struct probe_answer){ .outcome = PROBE_NONE };
    if (!p->at[PROBE_URL].server.system) /* systemone has none */
        rc = probe_systemone(p, out, answer, e);
    if (rc == 0 && others && answer->outcome < PROBE_FAILED && !is_about_the_key(answer)) {
        *out = &protocol_decisions;
        rc = ask_firmly(p, *out, answer, e);
    }
    if (answer->outcome != PROBE_ANSWERED)
        *out = NULL;
    return rc;
}

static int cannot_tell(const struct annotator *a, const struct probe_answer *answer, struct err *e)
{
    *e = answer->why;
    if (is_about_the_key(answer))
        return err_hint(e, a->server.api_key_env
                               ? "is the variable of api_key_env the right one?"
                               : "api_key_env in assent.yaml names the variable with the key");
    if (e->hint[0] != '\0')
        return e->code;
    return err_hint(e, "which protocol the server speaks cannot be told now: try again, or name it "
                       "in assent.yaml (assent server check says what answers)");
}

/* What a name means where no decision endpoint answers. */
static int without_decisions(const char *name, const struct probe_answer *answer,
                             const struct protocol **out, struct err *e)
{
    if (strcmp(name, "auto") == 0) {
        *out = &protocol_chat;
        return 0;
    }
    if (strcmp(name, "systemone") == 0 && answer->outcome != PROBE_BLIND) {
        *out = &protocol_systemone; /* the first request says what is wrong */
        return 0;
    }
    *e = answer->why;
    return err_hint(e,
                    "neither way to give a picture is read at /systemone%s; protocol: chat may "
                    "answer (assent server check)",
                    strcmp(name, "decide") == 0 ? ", and /decisions does not answer" : "");
}

int probe_protocol(const struct annotator *a, const struct events *events,
                   const struct protocol **out, struct label_usage *used, struct err *e)
{
    struct probe_answer answer = { .outcome = PROBE_FAILED };
    const char *name = a->server.protocol;
    int rc = 0;

    for (size_t i = 0; rc == 0 && answer.outcome == PROBE_FAILED && i < a->server.n_urls; i++) {
        struct probe *p;

        *out = NULL;
        rc = probe_open(&p, a, i, events, e);
        if (rc == 0)
            rc = find_decisions(p, strcmp(name, "systemone") != 0, out, &answer, e);
        if (p)
            label_usage_add(used, &p->used);
        probe_close(p);
    }
    if (rc < 0 || *out)
        return rc;
    if (answer.outcome == PROBE_FAILED || is_about_the_key(&answer))
        return cannot_tell(a, &answer, e);
    return without_decisions(name, &answer, out, e);
}
