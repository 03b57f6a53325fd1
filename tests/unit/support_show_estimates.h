/* SPDX-License-Identifier: MIT */
/*
 * support_show_estimates.h - what people would say of all cells, as its job would give it.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_ESTIMATES_H
#define TESTS_UNIT_SUPPORT_SHOW_ESTIMATES_H

#include "support_show.h"

#include "jobs/estimates.h"

struct estimates_results {
    struct estimates_agreement overall[2];
    struct estimates_share shares[1];
    struct estimates all;
};

static inline void make_estimates(struct estimates_results *r, const struct task *task,
                                  const char *annotator)
{
    const struct estimate cells = { 0.8125, 0.02, { 0.75, 0.84 }, 240, 1, 1 },
                          corrected = { 0.875, 0.04, { 0.78, 0.95 }, 240, 1, 1 };

    for (size_t i = 0; i < 2; i++)
        r->overall[i] = (struct estimates_agreement){ .annotator = annotator,
                                                      .name = i ? task->columns[0].name : NULL,
                                                      .labels = 40000,
                                                      .voted = 0.5,
                                                      .other = 0.625,
                                                      .cells = cells,
                                                      .corrected = corrected };
    r->shares[0] = (struct estimates_share){ .name = task->columns[0].name,
                                             .option = "yes",
                                             .frame = 1000,
                                             .labels = 0.25,
                                             .voted = 0.5,
                                             .cells = cells,
                                             .population = cells,
                                             .corrected = { NAN, NAN, { NAN, NAN } } };
    r->all = (struct estimates){ .guess = annotator,
                                 .images = 1000,
                                 .frame = 40000,
                                 .drawn = 250,
                                 .settled = 240,
                                 .erring = { { 9, 10 }, { 19, 20 }, { 0, 0 } },
                                 .agreement = &r->overall[0],
                                 .n_annotators = 1,
                                 .questions = &r->overall[1],
                                 .n_columns = 1,
                                 .shares = r->shares,
                                 .n_shares = 1 };
}

#endif
