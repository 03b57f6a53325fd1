/* SPDX-License-Identifier: MIT
 *
 * support_show_cost.h - what labels cost, what was spent, and what quality costs, for the tests of
 * pages. What it shows is the first's who asks.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_COST_H
#define TESTS_UNIT_SUPPORT_SHOW_COST_H

#include "jobs/cost.h"
#include "jobs/frontier.h"
#include "jobs/ledger.h"

static inline struct cost shown_cost(const struct task *t, const char *model)
{
    static const struct server_price price = { true, 0.4, NAN, 1.6, "2026-11-22", "their list" };
    struct cost_size size = { 1000,   3000,   600,    1.1,  37.5, 7.5, 0.00037,
                              0.0125, 0.0293, 1.2293, 0.55, 2.5,  0.5 };
    struct cost cost = { .server = { model,
                                     &price,
                                     { true, 4000, true, 2000000, 1500000, 4000 },
                                     1000,
                                     1.1,
                                     0.0011 },
                         .prices = t->prices,
                         .review_rate = 0.2,
                         .here = size,
                         .scaled = size,
                         .break_even = { 0.01, 44, 0.68, 1.5 },
                         .agreement_after = 0.891 };

    cost.scaled.images = 202599;
    for (size_t i = 0; i < COST_WAGES; i++)
        cost.wages[i] = (struct cost_at_wage){ 2 + (double)i, 0.1, 1.3, false };
    for (size_t i = 0; i < COST_HOURS; i++)
        cost.hours[i] = (struct cost_at_hour){ 1, { 8, 7, 6, 5, 4, 3 } };
    return cost;
}

static inline struct ledger shown_ledger(const char *model, const char *person)
{
    static struct ledger_run run;
    static struct ledger_person who;
    static struct ledger_model what;

    run = (struct ledger_run){ .id = 3,
                               .annotator = model,
                               .started = "2026-01-31T12:00:00Z",
                               .machine = "gpu",
                               .ended = true,
                               .images = 1000,
                               .answers = 3000,
                               .hours = 0.5,
                               .machine_cost = 1,
                               .token_cost = 0.25,
                               .cost = 1.25 };
    who = (struct ledger_person){ person, 450, 0.125, 1.875 };
    what = (struct ledger_model){ .name = model,
                                  .runs = 1,
                                  .labels = 3000,
                                  .hours = 0.5,
                                  .cost = 1.25,
                                  .image_cost = 0.00125,
                                  .basis = "measured",
                                  .answer_cost = 1.25 / 3000,
                                  .right = 0.8,
                                  .correct_cost = 1.25 / 2400 };
    return (struct ledger){ .currency = "USD",
                            .runs = &run,
                            .n_runs = 1,
                            .people = &who,
                            .n_people = 1,
                            .models = &what,
                            .n_models = 1,
                            .models_cost = 1.25,
                            .people_cost = 1.875,
                            .people_hours = 0.125,
                            .cost = 3.125,
                            .labels = 3000,
                            .accepted = 2500,
                            .accepted_cost = 0.00125 };
}

static inline struct frontier shown_frontier(const char *model, const char *people)
{
    static struct frontier_point points[2];

    points[0] = (struct frontier_point){ .who = model,
                                         .way = "alone",
                                         .quality = 0.795,
                                         .interval = { 0.75, 0.83 },
                                         .cost = 1.25,
                                         .thousand = 1.25 };
    points[1] = (struct frontier_point){ .way = "all cells",
                                         .quality = 1,
                                         .interval = { NAN, NAN },
                                         .answers = 3000,
                                         .labels_cost = 0,
                                         .cost = NAN,
                                         .thousand = NAN,
                                         .dominated = true };
    return (struct frontier){ .currency = "USD",
                              .against = "adjudicators",
                              .second = people,
                              .images = 1000,
                              .cells = 3000,
                              .points = points,
                              .n_points = 2,
                              .votes = { { .where = "disputes",
                                           .unit = "labels put right",
                                           .gain = 53.1,
                                           .interval = { 52, 54.2 },
                                           .open = 600,
                                           .assumes = "they are alike" } },
                              .n_votes = 1 };
}

#endif
