/* SPDX-License-Identifier: MIT
 *
 * draw.h - the stratified random sample of a plan's cells. Private to review/.
 */
#ifndef ASSENT_REVIEW_DRAW_H
#define ASSENT_REVIEW_DRAW_H

#include "review/queue.h"
#include "store/designs.h"

struct drawn_cell {
    size_t image, column, stratum;
};

struct drawing {
    struct store_stratum *strata;
    size_t n_strata;
    struct drawn_cell *cells; /* in the order of images */
    size_t n;
    uint64_t frame;       /* cells that could be drawn */
    uint32_t *stratum_of; /* [n_columns][n_images] each cell's, or STORE_OUTSIDE; private memory */
    struct arena arena;
};

struct frame { /* which of the plan's cells can be drawn */
    const struct review_plan *plan;
    const size_t *drawn_before; /* [n_columns] of so many first images a column's cells were in an
                                   earlier frame; NULL: none was */
};
bool frame_has(const struct frame *f, size_t image, size_t column);
uint64_t frame_cells(const struct frame *f);

/* A stratified random sample of `wanted` cells of the frame. */
int draw_sample(const struct frame *f, uint64_t wanted, struct drawing *out, struct err *e);
void drawing_release(struct drawing *d);
/* How `wanted` is shared out over strata: by the root of their size, two or more each where there
 * are so many, none above its size (power allocation: Bankier 1988). */
void draw_allocate(struct store_stratum *strata, size_t n, uint64_t wanted);

#endif
