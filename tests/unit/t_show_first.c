/* SPDX-License-Identifier: MIT */
/*
 * show/blocks.h: what the first screen of a report is made of, as a terminal has it; and charts,
 * which it has not.
 */
#include "support_show.h"

static struct page *first_screen(void)
{
    struct page *p = page_new();

    page_verdict(p, "The model may label %d of 40 questions alone.", 12);
    page_tally(p, 12, "alone", "its labels can be used");
    page_tally(p, 1028, "cannot say", "too few of them were drawn at random");
    page_alarm(p, "%s was never answered", "Bald");
    page_alarm(p, "Smiling is yes everywhere");
    page_command(p, "people check cells that are drawn at random",
                 "assent review --sample 200 --questions Bald,Smiling,Wearing_Necktie");
    return p;
}

static void its_parts_stand_apart_and_its_numbers_in_columns(void **state)
{
    (void)state;
    check_text("wide", first_screen(), pipe_look,
               "The model may label 12 of 40 questions alone.\n"
               "\n"
               "     12  alone       its labels can be used\n"
               "  1 028  cannot say  too few of them were drawn at random\n"
               "\n"
               "  ! Bald was never answered\n"
               "  ! Smiling is yes everywhere\n"
               "\n"
               "Next: people check cells that are drawn at random\n"
               "  assent review --sample 200 --questions Bald,Smiling,Wearing_Necktie\n");
}

/* A command so that a shell takes it as one. */
static void all_of_it_is_folded(void **state)
{
    (void)state;
    check_text("narrow", first_screen(), terminal(42),
               "The model may label 12 of 40 questions\n"
               "alone.\n"
               "\n"
               "     12  alone       its labels can be\n"
               "                     used\n"
               "  1 028  cannot say  too few of them were\n"
               "                     drawn at random\n"
               "\n"
               "  ! Bald was never answered\n"
               "  ! Smiling is yes everywhere\n"
               "\n"
               "Next: people check cells that are drawn at\n"
               "      random\n"
               "  assent review --sample 200 --questions \\\n"
               "  Bald,Smiling,Wearing_Necktie\n");
}

static const char hostile[] = "a\033[31mb\nc\rd\x07\x7f\xc2\x9b"
                              "31me\tf";

static void control_characters_never_reach_the_terminal(void **state)
{
    struct page *p = page_new();
    char *text;

    (void)state;
    page_verdict(p, "of %s", hostile);
    page_tally(p, 1, hostile, hostile);
    page_alarm(p, "%s", hostile);
    page_command(p, hostile, "assent review %s", hostile);
    text = text_of_page(p, pipe_look);
    check_harmless("the first screen", text);
    free(text);
}

static void a_terminal_and_a_document_have_no_charts(void **state)
{
    struct page *p = page_new();
    struct chart *c = page_chart(p, &(struct chart_look){ .title = "Reliability" });

    (void)state;
    chart_series(c, "llava", CHART_LINE);
    chart_mark(c, &(struct chart_mark){ 0.5, 0.25, 0.125, 0.5, "Bald" });
    check_text("a chart", p, pipe_look, "");
    p = first_screen();
    page_chart(p, &(struct chart_look){ .title = "Reliability" });
    check_document("words", p, "{}");
}

/* Without memory, and marks before there is a series. */
static void what_there_is_no_place_for_is_left(void **state)
{
    struct chart *c = page_chart(NULL, &(struct chart_look){ .title = "x" });
    struct page *p = page_new();

    (void)state;
    assert_null(c);
    chart_series(c, "x", CHART_POINTS);
    chart_mark(c, &(struct chart_mark){ 0 });
    page_verdict(NULL, "x");
    page_tally(NULL, 1, "x", "x");
    page_alarm(NULL, "x");
    page_command(NULL, "x", "x");
    chart_mark(page_chart(p, &(struct chart_look){ .title = "x" }), &(struct chart_mark){ 0 });
    check_text("no series", p, pipe_look, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_parts_stand_apart_and_its_numbers_in_columns),
        cmocka_unit_test(all_of_it_is_folded),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(a_terminal_and_a_document_have_no_charts),
        cmocka_unit_test(what_there_is_no_place_for_is_left),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_first", tests, NULL, NULL);
}
