/* SPDX-License-Identifier: MIT
 *
 * What came of a review, for status and report.
 */
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"

static void header(struct table *t, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        table_cell(t, "%s", names[i]);
}

int cmd_print_progress(const struct review_figures *f, struct err *e)
{
    static const char *const names[] = { "reviewer", "answers", "can't tell", "skipped",
                                         "flagged",  "undone",  "latest" };
    struct table *t;
    char n[2][32];

    if (f->items == 0)
        return 0;
    printf("\nReview: %s of %s items are done", text_grouped(f->done, n[0]),
           text_grouped(f->items, n[1]));
    if (f->set_aside > 0)
        printf(", %s are set aside (their image cannot be shown)",
               text_grouped(f->set_aside, n[0]));
    putchar('\n');
    if (f->n_people == 0)
        return 0;
    t = table_new("lrrrrrl");
    header(t, names, sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < f->n_people; i++) {
        const struct review_person *p = &f->people[i];

        table_cell(t, "%s%s", p->name, p->revoked ? " (revoked)" : "");
        table_count(t, p->done);
        table_count(t, p->unsure);
        table_count(t, p->skipped);
        table_count(t, p->flagged);
        table_count(t, p->undone);
        table_cell(t, "%s", p->last[0] ? p->last : "-");
    }
    return table_end(t, stdout, e);
}

static int print_pace(const struct review_figures *f, struct err *e)
{
    static const char *const names[] = { "reviewer",      "votes",   "s an answer",
                                         "votes an hour", "hours",   "gold",
                                         "gold right",    "repeats", "repeated alike" };
    struct table *t = table_new("lrrrrrrrr");

    header(t, names, sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < f->n_people; i++) {
        const struct review_person *p = &f->people[i];

        table_cell(t, "%s", p->name);
        table_count(t, p->done - p->skipped);
        table_number(t, p->seconds, 1);
        table_number(t, p->votes_an_hour, 0);
        table_number(t, p->hours, 2);
        table_count(t, p->gold);
        table_percent(t, (double)p->gold_right / (double)p->gold);
        table_count(t, p->repeats);
        table_percent(t, (double)p->repeats_equal / (double)p->repeats);
    }
    return table_end(t, stdout, e);
}

static int print_seconds(const struct review_figures *f, struct err *e)
{
    static const char *const names[] = { "question", "items", "done", "s an answer" };
    struct table *t = table_new("lrrr");

    puts("\n  Seconds an answer (median)");
    header(t, names, 4);
    for (size_t c = 0; c < f->task->n_columns; c++) {
        const struct review_question *q = &f->questions[c];

        if (q->answers == 0)
            continue;
        table_cell(t, "%s", f->task->columns[c].name);
        table_count(t, q->items);
        table_count(t, q->done);
        table_number(t, q->seconds, 1);
    }
    return table_end(t, stdout, e);
}

static void print_sample(const struct review_figures *f)
{
    const struct stats_sample *s = &f->sample;
    char n[2][32];

    if (f->design == 0)
        return;
    printf("\n  Sample: %s cells drawn at random, %s settled", text_grouped(f->drawn, n[0]),
           text_grouped((uint64_t)s->settled, n[1]));
    if (isnan(s->agreement)) {
        puts("; no figure yet");
        return;
    }
    printf("\n  Of all cells people would agree with %.1f %% of the labels (95 %%: %.1f - %.1f)\n",
           100 * s->agreement, 100 * s->interval.low, 100 * s->interval.high);
    if (s->covered < 1)
        printf("  (of %.1f %% of the cells: no other stratum has a settled cell yet)\n",
               100 * s->covered);
}

int cmd_print_review(const struct review_figures *f, struct err *e)
{
    int rc;

    if (f->items == 0)
        return 0;
    puts("\nReview");
    rc = print_pace(f, e);
    if (rc == 0)
        rc = print_seconds(f, e);
    print_sample(f);
    return rc;
}
