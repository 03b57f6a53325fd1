/* SPDX-License-Identifier: MIT */
/*
 * task/: the task file read field by field; presets.
 */
#include "support_task.h"

#include "task/task.h"

static void example_has_the_four_questions(void **state)
{
    struct task *t = load_task(example);
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
    struct task *t = load_task(example);

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
        t = load_task(yaml);
        assert_string_equal(t->columns[0].text, cases[i].text);
        assert_true(text_equal(t->columns[0].about, cases[i].about));
        task_free(t);
    }
}

static void example_has_the_two_rules(void **state)
{
    struct task *t = load_task(example);
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
    static const char *const urls[] = { "http://127.0.0.1:8000/v1" };
    static const struct annotator wanted[] = {
        { "llava", ANNOTATOR_MODEL, "vlm", "models/llama3-llava-next-8b-hf", "auto", .line = 12 },
        { "qwen", ANNOTATOR_MODEL, "http", "Qwen3-VL-8B", .server = { urls, 1 }, .line = 13 },
        { "celeba", ANNOTATOR_HUMAN, .line = 14 },
    };
    struct task *t = load_task(example);

    (void)state;
    assert_int_equal(t->n_annotators, COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const struct annotator *a = &t->annotators[i], *w = &wanted[i];

        assert_string_equal(a->name, w->name);
        assert_int_equal(a->kind, w->kind);
        assert_true(text_equal(a->engine, w->engine));
        assert_true(text_equal(a->model, w->model));
        assert_int_equal(a->server.n_urls, w->server.n_urls);
        for (size_t u = 0; u < a->server.n_urls; u++)
            assert_string_equal(a->server.urls[u], w->server.urls[u]);
        assert_true(text_equal(a->dtype, w->dtype));
        assert_int_equal(a->line, w->line);
        assert_ptr_equal(task_find_annotator(t, w->name), a);
    }
    assert_null(task_find_annotator(t, "nobody"));
    task_free(t);
}

static void example_has_the_defaults_for_what_it_leaves_out(void **state)
{
    struct task *t = load_task(example);

    (void)state;
    assert_string_equal(t->prices.currency, "USD");
    assert_false(t->prices.machine_hour.given);
    assert_false(t->prices.images_per_second.given);
    assert_false(t->prices.wage_hour.given);
    assert_false(t->prices.seconds_per_answer.given);
    assert_int_equal(t->prices.scale_images, 0);
    assert_near("min_agreement", t->alarms.min_agreement, 0.7, 0);
    assert_near("max_yes_bias", t->alarms.max_yes_bias, 0.1, 0);
    assert_near("max_rule_breaking", t->alarms.max_rule_breaking, 0.05, 0);
    assert_near("max_disputes", t->alarms.max_disputes, 0.25, 0);
    assert_near("min_seconds", t->alarms.min_seconds, 0.5, 0);
    assert_near("max_run_chance", t->alarms.max_run_chance, 0.001, 0);
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

static void questions_come_in_four_kinds(void **state)
{
    static const enum task_kind kinds[] = { KIND_YESNO, KIND_MULTI, KIND_CHOICE, KIND_ORDINAL };
    static const char *const names[] = { "yesno", "multi", "choice", "ordinal" };
    static const unsigned lines[] = { 3, 7, 15, 16 };
    struct task *t = load_task(everything);
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
    struct task *t = load_task(everything);

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
    struct task *t = load_task(everything);
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
    struct task *t = load_task(everything);
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
    struct task *t = load_task("name: t\n"
                               "questions: [{name: A, text: a}, {name: B, text: b}]\n"
                               "rules: [{if: A = no, then: not B = no}]\n");

    (void)state;
    assert_string_not_equal(t->rules[0].text, "if A then not B");
    task_free(t);
}

static void what_a_server_takes_is_read(void **state)
{
    struct task *t =
        load_task("name: t\nquestions:\n  - {name: A, text: a}\nannotators:\n"
                  "  a: {kind: model, requests_per_minute: 60, tokens_per_minute: 2.5e6,\n"
                  "      price: {input: 0.4, cached_input: 0, output: 1.6, date: d, source: s}}\n"
                  "  b: {kind: model, price: {input: 3, date: d, source: s}}\n"
                  "  c: {kind: model}\n");
    const struct model_server *a = &t->annotators[0].server, *b = &t->annotators[1].server;

    (void)state;
    assert_near("requests", a->requests_per_minute, 60, 0);
    assert_near("tokens", a->tokens_per_minute, 2.5e6, 0);
    assert_near("input", a->price.input, 0.4, 0);
    assert_near("cached", a->price.cached_input, 0, 0);
    assert_near("output", a->price.output, 1.6, 0);
    assert_string_equal(a->price.source, "s");
    assert_true(b->price.given && isnan(b->price.cached_input) && b->price.output == 0);
    assert_true(b->requests_per_minute == 0 && !t->annotators[2].server.price.given);
    task_free(t);
}

static void how_pictures_are_prepared_is_read(void **state)
{
    struct task *t = load_task("name: t\nquestions:\n  - {name: A, text: a}\nannotators:\n"
                               "  a: {kind: model, max_pixels: 262144, min_pixels: 1}\n"
                               "  b: {kind: model, tiles: 1000}\n");
    const struct picture_limits *a = &t->annotators[0].pictures, *b = &t->annotators[1].pictures;

    (void)state;
    assert_int_equal(a->max_pixels, 262144);
    assert_int_equal(a->min_pixels, 1);
    assert_int_equal(a->tiles, 0);
    assert_true(b->max_pixels == 0 && b->min_pixels == 0);
    assert_int_equal(b->tiles, 1000);
    task_free(t);
}

static void prices_and_alarms_are_read(void **state)
{
    struct task *t = load_task(everything);
    const struct prices *p = &t->prices;
    const struct {
        const struct price *price;
        double value;
        const char *date, *source;
    } wanted[] = {
        { &p->machine_hour, 1.5, "2026-01-15", "list" },
        { &p->images_per_second, 20, "d2", "s2" },
        { &p->wage_hour, 20, "d3", "s3" },
        { &p->seconds_per_answer, 0.5, "d4", "s4" },
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

static void alt_test_knows_what_people_cost(void **state)
{
    const struct {
        const char *yaml, *skill;
        double epsilon;
        unsigned min_items;
    } rows[] = {
        { "", "skilled", 0.15, 30 },
        { "alt_test: {people: experts}\n", "experts", 0.2, 30 },
        { "alt_test: {people: crowd, min_items: 12}\n", "crowd", 0.1, 12 },
        { "alt_test: {epsilon: 0.05}\n", NULL, 0.05, 30 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char yaml[300];
        struct task *t;

        snprintf(yaml, sizeof(yaml), "name: n\nquestions:\n  - {name: Q, text: q?}\n%s",
                 rows[i].yaml);
        t = load_task(yaml);
        assert_true(text_equal(t->alt_test.skill, rows[i].skill) ||
                    (!t->alt_test.skill && !rows[i].skill));
        assert_near(rows[i].yaml, t->alt_test.epsilon, rows[i].epsilon, 0);
        assert_int_equal(t->alt_test.min_items, rows[i].min_items);
        task_free(t);
    }
}

/* A rented hour is paid as it is; a reserved one by the share that works; an owned machine by the
 * hours that it will work, and the power: 36000 / (4 * 8766 * 0.5) + 0.75 * 0.4 and 6 / 2000. */
static void machines_are_read_and_cost_what_an_hour_of_work_does(void **state)
{
    struct task *t =
        load_task("name: t\nquestions:\n  - {name: A, text: a}\nannotators:\n"
                  "  a: {kind: model, machine: year}\n  b: {kind: model}\n"
                  "prices:\n  machines:\n"
                  "    hour: {kind: on demand, hour: 2, date: d, source: s}\n"
                  "    spot: {kind: spot, hour: 0.5, date: d, source: s}\n"
                  "    year: {kind: reserved, hour: 1.2, utilisation: 0.6, date: d1, source: s1}\n"
                  "    ours: {kind: owned, price: 36000, life_years: 4, utilisation: 0.5,\n"
                  "           kilowatts: 0.75, kwh: 0.4, date: d, source: s}\n"
                  "    old: {kind: owned, price: 6, life_hours: 2000, kilowatts: 0, kwh: 0,\n"
                  "          date: d, source: s}\n"
                  "  fine_tuning: {cost: 400, gain: 0.03, date: d2, source: s2}\n");
    const double hours[] = { 2, 0.5, 2, 36000 / 17532.0 + 0.3, 0.003 };
    const struct prices *p = &t->prices;

    (void)state;
    assert_int_equal(p->n_machines, COUNT(hours));
    for (size_t i = 0; i < COUNT(hours); i++)
        assert_near(p->machines[i].name, task_machine_hour(&p->machines[i]), hours[i], 1e-12);
    assert_ptr_equal(t->annotators[0].machine, task_find_machine(p, "year"));
    assert_string_equal(t->annotators[0].machine->source, "s1");
    assert_string_equal(task_machine_kind_name(p->machines[3].kind), "owned");
    assert_int_equal(p->machines[2].line, 11);
    assert_null(t->annotators[1].machine);
    assert_null(task_find_machine(p, "years"));
    assert_true(p->fine_tuning.given);
    assert_near("gain", p->fine_tuning.gain, 0.03, 0);
    assert_near("cost", p->fine_tuning.cost, 400, 0);
    task_free(t);
}

static void alias_stands_for_what_its_anchor_names(void **state)
{
    struct task *t = load_task("name: t\n"
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
    struct task *t = load_task("{\"name\": \"t\", \"questions\": "
                               "[{\"name\": \"A\", \"text\": [\"a\", \"b\"]}]}");

    (void)state;
    CHECK_TEXTS("A", t->questions[0].wordings, t->questions[0].n_wordings, "a", "b");
    task_free(t);
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

static void extra_fields_are_json(void **state)
{
    struct task *t =
        load_task("name: t\n"
                  "questions: [{name: A, text: a}]\n"
                  "annotators:\n"
                  "  m: {kind: model, extra: {whole: 12, real: 1.50, e: 1e3, plus: +2,"
                  " none: null, tilde: ~, empty: , truth: True, text: \"1\", word: nan,"
                  " nested: {list: [1, \"~\", {}]}}}\n");
    const struct server_headers *h = &t->annotators[0].server.headers;

    (void)state;
    assert_string_equal(t->annotators[0].server.extra,
                        "{\"whole\": 12, \"real\": 1.5, \"e\": 1000.0, \"plus\": 2.0, "
                        "\"none\": null, \"tilde\": null, \"empty\": null, \"truth\": true, "
                        "\"text\": \"1\", \"word\": \"nan\", "
                        "\"nested\": {\"list\": [1, \"~\", {}]}}");
    assert_int_equal(h->n, 0);
    task_free(t);
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
    full = load_task(text);
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
        cmocka_unit_test(what_a_server_takes_is_read),
        cmocka_unit_test(how_pictures_are_prepared_is_read),
        cmocka_unit_test(prices_and_alarms_are_read),
        cmocka_unit_test(alt_test_knows_what_people_cost),
        cmocka_unit_test(machines_are_read_and_cost_what_an_hour_of_work_does),
        cmocka_unit_test(alias_stands_for_what_its_anchor_names),
        cmocka_unit_test(json_is_yaml_too),
        cmocka_unit_test(extra_fields_are_json),
        cmocka_unit_test(presets_all_load),
        cmocka_unit_test(blank_preset_loads_with_all_its_examples_turned_on),
        cmocka_unit_test(celeba_preset_asks_the_40_questions_of_the_study),
        cmocka_unit_test(celeba_preset_has_the_annotators_of_the_study),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
