/* SPDX-License-Identifier: MIT */
#include "jobs/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/prefetch.h"
#include "jobs/identity.h"
#include "store/probes.h"

#define OTHERWISE_SECONDS 20.0 /* that a way besides the plain one may take, or as long as that */

enum {
    ALONE_MAX = 8, /* questions of a picture that are asked alone */
    PROBES_MAX = 8 /* again, alone, in another order; and the variants */
};

struct ask { /* a picture's questions, once */
    size_t picture;
    const uint8_t *wanted; /* [n_columns] */
    struct label_answers answers;
    bool answered;
};

struct probing {
    const struct probe_options *o;
    const struct task *task;
    struct plan_result *out;
    struct prefetched *pictures; /* [n] readable ones */
    size_t n;
    struct ask *base; /* [n] the plain way */
    double seconds;   /* that another way may take */
    bool gone;        /* it no longer answers the plain way */
    bool broken_off;  /* the plain way's labeler has something in flight, and is asked no more */
    struct arena arena;
};

/* ---- asking ---- */

static void release_asks(struct ask *asks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        label_answers_release(&asks[i].answers);
}

static int submit(const struct probing *p, struct labeler *l, const struct ask *ask, size_t tag,
                  struct err *e)
{
    const struct prefetched *from = &p->pictures[ask->picture];
    const struct label_picture picture = { &from->image, from->bytes, from->len };

    return labeler_submit(l, &picture, ask->wanted, tag, e);
}

/* The next answer; *why: a picture's fault. */
static int collect(struct labeler *l, struct ask *asks, size_t *landed, struct err *why,
                   struct err *e)
{
    struct label_done done;
    int rc = labeler_collect(l, 1, &done, e);

    if (rc != 1)
        return rc;
    ++*landed;
    asks[done.tag].answered = done.error.code == 0;
    asks[done.tag].answers = done.answers;
    if (done.error.code != 0)
        *why = done.error;
    return 0;
}

struct timing {  /* seconds of a pass */
    double most; /* that it may take; INFINITY: no matter */
    double first, all;
    bool broken_off; /* it took longer */
};

/* Nothing was answered at all. */
static int none_answered(const struct timing *t, const struct err *why, struct err *e)
{
    if (why->code == 0)
        return err_set(e, ERR_IO, "nothing was answered in %.0f s", t->most);
    *e = *why;
    return err_hint(e, "annotate would say why, image by image");
}

/* As many at a time as the labeler wants. Fails where nothing is answered at all. */
static int ask_all(const struct probing *p, struct labeler *l, const char *what, struct ask *asks,
                   size_t n, struct timing *t, struct err *e)
{
    const struct events *events = p->o->annotate->events;
    struct progress progress;
    double begun = clock_seconds();
    size_t next = 0, landed = 0, answered = 0;
    struct err why = { 0 };
    int rc = 0;

    progress_start(&progress, events, "looking",
                   strcmp(what, MOVED_ALONE) == 0 ? "questions" : "pictures", n);
    progress.notes[0] = what;
    while (rc == 0 && landed < n && !t->broken_off) {
        size_t before = landed;

        if (next < n && labeler_wants_more(l)) {
            rc = submit(p, l, &asks[next], next, e);
            next++;
        } else {
            rc = collect(l, asks, &landed, &why, e);
        }
        if (landed > 0 && t->first == 0)
            t->first = clock_seconds() - begun;
        progress_add(&progress, landed - before);
        if (rc == 0)
            rc = events_check(events, e);
        t->broken_off = landed < n && clock_seconds() - begun > t->most;
    }
    progress_end(&progress);
    t->all = clock_seconds() - begun;
    for (size_t i = 0; i < n; i++)
        answered += asks[i].answered;
    return rc == 0 && answered == 0 ? none_answered(t, &why, e) : rc;
}

/* ---- comparing ---- */

static bool is_answer(int16_t value)
{
    return value != VALUE_MISSING && value != VALUE_ERROR;
}

static void compare(const struct probing *p, const struct ask *ask, struct stats_moves *m)
{
    const struct label_answers *was = &p->base[ask->picture].answers, *is = &ask->answers;

    for (size_t c = 0; c < p->task->n_columns; c++) {
        const struct column *column = &p->task->columns[c];

        if (ask->wanted[c] && is_answer(was->values[c]) && is_answer(is->values[c]))
            stats_moves_add(m, was->values[c], is->values[c],
                            &was->probabilities[column->probability],
                            &is->probabilities[column->probability], column->n_probabilities);
    }
}

static struct plan_probe *new_probe(struct probing *p, const char *what)
{
    struct plan_probe *probe = &p->out->probes[p->out->n_probes++];

    *probe = (struct plan_probe){ .moved = { .annotator = p->out->annotator, .what = what },
                                  .seconds = NAN };
    return probe;
}

/* Asks and compares with the plain way. By another labeler: what does not work there is its
 * finding, and no error. */
static int probe(struct probing *p, struct labeler *l, struct ask *asks, size_t n,
                 struct plan_probe *out, struct err *e)
{
    struct label_usage before = labeler_usage(l), after;
    struct timing t = { .most = p->seconds };
    struct stats_moves moves = { 0 };
    uint64_t seen = 0; /* pictures, a bit each */
    int rc = ask_all(p, l, out->moved.what, asks, n, &t, e);

    if (l == p->o->labeler) {
        p->broken_off = t.broken_off;
        p->gone = rc < 0;
    }
    after = labeler_usage(l);
    out->usage =
        (struct label_usage){ after.requests - before.requests, after.prompt - before.prompt,
                              after.cached - before.cached, after.completion - before.completion,
                              after.silent - before.silent };
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!asks[i].answered)
            continue;
        compare(p, &asks[i], &moves);
        seen |= UINT64_C(1) << asks[i].picture;
    }
    for (; seen != 0; seen &= seen - 1)
        out->moved.images++;
    out->seconds = t.all;
    moved_set(&out->moved, &moves);
    release_asks(asks, n);
    return rc;
}

/* ---- the ways ---- */

/* What was answered is asked once more. */
static int probe_again(struct probing *p, struct labeler *l, const char *what, struct err *e)
{
    struct ask *asks = arena_new(&p->arena, p->n, sizeof(*asks), e);
    size_t n = 0;

    for (size_t i = 0; asks && i < p->n; i++)
        if (p->base[i].answered)
            asks[n++] = (struct ask){ .picture = i, .wanted = p->base[i].wanted };
    return asks ? probe(p, l, asks, n, new_probe(p, what), e) : ERR_NOMEM;
}

static size_t count_wanted(const struct probing *p, const struct ask *ask)
{
    size_t n = 0;

    for (size_t c = 0; c < p->task->n_columns; c++)
        n += ask->wanted[c];
    return n;
}

/* Some of a picture's questions, each alone; of another picture others. */
static int add_alone(struct probing *p, const struct ask *base, struct ask *asks, size_t *n,
                     struct err *e)
{
    size_t every = (count_wanted(p, base) + ALONE_MAX - 1) / ALONE_MAX, at = base->picture;

    for (size_t c = 0; c < p->task->n_columns; c++) {
        uint8_t *one;

        if (!base->wanted[c] || at++ % every != 0)
            continue;
        if (!(one = arena_new(&p->arena, p->task->n_columns, 1, e)))
            return ERR_NOMEM;
        one[c] = 1;
        asks[(*n)++] = (struct ask){ .picture = base->picture, .wanted = one };
    }
    return 0;
}

static int probe_alone(struct probing *p, struct err *e)
{
    struct ask *asks = arena_new(&p->arena, p->n * ALONE_MAX, sizeof(*asks), e);
    size_t n = 0;
    int rc = asks ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < p->n; i++)
        if (p->base[i].answered)
            rc = add_alone(p, &p->base[i], asks, &n, e);
    return rc < 0 ? rc : probe(p, p->o->labeler, asks, n, new_probe(p, MOVED_ALONE), e);
}

static bool are_alike(const struct labeler *a, const struct labeler *b)
{
    struct json_t *x = labeler_settings(a), *y = labeler_settings(b);
    char *one = jv_print_line(x), *other = jv_print_line(y);
    bool are = one && other && strcmp(one, other) == 0;

    jv_free(x);
    jv_free(y);
    free(one);
    free(other);
    return are;
}

/* The last probe does not work. */
static int note_failure(struct probing *p, const struct err *why, struct err *e)
{
    struct plan_probe *probe = &p->out->probes[p->out->n_probes - 1];

    probe->why = arena_text(&p->out->arena, why->what, strlen(why->what), e);
    return probe->why ? 0 : ERR_NOMEM;
}

/* That the last probe does not work is its finding. */
static int found(struct probing *p, int rc, const struct err *why, struct err *e)
{
    if (rc == ERR_NOMEM || rc == ERR_INTERRUPTED) {
        *e = *why;
        return rc;
    }
    return rc < 0 ? note_failure(p, why, e) : 0;
}

/* Another labeler's answers; those of the annotator's own way are not asked for again. */
static int probe_other(struct probing *p, const struct annotator *own, bool backwards,
                       const char *what, struct err *e)
{
    const struct label_options options = { .dir = p->o->todo->project->dir,
                                           .backwards = backwards };
    struct annotator a = *own;
    struct labeler *l;
    struct err why;
    int rc;

    if (a.server.timeout == 0 || (double)a.server.timeout > p->seconds)
        a.server.timeout = (uint64_t)ceil(p->seconds);
    rc = labeler_open(&l, p->task, &a, &options, &why);

    if (rc == 0 && !backwards && are_alike(l, p->o->labeler)) {
        labeler_close(l);
        return 0;
    }
    if (rc == 0)
        rc = probe_again(p, l, what, &why);
    else
        new_probe(p, what);
    labeler_close(l);
    return found(p, rc, &why, e);
}

/* Ways that the server may have besides the annotator's own. */
static const struct variant {
    const char *what, *protocol, *mode;
} variants[] = {
    { "protocol chat", "chat", NULL },
    { "mode together", "chat", "together" },
    { "protocol systemone", "systemone", NULL },
    { "protocol decisions", "decisions", NULL },
};
enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

static struct annotator as_variant(const struct annotator *own, const struct variant *v)
{
    struct annotator other = *own;

    other.way = (struct asking_way){ 0 };
    other.server.mode = v->mode;
    other.server.probabilities = NULL;
    if (strcmp(own->server.protocol ? own->server.protocol : "chat", v->protocol) != 0)
        other.server.extra = NULL; /* it is the other protocol's */
    other.server.protocol = v->protocol;
    return other;
}

static int probe_variants(struct probing *p, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < VARIANTS; i++) {
        const struct annotator other = as_variant(p->o->todo->annotator, &variants[i]);

        rc = probe_other(p, &other, false, variants[i].what, e);
    }
    return rc;
}

/* ---- pictures ---- */

static int take_picture(struct probing *p, struct prefetched *got, struct err *why, struct err *e)
{
    const struct todo *t = p->o->todo;
    uint8_t *wanted;

    if (got->error.code != 0) {
        *why = got->error;
        if (why->code == ERR_NOMEM || why->code == ERR_INTERRUPTED)
            *e = *why;
        prefetched_release(got);
        return why->code == ERR_NOMEM || why->code == ERR_INTERRUPTED ? why->code : 0;
    }
    wanted = arena_new(&p->arena, p->task->n_columns, 1, e);
    if (!wanted) {
        prefetched_release(got);
        return ERR_NOMEM;
    }
    todo_wanted(t, t->pictures[got->tag], wanted);
    p->base[p->n] = (struct ask){ .picture = p->n, .wanted = wanted };
    p->pictures[p->n++] = *got;
    return 0;
}

/* Reads pictures spread over those to do. */
static int read_pictures(struct probing *p, struct err *e)
{
    const struct todo *t = p->o->todo;
    size_t n = t->n < p->o->pictures ? t->n : p->o->pictures;
    struct prefetch *prefetch = NULL;
    struct err why = { 0 };
    int rc;

    p->pictures = arena_new(&p->arena, n, sizeof(*p->pictures), e);
    p->base = arena_new(&p->arena, n, sizeof(*p->base), e);
    rc = p->pictures && p->base
             ? prefetch_open(&prefetch, t->catalogue.source, labeler_wants_bytes(p->o->labeler), e)
             : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        size_t at = i * t->n / n;
        struct prefetched got;

        rc = prefetch_push(prefetch, t->pictures[at], at, e);
        if (rc < 0)
            break;
        prefetch_pop(prefetch, &got);
        rc = take_picture(p, &got, &why, e);
    }
    prefetch_close(prefetch);
    if (rc < 0 || p->n > 0)
        return rc;
    err_set(e, why.code, "none of the images looked at could be read: %s", why.what);
    return err_hint(e, "annotate would say why, image by image");
}

/* ---- all of it ---- */

/* The plain way: what everything else is compared with, and the rate. */
static int ask_plainly(struct probing *p, struct err *e)
{
    struct timing t = { .most = INFINITY };
    int rc = ask_all(p, p->o->labeler, "the plain way", p->base, p->n, &t, e);

    if (rc < 0)
        return rc;
    p->seconds = fmax(OTHERWISE_SECONDS, t.all);
    p->out->plain = labeler_usage(p->o->labeler);
    p->out->image_cost =
        label_usage_cost(&p->out->plain, &p->o->todo->annotator->server.price) / (double)p->n;
    p->out->measured = p->n > 1 ? p->n - 1 : 1; /* the first warms it up */
    p->out->seconds = p->n > 1 ? (t.all - t.first) / (double)(p->n - 1) : t.all;
    return 0;
}

/* Its own way once more, and with less beside a question. What the server no longer answers is no
 * error of what it has answered. */
static int probe_own(struct probing *p, struct err *e)
{
    struct err why;
    int rc = found(p, probe_again(p, p->o->labeler, MOVED_AGAIN, &why), &why, e);

    if (rc < 0 || p->gone || count_wanted(p, &p->base[0]) < 2 ||
        !labeler_model(p->o->labeler).together)
        return rc;
    if (!p->broken_off)
        rc = found(p, probe_alone(p, &why), &why, e);
    if (rc == 0 && !p->gone)
        rc = probe_other(p, p->o->todo->annotator, true, MOVED_ORDERED, e);
    return rc;
}

int probe_server(const struct probe_options *o, struct plan_result *out, struct err *e)
{
    struct probing p = { .o = o, .task = o->todo->asking.task, .out = out };
    int rc;

    out->probes = arena_new(&out->arena, PROBES_MAX, sizeof(*out->probes), e);
    rc = out->probes ? read_pictures(&p, e) : ERR_NOMEM;
    if (rc == 0)
        rc = ask_plainly(&p, e);
    if (rc == 0)
        rc = probe_own(&p, e);
    if (rc == 0 && !p.gone)
        rc = probe_variants(&p, e);
    out->usage = out->plain;
    for (size_t i = 0; rc == 0 && i < out->n_probes; i++)
        label_usage_add(&out->usage, &out->probes[i].usage);
    out->spent = label_usage_cost(&out->usage, &o->todo->annotator->server.price);
    release_asks(p.base, p.base ? p.n : 0);
    for (size_t i = 0; p.pictures && i < p.n; i++)
        prefetched_release(&p.pictures[i]);
    arena_release(&p.arena);
    return rc;
}

/* ---- keeping ---- */

static int keep_all(struct store *store, const char *identity, const struct plan_result *r,
                    struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n_probes; i++) {
        const struct plan_probe *p = &r->probes[i];
        const struct store_probe kept = { p->moved.what,
                                          p->moved.images,
                                          p->moved.answers,
                                          p->moved.changed,
                                          p->moved.mean,
                                          p->moved.most,
                                          NULL };

        if (!p->why)
            rc = store_probe_keep(store, identity, &kept, e);
    }
    return rc;
}

/* The project is open for reading: a plan of this program's own engine writes nothing. */
int probe_keep(const struct probe_options *o, const struct plan_result *r, struct err *e)
{
    const struct todo *t = o->todo;
    struct identity_claim claim = { t->project,         o->labeler, t->asking.annotator, t->name,
                                    t->annotator->name, false,      o->annotate->events };
    struct model_identity identity;
    struct project *p = NULL;
    int rc = identity_of(&claim, &identity, e);

    if (rc == 0)
        rc = project_open(&p, t->project->dir, PROJECT_WRITE, e);
    if (rc == 0)
        rc = store_begin(p->store, e);
    if (rc == 0)
        rc = store_end(p->store, keep_all(p->store, identity.hash, r, e), e);
    project_close(p);
    identity_release(&identity);
    return rc;
}
