/* SPDX-License-Identifier: MIT */
/*
 * support_show_verdicts.h - what may be used of a model's answers to three questions; who labelled.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_VERDICTS_H
#define TESTS_UNIT_SUPPORT_SHOW_VERDICTS_H

#include <math.h>

#include "jobs/accept.h"
#include "jobs/methods.h"
#include "jobs/worst.h"

enum { SHOW_VERDICTS = 3 };

/* One is answered alone, one where the model is sure, and of one too few people have answered. */
static const struct verdict_set shown_sets[SHOW_VERDICTS] = {
    { .kind = VERDICT_ALONE,
      .cells = 1000,
      .n = 120,
      .errors = 1,
      .error = 0.008,
      .accepted = 1000,
      .share = 1,
      .threshold = NAN,
      .uncertainty = INFINITY,
      .bound = 0.04,
      .right = 0.992,
      .right_interval = { 1 - 0.04, 1 },
      .votes = 0 },
    { .kind = VERDICT_CHECK,
      .cells = 1000,
      .n = 130,
      .errors = 20,
      .error = 0.15,
      .accepted = 600,
      .share = 0.6,
      .threshold = 0.875,
      .uncertainty = 0.125F,
      .bound = 0.05,
      .right = 0.9875,
      .right_interval = { 1 - 0.05, 1 },
      .votes = 0 },
    { .kind = VERDICT_UNDECIDED,
      .cells = 1000,
      .n = 3,
      .errors = 0,
      .error = 0,
      .accepted = 0,
      .share = 0,
      .threshold = NAN,
      .uncertainty = -1,
      .bound = 0.9,
      .right = 1,
      .right_interval = { 1 - 0.9, 1 },
      .votes = 60 },
};

static inline struct acceptance show_acceptance(const struct task *task, const char *annotator,
                                                struct verdict verdicts[SHOW_VERDICTS])
{
    static const char *const people[] = { "anna" };

    for (size_t c = 0; c < SHOW_VERDICTS; c++)
        verdicts[c] = (struct verdict){ .column = c,
                                        .kind = shown_sets[c].kind,
                                        .sides = { shown_sets[c] },
                                        .drawn = 140,
                                        .settled = shown_sets[c].n,
                                        .missed = NAN };
    return (struct acceptance){
        .task = task,
        .annotator = annotator,
        .sample = { .design = 1,
                    .seed = 7,
                    .frame = 3000,
                    .cells = 3000,
                    .drawn = 420,
                    .settled = 253,
                    .n_strata = 12,
                    .n_people = 1,
                    .people = people,
                    .drawn_at = "2026-11-20T08:00:00Z",
                    .first_at = "2026-11-20T09:00:00Z",
                    .last_at = "2026-11-21T10:00:00Z" },
        .verdicts = { .promise = { 0.05, 0.95, SIDE_ALL, 0 },
                      .items = verdicts,
                      .n = SHOW_VERDICTS,
                      .counts = { [VERDICT_ALONE] = 1,
                                  [VERDICT_CHECK] = 1,
                                  [VERDICT_UNDECIDED] = 1 },
                      .cells = 3000,
                      .accepted = 1600,
                      .votes = 60 },
    };
}

/* A model, and somebody whose labels came without a run that counts. */
static inline struct methods show_methods(const char *const names[2],
                                          struct methods_annotator items[2])
{
    items[0] = (struct methods_annotator){
        names[0], "model", 2, "2026-11-18T08:00:00Z", "2026-11-18T09:00:00Z", "0123456789abcdef"
    };
    items[1] = (struct methods_annotator){ names[1], "human", 0, NULL, NULL, NULL };
    return (struct methods){ .items = items, .n = 2, .database = 10, .resamples = 2000, .seed = 1 };
}

/* One cell, whose picture cannot be read. */
static inline struct worst show_worst(struct worst_cell cells[1])
{
    cells[0] = (struct worst_cell){
        .image = "a.png", .first = "yes", .second = "no", .majority = "", .probability = 0.875
    };
    return (struct worst){ .cells = cells, .n = 1, .disputed = 7 };
}

#endif
