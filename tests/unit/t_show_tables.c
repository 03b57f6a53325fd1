/* SPDX-License-Identifier: MIT */
/*
 * show/text.h: tables in a terminal: which columns there are, what is left out and cut where it is
 * narrow. Words and bars: t_show_text.c.
 */
#include "support_show.h"

/* ---- what a terminal has room for ---- */

/* Columns of 15, 6, 6, 5, 5 and 11 characters with two spaces before each: 60. */
static const char whole_table[] = "  name             city     cells  share   more         95 %\n"
                                  "  ----------------------------------------------------------\n"
                                  "  Wearing_Necktie  Berlin  31 807   .795   .500  .791 - .799\n"
                                  "  Bald             Rome         5      -  1.000            -\n";

static void texts_stand_left_and_numbers_right(void **state)
{
    (void)state;
    check_text("in a file", page_of_rows("Wearing_Necktie", "Bald"), pipe_look, whole_table);
}

static void what_a_terminal_has_room_for_is_whole(void **state)
{
    static const size_t widths[] = { 60, 61, 80, 200 };

    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++)
        check_text("in a terminal", page_of_rows("Wearing_Necktie", "Bald"), terminal(widths[i]),
                   whole_table);
}

static void check_left_out(size_t width, const char *headings, const char *named)
{
    char *text = text_of_page(page_of_rows("Wearing_Necktie", "Bald"), terminal(width));
    char words[1000];

    if (strncmp(text + 2, headings, strlen(headings)) != 0)
        fail_row(headings, "%zu columns:\n%.450s", width, text);
    assert_contains(text, "Wearing_Necktie  "); /* which is not cut */
    unfold(text, words);
    assert_contains(words, named);
    free(text);
}

static void columns_are_left_out_by_their_rank_and_named_below(void **state)
{
    static const struct {
        size_t widest, narrowest; /* terminals that have room for just these columns */
        const char *headings, *named;
    } rows[] = {
        { 59, 47, "name             city     cells  share   more\n", ": 95 %)" },
        { 46, 40, "name             city     cells  share\n", ": more, 95 %)" },
        { 39, 32, "name              cells  share\n", ": city, more, 95 %)" },
        { 31, 24, "name             share\n", ": city, cells, more, 95 %)" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_left_out(rows[i].widest, rows[i].headings, rows[i].named);
        check_left_out(rows[i].narrowest, rows[i].headings, rows[i].named);
    }
}

static void texts_are_cut_once_no_column_is_left_to_leave_out(void **state)
{
    static const struct {
        size_t width;
        const char *first;
    } rows[] = {
        { 23, "  Wearing_Neck..   .795\n" },
        { 20, "  Wearing_N..   .795\n" },
        { 17, "  Wearin..   .795\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = text_of_page(page_of_rows("Wearing_Necktie", "Bald"), terminal(rows[i].width));

        assert_contains(text, rows[i].first);
        assert_contains(text, "  Bald  ");
        free(text);
    }
}

/* Of 20 and 10 characters: the wider one goes down to the other, then both. */
static void the_widest_text_is_cut_first(void **state)
{
    static const struct shown shown[] = { { "name", 0 }, { "name", 1, "other" }, { "share", 0 } };
    static const struct {
        size_t width;
        const char *row;
    } rows[] = {
        { 41, "  abcdefghijklmnopqrst  0123456789   .500\n" },
        { 33, "  abcdefghij..  0123456789   .500\n" },
        { 29, "  abcdefg..  0123456..   .500\n" },
    };
    const struct citizen m = { .name = "abcdefghijklmnopqrst", .share = 0.5 };
    const char *other = "0123456789";

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct page *p = page_new();
        char *text;

        table_row(page_table(p, &(struct layout){ .parts = { citizen_figures, figures_name },
                                                  .shown = shown,
                                                  .n_shown = COUNT(shown) }),
                  NULL, (const void *[]){ &m, &other, NULL, NULL });
        text = text_of_page(p, terminal(rows[i].width));
        assert_contains(text, rows[i].row);
        free(text);
    }
}

/* The rows of a table, without the note below it. */
static void check_rows_fit(const char *what, char *text, size_t width)
{
    char *note = strstr(text, "  (not shown");

    if (note)
        *note = '\0';
    check_width(what, text, width);
    free(text);
}

static void tables_fit_terminals_of_every_width(void **state)
{
    static const size_t widths[] = { 200, 80, 60, 59, 47, 40, 36, 33, 27, 24, 20 };

    (void)state;
    for (size_t n = 0; n < COUNT(wide); n++) {
        assert_int_equal(text_width(wide[n].text), wide[n].width);
        for (size_t i = 0; i < COUNT(widths); i++) {
            check_rows_fit(wide[n].what,
                           text_of_page(page_of_rows(wide[n].text, "Bald"), terminal(widths[i])),
                           widths[i]);
        }
    }
}

/* Where the cities begin, the widths of all that stands before them is the same. */
static void columns_stand_below_each_other_whatever_is_in_them(void **state)
{
    (void)state;
    for (size_t n = 0; n < COUNT(wide); n++) {
        char *text = text_of_page(page_of_rows(wide[n].text, "Bald"), pipe_look);
        size_t at = 2 + wide[n].width + 2;

        assert_int_equal(column_of(text, "city"), at);
        assert_int_equal(column_of(text, "Berlin"), at);
        assert_int_equal(column_of(text, "Rome"), at);
        free(text);
    }
}

/* The share is the last column, and ends where its heading does. */
static void check_cut(size_t n, size_t width)
{
    char *text = text_of_page(page_of_rows(wide[n].text, "Bald"), terminal(width));
    size_t bad;

    if (!strstr(text, ".. "))
        fail_row(wide[n].what, "nothing is cut in a terminal of %zu columns", width);
    assert_true(text_utf8(text, strlen(text), &bad));
    if (column_of(text, ".795") + 4 != column_of(text, "share") + 5)
        fail_row(wide[n].what, "the last column is moved in a terminal of %zu columns", width);
    free(text);
}

static void texts_of_narrow_characters_are_cut_to_their_column(void **state)
{
    (void)state;
    for (size_t width = 17; width < 2 + wide[1].width + 2 + 5; width++)
        check_cut(1, width);
}

static void texts_of_wide_characters_are_cut_to_their_column(void **state)
{
    (void)state;
    for (size_t width = 17; width < 2 + wide[0].width + 2 + 5; width++)
        check_cut(0, width);
}

static void a_note_of_what_is_left_out_fits_the_terminal(void **state)
{
    static const size_t widths[] = { 59, 46, 40, 31, 24 };

    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++) {
        char *text = text_of_page(page_of_rows("Wearing_Necktie", "Bald"), terminal(widths[i]));

        check_width("what is left out", text, widths[i]);
        free(text);
    }
}

/* As the report has the name of an annotator over a column of counts. */
static void a_long_heading_over_numbers_is_cut_too(void **state)
{
    static const char name[] = "llava-v1.6-mistral-7b-hf, asked one by one";
    static const size_t widths[] = { 80, 60, 40 };
    const struct shown shown[] = { { "name", 0 }, { "n", 0, name }, { "share", 0, name } };

    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++) {
        const struct citizen m = { .name = "all", .n = 31807 };
        struct page *p = page_new();
        struct table *t = page_table(p, &(struct layout){ .parts = { citizen_figures },
                                                          .shown = shown,
                                                          .n_shown = COUNT(shown) });

        table_row(t, NULL, (const void *[]){ &m, NULL, NULL, NULL });
        check_rows_fit("a long heading", text_of_page(p, terminal(widths[i])), widths[i]);
    }
}

/* ---- what a table shows ---- */

static void a_layout_names_its_columns_with_headings_and_decimals(void **state)
{
    static const struct shown shown[] = { { "share", 0, "of all", 1 },
                                          { "name", 1, "question" },
                                          { "many", 0 } };
    const struct citizen m = { .share = 0.25, .n = 3 };
    const char *name = "Bald", *hair = "Hair";
    struct page *p = page_new();
    struct table *t = page_table(p, &(struct layout){ .parts = { citizen_figures, figures_name },
                                                      .shown = shown,
                                                      .n_shown = COUNT(shown) });

    (void)state;
    table_row(t, NULL, (const void *[]){ &m, &name, NULL, NULL });
    table_rule(t);
    table_row(t, NULL, (const void *[]){ NULL, &hair, NULL, NULL }); /* nothing of one part */
    check_text("chosen columns", p, pipe_look,
               "  of all  question  many\n"
               "  ----------------------\n"
               "      .2  Bald         3\n"
               "  ----------------------\n"
               "       -  Hair         -\n");
}

static void a_layout_without_columns_shows_all_that_have_a_heading(void **state)
{
    (void)state;
    for (unsigned many = 0; many < 2; many++) {
        const struct citizen m = { "Bald", "Rome", 5, 0.5, 0.5, { 0.25, 0.75 } };
        struct page *p = page_new();
        struct table *t =
            page_table(p, &(struct layout){ .parts = { citizen_figures }, .many = many == 1 });
        char *text;

        table_row(t, NULL, (const void *[]){ &m, NULL, NULL, NULL });
        text = text_of_page(p, pipe_look);
        assert_null(strstr(text, "hidden"));
        assert_int_equal(strstr(text, "many") != NULL, many == 1);
        free(text);
    }
}

static void what_is_hidden_or_empty_is_not_shown(void **state)
{
    const struct citizen m = { "Bald", "Rome", 5, 0.5, 0.5, { 0.25, 0.75 } };
    struct page *p = page_new();
    struct table *t;

    (void)state;
    page_paragraph(p, "before");
    page_table(p, &(struct layout){ .parts = { citizen_figures } });
    t = page_table(p, &(struct layout){ .parts = { citizen_figures }, .hidden = true });
    table_row(t, NULL, (const void *[]){ &m, NULL, NULL, NULL });
    page_figures(p, citizen_figures, &m);
    page_count(p, "images", 3);
    page_open(p, "hidden", PAGE_OBJECT, true);
    page_heading(p, "in it");
    page_open(p, "inner", PAGE_OBJECT, false);
    page_paragraph(p, "in it, and open");
    page_close(p);
    page_note(p, "in it");
    add_rows(p, "in it", "too");
    page_close(p);
    page_open(p, "shown", PAGE_OBJECT, false);
    page_paragraph(p, "after");
    page_close(p);
    check_text("hidden", p, pipe_look, "before\nafter\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_stand_left_and_numbers_right),
        cmocka_unit_test(what_a_terminal_has_room_for_is_whole),
        cmocka_unit_test(columns_are_left_out_by_their_rank_and_named_below),
        cmocka_unit_test(texts_are_cut_once_no_column_is_left_to_leave_out),
        cmocka_unit_test(the_widest_text_is_cut_first),
        cmocka_unit_test(tables_fit_terminals_of_every_width),
        cmocka_unit_test(columns_stand_below_each_other_whatever_is_in_them),
        cmocka_unit_test(texts_of_narrow_characters_are_cut_to_their_column),
        test_with_scratch(texts_of_wide_characters_are_cut_to_their_column),
        cmocka_unit_test(a_note_of_what_is_left_out_fits_the_terminal),
        test_with_scratch(a_long_heading_over_numbers_is_cut_too),
        cmocka_unit_test(a_layout_names_its_columns_with_headings_and_decimals),
        cmocka_unit_test(a_layout_without_columns_shows_all_that_have_a_heading),
        cmocka_unit_test(what_is_hidden_or_empty_is_not_shown),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_tables", tests, NULL, NULL);
}
