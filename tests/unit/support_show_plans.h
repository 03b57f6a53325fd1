/* SPDX-License-Identifier: MIT
 *
 * support_show_plans.h - what plan --accept and plan --alt-test may have found out, as a page.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_PLANS_H
#define TESTS_UNIT_SUPPORT_SHOW_PLANS_H

#include "support.h"

#include "show/show.h"
#include "show/verdicts.h"

struct results;

static inline struct page *accept_plan_page(const struct results *r)
{
    struct planned_question questions[] = {
        { "Bald", 1000, 391, "cannot say", 200, 150, 180 },
        { "Eyeglasses", 1000, NAN, NULL, 0, 0, NAN },
    };
    const struct accept_plan plan = { .annotator = "llava",
                                      .max_error = 0.05,
                                      .confidence = 0.95,
                                      .true_error = 0.02,
                                      .power = 0.8,
                                      .votes_per_cell = 2,
                                      .alpha = 0.05 / 6,
                                      .starts = 3,
                                      .questions = questions,
                                      .n = 2,
                                      .mean = 294,
                                      .open = 1,
                                      .left = 180,
                                      .sample = 660,
                                      .next = "assent review --sample 660",
                                      .work = { .items = 180,
                                                .votes = 360,
                                                .seconds = 2.5,
                                                .hours = 0.25,
                                                .cost = 3.75,
                                                .currency = "EUR" } };

    (void)r;
    return show_plan_accept(&plan);
}

/* task: of the results */
static inline struct page *alt_plan_page_of(const struct task *task, double hours)
{
    struct alt_plan_row *rows = calloc(task->n_columns, sizeof(*rows));
    const struct alt_plan plan = { .task = task,
                                   .annotator = "llava",
                                   .against = "celeba",
                                   .people = 3,
                                   .images = 1000,
                                   .cells = 40000,
                                   .all = { NULL, 0.205, 79, 0.8, 237 },
                                   .questions = rows,
                                   .question_votes = 600,
                                   .next = "assent review --sample 79 --overlap 79:3",
                                   .work = { .votes = 237,
                                             .seconds = hours * 3600 / 237,
                                             .hours = hours,
                                             .cost = hours * 15,
                                             .currency = "EUR" },
                                   .question_work = { .hours = hours, .cost = hours * 15 } };
    struct page *p;

    assert_non_null(rows);
    for (size_t c = 0; c < task->n_columns; c++)
        rows[c] = (struct alt_plan_row){ task->columns[c].name, 0.3, 100, 0.8, 300 };
    p = show_plan_alt_test(&plan);
    free(rows);
    return p;
}

#endif
