/* SPDX-License-Identifier: MIT */
#include "jobs/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/calibrating.h"
#include "project/pair.h"

const char *const calibrate_method_names[CALIBRATE_METHODS] = {
    [CALIBRATE_PLAIN] = "plain",           [CALIBRATE_TEMPERATURE] = "temperature",
    [CALIBRATE_PLATT] = "platt",           [CALIBRATE_ISOTONIC] = "isotonic",
    [CALIBRATE_CONTEXTUAL] = "contextual",
};

static const char *const kind_names[KINDS_POOLED] = {
    [KIND_POOLED_YESNO] = "all yes/no questions",
    [KIND_POOLED_OPTIONS] = "all questions with options",
};

static const char no_blank[] = "it was not asked about a blank picture: assent calibrate --blank";
static const char one_class[] =
    "too few cells: each part of them needs some that are true and some "
    "that are not";

struct calibrating {
    const struct calibrate_options *options;
    struct calibrate_result *out;
    struct truths truths;
    struct calibration_map plain_map, map; /* map: of the method that is asked for */
    struct scores plain, after;
};

static const char *why_not(enum calibrate_method method)
{
    return method == CALIBRATE_CONTEXTUAL ? no_blank : one_class;
}

/* Of a label that is right or not there is no side to take: how often it is right. */
static int calibration_of(const struct stats_scored *cells, size_t n, bool options,
                          struct stats_calibration *out, struct err *e)
{
    int rc = stats_calibration(cells, n, out, e);

    if (rc == 0 && options)
        out->agreement = out->rate;
    return rc;
}

/* ---- what each method does ---- */

static int add_way(struct calibrating *c, enum calibrate_method method,
                   const struct calibration_map *m, const struct scores *s, struct err *e)
{
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < KINDS_POOLED; k++) {
        struct calibrate_way *way = &c->out->ways[c->out->n_ways];

        if (c->plain.n_pooled[k] == 0)
            continue;
        *way = (struct calibrate_way){ .method = calibrate_method_names[method],
                                       .of = kind_names[k],
                                       .options = k == KIND_POOLED_OPTIONS,
                                       .why = calibration_map_has(m, k) ? NULL : why_not(method) };
        rc = calibration_of(way->why ? NULL : s->pooled[k], way->why ? 0 : s->n_pooled[k],
                            way->options, &way->after, e);
        c->out->n_ways++;
    }
    return rc;
}

static int try_way(struct calibrating *c, enum calibrate_method method, struct err *e)
{
    struct calibration_map m;
    struct scores s = { 0 };
    int rc = events_check(c->options->events, e);

    if (rc == 0)
        rc = calibration_map_new(&m, &c->truths, method, c->options->by_question, &c->plain, e);
    if (rc < 0)
        return rc;
    rc = scores_of(&s, &m, e);
    if (rc == 0)
        rc = add_way(c, method, &m, &s, e);
    if (rc == 0 && method == c->options->method) {
        c->map = m;
        c->after = s;
        return 0;
    }
    scores_release(&s);
    calibration_map_release(&m);
    return rc;
}

static int try_all(struct calibrating *c, struct err *e)
{
    int rc = calibration_map_new(&c->plain_map, &c->truths, CALIBRATE_PLAIN, false, NULL, e);

    c->out->ways = arena_new(&c->out->arena, (size_t)CALIBRATE_METHODS * KINDS_POOLED,
                             sizeof(*c->out->ways), e);
    if (rc == 0 && !c->out->ways)
        rc = ERR_NOMEM;
    if (rc == 0)
        rc = scores_of(&c->plain, &c->plain_map, e);
    for (int method = 0; rc == 0 && method < CALIBRATE_METHODS; method++)
        rc = try_way(c, (enum calibrate_method)method, e);
    return rc;
}

/* ---- rows ---- */

static void describe_fit(struct calibrate_row *row, const struct fold_fits *fits, bool own)
{
    const struct stats_fit *all = fits ? &fits->fits[CALIBRATE_FOLDS] : NULL;

    row->fit = !all ? row->fit : own ? "own" : "pooled";
    row->slope = row->intercept = NAN;
    if (!all || all->kind == STATS_FIT_ISOTONIC)
        return;
    row->slope = all->slope;
    row->intercept = all->intercept;
}

static int fill_row(struct calibrating *c, struct calibrate_row *row,
                    const struct stats_scored *before, const struct stats_scored *after, size_t n,
                    struct err *e)
{
    static const struct stats_side none = { NAN, NAN, NAN };
    int rc = calibration_of(before, n, row->options, &row->before, e);

    row->threshold = (struct stats_threshold){ NAN, none, none, none };
    if (rc == 0)
        rc = calibration_of(after, n, row->options, &row->after, e);
    if (rc == 0 && !row->options)
        rc = stats_threshold(before, n, CALIBRATE_FOLDS, c->options->aim, &row->threshold, e);
    return rc;
}

static int add_pooled(struct calibrating *c, size_t kind, struct err *e)
{
    struct calibrate_row *row = &c->out->rows[c->out->n_rows];

    if (c->plain.n_pooled[kind] == 0)
        return 0;
    *row = (struct calibrate_row){ .name = kind_names[kind],
                                   .options = kind == KIND_POOLED_OPTIONS,
                                   .fit = c->map.blank ? "blank" : NULL,
                                   .blank = NAN };
    describe_fit(row, c->map.pooled[kind].fitted ? &c->map.pooled[kind] : NULL, false);
    c->out->n_rows++;
    c->out->n_pooled++;
    return fill_row(c, row, c->plain.pooled[kind], c->after.pooled[kind], c->plain.n_pooled[kind],
                    e);
}

static int add_question(struct calibrating *c, size_t column, struct err *e)
{
    const struct column *of = &c->out->task->columns[column];
    size_t first = c->truths.first[column], n = c->truths.first[column + 1] - first;
    struct calibrate_row *row = &c->out->rows[c->out->n_rows];
    const float *blank = c->map.blank ? c->map.blank + of->probability : NULL;
    const struct fold_fits *fits;
    bool own, known;

    if (n == 0)
        return 0;
    known = blank && !isnan(*blank);
    *row = (struct calibrate_row){ .name = of->name,
                                   .options = !of->yesno,
                                   .fit = known ? "blank" : NULL,
                                   .blank = known && of->yesno ? (double)*blank : (double)NAN };
    c->out->questions_unadapted += blank && !known;
    fits = calibration_map_fits(&c->map, column, &own);
    describe_fit(row, fits, own);
    c->out->n_rows++;
    return fill_row(c, row, c->plain.columns + first, c->after.columns + first, n, e);
}

static int add_rows(struct calibrating *c, struct err *e)
{
    struct calibrate_result *out = c->out;
    bool any = false;
    int rc = 0;

    out->rows = arena_new(&out->arena, out->task->n_columns + KINDS_POOLED, sizeof(*out->rows), e);
    if (!out->rows)
        return ERR_NOMEM;
    for (size_t k = 0; rc == 0 && k < KINDS_POOLED; k++) {
        any = any || (c->plain.n_pooled[k] > 0 && calibration_map_has(&c->map, k));
        rc = add_pooled(c, k, e);
    }
    for (size_t i = 0; rc == 0 && i < out->task->n_columns; i++)
        rc = add_question(c, i, e);
    if (!any)
        out->failed = why_not(c->options->method);
    return rc;
}

/* ---- all together ---- */

static int no_annotator(struct err *e)
{
    err_set(e, ERR_ARG, "nobody has labels yet whose probabilities could be looked at");
    return err_hint(e, "assent annotate asks a model; assent import FILE --annotator NAME brings "
                       "labels");
}

static int load(struct dataset *d, const struct project *p, const char *name, struct err *e)
{
    int rc = dataset_open(d, p, e);
    const struct store_annotator *usual = rc == 0 ? pair_usual(&d->known).first : NULL;

    if (rc == 0 && !name && !usual)
        rc = no_annotator(e);
    name = name ? name : usual ? usual->name : NULL;
    return rc < 0 ? rc : dataset_load(d, &name, 1, STORE_WITH_PROBABILITIES, e);
}

static int describe(struct calibrating *c, struct err *e)
{
    struct calibrate_result *out = c->out;
    const struct truths *t = &c->truths;

    out->annotator = arena_text(&out->arena, t->who->name, strlen(t->who->name), e);
    out->against = arena_text(&out->arena, t->against, strlen(t->against), e);
    out->why = t->why;
    out->people = t->people;
    out->only_disputes = t->only_disputes;
    out->drawn_from = t->drawn_from;
    out->cells = t->n;
    out->images = t->n_images;
    return out->annotator && out->against ? 0 : ERR_NOMEM;
}

static void release(struct calibrating *c)
{
    scores_release(&c->plain);
    scores_release(&c->after);
    calibration_map_release(&c->plain_map);
    calibration_map_release(&c->map);
    truths_release(&c->truths);
}

int calibrate_loaded(struct calibrate_result *out, const struct dataset *d,
                     const struct labelled *who, const struct calibrate_options *o, struct err *e)
{
    struct calibrating c = { .options = o, .out = out };
    int rc;

    *out = (struct calibrate_result){ .task = d->project->task,
                                      .method = calibrate_method_names[o->method],
                                      .by_question = o->by_question,
                                      .balanced = o->aim == STATS_BALANCED,
                                      .seed = o->seed };
    rc = truths_load(&c.truths, d, who, o, e);
    if (rc == 0)
        rc = describe(&c, e);
    if (rc == 0)
        rc = try_all(&c, e);
    if (rc == 0)
        rc = add_rows(&c, e);
    release(&c);
    if (rc < 0)
        calibrate_result_release(out);
    return rc;
}

int job_calibrate(const struct project *p, const struct calibrate_options *o,
                  struct calibrate_result *out, struct err *e)
{
    struct dataset d = { 0 };
    int rc = load(&d, p, o->annotator, e);

    if (rc == 0)
        rc = calibrate_loaded(out, &d, &d.items[0], o, e);
    dataset_release(&d);
    return rc;
}

void calibrate_result_release(struct calibrate_result *r)
{
    arena_release(&r->arena);
    *r = (struct calibrate_result){ 0 };
}

/* ---- probabilities for others ---- */

static void replace(const struct calibration_map *m)
{
    const struct labelled *who = m->truths->who;
    const struct dataset *d = m->truths->data;
    const struct task *task = d->project->task;

    for (size_t i = 0; i < d->images.n; i++)
        for (size_t c = 0; c < task->n_columns; c++) {
            const struct column *column = &task->columns[c];
            float *at = who->labels.probabilities + i * task->n_probabilities + column->probability;
            const double *p = calibration_map_apply(m, i, c, at);

            for (size_t k = 0; k < column->n_probabilities; k++)
                at[k] = (float)p[k];
        }
}

static int check_map(const struct calibration_map *m, const struct scores *plain, struct err *e)
{
    for (size_t k = 0; k < KINDS_POOLED; k++)
        if (plain->n_pooled[k] > 0 && !calibration_map_has(m, k))
            return err_set(e, ERR_ARG, "%s cannot calibrate %s: %s",
                           calibrate_method_names[m->method], kind_names[k], why_not(m->method));
    return 0;
}

int calibrate_labels(const struct dataset *d, const struct labelled *who,
                     const struct calibrate_options *o, struct err *e)
{
    struct calibrating c = { .options = o };
    int rc = truths_load(&c.truths, d, who, o, e);

    if (rc == 0)
        rc = calibration_map_new(&c.plain_map, &c.truths, CALIBRATE_PLAIN, false, NULL, e);
    if (rc == 0)
        rc = scores_of(&c.plain, &c.plain_map, e);
    if (rc == 0)
        rc = calibration_map_new(&c.map, &c.truths, o->method, o->by_question, &c.plain, e);
    if (rc == 0)
        rc = check_map(&c.map, &c.plain, e);
    if (rc == 0)
        replace(&c.map);
    release(&c);
    return rc;
}
