/* SPDX-License-Identifier: MIT */
#include "show/consensus.h"

#include "show/show.h"

/* ---- annotators ---- */

struct annotator_extras {
    const char *kind;
    struct json_t *sided; /* NULL: no extra vote was on a disputed cell, or these are the votes */
};

static const struct figure annotator_figures[] = {
    { "kind", "kind", NULL, FIGURE_TEXT, offsetof(struct annotator_extras, kind), .rank = 4 },
    { "sided", NULL, NULL, FIGURE_JSON, offsetof(struct annotator_extras, sided),
      .flags = FIGURE_OPTIONAL },
    { 0 },
};

static const struct shown annotator_columns[] = {
    { "name", 0, "annotator" }, { "kind", 2 },      { "n", 1 },
    { "agreement", 1 },         { "coin_flip", 1 }, { "disputes_won", 1 },
};

static struct json_t *sided_json(const struct consensus_result *r,
                                 const struct consensus_annotator *a)
{
    if (a->extra || r->extra_on_disputed == 0)
        return NULL;
    return jv_pack("{s:I, s:I, s:o, s:[o, o]}", "votes", (long long)a->sided, "of",
                   (long long)r->extra_on_disputed, "share",
                   jv_real((double)a->sided / (double)r->extra_on_disputed), "wilson",
                   jv_real(a->sided_interval.low), jv_real(a->sided_interval.high));
}

static void add_annotators(struct page *p, const struct consensus_result *r)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_consensus, annotator_figures },
                             .shown = annotator_columns,
                             .n_shown = sizeof(annotator_columns) / sizeof(annotator_columns[0]) });

    table_list(t, "annotators");
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct consensus_annotator *who = &r->annotators[a];
        struct annotator_extras extras = { task_annotator_kind_name(who->kind),
                                           sided_json(r, who) };

        table_row(t, "annotators[]", (const void *[]){ &who->name, who, &extras, NULL });
    }
}

static void say_sides(struct page *p, const struct consensus_result *r)
{
    char n[2][32];

    if (r->extra_votes == 0)
        return;
    page_paragraph(p, "%s extra votes, %s of them on disputed cells.%s",
                   text_grouped(r->extra_votes, n[0]),
                   r->extra_on_disputed > 0 ? text_grouped(r->extra_on_disputed, n[1]) : "none",
                   r->extra_on_disputed > 0 ? " They sided with" : "");
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct consensus_annotator *who = &r->annotators[a];

        if (!who->extra && r->extra_on_disputed > 0)
            page_note(p, "%s %s times: %.5f (95 %%, votes taken as independent: %.4f - %.4f)",
                      who->name, text_grouped(who->sided, n[0]),
                      (double)who->sided / (double)r->extra_on_disputed, who->sided_interval.low,
                      who->sided_interval.high);
    }
    page_paragraph(p, "By coin flip: what agreement would be if each extra vote were a fair draw, "
                      "computed exactly.");
}

/* ---- questions ---- */

struct question_extras {
    const char *group;
    struct json_t *won;
};

static const struct figure question_figures[] = {
    { "group", NULL, NULL, FIGURE_TEXT, offsetof(struct question_extras, group) },
    { "won", NULL, NULL, FIGURE_JSON, offsetof(struct question_extras, won) },
    { 0 },
};

static const struct shown question_columns[] = {
    { "name", 0, "question" }, { "disputed", 1 }, { "ties", 1 }, { "winner", 1 }
};

static const char *group_of(const struct task *t, size_t column)
{
    size_t group = t->columns[column].group;

    return group < t->n_groups ? t->groups[group] : NULL;
}

static struct json_t *won_json(const struct consensus_result *r, const struct consensus_question *q)
{
    struct json_t *won = jv_pack("{}");

    for (size_t a = 0; a < r->n_annotators; a++)
        if (!r->annotators[a].extra)
            jv_set(won, r->annotators[a].name, jv_pack("I", (long long)q->won[a]));
    return won;
}

static void add_question(struct table *t, const char *key, const struct consensus_result *r,
                         const struct consensus_question *q, const char *name, const char *group)
{
    struct question_extras extras = { group, won_json(r, q) };

    table_row(t, key, (const void *[]){ &name, q, &extras, NULL });
}

static size_t count_wins(const struct consensus_result *r, size_t group, const char *winner)
{
    size_t n = 0;

    for (size_t c = 0; c < r->task->n_columns; c++)
        n += (group == SIZE_MAX || r->task->columns[c].group == group) &&
             text_equal(r->questions[c].winner, winner);
    return n;
}

/* How many questions each annotator wins. */
static void say_wins(struct page *p, const struct consensus_result *r, size_t group)
{
    struct buf wins = BUF_INIT(1 << 16);

    for (size_t a = 0; a < r->n_annotators; a++)
        if (!r->annotators[a].extra)
            buf_printf(&wins, "%s %zu, ", r->annotators[a].name,
                       count_wins(r, group, r->annotators[a].name));
    page_note(p, "%s: %stied %zu", group == SIZE_MAX ? "all questions" : r->task->groups[group],
              wins.text ? wins.text : "", count_wins(r, group, "tie"));
    buf_release(&wins);
}

static void add_questions(struct page *p, const struct consensus_result *r)
{
    const struct layout layout = { .parts = { figures_name, figures_wins, question_figures },
                                   .shown = question_columns,
                                   .n_shown =
                                       sizeof(question_columns) / sizeof(question_columns[0]) };
    struct layout hidden = layout;
    struct table *t;

    page_heading(p, "Questions won on their disputed cells");
    say_wins(p, r, SIZE_MAX);
    for (size_t g = 0; g < r->task->n_groups; g++)
        say_wins(p, r, g);
    hidden.hidden = true;
    t = page_table(p, &hidden);
    table_list(t, "groups");
    for (size_t g = 0; g < r->task->n_groups; g++)
        add_question(t, "groups[]", r, &r->groups[g], r->task->groups[g], NULL);
    t = page_table(p, &layout);
    table_list(t, "questions");
    for (size_t c = 0; c < r->task->n_columns; c++)
        add_question(t, "questions[]", r, &r->questions[c], r->task->columns[c].name,
                     group_of(r->task, c));
}

/* ---- all together ---- */

void consensus_blocks(struct page *p, const struct consensus_result *r)
{
    char n[4][TEXT_COUNT_MAX];

    page_paragraph(
        p, "Majority of %zu annotators: %s cells, %s disputed, %s tied (%s)", r->n_annotators,
        text_grouped(r->cells, n[0]), text_grouped(r->disputed, n[1]), text_grouped(r->ties, n[2]),
        r->tie_first ? "the value of the annotator named by --tie wins" : "tied cells stay open");
    add_annotators(p, r);
    say_sides(p, r);
    add_questions(p, r);
    if (r->had_one)
        page_paragraph(p, "%s changed since the last consensus.",
                       text_count(r->changed, "cell", n[3]));
    page_text(p, "method", "majority");
    page_text(p, "tie", r->tie_first ? "first" : "abstain");
    page_text(p, "tie_first", r->tie_first);
    page_count(p, "cells", r->cells);
    page_count(p, "disputed", r->disputed);
    page_count(p, "ties", r->ties);
    page_count(p, "open_ties", r->open_ties);
    page_count(p, "changed", r->changed);
    page_count(p, "extra_votes", r->extra_votes);
    page_count(p, "extra_votes_on_disputed", r->extra_on_disputed);
}

struct page *show_consensus(const struct consensus_result *r)
{
    struct page *p = page_new();

    consensus_blocks(p, r);
    return p;
}
