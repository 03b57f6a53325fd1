/* SPDX-License-Identifier: MIT
 *
 * A row is a set of columns: one question, a group, or all. Every row's figures come from the
 * tables of each pair of annotators, one a column, and its intervals from the same counts taken
 * over resampled images.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/ratings.h"
#include "stats/stats.h"

/* The counts of one pair on one column that a resample gives; the table's margins suffice for
 * kappa. */
struct margins {
    size_t k;
    uint64_t n, agreeing;
    uint64_t *first, *second; /* [k] how often each gave each value */
};

/* One pair on one column. */
struct cellset {
    struct stats_table table;
    struct margins margins; /* of the resample at hand */
    uint64_t
        *sets; /* bit sets: agreeing, first = 1.., second = 1.., and where some are missing, both */
    bool whole; /* every image has both labels */
};

struct row {
    const size_t *columns;
    size_t n;
    bool yesno;           /* the row's table is that of its yes/no columns, else of all */
    size_t table_columns; /* how many columns that is */
    size_t k;             /* the table's values; 0: no table */
    struct stats_figures *figures;
    double *agreement, *kappa; /* [resamples] */
};

struct job {
    const struct stats_input *in;
    size_t n_pairs;
    struct cellset *cellsets;      /* [n_pairs][n_columns] */
    struct stats_ratings *ratings; /* [n_columns]; NULL for two annotators */
    struct row *rows;              /* the columns, the groups, then all */
    size_t n_rows;
    struct margins sum;  /* scratch for a row */
    struct arena *arena; /* the result's: tables and samples live and go with it */
};

static struct cellset *cellset_at(const struct job *job, size_t pair, size_t column)
{
    return &job->cellsets[pair * job->in->n_columns + column];
}

/* Do the pair's tables of this column go into the row's? */
static bool in_table(const struct job *job, const struct row *row, size_t column)
{
    return row->yesno ? job->in->scale[column] == STATS_YESNO : row->k > 0;
}

/* ---- setting up ---- */

static int new_margins(struct job *job, struct margins *m, size_t k, struct err *e)
{
    m->k = k;
    m->first = arena_new(job->arena, k, sizeof(uint64_t), e);
    m->second = arena_new(job->arena, k, sizeof(uint64_t), e);
    return m->first && m->second ? 0 : ERR_NOMEM;
}

static int new_table(struct job *job, struct stats_table *t, size_t k, struct err *e)
{
    size_t cells;

    if (!size_mul(k, k, &cells))
        return err_set(e, ERR_LIMIT, "too many options: %zu", k);
    t->k = k;
    t->counts = arena_new(job->arena, cells, sizeof(uint64_t), e);
    return t->counts ? 0 : ERR_NOMEM;
}

static int fill_cellsets(struct job *job, struct err *e)
{
    const struct stats_input *in = job->in;
    size_t pair = 0;

    for (size_t a = 0; a < in->n_annotators; a++) {
        for (size_t b = a + 1; b < in->n_annotators; b++, pair++) {
            for (size_t c = 0; c < in->n_columns; c++) {
                struct cellset *s = cellset_at(job, pair, c);
                int rc = new_table(job, &s->table, in->n_values[c], e);

                if (rc == 0)
                    rc = new_margins(job, &s->margins, in->n_values[c], e);
                if (rc < 0)
                    return rc;
                stats_table_add(&s->table, in->labels[a] + c * in->n_images,
                                in->labels[b] + c * in->n_images, in->n_images);
                s->whole = s->table.n == in->n_images;
            }
        }
    }
    return 0;
}

static int fill_ratings(struct job *job, struct err *e)
{
    const struct stats_input *in = job->in;
    const int16_t **columns = mem_new(in->n_annotators, sizeof(*columns), e);
    int rc = columns ? 0 : ERR_NOMEM;

    job->ratings = rc == 0 ? mem_new(in->n_columns, sizeof(*job->ratings), e) : NULL;
    if (!job->ratings)
        rc = ERR_NOMEM;
    for (size_t c = 0; rc == 0 && c < in->n_columns; c++) {
        for (size_t a = 0; a < in->n_annotators; a++)
            columns[a] = in->labels[a] + c * in->n_images;
        rc = stats_ratings_init(&job->ratings[c], in->n_values[c], in->n_annotators, e);
        if (rc == 0)
            rc = stats_ratings_add(&job->ratings[c], columns, in->n_images, e);
    }
    free(columns);
    return rc;
}

/* Which of the row's columns share a table: the yes/no ones, or all where they have one number of
 * values. */
static void choose_table(const struct stats_input *in, struct row *row)
{
    size_t yesno = 0, alike = 0;

    for (size_t i = 0; i < row->n; i++) {
        yesno += in->scale[row->columns[i]] == STATS_YESNO;
        alike += in->n_values[row->columns[i]] == in->n_values[row->columns[0]];
    }
    row->yesno = yesno > 0;
    row->table_columns = yesno > 0 ? yesno : alike == row->n ? row->n : 0;
    row->k = yesno > 0 ? 2 : row->table_columns > 0 ? in->n_values[row->columns[0]] : 0;
}

static int set_row(struct job *job, size_t i_row, size_t group, struct stats_figures *figures,
                   struct err *e)
{
    const struct stats_input *in = job->in;
    struct row *row = &job->rows[i_row];
    size_t *columns = arena_new(job->arena, in->n_columns, sizeof(*columns), e);

    if (!columns)
        return ERR_NOMEM;
    for (size_t c = 0; c < in->n_columns; c++) {
        bool belongs =
            i_row < in->n_columns ? c == i_row : group == in->n_groups || in->group[c] == group;

        if (belongs)
            columns[row->n++] = c;
    }
    row->columns = columns;
    row->figures = figures;
    choose_table(in, row);
    row->agreement = arena_new(job->arena, in->resamples, sizeof(double), e);
    row->kappa = arena_new(job->arena, in->resamples, sizeof(double), e);
    return row->agreement && row->kappa ? 0 : ERR_NOMEM;
}

static int set_rows(struct job *job, struct stats_agreement *out, struct err *e)
{
    const struct stats_input *in = job->in;
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < in->n_columns; c++)
        rc = set_row(job, c, 0, &out->columns[c], e);
    for (size_t g = 0; rc == 0 && g < in->n_groups; g++)
        rc = set_row(job, in->n_columns + g, g, &out->groups[g], e);
    if (rc == 0)
        rc = set_row(job, job->n_rows - 1, in->n_groups, &out->pooled, e);
    return rc;
}

/* ---- figures ---- */

static void add_table(struct stats_table *sum, const struct stats_table *t)
{
    for (size_t i = 0; i < t->k * t->k; i++)
        sum->counts[i] += t->counts[i];
    sum->n += t->n;
    sum->asked += t->asked;
    sum->missing += t->missing;
}

/* Of a row of several columns the table is that of its yes/no columns, or of columns that share
 * options, in no order. */
static enum stats_scale scale_of(const struct job *job, const struct row *row)
{
    if (row->yesno)
        return STATS_YESNO;
    return row->n == 1 ? job->in->scale[row->columns[0]] : STATS_NOMINAL;
}

/* The coefficients of the labels themselves, of however many annotators. */
static int set_coefficients(const struct job *job, const struct row *row, struct err *e)
{
    struct stats_figures *f = row->figures;
    struct stats_ratings all;
    int rc = stats_ratings_init(&all, row->k, job->in->n_annotators, e);

    if (rc == 0 && job->n_pairs == 1)
        rc = stats_ratings_add_table(&all, &f->table, e);
    for (size_t i = 0; rc == 0 && job->n_pairs > 1 && i < row->n; i++)
        if (in_table(job, row, row->columns[i]))
            rc = stats_ratings_merge(&all, &job->ratings[row->columns[i]], e);
    if (rc == 0)
        rc = stats_ratings_figures(&all, scale_of(job, row), row->n == 1, f->value, e);
    if (rc == 0) {
        f->ac1 = stats_figure_interval(&all, STATS_AC1, f->value);
        f->alpha = stats_figure_interval(&all, STATS_ALPHA, f->value);
    }
    stats_ratings_release(&all);
    return rc;
}

static int pair_table(struct job *job, const struct row *row, size_t pair, struct stats_table *t,
                      struct err *e)
{
    int rc = new_table(job, t, row->k, e);

    for (size_t i = 0; rc == 0 && i < row->n; i++)
        if (in_table(job, row, row->columns[i]))
            add_table(t, &cellset_at(job, pair, row->columns[i])->table);
    return rc;
}

static void set_undefined_values(double value[STATS_FIGURES])
{
    for (size_t i = 0; i < STATS_FIGURES; i++)
        value[i] = NAN;
}

/* With more than two annotators: the mean of the pairs' kappas that are defined. */
static int set_mean_kappas(struct job *job, const struct row *row, struct err *e)
{
    static const enum stats_figure kappas[] = { STATS_KAPPA, STATS_LINEAR_KAPPA,
                                                STATS_QUADRATIC_KAPPA };
    double sum[3] = { 0 };
    size_t defined[3] = { 0 };
    int rc = 0;

    for (size_t pair = 0; rc == 0 && pair < job->n_pairs; pair++) {
        double value[STATS_FIGURES];
        struct stats_table t = { 0 };

        set_undefined_values(value);
        rc = pair_table(job, row, pair, &t, e);
        if (rc == 0)
            rc = stats_kappa_figures(&t, scale_of(job, row), false, value, e);
        for (size_t i = 0; i < 3; i++) {
            sum[i] += isnan(value[kappas[i]]) ? 0 : value[kappas[i]];
            defined[i] += isnan(value[kappas[i]]) ? 0 : 1;
        }
    }
    for (size_t i = 0; i < 3; i++)
        row->figures->value[kappas[i]] = sum[i] / (double)defined[i];
    return rc;
}

static void set_undefined(struct stats_figures *f)
{
    const struct stats_interval none = { NAN, NAN };

    *f = (struct stats_figures){
        .wilson = none, .bootstrap = none, .kappa_bootstrap = none, .ac1 = none, .alpha = none
    };
    set_undefined_values(f->value);
}

/* Cells, not pairs of labels. */
static void count_cells(const struct job *job, const struct row *row)
{
    struct stats_figures *f = row->figures;

    f->n = f->asked = f->missing = 0;
    for (size_t i = 0; i < row->n; i++) {
        const struct stats_rated c = stats_ratings_count(&job->ratings[row->columns[i]]);

        f->n += c.paired;
        f->asked += c.asked;
        f->missing += c.single;
    }
}

/* Agreement over all of the row's columns and pairs, whether they share a table or not. */
static void set_counts(const struct job *job, const struct row *row)
{
    struct stats_figures *f = row->figures;
    uint64_t agreeing = 0, labelled = 0, asked = 0; /* of all pairs */

    for (size_t pair = 0; pair < job->n_pairs; pair++) {
        for (size_t i = 0; i < row->n; i++) {
            const struct stats_table *t = &cellset_at(job, pair, row->columns[i])->table;

            for (size_t v = 0; v < t->k; v++)
                agreeing += t->counts[v * t->k + v];
            labelled += t->n;
            asked += t->asked;
            f->missing += t->missing;
        }
    }
    f->n = labelled;
    f->asked = asked;
    if (job->n_pairs > 1)
        count_cells(job, row);
    f->value[STATS_COVERAGE] = (double)f->n / (double)f->asked;
    f->value[STATS_AGREEMENT] = (double)agreeing / (double)labelled;
    f->value[STATS_AGREEMENT_WITH_ABSTENTIONS] = (double)agreeing / (double)asked;
    if (job->n_pairs == 1) /* pairs that share annotators are not independent */
        f->wilson = stats_wilson(agreeing, f->n);
}

static int set_figures(struct job *job, const struct row *row, struct err *e)
{
    enum stats_scale scale = scale_of(job, row);
    struct stats_figures *f = row->figures;
    int rc;

    set_undefined(f);
    set_counts(job, row);
    f->table_columns = row->table_columns;
    if (row->k == 0)
        return 0;
    rc = pair_table(job, row, 0, &f->table, e);
    if (rc < 0)
        return rc;
    stats_table_figures(&f->table, scale, f->value);
    rc = job->n_pairs > 1 ? set_mean_kappas(job, row, e)
                          : stats_kappa_figures(&f->table, scale, row->n == 1, f->value, e);
    return rc == 0 ? set_coefficients(job, row, e) : rc;
}

/* ---- bootstrap ---- */

static size_t n_sets(const struct cellset *s)
{
    return 1 + 2 * (s->table.k - 1) + (s->whole ? 0 : 1);
}

static int fill_sets(struct cellset *s, const int16_t *first, const int16_t *second,
                     size_t n_images, struct err *e)
{
    size_t words = bootstrap_words(n_images), k = s->table.k, total;

    if (!size_mul(n_sets(s), words, &total))
        return err_set(e, ERR_LIMIT, "too many options for the bootstrap: %zu", k);
    s->sets = mem_new(total, sizeof(uint64_t), e);
    if (!s->sets)
        return ERR_NOMEM;
    for (size_t i = 0; i < n_images; i++) {
        uint64_t bit = (uint64_t)1 << (i % 64), *word = s->sets + i / 64;

        if (first[i] < 0 || second[i] < 0)
            continue;
        if (first[i] == second[i])
            word[0] |= bit;
        if (first[i] > 0)
            word[(size_t)first[i] * words] |= bit;
        if (second[i] > 0)
            word[(k - 1 + (size_t)second[i]) * words] |= bit;
        if (!s->whole)
            word[(2 * k - 1) * words] |= bit;
    }
    return 0;
}

static void count_margins(const struct bootstrap *b, struct cellset *s, size_t n_images)
{
    size_t words = bootstrap_words(n_images), k = s->table.k;
    struct margins *m = &s->margins;

    m->agreeing = bootstrap_count(b, s->sets);
    m->n = s->whole ? n_images : bootstrap_count(b, s->sets + (2 * k - 1) * words);
    m->first[0] = m->second[0] = m->n;
    for (size_t v = 1; v < k; v++) {
        m->first[v] = bootstrap_count(b, s->sets + v * words);
        m->second[v] = bootstrap_count(b, s->sets + (k - 1 + v) * words);
        m->first[0] -= m->first[v];
        m->second[0] -= m->second[v];
    }
}

static double margins_kappa(const struct margins *m)
{
    double n = (double)m->n, chance = 0;

    for (size_t v = 0; v < m->k; v++)
        chance += (double)m->first[v] / n * ((double)m->second[v] / n);
    return chance >= 1 - 1e-12 ? NAN : ((double)m->agreeing / n - chance) / (1 - chance);
}

static double pair_kappa(struct job *job, const struct row *row, size_t pair)
{
    struct margins *sum = &job->sum;

    if (row->n == 1)
        return margins_kappa(&cellset_at(job, pair, row->columns[0])->margins);
    sum->k = row->k;
    sum->n = sum->agreeing = 0;
    memset(sum->first, 0, row->k * sizeof(*sum->first));
    memset(sum->second, 0, row->k * sizeof(*sum->second));
    for (size_t i = 0; i < row->n; i++) {
        const struct margins *m = &cellset_at(job, pair, row->columns[i])->margins;

        if (!in_table(job, row, row->columns[i]))
            continue;
        sum->n += m->n;
        sum->agreeing += m->agreeing;
        for (size_t v = 0; v < row->k; v++) {
            sum->first[v] += m->first[v];
            sum->second[v] += m->second[v];
        }
    }
    return margins_kappa(sum);
}

static void resample_row(struct job *job, const struct row *row, size_t resample)
{
    uint64_t n = 0, agreeing = 0;
    double kappas = 0;
    size_t defined = 0;

    for (size_t pair = 0; pair < job->n_pairs; pair++) {
        double kappa = row->k > 0 ? pair_kappa(job, row, pair) : NAN;

        kappas += isnan(kappa) ? 0 : kappa;
        defined += isnan(kappa) ? 0 : 1;
        for (size_t i = 0; i < row->n; i++) {
            n += cellset_at(job, pair, row->columns[i])->margins.n;
            agreeing += cellset_at(job, pair, row->columns[i])->margins.agreeing;
        }
    }
    row->agreement[resample] = (double)agreeing / (double)n;
    row->kappa[resample] = kappas / (double)defined;
}

static int fill_all_sets(struct job *job, struct err *e)
{
    const struct stats_input *in = job->in;
    size_t pair = 0;

    for (size_t a = 0; a < in->n_annotators; a++) {
        for (size_t b = a + 1; b < in->n_annotators; b++, pair++) {
            for (size_t c = 0; c < in->n_columns; c++) {
                int rc = fill_sets(cellset_at(job, pair, c), in->labels[a] + c * in->n_images,
                                   in->labels[b] + c * in->n_images, in->n_images, e);

                if (rc < 0)
                    return rc;
            }
        }
    }
    return 0;
}

static int resample_all(struct job *job, struct err *e)
{
    const struct stats_input *in = job->in;
    struct bootstrap *b = NULL;
    int rc = fill_all_sets(job, e);

    if (rc == 0)
        rc = bootstrap_new(&b, in->n_images, in->seed, e);
    for (size_t r = 0; rc == 0 && r < in->resamples; r++) {
        rc = events_check(in->events, e);
        if (rc < 0)
            break;
        bootstrap_draw(b);
        for (size_t s = 0; s < job->n_pairs * in->n_columns; s++)
            count_margins(b, &job->cellsets[s], in->n_images);
        for (size_t i = 0; i < job->n_rows; i++)
            resample_row(job, &job->rows[i], r);
    }
    bootstrap_free(b);
    return rc;
}

/* The mean of the columns' values in `values` (one array a column), those undefined left out;
 * *defined counts. */
static double mean_of(const struct job *job, double (*value)(const struct row *, size_t), size_t at,
                      size_t *defined)
{
    double sum = 0;

    *defined = 0;
    for (size_t c = 0; c < job->in->n_columns; c++) {
        double x = value(&job->rows[c], at);

        sum += isnan(x) ? 0 : x;
        *defined += isnan(x) ? 0 : 1;
    }
    return sum / (double)*defined;
}

static double resampled_agreement(const struct row *row, size_t at)
{
    return row->agreement[at];
}

static double resampled_kappa(const struct row *row, size_t at)
{
    return row->kappa[at];
}

static struct stats_interval middle_95(double *values, size_t n)
{
    struct stats_interval i = { stats_quantile(values, n, 0.025), 0 };

    i.high = stats_quantile(values, n, 0.975);
    return i;
}

static int set_bootstrap_intervals(struct job *job, struct stats_figures *macro, struct err *e)
{
    size_t n = job->in->resamples, defined;
    double *agreement = arena_new(job->arena, n, sizeof(double), e);
    double *kappa = arena_new(job->arena, n, sizeof(double), e);

    if (!agreement || !kappa)
        return ERR_NOMEM;
    for (size_t r = 0; r < n; r++) {
        agreement[r] = mean_of(job, resampled_agreement, r, &defined);
        kappa[r] = mean_of(job, resampled_kappa, r, &defined);
    }
    macro->bootstrap = middle_95(agreement, n);
    macro->kappa_bootstrap = middle_95(kappa, n);
    for (size_t i = 0; i < job->n_rows; i++) { /* last: a quantile sorts */
        job->rows[i].figures->bootstrap = middle_95(job->rows[i].agreement, n);
        job->rows[i].figures->kappa_bootstrap = middle_95(job->rows[i].kappa, n);
    }
    return 0;
}

/* ---- the macro row ---- */

static double figure(const struct row *row, size_t at)
{
    return row->figures->value[at];
}

static void set_macro(const struct job *job, struct stats_agreement *out)
{
    size_t defined;

    set_undefined(&out->macro);
    out->macro.n = out->pooled.n;
    out->macro.asked = out->pooled.asked;
    out->macro.missing = out->pooled.missing;
    for (size_t i = 0; i < STATS_FIRST_ERROR; i++)
        out->macro.value[i] = mean_of(job, figure, i, &defined);
    mean_of(job, figure, STATS_KAPPA, &out->macro_kappa_columns);
}

/* ---- images ---- */

/* Column by column, as the labels lie. */
static int count_images(const struct job *job, struct stats_clusters *out, struct err *e)
{
    const struct stats_input *in = job->in;
    uint32_t *cells = mem_new(in->n_images, sizeof(*cells), e);
    uint32_t *equal = mem_new(in->n_images, sizeof(*equal), e);
    int rc = cells && equal ? 0 : ERR_NOMEM;

    for (size_t c = 0; rc == 0 && c < in->n_columns; c++) {
        const int16_t *first = in->labels[0] + c * in->n_images;
        const int16_t *second = in->labels[1] + c * in->n_images;

        for (size_t i = 0; i < in->n_images; i++) {
            cells[i] += first[i] >= 0 && second[i] >= 0;
            equal[i] += first[i] >= 0 && first[i] == second[i];
        }
    }
    for (size_t i = 0; rc == 0 && i < in->n_images; i++)
        stats_clusters_add(out, cells[i], equal[i]);
    free(cells);
    free(equal);
    return rc;
}

/* ---- all together ---- */

struct result {
    struct stats_agreement agreement; /* first: stats_agreement_free casts back */
    struct arena arena;
};

static int new_result(struct result **out, const struct stats_input *in, struct err *e)
{
    struct result *r = mem_new(1, sizeof(*r), e);

    *out = r;
    if (!r)
        return ERR_NOMEM;
    r->agreement.n_columns = in->n_columns;
    r->agreement.n_groups = in->n_groups;
    r->agreement.columns = arena_new(&r->arena, in->n_columns, sizeof(struct stats_figures), e);
    r->agreement.groups = arena_new(&r->arena, in->n_groups, sizeof(struct stats_figures), e);
    return r->agreement.columns && r->agreement.groups ? 0 : ERR_NOMEM;
}

static int run(struct job *job, struct stats_agreement *out, struct err *e)
{
    const struct stats_input *in = job->in;
    size_t most = 0;
    int rc = fill_cellsets(job, e);

    for (size_t c = 0; c < in->n_columns; c++)
        most = in->n_values[c] > most ? in->n_values[c] : most;
    if (rc == 0)
        rc = new_margins(job, &job->sum, most, e);
    if (rc == 0 && job->n_pairs > 1)
        rc = fill_ratings(job, e);
    if (rc == 0)
        rc = set_rows(job, out, e);
    for (size_t i = 0; rc == 0 && i < job->n_rows; i++)
        rc = set_figures(job, &job->rows[i], e);
    if (rc == 0)
        set_macro(job, out);
    if (rc == 0 && job->n_pairs == 1)
        rc = count_images(job, &out->images, e);
    if (rc == 0 && in->resamples > 0)
        rc = resample_all(job, e);
    if (rc == 0 && in->resamples > 0)
        rc = set_bootstrap_intervals(job, &out->macro, e);
    return rc;
}

int stats_agreement(struct stats_agreement **out, const struct stats_input *in, struct err *e)
{
    struct job job = { .in = in, .n_pairs = in->n_annotators * (in->n_annotators - 1) / 2 };
    struct result *result = NULL;
    int rc;

    *out = NULL;
    if (in->n_annotators < 2)
        return err_set(e, ERR_ARG, "agreement needs two annotators or more");
    job.n_rows = in->n_columns + in->n_groups + 1;
    job.cellsets = mem_new(job.n_pairs * in->n_columns, sizeof(*job.cellsets), e);
    job.rows = mem_new(job.n_rows, sizeof(*job.rows), e);
    rc = job.cellsets && job.rows ? new_result(&result, in, e) : ERR_NOMEM;
    if (rc == 0) {
        job.arena = &result->arena;
        rc = run(&job, &result->agreement, e);
    }
    for (size_t s = 0; job.cellsets && s < job.n_pairs * in->n_columns; s++)
        free(job.cellsets[s].sets);
    for (size_t c = 0; job.ratings && c < in->n_columns; c++)
        stats_ratings_release(&job.ratings[c]);
    free(job.ratings);
    free(job.cellsets);
    free(job.rows);
    if (rc < 0)
        stats_agreement_free(result ? &result->agreement : NULL);
    else
        *out = &result->agreement;
    return rc;
}

void stats_agreement_free(struct stats_agreement *a)
{
    struct result *r = (struct result *)a;

    if (!r)
        return;
    arena_release(&r->arena);
    free(r);
}
