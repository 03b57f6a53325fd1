/* SPDX-License-Identifier: MIT
 *
 * ratings.c - cells by the labels that they have: a table of hashes over the kinds of cells.
 */
#include "stats/ratings.h"

#include <stdlib.h>
#include <string.h>

int stats_ratings_init(struct stats_ratings *r, size_t k, size_t n_raters, struct err *e)
{
    *r = (struct stats_ratings){ .k = k, .n_raters = n_raters, .n_slots = 64 };
    r->slots = mem_new(r->n_slots, sizeof(*r->slots), e);
    return r->slots ? 0 : ERR_NOMEM;
}

void stats_ratings_release(struct stats_ratings *r)
{
    free(r->labels);
    free(r->times);
    free(r->slots);
    *r = (struct stats_ratings){ 0 };
}

static uint64_t hash(const int16_t *labels, size_t n)
{
    uint64_t h = 0;

    for (size_t j = 0; j < n; j++)
        h = (h ^ (uint16_t)labels[j]) * 0x9e3779b97f4a7c15u; /* Fibonacci hashing: Knuth 6.4 */
    return h ^ h >> 32;
}

/* The slot of a kind of cells, or the empty one where it belongs. A slot holds the kind's index and
 * 1. */
static size_t *slot_of(const struct stats_ratings *r, const int16_t *labels)
{
    size_t at = hash(labels, r->n_raters) % r->n_slots;

    while (r->slots[at] > 0 && memcmp(r->labels + (r->slots[at] - 1) * r->n_raters, labels,
                                      r->n_raters * sizeof(*labels)) != 0)
        at = (at + 1) % r->n_slots;
    return &r->slots[at];
}

static int grow_slots(struct stats_ratings *r, struct err *e)
{
    size_t n = 4 * r->n_slots, *slots = mem_new(n, sizeof(*slots), e);

    if (!slots)
        return ERR_NOMEM;
    free(r->slots);
    r->slots = slots;
    r->n_slots = n;
    for (size_t i = 0; i < r->n; i++)
        *slot_of(r, r->labels + i * r->n_raters) = i + 1;
    return 0;
}

static int add_kind(struct stats_ratings *r, size_t *slot, const int16_t *labels, struct err *e)
{
    const size_t most = SIZE_MAX / sizeof(uint64_t) / (r->n_raters + 1);
    int rc = mem_grow(&r->times, &r->times_cap, r->n + 1, sizeof(*r->times), most, e);

    if (rc == 0)
        rc = mem_grow(&r->labels, &r->labels_cap, (r->n + 1) * r->n_raters, sizeof(*r->labels),
                      SIZE_MAX / sizeof(*r->labels), e);
    if (rc < 0)
        return rc;
    memcpy(r->labels + r->n * r->n_raters, labels, r->n_raters * sizeof(*labels));
    r->times[r->n] = 0;
    *slot = ++r->n;
    return 0;
}

static int add_cells(struct stats_ratings *r, const int16_t *labels, uint64_t times, struct err *e)
{
    size_t *slot = slot_of(r, labels);
    int rc;

    if (*slot == 0) {
        rc = add_kind(r, slot, labels, e);
        if (rc < 0)
            return rc;
    }
    r->times[*slot - 1] += times;
    return 2 * r->n > r->n_slots ? grow_slots(r, e) : 0;
}

int stats_ratings_add(struct stats_ratings *r, const int16_t *const columns[], size_t n_images,
                      struct err *e)
{
    int16_t *labels = mem_new(r->n_raters, sizeof(*labels), e);
    int rc = labels ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < n_images; i++) {
        for (size_t j = 0; j < r->n_raters; j++)
            labels[j] = columns[j][i] < STATS_ABSTAINED ? STATS_ABSTAINED : columns[j][i];
        rc = add_cells(r, labels, 1, e);
    }
    free(labels);
    return rc;
}

int stats_ratings_merge(struct stats_ratings *r, const struct stats_ratings *other, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < other->n; i++)
        rc = add_cells(r, other->labels + i * r->n_raters, other->times[i], e);
    return rc;
}

int stats_ratings_add_table(struct stats_ratings *r, const struct stats_table *t, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < t->k * t->k; i++)
        if (t->counts[i] > 0)
            rc = add_cells(r, (const int16_t[]){ (int16_t)(i / t->k), (int16_t)(i % t->k) },
                           t->counts[i], e);
    return rc;
}

struct stats_rated stats_ratings_count(const struct stats_ratings *r)
{
    struct stats_rated c = { 0 };

    for (size_t i = 0; i < r->n; i++) {
        size_t answers = 0, labels = 0;

        for (size_t j = 0; j < r->n_raters; j++) {
            answers += r->labels[i * r->n_raters + j] != STATS_MISSING;
            labels += r->labels[i * r->n_raters + j] >= 0;
        }
        c.rated += labels > 0 ? r->times[i] : 0;
        c.paired += labels > 1 ? r->times[i] : 0;
        c.asked += answers > 1 ? r->times[i] : 0;
        c.single += answers == 1 ? r->times[i] : 0;
    }
    return c;
}
