/* SPDX-License-Identifier: MIT */
/*
 * show/json.h: a page as a document: its members, their old names, numbers as they are; and what is
 * said where memory ran out. The documents of the jobs: t_show_documents.c.
 */
#include "support_show.h"

/* ---- their members in a document ---- */

struct measured {
    const char *name, *note;
    double rate;
    struct stats_interval interval;
    uint64_t n;
    bool done;
    struct stats_table table;
};

#define AT(member) .at = offsetof(struct measured, member)

static const struct figure measured_figures[] = {
    { "name", "name", .kind = FIGURE_TEXT, AT(name) },
    { "note", NULL, .kind = FIGURE_TEXT, AT(note), .flags = FIGURE_OPTIONAL },
    { "rate_per_image", "rate", "a rate", FIGURE_NUMBER, AT(rate), .decimals = 3,
      .old_key = "rate_an_image" },
    { "rate_shown", "rate", "the same", FIGURE_PERCENT, AT(rate), .flags = FIGURE_HIDDEN },
    { "interval", "95 %", "its interval", FIGURE_INTERVAL, AT(interval), .decimals = 3 },
    { "n", "n", "cells", FIGURE_COUNT, AT(n) },
    { "many", "many", "of more than two", FIGURE_COUNT, AT(n), .flags = FIGURE_MANY },
    { "done", NULL, NULL, FIGURE_FLAG, AT(done) },
    { "counts", NULL, NULL, FIGURE_TABLE, AT(table), .flags = FIGURE_OPTIONAL },
    { 0 },
};

static struct page *page_of_figures(const struct measured *m)
{
    struct page *p = page_new();

    page_figures(p, measured_figures, m);
    return p;
}

static void figures_are_members_with_their_old_keys_beside_them(void **state)
{
    uint64_t counts[] = { 4, 3, 2, 1 };
    const struct measured m = {
        "a", "b", 0.25, { 0.125, 0.5 }, 7, true, { .k = 2, .counts = counts }
    };

    (void)state;
    check_document("measured", page_of_figures(&m),
                   "{\"name\": \"a\", \"note\": \"b\", \"rate_per_image\": 0.25,"
                   " \"rate_an_image\": 0.25, \"interval\": [0.125, 0.5], \"n\": 7,"
                   " \"done\": true, \"counts\": [[4, 3], [2, 1]]}");
}

static void what_is_not_defined_is_null_and_what_is_optional_is_left_out(void **state)
{
    const struct measured m = { NULL, NULL, NAN, { NAN, NAN }, 0, false, { .k = 0 } };

    (void)state;
    check_document("undefined", page_of_figures(&m),
                   "{\"name\": null, \"rate_per_image\": null, \"rate_an_image\": null,"
                   " \"interval\": [null, null], \"n\": 0, \"done\": false}");
}

static void numbers_keep_their_full_precision(void **state)
{
    static const uint64_t large = 9007199254740993; /* 2^53 + 1, which is no double */
    const struct measured m = { .rate = 0.1 + 0.2, .interval = { 1e-300, 1 / 3.0 }, .n = large };
    struct page *p = page_of_figures(&m);
    struct json_t *document;
    int64_t n;

    (void)state;
    page_count(p, "more", large);
    document = document_of_page(p);
    assert_near("0.1 + 0.2", number_of(document, "rate_per_image"), 0.30000000000000004, 0);
    assert_near("1e-300", number_of(document, "interval[]"), 1e-300, 0);
    assert_true(jv_integer(value_at(document, "n"), &n));
    assert_int_equal(n, large);
    assert_true(jv_integer(value_at(document, "more"), &n));
    assert_int_equal(n, large);
    jv_free(document);
}

/* ---- a page's document ---- */

static void words_and_bars_are_not_in_the_document(void **state)
{
    struct page *p = page_new();

    (void)state;
    page_heading(p, "heading");
    page_paragraph(p, "paragraph");
    page_note(p, "note");
    page_line(p, "label", "line");
    bars_add(page_bars(p, "unit"), &(struct bar){ "bar", 0.5, 0.25, 0.75, NAN });
    check_document("words", p, "{}");
}

static void values_are_in_the_scope_that_is_open(void **state)
{
    struct page *p = page_new();

    (void)state;
    page_text(p, "name", "faces");
    page_text(p, "none", NULL);
    page_set(p, "list", jv_texts((const char *[]){ "a", "b" }, 2));
    page_open(p, "cost", PAGE_OBJECT, true);
    page_count(p, "images", 3);
    page_open(p, "prices", PAGE_OBJECT, false);
    page_count(p, "wage", 4);
    page_close(p);
    page_close(p);
    page_open(p, "results", PAGE_ELEMENT, false);
    page_count(p, "x", 1);
    page_close(p);
    page_open(p, "results", PAGE_ELEMENT, true);
    page_close(p);
    page_open(p, "cost", PAGE_OBJECT, true); /* once more: the same object */
    page_count(p, "cells", 5);
    page_close(p);
    check_document("scopes", p,
                   "{\"name\": \"faces\", \"none\": null, \"list\": [\"a\", \"b\"],"
                   " \"cost\": {\"images\": 3, \"prices\": {\"wage\": 4}, \"cells\": 5},"
                   " \"results\": [{\"x\": 1}, {}]}");
}

static const struct figure count_figures[] = { { "n", "n", "cells", FIGURE_COUNT, AT(n) },
                                               { "many", "many", "of more than two", FIGURE_COUNT,
                                                 AT(n), .flags = FIGURE_MANY },
                                               { 0 } };

static struct page *page_of_keys(bool many, bool hidden)
{
    struct page *p = page_new();
    struct measured m = { .n = 1 };
    const char *name = "Bald";
    struct table *t = page_table(p, &(struct layout){ .parts = { figures_name, count_figures },
                                                      .many = many,
                                                      .hidden = hidden });

    table_list(t, "groups"); /* which gets no row */
    table_row(t, "questions[]", (const void *[]){ &name, &m, NULL, NULL });
    m.n = 2;
    table_row(t, "macro", (const void *[]){ &name, &m, NULL, NULL });
    m.n = 3;
    table_row(t, NULL, (const void *[]){ &name, &m, NULL, NULL }); /* for people */
    name = "Hair";
    table_row(t, "questions[]", (const void *[]){ &name, NULL, NULL, NULL });
    return p;
}

static void rows_go_where_their_keys_say(void **state)
{
    (void)state;
    for (unsigned hidden = 0; hidden < 2; hidden++) {
        check_document("two annotators", page_of_keys(false, hidden),
                       "{\"groups\": [], \"questions\": [{\"name\": \"Bald\", \"n\": 1},"
                       " {\"name\": \"Hair\"}], \"macro\": {\"n\": 2}}");
        check_document("more", page_of_keys(true, hidden),
                       "{\"groups\": [], \"questions\": [{\"name\": \"Bald\", \"n\": 1,"
                       " \"many\": 1}, {\"name\": \"Hair\"}], \"macro\": {\"n\": 2, \"many\": 2}}");
    }
}

static void a_page_keeps_what_it_was_given(void **state)
{
    char name[] = "Bald", key[] = "name";
    const char *borrowed = name;
    struct measured m = { .n = 7 };
    struct page *p = page_new();
    struct table *t = page_table(p, &(struct layout){ .parts = { figures_name, count_figures } });

    (void)state;
    table_row(t, "questions[]", (const void *[]){ &borrowed, &m, NULL, NULL });
    page_text(p, key, name);
    memset(name, 'x', 4);
    memset(key, 'x', 4);
    m.n = 0;
    check_document("kept", p,
                   "{\"questions\": [{\"name\": \"Bald\", \"n\": 7}], \"name\": \"Bald\"}");
}

/* ---- memory that ran out ---- */

static void everything_takes_a_page_that_is_not_there(void **state)
{
    const char *name = "x";
    struct measured m = { 0 };
    struct json_t *document;
    struct table *t;
    struct err e;

    (void)state;
    page_heading(NULL, "x");
    page_paragraph(NULL, "x");
    page_note(NULL, "x");
    page_line(NULL, "x", "x");
    page_set(NULL, "x", jv_array());
    page_count(NULL, "x", 1);
    page_text(NULL, "x", "x");
    page_figures(NULL, measured_figures, &m);
    page_open(NULL, "x", PAGE_OBJECT, false);
    page_close(NULL);
    t = page_table(NULL, &(struct layout){ .parts = { figures_name } });
    table_row(t, "x", (const void *[]){ &name, NULL, NULL, NULL });
    table_rule(t);
    table_list(t, "x");
    bars_add(page_bars(NULL, "x"), &(struct bar){ .name = "x" });
    page_free(NULL);
    assert_refused(page_print(NULL, stdout, pipe_look, &e), &e, ERR_NOMEM);
    assert_refused(page_json(NULL, &document, &e), &e, ERR_NOMEM);
    assert_null(document);
}

/* A value without memory is NULL. */
static void what_a_page_could_not_keep_is_said_when_it_is_shown(void **state)
{
    struct page *p = page_new();
    struct json_t *document;
    struct err e;

    (void)state;
    page_text(p, "before", "x");
    page_set(p, "lost", NULL);
    page_text(p, "after", "x");
    assert_refused(page_print(p, stdout, pipe_look, &e), &e, ERR_NOMEM);
    assert_refused(page_json(p, &document, &e), &e, ERR_NOMEM);
    assert_null(document);
    page_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_members_with_their_old_keys_beside_them),
        cmocka_unit_test(what_is_not_defined_is_null_and_what_is_optional_is_left_out),
        cmocka_unit_test(numbers_keep_their_full_precision),
        cmocka_unit_test(words_and_bars_are_not_in_the_document),
        cmocka_unit_test(values_are_in_the_scope_that_is_open),
        cmocka_unit_test(rows_go_where_their_keys_say),
        cmocka_unit_test(a_page_keeps_what_it_was_given),
        cmocka_unit_test(everything_takes_a_page_that_is_not_there),
        cmocka_unit_test(what_a_page_could_not_keep_is_said_when_it_is_shown),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_json", tests, NULL, NULL);
}
