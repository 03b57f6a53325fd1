/* SPDX-License-Identifier: MIT */
#include "show/frontier.h"

#include <math.h>
#include <string.h>

/* ---- points ---- */

struct remark {
    const char *text;
};

static const struct figure remark_figures[] = {
    { "remark", "remark", NULL, FIGURE_TEXT, offsetof(struct remark, text), .rank = 4,
      .flags = FIGURE_HIDDEN },
    { 0 },
};

static struct frontier_point named(const struct frontier_point *point)
{
    struct frontier_point p = *point;

    if (!p.who)
        p.who = "the review's people";
    return p;
}

static void show_points(struct page *p, const struct frontier *f)
{
    struct table *t =
        page_table(p, &(struct layout){ .parts = { figures_frontier, remark_figures } });

    table_list(t, "points");
    for (size_t i = 0; i < f->n_points; i++) {
        struct frontier_point point = named(&f->points[i]);
        struct remark remark = { point.dominated ? "dominated" : "" };

        if (i > 0 && !text_equal(point.who, named(&f->points[i - 1]).who))
            table_rule(t);
        table_row(t, "points[]", (const void *[]){ &point, &remark, NULL, NULL });
    }
}

static bool is_drawn(const struct frontier_point *point)
{
    return isfinite(point->quality) && isfinite(point->thousand);
}

static void draw_way(struct chart *c, const struct frontier *f, const char *way)
{
    chart_series(c, way, CHART_POINTS);
    for (size_t i = 0; i < f->n_points; i++) {
        struct frontier_point point = named(&f->points[i]);

        if (strcmp(point.way, way) == 0 && is_drawn(&point))
            chart_mark(c, &(struct chart_mark){ .x = point.thousand,
                                                .y = point.quality,
                                                .low = point.interval.low,
                                                .high = point.interval.high,
                                                .label = point.who });
    }
}

/* The ways that have points, each a series. */
static void draw_points(struct page *p, const struct frontier *f)
{
    struct chart *c = page_chart(p, &(struct chart_look){ .title = "Quality against cost",
                                                          .x = "cost of 1 000 images",
                                                          .y = "share of labels that are right",
                                                          .x_log = true });

    for (size_t i = 0; i < f->n_points; i++) {
        bool drawn = !is_drawn(&f->points[i]);

        for (size_t k = 0; k < i; k++)
            drawn = drawn ||
                    (is_drawn(&f->points[k]) && strcmp(f->points[k].way, f->points[i].way) == 0);
        if (!drawn)
            draw_way(c, f, f->points[i].way);
    }
}

static void say_basis(struct page *p, const struct frontier *f)
{
    bool expected = false, needs = false;

    for (size_t i = 0; i < f->n_points; i++) {
        expected = expected || f->points[i].stated;
        needs = needs || f->points[i].labels_cost > 0;
    }
    if (text_equal(f->against, "adjudicators"))
        page_note(p,
                  "Right is what adjudicators say, estimated from the random sample; what people "
                  "answer in a review is right by definition. \"dominated\": another way is no "
                  "dearer and no worse.");
    else if (f->against)
        page_note(p,
                  "Without a random sample right is what the consensus says, which the labels "
                  "themselves helped to make: assent review --sample N draws one. How right a way "
                  "is that itself makes the consensus cannot be said.");
    else
        page_note(p, "How right the labels are nobody has said yet: assent review --sample N has "
                     "people look at cells drawn at random.");
    if (needs)
        page_note(p, "Reviewing disputes needs %s's labels, and their price is in the cost.",
                  f->second);
    if (expected)
        page_note(p, "What fine-tuning gains is an expectation of assent.yaml's.");
}

/* ---- the next votes ---- */

static void show_votes(struct page *p, const struct frontier *f)
{
    struct table *t;

    if (f->n_votes > 0)
        page_heading(p, "What the next %d votes would buy", FRONTIER_VOTES);
    t = page_table(p,
                   &(struct layout){ .parts = { figures_next_votes }, .hidden = f->n_votes == 0 });
    table_list(t, "next_votes");
    for (size_t i = 0; i < f->n_votes; i++)
        table_row(t, "next_votes[]", (const void *[]){ &f->votes[i], NULL, NULL, NULL });
    for (size_t i = 0; i < f->n_votes; i++)
        page_note(p, "%s: as if %s.", f->votes[i].where, f->votes[i].assumes);
}

void frontier_blocks(struct page *p, const struct frontier *f)
{
    if (f->n_points == 0)
        return;
    page_open(p, "frontier", PAGE_OBJECT, false);
    page_text(p, "currency", f->currency);
    page_text(p, "against", f->against);
    page_text(p, "second", f->second);
    page_count(p, "images", f->images);
    page_count(p, "cells", f->cells);
    page_heading(p, "What quality costs, in %s", f->currency);
    show_points(p, f);
    draw_points(p, f);
    say_basis(p, f);
    show_votes(p, f);
    page_close(p);
}
