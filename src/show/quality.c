/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "show/agreement.h"
#include "show/sections.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct stats_interval *interval_of(const struct report_result *r,
                                                const struct stats_figures *f)
{
    return r->interval == INTERVAL_IMAGES ? &f->bootstrap : &f->wilson;
}

/* ---- quality ---- */

/* Before, and after: each of the two against the consensus. */
struct quality {
    char name[3][450];
    const struct stats_figures *figures[3];
    double coin_flip[3];
};

static void name_quality(struct quality *q, const struct report_result *r)
{
    snprintf(q->name[0], sizeof(q->name[0]), "%s%s = %s", r->judged ? "before: " : "", r->first,
             r->second);
    snprintf(q->name[1], sizeof(q->name[1]), "after: %s = consensus", r->first);
    snprintf(q->name[2], sizeof(q->name[2]), "after: %s = consensus", r->second);
    q->figures[0] = &r->before->pooled;
    q->figures[1] = &r->first_after->pooled;
    q->figures[2] = &r->second_after->pooled;
    q->coin_flip[0] = NAN;
    q->coin_flip[1] = r->coin_flip[0];
    q->coin_flip[2] = r->coin_flip[1];
}

static size_t rows_of(const struct report_result *r)
{
    return r->judged ? 3 : 1;
}

static void add_quality_rows(struct page *p, const struct report_result *r, const struct quality *q)
{
    const struct shown shown[] = {
        { "name", 0, "share of cells" },
        { "agreement", 1, NULL, 4 },
        { agreement_interval(r->interval), 1, NULL, 4 },
        { "coin_flip", 2, NULL, 4 },
        { "kappa", 1 },
        { "coverage", 1 },
    };
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_agreement, figures_consensus },
                             .shown = shown,
                             .n_shown = COUNT(shown) });

    for (size_t i = 0; i < rows_of(r); i++) {
        const char *name = q->name[i];
        const struct consensus_annotator coin = { .coin_flip = q->coin_flip[i] };

        table_row(t, NULL, (const void *[]){ &name, q->figures[i], &coin, NULL });
    }
}

/* Where nobody's votes came after the others'. */
static void say_no_extra(struct page *p, const struct report_result *r)
{
    size_t n = r->consensus.n_annotators;

    if (n > 2)
        page_paragraph(p,
                       "The consensus is the majority of %zu annotators, each of whom labelled "
                       "more than the disputes.",
                       n);
    else
        page_paragraph(p, "There are no votes on them, so the consensus is what both said, and "
                          "disputes stay ties.");
    page_note(p, "What fair coins would give is worked out where somebody's votes are on disputed "
                 "cells only: assent review asks people for them.");
}

/* What the votes were on, and so what they can prove. */
static void say_extra(struct page *p, const struct report_result *r)
{
    uint64_t others = r->extra_votes - r->extra_on_disputed;
    char n[3][32];

    if (r->extra_on_disputed > 0)
        page_paragraph(p,
                       "The votes of %s sided with %s on %s of %s: %.1f %% (95 %%, votes taken as "
                       "independent: %.1f - %.1f %%).",
                       r->extra, r->first, text_grouped(r->sided[0], n[0]),
                       text_grouped(r->extra_on_disputed, n[1]),
                       100 * (double)r->sided[0] / (double)r->extra_on_disputed,
                       100 * r->sided_interval.low, 100 * r->sided_interval.high);
    page_paragraph(p, "Agreement must rise when disputed cells get another vote: by coin flip is "
                      "what fair coins in place of those votes would give.");
    if (others == 0)
        page_note(p, "Cells on which both agreed got no vote: whether both were wrong there is not "
                     "known.");
    else if (r->review.design == 0)
        page_note(p,
                  "%s of the votes are on cells on which both agreed, or one was silent; these "
                  "were not drawn at random, and estimate nothing.",
                  text_grouped(others, n[2]));
    else
        page_note(p,
                  "%s of the votes are on cells on which both agreed, or one was silent: what "
                  "the random sample among them says of all cells stands under Review.",
                  text_grouped(others, n[2]));
}

/* Where the second is who answers the review. */
static void say_reviewer(struct page *p, const struct report_result *r)
{
    if (r->review.design == 0)
        page_note(p,
                  "The labels of %s are votes on the cells that people were asked about: these "
                  "were not drawn at random, and say nothing of the others.",
                  r->second);
    else
        page_note(p,
                  "The labels of %s are votes on the cells that people were asked about: what "
                  "they say of all cells stands under Over all cells.",
                  r->second);
}

static void say_sides(struct page *p, const struct report_result *r)
{
    char n[2][32];

    page_paragraph(p, "%s of %s cells were disputed (%.1f %%).", text_grouped(r->disputed, n[0]),
                   text_grouped(r->cells, n[1]), 100 * (double)r->disputed / (double)r->cells);
    if (r->extra && !r->judged)
        say_reviewer(p, r);
    else if (!r->extra)
        say_no_extra(p, r);
    else
        say_extra(p, r);
}

void report_quality(struct page *p, const struct report_result *r)
{
    struct quality q;
    struct bars *bars;

    name_quality(&q, r);
    page_heading(p, !r->judged ? "How often the two agree"
                    : r->extra ? "Quality before and after people settled disputes"
                               : "Quality before and after the consensus");
    add_quality_rows(p, r, &q);
    bars =
        page_bars(p, r->extra && r->judged ? "o: agreement, -: its 95 % interval, x: by coin flip"
                                           : "o: agreement, -: its 95 % interval");
    for (size_t i = 0; i < rows_of(r); i++) {
        const struct stats_interval *interval = interval_of(r, q.figures[i]);

        bars_add(bars, &(struct bar){ q.name[i], q.figures[i]->value[STATS_AGREEMENT],
                                      interval->low, interval->high, q.coin_flip[i] });
    }
    say_sides(p, r);
}

void report_winners(struct page *p, const struct report_result *r)
{
    const struct shown shown[] = { { "name", 0, "questions" },
                                   { "first", 1, r->first },
                                   { "second", 1, r->second },
                                   { "ties", 1 },
                                   { "other", 1 } };
    struct table *t;

    if (!r->extra || !r->judged)
        return;
    page_heading(p, "Questions on which the votes favour");
    t = page_table(p, &(struct layout){ .parts = { figures_name, figures_winners },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) });
    for (size_t i = 0; i < r->n_winners; i++) {
        const char *name = r->winners[i].group ? r->winners[i].group : "all";

        table_row(t, NULL, (const void *[]){ &name, &r->winners[i], NULL, NULL });
    }
}
