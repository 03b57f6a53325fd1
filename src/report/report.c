/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN = 10 /* best and worst questions, missed classes */,
    ALARMS_SHOWN = 5 /* of a kind */
};

static void heading(FILE *out, const char *text)
{
    fprintf(out, "\n%s\n", text);
}

/* ---- quality ---- */

static void quality_row(struct table *t, const char *what, const struct stats_figures *f,
                        double coin)
{
    table_cell(t, "%s", what);
    table_number(t, f->agreement, 4);
    table_interval(t, isnan(f->bootstrap.low) ? f->wilson : f->bootstrap, 4);
    table_number(t, coin, 4);
    table_number(t, f->kappa, 3);
    table_number(t, f->coverage, 3);
}

static int print_quality(FILE *out, const struct report *r, struct err *e)
{
    struct table *t = table_new("lrrrrr");
    char label[3][450];

    heading(out, "Quality before and after people settled disputes");
    snprintf(label[0], sizeof(label[0]), "before: %s = %s", r->first, r->second);
    snprintf(label[1], sizeof(label[1]), "after:  %s = consensus", r->first);
    snprintf(label[2], sizeof(label[2]), "after:  %s = consensus", r->second);
    table_cell(t, "share of cells");
    table_cell(t, "agreement");
    table_cell(t, "95 %%");
    table_cell(t, "by coin flip");
    table_cell(t, "kappa");
    table_cell(t, "coverage");
    quality_row(t, label[0], &r->before->pooled, NAN);
    quality_row(t, label[1], &r->first_after->pooled, r->coin_flip[0]);
    quality_row(t, label[2], &r->second_after->pooled, r->coin_flip[1]);
    return table_end(t, out, e);
}

static void print_sides(FILE *out, const struct report *r)
{
    char n[3][32];
    struct stats_interval i;

    fprintf(out, "\n  %s of %s cells were disputed (%.1f %%).\n", text_grouped(r->disputed, n[0]),
            text_grouped(r->cells, n[1]), 100 * (double)r->disputed / (double)r->cells);
    if (!r->extra) {
        fputs("  Nobody has voted on them, so the consensus is what both said, and disputes stay "
              "ties.\n",
              out);
        return;
    }
    i = stats_wilson(r->sided[0], r->extra_on_disputed);
    fprintf(out, "  The votes of %s sided with %s on %s of %s: %.1f %% (95 %%: %.1f - %.1f %%).\n",
            r->extra, r->first, text_grouped(r->sided[0], n[0]),
            text_grouped(r->extra_on_disputed, n[1]),
            100 * (double)r->sided[0] / (double)r->extra_on_disputed, 100 * i.low, 100 * i.high);
    fputs("  Agreement must rise when only disputed cells get another vote: by coin flip is what "
          "fair coins in\n"
          "  place of those votes would give. Cells on which both agreed were not checked.\n",
          out);
}

static int print_winners(FILE *out, const struct report *r, struct err *e)
{
    struct table *t;

    if (r->n_winners == 0 || !r->extra)
        return 0;
    heading(out, "Questions on which the votes favour");
    t = table_new("lrrrr");
    table_cell(t, "questions");
    table_cell(t, "%s", r->first);
    table_cell(t, "%s", r->second);
    table_cell(t, "neither");
    table_cell(t, "another");
    for (size_t i = 0; i < r->n_winners; i++) {
        table_cell(t, "%s", r->winners[i].group ? r->winners[i].group : "all");
        table_count(t, r->winners[i].first);
        table_count(t, r->winners[i].second);
        table_count(t, r->winners[i].ties);
        table_count(t, r->winners[i].other);
    }
    return table_end(t, out, e);
}

/* ---- questions ---- */

struct ranked {
    const char *name;
    const struct stats_figures *before, *after;
};

static int by_agreement(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->before->agreement,
           y = ((const struct ranked *)b)->before->agreement;

    return (x < y) - (x > y);
}

static void question_header(struct table *t)
{
    static const char *const names[] = { "agree", "95 %",         "kappa",     "AC1",
                                         "yes",   "yes by other", "precision", "recall" };

    table_cell(t, "question");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_cell(t, "%s", names[i]);
}

static void question_row(struct table *t, const struct ranked *q)
{
    table_cell(t, "%s", q->name);
    table_number(t, q->before->agreement, 3);
    table_interval(t, q->before->wilson, 3);
    table_number(t, q->before->kappa, 3);
    table_number(t, q->before->ac1, 3);
    table_number(t, q->before->positive_rate[0], 3);
    table_number(t, q->before->positive_rate[1], 3);
    table_number(t, q->after->precision, 3);
    table_number(t, q->after->recall, 3);
}

static int print_ranked(FILE *out, const struct report *r, const struct ranked *questions, size_t n,
                        struct err *e)
{
    struct table *t = table_new("lrrrrrrrr");
    size_t shown = n <= 2 * SHOWN ? n : SHOWN;
    char title[1024];

    snprintf(title, sizeof(title),
             "%s questions: %s against %s; precision and recall of %s against the consensus",
             n <= 2 * SHOWN ? "All" : "Ten best and ten worst", r->first, r->second, r->first);
    heading(out, title);
    question_header(t);
    for (size_t i = 0; i < shown; i++)
        question_row(t, &questions[i]);
    table_rule(t);
    for (size_t i = n - shown; shown < n && i < n; i++)
        question_row(t, &questions[i]);
    return table_end(t, out, e);
}

static int print_questions(FILE *out, const struct report *r, struct err *e)
{
    size_t n = 0;
    struct ranked *questions = mem_new(r->before->n_columns, sizeof(*questions), e);
    int rc;

    if (!questions)
        return ERR_NOMEM;
    for (size_t c = 0; c < r->before->n_columns; c++)
        if (r->before->columns[c].n > 0)
            questions[n++] = (struct ranked){ r->task->columns[c].name, &r->before->columns[c],
                                              &r->first_after->columns[c] };
    qsort(questions, n, sizeof(*questions), by_agreement);
    rc = print_ranked(out, r, questions, n, e);
    free(questions);
    return rc;
}

static void group_row(struct table *t, const char *name, const struct stats_figures *before,
                      const struct stats_figures *first, const struct stats_figures *second)
{
    table_cell(t, "%s", name);
    table_number(t, before->agreement, 3);
    table_interval(t, isnan(before->bootstrap.low) ? before->wilson : before->bootstrap, 3);
    table_number(t, before->kappa, 3);
    table_number(t, first->agreement, 3);
    table_number(t, second->agreement, 3);
}

static int print_groups(FILE *out, const struct report *r, struct err *e)
{
    struct table *t = table_new("lrrrrr");

    heading(out, "Groups of questions");
    table_cell(t, "group");
    table_cell(t, "before");
    table_cell(t, "95 %%");
    table_cell(t, "kappa");
    table_cell(t, "%s after", r->first);
    table_cell(t, "%s after", r->second);
    for (size_t g = 0; g < r->n_groups; g++)
        group_row(t, r->groups[g], &r->before->groups[g], &r->first_after->groups[g],
                  &r->second_after->groups[g]);
    group_row(t, "all, by question", &r->before->macro, &r->first_after->macro,
              &r->second_after->macro);
    group_row(t, "all, by cell", &r->before->pooled, &r->first_after->pooled,
              &r->second_after->pooled);
    return table_end(t, out, e);
}

static int print_parts(FILE *out, const struct report *r, struct err *e)
{
    struct table *t;
    char title[600];

    if (!r->by)
        return 0;
    snprintf(title, sizeof(title), "By %s: %s against %s", r->by, r->first, r->second);
    heading(out, title);
    t = table_new("lrrrr");
    table_cell(t, "%s", r->by);
    table_cell(t, "images");
    table_cell(t, "agreement");
    table_cell(t, "95 %%");
    table_cell(t, "kappa");
    for (size_t i = 0; i < r->n_parts; i++) {
        const struct stats_figures *f = &r->parts[i].before->pooled;

        table_cell(t, "%s", r->parts[i].value);
        table_count(t, r->parts[i].n_images);
        table_number(t, f->agreement, 4);
        table_interval(t, isnan(f->bootstrap.low) ? f->wilson : f->bootstrap, 4);
        table_number(t, f->kappa, 3);
    }
    return table_end(t, out, e);
}

/* ---- what agreement hides ---- */

static int print_missed(FILE *out, const struct report *r, struct err *e)
{
    struct report_missed *missed;
    struct table *t;
    size_t n;
    int rc = report_missed(r, &missed, &n, e);
    char title[600];

    if (rc < 0)
        return rc;
    snprintf(
        title, sizeof(title),
        "Rare answers that %s misses (yes on at most %.0f %%, fewer than %.0f %% of them found)",
        r->first, 100 * REPORT_RARE_RATE, 100 * REPORT_MISSED_RECALL);
    heading(out, title);
    if (n == 0) {
        free(missed);
        fputs("  none\n", out);
        return 0;
    }
    t = table_new("lrrrrr");
    table_cell(t, "question");
    table_cell(t, "agreement");
    table_cell(t, "yes");
    table_cell(t, "found");
    table_cell(t, "recall");
    table_cell(t, "precision");
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        table_cell(t, "%s", r->task->columns[missed[i].column].name);
        table_number(t, missed[i].agreement, 3);
        table_count(t, missed[i].yes);
        table_count(t, missed[i].found);
        table_number(t, missed[i].recall, 3);
        table_number(t, missed[i].precision, 3);
    }
    free(missed);
    rc = table_end(t, out, e);
    if (n > SHOWN)
        fprintf(out, "  and %zu more\n", n - SHOWN);
    return rc;
}

static int print_bias(FILE *out, const struct report *r, struct err *e)
{
    struct table *t = table_new("lrrr");

    heading(out, "How often each says yes");
    table_cell(t, "annotator");
    table_cell(t, "yes");
    table_cell(t, "labels");
    table_cell(t, "abstentions");
    for (size_t a = 0; a < r->n_annotators; a++) {
        table_cell(t, "%s", r->annotators[a].name);
        table_percent(t, r->annotators[a].yes_rate);
        table_count(t, r->annotators[a].labels);
        table_count(t, r->annotators[a].abstentions);
    }
    return table_end(t, out, e);
}

static int print_rules(FILE *out, const struct report *r, struct err *e)
{
    struct buf columns = BUF_INIT(4096);
    struct table *t;

    if (r->task->n_rules == 0)
        return 0;
    heading(out, "Images that break a rule");
    buf_putc(&columns, 'l');
    for (size_t a = 0; a < r->n_annotators; a++)
        buf_putc(&columns, 'r');
    t = columns.failed ? NULL : table_new(columns.text);
    buf_release(&columns);
    table_cell(t, "rule");
    for (size_t a = 0; a < r->n_annotators; a++)
        table_cell(t, "%s", r->annotators[a].name);
    for (size_t i = 0; i < r->task->n_rules; i++) {
        table_cell(t, "%s", r->task->rules[i].text);
        for (size_t a = 0; a < r->n_annotators; a++)
            table_percent(t,
                          (double)r->annotators[a].broken[i] / (double)r->annotators[a].checked[i]);
    }
    return table_end(t, out, e);
}

/* ---- cost ---- */

static void price_row(struct table *t, const char *what, const struct price *p, const char *unit)
{
    table_cell(t, "%s", what);
    if (!p->given) {
        table_cell(t, "not given");
        table_cell(t, "-");
        table_cell(t, "-");
        return;
    }
    table_cell(t, "%.6g %s", p->value, unit);
    table_cell(t, "%s", p->date);
    table_cell(t, "%s", p->source);
}

static int print_prices(FILE *out, const struct cost *c, struct err *e)
{
    struct table *t = table_new("lrll");
    char hourly[64];

    snprintf(hourly, sizeof(hourly), "%.32s an hour", c->prices.currency);
    table_cell(t, "taken from");
    table_cell(t, "figure");
    table_cell(t, "date");
    table_cell(t, "source");
    price_row(t, "machine", &c->prices.machine_hour, hourly);
    price_row(t, "model", &c->prices.images_per_second, "images/s");
    price_row(t, "wage", &c->prices.wage_hour, hourly);
    price_row(t, "person", &c->prices.seconds_an_answer, "s an answer");
    return table_end(t, out, e);
}

/* Whole from a thousand on, cents from one on, and three digits of what is smaller: "0.0125",
 * "0.0000278". */
static void money(struct table *t, double x)
{
    char text[32];

    if (isnan(x))
        table_cell(t, "-");
    else if (x >= 1000 && x < 1e15)
        table_cell(t, "%s", text_grouped((uint64_t)llround(x), text));
    else if (x >= 1 || x <= 0)
        table_cell(t, "%.2f", x);
    else
        table_cell(t, "%.*f", (int)(2 - floor(log10(x))), x);
}

static void hours(struct table *t, double x)
{
    if (isnan(x))
        table_cell(t, "-");
    else
        table_cell(t, x < 100 ? "%.1f" : "%.0f", x);
}

static void cost_rows(struct table *t, const struct cost_size *s)
{
    char images[32];
    const struct {
        const char *who;
        double total, answer, time;
    } rows[] = {
        { "the model's answers", s->model, s->model_answer, s->machine_hours },
        { "people's labels", s->people, s->people_answer, s->people_hours },
        { "people's votes on disputes", s->review, s->people_answer, s->review_hours },
    };

    for (size_t i = 0; i < 3; i++) {
        table_cell(t, "%s", i == 0 ? text_grouped(s->images, images) : "");
        table_cell(t, "%s", rows[i].who);
        money(t, rows[i].total);
        money(t, rows[i].answer);
        hours(t, rows[i].time);
    }
}

static void print_break_even(FILE *out, const struct cost *c)
{
    const char *currency = c->prices.currency;

    fprintf(out,
            "\n  The model costs %.2f %% of what people cost. The study's \"under 1 %%\" holds for "
            "the model alone from a\n"
            "  wage of %.2f %s an hour up, or a machine at %.4g %s an hour at most, or %.3g "
            "images/s at least (the\n"
            "  other figures as above).\n",
            100 * c->here.model_share, c->break_even.min_wage_hour, currency,
            c->break_even.max_machine_hour, currency, c->break_even.min_images_per_second);
    fprintf(out,
            "  The consensus also needed people's labels, and votes on %.1f %% of the cells: in "
            "all %.1f %% of what people\n"
            "  alone cost, at any wage.\n",
            100 * c->review_rate, 100 * c->here.process_share);
}

static int print_cost(FILE *out, const struct report *r, struct err *e)
{
    const struct cost *c = &r->cost;
    struct table *t;
    int rc;

    heading(out, "Cost");
    if (!c->prices.machine_hour.given && !c->prices.wage_hour.given) {
        fputs("  no prices: in assent.yaml, so nothing to reckon with\n", out);
        return 0;
    }
    rc = print_prices(out, c, e);
    if (rc < 0)
        return rc;
    fputc('\n', out);
    t = table_new("rlrrr");
    table_cell(t, "images");
    table_cell(t, "for");
    table_cell(t, "%s in all", c->prices.currency);
    table_cell(t, "an answer");
    table_cell(t, "hours");
    cost_rows(t, &c->here);
    if (c->scaled.images > 0) {
        table_rule(t);
        cost_rows(t, &c->scaled);
    }
    rc = table_end(t, out, e);
    if (rc == 0 && !isnan(c->here.model_share))
        print_break_even(out, c);
    else if (rc == 0)
        fputs("\n  Put what is missing under prices: in assent.yaml to see ratio and break-even.\n",
              out);
    return rc;
}

/* ---- alarms ---- */

/* Alarms of one kind stand together; of each, those furthest beyond their threshold come first. */
static int by_kind_and_distance(const void *a, const void *b)
{
    const struct report_alarm *x = a, *y = b;
    double dx = fabs(fabs(x->value) - x->threshold), dy = fabs(fabs(y->value) - y->threshold);
    int kind = strcmp(x->name, y->name);

    return kind != 0 ? kind : (dx < dy) - (dx > dy);
}

static void alarm_rows(struct table *t, const struct report_alarm *alarms, size_t n)
{
    for (size_t i = 0; i < n && i < ALARMS_SHOWN; i++) {
        table_cell(t, "%s", alarms[i].name);
        table_cell(t, "%s", alarms[i].subject);
        table_number(t, alarms[i].value, 3);
        table_number(t, alarms[i].threshold, 3);
    }
    if (n <= ALARMS_SHOWN)
        return;
    table_cell(t, "%s", alarms[0].name);
    table_cell(t, "and %zu more", n - ALARMS_SHOWN);
    table_cell(t, "%s", "");
    table_cell(t, "%s", "");
}

static int print_alarms(FILE *out, const struct report *r, struct err *e)
{
    struct report_alarm *alarms;
    struct table *t;
    size_t n;
    int rc = report_alarms(r, &alarms, &n, e);

    if (rc < 0)
        return rc;
    heading(out, "Alarms");
    if (n == 0) {
        free(alarms);
        fputs("  none\n", out);
        return 0;
    }
    qsort(alarms, n, sizeof(*alarms), by_kind_and_distance);
    t = table_new("llrr");
    table_cell(t, "alarm");
    table_cell(t, "of");
    table_cell(t, "measured");
    table_cell(t, "threshold");
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && strcmp(alarms[end].name, alarms[i].name) == 0;)
            end++;
        alarm_rows(t, alarms + i, end - i);
    }
    free(alarms);
    return table_end(t, out, e);
}

/* ---- all together ---- */

static int print_pair(FILE *out, const struct report *r, struct err *e)
{
    int rc;

    if (!r->first) {
        fputs("\n  There is one annotator at most, so nothing to compare: import a second one's "
              "labels.\n",
              out);
        return 0;
    }
    rc = print_quality(out, r, e);
    if (rc == 0)
        print_sides(out, r);
    if (rc == 0)
        rc = print_winners(out, r, e);
    if (rc == 0)
        rc = print_groups(out, r, e);
    if (rc == 0)
        rc = print_parts(out, r, e);
    if (rc == 0)
        rc = print_questions(out, r, e);
    return rc == 0 ? print_missed(out, r, e) : rc;
}

int report_print(FILE *out, const struct report *r, struct err *e)
{
    char n[32];
    int rc;

    fprintf(out, "%s: %s images, %zu questions\n", r->task->name, text_grouped(r->n_images, n),
            r->task->n_questions);
    rc = print_pair(out, r, e);
    if (rc == 0 && r->n_annotators > 0)
        rc = print_bias(out, r, e);
    if (rc == 0 && r->n_annotators > 0)
        rc = print_rules(out, r, e);
    if (rc == 0)
        rc = print_cost(out, r, e);
    return rc == 0 ? print_alarms(out, r, e) : rc;
}
