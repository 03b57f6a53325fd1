/* SPDX-License-Identifier: MIT */
#include "jobs/examples.h"

#include <stdlib.h>
#include <string.h>

#include "project/pair.h"
#include "store/labels.h"
#include "store/review.h"
#include "store/runs.h"

enum { PICTURES_MAX = 10000, BYTES_MAX = 1 << 30, NONE = -1 };

struct ranked_image {
    uint64_t rank;
    size_t image; /* of the catalogue's */
};

struct candidate { /* an example that a column may have */
    size_t nth;    /* of its value, by rank */
    size_t place;  /* its image's, by rank */
    int16_t value;
};

struct drawing {
    const struct todo *todo;
    const struct annotator *annotator;
    const struct task *task;
    int16_t *known;              /* [n_columns][n_images]; NONE where nothing is known */
    struct ranked_image *images; /* those with a picture, by rank */
    size_t n_images;
    size_t *picture_at; /* [n_images] its place in the examples' pictures + 1; 0: not there yet */
    struct examples *out;
    size_t n_per_column, bytes;
};

/* ---- what is known ---- */

static size_t cell(const struct drawing *d, size_t column, size_t image)
{
    return column * d->todo->catalogue.images->n + image;
}

static int know_gold(struct drawing *d, struct err *e)
{
    struct store_items items;
    int rc =
        store_items_load(d->todo->project->store, d->task, d->todo->catalogue.images, &items, e);

    for (size_t i = 0; rc == 0 && i < items.n; i++)
        if (items.items[i].kind == REVIEW_GOLD)
            d->known[cell(d, items.items[i].column, items.items[i].image)] = items.items[i].known;
    if (rc == 0)
        store_items_release(&items);
    return rc;
}

static int know_labels(struct drawing *d, const char *name, struct err *e)
{
    struct store *store = d->todo->project->store;
    size_t n = d->task->n_columns * d->todo->catalogue.images->n;
    const struct store_annotator *whose;
    struct store_annotators known;
    struct store_labels labels;
    int rc = store_annotators_load(store, &known, e);

    if (rc < 0)
        return rc;
    whose = store_annotators_find(&known, name);
    if (!whose) {
        rc = annotator_unknown(&known, name, e);
        err_at(e, "assent.yaml:%u: examples_of", d->annotator->line);
    } else if (whose->id == d->todo->asking.annotator) {
        err_set(e, ERR_ARG, "examples of its own answers");
        rc = err_at(e, "assent.yaml:%u: %s", d->annotator->line, d->annotator->name);
    } else {
        rc = store_labels_load(store, whose->id, d->task, d->todo->catalogue.images, 0, &labels, e);
    }
    store_annotators_release(&known);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        d->known[i] = labels.values[i] >= 0 ? labels.values[i] : NONE;
    store_labels_release(&labels);
    return 0;
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked_image *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->image < y->image ? -1 : x->image > y->image;
}

static void rank_images(struct drawing *d)
{
    const struct catalogue *c = &d->todo->catalogue;
    struct buf scratch = BUF_INIT(1 << 20);

    for (size_t i = 0; i < c->images->n; i++)
        if (c->picture_of[i] != SIZE_MAX)
            d->images[d->n_images++] =
                (struct ranked_image){ todo_rank("examples/", c->images->keys[i],
                                                 d->annotator->way.examples_seed, &scratch),
                                       i };
    buf_release(&scratch);
    qsort(d->images, d->n_images, sizeof(*d->images), by_rank);
}

/* ---- drawing ---- */

/* Options in turn: the first of each, then the second. */
static int by_turn(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->nth != y->nth)
        return x->nth < y->nth ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return x->place < y->place ? -1 : x->place > y->place;
}

static size_t list_candidates(const struct drawing *d, size_t column, struct candidate *out)
{
    size_t of_value[TASK_OPTIONS_MAX] = { 0 }, n = 0;

    for (size_t i = 0; i < d->n_images; i++) {
        int16_t value = d->known[cell(d, column, d->images[i].image)];

        if (value != NONE && of_value[value] < d->n_per_column)
            out[n++] = (struct candidate){ of_value[value]++, i, value };
    }
    return n;
}

/* The image's place among the examples' pictures. */
static int take_picture(struct drawing *d, size_t image, size_t *at, struct err *e)
{
    struct label_examples *list = &d->out->list;
    int rc = 0;

    if (d->picture_at[image] == 0)
        rc = mem_grow(&list->pictures, &d->out->cap, list->n_pictures + 1, sizeof(*list->pictures),
                      PICTURES_MAX, e);
    if (rc == 0 && d->picture_at[image] == 0)
        d->picture_at[image] = ++list->n_pictures;
    *at = d->picture_at[image] - 1;
    return rc;
}

static int no_example(const struct drawing *d, size_t column, struct err *e)
{
    const char *whose = d->annotator->way.examples_of;

    err_set(e, ERR_ARG, "the question '%s' has no example", d->task->columns[column].name);
    err_at(e, "assent.yaml:%u: %s", d->annotator->line, d->annotator->name);
    if (whose)
        return err_hint(e, "'%s' has no label of it on a picture of this project", whose);
    return err_hint(e, "known answers come with assent review --gold FILE; or examples_of names an "
                       "annotator whose labels they are");
}

static int draw_column(struct drawing *d, size_t column, struct candidate *candidates,
                       struct err *e)
{
    size_t n = list_candidates(d, column, candidates);
    int rc = 0;

    if (n == 0)
        return no_example(d, column, e);
    qsort(candidates, n, sizeof(*candidates), by_turn);
    n = n < d->n_per_column ? n : d->n_per_column;
    qsort(candidates, n, sizeof(*candidates), by_place);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct label_example *one = &d->out->list.items[d->out->list.n];

        *one = (struct label_example){ .column = column, .value = candidates[i].value };
        rc = take_picture(d, d->images[candidates[i].place].image, &one->picture, e);
        d->out->list.n += rc == 0;
    }
    return rc;
}

static int draw(struct drawing *d, struct err *e)
{
    size_t most = d->n_images;
    struct candidate *candidates = mem_new(most, sizeof(*candidates), e);
    int rc = candidates ? 0 : ERR_NOMEM;

    d->out->list.items = arena_new(&d->out->arena, d->task->n_columns * d->n_per_column,
                                   sizeof(*d->out->list.items), e);
    if (!d->out->list.items)
        rc = ERR_NOMEM;
    for (size_t c = 0; rc == 0 && c < d->task->n_columns; c++)
        rc = draw_column(d, c, candidates, e);
    free(candidates);
    return rc;
}

/* ---- their pictures ---- */

static int read_picture(struct drawing *d, size_t picture, struct label_example_picture *out,
                        struct err *e)
{
    const struct catalogue *c = &d->todo->catalogue;
    void *data;
    int rc = image_source_read(c->source, picture, &data, &out->len, e);

    if (rc < 0)
        return err_at(e, "%s", image_source_key(c->source, picture));
    d->bytes += out->len;
    if (d->bytes > BYTES_MAX)
        rc = err_set(e, ERR_LIMIT, "the pictures of the examples are too large together");
    else if (!(out->bytes = arena_new(&d->out->arena, out->len, 1, e)))
        rc = ERR_NOMEM;
    if (rc == 0) {
        memcpy(out->bytes, data, out->len);
        sha256_hex(data, out->len, out->sha256);
    }
    free(data);
    return rc;
}

/* In the source's order: a compressed archive is read forward. */
static int read_pictures(struct drawing *d, struct err *e)
{
    const struct catalogue *c = &d->todo->catalogue;
    size_t n = image_source_count(c->source);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        size_t at = c->image_of[i] == SIZE_MAX ? 0 : d->picture_at[c->image_of[i]];

        if (at > 0)
            rc = read_picture(d, i, &d->out->list.pictures[at - 1], e);
    }
    return rc;
}

/* ---- all together ---- */

static int find_known(struct drawing *d, struct err *e)
{
    size_t n = d->todo->catalogue.images->n, cells;

    if (!size_mul(d->task->n_columns, n, &cells))
        return err_set(e, ERR_LIMIT, "too many cells for examples");
    d->known = mem_new(cells, sizeof(*d->known), e);
    d->images = mem_new(n, sizeof(*d->images), e);
    d->picture_at = mem_new(n, sizeof(*d->picture_at), e);
    if (!d->known || !d->images || !d->picture_at)
        return ERR_NOMEM;
    memset(d->known, 0xff, cells * sizeof(*d->known)); /* NONE */
    return d->annotator->way.examples_of ? know_labels(d, d->annotator->way.examples_of, e)
                                         : know_gold(d, e);
}

int examples_load(struct examples *out, const struct todo *t, struct err *e)
{
    struct drawing d = { .todo = t,
                         .annotator = t->annotator,
                         .task = t->asking.task,
                         .out = out,
                         .n_per_column = label_examples_wanted(t->annotator) };
    int rc;

    *out = (struct examples){ 0 };
    if (d.n_per_column == 0)
        return 0;
    rc = find_known(&d, e);
    if (rc == 0) {
        rank_images(&d);
        rc = draw(&d, e);
    }
    if (rc == 0)
        rc = read_pictures(&d, e);
    free(d.known);
    free(d.images);
    free(d.picture_at);
    if (rc < 0)
        examples_release(out);
    return rc;
}

void examples_release(struct examples *x)
{
    free(x->list.pictures);
    arena_release(&x->arena);
    *x = (struct examples){ 0 };
}
