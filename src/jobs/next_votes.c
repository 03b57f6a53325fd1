/* SPDX-License-Identifier: MIT */
#include "jobs/next_votes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(struct frontier *out, const struct frontier_votes *v)
{
    if (out->n_votes < FRONTIER_WAYS)
        out->votes[out->n_votes++] = *v;
}

/* [cells] which somebody's extra votes are on already. */
static bool *voted_cells(const struct frontier_sources *from, size_t cells, struct err *e)
{
    bool *voted = mem_new(cells, sizeof(*voted), e);

    for (size_t a = 0; voted && a < from->data->n; a++)
        for (size_t i = 0; from->data->items[a].annotator->votes > 0 && i < cells; i++)
            voted[i] = voted[i] || from->data->items[a].labels.values[i] >= 0;
    return voted;
}

/* ---- disputes ---- */

/* Votes on disputes went against the first's label on a share k / n of them: so would the next. */
static void on_disputes(struct frontier *out, const struct frontier_sources *from,
                        const bool *voted)
{
    struct frontier_votes v = { .where = "disputes",
                                .unit = "labels put right",
                                .gain = NAN,
                                .interval = { NAN, NAN },
                                .assumes = "the disputes that are left are like those settled" };
    uint64_t n = 0, against = 0;

    if (!from->first || !from->second || !from->votes->values)
        return;
    for (size_t i = 0; i < out->cells; i++) {
        int16_t first = from->first->labels.values[i], second = from->second->labels.values[i];

        if (first < 0 || second < 0 || first == second)
            continue;
        v.open += !voted[i];
        if (!voted[i] || from->votes->values[i] < 0)
            continue;
        n++;
        against += from->votes->values[i] != first;
    }
    if (n > 0) {
        double votes = fmin(FRONTIER_VOTES, (double)v.open);

        v.interval = stats_wilson(against, n);
        v.gain = votes * (double)against / (double)n;
        v.interval.low *= votes;
        v.interval.high *= votes;
    }
    if (v.open + n > 0)
        add(out, &v);
}

/* ---- cells that the model is least certain of ---- */

/* The largest so far, the smallest of them first. */
struct largest {
    double at[FRONTIER_VOTES];
    size_t n;
};

static void keep_large(struct largest *l, double x)
{
    size_t i = 0;

    if (l->n == FRONTIER_VOTES && x <= l->at[0])
        return;
    if (l->n < FRONTIER_VOTES) {
        for (i = l->n++; i > 0 && l->at[i - 1] > x; i--)
            l->at[i] = l->at[i - 1];
        l->at[i] = x;
        return;
    }
    for (; i + 1 < l->n && l->at[i + 1] < x; i++)
        l->at[i] = l->at[i + 1];
    l->at[i] = x;
}

/* One less the probability of a label; NaN: it has none. */
static double uncertainty(const struct column *c, int16_t label, const float *p)
{
    double own = c->yesno ? (label == VALUE_YES ? p[0] : 1 - (double)p[0]) : p[label];

    return 1 - own;
}

static void on_uncertain(struct frontier *out, const struct frontier_sources *from,
                         const bool *voted)
{
    const struct task *t = from->data->project->task;
    const struct labelled *who = from->first ? from->first : from->data->items;
    struct frontier_votes v = { .where = "least certain",
                                .unit = "labels put right",
                                .interval = { NAN, NAN },
                                .assumes = "the model's probabilities are right, as they come: "
                                           "calibration says whether they are" };
    struct largest worst = { .n = 0 };
    size_t n = from->data->images.n;

    for (size_t c = 0; who->labels.probabilities && c < t->n_columns; c++)
        for (size_t i = 0; i < n; i++) {
            const float *p =
                who->labels.probabilities + i * t->n_probabilities + t->columns[c].probability;
            int16_t label = who->labels.values[c * n + i];
            double u =
                label >= 0 && !voted[c * n + i] ? uncertainty(&t->columns[c], label, p) : NAN;

            if (isnan(u))
                continue;
            v.open++;
            keep_large(&worst, u);
        }
    for (size_t i = 0; i < worst.n; i++)
        v.gain += worst.at[i];
    if (worst.n > 0)
        add(out, &v);
}

/* ---- questions that a few votes would decide ---- */

struct choice {
    double votes, cells;
};

static int by_worth(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    double p = x->cells / x->votes, q = y->cells / y->votes;

    return (p < q) - (p > q);
}

/* Questions that the votes seen so far would have accepted, those that give most a vote first; of
 * the last one its part. */
static int on_questions(struct frontier *out, const struct frontier_sources *from, struct err *e)
{
    const struct verdicts *all = &from->acceptance->verdicts;
    struct choice *choices = mem_new(all->n, sizeof(*choices), e);
    struct frontier_votes v = { .where = "deciding questions",
                                .unit = "labels accepted",
                                .interval = { NAN, NAN },
                                .assumes = "errors come at the rate seen so far; a question that "
                                           "needs more votes counts in part" };
    double left = FRONTIER_VOTES;
    size_t n = 0;

    if (!choices)
        return ERR_NOMEM;
    for (size_t k = 0; k < all->n; k++) {
        const struct verdict_set *s = &all->items[k].sides[all->promise.side];

        if (all->items[k].kind != VERDICT_UNDECIDED || !isfinite(s->votes) || s->votes <= 0 ||
            !(s->error <= all->promise.max_error))
            continue;
        choices[n++] = (struct choice){ s->votes, (double)s->cells };
        v.open += s->cells;
    }
    if (n > 0)
        qsort(choices, n, sizeof(*choices), by_worth);
    for (size_t k = 0; k < n && left > 0; k++) {
        double share = fmin(left / choices[k].votes, 1);

        v.gain += share * choices[k].cells;
        left -= share * choices[k].votes;
    }
    free(choices);
    if (!from->acceptance->why && all->n > 0)
        add(out, &v);
    return 0;
}

int next_votes(struct frontier *out, const struct frontier_sources *from, struct err *e)
{
    bool *voted;
    int rc;

    if (from->data->n == 0)
        return 0;
    voted = voted_cells(from, out->cells, e);
    if (!voted)
        return ERR_NOMEM;
    on_disputes(out, from, voted);
    on_uncertain(out, from, voted);
    rc = on_questions(out, from, e);
    free(voted);
    return rc;
}
