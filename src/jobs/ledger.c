/* SPDX-License-Identifier: MIT */
#include "jobs/ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/cost.h"
#include "store/review.h"

#define SECONDS_PER_HOUR 3600.0
enum { RUNS_MAX = 1000000 };

const struct ledger_model *ledger_find(const struct ledger *l, const char *model)
{
    for (size_t i = 0; i < l->n_models; i++)
        if (text_equal(l->models[i].name, model))
            return &l->models[i];
    return NULL;
}

/* Adds what is known; a sum of nothing that is known stays NaN. */
static void add_known(double *sum, double x)
{
    if (!isnan(x))
        *sum = isnan(*sum) ? x : *sum + x;
}

/* ---- runs ---- */

struct reading {
    struct ledger *out;
    const struct dataset *data;
    size_t cap;
    int rc;
    struct err *e;
};

static const char *keep(struct reading *r, const char *text)
{
    return arena_text(&r->out->arena, text, strlen(text), r->e);
}

static const char *why_unknown(const struct store_run_info *run, const struct ledger_run *l)
{
    if (run->source)
        return "came in a file";
    if (isnan(l->token_cost))
        return "tokens not counted";
    if (isnan(l->hours) && l->machine_cost != 0)
        return run->ended ? "no time kept" : "did not end";
    return isnan(l->machine_cost) ? "no price of the machine" : NULL;
}

static void price_run(const struct task *t, const struct store_run_info *run,
                      struct ledger_run *out)
{
    const struct annotator *a = task_find_annotator(t, run->annotator);
    bool billed = run->usage.asked && a && a->server.price.given;
    double hour = cost_machine_hour(&t->prices, a, billed);

    out->machine = a && a->machine ? a->machine->name : NULL;
    out->token_cost = billed ? cost_of_usage(t, run->annotator, &run->usage) : 0;
    out->machine_cost = billed && !out->machine ? 0 : out->hours * hour;
    out->cost = out->token_cost + out->machine_cost;
    if (run->source)
        out->machine_cost = out->token_cost = out->cost = NAN;
    out->unknown = why_unknown(run, out);
}

static void note_run(void *data, const struct store_run_info *run)
{
    struct reading *r = data;
    const struct store_annotator *who = store_annotators_find(&r->data->known, run->annotator);
    const struct store_counts *n = &run->counts;
    struct ledger_run *l;

    if (r->rc < 0 || !who || who->kind != ANNOTATOR_MODEL)
        return;
    r->rc = mem_grow(&r->out->runs, &r->cap, r->out->n_runs + 1, sizeof(*l), RUNS_MAX, r->e);
    if (r->rc < 0)
        return;
    l = &r->out->runs[r->out->n_runs++];
    *l = (struct ledger_run){
        .id = run->id,
        .annotator = keep(r, run->annotator),
        .started = keep(r, run->started),
        .withdrawn = *run->withdrawn != '\0',
        .ended = run->ended != NULL,
        .images = n->images,
        .answers = n->labels + n->abstentions,
        .hours = n->seconds > 0 ? n->seconds / SECONDS_PER_HOUR : NAN,
    };
    price_run(r->data->project->task, run, l);
    r->rc = l->annotator && l->started ? 0 : ERR_NOMEM;
}

static int read_runs(struct ledger *out, const struct dataset *data, struct err *e)
{
    struct reading r = { .out = out, .data = data, .e = e };
    int rc = store_runs(data->project->store, RUNS_MAX, note_run, &r, e);

    return rc < 0 ? rc : r.rc;
}

/* ---- people ---- */

static int read_people(struct ledger *out, const struct dataset *data, struct err *e)
{
    const struct price *wage = &data->project->task->prices.wage_hour;

    out->people = arena_new(&out->arena, data->known.n, sizeof(*out->people), e);
    if (!out->people)
        return ERR_NOMEM;
    for (size_t a = 0; a < data->known.n; a++) {
        const struct store_annotator *who = &data->known.items[a];
        struct ledger_person *p = &out->people[out->n_people];
        double seconds;
        int rc;

        if (who->kind != ANNOTATOR_HUMAN)
            continue;
        p->name = arena_text(&out->arena, who->name, strlen(who->name), e);
        rc = p->name ? store_time_spent(data->project->store, who->id, &p->answers, &seconds, e)
                     : ERR_NOMEM;
        if (rc < 0)
            return rc;
        p->hours = p->answers > 0 ? seconds / SECONDS_PER_HOUR : NAN;
        p->cost = wage->given ? p->hours * wage->value : NAN;
        out->n_people++;
    }
    return 0;
}

/* ---- models ---- */

static uint64_t count_labels(const struct dataset *d, const struct labelled *l)
{
    size_t cells = d->images.n * d->project->task->n_columns;
    uint64_t n = 0;

    for (size_t i = 0; i < cells; i++)
        n += l->labels.values[i] >= 0;
    return n;
}

/* What the next image costs: as the runs that are known had it, else by the task file's speed. */
static void price_image(struct ledger_model *m, double images, const struct task *t)
{
    const struct price *speed = &t->prices.images_per_second;
    double hour = cost_machine_hour(&t->prices, task_find_annotator(t, m->name), false);

    m->image_cost = m->cost / images;
    m->basis = "measured";
    if (isfinite(m->image_cost))
        return;
    m->image_cost = speed->given ? hour / speed->value / SECONDS_PER_HOUR : NAN;
    m->basis = isnan(m->image_cost) ? NULL : "stated";
}

static void sum_runs(const struct ledger *l, struct ledger_model *m, const struct task *t)
{
    double images = 0;

    m->hours = m->cost = NAN;
    for (size_t i = 0; i < l->n_runs; i++) {
        const struct ledger_run *run = &l->runs[i];

        if (strcmp(run->annotator, m->name) != 0)
            continue;
        m->runs++;
        m->unknown += isnan(run->cost) ? 1 : 0;
        add_known(&m->hours, run->hours);
        add_known(&m->cost, run->cost);
        images += isnan(run->cost) ? 0 : (double)run->images;
    }
    price_image(m, images, t);
}

/* The share of the model's labels with which adjudicators would agree; NaN without a sample. */
static int estimate_right(const struct ledger_sources *from, const int16_t *labels, double *right,
                          struct err *e)
{
    const struct sampled *s = from->sampled;
    struct stats_stratum *strata;
    struct stats_sample sample;

    *right = NAN;
    if (!s || s->design == 0)
        return 0;
    strata = mem_new(s->n_strata, sizeof(*strata), e);
    if (!strata)
        return ERR_NOMEM;
    sampled_count(s, labels, from->data->images.n, SIZE_MAX, strata);
    stats_sample_agreement(strata, s->n_strata, &sample);
    *right = sample.agreement;
    free(strata);
    return 0;
}

static int add_models(struct ledger *out, const struct ledger_sources *from, struct err *e)
{
    const struct dataset *d = from->data;
    int rc = 0;

    out->models = arena_new(&out->arena, d->n, sizeof(*out->models), e);
    if (!out->models)
        return ERR_NOMEM;
    for (size_t a = 0; rc == 0 && a < d->n; a++) {
        struct ledger_model *m = &out->models[out->n_models];

        if (d->items[a].annotator->kind != ANNOTATOR_MODEL)
            continue;
        m->name = arena_text(&out->arena, d->items[a].name, strlen(d->items[a].name), e);
        rc = m->name ? estimate_right(from, d->items[a].labels.values, &m->right, e) : ERR_NOMEM;
        if (rc < 0)
            return rc;
        m->labels = count_labels(d, &d->items[a]);
        sum_runs(out, m, d->project->task);
        m->answer_cost = m->unknown == 0 && m->labels > 0 ? m->cost / (double)m->labels : NAN;
        m->correct_cost = m->answer_cost / m->right;
        out->labels += m->labels;
        out->n_models++;
    }
    return rc;
}

/* ---- all together ---- */

static void sum_up(struct ledger *out)
{
    out->models_cost = out->people_cost = out->people_hours = out->cost = NAN;
    for (size_t i = 0; i < out->n_runs; i++) {
        out->unknown += isnan(out->runs[i].cost) ? 1 : 0;
        add_known(&out->models_cost, out->runs[i].cost);
    }
    for (size_t i = 0; i < out->n_people; i++) {
        out->unknown_people += isnan(out->people[i].cost) ? 1 : 0;
        add_known(&out->people_hours, out->people[i].hours);
        add_known(&out->people_cost, out->people[i].cost);
    }
    add_known(&out->cost, out->models_cost);
    add_known(&out->cost, out->people_cost);
    out->accepted_cost = out->accepted > 0 ? out->cost / (double)out->accepted : NAN;
}

int ledger_load(struct ledger *out, const struct ledger_sources *from, struct err *e)
{
    int rc;

    *out = (struct ledger){ .currency = from->data->project->task->prices.currency,
                            .accepted = from->accepted };
    rc = read_runs(out, from->data, e);
    if (rc == 0)
        rc = read_people(out, from->data, e);
    if (rc == 0)
        rc = add_models(out, from, e);
    if (rc < 0)
        ledger_release(out);
    else
        sum_up(out);
    return rc;
}

void ledger_release(struct ledger *l)
{
    free(l->runs);
    arena_release(&l->arena);
    *l = (struct ledger){ 0 };
}
