/* SPDX-License-Identifier: MIT */
#include "jobs/cost.h"

#include <math.h>

#include "label/label.h"

#define SECONDS_PER_HOUR 3600.0
#define STUDY_SHARE      0.01 /* arXiv 2410.09416: the model costs under 1 % of people */

static double value_of(const struct price *p)
{
    return p->given ? p->value : NAN;
}

double cost_of_usage(const struct task *t, const char *annotator, const struct store_usage *u)
{
    const struct annotator *a = task_find_annotator(t, annotator);
    const struct label_usage usage = { u->requests, u->prompt, u->cached, u->completion, 0 };

    return a && u->asked && u->counted ? label_usage_cost(&usage, &a->server.price) : NAN;
}

double cost_machine_hour(const struct prices *p, const struct annotator *a, bool tokens)
{
    if (a && a->machine)
        return task_machine_hour(a->machine);
    return tokens ? 0 : value_of(&p->machine_hour);
}

static void size_cost(struct cost_size *s, const struct cost *c, uint64_t images, uint64_t cells,
                      uint64_t votes)
{
    const struct prices *p = &c->prices;
    double seconds = value_of(&p->seconds_per_answer), wage = value_of(&p->wage_hour);

    s->images = images;
    s->cells = cells;
    s->votes = votes;
    s->machine_hours = (double)images / value_of(&p->images_per_second) / SECONDS_PER_HOUR;
    s->people_hours = (double)cells * seconds / SECONDS_PER_HOUR;
    s->review_hours = (double)votes * seconds / SECONDS_PER_HOUR;
    s->model = c->server.annotator ? (double)images * c->server.cost_per_image
                                   : s->machine_hours * value_of(&p->machine_hour);
    s->people = s->people_hours * wage;
    s->review = s->review_hours * wage;
    s->model_answer = s->model / (double)cells;
    s->people_answer = s->people / (double)cells;
    s->model_share = s->model / s->people;
    s->process_share = (s->people + s->model + s->review) / s->people;
}

static void measured(struct price *p, double value)
{
    if (!isnan(value))
        *p = (struct price){ true, value, "this project", "measured" };
}

/* Wages from those of a crowd to those of employees, machines from a rented processor to a node of
 * GPUs; speeds from 40 prompts an image one by one to all questions in one pass on a GPU. */
static const double wages[COST_WAGES] = { 2, 5, 7.5, 10, 15, 20, 25, 30 };
static const double hours[COST_HOURS] = { 0.5, 1, 2, 4, 8 };
const double cost_speeds[COST_SPEEDS] = { 0.05, 0.1, 0.5, 1, 5, 20 };

static void sweep(struct cost *out, double columns)
{
    const struct cost_size *s = &out->here;
    double seconds = value_of(&out->prices.seconds_per_answer);

    for (size_t i = 0; i < COST_WAGES; i++) {
        struct cost_at_wage *at = &out->wages[i];
        double people = s->people_hours * wages[i], review = s->review_hours * wages[i];

        *at = (struct cost_at_wage){ .wage_hour = wages[i],
                                     .model_share = s->model / people,
                                     .process_share = (people + s->model + review) / people };
        at->holds = at->model_share < STUDY_SHARE;
    }
    for (size_t i = 0; i < COST_HOURS; i++) {
        out->hours[i].machine_hour = hours[i];
        for (size_t k = 0; k < COST_SPEEDS; k++)
            out->hours[i].min_wage_hour[k] =
                hours[i] / (cost_speeds[k] * columns * seconds * STUDY_SHARE);
    }
}

void cost_of(struct cost *out, const struct prices *p, const struct cost_project *project)
{
    const struct prices *prices = &out->prices;
    uint64_t images = project->images, columns = project->columns, votes = project->votes;
    double scale;

    *out = (struct cost){ .server = project->server, .prices = *p };
    measured(&out->prices.images_per_second, project->images_per_second);
    measured(&out->prices.seconds_per_answer, project->seconds_per_answer);
    size_cost(&out->here, out, images, images * columns, votes);
    out->review_rate = (double)votes / (double)(images * columns);
    out->agreement_after = project->agreement_after;
    sweep(out, (double)columns);
    if (p->scale_images > 0 && images > 0) {
        scale = (double)p->scale_images / (double)images;
        size_cost(&out->scaled, out, p->scale_images, p->scale_images * columns,
                  (uint64_t)llround((double)votes * scale));
    }
    /* model / people =
     *     machine_hour / (images_per_second * columns * seconds_per_answer * wage_hour) */
    out->break_even.share = STUDY_SHARE;
    out->break_even.min_wage_hour =
        value_of(&prices->wage_hour) * out->here.model_share / STUDY_SHARE;
    out->break_even.max_machine_hour = out->break_even.min_images_per_second = NAN;
    if (out->server.annotator) /* whose machine it is, and how fast, is the server's matter */
        return;
    out->break_even.max_machine_hour =
        value_of(&prices->machine_hour) * STUDY_SHARE / out->here.model_share;
    out->break_even.min_images_per_second =
        value_of(&prices->images_per_second) * out->here.model_share / STUDY_SHARE;
}
