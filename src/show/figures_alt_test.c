/* SPDX-License-Identifier: MIT */
#include "jobs/alt_test.h"
#include "show/figures.h"

#define IN(type, member)    .at = offsetof(struct type, member)
#define COUNT(type, member) .kind = FIGURE_COUNT, IN(type, member)
#define SIZE(type, member)  .kind = FIGURE_SIZE, IN(type, member)
#define SHARE(type, member) .kind = FIGURE_NUMBER, .decimals = 3, IN(type, member)

const struct figure figures_alt_person[] = {
    { "name", "person", NULL, .kind = FIGURE_TEXT, IN(alt_test_person, name) },
    { "items", "items", "cells that the person, another one and the model labelled",
      COUNT(alt_test_person, s.items) },
    { "images", "images", "with such cells", COUNT(alt_test_person, s.images), .rank = 3 },
    { "unanswered", NULL, "cells that lack nothing but the model's label",
      COUNT(alt_test_person, s.unanswered) },
    { "as_good", "model as near",
      "the share of the items on which the model is as near to what the others say as the person, "
      "or nearer",
      SHARE(alt_test_person, s.as_good), .defined = "where there are items" },
    { "nearer", "person nearer",
      "the share of the items on which the person is nearer, less that on which the model is",
      SHARE(alt_test_person, s.nearer), .defined = "where there are items", .rank = 1 },
    { "test", "test", "by Student's t, or under 30 images by signed ranks", .kind = FIGURE_TEXT,
      IN(alt_test_person, test), .rank = 2 },
    { "p", "p", "how likely such items would be if the person were nearer by epsilon, or by more",
      .kind = FIGURE_NUMBER, .decimals = 4, IN(alt_test_person, s.p),
      .defined = "where the person is tested" },
    { "verdict", "the model", "whether it beats the person: p is small enough, among all people's",
      .kind = FIGURE_TEXT, IN(alt_test_person, verdict) },
    { "lacking", NULL, "images that a test still needs", COUNT(alt_test_person, lacking) },
    { "selective", NULL, "does the model differ from somebody on each of the items?",
      .kind = FIGURE_FLAG, IN(alt_test_person, selective) },
    { 0 },
};

const struct figure figures_alt_row[] = {
    { "items", "items", "of all people together", COUNT(alt_test_row, items), .rank = 2 },
    { "tested", "people", "with enough images to be tested", SIZE(alt_test_row, s.tested) },
    { "beaten", "beaten", "of these, people whom the model beats", SIZE(alt_test_row, s.beaten),
      .rank = 1 },
    { "winning_rate", "omega", "beaten / tested; half or more passes",
      SHARE(alt_test_row, s.winning_rate), .defined = "where people are tested" },
    { "advantage", "rho", "the mean of the tested people's as_good, which compares models",
      SHARE(alt_test_row, s.advantage), .defined = "where people are tested" },
    { "verdict", "verdict", "passed or failed; cannot say where fewer than three people are tested",
      .kind = FIGURE_TEXT, IN(alt_test_row, verdict) },
    { "lacking", "lacking", "images that somebody still needs until three people are tested",
      COUNT(alt_test_row, lacking) },
    { 0 },
};
