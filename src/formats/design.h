/* SPDX-License-Identifier: MIT
 *
 * design.h - a random sample as a table for other programs' estimators: what people say, what is
 * guessed, which cells were seen and with which probability. What it looks like: docs/formats.md.
 */
#ifndef ASSENT_FORMATS_DESIGN_H
#define ASSENT_FORMATS_DESIGN_H

#include "task/task.h"

struct design_export {
    const struct task *task;
    const char *const *keys; /* [n_images] */
    size_t n_images;
    /* [n_columns][n_images]; below 0: not seen, no label */
    const int16_t *said, *guessed;
    const double *probability; /* the same, of being seen; NaN: not known; below 0: could not be */
};

/* A row a cell that could be seen, whole or not at all. *cells counts them. */
int design_write(const char *path, const struct design_export *x, uint64_t *cells, struct err *e);

#endif
