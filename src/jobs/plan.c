/* SPDX-License-Identifier: MIT */
#include "jobs/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/prefetch.h"
#include "jobs/cost.h"
#include "jobs/examples.h"
#include "jobs/forecast.h"
#include "jobs/identity.h"
#include "jobs/probe.h"
#include "jobs/todo.h"
#include "jobs/unused.h"
#include "label/label.h"

enum {
    LOOKED_AT_MAX = 100, /* pictures, spread over those to do */
    PROBED = 5           /* of which a server gets to see */
};

struct planning {
    struct todo todo;
    const struct annotate_options *options;
    struct plan_result *out;
    struct labeler *labeler;
    struct prefetch *prefetch;
    struct forecast forecast;
    uint8_t *wanted; /* [n_columns] */
    double last;     /* when the image before was done */
    /* of the images that were answered */
    double tokens, image_tokens, less_flop;
    struct err why; /* the last picture could not be answered */
};

/* The image before it was of no use, so the clock starts anew. */
static int pass_over(struct planning *p, const struct err *why, struct err *e)
{
    p->why = *why;
    p->last = clock_seconds();
    if (why->code != ERR_NOMEM && why->code != ERR_INTERRUPTED)
        return 0;
    *e = *why;
    return e->code;
}

static int count(struct planning *p, const struct image *size, const struct label_cost *cost,
                 struct err *e)
{
    struct label_saving less;
    int rc = labeler_saving(p->labeler, size, p->wanted, &less, e);

    if (rc < 0)
        return rc;
    p->tokens += (double)cost->tokens;
    p->image_tokens += (double)cost->image_tokens;
    p->less_flop += less.key && less.cost.flop < cost->flop ? less.cost.flop : cost->flop;
    if (less.key) {
        p->out->less.key = less.key;
        p->out->less.value = less.value;
    }
    return 0;
}

static int answer(struct planning *p, const struct prefetched *picture, struct err *e)
{
    struct label_answers answers;
    struct label_cost cost;
    struct err own;
    double now;
    int rc;

    if (picture->error.code != 0)
        return pass_over(p, &picture->error, e);
    todo_wanted(&p->todo, p->todo.pictures[picture->tag], p->wanted);
    rc = labeler_answer(p->labeler,
                        &(struct label_picture){ &picture->image, picture->bytes, picture->len },
                        p->wanted, &answers, &own);
    now = clock_seconds();
    if (rc == 0) {
        label_answers_release(&answers);
        rc = labeler_cost(p->labeler, &picture->image, p->wanted, &cost, &own);
    }
    if (rc == 0)
        rc = count(p, &picture->image, &cost, &own);
    if (rc < 0)
        return pass_over(p, &own, e);
    forecast_add(&p->forecast, now - p->last, &cost);
    p->last = clock_seconds();
    return 0;
}

static size_t common(size_t a, size_t b)
{
    return b == 0 ? a : common(b, a % b);
}

/* In steps of this, each of n once, the first few are spread over all (the golden section's):
 * pictures that lie together are often of one size. */
static size_t stride(size_t n)
{
    size_t step = n * 618 / 1000 + 1;

    while (common(step, n) > 1)
        step++;
    return step;
}

/* What a key would save, where that is a third or more. */
static void say_means(struct planning *p)
{
    struct plan_result *out = p->out;
    double n = (double)p->forecast.answered;

    out->tokens = p->tokens / n;
    out->image_tokens = p->image_tokens / n;
    out->less.flop = p->less_flop / n;
    if (out->less.flop > out->flop * 2 / 3)
        out->less.key = NULL;
}

/* Pictures spread over those to do, until there is enough to go by. */
static int measure(struct planning *p, struct err *e)
{
    size_t tries = p->todo.n < LOOKED_AT_MAX ? p->todo.n : LOOKED_AT_MAX, step = stride(tries);
    int rc =
        prefetch_open(&p->prefetch, p->todo.catalogue.source, labeler_wants_bytes(p->labeler), e);

    for (size_t i = 0; rc == 0 && i < tries; i++) {
        size_t at = i * step % tries * p->todo.n / tries;

        rc = prefetch_push(p->prefetch, p->todo.pictures[at], at, e);
    }
    p->last = clock_seconds();
    for (size_t i = 0; rc == 0 && i < tries && !forecast_is_ready(&p->forecast); i++) {
        struct prefetched picture;

        prefetch_pop(p->prefetch, &picture);
        rc = answer(p, &picture, e);
        prefetched_release(&picture);
        if (rc == 0)
            rc = events_check(p->options->events, e);
    }
    prefetch_close(p->prefetch);
    if (rc < 0)
        return rc;
    if (p->forecast.answered > 0) {
        p->out->measured = forecast_measured(&p->forecast);
        p->out->seconds = forecast_seconds_per_image(&p->forecast);
        p->out->flop = forecast_flop_per_image(&p->forecast);
        p->out->activation_bytes = p->forecast.activation_bytes;
        say_means(p);
        return 0;
    }
    err_set(e, p->why.code, "none of the images looked at could be answered: %s", p->why.what);
    return err_hint(e, "annotate would say why, image by image");
}

/* A server is asked in several ways: see probe.h. */
static int measure_server(struct planning *p, struct err *e)
{
    const struct probe_options o = { &p->todo, p->options, p->labeler, PROBED };
    int rc = probe_server(&o, p->out, e);
    struct err why;

    if (rc == 0 && probe_keep(&o, p->out, &why) < 0) {
        char text[ERR_TEXT_MAX];

        err_line(&why, text);
        events_say(p->options->events, EVENT_WARNING, "what was measured is not kept: %s", text);
    }
    return rc;
}

static void reckon(struct plan_result *out, const struct prices *prices,
                   const struct annotator *annotator)
{
    bool tokens = !isnan(out->image_cost);

    out->total_seconds = out->seconds * (double)out->images;
    out->cost = out->total_seconds / 3600 * cost_machine_hour(prices, annotator, tokens);
    if (tokens)
        out->cost += out->image_cost * (double)out->images;
}

/* Files are hashed only where there is something to compare them with. */
static int check_identity(struct planning *p, struct err *e)
{
    const struct todo *t = &p->todo;
    struct identity_claim claim = { t->project,         p->labeler, t->asking.annotator, t->name,
                                    t->annotator->name, false,      p->options->events };
    struct model_identity identity;
    int rc = identity_is_known(t->project, t->asking.annotator, e);

    if (rc != 1)
        return rc;
    rc = identity_of(&claim, &identity, e);
    if (rc == 0)
        rc = identity_check(&claim, &identity, e);
    identity_release(&identity);
    return rc;
}

static int describe_model(const struct planning *p, struct err *e)
{
    struct label_model m = labeler_model(p->labeler);
    struct plan_result *out = p->out;

    out->family = arena_text(&out->arena, m.family, strlen(m.family), e);
    out->dtype = arena_text(&out->arena, m.dtype, strlen(m.dtype), e);
    out->parameters = m.parameters;
    out->weight_bytes = m.weight_bytes;
    out->together = m.together;
    out->server = m.server ? arena_text(&out->arena, m.server, strlen(m.server), e) : NULL;
    return out->family && out->dtype && (!m.server || out->server) ? 0 : ERR_NOMEM;
}

static int plan(struct planning *p, struct err *e)
{
    const struct todo *t = &p->todo;
    struct examples examples;
    struct label_options options = { .dir = t->project->dir,
                                     .reference = p->options->reference,
                                     .events = p->options->events,
                                     .examples = &examples.list };
    int rc = examples_load(&examples, t, e);

    if (rc == 0)
        rc = labeler_open(&p->labeler, t->asking.task, t->annotator, &options, e);
    examples_release(&examples);

    p->wanted = mem_new(t->asking.task->n_columns, 1, e);
    if (rc == 0)
        rc = todo_may_leave(t, p->labeler, p->options->yes, e);
    if (rc == 0)
        rc = p->wanted ? describe_model(p, e) : ERR_NOMEM;
    if (rc == 0)
        rc = check_identity(p, e);
    if (rc == 0 && t->n > 0)
        rc = p->out->server ? measure_server(p, e) : measure(p, e);
    labeler_close(p->labeler);
    free(p->wanted);
    return rc;
}

int job_plan(struct project *p, const struct annotate_options *o, struct plan_result *out,
             struct err *e)
{
    struct planning planning = { .options = o, .out = out };
    const struct todo *t = &planning.todo;
    int rc = unused_warn(p, o->events, e);

    if (rc == 0)
        rc = todo_open(&planning.todo, p, o, false, e);
    *out = (struct plan_result){ .tokens = NAN,
                                 .image_tokens = NAN,
                                 .cost = NAN,
                                 .image_cost = NAN,
                                 .spent = NAN,
                                 .currency = p->task->prices.currency };
    if (rc < 0)
        return rc;
    out->annotator = t->name;
    out->model = t->annotator->model;
    out->images = t->n;
    out->questions = t->n_questions;
    out->chosen = t->chosen;
    rc = plan(&planning, e);
    if (rc == 0 && t->n > 0)
        reckon(out, &p->task->prices, t->annotator);
    todo_close(&planning.todo);
    if (rc < 0)
        plan_result_release(out);
    return rc;
}

void plan_result_release(struct plan_result *r)
{
    arena_release(&r->arena);
    *r = (struct plan_result){ 0 };
}
