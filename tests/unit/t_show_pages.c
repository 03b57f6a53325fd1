/* SPDX-License-Identifier: MIT */
/*
 * show/show.h: the pages of the jobs in a terminal: their widths, the names in them, their
 * sentences. Their documents: t_show_documents.c.
 */
#include "support_show_results.h"

/* ---- widths ---- */

static const char wide_name[] = "\xe7\x9c\xbc\xe9\x8f\xa1-next-8b";

static void nothing_is_left_out_in_a_wide_terminal_or_a_file(void **state)
{
    static const size_t widths[] = { 200, 0 };
    struct results r;

    (void)state;
    results_make(&r, wide_name, "cafe\xcc\x81", "anna");
    for (size_t j = 0; j < COUNT(jobs); j++)
        for (size_t i = 0; i < COUNT(widths); i++) {
            char *text = text_of_page(jobs[j].page(&r), terminal(widths[i]));

            if (strstr(text, "not shown at this width") || strstr(text, ".. "))
                fail_row(jobs[j].name, "something is missing in %zu columns", widths[i]);
            if (widths[i] > 0)
                check_width(jobs[j].name, text, widths[i]);
            free(text);
        }
    results_release(&r);
}

static void check_page_fits(const struct job *job, size_t width)
{
    struct results r;
    char *text;

    results_make(&r, wide_name, "cafe\xcc\x81", "anna");
    text = text_of_page(job->page(&r), terminal(width));
    check_width(job->name, text, width);
    free(text);
    results_release(&r);
}

static void no_page_is_wider_than_its_terminal(void **state)
{
    (void)state;
    for (size_t j = 0; j < COUNT(jobs); j++) {
        check_page_fits(&jobs[j], 80);
        check_page_fits(&jobs[j], 60);
        if (jobs[j].page != report_page)
            check_page_fits(&jobs[j], 40);
    }
}

/* Whose columns of numbers are headed by the names of annotators. */
static void the_report_fits_a_terminal_of_forty_columns(void **state)
{
    (void)state;
    for (size_t j = 0; j < COUNT(jobs); j++)
        if (jobs[j].page == report_page)
            check_page_fits(&jobs[j], 40);
}

/* ---- figures ---- */

/* A row of a table, one space between its words. Ties are rounded to even, as printf does. */
static const struct {
    struct page *(*page)(const struct results *r);
    const char *row;
} shown_rows[] = {
    { agree_page, "question n agree 95 % (images) kappa AC1 alpha yes 1st yes 2nd precision "
                  "recall F1" },
    { agree_page, "Bald 31 807 .750 .730 - .770 .703 .672 .656 .625 .609 .594 .578 .562" },
    { agree_page, "pooled (all cells) 31 807 .812 .792 - .833 .766 .734 .719 .688 .672 .656 "
                  ".641 .625" },
    { agree_many_page, "question n agree 95 % (images) kappa AC1 alpha Fleiss" },
    { agree_many_page, "Bald 31 807 .750 .730 - .770 .703 .672 .656 -" },
    { consensus_page, "llava model 31 807 .890625 .8975875 40" },
    { consensus_page, "anna human 31 807 .890625 - 40" },
    { consensus_page, "Bald 5 1 llava" },
    { report_page, "llava may answer 1 of 3 questions alone, and 1 more where it is sure: "
                   "1 600 of 3 000 answers may be used." },
    { report_page, "1 alone all answers may be used: Bald 1 check" },
    { report_page, "On 2026-11-20T08:00:00Z 420 of 3 000 cells were drawn at random for "
                   "people, in 12 strata" },
    { report_page, "anna answered from 2026-11-20T09:00:00Z to 2026-11-21T10:00:00Z" },
    { report_page, "llava model 2 2026-11-18T08:00:00Z 2026-11-18T09:00:00Z 0123456789ab" },
    { report_page, "before: llava = celeba .8125 .7925 - .8325 - .766 .812" },
    { report_page, "after: llava = consensus .9375 .9175 - .9575 .8976 .891 .938" },
    { report_page, "objective .750 .730 - .770 .703 .875 .875" },
    { report_page, "Bald .750 .730 - .770 .703 .672 .625 .609 .719 .703" },
    { report_page, "all 1 1 1 0" },
    { report_page, "objective 1 0 0 0" },
    { report_page, "Bald .970 60 32 .530 .900" },
    { report_page, "llava 25.0 % 31 807 12" },
    { report_page, "llava 523 1 000 52.3 %" },
    { report_page, "low agreement Bald 50.0 % 70.0 %" },
    { report_page, "low agreement: Bald 50.0 %, " },
    { report_page, "52.0 % and 4 more; the threshold is 70.0 %" },
    { report_page, "1 000 the model's answers 1.10 0.000370 .6" },
    { report_page, "people's labels 37.50 0.0125 2.5" },
    { report_page, "people's votes on disputes 7.50 0.0125 .5" },
    { report_page, "anna 80 2.5 640 .12 5 75.0 % 6 50.0 %" },
    { status_page, "llava model 3 000 100.0 % 0 0" },
    { status_page, "anna 80 3 1 4 2 2026-11-22T10:00:00Z" },
    { ask_page, "Is she bald? unparseable .6250 .2500" },
    { model_page, "in at most 5 tiles" },
    { model_page, "178 x 218 672 x 336 3 1 080 1 900 1 TFLOP 30 TFLOP 20.0 times 188 250 MB" },
    { model_page, "9000 x 10: too narrow" },
    { model_page, "multi_modal_projector.linear_1.weight 4096 x 1024 bf16 "
                  "model-00001-of-00004.safetensors" },
    { reviewers_page, "anna reviewer 2026-11-20 -" },
    { reviewers_page, "owner owner 2026-11-19 2026-11-22" },
};

static void pages_show_the_figures_of_their_results(void **state)
{
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    for (size_t i = 0; i < COUNT(shown_rows); i++) {
        char *text = text_of_page(shown_rows[i].page(&r), pipe_look), *words = strdup(text);

        unfold(text, words);
        if (!strstr(words, shown_rows[i].row))
            fail_row(shown_rows[i].row, "is no row of its page");
        free(words);
        free(text);
    }
    results_release(&r);
}

/* ---- names, as a database that somebody else made may hold them ---- */

static void check_names_are_harmless(const char *job, struct page *page)
{
    char *text = text_of_page(page, pipe_look);

    check_harmless(job, text);
    free(text);
}

static void names_of_annotators_do_nothing_to_a_terminal(void **state)
{
    struct results r;

    (void)state;
    results_make(&r, "m\033[31m", "p\nq\xc2\x9b", "r\x07\x7f");
    for (size_t j = 0; j < COUNT(jobs); j++)
        if (jobs[j].page != report_page)
            check_names_are_harmless(jobs[j].name, jobs[j].page(&r));
    results_release(&r);
}

static void names_in_the_reports_bars_do_nothing_to_a_terminal(void **state)
{
    struct results r;

    (void)state;
    results_make(&r, "m\033[31m", "p\nq\xc2\x9b", "r\x07\x7f");
    check_names_are_harmless("report", report_page(&r));
    results_release(&r);
}

/* ---- sentences ---- */

/* Nothing varies, nobody resampled, there are no prices, and nobody has settled a drawn cell. */
static void undefine(struct results *r)
{
    struct stats_figures *f = &r->before.all.pooled;

    f->value[STATS_KAPPA] = f->value[STATS_PRECISION] = NAN;
    f->bootstrap = f->kappa_bootstrap = f->wilson = (struct stats_interval){ NAN, NAN };
    r->before.all.macro_kappa_columns = 0;
    r->report.cost.here.model_share = r->report.cost.here.process_share = NAN;
    r->report.cost.break_even = (struct cost_break_even){ 0.01, NAN, NAN, NAN };
    r->report.coin_flip[0] = r->report.coin_flip[1] = NAN;
    r->report.review.sample.agreement = NAN;
    r->report.review.people[0].seconds = NAN;
    r->consensus.annotators[0].coin_flip = NAN;
}

static void check_no_nan(const char *job, struct page *p)
{
    char *text = text_of_page(p, pipe_look);
    const char *nan = strstr(text, "nan"), *null = strstr(text, "(null)");

    if (nan || null)
        fail_row(job, "says '%.40s'", nan ? nan : null);
    free(text);
}

static void undefined_figures_are_no_numbers_in_a_sentence(void **state)
{
    const struct review_forecast nobody = { .seconds = NAN, .hours = NAN, .cost = NAN };
    const struct plan_result no_price = { .annotator = "llava",
                                          .model = "m",
                                          .family = "f",
                                          .dtype = "d",
                                          .images = 1,
                                          .seconds = 1,
                                          .cost = NAN };
    struct planned_question unknown = { "Bald", 0, NAN, NULL, 0, 0, NAN };
    const struct accept_plan hopeless = { .questions = &unknown,
                                          .n = 1,
                                          .max_error = 0.05,
                                          .confidence = 0.95,
                                          .true_error = 0.049,
                                          .power = 0.8,
                                          .alpha = 0.05,
                                          .starts = 1,
                                          .mean = NAN,
                                          .work = { .seconds = NAN, .hours = NAN, .cost = NAN } };
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "bob");
    undefine(&r);
    for (size_t j = 0; j < COUNT(jobs); j++)
        check_no_nan(jobs[j].name, jobs[j].page(&r));
    check_no_nan("plan", show_plan(&no_price));
    check_no_nan("plan --review", show_plan_review(&nobody));
    check_no_nan("plan --accept", show_plan_accept(&hopeless));
    check_no_nan("plan --alt-test", alt_plan_page_of(r.task, NAN));
    results_release(&r);
}

/* Whoever writes a sentence may forget to ask. */
static void a_number_that_is_none_is_a_dash_in_every_sentence(void **state)
{
    const double none = NAN;
    struct page *p = page_new();
    char *text;

    (void)state;
    page_paragraph(p, "%.3f as the mean of %zu, %5.1f %% of %s: %c %d %llu %lld %u %.2s|%6.2f|%g",
                   -none, (size_t)0, (double)INFINITY, "nan", 'x', -3, ~0ULL, -5LL, 7u, "abc", 1.5,
                   none);
    page_line(p, "label", "%.2f", none);
    text = text_of_page(p, pipe_look);
    assert_string_equal(
        text, "- as the mean of 0, - % of nan: x -3 18446744073709551615 -5 7 ab|  1.50|-\n"
              "  label  -\n");
    free(text);
}

static void extra_votes_off_the_disputes_leave_no_sentence_open(void **state)
{
    struct results r;
    char *text;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    r.consensus.extra_votes = 12;
    r.consensus.extra_on_disputed = 0;
    text = text_of_page(show_consensus(&r.consensus), pipe_look);
    assert_null(strstr(text, "sided with\n"));
    free(text);
    results_release(&r);
}

static void one_image_is_one(void **state)
{
    const struct annotate_result a = {
        .annotator = "llava", .images = 3, .absent = 1, .claimed_by_others = 1
    };
    char *text = text_of_page(show_annotate(&a), pipe_look);

    (void)state;
    assert_non_null(strstr(text, "1 image "));
    assert_null(strstr(text, "1 image of this project are"));
    assert_null(strstr(text, "1 image are"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_out_in_a_wide_terminal_or_a_file),
        cmocka_unit_test(no_page_is_wider_than_its_terminal),
        test_with_scratch(the_report_fits_a_terminal_of_forty_columns),
        cmocka_unit_test(pages_show_the_figures_of_their_results),
        cmocka_unit_test(names_of_annotators_do_nothing_to_a_terminal),
        test_with_scratch(names_in_the_reports_bars_do_nothing_to_a_terminal),
        cmocka_unit_test(undefined_figures_are_no_numbers_in_a_sentence),
        cmocka_unit_test(a_number_that_is_none_is_a_dash_in_every_sentence),
        test_with_scratch(extra_votes_off_the_disputes_leave_no_sentence_open),
        cmocka_unit_test(one_image_is_one),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_pages", tests, NULL, NULL);
}
