/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "formats/formats.h"

/* The study's three: the model, the people whose labels came in bulk, and the votes. */
static int choose_study(const struct project *p, const char *names[3],
                        struct store_annotators *known, struct err *e)
{
    int rc = store_annotators_load(p->store, known, e);

    names[0] = names[1] = names[2] = NULL;
    for (size_t i = 0; rc == 0 && i < known->n; i++) {
        const struct store_annotator *a = &known->items[i];
        int role = a->kind == ANNOTATOR_MODEL ? 0 : a->votes == 0 ? 1 : 2;

        if (a->kind != ANNOTATOR_CONSENSUS && !names[role])
            names[role] = a->name;
    }
    if (rc == 0 && (!names[0] || !names[1] || !names[2])) {
        rc = err_set(e, ERR_ARG,
                     "the study's files need a model, people's labels and votes on their disputes");
        err_hint(e, "--annotator MODEL --annotator PEOPLE --annotator VOTER names them");
    }
    return rc;
}

static int load(struct dataset *d, const struct project *p, const struct export_options *o,
                struct err *e)
{
    size_t takes = labels_write_sources(o->format);
    struct store_annotators known = { 0 };
    const char *three[3];
    int rc;

    if (takes == 3 && o->n_annotators == 0) {
        rc = choose_study(p, three, &known, e);
        if (rc == 0)
            rc = dataset_load(d, p, three, 3, 0, e);
        store_annotators_release(&known);
        return rc;
    }
    if (takes > 0 && o->n_annotators != takes) {
        err_set(e, ERR_ARG, "%s files hold the labels of %zu annotator%s", o->format, takes,
                takes > 1 ? "s" : "");
        err_got(e, "%zu", o->n_annotators);
        return err_hint(e, "--annotator NAME says whose; 'consensus' is one");
    }
    return dataset_load(d, p, o->n_annotators > 0 ? o->annotators : NULL, o->n_annotators,
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

int export_labels(const struct project *p, const struct export_options *o,
                  struct export_result *out, struct err *e)
{
    struct dataset d = { 0 };
    int rc = load(&d, p, o, e);

    *out = (struct export_result){ 0 };
    if (rc == 0 && d.images.n == 0)
        rc = err_set(e, ERR_ARG, "this project has no labels to export");
    if (rc == 0)
        rc = check_stale(p, &d, &out->stale, e);
    if (rc == 0)
        rc = write(p, &d, o, &out->cells, e);
    out->images = d.images.n;
    dataset_release(&d);
    return rc;
}
