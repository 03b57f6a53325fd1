/* SPDX-License-Identifier: MIT */
#include "show/people.h"

#include <math.h>

#include "show/json.h"
#include "show/show.h"

/* ---- progress ---- */

static const struct shown progress_columns[] = {
    { "name", 0 },    { "done", 0 },   { "unsure", 0 }, { "skipped", 0 },
    { "flagged", 0 }, { "undone", 0 }, { "last", 0 },
};

static const struct shown pace_columns[] = {
    { "name", 0 },           { "done", 0 },    { "seconds_per_answer", 0 },
    { "votes_per_hour", 0 }, { "hours", 0 },   { "gold", 0 },
    { "gold_accuracy", 0 },  { "repeats", 0 }, { "repeat_consistency", 0 },
};

static void add_people(struct page *p, const struct review_figures *f, const struct shown *shown,
                       size_t n)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_people }, .shown = shown, .n_shown = n });

    for (size_t i = 0; i < f->n_people; i++) {
        struct review_person person = f->people[i];
        struct buf name = BUF_INIT(1 << 12);

        buf_printf(&name, "%s%s", person.name, person.revoked ? " (revoked)" : "");
        person.name = name.text ? name.text : person.name;
        table_row(t, NULL, (const void *[]){ &person, NULL, NULL, NULL });
        buf_release(&name);
    }
}

void people_progress(struct page *p, const struct review_figures *f)
{
    char n[3][32], copied[TEXT_COUNT_MAX], aside[96] = "";

    if (f->items == 0)
        return;
    if (f->set_aside > 0)
        snprintf(aside, sizeof(aside), ", %s are set aside (their image cannot be shown)",
                 text_grouped(f->set_aside, n[2]));
    page_heading(p, "Review: %s of %s items are done%s", text_grouped(f->done, n[0]),
                 text_grouped(f->items, n[1]), aside);
    if (f->n_people > 0)
        add_people(p, f, progress_columns, sizeof(progress_columns) / sizeof(progress_columns[0]));
    if (f->copied > 0)
        page_note(p,
                  "%s kept for an item with the same picture, byte for byte, as the one answered",
                  text_count(f->copied, "answer", copied));
}

/* ---- outcome ---- */

static void add_seconds(struct page *p, const struct review_figures *f)
{
    static const struct shown shown[] = {
        { "name", 0, "question" }, { "items", 1 }, { "done", 1 }, { "seconds_per_answer", 1 }
    };
    struct table *t =
        page_table(p, &(struct layout){ .parts = { figures_name, figures_reviewed },
                                        .shown = shown,
                                        .n_shown = sizeof(shown) / sizeof(shown[0]) });

    for (size_t c = 0; c < f->task->n_columns; c++)
        if (f->questions[c].answers > 0)
            table_row(t, NULL,
                      (const void *[]){ &f->task->columns[c].name, &f->questions[c], NULL, NULL });
}

/* What the estimate is about: all cells, or those that could be drawn. */
static void say_covered(struct page *p, const struct review_figures *f)
{
    char n[2][32];

    if (f->frame < f->cells)
        page_note(
            p,
            "That is about the %s cells that could be drawn. The project has %s more now: "
            "they came later, or were left out by --questions, and this says nothing of them. "
            "The same assent review draws from images that came later, too.",
            text_grouped(f->frame, n[0]), text_grouped(f->cells - f->frame, n[1]));
    if (f->sample.covered < 1)
        page_note(p,
                  "It rests on strata with %.1f %% of those cells: no other has a settled cell "
                  "yet.",
                  100 * f->sample.covered);
}

static void say_sample(struct page *p, const struct review_figures *f)
{
    const struct stats_sample *s = &f->sample;
    char n[3][32];

    if (f->design == 0)
        return;
    if (isnan(s->agreement)) {
        page_paragraph(p, "Sample: %s cells drawn at random, %s settled; no figure yet",
                       text_grouped(f->drawn, n[0]), text_grouped((uint64_t)s->settled, n[1]));
        return;
    }
    page_paragraph(p, "Sample: %s cells drawn at random, %s settled", text_grouped(f->drawn, n[0]),
                   text_grouped((uint64_t)s->settled, n[1]));
    page_note(p,
              "Of %s cells people would agree with %.1f %% of the labels (95 %%, by design: %.1f "
              "- %.1f)",
              f->frame < f->cells ? text_grouped(f->frame, n[2]) : "all", 100 * s->agreement,
              100 * s->interval.low, 100 * s->interval.high);
    say_covered(p, f);
}

void people_outcome(struct page *p, const struct review_figures *f)
{
    if (f->items == 0)
        return;
    page_heading(p, "Review");
    add_people(p, f, pace_columns, sizeof(pace_columns) / sizeof(pace_columns[0]));
    add_seconds(p, f);
    say_sample(p, f);
}

/* ---- data ---- */

static const struct figure totals[] = {
    { "items", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, items) },
    { "done", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, done) },
    { "votes_open", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, votes_open) },
    { "copied", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, copied) },
    { "set_aside", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, set_aside) },
    { "flagged", NULL, NULL, FIGURE_COUNT, offsetof(struct review_figures, flagged) },
    { "seconds_per_answer", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_figures, seconds),
      .old_key = "seconds_an_answer" },
    { "hours", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_figures, hours) },
    { 0 },
};

void people_data(struct page *p, const struct review_figures *f)
{
    struct table *people =
        page_table(p, &(struct layout){ .parts = { figures_people }, .hidden = true });
    struct table *questions = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_reviewed }, .hidden = true });

    page_figures(p, totals, f);
    table_list(people, "people");
    for (size_t i = 0; i < f->n_people; i++)
        table_row(people, "people[]", (const void *[]){ &f->people[i], NULL, NULL, NULL });
    table_list(questions, "questions");
    for (size_t c = 0; c < f->task->n_columns; c++)
        if (f->questions[c].items > 0)
            table_row(questions, "questions[]",
                      (const void *[]){ &f->task->columns[c].name, &f->questions[c], NULL, NULL });
    if (f->design == 0) {
        page_set(p, "sample", jv_pack("n"));
        return;
    }
    page_open(p, "sample", PAGE_OBJECT, true);
    page_figures(p, figures_sample, f);
    page_close(p);
}

struct json_t *show_review_overview(const struct review_figures *f)
{
    struct page *p = page_new();
    struct json_t *document;
    struct err ignored; /* NULL says it */

    people_data(p, f);
    page_json(p, &document, &ignored);
    page_free(p);
    return document;
}
