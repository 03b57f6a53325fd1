/* SPDX-License-Identifier: MIT */
#include "jobs/multi.h"

#include <math.h>
#include <stdlib.h>

/* Options of one question lie side by side, so its first column stands for it. */
static bool is_compared(const struct multi_of *of, const struct question *q)
{
    if (q->kind != KIND_MULTI)
        return false;
    for (size_t c = 0; of->columns && c < of->n_columns; c++)
        if (of->columns[c] == q->first_column)
            return true;
    return !of->columns;
}

static void point_at(const struct multi_of *of, const struct question *q, size_t who,
                     const int16_t **options)
{
    for (size_t o = 0; o < q->n_columns; o++)
        options[o] = of->matrices[who] + (q->first_column + o) * of->n_images;
}

static int compare_sets(const struct multi_of *of, const struct question *q,
                        struct stats_sets *sets, struct err *e)
{
    const int16_t **options = mem_new(2 * q->n_columns, sizeof(*options), e);

    if (!options)
        return ERR_NOMEM;
    for (size_t a = 0; a < of->n_matrices; a++) {
        for (size_t b = a + 1; b < of->n_matrices; b++) {
            point_at(of, q, a, options);
            point_at(of, q, b, options + q->n_columns);
            stats_sets_add(sets, options, options + q->n_columns, q->n_columns, of->n_images);
        }
    }
    free(options);
    return 0;
}

static int compare_question(const struct multi_of *of, const struct question *q,
                            struct multi_question *out, struct err *e)
{
    const struct stats_interval unknown = { NAN, NAN };
    struct stats_sets sets = { 0 };
    int rc = compare_sets(of, q, &sets, e);

    if (rc < 0)
        return rc;
    *out = (struct multi_question){ .name = q->name,
                                    .group = q->group,
                                    .n = sets.n,
                                    .both_empty = sets.empty,
                                    .jaccard = stats_sets_jaccard(&sets),
                                    .equal = (double)sets.equal / (double)sets.n,
                                    .jaccard_interval = unknown,
                                    .equal_interval = unknown };
    if (of->n_matrices == 2) { /* pairs that share annotators are not independent */
        out->jaccard_interval = stats_sets_interval(&sets);
        out->equal_interval = stats_wilson(sets.equal, sets.n);
    }
    return 0;
}

int multi_compare(struct multi *out, const struct multi_of *of, struct arena *a, struct err *e)
{
    const struct task *t = of->task;
    int rc = 0;

    *out = (struct multi){ .items = arena_new(a, t->n_questions, sizeof(*out->items), e) };
    if (!out->items)
        return ERR_NOMEM;
    for (size_t q = 0; rc == 0 && q < t->n_questions; q++)
        if (is_compared(of, &t->questions[q]))
            rc = compare_question(of, &t->questions[q], &out->items[out->n++], e);
    return rc;
}
