/* SPDX-License-Identifier: MIT */
#include "show/agreement.h"

#include <string.h>

enum { COLUMNS_MAX = 40 };

static const struct figure group_figures[] = {
    { "group", NULL, NULL, FIGURE_TEXT, .flags = FIGURE_OPTIONAL }, { 0 }
};

static const struct figure macro_figures[] = { { "kappa_questions", NULL, NULL, FIGURE_SIZE },
                                               { 0 } };

const char *agreement_interval(enum interval_kind kind)
{
    return kind == INTERVAL_IMAGES ? "bootstrap" : "wilson";
}

static void add_row(struct table *t, const char *key, const char *name,
                    const struct stats_figures *figures, const void *more)
{
    bool macro = key[0] == 'm';

    table_row(t, key, (const void *[]){ &name, figures, macro ? NULL : more, macro ? more : NULL });
}

static const struct column *column_at(const struct agreement_view *v, size_t c)
{
    return &v->task->columns[v->columns ? v->columns[c] : c];
}

static bool any_ordinal(const struct agreement_view *v)
{
    for (size_t c = 0; c < v->agreement->n_columns; c++)
        if (v->task->questions[column_at(v, c)->question].kind == KIND_ORDINAL)
            return true;
    return false;
}

/* Of the two intervals only the one asked for. */
static bool is_shown(const struct figure *f, const struct agreement_view *v)
{
    unsigned left_out = FIGURE_ASIDE | (v->n_annotators > 2 ? FIGURE_TWO : FIGURE_MANY) |
                        (any_ordinal(v) ? 0 : FIGURE_ORDINAL);

    if (f->kind == FIGURE_INTERVAL)
        return strcmp(f->key, agreement_interval(v->interval)) == 0;
    return f->heading && !(f->flags & left_out);
}

void agreement_table(struct page *p, const struct agreement_view *v, bool hidden)
{
    const struct stats_agreement *a = v->agreement;
    struct shown shown[COLUMNS_MAX] = { { "name", 0, "question" } };
    struct layout layout = { .parts = { figures_name, figures_agreement, group_figures,
                                        macro_figures },
                             .shown = shown,
                             .n_shown = 1,
                             .many = v->n_annotators > 2,
                             .hidden = hidden };
    struct table *t;

    for (const struct figure *f = figures_agreement; f->key && layout.n_shown < COLUMNS_MAX; f++)
        if (is_shown(f, v))
            shown[layout.n_shown++] = (struct shown){ f->key, 1 };
    t = page_table(p, &layout);
    table_list(t, "groups");
    table_list(t, "questions");
    for (size_t c = 0; c < a->n_columns; c++) {
        const struct column *column = column_at(v, c);

        add_row(t, "questions[]", column->name, &a->columns[c],
                &v->task->questions[column->question].group);
    }
    table_rule(t);
    for (size_t g = 0; g < a->n_groups; g++)
        add_row(t, "groups[]", v->groups[g], &a->groups[g], NULL);
    add_row(t, "macro", "macro (mean of questions)", &a->macro, &a->macro_kappa_columns);
    add_row(t, "pooled", "pooled (all cells)", &a->pooled, NULL);
}

void selective_show(struct page *p, const char *name)
{
    if (!name)
        return;
    page_paragraph(p,
                   "%s labelled only cells on which others differ: agreement and coefficients with "
                   "these labels say little, and are not comparable with those of annotators who "
                   "labelled everything.",
                   name);
    page_text(p, "selective", name);
}
