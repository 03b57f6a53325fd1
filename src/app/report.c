/* SPDX-License-Identifier: MIT
 *
 * Gathers what report/ prints: agreement before, a consensus that is computed and not stored,
 * agreement after, rules and cost.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/compare.h"

struct making {
    const struct project *project;
    const struct report_options *options;
    struct report_result *out;
    struct dataset data; /* everybody's labels */
    struct scope scope;
    size_t pair[2]; /* of the data's items */
    bool paired;
};

static const char *keep(struct making *m, const char *text, struct err *e)
{
    return arena_text(&m->out->arena, text, strlen(text), e);
}

/* ---- who is compared ---- */

static int item_of(const struct dataset *d, const char *name, size_t *item, struct err *e)
{
    for (*item = 0; *item < d->n; ++*item)
        if (strcmp(d->items[*item].name, name) == 0)
            return 0;
    err_set(e, ERR_ARG, "no annotator here is called '%s'", name);
    return err_hint(e, "assent status lists them");
}

static int choose_pair(struct making *m, struct err *e)
{
    const char *names[2] = { m->options->between[0], m->options->between[1] };
    struct report *r = &m->out->report;
    int rc = 0;

    if (!names[0] && !dataset_default_pair(&m->data.known, names))
        return 0;
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = item_of(&m->data, names[i], &m->pair[i], e);
    if (rc < 0)
        return rc;
    m->paired = true;
    r->first = keep(m, names[0], e);
    r->second = keep(m, names[1], e);
    return r->first && r->second ? 0 : ERR_NOMEM;
}

/* ---- agreement ---- */

static int compare_two(struct making *m, const int16_t *first, const int16_t *second,
                       const size_t *chosen, size_t n_chosen, const struct stats_agreement **out,
                       struct err *e)
{
    const int16_t *matrices[2] = { first, second };
    struct comparison c = {
        &m->scope,       matrices, 2, m->data.images.n, chosen, n_chosen, m->options->resamples,
        m->options->seed
    };
    struct report_result *r = m->out;
    int rc = compare(&r->agreements[r->n_agreements], &c, e);

    if (rc == 0)
        *out = r->agreements[r->n_agreements++];
    return rc;
}

static int compare_all(struct making *m, struct err *e)
{
    struct report *r = &m->out->report;
    const int16_t *first = m->data.items[m->pair[0]].labels.values;
    const int16_t *second = m->data.items[m->pair[1]].labels.values;
    const int16_t *consensus = m->out->consensus.values;
    int rc = compare_two(m, first, second, NULL, 0, &r->before, e);

    if (rc == 0)
        rc = compare_two(m, first, consensus, NULL, 0, &r->first_after, e);
    if (rc == 0)
        rc = compare_two(m, second, consensus, NULL, 0, &r->second_after, e);
    r->cells = r->before ? r->before->pooled.n : 0;
    r->disputed =
        r->before ? (uint64_t)llround((1 - r->before->pooled.agreement) * (double)r->cells) : 0;
    return rc;
}

static int compare_parts(struct making *m, struct err *e)
{
    const int16_t *first = m->data.items[m->pair[0]].labels.values;
    const int16_t *second = m->data.items[m->pair[1]].labels.values;
    struct report *r = &m->out->report;
    struct partition images = { 0 };
    struct report_part *parts = NULL;
    struct store_meta meta;
    int rc = store_meta_load(m->project->store, m->options->by, &m->data.images, &meta, e);

    if (rc < 0)
        return rc;
    rc = partition_new(&images, meta.of_image, m->data.images.n, meta.n_values, m->options->by, e);
    if (rc == 0) {
        r->by = keep(m, m->options->by, e);
        r->parts = parts = arena_new(&m->out->arena, meta.n_values, sizeof(*parts), e);
        rc = r->by && parts ? 0 : ERR_NOMEM;
    }
    for (size_t v = 0; rc == 0 && v < meta.n_values; v++) {
        parts[v].n_images = images.first[v + 1] - images.first[v];
        parts[v].value = keep(m, meta.values[v], e);
        rc = parts[v].value ? compare_two(m, first, second, images.images + images.first[v],
                                          (size_t)parts[v].n_images, &parts[v].before, e)
                            : ERR_NOMEM;
        r->n_parts++;
    }
    partition_release(&images);
    store_meta_release(&meta);
    return rc;
}

/* ---- consensus ---- */

static void count_winner(const struct report *r, struct report_winners *w, const char *winner)
{
    if (!winner)
        return;
    if (strcmp(winner, "tie") == 0)
        w->ties++;
    else if (strcmp(winner, r->first) == 0)
        w->first++;
    else if (strcmp(winner, r->second) == 0)
        w->second++;
    else
        w->other++;
}

static int count_winners(struct making *m, struct err *e)
{
    const struct task *t = m->project->task;
    struct report *r = &m->out->report;
    struct report_winners *w = arena_new(&m->out->arena, m->scope.n_groups + 1, sizeof(*w), e);

    if (!w)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++) {
        count_winner(r, &w[0], m->out->consensus.questions[c].winner);
        if (m->scope.group_of[c] < m->scope.n_groups)
            count_winner(r, &w[1 + m->scope.group_of[c]], m->out->consensus.questions[c].winner);
    }
    for (size_t g = 0; g < m->scope.n_groups; g++)
        w[1 + g].group = m->scope.groups[g];
    r->winners = w;
    r->n_winners = m->scope.n_groups + 1;
    return 0;
}

/* Names of those whose votes were extra, joined; NULL where there are none. */
static int name_extra(struct making *m, struct err *e)
{
    const struct consensus_result *c = &m->out->consensus;
    struct buf names = BUF_INIT(1 << 16);
    int rc;

    for (size_t a = 0; a < c->n_annotators; a++)
        if (c->annotators[a].extra)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", c->annotators[a].name);
    rc = buf_end(&names, "names", e);
    if (rc == 0 && names.len > 0) {
        m->out->report.extra = keep(m, names.text, e);
        rc = m->out->report.extra ? 0 : ERR_NOMEM;
    }
    buf_release(&names);
    return rc;
}

static int add_consensus(struct making *m, struct err *e)
{
    const struct consensus_result *c = &m->out->consensus;
    struct report *r = &m->out->report;
    int rc = name_extra(m, e);

    for (size_t i = 0; i < 2; i++) {
        r->coin_flip[i] = c->annotators[m->pair[i]].coin_flip;
        r->sided[i] = c->annotators[m->pair[i]].sided;
    }
    r->extra_votes = c->extra_votes;
    r->extra_on_disputed = c->extra_on_disputed;
    return rc == 0 ? count_winners(m, e) : rc;
}

/* ---- rules and rates ---- */

static void count_rules(const struct task *t, const int16_t *labels, size_t n_images,
                        struct report_rules *r)
{
    for (size_t i = 0; i < n_images; i++) {
        bool broken = false, checked = false;

        for (size_t rule = 0; rule < t->n_rules; rule++) {
            if (!task_rule_is_complete(&t->rules[rule], labels, n_images, i))
                continue;
            checked = true;
            r->checked[rule]++;
            if (task_rule_state(&t->rules[rule], labels, n_images, i) != RULE_BROKEN)
                continue;
            broken = true;
            r->broken[rule]++;
        }
        r->any_broken += broken;
        r->any_checked += checked;
    }
}

static void count_labels(const struct task *t, const int16_t *labels, size_t n_images,
                         struct report_rules *r)
{
    uint64_t yes = 0, yesno = 0;

    for (size_t c = 0; c < t->n_columns; c++) {
        for (size_t i = 0; i < n_images; i++) {
            int16_t value = labels[c * n_images + i];

            r->labels += value >= 0;
            r->abstentions += value < VALUE_MISSING;
            yesno += t->columns[c].yesno && value >= 0;
            yes += t->columns[c].yesno && value == VALUE_YES;
        }
    }
    r->yes_rate = (double)yes / (double)yesno;
}

static int add_annotator(struct making *m, const char *name, const int16_t *labels, struct err *e)
{
    const struct task *t = m->project->task;
    struct report *r = &m->out->report;
    struct report_rules *rules = &r->annotators[r->n_annotators];

    rules->name = keep(m, name, e);
    rules->broken = arena_new(&m->out->arena, t->n_rules, sizeof(*rules->broken), e);
    rules->checked = arena_new(&m->out->arena, t->n_rules, sizeof(*rules->checked), e);
    if (!rules->name || !rules->broken || !rules->checked)
        return ERR_NOMEM;
    count_labels(t, labels, m->data.images.n, rules);
    count_rules(t, labels, m->data.images.n, rules);
    r->n_annotators++;
    return 0;
}

static int add_annotators(struct making *m, struct err *e)
{
    struct report *r = &m->out->report;
    int rc = 0;

    r->annotators = arena_new(&m->out->arena, m->data.n + 1, sizeof(*r->annotators), e);
    if (!r->annotators)
        return ERR_NOMEM;
    for (size_t a = 0; rc == 0 && a < m->data.n; a++)
        rc = add_annotator(m, m->data.items[a].name, m->data.items[a].labels.values, e);
    if (rc == 0 && m->data.n > 1)
        rc = add_annotator(m, "consensus", m->out->consensus.values, e);
    return rc;
}

/* ---- cost ---- */

/* The median of what people's votes took; NaN where none says. */
static int median_seconds(struct making *m, double *median, struct err *e)
{
    double *all = NULL;
    size_t n = 0, cap = 0;
    int rc = 0;

    for (size_t a = 0; rc == 0 && a < m->data.n; a++) {
        double *own;
        size_t n_own;

        rc = store_vote_seconds(m->project->store, m->data.items[a].annotator->id, &own, &n_own, e);
        if (rc == 0)
            rc = mem_grow(&all, &cap, n + n_own, sizeof(*all), SIZE_MAX / sizeof(*all), e);
        if (rc == 0 && n_own > 0)
            memcpy(all + n, own, n_own * sizeof(*all));
        n += n_own;
        free(own);
    }
    *median = rc == 0 ? stats_quantile(all, n, 0.5) : NAN;
    free(all);
    return rc;
}

/* Images a second of the first model that this program ran; NaN: it ran none. */
static int measured_speed(struct making *m, double *speed, struct err *e)
{
    int rc = 0;

    *speed = NAN;
    for (size_t a = 0; rc == 0 && isnan(*speed) && a < m->data.n; a++)
        if (m->data.items[a].annotator->kind == ANNOTATOR_MODEL)
            rc = store_run_speed(m->project->store, m->data.items[a].annotator->id, speed, e);
    return rc;
}

static int add_cost(struct making *m, struct err *e)
{
    uint64_t votes = 0;
    double seconds, speed;
    int rc = median_seconds(m, &seconds, e);

    if (rc == 0)
        rc = measured_speed(m, &speed, e);
    for (size_t a = 0; a < m->data.n; a++)
        votes += m->data.items[a].annotator->votes;
    if (rc == 0)
        report_cost(&m->out->report.cost, &m->project->task->prices, m->data.images.n,
                    m->project->task->n_columns, votes, speed, seconds);
    return rc;
}

/* ---- all together ---- */

static int make(struct making *m, struct err *e)
{
    struct report *r = &m->out->report;
    struct consensus_options majority = { 0 };
    int rc = choose_pair(m, e);

    r->task = m->project->task;
    r->n_images = m->data.images.n;
    r->groups = m->scope.groups;
    r->n_groups = m->scope.n_groups;
    m->out->agreements = arena_new(&m->out->arena, PARTS_MAX + 3, sizeof(*m->out->agreements), e);
    if (!m->out->agreements)
        rc = ERR_NOMEM;
    if (rc == 0 && m->data.n > 0)
        rc = consensus_compute(m->project, &m->data, &majority, &m->out->consensus, e);
    if (rc == 0 && m->paired)
        rc = compare_all(m, e);
    if (rc == 0 && m->paired)
        rc = add_consensus(m, e);
    if (rc == 0 && m->paired && m->options->by)
        rc = compare_parts(m, e);
    if (rc == 0)
        rc = add_annotators(m, e);
    return rc == 0 ? add_cost(m, e) : rc;
}

int make_report(const struct project *p, const struct report_options *o, struct report_result *out,
                struct err *e)
{
    struct making m = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct report_result){ 0 };
    rc = dataset_load(&m.data, p, NULL, 0, 0, e);
    if (rc == 0)
        rc = scope_choose(&m.scope, p->task, NULL, &out->arena, e);
    if (rc == 0)
        rc = make(&m, e);
    if (rc == 0)
        rc = review_figures_load(&out->review, p->store, p->task, &m.data.images,
                                 m.paired ? m.data.items[m.pair[0]].labels.values : NULL, e);
    dataset_release(&m.data);
    if (rc < 0)
        report_result_release(out);
    return rc;
}

void report_result_release(struct report_result *r)
{
    for (size_t i = 0; i < r->n_agreements; i++)
        stats_agreement_free(r->agreements[i]);
    consensus_result_release(&r->consensus);
    review_figures_release(&r->review);
    arena_release(&r->arena);
    *r = (struct report_result){ 0 };
}

/* ---- JSON ---- */

static struct json_t *rules_json(const struct report *r, const struct report_rules *a)
{
    struct json_t *rules = jv_array();

    for (size_t i = 0; i < r->task->n_rules; i++)
        jv_append(rules, jv_pack("{s:s, s:I, s:I, s:o}", "rule", r->task->rules[i].text, "broken",
                                 (long long)a->broken[i], "checked", (long long)a->checked[i],
                                 "share", jv_real((double)a->broken[i] / (double)a->checked[i])));
    return jv_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:o}", "name", a->name, "positive_rate",
                   jv_real(a->yes_rate), "labels", (long long)a->labels, "abstentions",
                   (long long)a->abstentions, "images_breaking_rules", (long long)a->any_broken,
                   "images_checked", (long long)a->any_checked, "rules", rules);
}

static struct json_t *alarms_json(const struct report *r, struct err *e)
{
    struct json_t *list = jv_array();
    struct report_alarm *alarms;
    size_t n;

    if (report_alarms(r, &alarms, &n, e) < 0)
        return jv_free(list), NULL;
    for (size_t i = 0; i < n; i++)
        jv_append(list, jv_pack("{s:s, s:s, s:o, s:o}", "alarm", alarms[i].name, "of",
                                alarms[i].subject, "value", jv_real(alarms[i].value), "threshold",
                                jv_real(alarms[i].threshold)));
    free(alarms);
    return list;
}

static struct json_t *missed_json(const struct report *r, struct err *e)
{
    struct json_t *list = jv_array();
    struct report_missed *missed;
    size_t n;

    if (report_missed(r, &missed, &n, e) < 0)
        return jv_free(list), NULL;
    for (size_t i = 0; i < n; i++)
        jv_append(list,
                  jv_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "name",
                          r->task->columns[missed[i].column].name, "positives",
                          (long long)missed[i].yes, "found", (long long)missed[i].found, "recall",
                          jv_real(missed[i].recall), "precision", jv_real(missed[i].precision),
                          "agreement", jv_real(missed[i].agreement)));
    free(missed);
    return list;
}

static struct json_t *price_json(const struct price *p)
{
    return p->given ? jv_pack("{s:o, s:s, s:s}", "value", jv_real(p->value), "date", p->date,
                              "source", p->source)
                    : jv_pack("n");
}

static struct json_t *cost_size_json(const struct cost_size *s)
{
    return jv_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "images",
                   (long long)s->images, "cells", (long long)s->cells, "votes", (long long)s->votes,
                   "model", jv_real(s->model), "people", jv_real(s->people), "review",
                   jv_real(s->review), "model_answer", jv_real(s->model_answer), "people_answer",
                   jv_real(s->people_answer), "model_share", jv_real(s->model_share),
                   "process_share", jv_real(s->process_share), "machine_hours",
                   jv_real(s->machine_hours), "people_hours", jv_real(s->people_hours),
                   "review_hours", jv_real(s->review_hours));
}

static struct json_t *cost_json(const struct cost *c)
{
    return jv_pack(
        "{s:s, s:{s:o, s:o, s:o, s:o}, s:o, s:o, s:{s:f, s:o, s:o, s:o}}", "currency",
        c->prices.currency, "prices", "machine_hour", price_json(&c->prices.machine_hour),
        "images_per_second", price_json(&c->prices.images_per_second), "wage_hour",
        price_json(&c->prices.wage_hour), "seconds_an_answer",
        price_json(&c->prices.seconds_an_answer), "project", cost_size_json(&c->here), "scaled",
        c->scaled.images > 0 ? cost_size_json(&c->scaled) : jv_pack("n"), "break_even", "share",
        c->break_even.share, "min_wage_hour", jv_real(c->break_even.min_wage_hour),
        "max_machine_hour", jv_real(c->break_even.max_machine_hour), "min_images_per_second",
        jv_real(c->break_even.min_images_per_second));
}

static struct json_t *winners_json(const struct report *r)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < r->n_winners; i++)
        jv_append(list,
                  jv_pack("{s:s?, s:I, s:I, s:I, s:I}", "group", r->winners[i].group, "first",
                          (long long)r->winners[i].first, "second", (long long)r->winners[i].second,
                          "ties", (long long)r->winners[i].ties, "other",
                          (long long)r->winners[i].other));
    return list;
}

static struct json_t *parts_json(const struct project *p, const struct report *r)
{
    struct json_t *parts = jv_array();

    for (size_t i = 0; i < r->n_parts; i++)
        jv_append(parts, jv_pack("{s:s, s:I, s:o}", "value", r->parts[i].value, "images",
                                 (long long)r->parts[i].n_images, "before",
                                 agreement_json(p, r->parts[i].before, NULL, r->groups, 2)));
    return jv_pack("{s:s, s:o}", "column", r->by, "parts", parts);
}

static void set_pair(struct json_t *o, const struct project *p, const struct report *r,
                     struct err *e)
{
    jv_set(o, "between", jv_pack("[s, s]", r->first, r->second));
    jv_set(o, "before", agreement_json(p, r->before, NULL, r->groups, 2));
    jv_set(o, "after",
           jv_pack("{s:o, s:o}", "first", agreement_json(p, r->first_after, NULL, r->groups, 2),
                   "second", agreement_json(p, r->second_after, NULL, r->groups, 2)));
    jv_set(o, "coin_flip", jv_pack("[o, o]", jv_real(r->coin_flip[0]), jv_real(r->coin_flip[1])));
    jv_set(o, "disputed", jv_pack("I", (long long)r->disputed));
    jv_set(o, "winners", winners_json(r));
    jv_set(o, "rare_missed", missed_json(r, e));
    if (r->by)
        jv_set(o, "by", parts_json(p, r));
}

struct json_t *report_json(const struct project *p, const struct report_result *result)
{
    const struct report *r = &result->report;
    struct json_t *annotators = jv_array(), *o;
    struct err e;

    for (size_t a = 0; a < r->n_annotators; a++)
        jv_append(annotators, rules_json(r, &r->annotators[a]));
    o = jv_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "name", r->task->name, "images",
                (long long)r->n_images, "questions", (long long)r->task->n_questions, "annotators",
                annotators, "cost", cost_json(&r->cost), "alarms", alarms_json(r, &e));
    if (o && r->first)
        set_pair(o, p, r, &e);
    if (o && r->n_annotators > 1)
        jv_set(o, "consensus", consensus_json(p, &result->consensus));
    if (o && result->review.items > 0)
        jv_set(o, "review", review_figures_json(&result->review));
    return o;
}
