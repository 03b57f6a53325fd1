/* SPDX-License-Identifier: MIT
 *
 * accept.c - e-values of a set's errors, strata drawn without replacement.
 *
 * An e-value is a ratio: above, a mixture of densities of what was seen, chosen before; below, the
 * greatest likelihood that any numbers of errors K_h give which the claim allows. Both are of the
 * ordered sequence of answers, so no binomial coefficient stands in either. Counts are doubles
 * here: the outlook looks at fractions of votes.
 */
#include <math.h>

#include "stats/accept.h"
#include "stats/factorial.h"

/* A stratum; mirrored where what is counted are the right ones. */
struct part {
    double cells, n, errors;
    bool whole;
};

/* A set as it is, or as it would be after more votes. */
struct view {
    const struct stats_seen *strata;
    size_t n;
    double limit;
    bool mirrored;
    double more; /* votes, for each unit of a stratum's share in them */
};

/* ---- sets ---- */

/* A stratum's share in the votes to come: as it had so far; one vote is spread over all cells, so
 * that a stratum that was never looked at gets some. */
static double share_of(const struct stats_seen *s, double cells)
{
    return (double)s->n + (double)s->cells / cells;
}

static double cells_of(const struct view *v)
{
    double cells = 0;

    for (size_t h = 0; h < v->n; h++)
        cells += (double)v->strata[h].cells;
    return cells;
}

/* At which errors are expected: as seen, or half the limit where little was seen and that well; the
 * half counts as 1 / limit votes. */
static double expected_rate(const struct part *p, double limit)
{
    double drawn = (p->errors + 0.5) / (p->n + 1 / limit);

    return p->n == 0 ? drawn : fmax(drawn, p->errors / p->n);
}

static struct part part_at(const struct view *v, size_t h, double cells)
{
    const struct stats_seen *s = &v->strata[h];
    struct part p = { (double)s->cells, (double)s->n, (double)s->errors, s->whole };

    if (v->more > 0) {
        double votes = fmin(p.cells - p.n, v->more * share_of(s, cells));

        p.errors += votes * expected_rate(&p, v->limit);
        p.n += votes;
        if (p.n == p.cells) /* all is known, and no fraction of a cell is wrong */
            p.errors = round(p.errors);
    }
    if (v->mirrored)
        p.errors = p.n - p.errors;
    return p;
}

/* ---- the likelihood, and where it is greatest ---- */

/* Of k errors in the stratum, the hypergeometric of one order of the answers. */
static double log_likelihood(const struct part *p, double k)
{
    if (p->whole)
        return 0;
    return log_falling(k, p->errors) + log_falling(p->cells - k, p->n - p->errors) -
           log_falling(p->cells, p->n);
}

static double fewest(const struct part *p)
{
    return ceil(p->errors);
}

static double most(const struct part *p)
{
    return fmax(fewest(p), floor(p->cells - (p->n - p->errors)));
}

/* Does the likelihood become at least `ratio` times as large from k to k + 1 errors? The factor,
 * (k + 1) / (k + 1 - errors) * (cells - k - right) / (cells - k), falls as k grows: the logarithm
 * is concave in k. */
static bool gains(const struct part *p, double k, double ratio)
{
    return (k + 1) * (p->cells - k - (p->n - p->errors)) >=
           ratio * (k + 1 - p->errors) * (p->cells - k);
}

/* The errors at which every step was taken that adds `gain` <= 0 or more to the logarithm: the root
 * of a quadratic, put right where rounding missed it. */
static double errors_at(const struct part *p, double gain)
{
    double low = fewest(p), high = most(p), ratio = exp(gain), loss = -expm1(gain);
    double a = p->cells + 1, c = ratio * p->errors * a;
    double b = ratio * p->errors + p->n - p->errors - loss * a;
    double k = sqrt(b * b + 4 * loss * c);

    if (p->n == 0 || p->whole)
        return high;
    k = floor(b > 0 ? 2 * c / (b + k) : (k - b) / (2 * loss));
    k = fmin(high, fmax(low, k));
    if (k < high && gains(p, k, ratio))
        k++;
    else if (k > low && !gains(p, k - 1, ratio))
        k--;
    return k;
}

static double total_at(const struct view *v, double cells, double gain)
{
    double total = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);

        total += errors_at(&p, gain);
    }
    return total;
}

/* The steps above `high` were taken, those above `low` are as good as equal: so many of them that
 * the errors are `total`. */
static double likelihood_between(const struct view *v, double cells, double low, double high,
                                 double total)
{
    double lacking = total - total_at(v, cells, high), sum = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);
        double k = errors_at(&p, high);
        double steps = fmax(0, fmin(lacking, errors_at(&p, low) - k));

        lacking -= steps;
        sum += log_likelihood(&p, k + steps);
    }
    return sum;
}

/* The greatest likelihood with `total` errors or more. Steps from the most likely numbers on are
 * taken in the order of their gain (Everett 1963); -INFINITY where what was seen allows no so many.
 */
static double greatest_likelihood(const struct view *v, double cells, double total)
{
    double possible = 0, low, high = 0, reached;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);

        possible += most(&p);
    }
    if (possible < total)
        return -INFINITY;
    if (total_at(v, cells, 0) >= total)
        return likelihood_between(v, cells, 0, 0, total);
    low = -2 * log(cells + 1) - 1; /* less than any possible step's */
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;

        reached = total_at(v, cells, middle);
        if (reached >= total)
            low = middle;
        else
            high = middle;
        if (reached == total)
            high = low;
        if (high <= low || (low + high) / 2 == low || (low + high) / 2 == high)
            break;
    }
    return likelihood_between(v, cells, low, high, total);
}

/* ---- the mixture above ---- */

enum { POINTS = 9 };

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b)
{
    double larger = fmax(a, b);

    return larger == -INFINITY ? larger : larger + log1p(exp(fmin(a, b) - larger));
}

static double times_log(double n, double p)
{
    return n == 0 ? 0 : n * log(p);
}

/* One rate of errors in all strata. Below the limit nine points, 0 to .8 of it in equal steps;
 * above it nine whose steps grow, as a rate that is far above is found out soon. */
static double log_common(double n, double errors, double limit, bool mirrored)
{
    double sum = -INFINITY;

    for (int i = 0; i < POINTS; i++) {
        double step = (i + 1) / (POINTS + 1.0);
        double p = mirrored ? (1 - limit) * (1 - step * step) : limit * i / (POINTS + 1.0);

        sum = log_add(sum, times_log(errors, p) + times_log(n - errors, 1 - p));
    }
    return sum - log(POINTS);
}

/* The density of one order under a rate drawn from Beta(a, b). */
static double log_beta_mixture(const struct part *p, double a, double b)
{
    return log_gamma(p->errors + a) + log_gamma(p->n - p->errors + b) - log_gamma(p->n + a + b) -
           (log_gamma(a) + log_gamma(b) - log_gamma(a + b));
}

/* A stratum whose rate is its own: about the limit, as the whole's is; above the limit it may be
 * any (Krichevsky and Trofimov 1981). */
static double log_own(const struct part *p, double limit, bool mirrored)
{
    double usual = fmin(fmax(limit, 0.001), 0.5);

    return log_beta_mixture(p, 0.5, mirrored ? 0.5 : 0.5 * (1 - usual) / usual);
}

static double log_mixture(const struct view *v, double cells)
{
    double n = 0, errors = 0, own = 0, common;
    size_t strata = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);

        if (p.cells == 0 || p.whole)
            continue;
        strata++;
        n += p.n;
        errors += p.errors;
        own += log_own(&p, v->limit, v->mirrored);
    }
    common = log_common(n, errors, v->limit, v->mirrored);
    return strata < 2 ? common : log_add(common, own) - log(2);
}

/* ---- e-values ---- */

/* limit * cells, a product that is a whole number but for rounding being one. */
static double allowed(double limit, double cells)
{
    double product = limit * cells, whole = round(product);

    return fabs(product - whole) <= 1e-12 * product ? whole : floor(product);
}

/* Against `total` of the counted ones or more. */
static double log_e_against(const struct view *v, double cells, double total)
{
    double below = greatest_likelihood(v, cells, total);

    return below == -INFINITY ? INFINITY : log_mixture(v, cells) - below;
}

static double log_e_at(const struct view *v)
{
    double cells = cells_of(v), errors = allowed(v->limit, cells);

    if (cells == 0)
        return 0;
    return log_e_against(v, cells, v->mirrored ? cells - errors : errors + 1);
}

double stats_accept_log_e(const struct stats_seen *strata, size_t n, double limit)
{
    return log_e_at(&(struct view){ strata, n, limit, false, 0 });
}

double stats_futile_log_e(const struct stats_seen *strata, size_t n, double limit)
{
    return log_e_at(&(struct view){ strata, n, limit, true, 0 });
}

double stats_accept_bound(const struct stats_seen *strata, size_t n, double limit, double alpha)
{
    const struct view v = { strata, n, limit, false, 0 };
    double cells = cells_of(&v), enough = -log(alpha);
    double open = 0, closed = cells + 1; /* totals that are not, and are, ruled out */

    if (cells == 0)
        return NAN;
    while (closed - open > 1) {
        double middle = floor((open + closed) / 2);

        if (log_e_against(&v, cells, middle) >= enough)
            closed = middle;
        else
            open = middle;
    }
    return (closed - 1) / cells;
}

/* ---- what more votes would do ---- */

/* The multiplier of the strata's shares that makes so many votes; strata that end give theirs to
 * the others. */
static double spread(const struct view *v, double cells, double votes)
{
    double used = 0, open = 0, more = 0, before = -1;

    while (more > before) { /* at most once a stratum: what has ended stays so */
        before = more;
        used = open = 0;
        for (size_t h = 0; h < v->n; h++) {
            double share = share_of(&v->strata[h], cells);
            double left = (double)(v->strata[h].cells - v->strata[h].n);

            if (more * share >= left)
                used += left;
            else
                open += share;
        }
        if (open > 0)
            more = (votes - used) / open;
    }
    return more;
}

static enum stats_decision decided(const struct view *now, const struct stats_promise *promise,
                                   double cells, double votes)
{
    struct view v = *now;

    if (votes > 0)
        v.more = spread(&v, cells, votes);
    if (log_e_at(&v) >= -log(promise->alpha))
        return STATS_ACCEPTED;
    v.mirrored = true;
    return log_e_at(&v) >= -log(promise->futile_alpha) ? STATS_FUTILE : STATS_UNDECIDED;
}

struct stats_outlook stats_accept_outlook(const struct stats_seen *strata, size_t n,
                                          const struct stats_promise *promise)
{
    const struct view v = { strata, n, promise->limit, false, 0 };
    double cells = cells_of(&v), left = cells, few = 0, many = 1;
    struct stats_outlook out = { 0, decided(&v, promise, cells, 0) };

    if (out.decision != STATS_UNDECIDED)
        return out;
    for (size_t h = 0; h < n; h++)
        left -= (double)strata[h].n;
    while (many < left && decided(&v, promise, cells, many) == STATS_UNDECIDED) {
        few = many;
        many *= 2;
    }
    many = fmin(many, left);
    while (many - few > 1) {
        double middle = floor((few + many) / 2);

        if (decided(&v, promise, cells, middle) == STATS_UNDECIDED)
            few = middle;
        else
            many = middle;
    }
    out.decision = left > 0 ? decided(&v, promise, cells, many) : STATS_UNDECIDED;
    out.votes = out.decision == STATS_UNDECIDED ? INFINITY : many;
    return out;
}
