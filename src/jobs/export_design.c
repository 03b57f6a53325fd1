/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "formats/design.h"
#include "jobs/export.h"
#include "jobs/odds.h"
#include "project/dataset.h"
#include "project/pair.h"

struct designing {
    const struct project *project;
    struct dataset data; /* one annotator's labels, or nobody's */
    struct sampled sample;
    struct odds odds;
    int16_t *said;
    double *probability, *seen; /* seen: [n_strata] with which probability a cell was */
    struct arena arena;
};

static int load(struct designing *d, const struct export_options *o, struct err *e)
{
    const char *name = o->n_annotators > 0 ? o->annotators[0] : NULL;
    int rc = dataset_open(&d->data, d->project, e);

    if (rc == 0)
        rc = dataset_need_images(&d->data, e);
    if (rc == 0 && !name) {
        const struct store_annotator *first = pair_usual(&d->data.known).first;

        name = first ? first->name : NULL;
    }
    if (rc == 0 && name)
        rc = dataset_load(&d->data, &name, 1, 0, e);
    if (rc == 0)
        rc = sampled_load(&d->sample, d->project->store, d->project->task, &d->data.images,
                          SAMPLED_STRATA_OF, e);
    return rc;
}

static int check_sample(const struct designing *d, struct err *e)
{
    if (d->sample.design == 0) {
        err_set(e, ERR_ARG, "no sample was drawn at random");
        return err_hint(e, "assent review --sample N draws one");
    }
    if (!d->sample.stratum_of) {
        err_set(e, ERR_ARG, "the sample was drawn before each cell's stratum was kept with it");
        return err_hint(e, "assent review --sample N with another --seed draws one that can be "
                           "written");
    }
    return 0;
}

/* Where all cells of a stratum were as likely: the settled ones, by all of them. */
static int find_seen(struct designing *d, size_t cells, struct err *e)
{
    const struct sampled *s = &d->sample;
    double *all = arena_new(&d->arena, s->n_strata, sizeof(*all), e);

    d->seen = arena_new(&d->arena, s->n_strata, sizeof(*d->seen), e);
    if (!all || !d->seen)
        return ERR_NOMEM;
    for (size_t i = 0; i < cells; i++)
        if (s->stratum_of[i] != STORE_OUTSIDE)
            all[s->stratum_of[i]]++;
    for (size_t i = 0; i < s->n; i++)
        d->seen[s->cells[i].stratum] += s->cells[i].value >= 0;
    for (size_t h = 0; h < s->n_strata; h++)
        d->seen[h] = d->odds.unequal ? NAN : d->seen[h] / all[h];
    return 0;
}

static int fill(struct designing *d, struct err *e)
{
    const struct sampled *s = &d->sample;
    size_t n = d->data.images.n, cells = n * d->project->task->n_columns;
    int rc = odds_find(&d->odds, s, &d->arena, e);

    d->said = mem_new(cells, sizeof(*d->said), e);
    d->probability = mem_new(cells, sizeof(*d->probability), e);
    if (rc < 0 || !d->said || !d->probability)
        return ERR_NOMEM;
    rc = find_seen(d, cells, e);
    for (size_t i = 0; rc == 0 && i < cells; i++) {
        d->said[i] = VALUE_MISSING;
        d->probability[i] = s->stratum_of[i] == STORE_OUTSIDE ? -1 : d->seen[s->stratum_of[i]];
    }
    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        const struct sampled_cell *c = &s->cells[i];
        size_t cell = c->column * n + c->image;

        if (c->value < 0 || s->stratum_of[cell] != c->stratum)
            continue;
        d->said[cell] = c->value;
        if (d->odds.unequal)
            d->probability[cell] = odds_of(&d->odds, c);
    }
    return rc;
}

int job_export_design(const struct project *p, const struct export_options *o,
                      struct export_result *out, struct err *e)
{
    struct designing d = { .project = p };
    int rc = load(&d, o, e);

    *out = (struct export_result){ .path = o->path, .format = "design" };
    if (rc == 0)
        rc = check_sample(&d, e);
    if (rc == 0)
        rc = fill(&d, e);
    if (rc == 0)
        rc = events_check(o->events, e);
    if (rc == 0) {
        const struct design_export x = { .task = p->task,
                                         .keys = d.data.images.keys,
                                         .n_images = d.data.images.n,
                                         .said = d.said,
                                         .guessed =
                                             d.data.n > 0 ? d.data.items[0].labels.values : NULL,
                                         .probability = d.probability };

        rc = design_write(o->path, &x, &out->cells, e);
    }
    out->images = d.data.images.n;
    free(d.said);
    free(d.probability);
    sampled_release(&d.sample);
    arena_release(&d.arena);
    dataset_release(&d.data);
    return rc;
}
