/* SPDX-License-Identifier: MIT */
#include "show/alt_test.h"

#include <math.h>

enum { SHOWN = 10 }; /* people who lack images; questions */

/* ---- in a sentence ---- */

static void say_verdict(struct page *p, const struct alt_test *t, const struct alt_test_model *m)
{
    const struct stats_alt_verdict *v = &m->all.s;
    const char *skill = t->task->alt_test.skill;

    page_paragraph(p,
                   "%s %s one more person%s%s%s: it beats %zu of %zu people (omega %.2f, and .50 "
                   "passes), where it may be worse by %g; on %.1f %% of the items it is as near to "
                   "the others as a person, or nearer.",
                   m->name, v->passed ? "is as good as" : "is not shown to be as good as",
                   skill ? " (" : "", skill ? skill : "", skill ? ")" : "", v->beaten, v->tested,
                   v->winning_rate, t->task->alt_test.epsilon, 100 * v->advantage);
}

/* Why nothing can be said: who is missing, or what they lack. */
static void say_refusal(struct page *p, const struct alt_test *t, const struct alt_test_model *m)
{
    char n[2][TEXT_COUNT_MAX];

    if (t->n_people < STATS_ALT_PEOPLE) {
        page_paragraph(p, "%s: it cannot be said. %zu %s labels, and the test needs %d people.",
                       m->name, t->n_people, t->n_people == 1 ? "person has" : "people have",
                       STATS_ALT_PEOPLE);
        return;
    }
    page_paragraph(p,
                   "%s: it cannot be said yet. %zu of %zu people share enough images with another, "
                   "and the test needs %d.",
                   m->name, m->all.s.tested, t->n_people, STATS_ALT_PEOPLE);
    for (size_t j = 0, said = 0; j < t->n_people && said < SHOWN; j++) {
        const struct alt_test_person *person = &m->people[j];

        if (person->lacking == 0)
            continue;
        said++;
        page_note(p, "%s shares %s, and needs %s more.", person->name,
                  text_count(person->s.images, "image", n[0]), text_grouped(person->lacking, n[1]));
    }
}

static void say_selective(struct page *p, const struct alt_test *t, const struct alt_test_model *m)
{
    for (size_t j = 0; j < t->n_people; j++)
        if (m->people[j].selective && m->people[j].s.test != STATS_ALT_NONE)
            page_note(p,
                      "On each item of %s the model differs from somebody: these are cells that "
                      "were chosen because they are disputed, on which a model can only lose. Do "
                      "not rely on it.",
                      m->people[j].name);
}

static void say_left_out(struct page *p, const struct alt_test *t)
{
    char n[TEXT_COUNT_MAX];

    if (t->left_out > 0)
        page_note(p,
                  "%s on cells that were queued because they are disputed %s left out: only cells "
                  "drawn at random are fair to a model.",
                  text_count(t->left_out, "vote", n), t->left_out == 1 ? "is" : "are");
}

/* ---- tables ---- */

static const struct shown people_columns[] = {
    { "name", 0 },   { "items", 0 }, { "images", 0 }, { "as_good", 0 },
    { "nearer", 0 }, { "test", 0 },  { "p", 0 },      { "verdict", 0 },
};

static const struct shown question_columns[] = {
    { "name", 0, "question" }, { "items", 1 },     { "tested", 1 },  { "beaten", 1 },
    { "winning_rate", 1 },     { "advantage", 1 }, { "verdict", 1 },
};

static void add_people(struct page *p, const struct alt_test *t, const struct alt_test_model *m)
{
    struct table *table = page_table(
        p, &(struct layout){ .parts = { figures_alt_person },
                             .shown = people_columns,
                             .n_shown = sizeof(people_columns) / sizeof(people_columns[0]),
                             /* of two people one beaten says nothing */
                             .hidden = !m->all.s.decided });

    table_list(table, "people");
    for (size_t j = 0; j < t->n_people; j++)
        table_row(table, "people[]", (const void *[]){ &m->people[j], NULL, NULL, NULL });
}

/* Questions that three people can be tested on are shown. */
static void add_questions(struct page *p, const struct alt_test_model *m)
{
    size_t decided = 0, shown = 0;
    struct table *table;

    for (size_t i = 0; i < m->n_questions; i++)
        decided += m->questions[i].s.decided;
    table = page_table(
        p, &(struct layout){ .parts = { figures_name, figures_alt_row },
                             .shown = question_columns,
                             .n_shown = sizeof(question_columns) / sizeof(question_columns[0]),
                             .hidden = decided == 0 });
    for (size_t i = 0; i < m->n_questions; i++) {
        const struct alt_test_row *row = &m->questions[i];

        if (row->s.decided && shown++ < SHOWN)
            table_row(table, NULL, (const void *[]){ &row->name, row, NULL, NULL });
    }
    if (decided > SHOWN)
        page_note(p, "and %zu more: --json has all", decided - SHOWN);
    if (decided < m->n_questions && m->all.s.decided)
        page_note(p, "%zu of %zu questions have too few items by themselves.",
                  m->n_questions - decided, m->n_questions);
}

static void set_rows(struct page *p, const struct alt_test_model *m)
{
    static const struct layout layout = { .parts = { figures_name, figures_alt_row },
                                          .hidden = true };
    struct table *table = page_table(p, &layout);

    table_row(table, "all", (const void *[]){ NULL, &m->all, NULL, NULL });
    table_list(table, "questions");
    for (size_t i = 0; i < m->n_questions; i++)
        table_row(table, "questions[]",
                  (const void *[]){ &m->questions[i].name, &m->questions[i], NULL, NULL });
}

/* ---- all together ---- */

static void show_model(struct page *p, const struct alt_test *t, const struct alt_test_model *m)
{
    page_open(p, "models", PAGE_ELEMENT, false);
    page_text(p, "name", m->name);
    if (m->all.s.decided) {
        say_verdict(p, t, m);
        say_selective(p, t, m);
    } else {
        say_refusal(p, t, m);
    }
    add_people(p, t, m);
    add_questions(p, m);
    set_rows(p, m);
    page_close(p);
}

void alt_test_show(struct page *p, const struct alt_test *t)
{
    bool undecided = false;

    page_open(p, "alt_test", PAGE_OBJECT, false);
    page_set(p, "epsilon", jv_real(t->task->alt_test.epsilon));
    page_text(p, "skill", t->task->alt_test.skill);
    page_count(p, "min_items", t->task->alt_test.min_items);
    page_count(p, "left_out", t->left_out);
    page_set(p, "models", jv_array());
    if (t->n_models > 0)
        page_heading(p, "As good as one more person?");
    for (size_t i = 0; i < t->n_models; i++) {
        show_model(p, t, &t->models[i]);
        undecided = undecided || !t->models[i].all.s.decided;
    }
    say_left_out(p, t);
    if (undecided)
        page_note(p, "assent plan --alt-test says how many items have to be asked of several "
                     "people.");
    page_close(p);
}
