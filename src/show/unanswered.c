/* SPDX-License-Identifier: MIT */
#include "show/unanswered.h"

#include <math.h>

enum { NAMED = 10 };

static const struct figure unanswered_figures[] = {
    { "annotator", NULL, NULL, FIGURE_TEXT, offsetof(struct unanswered_question, annotator) },
    { "name", NULL, NULL, FIGURE_TEXT, offsetof(struct unanswered_question, name) },
    { "asked", NULL, NULL, FIGURE_COUNT, offsetof(struct unanswered_question, asked) },
    { "mass", NULL, NULL, FIGURE_NUMBER, offsetof(struct unanswered_question, mass) },
    { "mass_is", NULL, NULL, FIGURE_TEXT, offsetof(struct unanswered_question, mass_is) },
    { "min_mass", NULL, NULL, FIGURE_NUMBER, offsetof(struct unanswered_question, min_mass) },
    { 0 },
};

static const struct figure top_figures[] = { { "top", NULL, NULL, FIGURE_JSON }, { 0 } };

static struct json_t *top_json(const struct unanswered_question *q)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < UNANSWERED_TOP && q->top[i].text; i++)
        jv_append(list, jv_pack("{s:s, s:o}", "text", q->top[i].text, "probability",
                                jv_real(q->top[i].probability)));
    return list;
}

static void say_why(struct page *p, const struct unanswered_question *q)
{
    struct buf why = BUF_INIT(1000);
    char n[TEXT_COUNT_MAX];

    for (size_t i = 0; i < UNANSWERED_TOP && q->top[i].text; i++)
        buf_printf(&why, "%s'%s' %.2f", i > 0 ? ", " : "; likeliest instead: ", q->top[i].text,
                   q->top[i].probability);
    if (isnan(q->mass))
        page_note(p, "%s: %s, all unparseable", q->name, text_count(q->asked, "image", n));
    else
        page_note(p,
                  "%s: on %s %s%.3f of the probability fell on valid answers, and %.2g is needed%s",
                  q->name, text_count(q->asked, "image", n),
                  text_equal(q->mass_is, "at least") ? "at least " : "", q->mass, q->min_mass,
                  why.text ? why.text : "");
    buf_release(&why);
}

/* The questions of one model, items[from..to). */
static void say_questions(struct page *p, const struct unanswered *u, size_t from, size_t to)
{
    char n[TEXT_COUNT_MAX];

    page_paragraph(p, "%s never answered %s:", u->items[from].annotator,
                   text_count(to - from, "question", n));
    for (size_t i = from; i < to && i < from + NAMED; i++)
        say_why(p, &u->items[i]);
    if (to - from > NAMED)
        page_note(p, "and %zu more: --json has all", to - from - NAMED);
    page_note(p, "Say in the text which words answer it (\"Answer with only yes or no.\"); assent "
                 "ask tries a wording.");
}

void unanswered_show(struct page *p, const struct unanswered *u)
{
    struct table *t;

    for (size_t from = 0, to; from < u->n; from = to) {
        for (to = from; to < u->n && u->items[to].annotator == u->items[from].annotator;)
            to++;
        say_questions(p, u, from, to);
    }
    t = page_table(
        p, &(struct layout){ .parts = { unanswered_figures, top_figures }, .hidden = true });
    table_list(t, "unanswered");
    for (size_t i = 0; i < u->n; i++) {
        struct json_t *top = top_json(&u->items[i]);

        table_row(t, "unanswered[]", (const void *[]){ &u->items[i], &top, NULL, NULL });
    }
}
