/* SPDX-License-Identifier: MIT */
/*
 * show/figures.h: every statistic that is shown: its names, what it means, where it is read, how it
 * is written.
 */
#include "support_show.h"

#include "jobs/consensus.h"
#include "jobs/report.h"
#include "jobs/status.h"
#include "show/calibration.h"
#include "show/estimates.h"
#include "show/show.h"

/* ---- the table of figures ---- */

static const struct {
    const char *name;
    const struct figure *figures;
    bool explained; /* among figure_lists: it has statistics, and alarms explain themselves */
} lists[] = {
    { "name", figures_name, false },
    { "agreement", figures_agreement, true },
    { "against", figures_against, true },
    { "yes_bias", figures_yes_bias, true },
    { "low", figures_low, true },
    { "gaps", figures_gaps, true },
    { "multi", figures_multi, true },
    { "sure", figures_sure, true },
    { "consensus", figures_consensus, true },
    { "wins", figures_wins, true },
    { "winners", figures_winners, true },
    { "missed", figures_missed, true },
    { "rules", figures_rules, true },
    { "broken", figures_broken, true },
    { "alarms", figures_alarms, false },
    { "moved", figures_moved, true },
    { "verdicts", figures_verdicts, true },
    { "planned", figures_planned, true },
    { "calibration", figures_calibration, true },
    { "bins", figures_bins, true },
    { "thresholds", figures_thresholds, true },
    { "cost", figures_cost, true },
    { "alt_person", figures_alt_person, true },
    { "alt_row", figures_alt_row, true },
    { "people", figures_people, true },
    { "reviewed", figures_reviewed, true },
    { "sample", figures_sample, true },
    { "annotators", figures_annotators, true },
    { "overall", figures_overall, true },
    { "shares", figures_shares, true },
    { "ledger", figures_ledger, true },
    { "ledger's models", figures_ledger_models, true },
    { "ledger's people", figures_ledger_people, true },
    { "frontier", figures_frontier, true },
    { "next votes", figures_next_votes, true },
};

static bool is_snake_case(const char *key)
{
    size_t len = strlen(key);

    return len > 0 && strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == len &&
           key[0] >= 'a' && key[0] <= 'z' && key[len - 1] != '_' && !strstr(key, "__");
}

static void every_figure_has_a_key_of_its_own_in_snake_case(void **state)
{
    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++) {
        assert_non_null(lists[l].figures[0].key);
        for (const struct figure *f = lists[l].figures; f->key; f++) {
            if (!is_snake_case(f->key) || (f->old_key && !is_snake_case(f->old_key)))
                fail_row(lists[l].name, "'%s' is no key", f->key);
            if (f->old_key && strcmp(f->old_key, f->key) == 0)
                fail_row(lists[l].name, "'%s' is its own old key", f->key);
            for (const struct figure *g = lists[l].figures; g != f; g++)
                if (strcmp(g->key, f->key) == 0 || text_equal(g->old_key, f->key) ||
                    text_equal(g->key, f->old_key) ||
                    (f->old_key && text_equal(g->old_key, f->old_key)))
                    fail_row(lists[l].name, "'%s' and '%s' have one key", g->key, f->key);
        }
    }
}

static void every_statistic_says_what_it_means_in_a_sentence(void **state)
{
    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++)
        for (const struct figure *f = lists[l].figures; f->key; f++) {
            const char *says = f->meaning;
            bool is_shown = f->heading && f->kind != FIGURE_TEXT;

            if (!says && is_shown && lists[l].explained)
                fail_row(f->key, "is shown, and means nothing");
            if (says &&
                (*says == '\0' || says[strlen(says) - 1] == '.' || !text_is_printable(says)))
                fail_row(f->key, "'%s' is no sentence without its full stop", says);
            if (says && *says >= 'A' && *says <= 'Z')
                fail_row(f->key, "'%s' begins as a sentence would", says);
            if (f->defined && *f->defined == '\0')
                fail_row(f->key, "is defined nowhere");
        }
}

static void every_heading_fits_over_a_column(void **state)
{
    enum { WIDEST = 16 };

    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++)
        for (const struct figure *f = lists[l].figures; f->key; f++) {
            if (!f->heading)
                continue;
            if (*f->heading == '\0' && lists[l].figures != figures_name)
                fail_row(f->key, "has an empty heading");
            if (text_width(f->heading) > WIDEST || !text_is_printable(f->heading))
                fail_row(f->key, "'%s' is no heading", f->heading);
        }
}

/* Without decimals every share would be 0 or 1. */
static void numbers_that_are_shown_have_decimals(void **state)
{
    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++)
        for (const struct figure *f = lists[l].figures; f->key; f++) {
            bool number = f->kind == FIGURE_NUMBER || f->kind == FIGURE_INTERVAL;

            if (!f->heading || !number || strcmp(f->key, "votes_per_hour") == 0)
                continue;
            if (f->decimals < 1 || f->decimals > 7)
                fail_row(f->key, "has %d decimals", f->decimals);
        }
}

static void figures_are_found_by_their_key(void **state)
{
    (void)state;
    assert_string_equal(figure_find(figures_agreement, "kappa")->heading, "kappa");
    assert_ptr_equal(figure_find(figures_agreement, "n"), &figures_agreement[0]);
    assert_null(figure_find(figures_agreement, "kapp"));
    assert_null(figure_find(figures_agreement, ""));
}

/* ---- what a struct holds of it ---- */

struct member {
    const struct figure *list;
    const void *of;
    const char *key;
    double number;
};

static void check_members(const struct member *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct figure *f = figure_find(rows[i].list, rows[i].key);
        struct value v;
        double got;

        if (!f)
            fail_row(rows[i].key, "is no figure of its list");
        v = figure_value(f, rows[i].of);
        got = v.count > 0 ? (double)v.count : v.number[0];
        if (got != rows[i].number)
            fail_row(rows[i].key, "is %g, not %g", got, rows[i].number);
    }
}

static void figures_of_agreement_are_those_of_stats(void **state)
{
    struct stats_figures f = { .n = 3,
                               .asked = 5,
                               .missing = 7,
                               .wilson = { 0.25, 0.5 },
                               .bootstrap = { 0.125, 0.75 },
                               .kappa_bootstrap = { -0.5, 0.0625 } };
    const struct member rows[] = {
        { figures_agreement, &f, "n", 3 },
        { figures_agreement, &f, "asked", 5 },
        { figures_agreement, &f, "missing", 7 },
        { figures_agreement, &f, "coverage", 100 + STATS_COVERAGE },
        { figures_agreement, &f, "agreement", 100 + STATS_AGREEMENT },
        { figures_agreement, &f, "agreement_with_abstentions",
          100 + STATS_AGREEMENT_WITH_ABSTENTIONS },
        { figures_agreement, &f, "kappa", 100 + STATS_KAPPA },
        { figures_agreement, &f, "quadratic_kappa", 100 + STATS_QUADRATIC_KAPPA },
        { figures_agreement, &f, "ac1", 100 + STATS_AC1 },
        { figures_agreement, &f, "pabak", 100 + STATS_PABAK },
        { figures_agreement, &f, "alpha", 100 + STATS_ALPHA },
        { figures_agreement, &f, "fleiss_kappa", 100 + STATS_FLEISS_KAPPA },
        { figures_agreement, &f, "positive_rate", 100 + STATS_RATE_FIRST },
        { figures_agreement, &f, "rate_first", 100 + STATS_RATE_FIRST },
        { figures_agreement, &f, "rate_second", 100 + STATS_RATE_SECOND },
        { figures_agreement, &f, "precision", 100 + STATS_PRECISION },
        { figures_agreement, &f, "recall", 100 + STATS_RECALL },
        { figures_agreement, &f, "f1", 100 + STATS_F1 },
        { figures_agreement, &f, "positive_agreement", 100 + STATS_POSITIVE_AGREEMENT },
        { figures_agreement, &f, "negative_agreement", 100 + STATS_NEGATIVE_AGREEMENT },
        { figures_agreement, &f, "wilson", 0.25 },
        { figures_agreement, &f, "bootstrap", 0.125 },
        { figures_agreement, &f, "kappa_bootstrap", -0.5 },
    };
    struct value v;

    (void)state;
    for (size_t i = 0; i < STATS_FIGURES; i++)
        f.value[i] = 100 + (double)i;
    check_members(rows, COUNT(rows));
    v = figure_value(figure_find(figures_agreement, "positive_rate"), &f);
    assert_near("of the second", v.number[1], 100 + STATS_RATE_SECOND, 0);
    v = figure_value(figure_find(figures_agreement, "wilson"), &f);
    assert_near("the upper end", v.number[1], 0.5, 0);
}

static void figures_of_the_report_are_those_of_its_structs(void **state)
{
    const struct consensus_annotator consensus = {
        .n = 2, .agreement = 3, .coin_flip = 5, .disputes_won = 7, .extra = true
    };
    const struct consensus_question wins = { .disputed = 2, .ties = 3 };
    const struct report_winners winners = { .first = 2, .second = 3, .other = 5, .ties = 7 };
    const struct report_missed missed = {
        .rate = 1, .recall = 2, .precision = 3, .agreement = 5, .yes = 7, .found = 11
    };
    const struct report_rules rules = {
        .yes_rate = 2, .labels = 3, .abstentions = 5, .any_broken = 7, .any_checked = 11
    };
    const struct report_broken broken = { .broken = 2, .checked = 3, .share = 5 };
    const struct report_alarm alarm = { .value = 2, .threshold = 3 };
    const struct member rows[] = {
        { figures_consensus, &consensus, "n", 2 },
        { figures_consensus, &consensus, "agreement", 3 },
        { figures_consensus, &consensus, "coin_flip", 5 },
        { figures_consensus, &consensus, "disputes_won", 7 },
        { figures_consensus, &consensus, "extra", 1 },
        { figures_wins, &wins, "disputed", 2 },
        { figures_wins, &wins, "ties", 3 },
        { figures_winners, &winners, "first", 2 },
        { figures_winners, &winners, "second", 3 },
        { figures_winners, &winners, "other", 5 },
        { figures_winners, &winners, "ties", 7 },
        { figures_missed, &missed, "recall", 2 },
        { figures_missed, &missed, "precision", 3 },
        { figures_missed, &missed, "agreement", 5 },
        { figures_missed, &missed, "positives", 7 },
        { figures_missed, &missed, "found", 11 },
        { figures_rules, &rules, "positive_rate", 2 },
        { figures_rules, &rules, "labels", 3 },
        { figures_rules, &rules, "abstentions", 5 },
        { figures_rules, &rules, "images_breaking_rules", 7 },
        { figures_rules, &rules, "images_checked", 11 },
        { figures_broken, &broken, "broken", 2 },
        { figures_broken, &broken, "checked", 3 },
        { figures_broken, &broken, "share", 5 },
        { figures_alarms, &alarm, "value", 2 },
        { figures_alarms, &alarm, "threshold", 3 },
    };

    (void)state;
    check_members(rows, COUNT(rows));
}

static void figures_of_cost_are_those_of_its_struct(void **state)
{
    const struct cost_size cost = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
    const struct member rows[] = {
        { figures_cost, &cost, "images", 1 },         { figures_cost, &cost, "cells", 2 },
        { figures_cost, &cost, "votes", 3 },          { figures_cost, &cost, "model", 4 },
        { figures_cost, &cost, "people", 5 },         { figures_cost, &cost, "review", 6 },
        { figures_cost, &cost, "model_answer", 7 },   { figures_cost, &cost, "people_answer", 8 },
        { figures_cost, &cost, "model_share", 9 },    { figures_cost, &cost, "process_share", 10 },
        { figures_cost, &cost, "machine_hours", 11 }, { figures_cost, &cost, "people_hours", 12 },
        { figures_cost, &cost, "review_hours", 13 },
    };

    (void)state;
    check_members(rows, COUNT(rows));
}

static void figures_of_reviewers_are_those_of_their_struct(void **state)
{
    const struct review_person person = { .done = 2,
                                          .undone = 3,
                                          .unsure = 5,
                                          .skipped = 7,
                                          .flagged = 11,
                                          .seconds = 13,
                                          .hours = 17,
                                          .votes_per_hour = 19,
                                          .gold = 23,
                                          .repeats = 29,
                                          .gold_accuracy = 31,
                                          .repeat_consistency = 37,
                                          .leased = 41 };
    const struct member rows[] = {
        { figures_people, &person, "done", 2 },
        { figures_people, &person, "undone", 3 },
        { figures_people, &person, "unsure", 5 },
        { figures_people, &person, "skipped", 7 },
        { figures_people, &person, "flagged", 11 },
        { figures_people, &person, "seconds_per_answer", 13 },
        { figures_people, &person, "hours", 17 },
        { figures_people, &person, "votes_per_hour", 19 },
        { figures_people, &person, "gold", 23 },
        { figures_people, &person, "repeats", 29 },
        { figures_people, &person, "gold_accuracy", 31 },
        { figures_people, &person, "repeat_consistency", 37 },
        { figures_people, &person, "leased", 41 },
    };

    (void)state;
    check_members(rows, COUNT(rows));
}

static void figures_of_reviews_and_annotators_are_those_of_their_structs(void **state)
{
    const struct review_question question = { .items = 2, .done = 3, .answers = 5, .seconds = 7 };
    const struct review_figures review = {
        .drawn = 2, .cells = 3, .frame = 5, .sample = { 7, 11, { 13, 17 }, 19, 23 }
    };
    const struct status_annotator annotator = {
        .labels = 2, .abstentions = 3, .votes = 5, .share = 7, .answered_to_other_wording = 11
    };
    const struct member rows[] = {
        { figures_reviewed, &question, "items", 2 },
        { figures_reviewed, &question, "done", 3 },
        { figures_reviewed, &question, "seconds_per_answer", 7 },
        { figures_sample, &review, "drawn", 2 },
        { figures_sample, &review, "cells", 3 },
        { figures_sample, &review, "frame", 5 },
        { figures_sample, &review, "agreement", 7 },
        { figures_sample, &review, "standard_error", 11 },
        { figures_sample, &review, "interval", 13 },
        { figures_sample, &review, "covered", 19 },
        { figures_sample, &review, "settled", 23 },
        { figures_annotators, &annotator, "labels", 2 },
        { figures_annotators, &annotator, "abstentions", 3 },
        { figures_annotators, &annotator, "votes", 5 },
        { figures_annotators, &annotator, "share", 7 },
        { figures_annotators, &annotator, "answered_to_other_wording", 11 },
    };

    (void)state;
    check_members(rows, COUNT(rows));
}

/* ---- their texts ---- */

static void figures_are_written_as_people_read_them(void **state)
{
    static const struct {
        const char *wanted;
        enum figure_kind kind;
        int decimals;
        struct value v;
    } rows[] = {
        { ".795", FIGURE_NUMBER, 3, { .number = { 0.7951 } } },
        { "-.034", FIGURE_NUMBER, 3, { .number = { -0.0342 } } },
        { "1.000", FIGURE_NUMBER, 3, { .number = { 1 } } },
        { "-1.50", FIGURE_NUMBER, 2, { .number = { -1.5 } } },
        { ".8976", FIGURE_NUMBER, 4, { .number = { 0.8975875 } } },
        { "212.5", FIGURE_NUMBER, 1, { .number = { 212.5 } } },
        { "-", FIGURE_NUMBER, 3, { .number = { NAN } } },
        { "-", FIGURE_NUMBER, 3, { .number = { INFINITY } } },
        { "-", FIGURE_INTERVAL, 3, { .number = { 0.5, INFINITY } } },
        { "31 807", FIGURE_COUNT, 0, { .count = 31807 } },
        { "0", FIGURE_COUNT, 0, { .count = 0 } },
        { "202 599", FIGURE_SIZE, 0, { .count = 202599 } },
        { "128 256", FIGURE_UINT32, 0, { .count = 128256 } },
        { "79.5 %", FIGURE_PERCENT, 0, { .number = { 0.7951 } } },
        { "0.0 %", FIGURE_PERCENT, 0, { .number = { 0 } } },
        { "100.0 %", FIGURE_PERCENT, 0, { .number = { 1 } } },
        { "-", FIGURE_PERCENT, 0, { .number = { NAN } } },
        { "12 346", FIGURE_MONEY, 0, { .number = { 12345.678 } } },
        { "12.35", FIGURE_MONEY, 0, { .number = { 12.3456 } } },
        { "1.00", FIGURE_MONEY, 0, { .number = { 1 } } },
        { "0.0125", FIGURE_MONEY, 0, { .number = { 0.0125 } } },
        { "0.0000278", FIGURE_MONEY, 0, { .number = { 0.00002777 } } },
        { "0.00", FIGURE_MONEY, 0, { .number = { 0 } } },
        { "-", FIGURE_MONEY, 0, { .number = { NAN } } },
        { ".791 - .799", FIGURE_INTERVAL, 3, { .number = { 0.7912, 0.7991 } } },
        { "-.10 - 1.00", FIGURE_INTERVAL, 2, { .number = { -0.1, 1 } } },
        { "-", FIGURE_INTERVAL, 3, { .number = { NAN, NAN } } },
        { "-", FIGURE_INTERVAL, 3, { .number = { 0.5, NAN } } },
        { "celeba", FIGURE_TEXT, 0, { .text = "celeba" } },
        { "", FIGURE_TEXT, 0, { .text = "" } },
        { "-", FIGURE_TEXT, 0, { .text = NULL } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct figure f = { .key = "x", .kind = rows[i].kind };
        char out[FIGURE_TEXT_MAX];

        assert_ptr_equal(figure_text(&f, &rows[i].v, rows[i].decimals, out), out);
        if (strcmp(out, rows[i].wanted) != 0)
            fail_row(rows[i].wanted, "is written '%s'", out);
    }
}

static void texts_that_are_too_long_are_cut_between_characters(void **state)
{
    const struct figure f = { .key = "x", .kind = FIGURE_TEXT };
    char text[2 * FIGURE_TEXT_MAX], out[FIGURE_TEXT_MAX];
    size_t bad;

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) { /* U+6F22, three bytes each */
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe6\xbc\xa2", 4);
        figure_text(&f, &(struct value){ .text = text }, 0, out);
        assert_true(strlen(out) < FIGURE_TEXT_MAX && strlen(out) > FIGURE_TEXT_MAX - 8);
        assert_string_equal(out + strlen(out) - 3, "...");
        assert_true(text_utf8(out, strlen(out), &bad));
    }
}

/* ---- figures explained ---- */

/* Is there a line that begins with the key and has all that is known of the figure? */
static void check_explained(const char *text, const struct figure *f)
{
    char start[100];
    size_t n = (size_t)snprintf(start, sizeof(start), "\n  %s", f->key);

    for (; (text = strstr(text, start)); text += n) {
        size_t len = strcspn(text + 1, "\n") + 1;

        if (memmem(text, len, f->meaning, strlen(f->meaning)) &&
            (!f->heading || memmem(text, len, f->heading, strlen(f->heading))) &&
            (!f->defined || memmem(text, len, f->defined, strlen(f->defined))))
            return;
    }
    fail_row(f->key, "is not explained with heading, meaning and when it is defined");
}

static void every_figure_is_explained_with_its_heading_and_meaning(void **state)
{
    char *text = text_of_page(show_figures(), pipe_look);
    const struct figure_list *listed = figure_lists;

    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++) {
        if (!lists[l].explained)
            continue;
        assert_ptr_equal(listed->figures, lists[l].figures); /* in the order of the header */
        assert_contains(text, listed++->title);
        for (const struct figure *f = lists[l].figures; f->key; f++)
            if (f->meaning)
                check_explained(text, f);
    }
    assert_null(listed->title);
    free(text);
}

static void every_way_to_a_macro_row_has_a_text(void **state)
{
    (void)state;
    for (size_t l = 0; l < COUNT(lists); l++)
        for (const struct figure *f = lists[l].figures; f->key; f++)
            if (f->macro != MACRO_NONE && !figure_macro_texts[f->macro])
                fail_row(f->key, "has a macro row of no kind");
    assert_null(figure_macro_texts[MACRO_NONE]);
    assert_contains(figure_macro_texts[MACRO_MEAN], "mean");
    assert_contains(figure_macro_texts[MACRO_SUM], "sum");
    assert_contains(figure_macro_texts[MACRO_RESAMPLED], "resample");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_has_a_key_of_its_own_in_snake_case),
        cmocka_unit_test(every_statistic_says_what_it_means_in_a_sentence),
        cmocka_unit_test(every_heading_fits_over_a_column),
        cmocka_unit_test(numbers_that_are_shown_have_decimals),
        cmocka_unit_test(figures_are_found_by_their_key),
        cmocka_unit_test(figures_of_agreement_are_those_of_stats),
        cmocka_unit_test(figures_of_the_report_are_those_of_its_structs),
        cmocka_unit_test(figures_of_cost_are_those_of_its_struct),
        cmocka_unit_test(figures_of_reviewers_are_those_of_their_struct),
        cmocka_unit_test(figures_of_reviews_and_annotators_are_those_of_their_structs),
        cmocka_unit_test(figures_are_written_as_people_read_them),
        cmocka_unit_test(texts_that_are_too_long_are_cut_between_characters),
        cmocka_unit_test(every_figure_is_explained_with_its_heading_and_meaning),
        cmocka_unit_test(every_way_to_a_macro_row_has_a_text),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
