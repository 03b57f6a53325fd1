/* SPDX-License-Identifier: MIT */
/*
 * task/: label texts become values and values texts.
 */
#include "support_task.h"

#include "task/task.h"

struct value_row {
    const char *text;
    int value;
    unsigned coding; /* 0: refused, unless the text is empty */
};

static void check_values(const struct column *c, const struct value_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool wanted =
            rows[i].coding != 0 || rows[i].text[0] == '\0' || rows[i].value == VALUE_MISSING;
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
        { "1.0", VALUE_YES, CODING_ONE },
        { "0.0", VALUE_NO, CODING_ZERO },
        { "-1.0", VALUE_NO, CODING_SIGNED },
        { "1.000", VALUE_YES, CODING_ONE },
        { "y", VALUE_YES, CODING_YES_NO },
        { "N", VALUE_NO, CODING_YES_NO },
        { "T", VALUE_YES, CODING_TRUE_FALSE },
        { "f", VALUE_NO, CODING_TRUE_FALSE },
    };
    struct task *t = load_task(example);

    (void)state;
    check_values(&t->columns[BALD], rows, COUNT(rows));
    task_free(t);
}

/* As pandas, R, Excel, databases and Python write it; where it is an option it is that. */
static void words_for_no_value_are_missing(void **state)
{
    static const struct value_row rows[] = {
        { "NaN", VALUE_MISSING, 0 },  { "nan", VALUE_MISSING, 0 },  { "NA", VALUE_MISSING, 0 },
        { "N/A", VALUE_MISSING, 0 },  { "#N/A", VALUE_MISSING, 0 }, { "<NA>", VALUE_MISSING, 0 },
        { "null", VALUE_MISSING, 0 }, { "NULL", VALUE_MISSING, 0 }, { "None", VALUE_MISSING, 0 },
    };
    static const struct value_row options[] = { { "None", 0, CODING_OPTION },
                                                { "n-a", 1, CODING_OPTION },
                                                { "NaN", VALUE_MISSING, 0 } };
    struct task *t = load_task(example);

    (void)state;
    check_values(&t->columns[BALD], rows, COUNT(rows));
    task_free(t);
    t = load_task("name: t\nquestions:\n"
                  "  - {name: Hat, kind: choice, options: [none, N-A], text: h}\n");
    check_values(&t->columns[0], options, COUNT(options));
    task_free(t);
}

static void yesno_column_refuses_other_texts(void **state)
{
    static const struct value_row rows[] = {
        { "2", 0, 0 },       { "-0", 0, 0 },   { "01", 0, 0 }, { "1.5", 0, 0 }, { "+1", 0, 0 },
        { "1.", 0, 0 },      { ".0", 0, 0 },   { "10", 0, 0 }, { "2.0", 0, 0 }, { "yes.", 0, 0 },
        { "on", 0, 0 },      { "nope", 0, 0 }, { "ye", 0, 0 }, { "nil", 0, 0 }, { "Bald", 0, 0 },
        { "missing", 0, 0 }, { "-2", 0, 0 },
    };
    struct task *t = load_task(example);

    (void)state;
    check_values(&t->columns[BALD], rows, COUNT(rows));
    task_free(t);
}

/* The fold of names takes '-' for ' ': under it " 1" and "-1" would be one, yes and no. */
static void yesno_column_never_takes_a_padded_1_for_minus_1(void **state)
{
    static const char *const rows[] = { " 1", "_1" };
    struct task *t = load_task(example);

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
    struct task *t = load_task(everything);

    (void)state;
    check_values(&t->columns[C_HAIR], rows, COUNT(rows));
    check_values(&t->columns[C_AGE], numbers, COUNT(numbers));
    task_free(t);
}

static void codings_add_up(void **state)
{
    struct task *t = load_task(example);
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
    struct task *t = load_task(everything);

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yesno_column_reads_all_codings),
        cmocka_unit_test(words_for_no_value_are_missing),
        cmocka_unit_test(yesno_column_refuses_other_texts),
        cmocka_unit_test(yesno_column_never_takes_a_padded_1_for_minus_1),
        cmocka_unit_test(choice_column_reads_its_options),
        cmocka_unit_test(codings_add_up),
        cmocka_unit_test(codings_text_names_what_was_seen),
        cmocka_unit_test(value_texts_read_back),
        cmocka_unit_test(reason_names_are_for_abstentions_only),
        cmocka_unit_test(annotator_kinds_have_names),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("task_values", tests, NULL, NULL);
}
