/* SPDX-License-Identifier: MIT
 *
 * report.c - agreement before, a consensus that is computed and not stored, agreement after, rules,
 * cost, alarms.
 */
#include "jobs/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/alarms.h"
#include "jobs/compare.h"
#include "jobs/selective.h"
#include "project/pair.h"

struct making {
    const struct project *project;
    const struct report_options *options;
    struct report_result *out;
    struct dataset data; /* everybody's labels */
    struct scope scope;
    const struct labelled *pair[2]; /* NULL: there are no two */
};

static const char *keep(struct making *m, const char *text, struct err *e)
{
    return arena_text(&m->out->arena, text, strlen(text), e);
}

/* ---- who is compared ---- */

static int not_loaded(const struct store_annotator *a, struct err *e)
{
    if (a->kind != ANNOTATOR_CONSENSUS)
        return err_set(e, ERR_ARG, "'%s' has no labels that count", a->name);
    err_set(e, ERR_ARG, "a report compares annotators with the consensus, not the consensus");
    return err_hint(e, "assent agree compares with the stored consensus");
}

static int choose_pair(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
    struct pair pair;
    int rc = pair_choose(&pair, &m->data.known, m->options->between, e);

    if (rc < 0 || !pair.second)
        return rc;
    m->pair[0] = dataset_find(&m->data, pair.first->name);
    m->pair[1] = dataset_find(&m->data, pair.second->name);
    if (!m->pair[0] || !m->pair[1])
        return not_loaded(m->pair[0] ? pair.second : pair.first, e);
    r->first = keep(m, pair.first->name, e);
    r->second = keep(m, pair.second->name, e);
    r->why = pair.why;
    return r->first && r->second ? 0 : ERR_NOMEM;
}

/* ---- agreement ---- */

static int compare_two(struct making *m, const int16_t *first, const int16_t *second,
                       const size_t *chosen, size_t n_chosen, const struct stats_agreement **out,
                       struct err *e)
{
    const int16_t *matrices[2] = { first, second };
    const struct comparison c = { .scope = &m->scope,
                                  .matrices = matrices,
                                  .n_matrices = 2,
                                  .n_images = m->data.images.n,
                                  .chosen = chosen,
                                  .n_chosen = n_chosen,
                                  .resamples = m->options->resamples,
                                  .seed = m->options->seed,
                                  .events = m->options->events };
    struct report_result *r = m->out;
    int rc = comparison_run(&r->agreements[r->n_agreements], &c, e);

    if (rc == 0)
        *out = r->agreements[r->n_agreements++];
    return rc;
}

static int compare_all(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
    const int16_t *first = m->pair[0]->labels.values;
    const int16_t *second = m->pair[1]->labels.values;
    const int16_t *consensus = m->out->consensus.values;
    int rc = compare_two(m, first, second, NULL, 0, &r->before, e);

    if (rc == 0)
        rc = compare_two(m, first, consensus, NULL, 0, &r->first_after, e);
    if (rc == 0)
        rc = compare_two(m, second, consensus, NULL, 0, &r->second_after, e);
    if (rc < 0)
        return rc;
    r->cells = r->before->pooled.n;
    if (r->cells > 0) /* else agreement is undefined */
        r->disputed =
            (uint64_t)llround((1 - r->before->pooled.value[STATS_AGREEMENT]) * (double)r->cells);
    return 0;
}

static int compare_parts(struct making *m, struct err *e)
{
    const int16_t *first = m->pair[0]->labels.values;
    const int16_t *second = m->pair[1]->labels.values;
    struct report_result *r = m->out;
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

static void count_winner(const struct report_result *r, struct report_winners *w,
                         const char *winner)
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
    struct report_result *r = m->out;
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
        m->out->extra = keep(m, names.text, e);
        rc = m->out->extra ? 0 : ERR_NOMEM;
    }
    buf_release(&names);
    return rc;
}

/* Has somebody a say in what is right beside these two? Not the reviewers where one of them is the
 * second: on the cells that they differ on the consensus is then open, and so hides all mistakes.
 */
static bool is_judged(const struct making *m)
{
    for (size_t a = 0; a < m->data.n; a++) {
        const struct labelled *who = &m->data.items[a];

        if (who != m->pair[0] && who != m->pair[1] && who->annotator->kind != ANNOTATOR_CONSENSUS &&
            !(m->pair[1]->annotator->reviews && who->annotator->reviews))
            return true;
    }
    return false;
}

static int add_consensus(struct making *m, struct err *e)
{
    const struct consensus_result *c = &m->out->consensus;
    struct report_result *r = m->out;
    int rc = name_extra(m, e);

    r->judged = is_judged(m);
    for (size_t i = 0; i < 2; i++) { /* the consensus has the annotators in the data's order */
        const struct consensus_annotator *who = &c->annotators[m->pair[i] - m->data.items];

        r->coin_flip[i] = who->coin_flip;
        r->sided[i] = who->sided;
    }
    r->sided_interval = stats_wilson(r->sided[0], c->extra_on_disputed);
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
            r->rules[rule].checked++;
            if (task_rule_state(&t->rules[rule], labels, n_images, i) != RULE_BROKEN)
                continue;
            broken = true;
            r->rules[rule].broken++;
        }
        r->any_broken += broken;
        r->any_checked += checked;
    }
    for (size_t rule = 0; rule < t->n_rules; rule++)
        r->rules[rule].share = (double)r->rules[rule].broken / (double)r->rules[rule].checked;
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
    struct report_result *r = m->out;
    struct report_rules *rules = &r->annotators[r->n_annotators];

    rules->name = keep(m, name, e);
    rules->rules = arena_new(&m->out->arena, t->n_rules, sizeof(*rules->rules), e);
    if (!rules->name || !rules->rules)
        return ERR_NOMEM;
    count_labels(t, labels, m->data.images.n, rules);
    count_rules(t, labels, m->data.images.n, rules);
    r->n_annotators++;
    return 0;
}

static int add_annotators(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
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

/* What the first model's server took that says its tokens, and has a price. */
static int measured_server(struct making *m, struct cost_server *out, struct err *e)
{
    int rc = 0;

    *out = (struct cost_server){ 0 };
    for (size_t a = 0; rc == 0 && !out->annotator && a < m->data.n; a++) {
        const struct store_annotator *who = m->data.items[a].annotator;
        const struct annotator *entry = task_find_annotator(m->project->task, who->name);

        if (who->kind != ANNOTATOR_MODEL || !entry)
            continue;
        rc = store_usage_of(m->project->store, who->id, &out->usage, &out->images, e);
        out->cost = cost_of_usage(m->project->task, who->name, &out->usage);
        out->cost_per_image = out->cost / (double)out->images;
        out->price = &entry->server.price;
        if (rc == 0 && isfinite(out->cost_per_image))
            out->annotator = entry->name;
    }
    return rc;
}

/* Of the first with a consensus that others than the two made, too. */
static double agreement_after(const struct report_result *r)
{
    return r->judged && r->extra_votes > 0 ? r->first_after->pooled.value[STATS_AGREEMENT] : NAN;
}

static int add_cost(struct making *m, struct err *e)
{
    struct cost_server server;
    uint64_t votes = 0;
    double seconds, speed;
    int rc = median_seconds(m, &seconds, e);

    if (rc == 0)
        rc = measured_speed(m, &speed, e);
    if (rc == 0)
        rc = measured_server(m, &server, e);
    for (size_t a = 0; a < m->data.n; a++)
        votes += m->data.items[a].annotator->votes;
    if (rc == 0)
        cost_of(&m->out->cost, &m->project->task->prices,
                &(struct cost_project){ .images = m->data.images.n,
                                        .columns = m->project->task->n_columns,
                                        .votes = votes,
                                        .images_per_second = speed,
                                        .seconds_per_answer = seconds,
                                        .server = server,
                                        .agreement_after = agreement_after(m->out) });
    return rc;
}

/* ---- what may be used ---- */

/* The first of the two who are compared, or who there is alone; NULL: nobody. */
static const struct labelled *who_is_judged(const struct making *m)
{
    const struct store_annotator *alone = pair_usual(&m->data.known).first;

    return m->pair[0] || !alone ? m->pair[0] : dataset_find(&m->data, alone->name);
}

static int add_acceptance(struct making *m, struct err *e)
{
    const struct accept_options usual = { 0 };

    return acceptance_of(&m->out->acceptance, &m->data, who_is_judged(m), &usual, e);
}

/* ---- what probabilities are worth ---- */

/* That there are none, or nothing says what is true, is no error of a report. */
static int add_calibration(struct making *m, struct err *e)
{
    const struct calibrate_options usual = { .method = CALIBRATE_PLATT,
                                             .seed = m->options->seed,
                                             .events = m->options->events };
    const struct labelled *who = who_is_judged(m);
    int rc = who ? calibrate_loaded(&m->out->calibration, &m->data, who, &usual, e) : 0;

    return rc == ERR_ARG ? 0 : rc;
}

/* What was spent, and what more would buy. */
static int add_ledger(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
    const struct ledger_sources from = { .data = &m->data,
                                         .sampled = &r->acceptance.sampled,
                                         .accepted = r->acceptance.verdicts.accepted };
    const struct frontier_sources sources = { .data = &m->data,
                                              .acceptance = &r->acceptance,
                                              .votes = &r->consensus,
                                              .first = m->pair[0],
                                              .second = m->pair[1],
                                              .cost = &r->cost,
                                              .ledger = &r->ledger };
    int rc = ledger_load(&r->ledger, &from, e);

    return rc == 0 ? frontier_load(&r->frontier, &sources, e) : rc;
}

/* ---- tests, and sets of options ---- */

static int find_differences(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
    const char **values = arena_new(&r->arena, r->n_parts, sizeof(*values), e);
    const struct stats_agreement **parts = arena_new(&r->arena, r->n_parts, sizeof(*parts), e);
    const struct differences_of of = { .task = r->task,
                                       .all = r->before,
                                       .n_annotators = 2,
                                       .n_parts = r->n_parts,
                                       .values = values,
                                       .parts = parts };

    if (!values || !parts)
        return ERR_NOMEM;
    for (size_t v = 0; v < r->n_parts; v++) {
        values[v] = r->parts[v].value;
        parts[v] = r->parts[v].before;
    }
    return differences_find(&r->differences, &of, e);
}

static int compare_sets(struct making *m, struct err *e)
{
    const int16_t *matrices[] = { m->pair[0]->labels.values, m->pair[1]->labels.values };
    const struct multi_of of = {
        .task = m->out->task, .matrices = matrices, .n_matrices = 2, .n_images = m->data.images.n
    };

    return multi_compare(&m->out->multi, &of, &m->out->arena, e);
}

/* ---- all together ---- */

static int compare_pair(struct making *m, struct err *e)
{
    int rc = compare_all(m, e);

    if (rc == 0)
        rc = add_consensus(m, e);
    if (rc == 0)
        rc = alarms_missed(m->out, e);
    if (rc == 0 && m->options->by)
        rc = compare_parts(m, e);
    if (rc == 0)
        rc = find_differences(m, e);
    if (rc == 0)
        rc = compare_sets(m, e);
    return rc == 0 ? selective_find(&m->data, &m->out->arena, &m->out->selective, e) : rc;
}

static int load(struct making *m, struct err *e)
{
    int rc = dataset_open(&m->data, m->project, e);

    if (rc == 0)
        rc = dataset_load(&m->data, NULL, 0, STORE_WITH_PROBABILITIES, e);
    if (rc == 0)
        rc = scope_choose(&m->scope, m->project->task, NULL, &m->out->arena, e);
    m->out->agreements = arena_new(&m->out->arena, PARTS_MAX + 3, sizeof(*m->out->agreements), e);
    return rc == 0 && !m->out->agreements ? ERR_NOMEM : rc;
}

static int add_review(struct making *m, struct err *e)
{
    const int16_t *labels[2] = { NULL };

    for (int i = 0; i < 2 && m->out->first; i++)
        labels[i] = m->pair[i]->labels.values;
    return review_figures_load(&m->out->review, m->project->store, m->project->task,
                               &m->data.images, labels, e);
}

/* Without a second annotator the first stands in alone. */
static int add_estimates(struct making *m, struct err *e)
{
    const struct report_result *r = m->out;
    struct pair usual = pair_usual(&m->data.known);
    const struct estimates_input in = {
        .data = &m->data,
        .guess = m->pair[0]    ? m->pair[0]
                 : usual.first ? dataset_find(&m->data, usual.first->name)
                               : NULL,
        .other = m->pair[1],
        .consensus = m->data.n > 1 ? r->consensus.values : NULL,
        .review = &r->review,
        .events = m->options->events,
    };

    return estimates_load(&m->out->estimates, &in, e);
}

static int add_worst(struct making *m, struct err *e)
{
    struct report_result *r = m->out;
    const struct worst_input in = { .data = &m->data,
                                    .first = m->pair[0],
                                    .second = m->pair[1],
                                    .consensus = r->consensus.values,
                                    .most = m->options->pictures,
                                    .events = m->options->events };

    r->pictures = in.most > 0 && r->first && r->cells > 0;
    return r->pictures ? worst_find(&r->worst, &in, e) : 0;
}

static int add_methods(struct making *m, struct err *e)
{
    int rc = methods_load(&m->data, &m->out->methods, e);

    m->out->methods.resamples = m->options->resamples;
    m->out->methods.seed = m->options->seed;
    return rc;
}

static int make(struct making *m, struct err *e)
{
    const struct consensus_options majority = { .events = m->options->events };
    struct report_result *r = m->out;
    int rc = load(m, e);

    r->n_images = m->data.images.n;
    if (rc == 0)
        rc = choose_pair(m, e);
    if (rc == 0)
        rc = add_acceptance(m, e);
    if (rc == 0)
        rc = add_calibration(m, e);
    if (rc == 0 && m->data.n > 0)
        rc = consensus_of(&m->data, &majority, &r->consensus, e);
    if (rc == 0 && r->first)
        rc = compare_pair(m, e);
    if (rc == 0)
        rc = add_annotators(m, e);
    if (rc == 0)
        rc = add_cost(m, e);
    if (rc == 0)
        rc = add_review(m, e);
    if (rc == 0)
        rc = add_estimates(m, e);
    if (rc == 0)
        rc = add_ledger(m, e);
    if (rc == 0)
        rc = moved_load(&m->data, &r->moved, e);
    if (rc == 0)
        rc = alt_test_load(&m->data, &r->alt_test, e);
    if (rc == 0)
        rc = add_worst(m, e);
    if (rc == 0)
        rc = add_methods(m, e);
    if (rc == 0)
        rc = alarms_ring(r, e);
    if (rc == 0)
        rc = unused_find(m->project, &r->unused, e);
    return rc == 0 ? unanswered_find(&m->data, &r->unanswered, e) : rc;
}

int job_report(const struct project *p, const struct report_options *o, struct report_result *out,
               struct err *e)
{
    struct making m = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct report_result){ .task = p->task,
                                   .interval = o->resamples > 0 ? o->interval : INTERVAL_CELLS };
    rc = make(&m, e);
    dataset_release(&m.data);
    if (rc < 0)
        report_result_release(out);
    return rc;
}

void report_result_release(struct report_result *r)
{
    for (size_t i = 0; i < r->n_agreements; i++)
        stats_agreement_free(r->agreements[i]);
    acceptance_release(&r->acceptance);
    calibrate_result_release(&r->calibration);
    consensus_result_release(&r->consensus);
    review_figures_release(&r->review);
    estimates_release(&r->estimates);
    ledger_release(&r->ledger);
    frontier_release(&r->frontier);
    moved_release(&r->moved);
    alt_test_release(&r->alt_test);
    worst_release(&r->worst);
    methods_release(&r->methods);
    unused_release(&r->unused);
    unanswered_release(&r->unanswered);
    differences_release(&r->differences);
    arena_release(&r->arena);
    *r = (struct report_result){ 0 };
}
