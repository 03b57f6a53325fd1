/* SPDX-License-Identifier: MIT
 *
 * One annotator's labels are in memory at a time, and the pair's that is compared: there may be
 * many annotators.
 */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

struct counting {
    const struct project *project;
    struct status_result *out;
    size_t cells;
    struct store_labels pair[2]; /* the compared annotators' */
    uint8_t *voted;              /* [cells] has anybody's single vote */
};

static void count_labels(struct counting *c, const struct store_annotator *known,
                         const struct store_labels *labels, struct status_annotator *a)
{
    a->name = known->name;
    a->kind = known->kind;
    a->votes = known->votes;
    for (size_t i = 0; i < c->cells; i++) {
        a->labels += labels->values[i] >= 0;
        a->abstentions += labels->values[i] < VALUE_MISSING;
        if (known->votes > 0 && labels->values[i] >= 0)
            c->voted[i] = 1;
    }
}

/* Answers that count, but that annotate would ask for again. */
static int count_other_words(struct counting *c, const struct store_annotator *known,
                             const struct store_labels *labels, struct status_annotator *a,
                             struct err *e)
{
    const struct task *t = c->project->task;
    size_t n = c->out->images.n;
    uint8_t *missing;
    int rc;

    if (known->kind != ANNOTATOR_MODEL)
        return 0;
    rc = store_missing_load(c->project->store, known->id, t, &c->out->images, false, &missing, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t column = 0; column < t->n_columns; column++)
            a->other_words += missing[i * t->n_columns + column] == CELL_OPEN &&
                              labels->values[column * n + i] != VALUE_MISSING;
    free(missing);
    return rc;
}

static int count_annotator(struct counting *c, const struct store_annotator *known,
                           struct status_annotator *a, struct err *e)
{
    struct store_labels labels;
    int rc = store_labels_load(c->project->store, known->id, c->project->task, &c->out->images, 0,
                               &labels, e);

    if (rc < 0)
        return rc;
    count_labels(c, known, &labels, a);
    rc = count_other_words(c, known, &labels, a, e);
    if (rc < 0) {
        store_labels_release(&labels);
        return rc;
    }
    for (int i = 0; i < 2; i++) {
        if (!text_equal(known->name, c->out->pair[i]))
            continue;
        c->pair[i] = labels;
        return 0;
    }
    store_labels_release(&labels);
    return 0;
}

static void count_disputes(struct counting *c)
{
    for (size_t i = 0; i < c->cells; i++) {
        int16_t first = c->pair[0].values[i], second = c->pair[1].values[i];

        if (first < 0 || second < 0)
            continue;
        c->out->compared++;
        c->out->disputed += first != second;
        c->out->disputed_with_vote += first != second && c->voted[i];
    }
}

static int check_consensus(struct counting *c, const struct store_annotator *known, struct err *e)
{
    int64_t own, others;
    int rc = store_newest_runs(c->project->store, known->id, &own, &others, e);

    c->out->stale_consensus = own < others;
    return rc;
}

static int count_all(struct counting *c, struct err *e)
{
    struct status_result *out = c->out;
    const struct store_annotators *known = &out->known;
    bool paired = dataset_default_pair(known, out->pair);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < known->n; i++) {
        rc = count_annotator(c, &known->items[i], &out->annotators[i], e);
        if (rc == 0 && known->items[i].kind == ANNOTATOR_CONSENSUS)
            rc = check_consensus(c, &known->items[i], e);
    }
    if (rc == 0 && paired)
        count_disputes(c);
    if (!paired)
        out->pair[0] = out->pair[1] = NULL;
    return rc;
}

/* ---- provenance ---- */

struct listing {
    struct status_result *out;
    struct err *e;
    int rc;
};

static const char *keep(struct listing *l, const char *text)
{
    const char *copy = arena_text(&l->out->arena, text ? text : "-", text ? strlen(text) : 1, l->e);

    if (!copy)
        l->rc = ERR_NOMEM;
    return copy;
}

static void keep_run(void *data, const struct store_run_info *run)
{
    struct listing *l = data;

    if (l->out->n_runs == STATUS_RUNS)
        return;
    l->out->runs[l->out->n_runs++] = (struct status_run){
        run->id,
        keep(l, run->annotator),
        keep(l, run->source),
        keep(l, run->source_sha256),
        keep(l, run->by_whom),
        keep(l, run->started),
        keep(l, run->ended),
    };
}

static int list_runs(const struct project *p, struct status_result *out, struct err *e)
{
    struct listing l = { out, e, 0 };
    int rc = store_runs(p->store, STATUS_RUNS, keep_run, &l, e);

    return rc < 0 ? rc : l.rc;
}

int status(const struct project *p, struct status_result *out, struct err *e)
{
    struct counting c = { .project = p, .out = out };
    int rc;

    *out = (struct status_result){ 0 };
    rc = store_images_load(p->store, &out->images, e);
    if (rc == 0)
        rc = store_annotators_load(p->store, &out->known, e);
    if (rc == 0) {
        c.cells = out->images.n * p->task->n_columns;
        c.voted = mem_new(c.cells, 1, e);
        out->annotators = arena_new(&out->arena, out->known.n, sizeof(*out->annotators), e);
        rc = c.voted && out->annotators ? count_all(&c, e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = list_runs(p, out, e);
    if (rc == 0)
        rc =
            review_figures_load(&out->review, p->store, p->task, &out->images, c.pair[0].values, e);
    free(c.voted);
    store_labels_release(&c.pair[0]);
    store_labels_release(&c.pair[1]);
    if (rc < 0)
        status_result_release(out);
    return rc;
}

void status_result_release(struct status_result *r)
{
    store_images_release(&r->images);
    store_annotators_release(&r->known);
    review_figures_release(&r->review);
    arena_release(&r->arena);
    *r = (struct status_result){ 0 };
}

static struct json_t *runs_json(const struct status_result *r)
{
    struct json_t *runs = jv_array();

    for (size_t i = 0; i < r->n_runs; i++)
        jv_append(runs,
                  jv_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (long long)r->runs[i].id,
                          "annotator", r->runs[i].annotator, "source", r->runs[i].source, "sha256",
                          r->runs[i].source_sha256, "by", r->runs[i].by_whom, "started",
                          r->runs[i].started, "ended", r->runs[i].ended));
    return runs;
}

struct json_t *status_json(const struct project *p, const struct status_result *r)
{
    struct json_t *annotators = jv_array(), *o;

    for (size_t i = 0; i < r->known.n; i++) {
        const struct status_annotator *a = &r->annotators[i];

        jv_append(annotators,
                  jv_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "name", a->name, "kind",
                          task_annotator_kind_name(a->kind), "labels", (long long)a->labels,
                          "abstentions", (long long)a->abstentions, "votes", (long long)a->votes,
                          "other_words", (long long)a->other_words));
    }
    o = jv_pack("{s:s, s:I, s:I, s:I, s:o, s:b}", "name", p->task->name, "images",
                (long long)r->images.n, "questions", (long long)p->task->n_questions, "cells",
                (long long)(r->images.n * p->task->n_columns), "annotators", annotators,
                "stale_consensus", r->stale_consensus);
    if (o)
        jv_set(o, "runs", runs_json(r));
    if (o && r->review.items > 0)
        jv_set(o, "review", review_figures_json(&r->review));
    if (o && r->pair[0])
        jv_set(o, "between",
               jv_pack("{s:[s, s], s:I, s:I, s:I}", "annotators", r->pair[0], r->pair[1],
                       "compared", (long long)r->compared, "disputed", (long long)r->disputed,
                       "disputed_with_vote", (long long)r->disputed_with_vote));
    return o;
}
