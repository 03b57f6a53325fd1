/* SPDX-License-Identifier: MIT
 *
 * One annotator's labels are in memory at a time, and the pair's that is compared: there may be
 * many annotators.
 */
#include "jobs/status.h"

#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "jobs/cost.h"
#include "project/pair.h"
#include "store/labels.h"

struct tally {
    const struct project *project;
    const struct events *events;
    struct status_result *out;
    size_t cells;
    struct store_labels pair[2]; /* the compared annotators' */
    uint8_t *voted;              /* [cells] has anybody's single vote */
};

static void count_labels(struct tally *c, const struct store_annotator *known,
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
    a->share = (double)a->labels / (double)c->cells;
}

/* Answers that count, but that annotate would ask for again. */
static int count_other_wording(struct tally *c, const struct store_annotator *known,
                               const struct store_labels *labels, struct status_annotator *a,
                               struct err *e)
{
    const struct task *t = c->project->task;
    const struct store_asking asking = { .annotator = known->id, .task = t };
    size_t n = c->out->images.n;
    uint8_t *missing;
    int rc;

    if (known->kind != ANNOTATOR_MODEL)
        return 0;
    rc = store_missing_load(c->project->store, &asking, &c->out->images, &missing, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t column = 0; column < t->n_columns; column++)
            a->answered_to_other_wording += missing[i * t->n_columns + column] == CELL_OPEN &&
                                            labels->values[column * n + i] != VALUE_MISSING;
    free(missing);
    return rc;
}

static int count_annotator(struct tally *c, const struct store_annotator *known,
                           struct status_annotator *a, struct err *e)
{
    struct store_labels labels;
    int rc = store_labels_load(c->project->store, known->id, c->project->task, &c->out->images, 0,
                               &labels, e);

    if (rc < 0)
        return rc;
    count_labels(c, known, &labels, a);
    rc = count_other_wording(c, known, &labels, a, e);
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

static void count_disputes(struct tally *c)
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

static int check_consensus(struct tally *c, const struct store_annotator *known, struct err *e)
{
    int64_t own, others;
    int rc = store_newest_runs(c->project->store, known->id, &own, &others, e);

    c->out->stale_consensus = own > 0 && own < others;
    return rc;
}

static int count_all(struct tally *c, struct err *e)
{
    struct status_result *out = c->out;
    const struct store_annotators *known = &out->known;
    struct pair usual = pair_usual(known);
    int rc = 0;

    if (usual.second) {
        out->pair[0] = usual.first->name;
        out->pair[1] = usual.second->name;
        out->why = usual.why;
    }
    for (size_t i = 0; rc == 0 && i < known->n; i++) {
        rc = events_check(c->events, e);
        if (rc == 0)
            rc = count_annotator(c, &known->items[i], &out->annotators[i], e);
        if (rc == 0 && known->items[i].kind == ANNOTATOR_CONSENSUS)
            rc = check_consensus(c, &known->items[i], e);
    }
    if (rc == 0 && usual.second)
        count_disputes(c);
    return rc;
}

/* ---- provenance ---- */

struct run_listing {
    struct status_result *out;
    struct err *e;
    int rc;
};

static const char *keep(struct run_listing *l, const char *text)
{
    const char *copy = arena_text(&l->out->arena, text ? text : "-", text ? strlen(text) : 1, l->e);

    if (!copy)
        l->rc = ERR_NOMEM;
    return copy;
}

static void keep_run(void *data, const struct store_run_info *run)
{
    struct run_listing *l = data;

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
        keep(l, *run->withdrawn ? run->withdrawn : NULL),
        run->usage,
        cost_of_usage(l->out->task, run->annotator, &run->usage),
    };
}

static int list_runs(const struct project *p, struct status_result *out, struct err *e)
{
    struct run_listing l = { out, e, 0 };
    int rc = store_runs(p->store, STATUS_RUNS, keep_run, &l, e);

    return rc < 0 ? rc : l.rc;
}

/* Warns of pictures that are not read. A folder, a zip and a tar are looked through in no time; of
 * a compressed tar, annotate and import --images say it. */
static int look_at_pictures(const struct project *p, const struct events *ev, struct err *e)
{
    char *path = p->task->images ? file_join(p->dir, p->task->images, e) : NULL;
    struct image_source *source = NULL;
    struct err none;

    if (p->task->images && !path)
        return ERR_NOMEM;
    if (path && !file_exists(path))
        events_say(ev, EVENT_WARNING, "%s: assent.yaml's images are not there", path);
    else if (path && !image_source_is_compressed(path) &&
             image_source_open(&source, path, ev, &none) < 0)
        events_say(ev, EVENT_WARNING, "%s: %s", path, none.what);
    image_source_close(source);
    free(path);
    return 0;
}

static int fill(struct tally *c, struct err *e)
{
    struct status_result *out = c->out;
    const struct project *p = c->project;
    int rc = store_images_load(p->store, &out->images, e);

    if (rc == 0)
        rc = store_annotators_load(p->store, &out->known, e);
    if (rc == 0) {
        c->cells = out->images.n * p->task->n_columns;
        c->voted = mem_new(c->cells, 1, e);
        out->annotators = arena_new(&out->arena, out->known.n, sizeof(*out->annotators), e);
        rc = c->voted && out->annotators ? count_all(c, e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = list_runs(p, out, e);
    if (rc == 0)
        rc = unused_find(p, &out->unused, e);
    if (rc == 0)
        rc = look_at_pictures(p, c->events, e);
    if (rc < 0)
        return rc;
    return review_figures_load(&out->review, p->store, p->task, &out->images,
                               (const int16_t *const[2]){ c->pair[0].values, c->pair[1].values },
                               e);
}

int job_status(const struct project *p, const struct events *ev, struct status_result *out,
               struct err *e)
{
    struct tally c = { .project = p, .events = ev, .out = out };
    int rc;

    *out = (struct status_result){ .task = p->task };
    rc = fill(&c, e);
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
    unused_release(&r->unused);
    arena_release(&r->arena);
    *r = (struct status_result){ 0 };
}
