/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "show/agreement.h"
#include "show/differences.h"
#include "show/show.h"
#include "show/unanswered.h"

/* ---- around the table ---- */

static void say_title(struct page *p, const struct agree_result *r)
{
    struct buf names = BUF_INIT(1 << 16);
    char n[TEXT_COUNT_MAX];

    for (size_t a = 0; a < r->n_names; a++)
        buf_printf(&names, "%s%s (%s)",
                   a == 0                ? ""
                   : a + 1 == r->n_names ? " and "
                                         : ", ",
                   r->names[a], task_annotator_kind_name(r->kinds[a]));
    page_paragraph(p, "%s, %s%s%s", names.text ? names.text : "",
                   text_count(r->n_images, "image", n), r->why ? ": " : "", r->why ? r->why : "");
    buf_release(&names);
}

static void say_intervals(struct page *p, const struct agree_result *r,
                          const struct stats_figures *f)
{
    if (!isnan(f->bootstrap.low))
        page_paragraph(p,
                       "95 %% drawing whole images (bootstrap, %zu resamples, seed %llu): %.4f - "
                       "%.4f",
                       r->resamples, (unsigned long long)r->seed, f->bootstrap.low,
                       f->bootstrap.high);
    if (!isnan(f->wilson.low))
        page_paragraph(p, "95 %% taking cells as independent (Wilson): %.4f - %.4f", f->wilson.low,
                       f->wilson.high);
}

static void say_kappa(struct page *p, const struct agree_result *r, const struct stats_figures *f)
{
    size_t defined = r->all->macro_kappa_columns, undefined = r->all->n_columns - defined;
    char left_out[64] = "";

    if (undefined > 0)
        snprintf(left_out, sizeof(left_out), " (undefined on %zu: no variation)", undefined);
    if (isnan(f->value[STATS_KAPPA]))
        page_paragraph(p, "Kappa: undefined, nothing varies.");
    else if (defined == 0)
        page_paragraph(p, "Kappa: %.3f pooled%s.", f->value[STATS_KAPPA], left_out);
    else
        page_paragraph(p, "Kappa: %.3f pooled, %.3f as the mean of %zu questions%s.",
                       f->value[STATS_KAPPA], r->all->macro.value[STATS_KAPPA], defined, left_out);
    if (f->table_columns > 0 && f->table_columns < r->all->n_columns)
        page_paragraph(p, "Pooled kappa, AC1, alpha and rates are those of the %zu yes/no columns.",
                       f->table_columns);
}

static void say_pooled(struct page *p, const struct agree_result *r)
{
    const struct stats_figures *f = &r->all->pooled;
    char n[3][TEXT_COUNT_MAX];

    page_paragraph(p,
                   "Agreement %.6f on %s of %s cells that %s answered (coverage %.4f); with "
                   "abstentions as errors %.6f.",
                   f->value[STATS_AGREEMENT], text_grouped(f->n, n[0]),
                   text_grouped(f->asked, n[1]), r->n_names == 2 ? "both" : "two",
                   f->value[STATS_COVERAGE], f->value[STATS_AGREEMENT_WITH_ABSTENTIONS]);
    if (f->missing > 0)
        page_paragraph(p, "Left out, since only one of them answered: %s.",
                       text_count(f->missing, "cell", n[2]));
    say_intervals(p, r, f);
    say_kappa(p, r, f);
}

/* ---- by a metadata column ---- */

static struct agreement_view view_of(const struct agree_result *r,
                                     const struct stats_agreement *agreement)
{
    return (struct agreement_view){ .task = r->task,
                                    .agreement = agreement,
                                    .columns = r->columns,
                                    .groups = r->groups,
                                    .n_annotators = r->n_names,
                                    .interval = r->interval };
}

static void add_part_rows(struct page *p, const struct agree_result *r)
{
    const struct shown shown[] = {
        { "name", 0, r->by }, { "n", 1 },
        { "agreement", 1 },   { agreement_interval(r->interval), 1 },
        { "kappa", 1 },       { "ac1", 1 },
        { "alpha", 1 },       { "precision", 1 },
        { "recall", 1 },
    };
    struct table *t = page_table(p, &(struct layout){ .parts = { figures_name, figures_agreement },
                                                      .shown = shown,
                                                      .n_shown = r->n_names == 2 ? 9 : 7 });

    for (size_t i = 0; i < r->n_parts; i++)
        table_row(
            t, NULL,
            (const void *[]){ &r->parts[i].value, &r->parts[i].agreement->pooled, NULL, NULL });
}

static void add_parts(struct page *p, const struct agree_result *r)
{
    page_heading(p, "All cells, by %s", r->by);
    add_part_rows(p, r);
    page_open(p, "by", PAGE_OBJECT, true);
    page_text(p, "column", r->by);
    page_set(p, "parts", jv_array());
    for (size_t i = 0; i < r->n_parts; i++) {
        struct agreement_view v = view_of(r, r->parts[i].agreement);

        page_open(p, "parts", PAGE_ELEMENT, true);
        page_text(p, "value", r->parts[i].value);
        page_count(p, "images", r->parts[i].n_images);
        agreement_table(p, &v, true);
        page_close(p);
    }
    page_close(p);
}

struct page *show_agree(const struct agree_result *r)
{
    struct page *p = page_new();
    struct agreement_view all = view_of(r, r->all);

    say_title(p, r);
    selective_show(p, r->selective);
    unanswered_show(p, &r->unanswered);
    agreement_table(p, &all, false);
    say_pooled(p, r);
    page_set(p, "annotators", jv_texts(r->names, r->n_names));
    page_count(p, "images", r->n_images);
    page_count(p, "resamples", r->resamples);
    page_count(p, "seed", r->seed);
    multi_blocks(p, &r->multi);
    if (r->by)
        add_parts(p, r);
    differences_blocks(p, &r->differences, r->names[0], r->names[1], r->by);
    return p;
}
