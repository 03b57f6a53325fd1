/* SPDX-License-Identifier: MIT
 *
 * figures_estimates.c - the figures of what people would say of all cells.
 */
#include "show/estimates.h"

#define IN(type, member)       .at = offsetof(struct type, member)
#define TEXT(type, member)     .kind = FIGURE_TEXT, IN(type, member)
#define COUNT(type, member)    .kind = FIGURE_COUNT, IN(type, member)
#define NUMBER(type, member)   .kind = FIGURE_NUMBER, .decimals = 3, IN(type, member)
#define INTERVAL(type, member) .kind = FIGURE_INTERVAL, .decimals = 3, IN(type, member)

static const char settled[] = "where cells of the sample are settled";
static const char erring[] =
    "of yes and no, where known answers or repeats show how often people err";

const struct figure figures_overall[] = {
    { "annotator", "annotator", NULL, TEXT(estimates_agreement, annotator) },
    { "name", "question", NULL, TEXT(estimates_agreement, name), .flags = FIGURE_OPTIONAL },
    { "labels", NULL, "of the cells that could be drawn, those that it labelled",
      COUNT(estimates_agreement, labels) },
    { "settled", NULL, "cells of the sample that the figure rests on",
      NUMBER(estimates_agreement, cells.settled) },
    { "agreement", "people agree",
      "the share of its labels of all cells that could be drawn with which people would agree",
      NUMBER(estimates_agreement, cells.value), .defined = settled },
    { "standard_error", NULL, "of that share, by the design of the sample",
      NUMBER(estimates_agreement, cells.error), .defined = settled },
    { "interval", "95 %", "its 95 % interval", INTERVAL(estimates_agreement, cells.interval),
      .defined = settled },
    { "covered", NULL, "the share of the cells that lies in strata with a settled cell",
      NUMBER(estimates_agreement, cells.covered) },
    { "corrected", "corrected",
      "the same agreement if people never erred, by how often they did on known answers or repeats",
      NUMBER(estimates_agreement, corrected.value), .defined = erring, .rank = 2 },
    { "corrected_interval", "corrected, 95 %", "its 95 % interval",
      INTERVAL(estimates_agreement, corrected.interval), .defined = erring, .rank = 3 },
    { "voted", "voted cells",
      "the plain share of the cells that people voted on, however these were chosen",
      NUMBER(estimates_agreement, voted), .defined = "where people voted", .rank = 1 },
    { "other", "the other", "the plain share of the cells on which both who are compared agree",
      NUMBER(estimates_agreement, other), .defined = "for the two who are compared", .rank = 4 },
    { 0 },
};

const struct figure figures_shares[] = {
    { "name", "question", NULL, TEXT(estimates_share, name) },
    { "option", "answer", NULL, TEXT(estimates_share, option), .rank = 5 },
    { "frame", NULL, "the question's cells that could be drawn", COUNT(estimates_share, frame) },
    { "settled", NULL, "of these, drawn cells that are settled",
      NUMBER(estimates_share, cells.settled) },
    { "share", "all cells", "how often people would give the answer over all these cells",
      NUMBER(estimates_share, cells.value), .defined = settled },
    { "standard_error", NULL, "of that share, by the design of the sample",
      NUMBER(estimates_share, cells.error), .defined = settled },
    { "interval", "95 %", "its 95 % interval", INTERVAL(estimates_share, cells.interval),
      .defined = settled },
    { "covered", NULL, "the share of the question's cells that lies in strata with a settled cell",
      NUMBER(estimates_share, cells.covered) },
    { "population", NULL,
      "how often people would give it in the population that the images were drawn from",
      NUMBER(estimates_share, population.value), .defined = settled },
    { "population_error", NULL, "the standard error of that",
      NUMBER(estimates_share, population.error), .defined = settled },
    { "population_interval", "95 %, population", "its 95 % interval",
      INTERVAL(estimates_share, population.interval), .defined = settled, .rank = 3 },
    { "lambda", NULL, "how much of the model's labels went into it: 0 nothing, 1 all",
      NUMBER(estimates_share, population.lambda), .defined = settled },
    { "corrected", "corrected", "the share of all cells if people never erred",
      NUMBER(estimates_share, corrected.value), .defined = erring, .rank = 4 },
    { "corrected_interval", NULL, "its 95 % interval",
      INTERVAL(estimates_share, corrected.interval), .defined = erring },
    { "labels", "labels", "the plain share of the labels of who stands in where nobody looked",
      NUMBER(estimates_share, labels), .defined = "where somebody does", .rank = 1 },
    { "voted", "voted cells",
      "the plain share of the cells that people voted on, however these were chosen",
      NUMBER(estimates_share, voted), .defined = "where people voted", .rank = 2 },
    { 0 },
};
