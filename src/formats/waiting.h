/* SPDX-License-Identifier: MIT
 *
 * waiting.h - cells that wait for people, as a table: image, question, why. docs/formats.md.
 */
#ifndef ASSENT_FORMATS_WAITING_H
#define ASSENT_FORMATS_WAITING_H

#include "task/task.h"

struct waiting_export {
    const struct task *task;
    const char *const *keys; /* [n_images] */
    size_t n_images;
    const uint8_t
        *why; /* [n_columns][n_images] an index into reasons; 0: the cell waits for nobody */
    const char *const *reasons;
};

/* Whole or not at all. *cells counts the rows. */
int waiting_write(const char *path, const struct waiting_export *x, uint64_t *cells, struct err *e);

#endif
