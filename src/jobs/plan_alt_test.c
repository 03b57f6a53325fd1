/* SPDX-License-Identifier: MIT */
#include "jobs/plan_alt_test.h"

#include <inttypes.h>
#include <string.h>

#include "project/dataset.h"
#include "project/pair.h"
#include "stats/alt_test.h"
#include "store/designs.h"

/* Where nothing was measured: the study's model and people differ on 20.5 % of the cells. */
#define ASSUMED 0.2
/* The false discovery rate of the test itself. */
#define RATE 0.05

struct planning {
    struct project *project;
    const struct alt_plan_options *options;
    struct alt_plan *out;
    struct dataset data;
    const struct labelled *pair[2]; /* the model and somebody who labelled in bulk; NULL: no such */
};

/* ---- who ---- */

static int check(const struct planning *g, struct err *e)
{
    const uint64_t least = g->project->task->alt_test.min_items;

    if (g->options->people < STATS_ALT_PEOPLE) {
        err_set(e, ERR_ARG, "the test needs %d people or more", STATS_ALT_PEOPLE);
        return err_got(e, "%zu", g->options->people);
    }
    if (g->data.images.n >= least)
        return 0;
    err_set(e, ERR_ARG, "the project has %zu images, and each person has to share %" PRIu64,
            g->data.images.n, least);
    return err_hint(e, "min_items of alt_test in assent.yaml can be less: docs/task-file.md");
}

static int load(struct planning *g, struct err *e)
{
    const struct store_annotator *who[2] = { NULL };
    const char *names[2];
    size_t n = 0;
    int rc = dataset_open(&g->data, g->project, e);
    struct pair usual;

    if (rc == 0)
        rc = check(g, e);
    if (rc < 0)
        return rc;
    usual = pair_usual(&g->data.known);
    who[0] = usual.first;
    if (g->options->annotator)
        who[0] = store_annotators_find(&g->data.known, g->options->annotator);
    if (!who[0] && g->options->annotator)
        return annotator_unknown(&g->data.known, g->options->annotator, e);
    if (!who[0] || who[0]->kind != ANNOTATOR_MODEL)
        return 0;
    if (usual.second != who[0] && !usual.second_settles)
        who[1] = usual.second;
    for (; n < 2 && who[n]; n++)
        names[n] = who[n]->name;
    rc = dataset_load(&g->data, names, n, 0, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        g->pair[i] = &g->data.items[i];
    return rc;
}

static int keep(struct planning *g, const struct labelled *who, const char **name, struct err *e)
{
    if (who)
        *name = arena_text(&g->out->arena, who->name, strlen(who->name), e);
    return who && !*name ? ERR_NOMEM : 0;
}

/* ---- how many ---- */

struct counted {
    uint64_t both, differ;
};

static struct counted count_column(const struct planning *g, size_t column)
{
    const size_t n = g->data.images.n;
    struct counted c = { 0 };

    for (size_t i = column * n; g->pair[1] && i < (column + 1) * n; i++) {
        int16_t first = g->pair[0]->labels.values[i], second = g->pair[1]->labels.values[i];

        c.both += first >= 0 && second >= 0;
        c.differ += first >= 0 && second >= 0 && first != second;
    }
    return c;
}

/* One more of either kind: that few cells happen to be alike promises nothing. */
static double share_of(struct counted c, double otherwise)
{
    return c.both > 0 ? (double)(c.differ + 1) / (double)(c.both + 2) : otherwise;
}

static void plan_row(const struct planning *g, struct alt_plan_row *row)
{
    const struct alt_test_rule *rule = &g->project->task->alt_test;
    const struct stats_alt_plan p = { g->options->people, rule->epsilon, RATE, 0, row->differ };

    row->items = g->options->items;
    if (row->items == 0)
        row->items = stats_alt_items(&p, g->options->power);
    if (row->items > 0 && row->items < rule->min_items)
        row->items = rule->min_items;
    row->power = row->items > 0 ? stats_alt_power(&p, row->items) : 0;
    row->votes = row->items * g->options->people;
}

static int plan_rows(struct planning *g, struct err *e)
{
    const struct task *t = g->project->task;
    struct alt_plan *out = g->out;
    struct counted all = { 0 };

    out->questions = arena_new(&out->arena, t->n_columns, sizeof(*out->questions), e);
    if (!out->questions)
        return ERR_NOMEM;
    for (size_t c = 0; c < t->n_columns; c++) {
        struct counted one = count_column(g, c);

        all.both += one.both;
        all.differ += one.differ;
    }
    out->all.differ = share_of(all, ASSUMED);
    plan_row(g, &out->all);
    for (size_t c = 0; c < t->n_columns; c++) {
        struct alt_plan_row *row = &out->questions[c];

        row->name = t->columns[c].name;
        row->differ = share_of(count_column(g, c), out->all.differ);
        plan_row(g, row);
        out->question_votes += row->votes;
    }
    return all.both > 0 ? keep(g, g->pair[1], &out->against, e) : 0;
}

/* ---- all together ---- */

static int write_next(struct planning *g, struct err *e)
{
    struct alt_plan *out = g->out;
    char command[200];
    int64_t design;
    uint64_t seed;
    int rc = store_design_find(g->project->store, NULL, &design, &seed, e);

    out->drawn = rc == 0 && design != 0;
    if (rc < 0 || out->all.items == 0 || out->all.items > out->cells)
        return rc;
    snprintf(command, sizeof(command),
             "assent review --sample %" PRIu64 " --no-disputes --overlap %" PRIu64 ":%zu",
             out->all.items, out->all.items, out->people);
    out->next = arena_text(&out->arena, command, strlen(command), e);
    return out->next ? 0 : ERR_NOMEM;
}

static int reckon(struct planning *g, struct err *e)
{
    const struct prices *prices = &g->project->task->prices;
    struct review_figures figures;
    int rc = review_figures_load(&figures, g->project->store, g->project->task, &g->data.images,
                                 (const int16_t *const[2]){ NULL }, e);

    if (rc < 0)
        return rc;
    review_reckon(prices, figures.seconds, g->out->all.votes, &g->out->work);
    review_reckon(prices, figures.seconds, g->out->question_votes, &g->out->question_work);
    g->out->work.items = g->out->all.items;
    review_figures_release(&figures);
    return 0;
}

static int plan(struct planning *g, struct err *e)
{
    struct alt_plan *out = g->out;
    int rc = load(g, e);

    if (rc < 0)
        return rc;
    out->images = g->data.images.n;
    out->cells = out->images * g->project->task->n_columns;
    rc = keep(g, g->pair[0], &out->annotator, e);
    if (rc == 0)
        rc = plan_rows(g, e);
    if (rc == 0)
        rc = write_next(g, e);
    return rc == 0 ? reckon(g, e) : rc;
}

int job_plan_alt_test(struct project *p, const struct alt_plan_options *o, struct alt_plan *out,
                      struct err *e)
{
    struct planning g = { .project = p, .options = o, .out = out };
    int rc;

    *out = (struct alt_plan){ .task = p->task, .people = o->people };
    rc = plan(&g, e);
    dataset_release(&g.data);
    if (rc < 0)
        alt_plan_release(out);
    return rc;
}

void alt_plan_release(struct alt_plan *a)
{
    arena_release(&a->arena);
    *a = (struct alt_plan){ 0 };
}
