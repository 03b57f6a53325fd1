/* SPDX-License-Identifier: MIT
 *
 * figures_differences.c - the figures of tests, of two annotators against a third, and of questions
 * that allow several options.
 */
#include "jobs/differences.h"
#include "jobs/multi.h"
#include "jobs/sure.h"
#include "show/figures.h"
#include "stats/against.h"

#define IN(type, member)       .at = offsetof(struct type, member)
#define TEXT(type, member)     .kind = FIGURE_TEXT, IN(type, member)
#define COUNT(type, member)    .kind = FIGURE_COUNT, IN(type, member)
#define NUMBER(type, member)   .kind = FIGURE_NUMBER, .decimals = 3, IN(type, member)
#define CHANCE(type, member)   .kind = FIGURE_CHANCE, IN(type, member)
#define INTERVAL(type, member) .kind = FIGURE_INTERVAL, .decimals = 3, IN(type, member)

static const char holm[] =
    "p adjusted for the number of tests: with at most this probability any of "
    "the claims up to here is false (Holm)",
                  bh[] = "p adjusted for the number of tests: at most this share of the claims up "
                         "to here is false, on average (Benjamini, Hochberg)";

const struct figure figures_yes_bias[] = {
    { "name", "question", NULL, TEXT(yes_bias, name) },
    { "first_only", NULL, "cells on which only the first says yes", COUNT(yes_bias, first_only) },
    { "second_only", NULL, "cells on which only the second says yes",
      COUNT(yes_bias, second_only) },
    { "difference", "yes 1st - 2nd", "how much more often the first says yes",
      NUMBER(yes_bias, difference) },
    { "p", "p",
      "the chance of so uneven a split, or more, if neither says yes more often "
      "(McNemar, exact, two-sided)",
      CHANCE(yes_bias, test.p) },
    { "holm", "p (Holm)", holm, CHANCE(yes_bias, test.holm) },
    { "bh", "p (BH)", bh, CHANCE(yes_bias, test.bh) },
    { 0 },
};

const struct figure figures_low[] = {
    { "name", "question", NULL, TEXT(low_agreement, name) },
    { "n", "n", "cells that both labelled", COUNT(low_agreement, n) },
    { "agreement", "agreement", "the share of them with one label",
      NUMBER(low_agreement, agreement) },
    { "threshold", "threshold", "what assent.yaml wants at least (min_agreement)",
      NUMBER(low_agreement, threshold) },
    { "p", "p", "the chance of so few, or fewer, if the share were the threshold (binomial, exact)",
      CHANCE(low_agreement, test.p) },
    { "holm", "p (Holm)", holm, CHANCE(low_agreement, test.holm) },
    { "bh", "p (BH)", bh, CHANCE(low_agreement, test.bh) },
    { 0 },
};

static const char parts[] = "for more than one group with cells in common";

const struct figure figures_gaps[] = {
    { "value", "images", NULL, TEXT(gap, part) },
    { "name", "question", NULL, TEXT(gap, name), .flags = FIGURE_OPTIONAL },
    { "n", "n", "cells of the group that both labelled", COUNT(gap, n), .rank = 2 },
    { "agreement", "agreement", "the share of them with one label", NUMBER(gap, agreement),
      .defined = parts },
    { "others", "others", "the same share in all other groups", NUMBER(gap, others),
      .defined = parts },
    { "difference", "difference", "agreement - others", NUMBER(gap, difference), .defined = parts },
    { "p", "p",
      "the chance of so large a difference, or a larger one, if there were none: of a "
      "question Fisher's exact test, of all cells by whole images; two-sided",
      CHANCE(gap, test.p), .defined = "where something varies", .rank = 1 },
    { "holm", "p (Holm)", holm, CHANCE(gap, test.holm), .defined = "where p is" },
    { "bh", "p (BH)", bh, CHANCE(gap, test.bh), .defined = "where p is", .rank = 1 },
    { 0 },
};

static const char answered[] = "where both answered all options of an image";

const struct figure figures_multi[] = {
    { "name", "question", NULL, TEXT(multi_question, name) },
    { "group", NULL, NULL, TEXT(multi_question, group), .flags = FIGURE_OPTIONAL },
    { "n", "images", "images, of each pair of annotators, on which both answered every option",
      COUNT(multi_question, n), .rank = 2 },
    { "jaccard", "Jaccard",
      "the mean over them of the options that both chose by those that "
      "either chose; 1 where both chose none",
      NUMBER(multi_question, jaccard), .defined = answered },
    { "jaccard_interval", "95 %", "its 95 % interval, images taken as independent",
      INTERVAL(multi_question, jaccard_interval), .defined = "for two annotators", .rank = 1 },
    { "exact_match", "same options", "the share of them with the same options",
      NUMBER(multi_question, equal), .defined = answered },
    { "exact_match_wilson", NULL, "its 95 % interval (Wilson)",
      INTERVAL(multi_question, equal_interval), .defined = "for two annotators" },
    { "both_empty", "both none", "of them, images on which both chose none",
      COUNT(multi_question, both_empty), .rank = 3 },
    { 0 },
};

static const char labelled[] = "where all three labelled a cell";

const struct figure figures_against[] = {
    { "n", "n", "cells that all three labelled", COUNT(stats_against_row, n), .rank = 4 },
    { "both", NULL, "cells on which both say what the third says", COUNT(stats_against_row, both) },
    { "first_only", NULL, "cells on which only the first does",
      COUNT(stats_against_row, first_only) },
    { "second_only", NULL, "cells on which only the second does",
      COUNT(stats_against_row, second_only) },
    { "agreement_first", "1st agrees", "the share on which the first says what the third says",
      NUMBER(stats_against_row, first), .defined = labelled, .rank = 3 },
    { "agreement_second", "2nd agrees", "the share on which the second does",
      NUMBER(stats_against_row, second), .defined = labelled, .rank = 3 },
    { "difference", "1st - 2nd", "agreement_first - agreement_second",
      NUMBER(stats_against_row, difference), .defined = labelled },
    { "difference_bootstrap", "95 % (images)",
      "95 % interval of the difference, whole images drawn again",
      INTERVAL(stats_against_row, bootstrap), .defined = "unless --resamples 0", .rank = 2 },
    { "p", NULL,
      "the chance of so uneven a split, or more, if neither were nearer to the third (McNemar, "
      "exact, two-sided)",
      CHANCE(stats_against_row, test.p), .defined = "for a question" },
    { "holm", "p (Holm)", holm, CHANCE(stats_against_row, test.holm), .defined = "for a question",
      .rank = 1 },
    { "bh", "p (BH)", bh, CHANCE(stats_against_row, test.bh), .defined = "for a question",
      .rank = 5 },
    { 0 },
};

const struct figure figures_sure[] = {
    { "name", "question", NULL, TEXT(sure_question, name) },
    { "n", "sure",
      "cells on which all models give one answer, each with a probability of .95 or more, and a "
      "person answered",
      COUNT(sure_question, n) },
    { "differ", "people differ", "of them, those on which one of the people or more says otherwise",
      COUNT(sure_question, differ) },
    { "share", "share", "these of them", NUMBER(sure_question, share),
      .defined = "where there are such cells" },
    { "all_differ", "all people", "of them, those on which everybody who answered says otherwise",
      COUNT(sure_question, all_differ) },
    { 0 },
};
