/* SPDX-License-Identifier: MIT */
#include "stats/against.h"

#include <math.h>
#include <stdlib.h>

#include "stats/bootstrap.h"

/* Bit sets of a column's images. */
enum { LABELLED, FIRST_ONLY, SECOND_ONLY, SETS };

struct job {
    const struct stats_input *in;
    struct stats_against *out;
    size_t words;        /* of a bit set */
    uint64_t *sets;      /* [n_columns][SETS][words] */
    double *differences; /* [n_columns + 1][resamples], all cells last */
};

static uint64_t *set_at(const struct job *job, size_t column, size_t set)
{
    return job->sets + (column * SETS + set) * job->words;
}

static void count_column(struct job *job, size_t c)
{
    struct stats_against_row *row = &job->out->columns[c];
    const int16_t *const *labels = job->in->labels;
    size_t n_images = job->in->n_images;

    for (size_t i = 0; i < n_images; i++) {
        int16_t third = labels[2][c * n_images + i];
        int16_t first = labels[0][c * n_images + i], second = labels[1][c * n_images + i];
        uint64_t bit = (uint64_t)1 << (i % 64);
        size_t word = i / 64;

        if (first < 0 || second < 0 || third < 0)
            continue;
        row->n++;
        set_at(job, c, LABELLED)[word] |= bit;
        row->both += first == third && second == third;
        if (first == third && second != third)
            row->first_only++, set_at(job, c, FIRST_ONLY)[word] |= bit;
        if (first != third && second == third)
            row->second_only++, set_at(job, c, SECOND_ONLY)[word] |= bit;
    }
}

static void set_shares(struct stats_against_row *row)
{
    double n = (double)row->n; /* 0/0 is NaN */

    row->first = (double)(row->both + row->first_only) / n;
    row->second = (double)(row->both + row->second_only) / n;
    row->difference = ((double)row->first_only - (double)row->second_only) / n;
    row->bootstrap = (struct stats_interval){ NAN, NAN };
    row->test = (struct stats_tested){ NAN, NAN, NAN };
}

static void count_all(struct job *job)
{
    struct stats_against_row *pooled = &job->out->pooled;

    for (size_t c = 0; c < job->in->n_columns; c++) {
        struct stats_against_row *row = &job->out->columns[c];

        count_column(job, c);
        set_shares(row);
        if (row->n > 0)
            row->test.p = stats_mcnemar(row->first_only, row->second_only);
        pooled->n += row->n;
        pooled->both += row->both;
        pooled->first_only += row->first_only;
        pooled->second_only += row->second_only;
    }
    set_shares(pooled);
}

static struct stats_tested *test_at(void *rows, size_t i)
{
    return &((struct stats_against_row *)rows)[i].test;
}

/* ---- bootstrap ---- */

static void resample(const struct job *job, const struct bootstrap *b, size_t r)
{
    size_t n_columns = job->in->n_columns, resamples = job->in->resamples;
    double all = 0, better = 0;

    for (size_t c = 0; c < n_columns; c++) {
        double n = (double)bootstrap_count(b, set_at(job, c, LABELLED));
        double more = (double)bootstrap_count(b, set_at(job, c, FIRST_ONLY)) -
                      (double)bootstrap_count(b, set_at(job, c, SECOND_ONLY));

        job->differences[c * resamples + r] = more / n;
        all += n;
        better += more;
    }
    job->differences[n_columns * resamples + r] = better / all;
}

static int resample_all(struct job *job, struct err *e)
{
    size_t resamples = job->in->resamples, total;
    struct bootstrap *b = NULL;
    int rc;

    if (!size_mul(job->in->n_columns + 1, resamples, &total))
        return err_set(e, ERR_LIMIT, "too many resamples: %zu", resamples);
    job->differences = mem_new(total, sizeof(double), e);
    rc = job->differences ? bootstrap_new(&b, job->in->n_images, job->in->seed, e) : ERR_NOMEM;
    for (size_t r = 0; rc == 0 && r < resamples; r++) {
        rc = events_check(job->in->events, e);
        if (rc == 0) {
            bootstrap_draw(b);
            resample(job, b, r);
        }
    }
    for (size_t c = 0; rc == 0 && c <= job->in->n_columns; c++) {
        struct stats_against_row *row =
            c < job->in->n_columns ? &job->out->columns[c] : &job->out->pooled;
        double *own = job->differences + c * resamples;

        row->bootstrap.low = stats_quantile(own, resamples, 0.025);
        row->bootstrap.high = stats_quantile(own, resamples, 0.975);
    }
    bootstrap_free(b);
    return rc;
}

/* ---- all together ---- */

int stats_against(struct stats_against *out, const struct stats_input *in, struct err *e)
{
    struct job job = { .in = in, .out = out, .words = bootstrap_words(in->n_images) };
    size_t sets, total;
    int rc;

    *out = (struct stats_against){ .n_columns = in->n_columns };
    if (in->n_annotators != 3)
        return err_set(e, ERR_ARG, "two annotators are held against a third, not %zu",
                       in->n_annotators);
    if (!size_mul(in->n_columns, SETS, &sets) || !size_mul(sets, job.words, &total))
        return err_set(e, ERR_LIMIT, "too many cells: %zu columns", in->n_columns);
    out->columns = mem_new(in->n_columns, sizeof(*out->columns), e);
    job.sets = mem_new(total, sizeof(uint64_t), e);
    rc = out->columns && job.sets ? 0 : ERR_NOMEM;
    if (rc == 0) {
        count_all(&job);
        rc = stats_adjust(out->columns, out->n_columns, test_at, e);
    }
    if (rc == 0 && in->resamples > 0)
        rc = resample_all(&job, e);
    free(job.differences);
    free(job.sets);
    if (rc < 0)
        stats_against_release(out);
    return rc;
}

void stats_against_release(struct stats_against *a)
{
    free(a->columns);
    *a = (struct stats_against){ 0 };
}
