/* SPDX-License-Identifier: MIT */
#include "jobs/selective.h"

#include <string.h>

bool is_selective(const struct dataset *d, size_t who)
{
    size_t cells = d->images.n * d->project->task->n_columns, labelled = 0;

    for (size_t i = 0; i < cells; i++) {
        int16_t first = VALUE_MISSING;
        bool differ = false;

        if (d->items[who].labels.values[i] < 0)
            continue;
        labelled++;
        for (size_t a = 0; a < d->n; a++) {
            int16_t value = d->items[a].labels.values[i];

            if (a == who || value < 0)
                continue;
            differ = differ || (first >= 0 && value != first);
            first = value;
        }
        if (!differ)
            return false;
    }
    return labelled > 0;
}

static bool votes(const struct store_annotator *a)
{
    return a->kind == ANNOTATOR_HUMAN && a->votes > 0;
}

static int find_among_all(const struct dataset *few, struct arena *a, const char **name,
                          struct err *e)
{
    struct dataset all;
    int rc = dataset_open(&all, few->project, e);

    if (rc == 0)
        rc = dataset_load(&all, NULL, 0, 0, e);
    for (size_t i = 0; rc == 0 && all.n > 2 && i < all.n; i++) {
        const struct labelled *one = &all.items[i];

        if (!votes(one->annotator) || !dataset_find(few, one->name) || !is_selective(&all, i))
            continue;
        *name = arena_text(a, one->name, strlen(one->name), e);
        rc = *name ? 0 : ERR_NOMEM;
    }
    dataset_release(&all);
    return rc;
}

int selective_find(const struct dataset *d, struct arena *a, const char **name, struct err *e)
{
    *name = NULL;
    for (size_t i = 0; d->n > 2 && i < d->n; i++) {
        if (!is_selective(d, i))
            continue;
        *name = arena_text(a, d->items[i].name, strlen(d->items[i].name), e);
        if (!*name)
            return ERR_NOMEM;
    }
    for (size_t i = 0; d->n == 2 && i < 2; i++)
        if (votes(d->items[i].annotator))
            return find_among_all(d, a, name, e);
    return 0;
}
