/* SPDX-License-Identifier: MIT */
#include "serve/line.h"

#include <string.h>

static uint64_t round_of(const struct line *l, const struct place *p)
{
    uint64_t round = l->round;

    for (size_t i = 0; i < l->n; i++)
        if (memcmp(l->places[i].client, p->client, sizeof(p->client)) == 0)
            round = l->places[i].round + 1;
    return round;
}

static struct place take(struct line *l, size_t at)
{
    struct place p = l->places[at];

    l->n--;
    memmove(&l->places[at], &l->places[at + 1], (l->n - at) * sizeof(p));
    return p;
}

struct request *line_enter(struct line *l, struct place p)
{
    struct request *out = NULL;
    size_t at;

    p.round = round_of(l, &p);
    if (l->n == LINE_MAX) {
        if (p.round >= l->places[l->n - 1].round)
            return p.request;
        out = take(l, l->n - 1).request;
    }
    for (at = l->n++; at > 0 && l->places[at - 1].round > p.round; at--)
        l->places[at] = l->places[at - 1];
    l->places[at] = p;
    return out;
}

struct place line_next(struct line *l)
{
    struct place p = { 0 };

    if (l->n > 0) {
        p = take(l, 0);
        l->round = p.round;
    }
    return p;
}

struct request *line_take(struct line *l, bool (*wanted)(const struct request *r))
{
    for (size_t i = 0; i < l->n; i++)
        if (wanted(l->places[i].request))
            return take(l, i).request;
    return NULL;
}
