/* SPDX-License-Identifier: MIT
 *
 * runs.c - a model's run: what it would take, what it did, what went out.
 */
#include <math.h>
#include <string.h>

#include "show/cost.h"
#include "show/show.h"
#include "show/unanswered.h"
#include "show/verdicts.h"

#define LITTLE_CACHED 0.1 /* of the prompts */

struct probe_row { /* beside a struct moved */
    bool works;
    const char *why;
    double seconds;
    uint64_t requests;
};

/* ---- what a server took ---- */

static void say_usage(struct page *p, const struct label_usage *u, double cost,
                      const char *currency)
{
    char n[4][TEXT_COUNT_MAX];

    if (u->requests == 0)
        return;
    text_count(u->requests, "request", n[0]);
    if (u->silent > 0)
        page_note(p,
                  "the server was sent %s, and does not say its tokens of all: what that cost "
                  "is not known",
                  n[0]);
    else
        page_note(p, "the server was sent %s: %s of prompts, %s of them cached, %s of answers",
                  n[0], text_count(u->prompt, "token", n[1]), text_grouped(u->cached, n[2]),
                  text_grouped(u->completion, n[3]));
    if (!isnan(cost))
        page_note(p, "cost: %.4g %s", cost, currency);
}

static void set_usage(struct page *p, const struct label_usage *u)
{
    page_set(p, "usage",
             cost_usage_json(&(struct store_usage){ true, u->requests, u->silent == 0, u->prompt,
                                                    u->cached, u->completion }));
}

/* ---- plan ---- */

static const struct figure plan_figures[] = {
    { "annotator", NULL, NULL, FIGURE_TEXT, offsetof(struct plan_result, annotator) },
    { "chosen", NULL, NULL, FIGURE_SIZE, offsetof(struct plan_result, chosen) },
    { "images", NULL, NULL, FIGURE_COUNT, offsetof(struct plan_result, images) },
    { "questions", NULL, NULL, FIGURE_COUNT, offsetof(struct plan_result, questions) },
    { "measured_images", NULL, NULL, FIGURE_SIZE, offsetof(struct plan_result, measured) },
    { "seconds_per_image", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, seconds),
      .old_key = "seconds_an_image" },
    { "seconds", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, total_seconds) },
    { "flop_per_image", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, flop),
      .old_key = "flop_an_image" },
    { "tokens_per_image", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, tokens) },
    { "image_tokens", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, image_tokens) },
    { "weight_bytes", NULL, NULL, FIGURE_SIZE, offsetof(struct plan_result, weight_bytes) },
    { "activation_bytes", NULL, NULL, FIGURE_SIZE, offsetof(struct plan_result, activation_bytes) },
    { "cost", NULL, NULL, FIGURE_NUMBER, offsetof(struct plan_result, cost) },
    { "currency", NULL, NULL, FIGURE_TEXT, offsetof(struct plan_result, currency) },
    { 0 },
};

/* ---- plan of a server's model ---- */

static const struct figure probe_figures[] = {
    { "works", NULL, NULL, FIGURE_FLAG, offsetof(struct probe_row, works) },
    { "why", NULL, NULL, FIGURE_TEXT, offsetof(struct probe_row, why) },
    { "seconds", "seconds", NULL, FIGURE_NUMBER, offsetof(struct probe_row, seconds),
      .decimals = 1 },
    { "requests", "requests", NULL, FIGURE_COUNT, offsetof(struct probe_row, requests) },
    { 0 },
};

static void add_probe(struct table *shown, struct table *all, const struct plan_probe *probe)
{
    const struct probe_row row = { !probe->why, probe->why, probe->seconds, probe->usage.requests };
    const void *const of[] = { &probe->moved, &row, NULL, NULL };

    table_row(all, "asked_otherwise[]", of);
    if (!probe->why)
        table_row(shown, NULL, of);
}

static void say_probes(struct page *p, const struct plan_result *r)
{
    static const struct shown columns[] = { { "asked", 0 },        { "images", 0 },
                                            { "answers", 0 },      { "changed", 0 },
                                            { "share", 0 },        { "mean_move", 0 },
                                            { "largest_move", 0 }, { "requests", 1 } };
    const struct layout layout = { .parts = { figures_moved, probe_figures },
                                   .shown = columns,
                                   .n_shown = sizeof(columns) / sizeof(columns[0]) };
    struct layout hidden = layout;
    struct table *shown, *all;

    page_heading(p, "The same questions on the same pictures, asked otherwise");
    hidden.hidden = true;
    shown = page_table(p, &layout);
    all = page_table(p, &hidden);
    table_list(all, "asked_otherwise");
    for (size_t i = 0; i < r->n_probes; i++)
        add_probe(shown, all, &r->probes[i]);
    for (size_t i = 0; i < r->n_probes; i++)
        if (r->probes[i].why)
            page_note(p, "%s does not work: %s", r->probes[i].moved.what, r->probes[i].why);
    if (!r->together)
        page_note(p, "Each question is a request of its own: no answer depends on its neighbours.");
}

/* Where questions go one by one behind the same picture, most of a prompt has been read before. */
static void say_cache(struct page *p, const struct plan_result *r)
{
    const struct label_usage *u = &r->plain;

    if (r->together || u->prompt == 0 || u->requests < 2 * r->measured ||
        (double)u->cached > LITTLE_CACHED * (double)u->prompt)
        return;
    page_note(p,
              "%.0f %% of the prompts' tokens were cached: the server %s, and each question "
              "costs as much as a picture (docs/serving.md).",
              100 * (double)u->cached / (double)u->prompt,
              u->cached == 0 ? "does not share a picture's beginning among its questions, or does "
                               "not say so"
                             : "shares little of a picture's beginning among its questions");
}

/* Work is what time goes by. */
static void say_less(struct page *p, const struct plan_result *r)
{
    char text[32], duration[32];

    if (!r->less.key)
        return;
    page_note(
        p,
        "With %s: %llu at '%s' in assent.yaml an image would be %s, all about %s. See whether "
        "the answers stay (ask --%s); with it the model needs a name of its own.",
        r->less.key, (unsigned long long)r->less.value, r->annotator,
        text_scaled(r->less.flop, "FLOP", text),
        clock_duration(r->total_seconds * r->less.flop / r->flop, duration),
        strcmp(r->less.key, "tiles") == 0 ? "tiles" : "max-pixels");
}

static void say_plan(struct page *p, const struct plan_result *r)
{
    char duration[32], text[4][32];

    if (r->server) {
        page_line(p, "model", "%s at %s", r->model, r->server);
    } else {
        page_line(p, "model", "%s, a %s of %.3g million parameters, computed in %s", r->model,
                  r->family, (double)r->parameters * 1e-6, r->dtype);
        page_line(p, "memory", "%s of weights, mapped, and %s",
                  text_scaled((double)r->weight_bytes, "B", text[0]),
                  text_scaled((double)r->activation_bytes, "B", text[1]));
        page_line(p, "tokens", "%.0f per image, %.0f of them the picture's", r->tokens,
                  r->image_tokens);
        page_line(p, "work", "%s per image, %s in all", text_scaled(r->flop, "FLOP", text[2]),
                  text_scaled(r->flop * (double)r->images, "FLOP", text[3]));
    }
    page_line(p, "speed", "%.3g s per image, measured on %zu", r->seconds, r->measured);
    page_line(p, "time", "%s", clock_duration(r->total_seconds, duration));
    if (isnan(r->cost))
        page_line(p, "cost", "not known: %sprices: machine_hour in assent.yaml",
                  r->server ? "the annotator's price, or " : "");
    else
        page_line(p, "cost", "%.2f %s", r->cost, r->currency);
    say_less(p, r);
    if (r->server) {
        say_cache(p, r);
        say_probes(p, r);
    }
}

struct page *show_plan(const struct plan_result *r)
{
    struct page *p = page_new();
    char images[TEXT_COUNT_MAX], answers[TEXT_COUNT_MAX];

    page_paragraph(p, "%s: %s, %s to give", r->annotator, text_count(r->images, "image", images),
                   text_count(r->questions, "answer", answers));
    if (r->images == 0)
        page_paragraph(p, "Nothing is left to do.");
    else
        say_plan(p, r);
    page_figures(p, plan_figures, r);
    page_set(p, "less",
             r->less.key ? jv_pack("{s:s, s:I, s:f}", "key", r->less.key, "value",
                                   (long long)r->less.value, "flop_per_image", r->less.flop)
                         : jv_pack("n"));
    page_set(p, "images_per_second", jv_real(r->seconds > 0 ? 1 / r->seconds : NAN));
    say_usage(p, &r->usage, r->spent, r->currency);
    set_usage(p, &r->usage);
    page_set(p, "spent", jv_real(r->spent));
    return p;
}

/* ---- plan --review ---- */

static const struct figure forecast_figures[] = {
    { "items", NULL, NULL, FIGURE_COUNT, offsetof(struct review_forecast, items) },
    { "votes", NULL, NULL, FIGURE_COUNT, offsetof(struct review_forecast, votes) },
    { "seconds_per_answer", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, seconds),
      .old_key = "seconds_an_answer" },
    { "measured", NULL, NULL, FIGURE_FLAG, offsetof(struct review_forecast, measured) },
    { "hours", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, hours) },
    { "cost", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, cost) },
    { "currency", NULL, NULL, FIGURE_TEXT, offsetof(struct review_forecast, currency) },
    { 0 },
};

static void say_time(struct page *p, const struct review_forecast *f)
{
    char duration[32];

    if (isnan(f->seconds)) {
        page_line(p, "time",
                  "not known: nobody has answered yet, and assent.yaml does not say "
                  "prices: seconds_per_answer");
        return;
    }
    page_line(p, "speed", "%.3g s per answer, %s", f->seconds,
              f->measured ? "the median of this project's" : "as assent.yaml says");
    page_line(p, "time", "%s of people's work", clock_work(f->hours * 3600, duration));
    if (isnan(f->cost))
        page_line(p, "cost", "not known: prices: wage_hour in assent.yaml");
    else
        page_line(p, "cost", "%.2f %s", f->cost, f->currency);
}

struct page *show_plan_review(const struct review_forecast *f)
{
    const uint64_t *added = f->queued.added;
    struct page *p = page_new();
    char n[6][TEXT_COUNT_MAX];

    page_paragraph(p, "review: %s to answer, %s", text_count(f->items, "item", n[0]),
                   text_count(f->votes, "vote", n[1]));
    page_line(p, "new", "%s, %s drawn at random, %s with known answers, %s again",
              text_count(added[REVIEW_DISPUTE], "dispute", n[2]),
              text_grouped(added[REVIEW_SAMPLE], n[3]), text_grouped(added[REVIEW_GOLD], n[4]),
              text_grouped(added[REVIEW_REPEAT], n[5]));
    say_time(p, f);
    page_figures(p, forecast_figures, f);
    page_set(p, "new",
             jv_pack("{s:I, s:I, s:I, s:I}", "disputes", (long long)added[REVIEW_DISPUTE], "sample",
                     (long long)added[REVIEW_SAMPLE], "gold", (long long)added[REVIEW_GOLD],
                     "repeats", (long long)added[REVIEW_REPEAT]));
    return p;
}

/* ---- plan --accept ---- */

static const struct figure accept_plan_figures[] = {
    { "annotator", NULL, NULL, FIGURE_TEXT, offsetof(struct accept_plan, annotator) },
    { "max_error", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, max_error) },
    { "confidence", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, confidence) },
    { "true_error", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, true_error) },
    { "power", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, power) },
    { "alpha", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, alpha) },
    { "tests", NULL, NULL, FIGURE_COUNT, offsetof(struct accept_plan, starts) },
    { "mean_votes", NULL, NULL, FIGURE_NUMBER, offsetof(struct accept_plan, mean) },
    { "undecided", NULL, NULL, FIGURE_COUNT, offsetof(struct accept_plan, open) },
    { "sample", NULL, NULL, FIGURE_COUNT, offsetof(struct accept_plan, sample) },
    { "next", NULL, NULL, FIGURE_TEXT, offsetof(struct accept_plan, next) },
    { 0 },
};

static void say_tests(struct page *p, const struct accept_plan *a)
{
    char n[32];

    page_note(
        p,
        "Of the accepted answers at most %g %% may be wrong, with %g %% confidence for all %s "
        "questions together, however often one looks: so each %s at %.3g at first, and a "
        "question that is accepted whole leaves its part to the others (Holm).",
        100 * a->max_error, 100 * a->confidence, text_grouped(a->n, n),
        a->starts > 1 ? "question's whole, half and quarter that are surest are tested"
                      : "question is tested",
        a->alpha);
    if (!isnan(a->mean))
        page_note(p,
                  "If %g %% are wrong in truth, all of a question's answers are accepted with "
                  "probability %g after so many votes; on average after %.0f.",
                  100 * a->true_error, a->power, a->mean);
    else
        page_note(p,
                  "If %g %% are wrong in truth, that is too near to %g %% for any number of votes "
                  "that people give: promise less, or ask about fewer questions.",
                  100 * a->true_error, 100 * a->max_error);
}

/* Whole numbers, which may be unknown. */
static const struct figure planned_votes[] = {
    { "votes", "votes", NULL, FIGURE_NUMBER, offsetof(struct planned_question, votes) },
    { "votes_to_decide", "votes to go", NULL, FIGURE_NUMBER,
      offsetof(struct planned_question, left) },
    { 0 },
};

static void add_planned(struct page *p, const struct accept_plan *a)
{
    static const struct shown columns[] = {
        { "name", 0, "question" }, { "answers", 1 }, { "votes", 2 },
        { "settled", 1 },          { "verdict", 1 }, { "votes_to_decide", 2 },
    };
    struct table *shown =
        page_table(p, &(struct layout){ .parts = { figures_name, figures_planned, planned_votes },
                                        .shown = columns,
                                        .n_shown = sizeof(columns) / sizeof(columns[0]) });
    struct table *all =
        page_table(p, &(struct layout){ { figures_name, figures_planned }, .hidden = true });

    table_list(all, "questions");
    for (size_t i = 0; i < a->n; i++) {
        const struct planned_question *q = &a->questions[i];
        const void *const of[] = { &q->name, q, q, NULL };

        table_row(shown, NULL, of);
        table_row(all, "questions[]", of);
    }
}

struct page *show_plan_accept(const struct accept_plan *a)
{
    struct page *p = page_new();
    char n[4][TEXT_COUNT_MAX], votes[96] = "";

    if (a->votes_per_cell > 1)
        snprintf(votes, sizeof(votes), ", each by %u people", (unsigned)a->votes_per_cell);
    if (a->open == 0)
        page_paragraph(p, "%s: no votes are needed, or none would decide",
                       a->annotator ? a->annotator : "a model");
    else
        page_paragraph(p, "%s: %s to be answered by people%s until %s decided",
                       a->annotator ? a->annotator : "a model", text_count(a->left, "cell", n[0]),
                       votes, a->open == 1 ? "a question is" : "questions are");
    say_tests(p, a);
    if (a->open > 0)
        say_time(p, &a->work);
    add_planned(p, a);
    if (a->next)
        page_command(p, "people answer, blind, until every question is decided", "%s", a->next);
    page_figures(p, accept_plan_figures, a);
    page_figures(p, forecast_figures, &a->work);
    return p;
}

/* ---- plan --alt-test ---- */

static const struct figure alt_plan_rows[] = {
    { "differ", "differ", NULL, .kind = FIGURE_NUMBER, .decimals = 3,
      .at = offsetof(struct alt_plan_row, differ) },
    { "items", "items a person", NULL, FIGURE_COUNT, offsetof(struct alt_plan_row, items) },
    { "votes", "votes", NULL, FIGURE_COUNT, offsetof(struct alt_plan_row, votes) },
    { "power", "power", NULL, .kind = FIGURE_NUMBER, .decimals = 2,
      .at = offsetof(struct alt_plan_row, power) },
    { 0 },
};

static const struct figure alt_plan_work[] = {
    { "seconds_per_answer", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, seconds) },
    { "hours", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, hours) },
    { "cost", NULL, NULL, FIGURE_NUMBER, offsetof(struct review_forecast, cost) },
    { "currency", NULL, NULL, FIGURE_TEXT, offsetof(struct review_forecast, currency) },
    { 0 },
};

static void say_assumed(struct page *p, const struct alt_plan *a)
{
    const struct alt_test_rule *rule = &a->task->alt_test;

    page_note(p,
              "If it is as good as they are, it beats a person with probability %.2f then, where "
              "it may be worse by %g%s%s%s. %s %s on %.1f %% of the cells%s.",
              a->all.power, rule->epsilon, rule->skill ? " (people: " : "",
              rule->skill ? rule->skill : "", rule->skill ? ")" : "",
              a->against ? "It differs from" : "It is taken to differ from",
              a->against ? a->against : "people", 100 * a->all.differ,
              a->against ? "" : ": nothing was measured yet");
}

static void add_alt_rows(struct page *p, const struct alt_plan *a)
{
    static const char all[] = "all together";
    const char *const name = all;
    struct table *t = page_table(p, &(struct layout){ .parts = { figures_name, alt_plan_rows } });

    table_row(t, "all", (const void *[]){ &name, &a->all, NULL, NULL });
    table_rule(t);
    table_list(t, "questions");
    for (size_t c = 0; c < a->task->n_columns; c++)
        table_row(t, "questions[]",
                  (const void *[]){ &a->questions[c].name, &a->questions[c], NULL, NULL });
}

static void say_next(struct page *p, const struct alt_plan *a)
{
    if (a->all.items > a->cells)
        page_note(p, "The project has fewer cells than that: it cannot be shown.");
    else if (a->drawn)
        page_note(p,
                  "A sample was drawn before: give review --overlap %llu:%zu beside the options it "
                  "was drawn by, and its cells are asked again.",
                  (unsigned long long)a->all.items, a->people);
    else if (a->next)
        page_command(p, "several people answer the same cells", "%s", a->next);
}

struct page *show_plan_alt_test(const struct alt_plan *a)
{
    struct page *p = page_new();
    const char *who = a->annotator ? a->annotator : "a model";
    char n[2][TEXT_COUNT_MAX];

    if (a->all.items == 0)
        page_paragraph(p,
                       "No number of items shows that %s is as good as one more person where it "
                       "may not be worse at all.",
                       who);
    else
        page_paragraph(p,
                       "To say whether %s is as good as one more person, %zu people answer the "
                       "same %s, %s in all.",
                       who, a->people, text_count(a->all.items, "cell", n[0]),
                       text_count(a->all.votes, "vote", n[1]));
    say_assumed(p, a);
    say_time(p, &a->work);
    page_note(p, "Question by question, each by itself, it takes %s.",
              text_count(a->question_votes, "vote", n[0]));
    add_alt_rows(p, a);
    say_next(p, a);
    page_text(p, "annotator", a->annotator);
    page_text(p, "against", a->against);
    page_count(p, "people", a->people);
    page_set(p, "epsilon", jv_real(a->task->alt_test.epsilon));
    page_text(p, "next", a->drawn ? NULL : a->next);
    page_count(p, "question_votes", a->question_votes);
    page_set(p, "question_hours", jv_real(a->question_work.hours));
    page_set(p, "question_cost", jv_real(a->question_work.cost));
    page_figures(p, alt_plan_work, &a->work);
    return p;
}

/* ---- annotate ---- */

static const struct figure annotate_figures[] = {
    { "annotator", NULL, NULL, FIGURE_TEXT, offsetof(struct annotate_result, annotator) },
    { "chosen", NULL, NULL, FIGURE_SIZE, offsetof(struct annotate_result, chosen) },
    { "images", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, images) },
    { "errors", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, errors) },
    { "left_open", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, left_open) },
    { "equal", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, equal) },
    { "labels", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, labels) },
    { "abstentions", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, abstentions) },
    { "unreadable", NULL, NULL, FIGURE_SIZE, offsetof(struct annotate_result, unreadable) },
    { "claimed_by_others", NULL, NULL, FIGURE_COUNT,
      offsetof(struct annotate_result, claimed_by_others), .old_key = "elsewhere" },
    { "interrupted", NULL, NULL, FIGURE_FLAG, offsetof(struct annotate_result, interrupted) },
    { "seconds", NULL, NULL, FIGURE_NUMBER, offsetof(struct annotate_result, seconds) },
    { "cost", NULL, NULL, FIGURE_NUMBER, offsetof(struct annotate_result, cost) },
    { "currency", NULL, NULL, FIGURE_TEXT, offsetof(struct annotate_result, currency) },
    { "images_left", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_result, images_left) },
    { 0 },
};

static void say_images(struct page *p, uint64_t n, const char *what)
{
    char number[TEXT_COUNT_MAX];

    if (n > 0)
        page_paragraph(p, "%s %s", text_count(n, "image", number), what);
}

static void say_answered(struct page *p, const struct annotate_result *r)
{
    char n[3][TEXT_COUNT_MAX], duration[32];

    if (r->images + r->errors == 0 && r->claimed_by_others == 0 && !r->interrupted)
        page_paragraph(p, "%s has answered all that was asked for: %s.", r->annotator,
                       text_count(r->chosen - r->unreadable, "image", n[0]));
    else
        page_paragraph(p, "%s answered %s in %s: %s, %s", r->annotator,
                       text_count(r->images, "image", n[0]), clock_duration(r->seconds, duration),
                       text_count(r->labels, "label", n[1]),
                       text_count(r->abstentions, "abstention", n[2]));
}

static const struct figure claimant_figures[] = {
    { "worker", NULL, NULL, FIGURE_TEXT, offsetof(struct annotate_claimant, worker) },
    { "images", NULL, NULL, FIGURE_COUNT, offsetof(struct annotate_claimant, images) },
    { "seconds", NULL, NULL, FIGURE_NUMBER, offsetof(struct annotate_claimant, seconds) },
    { 0 },
};

static void say_claimants(struct page *p, const struct annotate_result *r)
{
    struct table *t =
        page_table(p, &(struct layout){ .parts = { claimant_figures }, .hidden = true });
    char n[TEXT_COUNT_MAX], duration[32];

    table_list(t, "claimed_by");
    if (r->claimed_by_others > 0)
        page_paragraph(p, "%s claimed by another process, which is answering:",
                       text_count(r->claimed_by_others, "image", n));
    for (size_t i = 0; i < r->n_claimants; i++) {
        const struct annotate_claimant *c = &r->claimants[i];

        page_note(p, "%s: for another %s, and longer while it gives signs of life", c->worker,
                  clock_duration(c->seconds, duration));
        table_row(t, "claimed_by[]", (const void *[]){ c, NULL, NULL, NULL });
    }
    if (r->claimed_by_others > 0)
        page_note(p, "The same command looks again; --take-over does not wait for them.");
}

static const char *const limit_names[] = {
    [LIMIT_REQUESTS] = "max_requests", [LIMIT_COST] = "max_cost"
};

static void say_stopped(struct page *p, const struct annotate_result *r)
{
    const char *name = limit_names[r->stopped];
    char n[2][TEXT_COUNT_MAX];

    page_set(p, "stopped", name ? jv_pack("s", name) : jv_pack("n"));
    if (!name)
        return;
    page_paragraph(p, "Stopped before --%s was passed: %s left, %s of them answered in part.",
                   r->stopped == LIMIT_COST ? "max-cost" : "max-requests",
                   text_count(r->images_left, "image", n[0]), text_grouped(r->partly, n[1]));
    page_note(p, "The same command goes on where this one stopped: what is answered is not asked "
                 "again.");
}

struct page *show_annotate(const struct annotate_result *r)
{
    struct page *p = page_new();
    char n[TEXT_COUNT_MAX];

    say_answered(p, r);
    say_images(p, r->equal,
               "of them equal to others, byte for byte: their answers were taken over");
    say_images(p, r->errors,
               r->usage.requests > 0 ? "could not be read or answered" : "could not be read");
    say_images(p, r->unreadable, "could not be read before: not tried again");
    if (r->left_open > 0)
        page_note(p, "%s of answered images left open: the server did not answer them",
                  text_count(r->left_open, "question", n));
    if (r->errors + r->unreadable + r->left_open > 0)
        page_paragraph(p, "--retry-errors tries again what could not be read or answered.");
    say_claimants(p, r);
    say_images(p, r->absent,
               "of this project not found among the pictures (images remove --unmatched --dry-run "
               "lists them)");
    say_usage(p, &r->usage, r->cost, r->currency);
    set_usage(p, &r->usage);
    say_stopped(p, r);
    if (r->interrupted)
        page_paragraph(p, "Interrupted: the same command goes on where this one stopped.");
    unanswered_show(p, &r->unanswered);
    page_figures(p, annotate_figures, r);
    return p;
}

/* ---- export ---- */

struct page *show_export(const struct export_result *r)
{
    struct page *p = page_new();

    page_text(p, "wrote", r->path);
    page_text(p, "format", r->format);
    page_count(p, "images", r->images);
    page_count(p, "cells", r->cells);
    page_set(p, "stale_consensus", jv_pack("b", (int)r->stale));
    return p;
}

/* ---- reviewers ---- */

static const struct figure reviewer_figures[] = {
    { "name", "name", NULL, FIGURE_TEXT, offsetof(struct store_reviewer, name) },
    { "created", "since", NULL, FIGURE_TEXT, offsetof(struct store_reviewer, created), .rank = 1 },
    { "revoked", "revoked", NULL, FIGURE_TEXT, offsetof(struct store_reviewer, revoked) },
    { 0 },
};

static const struct figure role_figures[] = { { "role", "role", NULL, FIGURE_TEXT }, { 0 } };

struct page *show_reviewers(const struct reviewers *r)
{
    static const struct shown shown[] = {
        { "name", 0 }, { "role", 1 }, { "created", 0 }, { "revoked", 0 }
    };
    struct page *p = page_new();
    struct table *t =
        page_table(p, &(struct layout){ .parts = { reviewer_figures, role_figures },
                                        .shown = shown,
                                        .n_shown = sizeof(shown) / sizeof(shown[0]) });

    table_list(t, "reviewers");
    for (size_t i = 0; i < r->n; i++) {
        const char *role = r->items[i].annotator ? "reviewer" : "owner";

        table_row(t, "reviewers[]", (const void *[]){ &r->items[i], &role, NULL, NULL });
    }
    return p;
}
