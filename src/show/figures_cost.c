/* SPDX-License-Identifier: MIT
 *
 * The figures of money: what answers cost, what was spent, what more would buy.
 */
#include "jobs/frontier.h"
#include "jobs/ledger.h"
#include "show/figures.h"

#define IN(type, member)      .at = offsetof(struct type, member)
#define TEXT(type, member)    .kind = FIGURE_TEXT, IN(type, member)
#define COUNT(type, member)   .kind = FIGURE_COUNT, IN(type, member)
#define HOURS(type, member)   .kind = FIGURE_NUMBER, .decimals = 2, IN(type, member)
#define PERCENT(type, member) .kind = FIGURE_PERCENT, IN(type, member)
#define MONEY(type, member)   .kind = FIGURE_MONEY, IN(type, member)

const struct figure figures_ledger_models[] = {
    { "name", "model", NULL, TEXT(ledger_model, name) },
    { "runs", "runs", "of the model, withdrawn ones too", COUNT(ledger_model, runs), .rank = 3 },
    { "unknown", "unknown", "of these, runs whose cost is not known", COUNT(ledger_model, unknown),
      .rank = 3 },
    { "labels", "labels", "that the model has, and that count", COUNT(ledger_model, labels) },
    { "hours", "hours", "that its runs took, where they kept the time", HOURS(ledger_model, hours),
      .defined = "where a run kept it", .rank = 2 },
    { "cost", "cost", "of its runs, machine and tokens, where that is known",
      MONEY(ledger_model, cost), .defined = "where the cost of a run is known" },
    { "answer_cost", "per label", "cost / labels", MONEY(ledger_model, answer_cost),
      .defined = "where the cost of all its runs is known" },
    { "right", "right",
      "the share of its labels with which adjudicators would agree, by the random sample",
      PERCENT(ledger_model, right), .defined = "where a sample was drawn and looked at",
      .rank = 1 },
    { "correct_cost", "per right label", "cost / (labels * right)",
      MONEY(ledger_model, correct_cost), .defined = "where both are known", .rank = 1 },
    { "image_cost", "next image",
      "what one image more would cost: as in its runs, else by the speed of assent.yaml",
      MONEY(ledger_model, image_cost), .defined = "where a price is known", .rank = 2 },
    { "basis", NULL, "whence that is: measured, or stated in assent.yaml",
      TEXT(ledger_model, basis) },
    { 0 },
};

const struct figure figures_ledger_people[] = {
    { "name", "person", NULL, TEXT(ledger_person, name) },
    { "answers", "answers", "that say how long they took, those taken back too",
      COUNT(ledger_person, answers) },
    { "hours", "hours", "that these took", HOURS(ledger_person, hours),
      .defined = "where an answer says how long it took" },
    { "cost", "cost", "hours * wage_hour", MONEY(ledger_person, cost),
      .defined = "where hours and wage are known" },
    { 0 },
};

const struct figure figures_ledger[] = {
    { "models_cost", NULL, "what the models' runs cost, where that is known",
      MONEY(ledger, models_cost), .defined = "where the cost of a run is known" },
    { "people_cost", NULL, "what people's time cost, where that is known",
      MONEY(ledger, people_cost), .defined = "where hours and wage are known" },
    { "people_hours", NULL, "that people's answers took", HOURS(ledger, people_hours),
      .defined = "where an answer says how long it took" },
    { "cost", NULL, "both", MONEY(ledger, cost), .defined = "where one of them is known" },
    { "unknown", NULL, "runs of models whose cost is not known, and not in the sum",
      COUNT(ledger, unknown) },
    { "unknown_people", NULL, "people whose time is not known, and not in the sum",
      COUNT(ledger, unknown_people) },
    { "labels", NULL, "labels of models that count", COUNT(ledger, labels) },
    { "accepted", NULL, "labels that a verdict accepts", COUNT(ledger, accepted) },
    { "accepted_cost", NULL, "cost / accepted: all that is known to have been spent, a label",
      MONEY(ledger, accepted_cost), .defined = "where labels are accepted" },
    { 0 },
};

const struct figure figures_frontier[] = {
    { "who", "labels of", NULL, TEXT(frontier_point, who) },
    { "way", "way", NULL, TEXT(frontier_point, way) },
    { "quality", "right",
      "the share of the cells it answered that end up with the label that adjudicators give, by "
      "the "
      "random sample; without one, with the consensus",
      PERCENT(frontier_point, quality), .defined = "where that can be known" },
    { "interval", "95 %", "its 95 % interval, by the design of the sample", .kind = FIGURE_INTERVAL,
      .decimals = 3, IN(frontier_point, interval), .defined = "with a random sample", .rank = 2 },
    { "answers", "people answer", "cells that people have to answer for it",
      COUNT(frontier_point, answers), .rank = 1 },
    { "labels_cost", NULL, "what others' labels cost that it needs first, which is in cost",
      MONEY(frontier_point, labels_cost), .defined = "where prices are known" },
    { "cost", "cost", "of all images: the model, others' labels that it needs, people's answers",
      MONEY(frontier_point, cost), .defined = "where prices are known" },
    { "cost_per_thousand", "per 1 000", "the same of 1 000 images", MONEY(frontier_point, thousand),
      .defined = "where prices are known", .rank = 3 },
    { "expected", NULL, "the gain is somebody's expectation, as assent.yaml has it",
      .kind = FIGURE_FLAG, IN(frontier_point, stated) },
    { "dominated", NULL, "another way is no dearer and no worse, and one of both better",
      .kind = FIGURE_FLAG, IN(frontier_point, dominated) },
    { 0 },
};

const struct figure figures_next_votes[] = {
    { "where", "100 votes on", NULL, TEXT(frontier_votes, where) },
    { "gain", "expected", "what the next hundred votes are expected to bring, in that unit",
      .kind = FIGURE_NUMBER, .decimals = 1, IN(frontier_votes, gain),
      .defined = "where something was measured" },
    { "unit", "of", NULL, TEXT(frontier_votes, unit) },
    { "interval", "95 %", "its 95 % interval", .kind = FIGURE_INTERVAL, .decimals = 1,
      IN(frontier_votes, interval), .defined = "of disputes: Wilson's", .rank = 2 },
    { "open", "cells left", "on which such votes can be spent", COUNT(frontier_votes, open),
      .rank = 1 },
    { "assumes", NULL, NULL, TEXT(frontier_votes, assumes) },
    { 0 },
};
