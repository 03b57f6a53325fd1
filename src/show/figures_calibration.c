/* SPDX-License-Identifier: MIT */
#include "show/calibration.h"

#define IN(type, member)       .at = offsetof(struct type, member)
#define COUNT(type, member)    .kind = FIGURE_COUNT, IN(type, member)
#define NUMBER(type, member)   .kind = FIGURE_NUMBER, .decimals = 3, IN(type, member)
#define INTERVAL(type, member) .kind = FIGURE_INTERVAL, .decimals = 3, IN(type, member)
#define SIDE(member)           NUMBER(stats_threshold, member)

static const char two_classes[] = "where some cells are true and some are not";

const struct figure figures_calibration[] = {
    { "n", "n", "cells with a probability whose truth is known", COUNT(stats_calibration, n),
      .rank = 6 },
    { "n_true", NULL, "of these, cells that are true", COUNT(stats_calibration, yes) },
    { "mean", "mean p", "the mean probability", NUMBER(stats_calibration, mean), .rank = 4 },
    { "rate", "true", "the share of cells that is true", NUMBER(stats_calibration, rate),
      .rank = 4 },
    { "agreement", "agree",
      "the share of cells whose likelier side is the truth; of questions with options, whose label "
      "is",
      NUMBER(stats_calibration, agreement) },
    { "ece", NULL,
      "expected calibration error: how far probabilities lie from what is true, in ten "
      "bins of equal width",
      NUMBER(stats_calibration, ece) },
    { "ece_mass", "ECE", "the same in ten bins of equal weight",
      NUMBER(stats_calibration, ece_mass), .rank = 3 },
    { "ece_debiased", "ECE debiased", "the same less what chance alone would give",
      NUMBER(stats_calibration, ece_debiased) },
    { "squared_debiased", NULL, "its square, estimated without bias, which may be below 0",
      NUMBER(stats_calibration, squared_debiased) },
    { "brier", "Brier", "the mean squared distance of probabilities from the truth",
      NUMBER(stats_calibration, brier), .rank = 1 },
    { "miscalibration", NULL, "the part of it that probabilities lose by what they say",
      NUMBER(stats_calibration, miscalibration) },
    { "discrimination", NULL, "the part of it that probabilities gain by their order",
      NUMBER(stats_calibration, discrimination) },
    { "uncertainty", NULL,
      "the score of the rate alone; the whole is miscalibration - "
      "discrimination + uncertainty",
      NUMBER(stats_calibration, uncertainty) },
    { "log_loss", "log loss", "the mean of -log of what was said of the truth",
      NUMBER(stats_calibration, log_loss), .rank = 2 },
    { "auroc", "AUROC", "how often a true cell has the higher probability than one that is not",
      NUMBER(stats_calibration, auroc), .defined = two_classes },
    { 0 },
};

const struct figure figures_bins[] = {
    { "low", NULL, NULL, NUMBER(stats_bin, low) },
    { "high", NULL, NULL, NUMBER(stats_bin, high) },
    { "cells", "cells", "cells whose probability lies in the bin", COUNT(stats_bin, n), .rank = 3 },
    { "share", "share", "of all weight", .kind = FIGURE_PERCENT, IN(stats_bin, share), .rank = 2 },
    { "mean", "mean p", "the bin's mean probability", NUMBER(stats_bin, mean),
      .defined = "where the bin has cells", .rank = 1 },
    { "rate", "true", "the share of its cells that is true", NUMBER(stats_bin, rate),
      .defined = "where the bin has cells" },
    { "interval", "95 % (cells)",
      "95 % interval of that share, cells taken as independent (Wilson, effective number of cells)",
      INTERVAL(stats_bin, interval), .defined = "where the bin has cells", .rank = 2 },
    { 0 },
};

const struct figure figures_thresholds[] = {
    { "threshold", "yes above", "the threshold at which yes begins", .kind = FIGURE_NUMBER,
      .decimals = 3, IN(stats_threshold, at), .defined = two_classes },
    { "yes_plain", "yes", "how often yes is said with the threshold 1/2", SIDE(plain.yes) },
    { "yes_chosen", NULL, "the same with the threshold, on the cells it was chosen on",
      SIDE(chosen.yes), .defined = two_classes },
    { "yes_tested", "tested", "the same, each fold of images with the threshold of the others",
      SIDE(tested.yes), .defined = two_classes, .rank = 2 },
    { "agreement_plain", "agree", "agreement with the threshold 1/2", SIDE(plain.agreement) },
    { "agreement_chosen", "chosen", "agreement with the threshold, on the cells it was chosen on",
      SIDE(chosen.agreement), .defined = two_classes, .rank = 1 },
    { "agreement_tested", "tested",
      "agreement, each fold of images with the threshold of the others", SIDE(tested.agreement),
      .defined = two_classes },
    { "balanced_plain", NULL,
      "the mean of the shares of the true and of the others that are found "
      "to be so, with the threshold 1/2",
      SIDE(plain.balanced), .defined = two_classes },
    { "balanced_chosen", NULL, "the same with the threshold, on the cells it was chosen on",
      SIDE(chosen.balanced), .defined = two_classes },
    { "balanced_tested", NULL, "the same, each fold of images with the threshold of the others",
      SIDE(tested.balanced), .defined = two_classes },
    { 0 },
};
