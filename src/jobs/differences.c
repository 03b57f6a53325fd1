/* SPDX-License-Identifier: MIT */
#include "jobs/differences.h"

#include <math.h>

static const char *name_of(const struct differences_of *of, size_t c)
{
    return of->task->columns[of->columns ? of->columns[c] : c].name;
}

static uint64_t equal_cells(const struct stats_figures *f)
{
    uint64_t equal = 0;

    for (size_t v = 0; v < f->table.k; v++)
        equal += f->table.counts[v * f->table.k + v];
    return equal;
}

static double share(uint64_t k, uint64_t n)
{
    return (double)k / (double)n; /* 0/0 is NaN */
}

/* ---- single questions ---- */

static struct stats_tested *bias_test(void *items, size_t i)
{
    return &((struct yes_bias *)items)[i].test;
}

static int find_bias(struct differences *out, const struct differences_of *of, struct err *e)
{
    for (size_t c = 0; c < of->all->n_columns; c++) {
        const struct stats_figures *f = &of->all->columns[c];
        const uint64_t *counts = f->table.counts; /* [first][second] */

        if (!of->task->columns[of->columns ? of->columns[c] : c].yesno || f->n == 0)
            continue;
        out->bias[out->n_bias++] = (struct yes_bias){
            .name = name_of(of, c),
            .first_only = counts[2],
            .second_only = counts[1],
            .difference = ((double)counts[2] - (double)counts[1]) / (double)f->n,
            .test.p = stats_mcnemar(counts[2], counts[1]),
        };
    }
    return stats_adjust(out->bias, out->n_bias, bias_test, e);
}

static struct stats_tested *low_test(void *items, size_t i)
{
    return &((struct low_agreement *)items)[i].test;
}

static int find_low(struct differences *out, const struct differences_of *of, struct err *e)
{
    double threshold = of->task->alarms.min_agreement;

    for (size_t c = 0; c < of->all->n_columns; c++) {
        const struct stats_figures *f = &of->all->columns[c];

        if (f->n == 0)
            continue;
        out->low[out->n_low++] = (struct low_agreement){
            .name = name_of(of, c),
            .n = f->n,
            .agreement = f->value[STATS_AGREEMENT],
            .threshold = threshold,
            .test.p = stats_binomial_at_most(equal_cells(f), f->n, threshold),
        };
    }
    return stats_adjust(out->low, out->n_low, low_test, e);
}

/* ---- groups of images ---- */

static struct stats_tested *gap_test(void *items, size_t i)
{
    return &((struct gap *)items)[i].test;
}

static void set_gap(struct gap *g, double agreement, double others)
{
    g->agreement = agreement;
    g->others = others;
    g->difference = agreement - others;
}

/* Two groups are each other's others: one test. */
static size_t tested_parts(const struct differences_of *of)
{
    return of->n_parts == 2 ? 1 : of->n_parts > 2 ? of->n_parts : 0;
}

static int find_gaps(struct differences *out, const struct differences_of *of, struct err *e)
{
    for (size_t v = 0; v < tested_parts(of); v++) {
        struct gap *g = &out->gaps[out->n_gaps++];
        struct stats_clusters others = { 0 };

        for (size_t w = 0; w < of->n_parts; w++)
            if (w != v)
                stats_clusters_merge(&others, &of->parts[w]->images);
        *g = (struct gap){ .part = of->values[v], .n = of->parts[v]->pooled.n };
        set_gap(g, stats_clusters_share(&of->parts[v]->images), stats_clusters_share(&others));
        g->test.p = stats_clusters_test(&of->parts[v]->images, &others);
    }
    return stats_adjust(out->gaps, out->n_gaps, gap_test, e);
}

static void find_question_gap(struct gap *g, const struct differences_of *of, size_t c, size_t v)
{
    struct stats_fourfold t = { 0 };

    for (size_t w = 0; w < of->n_parts; w++) {
        const struct stats_figures *f = &of->parts[w]->columns[c];
        uint64_t equal = equal_cells(f);

        *(w == v ? &t.yes : &t.other_yes) += equal;
        *(w == v ? &t.no : &t.other_no) += f->n - equal;
    }
    *g = (struct gap){ .part = of->values[v], .name = name_of(of, c), .n = t.yes + t.no };
    set_gap(g, share(t.yes, t.yes + t.no), share(t.other_yes, t.other_yes + t.other_no));
    g->test.p = isnan(g->difference) ? NAN : stats_fisher(&t);
}

static int find_question_gaps(struct differences *out, const struct differences_of *of,
                              struct err *e)
{
    for (size_t c = 0; c < of->all->n_columns; c++)
        for (size_t v = 0; v < tested_parts(of); v++)
            find_question_gap(&out->question_gaps[out->n_question_gaps++], of, c, v);
    return stats_adjust(out->question_gaps, out->n_question_gaps, gap_test, e);
}

int differences_find(struct differences *out, const struct differences_of *of, struct err *e)
{
    size_t n = of->all->n_columns, parts = tested_parts(of), cells;
    int rc;

    *out = (struct differences){ 0 };
    if (of->n_annotators != 2)
        return 0;
    if (!size_mul(n, parts, &cells))
        return err_set(e, ERR_LIMIT, "too many groups of images: %zu", parts);
    out->bias = arena_new(&out->arena, n, sizeof(*out->bias), e);
    out->low = arena_new(&out->arena, n, sizeof(*out->low), e);
    out->gaps = arena_new(&out->arena, parts, sizeof(*out->gaps), e);
    out->question_gaps = arena_new(&out->arena, cells, sizeof(*out->question_gaps), e);
    rc = out->bias && out->low && out->gaps && out->question_gaps ? 0 : ERR_NOMEM;
    if (rc == 0)
        rc = find_bias(out, of, e);
    if (rc == 0)
        rc = find_low(out, of, e);
    if (rc == 0)
        rc = find_gaps(out, of, e);
    return rc == 0 ? find_question_gaps(out, of, e) : rc;
}

void differences_release(struct differences *d)
{
    arena_release(&d->arena);
    *d = (struct differences){ 0 };
}
