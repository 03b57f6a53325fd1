/* SPDX-License-Identifier: MIT
 *
 * draw.h - the stratified random sample of a plan's cells. Private to review/.
 */
#ifndef ASSENT_REVIEW_DRAW_H
#define ASSENT_REVIEW_DRAW_H

#include "review/queue.h"
#include "store/designs.h"

enum { DRAW_LEAST = 2 /* cells of a stratum that are drawn, where it has so many */ };

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

/* A stratified random sample of `wanted` cells of the frame. In each stratum they are those with
 * the smallest of numbers that cells have once and for all by the seed, so that a larger sample of
 * the same strata holds the smaller one (permanent random numbers: Ohlsson 1995). */
int draw_sample(const struct frame *f, uint64_t wanted, struct drawing *out, struct err *e);
/* `more` cells that are not taken ([n_columns][n_images]; NULL: none is), of strata of which so
 * many were drawn as they say, and which d has with each cell's; then they say how many are drawn,
 * with these. */
int draw_more(const struct review_plan *p, const bool *taken, uint64_t more, struct drawing *d,
              struct err *e);
void drawing_release(struct drawing *d);
/* Adds `more` to what is drawn of strata: by their weights, two or more each where there are so
 * many, none above its size. What is added in two steps lies as what is added in one. */
void draw_allocate(struct store_stratum *strata, const double *weights, size_t n, uint64_t more);

#endif
