/* SPDX-License-Identifier: MIT */
#include "jobs/compare.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)STATS_MISSING == (int)VALUE_MISSING,
               "stats/ and task/ agree on what is missing");

/* ---- scope ---- */

static int unknown_group(const char *name, const char *const *groups, size_t n, struct err *e)
{
    const char *near = text_nearest(name, groups, n);
    struct buf known = BUF_INIT(300);

    for (size_t i = 0; i < n; i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", groups[i]);
    err_set(e, ERR_ARG, "no group of questions is called '%s'", name);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    if (n > 0)
        err_expected(e, "one of %s", known.text ? known.text : "");
    else
        err_hint(e, "the questions of assent.yaml have no groups");
    buf_release(&known);
    return e->code;
}

static enum stats_scale scale_of(const struct task *t, size_t column)
{
    if (t->columns[column].yesno)
        return STATS_YESNO;
    return t->questions[t->columns[column].question].kind == KIND_ORDINAL ? STATS_ORDINAL
                                                                          : STATS_NOMINAL;
}

int scope_choose(struct scope *s, const struct task *t, const char *group, struct arena *a,
                 struct err *e)
{
    size_t wanted = 0;

    s->groups = t->groups;
    s->n_groups = t->n_groups;
    s->n_task_columns = t->n_columns;
    s->columns = arena_new(a, t->n_columns, sizeof(*s->columns), e);
    s->group_of = arena_new(a, t->n_columns, sizeof(*s->group_of), e);
    s->scale = arena_new(a, t->n_columns, sizeof(*s->scale), e);
    s->n_values = arena_new(a, t->n_columns, sizeof(*s->n_values), e);
    if (!s->columns || !s->group_of || !s->scale || !s->n_values)
        return ERR_NOMEM;
    while (group && wanted < s->n_groups && strcmp(s->groups[wanted], group) != 0)
        wanted++;
    if (group && wanted == s->n_groups)
        return unknown_group(group, s->groups, s->n_groups, e);
    for (size_t c = 0; c < t->n_columns; c++) {
        if (group && t->columns[c].group != wanted)
            continue;
        s->columns[s->n_columns] = c;
        s->group_of[s->n_columns] = t->columns[c].group;
        s->scale[s->n_columns] = scale_of(t, c);
        s->n_values[s->n_columns++] = t->columns[c].n_values;
    }
    if (group)
        s->n_groups = 0; /* all rows are that group's */
    return 0;
}

/* ---- comparison ---- */

/* A copy of the scope's columns of the chosen images; NULL without memory. */
static int16_t *gather(const struct comparison *c, const int16_t *matrix, size_t n, struct err *e)
{
    size_t cells;
    int16_t *copy =
        size_mul(c->scope->n_columns, n, &cells) ? mem_new(cells, sizeof(*copy), e) : NULL;

    if (!copy)
        return err_set(e, ERR_NOMEM, "out of memory: a copy of the labels"), NULL;
    for (size_t column = 0; column < c->scope->n_columns; column++) {
        const int16_t *from = matrix + c->scope->columns[column] * c->n_images;

        for (size_t i = 0; i < n; i++)
            copy[column * n + i] = from[c->chosen ? c->chosen[i] : i];
    }
    return copy;
}

/* Calls run with the labels of the scope's columns and the chosen images. */
static int with_labels(const struct comparison *c,
                       int (*run)(void *out, const struct stats_input *in, struct err *e),
                       void *out, struct err *e)
{
    bool whole = !c->chosen && c->scope->n_columns == c->scope->n_task_columns;
    size_t n = c->chosen ? c->n_chosen : c->n_images;
    int16_t **copies = whole ? NULL : mem_new(c->n_matrices, sizeof(*copies), e);
    struct stats_input in = {
        .labels = whole ? c->matrices : (const int16_t *const *)copies,
        .n_annotators = c->n_matrices,
        .n_images = n,
        .n_columns = c->scope->n_columns,
        .n_values = c->scope->n_values,
        .scale = c->scope->scale,
        .group = c->scope->group_of,
        .n_groups = c->scope->n_groups,
        .resamples = c->resamples,
        .seed = c->seed,
        .events = c->events,
    };
    int rc = whole || copies ? 0 : ERR_NOMEM;

    for (size_t a = 0; copies && rc == 0 && a < c->n_matrices; a++) {
        copies[a] = gather(c, c->matrices[a], n, e);
        rc = copies[a] ? 0 : ERR_NOMEM;
    }
    if (rc == 0)
        rc = run(out, &in, e);
    for (size_t a = 0; copies && a < c->n_matrices; a++)
        free(copies[a]);
    free(copies);
    return rc;
}

static int run_agreement(void *out, const struct stats_input *in, struct err *e)
{
    return stats_agreement(out, in, e);
}

static int run_against(void *out, const struct stats_input *in, struct err *e)
{
    return stats_against(out, in, e);
}

int comparison_run(struct stats_agreement **out, const struct comparison *c, struct err *e)
{
    *out = NULL;
    return with_labels(c, run_agreement, out, e);
}

int comparison_against(struct stats_against *out, const struct comparison *c, struct err *e)
{
    *out = (struct stats_against){ 0 };
    return with_labels(c, run_against, out, e);
}

/* ---- partition ---- */

int partition_new(struct partition *out, const size_t *of_image, size_t n_images, size_t n_values,
                  const char *name, struct err *e)
{
    size_t at = 0;

    *out = (struct partition){ 0 };
    if (n_values > PARTS_MAX) {
        err_set(e, ERR_LIMIT, "the column '%s' has too many values to group by", name);
        err_got(e, "%zu", n_values);
        return err_expected(e, "at most %d", PARTS_MAX);
    }
    out->images = mem_new(n_images, sizeof(*out->images), e);
    out->first = mem_new(n_values + 1, sizeof(*out->first), e);
    if (!out->images || !out->first) {
        partition_release(out);
        return ERR_NOMEM;
    }
    for (size_t v = 0; v < n_values; v++) {
        out->first[v] = at;
        for (size_t i = 0; i < n_images; i++)
            if (of_image[i] == v)
                out->images[at++] = i;
    }
    out->first[n_values] = at;
    return 0;
}

void partition_release(struct partition *p)
{
    free(p->images);
    free(p->first);
    *p = (struct partition){ 0 };
}
