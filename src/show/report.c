/* SPDX-License-Identifier: MIT */
#include "show/accept.h"
#include "show/agreement.h"
#include "show/alt_test.h"
#include "show/calibration.h"
#include "show/consensus.h"
#include "show/cost.h"
#include "show/differences.h"
#include "show/estimates.h"
#include "show/frontier.h"
#include "show/ledger.h"
#include "show/people.h"
#include "show/sections.h"
#include "show/show.h"
#include "show/unanswered.h"
#include "show/unused.h"

/* Are there two annotators with cells in common? */
static bool is_compared(const struct report_result *r)
{
    return r->first && r->cells > 0;
}

static void say_no_pair(struct page *p, const struct report_result *r)
{
    if (!r->first)
        page_note(p, "There is one annotator at most, so nothing to compare: import a second one's "
                     "labels.");
    else if (r->cells == 0)
        page_note(p,
                  "%s and %s (%s) have no cell in common, so nothing to compare: assent status "
                  "says who labelled how much, --between A B compares others.",
                  r->first, r->second, r->why);
}

static void say_selective(struct page *p, const struct report_result *r)
{
    selective_show(p, r->selective);
}

static void add_differences(struct page *p, const struct report_result *r)
{
    multi_blocks(p, &r->multi);
    differences_blocks(p, &r->differences, r->first, r->second, r->by);
}

/* The sections that need two annotators. */
static void (*const of_pair[])(struct page *p, const struct report_result *r) = {
    report_questions, report_quality, say_selective,   report_winners, report_missed,
    report_groups,    report_parts,   add_differences, report_worst,
};

static void add_data(struct page *p, const struct report_result *r)
{
    page_open(p, "accept", PAGE_OBJECT, true);
    accept_data(p, &r->acceptance);
    page_close(p);
    if (r->first)
        report_pair_data(p, r);
    if (r->n_annotators > 1) {
        page_open(p, "consensus", PAGE_OBJECT, true);
        consensus_blocks(p, &r->consensus);
        page_close(p);
    }
    if (r->review.items > 0) {
        page_open(p, "review", PAGE_OBJECT, true);
        people_data(p, &r->review);
        page_close(p);
    }
}

struct page *show_report(const struct report_result *r)
{
    struct page *p = page_new();
    char n[2][TEXT_COUNT_MAX];

    page_paragraph(p, "%s: %s, %s", r->task->name, text_count(r->n_images, "image", n[0]),
                   text_count(r->task->n_questions, "question", n[1]));
    page_text(p, "name", r->task->name);
    page_count(p, "images", r->n_images);
    page_count(p, "questions", r->task->n_questions);
    report_first(p, r);
    unused_show(p, &r->unused);
    accept_questions(p, &r->acceptance);
    estimates_blocks(p, &r->estimates);
    say_no_pair(p, r);
    for (size_t i = 0; is_compared(r) && i < sizeof(of_pair) / sizeof(of_pair[0]); i++)
        of_pair[i](p, r);
    report_bias(p, r);
    calibration_section(p, &r->calibration);
    report_rules(p, r);
    report_moved(p, r);
    unanswered_show(p, &r->unanswered);
    people_outcome(p, &r->review);
    alt_test_show(p, &r->alt_test);
    cost_blocks(p, &r->cost);
    ledger_blocks(p, &r->ledger);
    frontier_blocks(p, &r->frontier);
    report_alarms(p, r);
    report_methods(p, r);
    add_data(p, r);
    return p;
}
