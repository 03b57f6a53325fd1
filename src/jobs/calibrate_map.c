/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/blank.h"
#include "jobs/calibrating.h"

static const struct task *task_of(const struct calibration_map *m)
{
    return m->truths->data->project->task;
}

static size_t kind_of(const struct column *c)
{
    return c->yesno ? KIND_POOLED_YESNO : KIND_POOLED_OPTIONS;
}

/* ---- fits ---- */

static void release_fits(struct fold_fits *f)
{
    for (size_t k = 0; k <= CALIBRATE_FOLDS; k++)
        stats_fit_release(&f->fits[k]);
    f->fitted = false;
}

/* least: true cells, and others, that each fit must rest on. Those that cannot be are left out. */
static int fit_folds(struct fold_fits *f, enum calibrate_method method,
                     const struct stats_scored *cells, size_t n, uint64_t least, struct err *e)
{
    static const enum stats_fit_kind kinds[] = { [CALIBRATE_TEMPERATURE] = STATS_FIT_TEMPERATURE,
                                                 [CALIBRATE_PLATT] = STATS_FIT_PLATT,
                                                 [CALIBRATE_ISOTONIC] = STATS_FIT_ISOTONIC };
    int rc = n > 0 ? 0 : ERR_ARG;

    f->fitted = true;
    for (uint32_t k = 0; rc == 0 && k <= CALIBRATE_FOLDS; k++) {
        struct stats_fit *fit = &f->fits[k];

        rc = stats_fit(fit, kinds[method], cells, n, k < CALIBRATE_FOLDS ? k : STATS_NO_FOLD, e);
        if (rc == 0 && (fit->yes < least || fit->n - fit->yes < least))
            rc = ERR_ARG;
    }
    if (rc < 0)
        release_fits(f);
    return rc == ERR_ARG ? 0 : rc;
}

static int fit_all(struct calibration_map *m, bool by_question, const struct scores *plain,
                   struct err *e)
{
    const struct truths *t = m->truths;
    size_t columns = task_of(m)->n_columns;
    int rc = 0;

    for (size_t k = 0; rc == 0 && k < KINDS_POOLED; k++)
        rc = fit_folds(&m->pooled[k], m->method, plain->pooled[k], plain->n_pooled[k], 1, e);
    if (rc < 0 || !by_question)
        return rc;
    m->own = mem_new(columns, sizeof(*m->own), e);
    if (!m->own)
        return ERR_NOMEM;
    for (size_t c = 0; rc == 0 && c < columns; c++)
        rc = fit_folds(&m->own[c], m->method, plain->columns + t->first[c],
                       t->first[c + 1] - t->first[c], CALIBRATE_LEAST, e);
    return rc;
}

static int load_blank(struct calibration_map *m, struct err *e)
{
    const struct truths *t = m->truths;
    float *blank = mem_new(task_of(m)->n_probabilities, sizeof(*blank), e);
    size_t n;
    int rc = blank ? blank_load(t->data->project, t->who->annotator->id, blank, &n, e) : ERR_NOMEM;

    if (rc == 0 && n > 0)
        m->blank = blank;
    else
        free(blank);
    return rc;
}

int calibration_map_new(struct calibration_map *m, const struct truths *t,
                        enum calibrate_method method, bool by_question, const struct scores *plain,
                        struct err *e)
{
    int rc = 0;

    *m = (struct calibration_map){ .method = method, .truths = t };
    m->scratch = mem_new(task_of(m)->n_probabilities, sizeof(*m->scratch), e);
    if (!m->scratch)
        rc = ERR_NOMEM;
    else if (method == CALIBRATE_CONTEXTUAL)
        rc = load_blank(m, e);
    else if (method != CALIBRATE_PLAIN)
        rc = fit_all(m, by_question, plain, e);
    if (rc < 0)
        calibration_map_release(m);
    return rc;
}

void calibration_map_release(struct calibration_map *m)
{
    for (size_t k = 0; k < KINDS_POOLED; k++)
        release_fits(&m->pooled[k]);
    for (size_t c = 0; m->own && c < task_of(m)->n_columns; c++)
        release_fits(&m->own[c]);
    free(m->own);
    free(m->scratch);
    free((float *)(uintptr_t)m->blank);
    *m = (struct calibration_map){ 0 };
}

bool calibration_map_has(const struct calibration_map *m, size_t kind)
{
    if (m->method == CALIBRATE_CONTEXTUAL)
        return m->blank != NULL;
    return m->method == CALIBRATE_PLAIN || m->pooled[kind].fitted;
}

const struct fold_fits *calibration_map_fits(const struct calibration_map *m, size_t column,
                                             bool *own)
{
    const struct fold_fits *pooled = &m->pooled[kind_of(&task_of(m)->columns[column])];

    *own = m->own && m->own[column].fitted;
    if (*own)
        return &m->own[column];
    return pooled->fitted ? pooled : NULL;
}

/* ---- one cell ---- */

static double inside(double p)
{
    return fmin(fmax(p, STATS_EPSILON), 1 - STATS_EPSILON);
}

/* Divided by what is said of a blank picture. */
static void take_prior_out(const struct column *c, const float *in, const float *blank, double *out)
{
    double sum = 0;

    for (size_t k = 0; k < c->n_probabilities; k++) {
        out[k] = inside((double)in[k]) / inside((double)blank[k]);
        sum += out[k];
    }
    if (c->yesno)
        sum += (1 - inside((double)in[0])) / (1 - inside((double)blank[0]));
    for (size_t k = 0; k < c->n_probabilities; k++)
        out[k] /= sum;
}

/* Of options the label's probability is fitted; the others share what is left as they did. */
static void fit_cell(const struct stats_fit *f, const struct column *c, int16_t value,
                     const float *in, double *out)
{
    size_t at = c->yesno || value < 0 ? 0 : (size_t)value;
    double was = (double)in[at], is = stats_fit_apply(f, was);

    for (size_t k = 0; !c->yesno && k < c->n_probabilities; k++)
        out[k] = was < 1 ? (double)in[k] * (1 - is) / (1 - was)
                         : (1 - is) / (double)(c->n_probabilities - 1);
    out[at] = is;
}

const double *calibration_map_apply(const struct calibration_map *m, size_t image, size_t column,
                                    const float *in)
{
    const struct column *c = &task_of(m)->columns[column];
    const struct truths *t = m->truths;
    int16_t value = t->who->labels.values[column * t->data->images.n + image];
    bool own;
    const struct fold_fits *fits = calibration_map_fits(m, column, &own);

    if (m->blank && !isnan(m->blank[c->probability]))
        take_prior_out(c, in, m->blank + c->probability, m->scratch);
    else if (fits && (c->yesno || value >= 0))
        fit_cell(&fits->fits[t->fold_of[image]], c, value, in, m->scratch);
    else
        for (size_t k = 0; k < c->n_probabilities; k++)
            m->scratch[k] = (double)in[k];
    return m->scratch;
}

/* ---- scores ---- */

static size_t likeliest(const double *p, size_t n)
{
    size_t best = 0;

    for (size_t k = 1; k < n; k++)
        if (p[k] > p[best])
            best = k;
    return best;
}

/* Where the prior is out, another option may be the likeliest. */
static struct stats_scored score(const struct calibration_map *m, const struct truth_cell *cell)
{
    const struct truths *t = m->truths;
    const struct task *task = task_of(m);
    const struct column *c = &task->columns[cell->column];
    const double *p =
        calibration_map_apply(m, cell->image, cell->column,
                              t->who->labels.probabilities +
                                  (size_t)cell->image * task->n_probabilities + c->probability);
    int16_t value = t->who->labels.values[cell->column * t->data->images.n + cell->image];
    size_t label = m->blank ? likeliest(p, c->n_probabilities) : (size_t)value;

    return (struct stats_scored){ .p = c->yesno ? p[0] : p[label],
                                  .weight = cell->weight,
                                  .fold = t->fold_of[cell->image],
                                  .truth = c->yesno ? cell->value == VALUE_YES
                                                    : label == (size_t)cell->value };
}

static int pool(struct scores *s, const struct calibration_map *m, struct err *e)
{
    const struct truths *t = m->truths;

    for (size_t k = 0; k < KINDS_POOLED; k++) {
        s->pooled[k] = mem_new(t->n, sizeof(*s->pooled[k]), e);
        if (!s->pooled[k])
            return ERR_NOMEM;
        for (size_t i = 0; i < t->n; i++)
            if (kind_of(&task_of(m)->columns[t->items[i].column]) == k)
                s->pooled[k][s->n_pooled[k]++] = s->columns[i];
        stats_scored_sort(s->pooled[k], s->n_pooled[k]);
    }
    return 0;
}

int scores_of(struct scores *out, const struct calibration_map *m, struct err *e)
{
    const struct truths *t = m->truths;
    int rc = 0;

    *out = (struct scores){ .columns = mem_new(t->n, sizeof(*out->columns), e) };
    if (!out->columns)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->n; i++)
        out->columns[i] = score(m, &t->items[i]);
    rc = pool(out, m, e);
    for (size_t c = 0; rc == 0 && c < task_of(m)->n_columns; c++)
        stats_scored_sort(out->columns + t->first[c], t->first[c + 1] - t->first[c]);
    if (rc < 0)
        scores_release(out);
    return rc;
}

void scores_release(struct scores *s)
{
    free(s->columns);
    for (size_t k = 0; k < KINDS_POOLED; k++)
        free(s->pooled[k]);
    *s = (struct scores){ 0 };
}
