/* SPDX-License-Identifier: MIT
 *
 * selective.h - somebody who labelled only cells on which others differ: coefficients over such
 * labels say little, and are not comparable with those over all cells. Private to jobs/.
 */
#ifndef ASSENT_JOBS_SELECTIVE_H
#define ASSENT_JOBS_SELECTIVE_H

#include <stdbool.h>

#include "project/dataset.h"

/* Of the data set's annotators, two others at least. */
bool is_selective(const struct dataset *d, size_t who);

/* The last of the data set's annotators who is, in *name, a copy in the arena; NULL: nobody is.
 * Where fewer than three are loaded and one of them votes, everybody's labels are looked at. */
int selective_find(const struct dataset *d, struct arena *a, const char **name, struct err *e);

#endif
