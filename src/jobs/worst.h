/* SPDX-License-Identifier: MIT
 *
 * worst.h - the answers that are worst in doubt, with their pictures: where another says otherwise
 * and nobody's vote takes the first's side, the surest ones first.
 */
#ifndef ASSENT_JOBS_WORST_H
#define ASSENT_JOBS_WORST_H

#include "base/base.h"
#include "project/dataset.h"

enum {
    WORST_MAX = 1000, /* pictures */
    WORST_SIDE = 320, /* pixels, at most */
};

struct worst_cell {
    size_t column;
    const char *image;                     /* its key */
    const char *first, *second, *majority; /* values; "" where it has none */
    double probability;                    /* that the first gives its value; NaN: not known */
    void *jpeg;                            /* NULL: it cannot be read */
    size_t len;
};

struct worst {
    struct worst_cell *cells;
    size_t n;
    uint64_t disputed;  /* cells that there are to choose from */
    struct arena arena; /* private */
};

struct worst_input {
    const struct dataset *data;
    const struct labelled *first, *second;
    const int16_t *consensus; /* [n_columns][n_images] */
    size_t most;
    const struct events *events;
};

/* Of a model without probabilities, questions take turns. ERR_ARG: assent.yaml names no pictures.
 */
int worst_find(struct worst *out, const struct worst_input *in, struct err *e);
void worst_release(struct worst *w); /* zeroed is fine */

#endif
