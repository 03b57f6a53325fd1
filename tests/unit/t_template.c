/* SPDX-License-Identifier: MIT */
/*
 * vlm/template: every case of tests/data/template/cases.jsonl, which tools/oracle/templates.py has
 * from transformers; what is refused, by name and line; bounds; hostile templates.
 */
#include <time.h>

#include "support.h"

#include "template/template.h"

static const struct template_input cat = { "Is it a cat?", "<s>", "</s>", NULL };

/* Parses and renders; free(*out). */
static int render(const char *text, size_t len, const struct template_input *input, char **out,
                  struct err *e)
{
    struct template *t = NULL;
    int rc = template_parse(&t, "chat_template.jinja", text, len, e);

    *out = NULL;
    if (rc == 0)
        rc = template_render(t, input, out, e);
    template_free(t);
    return rc;
}

/* ---- transformers' cases ---- */

static const char *text_or(const struct json_t *v, const char *fallback)
{
    return jv_text(v) ? jv_text(v) : fallback;
}

static size_t check_case(const struct json_t *c)
{
    const struct template_input input = { text_or(jv_get(c, "question"), cat.question),
                                          text_or(jv_get(c, "bos"), cat.bos_token),
                                          text_or(jv_get(c, "eos"), cat.eos_token),
                                          jv_text(jv_get(c, "answer")) };
    const char *text = jv_text(jv_get(c, "template")), *wanted = jv_text(jv_get(c, "output"));
    bool fails = jv_is_true(jv_get(c, "error"));
    char *got;
    struct err e;
    int rc = render(text, strlen(text), &input, &got, &e);
    size_t wrong = fails ? rc == 0 : rc < 0 || !text_equal(got, wanted);

    if (wrong)
        print_error("%s\n  gives    %s\n  expected %s\n", text, rc < 0 ? e.what : got,
                    fails ? "an error" : wanted);
    free(got);
    return wrong;
}

static void cases_are_as_transformers_has_them(void **state)
{
    size_t n = 0, wrong = 0, len;
    struct reader *r;
    const char *line;
    struct err e;
    char *path = data_path("template", "cases.jsonl");

    (void)state;
    assert_ok(reader_open(&r, path, &e), &e);
    for (int rc; (rc = reader_line(r, &line, &len, &e)) != 0; n++) {
        struct json_t *c;

        assert_ok(rc, &e);
        assert_ok(jv_parse(&c, line, len, &e), &e);
        wrong += check_case(c);
        jv_free(c);
    }
    reader_close(r);
    free(path);
    assert_int_equal(wrong, 0);
    assert_true(n > 500);
}

/* ---- refusals ---- */

struct refusal {
    const char *text, *what, *where;
};

static void check_refusals(const struct refusal *rows, size_t n, enum err_code code)
{
    for (size_t i = 0; i < n; i++) {
        char *got;
        struct err e = { 0 };
        int rc = render(rows[i].text, strlen(rows[i].text), &cat, &got, &e);

        if (rc != (int)code || e.code != code)
            fail_row(rows[i].text, "returned %d (%s)", rc, rc < 0 ? e.what : got);
        if (!strstr(e.what, rows[i].what) && !strstr(e.expected, rows[i].what))
            fail_row(rows[i].text, "says '%s', expected '%s'", e.what, e.expected);
        if (rows[i].where && strcmp(e.where, rows[i].where) != 0)
            fail_row(rows[i].text, "at '%s', not '%s'", e.where, rows[i].where);
    }
}

#define AT_LINE(n) "chat_template.jinja:" #n

/* Jinja has all of these. */
static void what_is_not_implemented_is_refused_by_name(void **state)
{
    static const struct refusal rows[] = {
        { "{% macro f(x) %}{% endmacro %}", "the statement macro", AT_LINE(1) },
        { "a\n\n{% include 'x' %}", "the statement include", AT_LINE(3) },
        { "{% import 'x' as y %}", "the statement import", AT_LINE(1) },
        { "{% from 'x' import y %}", "the statement from", AT_LINE(1) },
        { "\n{% extends 'x' %}", "the statement extends", AT_LINE(2) },
        { "{% block a %}{% endblock %}", "the statement block", AT_LINE(1) },
        { "{% call f() %}{% endcall %}", "the statement call", AT_LINE(1) },
        { "{% filter upper %}a{% endfilter %}", "the statement filter", AT_LINE(1) },
        { "{% with x = 1 %}{% endwith %}", "the statement with", AT_LINE(1) },
        { "{% set x | upper %}{% endset %}", "a filter", AT_LINE(1) },
        { "{% for x in [] recursive %}{% endfor %}", "recursive", AT_LINE(1) },
        { "{{ 1\n\n.5 }}{{ 0.5 }}", "a fraction", AT_LINE(3) },
        { "{{ 1e5 }}", "a fraction", AT_LINE(1) },
        { "{{ 0x10 }}", "not decimal", AT_LINE(1) },
        { "{{ 99999999999999999999 }}", "beyond 64 bits", AT_LINE(1) },
        { "{{ f(*a) }}", "arguments behind *", AT_LINE(1) },
        { "{{ f(**a) }}", "arguments behind **", AT_LINE(1) },
        { "{{ '\\N{DASH}' }}", "a named character", AT_LINE(1) },
        { "{{ 'a\\x00' }}", "no character", AT_LINE(1) },
        { "{{ 1 / 2 }}", "the operator /", AT_LINE(1) },
        { "{{ 2 ** 3 }}", "the operator **", AT_LINE(1) },
        { "{{ '%s' % 1 }}", "the operator %", AT_LINE(1) },
        { "a\n{{ strftime_now('%d') }}", "the function strftime_now", AT_LINE(2) },
        { "{{ dict(a=1) }}", "the function dict", AT_LINE(1) },
        { "{{ [2, 1] | sort }}", "the filter sort", AT_LINE(1) },
        { "{{ [1] | tojson(indent=4) }}", "the argument indent", AT_LINE(1) },
        { "{{ ['a'] | map('upper') }}", "map with a filter", AT_LINE(1) },
        { "{{ 'a' is upper }}", "the test upper", AT_LINE(1) },
        { "{{ 'a'.isdigit() }}", "the member isdigit", AT_LINE(1) },
        { "{{ [1].append(2) }}", "the member append", AT_LINE(1) },
        { "{{ messages[0].pop('role') }}", "the member pop", AT_LINE(1) },
        { "{{ ''.__class__ }}", "the member __class__", AT_LINE(1) },
        { "{{ messages['__class__'] }}", "the member __class__", AT_LINE(1) },
        { "{% for x in [1] %}{{ loop.cycle(1) }}{% endfor %}", "the member cycle", AT_LINE(1) },
        { "{% set ns = namespace() %}{% set ns._x = 1 %}", "the member _x", AT_LINE(1) },
        { "{{ 'é' | upper }}", "letters beyond ASCII", AT_LINE(1) },
        { "{{ ['é'] }}", "letters beyond ASCII", AT_LINE(1) },
        { "{{ [1] < [2] }}", "the order of lists", AT_LINE(1) },
        { "{{ {(1,): 2} }}", "a dict key of type 'tuple'", AT_LINE(1) },
        { "{{ range(3) }}", "prints a range", AT_LINE(1) },
        { "{{ namespace() }}", "prints a Namespace", AT_LINE(1) },
        { "{{ messages[0].get }}", "prints a method", AT_LINE(1) },
        { "{% set x = [1] | select %}{{ x | list }}{{ x | list }}", "goes twice", AT_LINE(1) },
    };

    (void)state;
    check_refusals(rows, COUNT(rows), ERR_FORMAT);
}

static void what_makes_no_sense_says_where(void **state)
{
    static const struct refusal rows[] = {
        { "\n{{ raise_exception('roles must ' ~ 'alternate') }}",
          "the template says: roles must "
          "alternate",
          AT_LINE(2) },
        { "{% for m in messages %}\n{{ 'x' + m['content'] }}{% endfor %}",
          "can only concatenate str (not \"list\") to str", AT_LINE(2) },
        { "{{ a\n.b }}", "'a' is undefined", AT_LINE(2) },
        { "{% if 1 %}\n\n", "endif", AT_LINE(2) },
        { "{% for x in [1] %}{% endif %}", "a statement", AT_LINE(1) },
        { "a\n{{ 'b", "never closed", AT_LINE(2) },
        { "\n{# b", "never closed", AT_LINE(2) },
        { "{% raw %}", "never closed", AT_LINE(1) },
        { "{{ 1 ", "never closed", AT_LINE(1) },
        { "{{ (1] }}", "brackets do not match", AT_LINE(1) },
        { "{{ 1 2 }}", "}}", AT_LINE(1) },
        { "{% set x = %}", "an expression", AT_LINE(1) },
        { "{% break %}", "a loop", AT_LINE(1) },
        { "{{ f(a=1, 2) }}", "by place behind one by name", AT_LINE(1) },
        { "{{ 'a'.split(1, 2, 3) }}", "from 0 to 2", AT_LINE(1) },
    };

    (void)state;
    check_refusals(rows, COUNT(rows), ERR_FORMAT);
}

/* ---- bounds ---- */

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void endless_work_ends(void **state)
{
    static const struct refusal rows[] = {
        { "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "",
          NULL },
        { "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(1000) %}"
          "{% set ns.s = ns.s + ns.s %}{% endfor %}",
          "too large", NULL },
        { "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(1000) %}"
          "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
          "too large", NULL },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(1000) %}"
          "{% set ns.s = ns.s + ns.s %}{% endfor %}",
          "", NULL },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}"
          "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
          "", NULL },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}"
          "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s == ns.s[0] }}{{ ns.s }}",
          "", NULL },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(1000) %}"
          "{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s == [ns.s] }}",
          "nested too deeply", NULL },
        { "{{ 'a' * 9223372036854775807 }}", "too large", NULL },
        { "{{ [1] * 9223372036854775807 }}", "too large", NULL },
        { "{{ 9223372036854775807 + 1 }}", "beyond 64 bits", NULL },
        { "{{ -(-9223372036854775807 - 1) }}", "beyond 64 bits", NULL },
        { "{{ 9223372036854775807 * 2 }}", "beyond 64 bits", NULL },
        { "{{ (-9223372036854775807 - 1) // -1 }}", "beyond 64 bits", NULL },
        { "{{ range(9223372036854775807) }}", "range too big", NULL },
        { "{{ range(-9223372036854775807, 9223372036854775807) }}", "range too big", NULL },
        { "{% set a = 'a' * 1000000 %}{{ a }}{{ a }}", "output is too large", NULL },
        { "{% set a = 'a' * 1000000 %}{% for i in range(100000) %}{{ a == a ~ '' }}{% endfor %}",
          "", NULL },
        { "{% set a = 'ab' * 400000 %}{% for i in range(100000) %}{{ 'b' * 9 in a }}{% endfor %}",
          "", NULL },
        { "{% set a = ' ' * 1000000 %}{% for i in range(100000) %}{{ a.strip() }}{% endfor %}", "",
          NULL },
        { "{% set a = 'a' * 1000000 %}{% for i in range(100000) %}{{ a | length }}{% endfor %}", "",
          NULL },
        { "{% set a = 'a' * 1000000 %}{% for i in range(100000) %}{{ a[999999] }}{% endfor %}", "",
          NULL },
        { "{% set a = 'a' * 1000000 %}{{ a.replace('a', a) }}", "too large", NULL },
        { "{% set a = 'a' * 1000 %}{% for i in range(100000) %}{{ a.split('a') }}{% endfor %}", "",
          NULL },
        { "{% set a = 'xy' * 50000 %}{% set b = 'z' * 100000 ~ 'xy' %}{% for i in range(1000) %}"
          "{{ a.strip(b) }}{% endfor %}",
          "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double start = seconds();

        check_refusals(&rows[i], 1, ERR_LIMIT);
        if (seconds() - start > 2) /* a second, and room for sanitizers */
            fail_row(rows[i].text, "took %.1f s", seconds() - start);
    }
}

/* prefix, n times middle, suffix */
static void check_repeated(const char *prefix, const char *middle, const char *suffix, size_t n,
                           bool refused)
{
    struct buf b = BUF_INIT(TEMPLATE_FILE_MAX + 1);
    double start = seconds();
    struct err e = { 0 };
    char *out;
    int rc;

    buf_puts(&b, prefix);
    for (size_t i = 0; i < n; i++)
        buf_puts(&b, middle);
    buf_puts(&b, suffix);
    assert_ok(buf_end(&b, "a template", &e), &e);
    rc = render(b.text, b.len, &cat, &out, &e);
    if (refused ? rc != ERR_LIMIT && rc != ERR_FORMAT : rc < 0)
        fail_row(middle, "returned %d (%s)", rc, rc < 0 ? e.what : "");
    if (seconds() - start > 2)
        fail_row(middle, "took %.1f s", seconds() - start);
    free(out);
    buf_release(&b);
}

static void depth_is_bounded(void **state)
{
    static const struct {
        const char *prefix, *middle, *suffix;
        bool refused;
    } rows[] = {
        { "{{ ", "(", "", true },
        { "{{ ", "[", "", true },
        { "{{ ", "{1:", "", true },
        { "{{ ", "not ", "1 }}", true },
        { "{{ ", "- ", "1 }}", true },
        { "{{ 1", " + 1", " }}", true },
        { "{{ 1", " ~ 1", " }}", true },
        { "{{ 1", " and 1", " }}", true },
        { "{{ 1", " < 1", " }}", false }, /* a chain, not a tree */
        { "{{ a", ".b", " }}", true },
        { "{{ 'a'", "[0]", " }}", true },
        { "{{ 'a'", "|upper", " }}", true },
        { "{{ 1 if 1 else ", "1 if 1 else ", "1 }}", true },
        { "{{ 1 ", "if 1 ", "}}", true },
        { "{{ f", "()", " }}", true },
        { "{{ f", "(f", " }}", true },
        { "", "{% if 1 %}", "", true },
        { "", "{% for x in [1] %}", "", true },
        { "{% if 0 %}", "{% elif 0 %}", "{% endif %}", true },
        { "", "{% generation %}", "", true },
        { "", "{% set x %}", "", true },
        { "{% set ", "(", "a", true },
        { "", "{% set a = 1 %}", "", false },
        { "", "{# c #}", "", false },
        { "", "{{ 1 }}", "", false },
        { "{% raw %}", "{%", "", true },
        { "{% raw %}", "{% ", "", true },
        { "", "{#", "", true },
        { "", "{", "", true },
        { "", "{ ", "", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_repeated(rows[i].prefix, rows[i].middle, rows[i].suffix, 40000, rows[i].refused);
    check_repeated("{{ ", "(", "1", 10, true);
    check_repeated("{{ 'a'", " + 'a'", " }}", 100, false);
    check_repeated("{% if 0 %}", "{% elif 0 %}", "{% endif %}", 50, false);
}

static void sizes_are_bounded(void **state)
{
    struct err e;
    struct template *t;
    char *text = calloc(1, TEMPLATE_FILE_MAX + 1), *out;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', TEMPLATE_FILE_MAX + 1);
    assert_refused(template_parse(&t, "x", text, TEMPLATE_FILE_MAX + 1, &e), &e, ERR_LIMIT);
    assert_null(t);
    assert_refused(render(text, TEMPLATE_FILE_MAX, &cat, &out, &e), &e, ERR_LIMIT);
    assert_ok(render(text, TEMPLATE_OUTPUT_MAX - 1, &cat, &out, &e), &e);
    assert_int_equal(strlen(out), TEMPLATE_OUTPUT_MAX - 1);
    free(out);
    free(text);
}

/* ---- hostile ---- */

static void bytes_that_are_no_text_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = { { "a\0b", 3 }, { "\xff", 1 }, { "{{ '\xc3' }}", 8 }, { "\xed\xa0\x80", 3 } };
    const struct template_input bad = { "\xff", NULL, NULL, NULL },
                                none = { "q", NULL, NULL, NULL };
    const struct template_input bad_answer = { "q", NULL, NULL, "\xff" };
    struct err e;
    char *out;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(render(rows[i].text, rows[i].len, &cat, &out, &e), &e, ERR_FORMAT);
    assert_refused(render("a", 1, &bad, &out, &e), &e, ERR_FORMAT);
    assert_refused(render("a", 1, &bad_answer, &out, &e), &e, ERR_FORMAT);
    assert_ok(render("[{{ bos_token }}]", 17, &none, &out, &e), &e);
    assert_string_equal(out, "[]");
    free(out);
    template_free(NULL);
}

/* Every beginning of a template, and every template that lacks a byte. */
static void cut_templates_end(void **state)
{
    static const char whole[] =
        "{%- set ns = namespace(n=0) -%}{% for m in messages if m.role == 'user' %}\n"
        "{{ m['content'][1:][0].text | trim ~ '\\u00e9' }}{# c #}{% set ns.n = ns.n + 1 %}\n"
        "{% if loop.first and not (1 in [2, 3]) %}a{% elif x is defined %}b{% else %}c{% endif %}\n"
        "{% raw %}{{{% endraw %}{% generation %}{{ ('x' if 1 else {}) }}{% endgeneration %}\n"
        "{% endfor %}{{ messages[0].content | selectattr('type', 'equalto', 'text') | list }}";
    const size_t len = sizeof(whole) - 1;
    char cut[sizeof(whole)], *out;
    struct err e;

    (void)state;
    assert_ok(render(whole, len, &cat, &out, &e), &e);
    free(out);
    for (size_t i = 0; i < len; i++) {
        render(whole, i, &cat, &out, &e);
        free(out);
        memcpy(cut, whole, i);
        memcpy(cut + i, whole + i + 1, len - i - 1);
        render(cut, len - 1, &cat, &out, &e);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_as_transformers_has_them),
        cmocka_unit_test(what_is_not_implemented_is_refused_by_name),
        cmocka_unit_test(what_makes_no_sense_says_where),
        cmocka_unit_test(endless_work_ends),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(cut_templates_end),
    };

    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
