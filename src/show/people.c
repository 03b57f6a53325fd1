/* SPDX-License-Identifier: MIT */
#include "show/people.h"

#include <math.h>
#include <stdlib.h>

#include "show/json.h"
#include "show/show.h"

/* ---- who should be looked at ---- */

/* Which key of assent.yaml's alarms the threshold is. */
static const char *const limit_names[REVIEW_SIGNS] = { "min_seconds", "min_grid_seconds",
                                                       "max_run_chance", "min_gold_accuracy",
                                                       "min_repeat_consistency" };

static void write_share(struct buf *b, const struct review_alarm *a, const char *how)
{
    char n[32];

    buf_printf(b, "%.1f %% of %s %s (95 %%: %.1f - %.1f)", 100 * a->value, text_grouped(a->n, n),
               how, 100 * a->interval.low, 100 * a->interval.high);
}

static void write_sign(struct buf *b, const struct review_alarm *a)
{
    char n[TEXT_COUNT_MAX];

    switch (a->sign) {
    case SIGN_FAST:
        buf_printf(b, "half of %s one by one took %.2f s or less", text_count(a->n, "answer", n),
                   a->value);
        break;
    case SIGN_FAST_GRID:
        buf_printf(b, "half of %s in grids took %.2f s a picture or less",
                   text_count(a->n, "answer", n), a->value);
        break;
    case SIGN_ONE_KEY:
        buf_printf(b, "'%s' %s times in a row, for which the chance is %.1g or less", a->said,
                   text_grouped(a->n, n), a->value);
        break;
    case SIGN_GOLD: write_share(b, a, "known answers are right"); break;
    case SIGN_REPEATS: write_share(b, a, "repeats are answered as before"); break;
    }
    buf_printf(b, "; %s is %g", limit_names[a->sign], a->threshold);
}

/* The sentence of an alarm; free() it. NULL without memory. */
static char *sign_text(const struct review_alarm *a)
{
    struct buf b = BUF_INIT(1 << 12);
    char *text;

    write_sign(&b, a);
    text = buf_take(&b);
    buf_release(&b);
    return text;
}

static void say_without(struct page *p, const struct review_figures *f,
                        const struct review_person *who)
{
    const struct stats_sample *s = &who->without;
    char n[32];

    if (f->design != 0 && !isnan(s->agreement))
        page_note(p,
                  "Without %s people would agree with %.1f %% of the labels (95 %%, by design: "
                  "%.1f - %.1f), from %s settled cells.",
                  who->name, 100 * s->agreement, 100 * s->interval.low, 100 * s->interval.high,
                  text_grouped((uint64_t)s->settled, n));
    else if (!isnan(f->sample.agreement) && f->design != 0)
        page_note(p, "Without %s the sample gives no figure.", who->name);
    page_note(p, "All of it counts: assent undo --reviewer %s withdraws what %s answered.",
              who->name, who->name);
}

/* Signs are of people, and prove nothing: words, not a verdict. */
static void say_alarms(struct page *p, const struct review_figures *f)
{
    for (size_t k = 0; k < f->n_people; k++) {
        const struct review_person *who = &f->people[k];

        if (who->alarms == 0)
            continue;
        page_paragraph(p, "Does %s look at the pictures?", who->name);
        for (size_t i = 0; i < f->n_alarms; i++) {
            char *text = f->alarms[i].person == k ? sign_text(&f->alarms[i]) : NULL;

            if (text)
                page_line(p, f->alarms[i].name, "%s", text);
            free(text);
        }
        say_without(p, f, who);
    }
}

static struct json_t *alarms_json(const struct review_figures *f)
{
    struct json_t *all = jv_array();

    for (size_t i = 0; i < f->n_alarms; i++) {
        const struct review_alarm *a = &f->alarms[i];
        const struct review_person *who = &f->people[a->person];
        const struct stats_sample *s = &who->without;
        char *text = sign_text(a);

        jv_append(all,
                  jv_pack("{s:s, s:s, s:o, s:o, s:s?, s:{s:o, s:[o, o]}}", "alarm", a->name, "of",
                          who->name, "value", jv_real(a->value), "threshold", jv_real(a->threshold),
                          "text", text, "without", "agreement", jv_real(s->agreement), "interval",
                          jv_real(s->interval.low), jv_real(s->interval.high)));
        free(text);
    }
    return all;
}

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
    say_alarms(p, f);
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
    say_alarms(p, f);
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
    page_set(p, "alarms", alarms_json(f));
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
