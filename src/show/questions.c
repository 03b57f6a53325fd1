/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "show/agreement.h"
#include "show/sections.h"

enum { SHOWN = 10 /* best and worst questions in a terminal */ };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* By whom mistakes are found. */
static const char *judge(const struct report_result *r)
{
    return r->judged ? "the consensus" : r->second;
}

/* ---- questions ---- */

struct ranked {
    const char *name;
    const struct stats_figures *before, *after;
};

static int by_agreement(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->before->value[STATS_AGREEMENT],
           y = ((const struct ranked *)b)->before->value[STATS_AGREEMENT];

    return (x < y) - (x > y);
}

static void add_ranked(struct page *p, const struct report_result *r,
                       const struct ranked *questions, size_t n)
{
    const struct shown shown[] = {
        { "name", 0, "question" },
        { "agreement", 1 },
        { agreement_interval(r->interval), 1, .drawn = true },
        { "kappa", 1 },
        { "ac1", 1 },
        { "rate_first", 1, "yes" },
        { "rate_second", 1, "yes by other" },
        { "precision", 2 },
        { "recall", 2 },
    };
    struct table *t;

    page_heading(p, "Agreement, by question");
    page_paragraph(p,
                   "%s against %s (%s), best first. Precision and recall are those of %s against "
                   "%s.",
                   r->first, r->second, r->why, r->first, judge(r));
    t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_agreement, figures_agreement },
                             .shown = shown,
                             .n_shown = COUNT(shown),
                             .excerpt = SHOWN });
    for (size_t i = 0; i < n; i++)
        table_row(
            t, NULL,
            (const void *[]){ &questions[i].name, questions[i].before, questions[i].after, NULL });
}

void report_questions(struct page *p, const struct report_result *r)
{
    struct ranked *questions = calloc(r->before->n_columns + 1, sizeof(*questions));
    size_t n = 0;

    for (size_t c = 0; questions && c < r->before->n_columns; c++)
        if (r->before->columns[c].n > 0)
            questions[n++] =
                (struct ranked){ r->task->columns[c].name, &r->before->columns[c],
                                 r->judged ? &r->first_after->columns[c] : &r->before->columns[c] };
    if (n > 0)
        qsort(questions, n, sizeof(*questions), by_agreement);
    add_ranked(p, r, questions, n);
    free(questions);
}

/* ---- what agreement hides ---- */

void report_missed(struct page *p, const struct report_result *r)
{
    const struct shown shown[] = {
        { "name", 0, "question" }, { "agreement", 1 }, { "positives", 1 }, { "found", 1 },
        { "recall", 1 },           { "precision", 1 },
    };
    struct table *t;

    page_heading(p, "Rare answers that are missed");
    page_paragraph(p,
                   "Questions with a yes on at most %.0f %% of the images by %s, of which "
                   "%s finds fewer than %.0f %%.",
                   100 * REPORT_RARE_RATE, r->judged ? "consensus" : r->second, r->first,
                   100 * REPORT_MISSED_RECALL);
    if (r->n_missed == 0)
        page_note(p, "none");
    t = page_table(p, &(struct layout){ .parts = { figures_name, figures_missed },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) });
    table_list(t, "rare_missed");
    for (size_t i = 0; i < r->n_missed; i++)
        table_row(t, "rare_missed[]",
                  (const void *[]){ &r->task->columns[r->missed[i].column].name, &r->missed[i],
                                    NULL, NULL });
}

/* ---- groups and parts ---- */

struct group {
    const struct stats_figures *before, *first, *second;
};

static void add_group(struct table *t, const char *name, const struct group *g)
{
    table_row(t, NULL, (const void *[]){ &name, g->before, g->first, g->second });
}

void report_groups(struct page *p, const struct report_result *r)
{
    char first[256], second[256];
    const struct shown shown[] = {
        { "name", 0, "group" },
        { "agreement", 1, r->judged ? "before" : NULL },
        { agreement_interval(r->interval), 1, .drawn = true },
        { "kappa", 1 },
        { "agreement", 2, first },
        { "agreement", 3, second },
    };
    const struct figure *const a = figures_agreement;
    struct table *t;

    snprintf(first, sizeof(first), "%s after", r->first);
    snprintf(second, sizeof(second), "%s after", r->second);
    page_heading(p, "Groups of questions");
    t = page_table(p, &(struct layout){ .parts = { figures_name, a, a, a },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) - (r->judged ? 0 : 2) });
    for (size_t g = 0; g < r->task->n_groups; g++)
        add_group(t, r->task->groups[g],
                  &(struct group){ &r->before->groups[g], &r->first_after->groups[g],
                                   &r->second_after->groups[g] });
    add_group(
        t, "all, by question",
        &(struct group){ &r->before->macro, &r->first_after->macro, &r->second_after->macro });
    add_group(
        t, "all, by cell",
        &(struct group){ &r->before->pooled, &r->first_after->pooled, &r->second_after->pooled });
}

static const struct figure part_figures[] = {
    { "images", "images", NULL, FIGURE_COUNT, offsetof(struct report_part, n_images), .rank = 1 },
    { 0 },
};

void report_parts(struct page *p, const struct report_result *r)
{
    const struct shown shown[] = {
        { "name", 0, r->by },
        { "images", 2 },
        { "agreement", 1, NULL, 4 },
        { agreement_interval(r->interval), 1, NULL, 4, .drawn = true },
        { "kappa", 1 },
    };
    struct table *t;

    if (!r->by)
        return;
    page_heading(p, "By %s", r->by);
    page_paragraph(p, "%s against %s.", r->first, r->second);
    t = page_table(p, &(struct layout){ .parts = { figures_name, figures_agreement, part_figures },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) });
    for (size_t i = 0; i < r->n_parts; i++)
        table_row(t, NULL,
                  (const void *[]){ &r->parts[i].value, &r->parts[i].before->pooled, &r->parts[i],
                                    NULL });
}
