/* SPDX-License-Identifier: MIT */
/*
 * task/: the task file read field by field and refused line by line, label texts, rules, presets.
 */
#include "support.h"

#include "task/task.h"

static struct task *load(const char *text)
{
    struct task *t = NULL;
    struct err e;

    assert_ok(task_parse(&t, "assent.yaml", text, strlen(text), &e), &e);
    return t;
}

/* ---- the example of the design, section 9 ---- */

static const char example[] =
    "name: faces\n"
    "images: images/                      # a folder, a tar\n"
    "questions:\n"
    "  - {name: Bald, text: \"Is this person bald? Answer with only yes or no.\", group: "
    "objective}\n"
    "  - {name: Goatee, text: [\"Does this person have a goatee?\", "
    "\"Is there a goatee on this face?\"]}\n"
    "  - {name: No_Beard, text: \"Is this person free of any beard?\"}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, brown, gray], "
    "text: \"What colour is the hair: black, blond, brown or gray?\"}\n"
    "rules:\n"
    "  - {at_most_one: [Bald, Goatee]}\n"
    "  - {if: Goatee, then: not No_Beard}\n"
    "annotators:\n"
    "  llava: {kind: model, engine: vlm, model: models/llama3-llava-next-8b-hf, dtype: auto}\n"
    "  qwen: {kind: model, engine: http, url: \"http://127.0.0.1:8000/v1\", model: Qwen3-VL-8B}\n"
    "  celeba: {kind: human}\n";

enum { BALD, GOATEE, NO_BEARD, HAIR };

static void check_texts(const char *what, const char *const texts[], size_t n,
                        const char *const wanted[], size_t n_wanted)
{
    if (n != n_wanted)
        fail_row(what, "%zu texts, not %zu", n, n_wanted);
    for (size_t i = 0; i < n; i++)
        if (strcmp(texts[i], wanted[i]) != 0)
            fail_row(what, "text %zu is '%s', not '%s'", i, texts[i], wanted[i]);
}

#define CHECK_TEXTS(what, texts, n, ...)                              \
    check_texts(what, texts, n, (const char *const[]){ __VA_ARGS__ }, \
                sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void example_has_the_four_questions(void **state)
{
    struct task *t = load(example);
    const struct question *q = t->questions;

    (void)state;
    assert_string_equal(t->name, "faces");
    assert_string_equal(t->images, "images/");
    assert_int_equal(t->n_questions, 4);
    assert_string_equal(q[BALD].name, "Bald");
    assert_string_equal(q[BALD].group, "objective");
    assert_string_equal(q[GOATEE].name, "Goatee");
    assert_string_equal(q[NO_BEARD].name, "No_Beard");
    assert_string_equal(q[HAIR].name, "Hair");
    for (size_t i = 0; i < t->n_questions; i++) {
        assert_int_equal(q[i].kind, i == HAIR ? KIND_CHOICE : KIND_YESNO);
        assert_int_equal(q[i].line, 4 + i);
        assert_true(i == BALD || !q[i].group);
        assert_null(q[i].help);
    }
    CHECK_TEXTS("Bald", q[BALD].wordings, q[BALD].n_wordings,
                "Is this person bald? Answer with only yes or no.");
    CHECK_TEXTS("Goatee", q[GOATEE].wordings, q[GOATEE].n_wordings,
                "Does this person have a goatee?", "Is there a goatee on this face?");
    CHECK_TEXTS("Hair", q[HAIR].wordings, q[HAIR].n_wordings,
                "What colour is the hair: black, blond, brown or gray?");
    CHECK_TEXTS("yes/no", q[BALD].options, q[BALD].n_options, "no", "yes");
    CHECK_TEXTS("Hair", q[HAIR].options, q[HAIR].n_options, "black", "blond", "brown", "gray");
    task_free(t);
}

static void example_has_a_column_a_question(void **state)
{
    struct task *t = load(example);

    (void)state;
    assert_int_equal(t->n_columns, 4);
    assert_int_equal(t->n_probabilities, 3 + 4);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];

        assert_string_equal(c->name, t->questions[i].name);
        assert_int_equal(c->question, i);
        assert_int_equal(c->yesno, i != HAIR);
        assert_int_equal(c->n_values, i == HAIR ? 4 : 2);
        assert_int_equal(c->probability, i);
        assert_int_equal(c->n_probabilities, i == HAIR ? 4 : 1);
        assert_int_equal(t->questions[i].first_column, i);
        assert_int_equal(t->questions[i].n_columns, 1);
        CHECK_TEXTS("labels", c->labels, 2, i == HAIR ? "black" : "no",
                    i == HAIR ? "blond" : "yes");
    }
    task_free(t);
}

static void people_are_asked_without_the_line_for_a_model(void **state)
{
    static const struct {
        const char *wording, *text, *about;
    } cases[] = {
        { "Is it? Answer with only yes or no.", "Is it?", NULL },
        { "Is it? answer with only YES or no", "Is it?", NULL },
        { "Answer with only yes or no.", "Answer with only yes or no.", NULL },
        { "Is it a {option}?  ", "Is it a cat?", NULL },
        { "Which animal?", "Which animal?", "cat" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yaml[256];
        struct task *t;

        snprintf(yaml, sizeof(yaml), "name: t\nquestions:\n  - {name: A, %stext: \"%s\"}\n",
                 i > 2 ? "kind: multi, options: [cat, dog], " : "", cases[i].wording);
        t = load(yaml);
        assert_string_equal(t->columns[0].text, cases[i].text);
        assert_true(text_equal(t->columns[0].about, cases[i].about));
        task_free(t);
    }
}

static void check_condition(const struct condition *c, size_t column, int value, bool negated)
{
    assert_int_equal(c->column, column);
    assert_int_equal(c->value, value);
    assert_int_equal(c->negated, negated);
}

static void example_has_the_two_rules(void **state)
{
    struct task *t = load(example);
    const struct rule *r = t->rules;

    (void)state;
    assert_int_equal(t->n_rules, 2);
    assert_int_equal(r[0].kind, RULE_AT_MOST_ONE);
    assert_int_equal(r[0].n_terms, 2);
    check_condition(&r[0].terms[0], BALD, VALUE_YES, false);
    check_condition(&r[0].terms[1], GOATEE, VALUE_YES, false);
    assert_string_equal(r[0].text, "at most one of Bald, Goatee");
    assert_int_equal(r[0].line, 9);
    assert_int_equal(r[1].kind, RULE_IMPLIES);
    check_condition(&r[1].when, GOATEE, VALUE_YES, false);
    assert_int_equal(r[1].n_terms, 1);
    check_condition(&r[1].terms[0], NO_BEARD, VALUE_YES, true);
    assert_string_equal(r[1].text, "if Goatee then not No_Beard");
    assert_int_equal(r[1].line, 10);
    task_free(t);
}

static void example_has_the_three_annotators(void **state)
{
    static const struct annotator wanted[] = {
        { "llava", ANNOTATOR_MODEL, "vlm", "models/llama3-llava-next-8b-hf", NULL, "auto", NULL,
          12 },
        { "qwen", ANNOTATOR_MODEL, "http", "Qwen3-VL-8B", "http://127.0.0.1:8000/v1", NULL, NULL,
          13 },
        { "celeba", ANNOTATOR_HUMAN, NULL, NULL, NULL, NULL, NULL, 14 },
    };
    struct task *t = load(example);

    (void)state;
    assert_int_equal(t->n_annotators, COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const struct annotator *a = &t->annotators[i], *w = &wanted[i];

        assert_string_equal(a->name, w->name);
        assert_int_equal(a->kind, w->kind);
        assert_true(text_equal(a->engine, w->engine));
        assert_true(text_equal(a->model, w->model));
        assert_true(text_equal(a->url, w->url));
        assert_true(text_equal(a->dtype, w->dtype));
        assert_int_equal(a->line, w->line);
        assert_ptr_equal(task_find_annotator(t, w->name), a);
    }
    assert_null(task_find_annotator(t, "nobody"));
    task_free(t);
}

static void example_has_the_defaults_for_what_it_leaves_out(void **state)
{
    struct task *t = load(example);

    (void)state;
    assert_string_equal(t->prices.currency, "USD");
    assert_false(t->prices.machine_hour.given);
    assert_false(t->prices.images_per_second.given);
    assert_false(t->prices.wage_hour.given);
    assert_false(t->prices.seconds_an_answer.given);
    assert_int_equal(t->prices.scale_images, 0);
    assert_near("min_agreement", t->alarms.min_agreement, 0.7, 0);
    assert_near("max_yes_bias", t->alarms.max_yes_bias, 0.1, 0);
    assert_near("max_rule_breaking", t->alarms.max_rule_breaking, 0.05, 0);
    assert_near("max_disputes", t->alarms.max_disputes, 0.25, 0);
    task_free(t);
}

static void example_loads_from_a_file(void **state)
{
    const char *path = scratch_path(state, "assent.yaml");
    struct task *t = NULL;
    struct err e;

    assert_refused(task_load(&t, path, &e), &e, ERR_IO);
    assert_null(t);
    assert_string_equal(e.where, path);
    write_file(path, example, strlen(example));
    assert_ok(task_load(&t, path, &e), &e);
    assert_string_equal(t->questions[HAIR].name, "Hair");
    task_free(t);
    task_free(NULL);
}

/* ---- all the rest that a file can say ---- */

/* Every kind of question and every other key, in block style. */
static const char everything[] = "name: all\n"
                                 "questions:\n"
                                 "  - name: Bald\n"
                                 "    kind: yesno\n"
                                 "    text: Bald?\n"
                                 "    help: Look at the \xe2\x80\x9ctop\xe2\x80\x9d.\n"
                                 "  - name: Wearing\n"
                                 "    kind: multi\n"
                                 "    options: [hat, neck tie, a:b]\n"
                                 "    text:\n"
                                 "      - What is worn?\n"
                                 "      - Which of these are worn?\n"
                                 "      - 5\n"
                                 "    group: clothes\n"
                                 "  - {name: Hair, kind: choice, options: [black, dark blond], "
                                 "text: Hair?}\n"
                                 "  - {name: Age, kind: ordinal, options: [1, 2, 3], text: Age?}\n"
                                 "rules:\n"
                                 "  - at_most_one:\n"
                                 "      - Wearing:hat\n"
                                 "      - not Bald\n"
                                 "      - Hair = black\n"
                                 "  - if: Hair=Dark_Blond\n"
                                 "    then: [not Age = 3, Wearing:a:b = yes, Bald = no]\n"
                                 "prices:\n"
                                 "  currency: EUR\n"
                                 "  machine_hour: {value: 1.5, date: 2026-01-15, source: list}\n"
                                 "  images_per_second: {value: 2e1, date: d2, source: s2}\n"
                                 "  wage_hour: {value: 20, date: d3, source: s3}\n"
                                 "  seconds_an_answer: {value: .5, date: d4, source: s4}\n"
                                 "  scale_images: 202599\n"
                                 "alarms: {min_agreement: 0.8, max_yes_bias: 0, max_disputes: 1}\n";

enum { C_BALD, C_HAT, C_TIE, C_AB, C_HAIR, C_AGE, N_COLUMNS };

static void questions_come_in_four_kinds(void **state)
{
    static const enum task_kind kinds[] = { KIND_YESNO, KIND_MULTI, KIND_CHOICE, KIND_ORDINAL };
    static const char *const names[] = { "yesno", "multi", "choice", "ordinal" };
    static const unsigned lines[] = { 3, 7, 15, 16 };
    struct task *t = load(everything);
    const struct question *q = t->questions;

    (void)state;
    assert_int_equal(t->n_questions, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(q[i].kind, kinds[i]);
        assert_string_equal(task_kind_name(q[i].kind), names[i]);
        assert_int_equal(q[i].line, lines[i]);
    }
    assert_string_equal(q[0].help, "Look at the \xe2\x80\x9ctop\xe2\x80\x9d.");
    assert_string_equal(q[1].group, "clothes");
    CHECK_TEXTS("wordings", q[1].wordings, q[1].n_wordings, "What is worn?",
                "Which of these are worn?", "5");
    CHECK_TEXTS("multi", q[1].options, q[1].n_options, "hat", "neck tie", "a:b");
    CHECK_TEXTS("choice", q[2].options, q[2].n_options, "black", "dark blond");
    CHECK_TEXTS("ordinal", q[3].options, q[3].n_options, "1", "2", "3");
    assert_null(t->images);
    assert_int_equal(t->n_annotators, 0);
    task_free(t);
}

static void multi_question_has_a_yesno_column_an_option(void **state)
{
    static const struct {
        const char *name;
        size_t question, option, n_values, probability, n_probabilities;
        bool yesno;
    } wanted[N_COLUMNS] = {
        { "Bald", 0, 0, 2, 0, 1, true },
        { "Wearing:hat", 1, 0, 2, 1, 1, true },
        { "Wearing:neck tie", 1, 1, 2, 2, 1, true },
        { "Wearing:a:b", 1, 2, 2, 3, 1, true },
        { "Hair", 2, 0, 2, 4, 2, false },
        { "Age", 3, 0, 3, 6, 3, false },
    };
    struct task *t = load(everything);

    (void)state;
    assert_int_equal(t->n_columns, N_COLUMNS);
    assert_int_equal(t->n_probabilities, 9);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const struct column *c = &t->columns[i];

        assert_string_equal(c->name, wanted[i].name);
        assert_int_equal(c->question, wanted[i].question);
        assert_int_equal(c->option, wanted[i].option);
        assert_int_equal(c->n_values, wanted[i].n_values);
        assert_int_equal(c->probability, wanted[i].probability);
        assert_int_equal(c->n_probabilities, wanted[i].n_probabilities);
        assert_int_equal(c->yesno, wanted[i].yesno);
        if (c->yesno)
            CHECK_TEXTS(c->name, c->labels, c->n_values, "no", "yes");
    }
    assert_int_equal(t->questions[1].first_column, C_HAT);
    assert_int_equal(t->questions[1].n_columns, 3);
    task_free(t);
}

static void names_find_questions_and_columns(void **state)
{
    struct task *t = load(everything);
    size_t found;

    (void)state;
    assert_true(task_find_column(t, "Wearing:neck tie", &found) && found == C_TIE);
    assert_true(task_find_column(t, "Age", &found) && found == C_AGE);
    assert_false(task_find_column(t, "Wearing", &found));
    assert_false(task_find_column(t, "", &found));
    task_free(t);
}

static void rules_take_conditions_in_all_forms(void **state)
{
    struct task *t = load(everything);
    const struct rule *r = t->rules;

    (void)state;
    assert_int_equal(t->n_rules, 2);
    assert_int_equal(r[0].line, 18);
    assert_int_equal(r[0].n_terms, 3);
    check_condition(&r[0].terms[0], C_HAT, VALUE_YES, false);
    check_condition(&r[0].terms[1], C_BALD, VALUE_YES, true);
    check_condition(&r[0].terms[2], C_HAIR, 0, false);
    assert_string_equal(r[0].text, "at most one of Wearing:hat, not Bald, Hair = black");
    assert_int_equal(r[1].line, 22);
    check_condition(&r[1].when, C_HAIR, 1, false); /* "dark blond" folds to it */
    assert_int_equal(r[1].n_terms, 3);
    check_condition(&r[1].terms[0], C_AGE, 2, true);
    check_condition(&r[1].terms[1], C_AB, VALUE_YES, false);
    check_condition(&r[1].terms[2], C_BALD, VALUE_NO, false);
    assert_contains(r[1].text, "if Hair = dark blond then not Age = 3");
    task_free(t);
}

/* "Bald = no" is "not Bald": the rule's text must not say the contrary. */
static void rule_text_says_what_the_rule_means(void **state)
{
    struct task *t = load("name: t\n"
                          "questions: [{name: A, text: a}, {name: B, text: b}]\n"
                          "rules: [{if: A = no, then: not B = no}]\n");

    (void)state;
    assert_string_not_equal(t->rules[0].text, "if A then not B");
    task_free(t);
}

static void prices_and_alarms_are_read(void **state)
{
    struct task *t = load(everything);
    const struct prices *p = &t->prices;
    const struct {
        const struct price *price;
        double value;
        const char *date, *source;
    } wanted[] = {
        { &p->machine_hour, 1.5, "2026-01-15", "list" },
        { &p->images_per_second, 20, "d2", "s2" },
        { &p->wage_hour, 20, "d3", "s3" },
        { &p->seconds_an_answer, 0.5, "d4", "s4" },
    };

    (void)state;
    assert_string_equal(p->currency, "EUR");
    for (size_t i = 0; i < COUNT(wanted); i++) {
        assert_true(wanted[i].price->given);
        assert_near(wanted[i].source, wanted[i].price->value, wanted[i].value, 0);
        assert_string_equal(wanted[i].price->date, wanted[i].date);
        assert_string_equal(wanted[i].price->source, wanted[i].source);
    }
    assert_int_equal(p->scale_images, 202599);
    assert_near("min_agreement", t->alarms.min_agreement, 0.8, 0);
    assert_near("max_yes_bias", t->alarms.max_yes_bias, 0, 0);
    assert_near("max_rule_breaking", t->alarms.max_rule_breaking, 0.05, 0); /* the default */
    assert_near("max_disputes", t->alarms.max_disputes, 1, 0);
    task_free(t);
}

static void alias_stands_for_what_its_anchor_names(void **state)
{
    struct task *t = load("name: t\n"
                          "questions:\n"
                          "  - {name: A, kind: choice, options: &o [x, y], text: &q Which?}\n"
                          "  - {name: B, kind: choice, options: *o, text: *q}\n");
    const struct question *q = t->questions;

    (void)state;
    assert_int_equal(t->n_questions, 2);
    CHECK_TEXTS("options", q[1].options, q[1].n_options, "x", "y");
    CHECK_TEXTS("wordings", q[1].wordings, q[1].n_wordings, "Which?");
    task_free(t);
}

static void json_is_yaml_too(void **state)
{
    struct task *t = load("{\"name\": \"t\", \"questions\": "
                          "[{\"name\": \"A\", \"text\": [\"a\", \"b\"]}]}");

    (void)state;
    CHECK_TEXTS("A", t->questions[0].wordings, t->questions[0].n_wordings, "a", "b");
    task_free(t);
}

/* ---- what is refused, and where ---- */

#define HEAD                        \
    "name: t\n"                     \
    "questions:\n"                  \
    "  - {name: Bald, text: b}\n"   \
    "  - {name: Goatee, text: g}\n" \
    "  - {name: Hair, kind: choice, options: [black, blond], text: h}\n" /* lines 1 to 5 */

struct bad_row {
    const char *why, *text;
    unsigned line;
    const char *says; /* part of the message */
    const char *hint; /* part of the hint; NULL: there is none */
};

static void check_refused(const struct bad_row *row, size_t len)
{
    struct task *t = NULL;
    char where[64];
    struct err e;
    int rc = task_parse(&t, "assent.yaml", row->text, len, &e);

    if (rc != ERR_FORMAT || t) {
        task_free(rc == 0 ? t : NULL);
        fail_row(row->why, "returned %d", rc);
    }
    snprintf(where, sizeof(where), "assent.yaml:%u", row->line);
    if (strcmp(e.where, where) != 0)
        fail_row(row->why, "is said to be at %s: %s", e.where, e.what);
    if (!strstr(e.what, row->says))
        fail_row(row->why, "says '%s'", e.what);
    if (row->hint ? !strstr(e.hint, row->hint) : e.hint[0] != '\0')
        fail_row(row->why, "hints '%s'", e.hint);
}

static void check_all_refused(const struct bad_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_refused(&rows[i], strlen(rows[i].text));
}

static void unknown_keys_are_refused_with_the_nearest(void **state)
{
    static const struct bad_row rows[] = {
        { "task", HEAD "rulez: []\n", 6, "'rulez'", "'rules'" },
        { "case", "Name: t\n", 1, "'Name'", "'name'" },
        { "question", "name: t\nquestions:\n  - {name: A, txt: a}\n", 3, "'txt'", "'text'" },
        { "question, second line", "name: t\nquestions:\n  - name: A\n    opions: [a]\n", 4,
          "'opions'", "'options'" },
        { "rule", HEAD "rules:\n  - {at_most_on: [Bald, Goatee]}\n", 7, "'at_most_on'",
          "'at_most_one'" },
        { "annotator", HEAD "annotators:\n  m: {kind: model, modell: x}\n", 7, "'modell'",
          "'model'" },
        { "prices", HEAD "prices:\n  wage_hours: 3\n", 7, "'wage_hours'", "'wage_hour'" },
        { "price", HEAD "prices:\n  wage_hour: {valu: 3}\n", 7, "'valu'", "'value'" },
        { "alarms", HEAD "alarms: {min_agrement: 1}\n", 6, "'min_agrement'", "'min_agreement'" },
        { "nothing near", HEAD "budget: 3\n", 6, "'budget'", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void unknown_key_lists_the_known_ones(void **state)
{
    static const char text[] = HEAD "prices: {budget: 3}\n";
    struct task *t = NULL;
    struct err e;

    (void)state;
    assert_refused(task_parse(&t, "assent.yaml", text, strlen(text), &e), &e, ERR_FORMAT);
    assert_contains(e.expected, "currency, machine_hour, images_per_second, wage_hour");
}

static void keys_twice_or_missing_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "task twice", HEAD "name: u\n", 6, "'name'", NULL },
        { "question twice", "name: t\nquestions:\n  - name: A\n    text: a\n    name: B\n", 5,
          "'name'", NULL },
        { "price twice", HEAD "prices:\n  wage_hour: {value: 1, date: d,\n    value: 2}\n", 8,
          "'value'", NULL },
        { "no name", "questions: [{name: A, text: a}]\n", 1, "'name'", NULL },
        { "no questions", "name: t\n", 1, "'questions'", NULL },
        { "question without name", "name: t\nquestions:\n  - {text: a}\n", 3, "'name'", NULL },
        { "question without text", "name: t\nquestions:\n  - {name: A}\n", 3, "'text'", NULL },
        { "annotator without kind", HEAD "annotators:\n  m: {model: x}\n", 7, "'kind'", NULL },
        { "price without source", HEAD "prices:\n  wage_hour: {value: 3, date: d}\n", 7, "'source'",
          NULL },
        { "price without date", HEAD "prices:\n  wage_hour: {value: 3, source: s}\n", 7, "'date'",
          NULL },
        { "price without value", HEAD "prices:\n  wage_hour: {date: d, source: s}\n", 7, "'value'",
          NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void names_are_taken_once_whatever_their_case(void **state)
{
    static const struct bad_row rows[] = {
        { "same", HEAD "  - {name: Bald, text: b}\n", 6, "'Bald'", "line 3" },
        { "other case", HEAD "  - {name: bALD, text: b}\n", 6, "'bALD'", "line 3" },
        { "other separator",
          "name: t\nquestions:\n  - {name: No_Beard, text: b}\n\n"
          "  - {name: no beard, text: b}\n",
          5, "'no beard'", "line 3" },
        { "annotator", HEAD "annotators:\n  a b: {kind: human}\n  A_B: {kind: model}\n", 8, "'A_B'",
          "line 7" },
        { "option", "name: t\nquestions:\n  - {name: A, kind: choice, text: a, options: [x, X]}\n",
          3, "'X'", NULL },
        { "wording", "name: t\nquestions:\n  - {name: A, text: [b, c, b]}\n", 3, "'b'", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void names_that_files_cannot_carry_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "slash", "name: t\nquestions: [{name: a/b, text: x}]\n", 2, "'a/b'", NULL },
        { "colon", "name: t\nquestions: [{name: \"a:b\", text: x}]\n", 2, "'a:b'", NULL },
        { "equals", "name: t\nquestions: [{name: a=b, text: x}]\n", 2, "'a=b'", NULL },
        { "line end", "name: t\nquestions: [{name: \"a\\nb\", text: x}]\n", 2, "'a?b'", NULL },
        { "tab", "name: t\nquestions: [{name: \"a\\tb\", text: x}]\n", 2, "'a?b'", NULL },
        { "space before", "name: t\nquestions: [{name: \" a\", text: x}]\n", 2, "' a'", NULL },
        { "space behind", "name: t\nquestions: [{name: \"a \", text: x}]\n", 2, "'a '", NULL },
        { "empty", "name: t\nquestions: [{name: \"\", text: x}]\n", 2, "empty", NULL },
        { "annotator", HEAD "annotators:\n  a/b: {kind: human}\n", 7, "'a/b'", NULL },
        { "reserved: consensus", HEAD "annotators:\n  consensus: {kind: human}\n", 7, "'consensus'",
          NULL },
        { "reserved: tie", HEAD "annotators:\n  a: {kind: human}\n  tie: {kind: human}\n", 8,
          "'tie'", NULL },
        { "option with a slash",
          "name: t\nquestions:\n"
          "  - {name: A, kind: choice, text: a, options: [x/y, z]}\n",
          3, "'x/y'", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void names_have_a_greatest_length(void **state)
{
    char text[TASK_NAME_MAX + 100], name[TASK_NAME_MAX + 2];
    struct task *t = NULL;
    struct err e;

    (void)state;
    for (int longer = 0; longer < 2; longer++) {
        size_t len = (size_t)TASK_NAME_MAX + (size_t)longer;
        int rc;

        memset(name, 'n', len);
        name[len] = '\0';
        snprintf(text, sizeof(text), "name: t\nquestions: [{name: %s, text: x}]\n", name);
        rc = task_parse(&t, "assent.yaml", text, strlen(text), &e);
        assert_int_equal(rc, longer ? ERR_FORMAT : 0);
        if (rc == 0)
            task_free(t);
    }
    assert_string_equal(e.where, "assent.yaml:2");
}

static void options_must_suit_the_kind(void **state)
{
    static const struct bad_row rows[] = {
        { "choice without", "name: t\nquestions:\n  - {name: A, kind: choice, text: a}\n", 3,
          "too few options", NULL },
        { "choice of one",
          "name: t\nquestions:\n"
          "  - {name: A, kind: choice, text: a, options: [x]}\n",
          3, "too few options", NULL },
        { "ordinal of one",
          "name: t\nquestions:\n"
          "  - {name: A, kind: ordinal, text: a, options: [x]}\n",
          3, "too few options", NULL },
        { "multi of none",
          "name: t\nquestions:\n"
          "  - {name: A, kind: multi, text: a, options: []}\n",
          3, "too few options", NULL },
        { "yes/no with", "name: t\nquestions:\n  - {name: A, text: a, options: [yes, no]}\n", 3,
          "'A' has options", "choice" },
        { "kind", "name: t\nquestions:\n  - {name: A, kind: chioce, text: a, options: [x, y]}\n", 3,
          "'chioce'", "'choice'" },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void rules_that_name_nothing_are_refused_with_the_nearest(void **state)
{
    static const struct bad_row rows[] = {
        { "question", HEAD "rules:\n  - {at_most_one: [Bald, Gotee]}\n", 7, "'Gotee'", "'Goatee'" },
        { "case", HEAD "rules:\n  - {if: bald, then: Goatee}\n", 7, "'bald'", "'Bald'" },
        { "second line", HEAD "rules:\n  - if: Bald\n    then: not Goate\n", 8, "'Goate'",
          "'Goatee'" },
        { "nothing near", HEAD "rules:\n  - {if: Eyeglasses, then: Bald}\n", 7, "'Eyeglasses'",
          NULL },
        { "option", HEAD "rules:\n  - {if: Hair = blnd, then: Bald}\n", 7, "'blnd'", "'blond'" },
        { "option of a yes/no", HEAD "rules:\n  - {if: Bald = maybe, then: Goatee}\n", 7, "'maybe'",
          NULL },
        { "no option", HEAD "rules:\n  - {if: Hair, then: Bald}\n", 7, "'Hair'", NULL },
        { "one term", HEAD "rules:\n  - {at_most_one: [Bald]}\n", 7, "at_most_one", NULL },
        { "no terms", HEAD "rules:\n  - {at_most_one: []}\n", 7, "at_most_one", NULL },
        { "if without then", HEAD "rules:\n  - {if: Bald}\n", 7, "no rule", NULL },
        { "then without if", HEAD "rules:\n  - {then: Bald}\n", 7, "no rule", NULL },
        { "both forms", HEAD "rules:\n  - {at_most_one: [Bald, Goatee], if: Bald, then: Goatee}\n",
          7, "no rule", NULL },
        { "neither", HEAD "rules:\n  - {}\n", 7, "no rule", NULL },
        { "an empty then", HEAD "rules:\n  - {if: Bald, then: []}\n", 7, "then needs", NULL },
        { "one twice", HEAD "rules:\n  - {at_most_one: [Bald, Bald]}\n", 7, "twice", NULL },
        { "a list of if", HEAD "rules:\n  - {if: [Bald], then: Goatee}\n", 7, "a text", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void wrong_types_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "a text for the file", "hello\n", 1, "a mapping", NULL },
        { "a list for the file", "- name: t\n", 1, "a mapping", NULL },
        { "an option named as an abstention",
          "name: t\nquestions:\n  - {name: A, text: a, kind: choice, options: [yes, Unsure]}\n", 3,
          "'Unsure'", NULL },
        { "a name that begins as a condition", "name: t\nquestions:\n  - {name: not A, text: a}\n",
          3, "'not A'", NULL },
        { "a text for the questions", "name: t\nquestions: Bald\n", 2, "a list", NULL },
        { "a mapping for the questions", "name: t\nquestions: {name: A}\n", 2, "a list", NULL },
        { "no questions", "name: t\nquestions: []\n", 2, "no questions", NULL },
        { "a text for a question", "name: t\nquestions:\n  - Bald\n", 3, "a mapping", NULL },
        { "a number for options",
          "name: t\nquestions:\n  - {name: A, kind: choice, text: a,\n     options: 5}\n", 4,
          "a list", NULL },
        { "a list in options",
          "name: t\nquestions:\n  - {name: A, kind: choice, text: a, "
          "options: [[x], y]}\n",
          3, "a text", NULL },
        { "a mapping for a wording", "name: t\nquestions:\n  - {name: A, text: {a: b}}\n", 3,
          "a text", NULL },
        { "no wordings", "name: t\nquestions:\n  - {name: A, text: []}\n", 3, "wording", NULL },
        { "an empty wording", "name: t\nquestions:\n  - {name: A, text: \"\"}\n", 3, "empty",
          NULL },
        { "a list for the name", "name: [t]\n", 1, "a text", NULL },
        { "a mapping for the rules", HEAD "rules: {if: Bald}\n", 6, "a list", NULL },
        { "a list for annotators", HEAD "annotators: [m]\n", 6, "a mapping", NULL },
        { "a text for an annotator", HEAD "annotators:\n  m: model\n", 7, "a mapping", NULL },
        { "annotator kind", HEAD "annotators:\n  m: {kind: robot}\n", 7, "'robot'", NULL },
        { "a kind that nobody may claim", HEAD "annotators:\n  m: {kind: consensus}\n", 7,
          "'consensus'", NULL },
        { "a list for a key", "[a]: t\n", 1, "a text", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void numbers_out_of_range_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "a word", HEAD "prices:\n  wage_hour: {value: much, date: d, source: s}\n", 7, "number",
          NULL },
        { "negative", HEAD "prices:\n  wage_hour: {value: -1, date: d, source: s}\n", 7, "number",
          NULL },
        { "zero", HEAD "prices:\n  wage_hour: {value: 0, date: d, source: s}\n", 7, "above zero",
          NULL },
        { "not finite", HEAD "prices:\n  wage_hour: {value: .inf, date: d, source: s}\n", 7,
          "number", NULL },
        { "a price without its parts", HEAD "prices:\n  wage_hour: 15\n", 7, "a mapping", NULL },
        { "a list", HEAD "prices:\n  wage_hour: {value: [1], date: d, source: s}\n", 7, "number",
          NULL },
        { "half an image", HEAD "prices: {scale_images: 0.5}\n", 6, "whole number", NULL },
        { "minus an image", HEAD "prices: {scale_images: -1}\n", 6, "whole number", NULL },
        { "a share above one", HEAD "alarms: {max_disputes: 1.01}\n", 6, "share", NULL },
        { "a share in percent", HEAD "alarms:\n  max_disputes: 25%\n", 7, "number", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void invalid_yaml_is_refused_at_its_line(void **state)
{
    static const struct bad_row rows[] = {
        { "a tab for indentation", "name: t\nquestions:\n\t- {name: A}\n", 3, "not valid YAML",
          NULL },
        { "an open quote", "name: t\nimages: \"abc\n", 3, "not valid YAML", NULL },
        { "two colons", "name: t\nimages: a: b\n", 2, "not valid YAML", NULL },
        { "an alias to nothing", "name: t\nimages: *no\n", 2, "not valid YAML", NULL },
        { "an unclosed list", "name: t\nquestions: [{name: A, text: a}\nrules: []\n", 3,
          "not valid YAML", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void alias_to_itself_is_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "rule", HEAD "rules:\n  - {at_most_one: &r [*r, *r]}\n", 7, "a text", NULL },
        { "questions", "name: t\nquestions: &q [*q]\n", 2, "a mapping", NULL },
        { "options",
          "name: t\nquestions:\n  - {name: A, kind: choice, text: a, "
          "options: &o [*o, x]}\n",
          3, "a text", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void deep_nesting_is_refused(void **state)
{
    enum { LEVELS = 3000 };
    struct buf text = BUF_INIT(1 << 16);
    struct bad_row row = { "deep", NULL, 2, "", NULL };

    (void)state;
    buf_puts(&text, "name: t\nimages: ");
    for (int i = 0; i < LEVELS; i++)
        buf_putc(&text, '[');
    for (int i = 0; i < LEVELS; i++)
        buf_putc(&text, ']');
    buf_putc(&text, '\n');
    row.text = text.text;
    check_refused(&row, text.len);
    buf_release(&text);
}

static void empty_file_is_refused_with_the_way_out(void **state)
{
    static const char *const rows[] = { "", "\n\n", "# nothing but a comment\n" };
    struct task *t = NULL;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_refused(task_parse(&t, "assent.yaml", rows[i], strlen(rows[i]), &e), &e, ERR_FORMAT);
        assert_null(t);
        assert_contains(e.where, "assent.yaml");
        assert_contains(e.what, "empty");
        assert_contains(e.hint, "assent init");
    }
}

/* A NUL byte would cut a text unseen. Escaped it is YAML, raw it is not; either way the line is
 * given, and the message says what is wrong rather than "should be a text: got a text". */
static void nul_byte_is_refused_at_its_line(void **state)
{
    static const char raw[] = "name: t\nimages: a\0b\n";
    static const struct bad_row escaped_row = { "escaped", "name: t\nimages: \"a\\0b\"\n", 2, "",
                                                NULL };
    static const struct bad_row raw_row = { "raw", raw, 2, "", NULL };

    (void)state;
    check_refused(&escaped_row, strlen(escaped_row.text));
    check_refused(&raw_row, sizeof(raw) - 1);
}

static void nul_byte_is_called_by_its_name(void **state)
{
    static const char text[] = "name: \"a\\0b\"\n";
    struct task *t = NULL;
    struct err e;

    (void)state;
    assert_refused(task_parse(&t, "assent.yaml", text, strlen(text), &e), &e, ERR_FORMAT);
    assert_string_not_equal(e.got, "a text");
}

static void invalid_utf8_is_refused_at_its_line(void **state)
{
    static const struct bad_row row = { "Latin-1", "name: t\n\nimages: caf\xe9\n", 3, "", NULL };

    (void)state;
    check_refused(&row, strlen(row.text));
}

static void second_document_is_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "second document", HEAD "---\nrules: [{if: Bald, then: not Goatee}]\n", 6, "", NULL },
        { "rubbish behind the end", HEAD "...\nrules: [\n", 7, "", NULL },
    };

    (void)state;
    check_all_refused(rows, COUNT(rows));
}

static void too_many_questions_are_over_the_limit(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct task *t = NULL;
    struct err e;

    (void)state;
    buf_puts(&text, "name: t\nquestions:\n");
    for (int i = 0; i < TASK_QUESTIONS_MAX; i++)
        buf_printf(&text, "  - {name: q%d, text: a}\n", i);
    assert_ok(task_parse(&t, "assent.yaml", text.text, text.len, &e), &e);
    assert_int_equal(t->n_questions, TASK_QUESTIONS_MAX);
    task_free(t);
    buf_puts(&text, "  - {name: more, text: a}\n");
    assert_refused(task_parse(&t, "assent.yaml", text.text, text.len, &e), &e, ERR_LIMIT);
    assert_null(t);
    assert_contains(e.expected, "5000");
    buf_release(&text);
}

static void too_many_options_are_over_the_limit(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct task *t = NULL;
    struct err e;

    (void)state;
    buf_puts(&text, "name: t\nquestions:\n  - {name: q, kind: choice, text: a, options: [o");
    for (int i = 0; i < TASK_OPTIONS_MAX; i++)
        buf_printf(&text, ", o%d", i);
    buf_puts(&text, "]}\n");
    assert_refused(task_parse(&t, "assent.yaml", text.text, text.len, &e), &e, ERR_LIMIT);
    assert_null(t);
    assert_string_equal(e.got, "1001");
    assert_string_equal(e.where, "assent.yaml:3");
    buf_release(&text);
}

static void file_over_the_limit_is_refused(void **state)
{
    const char *path = scratch_path(state, "assent.yaml");
    char *text = malloc(TASK_FILE_MAX + 1);
    struct task *t = NULL;
    struct err e;

    assert_non_null(text);
    memset(text, '\n', TASK_FILE_MAX + 1);
    write_file(path, text, TASK_FILE_MAX + 1);
    free(text);
    assert_refused(task_load(&t, path, &e), &e, ERR_LIMIT);
    assert_null(t);
    assert_string_equal(e.where, path);
}

/* ---- label texts ---- */

struct value_row {
    const char *text;
    int value;
    unsigned coding; /* 0: refused, unless the text is empty */
};

static void check_values(const struct column *c, const struct value_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool wanted = rows[i].coding != 0 || rows[i].text[0] == '\0';
        unsigned codings = 0;
        int16_t value = 77;
        char padded[64];
        bool good;

        snprintf(padded, sizeof(padded), "%s,0", rows[i].text); /* the text is not zero-ended */
        good = task_read_value(c, padded, strlen(rows[i].text), &value, &codings);
        if (good != wanted)
            fail_row(rows[i].text, "%s as %d", good ? "taken" : "refused", value);
        if (good && value != rows[i].value)
            fail_row(rows[i].text, "is %d, not %d", value, rows[i].value);
        if (codings != rows[i].coding)
            fail_row(rows[i].text, "has coding %u, not %u", codings, rows[i].coding);
    }
}

static void yesno_column_reads_all_codings(void **state)
{
    static const struct value_row rows[] = {
        { "-1", VALUE_NO, CODING_SIGNED },
        { "0", VALUE_NO, CODING_ZERO },
        { "1", VALUE_YES, CODING_ONE },
        { "no", VALUE_NO, CODING_YES_NO },
        { "yes", VALUE_YES, CODING_YES_NO },
        { "Yes", VALUE_YES, CODING_YES_NO },
        { "NO", VALUE_NO, CODING_YES_NO },
        { "TRUE", VALUE_YES, CODING_TRUE_FALSE },
        { "False", VALUE_NO, CODING_TRUE_FALSE },
        { "unparseable", VALUE_UNPARSEABLE, CODING_REASON },
        { "refused", VALUE_REFUSED, CODING_REASON },
        { "Unsure", VALUE_UNSURE, CODING_REASON },
        { "error", VALUE_ERROR, CODING_REASON },
        { "tied", VALUE_TIE, CODING_REASON },
        { "", VALUE_MISSING, 0 },
    };
    struct task *t = load(example);

    (void)state;
    check_values(&t->columns[BALD], rows, COUNT(rows));
    task_free(t);
}

static void yesno_column_refuses_other_texts(void **state)
{
    static const struct value_row rows[] = {
        { "2", 0, 0 },    { "-0", 0, 0 },      { "01", 0, 0 },   { "1.0", 0, 0 },
        { "+1", 0, 0 },   { "y", 0, 0 },       { "n", 0, 0 },    { "yes.", 0, 0 },
        { "t", 0, 0 },    { "on", 0, 0 },      { "nope", 0, 0 }, { "ye", 0, 0 },
        { "Bald", 0, 0 }, { "missing", 0, 0 }, { "-2", 0, 0 },   { "null", 0, 0 },
    };
    struct task *t = load(example);

    (void)state;
    check_values(&t->columns[BALD], rows, COUNT(rows));
    task_free(t);
}

/* The fold of names takes '-' for ' ': under it " 1" and "-1" would be one, yes and no. */
static void yesno_column_never_takes_a_padded_1_for_minus_1(void **state)
{
    static const char *const rows[] = { " 1", "_1" };
    struct task *t = load(example);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned codings = 0;
        int16_t value = VALUE_MISSING;

        if (task_read_value(&t->columns[BALD], rows[i], 2, &value, &codings) && value == VALUE_NO)
            fail_row(rows[i], "is read as no");
    }
    task_free(t);
}

static void choice_column_reads_its_options(void **state)
{
    static const struct value_row rows[] = {
        { "black", 0, CODING_OPTION },
        { "Dark_Blond", 1, CODING_OPTION },
        { "dark blond", 1, CODING_OPTION },
        { "unsure", VALUE_UNSURE, CODING_REASON },
        { "", VALUE_MISSING, 0 },
        { "red", 0, 0 },
        { "dark", 0, 0 },
        { "1", 0, 0 },
        { "yes", 0, 0 },
    };
    static const struct value_row numbers[] = {
        { "1", 0, CODING_OPTION },
        { "3", 2, CODING_OPTION },
        { "0", 0, 0 },
        { "4", 0, 0 },
    };
    struct task *t = load(everything);

    (void)state;
    check_values(&t->columns[C_HAIR], rows, COUNT(rows));
    check_values(&t->columns[C_AGE], numbers, COUNT(numbers));
    task_free(t);
}

static void codings_add_up(void **state)
{
    struct task *t = load(example);
    unsigned codings = 0;
    int16_t value;

    (void)state;
    assert_true(task_read_value(&t->columns[BALD], "-1", 2, &value, &codings));
    assert_true(task_read_value(&t->columns[BALD], "1", 1, &value, &codings));
    assert_true(task_read_value(&t->columns[BALD], "yes", 3, &value, &codings));
    assert_int_equal(codings, CODING_SIGNED | CODING_ONE | CODING_YES_NO);
    task_free(t);
}

static void codings_text_names_what_was_seen(void **state)
{
    static const struct {
        unsigned codings;
        const char *text;
    } rows[] = {
        { 0, "" },
        { CODING_SIGNED | CODING_ONE, "-1/1" },
        { CODING_SIGNED, "-1/1" },
        { CODING_ZERO | CODING_ONE, "0/1" },
        { CODING_ONE, "1" }, /* either of the two */
        { CODING_YES_NO, "yes/no" },
        { CODING_TRUE_FALSE, "true/false" },
        { CODING_OPTION, "option names" },
        { CODING_REASON, "abstentions by name" },
    };
    char out[80];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(task_codings_text(rows[i].codings, out), rows[i].text);
    task_codings_text(127, out); /* all of them fit */
    for (size_t i = 1; i < COUNT(rows); i++)
        if (rows[i].codings != CODING_ONE)
            assert_contains(out, rows[i].text);
}

static void value_texts_read_back(void **state)
{
    struct task *t = load(everything);

    (void)state;
    for (size_t c = 0; c < t->n_columns; c++) {
        const struct column *column = &t->columns[c];

        for (int value = VALUE_TIE; value < (int)column->n_values; value++) {
            const char *text = task_value_text(column, (int16_t)value);
            int16_t again = 77;
            unsigned codings = 0;

            assert_true(task_read_value(column, text, strlen(text), &again, &codings));
            assert_int_equal(again, value);
        }
        assert_string_equal(task_value_text(column, VALUE_MISSING), "");
    }
    assert_string_equal(task_value_text(&t->columns[C_BALD], VALUE_YES), "yes");
    assert_string_equal(task_value_text(&t->columns[C_HAIR], 1), "dark blond");
    assert_string_equal(task_value_text(&t->columns[C_HAIR], VALUE_REFUSED), "refused");
    task_free(t);
}

static void reason_names_are_for_abstentions_only(void **state)
{
    (void)state;
    assert_string_equal(task_reason_name(VALUE_UNPARSEABLE), "unparseable");
    assert_string_equal(task_reason_name(VALUE_REFUSED), "refused");
    assert_string_equal(task_reason_name(VALUE_UNSURE), "unsure");
    assert_string_equal(task_reason_name(VALUE_ERROR), "error");
    assert_string_equal(task_reason_name(VALUE_TIE), "tied");
    assert_null(task_reason_name(VALUE_MISSING));
    assert_null(task_reason_name(VALUE_NO));
    assert_null(task_reason_name(VALUE_YES));
    assert_null(task_reason_name(VALUE_TIE - 1));
}

static void annotator_kinds_have_names(void **state)
{
    enum annotator_kind kind;

    (void)state;
    assert_true(task_annotator_kind("human", &kind) && kind == ANNOTATOR_HUMAN);
    assert_true(task_annotator_kind("model", &kind) && kind == ANNOTATOR_MODEL);
    assert_false(task_annotator_kind("consensus", &kind));
    assert_false(task_annotator_kind("Human", &kind));
    assert_string_equal(task_annotator_kind_name(ANNOTATOR_HUMAN), "human");
    assert_string_equal(task_annotator_kind_name(ANNOTATOR_MODEL), "model");
    assert_string_equal(task_annotator_kind_name(ANNOTATOR_CONSENSUS), "consensus");
    assert_true(task_name_is_reserved("consensus") && task_name_is_reserved("tie"));
    assert_false(task_name_is_reserved("celeba"));
}

/* ---- rules ---- */

static const char rules_task[] = "name: t\n"
                                 "questions:\n"
                                 "  - {name: A, text: a}\n"
                                 "  - {name: B, text: b}\n"
                                 "  - {name: C, text: c}\n"
                                 "  - {name: H, kind: choice, options: [x, y, z], text: h}\n"
                                 "rules:\n"
                                 "  - {at_most_one: [A, B]}\n"
                                 "  - {at_most_one: [A, not B, C]}\n"
                                 "  - {at_most_one: [A, H = y, not C]}\n"
                                 "  - {if: A, then: B}\n"
                                 "  - {if: not A, then: not B}\n"
                                 "  - {if: H = z, then: [A, not B, C]}\n"
                                 "  - {if: A, then: [not H = x, B]}\n";

enum { N_LABELS = 4 };
static const int most_values[N_LABELS] = { 2, 2, 2, 3 };

static bool term_holds(const struct condition *c, const int labels[N_LABELS])
{
    return (labels[c->column] == c->value) != c->negated;
}

static bool rule_holds(const struct rule *r, const int labels[N_LABELS])
{
    size_t holding = 0;

    for (size_t i = 0; i < r->n_terms; i++)
        holding += term_holds(&r->terms[i], labels);
    if (r->kind == RULE_AT_MOST_ONE)
        return holding <= 1;
    return !term_holds(&r->when, labels) || holding == r->n_terms;
}

/* What the header says a state is, by trying every way to fill in the labels that lack. */
static enum rule_state state_by_trying(const struct rule *r, const int labels[N_LABELS])
{
    bool kept = false, broken = false;
    int l[N_LABELS];

    for (int filling = 0; filling < 2 * 2 * 2 * 3; filling++) {
        int rest = filling;

        for (int c = 0; c < N_LABELS; rest /= most_values[c], c++)
            l[c] = labels[c] >= 0 ? labels[c] : rest % most_values[c];
        if (rule_holds(r, l))
            kept = true;
        else
            broken = true;
    }
    return !broken ? RULE_KEPT : !kept ? RULE_BROKEN : RULE_UNKNOWN;
}

static const char *state_name(enum rule_state s)
{
    return s == RULE_KEPT ? "kept" : s == RULE_BROKEN ? "broken" : "unknown";
}

/* Calls task_rule_state with the labels as the second of three images. */
static enum rule_state state_of(const struct rule *r, const int labels[N_LABELS], int16_t around)
{
    int16_t matrix[N_LABELS * 3];

    for (int c = 0; c < N_LABELS; c++) {
        matrix[3 * c] = matrix[3 * c + 2] = around;
        matrix[3 * c + 1] = (int16_t)labels[c];
    }
    return task_rule_state(r, matrix, 3, 1);
}

/* Goes through all labels from `least` on (-2 is an abstention, -1 missing) and compares. */
static void check_rule_states(int least)
{
    struct task *t = load(rules_task);

    for (size_t i = 0; i < t->n_rules; i++) {
        const struct rule *r = &t->rules[i];
        int l[N_LABELS];

        for (l[0] = least; l[0] < 2; l[0]++)
            for (l[1] = least; l[1] < 2; l[1]++)
                for (l[2] = least; l[2] < 2; l[2]++)
                    for (l[3] = least; l[3] < 3; l[3]++)
                        if (state_of(r, l, (int16_t)((l[0] + 3) % 2)) != state_by_trying(r, l))
                            fail_row(r->text, "A B C H = %d %d %d %d is %s, not %s", l[0], l[1],
                                     l[2], l[3], state_name(state_of(r, l, 0)),
                                     state_name(state_by_trying(r, l)));
    }
    task_free(t);
}

static void rule_state_of_complete_labels(void **state)
{
    (void)state;
    check_rule_states(0);
}

static void rule_is_unknown_only_where_its_labels_do_not_settle_it(void **state)
{
    (void)state;
    check_rule_states(-2);
}

/* ---- presets ---- */

static struct task *load_preset(const char *name)
{
    struct task *t = NULL;
    struct err e;
    size_t len;
    const char *text = task_preset(name, &len);

    assert_non_null(text);
    assert_int_equal(len, strlen(text));
    assert_ok(task_parse(&t, name, text, len, &e), &e);
    return t;
}

static void presets_all_load(void **state)
{
    size_t n = 0, len;

    (void)state;
    for (; task_presets[n]; n++)
        task_free(load_preset(task_presets[n]));
    assert_int_equal(n, 2);
    assert_null(task_preset("no such", &len));
}

/* The blank preset shows what a file may hold behind '#'; prose has one space behind it. */
static char *with_the_examples_turned_on(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;
    bool at_start = true; /* of a line, but for spaces */

    assert_non_null(out);
    for (const char *c = text; *c; c++) {
        bool prose = c[0] == '#' && c[1] == ' ' && c[2] != ' ';

        if (*c != '#' || !at_start || prose)
            *to++ = *c;
        at_start = *c == '\n' || (at_start && *c == ' ');
    }
    *to = '\0';
    return out;
}

static void blank_preset_loads_with_all_its_examples_turned_on(void **state)
{
    struct task *t = load_preset("blank"), *full;
    size_t len;
    char *text = with_the_examples_turned_on(task_preset("blank", &len));

    (void)state;
    full = load(text);
    assert_true(full->n_questions > t->n_questions && t->n_questions > 0);
    assert_true(full->images && full->n_rules > 0 && full->n_annotators > 0);
    assert_true(full->prices.wage_hour.given);
    task_free(full);
    task_free(t);
    free(text);
}

/* The study's file gives the texts; its first key lacks a capital that CelebA's name has. */
static void celeba_preset_asks_the_40_questions_of_the_study(void **state)
{
    struct json_t *study = load_json("ASSENT_STUDY", "questions.json"), *text;
    struct task *t = load_preset("celeba");
    void *iterator = NULL;
    const char *key;
    size_t i = 0;

    (void)state;
    assert_int_equal(t->n_questions, 40);
    assert_int_equal(t->n_columns, 40);
    assert_int_equal(jv_members(study), 40);
    for (; jv_member(study, &iterator, &key, &text); i++) {
        const struct question *q = &t->questions[i];

        assert_string_equal(q->name,
                            strcmp(key, "5_o_clock_shadow") == 0 ? "5_o_Clock_Shadow" : key);
        assert_int_equal(q->kind, KIND_YESNO);
        CHECK_TEXTS(q->name, q->wordings, q->n_wordings, jv_text(text));
        assert_true(text_equal(q->group, "objective") || text_equal(q->group, "subjective"));
    }
    assert_int_equal(i, 40);
    task_free(t);
    jv_free(study);
}

static void celeba_preset_has_the_annotators_of_the_study(void **state)
{
    struct task *t = load_preset("celeba");

    (void)state;
    assert_int_equal(task_find_annotator(t, "llava-next-8b")->kind, ANNOTATOR_MODEL);
    assert_int_equal(task_find_annotator(t, "celeba")->kind, ANNOTATOR_HUMAN);
    assert_int_equal(task_find_annotator(t, "person")->kind, ANNOTATOR_HUMAN);
    task_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_has_the_four_questions),
        cmocka_unit_test(example_has_a_column_a_question),
        cmocka_unit_test(people_are_asked_without_the_line_for_a_model),
        cmocka_unit_test(example_has_the_two_rules),
        cmocka_unit_test(example_has_the_three_annotators),
        cmocka_unit_test(example_has_the_defaults_for_what_it_leaves_out),
        test_with_scratch(example_loads_from_a_file),
        cmocka_unit_test(questions_come_in_four_kinds),
        cmocka_unit_test(multi_question_has_a_yesno_column_an_option),
        cmocka_unit_test(names_find_questions_and_columns),
        cmocka_unit_test(rules_take_conditions_in_all_forms),
        cmocka_unit_test(rule_text_says_what_the_rule_means),
        cmocka_unit_test(prices_and_alarms_are_read),
        cmocka_unit_test(alias_stands_for_what_its_anchor_names),
        cmocka_unit_test(json_is_yaml_too),
        cmocka_unit_test(unknown_keys_are_refused_with_the_nearest),
        cmocka_unit_test(unknown_key_lists_the_known_ones),
        cmocka_unit_test(keys_twice_or_missing_are_refused),
        cmocka_unit_test(names_are_taken_once_whatever_their_case),
        cmocka_unit_test(names_that_files_cannot_carry_are_refused),
        cmocka_unit_test(names_have_a_greatest_length),
        cmocka_unit_test(options_must_suit_the_kind),
        cmocka_unit_test(rules_that_name_nothing_are_refused_with_the_nearest),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(invalid_yaml_is_refused_at_its_line),
        cmocka_unit_test(alias_to_itself_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(empty_file_is_refused_with_the_way_out),
        cmocka_unit_test(nul_byte_is_refused_at_its_line),
        cmocka_unit_test(nul_byte_is_called_by_its_name),
        cmocka_unit_test(invalid_utf8_is_refused_at_its_line),
        cmocka_unit_test(second_document_is_refused),
        cmocka_unit_test(too_many_questions_are_over_the_limit),
        cmocka_unit_test(too_many_options_are_over_the_limit),
        test_with_scratch(file_over_the_limit_is_refused),
        cmocka_unit_test(yesno_column_reads_all_codings),
        cmocka_unit_test(yesno_column_refuses_other_texts),
        cmocka_unit_test(yesno_column_never_takes_a_padded_1_for_minus_1),
        cmocka_unit_test(choice_column_reads_its_options),
        cmocka_unit_test(codings_add_up),
        cmocka_unit_test(codings_text_names_what_was_seen),
        cmocka_unit_test(value_texts_read_back),
        cmocka_unit_test(reason_names_are_for_abstentions_only),
        cmocka_unit_test(annotator_kinds_have_names),
        cmocka_unit_test(rule_state_of_complete_labels),
        cmocka_unit_test(rule_is_unknown_only_where_its_labels_do_not_settle_it),
        cmocka_unit_test(presets_all_load),
        cmocka_unit_test(blank_preset_loads_with_all_its_examples_turned_on),
        cmocka_unit_test(celeba_preset_asks_the_40_questions_of_the_study),
        cmocka_unit_test(celeba_preset_has_the_annotators_of_the_study),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
