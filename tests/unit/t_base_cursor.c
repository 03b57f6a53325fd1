/* SPDX-License-Identifier: MIT */
/*
 * base/cursor.c: what is read, and that every error says where, what was there and what should be.
 */
#include "support.h"

static struct cursor parse(const char *text)
{
    struct cursor top;
    struct err e;

    assert_ok(cursor_parse(&top, "f.json", text, strlen(text), &e), &e);
    return top;
}

/* ---- steps ---- */

static void elements_and_members_come_in_the_order_of_the_file(void **state)
{
    struct cursor top = parse("{\"z\": [5, 6], \"a\": 7}"), item = { 0 }, element = { 0 };
    struct err e;
    int64_t number = 0;

    (void)state;
    assert_true(cursor_next(&top, &item));
    assert_string_equal(item.key, "z");
    for (int64_t i = 5; i < 7; i++) {
        assert_true(cursor_next(&item, &element));
        assert_ok(cursor_whole(&element, i, i, &number, &e), &e);
    }
    assert_false(cursor_next(&item, &element));
    assert_true(cursor_next(&top, &item));
    assert_string_equal(item.key, "a");
    assert_ok(cursor_whole(&item, 7, 7, &number, &e), &e);
    assert_false(cursor_next(&top, &item));
    cursor_close(&top);
}

static void nothing_is_below_nothing(void **state)
{
    struct cursor top = parse("{\"text\": \"x\", \"null\": null}"), item = { 0 };
    struct cursor text = cursor_member(&top, "text"), below = cursor_member(&text, "y");
    struct cursor further = cursor_element(&below, 3), null = cursor_member(&top, "null");
    const char *out = "as it was";
    struct err e;

    (void)state;
    assert_null(further.value);
    assert_true(cursor_is_null(&further) && cursor_is_null(&null) && !cursor_is_null(&text));
    assert_false(cursor_next(&text, &item));
    assert_false(cursor_next(&further, &item));
    assert_refused(cursor_text(&further, &out, &e), &e, ERR_FORMAT);
    assert_string_equal(e.where, "f.json: text.y[3]");
    assert_string_equal(e.got, "nothing");
    assert_string_equal(out, "as it was");
    cursor_close(&top);
    cursor_close(&top);
}

/* ---- what is read ---- */

static const char *const words[] = { "no", "yes", "perhaps", NULL };

static int as_text(const struct cursor *c, struct err *e)
{
    const char *text = NULL;
    int rc = cursor_text(c, &text, e);

    assert_true((rc == 0) == (text != NULL));
    return rc;
}

static int as_flag(const struct cursor *c, struct err *e)
{
    bool flag;

    return cursor_flag(c, &flag, e);
}

static int as_whole(const struct cursor *c, struct err *e)
{
    int64_t whole = -77;
    int rc = cursor_whole(c, -3, 100, &whole, e);

    assert_true((rc == 0) == (whole != -77));
    return rc;
}

static int as_number(const struct cursor *c, struct err *e)
{
    double number = -77;
    int rc = cursor_number(c, -0.5, 1e9, &number, e);

    assert_true((rc == 0) == (number >= -0.5));
    return rc;
}

static int as_positive(const struct cursor *c, struct err *e)
{
    double number = -77;
    int rc = cursor_positive(c, &number, e);

    assert_true((rc == 0) == (number > 0));
    return rc;
}

static int as_word(const struct cursor *c, struct err *e)
{
    unsigned which = 77;
    int rc = cursor_word(c, words, &which, e);

    assert_true((rc == 0) == (which < COUNT(words) - 1));
    return rc;
}

/* What reads which values; where got is NULL, it is accepted. */
static const struct {
    int (*read)(const struct cursor *c, struct err *e);
    const char *json, *got, *expected;
} values[] = {
    { as_text, "\"\"", NULL, NULL },
    { as_text, "7", "7 (a number)", "a text" },
    { as_text, "[]", "an array", "a text" },
    { as_flag, "false", NULL, NULL },
    { as_flag, "0", "0 (a number)", "true or false" },
    { as_flag, "\"true\"", "\"true\" (a text)", "true or false" },
    { as_whole, "-3", NULL, NULL },
    { as_whole, "100", NULL, NULL },
    { as_whole, "-4", "-4", "a whole number from -3 to 100" },
    { as_whole, "101", "101", "a whole number from -3 to 100" },
    { as_whole, "9223372036854775807", "9223372036854775807", "from -3 to 100" },
    { as_whole, "7.0", "7.0 (a number)", "a whole number" },
    { as_whole, "\"7\"", "\"7\" (a text)", "a whole number" },
    { as_whole, "null", "null", "a whole number" },
    { as_whole, "true", "true or false", "a whole number" },
    { as_number, "7", NULL, NULL },
    { as_number, "-0.5", NULL, NULL },
    { as_number, "-0.51", "-0.51", "a number from -0.5 to 1e+09" },
    { as_number, "1e10", "1e+10", "a number from -0.5 to 1e+09" },
    { as_number, "\"NaN\"", "\"NaN\" (a text)", "a number" },
    { as_positive, "1e-300", NULL, NULL },
    { as_positive, "3", NULL, NULL },
    { as_positive, "0", "0", "a number above 0" },
    { as_positive, "-0.0", "-0.0", "a number above 0" },
    { as_positive, "{}", "an object", "a number above 0" },
    { as_word, "\"perhaps\"", NULL, NULL },
    { as_word, "\"Yes\"", "\"Yes\"", "no, yes or perhaps" },
    { as_word, "1", "1 (a number)", "no, yes or perhaps" },
    { cursor_object, "{}", NULL, NULL },
    { cursor_object, "[]", "an array", "an object" },
    { cursor_array, "[]", NULL, NULL },
    { cursor_array, "{}", "an object", "an array" },
    { cursor_array, "\"[]\"", "\"[]\" (a text)", "an array" },
};

static void values_are_read_as_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct err e = { 0 };
        char text[128];
        struct cursor top, c;
        int rc;

        snprintf(text, sizeof(text), "{\"x\": %s}", values[i].json);
        top = parse(text);
        c = cursor_member(&top, "x");
        rc = values[i].read(&c, &e);
        cursor_close(&top);
        if (!values[i].got && rc == 0)
            continue;
        if (!values[i].got || rc != ERR_FORMAT || strcmp(e.where, "f.json: x") != 0 ||
            strcmp(e.got, values[i].got) != 0 || !strstr(e.expected, values[i].expected))
            fail_row(values[i].json, "%d: %s: %s: got %s, expected %s", rc, e.where, e.what, e.got,
                     e.expected);
    }
}

/* ---- tables ---- */

enum colour { RED, GREEN };

struct all {
    const char *text;
    bool flag;
    uint32_t small;
    int64_t large;
    double number, positive;
    enum colour colour;
    size_t length;
};

static int read_length(const struct cursor *c, void *member, struct err *e)
{
    const char *text;
    int rc = cursor_text(c, &text, e);

    if (rc == 0)
        *(size_t *)member = strlen(text);
    return rc;
}

static const char *const colours[] = { [RED] = "red", [GREEN] = "green", NULL };
static const struct cursor_field fields[] = {
    { "text", FIELD_REQUIRED, FIELD_TEXT(struct all, text) },
    { "flag", FIELD_OPTIONAL, FIELD_FLAG(struct all, flag) },
    { "small", FIELD_OPTIONAL, FIELD_UINT32(struct all, small, 1, UINT32_MAX) },
    { "large", FIELD_NULLABLE, FIELD_INT64(struct all, large, -9, 9) },
    { "number", FIELD_OPTIONAL, FIELD_NUMBER(struct all, number, 0, 3600) },
    { "positive", FIELD_OPTIONAL, FIELD_POSITIVE(struct all, positive) },
    { "colour", FIELD_OPTIONAL, FIELD_WORD(struct all, colour, colours) },
    { "length", FIELD_OPTIONAL, FIELD_OWN(struct all, length, read_length) },
    { "rest", FIELD_OPTIONAL, FIELD_ANY },
    { 0 },
};

static void objects_are_read_by_tables(void **state)
{
    struct cursor top = parse(
        "{\"text\": \"t\", \"flag\": true, \"small\": 4294967295, \"large\": -9, \"number\": 0.5, "
        "\"positive\": 2, \"colour\": \"green\", \"length\": "
        "\"abc\", "
        "\"rest\": [{}]}");
    struct all a = { 0 };
    struct err e;

    (void)state;
    assert_ok(cursor_fields_only(&top, fields, &a, &e), &e);
    assert_string_equal(a.text, "t");
    assert_true(a.flag && a.small == UINT32_MAX && a.large == -9);
    assert_true(a.number == 0.5 && a.positive == 2);
    assert_true(a.colour == GREEN && a.length == 3);
    cursor_close(&top);
}

static void what_is_absent_stays_as_it_was(void **state)
{
    struct cursor top = parse("{\"text\": \"\", \"large\": null}");
    struct all a = { NULL, true, 1, 2, 3, 4, GREEN, 5 };
    struct err e;

    (void)state;
    assert_ok(cursor_fields(&top, fields, &a, &e), &e);
    assert_string_equal(a.text, "");
    assert_true(a.flag && a.small == 1 && a.large == 2 && a.number == 3 && a.positive == 4);
    assert_true(a.colour == GREEN && a.length == 5);
    cursor_close(&top);
}

static const struct {
    const char *json, *where, *got, *expected;
} wrong_objects[] = {
    { "[]", "f.json", "an array", "an object" },
    { "null", "f.json", "null", "an object" },
    { "{}", "f.json: text", "nothing", "a text" },
    { "{\"text\": null}", "f.json: text", "null", "a text" },
    { "{\"text\": \"\", \"flag\": null}", "f.json: flag", "null", "true or false" },
    { "{\"text\": \"\", \"small\": 0}", "f.json: small", "0", "from 1 to 4294967295" },
    { "{\"text\": \"\", \"small\": 4294967296}", "f.json: small", "4294967296", "from 1" },
    { "{\"text\": \"\", \"large\": 10}", "f.json: large", "10", "from -9 to 9" },
    { "{\"text\": \"\", \"number\": -1}", "f.json: number", "-1", "from 0 to 3600" },
    { "{\"text\": \"\", \"colour\": \"blue\"}", "f.json: colour", "\"blue\"", "red or green" },
    { "{\"text\": \"\", \"length\": 3}", "f.json: length", "3 (a number)", "a text" },
    { "{\"text\": \"\", \"more\": 3}", "f.json", "more", "text, flag, small" },
    { "{\"text\": \"\", \"\": 3}", "f.json", "", "rest" },
};

static void wrong_objects_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_objects); i++) {
        struct cursor top = parse(wrong_objects[i].json);
        struct all a = { 0 };
        struct err e = { 0 };
        int rc = cursor_fields_only(&top, fields, &a, &e);

        cursor_close(&top);
        if (rc != ERR_FORMAT || strcmp(e.where, wrong_objects[i].where) != 0 ||
            strcmp(e.got, wrong_objects[i].got) != 0 ||
            !strstr(e.expected, wrong_objects[i].expected))
            fail_row(wrong_objects[i].json, "%d: %s: %s: got %s, expected %s", rc, e.where, e.what,
                     e.got, e.expected);
    }
}

/* ---- hostile files ---- */

static void keys_of_the_file_are_shown_in_quotes(void **state)
{
    static const struct {
        const char *json, *where;
    } rows[] = {
        { "{\"a\": 1}", "f.json: [\"a\"]" },
        { "{\"\": 1}", "f.json: [\"\"]" },
        { "{\"a\\\"].b\": 1}", "f.json: [\"a\"].b\"]" },
        { "{\"a\\u001b[31m\\n\": 1}", "f.json: [\"a?[31m?\"]" },
        { "{\"%s%n\": 1}", "f.json: [\"%s%n\"]" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cursor top = parse(rows[i].json), item = { 0 };
        struct err e;

        assert_true(cursor_next(&top, &item));
        assert_refused(as_text(&item, &e), &e, ERR_FORMAT);
        assert_string_equal(e.where, rows[i].where);
        cursor_close(&top);
    }
}

/* A name that is asked for is plain where it looks like one. */
static void names_of_the_format_are_plain(void **state)
{
    struct cursor top = parse("{}"), token = cursor_member(&top, "<s>");
    struct cursor ids = cursor_member(&token, "token_ids-2");
    struct err e;

    (void)state;
    assert_refused(as_text(&ids, &e), &e, ERR_FORMAT);
    assert_string_equal(e.where, "f.json: [\"<s>\"].token_ids-2");
    cursor_close(&top);
}

static void long_keys_are_cut_between_two_characters(void **state)
{
    struct buf b = BUF_INIT(8 << 20);
    struct cursor top, item = { 0 }, below;
    struct err e;
    size_t bad;

    (void)state;
    buf_puts(&b, "{\"x");
    for (size_t i = 0; i < 1 << 20; i++)
        buf_puts(&b, "\xe2\x82\xac");
    buf_puts(&b, "\": {}}");
    top = parse(b.text);
    assert_true(cursor_next(&top, &item));
    below = cursor_member(&item, "size");
    assert_refused(as_whole(&below, &e), &e, ERR_FORMAT);
    assert_true(text_utf8(e.where, strlen(e.where), &bad));
    assert_contains(e.where, "f.json: [\"x\xe2\x82\xac");
    assert_contains(e.where, "...\"].size");
    assert_true(strlen(e.where) < 120);
    /* and where the key itself is what is wrong */
    assert_refused(cursor_only(&top, words, &e), &e, ERR_FORMAT);
    assert_true(text_utf8(e.got, strlen(e.got), &bad));
    assert_string_equal(e.where, "f.json");
    cursor_close(&top);
    buf_release(&b);
}

static void deep_paths_show_their_end(void **state)
{
    enum { DEPTH = 2000 };
    static struct cursor steps[DEPTH + 1];
    struct buf b = BUF_INIT(1 << 20);
    struct err e;

    (void)state;
    for (int i = 0; i < DEPTH; i++)
        buf_puts(&b, i % 2 ? "{\"key\":" : "[");
    buf_puts(&b, "7");
    for (int i = DEPTH; i-- > 0;)
        buf_puts(&b, i % 2 ? "}" : "]");
    steps[0] = parse(b.text);
    for (int i = 0; i < DEPTH; i++)
        steps[i + 1] = i % 2 ? cursor_member(&steps[i], "key") : cursor_element(&steps[i], 0);
    assert_refused(as_text(&steps[DEPTH], &e), &e, ERR_FORMAT);
    assert_string_equal(e.got, "7 (a number)");
    assert_contains(e.where, "f.json: ...");
    assert_string_equal(e.where + strlen(e.where) - strlen("].key[0].key"), "].key[0].key");
    assert_true(strlen(e.where) < sizeof(e.where) - 1);
    cursor_close(&steps[0]);
    buf_release(&b);
}

static void a_long_file_name_leaves_the_path(void **state)
{
    char name[4001] = "";
    struct cursor top = cursor_top(name, NULL), c = cursor_member(&top, "vision_config");
    struct err e;
    size_t bad;

    (void)state;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    memcpy(name + 3989, "config.json", 12);
    name[3988] = '/';
    assert_refused(as_text(&c, &e), &e, ERR_FORMAT);
    assert_true(text_utf8(e.where, strlen(e.where), &bad));
    assert_int_equal(strncmp(e.where, "...", 3), 0);
    assert_contains(e.where, "/config.json: vision_config");
}

static void long_texts_are_cut(void **state)
{
    struct buf b = BUF_INIT(8 << 20);
    struct cursor top;
    struct err e;
    size_t bad;

    (void)state;
    buf_putc(&b, '"');
    for (size_t i = 0; i < 1 << 20; i++)
        buf_puts(&b, "\xe2\x82\xac");
    buf_putc(&b, '"');
    top = parse(b.text);
    assert_refused(as_whole(&top, &e), &e, ERR_FORMAT);
    assert_true(text_utf8(e.got, strlen(e.got), &bad));
    assert_contains(e.got, "... (a text)");
    assert_string_equal(e.where, "f.json");
    cursor_close(&top);
    buf_release(&b);
}

static void what_is_no_json_is_refused_with_its_file_and_line(void **state)
{
    static const struct {
        const char *json, *got;
    } rows[] = {
        { "{\"a\": 1,\n \"a\": 2}", "duplicate" },
        { "{\"a\": 1} x", "end of file" },
        { "", "" },
        { "{\"a\\u0000\": 1}", "\\u0000" },
        { "{\"a\": 1e999}", "overflow" },
        { "{\"a\": NaN}", "NaN" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cursor top;
        struct err e;

        assert_refused(cursor_parse(&top, "f.json", rows[i].json, strlen(rows[i].json), &e), &e,
                       ERR_FORMAT);
        assert_contains(e.where, "f.json: line ");
        assert_contains(e.got, rows[i].got);
        assert_null(top.value);
        cursor_close(&top);
    }
}

static void files_are_opened_and_named(void **state)
{
    const char *path = scratch_path(state, "c.json");
    struct cursor top, c;
    struct err e;

    write_file(path, "{\"size\": 0}", 11);
    assert_ok(cursor_open(&top, path, 100, &e), &e);
    c = cursor_member(&top, "size");
    assert_refused(as_positive(&c, &e), &e, ERR_FORMAT);
    assert_contains(e.where, "c.json: size");
    cursor_close(&top);
    assert_refused(cursor_open(&top, path, 10, &e), &e, ERR_LIMIT);
    cursor_close(&top);
    assert_refused(cursor_open(&top, scratch_path(state, "none"), 10, &e), &e, ERR_IO);
    cursor_close(&top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_and_members_come_in_the_order_of_the_file),
        cmocka_unit_test(nothing_is_below_nothing),
        cmocka_unit_test(values_are_read_as_what_they_are),
        cmocka_unit_test(objects_are_read_by_tables),
        cmocka_unit_test(what_is_absent_stays_as_it_was),
        cmocka_unit_test(wrong_objects_are_refused_with_their_place),
        cmocka_unit_test(keys_of_the_file_are_shown_in_quotes),
        cmocka_unit_test(names_of_the_format_are_plain),
        cmocka_unit_test(long_keys_are_cut_between_two_characters),
        cmocka_unit_test(deep_paths_show_their_end),
        cmocka_unit_test(a_long_file_name_leaves_the_path),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_file_and_line),
        test_with_scratch(files_are_opened_and_named),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base cursor", tests, NULL, NULL);
}
