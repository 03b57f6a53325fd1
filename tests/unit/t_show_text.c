/* SPDX-License-Identifier: MIT */
/*
 * show/text.h: a page as people read it in a terminal: words and bars, colour, and what never
 * reaches it. Tables: t_show_tables.c.
 */
#include "support_show.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

/* ---- words ---- */

static void blocks_follow_each_other_with_empty_lines_between(void **state)
{
    static const struct shown shown[] = { { "name", 0 }, { "n", 0 } };
    const struct citizen m = { .name = "Bald", .n = 5 };
    struct page *p = page_new();

    (void)state;
    page_paragraph(p, "One of %d.", 2);
    page_paragraph(p, "Two of 2.");
    page_heading(p, "Quality");
    table_row(
        page_table(p,
                   &(struct layout){ .parts = { citizen_figures }, .shown = shown, .n_shown = 2 }),
        NULL, (const void *[]){ &m, NULL, NULL, NULL });
    page_note(p, "a note on %s", "it");
    page_note(p, "another");
    page_paragraph(p, "Three.");
    page_line(p, "model", "a %s", "large one");
    page_line(p, "an image", "two");
    check_text("blocks", p, pipe_look,
               "One of 2.\n"
               "Two of 2.\n"
               "\n"
               "Quality\n"
               "  name  cells\n"
               "  -----------\n"
               "  Bald      5\n"
               "\n"
               "  a note on it\n"
               "  another\n"
               "\n"
               "Three.\n"
               "  model     a large one\n"
               "  an image  two\n");
}

static const char long_text[] =
    "Agreement must rise when only disputed cells get another vote: \xe7\x9c\xbc\xe9\x8f\xa1 by "
    "coin flip is what fair coins in place of those votes would give. Cells on which both agreed "
    "were not checked, cafe\xcc\x81 and all.";

/* Every line holds as many words as fit. */
static void check_filled(const char *text, size_t width)
{
    for (const char *end = strchr(text, '\n'); end && end[1] != '\0';
         text = end + 1, end = strchr(text, '\n')) {
        const char *next = end + 1 + strspn(end + 1, " ");
        size_t word = text_width_n(next, strcspn(next, " \n"));

        if (text_width_n(text, (size_t)(end - text)) + 1 + word <= width)
            fail_row("a line", "has room for one more word in %zu columns: '%.*s'", width,
                     (int)(end - text), text);
    }
}

static void check_folded(const char *what, struct page *p, size_t width, const char *label)
{
    size_t most = width < 100 ? width : 100; /* longer lines are hard to read */
    char *text = text_of_page(p, terminal(width)), words[1000], wanted[1000];

    check_width(what, text, most);
    check_filled(text, most);
    unfold(text, words);
    snprintf(wanted, sizeof(wanted), "%s%s", label, long_text);
    assert_string_equal(words, wanted);
    free(text);
}

static void words_are_folded_at_the_terminals_width(void **state)
{
    static const size_t widths[] = { 40, 60, 80, 200 };

    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++) {
        struct page *p = page_new();

        page_paragraph(p, "%s", long_text);
        check_folded("a paragraph", p, widths[i], "");
        p = page_new();
        page_note(p, "%s", long_text);
        check_folded("a note", p, widths[i], "");
        p = page_new();
        page_line(p, "\xe9\x80\x9f\xe5\xba\xa6", "%s", long_text);
        check_folded("a line", p, widths[i], "\xe9\x80\x9f\xe5\xba\xa6 ");
    }
}

static void a_folded_note_keeps_its_indent_and_a_line_its_column(void **state)
{
    struct page *p = page_new();

    (void)state;
    page_note(p, "a note that is longer than forty columns, so folded");
    page_line(p, "speed", "as many images as there are seconds in an hour");
    check_text("indents", p, terminal(40),
               "  a note that is longer than forty\n"
               "  columns, so folded\n"
               "  speed  as many images as there are\n"
               "         seconds in an hour\n");
}

static void a_file_gets_every_line_whole(void **state)
{
    struct page *p = page_new();
    char wanted[3000];

    (void)state;
    page_paragraph(p, "%s", long_text);
    page_note(p, "%s", long_text);
    page_line(p, "speed", "%s", long_text);
    snprintf(wanted, sizeof(wanted), "%s\n  %s\n  speed  %s\n", long_text, long_text, long_text);
    check_text("in a file", p, pipe_look, wanted);
}

static void headings_are_folded_too(void **state)
{
    static const size_t widths[] = { 80, 60, 40 };

    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++) {
        struct page *p = page_new();
        char *text;

        page_heading(p, "All questions: llava-next-8b against celeba; precision and recall of "
                        "llava-next-8b against the consensus");
        text = text_of_page(p, terminal(widths[i]));
        check_width("a heading", text, widths[i]);
        free(text);
    }
}

/* ---- bars ---- */

static struct page *page_of_bars(const char *name, const char *unit)
{
    struct page *p = page_new();
    struct bars *b = page_bars(p, unit);

    bars_add(b, &(struct bar){ name, 0.8, 0.75, 0.85, NAN });
    bars_add(b, &(struct bar){ "people", 0.9, NAN, NAN, 1 });
    return p;
}

/* From .7, the lowest tenth, to 1 in 40 characters, so .05 is 6.5 of them. */
static void bars_have_their_value_interval_and_mark_on_one_scale(void **state)
{
    struct page *p = page_new();

    (void)state;
    check_text("bars", page_of_bars("llava", "o: agreement"), pipe_look,
               "          0.7                                  1.0\n"
               "  llava   ......-------o-------...................\n"
               "  people  ..........................o............x\n"
               "          o: agreement\n");
    bars_add(page_bars(p, "o: agreement"), &(struct bar){ "people", NAN, NAN, NAN, NAN });
    check_text("unknown", p, pipe_look,
               "          0.9                                  1.0\n"
               "  people  ........................................\n"
               "          o: agreement\n");
}

static void bars_are_drawn_where_they_fit(void **state)
{
    (void)state;
    check_text("too narrow", page_of_bars("llava", "o: agreement"), terminal(49), "");
    for (size_t n = 0; n < COUNT(wide); n++) {
        size_t needed = 2 + wide[n].width + 2 + 40;
        char *text = text_of_page(page_of_bars(wide[n].text, "o: it"), terminal(needed));

        assert_int_equal(widest_of(text), needed);
        assert_int_equal(column_of(text, "......-"), column_of(text, "0.7"));
        free(text);
        check_text("too narrow", page_of_bars(wide[n].text, "o: it"), terminal(needed - 1), "");
    }
}

/* As the report draws them on the study's data, where 76 columns are enough for the bars. */
static void what_bars_mean_fits_below_them(void **state)
{
    char *text = text_of_page(page_of_bars("after: llava-next-8b = consensus",
                                           "o: agreement, -: its 95 % interval, x: by coin flip"),
                              terminal(80));

    (void)state;
    check_width("the meaning of bars", text, 80);
    free(text);
}

/* ---- what never reaches a terminal ---- */

static const char hostile[] = "a\033[31mb\nc\rd\x07\x7f\xc2\x9b"
                              "31me\tf";

static void add_hostile_heading(struct page *p, const char *name)
{
    page_heading(p, "of %s", name);
}

static void add_hostile_paragraph(struct page *p, const char *name)
{
    page_paragraph(p, "of %s", name);
}

static void add_hostile_note(struct page *p, const char *name)
{
    page_note(p, "of %s", name);
}

static void add_hostile_line(struct page *p, const char *name)
{
    page_line(p, "label", "of %s", name);
}

static void add_hostile_cell(struct page *p, const char *name)
{
    add_rows(p, name, "Bald");
}

static void add_table_headed(struct page *p, const char *name)
{
    const struct shown shown[] = { { "name", 0, name }, { "n", 0, name } };
    const struct citizen m = { .name = "Bald" };

    table_row(
        page_table(p,
                   &(struct layout){ .parts = { citizen_figures }, .shown = shown, .n_shown = 2 }),
        NULL, (const void *[]){ &m, NULL, NULL, NULL });
}

static void add_hostile_label(struct page *p, const char *name)
{
    page_line(p, name, "text");
}

static void add_hostile_bar(struct page *p, const char *name)
{
    bars_add(page_bars(p, "unit"), &(struct bar){ name, 0.5, 0.25, 0.75, NAN });
}

static void add_hostile_unit(struct page *p, const char *name)
{
    bars_add(page_bars(p, name), &(struct bar){ "llava", 0.5, 0.25, 0.75, NAN });
}

struct hostile_row {
    const char *what;
    void (*add)(struct page *p, const char *name);
    size_t width;
};

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void check_hostile(const struct hostile_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct page *harmless = page_new(), *p = page_new();
        char *text, *plain;

        rows[i].add(harmless, "a-[31mb-c-d----31me-f"); /* as long */
        rows[i].add(p, hostile);
        plain = text_of_page(harmless, terminal(rows[i].width));
        text = text_of_page(p, terminal(rows[i].width));
        check_harmless(rows[i].what, text);
        if (count_lines(text) != count_lines(plain))
            fail_row(rows[i].what, "other lines than\n%.450sin\n%.450s", plain, text);
        free(text);
        free(plain);
    }
}

static void control_characters_of_words_and_cells_never_reach_the_terminal(void **state)
{
    static const struct hostile_row rows[] = {
        { "a heading", add_hostile_heading, 0 },
        { "a paragraph", add_hostile_paragraph, 0 },
        { "a paragraph", add_hostile_paragraph, 80 },
        { "a note", add_hostile_note, 0 },
        { "a line", add_hostile_line, 0 },
        { "a cell", add_hostile_cell, 0 },
        { "a cell that is cut", add_hostile_cell, 20 },
        { "a column's heading", add_table_headed, 0 },
    };

    (void)state;
    check_hostile(rows, COUNT(rows));
}

static void control_characters_of_labels_and_bars_never_reach_the_terminal(void **state)
{
    static const struct hostile_row rows[] = {
        { "a line's label", add_hostile_label, 0 },
        { "a bar's name", add_hostile_bar, 0 },
        { "the bars' unit", add_hostile_unit, 0 },
        { "the heading of a column that is left out", add_table_headed, 20 },
    };

    (void)state;
    check_hostile(rows, COUNT(rows));
}

/* ---- colour ---- */

static void colour_is_only_where_it_is_asked_for(void **state)
{
    struct page *p = page_new();

    (void)state;
    page_heading(p, "Quality");
    page_paragraph(p, "Good.");
    check_text("in colour", p, (struct text_look){ .width = 80, .colour = true },
               "\033[1mQuality\033[0m\n"
               "Good.\n");
    p = page_new();
    page_heading(p, "Quality");
    check_text("without", p, terminal(80), "Quality\n");
}

/* ---- where it leads ---- */

static void files_and_pipes_get_everything_without_colour(void **state)
{
    FILE *file = fopen(scratch_path(state, "page.txt"), "w"), *pipe_end;
    int ends[2];
    struct text_look look;

    unsetenv("NO_COLOR");
    assert_non_null(file);
    look = text_look_of(file);
    assert_int_equal(look.width, 0);
    assert_false(look.colour);
    fclose(file);
    assert_int_equal(pipe(ends), 0);
    pipe_end = fdopen(ends[1], "w");
    assert_non_null(pipe_end);
    look = text_look_of(pipe_end);
    assert_int_equal(look.width, 0);
    assert_false(look.colour);
    fclose(pipe_end);
    close(ends[0]);
}

static void a_terminal_says_how_wide_it_is_and_has_colour_unless_told_otherwise(void **state)
{
    const struct winsize size = { .ws_row = 24, .ws_col = 93 };
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
    struct text_look look;
    FILE *out;

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip(); /* no terminals here */
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    out = fdopen(slave, "w");
    assert_non_null(out);
    unsetenv("NO_COLOR");
    look = text_look_of(out);
    assert_int_equal(look.width, 93);
    assert_true(look.colour);
    setenv("NO_COLOR", "1", 1);
    look = text_look_of(out);
    assert_int_equal(look.width, 93);
    assert_false(look.colour);
    unsetenv("NO_COLOR");
    fclose(out);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_follow_each_other_with_empty_lines_between),
        cmocka_unit_test(words_are_folded_at_the_terminals_width),
        cmocka_unit_test(a_folded_note_keeps_its_indent_and_a_line_its_column),
        cmocka_unit_test(a_file_gets_every_line_whole),
        cmocka_unit_test(headings_are_folded_too),
        cmocka_unit_test(bars_have_their_value_interval_and_mark_on_one_scale),
        cmocka_unit_test(bars_are_drawn_where_they_fit),
        cmocka_unit_test(what_bars_mean_fits_below_them),
        cmocka_unit_test(control_characters_of_words_and_cells_never_reach_the_terminal),
        test_with_scratch(control_characters_of_labels_and_bars_never_reach_the_terminal),
        cmocka_unit_test(colour_is_only_where_it_is_asked_for),
        test_with_scratch(files_and_pipes_get_everything_without_colour),
        cmocka_unit_test(a_terminal_says_how_wide_it_is_and_has_colour_unless_told_otherwise),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_text", tests, NULL, NULL);
}
