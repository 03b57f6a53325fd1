/* SPDX-License-Identifier: MIT */
#include "jobs/sure.h"

#include <math.h>
#include <stdlib.h>

bool sure_is_asked(const struct dataset *d, const char *const *names, size_t n)
{
    size_t models = 0, people = 0;

    for (size_t i = 0; i < n; i++) {
        const struct store_annotator *a = store_annotators_find(&d->known, names[i]);

        models += a && a->kind == ANNOTATOR_MODEL;
        people += a && a->kind == ANNOTATOR_HUMAN;
    }
    return models >= 2 && people >= 1;
}

/* What all models answer and are sure of; VALUE_MISSING: there is no such answer. */
static int16_t sure_answer(const struct dataset *d, size_t column, size_t image)
{
    size_t cell = column * d->images.n + image;
    int16_t answer = VALUE_MISSING;

    for (size_t i = 0; i < d->n; i++) {
        int16_t label = d->items[i].labels.values[cell];

        if (d->items[i].annotator->kind != ANNOTATOR_MODEL)
            continue;
        if (label < 0 || (answer >= 0 && label != answer) ||
            !(dataset_probability(d, &d->items[i], column, image) >= SURE_PROBABILITY))
            return VALUE_MISSING;
        answer = label;
    }
    return answer;
}

static void count_cell(struct sure_question *q, const struct dataset *d, size_t column,
                       size_t image)
{
    int16_t answer = sure_answer(d, column, image);
    size_t people = 0, others = 0;

    for (size_t i = 0; answer >= 0 && i < d->n; i++) {
        int16_t label = d->items[i].labels.values[column * d->images.n + image];

        if (d->items[i].annotator->kind != ANNOTATOR_HUMAN || label < 0)
            continue;
        people++;
        others += label != answer;
    }
    q->n += people > 0;
    q->differ += others > 0;
    q->all_differ += people > 0 && others == people;
}

static void add(struct sure_question *to, const struct sure_question *q)
{
    to->n += q->n;
    to->differ += q->differ;
    to->all_differ += q->all_differ;
}

static double share_of(const struct sure_question *q)
{
    return q->n > 0 ? (double)q->differ / (double)q->n : NAN;
}

static int by_differing(const void *x, const void *y)
{
    const struct sure_question *a = x, *b = y;

    if (a->differ != b->differ)
        return a->differ < b->differ ? 1 : -1;
    if (a->all_differ != b->all_differ)
        return a->all_differ < b->all_differ ? 1 : -1;
    return (a->column > b->column) - (a->column < b->column);
}

int sure_find(struct sure *out, const struct dataset *d, const size_t *columns, size_t n_columns,
              struct arena *a, struct err *e)
{
    *out = (struct sure){ .items = arena_new(a, n_columns, sizeof(*out->items), e) };
    if (!out->items)
        return ERR_NOMEM;
    out->n = n_columns;
    for (size_t c = 0; c < n_columns; c++) {
        struct sure_question *q = &out->items[c];

        *q = (struct sure_question){ .name = d->project->task->columns[columns[c]].name,
                                     .column = columns[c] };
        for (size_t i = 0; i < d->images.n; i++)
            count_cell(q, d, columns[c], i);
        q->share = share_of(q);
        add(&out->all, q);
    }
    out->all.name = "all";
    out->all.share = share_of(&out->all);
    qsort(out->items, n_columns, sizeof(*out->items), by_differing);
    return 0;
}
