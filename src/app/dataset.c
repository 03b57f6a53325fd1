/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

static int unknown_annotator(const struct store_annotators *known, const char *name, struct err *e)
{
    const char **names = mem_new(known->n, sizeof(*names), e);
    struct buf list = BUF_INIT(300);
    const char *near;

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < known->n; i++) {
        names[i] = known->items[i].name;
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    near = text_nearest(name, names, known->n);
    err_set(e, ERR_ARG, "no annotator here is called '%s'", name);
    if (strcmp(name, "consensus") == 0)
        err_hint(e, "assent consensus makes it");
    else if (near)
        err_hint(e, "did you mean '%s'?", near);
    if (known->n > 0)
        err_expected(e, "one of %s", list.text ? list.text : "");
    else
        err_hint(e, "nothing is imported yet: assent import FILE --annotator NAME");
    buf_release(&list);
    free(names);
    return e->code;
}

static const struct store_annotator *find(const struct store_annotators *known, const char *name)
{
    for (size_t i = 0; i < known->n; i++)
        if (strcmp(known->items[i].name, name) == 0)
            return &known->items[i];
    return NULL;
}

static int load_one(struct dataset *d, const struct store_annotator *a, unsigned flags,
                    struct err *e)
{
    struct labelled *item = &d->items[d->n];

    item->annotator = a;
    item->name = a->name;
    d->n++;
    return store_labels_load(d->project->store, a->id, d->project->task, &d->images, flags,
                             &item->labels, e);
}

static int load_items(struct dataset *d, const char *const *names, size_t n, unsigned flags,
                      struct err *e)
{
    int rc = 0;

    d->items = mem_new(names ? n : d->known.n, sizeof(*d->items), e);
    if (!d->items)
        return ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < (names ? n : d->known.n); i++) {
        const struct store_annotator *a = names ? find(&d->known, names[i]) : &d->known.items[i];

        if (!a)
            rc = unknown_annotator(&d->known, names[i], e);
        else if (names || a->kind != ANNOTATOR_CONSENSUS)
            rc = load_one(d, a, flags, e);
    }
    return rc;
}

int dataset_load(struct dataset *out, const struct project *p, const char *const *names, size_t n,
                 unsigned flags, struct err *e)
{
    int rc;

    *out = (struct dataset){ .project = p };
    rc = store_images_load(p->store, &out->images, e);
    if (rc == 0)
        rc = store_annotators_load(p->store, &out->known, e);
    if (rc == 0)
        rc = load_items(out, names, n, flags, e);
    if (rc < 0)
        dataset_release(out);
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

static const struct store_annotator *first_of(const struct store_annotators *known,
                                              bool (*fits)(const struct store_annotator *),
                                              const struct store_annotator *but)
{
    for (size_t i = 0; i < known->n; i++)
        if (&known->items[i] != but && fits(&known->items[i]))
            return &known->items[i];
    return NULL;
}

static bool is_model(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_MODEL;
}

static bool is_bulk_human(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_HUMAN && a->votes == 0 && !a->reviews;
}

static bool is_anybody(const struct store_annotator *a)
{
    return a->kind != ANNOTATOR_CONSENSUS && !(a->reviews && a->votes == 0);
}

bool dataset_default_pair(const struct store_annotators *known, const char *names[2])
{
    const struct store_annotator *first = first_of(known, is_model, NULL), *second;

    if (!first)
        first = first_of(known, is_anybody, NULL);
    second = first_of(known, is_bulk_human, first);
    if (!second)
        second = first_of(known, is_anybody, first);
    names[0] = first ? first->name : NULL;
    names[1] = second ? second->name : NULL;
    return first && second;
}
