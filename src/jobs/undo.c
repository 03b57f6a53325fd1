/* SPDX-License-Identifier: MIT */
#include "jobs/undo.h"

#include <stdio.h>
#include <string.h>

#include "project/dataset.h"
#include "project/pair.h"
#include "store/review.h"

struct finding {
    struct undo_result *out;
    struct err *e;
    int rc;
};

static const char *keep(struct finding *f, const char *text)
{
    const char *copy = text ? arena_text(&f->out->arena, text, strlen(text), f->e) : NULL;

    if (text && !copy)
        f->rc = ERR_NOMEM;
    return copy;
}

/* The run that is meant; without a number the newest that counts. */
static void find_run(void *data, const struct store_run_info *run)
{
    struct finding *f = data;

    if (f->out->annotator || (f->out->run != 0 ? run->id != f->out->run : *run->withdrawn))
        return;
    f->out->run = run->id;
    f->out->annotator = keep(f, run->annotator);
    f->out->source = keep(f, run->source);
    f->out->started = keep(f, run->started);
    f->out->by_whom = keep(f, run->by_whom);
}

static int check_consensus(struct project *p, bool *stale, struct err *e)
{
    struct store_annotators known;
    const struct store_annotator *consensus;
    int64_t own = 0, others = 0;
    int rc = store_annotators_load(p->store, &known, e);

    consensus = rc == 0 ? store_annotators_find(&known, "consensus") : NULL;
    if (consensus)
        rc = store_newest_runs(p->store, consensus->id, &own, &others, e);
    *stale = own > 0 && others > own;
    store_annotators_release(&known);
    return rc;
}

/* Makes a run of what somebody answered on the page. */
static int gather(struct project *p, const char *name, struct undo_result *out, struct err *e)
{
    static const char the_page[] = "the review page";
    const struct store_annotator *who = NULL;
    struct store_annotators known;
    int64_t others, n = 0;
    int rc = store_annotators_load(p->store, &known, e);

    if (rc == 0)
        who = store_annotators_find(&known, name);
    if (rc == 0 && !who)
        rc = annotator_unknown(&known, name, e);
    if (rc == 0)
        rc = store_run_begin(p->store,
                             &(struct store_run){ .annotator = who->id,
                                                  .settings = "{\"format\":\"review\"}",
                                                  .source = the_page },
                             p->task, e);
    if (rc == 0)
        rc = store_answers_gather(p->store, who->id, the_page, &n, e);
    if (rc == 0)
        rc = store_run_end(p->store, &(struct store_counts){ .labels = (uint64_t)n }, e);
    if (rc == 0)
        rc = store_newest_runs(p->store, who->id, &out->run, &others, e);
    if (rc == 0 && n == 0) {
        rc = err_set(e, ERR_ARG, "'%s' has no answers on the review page that count", name);
        err_hint(e, "what came back of a packet is a run of its own: assent status -v lists them");
    }
    store_annotators_release(&known);
    return rc;
}

static int change(struct project *p, const struct undo_options *o, struct undo_result *out,
                  struct err *e)
{
    struct finding f = { out, e, 0 };
    int rc = o->reviewer ? gather(p, o->reviewer, out, e) : 0;

    if (rc == 0)
        rc = store_runs(p->store, INT32_MAX, find_run, &f, e);
    if (rc == 0)
        rc = f.rc;
    if (rc == 0 && out->annotator)
        rc = dataset_count_labels(p, out->annotator, &out->before, e);
    if (rc == 0)
        rc = store_run_withdraw(p->store, &out->run, o->back, e);
    if (rc == 0)
        rc = dataset_count_labels(p, out->annotator, &out->after, e);
    return rc == 0 ? check_consensus(p, &out->stale_consensus, e) : rc;
}

static int note_event(struct project *p, const struct undo_result *r, struct err *e)
{
    char what[64];

    snprintf(what, sizeof(what), "undo%s %lld", r->back ? " --undo" : "", (long long)r->run);
    return store_event(p->store, what, e);
}

int job_undo(struct project *p, const struct undo_options *o, struct undo_result *out,
             struct err *e)
{
    int rc = 0;

    *out = (struct undo_result){ .run = o->run, .back = o->back };
    if (o->reviewer)
        rc = store_reserve(p->store, "stop it first: Ctrl-C loses no answer", e);
    if (rc < 0)
        return err_at(e, "%s", p->dir);
    rc = store_begin(p->store, e);
    if (rc == 0)
        rc = change(p, o, out, e);
    if (rc == 0)
        rc = note_event(p, out, e);
    rc = store_end(p->store, rc, e);
    if (rc < 0)
        undo_result_release(out);
    return rc;
}

void undo_result_release(struct undo_result *r)
{
    arena_release(&r->arena);
    *r = (struct undo_result){ 0 };
}
