/* SPDX-License-Identifier: MIT */
#include "show/break_even.h"

#include <math.h>

/* ---- words ---- */

static void say_ratio(struct page *p, const struct cost *c)
{
    const char *currency = c->prices.currency;

    if (c->server.annotator)
        page_note(
            p,
            "The model costs %.2f %% of what people cost. The study's \"under 1 %%\" holds for "
            "the model alone from a wage of %.2f %s per hour up.",
            100 * c->here.model_share, c->break_even.min_wage_hour, currency);
    else
        page_note(
            p,
            "The model costs %.2f %% of what people cost. The study's \"under 1 %%\" holds for "
            "the model alone from a wage of %.2f %s per hour up, or a machine at %.4g %s per hour "
            "at most, or %.3g images/s at least (the other figures as above).",
            100 * c->here.model_share, c->break_even.min_wage_hour, currency,
            c->break_even.max_machine_hour, currency, c->break_even.min_images_per_second);
    if (isnan(c->agreement_after))
        page_note(
            p,
            "The consensus also needed people's labels, and votes on %.1f %% of the cells: in all "
            "%.1f %% of what people alone cost, at any wage.",
            100 * c->review_rate, 100 * c->here.process_share);
    else
        page_note(p,
                  "That %.1f %% of its labels equal the consensus also needed people's labels, and "
                  "votes on %.1f %% of the cells: in all %.1f %% of what people alone cost.",
                  100 * c->agreement_after, 100 * c->review_rate, 100 * c->here.process_share);
}

struct wage_row {
    double wage, model, process;
    const char *holds;
};

#define WAGE(member) .at = offsetof(struct wage_row, member)

static const struct figure wage_figures[] = {
    { "wage", "a wage of", NULL, FIGURE_MONEY, WAGE(wage) },
    { "model", "model alone", NULL, FIGURE_NUMBER, WAGE(model), .decimals = 2 },
    { "holds", "under 1 %", NULL, FIGURE_TEXT, WAGE(holds) },
    { "process", "whole process", NULL, FIGURE_NUMBER, WAGE(process), .decimals = 1, .rank = 1 },
    { 0 },
};

static void show_wages(struct page *p, const struct cost *c)
{
    struct table *t;

    page_note(p, "At other wages, in %% of what people's labels cost (all else as above):");
    t = page_table(p, &(struct layout){ .parts = { wage_figures } });
    for (size_t i = 0; i < COST_WAGES; i++) {
        const struct cost_at_wage *at = &c->wages[i];
        struct wage_row row = { at->wage_hour, 100 * at->model_share, 100 * at->process_share,
                                at->holds ? "yes" : "no" };

        table_row(t, NULL, (const void *[]){ &row, NULL, NULL, NULL });
    }
}

#define HOUR(member) .at = offsetof(struct cost_at_hour, member)

/* The headings are those of cost_speeds. */
static const struct figure hour_figures[] = {
    { "machine", "machine's hour", NULL, FIGURE_MONEY, HOUR(machine_hour) },
    { "speed_0", "0.05/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[0]) },
    { "speed_1", "0.1/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[1]), .rank = 2 },
    { "speed_2", "0.5/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[2]) },
    { "speed_3", "1/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[3]), .rank = 1 },
    { "speed_4", "5/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[4]), .rank = 1 },
    { "speed_5", "20/s", NULL, FIGURE_MONEY, HOUR(min_wage_hour[5]), .rank = 2 },
    { 0 },
};

static void draw_hours(struct page *p, const struct cost *c)
{
    struct chart *chart = page_chart(
        p, &(struct chart_look){ .title = "The wage from which the model costs under 1 % of people",
                                 .x = "images a second",
                                 .y = "wage per hour",
                                 .x_log = true });

    for (size_t i = 0; i < COST_HOURS; i++) {
        char name[64];

        snprintf(name, sizeof(name), "a machine at %g per hour", c->hours[i].machine_hour);
        chart_series(chart, name, CHART_LINE);
        for (size_t k = 0; k < COST_SPEEDS; k++)
            chart_mark(chart, &(struct chart_mark){ .x = cost_speeds[k],
                                                    .y = c->hours[i].min_wage_hour[k],
                                                    .low = NAN,
                                                    .high = NAN });
    }
}

static void show_hours(struct page *p, const struct cost *c)
{
    struct table *t;

    page_note(p,
              "The wage per hour from which it holds, by what the machine's hour costs and by the "
              "images a second (%.3g columns an image, %.3g s per answer of a person, in %s):",
              (double)c->here.cells / (double)c->here.images, c->prices.seconds_per_answer.value,
              c->prices.currency);
    t = page_table(p, &(struct layout){ .parts = { hour_figures } });
    for (size_t i = 0; i < COST_HOURS; i++)
        table_row(t, NULL, (const void *[]){ &c->hours[i], NULL, NULL, NULL });
    draw_hours(p, c);
}

void break_even_words(struct page *p, const struct cost *c)
{
    if (isnan(c->here.model_share))
        page_note(p, "Put what is missing under prices: in assent.yaml to see ratio and "
                     "break-even.");
    else
        say_ratio(p, c);
    if (!isnan(c->wages[0].model_share))
        show_wages(p, c);
    if (c->here.images > 0 && !isnan(c->hours[0].min_wage_hour[0]) && !c->server.annotator)
        show_hours(p, c);
}

/* ---- data ---- */

static struct json_t *hour_json(const struct cost_at_hour *at, size_t speed)
{
    return jv_pack("{s:o, s:o, s:o}", "machine_hour", jv_real(at->machine_hour),
                   "images_per_second", jv_real(cost_speeds[speed]), "min_wage_hour",
                   jv_real(at->min_wage_hour[speed]));
}

void break_even_data(struct page *p, const struct cost *c)
{
    const struct cost_break_even *even = &c->break_even;
    struct json_t *wages = jv_array(), *hours = jv_array();

    for (size_t i = 0; i < COST_WAGES; i++)
        jv_append(wages,
                  jv_pack("{s:o, s:o, s:b, s:o}", "wage_hour", jv_real(c->wages[i].wage_hour),
                          "model_share", jv_real(c->wages[i].model_share), "holds",
                          c->wages[i].holds, "process_share", jv_real(c->wages[i].process_share)));
    for (size_t i = 0; i < COST_HOURS; i++)
        for (size_t k = 0; k < COST_SPEEDS; k++)
            jv_append(hours, hour_json(&c->hours[i], k));
    page_set(p, "break_even",
             jv_pack("{s:f, s:o, s:o, s:o, s:o, s:o}", "share", even->share, "min_wage_hour",
                     jv_real(even->min_wage_hour), "max_machine_hour",
                     jv_real(even->max_machine_hour), "min_images_per_second",
                     jv_real(even->min_images_per_second), "wages", wages, "machines", hours));
    page_set(p, "review_rate", jv_real(c->review_rate));
    page_set(p, "agreement_after", jv_real(c->agreement_after));
}
