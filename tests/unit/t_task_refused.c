/* SPDX-License-Identifier: MIT */
/*
 * task/: what a task file must not say, refused line by line.
 */
#include "support_task.h"

#include "task/task.h"

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
        { "a rate of none", HEAD "annotators:\n  m: {kind: model, requests_per_minute: 0}\n", 7,
          "above zero", NULL },
        { "no pixels", HEAD "annotators:\n  m: {kind: model, max_pixels: 0}\n", 7, "max_pixels",
          "without the key" },
        { "pixels as sides", HEAD "annotators:\n  m: {kind: model, min_pixels: 512x512}\n", 7,
          "whole number", NULL },
        { "no tiles", HEAD "annotators:\n  m: {kind: model, tiles: 0}\n", 7, "tiles should",
          "without the key" },
        { "more tiles than there are", HEAD "annotators:\n  m: {kind: model, tiles: 1001}\n", 7,
          "so many tiles", NULL },
        { "a server's price of nothing",
          HEAD "annotators:\n  m: {kind: model, price: {input: 0, date: d, source: s}}\n", 7,
          "above zero", NULL },
        { "a server's price from nowhere",
          HEAD "annotators:\n  m: {kind: model, price: {input: 1, date: d}}\n", 7, "'source'",
          NULL },
        { "half an image", HEAD "prices: {scale_images: 0.5}\n", 6, "whole number", NULL },
        { "minus an image", HEAD "prices: {scale_images: -1}\n", 6, "whole number", NULL },
        { "a share above one", HEAD "alarms: {max_disputes: 1.01}\n", 6, "share", NULL },
        { "a share in percent", HEAD "alarms:\n  max_disputes: 25%\n", 7, "number", NULL },
        { "people of no kind", HEAD "alt_test: {people: expert}\n", 6, "'expert'", "'experts'" },
        { "people and a figure", HEAD "alt_test: {people: crowd, epsilon: 0.1}\n", 6, "both",
          NULL },
        { "worse by all", HEAD "alt_test: {epsilon: 1.5}\n", 6, "share", NULL },
        { "one item", HEAD "alt_test: {min_items: 1}\n", 6, "2 or more", NULL },
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

#define MACHINE(text) HEAD "prices:\n  machines:\n    m: {" text ", date: d, source: s}\n"

static void machines_that_do_not_add_up_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        { "no kind", MACHINE("hour: 1"), 8, "'kind'", NULL },
        { "a strange kind", MACHINE("kind: rented, hour: 1"), 8, "'rented'", NULL },
        { "a kind that is nearly one", MACHINE("kind: ondemand, hour: 1"), 8, "'ondemand'",
          "'on demand'" },
        { "a rented one without its hour", MACHINE("kind: spot"), 8, "needs 'hour'", NULL },
        { "a rented one with a life", MACHINE("kind: on demand, hour: 1, life_years: 3"), 8,
          "has no 'life_years'", NULL },
        { "a rented one that rests", MACHINE("kind: spot, hour: 1, utilisation: 0.5"), 8,
          "has no 'utilisation'", NULL },
        { "a reserved one of any use", MACHINE("kind: reserved, hour: 1"), 8, "needs 'utilisation'",
          NULL },
        { "one that never works", MACHINE("kind: reserved, hour: 1, utilisation: 0"), 8,
          "above zero", NULL },
        { "one that works too much", MACHINE("kind: reserved, hour: 1, utilisation: 60"), 8,
          "share", NULL },
        { "an owned one with an hour", MACHINE("kind: owned, hour: 1"), 8, "has no 'hour'", NULL },
        { "an owned one without power", MACHINE("kind: owned, price: 9, life_hours: 9"), 8,
          "needs 'kilowatts'", NULL },
        { "an owned one for ever", MACHINE("kind: owned, price: 9, kilowatts: 1, kwh: 1"), 8,
          "one way", NULL },
        { "years without their use",
          MACHINE("kind: owned, price: 9, life_years: 3, kilowatts: 1, kwh: 1"), 8, "one way",
          NULL },
        { "hours of work with a use",
          MACHINE("kind: owned, price: 9, life_hours: 3, utilisation: 1, kilowatts: 1, kwh: 1"), 8,
          "one way", NULL },
        { "a machine without its source",
          HEAD "prices:\n  machines:\n    m: {kind: spot, hour: 1, date: d}\n", 8, "'source'",
          NULL },
        { "a machine of two",
          HEAD "prices:\n  machines:\n    m: {kind: spot, hour: 1, date: d, source: s}\n"
               "    M: {kind: spot, hour: 1, date: d, source: s}\n",
          9, "taken", "line 8" },
        { "a machine that is not there",
          HEAD "annotators:\n  a: {kind: model, machine: gpu}\nprices:\n  machines:\n"
               "    gpu1: {kind: spot, hour: 1, date: d, source: s}\n",
          7, "'gpu'", "'gpu1'" },
        { "a machine of none", HEAD "annotators:\n  a: {kind: model, machine: gpu}\n", 7, "'gpu'",
          NULL },
        { "a gain in points",
          HEAD "prices:\n  fine_tuning: {cost: 1, gain: 3, date: d, source: s}\n", 7, "share",
          NULL },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(machines_that_do_not_add_up_are_refused),
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
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("task_refused", tests, NULL, NULL);
}
