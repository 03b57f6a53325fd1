/* SPDX-License-Identifier: MIT
 *
 * accept_plan.c - what acceptance will take, worked out before the first vote; and the exact bound
 * for a number of votes that was fixed before.
 */
#include <math.h>
#include <stdlib.h>

#include "stats/accept.h"
#include "stats/factorial.h"

/* ---- one look ---- */

/* log P(errors = k) of n cells drawn, `wrong` of all cells being wrong. */
static double log_mass(double cells, double wrong, double n, double k)
{
    if (k > wrong || n - k > cells - wrong)
        return -INFINITY;
    return log_falling(n, k) - log_gamma(k + 1) + log_falling(wrong, k) +
           log_falling(cells - wrong, n - k) - log_falling(cells, n);
}

/* P(errors <= k). From k down each mass follows from the one above it. */
static double at_most(double cells, double wrong, double n, double k)
{
    double start = fmin(k, fmin(wrong, n)), right = cells - wrong, mass, sum = 0;

    if (n - start > right) /* so few errors cannot be */
        return 0;
    if (k >= fmin(wrong, n))
        return 1;
    mass = exp(log_mass(cells, wrong, n, start));
    for (double i = start; i >= 0 && mass > 0; i--) {
        double before = mass;

        sum += mass;
        mass *= i * (right - n + i) / ((n - i + 1) * (wrong - i + 1));
        if (mass < before && mass < sum * 1e-17)
            break;
    }
    return fmin(1, sum);
}

double stats_exact_bound(uint64_t cells, uint64_t n, uint64_t errors, double alpha)
{
    double all = (double)cells, seen = (double)n, k = (double)errors;
    double open = k, closed = all - (seen - k) + 1; /* numbers that are not, and are, ruled out */

    if (n == 0)
        return 1;
    while (closed - open > 1) {
        double middle = floor((open + closed) / 2);

        if (at_most(all, middle, seen, k) <= alpha)
            closed = middle;
        else
            open = middle;
    }
    return open / all;
}

/* The most errors among n at which the set is accepted; below 0: none. They grow with n. */
static double most_errors(const struct stats_plan *p, double n, double errors)
{
    double wrong = floor(p->limit * (double)p->cells * (1 + 1e-12)) + 1;

    while (errors + 1 <= n && at_most((double)p->cells, wrong, n, errors + 1) <= p->alpha)
        errors++;
    return errors;
}

uint64_t stats_plan_fixed(const struct stats_plan *plan, double power, uint64_t most)
{
    double cells = (double)plan->cells, wrong = round(plan->rate * cells), errors = -1;

    for (uint64_t n = 1; n <= most && n <= plan->cells; n++) {
        errors = most_errors(plan, (double)n, errors);
        if (errors >= 0 && at_most(cells, wrong, (double)n, errors) >= power)
            return n;
    }
    return 0;
}

/* ---- a look after every vote ---- */

struct walk {
    double *at;   /* [room] the probability of so many errors, not yet accepted */
    size_t used;  /* of these, the first that may not be 0 any more */
    double still; /* not yet accepted */
};

/* One vote more, the n-th. */
static void vote(struct walk *w, const struct stats_plan *p, uint64_t n)
{
    double cells = (double)p->cells, wrong = round(p->rate * cells);
    double left = cells - (double)(n - 1);

    for (size_t k = w->used + 1; k-- > 0;) {
        double error = fmin(1, fmax(0, (wrong - (double)k) / left));
        double stays = w->at[k] * (1 - error), moves = w->at[k] * error;

        w->at[k] = stays;
        w->at[k + 1] += moves;
    }
    if (w->at[w->used + 1] > 1e-18) /* less of it changes nothing that is told */
        w->used++;
    else
        w->at[w->used + 1] = 0;
}

/* Takes out what is accepted after n votes. *bound: the most errors at which it is, as a number
 * from 1; it grows with n. */
static void accept_now(struct walk *w, const struct stats_plan *p, uint64_t n, uint64_t *bound)
{
    while (*bound <= n) {
        const struct stats_seen seen = { p->cells, n, *bound, false };

        if (stats_accept_log_e(&seen, 1, p->limit) < -log(p->alpha))
            break;
        ++*bound;
    }
    for (size_t k = 0; k < *bound && k <= w->used; k++) {
        w->still -= w->at[k];
        w->at[k] = 0;
    }
}

int stats_plan_votes(const struct stats_plan *plan, double power, uint64_t most,
                     struct stats_planned *out, struct err *e)
{
    uint64_t last = most < plan->cells ? most : plan->cells, bound = 0;
    struct walk w = { .still = 1 };
    size_t room;

    *out = (struct stats_planned){ 0 };
    if (!size_add(last, 2, &room))
        return err_set(e, ERR_LIMIT, "more votes than memory has room for");
    w.at = mem_new(room, sizeof(*w.at), e);
    if (!w.at)
        return ERR_NOMEM;
    w.at[0] = 1;
    for (uint64_t n = 1; n <= last && w.still > 1e-12; n++) {
        out->mean += w.still;
        vote(&w, plan, n);
        accept_now(&w, plan, n, &bound);
        if (out->votes == 0 && 1 - w.still >= power)
            out->votes = n;
    }
    out->reached = 1 - fmax(0, w.still);
    free(w.at);
    return 0;
}
