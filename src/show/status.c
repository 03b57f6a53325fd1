/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "show/cost.h"
#include "show/people.h"
#include "show/show.h"
#include "show/unused.h"

static const struct figure kind_figures[] = { { "kind", "kind", NULL, FIGURE_TEXT, .rank = 3 },
                                              { 0 } };

static const struct shown annotator_columns[] = { { "name", 0 },        { "kind", 1 },
                                                  { "labels", 0 },      { "share", 0 },
                                                  { "abstentions", 0 }, { "votes", 0 } };

static void add_annotators(struct page *p, const struct status_result *r)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_annotators, kind_figures },
                             .shown = annotator_columns,
                             .n_shown = sizeof(annotator_columns) / sizeof(annotator_columns[0]) });

    table_list(t, "annotators");
    for (size_t i = 0; i < r->known.n; i++) {
        const char *kind = task_annotator_kind_name(r->annotators[i].kind);

        table_row(t, "annotators[]", (const void *[]){ &r->annotators[i], &kind, NULL, NULL });
    }
}

static void say_other_wording(struct page *p, const struct status_result *r)
{
    char n[32];

    for (size_t i = 0; i < r->known.n; i++)
        if (r->annotators[i].answered_to_other_wording > 0 &&
            task_find_annotator(r->task, r->annotators[i].name))
            page_paragraph(p,
                           "%s gave %s answers to other words than assent.yaml has now: they "
                           "count; assent annotate asks again.",
                           r->annotators[i].name,
                           text_grouped(r->annotators[i].answered_to_other_wording, n));
}

static void say_pair(struct page *p, const struct status_result *r)
{
    char n[3][32];

    if (!r->pair[0]) {
        page_paragraph(p, "One annotator: import a second one's labels to compare.");
        return;
    }
    page_paragraph(p, "%s and %s differ on %s of %s cells; %s of these have a single vote.",
                   r->pair[0], r->pair[1], text_grouped(r->disputed, n[0]),
                   text_grouped(r->compared, n[1]), text_grouped(r->disputed_with_vote, n[2]));
    page_note(p, "They are %s.", r->why);
    page_open(p, "between", PAGE_OBJECT, false);
    page_set(p, "annotators", jv_texts(r->pair, 2));
    page_text(p, "why", r->why);
    page_count(p, "compared", r->compared);
    page_count(p, "disputed", r->disputed);
    page_count(p, "disputed_with_vote", r->disputed_with_vote);
    page_close(p);
}

/* ---- provenance ---- */

static const struct figure run_figures[] = {
    { "id", "run", NULL, FIGURE_COUNT, offsetof(struct status_run, id) },
    { "annotator", "annotator", NULL, FIGURE_TEXT, offsetof(struct status_run, annotator) },
    { "started", "started", NULL, FIGURE_TEXT, offsetof(struct status_run, started), .rank = 1 },
    { "ended", NULL, NULL, FIGURE_TEXT, offsetof(struct status_run, ended) },
    { "by", "by", NULL, FIGURE_TEXT, offsetof(struct status_run, by_whom), .rank = 3 },
    { "source", "source", NULL, FIGURE_TEXT, offsetof(struct status_run, source) },
    { "withdrawn", "withdrawn", NULL, FIGURE_TEXT, offsetof(struct status_run, withdrawn),
      .rank = 2 },
    { "sha256", NULL, NULL, FIGURE_TEXT, offsetof(struct status_run, source_sha256) },
    { "cost", "cost", NULL, FIGURE_MONEY, offsetof(struct status_run, cost), .rank = 4 },
    { 0 },
};

static const struct figure usage_figures[] = { { "usage", NULL, NULL, FIGURE_JSON }, { 0 } };

/* For people the first digits will do. */
static const struct figure digest_figures[] = {
    { "digest", "sha256", NULL, FIGURE_TEXT, .rank = 2, .flags = FIGURE_HIDDEN }, { 0 }
};

static void say_withdrawn(struct page *p, const struct status_result *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_runs; i++)
        n += strcmp(r->runs[i].withdrawn, "-") != 0;
    if (n > 0)
        page_paragraph(p, "%zu of the newest runs %s withdrawn: status -v lists them.", n,
                       n == 1 ? "is" : "are");
}

static void add_runs(struct page *p, const struct status_result *r, bool shown)
{
    struct table *t;

    if (shown && r->n_runs > 0)
        page_heading(p, "Newest runs");
    else
        say_withdrawn(p, r);
    t = page_table(p, &(struct layout){ .parts = { run_figures, digest_figures, usage_figures },
                                        .hidden = !shown });
    table_list(t, "runs");
    for (size_t i = 0; i < r->n_runs; i++) {
        char first[13];
        const char *digest = first;
        struct json_t *usage = r->runs[i].usage.asked ? cost_usage_json(&r->runs[i].usage) : NULL;

        snprintf(first, sizeof(first), "%s", r->runs[i].source_sha256);
        table_row(t, "runs[]", (const void *[]){ &r->runs[i], &digest, &usage, NULL });
    }
}

struct page *show_status(const struct status_result *r, bool runs)
{
    struct page *p = page_new();
    uint64_t cells = r->images.n * r->task->n_columns;
    char n[3][TEXT_COUNT_MAX];

    page_paragraph(p, "%s: %s, %s, %s", r->task->name, text_count(r->images.n, "image", n[0]),
                   text_count(r->task->n_questions, "question", n[1]),
                   text_count(cells, "cell", n[2]));
    page_text(p, "name", r->task->name);
    if (r->images.n_aside > 0)
        page_note(p, "%s set aside: assent images restore takes them back",
                  text_count(r->images.n_aside, "more image", n[0]));
    page_count(p, "images", r->images.n);
    page_count(p, "images_set_aside", r->images.n_aside);
    page_count(p, "questions", r->task->n_questions);
    page_count(p, "cells", cells);
    page_set(p, "stale_consensus", jv_pack("b", (int)r->stale_consensus));
    add_annotators(p, r);
    say_other_wording(p, r);
    unused_show(p, &r->unused);
    if (r->known.n == 0)
        page_note(p, "nothing is imported yet: assent import FILE --annotator NAME, or assent "
                     "annotate");
    else
        say_pair(p, r);
    if (r->stale_consensus)
        page_paragraph(p, "The consensus is older than the newest answers: assent consensus makes "
                          "it anew.");
    people_progress(p, &r->review);
    if (r->review.items > 0) {
        page_open(p, "review", PAGE_OBJECT, true);
        people_data(p, &r->review);
        page_close(p);
    }
    add_runs(p, r, runs);
    return p;
}
