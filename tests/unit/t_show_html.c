/* SPDX-License-Identifier: MIT */
/*
 * show/html.h: a page as one HTML file: what its blocks become, that nothing in them is markup, and
 * charts. How it looks in a browser: tests/web/test_report_page.py.
 */
#include "support_show_results.h"

#include "show/html.h"
#include "show/picture.h"

/* free() it. The page is freed. */
static char *html_with(struct page *p, const struct html_look *look)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct err e;

    assert_non_null(out);
    assert_ok(page_html(p, out, look, &e), &e);
    assert_int_equal(fclose(out), 0);
    page_free(p);
    return text;
}

static char *html_of_page(struct page *p, const char *title)
{
    return html_with(p, &(struct html_look){ .title = title, .footer = "assent" });
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

static void check_has(const char *html, const char *part)
{
    if (!strstr(html, part))
        fail_row(part, "is not in\n%.700s", strstr(html, "<main"));
}

static void check_html(struct page *p, const char *const *parts, size_t n)
{
    char *html = html_of_page(p, "faces");

    for (size_t i = 0; i < n; i++)
        check_has(html, parts[i]);
    free(html);
}

/* ---- blocks ---- */

static void words_are_elements_of_their_kind(void **state)
{
    static const char *const parts[] = {
        "<title>faces</title>",
        "<h1>faces</h1>",
        "<p class=\"verdict\">12 of 40.</p>",
        "<dt>alone</dt><dd class=\"count\">1 028</dd><dd class=\"meaning\">can be used</dd>",
        "<li>Bald was never answered</li>\n<li>Smiling, too</li>\n</ul>",
        "<p>Next: people check cells</p>\n<pre tabindex=\"0\"><code>assent review</code></pre>",
        "<li><a href=\"#s1\">Quality</a></li>",
        "<section aria-labelledby=\"s1\">\n<h2 id=\"s1\">Quality</h2>\n<p>One.</p>",
        "<div class=\"notes\">\n<p>a note</p>\n<p>another</p>\n</div>",
        "<dl class=\"lines\">\n<div><dt>speed</dt><dd>3 s</dd></div>\n</dl>",
        "<footer>assent</footer>",
    };
    struct page *p = page_new();

    (void)state;
    page_verdict(p, "12 of 40.");
    page_tally(p, 1028, "alone", "can be used");
    page_alarm(p, "Bald was never answered");
    page_alarm(p, "Smiling, too");
    page_command(p, "people check cells", "assent review");
    page_heading(p, "Quality");
    page_paragraph(p, "One.");
    page_note(p, "a note");
    page_note(p, "another");
    page_line(p, "speed", "3 s");
    check_html(p, parts, COUNT(parts));
}

static void a_table_names_its_columns_and_rows(void **state)
{
    static const char *const parts[] = {
        "<caption>Summary</caption>",
        "<th scope=\"col\">name</th>",
        "<th scope=\"col\" class=\"n\">cells</th>",
        "<th scope=\"row\"><bdi>Bald</bdi></th><td><bdi>Berlin</bdi></td>"
        "<td class=\"n\">31 807</td><td class=\"n\">.795</td>",
        "<td class=\"n\">-</td>", /* no number */
    };

    (void)state;
    check_html(page_of_rows("Bald", "Smiling"), parts, COUNT(parts));
}

static void what_is_hidden_is_not_in_it(void **state)
{
    struct page *p = page_new();
    char *html;

    (void)state;
    page_open(p, "x", PAGE_OBJECT, true);
    page_paragraph(p, "a secret");
    page_close(p);
    page_text(p, "key", "a secret");
    page_table(p, &(struct layout){ .parts = { figures_name } });
    page_bars(p, "a secret");
    page_chart(p, &(struct chart_look){ .title = "a secret" });
    html = html_of_page(p, "faces");
    assert_null(strstr(html, "secret"));
    assert_null(strstr(html, "<table"));
    free(html);
}

/* ---- the report ---- */

static void a_picture_that_cannot_be_read_keeps_its_words(void **state)
{
    static const char *const parts[] = {
        "<div class=\"pictures\">\n<figure><figcaption><strong>Bald</strong> llava: yes "
        "(87.50&nbsp;%); "
        "celeba: no; not settled. a.png (cannot be read)</figcaption></figure>\n</div>",
    };
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    check_html(report_page(&r), parts, COUNT(parts));
    results_release(&r);
}

/* The bytes 1 2 3 are AQID. */
static void a_picture_is_in_the_file_or_beside_it(void **state)
{
    static const char *const folders[] = { NULL, "report's" };
    static const char *const sources[] = { "src=\"data:image/jpeg;base64,AQID\"",
                                           "src=\"report&#39;s/0001.jpg\"" };

    (void)state;
    for (size_t i = 0; i < COUNT(folders); i++) {
        struct page *p = page_new();
        char *html;

        page_picture(p, &(struct picture){ "\1\2\3", 3, "Bald", "llava: yes" });
        assert_int_equal(page_pictures_size(p), 3);
        html = html_with(p, &(struct html_look){ .title = "faces", .folder = folders[i] });
        check_has(html, sources[i]);
        check_has(html, i == 0 ? "img-src data:;" : "img-src 'self' file:;");
        free(html);
    }
}

static void every_figure_of_the_report_is_explained_once(void **state)
{
    struct results r;
    char *html, link[32];

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    html = html_of_page(report_page(&r), "faces");
    for (size_t i = 1; i <= count_of(html, "<div id=\"f"); i++) {
        snprintf(link, sizeof(link), "<div id=\"f%zu\">", i);
        assert_int_equal(count_of(html, link), 1);
        snprintf(link, sizeof(link), "href=\"#f%zu\"", i);
        assert_true(count_of(html, link) >= 1);
    }
    assert_true(count_of(html, "<div id=\"f") > 20);
    assert_int_equal(count_of(html, "<table"), count_of(html, "<caption>"));
    assert_null(strstr(html, "nan"));
    free(html);
    results_release(&r);
}

/* ---- nothing is markup ---- */

static const char hostile[] = "</title><script>alert(1)</script>\"'&\xff\x01";

static void names_are_never_markup(void **state)
{
    struct results r;
    struct page *p;
    char *html;

    (void)state;
    results_make(&r, "<script>", "<b onclick='x'>", "&amp;");
    p = report_page(&r);
    page_verdict(p, "%s", hostile);
    page_tally(p, 1, hostile, hostile);
    page_alarm(p, "%s", hostile);
    page_command(p, hostile, "%s", hostile);
    page_line(p, hostile, "%s", hostile);
    bars_add(page_bars(p, hostile), &(struct bar){ hostile, 0.5, 0.25, 0.75, NAN });
    chart_series(page_chart(p, &(struct chart_look){ hostile, hostile, hostile }), hostile,
                 CHART_LINE);
    html = html_of_page(p, hostile);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<b "));
    assert_null(strstr(html, "\xff"));
    check_has(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\xef\xbf\xbd");
    check_has(html, "&amp;amp;");
    free(html);
    results_release(&r);
}

static void numbers_are_not_broken(void **state)
{
    static const char *const parts[] = { "<p>of 8&nbsp;193 cells 46.9&nbsp;%, 3 of 4</p>",
                                         "<code>assent label 1 22</code>" };
    struct page *p = page_new();

    (void)state;
    page_paragraph(p, "of 8 193 cells 46.9 %%, 3 of 4");
    page_command(p, "x", "assent label 1 22");
    check_html(p, parts, COUNT(parts));
}

/* "one SHALOM OLAM, two": the two words are one run. */
static void words_from_right_to_left_are_isolated(void **state)
{
    static const char *const parts[] = {
        "<p>one <bdi>\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d</bdi> "
        "two</p>",
        "<p><bdi>\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85</bdi></p>",
    };
    struct page *p = page_new();

    (void)state;
    page_paragraph(p, "one \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d two");
    page_paragraph(p, "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85");
    check_html(p, parts, COUNT(parts));
}

/* ---- charts ---- */

static struct page *page_of_chart(struct chart_look look, const struct chart_mark *marks, size_t n)
{
    struct page *p = page_new();
    struct chart *c = page_chart(p, &look);

    chart_series(c, "llava", CHART_LINE);
    for (size_t i = 0; i < n; i++)
        chart_mark(c, &marks[i]);
    return p;
}

/* x: 64 to 624 for 0 to 1; y: 328 down to 14. */
static void marks_stand_where_their_numbers_say(void **state)
{
    static const struct chart_mark marks[] = { { 0, 0 },
                                               { 0.5, 0.5, 0.25, 0.75, "Bald" },
                                               { 1, 1 } };
    static const char *const parts[] = {
        "<title id=\"c1\">Reliability</title>",
        "d=\"M64.0 328.0L344.0 171.0L624.0 14.0\"",
        "<title>llava, Bald: said 0.5; right 0.5 (0.25 to 0.75)</title>",
        "<path class=\"whisker\" d=\"M344.0 249.5V92.5M340.0 249.5h8M340.0 92.5h8\"/>"
        "<circle cx=\"344.0\" cy=\"171.0\" r=\"4\"/>",
        "<path class=\"diagonal\" d=\"M64.0 328.0L624.0 14.0\"/>",
        "<figcaption>Reliability",
        "<bdi>llava</bdi>",
    };
    const struct chart_look look = {
        .title = "Reliability", .x = "said", .y = "right", .x_to = 1, .y_to = 1, .diagonal = true
    };

    (void)state;
    check_html(page_of_chart(look, marks, COUNT(marks)), parts, COUNT(parts));
}

/* From one tick to another; of one number around it; of a logarithm in powers of ten. */
static void axes_hold_all_their_marks(void **state)
{
    static const struct {
        struct chart_look look;
        struct chart_mark marks[2];
        const char *ticks[3];
    } rows[] = {
        { { 0 }, { { 3, 0.1 }, { 17, 0.9 } }, { ">0<", ">5<", ">20<" } },
        { { 0 }, { { 3, 0.1 }, { 3, 0.1 } }, { ">2<", ">3<", ">4<" } },
        { { .x_log = true }, { { 1, 0 }, { 100000, 1 } }, { ">1<", ">1000<", ">100000<" } },
        { { .x_log = true }, { { 0, 0 }, { 10, 1 } }, { ">10<", ">0<", ">1<" } },
        { { 0 }, { { -1e300, -1 }, { 1e300, 1 } }, { ">0<", ">-1<", ">1<" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *html = html_of_page(page_of_chart(rows[i].look, rows[i].marks, 2), "faces");

        for (size_t k = 0; k < 3; k++)
            check_has(html, rows[i].ticks[k]);
        assert_null(strstr(html, "nan"));
        assert_null(strstr(html, "inf"));
        free(html);
    }
}

/* A mark that is no number, or outside the axes that were asked for, is not drawn. */
static void what_has_no_place_is_not_drawn(void **state)
{
    static const struct chart_mark marks[] = {
        { NAN, 0.5 }, { 0.5, NAN }, { INFINITY, 0.5 }, { 2, 0.5 }, { 0.5, 0.5 }
    };
    const struct chart_look look = { .title = "t", .x_to = 1, .y_to = 1 };
    char *html = html_of_page(page_of_chart(look, marks, COUNT(marks)), "faces");

    (void)state;
    assert_int_equal(count_of(html, "<g class=\"mark\"><title>"), 1);
    free(html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_elements_of_their_kind),
        cmocka_unit_test(a_table_names_its_columns_and_rows),
        cmocka_unit_test(what_is_hidden_is_not_in_it),
        cmocka_unit_test(a_picture_that_cannot_be_read_keeps_its_words),
        cmocka_unit_test(a_picture_is_in_the_file_or_beside_it),
        cmocka_unit_test(every_figure_of_the_report_is_explained_once),
        cmocka_unit_test(names_are_never_markup),
        cmocka_unit_test(words_from_right_to_left_are_isolated),
        cmocka_unit_test(numbers_are_not_broken),
        cmocka_unit_test(marks_stand_where_their_numbers_say),
        cmocka_unit_test(axes_hold_all_their_marks),
        cmocka_unit_test(what_has_no_place_is_not_drawn),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_html", tests, NULL, NULL);
}
