/* SPDX-License-Identifier: MIT
 *
 * cost.h - what labels cost, by model, by people, and with people's votes on disputes.
 */
#ifndef ASSENT_JOBS_COST_H
#define ASSENT_JOBS_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "store/runs.h"
#include "task/task.h"

/* What one project, or one of another size, costs. Money in the task file's currency; NaN where a
 * price is missing. */
struct cost_size {
    uint64_t images, cells, votes;
    double model, people, review; /* in all: the model's answers; people's labels; people's votes */
    double model_answer, people_answer; /* an answer */
    double model_share;                 /* model / people */
    double process_share; /* (people + model + review) / people: what the study's figures needed */
    double machine_hours, people_hours, review_hours;
};

/* Where the study's "under 1 %" holds for the model alone: each figure, the others as they are. */
struct cost_break_even {
    double share; /* 0.01 */
    double min_wage_hour, max_machine_hour, min_images_per_second;
};

/* The same with other wages, and with other machines and speeds: money in the project's currency.
 */
enum { COST_WAGES = 8, COST_HOURS = 5, COST_SPEEDS = 6 };
struct cost_at_wage {
    double wage_hour, model_share, process_share; /* as in cost_size */
    bool holds;                                   /* the model costs less than that share */
};
struct cost_at_hour {
    double machine_hour;
    double min_wage_hour[COST_SPEEDS]; /* from which it holds, at each of cost_speeds */
};
extern const double cost_speeds[COST_SPEEDS]; /* images a second */

/* What a model's server took, in all runs. */
struct cost_server {
    const char *annotator; /* NULL: none was asked, or its price or its tokens are not known */
    const struct server_price *price;
    struct store_usage usage;
    uint64_t images; /* answered in these runs */
    double cost, cost_per_image;
};

struct cost {
    struct cost_server server;     /* in place of the machine's price */
    struct prices prices;          /* with measured figures in place of stated ones */
    double review_rate;            /* votes a cell */
    struct cost_size here, scaled; /* scaled.images 0: none asked for */
    struct cost_break_even break_even;
    struct cost_at_wage wages[COST_WAGES];
    struct cost_at_hour hours[COST_HOURS];
    double agreement_after; /* of the first with the consensus that the votes made; NaN: none */
};

struct cost_project { /* what there is, and what was measured of it */
    uint64_t images, columns, votes;
    double images_per_second, seconds_per_answer; /* NaN: the task file's */
    struct cost_server server;
    double agreement_after; /* NaN: there is no consensus */
};

/* What the server took for that, by the annotator's price in the task file; NaN: not known. */
double cost_of_usage(const struct task *t, const char *annotator, const struct store_usage *u);

/* What an hour of the machine costs that an annotator names in the task file (a NULL: it has no
 * entry), else machine_hour. tokens: they are billed, so that a machine which is not named is the
 * server's matter, and costs 0. NaN: not known. */
double cost_machine_hour(const struct prices *p, const struct annotator *a, bool tokens);

void cost_of(struct cost *out, const struct prices *p, const struct cost_project *project);

#endif
