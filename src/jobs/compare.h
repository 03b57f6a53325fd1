/* SPDX-License-Identifier: MIT
 *
 * compare.h - matrices of labels compared over some of the task's columns and images. Private to
 * jobs/.
 */
#ifndef ASSENT_JOBS_COMPARE_H
#define ASSENT_JOBS_COMPARE_H

#include "base/base.h"
#include "stats/against.h"
#include "stats/stats.h"
#include "task/task.h"

/* The columns that are compared. Everything is the arena's. */
struct scope {
    size_t *columns, n_columns; /* the task's */
    size_t n_task_columns;
    const char *const *groups;
    size_t n_groups;
    size_t *group_of;        /* [n_columns] */
    enum stats_scale *scale; /* [n_columns] */
    size_t *n_values;        /* [n_columns] */
};

/* group NULL: all questions; else those of one group. */
int scope_choose(struct scope *s, const struct task *t, const char *group, struct arena *a,
                 struct err *e);

/* n_matrices matrices of labels of all the task's columns and n_images images, compared over the
 * scope's columns and over chosen[0..n_chosen); chosen NULL: all images. */
struct comparison {
    const struct scope *scope;
    const int16_t *const *matrices;
    size_t n_matrices, n_images;
    const size_t *chosen;
    size_t n_chosen;
    size_t resamples;
    uint64_t seed;
    const struct events *events;
};

int comparison_run(struct stats_agreement **out, const struct comparison *c, struct err *e);
/* The first two matrices against the third. */
int comparison_against(struct stats_against *out, const struct comparison *c, struct err *e);

/* Images by the value of a metadata column: those with value v are images[first[v]] ..
 * images[first[v + 1] - 1]. */
struct partition {
    size_t *images, *first;
};

enum { PARTS_MAX = 1000 };

int partition_new(struct partition *out, const size_t *of_image, size_t n_images, size_t n_values,
                  const char *name, struct err *e);
void partition_release(struct partition *p);

#endif
