/* SPDX-License-Identifier: MIT */
#include "review/overlap.h"

#include <stdlib.h>

struct candidate {
    uint64_t rank; /* random, and a cell's for good */
    struct store_item *item;
};

static int by_rank(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->item->image != y->item->image)
        return x->item->image < y->item->image ? -1 : 1;
    return (x->item->column > y->item->column) - (x->item->column < y->item->column);
}

static uint64_t rank_of(const struct review_plan *p, const struct store_item *item)
{
    uint64_t state = p->seed;

    state = random_next(&state) ^ (uint64_t)p->images->ids[item->image];
    state = random_next(&state) ^ item->column;
    return random_next(&state);
}

int overlap_choose(const struct review_plan *p, struct store_item *const items[], size_t n,
                   uint64_t *chosen, struct err *e)
{
    struct candidate *all = mem_new(n, sizeof(*all), e);
    size_t drawn = 0;

    *chosen = 0;
    if (!all)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        if (items[i]->design != 0 && items[i]->kind != REVIEW_REPEAT && !items[i]->aside)
            all[drawn++] = (struct candidate){ rank_of(p, items[i]), items[i] };
    if (drawn > 1)
        qsort(all, drawn, sizeof(*all), by_rank);
    for (; *chosen < drawn && *chosen < p->overlap; ++*chosen)
        all[*chosen].item->votes = p->overlap_votes;
    free(all);
    return 0;
}
