/* SPDX-License-Identifier: MIT */
#include "show/cost.h"

#include "show/break_even.h"

#include <math.h>
#include <string.h>

/* ---- prices ---- */

struct price_row {
    const char *what, *figure, *date, *source;
};

static const struct figure price_figures[] = {
    { "what", "taken from", NULL, FIGURE_TEXT, offsetof(struct price_row, what) },
    { "figure", "figure", NULL, FIGURE_TEXT, offsetof(struct price_row, figure) },
    { "date", "date", NULL, FIGURE_TEXT, offsetof(struct price_row, date), .rank = 2 },
    { "source", "source", NULL, FIGURE_TEXT, offsetof(struct price_row, source), .rank = 1 },
    { 0 },
};

static void add_price(struct table *t, const char *what, const struct price *price,
                      const char *unit)
{
    struct price_row row = { what, "not given", NULL, NULL };
    char figure[96];

    if (price->given) {
        snprintf(figure, sizeof(figure), "%.6g %s", price->value, unit);
        row = (struct price_row){ what, figure, price->date, price->source };
    }
    table_row(t, NULL, (const void *[]){ &row, NULL, NULL, NULL });
}

static void add_server(struct table *t, const struct server_price *s, const char *currency)
{
    const struct {
        const char *what;
        double value;
    } rows[] = { { "prompts", s->input },
                 { "cached prompts", isnan(s->cached_input) ? s->input : s->cached_input },
                 { "answers", s->output } };
    char unit[96];

    snprintf(unit, sizeof(unit), "%.32s per million tokens", currency);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        add_price(t, rows[i].what, &(struct price){ true, rows[i].value, s->date, s->source },
                  unit);
}

static void add_prices(struct page *p, const struct cost *c)
{
    struct table *t = page_table(p, &(struct layout){ .parts = { price_figures } });
    char hourly[64];

    if (c->server.annotator)
        add_server(t, c->server.price, c->prices.currency);
    snprintf(hourly, sizeof(hourly), "%.32s per hour", c->prices.currency);
    add_price(t, "machine", &c->prices.machine_hour, hourly);
    add_price(t, "model", &c->prices.images_per_second, "images/s");
    add_price(t, "wage", &c->prices.wage_hour, hourly);
    add_price(t, "person", &c->prices.seconds_per_answer, "s per answer");
}

/* ---- sums ---- */

struct sum_row {
    const char *images, *what;
    double total, answer, hours;
};

static const struct figure sum_figures[] = {
    { "images", "images", NULL, FIGURE_TEXT, offsetof(struct sum_row, images) },
    { "what", "for", NULL, FIGURE_TEXT, offsetof(struct sum_row, what) },
    { "total", "in all", NULL, FIGURE_MONEY, offsetof(struct sum_row, total) },
    { "answer", "per answer", NULL, FIGURE_MONEY, offsetof(struct sum_row, answer) },
    { "hours", "hours", NULL, FIGURE_NUMBER, offsetof(struct sum_row, hours), .decimals = 1,
      .rank = 1 },
    { 0 },
};

static void add_sums(struct table *t, const struct cost_size *s)
{
    char images[32];
    const struct sum_row rows[] = {
        { text_grouped(s->images, images), "the model's answers", s->model, s->model_answer,
          s->machine_hours },
        { "", "people's labels", s->people, s->people_answer, s->people_hours },
        { "", "people's votes on disputes", s->review, s->people_answer, s->review_hours },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        table_row(t, NULL, (const void *[]){ &rows[i], NULL, NULL, NULL });
}

static void say_server(struct page *p, const struct cost *c)
{
    const struct cost_server *s = &c->server;
    char n[2][TEXT_COUNT_MAX];

    if (s->annotator)
        page_note(p, "%s's server took %.4g %s for %s on %s, by the tokens that it counted.",
                  s->annotator, s->cost, c->prices.currency,
                  text_count(s->usage.requests, "request", n[0]),
                  text_count(s->images, "image", n[1]));
}

static void say_cost(struct page *p, const struct cost *c)
{
    char total[64];
    const struct shown shown[] = {
        { "images", 0 }, { "what", 0 }, { "total", 0, total }, { "answer", 0 }, { "hours", 0 }
    };
    struct table *t;

    page_heading(p, "Cost");
    if (!c->prices.machine_hour.given && !c->prices.wage_hour.given && !c->server.annotator) {
        page_note(p, "no prices: in assent.yaml, so nothing to reckon with");
        return;
    }
    add_prices(p, c);
    say_server(p, c);
    snprintf(total, sizeof(total), "%.32s in all", c->prices.currency);
    t = page_table(p, &(struct layout){ .parts = { sum_figures },
                                        .shown = shown,
                                        .n_shown = sizeof(shown) / sizeof(shown[0]) });
    add_sums(t, &c->here);
    if (c->scaled.images > 0) {
        table_rule(t);
        add_sums(t, &c->scaled);
    }
    break_even_words(p, c);
}

/* ---- data ---- */

static void set_price(struct page *p, const char *key, const struct price *price)
{
    page_set(p, key,
             price->given ? jv_pack("{s:o, s:s, s:s}", "value", jv_real(price->value), "date",
                                    price->date, "source", price->source)
                          : jv_pack("n"));
}

static void set_size(struct page *p, const char *key, const struct cost_size *s)
{
    page_open(p, key, PAGE_OBJECT, true);
    page_figures(p, figures_cost, s);
    page_close(p);
}

struct json_t *cost_usage_json(const struct store_usage *u)
{
    const uint64_t tokens[] = { u->prompt, u->cached, u->completion };
    struct json_t *counts[3];

    for (int i = 0; i < 3; i++)
        counts[i] = u->counted ? jv_pack("I", (long long)tokens[i]) : jv_pack("n");
    return jv_pack("{s:I, s:o, s:o, s:o}", "requests", (long long)u->requests, "prompt_tokens",
                   counts[0], "cached_tokens", counts[1], "completion_tokens", counts[2]);
}

static struct json_t *server_json(const struct cost_server *s)
{
    if (!s->annotator)
        return jv_pack("n");
    return jv_pack("{s:s, s:o, s:I, s:o, s:o, s:{s:f, s:o, s:f, s:s, s:s}}", "annotator",
                   s->annotator, "usage", cost_usage_json(&s->usage), "images",
                   (long long)s->images, "cost", jv_real(s->cost), "cost_per_image",
                   jv_real(s->cost_per_image), "price", "input", s->price->input, "cached_input",
                   jv_real(s->price->cached_input), "output", s->price->output, "date",
                   s->price->date, "source", s->price->source);
}

void cost_blocks(struct page *p, const struct cost *c)
{
    say_cost(p, c);
    page_open(p, "cost", PAGE_OBJECT, true);
    page_text(p, "currency", c->prices.currency);
    page_open(p, "prices", PAGE_OBJECT, true);
    set_price(p, "machine_hour", &c->prices.machine_hour);
    set_price(p, "images_per_second", &c->prices.images_per_second);
    set_price(p, "wage_hour", &c->prices.wage_hour);
    set_price(p, "seconds_per_answer", &c->prices.seconds_per_answer);
    set_price(p, "seconds_an_answer", &c->prices.seconds_per_answer); /* its older name */
    page_close(p);
    page_set(p, "server", server_json(&c->server));
    set_size(p, "project", &c->here);
    if (c->scaled.images > 0)
        set_size(p, "scaled", &c->scaled);
    else
        page_set(p, "scaled", jv_pack("n"));
    break_even_data(p, c);
    page_close(p);
}
