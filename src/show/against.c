/* SPDX-License-Identifier: MIT */
#include "show/against.h"

#include <math.h>

#include "show/agreement.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void say_title(struct page *p, const struct against_result *r)
{
    char n[TEXT_COUNT_MAX];

    page_paragraph(p, "%s (%s) and %s (%s) against %s (%s), %s%s%s", r->names[0],
                   task_annotator_kind_name(r->kinds[0]), r->names[1],
                   task_annotator_kind_name(r->kinds[1]), r->names[2],
                   task_annotator_kind_name(r->kinds[2]), text_count(r->n_images, "image", n),
                   r->why ? ": " : "", r->why ? r->why : "");
}

static void add_rows(struct page *p, const struct against_result *r)
{
    const struct shown shown[] = {
        { "name", 0, "question" },
        { "n", 1 },
        { "agreement_first", 1, r->names[0] },
        { "agreement_second", 1, r->names[1] },
        { "difference", 1 },
        { "difference_bootstrap", 1 },
        { "holm", 1 },
        { "bh", 1 },
    };
    struct table *t = page_table(p, &(struct layout){ .parts = { figures_name, figures_against },
                                                      .shown = shown,
                                                      .n_shown = COUNT(shown) });
    const char *all = "pooled (all cells)";

    table_list(t, "questions");
    for (size_t c = 0; c < r->against.n_columns; c++)
        table_row(t, "questions[]",
                  (const void *[]){ &r->task->columns[r->columns[c]].name, &r->against.columns[c],
                                    NULL, NULL });
    table_rule(t);
    table_row(t, "pooled", (const void *[]){ &all, &r->against.pooled, NULL, NULL });
}

static size_t count_nearer(const struct against_result *r, double sign)
{
    size_t n = 0;

    for (size_t c = 0; c < r->against.n_columns; c++) {
        const struct stats_against_row *row = &r->against.columns[c];

        n += row->test.holm <= DIFFERENCES_LEVEL && sign * row->difference > 0;
    }
    return n;
}

static void say_pooled(struct page *p, const struct against_result *r)
{
    const struct stats_against_row *all = &r->against.pooled;
    char n[2][TEXT_COUNT_MAX];

    page_paragraph(p,
                   "Of %s that all three labelled, %s says what %s says on %.4f and %s on %.4f: a "
                   "difference of %+.4f.",
                   text_count(all->n, "cell", n[0]), r->names[0], r->names[2], all->first,
                   r->names[1], all->second, all->difference);
    if (!isnan(all->bootstrap.low))
        page_paragraph(p,
                       "95 %% drawing whole images (bootstrap, %zu resamples, seed %llu): %+.4f to "
                       "%+.4f",
                       r->resamples, (unsigned long long)r->seed, all->bootstrap.low,
                       all->bootstrap.high);
    page_paragraph(p,
                   "More than chance (exact McNemar test of each question; Holm over the "
                   "questions, %g %%): %s is nearer to %s on %zu of %zu, %s on %zu.",
                   100 * DIFFERENCES_LEVEL, r->names[0], r->names[2], count_nearer(r, 1),
                   r->against.n_columns, r->names[1], count_nearer(r, -1));
}

struct page *show_against(const struct against_result *r)
{
    struct page *p = page_new();

    say_title(p, r);
    selective_show(p, r->selective);
    add_rows(p, r);
    say_pooled(p, r);
    page_set(p, "annotators", jv_texts(r->names, 2));
    page_text(p, "against", r->names[2]);
    page_count(p, "images", r->n_images);
    page_count(p, "resamples", r->resamples);
    page_count(p, "seed", r->seed);
    page_set(p, "level", jv_real(DIFFERENCES_LEVEL));
    return p;
}
