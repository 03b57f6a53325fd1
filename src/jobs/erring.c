/* SPDX-License-Identifier: MIT */
#include "jobs/erring.h"

#include <math.h>
#include <string.h>

#include "store/review.h"

struct reading {
    const struct task *task;
    struct store_items items;
    struct erring *out;
};

static int note_answer(void *data, const struct store_answer *a)
{
    struct reading *r = data;
    size_t item = store_items_find(&r->items, a->item);
    const struct store_item *known = item == SIZE_MAX ? NULL : &r->items.items[item];
    const struct column *column = known ? &r->task->columns[known->column] : NULL;
    struct estimate_right *right;
    int16_t value = VALUE_MISSING;
    unsigned codings = 0;

    if (!known || known->kind != REVIEW_GOLD || known->known < 0 || !column->yesno || a->undone ||
        a->copy_of != 0 || a->kind != ANSWER_VALUE ||
        !task_read_value(column, a->value, strlen(a->value), &value, &codings) || value < 0)
        return 0;
    right = known->known == VALUE_YES ? &r->out->known_yes : &r->out->known_no;
    right->n++;
    right->k += value == known->known;
    return 0;
}

int erring_load(struct erring *out, const struct dataset *d, const struct review_figures *review,
                struct err *e)
{
    struct reading r = { .task = d->project->task, .out = out };
    int rc;

    *out = (struct erring){ 0 };
    for (size_t i = 0; i < review->n_people; i++) {
        const struct review_person *p = &review->people[i];

        if (p->repeats == 0)
            continue;
        out->repeats.n += (double)p->repeats;
        out->repeats.k += round(p->repeat_consistency * (double)p->repeats);
    }
    rc = store_items_load(d->project->store, r.task, &d->images, &r.items, e);
    if (rc == 0)
        rc = store_answers(d->project->store, (struct store_answer_reader){ note_answer, &r }, e);
    store_items_release(&r.items);
    return rc;
}

/* What a majority of n votes of people keeps, where there is one, of whom each is right with
 * probability (1 + keep) / 2. */
static double majority_keep(double keep, int n)
{
    double right = (1 + keep) / 2, ways = 1, won = 0, lost = 0;

    for (int k = 0; 2 * k < n; k++) { /* k are outvoted */
        won += ways * pow(right, n - k) * pow(1 - right, k);
        lost += ways * pow(1 - right, n - k) * pow(right, k);
        ways *= (double)(n - k) / (k + 1);
    }
    return (won - lost) / (won + lost);
}

static double mean_keep(const struct erring *x, double keep)
{
    double sum = 0;

    for (int n = 1; n <= ERRING_VOTES; n++)
        sum += x->votes[n] * majority_keep(keep, n);
    return sum;
}

struct estimate_keep erring_keep(const struct erring *x)
{
    const double step = 1e-6;
    const struct estimate_right known = { x->known_yes.k + x->known_no.k,
                                          x->known_yes.n + x->known_no.n };
    struct estimate_keep one =
        known.n > 0 ? estimate_keep_by_gold(known) : estimate_keep_by_repeats(x->repeats);
    double mean = mean_keep(x, one.keep);

    if (!(one.keep > 0))
        return (struct estimate_keep){ NAN, NAN };
    return (struct estimate_keep){ mean,
                                   one.error * (mean - mean_keep(x, one.keep - step)) / step };
}
