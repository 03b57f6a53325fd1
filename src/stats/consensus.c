/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/stats.h"

/* The most voted value of counts[k]; *tied says whether another has as many. */
static size_t most_voted(const size_t *counts, size_t k, bool *tied)
{
    size_t best = 0;

    *tied = false;
    for (size_t v = 1; v < k; v++) {
        if (counts[v] > counts[best]) {
            best = v;
            *tied = false;
        } else if (counts[v] == counts[best]) {
            *tied = true;
        }
    }
    return best;
}

/* Counts the votes on image i into counts[k]. */
static void count_votes(const struct stats_votes *v, size_t i, size_t *counts)
{
    memset(counts, 0, v->k * sizeof(*counts));
    for (size_t j = 0; j < v->n_annotators; j++)
        if (v->labels[j][i] >= 0)
            counts[v->labels[j][i]]++;
}

int stats_majority(const struct stats_votes *v, int16_t tie_value, int16_t *consensus,
                   uint64_t *ties, struct err *e)
{
    size_t *counts = mem_new(v->k, sizeof(*counts), e);

    if (!counts)
        return ERR_NOMEM;
    *ties = 0;
    for (size_t i = 0; i < v->n_images; i++) {
        int16_t first = v->tie_first >= 0 ? v->labels[v->tie_first][i] : STATS_MISSING;
        size_t best;
        bool tied;

        count_votes(v, i, counts);
        best = most_voted(counts, v->k, &tied);
        if (counts[best] == 0)
            consensus[i] = STATS_MISSING;
        else if (!tied)
            consensus[i] = (int16_t)best;
        else if (first >= 0 && counts[first] == counts[best])
            consensus[i] = first;
        else
            consensus[i] = tie_value;
        *ties += tied && counts[best] > 0;
    }
    free(counts);
    return 0;
}

/* ---- the coin-flip baseline ---- */

/* A cell's fixed votes and its number of fair draws, and what follows: how likely each value is to
 * win. */
enum { NOBODY_FIRST = -1, FIRST_DRAWN = -2 }; /* FIRST_DRAWN: who settles ties is a coin too */

struct flip {
    size_t k, draws;
    size_t *votes;   /* [k] */
    size_t *before;  /* [k + 2] the last cell's votes, draws and first */
    int first;       /* the value that wins a tie it is part of, or one of the below */
    double *wins;    /* [k] */
    double any;      /* their sum */
    double *ways;    /* [STATS_EXTRA_MAX + 1] scratch: coefficients of an exponential generating
                        function */
    double *scratch; /* likewise */
};

/* ways *= sum of z^t / t! for t = 0 .. most, cut at z^draws. */
static void multiply(struct flip *f, size_t most)
{
    for (size_t n = 0; n <= f->draws; n++) {
        double term = 1, sum = 0;

        for (size_t t = 0; t <= n && t <= most; t++) {
            sum += f->ways[n - t] * term;
            term /= (double)(t + 1);
        }
        f->scratch[n] = sum;
    }
    memcpy(f->ways, f->scratch, (f->draws + 1) * sizeof(*f->ways));
}

/* The probability that value v has the most votes, alone (strictly) or at least with others: e! /
 * k^e times the coefficient of z^e in sum over x of z^x / x! times the product over the other
 * values of their truncated exponentials, where v has votes[v] + x and each other at most that (one
 * less, strictly). */
static double leads(struct flip *f, size_t v, bool strictly)
{
    double total = 0, scale = 1; /* scale: 1 / x! */

    for (size_t x = 0; x <= f->draws; scale /= (double)++x) {
        size_t top = f->votes[v] + x;
        bool possible = true;

        memset(f->ways, 0, (f->draws + 1) * sizeof(*f->ways));
        f->ways[0] = 1;
        for (size_t u = 0; u < f->k && possible; u++) {
            size_t taken = f->votes[u] + (strictly ? 1 : 0);

            if (u == v)
                continue;
            possible = taken <= top;
            if (possible)
                multiply(f, top - taken);
        }
        if (possible && top > 0)
            total += scale * f->ways[f->draws - x];
    }
    for (size_t d = 1; d <= f->draws; d++)
        total *= (double)d / (double)f->k;
    return total;
}

static void settle(struct flip *f)
{
    for (size_t v = 0; v < f->k; v++)
        f->wins[v] = leads(f, v, f->first != (int)v);
}

/* The draw of the annotator who settles ties is one of the votes: the mean over its values. */
static int settle_first_drawn(struct flip *f, struct err *e)
{
    double *mean = mem_new(f->k, sizeof(*mean), e);

    if (!mean)
        return ERR_NOMEM;
    f->draws--;
    for (size_t value = 0; value < f->k; value++) {
        f->votes[value]++;
        f->first = (int)value;
        settle(f);
        for (size_t v = 0; v < f->k; v++)
            mean[v] += f->wins[v] / (double)f->k;
        f->votes[value]--;
    }
    f->draws++;
    memcpy(f->wins, mean, f->k * sizeof(*mean));
    free(mean);
    return 0;
}

/* The cell's votes and draws; false where they are those of the cell before, whose wins still hold.
 */
static bool load_cell(struct flip *f, const struct stats_votes *v, size_t i)
{
    int first = NOBODY_FIRST;

    memcpy(f->before, f->votes, f->k * sizeof(*f->before));
    f->before[f->k] = f->draws;
    f->before[f->k + 1] = (size_t)(f->first - FIRST_DRAWN);
    memset(f->votes, 0, f->k * sizeof(*f->votes));
    f->draws = 0;
    for (size_t j = 0; j < v->n_annotators; j++) {
        int16_t value = v->labels[j][i];

        if (value < 0)
            continue;
        if (v->extra[j])
            f->draws++;
        else
            f->votes[value]++;
        if ((int)j == v->tie_first)
            first = v->extra[j] ? FIRST_DRAWN : value;
    }
    f->first = first;
    return memcmp(f->before, f->votes, f->k * sizeof(*f->before)) != 0 ||
           f->before[f->k] != f->draws || f->before[f->k + 1] != (size_t)(first - FIRST_DRAWN);
}

static int settle_cell(struct flip *f, struct err *e)
{
    int first = f->first, rc = 0;

    if (f->draws > STATS_EXTRA_MAX) {
        err_set(e, ERR_LIMIT, "too many extra votes on one cell for the coin-flip baseline");
        err_got(e, "%zu", f->draws);
        return err_expected(e, "at most %d", STATS_EXTRA_MAX);
    }
    if (first == FIRST_DRAWN)
        rc = settle_first_drawn(f, e);
    else
        settle(f);
    f->first = first;
    f->any = 0;
    for (size_t v = 0; v < f->k; v++)
        f->any += f->wins[v];
    return rc;
}

static int flip_cells(struct flip *f, const struct stats_votes *v, double agree[], double decided[],
                      struct err *e)
{
    for (size_t i = 0; i < v->n_images; i++) {
        int rc = load_cell(f, v, i) || i == 0 ? settle_cell(f, e) : 0;

        if (rc < 0)
            return rc;
        for (size_t j = 0; j < v->n_annotators; j++) {
            if (v->labels[j][i] < 0 || v->extra[j])
                continue;
            agree[j] += f->wins[v->labels[j][i]];
            decided[j] += f->any;
        }
    }
    return 0;
}

int stats_coin_flip(const struct stats_votes *v, double agree[], double decided[], struct err *e)
{
    struct flip f = { .k = v->k, .first = NOBODY_FIRST };
    int rc = ERR_NOMEM;

    f.votes = mem_new(v->k, sizeof(*f.votes), e);
    f.before = mem_new(v->k + 2, sizeof(*f.before), e);
    f.wins = mem_new(v->k, sizeof(*f.wins), e);
    f.ways = mem_new(STATS_EXTRA_MAX + 1, sizeof(*f.ways), e);
    f.scratch = mem_new(STATS_EXTRA_MAX + 1, sizeof(*f.scratch), e);
    if (f.votes && f.before && f.wins && f.ways && f.scratch)
        rc = flip_cells(&f, v, agree, decided, e);
    free(f.votes);
    free(f.before);
    free(f.wins);
    free(f.ways);
    free(f.scratch);
    return rc;
}
