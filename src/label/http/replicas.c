/* SPDX-License-Identifier: MIT */
#include "label/http/replicas.h"

#include <math.h>

#include "base/base.h"

#define AWAY_SECONDS      30.0 /* the first time; then twice as long */
#define AWAY_MOST_SECONDS 1800.0

void replicas_init(struct replicas *r, size_t n)
{
    *r = (struct replicas){ .n = n };
}

static bool is_there(const struct replicas *r, size_t i, double now)
{
    return r->of[i].back <= now;
}

static bool is_any_there(const struct replicas *r, double now)
{
    for (size_t i = 0; i < r->n; i++)
        if (is_there(r, i, now))
            return true;
    return false;
}

static uint64_t mix(uint64_t x)
{
    return random_next(&x);
}

size_t replicas_choose(const struct replicas *r, uint64_t picture, double now)
{
    bool all = !is_any_there(r, now);
    size_t best = SIZE_MAX;
    uint64_t most = 0;

    for (size_t i = 0; i < r->n; i++) {
        uint64_t hash = mix(picture ^ mix(i + 1));

        if ((all || is_there(r, i, now)) && (best == SIZE_MAX || hash > most)) {
            most = hash;
            best = i;
        }
    }
    return best;
}

bool replicas_lose(struct replicas *r, size_t which, double now, bool *news)
{
    struct replica *it = &r->of[which];

    *news = is_there(r, which, now);
    if (*news) {
        it->pause = fmin(it->pause > 0 ? 2 * it->pause : AWAY_SECONDS, AWAY_MOST_SECONDS);
        it->back = now + it->pause;
    }
    return is_any_there(r, now);
}
