/* SPDX-License-Identifier: MIT */
/*
 * base/: JSON values, read and written, and streams of them.
 */
#include "support.h"

/* ---- JSON values ---- */

static struct json_t *parse(const char *text)
{
    struct json_t *v = NULL;
    struct err e;

    assert_ok(jv_parse(&v, text, strlen(text), &e), &e);
    return v;
}

static void json_values_answer_for_their_own_type_only(void **state)
{
    struct json_t *v = parse("[\"t\", 1, 2.5, true, null, [7], {\"k\": 8}]");
    static const char *const types[] = { "a text", "a number", "a number", "true or false",
                                         "null",   "an array", "an object" };
    int64_t i = 0;
    double x = 0;

    (void)state;
    for (size_t k = 0; k < COUNT(types); k++) {
        const struct json_t *item = jv_at(v, k);

        assert_string_equal(jv_type_name(item), types[k]);
        assert_int_equal(jv_text(item) != NULL, k == 0);
        assert_int_equal(jv_integer(item, &i), k == 1);
        assert_int_equal(jv_number(item, &x), k == 1 || k == 2);
        assert_int_equal(jv_is_true(item), k == 3);
        assert_int_equal(jv_is_null(item), k == 4);
        assert_int_equal(jv_is_array(item), k == 5);
        assert_int_equal(jv_is_object(item), k == 6);
    }
    assert_true(jv_integer(jv_at(v, 1), &i) && i == 1);
    assert_true(jv_number(jv_at(v, 2), &x) && x == 2.5);
    assert_int_equal(jv_length(v), 7);
    assert_int_equal(jv_members(jv_at(v, 6)), 1);
    assert_true(jv_integer(jv_get(jv_at(v, 6), "k"), &i) && i == 8);
    jv_free(v);
}

static void json_takes_nothing_for_an_answer(void **state)
{
    void *iterator = NULL;
    const char *key;
    struct json_t *value;
    int64_t i;
    double x;

    (void)state;
    assert_null(jv_text(NULL));
    assert_false(jv_number(NULL, &x));
    assert_false(jv_integer(NULL, &i));
    assert_false(jv_is_null(NULL));
    assert_false(jv_is_true(NULL));
    assert_null(jv_get(NULL, "k"));
    assert_int_equal(jv_length(NULL), 0);
    assert_null(jv_at(NULL, 0));
    assert_int_equal(jv_members(NULL), 0);
    assert_false(jv_member(NULL, &iterator, &key, &value));
    assert_string_equal(jv_type_name(NULL), "nothing");
    jv_free(NULL);
}

static void json_members_come_in_the_order_of_the_file(void **state)
{
    static const char *const keys[] = { "zebra", "ant", "Ant", "", "mule" };
    struct json_t *v = parse("{\"zebra\":0,\"ant\":1,\"Ant\":2,\"\":3,\"mule\":4}");
    void *iterator = NULL;
    const char *key;
    struct json_t *value;
    size_t n = 0;

    (void)state;
    for (; jv_member(v, &iterator, &key, &value); n++) {
        int64_t i = -1;

        assert_string_equal(key, keys[n]);
        assert_true(jv_integer(value, &i) && i == (int64_t)n);
    }
    assert_int_equal(n, COUNT(keys));
    jv_free(v);
}

static void json_parse_refuses(void **state, const char *text, size_t len, const char *where)
{
    struct json_t *v = NULL;
    struct err e;

    (void)state;
    assert_refused(jv_parse(&v, text, len, &e), &e, ERR_FORMAT);
    assert_null(v);
    assert_contains(e.where, where);
}

static void json_parse_refuses_what_is_no_json(void **state)
{
    static const char *const rows[] = {
        "",        "{",          "[1,]",  "{\"a\":1,}", "[1] 2",      "{\"a\":1,\"a\":2}",
        "[01]",    "['a']",      "[NaN]", "nope",       "[\"\xff\"]", "[\"\\ud800\"]",
        "[1e999]", "[\"a\nb\"]", "[1}",   "{a:1}",      "[1 2]",      "{\"a\":{\"b\":1,\"b\":1}}",
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        json_parse_refuses(state, rows[i], strlen(rows[i]), "line 1");
    json_parse_refuses(state, "[1,\n2,\n x]", 10, "line 3");
    json_parse_refuses(state, "[1]\0", 4, "line 1");
}

static void json_parse_takes_2048_levels_and_no_more(void **state)
{
    char text[2 * 2049];
    struct json_t *v = NULL;
    struct err e;

    memset(text, '[', 2048);
    memset(text + 2048, ']', 2048);
    assert_ok(jv_parse(&v, text, 4096, &e), &e);
    jv_free(v);
    memset(text, '[', 2049);
    memset(text + 2049, ']', 2049);
    json_parse_refuses(state, text, 4098, "line 1");
}

/* Texts that hold the member's name in other places stay as they are. */
static void json_without_a_member_is_the_rest(void **state)
{
    static const struct {
        const char *text, *left;
    } rows[] = {
        { "{\"a\":1,\"bytes\":[1, 20,3],\"b\":2}", "{\"a\": 1, \"b\": 2}" },
        { "[{\"a\":1 , \"bytes\" : []}, 5]", "[{\"a\": 1}, 5]" },
        { "{\"a\":1,\"bytes\":[1],\"c\":[2,3],\"d\":4}", "{\"a\": 1, \"c\": [2, 3], \"d\": 4}" },
        { "{\"bytes\":[1],\"a\":2}", "{\"bytes\": [1], \"a\": 2}" },
        { "{\"a\":1,\"bytes\":[\"x\"]}", "{\"a\": 1, \"bytes\": [\"x\"]}" },
        { "{\"a\":1,\"n\":123456789012345678901234}", "{\"a\": 1, \"n\": 1.23456789e23}" },
        { "[12345678901234567890123,0.5000000000000000000000,7]", "[1.23456789e22, 0.5, 7]" },
        { "{\"a\":1,\"bytes\":null}", "{\"a\": 1, \"bytes\": null}" },
        { "[\",\\\"bytes\\\":[1]\",\"bytes\"]", "[\",\\\"bytes\\\":[1]\", \"bytes\"]" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_t *v;
        struct err e;
        char *left;

        assert_ok(jv_parse_without(&v, "t", "bytes", rows[i].text, strlen(rows[i].text), &e), &e);
        left = jv_print_line(v);
        assert_string_equal(left, rows[i].left);
        free(left);
        jv_free(v);
        for (size_t cut = 0; cut < strlen(rows[i].text); cut++)
            assert_int_equal(jv_parse_without(&v, "t", "bytes", rows[i].text, cut, &e), ERR_FORMAT);
    }
}

static void json_print_reads_through_again(void **state)
{
    static const double numbers[] = { 0, -1, 0.486, 1e-9, 123456789012.0 };
    struct json_t *list = jv_array(), *v;
    char *text;
    double x;

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_true(jv_append(list, jv_real(numbers[i])));
    v = jv_pack("{s:s, s:i, s:o}", "name", "caf\xc3\xa9 \"x\"\n", "n", 3, "list", list);
    assert_true(jv_set(v, "none", jv_real(NAN)));
    assert_true(jv_set(v, "all", jv_real(INFINITY)));
    text = jv_print(v);
    assert_non_null(text);
    jv_free(v);
    v = parse(text);
    free(text);
    assert_string_equal(jv_text(jv_get(v, "name")), "caf\xc3\xa9 \"x\"\n");
    assert_true(jv_is_null(jv_get(v, "none")) && jv_is_null(jv_get(v, "all")));
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_true(jv_number(jv_at(jv_get(v, "list"), i), &x));
        assert_near("a number", x, numbers[i], fabs(numbers[i]) * 1e-11);
    }
    jv_free(v);
}

static void json_writing_carries_a_failure_to_the_end(void **state)
{
    struct json_t *list = jv_array();
    char *text;

    (void)state;
    assert_null(jv_pack("{s:o}", "list", NULL));
    assert_false(jv_append(list, NULL));
    assert_false(jv_append(NULL, jv_array()));
    assert_false(jv_set(NULL, "k", jv_array()));
    assert_null(jv_print(NULL));
    jv_free(list);
    assert_null(jv_quoted("\xff")); /* not UTF-8 */
    text = jv_quoted("a\"\\\n\x01");
    assert_string_equal(text, "\"a\\\"\\\\\\n\\u0001\"");
    free(text);
}

/* ---- JSON streams ---- */

/* Reads a whole stream. The keys and printed values that came, one a line, are in *seen. */
static int read_stream(const char *text, size_t len, struct buf *seen, struct err *e)
{
    struct reader *r = NULL;
    struct jv_stream s;
    struct json_t *value;
    char *key;
    int rc;

    assert_ok(reader_open_memory(&r, "data.json", text, len, e), e);
    rc = jv_stream_start(&s, r, e);
    if (rc == 0)
        while ((rc = jv_stream_next(&s, &key, &value, e)) == 1) {
            char *printed = jv_print(value);

            for (const char *c = printed; *c; c++)
                if (*c != ' ' && *c != '\n')
                    buf_putc(seen, *c);
            buf_printf(seen, " %s\n", key ? key : "-");
            free(printed);
            free(key);
            jv_free(value);
        }
    assert_true(rc < 0 || jv_stream_next(&s, &key, &value, e) == 0); /* the end stays the end */
    reader_close(r);
    return rc;
}

static void stream_gives_every_element(void **state)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        { "[]", "" },
        { "{}", "" },
        { " \n[ ] \r\n\t", "" },
        { "[{}]", "{} -\n" },
        { "[[1,2],[3]]", "[1,2] -\n[3] -\n" },
        { "\xef\xbb\xbf[ \"a\" , {\"b\":[]} ,[ ] ]\n", "\"a\" -\n{\"b\":[]} -\n[] -\n" },
        { "{\"9189\":[-1,1],\"4401\":{\"Bald\":1}}", "[-1,1] 9189\n{\"Bald\":1} 4401\n" },
        { "{ \"a\\n\\u00e9\" : \"x\" }", "\"x\" a\n\xc3\xa9\n" },
        { "[\"]\",\"}\"]", "\"]\" -\n\"}\" -\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf seen = BUF_INIT(1 << 16);
        struct err e;

        buf_puts(&seen, "");
        assert_ok(read_stream(rows[i].text, strlen(rows[i].text), &seen, &e), &e);
        assert_string_equal(seen.text, rows[i].seen);
        buf_release(&seen);
    }
}

static void stream_without_a_key_wanted_frees_it(void **state)
{
    struct reader *r = NULL;
    struct jv_stream s;
    struct json_t *value;
    struct err e;

    (void)state;
    assert_ok(reader_open_memory(&r, "data.json", "{\"a\":[]}", 8, &e), &e);
    assert_ok(jv_stream_start(&s, r, &e), &e);
    assert_int_equal(jv_stream_next(&s, NULL, &value, &e), 1);
    jv_free(value);
    assert_int_equal(jv_stream_next(&s, NULL, &value, &e), 0);
    reader_close(r);
}

static void check_stream_refused(const char *what, const char *text, size_t len, unsigned line)
{
    struct buf seen = BUF_INIT(1 << 16);
    char where[32];
    struct err e;
    int rc = read_stream(text, len, &seen, &e);

    if (rc != ERR_FORMAT)
        fail_row(what, "returned %d", rc);
    snprintf(where, sizeof(where), "data.json:%u", line);
    if (strcmp(e.where, where) != 0)
        fail_row(what, "is said to be at %s: %s", e.where, e.what);
    buf_release(&seen);
}

static void stream_refuses_what_is_no_json(void **state)
{
    static const struct {
        const char *what, *text;
        unsigned line;
    } rows[] = {
        { "nothing", "", 1 },
        { "spaces only", " \n ", 2 },
        { "a text", "\"abc\"", 1 },
        { "a number", "12", 1 },
        { "a bare number as an element", "[1]", 1 },
        { "a bare number as a value", "{\"a\":\n 1}", 2 },
        { "a bare word", "[true]", 1 },
        { "null", "{\"a\":null}", 1 },
        { "trailing comma in an array", "[{},\n]", 2 },
        { "trailing comma in an object", "{\"a\":[],\n}", 2 },
        { "leading comma", "[,{}]", 1 },
        { "two commas", "[{},,{}]", 1 },
        { "no comma", "[{}\n{}]", 2 },
        { "no colon", "{\"a\" []}", 1 },
        { "no value", "{\"a\":}", 1 },
        { "no key", "{[]}", 1 },
        { "a key without quotes", "{a:[]}", 1 },
        { "text behind", "[{}]\nx", 2 },
        { "a second value behind", "[] []", 1 },
        { "the other bracket", "[{}}", 1 },
        { "truncated at once", "[", 1 },
        { "truncated after an element", "[{}", 1 },
        { "truncated after a comma", "[{},", 1 },
        { "truncated in an element", "[{},\n{\"a\":[1,", 2 },
        { "truncated in a key", "{\"ab", 1 },
        { "truncated after a key", "{\"ab\"", 1 },
        { "truncated in a text", "[\"abc", 1 },
        { "duplicate keys within", "[{},\n{\"a\":1,\"a\":2}]", 2 },
        { "duplicate keys deeper", "{\"x\":{\"y\":{\"a\":1,\"a\":1}}}", 1 },
        { "invalid UTF-8", "[\"\xff\"]", 1 },
        { "invalid UTF-8 in a key", "{\"\xff\":[]}", 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_stream_refused(rows[i].what, rows[i].text, strlen(rows[i].text), rows[i].line);
    check_stream_refused("a NUL byte", "[\0]", 3, 1);
}

static void stream_bounds_the_size_of_an_element(void **state)
{
    const size_t len = JV_ELEMENT_MAX + 1000;
    struct buf seen = BUF_INIT(16);
    char *text = malloc(len);
    struct err e;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "[\"", 2);
    memcpy(text + len - 2, "\"]", 2);
    assert_refused(read_stream(text, len, &seen, &e), &e, ERR_LIMIT);
    assert_string_equal(e.where, "data.json:1");
    free(text);
    buf_release(&seen);
}

static void print_exact_gives_each_real_back(void **state)
{
    static const double reals[] = { 0.1, 1.0 / 3, 5.1144338897040541e-5, 4.9e-324, 1.7e308, -0.0 };

    (void)state;
    for (size_t i = 0; i < COUNT(reals); i++) {
        struct json_t *v = jv_real(reals[i]), *again;
        char *text = jv_print_exact(v);
        struct err e;
        double x;

        assert_non_null(text);
        assert_ok(jv_parse(&again, text, strlen(text), &e), &e);
        assert_true(jv_number(again, &x));
        assert_memory_equal(&x, &reals[i], sizeof(x));
        jv_free(v);
        jv_free(again);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_values_answer_for_their_own_type_only),
        cmocka_unit_test(json_takes_nothing_for_an_answer),
        cmocka_unit_test(json_members_come_in_the_order_of_the_file),
        cmocka_unit_test(json_parse_refuses_what_is_no_json),
        cmocka_unit_test(json_parse_takes_2048_levels_and_no_more),
        cmocka_unit_test(json_without_a_member_is_the_rest),
        cmocka_unit_test(json_print_reads_through_again),
        cmocka_unit_test(json_writing_carries_a_failure_to_the_end),
        cmocka_unit_test(stream_gives_every_element),
        cmocka_unit_test(stream_without_a_key_wanted_frees_it),
        cmocka_unit_test(stream_refuses_what_is_no_json),
        cmocka_unit_test(stream_bounds_the_size_of_an_element),
        cmocka_unit_test(print_exact_gives_each_real_back),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("base_json", tests, NULL, NULL);
}
