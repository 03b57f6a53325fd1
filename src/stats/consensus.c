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

int stats_majority(const int16_t *const columns[], size_t n_annotators, size_t n_images, size_t k,
                   int tie_first, int16_t tie_value, int16_t *consensus, uint64_t *ties,
                   struct err *e)
{
    size_t *counts = mem_new(k, sizeof(*counts), e);

    if (!counts)
        return ERR_NOMEM;
    *ties = 0;
    for (size_t i = 0; i < n_images; i++) {
        int16_t first = tie_first >= 0 ? columns[tie_first][i] : STATS_MISSING;
        size_t best;
        bool tied;

        memset(counts, 0, k * sizeof(*counts));
        for (size_t j = 0; j < n_annotators; j++)
            if (columns[j][i] >= 0)
                counts[columns[j][i]]++;
        best = most_voted(counts, k, &tied);
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
struct flip {
    size_t k, draws;
    size_t *votes;   /* [k] */
    int first;       /* the value that wins a tie it is part of; -1: none */
    double *wins;    /* [k] */
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

/* Where the annotator who settles ties is a coin too, its draw is one of the votes: the mean over
 * its values. */
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
static bool load_cell(struct flip *f, const int16_t *const columns[], const bool extra[],
                      size_t n_annotators, size_t i, int tie_first, size_t *before)
{
    int first = -1;

    memcpy(before, f->votes, f->k * sizeof(*before));
    before[f->k] = f->draws;
    before[f->k + 1] = (size_t)(f->first + 2);
    memset(f->votes, 0, f->k * sizeof(*f->votes));
    f->draws = 0;
    for (size_t j = 0; j < n_annotators; j++) {
        int16_t value = columns[j][i];

        if (value < 0)
            continue;
        if (extra[j])
            f->draws++;
        else
            f->votes[value]++;
        if ((int)j == tie_first)
            first = extra[j] ? -2 : value;
    }
    f->first = first;
    return memcmp(before, f->votes, f->k * sizeof(*before)) != 0 || before[f->k] != f->draws ||
           before[f->k + 1] != (size_t)(first + 2);
}

static int flip_cells(struct flip *f, size_t *before, const int16_t *const columns[],
                      const bool extra[], size_t n_annotators, size_t n_images, int tie_first,
                      double agree[], double decided[], struct err *e)
{
    double any = 0;

    for (size_t i = 0; i < n_images; i++) {
        if (load_cell(f, columns, extra, n_annotators, i, tie_first, before) || i == 0) {
            int first = f->first, rc = 0;

            if (f->draws > STATS_EXTRA_MAX) {
                err_set(e, ERR_LIMIT,
                        "too many extra votes on one cell for the coin-flip baseline");
                err_got(e, "%zu", f->draws);
                return err_expected(e, "at most %d", STATS_EXTRA_MAX);
            }
            if (first == -2)
                rc = settle_first_drawn(f, e);
            else
                settle(f);
            f->first = first;
            if (rc < 0)
                return rc;
            any = 0;
            for (size_t v = 0; v < f->k; v++)
                any += f->wins[v];
        }
        for (size_t j = 0; j < n_annotators; j++) {
            if (columns[j][i] < 0 || extra[j])
                continue;
            agree[j] += f->wins[columns[j][i]];
            decided[j] += any;
        }
    }
    return 0;
}

int stats_coin_flip(const int16_t *const columns[], const bool extra[], size_t n_annotators,
                    size_t n_images, size_t k, int tie_first, double agree[], double decided[],
                    struct err *e)
{
    struct flip f = { .k = k, .first = -1 };
    size_t *before = mem_new(k + 2, sizeof(*before), e);
    int rc = ERR_NOMEM;

    f.votes = mem_new(k, sizeof(*f.votes), e);
    f.wins = mem_new(k, sizeof(*f.wins), e);
    f.ways = mem_new(STATS_EXTRA_MAX + 1, sizeof(*f.ways), e);
    f.scratch = mem_new(STATS_EXTRA_MAX + 1, sizeof(*f.scratch), e);
    if (before && f.votes && f.wins && f.ways && f.scratch)
        rc = flip_cells(&f, before, columns, extra, n_annotators, n_images, tie_first, agree,
                        decided, e);
    free(before);
    free(f.votes);
    free(f.wins);
    free(f.ways);
    free(f.scratch);
    return rc;
}
