/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/calibrating.h"
#include "jobs/todo.h"
#include "project/pair.h"
#include "review/sampled.h"

enum { TRUTHS_MAX = 1 << 28 };

/* Its labels with a probability; an abstention has none that counts. */
static bool is_scored(const struct truths *t, size_t image, size_t column)
{
    const struct task *task = t->data->project->task;
    const struct column *c = &task->columns[column];
    int16_t value = t->who->labels.values[column * t->data->images.n + image];
    const float *p = t->who->labels.probabilities + image * task->n_probabilities + c->probability;

    return value >= 0 && !isnan(p[c->yesno ? 0 : value]);
}

static int add(struct truths *t, const struct truth_cell *cell, struct err *e)
{
    int rc = mem_grow(&t->items, &t->cap, t->n + 1, sizeof(*t->items), TRUTHS_MAX, e);

    if (rc == 0)
        t->items[t->n++] = *cell;
    return rc;
}

/* ---- people ---- */

/* A stratum's settled cells stand for all of its cells. */
static int take_sample(struct truths *t, const struct sampled *s, struct err *e)
{
    uint64_t *settled = mem_new(s->n_strata, sizeof(*settled), e);
    int rc = settled ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < s->n; i++)
        settled[s->cells[i].stratum] += s->cells[i].value >= 0;
    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        const struct sampled_cell *c = &s->cells[i];

        if (c->value >= 0 && s->strata[c->stratum].cells > 0 && is_scored(t, c->image, c->column))
            rc = add(t,
                     &(struct truth_cell){ (uint32_t)c->image, (uint32_t)c->column, c->value,
                                           (double)s->strata[c->stratum].cells /
                                               (double)settled[c->stratum] },
                     e);
    }
    free(settled);
    return rc;
}

/* 1 where some cell is settled, 0 where none is. */
static int ask_people(struct truths *t, struct err *e)
{
    struct sampled s = { 0 };
    const struct dataset *d = t->data;
    int rc = sampled_load(&s, d->project->store, d->project->task, &d->images, 0, e);
    int any = 0;

    for (size_t i = 0; rc == 0 && i < s.n; i++)
        any |= s.cells[i].value >= 0;
    if (rc == 0 && any)
        rc = take_sample(t, &s, e);
    sampled_release(&s);
    t->people = any;
    t->against = CALIBRATE_PEOPLE;
    return rc < 0 ? rc : any;
}

/* ---- another annotator ---- */

static int take_image(struct truths *t, const int16_t *values, size_t image, struct err *e)
{
    size_t n_images = t->data->images.n, columns = t->data->project->task->n_columns;
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < columns; c++)
        if (values[c * n_images + image] >= 0 && is_scored(t, image, c))
            rc = add(t,
                     &(struct truth_cell){ (uint32_t)image, (uint32_t)c,
                                           values[c * n_images + image], 1 },
                     e);
    return rc;
}

static uint64_t count_labels(const struct truths *t, const int16_t *values, uint64_t *images)
{
    size_t n_images = t->data->images.n, columns = t->data->project->task->n_columns;
    uint64_t n = 0;

    *images = 0;
    for (size_t i = 0; i < n_images; i++) {
        uint64_t before = n;

        for (size_t c = 0; c < columns; c++)
            n += values[c * n_images + i] >= 0 && is_scored(t, i, c);
        *images += n > before;
    }
    return n;
}

/* Of too many cells those of the images that come first in the seed's random order: about as many
 * as there may be. */
static int take_labels(struct truths *t, const int16_t *values, uint64_t seed, struct err *e)
{
    struct buf scratch = BUF_INIT(1 << 20);
    uint64_t images, n = count_labels(t, values, &images);
    double share = (double)CALIBRATE_CELLS_MAX / (double)n;
    int rc = 0;

    if (n > CALIBRATE_CELLS_MAX)
        t->drawn_from = images;
    for (size_t i = 0; rc == 0 && i < t->data->images.n; i++) {
        if (t->drawn_from > 0 && (double)todo_rank("calibrate some ", t->data->images.keys[i], seed,
                                                   &scratch) >= share * 0x1p64)
            continue;
        rc = take_image(t, values, i, e);
    }
    buf_release(&scratch);
    return rc;
}

static int ask_annotator(struct truths *t, const struct store_annotator *other, uint64_t seed,
                         struct err *e)
{
    const struct dataset *d = t->data;
    struct store_labels labels = { 0 };
    int rc = store_labels_load(d->project->store, other->id, d->project->task, &d->images, 0,
                               &labels, e);

    t->against = other->name;
    t->only_disputes = other->votes > 0 && !other->files && !other->engine;
    if (rc == 0)
        rc = take_labels(t, labels.values, seed, e);
    store_labels_release(&labels);
    return rc;
}

/* ---- who ---- */

static int no_truth(struct err *e)
{
    err_set(e, ERR_ARG, "nothing says what is true");
    return err_hint(e, "assent review --sample N asks people about a random sample; --against NAME "
                       "takes another annotator's labels");
}

static int ask_usual(struct truths *t, uint64_t seed, struct err *e)
{
    struct pair usual = pair_usual(&t->data->known);
    const struct store_annotator *other =
        usual.first == t->who->annotator ? usual.second : usual.first;
    int rc = ask_people(t, e);

    t->why = "people answered a random sample";
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (!other || usual.second_settles)
        return no_truth(e);
    t->why = "no random sample is answered by people yet";
    return ask_annotator(t, other, seed, e);
}

static int ask_named(struct truths *t, const char *name, uint64_t seed, struct err *e)
{
    const struct store_annotator *other = store_annotators_find(&t->data->known, name);
    int rc;

    if (other == t->who->annotator && other)
        return err_set(e, ERR_ARG, "%s is not to be held against itself", name);
    if (other)
        return ask_annotator(t, other, seed, e);
    if (strcmp(name, CALIBRATE_PEOPLE) != 0)
        return annotator_unknown(&t->data->known, name, e);
    rc = ask_people(t, e);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    err_set(e, ERR_ARG, "people have answered no random sample");
    return err_hint(e, "assent review --sample N draws one and asks them");
}

/* ---- in order ---- */

static int by_column(const void *a, const void *b)
{
    const struct truth_cell *x = a, *y = b;

    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

static int arrange(struct truths *t, uint64_t seed, struct err *e)
{
    struct buf scratch = BUF_INIT(1 << 20);
    size_t columns = t->data->project->task->n_columns;

    t->first = mem_new(columns + 1, sizeof(*t->first), e);
    t->fold_of = mem_new(t->data->images.n, sizeof(*t->fold_of), e);
    if (!t->first || !t->fold_of)
        return ERR_NOMEM;
    memset(t->fold_of, CALIBRATE_FOLDS, t->data->images.n);
    if (t->n > 1)
        qsort(t->items, t->n, sizeof(*t->items), by_column);
    for (size_t i = 0; i < t->n; i++) {
        size_t image = t->items[i].image;

        t->first[t->items[i].column + 1]++;
        if (t->fold_of[image] < CALIBRATE_FOLDS)
            continue;
        t->fold_of[image] =
            (uint8_t)(todo_rank("calibrate ", t->data->images.keys[image], seed, &scratch) %
                      CALIBRATE_FOLDS);
        t->n_images++;
    }
    for (size_t c = 0; c < columns; c++)
        t->first[c + 1] += t->first[c];
    buf_release(&scratch);
    return 0;
}

int truths_load(struct truths *out, const struct dataset *d, const struct labelled *who,
                const struct calibrate_options *o, struct err *e)
{
    int rc;

    *out = (struct truths){ .data = d, .who = who };
    rc = o->against ? ask_named(out, o->against, o->seed, e) : ask_usual(out, o->seed, e);
    if (rc == 0 && out->n == 0) {
        rc = err_set(e, ERR_ARG, "%s has no probabilities of cells whose truth is known by %s",
                     who->name, out->against);
        err_hint(e, "labels from files of one label a cell have none; a model's answers and JSONL "
                    "with options do");
    }
    if (rc == 0)
        rc = arrange(out, o->seed, e);
    if (rc < 0)
        truths_release(out);
    return rc;
}

void truths_release(struct truths *t)
{
    free(t->items);
    free(t->first);
    free(t->fold_of);
    *t = (struct truths){ 0 };
}
