/* SPDX-License-Identifier: MIT */
#include "label/http/requesting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/data_url.h"
#include "label/http/extra.h"

static void free_shot(struct shot *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->raw && i < s->n; i++) {
        jv_free(s->raw[i].top);
        jv_free(s->raw[i].said);
    }
    free(s->data_url);
    free(s->stand_in);
    free(s->description);
    arena_release(&s->arena);
    free(s);
}

static int take_picture(const struct requests *r, struct shot *shot, const struct label_picture *p,
                        struct err *e)
{
    uint64_t most = r->annotator->pictures.max_pixels;
    int rc = 0;

    if (exchange_is_replay(r->exchange))
        return data_url_stand_in(p, most, &shot->data_url, e);
    if (exchange_keeps(r->exchange))
        rc = data_url_stand_in(p, most, &shot->stand_in, e);
    return rc < 0 ? rc : data_url_make(p, most, &shot->data_url, e);
}

static size_t requests_of(const struct requests *r, const struct asked_list *asked)
{
    return requesting_count(r, asked->n) + (asking_describes(r->asking) ? 1 : 0);
}

int requests_submit(struct requests *r, const struct label_picture *picture,
                    const struct asked_list *asked, uint64_t tag, struct err *e)
{
    struct shot *shot = mem_new(1, sizeof(*shot), e);
    int rc = shot ? 0 : ERR_NOMEM;

    if (rc == 0) {
        *shot = (struct shot){ .tag = tag, .name = picture->name, .asked = asked, .n = asked->n };
        shot->raw = arena_new(&shot->arena, asked->n, sizeof(*shot->raw), e);
        rc = shot->raw ? take_picture(r, shot, picture, e) : ERR_NOMEM;
    }
    if (rc < 0) {
        free_shot(shot);
        return rc;
    }
    r->shots[r->n_shots++] = shot;
    budget_begin(&r->budget, requests_of(r, asked));
    return requesting_send(r, e);
}

/* What is asked before the first picture, and was not yet. */
static size_t requests_first(const struct requests *r)
{
    return r->protocol->by_ids ? token_ids_requests(&r->ids) : 0;
}

enum label_limit requests_limit(const struct requests *r, const struct asked_list *asked)
{
    return budget_picture_limit(&r->budget, requests_of(r, asked) + requests_first(r));
}

bool requests_wants_more(const struct requests *r)
{
    if (!r->answered)
        return r->n_parked == r->n_shots;
    if (r->n_shots == SHOTS || r->n_used == SLOTS || !requesting_has_room(r))
        return false;
    if (requesting_has_next(r))
        return false;
    return exchange_is_replay(r->exchange) || r->pace.in_flight < r->pace.limit;
}

/* ---- answers ---- */

static bool is_done(const struct shot *s)
{
    return s->n_out == 0 && s->n_done == s->asked->n;
}

static void say_what_is_open(const struct requests *r, const struct shot *shot)
{
    char text[ERR_TEXT_MAX], n[TEXT_COUNT_MAX];

    err_line(&shot->why, text);
    events_say(r->events, EVENT_WARNING, "%s left open: %s",
               text_count(shot->n_failed, "question", n), text);
}

static bool hand_out(struct requests *r, struct collected *out)
{
    for (size_t i = 0; i < r->n_shots; i++) {
        struct shot *shot = r->shots[i];

        if (!is_done(shot))
            continue;
        r->shots[i] = r->shots[--r->n_shots];
        r->handed = shot;
        *out = (struct collected){ shot->tag, shot->raw, { 0 } };
        if (shot->n_failed == shot->asked->n)
            out->error = shot->why;
        else if (shot->n_failed > 0)
            say_what_is_open(r, shot);
        return true;
    }
    return false;
}

/* When something is there to be sent, but for the pace; INFINITY: nothing is. */
static double next_due(const struct requests *r, double now)
{
    double due = INFINITY;

    for (size_t i = 0; i < SLOTS; i++)
        if (r->slots[i].shot && !r->slots[i].sent)
            due = fmin(due, r->slots[i].due);
    return r->n_used < SLOTS && requesting_has_next(r) ? fmin(due, now) : due;
}

/* Until an answer can come, or something may be sent. */
static double how_long(struct requests *r, double until)
{
    double now = clock_seconds(), wait = until - now, due = next_due(r, now);

    if (!r->held && requesting_has_room(r) &&
        (due < INFINITY || exchange_in_flight(r->exchange) == 0)) {
        double pause = pace_may_send(&r->pace, now, budget_tokens(&r->budget));

        wait = fmin(wait, fmax(0.001, fmax(pause, due < INFINITY ? due - now : 0)));
    }
    return fmax(wait, 0);
}

/* Puts picture and question into an error that has no place yet. */
static int where_asked(const struct slot *slot, struct err *e)
{
    const struct shot *shot = slot->shot;

    return shot->name ? err_at(e, "%s: %s", shot->name, shot->asked->items[slot->first].text)
                      : (int)e->code;
}

int requests_collect(struct requests *r, double seconds, struct collected *out, struct err *e)
{
    double until = clock_seconds() + seconds;
    int rc = 0;

    free_shot(r->handed);
    r->handed = NULL;
    if (r->n_parked > 0 && r->n_parked == r->n_shots) { /* there is no other picture to ask */
        *e = r->why;
        return e->code;
    }
    while (rc == 0) {
        struct client_answer a;

        rc = requesting_send(r, e);
        if (rc < 0 || hand_out(r, out))
            return rc < 0 ? rc : 1;
        if (clock_seconds() >= until)
            return 0;
        rc = exchange_next(r->exchange, how_long(r, until), &a, e);
        if (rc < 0 && exchange_is_replay(r->exchange))
            return where_asked(&r->slots[a.tag], e);
        if (rc == 1) {
            rc = requesting_take(r, &a, e);
            if (rc == 0 && requests_wants_more(r))
                break; /* there is room for another picture */
        }
    }
    return rc < 0 ? rc : hand_out(r, out);
}

struct label_usage requests_usage(const struct requests *r)
{
    return r->budget.used;
}

/* ---- opening ---- */

/* Do the requests before the first picture pass the limit? */
static int check_limit(const struct requests *r, struct err *e)
{
    size_t first = requests_first(r);
    uint64_t most = r->budget.limits.requests;

    if (first == 0 || most == 0 || first <= most)
        return 0;
    err_set(e, ERR_ARG, "--max-requests %llu is too few", (unsigned long long)most);
    return err_expected(e,
                        "more than %zu: so many ask the server for its tokens, before the first "
                        "picture, as probabilities: exact wants it",
                        first);
}

int requests_open(struct requests **out, const struct annotator *a, const struct protocol *p,
                  const struct asking *asking, const struct task *t, const struct label_options *o,
                  struct err *e)
{
    const struct exchange_options options = { SLOTS, o->record, o->replay, o->events };
    unsigned fixed = a->server.concurrency < SLOTS ? (unsigned)a->server.concurrency : SLOTS;
    struct requests *r = mem_new(1, sizeof(*r), e);
    int rc;

    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    *r = (struct requests){ .annotator = a, .protocol = p, .asking = asking, .events = o->events };
    replicas_init(&r->replicas, a->server.n_urls);
    pace_init(&r->pace,
              &(struct pace_limits){ fixed ? fixed : 1, fixed ? fixed : SLOTS,
                                     a->server.requests_per_minute, a->server.tokens_per_minute,
                                     .seed = 1 },
              clock_seconds());
    budget_init(&r->budget, &o->limits, &a->server.price);
    token_ids_init(&r->ids, t);
    rc = check_limit(r, e);
    if (rc == 0)
        rc = extra_read(a, p, &r->extra, e);
    if (rc == 0)
        rc = exchange_open(&r->exchange, a, &options, e);
    if (rc < 0)
        requests_close(r);
    else
        *out = r;
    return rc;
}

void requests_speak(struct requests *r, const struct protocol *p, const struct label_usage *took)
{
    r->protocol = p;
    label_usage_add(&r->budget.used, took);
}

void requests_close(struct requests *r)
{
    if (!r)
        return;
    exchange_close(r->exchange);
    jv_free(r->extra);
    for (size_t i = 0; i < SLOTS; i++) {
        free(r->slots[i].body);
        free(r->slots[i].said);
    }
    for (size_t i = 0; i < r->n_shots; i++)
        free_shot(r->shots[i]);
    free_shot(r->handed);
    free(r);
}
