/* SPDX-License-Identifier: MIT */
#include "label/http/look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/data_url.h"
#include "label/http/probe.h"
#include "label/internal.h"

enum { MODELS_MAX = 1000, KEPT_MAX = 200 /* bytes of what a server says of itself */ };
#define DRIFTS   4.0  /* pictures make at least so much more of a difference than asking again */
#define NO_DRIFT 1e-6 /* of numbers that went through a text */

struct looking {
    struct probe *probe;
    const struct annotator *annotator;
    const struct look_options *options;
    struct look_server *out;
    struct arena *arena;
};

/* ---- which program it is ---- */

/* How each tells: owned_by of its models, or a path behind its root that only it has. */
static const struct kind {
    const char *name, *owned_by;
    const char *path, *member; /* NULL: none; a version stands in the member */
    unsigned status;           /* that the path answers */
    const char *cached_by;
} kinds[] = {
    { "assent serve", "assent", NULL, NULL, 0, NULL },
    { "vLLM", "vllm", "/version", "version", 200, "--enable-prompt-tokens-details" },
    { "SGLang", "sglang", "/server_info", "version", 200, "--enable-cache-report" },
    { "SGLang", "sglang", "/get_server_info", "version", 200, "--enable-cache-report" },
    { "llama.cpp", "llamacpp", "/props", "build_info", 200, NULL },
    { "Ollama", "library", "/api/version", "version", 200, NULL },
    { "transformers serve", NULL, "/load_model", NULL, 405, NULL }, /* it is for POST */
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* NULL for NULL, and where memory is short, which the next that needs some says. */
static const char *keep(struct arena *arena, const char *text)
{
    char kept[KEPT_MAX];
    struct err ignored;

    if (!text || *text == '\0')
        return NULL;
    if (snprintf(kept, sizeof(kept), "%s", text) >= KEPT_MAX)
        text_ellipsis(kept, sizeof(kept));
    text_printable(kept);
    return arena_text(arena, kept, strlen(kept), &ignored);
}

/* 1: it is of this kind. */
static int is_kind(struct looking *l, const struct kind *k, struct err *e)
{
    struct client_answer a;
    struct json_t *all = NULL;
    struct err ignored;
    const char *version = NULL;
    int rc = probe_get(l->probe, PROBE_ROOT, k->path, &a, e);

    if (rc < 0 || a.status != k->status)
        return rc;
    if (k->member && jv_parse(&all, a.body, a.len, &ignored) == 0)
        version = jv_text(jv_get(all, k->member));
    l->out->version = keep(l->arena, version);
    jv_free(all);
    return !k->member || version;
}

static int find_kind(struct looking *l, const char *owned_by, struct err *e)
{
    bool known = false;
    int rc = 0;

    for (size_t i = 0; i < KINDS; i++)
        known = known || (owned_by && text_equal(kinds[i].owned_by, owned_by));
    for (size_t i = 0; rc == 0 && i < KINDS; i++) {
        const struct kind *k = &kinds[i];
        bool named = known && text_equal(k->owned_by, owned_by);

        if (known && !named)
            continue;
        if (k->path)
            rc = is_kind(l, k, e);
        if (rc < 0 || (rc == 0 && !named))
            continue;
        l->out->kind = k->name;
        l->out->cached_by = k->cached_by;
    }
    return rc < 0 ? rc : 0;
}

/* ---- its models ---- */

/* The name that is most like it, or holds it, or stands in it. */
static const char *nearest_of(const char *name, const char *const *models, size_t n)
{
    const char *near = text_nearest(name, models, n);

    for (size_t i = 0; !near && i < n; i++)
        if (strcasestr(models[i], name) || strcasestr(name, models[i]))
            near = models[i];
    return near;
}

static int list_models(struct looking *l, const struct json_t *data, struct err *e)
{
    size_t n = jv_length(data) < MODELS_MAX ? jv_length(data) : MODELS_MAX;
    const char **models = arena_new(l->arena, n, sizeof(*models), e);
    struct look_server *s = l->out;

    if (!models)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = jv_text(jv_get(jv_at(data, i), "id"));

        if (!id)
            continue;
        s->has_model = s->has_model || strcmp(id, l->annotator->model) == 0;
        models[s->n_models] = keep(l->arena, id);
        if (!models[s->n_models])
            return err_set(e, ERR_NOMEM, "out of memory: a server's models");
        s->n_models++;
    }
    s->lists = true;
    s->models = models;
    if (!s->has_model)
        s->nearest = nearest_of(l->annotator->model, models, s->n_models);
    return 0;
}

static void trouble(struct looking *l, const struct err *why)
{
    char text[ERR_TEXT_MAX];
    struct err line = *why;

    line.hint[0] = '\0';
    err_line(&line, text);
    l->out->problem = arena_text(l->arena, text, strlen(text), &line);
    l->out->hint = keep(l->arena, why->hint);
}

/* The list that an answer is; NULL: it is none. jv_free(*all). */
static const struct json_t *list_of(const struct client_answer *a, struct json_t **all)
{
    struct err ignored;

    *all = NULL;
    if (a->status != 200 || jv_parse(all, a->body, a->len, &ignored) < 0)
        return NULL;
    return jv_is_array(jv_get(*all, "data")) ? jv_get(*all, "data") : NULL;
}

/* Does what the url says lead to the server's models with /v1 behind it? */
static int lacks_v1(struct looking *l, bool *lacks, struct err *e)
{
    struct client_answer a;
    struct json_t *all;
    int rc = probe_get(l->probe, PROBE_URL, "/v1/models", &a, e);

    if (rc < 0)
        return rc;
    *lacks = list_of(&a, &all) != NULL;
    jv_free(all);
    return 0;
}

static int no_list(struct looking *l, unsigned status, bool page, struct err *e)
{
    bool lacks;
    struct err why;
    int rc = lacks_v1(l, &lacks, e);

    if (rc < 0)
        return rc;
    if (lacks) {
        err_set(&why, ERR_FORMAT, "this url lacks /v1");
        err_hint(&why, "url: %s/v1 is where its models are", l->out->url);
    } else if (page) {
        err_set(&why, ERR_FORMAT, "what answers is a web page, and no model's server");
        err_hint(&why,
                 "a proxy's, or another program's? url in assent.yaml is the server's address "
                 "up to /v1");
    } else if (status == 401 || status == 403) {
        err_set(&why, ERR_FORMAT, "the server answers %u: the key is not accepted", status);
        err_hint(&why, l->annotator->server.api_key_env
                           ? "is the variable of api_key_env the right one?"
                           : "api_key_env in assent.yaml names the variable with the key");
    } else {
        return 0; /* some have no list, and answer */
    }
    err_at(&why, "%s", l->out->url);
    trouble(l, &why);
    return 0;
}

static int find_models(struct looking *l, struct err *e)
{
    struct client_answer a;
    struct json_t *all;
    const struct json_t *data;
    const char *owner;
    bool page;
    int rc = probe_get(l->probe, PROBE_URL, "/models", &a, e);

    if (rc < 0)
        return rc;
    if (a.status == 0) {
        trouble(l, &a.error);
        return 0;
    }
    l->out->reached = true;
    l->out->calls_itself = keep(l->arena, a.server);
    page = strcmp(a.type, "text/html") == 0;
    data = list_of(&a, &all);
    owner = jv_text(jv_get(jv_at(data, 0), "owned_by"));
    rc = data ? list_models(l, data, e) : no_list(l, a.status, page, e);
    if (rc == 0 && !l->out->problem)
        rc = find_kind(l, owner, e);
    jv_free(all);
    return rc;
}

/* ---- what it answers ---- */

static void keep_answer(struct looking *l, struct look_protocol *p, size_t i,
                        const struct probe_answer *a)
{
    static const enum look_state states[] = { [PROBE_NONE] = LOOK_NONE,
                                              [PROBE_REFUSED] = LOOK_REFUSES,
                                              [PROBE_BLIND] = LOOK_BLIND,
                                              [PROBE_FAILED] = LOOK_FAILS,
                                              [PROBE_ANSWERED] = LOOK_ANSWERS };
    char why[sizeof(a->why.what) + sizeof(a->why.got) + 16];

    p->state = states[a->outcome];
    p->yes[i] = a->yes;
    p->values[i] = a->value;
    if (i == 0)
        p->mass = a->mass;
    if (a->outcome == PROBE_ANSWERED)
        return;
    if (a->status != 0 && a->status != 200)
        snprintf(why, sizeof(why), "%u: %s", a->status, a->why.got);
    else
        snprintf(why, sizeof(why), "%s%s%s", a->why.what, a->why.got[0] != '\0' ? ": " : "",
                 a->why.got);
    p->why = keep(l->arena, why);
}

/* Whether the pictures made a difference, or nothing did. */
static void judge(struct look_protocol *p)
{
    double differs = fabs(p->yes[0] - p->yes[1]);

    if (p->state == LOOK_ANSWERS && !isnan(differs) &&
        !(differs > NO_DRIFT + DRIFTS * (isnan(p->drift) ? 0 : p->drift)))
        p->state = LOOK_BLIND;
    if (p->state == LOOK_BLIND && !p->why)
        p->why = "its answers about two pictures that differ are the same";
}

static bool has_member(const struct json_t *of, const char *name)
{
    int64_t n;

    return jv_integer(jv_get(of, name), &n);
}

/* The coarsest power of ten that all log-probabilities are multiples of; 0: none is coarse. */
static double grid_of(const struct json_t *top)
{
    for (double grid = 1; grid > 0.5e-3; grid /= 10) {
        size_t n = 0, on = 0;

        for (size_t i = 0; i < jv_length(top); i++) {
            double x;

            if (!jv_number(jv_get(jv_at(top, i), "logprob"), &x) || x == 0 || x < -100)
                continue;
            n++;
            on += fabs(x / grid - round(x / grid)) < 1e-6;
        }
        if (n > 3 && on == n)
            return grid;
    }
    return 0;
}

/* The likeliest tokens in the place of a completion's first. */
static const struct json_t *first_top(const struct json_t *completion)
{
    const struct json_t *choice = jv_at(jv_get(completion, "choices"), 0);

    return jv_get(jv_at(jv_get(jv_get(choice, "logprobs"), "content"), 0), "top_logprobs");
}

static void read_chat(struct look_chat *c, const struct probe_answer *a)
{
    struct json_t *all = NULL;
    const struct json_t *top, *usage;
    struct err ignored;

    if (a->outcome != PROBE_ANSWERED || jv_parse(&all, a->body, a->len, &ignored) < 0)
        return;
    top = first_top(all);
    usage = jv_get(all, "usage");
    c->top = jv_length(top);
    c->grid = grid_of(top);
    c->usage = has_member(usage, "prompt_tokens");
    c->cached = has_member(jv_get(usage, "prompt_tokens_details"), "cached_tokens");
    jv_free(all);
}

/* The same once more, then about the other picture. */
static int ask_on(struct looking *l, const struct protocol *protocol, struct look_protocol *p,
                  const struct probe_answer *first, struct err *e)
{
    struct probe_answer a;
    int rc = probe_ask(l->probe, protocol, probe_picture(l->probe, PROBE_BLUE), NULL, &a, e);

    if (rc < 0)
        return rc;
    if (a.outcome == PROBE_ANSWERED) {
        p->again = a.value;
        p->drift = fabs(a.yes - first->yes);
        p->same = a.value == first->value && !(p->drift > 0);
        p->seconds = a.seconds;
        p->tokens = a.usage.prompt;
    }
    if (protocol == &protocol_chat)
        read_chat(&l->out->chat, &a);
    rc = probe_ask(l->probe, protocol, probe_picture(l->probe, PROBE_YELLOW), NULL, &a, e);
    if (rc == 0)
        keep_answer(l, p, 1, &a);
    judge(p);
    return rc;
}

static int try_protocol(struct looking *l, size_t i, const struct protocol **way, struct err *e)
{
    struct look_protocol *p = &l->out->protocols[i];
    struct probe_answer first;
    int rc;

    *p = (struct look_protocol){ .name = (*way)->name,
                                 .yes = { NAN, NAN },
                                 .mass = NAN,
                                 .values = { VALUE_UNPARSEABLE, VALUE_UNPARSEABLE },
                                 .drift = NAN };
    rc = i == LOOK_SYSTEMONE
             ? probe_systemone(l->probe, way, &first, e)
             : probe_ask(l->probe, *way, probe_picture(l->probe, PROBE_BLUE), NULL, &first, e);
    if (rc < 0)
        return rc;
    keep_answer(l, p, 0, &first);
    if (p->state == LOOK_ANSWERS)
        p->picture = (*way)->picture;
    return p->state == LOOK_ANSWERS ? ask_on(l, *way, p, &first, e) : 0;
}

/* An answer that no model gives by itself. */
static int try_schema(struct looking *l, struct err *e)
{
    static const char format[] =
        "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strict\":true,\"schema\":{"
        "\"type\":\"object\",\"properties\":{\"q1\":{\"type\":\"string\",\"enum\":[\"maple\"]}},"
        "\"required\":[\"q1\"],\"additionalProperties\":false}}}";
    struct json_t *wanted = NULL, *all = NULL, *said = NULL;
    const char *text;
    struct probe_answer a;
    struct err ignored;
    int rc = jv_parse(&wanted, format, strlen(format), e);

    if (rc == 0)
        rc = probe_ask(l->probe, &protocol_chat, probe_picture(l->probe, PROBE_BLUE),
                       jv_pack("{s:o, s:i}", "response_format", wanted, "max_tokens", 32), &a, e);
    if (rc < 0 || a.status != 200)
        return rc;
    jv_parse(&all, a.body, a.len, &ignored);
    text = jv_text(jv_get(jv_get(jv_at(jv_get(all, "choices"), 0), "message"), "content"));
    if (text && jv_parse(&said, text, strlen(text), &ignored) == 0)
        l->out->chat.constrained = text_equal(jv_text(jv_get(said, "q1")), "maple");
    jv_free(said);
    jv_free(all);
    return 0;
}

/* Two tokens are named: these come, and the one that was chosen, where the field is read. A server
 * that has no /tokenize cannot be asked for the names. */
static int try_exact(struct looking *l, struct err *e)
{
    struct client_answer found;
    struct probe_answer a;
    struct json_t *all = NULL;
    struct err ignored;
    size_t n;
    int rc = probe_get(l->probe, PROBE_ROOT, "/tokenize", &found, e);

    if (rc < 0 || found.status == 0 || found.status == 404)
        return rc;
    rc = probe_ask(l->probe, &protocol_chat, probe_picture(l->probe, PROBE_BLUE),
                   jv_pack("{s:[i, i], s:n}", "logprob_token_ids", 0, 1, "top_logprobs"), &a, e);
    if (rc < 0 || a.status != 200 || jv_parse(&all, a.body, a.len, &ignored) < 0)
        return rc;
    n = jv_length(first_top(all));
    l->out->chat.exact = n == 2 || n == 3;
    jv_free(all);
    return 0;
}

/* ---- what comes of it ---- */

/* The protocol that assent.yaml means here. */
static const struct look_protocol *meant(const struct looking *l)
{
    const char *name = l->annotator->server.protocol;
    const struct look_server *s = l->out;
    size_t last = text_equal(name, "decide") ? LOOK_DECISIONS : LOOK_CHAT;

    for (size_t i = 0; i < LOOK_PROTOCOLS; i++)
        if (protocol_is_open(name) ? s->protocols[i].state == LOOK_ANSWERS || i == last
                                   : text_equal(s->protocols[i].name, name ? name : "chat"))
            return &s->protocols[i];
    return NULL;
}

static bool speaks_of_pictures(const char *why)
{
    static const char *const words[] = { "image", "multimodal", "multi-modal", "vision" };

    for (size_t i = 0; why && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(why, words[i]))
            return true;
    return false;
}

static void say_models(const struct look_server *s, struct err *e)
{
    enum { SHOWN = 6 };
    char list[sizeof(e->hint)];
    size_t at = 0;

    for (size_t i = 0; i < s->n_models && i < SHOWN && at < sizeof(list) - 1; i++)
        at +=
            (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i > 0 ? ", " : "", s->models[i]);
    if (s->nearest)
        err_hint(e, "did you mean '%s'? It has %s", s->nearest, list);
    else
        err_hint(e, "it has %s%s", s->n_models > 0 ? list : "none",
                 s->n_models > SHOWN ? ", .. (--json lists all)" : "");
}

static void say_problem(struct looking *l, const struct look_protocol *m)
{
    const struct look_server *s = l->out;
    const char *said = m->why ? m->why : "not said why";
    struct err why;

    if (s->lists && !s->has_model && m->state != LOOK_BLIND) {
        err_set(&why, ERR_FORMAT, "the server has no model '%s'", l->annotator->model);
        say_models(s, &why);
    } else if (s->best) {
        err_set(&why, ERR_FORMAT, "the server does not answer by %s: %s", m->name, said);
        err_hint(&why, "protocol: %s answers", s->best->name);
    } else if (m->state == LOOK_BLIND) {
        err_set(&why, ERR_FORMAT, "the server answers without looking at the picture: %s", said);
        err_hint(&why, "a model that takes pictures, and a server that passes them on to it");
    } else if (speaks_of_pictures(m->why)) {
        err_set(&why, ERR_FORMAT, "the model takes no pictures: %s", said);
        err_hint(&why, "a vision-language model does; some servers want an option for it");
    } else {
        err_set(&why, ERR_FORMAT, "no question about a picture is answered: %s", said);
        err_hint(&why, "what each protocol answered is listed here");
    }
    err_at(&why, "%s", s->url);
    trouble(l, &why);
}

static void conclude(struct looking *l)
{
    struct look_server *s = l->out;
    const struct look_protocol *m = meant(l);

    for (size_t i = LOOK_PROTOCOLS; i-- > 0;)
        if (s->protocols[i].state == LOOK_ANSWERS)
            s->best = &s->protocols[i];
    if (m->state == LOOK_ANSWERS)
        s->ours = m;
    else
        say_problem(l, m);
}

static int ask_own(struct looking *l, const struct protocol *const *ways, struct err *e)
{
    const struct look_server *s = l->out;
    const struct look_protocol *p = s->ours ? s->ours : s->best;
    struct probe_answer a;
    char *data_url = NULL;
    int rc;

    if (!p || !l->options->picture)
        return 0;
    if (!l->options->may_leave && !client_url_is_private(s->url)) {
        l->out->kept_back = true;
        return 0;
    }
    rc = data_url_make(l->options->picture, l->annotator->pictures.max_pixels, &data_url, e);
    if (rc == 0)
        rc = probe_ask(l->probe, ways[p - s->protocols], data_url, NULL, &a, e);
    free(data_url);
    if (rc == 0 && a.outcome == PROBE_ANSWERED) {
        l->out->asked_own = true;
        l->out->own_seconds = a.seconds;
    }
    return rc;
}

/* ---- all of them ---- */

static int look_at(struct looking *l, struct err *e)
{
    const struct protocol *ways[LOOK_PROTOCOLS] = { [LOOK_SYSTEMONE] = &protocol_systemone,
                                                    [LOOK_DECISIONS] = &protocol_decisions,
                                                    [LOOK_CHAT] = &protocol_chat };
    int rc = find_models(l, e);

    for (size_t i = 0; rc == 0 && i < LOOK_PROTOCOLS; i++) {
        l->out->protocols[i] = (struct look_protocol){
            .name = ways[i]->name, .yes = { NAN, NAN }, .mass = NAN, .drift = NAN
        };
        if (!l->out->problem)
            rc = try_protocol(l, i, &ways[i], e);
    }
    if (rc < 0 || l->out->problem)
        return rc;
    if (l->out->protocols[LOOK_CHAT].state == LOOK_ANSWERS)
        rc = try_schema(l, e);
    if (rc == 0 && l->out->chat.top > 0)
        rc = try_exact(l, e);
    conclude(l);
    return rc < 0 ? rc : ask_own(l, ways, e);
}

int look_at_servers(struct look *out, const struct annotator *a, const struct look_options *o,
                    struct err *e)
{
    int rc = http_check(a, e);

    *out = (struct look){ .n = a->server.n_urls };
    if (rc < 0)
        return rc;
    out->servers = arena_new(&out->arena, out->n, sizeof(*out->servers), e);
    if (!out->servers)
        return ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        struct looking l = { NULL, a, o, &out->servers[i], &out->arena };

        l.out->url = a->server.urls[i];
        l.out->own_seconds = NAN;
        rc = probe_open(&l.probe, a, i, o->events, e);
        if (rc == 0)
            rc = look_at(&l, e);
        probe_close(l.probe);
    }
    if (rc < 0)
        look_release(out);
    return rc;
}

void look_release(struct look *l)
{
    arena_release(&l->arena);
    *l = (struct look){ 0 };
}
