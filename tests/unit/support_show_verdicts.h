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
static inline struct acceptance show_acceptance(const struct task *task, const char *annotator,
                                                struct verdict verdicts[SHOW_VERDICTS])
{
    static const struct verdict_set sets[SHOW_VERDICTS] = {
        { VERDICT_ALONE, 1000, 120, 1, 0.008, 1000, 120, 1, 1, NAN, INFINITY, 0.04, 0 },
        { VERDICT_CHECK, 1000, 130, 20, 0.15, 600, 80, 1, 0.6, 0.875, 0.125F, 0.05, 0 },
        { VERDICT_UNDECIDED, 1000, 3, 0, 0, 0, 0, 0, 0, NAN, NAN, 0.9, 60 },
    };
    static const char *const people[] = { "anna" };

    for (size_t c = 0; c < SHOW_VERDICTS; c++)
        verdicts[c] = (struct verdict){ .column = c,
                                        .kind = sets[c].kind,
                                        .sides = { sets[c] },
                                        .drawn = 140,
                                        .settled = sets[c].n,
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
