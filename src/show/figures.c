/* SPDX-License-Identifier: MIT */
#include "show/figures.h"

#include <math.h>
#include <string.h>

#include "jobs/accept.h"
#include "jobs/consensus.h"
#include "jobs/moved.h"
#include "jobs/plan_accept.h"
#include "jobs/report.h"
#include "jobs/status.h"
#include "show/calibration.h"
#include "show/estimates.h"
#include "stats/stats.h"

#define IN(type, member) .at = offsetof(struct type, member)
#define FIGURE(name)     IN(stats_figures, value[STATS_##name])

#define TEXT(type, member)     .kind = FIGURE_TEXT, IN(type, member)
#define COUNT(type, member)    .kind = FIGURE_COUNT, IN(type, member)
#define NUMBER(type, member)   .kind = FIGURE_NUMBER, .decimals = 3, IN(type, member)
#define PERCENT(type, member)  .kind = FIGURE_PERCENT, IN(type, member)
#define MONEY(type, member)    .kind = FIGURE_MONEY, IN(type, member)
#define INTERVAL(type, member) .kind = FIGURE_INTERVAL, .decimals = 3, IN(type, member)
#define ERROR(name)            .kind = FIGURE_NUMBER, .decimals = 4, FIGURE(name##_ERROR)
#define MEAN(name)             .kind = FIGURE_NUMBER, .decimals = 3, FIGURE(name), .macro = MACRO_MEAN

const struct figure figures_name[] = { { "name", "", .kind = FIGURE_TEXT }, { 0 } };

static const char question[] = "for a question, where something varies",
                  ordinal[] = "for ordinal questions";
static const char both_rate[] = "both labelled the cell, and a yes/no question";

const struct figure figures_agreement[] = {
    { "n", "n", "cells that both labelled; of more annotators, that two or more did",
      COUNT(stats_figures, n), .macro = MACRO_SUM, .rank = 6 },
    { "asked", NULL, "cells that both answered, abstentions included", COUNT(stats_figures, asked),
      .macro = MACRO_SUM },
    { "missing", NULL, "cells that only one of them answered, which are left out",
      COUNT(stats_figures, missing), .macro = MACRO_SUM },
    { "coverage", "coverage", "the share n / asked", MEAN(COVERAGE), .rank = 7,
      .flags = FIGURE_ASIDE },
    { "agreement", "agree", "the share of the n cells with one label", MEAN(AGREEMENT) },
    { "agreement_with_abstentions", "with abst.",
      "the same of all asked, an abstention being an error", MEAN(AGREEMENT_WITH_ABSTENTIONS),
      .rank = 7, .flags = FIGURE_ASIDE },
    { "bootstrap", "95 % (images)", "95 % interval of agreement, whole images drawn again",
      INTERVAL(stats_figures, bootstrap), .macro = MACRO_RESAMPLED,
      .defined = "unless --resamples 0", .rank = 1 },
    { "wilson", "95 % (cells)", "95 % interval of agreement, cells taken as independent (Wilson)",
      INTERVAL(stats_figures, wilson), .defined = "for two annotators", .rank = 1 },
    { "kappa", "kappa",
      "agreement beyond what their rates of each label would give by chance "
      "(Cohen); of more annotators the mean of the pairs",
      MEAN(KAPPA), .defined = "where something varies", .rank = 2 },
    { "kappa_bootstrap", NULL, "95 % interval of kappa, whole images drawn again",
      INTERVAL(stats_figures, kappa_bootstrap), .macro = MACRO_RESAMPLED,
      .defined = "unless --resamples 0" },
    { "kappa_standard_error", NULL, "of kappa (Fleiss, Cohen, Everitt)", ERROR(KAPPA),
      .defined = "for a question of two annotators" },
    { "kappa_max", NULL, "the largest kappa that the first's and the second's rates allow",
      MEAN(KAPPA_MAX), .defined = "where something varies" },
    { "linear_kappa", NULL,
      "kappa that counts near options as partly right, by the steps between them (Cohen's, linear)",
      MEAN(LINEAR_KAPPA), .defined = ordinal },
    { "quadratic_kappa", "weighted",
      "kappa that counts near options as nearly right (Cohen's, quadratic)", MEAN(QUADRATIC_KAPPA),
      .defined = ordinal, .rank = 3, .flags = FIGURE_ORDINAL },
    { "quadratic_kappa_standard_error", NULL, "of quadratic_kappa", ERROR(QUADRATIC_KAPPA),
      .defined = "for an ordinal question of two annotators" },
    { "ac1", "AC1", "agreement beyond chance that holds where one label is rare (Gwet)", MEAN(AC1),
      .rank = 3 },
    { "ac1_standard_error", NULL, "of AC1 (Gwet)", ERROR(AC1), .defined = question },
    { "ac1_interval", NULL, "95 % interval of AC1, by that error (Gwet)",
      INTERVAL(stats_figures, ac1), .defined = question },
    { "linear_ac2", NULL, "as ordinal_ac2, with linear weights", MEAN(LINEAR_AC2),
      .defined = ordinal },
    { "quadratic_ac2", NULL, "as ordinal_ac2, with quadratic weights", MEAN(QUADRATIC_AC2),
      .defined = ordinal },
    { "ordinal_ac2", "AC2",
      "agreement beyond chance that counts near options as nearly right, by the pairs of options "
      "between them (Gwet's AC2, ordinal weights)",
      MEAN(ORDINAL_AC2), .defined = ordinal, .rank = 4, .flags = FIGURE_ORDINAL },
    { "ordinal_ac2_standard_error", NULL, "of ordinal_ac2 (Gwet)", ERROR(ORDINAL_AC2),
      .defined = "for an ordinal question" },
    { "pabak", NULL, "agreement beyond chance if every label were as likely (Brennan, Prediger)",
      MEAN(PABAK) },
    { "alpha", "alpha", "agreement beyond chance, any number of annotators (Krippendorff)",
      MEAN(ALPHA), .defined = "where something varies", .rank = 4 },
    { "alpha_standard_error", NULL, "of alpha (Gwet)", ERROR(ALPHA), .defined = question },
    { "alpha_interval", NULL, "95 % interval of alpha, by that error (Gwet)",
      INTERVAL(stats_figures, alpha), .defined = question },
    { "ordinal_alpha", NULL, "alpha by the labels that lie between two options (Krippendorff)",
      MEAN(ORDINAL_ALPHA), .defined = ordinal },
    { "interval_alpha", NULL,
      "alpha by the squared steps between two options, taken as equal (Krippendorff)",
      MEAN(INTERVAL_ALPHA), .defined = ordinal },
    { "fleiss_kappa", "Fleiss", "kappa of more than two annotators (Fleiss)", MEAN(FLEISS_KAPPA),
      .rank = 4, .flags = FIGURE_MANY },
    { "fleiss_standard_error", NULL, "of Fleiss' kappa (Gwet)", ERROR(FLEISS), .defined = question,
      .flags = FIGURE_MANY },
    { "conger_kappa", NULL, "kappa of more than two annotators, by the rates of each (Conger)",
      MEAN(CONGER_KAPPA), .defined = "where something varies", .flags = FIGURE_MANY },
    { "conger_standard_error", NULL, "of Conger's kappa (Gwet)", ERROR(CONGER), .defined = question,
      .flags = FIGURE_MANY },
    { "positive_rate", NULL, "how often the first and the second say yes", .kind = FIGURE_PAIR,
      FIGURE(RATE_FIRST), .macro = MACRO_MEAN, .defined = both_rate },
    { "rate_first", "yes 1st", "how often the first says yes", MEAN(RATE_FIRST),
      .defined = both_rate, .rank = 5, .flags = FIGURE_HIDDEN | FIGURE_TWO },
    { "rate_second", "yes 2nd", "how often the second says yes", MEAN(RATE_SECOND),
      .defined = both_rate, .rank = 5, .flags = FIGURE_HIDDEN | FIGURE_TWO },
    { "precision", "precision", "of the first's yes, the share that is the second's too",
      MEAN(PRECISION), .defined = "where the first says yes", .rank = 3, .flags = FIGURE_TWO },
    { "recall", "recall", "of the second's yes, the share that the first finds", MEAN(RECALL),
      .defined = "where the second says yes", .rank = 2, .flags = FIGURE_TWO },
    { "f1", "F1", "the harmonic mean of precision and recall", MEAN(F1),
      .defined = "where either says yes", .rank = 5, .flags = FIGURE_TWO },
    { "positive_agreement", NULL, "specific agreement on yes", MEAN(POSITIVE_AGREEMENT),
      .defined = "where either says yes" },
    { "negative_agreement", NULL, "specific agreement on no", MEAN(NEGATIVE_AGREEMENT),
      .defined = "where either says no" },
    { "counts", NULL, "the table of both labels: the first's in rows", .kind = FIGURE_TABLE,
      IN(stats_figures, table), .flags = FIGURE_OPTIONAL },
    { 0 },
};

const struct figure figures_consensus[] = {
    { "name", "annotator", NULL, TEXT(consensus_annotator, name) },
    { "n", "labels", "cells that it labelled and that have a consensus",
      COUNT(consensus_annotator, n), .rank = 3 },
    { "agreement", "agreement", "the share of them on which the consensus is its label",
      .kind = FIGURE_NUMBER, .decimals = 6, IN(consensus_annotator, agreement) },
    { "coin_flip", "by coin flip",
      "what that share would be if each extra vote were a fair draw, computed exactly",
      .kind = FIGURE_NUMBER, .decimals = 7, IN(consensus_annotator, coin_flip),
      .defined = "where extra votes were given, for who gave none of them", .rank = 1 },
    { "disputes_won", "disputes won", "disputed cells whose consensus is its label",
      COUNT(consensus_annotator, disputes_won), .rank = 2 },
    { "extra", NULL, "did its votes come after a dispute?", .kind = FIGURE_FLAG,
      IN(consensus_annotator, extra) },
    { 0 },
};

const struct figure figures_wins[] = {
    { "winner", "winner", "who won most of the question's disputes",
      TEXT(consensus_question, winner) },
    { "disputed", "disputed", "cells on which the annotators differ",
      COUNT(consensus_question, disputed) },
    { "ties", "ties", "cells without a majority", COUNT(consensus_question, ties) },
    { 0 },
};

const struct figure figures_winners[] = {
    { "group", "questions", NULL, TEXT(report_winners, group) },
    { "first", "first", "questions on which the votes favour the first",
      COUNT(report_winners, first) },
    { "second", "second", "questions on which they favour the second",
      COUNT(report_winners, second) },
    { "ties", "neither", "questions on which they favour neither", COUNT(report_winners, ties) },
    { "other", "another", "questions on which they favour another annotator",
      COUNT(report_winners, other), .rank = 1 },
    { 0 },
};

const struct figure figures_missed[] = {
    { "agreement", "agreement", "of the question, which hides what is missed",
      NUMBER(report_missed, agreement), .rank = 2 },
    { "positives", "yes", "images with a yes by consensus", COUNT(report_missed, yes) },
    { "found", "found", "of these, images on which the annotator says yes too",
      COUNT(report_missed, found) },
    { "recall", "recall", "the share that is found", NUMBER(report_missed, recall) },
    { "precision", "precision", "of what it says yes to, the share that is right",
      NUMBER(report_missed, precision), .rank = 1 },
    { 0 },
};

const struct figure figures_rules[] = {
    { "name", "annotator", NULL, TEXT(report_rules, name) },
    { "positive_rate", "yes", "the share of yes among its labels of yes/no questions",
      PERCENT(report_rules, yes_rate) },
    { "labels", "labels", "cells that it labelled", COUNT(report_rules, labels) },
    { "abstentions", "abstentions", "cells that it answered with a reason in place of a label",
      COUNT(report_rules, abstentions), .rank = 1 },
    { "images_breaking_rules", NULL, "images on which its labels break a rule",
      COUNT(report_rules, any_broken) },
    { "images_checked", NULL, "images on which all that some rule needs is labelled",
      COUNT(report_rules, any_checked) },
    { 0 },
};

const struct figure figures_broken[] = {
    { "broken", "broken", "images that break the rule", COUNT(report_broken, broken), .rank = 2 },
    { "checked", "of", "images on which all that the rule needs is labelled",
      COUNT(report_broken, checked), .rank = 2 },
    { "share", "share", "broken / checked", PERCENT(report_broken, share),
      .defined = "where the rule could be checked" },
    { 0 },
};

const struct figure figures_alarms[] = {
    { "alarm", "alarm", NULL, TEXT(report_alarm, name) },
    { "of", "of", NULL, TEXT(report_alarm, subject) },
    { "value", "measured", NULL, PERCENT(report_alarm, value) },
    { "threshold", "threshold", NULL, PERCENT(report_alarm, threshold), .rank = 1 },
    { 0 },
};

const struct figure figures_moved[] = {
    { "annotator", "annotator", NULL, TEXT(moved, annotator), .rank = 2 },
    { "asked", "asked otherwise", NULL, TEXT(moved, what) },
    { "images", "images", "pictures that were asked about so", COUNT(moved, images), .rank = 3 },
    { "answers", "answers", "to the same questions as in the plain way", COUNT(moved, answers) },
    { "changed", "changed", "of these, answers with another label", COUNT(moved, changed) },
    { "share", "share", "changed / answers", PERCENT(moved, share),
      .defined = "where there are answers" },
    { "mean_move", "mean move",
      "how far the probabilities are from those of the plain way, on average: half the sum of the "
      "differences over the options; of yes/no questions the difference",
      NUMBER(moved, mean), .defined = "where both sides have probabilities", .rank = 1 },
    { "largest_move", "largest", "the largest of these", NUMBER(moved, most),
      .defined = "where both sides have probabilities", .rank = 1 },
    { "at", NULL, NULL, TEXT(moved, at) },
    { 0 },
};

const struct figure figures_cost[] = {
    { "images", NULL, NULL, COUNT(cost_size, images) },
    { "cells", NULL, NULL, COUNT(cost_size, cells) },
    { "votes", NULL, NULL, COUNT(cost_size, votes) },
    { "model", NULL, "what the model's answers cost in all", MONEY(cost_size, model) },
    { "people", NULL, "what people's labels of all cells cost", MONEY(cost_size, people) },
    { "review", NULL, "what people's votes on disputes cost", MONEY(cost_size, review) },
    { "model_answer", NULL, "a model's answer", MONEY(cost_size, model_answer) },
    { "people_answer", NULL, "a person's answer", MONEY(cost_size, people_answer) },
    { "model_share", NULL, "model / people", NUMBER(cost_size, model_share) },
    { "process_share", NULL, "(people + model + review) / people: what the study's figures needed",
      NUMBER(cost_size, process_share) },
    { "machine_hours", NULL, NULL, NUMBER(cost_size, machine_hours) },
    { "people_hours", NULL, NULL, NUMBER(cost_size, people_hours) },
    { "review_hours", NULL, NULL, NUMBER(cost_size, review_hours) },
    { 0 },
};

const struct figure figures_people[] = {
    { "name", "reviewer", NULL, TEXT(review_person, name) },
    { "done", "answers", "answers that count; a skip is none", COUNT(review_person, done) },
    { "unsure", "can't tell", "of these, that the person can't tell",
      COUNT(review_person, unsure) },
    { "flagged", "flagged", "of these, images that something is wrong with",
      COUNT(review_person, flagged), .rank = 2 },
    { "skipped", "skipped", "items left to others", COUNT(review_person, skipped), .rank = 2 },
    { "undone", "undone", "answers taken back", COUNT(review_person, undone), .rank = 3 },
    { "seconds_per_answer", "s per answer", "the median of what an answer took",
      .kind = FIGURE_NUMBER, .decimals = 1, IN(review_person, seconds),
      .defined = "where there are answers", .old_key = "seconds_an_answer" },
    { "votes_per_hour", "votes per hour", "answers that count, by the time spent",
      .kind = FIGURE_NUMBER, IN(review_person, votes_per_hour), .defined = "where time was spent",
      .rank = 1, .old_key = "votes_an_hour" },
    { "hours", "hours", "time spent, on what was undone too", .kind = FIGURE_NUMBER, .decimals = 2,
      IN(review_person, hours), .rank = 1 },
    { "gold", "gold", "answers to items whose answer is known", COUNT(review_person, gold),
      .rank = 3 },
    { "gold_accuracy", "gold right", "the share of them that is right",
      PERCENT(review_person, gold_accuracy), .defined = "where there was gold", .rank = 2 },
    { "repeats", "repeats", "answers to items shown again", COUNT(review_person, repeats),
      .rank = 3 },
    { "repeat_consistency", "repeated alike", "the share of them that is as before",
      PERCENT(review_person, repeat_consistency), .defined = "where items came again", .rank = 2 },
    { "leased", NULL, "items that the person holds now", COUNT(review_person, leased) },
    { "last", "latest", NULL, TEXT(review_person, last), .rank = 4 },
    { "revoked", NULL, NULL, .kind = FIGURE_FLAG, IN(review_person, revoked) },
    { 0 },
};

const struct figure figures_reviewed[] = {
    { "items", "items", "of the question, on the queue", COUNT(review_question, items), .rank = 1 },
    { "done", "done", "items with all their votes", COUNT(review_question, done) },
    { "seconds_per_answer", "s per answer", "the median of what an answer took",
      .kind = FIGURE_NUMBER, .decimals = 1, IN(review_question, seconds),
      .defined = "where there are answers", .old_key = "seconds_an_answer" },
    { 0 },
};

const struct figure figures_sample[] = {
    { "drawn", NULL, "cells drawn at random", COUNT(review_figures, drawn) },
    { "settled", NULL, "of these, cells with a majority of people's votes",
      NUMBER(review_figures, sample.settled) },
    { "agreement", NULL,
      "the share of the labels of all cells that could be drawn with which people would agree",
      NUMBER(review_figures, sample.agreement), .defined = "where cells are settled" },
    { "standard_error", NULL, "of that share, by the design of the sample",
      NUMBER(review_figures, sample.error), .defined = "where cells are settled" },
    { "interval", NULL, "its 95 % interval", INTERVAL(review_figures, sample.interval),
      .defined = "where cells are settled" },
    { "covered", NULL, "the share of those cells that lies in strata with a settled cell",
      NUMBER(review_figures, sample.covered) },
    { "frame", NULL, "cells that could be drawn", COUNT(review_figures, frame) },
    { "cells", NULL, "cells that the project has now: others came later, or were not asked",
      COUNT(review_figures, cells) },
    { 0 },
};

const struct figure figures_annotators[] = {
    { "name", "annotator", NULL, TEXT(status_annotator, name) },
    { "labels", "labels", "cells that it labelled", COUNT(status_annotator, labels) },
    { "share", "of all cells", "labels / cells", PERCENT(status_annotator, share), .rank = 1,
      .flags = FIGURE_HIDDEN },
    { "abstentions", "abstentions", "cells that it answered with a reason in place of a label",
      COUNT(status_annotator, abstentions), .rank = 3 },
    { "votes", "single votes", "answers given one by one", COUNT(status_annotator, votes),
      .rank = 2 },
    { "answered_to_other_wording", NULL,
      "a model's answers to other words than assent.yaml has now: annotate asks again",
      COUNT(status_annotator, answered_to_other_wording), .old_key = "other_words" },
    { 0 },
};

static const char if_seen[] = "people answered some of them";

const struct figure figures_verdicts[] = {
    { "answers", NULL, "answers of the annotator in the frame of the sample",
      COUNT(verdict_set, cells) },
    { "settled", "seen", "of these, cells of the random sample on which people agree on an answer",
      COUNT(verdict_set, n), .rank = 3 },
    { "errors", "wrong", "of these, cells on which people say otherwise",
      COUNT(verdict_set, errors), .rank = 4 },
    { "error", NULL, "the share of all answers that are wrong, estimated by the sample's design",
      NUMBER(verdict_set, error), .defined = if_seen },
    { "accepted", NULL, "answers that may be used as they are", COUNT(verdict_set, accepted) },
    { "share", "accepted", "the share of the answers that may be used as they are",
      PERCENT(verdict_set, share), .defined = "where there are answers" },
    { "threshold", "from", "the least probability of an own answer that is accepted",
      NUMBER(verdict_set, threshold), .defined = "where a part of the answers is accepted",
      .rank = 2 },
    { "bound", "wrong at most",
      "at most this share of the accepted answers is wrong; of all answers where none is accepted",
      PERCENT(verdict_set, bound), .defined = "where there are answers" },
    { "right", "right",
      "the estimated share of the accepted answers that is right; of all where none is accepted",
      NUMBER(verdict_set, right), .defined = if_seen, .rank = 5 },
    { "right_interval", "certain",
      "at least so many are right, by the bound on what is wrong; at most all are",
      INTERVAL(verdict_set, right_interval), .defined = "where there are answers", .rank = 6 },
    { 0 },
};

const struct figure figures_planned[] = {
    { "answers", "answers", "answers of the annotator; images, where it has given none yet",
      COUNT(planned_question, cells), .rank = 2 },
    { "votes", NULL,
      "cells that people have to answer until all answers may be used, if no more are wrong than "
      "is assumed, with the stated power",
      FIGURE_NUMBER, offsetof(struct planned_question, votes), .defined = "below 20 000" },
    { "drawn", NULL, "cells of the question in the random sample", COUNT(planned_question, drawn) },
    { "settled", "seen", "of these, those that people have answered",
      COUNT(planned_question, settled), .rank = 3 },
    { "verdict", "verdict", NULL, FIGURE_TEXT, offsetof(struct planned_question, verdict),
      .rank = 1 },
    { "votes_to_decide", NULL,
      "cells that are still to be answered: at the rate of errors seen so far, else as planned",
      FIGURE_NUMBER, offsetof(struct planned_question, left),
      .defined = "where a number below 20 000 would decide" },
    { 0 },
};

const struct figure_list figure_lists[] = {
    { "Agreement of annotators (agree, report)", figures_agreement },
    { "Two annotators against a third (agree --against)", figures_against },
    { "Who says yes more often (agree, report)", figures_yes_bias },
    { "Questions with little agreement (agree, report)", figures_low },
    { "Groups of images that differ (agree --by, report --by)", figures_gaps },
    { "Questions that allow several options (agree, report)", figures_multi },
    { "Where models are sure and people differ (agree)", figures_sure },
    { "Consensus", figures_consensus },
    { "Consensus, per question", figures_wins },
    { "Questions that the votes favour (report)", figures_winners },
    { "Rare answers that are missed (report)", figures_missed },
    { "Bias (report)", figures_rules },
    { "Rules (report)", figures_broken },
    { "What a server's answers depend on (plan, report)", figures_moved },
    { "What may be used (accept, report)", figures_verdicts },
    { "Votes until answers may be used (plan --accept)", figures_planned },
    { "What probabilities are worth (calibrate, report)", figures_calibration },
    { "Bins of probabilities (calibrate, report)", figures_bins },
    { "Where yes begins (calibrate, report)", figures_thresholds },
    { "Cost (report)", figures_cost },
    { "As good as one more person? By person (report)", figures_alt_person },
    { "As good as one more person? By question (report)", figures_alt_row },
    { "Reviewers (status, report)", figures_people },
    { "Questions of a review (report)", figures_reviewed },
    { "The review's sample (report)", figures_sample },
    { "Annotators (status)", figures_annotators },
    { "Over all cells: agreement with people (report)", figures_overall },
    { "Over all cells: how often people would give an answer (report)", figures_shares },
    { "What has been spent (report)", figures_ledger },
    { "What models have cost (report)", figures_ledger_models },
    { "What people have cost (report)", figures_ledger_people },
    { "What quality costs (report)", figures_frontier },
    { "What the next hundred votes would buy (report)", figures_next_votes },
    { 0 },
};

const char *const figure_macro_texts[] = {
    [MACRO_NONE] = NULL,
    [MACRO_MEAN] = "macro: the mean of the questions where it is defined",
    [MACRO_SUM] = "macro: the sum over the questions",
    [MACRO_RESAMPLED] = "macro: of the mean over the questions, in each resample",
};

const struct figure *figure_find(const struct figure *list, const char *key)
{
    for (; list->key; list++)
        if (strcmp(list->key, key) == 0)
            return list;
    return NULL;
}

/* ---- values ---- */

static struct json_t *counts_json(const struct stats_table *t)
{
    struct json_t *rows = t->k > 0 ? jv_array() : NULL;

    for (size_t i = 0; i < t->k; i++) {
        struct json_t *row = jv_array();

        for (size_t j = 0; j < t->k; j++)
            jv_append(row, jv_pack("I", (long long)t->counts[i * t->k + j]));
        jv_append(rows, row);
    }
    return rows;
}

struct value figure_value(const struct figure *f, const void *of)
{
    const void *at = (const char *)of + f->at;
    const double *numbers = at;
    const struct stats_interval *interval = at;

    switch (f->kind) {
    case FIGURE_TEXT: return (struct value){ .text = *(const char *const *)at };
    case FIGURE_COUNT: return (struct value){ .count = *(const uint64_t *)at };
    case FIGURE_SIZE: return (struct value){ .count = *(const size_t *)at };
    case FIGURE_UINT32: return (struct value){ .count = *(const uint32_t *)at };
    case FIGURE_FLAG: return (struct value){ .count = *(const bool *)at };
    case FIGURE_INTERVAL: return (struct value){ .number = { interval->low, interval->high } };
    case FIGURE_PAIR: return (struct value){ .number = { numbers[0], numbers[1] } };
    case FIGURE_TABLE: return (struct value){ .json = counts_json(at) };
    case FIGURE_JSON: return (struct value){ .json = *(struct json_t *const *)at };
    default: return (struct value){ .number = { numbers[0], 0 } };
    }
}

/* ".795", "-.034", "1.000": the zero before the point says nothing in a column of shares. */
static const char *short_number(double x, int decimals, char *out, size_t cap)
{
    if (!isfinite(x)) {
        snprintf(out, cap, "-");
        return out;
    }
    snprintf(out, cap, "%.*f", decimals, x);
    if (strncmp(out, "0.", 2) == 0)
        memmove(out, out + 1, strlen(out));
    else if (strncmp(out, "-0.", 3) == 0)
        memmove(out + 1, out + 2, strlen(out + 1));
    return out;
}

static void chance_text(double p, char *out)
{
    if (p < 1e-4)
        snprintf(out, FIGURE_TEXT_MAX, "< .0001");
    else
        short_number(p, 4, out, FIGURE_TEXT_MAX);
}

/* Whole from a thousand on, cents from one on, and three digits of what is smaller: "0.0125",
 * "0.0000278". */
static void money_text(double x, char *out)
{
    if (x >= 1000 && x < 1e15)
        text_grouped((uint64_t)llround(x), out);
    else if (x >= 1 || x <= 0)
        snprintf(out, FIGURE_TEXT_MAX, "%.2f", x);
    else
        snprintf(out, FIGURE_TEXT_MAX, "%.*f", (int)(2 - floor(log10(x))), x);
}

static void interval_text(const struct value *v, int decimals, char *out)
{
    char low[64], high[64];

    short_number(v->number[0], decimals, low, sizeof(low));
    short_number(v->number[1], decimals, high, sizeof(high));
    snprintf(out, FIGURE_TEXT_MAX, "%s - %s", low, high);
}

const char *figure_text(const struct figure *f, const struct value *v, int decimals, char *out)
{
    bool undefined =
        !isfinite(v->number[0]) || (f->kind == FIGURE_INTERVAL && !isfinite(v->number[1]));

    if (undefined || (f->kind == FIGURE_TEXT && !v->text)) {
        snprintf(out, FIGURE_TEXT_MAX, "-");
        return out;
    }
    switch (f->kind) {
    case FIGURE_TEXT:
        if (snprintf(out, FIGURE_TEXT_MAX, "%s", v->text) >= FIGURE_TEXT_MAX)
            text_ellipsis(out, FIGURE_TEXT_MAX);
        return out;
    case FIGURE_COUNT:
    case FIGURE_SIZE:
    case FIGURE_UINT32: return text_grouped(v->count, out);
    case FIGURE_PERCENT: snprintf(out, FIGURE_TEXT_MAX, "%.1f %%", 100 * v->number[0]); return out;
    case FIGURE_CHANCE: chance_text(v->number[0], out); return out;
    case FIGURE_MONEY: money_text(v->number[0], out); return out;
    case FIGURE_INTERVAL: interval_text(v, decimals, out); return out;
    default: return short_number(v->number[0], decimals, out, FIGURE_TEXT_MAX);
    }
}

/* ---- JSON ---- */

static struct json_t *value_json(const struct figure *f, const struct value *v)
{
    switch (f->kind) {
    case FIGURE_TEXT: return v->text ? jv_pack("s", v->text) : jv_pack("n");
    case FIGURE_COUNT:
    case FIGURE_SIZE:
    case FIGURE_UINT32: return jv_pack("I", (long long)v->count);
    case FIGURE_FLAG: return jv_pack("b", (int)v->count);
    case FIGURE_INTERVAL:
    case FIGURE_PAIR: return jv_pack("[o, o]", jv_real(v->number[0]), jv_real(v->number[1]));
    case FIGURE_TABLE:
    case FIGURE_JSON: return v->json ? jv_pack("O", v->json) : jv_pack("n");
    default: return jv_real(v->number[0]);
    }
}

static bool is_nothing(const struct figure *f, const struct value *v)
{
    return (f->kind == FIGURE_TEXT && !v->text) ||
           ((f->kind == FIGURE_TABLE || f->kind == FIGURE_JSON) && !v->json);
}

void figure_set_json(struct json_t *object, const struct figure *f, const struct value *v)
{
    if ((f->flags & FIGURE_HIDDEN) || ((f->flags & FIGURE_OPTIONAL) && is_nothing(f, v)))
        return;
    jv_set(object, f->key, value_json(f, v));
    if (f->old_key)
        jv_set(object, f->old_key, value_json(f, v));
}
