/* SPDX-License-Identifier: MIT */
#include "jobs/worst.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "project/catalogue.h"

enum { QUALITY = 80, CANDIDATES_MAX = 1 << 28 };

struct candidate {
    uint32_t column, image;
    uint32_t turn; /* among those of its question */
    float doubt;   /* 1 less the probability of the own value; the largest: not known */
    bool open;     /* the majority takes nobody's side */
};

struct finding {
    const struct worst_input *in;
    struct candidate *items;
    size_t n, cap;
};

/* ---- which ---- */

static int find_in_column(struct finding *f, size_t column, struct err *e)
{
    size_t n_images = f->in->data->images.n;
    const int16_t *first = f->in->first->labels.values + column * n_images;
    const int16_t *second = f->in->second->labels.values + column * n_images;
    const int16_t *majority = f->in->consensus + column * n_images;
    uint32_t turn = 0;

    for (size_t i = 0; i < n_images; i++) {
        double p;

        if (first[i] < 0 || second[i] < 0 || first[i] == second[i] || majority[i] == first[i])
            continue;
        if (mem_grow(&f->items, &f->cap, f->n + 1, sizeof(*f->items), CANDIDATES_MAX, e) < 0)
            return ERR_NOMEM;
        p = dataset_probability(f->in->data, f->in->first, column, i);
        f->items[f->n++] = (struct candidate){ .column = (uint32_t)column,
                                               .image = (uint32_t)i,
                                               .turn = isnan(p) ? turn++ : 0,
                                               .doubt = isnan(p) ? 2 : (float)(1 - p),
                                               .open = majority[i] < 0 };
    }
    return 0;
}

/* What was settled against it first, then what it is surest of. */
static int by_weight(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;

    if (a->open != b->open)
        return a->open - b->open;
    if (a->doubt < b->doubt || b->doubt < a->doubt)
        return a->doubt < b->doubt ? -1 : 1;
    if (a->turn != b->turn)
        return a->turn < b->turn ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return (a->image > b->image) - (a->image < b->image);
}

static int choose(struct worst *out, struct finding *f, struct err *e)
{
    const struct dataset *d = f->in->data;
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < d->project->task->n_columns; c++)
        rc = find_in_column(f, c, e);
    if (rc < 0)
        return rc;
    if (f->n > 0)
        qsort(f->items, f->n, sizeof(*f->items), by_weight);
    out->disputed = f->n;
    f->n = f->n < f->in->most ? f->n : f->in->most;
    out->cells = arena_new(&out->arena, f->n + 1, sizeof(*out->cells), e);
    return out->cells ? 0 : ERR_NOMEM;
}

/* ---- their pictures ---- */

/* One that cannot be read is left out: its cell is told all the same. */
static int read_picture(struct worst_cell *cell, const struct catalogue *c, size_t picture)
{
    struct image image = { 0 };
    void *data = NULL;
    size_t len;
    struct err ignored;
    int rc = image_source_read(c->source, picture, &data, &len, &ignored);

    if (rc == 0)
        rc = image_decode(&image, data, len, &ignored);
    free(data);
    if (rc == 0)
        rc = image_shrink(&image, WORST_SIDE, &ignored);
    if (rc == 0)
        rc = image_encode_jpeg(&image, QUALITY, &cell->jpeg, &cell->len, &ignored);
    image_release(&image);
    return rc;
}

static int describe(struct worst *out, const struct finding *f, const struct catalogue *c,
                    struct err *e)
{
    const struct dataset *d = f->in->data;
    struct progress progress;
    int rc = 0;

    progress_start(&progress, f->in->events, "reading", "pictures", f->n);
    for (size_t i = 0; rc == 0 && i < f->n; i++) {
        const struct candidate *at = &f->items[i];
        const struct column *column = &d->project->task->columns[at->column];
        size_t cell = at->column * d->images.n + at->image;
        const char *key = d->images.keys[at->image];
        struct worst_cell *w = &out->cells[out->n++];

        *w = (struct worst_cell){
            .column = at->column,
            .image = arena_text(&out->arena, key, strlen(key), e),
            .first = task_value_text(column, f->in->first->labels.values[cell]),
            .second = task_value_text(column, f->in->second->labels.values[cell]),
            .majority =
                f->in->consensus[cell] < 0 ? "" : task_value_text(column, f->in->consensus[cell]),
            .probability = dataset_probability(d, f->in->first, at->column, at->image),
        };
        if (c->picture_of[at->image] != SIZE_MAX)
            read_picture(w, c, c->picture_of[at->image]);
        rc = w->image ? events_check(f->in->events, e) : ERR_NOMEM;
        progress_add(&progress, 1);
    }
    progress_end(&progress);
    return rc;
}

int worst_find(struct worst *out, const struct worst_input *in, struct err *e)
{
    struct finding f = { .in = in };
    struct catalogue c = { 0 };
    int rc = catalogue_open_project(&c, in->data->project, &in->data->images, in->events, e);

    *out = (struct worst){ 0 };
    if (rc == 0)
        rc = catalogue_need(&c, e);
    if (rc == 0)
        rc = choose(out, &f, e);
    if (rc == 0)
        rc = describe(out, &f, &c, e);
    catalogue_close(&c);
    free(f.items);
    if (rc < 0)
        worst_release(out);
    return rc;
}

void worst_release(struct worst *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->cells[i].jpeg);
    arena_release(&w->arena);
    *w = (struct worst){ 0 };
}
