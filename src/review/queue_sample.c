/* SPDX-License-Identifier: MIT
 *
 * The sample of a queue: drawn at first, drawn from what is new where the project has grown, and
 * extended where a larger one is wanted.
 */
#include "review/building.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/draw.h"

/* ---- a design ---- */

static double inclusion(const struct store_stratum *h)
{
    return (double)h->drawn / (double)h->cells;
}

/* A drawn cell that is queued already joins the sample as it is. first: where in the design the
 * drawing's strata begin. */
static int add_drawn(struct building *b, const struct drawing *d, const struct drawn_cell *cell,
                     size_t first, struct err *e)
{
    struct store_item drawn = { .design = b->out->design,
                                .stratum = first + cell->stratum,
                                .inclusion_probability = inclusion(&d->strata[cell->stratum]) };
    size_t at = building_cell(b, cell->image, cell->column);
    uint32_t before = b->queued[at];
    struct new_item *added;
    int rc;

    b->drawn[at] = true;

    if (before != 0 && before <= b->there.n) {
        drawn.id = b->there.items[before - 1].id;
        b->there.items[before - 1].design = drawn.design;
        return store_item_sampled(b->store, &drawn, e);
    }
    rc = building_add(b, cell->image, cell->column, REVIEW_SAMPLE, &added, e);
    if (!added && before != 0)
        added = &b->items[before - 1 - b->there.n];
    if (added) {
        added->item.design = drawn.design;
        added->item.stratum = drawn.stratum;
        added->item.inclusion_probability = drawn.inclusion_probability;
    }
    return rc;
}

/* Draws from the frame, disputed cells too: the sample's figures are about all. */
static int add_sample(struct building *b, const struct frame *frame, uint64_t wanted, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct drawing d;
    size_t first = 0;
    int rc = draw_sample(frame, wanted, &d, e);

    if (rc < 0)
        return rc;
    rc = store_design_extend(b->store, b->out->design,
                             &(struct store_frame_part){ .task = p->task,
                                                         .columns = p->columns,
                                                         .images = p->images,
                                                         .cells = d.frame,
                                                         .stratum_of = d.stratum_of },
                             d.strata, d.n_strata, &first, e);
    for (size_t i = 0; rc == 0 && i < d.n; i++)
        rc = add_drawn(b, &d, &d.cells[i], first, e);
    b->out->sampled = d.n;
    b->out->frame = d.frame;
    drawing_release(&d);
    return rc;
}

/* Of so many cells. A share of 10 % of 70 is 7, also where its product is a little more. */
static uint64_t wanted_of(const struct review_plan *p, uint64_t cells)
{
    return p->sample_share > 0 ? (uint64_t)ceil(p->sample_share * (double)cells * (1 - 1e-12))
                               : p->sample;
}

static uint64_t wanted_cells(const struct review_plan *p)
{
    return wanted_of(p, frame_cells(&(struct frame){ .plan = p }));
}

/* The first sample of a design, if one is wanted. */
static int begin_sample(struct building *b, struct err *e)
{
    const struct frame frame = { .plan = b->plan };
    uint64_t wanted = wanted_cells(b->plan);

    return wanted > 0 ? add_sample(b, &frame, wanted, e) : 0;
}

int sample_begin(struct building *b, struct err *e)
{
    int rc = store_design_add(b->store, b->plan->settings, b->plan->seed, &b->out->design, e);

    return rc == 0 ? begin_sample(b, e) : rc;
}

/* ---- a sample whose project has grown ---- */

struct drawn_so_far {
    uint64_t cells, drawn;
    size_t *images_of; /* [n_columns] of so many first images a column's cells could be drawn */
};

/* The share of its cells that a design has drawn. */
static int count_drawn(struct building *b, struct drawn_so_far *so_far, struct err *e)
{
    struct arena arena = { 0 };
    struct store_stratum *strata;
    size_t n;
    int rc = store_strata_load(b->store, b->out->design, &arena, &strata, &n, e);

    for (size_t h = 0; rc == 0 && h < n; h++) {
        so_far->cells += strata[h].cells;
        so_far->drawn += strata[h].drawn;
    }
    arena_release(&arena);
    return rc;
}

/* A design that is older than frames are kept was drawn from the columns asked now, on as many
 * images as makes its number of cells; where that is no whole number, nothing is known to be new.
 */
static void infer_frame(const struct building *b, struct drawn_so_far *so_far)
{
    const struct review_plan *p = b->plan;
    uint64_t columns = 0;

    for (size_t c = 0; c < p->task->n_columns; c++)
        columns += building_asks(b, c);
    for (size_t c = 0; c < p->task->n_columns; c++)
        so_far->images_of[c] =
            so_far->cells % columns == 0 ? so_far->cells / columns : p->images->n;
}

/* What is new is drawn at the rate at which the rest was. */
static int draw_from_new(struct building *b, struct drawn_so_far *so_far, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct frame frame = { .plan = p, .drawn_before = so_far->images_of };
    int rc = count_drawn(b, so_far, e);
    uint64_t grown;
    double rate;

    if (rc < 0)
        return rc;
    if (so_far->drawn == 0)
        return begin_sample(b, e);
    rc = store_frame_load(b->store, b->out->design, p->task, p->images, so_far->images_of, e);
    if (rc == 0)
        infer_frame(b, so_far);
    if (rc < 0)
        return rc;
    grown = frame_cells(&frame);
    rate = (double)so_far->drawn / (double)so_far->cells;
    b->out->frame_grew = grown > 0;
    if (grown == 0)
        return 0;
    return add_sample(
        b, &frame, p->sample_share > 0 ? wanted_of(p, grown) : (uint64_t)ceil(rate * (double)grown),
        e);
}

int sample_grow(struct building *b, struct err *e)
{
    struct drawn_so_far so_far = { .images_of = mem_new(b->plan->task->n_columns,
                                                        sizeof(*so_far.images_of), e) };
    int rc = so_far.images_of ? draw_from_new(b, &so_far, e) : ERR_NOMEM;

    free(so_far.images_of);
    return rc;
}

/* ---- a sample that is to be larger ---- */

static int load_strata(struct building *b, struct drawing *d, struct err *e)
{
    return store_strata_load(b->store, b->out->design, &d->arena, &d->strata, &d->n_strata, e);
}

/* Each cell's stratum. */
static int load_cells(struct building *b, struct drawing *d, struct err *e)
{
    const struct review_plan *p = b->plan;
    int rc;

    d->stratum_of = mem_new(p->images->n * p->task->n_columns, sizeof(*d->stratum_of), e);
    if (!d->stratum_of)
        return ERR_NOMEM;
    rc = store_frame_strata(b->store, b->out->design, p->task, p->images, d->stratum_of, e);
    return rc < 0 ? rc : 0;
}

/* Is every cell of the frame there, and every one that was drawn still the design's? Else the cells
 * that are left have no stated probability. A design that is older than cells' strata are kept has
 * none of them. */
static int is_whole(const struct building *b, const struct drawing *d, bool *whole, struct err *e)
{
    size_t n = b->plan->images->n * b->plan->task->n_columns;
    uint64_t(*found)[2] = mem_new(d->n_strata, sizeof(*found), e); /* cells, drawn ones */

    if (!found)
        return ERR_NOMEM;
    for (size_t cell = 0; cell < n; cell++) {
        uint32_t h = d->stratum_of[cell];

        if (h >= d->n_strata)
            continue;
        found[h][0]++;
        found[h][1] += b->drawn[cell];
    }
    *whole = true;
    for (size_t h = 0; h < d->n_strata; h++)
        *whole = *whole && d->strata[h].drawn_aside == 0 && found[h][0] == d->strata[h].cells &&
                 found[h][1] == d->strata[h].drawn;
    free(found);
    return 0;
}

/* Is it smaller than what is wanted of its frame now? What was set aside counts as drawn. */
static bool is_smaller(const struct review_plan *p, const struct drawing *d)
{
    uint64_t cells = 0, drawn = 0;

    for (size_t h = 0; h < d->n_strata; h++) {
        cells += d->strata[h].cells + d->strata[h].cells_aside;
        drawn += d->strata[h].drawn + d->strata[h].drawn_aside;
    }
    return drawn > 0 && drawn < wanted_of(p, cells);
}

/* Is a sample smaller than what is wanted, and can it be made larger? The report speaks of the
 * newest one, so an earlier one is left as it is. */
static int can_extend(struct building *b, bool *smaller, bool *can, struct err *e)
{
    struct drawing d = { 0 };
    int64_t newest;
    uint64_t seed;
    int rc = load_strata(b, &d, e);

    *can = false;
    *smaller = rc == 0 && is_smaller(b->plan, &d);
    if (rc == 0 && *smaller)
        rc = store_design_find(b->store, NULL, &newest, &seed, e);
    if (rc == 0 && *smaller && newest == b->out->design) {
        rc = load_cells(b, &d, e);
        if (rc == 0)
            rc = is_whole(b, &d, can, e);
    }
    drawing_release(&d);
    return rc;
}

/* New items of strata that were drawn from again, also those of just before. */
static void set_probabilities(struct building *b, const struct drawing *d)
{
    for (size_t i = 0; i < b->n; i++) {
        struct store_item *item = &b->items[i].item;

        if (item->design == b->out->design && item->design != 0)
            item->inclusion_probability = inclusion(&d->strata[item->stratum]);
    }
}

static int add_more(struct building *b, struct drawing *d, struct err *e)
{
    uint64_t wanted = wanted_cells(b->plan);
    int rc = load_strata(b, d, e);

    for (size_t h = 0; rc == 0 && h < d->n_strata; h++)
        b->out->sampled_before += d->strata[h].drawn;
    if (rc < 0 || wanted <= b->out->sampled_before)
        return rc;
    rc = load_cells(b, d, e);
    if (rc == 0)
        rc = draw_more(b->plan, b->drawn, wanted - b->out->sampled_before, d, e);
    for (size_t h = 0; rc == 0 && h < d->n_strata; h++)
        rc = store_stratum_grow(b->store, b->out->design, h, &d->strata[h], e);
    for (size_t i = 0; rc == 0 && i < d->n; i++)
        rc = add_drawn(b, d, &d->cells[i], 0, e);
    set_probabilities(b, d);
    b->out->extended = d->n;
    return rc;
}

int sample_extend(struct building *b, struct err *e)
{
    struct drawing d = { 0 };
    int rc = add_more(b, &d, e);

    drawing_release(&d);
    return rc;
}

/* The design that has these settings. */
int sample_find_design(struct building *b, struct err *e)
{
    const struct review_plan *p = b->plan;
    uint64_t seed;
    int rc = store_design_find(b->store, p->settings, &b->out->design, &seed, e);

    if (rc == 0 && b->out->design == 0 && p->settings_before)
        rc = store_design_find(b->store, p->settings_before, &b->out->design, &seed, e);
    b->again = b->out->design != 0;
    return rc;
}

/* It goes on, unless its sample should be larger and cannot be. */
int sample_choose_design(struct building *b, struct err *e)
{
    bool smaller;
    int rc = can_extend(b, &smaller, &b->extends, e);

    if (rc < 0 || !smaller || b->extends)
        return rc;
    b->again = false;
    b->out->redrawn = true;
    memset(b->drawn, 0, b->plan->images->n * b->plan->task->n_columns * sizeof(*b->drawn));
    return 0;
}
