/* SPDX-License-Identifier: MIT */
#include "stats/estimate.h"

#include <math.h>
#include <stdbool.h>

static double clip(double share)
{
    return share < 0 ? 0 : share > 1 ? 1 : share; /* NaN stays */
}

/* How many independent draws would give this standard error. */
static double effective_of(double share, double error)
{
    return share * (1 - share) / (error * error);
}

/* Wilson's for a share that was estimated as well as so many draws; where nothing varied among the
 * settled cells, `fallback` draws (infinite: the value is known). */
static struct stats_interval interval_of(const struct estimate *x, double fallback)
{
    double share = clip(x->value), n = effective_of(share, x->error);

    if (!(n > 0) || !isfinite(n))
        n = fallback;
    if (isinf(n))
        return (struct stats_interval){ share, share };
    return stats_wilson_share(share, n);
}

static void set_undefined(struct estimate *out)
{
    *out = (struct estimate){ .value = NAN, .error = NAN, .interval = { NAN, NAN }, .lambda = NAN };
}

/* ---- strata ---- */

void estimate_settle(struct estimate_stratum *h, double y, double f)
{
    h->n++;
    h->y += y;
    h->y2 += y * y;
    h->f += f;
    h->f2 += f * f;
    h->yf += y * f;
}

struct whole { /* of the strata with a settled cell */
    double cells, settled, all;
};

static struct whole whole_of(const struct estimate_stratum *strata, size_t n)
{
    struct whole w = { 0 };

    for (size_t i = 0; i < n; i++) {
        w.all += strata[i].cells;
        w.cells += strata[i].n > 0 ? strata[i].cells : 0;
        w.settled += strata[i].n;
    }
    return w;
}

/* The mean of y - lambda f over the settled cells. */
static double difference_mean(const struct estimate_stratum *h, double lambda)
{
    return (h->y - lambda * h->f) / h->n;
}

/* Its variance there; of a lonely cell its distance from `centre`. */
static double difference_variance(const struct estimate_stratum *h, struct estimate_power how,
                                  double centre)
{
    double mean = difference_mean(h, how.lambda);
    double squares = h->y2 - 2 * how.lambda * h->yf + how.lambda * how.lambda * h->f2;

    if (h->n > 1)
        return fmax(0, (squares - h->n * mean * mean) / (h->n - how.ddof));
    return (mean - centre) * (mean - centre);
}

static double centre_of(const struct estimate_stratum *strata, size_t n, double lambda,
                        double cells)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        if (strata[i].n > 0)
            sum += strata[i].cells / cells * difference_mean(&strata[i], lambda);
    return sum;
}

/* Kish's number of draws, for intervals where nothing varied; infinite where all cells are known.
 */
static double kish_of(const struct estimate_stratum *strata, size_t n, double cells, bool finite)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        const struct estimate_stratum *h = &strata[i];
        double share = h->cells / cells;

        if (h->n > 0)
            sum += share * share * (finite ? 1 - h->n / h->cells : 1) / h->n;
    }
    return 1 / sum;
}

/* ---- how often the guess is wrong ---- */

/* Of 0/1 guesses: a 1 that is wrong, or a 0, where a guess of that kind is in the stratum at all.
 */
enum mistake { WRONG_YES, MISSED_YES };

static bool can_happen(const struct estimate_stratum *h, enum mistake m)
{
    return h->n > 0 && (m == WRONG_YES ? h->guess > 0 : h->guess < h->cells);
}

static double mistakes_of(const struct estimate_stratum *h, enum mistake m)
{
    return (m == WRONG_YES ? h->f : h->y) - h->yf;
}

struct mistakes {
    double share;
    struct stats_interval interval;
};

/* The share of all cells with this mistake; Wilson's interval among the strata where it can happen.
 */
static struct mistakes find_mistakes(const struct estimate_stratum *strata, size_t n, double cells,
                                     enum mistake m)
{
    struct estimate rate = { 0 };
    double within = 0, variance = 0, kish = 0;

    for (size_t i = 0; i < n; i++)
        within += can_happen(&strata[i], m) ? strata[i].cells : 0;
    if (within <= 0)
        return (struct mistakes){ 0 };
    for (size_t i = 0; i < n; i++)
        if (can_happen(&strata[i], m))
            rate.value += strata[i].cells / within * mistakes_of(&strata[i], m) / strata[i].n;
    for (size_t i = 0; i < n; i++) {
        const struct estimate_stratum *h = &strata[i];
        double seen = mistakes_of(h, m), mean = seen / h->n, share = h->cells / within, part;

        if (!can_happen(h, m))
            continue;
        part = h->n > 1 ? (seen - seen * mean) / (h->n - 1)
                        : (mean - rate.value) * (mean - rate.value);
        variance += share * share * (1 - h->n / h->cells) * part / h->n;
        kish += share * share * (1 - h->n / h->cells) / h->n;
    }
    rate.error = sqrt(variance);
    rate.interval = interval_of(&rate, 1 / kish);
    return (struct mistakes){ within / cells * rate.value,
                              { within / cells * rate.interval.low,
                                within / cells * rate.interval.high } };
}

/* How far the truth may be below and above an estimate, 95 %. */
struct reach {
    double down, up;
};

/* theta is the guess's mean, less the wrong yes and with the missed ones: the method of variance
 * estimates recovery (Zou and Donner 2008) joins their intervals, which are skewed as they are. */
static struct reach reach_of(const struct estimate_stratum *strata, size_t n, double cells)
{
    struct mistakes wrong = find_mistakes(strata, n, cells, WRONG_YES);
    struct mistakes missed = find_mistakes(strata, n, cells, MISSED_YES);

    return (struct reach){
        hypot(missed.share - missed.interval.low, wrong.interval.high - wrong.share),
        hypot(missed.interval.high - missed.share, wrong.share - wrong.interval.low)
    };
}

static bool guesses_are_labels(const struct estimate_stratum *strata, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strata[i].guess != strata[i].guess2)
            return false;
    return true;
}

static struct stats_interval reached(double value, struct reach r)
{
    return (struct stats_interval){ clip(value - r.down), clip(value + r.up) };
}

void estimate_cells(const struct estimate_stratum *strata, size_t n, struct estimate *out)
{
    const struct estimate_power all = { .lambda = 1, .ddof = 1 };
    struct whole w = whole_of(strata, n);
    double variance = 0, centre = centre_of(strata, n, 1, w.cells);

    set_undefined(out);
    out->covered = w.cells / w.all;
    if (!(w.cells > 0))
        return;
    out->value = centre;
    out->settled = w.settled;
    out->lambda = 1;
    for (size_t i = 0; i < n; i++) {
        const struct estimate_stratum *h = &strata[i];
        double share = h->cells / w.cells;

        if (h->n == 0)
            continue;
        out->value += h->guess / w.cells;
        variance +=
            share * share * (1 - h->n / h->cells) * difference_variance(h, all, centre) / h->n;
    }
    out->error = sqrt(variance);
    out->interval = guesses_are_labels(strata, n)
                        ? reached(out->value, reach_of(strata, n, w.cells))
                        : interval_of(out, kish_of(strata, n, w.cells, true));
}

/* ---- a population ---- */

/* Cells without an answer of people, and what is guessed of them. */
struct unseen {
    double n, mean, variance; /* variance: with 1 / n or 1 / (n - ddof) */
};

static struct unseen unseen_of(const struct estimate_stratum *h, double ddof)
{
    struct unseen u = { .n = h->cells - h->n };

    if (u.n <= 0)
        return (struct unseen){ 0 };
    u.mean = (h->guess - h->f) / u.n;
    if (u.n > ddof)
        u.variance = fmax(0, (h->guess2 - h->f2 - u.n * u.mean * u.mean) / (u.n - ddof));
    return u;
}

/* Where the variance of the whole is least: the sum over strata of what Angelopoulos, Duchi and
 * Zrnic have for one, each with the square of its share. */
static double best_lambda(const struct estimate_stratum *strata, size_t n, double cells)
{
    double covariance = 0, variance = 0;

    for (size_t i = 0; i < n; i++) {
        const struct estimate_stratum *h = &strata[i];
        double share = h->cells / cells, unseen = h->cells - h->n;

        if (h->n < 2 || unseen < 1)
            continue;
        covariance += share * share * (h->yf - h->y * h->f / h->n) / h->n / h->n;
        variance += share * share * (h->guess2 - h->guess * h->guess / h->cells) / (h->cells - 1) *
                    (1 / h->n + 1 / unseen);
    }
    return variance > 0 ? clip(covariance / variance) : 0;
}

/* A stratum's mean and its variance, apart from how many cells of the population it has. */
static void population_part(const struct estimate_stratum *h, struct estimate_power how,
                            double centre, double *mean, double *variance)
{
    struct unseen u = unseen_of(h, how.ddof);

    if (u.n <= 0)
        how.lambda = 0; /* nothing is guessed */
    *mean = how.lambda * u.mean + difference_mean(h, how.lambda);
    *variance = difference_variance(h, how, centre) / h->n;
    if (u.n > 0)
        *variance += how.lambda * how.lambda * u.variance / u.n;
}

/* The mean of a population, and its variance: what is within strata of known size, and what their
 * sizes add, which are those of `cells` draws. */
struct population {
    double mean, within, sizes;
};

static struct population population_of(const struct estimate_stratum *strata, size_t n,
                                       struct estimate_power how, double cells)
{
    double centre = centre_of(strata, n, how.lambda, cells), squares = 0, mean, variance;
    struct population p = { 0 };

    for (size_t i = 0; i < n; i++) {
        double share = strata[i].cells / cells;

        if (strata[i].n == 0)
            continue;
        population_part(&strata[i], how, centre, &mean, &variance);
        p.mean += share * mean;
        squares += share * mean * mean;
        p.within += share * share * variance;
    }
    p.sizes = fmax(0, squares - p.mean * p.mean) / cells;
    return p;
}

/* Does everybody's guess within each stratum say the same? Then lambda changes nothing. */
static bool guesses_are_alike(const struct estimate_stratum *strata, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strata[i].guess != 0 && strata[i].guess != strata[i].cells)
            return false;
    return true;
}

/* These cells' reach, and that of drawing them. */
static struct reach population_reach(const struct estimate_stratum *strata, size_t n, double cells,
                                     double mean)
{
    struct reach r = reach_of(strata, n, cells);
    double drawing = STATS_Z95 * sqrt(clip(mean) * (1 - clip(mean)) / cells);

    return (struct reach){ hypot(r.down, drawing), hypot(r.up, drawing) };
}

void estimate_population(const struct estimate_stratum *strata, size_t n, struct estimate_power how,
                         struct estimate *out)
{
    struct whole w = whole_of(strata, n);
    struct population p;

    set_undefined(out);
    out->covered = w.cells / w.all;
    if (!(w.cells > 0))
        return;
    if (isnan(how.lambda))
        how.lambda = best_lambda(strata, n, w.cells);
    p = population_of(strata, n, how, w.cells);
    out->value = p.mean;
    out->error = sqrt(p.within + p.sizes);
    out->settled = w.settled;
    out->lambda = how.lambda;
    out->interval = guesses_are_labels(strata, n) && guesses_are_alike(strata, n)
                        ? reached(p.mean, population_reach(strata, n, w.cells, p.mean))
                        : interval_of(out, kish_of(strata, n, w.cells, false));
}

/* ---- a probability a cell ---- */

void estimate_active(const struct estimate_drawn *d, bool population, struct estimate *out)
{
    double sum = d->guess, squares = d->guess2, design = 0, weights = 0;

    set_undefined(out);
    out->covered = 1;
    if (d->n == 0)
        return;
    for (size_t i = 0; i < d->n; i++) {
        const struct estimate_cell *c = &d->drawn[i];
        double moved = (c->y - c->f) / c->pi;

        sum += moved;
        squares += (c->f + moved) * (c->f + moved) - c->f * c->f;
        design += (1 - c->pi) * moved * moved;
        weights += (population ? 1 : 1 - c->pi) / (c->pi * c->pi);
    }
    out->value = sum / d->cells;
    out->error = population ? sqrt(fmax(0, squares / d->cells - out->value * out->value) / d->cells)
                            : sqrt(design) / d->cells;
    out->settled = (double)d->n;
    out->lambda = 1;
    out->interval = interval_of(out, d->cells * d->cells / weights);
}

/* ---- people err, too ---- */

static double share_of(struct estimate_right r)
{
    return r.k / r.n;
}

/* With one right and one wrong answer more (Lang and Reiczigel; Agresti and Coull 1998), so that
 * few answers, all of them right, prove nothing. */
static struct estimate_right with_two_more(struct estimate_right r)
{
    return (struct estimate_right){ r.k + 1, r.n + 2 };
}

static double variance_of(struct estimate_right r)
{
    return share_of(r) * (1 - share_of(r)) / r.n;
}

static double corrected(double said, double sensitivity, double specificity)
{
    return (said + specificity - 1) / (sensitivity + specificity - 1);
}

/* Derivatives of what is corrected, by each of the three; and Lang and Reiczigel's shift. */
static struct stats_interval lang_reiczigel(double said, double n,
                                            struct estimate_right sensitivity,
                                            struct estimate_right specificity)
{
    struct estimate_right se = with_two_more(sensitivity), sp = with_two_more(specificity),
                          ap = { said * n + STATS_Z95 * STATS_Z95 / 2, n + STATS_Z95 * STATS_Z95 };
    double youden = share_of(se) + share_of(sp) - 1;
    double value = corrected(share_of(ap), share_of(se), share_of(sp));
    double by_se = value * variance_of(se), by_sp = (1 - value) * variance_of(sp);
    double half = STATS_Z95 * sqrt(variance_of(ap) + by_se * value + by_sp * (1 - value)) / youden;
    double centre = value + 2 * STATS_Z95 * STATS_Z95 * (by_se - by_sp);

    if (!(youden > 0))
        return (struct stats_interval){ NAN, NAN };
    return (struct stats_interval){ clip(centre - half), clip(centre + half) };
}

void estimate_rogan_gladen(const struct estimate *said, struct estimate_right sensitivity,
                           struct estimate_right specificity, struct estimate *out)
{
    double se = share_of(sensitivity), sp = share_of(specificity), n, variance;
    double value = corrected(clip(said->value), se, sp);

    set_undefined(out);
    if (!(se + sp > 1) || isnan(said->error))
        return;
    variance = said->error * said->error + value * value * variance_of(sensitivity) +
               (1 - value) * (1 - value) * variance_of(specificity);
    n = effective_of(clip(said->value), said->error);
    if (!(n > 0) || !isfinite(n))
        n = said->settled;
    *out = *said;
    out->value = clip(value);
    out->error = sqrt(variance) / (se + sp - 1);
    out->interval = lang_reiczigel(clip(said->value), n, sensitivity, specificity);
}

struct estimate_keep estimate_keep_by_gold(struct estimate_right gold)
{
    return (struct estimate_keep){ 2 * share_of(gold) - 1,
                                   2 * sqrt(variance_of(with_two_more(gold))) };
}

/* Two answers are alike with 1 - 2 e (1 - e) = (1 + keep^2) / 2. */
struct estimate_keep estimate_keep_by_repeats(struct estimate_right alike)
{
    double keep = sqrt(2 * share_of(alike) - 1);

    return (struct estimate_keep){ keep, sqrt(variance_of(with_two_more(alike))) / keep };
}

void estimate_symmetric(const struct estimate *said, struct estimate_keep keep,
                        struct estimate *out)
{
    double from_half = clip(said->value) - 0.5, by_keep;

    set_undefined(out);
    if (!(keep.keep > 0) || isnan(keep.error) || isnan(said->error))
        return;
    by_keep = from_half / (keep.keep * keep.keep) * keep.error;
    *out = *said;
    out->value = clip(0.5 + from_half / keep.keep);
    out->error = sqrt(said->error * said->error / (keep.keep * keep.keep) + by_keep * by_keep);
    out->interval =
        (struct stats_interval){ clip(0.5 + from_half / keep.keep - STATS_Z95 * out->error),
                                 clip(0.5 + from_half / keep.keep + STATS_Z95 * out->error) };
}
