/* SPDX-License-Identifier: MIT */
#include "review/reaching.h"

#include <math.h>
#include <stdlib.h>

struct pooling {
    struct stats_cluster *of_image; /* [n_images]; cells 0: nothing of it was drawn */
    double *drawn;                  /* [n_images] the weights of all that was drawn of it */
    struct stats_cluster *settled;
    size_t n;
};

/* The cells of an image that were drawn, by what each stands for. What could be settled of an image
 * is known from the drawing, before anybody has answered. */
static double weigh_images(struct reaching *r, struct pooling *pool)
{
    const struct verdict_source *s = r->source;
    struct verdict_pooled *out = &r->out->pooled;
    double most = 0;

    for (size_t v = 0; v < r->out->n; v++)
        for (size_t k = r->first[r->out->items[v].column];
             k < r->first[r->out->items[v].column + 1]; k++) {
            const struct sampled_cell *cell = r->cells[k];
            int16_t label = s->labels[cell->column * s->n_images + cell->image];
            double weight = 1 / cell->probability;

            if (label < 0 || !(cell->probability > 0))
                continue;
            pool->drawn[cell->image] += weight;
            most = fmax(most, pool->drawn[cell->image]);
            if (!reaching_seen(r, k))
                continue;
            pool->of_image[cell->image].cells += weight;
            pool->of_image[cell->image].errors += cell->value != label ? weight : 0;
            out->n++;
            out->errors += cell->value != label;
        }
    return most;
}

static bool any_held(const struct reaching *r)
{
    bool held = false;

    for (size_t h = 0; h < r->source->sample->n_strata; h++)
        held = held || r->held[h];
    return held;
}

int reaching_pool(struct reaching *r, struct err *e)
{
    const struct promise *o = r->promise;
    size_t n = r->source->n_images;
    struct verdict_pooled *out = &r->out->pooled;
    struct pooling pool = { .of_image = mem_new(n, sizeof(*pool.of_image), e),
                            .drawn = mem_new(n, sizeof(*pool.drawn), e),
                            .settled = mem_new(n, sizeof(*pool.settled), e) };
    bool made = pool.of_image && pool.drawn && pool.settled;
    double most, cells = 0, errors = 0;

    for (size_t i = 0; i < r->out->n; i++)
        out->cells += r->out->items[i].sides[SIDE_ALL].cells;
    if (made) {
        most = weigh_images(r, &pool);
        for (size_t i = 0; i < n; i++) {
            if (pool.of_image[i].cells == 0)
                continue;
            pool.settled[pool.n++] = pool.of_image[i];
            cells += pool.of_image[i].cells;
            errors += pool.of_image[i].errors;
        }
        out->error = errors / cells; /* NaN: nothing is settled */
        out->bound = out->cells == 0
                         ? NAN
                         : stats_clusters_bound(pool.settled, pool.n, most, 1 - o->confidence);
        if (any_held(r)) { /* nothing is known of these yet, and so nothing of all */
            out->error = NAN;
            out->bound = 1;
        }
        out->kind = out->bound <= o->max_error ? VERDICT_ALONE : VERDICT_UNDECIDED;
    }
    free(pool.of_image);
    free(pool.drawn);
    free(pool.settled);
    return made ? 0 : ERR_NOMEM;
}
