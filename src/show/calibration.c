/* SPDX-License-Identifier: MIT */
#include "show/calibration.h"

#include <math.h>
#include <stdlib.h>

enum { SECTION_QUESTIONS = 10 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what is compared ---- */

static void say_truth(struct page *p, const struct calibrate_result *r)
{
    char n[3][TEXT_COUNT_MAX];

    page_paragraph(p, "%s's probabilities against %s: %s of %s%s%s.", r->annotator,
                   r->people ? "what people said of a random sample" : r->against,
                   text_count(r->cells, "cell", n[0]), text_count(r->images, "image", n[1]),
                   r->why ? "; " : "", r->why ? r->why : "");
    if (r->drawn_from > 0)
        page_note(p, "These images were drawn at random, of %s whose truth is known.",
                  text_count(r->drawn_from, "image", n[2]));
    if (r->people)
        page_note(p, "Each cell stands for the cells of its stratum that were not drawn.");
    if (r->only_disputes)
        page_note(p,
                  "%s's votes were given cell by cell and not drawn at random: they say little "
                  "of all cells.",
                  r->against);
}

static const struct figure way_figures[] = {
    { "method", "probabilities", NULL, FIGURE_TEXT, offsetof(struct calibrate_way, method) },
    { "of", NULL, NULL, FIGURE_TEXT, offsetof(struct calibrate_way, of) },
    { "why", NULL, NULL, FIGURE_TEXT, offsetof(struct calibrate_way, why) },
    { 0 },
};

static void add_ways(struct page *p, const struct calibrate_result *r, bool options)
{
    const struct shown shown[] = { { "method", 0 },       { "agreement", 1 }, { "ece_mass", 1 },
                                   { "ece_debiased", 1 }, { "brier", 1 },     { "log_loss", 1 },
                                   { "auroc", 1 } };
    const char *of = NULL;
    struct table *t;

    for (size_t i = 0; i < r->n_ways; i++)
        if (r->ways[i].options == options)
            of = r->ways[i].of;
    if (!of)
        return;
    page_heading(p, "Probabilities as said, and calibrated: %s", of);
    t = page_table(p, &(struct layout){ .parts = { way_figures, figures_calibration },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) });
    for (size_t i = 0; i < r->n_ways; i++)
        if (r->ways[i].options == options && !r->ways[i].why)
            table_row(t, NULL, (const void *[]){ &r->ways[i], &r->ways[i].after, NULL, NULL });
    for (size_t i = 0; i < r->n_ways; i++)
        if (r->ways[i].options == options && r->ways[i].why)
            page_note(p, "%s: %s", r->ways[i].method, r->ways[i].why);
}

/* ---- reliability ---- */

struct bin_row {
    char name[32];
    const char *text;
};

static const struct figure bin_row_figures[] = {
    { "range", "p", NULL, FIGURE_TEXT, offsetof(struct bin_row, text) },
    { 0 },
};

static void add_marks(struct chart *c, const char *name, const struct stats_bin bins[STATS_BINS],
                      bool intervals)
{
    chart_series(c, name, intervals ? CHART_POINTS : CHART_LINE);
    for (size_t b = 0; b < STATS_BINS; b++) {
        struct chart_mark mark = { bins[b].mean, bins[b].rate, NAN, NAN, NULL };

        if (bins[b].n == 0)
            continue;
        if (intervals) {
            mark.low = bins[b].interval.low;
            mark.high = bins[b].interval.high;
        }
        chart_mark(c, &mark);
    }
}

/* The reliability diagram of DeGroot and Fienberg 1983. */
static void add_curve(struct page *p, const struct calibrate_result *r,
                      const struct calibrate_row *row)
{
    const struct chart_look look = { .title = row->name,
                                     .x = "probability",
                                     .y = "share that is true",
                                     .x_to = 1,
                                     .y_to = 1,
                                     .diagonal = true };
    struct chart *c = page_chart(p, &look);

    add_marks(c, "as said, 95 % (cells)", row->before.width, true);
    if (row->fit)
        add_marks(c, r->method, row->after.width, false);
}

static void add_bins(struct page *p, const struct calibrate_result *r,
                     const struct calibrate_row *row)
{
    const struct shown shown[] = {
        { "range", 0 },      { "cells", 1 },    { "mean", 1 },
        { "rate", 1 },       { "interval", 1 }, { "cells", 2, r->method },
        { "mean", 2, NULL }, { "rate", 2 },
    };
    struct table *t;

    page_heading(p, "Are they as often right as they say: %s", row->name);
    t = page_table(p, &(struct layout){ .parts = { bin_row_figures, figures_bins, figures_bins },
                                        .shown = shown,
                                        .n_shown = !row->fit ? 5 : COUNT(shown) });
    for (size_t b = 0; b < STATS_BINS; b++) {
        struct bin_row name;

        if (row->before.width[b].n + row->after.width[b].n == 0)
            continue;
        snprintf(name.name, sizeof(name.name), "%.1f - %.1f", row->before.width[b].low,
                 row->before.width[b].high);
        name.text = name.name;
        table_row(t, NULL,
                  (const void *[]){ &name, &row->before.width[b], &row->after.width[b], NULL });
    }
    add_curve(p, r, row);
}

/* ---- questions ---- */

static double bias_of(const struct calibrate_row *row)
{
    return row->options ? 0 : fabs(row->threshold.plain.yes - row->before.rate);
}

static int by_bias(const void *a, const void *b)
{
    double x = bias_of(*(const struct calibrate_row *const *)a),
           y = bias_of(*(const struct calibrate_row *const *)b);

    return (x < y) - (x > y);
}

static void add_question_rows(struct page *p, const struct calibrate_result *r,
                              const struct calibrate_row *const *rows, size_t n)
{
    const struct shown shown[] = {
        { "name", 0, "question" },
        { "n", 1 },
        { "mean", 1 },
        { "rate", 1 },
        { "agreement", 1 },
        { "ece_debiased", 1, "ECE" },
        { "auroc", 1 },
        { "agreement", 2, "agree after" },
        { "ece_debiased", 2, "ECE after" },
    };
    struct table *t;

    page_heading(p, "Questions: probabilities as said, and after %s", r->method);
    t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_calibration, figures_calibration },
                             .shown = shown,
                             .n_shown = r->failed ? 7 : COUNT(shown) });
    for (size_t i = 0; i < n; i++)
        table_row(t, NULL,
                  (const void *[]){ &rows[i]->name, &rows[i]->before, &rows[i]->after, NULL });
}

static void add_threshold_rows(struct page *p, const struct calibrate_result *r,
                               const struct calibrate_row *const *rows, size_t n)
{
    const struct shown shown[] = {
        { "name", 0, "question" },         { "rate", 1, "truly yes" },
        { "yes_plain", 2, "says yes" },    { "threshold", 2 },
        { "yes_tested", 2, "yes tested" }, { "agreement_plain", 2 },
        { "agreement_chosen", 2 },         { "agreement_tested", 2, "agree tested" },
    };
    struct table *t;

    page_heading(p, r->balanced ? "Where yes begins so that both sides are found alike"
                                : "Where yes begins so that it is said as often as it is true");
    t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_calibration, figures_thresholds },
                             .shown = shown,
                             .n_shown = COUNT(shown) });
    for (size_t i = 0; i < n; i++)
        if (!rows[i]->options)
            table_row(
                t, NULL,
                (const void *[]){ &rows[i]->name, &rows[i]->before, &rows[i]->threshold, NULL });
    page_note(p, "chosen: on the cells that the threshold was chosen on. tested: on images that it "
                 "was not chosen on.");
}

static void add_questions(struct page *p, const struct calibrate_result *r, size_t most)
{
    size_t n = r->n_rows - r->n_pooled, shown = n < most ? n : most;
    const struct calibrate_row **rows = calloc(n + 1, sizeof(*rows));
    bool yesno = false;

    for (size_t i = 0; rows && i < n; i++) {
        rows[i] = &r->rows[r->n_pooled + i];
        yesno = yesno || !rows[i]->options;
    }
    if (rows && shown < n)
        qsort(rows, n, sizeof(*rows), by_bias);
    if (rows && n > 0)
        add_question_rows(p, r, rows, shown);
    if (rows && yesno)
        add_threshold_rows(p, r, rows, shown);
    if (shown < n)
        page_note(p,
                  "The %zu of %zu questions whose rates of yes are furthest from the truth: "
                  "assent calibrate shows all.",
                  shown, n);
    free(rows);
}

/* ---- data ---- */

static void set_bins(struct page *p, const char *key, const struct stats_bin bins[STATS_BINS])
{
    page_set(p, key, jv_array());
    for (size_t b = 0; b < STATS_BINS; b++) {
        page_open(p, key, PAGE_ELEMENT, true);
        page_figures(p, figures_bins, &bins[b]);
        page_close(p);
    }
}

static void set_side(struct page *p, const char *key, const struct stats_calibration *c)
{
    page_open(p, key, PAGE_OBJECT, true);
    page_figures(p, figures_calibration, c);
    set_bins(p, "bins", c->width);
    set_bins(p, "mass_bins", c->mass);
    page_close(p);
}

static void set_row(struct page *p, const char *list, const struct calibrate_row *row)
{
    page_open(p, list, PAGE_ELEMENT, true);
    page_text(p, "name", row->name);
    page_text(p, "probability_of", row->options ? "label" : "yes");
    page_text(p, "fit", row->fit);
    page_set(p, "slope", jv_real(row->slope));
    page_set(p, "intercept", jv_real(row->intercept));
    page_set(p, "blank", jv_real(row->blank));
    set_side(p, "before", &row->before);
    set_side(p, "after", &row->after);
    page_figures(p, figures_thresholds, &row->threshold);
    page_close(p);
}

static void set_data(struct page *p, const struct calibrate_result *r)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { way_figures, figures_calibration }, .hidden = true });

    page_text(p, "annotator", r->annotator);
    page_text(p, "against", r->against);
    page_set(p, "random_sample", jv_pack("b", (int)r->people));
    page_text(p, "method", r->method);
    page_set(p, "by_question", jv_pack("b", (int)r->by_question));
    page_text(p, "aim", r->balanced ? "balanced" : "rates");
    page_count(p, "folds", CALIBRATE_FOLDS);
    page_count(p, "seed", r->seed);
    page_set(p, "epsilon", jv_real(STATS_EPSILON));
    page_count(p, "cells", r->cells);
    page_count(p, "images", r->images);
    page_text(p, "failed", r->failed);
    table_list(t, "methods");
    for (size_t i = 0; i < r->n_ways; i++)
        table_row(t, "methods[]", (const void *[]){ &r->ways[i], &r->ways[i].after, NULL, NULL });
    page_set(p, "pooled", jv_array());
    page_set(p, "questions", jv_array());
    for (size_t i = 0; i < r->n_rows; i++)
        set_row(p, i < r->n_pooled ? "pooled" : "questions", &r->rows[i]);
}

/* ---- all together ---- */

void calibration_blocks(struct page *p, const struct calibrate_result *r, size_t questions)
{
    char n[2][TEXT_COUNT_MAX];

    set_data(p, r);
    say_truth(p, r);
    add_ways(p, r, false);
    add_ways(p, r, true);
    page_note(p,
              "Calibrated figures are of images that the fit has not seen: %d folds of images, "
              "seed %llu.",
              CALIBRATE_FOLDS, (unsigned long long)r->seed);
    for (size_t i = 0; i < r->n_pooled; i++)
        add_bins(p, r, &r->rows[i]);
    add_questions(p, r, questions);
    if (r->questions_unadapted > 0)
        page_note(p, "%s: nothing is known of a blank picture, and probabilities are as said.",
                  text_count(r->questions_unadapted, "question", n[0]));
    if (r->by_question)
        page_note(p,
                  "A question with fewer than %s that are true, or that are not, goes by the fit "
                  "of all.",
                  text_count(CALIBRATE_LEAST, "cell", n[1]));
}

struct page *show_calibrate(const struct calibrate_result *r)
{
    struct page *p = page_new();

    calibration_blocks(p, r, SIZE_MAX);
    return p;
}

void calibration_section(struct page *p, const struct calibrate_result *r)
{
    if (!r->annotator)
        return;
    page_open(p, "calibration", PAGE_OBJECT, false);
    page_heading(p, "What %s's probabilities are worth", r->annotator);
    calibration_blocks(p, r, SECTION_QUESTIONS);
    page_close(p);
}

/* ---- a blank picture ---- */

static const struct figure blank_figures[] = {
    { "name", "question", NULL, FIGURE_TEXT, offsetof(struct blank_answer, name) },
    { "option", "option", NULL, FIGURE_TEXT, offsetof(struct blank_answer, option) },
    { "probability", "probability", NULL, FIGURE_NUMBER, offsetof(struct blank_answer, probability),
      3 },
    { "mass", "mass", NULL, FIGURE_NUMBER, offsetof(struct blank_answer, mass), 3 },
    { 0 },
};

struct page *show_blank(const struct blank_result *r)
{
    struct page *p = page_new();
    struct table *t;

    page_text(p, "annotator", r->annotator);
    page_count(p, "width", r->width);
    page_count(p, "height", r->height);
    page_paragraph(p,
                   "What %s says of a plain grey picture of %u x %u pixels, of yes/no questions of "
                   "yes:",
                   r->annotator, r->width, r->height);
    t = page_table(p, &(struct layout){ .parts = { blank_figures } });
    table_list(t, "questions");
    for (size_t i = 0; i < r->n; i++)
        table_row(t, "questions[]", (const void *[]){ &r->answers[i], NULL, NULL, NULL });
    page_note(p, "It is kept: assent calibrate --method contextual takes it out.");
    return p;
}
