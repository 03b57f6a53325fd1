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

/* ---- each two ---- */

enum { MATRIX_MAX = 8 };

struct matrix_row {
    const char *name;
    double with[MATRIX_MAX]; /* each annotator; NaN: itself */
};

#define WITH(i)                                                   \
    {                                                             \
        .key = "with_" #i, .heading = #i, .kind = FIGURE_NUMBER,  \
        .at = offsetof(struct matrix_row, with[i]), .decimals = 3 \
    }

/* The headings are the annotators' names. */
static const struct figure matrix_figures[] = {
    { "name", "", NULL, FIGURE_TEXT, .at = offsetof(struct matrix_row, name) },
    WITH(0),
    WITH(1),
    WITH(2),
    WITH(3),
    WITH(4),
    WITH(5),
    WITH(6),
    WITH(7),
    { 0 },
};

/* The agreement of each two; kappa: that in its place. */
static void add_matrix(struct page *p, const struct agree_result *r, bool kappa)
{
    struct matrix_row rows[MATRIX_MAX];
    struct shown shown[1 + MATRIX_MAX] = { { "name", 0, kappa ? "kappa" : "agreement" } };
    struct table *t;

    for (size_t a = 0; a < r->n_names; a++) {
        shown[1 + a] = (struct shown){ matrix_figures[1 + a].key, 0, r->names[a] };
        rows[a].name = r->names[a];
        rows[a].with[a] = NAN;
    }
    for (size_t i = 0; i < r->n_pairs; i++) {
        const struct agree_pair *pair = &r->pairs[i];
        double figure = kappa ? pair->kappa : pair->agreement;

        rows[pair->first].with[pair->second] = rows[pair->second].with[pair->first] = figure;
    }
    t = page_table(p, &(struct layout){
                          .parts = { matrix_figures }, .shown = shown, .n_shown = 1 + r->n_names });
    for (size_t a = 0; a < r->n_names; a++)
        table_row(t, NULL, (const void *[]){ &rows[a], NULL, NULL, NULL });
}

static void add_pairs(struct page *p, const struct agree_result *r)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < r->n_pairs; i++) {
        const struct agree_pair *pair = &r->pairs[i];

        jv_append(list,
                  jv_pack("{s:s, s:s, s:I, s:o, s:o}", "first", r->names[pair->first], "second",
                          r->names[pair->second], "n", (long long)pair->n, "agreement",
                          jv_real(pair->agreement), "kappa", jv_real(pair->kappa)));
    }
    page_set(p, "pairs", list);
    if (r->n_pairs == 0 || r->n_names > MATRIX_MAX)
        return;
    page_heading(p, "Each two");
    add_matrix(p, r, false);
    add_matrix(p, r, true);
}

/* ---- where models are sure ---- */

static void add_sure(struct page *p, const struct agree_result *r)
{
    const struct sure *s = &r->sure;
    struct table *t;

    if (s->n == 0)
        return;
    page_heading(p, "Where models are sure and people differ");
    t = page_table(p, &(struct layout){ .parts = { figures_sure } });
    table_list(t, "sure");
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].differ > 0)
            table_row(t, "sure[]", (const void *[]){ &s->items[i], NULL, NULL, NULL });
    table_rule(t);
    table_row(t, NULL, (const void *[]){ &s->all, NULL, NULL, NULL });
    page_note(p,
              "sure: all models give one answer, each with a probability of %.2f or more. all "
              "people: everybody who answered says otherwise.",
              SURE_PROBABILITY);
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
    add_pairs(p, r);
    add_sure(p, r);
    multi_blocks(p, &r->multi);
    if (r->by)
        add_parts(p, r);
    differences_blocks(p, &r->differences, r->names[0], r->names[1], r->by);
    return p;
}
