/* SPDX-License-Identifier: MIT
 *
 * accept.c - e-values of a set's errors, strata drawn without replacement.
 *
 * An e-value is a ratio: above, a mixture of densities of what was seen, chosen before; below, the
 * greatest likelihood that any numbers of errors K_h give which the claim allows. Of several strata
 * there are more, whose densities depend on K_h. All are of the ordered sequence of answers, so no
 * binomial coefficient stands in them. Counts are doubles here: the outlook looks at fractions of
 * votes.
 */
#include <math.h>

#include "stats/accept.h"
#include "stats/factorial.h"

/* A stratum; mirrored where what is counted are the right ones. */
struct part {
    double cells, n, errors;
    bool whole;
    double odds; /* of an error under the density above, to those under K_h; 0: not bet on so */
};

/* A set as it is, or as it would be after more votes. */
struct view {
    const struct stats_seen *strata;
    size_t n;
    double limit;
    bool mirrored;
    double more;     /* votes, for each unit of a stratum's share in them */
    double log_odds; /* of the stratum with the greatest weight; 0: not bet on so */
    double heaviest; /* that weight */
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
    struct part p = { (double)s->cells, (double)s->n, (double)s->errors, s->whole, 0 };

    if (v->log_odds < 0)
        p.odds = exp(v->log_odds * (v->heaviest > 0 ? s->weight / v->heaviest : 1));

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

static double most_errors(const struct view *v, double cells)
{
    double errors = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);

        errors += most(&p);
    }
    return errors;
}

/* The greatest likelihood with `total` errors or more, which are possible. Steps from the most
 * likely numbers on are taken in the order of their gain (Everett 1963). */
static double greatest_likelihood(const struct view *v, double cells, double total)
{
    double low, high = 0, reached;

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

static size_t strata_bet_on(const struct view *v)
{
    size_t n = 0;

    for (size_t h = 0; h < v->n; h++)
        n += v->strata[h].cells > 0 && !v->strata[h].whole;
    return n;
}

static double log_mixture(const struct view *v, double cells)
{
    double n = 0, errors = 0, own = 0, common;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);

        if (p.cells == 0 || p.whole)
            continue;
        n += p.n;
        errors += p.errors;
        own += log_own(&p, v->limit, v->mirrored);
    }
    common = log_common(n, errors, v->limit, v->mirrored);
    return strata_bet_on(v) < 2 ? common : log_add(common, own) - log(2);
}

/* ---- densities that depend on the errors ---- */

/* With K_h errors a stratum's odds of one are K_h to N_h - K_h; the density above has `odds` times
 * those, less where a cell stands for more. So the ratio is large where what was seen makes the
 * weighted sum of errors unlikely, in whichever strata they lie. The logarithm of a stratum's ratio
 * is convex in K_h: the least of all is found as the greatest likelihood is. */

/* The logarithm of likelihood to density. */
static double log_against(const struct part *p, double k)
{
    double right = p->n - p->errors;

    if (p->whole || p->n == 0)
        return 0;
    return log_likelihood(p, k) - times_log(p->errors, p->odds * k / p->cells) -
           times_log(right, (p->cells - k) / p->cells) +
           times_log(p->n, 1 - (1 - p->odds) * k / p->cells);
}

/* log(1 + x), for millions of small x. */
static double log_near_one(double x)
{
    return fabs(x) < 1e-3 ? x * (1 - x * (1.0 / 2 - x * (1.0 / 3 - x * (1.0 / 4 - x / 5))))
                          : log1p(x);
}

/* What the step from k - 1 to k errors adds to it: less with each. */
static double step_to(const struct part *p, double k)
{
    double right = p->n - p->errors, left = p->cells - k, tilt = 1 - p->odds;
    double drawn = (p->errors * (left + 1) - right * k) / ((left + 1) * (k - p->errors));
    double sum = log_near_one(drawn) + p->n * log_near_one(-tilt / (p->cells - tilt * (k - 1)));

    if (p->errors > 0)
        sum += p->errors * log_near_one(-1 / k);
    return right > 0 ? sum + right * log_near_one(1 / left) : sum;
}

/* Its derivative. */
static double slope_at(const struct part *p, double k)
{
    double right = p->n - p->errors, left = p->cells - k, tilt = 1 - p->odds;
    double rest = p->cells - tilt * k, sum = -p->n * tilt * tilt / (rest * (rest + tilt));

    if (p->errors > 0)
        sum += p->errors / (k * (k - 1)) - p->errors / (k * (k - p->errors));
    if (right > 0)
        sum += right / (left * (left + 1)) - right / ((left + 1) * (left + 1 - right));
    return sum;
}

/* The errors at which every step was taken that adds -1 / reach or more: by Newton's method, from
 * where an endless stratum has them. */
static double errors_within(const struct part *p, double reach)
{
    double low = fewest(p), high = most(p), from = low + 1, to = high, before, k;

    if (p->n == 0 || p->whole || low == high)
        return high;
    k = p->odds < 1 ? p->cells / (1 - p->odds) - p->n * reach : high;
    for (int i = 1; i < 200; i++) {
        double lacks;

        k = before = fmin(to, fmax(from, i % 4 == 0 ? (from + to) / 2 : k));
        lacks = step_to(p, k) + 1 / reach;
        if (lacks < 0 ? k == low + 1 : k == high)
            return lacks < 0 ? low : high;
        *(lacks < 0 ? &to : &from) = k;
        k -= lacks / slope_at(p, k);
        if (fabs(k - before) < 0.25 || to - from < 0.25)
            break;
    }
    k = floor(fmin(to, fmax(from, k)));
    for (int i = 0; i < 4 && k < high && step_to(p, k + 1) >= -1 / reach; i++)
        k++;
    for (int i = 0; i < 4 && k > low && step_to(p, k) < -1 / reach; i++)
        k--;
    return k;
}

/* grows: for each unit of reach, by how many; below 0. */
static double total_within(const struct view *v, double cells, double reach, double *grows)
{
    double total = 0;

    *grows = 0;
    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);
        double k = errors_within(&p, reach);

        total += k;
        if (k > fewest(&p) && k < most(&p))
            *grows += 1 / (reach * reach * slope_at(&p, k));
    }
    return total;
}

/* At most this is the sum for `total` errors or more, whatever the reach (Everett 1963), and where
 * the errors within reach are as many, it is this. */
static double sum_within(const struct view *v, double cells, double reach, double total)
{
    double sum = 0, found = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);
        double k = errors_within(&p, reach);

        found += k;
        sum += log_against(&p, k);
    }
    return isinf(reach) ? sum : sum + (found - total) / reach;
}

/* Where the errors within reach are `total` if strata are endless, none of them wrong altogether or
 * not at all: about where to begin. */
static double first_reach(const struct view *v, double cells, double total)
{
    double reach = -total, n = 0;

    for (size_t h = 0; h < v->n; h++) {
        struct part p = part_at(v, h, cells);
        bool bet = p.n > 0 && !p.whole && p.odds < 1;

        reach += bet ? p.cells / (1 - p.odds) : most(&p);
        n += bet ? p.n : 0;
    }
    return n > 0 ? reach / n : 1;
}

/* The logarithm of the least ratio that `total` errors or more give, `possible` of which can be. By
 * Newton's method for the reach, in which endless strata's errors are linear. */
static double least_ratio(const struct view *v, double cells, double total, double possible)
{
    /* no step adds less than -1 / near */
    double near = 1 / (2 * log(cells + 1) + 4 + exp(-v->log_odds)), far = INFINITY;
    double reach = possible > total ? first_reach(v, cells, total) : near;
    bool bounded = false; /* were too few within reach of some? */

    for (int i = 1; possible > total && i < 200; i++) {
        double past, grows;

        if (!(reach > near && reach < far) || i % 4 == 0)
            reach = isfinite(far) ? (near + far) / 2 : bounded ? 4 * near : INFINITY;
        past = total_within(v, cells, reach, &grows) - total;
        bounded = bounded || past < 0;
        if (past == 0 || (past > 0 && isinf(reach)) || fabs(past) * (1 / near - 1 / far) <= 1e-10)
            break;
        *(past > 0 ? &near : &far) = reach;
        reach -= past / grows;
    }
    return -sum_within(v, cells, fmax(near, fmin(reach, far)), total);
}

static double log_tilted(const struct view *v, double cells, double total, double possible)
{
    static const double odds[] = { 0.05, 0.2, 0.4, 0.6, 0.8 };
    double sum = -INFINITY;
    struct view tilted = *v;

    tilted.heaviest = 0;
    for (size_t h = 0; h < v->n; h++)
        if (v->strata[h].cells > 0)
            tilted.heaviest = fmax(tilted.heaviest, v->strata[h].weight);
    for (size_t i = 0; i < sizeof(odds) / sizeof(*odds); i++) {
        tilted.log_odds = log(odds[i]);
        sum = log_add(sum, least_ratio(&tilted, cells, total, possible));
    }
    return sum - log(sizeof(odds) / sizeof(*odds));
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
    double possible = most_errors(v, cells), fixed;

    if (possible < total)
        return INFINITY;
    fixed = log_mixture(v, cells) - greatest_likelihood(v, cells, total);
    if (v->mirrored || strata_bet_on(v) < 2)
        return fixed;
    return log_add(log(0.75) + log_tilted(v, cells, total, possible), log(0.25) + fixed);
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
    return log_e_at(&(struct view){ .strata = strata, .n = n, .limit = limit });
}

double stats_futile_log_e(const struct stats_seen *strata, size_t n, double limit)
{
    return log_e_at(&(struct view){ .strata = strata, .n = n, .limit = limit, .mirrored = true });
}

double stats_accept_bound(const struct stats_seen *strata, size_t n, double limit, double alpha)
{
    const struct view v = { .strata = strata, .n = n, .limit = limit };
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
    const struct view v = { .strata = strata, .n = n, .limit = promise->limit };
    double cells = cells_of(&v), left = cells, few = 0, many = 1;
    struct stats_outlook out = { 0, decided(&v, promise, cells, 0) };

    if (out.decision != STATS_UNDECIDED)
        return out;
    for (size_t h = 0; h < n; h++)
        left -= (double)strata[h].n;
    while (many < left && decided(&v, promise, cells, many) == STATS_UNDECIDED) {
        few = many;
        many *= 4;
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
