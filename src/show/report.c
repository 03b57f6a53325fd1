/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "show/agreement.h"
#include "show/consensus.h"
#include "show/cost.h"
#include "show/estimates.h"
#include "show/people.h"
#include "show/show.h"
#include "show/unanswered.h"
#include "show/unused.h"

enum {
    SHOWN = 10,       /* best and worst questions, missed classes */
    ALARMS_SHOWN = 5, /* of a kind */
};

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
    snprintf(q->name[0], sizeof(q->name[0]), "before: %s = %s", r->first, r->second);
    snprintf(q->name[1], sizeof(q->name[1]), "after: %s = consensus", r->first);
    snprintf(q->name[2], sizeof(q->name[2]), "after: %s = consensus", r->second);
    q->figures[0] = &r->before->pooled;
    q->figures[1] = &r->first_after->pooled;
    q->figures[2] = &r->second_after->pooled;
    q->coin_flip[0] = NAN;
    q->coin_flip[1] = r->coin_flip[0];
    q->coin_flip[2] = r->coin_flip[1];
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

    for (size_t i = 0; i < 3; i++) {
        const char *name = q->name[i];
        const struct consensus_annotator coin = { .coin_flip = q->coin_flip[i] };

        table_row(t, NULL, (const void *[]){ &name, q->figures[i], &coin, NULL });
    }
}

static void add_quality(struct page *p, const struct report_result *r)
{
    struct quality q;
    struct bars *bars;

    name_quality(&q, r);
    page_heading(p, r->extra ? "Quality before and after people settled disputes"
                             : "Quality before and after the consensus");
    add_quality_rows(p, r, &q);
    bars = page_bars(p, r->extra ? "o: agreement, -: its 95 % interval, x: by coin flip"
                                 : "o: agreement, -: its 95 % interval");
    for (size_t i = 0; i < 3; i++) {
        const struct stats_interval *interval = interval_of(r, q.figures[i]);

        bars_add(bars, &(struct bar){ q.name[i], q.figures[i]->value[STATS_AGREEMENT],
                                      interval->low, interval->high, q.coin_flip[i] });
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

static void say_sides(struct page *p, const struct report_result *r)
{
    char n[2][32];

    page_paragraph(p, "%s of %s cells were disputed (%.1f %%).", text_grouped(r->disputed, n[0]),
                   text_grouped(r->cells, n[1]), 100 * (double)r->disputed / (double)r->cells);
    if (!r->extra)
        say_no_extra(p, r);
    else
        say_extra(p, r);
}

static void add_winners(struct page *p, const struct report_result *r)
{
    const struct shown shown[] = { { "name", 0, "questions" },
                                   { "first", 1, r->first },
                                   { "second", 1, r->second },
                                   { "ties", 1 },
                                   { "other", 1 } };
    struct table *t;

    if (!r->extra)
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

/* ---- groups and parts ---- */

struct group {
    const struct stats_figures *before, *first, *second;
};

static void add_group(struct table *t, const char *name, const struct group *g)
{
    table_row(t, NULL, (const void *[]){ &name, g->before, g->first, g->second });
}

static void add_groups(struct page *p, const struct report_result *r)
{
    char first[256], second[256];
    const struct shown shown[] = {
        { "name", 0, "group" },
        { "agreement", 1, "before" },
        { agreement_interval(r->interval), 1 },
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
                                        .n_shown = COUNT(shown) });
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

static void add_parts(struct page *p, const struct report_result *r)
{
    const struct shown shown[] = {
        { "name", 0, r->by },
        { "images", 2 },
        { "agreement", 1, NULL, 4 },
        { agreement_interval(r->interval), 1, NULL, 4 },
        { "kappa", 1 },
    };
    struct table *t;

    if (!r->by)
        return;
    page_heading(p, "By %s: %s against %s", r->by, r->first, r->second);
    t = page_table(p, &(struct layout){ .parts = { figures_name, figures_agreement, part_figures },
                                        .shown = shown,
                                        .n_shown = COUNT(shown) });
    for (size_t i = 0; i < r->n_parts; i++)
        table_row(t, NULL,
                  (const void *[]){ &r->parts[i].value, &r->parts[i].before->pooled, &r->parts[i],
                                    NULL });
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
        { agreement_interval(r->interval), 1 },
        { "kappa", 1 },
        { "ac1", 1 },
        { "rate_first", 1, "yes" },
        { "rate_second", 1, "yes by other" },
        { "precision", 2 },
        { "recall", 2 },
    };
    size_t at_once = n <= 2 * SHOWN ? n : SHOWN;
    struct table *t;

    page_heading(p, "%s questions: %s against %s; precision and recall of %s against the consensus",
                 n <= 2 * SHOWN ? "All" : "Ten best and ten worst", r->first, r->second, r->first);
    t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_agreement, figures_agreement },
                             .shown = shown,
                             .n_shown = COUNT(shown) });
    for (size_t i = 0; i < n; i++) {
        if (i >= at_once && i < n - at_once)
            continue;
        if (i > 0 && i == n - at_once)
            table_rule(t);
        table_row(
            t, NULL,
            (const void *[]){ &questions[i].name, questions[i].before, questions[i].after, NULL });
    }
}

static void add_questions(struct page *p, const struct report_result *r)
{
    struct ranked *questions = calloc(r->before->n_columns + 1, sizeof(*questions));
    size_t n = 0;

    for (size_t c = 0; questions && c < r->before->n_columns; c++)
        if (r->before->columns[c].n > 0)
            questions[n++] = (struct ranked){ r->task->columns[c].name, &r->before->columns[c],
                                              &r->first_after->columns[c] };
    if (n > 0)
        qsort(questions, n, sizeof(*questions), by_agreement);
    add_ranked(p, r, questions, n);
    free(questions);
}

/* ---- what agreement hides ---- */

static void add_missed_row(struct table *t, const char *key, const struct report_result *r,
                           size_t i)
{
    const char *name = r->task->columns[r->missed[i].column].name;

    table_row(t, key, (const void *[]){ &name, &r->missed[i], NULL, NULL });
}

static void add_missed(struct page *p, const struct report_result *r)
{
    struct table *t;

    page_heading(p,
                 "Rare answers that %s misses (yes on at most %.0f %%, fewer than %.0f %% of them "
                 "found)",
                 r->first, 100 * REPORT_RARE_RATE, 100 * REPORT_MISSED_RECALL);
    if (r->n_missed == 0)
        page_note(p, "none");
    t = page_table(p, &(struct layout){ .parts = { figures_name, figures_missed } });
    for (size_t i = 0; i < r->n_missed && i < SHOWN; i++)
        add_missed_row(t, NULL, r, i);
    if (r->n_missed > SHOWN)
        page_note(p, "and %zu more", r->n_missed - SHOWN);
}

/* ---- bias and rules ---- */

static struct json_t *rules_json(const struct report_result *r, const struct report_rules *a)
{
    struct json_t *rules = jv_array();

    for (size_t i = 0; i < r->task->n_rules; i++) {
        struct json_t *rule = jv_pack("{s:s}", "rule", r->task->rules[i].text);

        for (const struct figure *f = figures_broken; f->key; f++) {
            struct value v = figure_value(f, &a->rules[i]);

            figure_set_json(rule, f, &v);
        }
        jv_append(rules, rule);
    }
    return rules;
}

static const struct figure rule_list[] = { { "rules", NULL, NULL, FIGURE_JSON }, { 0 } };

static void add_bias(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->n_annotators > 0)
        page_heading(p, "How often each says yes");
    t = page_table(p, &(struct layout){ .parts = { figures_rules, rule_list } });
    table_list(t, "annotators");
    for (size_t a = 0; a < r->n_annotators; a++) {
        struct json_t *rules = rules_json(r, &r->annotators[a]);

        table_row(t, "annotators[]", (const void *[]){ &r->annotators[a], &rules, NULL, NULL });
    }
}

struct broken_row {
    const char *rule, *annotator;
};

static const struct figure broken_figures[] = {
    { "rule", "rule", NULL, FIGURE_TEXT, offsetof(struct broken_row, rule) },
    { "annotator", "annotator", NULL, FIGURE_TEXT, offsetof(struct broken_row, annotator) },
    { 0 },
};

static void add_rules(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->n_annotators == 0 || r->task->n_rules == 0)
        return;
    page_heading(p, "Images that break a rule");
    t = page_table(p, &(struct layout){ .parts = { broken_figures, figures_broken } });
    for (size_t i = 0; i < r->task->n_rules; i++)
        for (size_t a = 0; a < r->n_annotators; a++) {
            const struct broken_row row = { a == 0 ? r->task->rules[i].text : "",
                                            r->annotators[a].name };

            table_row(t, NULL, (const void *[]){ &row, &r->annotators[a].rules[i], NULL, NULL });
        }
}

/* ---- what answers depend on ---- */

static void add_moved(struct page *p, const struct report_result *r)
{
    struct table *t;

    if (r->moved.n > 0)
        page_heading(p, "What the answers of servers depend on");
    t = page_table(p, &(struct layout){ .parts = { figures_moved }, .hidden = r->moved.n == 0 });
    table_list(t, "moved");
    for (size_t i = 0; i < r->moved.n; i++)
        table_row(t, "moved[]", (const void *[]){ &r->moved.items[i], NULL, NULL, NULL });
    if (r->moved.n > 0)
        page_note(p, "The same questions about the same pictures, asked otherwise, against the "
                     "plain way: assent plan measured it. An answer that moves is worth less than "
                     "its probability says.");
}

/* ---- alarms ---- */

static size_t count_kind(const struct report_result *r, size_t first)
{
    size_t n = 1;

    while (first + n < r->n_alarms && strcmp(r->alarms[first + n].name, r->alarms[first].name) == 0)
        n++;
    return n;
}

static void add_alarms(struct page *p, const struct report_result *r)
{
    struct table *t, *all;

    page_heading(p, "Alarms");
    if (r->n_alarms == 0)
        page_note(p, "none");
    t = page_table(p, &(struct layout){ .parts = { figures_alarms } });
    all = page_table(p, &(struct layout){ .parts = { figures_alarms }, .hidden = true });
    table_list(all, "alarms");
    for (size_t i = 0; i < r->n_alarms; i++)
        table_row(all, "alarms[]", (const void *[]){ &r->alarms[i], NULL, NULL, NULL });
    for (size_t i = 0, n; i < r->n_alarms; i += n) {
        char more[64];

        n = count_kind(r, i);
        for (size_t k = i; k < i + n && k < i + ALARMS_SHOWN; k++)
            table_row(t, NULL, (const void *[]){ &r->alarms[k], NULL, NULL, NULL });
        if (n <= ALARMS_SHOWN)
            continue;
        snprintf(more, sizeof(more), "and %zu more", n - ALARMS_SHOWN);
        table_row(t, NULL,
                  (const void *[]){ &(struct report_alarm){ r->alarms[i].name, more, NAN,
                                                            r->alarms[i].threshold },
                                    NULL, NULL, NULL });
    }
}

/* ---- data ---- */

static void set_agreement(struct page *p, const char *key, const struct report_result *r,
                          const struct stats_agreement *a)
{
    struct agreement_view v = { .task = r->task,
                                .agreement = a,
                                .groups = r->task->groups,
                                .n_annotators = 2,
                                .interval = r->interval };

    page_open(p, key, PAGE_OBJECT, true);
    agreement_table(p, &v, true);
    page_close(p);
}

static void set_parts(struct page *p, const struct report_result *r)
{
    page_open(p, "by", PAGE_OBJECT, true);
    page_text(p, "column", r->by);
    page_set(p, "parts", jv_array());
    for (size_t i = 0; i < r->n_parts; i++) {
        page_open(p, "parts", PAGE_ELEMENT, true);
        page_text(p, "value", r->parts[i].value);
        page_count(p, "images", r->parts[i].n_images);
        set_agreement(p, "before", r, r->parts[i].before);
        page_close(p);
    }
    page_close(p);
}

static void set_lists(struct page *p, const struct report_result *r)
{
    struct table *winners =
        page_table(p, &(struct layout){ .parts = { figures_winners }, .hidden = true });
    struct table *missed = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_missed }, .hidden = true });

    table_list(winners, "winners");
    for (size_t i = 0; i < r->n_winners; i++)
        table_row(winners, "winners[]", (const void *[]){ &r->winners[i], NULL, NULL, NULL });
    table_list(missed, "rare_missed");
    for (size_t i = 0; i < r->n_missed; i++)
        add_missed_row(missed, "rare_missed[]", r, i);
}

static void set_pair(struct page *p, const struct report_result *r)
{
    page_set(p, "between", jv_pack("[s, s]", r->first, r->second));
    set_agreement(p, "before", r, r->before);
    page_open(p, "after", PAGE_OBJECT, true);
    set_agreement(p, "first", r, r->first_after);
    set_agreement(p, "second", r, r->second_after);
    page_close(p);
    page_set(p, "coin_flip", jv_pack("[o, o]", jv_real(r->coin_flip[0]), jv_real(r->coin_flip[1])));
    page_count(p, "disputed", r->disputed);
    set_lists(p, r);
    if (r->by)
        set_parts(p, r);
}

/* ---- all together ---- */

static void say_pair(struct page *p, const struct report_result *r)
{
    if (!r->first) {
        page_note(p, "There is one annotator at most, so nothing to compare: import a second one's "
                     "labels.");
        return;
    }
    page_note(p, "%s and %s are compared: %s.", r->first, r->second, r->why);
    set_pair(p, r);
    if (r->cells == 0) {
        page_note(p, "They have no cell in common, so nothing to compare: assent status says who "
                     "labelled how much, --between A B compares others.");
        return;
    }
    add_quality(p, r);
    say_sides(p, r);
    add_winners(p, r);
    add_groups(p, r);
    add_parts(p, r);
    add_questions(p, r);
    add_missed(p, r);
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
    unused_show(p, &r->unused);
    unanswered_show(p, &r->unanswered);
    say_pair(p, r);
    add_bias(p, r);
    add_rules(p, r);
    cost_blocks(p, &r->cost);
    add_moved(p, r);
    add_alarms(p, r);
    people_outcome(p, &r->review);
    estimates_blocks(p, &r->estimates);
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
    return p;
}
