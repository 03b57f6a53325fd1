/* SPDX-License-Identifier: MIT */
#include "jobs/undo.h"

#include <stdio.h>
#include <string.h>

#include "project/dataset.h"

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

static int change(struct project *p, const struct undo_options *o, struct undo_result *out,
                  struct err *e)
{
    struct finding f = { out, e, 0 };
    int rc = store_runs(p->store, INT32_MAX, find_run, &f, e);

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
    int rc = store_begin(p->store, e);

    *out = (struct undo_result){ .run = o->run, .back = o->back };
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
