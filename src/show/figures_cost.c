/* SPDX-License-Identifier: MIT
 *
 * The figures of money: what answers cost, what was spent, what more would buy.
 */
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
