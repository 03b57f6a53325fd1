/* SPDX-License-Identifier: MIT */
#include "label/label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/asked.h"
#include "label/internal.h"

/* Each is a file beside this one. The first is meant where assent.yaml names none. */
extern const struct label_backend label_vlm, label_http;
static const struct label_backend *const backends[] = { &label_vlm, &label_http };
enum { BACKENDS = sizeof(backends) / sizeof(backends[0]) };

enum { IN_FLIGHT_MAX = 100000 };

/* Questions that pictures in flight are asked; mostly all are asked the same. */
struct shared_list {
    struct asked_list list;
    size_t users;
};

struct flight {
    uint64_t tag;
    struct shared_list *asked;
    double begun;
};

struct labeler {
    const struct label_backend *backend;
    const struct task *task;
    bool wordings;  /* some question has several */
    bool backwards; /* the last is asked first */
    void *state;
    struct shared_list *newest; /* what was asked last, in use or not; NULL: nothing yet */
    struct flight *flights;
    size_t n_flights, cap;
};

static int find_backend(const struct annotator *a, const struct label_backend **out, struct err *e)
{
    const char *engine = a->engine ? a->engine : backends[0]->engine;

    for (size_t i = 0; i < BACKENDS; i++) {
        *out = backends[i];
        if (strcmp(engine, backends[i]->engine) == 0)
            return 0;
    }
    err_set(e, ERR_ARG, "no engine is called '%s'", engine);
    err_expected(e, "vlm, this program's own, or http, a server's");
    err_hint(e,
             "answers of a model that another program runs are imported: "
             "assent import FILE --annotator %s --kind model",
             a->name);
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

static int check_limits(const struct label_backend *b, const struct annotator *a,
                        const struct label_limits *limits, struct err *e)
{
    if (limits->requests == 0 && limits->cost <= 0)
        return 0;
    if (!b->limit) {
        err_set(e, ERR_ARG, "engine %s asks no server: there are no requests to limit, and no bill",
                b->engine);
        return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (limits->cost <= 0 || a->server.price.given)
        return 0;
    err_set(e, ERR_ARG, "what this model costs is not known, so the cost cannot be limited");
    err_hint(e, "price: {input: .., output: .., date: .., source: ..} of a million tokens at the "
                "annotator says it; cached_input, too, where that is less");
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

/* Can all be asked, before any picture is read? */
static int check_questions(const struct task *t, struct err *e)
{
    uint8_t *all = mem_new(t->n_columns, 1, e);
    struct asked_list asked = { 0 };
    int rc = ERR_NOMEM;

    if (all) {
        memset(all, 1, t->n_columns);
        rc = asked_fill(&asked, t, all, false, e);
    }
    asked_release(&asked);
    free(all);
    return rc;
}

int labeler_open(struct labeler **out, const struct task *t, const struct annotator *a,
                 const struct label_options *o, struct err *e)
{
    struct labeler *l = mem_new(1, sizeof(*l), e);
    int rc = l ? find_backend(a, &l->backend, e) : ERR_NOMEM;

    *out = NULL;
    if (rc == 0)
        rc = check_limits(l->backend, a, &o->limits, e);
    if (rc == 0) {
        l->task = t;
        l->backwards = o->backwards;
        for (size_t i = 0; i < t->n_questions; i++)
            l->wordings |= t->questions[i].n_wordings > 1;
        rc = check_questions(t, e);
    }
    if (rc == 0 && (o->record || o->replay) && !l->backend->can_be_recorded) {
        err_set(e, ERR_ARG, "what this engine computes is not recorded: only what servers answer");
        rc = err_at(e, "assent.yaml:%u: %s", a->line, a->name);
    }
    if (rc == 0)
        rc = l->backend->open(&l->state, t, a, o, e);
    if (rc < 0) {
        free(l);
        return rc;
    }
    *out = l;
    return 0;
}

/* ---- questions ---- */

static void let_go(struct labeler *l, struct shared_list *asked)
{
    if (!asked || --asked->users > 0 || asked == l->newest)
        return;
    asked_release(&asked->list);
    free(asked);
}

/* The list of these columns, in use once more. */
static struct shared_list *use_list(struct labeler *l, const uint8_t *wanted, struct err *e)
{
    struct shared_list *before = l->newest, *s;

    if (before && memcmp(before->list.wanted, wanted, l->task->n_columns) == 0) {
        before->users++;
        return before;
    }
    s = mem_new(1, sizeof(*s), e);
    if (!s || asked_fill(&s->list, l->task, wanted, l->backwards, e) < 0) {
        free(s);
        return NULL;
    }
    s->users = 1;
    l->newest = s;
    if (before && before->users == 0) {
        before->users = 1;
        let_go(l, before);
    }
    return s;
}

void labeler_close(struct labeler *l)
{
    if (!l)
        return;
    l->backend->close(l->state);
    for (size_t i = 0; i < l->n_flights; i++)
        let_go(l, l->flights[i].asked);
    if (l->newest) {
        asked_release(&l->newest->list);
        free(l->newest);
    }
    free(l->flights);
    free(l);
}

/* ---- what it is ---- */

struct label_model labeler_model(const struct labeler *l)
{
    return l->backend->model(l->state);
}

struct label_usage labeler_usage(const struct labeler *l)
{
    return l->backend->usage ? l->backend->usage(l->state) : (struct label_usage){ 0 };
}

void label_usage_add(struct label_usage *sum, const struct label_usage *u)
{
    sum->requests += u->requests;
    sum->prompt += u->prompt;
    sum->cached += u->cached;
    sum->completion += u->completion;
    sum->silent += u->silent;
}

struct json_t *labeler_settings(const struct labeler *l)
{
    return l->backend->settings(l->state);
}

char *labeler_file(const struct labeler *l, size_t i, struct err *e)
{
    return l->backend->file(l->state, i, e);
}

const char *labeler_file_part(const struct labeler *l, size_t i)
{
    return l->backend->file_part(l->state, i);
}

int labeler_file_digest(const struct labeler *l, size_t i, char hex[SHA256_HEX], struct err *e)
{
    return l->backend->file_digest(l->state, i, hex, e);
}

int labeler_cost(struct labeler *l, const struct image *size, const uint8_t *wanted,
                 struct label_cost *out, struct err *e)
{
    struct shared_list *asked = use_list(l, wanted, e);
    int rc = asked ? l->backend->cost(l->state, size, &asked->list, out, e) : (int)e->code;

    let_go(l, asked);
    return rc;
}

int labeler_saving(struct labeler *l, const struct image *size, const uint8_t *wanted,
                   struct label_saving *out, struct err *e)
{
    struct shared_list *asked = l->backend->saving ? use_list(l, wanted, e) : NULL;
    int rc = l->backend->saving && !asked ? (int)e->code : 0;

    *out = (struct label_saving){ 0 };
    if (asked)
        rc = l->backend->saving(l->state, size, &asked->list, out, e);
    let_go(l, asked);
    return rc;
}

int labeler_speed(struct labeler *l, double *flops, struct err *e)
{
    return l->backend->speed(l->state, flops, e);
}

/* ---- answers ---- */

/* NaNs, n of them. */
static float *new_floats(struct arena *a, size_t n, struct err *e)
{
    float *x = arena_new(a, n, sizeof(*x), e);

    for (size_t i = 0; x && i < n; i++)
        x[i] = NAN;
    return x;
}

static int new_answers(const struct labeler *l, struct label_answers *out, struct err *e)
{
    const struct task *t = l->task;

    out->values = arena_new(&out->arena, t->n_columns, sizeof(*out->values), e);
    if (!out->values || !(out->probabilities = new_floats(&out->arena, t->n_probabilities, e)) ||
        !(out->mass = new_floats(&out->arena, t->n_columns, e)) ||
        (l->wordings && !(out->spread = new_floats(&out->arena, t->n_columns, e))))
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++)
        out->values[c] = VALUE_MISSING;
    return 0;
}

bool labeler_wants_bytes(const struct labeler *l)
{
    return l->backend->wants_bytes;
}

bool labeler_wants_more(const struct labeler *l)
{
    return l->n_flights == 0 || l->backend->wants_more(l->state);
}

size_t labeler_in_flight(const struct labeler *l)
{
    return l->n_flights;
}

int labeler_limit(struct labeler *l, const uint8_t *wanted, enum label_limit *out, struct err *e)
{
    struct shared_list *asked = l->backend->limit ? use_list(l, wanted, e) : NULL;

    *out = asked ? l->backend->limit(l->state, &asked->list) : LIMIT_NONE;
    let_go(l, asked);
    return asked || !l->backend->limit ? 0 : (int)e->code;
}

int labeler_submit(struct labeler *l, const struct label_picture *picture, const uint8_t *wanted,
                   uint64_t tag, struct err *e)
{
    struct shared_list *asked = NULL;
    double begun = clock_seconds();
    int rc =
        mem_grow(&l->flights, &l->cap, l->n_flights + 1, sizeof(*l->flights), IN_FLIGHT_MAX, e);

    if (rc == 0)
        rc = (asked = use_list(l, wanted, e)) ? 0 : (int)e->code;
    if (rc == 0)
        rc = l->backend->submit(l->state, picture, &asked->list, tag, e);
    if (rc == 0)
        l->flights[l->n_flights++] = (struct flight){ tag, asked, begun };
    else
        let_go(l, asked);
    return rc;
}

/* Takes the flight of a tag out of the list. */
static struct flight land(struct labeler *l, uint64_t tag)
{
    struct flight f;
    size_t i = 0;

    while (l->flights[i].tag != tag)
        i++;
    f = l->flights[i];
    l->flights[i] = l->flights[--l->n_flights];
    return f;
}

int labeler_collect(struct labeler *l, double seconds, struct label_done *out, struct err *e)
{
    struct collected got = { 0 };
    struct flight f;
    int rc = l->backend->collect(l->state, seconds, &got, e);

    *out = (struct label_done){ .tag = got.tag, .error = got.error };
    if (rc != 1)
        return rc;
    f = land(l, got.tag);
    out->seconds = clock_seconds() - f.begun;
    rc = got.error.code != 0 ? 0 : new_answers(l, &out->answers, e);
    if (rc == 0 && got.error.code == 0)
        rc = asked_settle(&f.asked->list, l->task, got.raw, &out->answers, e);
    let_go(l, f.asked);
    if (rc < 0)
        label_answers_release(&out->answers);
    return rc < 0 ? rc : 1;
}

int labeler_answer(struct labeler *l, const struct label_picture *picture, const uint8_t *wanted,
                   struct label_answers *out, struct err *e)
{
    struct label_done done = { 0 };
    int rc = labeler_submit(l, picture, wanted, 0, e);

    while (rc == 0)
        rc = labeler_collect(l, 1, &done, e);
    *out = done.answers;
    if (rc < 0 || done.error.code == 0)
        return rc < 0 ? rc : 0;
    *e = done.error;
    return e->code;
}

void label_answers_release(struct label_answers *a)
{
    free(a->detail);
    arena_release(&a->arena);
    *a = (struct label_answers){ 0 };
}
