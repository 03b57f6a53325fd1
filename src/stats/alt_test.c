/* SPDX-License-Identifier: MIT */
#include "stats/alt_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/student.h"

/* ---- sums ---- */

int stats_alt_init(struct stats_alt *a, size_t n_people, size_t n_images, struct err *e)
{
    size_t cells;

    *a = (struct stats_alt){ .n_people = n_people, .n_images = n_images };
    if (!size_mul(n_people, n_images, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine");
    a->nearer = mem_new(cells, sizeof(*a->nearer), e);
    a->items = mem_new(cells, sizeof(*a->items), e);
    a->as_good = mem_new(n_people, sizeof(*a->as_good), e);
    a->unanswered = mem_new(n_people, sizeof(*a->unanswered), e);
    if (a->nearer && a->items && a->as_good && a->unanswered)
        return 0;
    stats_alt_release(a);
    return ERR_NOMEM;
}

void stats_alt_release(struct stats_alt *a)
{
    free(a->nearer);
    free(a->items);
    free(a->as_good);
    free(a->unanswered);
    *a = (struct stats_alt){ 0 };
}

void stats_alt_clear(struct stats_alt *a)
{
    memset(a->nearer, 0, a->n_people * a->n_images * sizeof(*a->nearer));
    memset(a->items, 0, a->n_people * a->n_images * sizeof(*a->items));
    memset(a->as_good, 0, a->n_people * sizeof(*a->as_good));
    memset(a->unanswered, 0, a->n_people * sizeof(*a->unanswered));
}

/* How far a value is from what the people other than `but` say of image i; between two values the
 * sums order as the means and their roots do. */
static int64_t distance(enum stats_scale scale, int16_t value, const int16_t *const people[],
                        size_t n_people, size_t but, size_t i)
{
    int64_t sum = 0;

    for (size_t h = 0; h < n_people; h++) {
        int64_t step;

        if (h == but || people[h][i] < 0)
            continue;
        step = (int64_t)value - people[h][i];
        sum += scale == STATS_ORDINAL ? step * step : step != 0;
    }
    return sum;
}

static void add_item(struct stats_alt *a, enum stats_scale scale, int16_t model,
                     const int16_t *const people[], size_t j, size_t i)
{
    int64_t own = distance(scale, people[j][i], people, a->n_people, j, i);
    int64_t others = distance(scale, model, people, a->n_people, j, i);

    a->items[j * a->n_images + i]++;
    a->nearer[j * a->n_images + i] += (own < others) - (others < own);
    a->as_good[j] += others <= own;
}

void stats_alt_add(struct stats_alt *a, enum stats_scale scale, const int16_t *model,
                   const int16_t *const people[])
{
    for (size_t i = 0; i < a->n_images; i++) {
        size_t n = 0;

        for (size_t j = 0; j < a->n_people; j++)
            n += people[j][i] >= 0;
        for (size_t j = 0; n > 1 && j < a->n_people; j++) {
            if (people[j][i] < 0)
                continue;
            if (model[i] >= 0)
                add_item(a, scale, model[i], people, j, i);
            else
                a->unanswered[j]++;
        }
    }
}

/* ---- one person ---- */

/* One image's mean, less epsilon. */
struct deviation {
    double size;
    bool above;
};

static int by_size(const void *a, const void *b)
{
    double x = ((const struct deviation *)a)->size, y = ((const struct deviation *)b)->size;

    return (x > y) - (x < y);
}

/* The share of the 2^n ways to sign the ranks whose positive sum is at most `above`. ranks: twice
 * each, whole numbers though tied ones share their mean. */
static double share_at_most(const unsigned *ranks, size_t n, unsigned above)
{
    double ways[STATS_ALT_IMAGES * (STATS_ALT_IMAGES + 1) + 1] = { 1 }, sum = 0;
    unsigned most = 0;

    for (size_t i = 0; i < n; i++) {
        most += ranks[i];
        for (unsigned s = most + 1; s-- > ranks[i];)
            ways[s] += ways[s - ranks[i]];
    }
    for (unsigned s = 0; s <= above; s++)
        sum += ways[s];
    return ldexp(sum, -(int)n);
}

/* Wilcoxon 1945, exact, ties by their mean ranks; what is 0 is left out. */
static double signed_rank(struct deviation *all, size_t n)
{
    const double same = 1e-9; /* of sizes, which are small fractions less epsilon */
    unsigned ranks[STATS_ALT_IMAGES], above = 0;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].size > same)
            all[kept++] = all[i];
    if (kept > 1)
        qsort(all, kept, sizeof(*all), by_size);
    for (size_t i = 0, end; i < kept; i = end) {
        for (end = i + 1; end < kept && all[end].size - all[i].size <= same;)
            end++;
        for (size_t k = i; k < end; k++) {
            ranks[k] = (unsigned)(i + 1 + end);
            above += all[k].above ? ranks[k] : 0;
        }
    }
    return share_at_most(ranks, kept, above);
}

static double rank_test(const struct stats_alt *a, size_t j, double epsilon)
{
    struct deviation all[STATS_ALT_IMAGES];
    size_t n = 0;

    for (size_t i = 0; i < a->n_images && n < STATS_ALT_IMAGES; i++) {
        size_t at = j * a->n_images + i;
        double x;

        if (a->items[at] == 0)
            continue;
        x = (double)a->nearer[at] / (double)a->items[at] - epsilon;
        all[n++] = (struct deviation){ fabs(x), x > 0 };
    }
    return signed_rank(all, n);
}

/* Where nothing varies the mean is known: 0 below epsilon, else 1. */
static double t_test(const struct stats_alt *a, size_t j, const struct stats_alt_person *person,
                     double epsilon)
{
    double n = (double)person->images, squares = 0, error;

    for (size_t i = 0; i < a->n_images; i++) {
        size_t at = j * a->n_images + i;
        double off = a->nearer[at] - person->nearer * a->items[at];

        squares += off * off;
    }
    error = sqrt(n / (n - 1) * squares) / (double)person->items;
    if (!(error > 1e-12))
        return person->nearer < epsilon ? 0 : 1;
    return stats_student_below((person->nearer - epsilon) / error, n - 1);
}

static void test_person(const struct stats_alt *a, size_t j, const struct stats_alt_rule *rule,
                        struct stats_alt_person *out)
{
    int64_t nearer = 0;

    *out = (struct stats_alt_person){ .unanswered = a->unanswered[j], .p = NAN };
    for (size_t i = 0; i < a->n_images; i++) {
        out->items += a->items[j * a->n_images + i];
        out->images += a->items[j * a->n_images + i] > 0;
        nearer += a->nearer[j * a->n_images + i];
    }
    out->as_good = (double)a->as_good[j] / (double)out->items;
    out->nearer = (double)nearer / (double)out->items;
    if (out->images < 2 || out->images < rule->min_images)
        return;
    out->test = out->images < STATS_ALT_IMAGES ? STATS_ALT_SIGNED_RANK : STATS_ALT_T;
    out->p = out->test == STATS_ALT_T ? t_test(a, j, out, rule->epsilon)
                                      : rank_test(a, j, rule->epsilon);
}

/* ---- all people ---- */

static int by_p(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Which p are so small that of those rejected a share of q at most is expected to be wrong, however
 * they depend on each other (Benjamini and Yekutieli 2001); sorts them. -1: none. */
static double largest_rejected(double *p, size_t n, double q)
{
    double harmonic = 0, largest = -1;

    for (size_t i = 1; i <= n; i++)
        harmonic += 1 / (double)i;
    if (n > 1)
        qsort(p, n, sizeof(*p), by_p);
    for (size_t i = 0; i < n; i++)
        if (p[i] <= (double)(i + 1) / (double)n * q / harmonic)
            largest = p[i];
    return largest;
}

int stats_alt_test(const struct stats_alt *a, const struct stats_alt_rule *rule,
                   struct stats_alt_person *people, struct stats_alt_verdict *out, struct err *e)
{
    double *p = mem_new(a->n_people, sizeof(*p), e), largest, as_good = 0;

    if (!p)
        return ERR_NOMEM;
    *out = (struct stats_alt_verdict){ 0 };
    for (size_t j = 0; j < a->n_people; j++) {
        test_person(a, j, rule, &people[j]);
        if (people[j].test == STATS_ALT_NONE)
            continue;
        p[out->tested++] = people[j].p;
        as_good += people[j].as_good;
    }
    largest = largest_rejected(p, out->tested, rule->q);
    for (size_t j = 0; j < a->n_people; j++) {
        people[j].beaten = people[j].p <= largest; /* NaN compares false */
        out->beaten += people[j].beaten;
    }
    free(p);
    out->winning_rate = (double)out->beaten / (double)out->tested;
    out->advantage = as_good / (double)out->tested;
    out->decided = out->tested >= STATS_ALT_PEOPLE;
    out->passed = out->decided && 2 * out->beaten >= out->tested;
    return 0;
}

/* ---- beforehand ---- */

/* What p must not exceed where exactly half of the people are beaten. */
static double level_of(const struct stats_alt_plan *p)
{
    size_t half = (p->people + 1) / 2;
    double harmonic = 0;

    for (size_t i = 1; i <= p->people; i++)
        harmonic += 1 / (double)i;
    return (double)half / (double)p->people * p->q / harmonic;
}

/* Of a value that is 1, 0 or -1. */
static double deviation_of(const struct stats_alt_plan *p)
{
    return sqrt(fmax(p->differ - p->nearer * p->nearer, 0));
}

uint64_t stats_alt_items(const struct stats_alt_plan *p, double power)
{
    double z = stats_normal_quantile(power) - stats_normal_quantile(level_of(p));
    double root = z * deviation_of(p) / (p->epsilon - p->nearer);
    double n = ceil(root * root);

    if (p->nearer >= p->epsilon || !(n < 1e15))
        return 0;
    return n < STATS_ALT_IMAGES ? STATS_ALT_IMAGES : (uint64_t)n;
}

double stats_alt_power(const struct stats_alt_plan *p, uint64_t items)
{
    double error = deviation_of(p) / sqrt((double)items);

    if (!(error > 0))
        return p->nearer < p->epsilon ? 1 : 0;
    return stats_normal_below((p->epsilon - p->nearer) / error +
                              stats_normal_quantile(level_of(p)));
}
