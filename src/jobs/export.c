/* SPDX-License-Identifier: MIT */
#include "jobs/export.h"

#include <stdlib.h>
#include <string.h>

#include "formats/formats.h"
#include "project/dataset.h"
#include "project/pair.h"

/* The study's three: the usual pair of a model and people, and who voted on their disputes. */
static int load_study(struct dataset *d, struct err *e)
{
    struct pair pair = pair_usual(&d->known);
    const struct store_annotator *voter = pair_voter(&d->known);

    if (voter && pair.second && pair.second != voter && pair.first->kind == ANNOTATOR_MODEL &&
        pair.second->kind == ANNOTATOR_HUMAN)
        return dataset_load(d, (const char *[]){ pair.first->name, pair.second->name, voter->name },
                            3, 0, e);
    err_set(e, ERR_ARG,
            "the study's files need a model, people's labels and votes on their disputes");
    return err_hint(e, "--annotator MODEL --annotator PEOPLE --annotator VOTER names them");
}

static int load(struct dataset *d, const struct export_options *o, struct err *e)
{
    size_t takes = labels_write_sources(o->format);

    if (takes == 3 && o->n_annotators == 0)
        return load_study(d, e);
    if (takes > 0 && o->n_annotators != takes) {
        err_set(e, ERR_ARG, "%s files hold the labels of %zu annotator%s", o->format, takes,
                takes > 1 ? "s" : "");
        err_got(e, "%zu", o->n_annotators);
        return err_hint(e, "--annotator NAME says whose; 'consensus' is one");
    }
    return dataset_load(d, o->n_annotators > 0 ? o->annotators : NULL, o->n_annotators,
                        STORE_WITH_PROBABILITIES, e);
}

static int check_stale(const struct project *p, const struct dataset *d, bool *stale, struct err *e)
{
    int64_t own, others;
    int rc = 0;

    *stale = false;
    for (size_t i = 0; rc == 0 && i < d->n; i++) {
        if (d->items[i].annotator->kind != ANNOTATOR_CONSENSUS)
            continue;
        rc = store_newest_runs(p->store, d->items[i].annotator->id, &own, &others, e);
        *stale = own < others;
    }
    return rc;
}

static int write(const struct project *p, const struct dataset *d, const struct export_options *o,
                 uint64_t *cells, struct err *e)
{
    struct label_source *sources = mem_new(d->n, sizeof(*sources), e);
    struct label_export x = { p->task, d->images.keys, d->images.n, sources, d->n };
    int rc = sources ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < d->n; i++)
        sources[i] =
            (struct label_source){ d->items[i].name, d->items[i].annotator->kind,
                                   d->items[i].labels.values, d->items[i].labels.probabilities };
    if (rc == 0)
        rc = labels_write(o->path, o->format, &x, cells, e);
    free(sources);
    return rc;
}

int job_export(const struct project *p, const struct export_options *o, struct export_result *out,
               struct err *e)
{
    struct dataset d = { 0 };
    int rc = dataset_open(&d, p, e);

    *out = (struct export_result){ .path = o->path, .format = o->format };
    if (rc == 0)
        rc = load(&d, o, e);
    if (rc == 0)
        rc = dataset_need_images(&d, e);
    if (rc == 0)
        rc = check_stale(p, &d, &out->stale, e);
    if (rc == 0)
        rc = events_check(o->events, e);
    if (rc == 0)
        rc = write(p, &d, o, &out->cells, e);
    out->images = d.images.n;
    dataset_release(&d);
    return rc;
}
