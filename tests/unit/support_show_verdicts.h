/* SPDX-License-Identifier: MIT */
/*
 * support_show_verdicts.h - what may be used of a model's answers to three questions.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_VERDICTS_H
#define TESTS_UNIT_SUPPORT_SHOW_VERDICTS_H

#include <math.h>

#include "jobs/accept.h"

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

#endif
