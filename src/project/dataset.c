/* SPDX-License-Identifier: MIT */
#include "project/dataset.h"

#include <math.h>
#include <stdlib.h>

#include "project/pair.h"

int dataset_open(struct dataset *out, const struct project *p, struct err *e)
{
    int rc;

    *out = (struct dataset){ .project = p };
    rc = store_images_load(p->store, &out->images, e);
    if (rc == 0)
        rc = store_annotators_load(p->store, &out->known, e);
    if (rc < 0)
        dataset_release(out);
    return rc;
}

static int load_one(struct dataset *d, const struct store_annotator *a, unsigned flags,
                    struct err *e)
{
    struct labelled *item = &d->items[d->n++];

    item->annotator = a;
    item->name = a->name;
    return store_labels_load(d->project->store, a->id, d->project->task, &d->images, flags,
                             &item->labels, e);
}

/* Somebody who has a link and never voted, or whose runs are all withdrawn. */
static bool is_silent(const struct dataset *d, const struct labelled *item)
{
    size_t cells = d->images.n * d->project->task->n_columns, i = 0;

    if (!item->annotator->reviews && !item->annotator->withdrawn)
        return false;
    while (i < cells && item->labels.values[i] == VALUE_MISSING)
        i++;
    return i == cells;
}

static void drop_silent(struct dataset *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (is_silent(d, &d->items[i]))
            store_labels_release(&d->items[i].labels);
        else
            d->items[n++] = d->items[i];
    }
    d->n = n;
}

int dataset_load(struct dataset *d, const char *const *names, size_t n, unsigned flags,
                 struct err *e)
{
    size_t most = names ? n : d->known.n;
    int rc = 0;

    d->items = mem_new(most, sizeof(*d->items), e);
    if (!d->items)
        return ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < most; i++) {
        const struct store_annotator *a =
            names ? store_annotators_find(&d->known, names[i]) : &d->known.items[i];

        if (!a)
            rc = annotator_unknown(&d->known, names[i], e);
        else if (names || a->kind != ANNOTATOR_CONSENSUS)
            rc = load_one(d, a, flags, e);
    }
    if (rc == 0 && !names)
        drop_silent(d);
    return rc;
}

void dataset_release(struct dataset *d)
{
    for (size_t i = 0; i < d->n; i++)
        store_labels_release(&d->items[i].labels);
    free(d->items);
    store_images_release(&d->images);
    store_annotators_release(&d->known);
    *d = (struct dataset){ 0 };
}

const struct labelled *dataset_find(const struct dataset *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (text_equal(d->items[i].name, name))
            return &d->items[i];
    return NULL;
}

double dataset_probability(const struct dataset *d, const struct labelled *who, size_t column,
                           size_t image)
{
    const struct task *t = d->project->task;
    const struct column *c = &t->columns[column];
    const float *row = who->labels.probabilities;
    int16_t label = who->labels.values[column * d->images.n + image];
    double p;

    if (!row || label < 0)
        return NAN;
    p = (double)row[image * t->n_probabilities + c->probability + (c->yesno ? 0 : (size_t)label)];
    return c->yesno && label == VALUE_NO ? 1 - p : p;
}

int dataset_count_labels(const struct project *p, const char *annotator, uint64_t *n, struct err *e)
{
    struct dataset d = { 0 };
    int rc = dataset_open(&d, p, e);

    *n = 0;
    if (rc == 0)
        rc = dataset_load(&d, &annotator, 1, 0, e);
    for (size_t i = 0; rc == 0 && i < d.images.n * p->task->n_columns; i++)
        *n += d.items[0].labels.values[i] >= 0;
    dataset_release(&d);
    return rc;
}

int dataset_need_images(const struct dataset *d, struct err *e)
{
    char n[TEXT_COUNT_MAX];

    if (d->images.n > 0)
        return 0;
    if (d->images.n_aside == 0) {
        err_set(e, ERR_ARG, "this project has no images yet");
        return err_hint(e, "assent import brings labels, or images");
    }
    err_set(e, ERR_ARG, "all images are set aside: %s", text_count(d->images.n_aside, "image", n));
    return err_hint(e, "assent images restore takes them back");
}
