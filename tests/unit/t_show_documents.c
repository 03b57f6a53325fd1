/* SPDX-License-Identifier: MIT */
/*
 * show/show.h: what docs/json.md promises of every job's document, and docs/statistics.md of every
 * figure. The same pages in a terminal: t_show_pages.c.
 */
#include "support_show_results.h"

#include "show/against.h"

/* ---- what docs/json.md says is in them ---- */

struct members {
    struct page *(*page)(const struct results *r);
    const char *in;    /* the path of an object, or of a list's first element */
    const char *names; /* parted by spaces */
};

#define ALT_ROW "items tested beaten winning_rate advantage verdict lacking"
#define AGREEMENT                                                                               \
    "n asked missing coverage agreement agreement_with_abstentions wilson[] bootstrap[] kappa " \
    "kappa_bootstrap[] quadratic_kappa ac1 pabak alpha positive_rate[] precision recall f1 "    \
    "positive_agreement negative_agreement kappa_max linear_kappa linear_ac2 quadratic_ac2 "    \
    "ordinal_ac2 ordinal_alpha interval_alpha kappa_standard_error ac1_standard_error "         \
    "ac1_interval[] alpha_interval[] alpha_standard_error quadratic_kappa_standard_error "      \
    "ordinal_ac2_standard_error"
#define USAGE "requests prompt_tokens cached_tokens completion_tokens"
#define COST                                                                         \
    "images cells votes model people review model_answer people_answer model_share " \
    "process_share machine_hours people_hours review_hours"
#define REVIEW                                                                                    \
    "items done copied set_aside flagged seconds_per_answer hours alarms[] questions[] people[] " \
    "sample"
#define REVIEW_PEOPLE                                                                       \
    "name done undone unsure skipped flagged seconds_per_answer hours votes_per_hour gold " \
    "gold_accuracy repeats repeat_consistency last revoked"
#define OVERALL                                                                       \
    "annotator labels settled agreement standard_error interval[] covered corrected " \
    "corrected_interval[] voted other"
#define CALIBRATION                                                                  \
    "n n_true mean rate agreement ece ece_mass ece_debiased squared_debiased brier " \
    "miscalibration discrimination uncertainty log_loss auroc"
#define THRESHOLD                                                                 \
    "threshold yes_plain yes_chosen yes_tested agreement_plain agreement_chosen " \
    "agreement_tested balanced_plain balanced_chosen balanced_tested"
#define REVIEW_SAMPLE "drawn settled agreement standard_error interval[] covered frame cells"

/* One of each difference; the second question has no cells. */
static struct page *differences_page(const struct results *r)
{
    static struct yes_bias bias[] = { { "Bald", 60, 20, 0.04, { 1e-5, 3e-5, 2e-5 } } };
    static struct low_agreement low[] = { { "Bald", 900, 0.5, 0.7, { 0, 0, 0 } } };
    static struct gap gaps[] = { { "old", NULL, 1200, 0.75, 0.8, -0.05, { NAN, NAN, NAN } } };
    static struct gap question_gaps[] = {
        { "old", "Bald", 400, 0.7, 0.8, -0.1, { 0.01, 0.02, 1 } }
    };
    static struct multi_question multi[] = {
        { "Worn", NULL, 30, 4, 0.75, 0.5, { 0.7, 0.8 }, { NAN, NAN } }
    };
    struct agree_result agree = r->agree;

    agree.differences = (struct differences){ bias, low, gaps, question_gaps, 1, 1, 1, 1, { 0 } };
    agree.multi = (struct multi){ multi, 1 };
    return show_agree(&agree);
}

static struct page *against_page(const struct results *r)
{
    static struct stats_against_row rows[SHOW_COLUMNS] = {
        { 40, 10, 20, 5, 0.75, 0.375, 0.375, { 0.1, 0.5 }, { 0.004, 0.012, 0.008 } },
    };
    static const struct stats_interval none = { NAN, NAN };
    struct against_result against = { .task = r->task,
                                      .names = { r->names[0], r->names[1], r->names[2] },
                                      .kinds = { r->kinds[0], r->kinds[1], r->kinds[2] },
                                      .selective = r->names[2],
                                      .columns = r->order,
                                      .against = { .columns = rows, .n_columns = SHOW_COLUMNS },
                                      .n_images = 1000 };

    for (size_t c = 1; c < SHOW_COLUMNS; c++)
        rows[c] = (struct stats_against_row){ 0, 0, 0, 0, NAN, NAN, NAN, none, { NAN, NAN, NAN } };
    against.against.pooled = rows[0];
    against.against.pooled.test = rows[1].test;
    return show_against(&against);
}

#define TESTED "p holm bh"

static const struct members promised[] = {
    { agree_page, "differences", "level yes_bias low_agreement gaps question_gaps" },
    { agree_page, "", "multi" },
    { differences_page, "differences.yes_bias[]",
      "name first_only second_only difference " TESTED },
    { differences_page, "differences.low_agreement[]", "name n agreement threshold " TESTED },
    { differences_page, "differences.gaps[]", "value n agreement others difference " TESTED },
    { differences_page, "differences.question_gaps[]",
      "value name n agreement others difference " TESTED },
    { differences_page, "multi[]",
      "name n jaccard jaccard_interval[] exact_match exact_match_wilson[] both_empty" },
    { report_page, "", "multi" },
    { report_page, "differences", "level yes_bias low_agreement gaps question_gaps" },
    { against_page, "",
      "annotators[] against images resamples seed level selective pooled "
      "questions[]" },
    { against_page, "pooled",
      "n both first_only second_only agreement_first agreement_second difference "
      "difference_bootstrap[] " TESTED },
    { against_page, "questions[]", "name n both first_only second_only difference " TESTED },
    { agree_page, "", "annotators[] images resamples seed pooled macro groups[] questions[]" },
    { agree_page, "", "pairs" },
    { agree_page, "pooled", AGREEMENT " counts[]" },
    { agree_page, "macro", AGREEMENT " kappa_questions" },
    { agree_page, "groups[]", "name counts[] " AGREEMENT },
    { agree_page, "questions[]", "name group counts[] " AGREEMENT },
    { agree_page, "", "selective" },
    { agree_page, "by", "column parts[]" },
    { agree_page, "by.parts[]", "value images pooled macro groups[] questions[]" },
    { agree_page, "by.parts[].pooled", AGREEMENT },
    { agree_many_page, "pairs[]", "first second n agreement kappa" },
    { agree_many_page, "sure[]", "name n differ share all_differ" },
    { agree_many_page, "pooled",
      "fleiss_kappa conger_kappa fleiss_standard_error conger_standard_error " AGREEMENT },
    { consensus_page, "",
      "method tie tie_first cells disputed ties open_ties changed extra_votes "
      "extra_votes_on_disputed annotators[] groups[] questions[]" },
    { consensus_page, "annotators[]", "name kind n agreement coin_flip disputes_won extra sided" },
    { consensus_page, "annotators[].sided", "votes of share wilson[]" },
    { consensus_page, "groups[]", "name group winner disputed ties won" },
    { consensus_page, "questions[]", "name group winner disputed ties won" },
    { report_page, "", "name images questions accept annotators[] alarms[] cost between[]" },
    { report_page, "", "before after" },
    { report_page, "",
      "coin_flip[] disputed winners[] rare_missed[] consensus by review alt_test" },
    { report_page, "", "before after methods" },
    { report_page, "worst[]", "question image first second majority probability" },
    { report_page, "methods", "annotators[] program database resamples seed" },
    { report_page, "methods.annotators[]", "name kind runs first last identity" },
    { report_page, "", "coin_flip[] disputed winners[] rare_missed[] consensus by review" },
    { report_page, "annotators[]",
      "name positive_rate labels abstentions images_checked images_breaking_rules rules[]" },
    { report_page, "annotators[].rules[]", "rule broken checked share" },
    { report_page, "alarms[]", "alarm of value threshold" },
    { report_page, "cost",
      "currency prices server project scaled break_even review_rate agreement_after" },
    { report_page, "cost.break_even",
      "share min_wage_hour max_machine_hour min_images_per_second wages[] machines[]" },
    { report_page, "cost.break_even.wages[]", "wage_hour model_share holds process_share" },
    { report_page, "cost.break_even.machines[]", "machine_hour images_per_second min_wage_hour" },
    { report_page, "cost.server", "annotator usage images cost cost_per_image price" },
    { report_page, "cost.server.usage", USAGE },
    { report_page, "cost.server.price", "input cached_input output date source" },
    { status_page, "runs[]", "id annotator source sha256 by started ended withdrawn usage cost" },
    { status_page, "runs[].usage", USAGE },
    { report_page, "cost.project", COST },
    { report_page, "cost.scaled", COST },
    { report_page, "ledger",
      "currency models_cost people_cost people_hours cost unknown unknown_people labels accepted "
      "accepted_cost models[] people[] runs[]" },
    { report_page, "ledger.models[]",
      "name runs unknown labels hours cost answer_cost right correct_cost image_cost basis" },
    { report_page, "ledger.people[]", "name answers hours cost" },
    { report_page, "ledger.runs[]",
      "id annotator started machine images answers hours machine_cost token_cost cost withdrawn "
      "unknown" },
    { report_page, "frontier", "currency against second images cells points[] next_votes[]" },
    { report_page, "frontier.points[]",
      "who way quality interval[] answers labels_cost cost cost_per_thousand expected dominated" },
    { report_page, "frontier.next_votes[]", "where gain unit interval[] open assumes" },
    { report_page, "before.pooled", AGREEMENT },
    { report_page, "after.first.questions[]", "name " AGREEMENT },
    { report_page, "after.second.macro", AGREEMENT },
    { report_page, "by.parts[]", "value images before" },
    { report_page, "review", REVIEW },
    { status_page, "",
      "name images images_set_aside questions cells annotators[] between stale_consensus unused[] "
      "runs[]" },
    { agree_page, "unanswered[]", "annotator name asked mass mass_is min_mass top[]" },
    { report_page, "unanswered[]", "annotator name asked mass mass_is min_mass top[]" },
    { status_page, "unused[]", "kind name answers likely" },
    { report_page, "unused[]", "kind name answers likely" },
    { status_page, "between", "annotators[] why compared disputed disputed_with_vote" },
    { status_page, "annotators[]", "name kind labels abstentions votes answered_to_other_wording" },
    { status_page, "review", REVIEW },
    { status_page, "review.questions[]", "name items done seconds_per_answer" },
    { status_page, "review.people[]", REVIEW_PEOPLE },
    { status_page, "review.alarms[]", "alarm of value threshold text without" },
    { status_page, "review.alarms[].without", "agreement interval[]" },
    { status_page, "review.sample", REVIEW_SAMPLE },
    { plan_page, "",
      "annotator tokens_per_image image_tokens less chosen images questions measured_images "
      "seconds_per_image images_per_second "
      "seconds flop_per_image weight_bytes activation_bytes cost currency usage "
      "spent asked_otherwise[]" },
    { plan_page, "asked_otherwise[]",
      "annotator asked images answers changed share mean_move largest_move at works why seconds "
      "requests" },
    { report_page, "over_all_cells",
      "refused guess estimand population_estimand frame drawn settled active known_yes[] "
      "known_no[] repeats[] agreement[] questions[] shares[]" },
    { report_page, "over_all_cells.agreement[]", OVERALL },
    { report_page, "over_all_cells.questions[]", "name " OVERALL },
    { report_page, "over_all_cells.shares[]",
      "name option frame settled share standard_error interval[] covered population "
      "population_error population_interval[] lambda corrected corrected_interval[] labels voted" },
    { report_page, "moved[]",
      "annotator asked images answers changed share mean_move largest_move at" },
    { report_page, "alt_test", "epsilon skill min_items left_out models[]" },
    { report_page, "alt_test.models[]", "name all people[] questions[]" },
    { report_page, "alt_test.models[].all", ALT_ROW },
    { report_page, "alt_test.models[].questions[]", "name " ALT_ROW },
    { report_page, "alt_test.models[].people[]",
      "name items images unanswered as_good nearer test p verdict lacking selective" },
    { calibrate_page, "",
      "annotator against random_sample method by_question aim folds seed epsilon cells images "
      "failed methods[] pooled[] questions[]" },
    { calibrate_page, "methods[]", "method of why " CALIBRATION },
    { calibrate_page, "questions[]",
      "name probability_of fit slope intercept blank before after " THRESHOLD },
    { calibrate_page, "questions[].before", CALIBRATION " bins[] mass_bins[]" },
    { calibrate_page, "questions[].after.bins[]", "low high cells share mean rate interval[]" },
    { calibrate_page, "pooled[].before", CALIBRATION " bins[] mass_bins[]" },
    { blank_page, "", "annotator width height questions[]" },
    { blank_page, "questions[]", "name option probability mass" },
    { forecast_page, "", "items votes new seconds_per_answer measured hours cost currency" },
    { forecast_page, "new", "disputes sample gold repeats" },
    { accept_plan_page, "",
      "annotator max_error confidence true_error power alpha tests mean_votes undecided sample "
      "next items votes seconds_per_answer measured hours cost currency questions[]" },
    { accept_plan_page, "questions[]", "name answers votes drawn settled verdict votes_to_decide" },
    { alt_plan_page, "",
      "annotator against people epsilon all questions[] next seconds_per_answer hours cost "
      "currency question_votes question_hours question_cost" },
    { alt_plan_page, "all", "differ items votes power" },
    { alt_plan_page, "questions[]", "name differ items votes power" },
    { annotate_page, "",
      "annotator chosen images errors labels abstentions unreadable claimed_by_others interrupted "
      "seconds claimed_by[] cost currency stopped images_left" },
    { annotate_page, "claimed_by[]", "worker images seconds" },
    { annotate_page, "usage", USAGE },
    { ask_page, "", "model dtype results[]" },
    { ask_page, "results[]", "image answers[]" },
    { ask_page, "results[].answers[]", "question kind answer score mass options[] top[]" },
    { ask_page, "results[].answers[].options[]", "text logprob" },
    { ask_page, "results[].answers[].top[]", "text probability" },
    { model_page, "",
      "model architecture dtype stored parameters weight_bytes files questions flop_per_second "
      "text "
      "vision pictures images[] read left[] tensors[]" },
    { model_page, "pictures", "min_pixels max_pixels tiles" },
    { model_page, "images[]",
      "width height resized_width resized_height tiles image_tokens tokens vision_flop flop "
      "flop_one_by_one seconds together activation_bytes" },
    { model_page, "tensors[]", "name dtype shape[] file" },
    { import_page, "",
      "format image_column rows rows_skipped rows_set_aside values repeated cancelled superseded "
      "names images "
      "annotators[]" },
    { import_page, "names", "of matched folded[] unmatched[]" },
    { import_page, "images",
      "of matched folded_count new skipped folded[] first_new[] first_skipped[]" },
    { import_page, "annotators[]", "name kind images labels abstentions same_run" },
    { images_page, "",
      "images new matched folded equal equal_named[] broken broken_named[] changed "
      "changed_named[]" },
    { metadata_page, "", "rows columns[] images" },
    { answers_page, "", "answers kept known withdrawn undone refused" },
    { export_page, "", "wrote format images cells stale_consensus" },
    { reviewers_page, "reviewers[]", "name role created revoked" },
    { check_page, "", "faults[] n_faults set_aside set_aside_before checked" },
    { check_page, "faults[]", "table what can_be_set_aside" },
    { check_page, "checked", "question_sets answers votes items review_answers" },
    { server_check_page, "", "annotator model protocol picture servers[] line n_good" },
    { server_check_page, "servers[]",
      "url reached server version server_header models[] has_model protocols[] chat protocol "
      "best_protocol seconds_own_picture problem hint" },
    { server_check_page, "servers[].protocols[]",
      "name state why picture probabilities mass p_yes[] same_again drift seconds" },
    { server_check_page, "servers[].chat",
      "top_logprobs rounded_to usage cached_tokens json_schema" },
};

static void every_document_has_the_members_that_are_promised(void **state)
{
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    for (size_t i = 0; i < COUNT(promised); i++) {
        struct json_t *document = document_of_page(promised[i].page(&r));
        char names[1000], path[120], *rest = names;

        snprintf(names, sizeof(names), "%s", promised[i].names);
        for (const char *name; (name = strtok_r(rest, " ", &rest));) {
            snprintf(path, sizeof(path), "%s.%s", promised[i].in, name);
            if (!value_at(document, *promised[i].in ? path : name))
                fail_row(name, "is not in %s of document %zu of the table", promised[i].in, i);
        }
        jv_free(document);
    }
    results_release(&r);
}

/* The old name stands beside the new one for a release. */
static const struct renamed {
    struct page *(*page)(const struct results *r);
    const char *path, *old_path;
    double number;
} renamed[] = {
    { plan_page, "seconds_per_image", "seconds_an_image", 2.5 },
    { plan_page, "flop_per_image", "flop_an_image", 3e13 },
    { forecast_page, "seconds_per_answer", "seconds_an_answer", 2.5 },
    { annotate_page, "claimed_by_others", "elsewhere", 80 },
    { status_page, "annotators[].answered_to_other_wording", "annotators[].other_words", 40 },
    { status_page, "review.seconds_per_answer", "review.seconds_an_answer", 2.5 },
    { status_page, "review.questions[].seconds_per_answer", "review.questions[].seconds_an_answer",
      2.25 },
    { status_page, "review.people[].seconds_per_answer", "review.people[].seconds_an_answer", 2.5 },
    { status_page, "review.people[].votes_per_hour", "review.people[].votes_an_hour", 640 },
    { report_page, "cost.prices.seconds_per_answer.value", "cost.prices.seconds_an_answer.value",
      3 },
};

static void members_with_a_newer_name_have_the_older_one_beside_it(void **state)
{
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    for (size_t i = 0; i < COUNT(renamed); i++) {
        const struct renamed *row = &renamed[i];
        struct json_t *document = document_of_page(row->page(&r));

        assert_near(row->path, number_of(document, row->path), row->number, 0);
        assert_near(row->old_path, number_of(document, row->old_path), row->number, 0);
        jv_free(document);
    }
    results_release(&r);
}

/* Of the struct that the test filled in, wherever it is found in the document. */
static void documents_have_the_numbers_of_their_results(void **state)
{
    static const struct {
        struct page *(*page)(const struct results *r);
        const char *path;
        double number;
    } rows[] = {
        { agree_page, "pooled.agreement", 0.8125 },
        { agree_page, "macro.agreement", 0.796875 },
        { agree_page, "questions[].agreement", 0.75 },
        { agree_page, "questions[].bootstrap[]", 0.73 },
        { agree_page, "questions[].counts[][]", 20000 },
        { agree_page, "macro.kappa_questions", 2 },
        { agree_page, "by.parts[].images", 400 },
        { consensus_page, "annotators[].coin_flip", 0.8975875 },
        { consensus_page, "annotators[].sided.share", 3840 / 8193.0 },
        { consensus_page, "questions[].won.llava", 3 },
        { report_page, "coin_flip[]", 0.8975875 },
        { report_page, "annotators[].rules[].share", 0.523 },
        { report_page, "rare_missed[].recall", 0.53 },
        { report_page, "over_all_cells.agreement[].corrected", 0.875 },
        { report_page, "over_all_cells.questions[].other", 0.625 },
        { report_page, "over_all_cells.shares[].population", 0.8125 },
        { report_page, "cost.scaled.images", 202599 },
        { report_page, "cost.break_even.min_wage_hour", 44 },
        { report_page, "ledger.models[].right", 0.8 },
        { report_page, "ledger.runs[].token_cost", 0.25 },
        { report_page, "frontier.points[].quality", 0.795 },
        { report_page, "frontier.next_votes[].gain", 53.1 },
        { report_page, "before.pooled.agreement", 0.8125 },
        { report_page, "after.first.pooled.agreement", 0.9375 },
        { status_page, "cells", 3000 },
        { status_page, "between.disputed", 8193 },
        { status_page, "review.sample.interval[]", 0.731 },
        { plan_page, "images_per_second", 0.4 },
        { forecast_page, "new.sample", 20 },
        { ask_page, "results[].answers[].options[].logprob", -0.5 }, /* yes stands first */
        { model_page, "tensors[].shape[]", 4096 },
        { import_page, "images.new", 2 },
        { server_check_page, "servers[].protocols[].mass", 0.97 },
        { server_check_page, "servers[].chat.top_logprobs", 5 },
        { server_check_page, "servers[].seconds_own_picture", 0.25 },
    };
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_t *document = document_of_page(rows[i].page(&r));

        assert_near(rows[i].path, number_of(document, rows[i].path), rows[i].number, 0);
        jv_free(document);
    }
    results_release(&r);
}

/* The third question's kappa, the reviewer's coin flip, an empty list, what nobody did. */
static void what_a_result_does_not_define_is_null(void **state)
{
    struct json_t *document;
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    document = document_of_page(show_agree(&r.agree));
    assert_true(jv_is_null(jv_get(jv_at(jv_get(document, "questions"), 2), "kappa")));
    assert_true(jv_is_null(value_at(document, "pooled.quadratic_kappa")));
    assert_null(value_at(document, "pooled.fleiss_kappa")); /* of more than two */
    assert_true(jv_is_null(jv_get(jv_at(jv_get(document, "questions"), 1), "group")) ||
                !jv_get(jv_at(jv_get(document, "questions"), 1), "group"));
    jv_free(document);
    document = document_of_page(differences_page(&r));
    assert_true(jv_is_null(value_at(document, "differences.gaps[].holm")));
    assert_null(value_at(document, "differences.gaps[].name"));
    assert_true(jv_is_null(jv_at(value_at(document, "multi[].exact_match_wilson"), 1)));
    jv_free(document);
    document = document_of_page(against_page(&r));
    assert_true(jv_is_null(value_at(document, "pooled.p")));
    assert_true(jv_is_null(jv_get(jv_at(jv_get(document, "questions"), 2), "difference")));
    jv_free(document);
    document = document_of_page(show_consensus(&r.consensus));
    assert_true(jv_is_null(jv_get(jv_at(jv_get(document, "annotators"), 2), "coin_flip")));
    assert_true(jv_is_null(jv_get(jv_at(jv_get(document, "questions"), 2), "winner")));
    assert_true(jv_is_null(value_at(document, "tie_first")));
    jv_free(document);
    r.review.design = 0;
    r.review.n_people = 0;
    document = show_review_overview(&r.review);
    assert_true(jv_is_null(value_at(document, "sample")));
    assert_true(jv_is_array(value_at(document, "people")));
    jv_free(document);
    results_release(&r);
}

/* Without a second annotator, with nothing on the queue, with no labels at all. */
static void documents_say_as_little_as_there_is(void **state)
{
    struct json_t *document;
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    r.report.first = NULL;
    r.report.review.items = r.status.review.items = 0;
    r.report.n_annotators = 1;
    r.status.pair[0] = NULL;
    document = document_of_page(show_report(&r.report));
    assert_null(value_at(document, "between"));
    assert_null(value_at(document, "consensus"));
    assert_null(value_at(document, "review"));
    assert_int_equal(jv_length(value_at(document, "annotators")), 1);
    jv_free(document);
    r.before.all.n_groups = 0;
    document = document_of_page(show_agree(&r.agree));
    assert_true(jv_is_array(value_at(document, "groups")));
    assert_int_equal(jv_length(value_at(document, "groups")), 0);
    jv_free(document);
    document = document_of_page(show_status(&r.status, false));
    assert_null(value_at(document, "between"));
    assert_null(value_at(document, "review"));
    assert_int_equal(jv_length(value_at(document, "runs")), 1);
    jv_free(document);
    results_release(&r);
}

/* ---- every name documented ---- */

/* docs/statistics.md and docs/json.md; free() it. */
static char *documents(void)
{
    size_t len;
    char *statistics = read_and_free(fixture_path("ASSENT_DOCUMENTS", "statistics.md"), &len);
    char *json = read_and_free(fixture_path("ASSENT_DOCUMENTS", "json.md"), &len);
    char *both = NULL;

    assert_true(asprintf(&both, "%s\n%s", statistics, json) > 0);
    free(statistics);
    free(json);
    return both;
}

/* Does a word stand in the text between two backquotes, as names of members do? */
static bool is_documented(const char *text, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strlen(word);
    bool inside = false;

    for (; *text != '\0'; text++) {
        size_t n = strspn(text, letters);

        inside = inside != (*text == '`');
        if (inside && n == len && strncmp(text, word, n) == 0)
            return true;
        text += n > 0 ? n - 1 : 0;
    }
    return false;
}

static const struct list {
    const char *name;
    const struct figure *figures;
    bool documented; /* today, every one of them */
} lists[] = {
    { "name", figures_name, true },
    { "agreement", figures_agreement, true },
    { "against", figures_against, true },
    { "yes_bias", figures_yes_bias, true },
    { "low", figures_low, true },
    { "gaps", figures_gaps, true },
    { "multi", figures_multi, true },
    { "consensus", figures_consensus, true },
    { "wins", figures_wins, true },
    { "winners", figures_winners, false },
    { "missed", figures_missed, true },
    { "rules", figures_rules, true },
    { "broken", figures_broken, true },
    { "alarms", figures_alarms, true },
    { "moved", figures_moved, true },
    { "verdicts", figures_verdicts, true },
    { "alt_person", figures_alt_person, true },
    { "alt_row", figures_alt_row, true },
    { "cost", figures_cost, true },
    { "people", figures_people, true },
    { "reviewed", figures_reviewed, true },
    { "sample", figures_sample, true },
    { "annotators", figures_annotators, true },
    { "ledger", figures_ledger, true },
    { "ledger's models", figures_ledger_models, true },
    { "ledger's people", figures_ledger_people, true },
    { "frontier", figures_frontier, true },
    { "next votes", figures_next_votes, true },
    { "calibration", figures_calibration, true },
    { "bins", figures_bins, true },
    { "thresholds", figures_thresholds, true },
};

static void check_documented(const char *text, const struct list *list)
{
    for (const struct figure *f = list->figures; f->key; f++) {
        if (f->flags & FIGURE_HIDDEN)
            continue;
        if (!is_documented(text, f->key))
            fail_row(list->name, "'%s' stands in no document", f->key);
    }
}

static void a_word_is_found_in_backquotes_only(void **state)
{
    static const char text[] = "kappa, `n`, `[{\"f1\", \"won\": {NAME: N}}]` alpha `a_b`";

    (void)state;
    assert_true(is_documented(text, "n"));
    assert_true(is_documented(text, "f1"));
    assert_true(is_documented(text, "won"));
    assert_true(is_documented(text, "a_b"));
    assert_false(is_documented(text, "kappa"));
    assert_false(is_documented(text, "alpha"));
    assert_false(is_documented(text, "b"));
    assert_false(is_documented(text, "f"));
}

static void figures_stand_in_the_documents_but_for_those_of_winners(void **state)
{
    char *text = documents();

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (lists[i].documented)
            check_documented(text, &lists[i]);
    free(text);
}

static void every_figure_stands_in_the_documents(void **state)
{
    char *text = documents();

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        check_documented(text, &lists[i]);
    free(text);
}

static bool is_old(const char *key)
{
    for (size_t i = 0; i < COUNT(renamed); i++) {
        const char *dot = strrchr(renamed[i].old_path, '.');

        if (strcmp(dot ? dot + 1 : renamed[i].old_path, key) == 0)
            return true;
    }
    return false;
}

/* Fails for a member whose name stands nowhere; won has the names of annotators. */
static void check_all_documented(const char *job, const char *text, const struct json_t *v)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key;

    for (size_t i = 0; i < jv_length(v); i++)
        check_all_documented(job, text, jv_at(v, i));
    while (jv_member(v, &iterator, &key, &value)) {
        if (!is_old(key) && !is_documented(text, key))
            fail_row(job, "'%s' stands in no document", key);
        if (strcmp(key, "won") != 0)
            check_all_documented(job, text, value);
    }
}

static void every_member_of_a_document_stands_in_the_documents(void **state)
{
    char *text = documents();
    struct results r;

    (void)state;
    results_make(&r, "llava", "celeba", "anna");
    for (size_t j = 0; j < COUNT(jobs); j++) {
        struct json_t *document = document_of_page(jobs[j].page(&r));

        check_all_documented(jobs[j].name, text, document);
        jv_free(document);
    }
    results_release(&r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_has_the_members_that_are_promised),
        cmocka_unit_test(members_with_a_newer_name_have_the_older_one_beside_it),
        cmocka_unit_test(documents_have_the_numbers_of_their_results),
        cmocka_unit_test(what_a_result_does_not_define_is_null),
        cmocka_unit_test(documents_say_as_little_as_there_is),
        cmocka_unit_test(a_word_is_found_in_backquotes_only),
        cmocka_unit_test(figures_stand_in_the_documents_but_for_those_of_winners),
        test_with_scratch(every_figure_stands_in_the_documents),
        test_with_scratch(every_member_of_a_document_stands_in_the_documents),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("show_documents", tests, NULL, NULL);
}
