/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "stats/calibration.h"

#define SLOPE_LEAST 0.01
#define SLOPE_MOST  100.0

enum { ROUNDS = 200 }; /* a dozen do */

/* Newton's steps: one so small, relative to what it moves, leaves an error of about its square. */
#define LAST_STEP 1e-9
#define ROUNDING  1e-11 /* of a sum over many cells */

static double logit(double p)
{
    p = fmin(fmax(p, STATS_EPSILON), 1 - STATS_EPSILON);
    return log(p) - log1p(-p);
}

static double sigmoid(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

/* ---- ties ---- */

struct tie {     /* cells of one probability */
    double p, z; /* z: its logit */
    double weight, yes;
};

struct ties {
    struct tie *items;
    size_t n;
    uint64_t cells[2];          /* that came true, or did not */
    double weight, true_weight; /* scaled: a cell weighs 1 on average */
};

static void count_ties(struct ties *t, const struct stats_scored *sorted, size_t n,
                       uint32_t without)
{
    double scale;

    for (size_t i = 0; i < n; i++) {
        const struct stats_scored *c = &sorted[i];
        struct tie *last = t->n > 0 ? &t->items[t->n - 1] : NULL;

        if (c->fold == without)
            continue;
        if (!last || last->p != c->p) {
            last = &t->items[t->n++];
            *last = (struct tie){ .p = c->p, .z = logit(c->p) };
        }
        last->weight += c->weight;
        last->yes += c->truth ? c->weight : 0;
        t->cells[c->truth]++;
        t->weight += c->weight;
    }
    scale = (double)(t->cells[0] + t->cells[1]) / t->weight;
    for (size_t i = 0; i < t->n; i++) {
        t->items[i].weight *= scale;
        t->items[i].yes *= scale;
        t->true_weight += t->items[i].yes;
    }
    t->weight *= scale;
}

static int gather(struct ties *t, const struct stats_scored *sorted, size_t n, uint32_t without,
                  struct err *e)
{
    *t = (struct ties){ .items = mem_new(n, sizeof(*t->items), e) };
    if (!t->items)
        return ERR_NOMEM;
    count_ties(t, sorted, n, without);
    if (t->cells[0] > 0 && t->cells[1] > 0)
        return 0;
    free(t->items);
    t->items = NULL;
    return err_set(e, ERR_ARG, "calibration needs cells that are true and cells that are not");
}

/* ---- temperature ---- */

/* The derivative of the log loss by the slope, and the second. */
static double slope_gradient(const struct ties *t, double slope, double *second)
{
    double first = 0;

    *second = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct tie *at = &t->items[i];
        double s = sigmoid(slope * at->z);

        first += (at->weight * s - at->yes) * at->z;
        *second += at->weight * s * (1 - s) * at->z * at->z;
    }
    return first;
}

/* The loss is convex: its derivative's only zero, by Newton's steps between two bounds. */
static double best_slope(const struct ties *t)
{
    double low = SLOPE_LEAST, high = SLOPE_MOST, slope = 1, second;
    double at_low = slope_gradient(t, low, &second), at_high = slope_gradient(t, high, &second);

    if (at_low == 0 && at_high == 0)
        return 1; /* all are 1/2 */
    if (at_low >= 0)
        return low;
    if (at_high <= 0)
        return high;
    for (int round = 0; round < ROUNDS && high - low > 1e-12 * high; round++) {
        double first = slope_gradient(t, slope, &second), next = slope - first / second;

        if (first > 0)
            high = slope;
        else
            low = slope;
        if (!(next > low && next < high))
            next = (low + high) / 2;
        if (fabs(next - slope) < LAST_STEP * slope)
            return next;
        slope = next;
    }
    return slope;
}

/* ---- Platt ---- */

struct line {
    double slope, intercept;
};

struct targets { /* of the true and of the others */
    double yes, no;
};

static double target_of(const struct tie *at, const struct targets *t)
{
    return at->yes * t->yes + (at->weight - at->yes) * t->no;
}

static double line_loss(const struct ties *t, const struct targets *targets, struct line l)
{
    double sum = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct tie *at = &t->items[i];
        double z = l.slope * at->z + l.intercept;
        double log_one = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)); /* log(1 + e^z) */

        sum += at->weight * log_one - target_of(at, targets) * z;
    }
    return sum;
}

/* Newton's step. */
static struct line line_step(const struct ties *t, const struct targets *targets, struct line l)
{
    double g[2] = { 0, 0 }, h[3] = { 0, 0, 0 }, determinant;

    for (size_t i = 0; i < t->n; i++) {
        const struct tie *at = &t->items[i];
        double s = sigmoid(l.slope * at->z + l.intercept), w = at->weight * s * (1 - s);
        double away = at->weight * s - target_of(at, targets);

        g[0] += away * at->z;
        g[1] += away;
        h[0] += w * at->z * at->z;
        h[1] += w * at->z;
        h[2] += w;
    }
    determinant = h[0] * h[2] - h[1] * h[1];
    if (!(determinant > 0))
        return (struct line){ 0, 0 };
    return (struct line){ (h[2] * g[0] - h[1] * g[1]) / determinant,
                          (h[0] * g[1] - h[1] * g[0]) / determinant };
}

static struct line best_line(const struct ties *t)
{
    double no = t->weight - t->true_weight;
    const struct targets targets = { (t->true_weight + 1) / (t->true_weight + 2), 1 / (no + 2) };
    double rate = (t->true_weight * targets.yes + no * targets.no) / t->weight, loss;
    struct line l = { 0, log(rate) - log1p(-rate) };

    if (t->items[0].z == t->items[t->n - 1].z) /* one value: nothing to draw a line through */
        return l;
    loss = line_loss(t, &targets, l);
    for (int round = 0; round < ROUNDS; round++) {
        struct line step = line_step(t, &targets, l), next;
        double part = 1, most = loss + ROUNDING * fabs(loss);

        do {
            next =
                (struct line){ l.slope - part * step.slope, l.intercept - part * step.intercept };
            loss = line_loss(t, &targets, next);
            part /= 2;
        } while (!(loss <= most) && part > LAST_STEP);
        l = next;
        if (fabs(step.slope) + fabs(step.intercept) < LAST_STEP * (1 + fabs(l.slope)))
            break;
    }
    return l;
}

/* ---- isotonic ---- */

static int fit_steps(struct stats_fit *f, const struct ties *t, struct err *e)
{
    struct stats_step *s = mem_new(t->n, sizeof(*s), e);
    size_t n = 0;

    if (!s)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->n; i++) {
        const struct tie *at = &t->items[i];

        s[n++] = (struct stats_step){ at->p, at->p, at->yes / at->weight, at->weight };
        for (; n > 1 && s[n - 2].value >= s[n - 1].value; n--) {
            struct stats_step *a = &s[n - 2], *b = &s[n - 1];

            a->value = (a->value * a->weight + b->value * b->weight) / (a->weight + b->weight);
            a->weight += b->weight;
            a->to = b->to;
        }
    }
    f->steps = s;
    f->n_steps = n;
    return 0;
}

static double step_value(const struct stats_fit *f, double p)
{
    size_t low = 0, high = f->n_steps;

    while (low < high) { /* the first step that ends at p or above */
        size_t middle = low + (high - low) / 2;

        if (f->steps[middle].to < p)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == f->n_steps)
        return f->steps[low - 1].value;
    if (low == 0 || p >= f->steps[low].from)
        return f->steps[low].value;
    return f->steps[low - 1].value + (f->steps[low].value - f->steps[low - 1].value) *
                                         (p - f->steps[low - 1].to) /
                                         (f->steps[low].from - f->steps[low - 1].to);
}

/* ---- all of them ---- */

int stats_fit(struct stats_fit *out, enum stats_fit_kind kind, const struct stats_scored *sorted,
              size_t n, uint32_t without, struct err *e)
{
    struct ties t;
    struct line l = { 1, 0 };
    int rc = gather(&t, sorted, n, without, e);

    *out = (struct stats_fit){ .kind = kind };
    if (rc < 0)
        return rc;
    out->n = t.cells[0] + t.cells[1];
    out->yes = t.cells[1];
    if (kind == STATS_FIT_TEMPERATURE)
        l.slope = best_slope(&t);
    else if (kind == STATS_FIT_PLATT)
        l = best_line(&t);
    else
        rc = fit_steps(out, &t, e);
    out->slope = l.slope;
    out->intercept = l.intercept;
    free(t.items);
    return rc;
}

double stats_fit_apply(const struct stats_fit *f, double p)
{
    if (isnan(p))
        return p;
    if (f->kind == STATS_FIT_ISOTONIC)
        return f->n_steps > 0 ? step_value(f, p) : p;
    return sigmoid(f->slope * logit(p) + f->intercept);
}

void stats_fit_release(struct stats_fit *f)
{
    free(f->steps);
    *f = (struct stats_fit){ 0 };
}
