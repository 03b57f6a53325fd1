/* SPDX-License-Identifier: MIT
 *
 * accept_sets.c - many sets tested at once, with one promise about all of them.
 *
 * A graph of tests (Bretz, Maurer, Brannath, Posch 2009). Each start of each question holds a part
 * of alpha. It lies on the first set, from the start upwards, that is not accepted; a set is
 * accepted at the sum of what lies on it. What has come past the largest set of its question is
 * shared by all parts that have not, in proportion. Parts never shrink, and their sum never exceeds
 * alpha: so it is a sequentially rejective Bonferroni test (Hommel, Bretz, Maurer 2007).
 */
#include <math.h>
#include <stdlib.h>

#include "stats/accept.h"

/* One question under test. */
struct run {
    const struct stats_sets *sets;
    double *log_e;  /* [n_sets] */
    bool *accepted; /* [n_sets] */
    size_t at[STATS_STARTS];
};

static size_t first_open(const struct run *r, size_t set)
{
    while (set < r->sets->n_sets && r->accepted[set])
        set++;
    return set;
}

/* The part of alpha that has come past its question's largest set. */
static double set_free(const struct run *runs, size_t n)
{
    double share = 0;

    for (size_t q = 0; q < n; q++)
        for (size_t s = 0; s < runs[q].sets->n_starts; s++)
            if (runs[q].at[s] == runs[q].sets->n_sets)
                share += 1 / (double)(n * runs[q].sets->n_starts);
    return share;
}

/* What lies on the set on which the start's part does. */
static double level_of(const struct run *r, size_t start, double each)
{
    double parts = 0;

    for (size_t s = 0; s < r->sets->n_starts; s++)
        parts += r->at[s] == r->at[start];
    return each * parts / (double)r->sets->n_starts;
}

/* Accepts what a question's parts reach, where a question holds `each`. Did any? */
static bool climb(struct run *r, double each, struct stats_accepted *out)
{
    bool any = false;

    for (size_t s = 0; s < r->sets->n_starts; s++) {
        size_t set = r->at[s];
        double level;

        if (set == r->sets->n_sets)
            continue;
        level = level_of(r, s, each);
        if (r->log_e[set] < -log(level))
            continue;
        any = r->accepted[set] = true;
        if (out->set == STATS_NONE || set > out->set) {
            out->set = set;
            out->alpha = level;
        }
        for (size_t t = 0; t < r->sets->n_starts; t++)
            r->at[t] = first_open(r, r->at[t]);
    }
    return any;
}

/* Of the sets under test that are larger than the one accepted, that which lacks least. */
static void look_ahead(const struct run *r, double each, struct stats_accepted *out)
{
    double least = INFINITY;

    for (size_t s = 0; s < r->sets->n_starts; s++) {
        size_t set = r->at[s];
        double level = level_of(r, s, each), lacks;

        if (set == r->sets->n_sets || (out->set != STATS_NONE && set < out->set))
            continue;
        lacks = -log(level) - r->log_e[set];
        if (out->next == STATS_NONE || lacks <= least) {
            least = lacks;
            out->next = set;
            out->next_alpha = level;
        }
    }
}

static void run_all(struct run *runs, size_t n, double alpha, struct stats_accepted *out)
{
    double each = alpha / (double)n;
    bool any = true;

    while (any) {
        double free_share = set_free(runs, n);

        any = false;
        if (free_share < 1 - 1e-9)
            each = alpha / (double)n / (1 - free_share);
        for (size_t q = 0; q < n; q++)
            if (climb(&runs[q], each, &out[q]))
                any = true;
    }
    for (size_t q = 0; q < n; q++)
        look_ahead(&runs[q], each, &out[q]);
}

static int check_starts(const struct stats_sets *s, struct err *e)
{
    bool good = s->n_starts > 0 && s->n_starts <= STATS_STARTS;

    for (size_t i = 0; good && i < s->n_starts; i++)
        good = s->starts[i] < s->n_sets && (i == 0 || s->starts[i] > s->starts[i - 1]);
    if (!good)
        return err_set(e, ERR_ARG, "the starts of a question's sets are not ascending sets");
    return 0;
}

static int total_sets(const struct stats_sets *questions, size_t n, size_t *total, struct err *e)
{
    *total = 0;
    for (size_t q = 0; q < n; q++) {
        int rc = check_starts(&questions[q], e);

        if (rc < 0)
            return rc;
        if (!size_add(*total, questions[q].n_sets, total))
            return err_set(e, ERR_LIMIT, "more sets than memory has room for");
    }
    return 0;
}

int stats_accept_sets(const struct stats_sets *questions, size_t n, double alpha,
                      struct stats_accepted *out, struct err *e)
{
    size_t total, used = 0;
    int rc = total_sets(questions, n, &total, e);
    struct run *runs = rc < 0 ? NULL : mem_new(n, sizeof(*runs), e);
    double *log_e = runs ? mem_new(total, sizeof(*log_e), e) : NULL;
    bool *accepted = log_e ? mem_new(total, sizeof(*accepted), e) : NULL;

    for (size_t q = 0; accepted && q < n; q++) {
        const struct stats_sets *s = &questions[q];

        runs[q] = (struct run){ .sets = s, .log_e = log_e + used, .accepted = accepted + used };
        for (size_t i = 0; i < s->n_sets; i++)
            log_e[used++] = stats_accept_log_e(s->strata + i * s->n_strata, s->n_strata, s->limit);
        for (size_t i = 0; i < s->n_starts; i++)
            runs[q].at[i] = s->starts[i];
        out[q] = (struct stats_accepted){ STATS_NONE, NAN, STATS_NONE, NAN };
    }
    if (accepted)
        run_all(runs, n, alpha, out);
    else if (rc == 0)
        rc = ERR_NOMEM;
    free(accepted);
    free(log_e);
    free(runs);
    return rc;
}

double stats_holm_log_e(const double *log_e, size_t n, double alpha, bool *given_up)
{
    size_t left = n;

    for (size_t i = 0; i < n; i++)
        given_up[i] = false;
    while (left > 0) {
        size_t best = n;

        for (size_t i = 0; i < n; i++)
            if (!given_up[i] && (best == n || log_e[i] > log_e[best]))
                best = i;
        if (log_e[best] < -log(alpha / (double)left))
            break;
        given_up[best] = true;
        left--;
    }
    return alpha / (double)(left > 0 ? left : 1);
}
