/* SPDX-License-Identifier: MIT
 *
 * coefficients.c - what a coefficient makes of the cells: what agrees, what would by chance, and
 * how much either hangs on each cell.
 */
#include <math.h>
#include <stdlib.h>

#include "stats/ratings.h"
#include "stats/student.h"

/* The agreement that chance would give, and what a cell adds to it: constant + the sum of its
 * labels' terms, which is divided by their number where it is a mean. */
struct chance {
    double value, constant;
    const double *terms; /* [n_raters][k], or [k] for all raters */
    size_t stride;       /* k, or 0 */
    bool mean;
};

struct work {
    const struct stats_ratings *r;
    double *weights;    /* [k][k]; NULL: identity */
    double weights_sum; /* of all pairs of options */
    struct stats_rated counts;
    double labels;        /* of paired cells */
    double *shares;       /* [k] the mean over rated cells of a value's share */
    double *coincidences; /* [k] labels of paired cells */
    double *terms;        /* [n_raters][k] */
    double *rates;        /* [n_raters][k] of each rater's labels */
    double *given;        /* [n_raters] labels */
    struct arena arena;
};

static const int16_t *labels_at(const struct work *w, size_t i)
{
    return w->r->labels + i * w->r->n_raters;
}

static size_t count_labels(const struct work *w, size_t i)
{
    size_t m = 0;

    for (size_t j = 0; j < w->r->n_raters; j++)
        m += labels_at(w, i)[j] >= 0;
    return m;
}

static double weight(const struct work *w, size_t i, size_t j)
{
    return w->weights ? w->weights[i * w->r->k + j] : i == j;
}

/* The sum over ordered pairs of a cell's labels. */
static double pairs_of(const struct work *w, size_t i)
{
    const int16_t *x = labels_at(w, i);
    double sum = 0;

    for (size_t a = 0; a < w->r->n_raters; a++)
        for (size_t b = 0; b < w->r->n_raters; b++)
            if (a != b && x[a] >= 0 && x[b] >= 0)
                sum += weight(w, (size_t)x[a], (size_t)x[b]);
    return sum;
}

/* ---- weights ---- */

double stats_weight(enum stats_weights weights, size_t k, size_t i, size_t j)
{
    double d = i > j ? (double)(i - j) : (double)(j - i), most = (double)(k - 1);

    switch (weights) {
    case STATS_LINEAR: return 1 - d / most;
    case STATS_QUADRATIC: return 1 - d * d / (most * most);
    case STATS_PAIRS: return 1 - d * (d + 1) / (most * (most + 1));
    default: return d == 0;
    }
}

/* Labels from the middle of one option's to the middle of the other's: Krippendorff 2011. */
static double ranks_between(const struct work *w, size_t i, size_t j)
{
    double between = -(w->coincidences[i] + w->coincidences[j]) / 2;

    for (size_t v = i < j ? i : j; v <= (i < j ? j : i); v++)
        between += w->coincidences[v];
    return between * between;
}

static int make_weights(struct work *w, enum stats_weights weights, struct err *e)
{
    size_t k = w->r->k, cells;
    double most = ranks_between(w, 0, k - 1);

    w->weights_sum = (double)k;
    if (weights == STATS_IDENTITY)
        return 0;
    if (!size_mul(k, k, &cells))
        return err_set(e, ERR_LIMIT, "too many options: %zu", k);
    w->weights = arena_new(&w->arena, cells, sizeof(double), e);
    if (!w->weights)
        return ERR_NOMEM;
    w->weights_sum = 0;
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            double x = weights == STATS_RANKS ? 1 - ranks_between(w, i, j) / most
                                              : stats_weight(weights, k, i, j);

            w->weights[i * k + j] = x;
            w->weights_sum += x;
        }
    }
    return 0;
}

/* out[i]: the sum over j of weight(i, j) * shares[j]. */
static void weigh(const struct work *w, const double *shares, double *out)
{
    for (size_t i = 0; i < w->r->k; i++) {
        out[i] = w->weights ? 0 : shares[i];
        for (size_t j = 0; w->weights && j < w->r->k; j++)
            out[i] += weight(w, i, j) * shares[j];
    }
}

static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* ---- what the cells hold ---- */

static void count_shares(struct work *w)
{
    size_t k = w->r->k, n_raters = w->r->n_raters;

    for (size_t i = 0; i < w->r->n; i++) {
        size_t m = count_labels(w, i);
        double times = (double)w->r->times[i];

        for (size_t j = 0; j < n_raters; j++) {
            int16_t x = labels_at(w, i)[j];

            if (x < 0)
                continue;
            w->shares[x] += times / (double)m / (double)w->counts.rated;
            w->coincidences[x] += m > 1 ? times : 0;
            w->labels += m > 1 ? times : 0;
            w->rates[j * k + (size_t)x] += times;
            w->given[j] += times;
        }
    }
    for (size_t j = 0; j < n_raters; j++)
        for (size_t x = 0; x < k; x++)
            w->rates[j * k + x] /= w->given[j];
}

static int set_up(struct work *w, const struct stats_ratings *r, struct err *e)
{
    size_t cells;

    *w = (struct work){ .r = r, .counts = stats_ratings_count(r) };
    if (!size_mul(r->n_raters, r->k, &cells))
        return err_set(e, ERR_LIMIT, "too many raters: %zu", r->n_raters);
    w->shares = arena_new(&w->arena, r->k, sizeof(double), e);
    w->coincidences = arena_new(&w->arena, r->k, sizeof(double), e);
    w->terms = arena_new(&w->arena, cells, sizeof(double), e);
    w->rates = arena_new(&w->arena, cells, sizeof(double), e);
    w->given = arena_new(&w->arena, r->n_raters, sizeof(double), e);
    if (!w->shares || !w->coincidences || !w->terms || !w->rates || !w->given)
        return ERR_NOMEM;
    count_shares(w);
    return 0;
}

/* ---- chance ---- */

static struct chance gwet(struct work *w)
{
    double k = (double)w->r->k, scale = w->weights_sum / (k * (k - 1));

    for (size_t x = 0; x < w->r->k; x++)
        w->terms[x] = scale * (1 - w->shares[x]);
    return (struct chance){ .value = product(w->terms, w->shares, w->r->k),
                            .terms = w->terms,
                            .mean = true };
}

static struct chance fleiss(struct work *w)
{
    weigh(w, w->shares, w->terms);
    return (struct chance){ .value = product(w->terms, w->shares, w->r->k),
                            .terms = w->terms,
                            .mean = true };
}

static struct chance brennan_prediger(struct work *w)
{
    double value = w->weights_sum / ((double)w->r->k * (double)w->r->k);

    for (size_t x = 0; x < w->r->k; x++)
        w->terms[x] = value;
    return (struct chance){ .value = value, .terms = w->terms, .mean = true };
}

/* The mean over pairs of raters of what their rates would give. A rater without labels is none. */
static struct chance conger(struct work *w)
{
    struct chance c = { .terms = w->terms, .stride = w->r->k };
    double *others = w->coincidences; /* the sum of the rates of a rater's others; only alpha needs
                                         the coincidences */
    double raters = 0, n = (double)w->counts.rated;
    size_t k = w->r->k;

    for (size_t j = 0; j < w->r->n_raters; j++)
        raters += w->given[j] > 0;
    for (size_t j = 0; j < w->r->n_raters; j++) {
        double *terms = w->terms + j * k, *rates = w->rates + j * k, with_others, scale;

        if (!(w->given[j] > 0))
            continue;
        for (size_t x = 0; x < k; x++) {
            others[x] = 0;
            for (size_t g = 0; g < w->r->n_raters; g++)
                others[x] += g != j && w->given[g] > 0 ? w->rates[g * k + x] : 0;
        }
        weigh(w, others, terms);
        with_others = product(terms, rates, k) / (raters * (raters - 1));
        scale = n / w->given[j] / (raters * (raters - 1));
        for (size_t x = 0; x < k; x++)
            terms[x] = scale * terms[x] - with_others * n / w->given[j];
        c.value += with_others;
        c.constant += with_others;
    }
    return c;
}

/* ---- value and error ---- */

static double chance_of(const struct work *w, const struct chance *c, size_t i, size_t m)
{
    double sum = 0;

    for (size_t j = 0; j < w->r->n_raters; j++)
        if (labels_at(w, i)[j] >= 0)
            sum += c->terms[j * c->stride + (size_t)labels_at(w, i)[j]];
    return c->constant + (c->mean ? sum / (double)m : sum);
}

static double observed(const struct work *w)
{
    double sum = 0;

    for (size_t i = 0; i < w->r->n; i++) {
        double m = (double)count_labels(w, i);

        if (m > 1)
            sum += (double)w->r->times[i] * pairs_of(w, i) / (m * (m - 1));
    }
    return sum / (double)w->counts.paired;
}

/* Gwet 2014, 6.2: the variance of how much each cell moves the coefficient. */
static void estimate(const struct work *w, const struct chance *c, struct stats_estimate *out)
{
    double n = (double)w->counts.rated, factor = n / (double)w->counts.paired;
    double room = 1 - c->value, value = (observed(w) - c->value) / room, sum = 0;

    for (size_t i = 0; i < w->r->n; i++) {
        size_t m = count_labels(w, i);
        double own = 0, moved;

        if (m == 0)
            continue;
        if (m > 1)
            own = factor * (pairs_of(w, i) / (double)(m * (m - 1)) - c->value) / room;
        moved = own - 2 * (1 - value) * (chance_of(w, c, i, m) - c->value) / room - value;
        sum += (double)w->r->times[i] * moved * moved;
    }
    *out =
        (struct stats_estimate){ value, n > 1 ? sqrt(sum / (n * (n - 1))) : NAN, w->counts.rated };
}

/* Alpha leaves cells with one label out, and its agreement has a correction for small samples. */
static void estimate_alpha(const struct work *w, const struct chance *c, struct stats_estimate *out)
{
    double n = (double)w->counts.paired, mean = w->labels / n, agree = 0, sum = 0;
    double room = 1 - c->value, plain, corrected;

    for (size_t i = 0; i < w->r->n; i++) {
        double m = (double)count_labels(w, i);

        if (m > 1)
            agree += (double)w->r->times[i] * pairs_of(w, i) / (mean * (m - 1)) / n;
    }
    corrected = agree + (1 - agree) / w->labels;
    plain = (agree - c->value) / room;
    for (size_t i = 0; i < w->r->n; i++) {
        double m = (double)count_labels(w, i), more = (m - mean) / mean, own, by_chance, moved;

        if (!(m > 1))
            continue;
        own = pairs_of(w, i) / (mean * (m - 1)) - corrected * more;
        by_chance = chance_of(w, c, i, (size_t)m) / mean - c->value * more;
        moved = (own - c->value) / room - 2 * (1 - plain) * (by_chance - c->value) / room - plain;
        sum += (double)w->r->times[i] * moved * moved;
    }
    *out = (struct stats_estimate){ (corrected - c->value) / room,
                                    n > 1 ? sqrt(sum / (n * (n - 1))) : NAN, w->counts.paired };
}

static struct chance krippendorff(struct work *w)
{
    for (size_t x = 0; x < w->r->k; x++)
        w->rates[x] = w->coincidences[x] / w->labels;
    weigh(w, w->rates, w->terms);
    return (struct chance){ .value = product(w->terms, w->rates, w->r->k), .terms = w->terms };
}

static struct chance (*const chances[])(struct work *w) = {
    [STATS_GWET] = gwet,
    [STATS_FLEISS] = fleiss,
    [STATS_CONGER] = conger,
    [STATS_BRENNAN_PREDIGER] = brennan_prediger,
    [STATS_KRIPPENDORFF] = krippendorff,
};

int stats_coefficient(const struct stats_ratings *r, enum stats_coefficient which,
                      enum stats_weights weights, struct stats_estimate *out, struct err *e)
{
    struct chance chance;
    struct work w;
    int rc = set_up(&w, r, e);

    *out = (struct stats_estimate){ NAN, NAN, 0 };
    if (rc == 0 && w.counts.paired > 0 && r->k > 1)
        rc = make_weights(&w, weights, e);
    if (rc == 0 && w.counts.paired > 0 && r->k > 1) {
        chance = chances[which](&w);
        if (chance.value < 1 - 1e-12) /* else chance leaves no room; NaN: nothing varies */
            (which == STATS_KRIPPENDORFF ? estimate_alpha : estimate)(&w, &chance, out);
        if (weights == STATS_RANKS)
            out->error = NAN;
    }
    arena_release(&w.arena);
    return rc;
}

struct stats_interval stats_estimate_interval(const struct stats_estimate *e)
{
    double half;

    if (isnan(e->error) || e->n < 2)
        return (struct stats_interval){ NAN, NAN };
    half = e->error * stats_student_quantile(0.975, (double)e->n - 1);
    return (struct stats_interval){ e->value - half, fmin(e->value + half, 1) };
}

/* ---- as figures ---- */

enum { NO_FIGURE = STATS_FIGURES };

static const struct {
    enum stats_figure figure;
    int error; /* where its standard error goes */
    enum stats_coefficient which;
    enum stats_weights weights;
    bool ordinal, many; /* only of columns of that scale; of more than two raters */
} figures[] = {
    { STATS_AC1, STATS_AC1_ERROR, STATS_GWET, STATS_IDENTITY, false, false },
    { STATS_ALPHA, STATS_ALPHA_ERROR, STATS_KRIPPENDORFF, STATS_IDENTITY, false, false },
    { STATS_PABAK, NO_FIGURE, STATS_BRENNAN_PREDIGER, STATS_IDENTITY, false, false },
    { STATS_FLEISS_KAPPA, STATS_FLEISS_ERROR, STATS_FLEISS, STATS_IDENTITY, false, true },
    { STATS_CONGER_KAPPA, STATS_CONGER_ERROR, STATS_CONGER, STATS_IDENTITY, false, true },
    { STATS_LINEAR_AC2, NO_FIGURE, STATS_GWET, STATS_LINEAR, true, false },
    { STATS_QUADRATIC_AC2, NO_FIGURE, STATS_GWET, STATS_QUADRATIC, true, false },
    { STATS_ORDINAL_AC2, STATS_ORDINAL_AC2_ERROR, STATS_GWET, STATS_PAIRS, true, false },
    { STATS_INTERVAL_ALPHA, NO_FIGURE, STATS_KRIPPENDORFF, STATS_QUADRATIC, true, false },
    { STATS_ORDINAL_ALPHA, NO_FIGURE, STATS_KRIPPENDORFF, STATS_RANKS, true, false },
};

int stats_ratings_figures(const struct stats_ratings *r, enum stats_scale scale, bool errors,
                          double value[STATS_FIGURES], struct err *e)
{
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        struct stats_estimate estimate;
        int rc;

        if ((figures[i].ordinal && scale != STATS_ORDINAL) || (figures[i].many && r->n_raters < 3))
            continue;
        rc = stats_coefficient(r, figures[i].which, figures[i].weights, &estimate, e);
        if (rc < 0)
            return rc;
        value[figures[i].figure] = estimate.value;
        if (errors && figures[i].error != NO_FIGURE)
            value[figures[i].error] = estimate.error;
    }
    return 0;
}

struct stats_interval stats_figure_interval(const struct stats_ratings *r, enum stats_figure figure,
                                            const double value[STATS_FIGURES])
{
    const struct stats_rated c = stats_ratings_count(r);
    bool alpha = figure == STATS_ALPHA;
    const struct stats_estimate e = { value[figure],
                                      value[alpha ? STATS_ALPHA_ERROR : STATS_AC1_ERROR],
                                      alpha ? c.paired : c.rated };

    return stats_estimate_interval(&e);
}
