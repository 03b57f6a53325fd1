/* SPDX-License-Identifier: MIT */
#include "jobs/odds.h"

#include <math.h>
#include <stdlib.h>

struct stratum_odds {
    double probability, drawn;
};

int odds_find(struct odds *out, const struct sampled *s, struct arena *a, struct err *e)
{
    struct stratum_odds *strata = mem_new(s->n_strata, sizeof(*strata), e);

    *out = (struct odds){ .answered = arena_new(a, s->n_strata, sizeof(*out->answered), e) };
    if (!strata || !out->answered) {
        free(strata);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct sampled_cell *c = &s->cells[i];
        struct stratum_odds *h = &strata[c->stratum];

        if (h->drawn++ > 0 && fabs(c->probability - h->probability) > 1e-9)
            out->unequal = true;
        h->probability = c->probability;
        out->answered[c->stratum] += c->value >= 0;
    }
    for (size_t h = 0; h < s->n_strata; h++)
        out->answered[h] /= strata[h].drawn;
    free(strata);
    return 0;
}

double odds_of(const struct odds *o, const struct sampled_cell *c)
{
    return c->probability * o->answered[c->stratum];
}
