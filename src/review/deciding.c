/* SPDX-License-Identifier: MIT */
#include "review/deciding.h"

#include <math.h>
#include <stdlib.h>

enum {
    CHANGES = 20, /* answers between two looks */
    PAUSES = 20,  /* a look takes at most one part in so many of all time */
    TOLD_BY = 5,  /* people are told multiples of it */
};

bool deciding_is_due(const struct deciding *d)
{
    return d->changes >= CHANGES && clock_seconds() >= d->looked + PAUSES * d->took;
}

bool deciding_is_over(const struct deciding *d)
{
    return d->n > 0 && d->n_decided == d->n;
}

uint64_t deciding_told(const struct deciding *d)
{
    double votes = d->next == SIZE_MAX ? 0 : d->questions[d->next].votes;

    return (uint64_t)ceil(votes / TOLD_BY) * TOLD_BY;
}

static void take(struct deciding *d, const struct verdicts *v)
{
    d->promise = v->promise;
    d->n = v->n;
    d->n_decided = 0;
    d->next = SIZE_MAX;
    for (size_t i = 0; i < v->n; i++) {
        const struct verdict *of = &v->items[i];
        struct decided_question *q = &d->questions[of->column];

        /* An outlook of none, of a question that is open all the same, promises nothing. */
        *q = (struct decided_question){ true, of->kind, of->settled,
                                        of->votes > 0 ? of->votes : INFINITY };
        if (of->kind != VERDICT_UNDECIDED)
            d->n_decided++;
        else if (isfinite(q->votes) &&
                 (d->next == SIZE_MAX || q->votes < d->questions[d->next].votes))
            d->next = of->column;
    }
}

static int reach(struct deciding *d, const struct review_site *site, const struct sampled *sample,
                 struct err *e)
{
    const struct verdict_source source = { .task = site->task,
                                           .n_images = site->images->n,
                                           .labels = site->labels[0],
                                           .probabilities = site->probabilities,
                                           .columns = site->columns,
                                           .sample = sample };
    const struct promise promise = { .max_error = site->task->promise.max_error,
                                     .confidence = site->task->promise.confidence };
    struct verdicts v;
    int rc = 0;

    if (!d->questions)
        d->questions = mem_new(site->task->n_columns, sizeof(*d->questions), e);
    if (!d->questions)
        return ERR_NOMEM;
    rc = verdicts_reach(&v, &source, &promise, e);
    if (rc < 0)
        return rc;
    take(d, &v);
    verdicts_release(&v);
    d->design = sample->design;
    return 0;
}

int deciding_look(struct deciding *d, const struct review_site *site, struct err *e)
{
    double began = clock_seconds();
    struct sampled sample;
    int rc = 0;

    d->changes = 0;
    if (!site->labels[0])
        return 0;
    rc = sampled_load(&sample, site->store, site->task, site->images, SAMPLED_STRATA_OF, e);
    if (rc < 0)
        return rc;
    if (sample.design != 0 && sample.stratum_of)
        rc = reach(d, site, &sample, e);
    sampled_release(&sample);
    d->looked = clock_seconds();
    d->took = d->looked - began;
    return rc;
}

static bool goes_before(const struct decided_question *a, const struct decided_question *b)
{
    bool open = a->asked && a->kind == VERDICT_UNDECIDED;
    bool other = b->asked && b->kind == VERDICT_UNDECIDED;

    return open != other ? open : open && a->votes < b->votes;
}

void deciding_rank(const struct deciding *d, size_t n_columns, size_t *rank)
{
    for (size_t c = 0; c < n_columns; c++) {
        rank[c] = 0;
        for (size_t other = 0; other < n_columns; other++)
            rank[c] += goes_before(&d->questions[other], &d->questions[c]) ||
                       (other < c && !goes_before(&d->questions[c], &d->questions[other]));
    }
}

void deciding_release(struct deciding *d)
{
    free(d->questions);
    *d = (struct deciding){ 0 };
}
