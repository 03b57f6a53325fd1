/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report/report.h"

#define SECONDS_AN_HOUR 3600.0
#define STUDY_SHARE     0.01 /* arXiv 2410.09416: the model costs under 1 % of people */

static double value_of(const struct price *p)
{
    return p->given ? p->value : NAN;
}

static void cost_of(struct cost_size *s, const struct prices *p, uint64_t images, uint64_t cells,
                    uint64_t votes)
{
    double seconds = value_of(&p->seconds_an_answer), wage = value_of(&p->wage_hour);

    s->images = images;
    s->cells = cells;
    s->votes = votes;
    s->machine_hours = (double)images / value_of(&p->images_per_second) / SECONDS_AN_HOUR;
    s->people_hours = (double)cells * seconds / SECONDS_AN_HOUR;
    s->review_hours = (double)votes * seconds / SECONDS_AN_HOUR;
    s->model = s->machine_hours * value_of(&p->machine_hour);
    s->people = s->people_hours * wage;
    s->review = s->review_hours * wage;
    s->model_answer = s->model / (double)cells;
    s->people_answer = s->people / (double)cells;
    s->model_share = s->model / s->people;
    s->process_share = (s->people + s->model + s->review) / s->people;
}

static void measured(struct price *p, double value, bool *is_measured)
{
    *is_measured = !isnan(value);
    if (*is_measured)
        *p = (struct price){ true, value, "this project", "measured" };
}

void report_cost(struct cost *out, const struct prices *p, uint64_t images, uint64_t columns,
                 uint64_t votes, double images_per_second, double seconds_an_answer)
{
    const struct prices *prices = &out->prices;
    double scale;

    *out = (struct cost){ .prices = *p };
    measured(&out->prices.images_per_second, images_per_second, &out->measured_speed);
    measured(&out->prices.seconds_an_answer, seconds_an_answer, &out->measured_seconds);
    cost_of(&out->here, prices, images, images * columns, votes);
    out->review_rate = (double)votes / (double)(images * columns);
    if (p->scale_images > 0 && images > 0) {
        scale = (double)p->scale_images / (double)images;
        cost_of(&out->scaled, prices, p->scale_images, p->scale_images * columns,
                (uint64_t)llround((double)votes * scale));
    }
    /* model / people = machine_hour / (images_per_second * columns * seconds_an_answer * wage_hour)
     */
    out->break_even.share = STUDY_SHARE;
    out->break_even.min_wage_hour =
        value_of(&prices->wage_hour) * out->here.model_share / STUDY_SHARE;
    out->break_even.max_machine_hour =
        value_of(&prices->machine_hour) * STUDY_SHARE / out->here.model_share;
    out->break_even.min_images_per_second =
        value_of(&prices->images_per_second) * out->here.model_share / STUDY_SHARE;
}
