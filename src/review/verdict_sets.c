/* SPDX-License-Identifier: MIT */
#include "review/reaching.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/draw.h"

/* ---- the sample by column ---- */

static int by_order(const void *a, const void *b)
{
    const struct sampled_cell *x = *(const struct sampled_cell *const *)a;
    const struct sampled_cell *y = *(const struct sampled_cell *const *)b;

    return (x->order > y->order) - (x->order < y->order);
}

/* Cells that were answered before they were drawn were not chosen at random to be answered first: a
 * stratum with such cells counts once all that was drawn of it is answered. */
static int hold_back(struct reaching *r, struct err *e)
{
    const struct sampled *s = r->source->sample;
    bool *open = mem_new(s->n_strata, sizeof(*open), e);

    r->held = mem_new(s->n_strata, sizeof(*r->held), e);
    for (size_t i = 0; open && r->held && i < s->n; i++) {
        open[s->cells[i].stratum] |= !s->cells[i].done;
        r->held[s->cells[i].stratum] |= s->cells[i].early;
    }
    for (size_t h = 0; open && r->held && h < s->n_strata; h++)
        r->held[h] &= open[h];
    free(open);
    return open && r->held ? 0 : ERR_NOMEM;
}

int reaching_sort(struct reaching *r, struct err *e)
{
    const struct sampled *s = r->source->sample;
    size_t n_columns = r->source->task->n_columns, *next;

    r->first = mem_new(n_columns + 2, sizeof(*r->first), e);
    r->cells = mem_new(s->n, sizeof(const struct sampled_cell *), e);
    if (!r->first || !r->cells)
        return ERR_NOMEM;
    next = r->first + 1; /* becomes the end of each */
    for (size_t i = 0; i < s->n; i++)
        next[s->cells[i].column + 1]++;
    for (size_t c = 0; c < n_columns; c++)
        next[c + 1] += next[c];
    for (size_t i = 0; i < s->n; i++)
        r->cells[next[s->cells[i].column]++] = &s->cells[i];
    for (size_t c = 0; c < n_columns; c++)
        if (r->first[c + 1] > r->first[c])
            qsort(r->cells + r->first[c], r->first[c + 1] - r->first[c],
                  sizeof(const struct sampled_cell *), by_order);
    return hold_back(r, e);
}

/* ---- answers ---- */

/* One less the probability of the answer; INFINITY where it has none. */
static float uncertainty_of(const struct column *c, int16_t label, const float *p)
{
    float own = !p ? NAN : !c->yesno ? 1 - p[label] : label == 1 ? 1 - p[0] : p[0];

    return isnan(own) ? INFINITY : own > 0 ? own : 0;
}

const float *reaching_probability(const struct verdict_source *s, size_t image, size_t column)
{
    const struct task *t = s->task;

    return s->probabilities
               ? s->probabilities + image * t->n_probabilities + t->columns[column].probability
               : NULL;
}

static bool is_on(enum verdict_side side, int16_t label)
{
    return label >= 0 && (side == SIDE_ALL || (label == VALUE_YES) == (side == SIDE_YES));
}

static size_t bin_of(float uncertainty)
{
    uint32_t bits;

    memcpy(&bits, &uncertainty,
           sizeof(bits)); /* of floats that are not negative the bits rise too */
    return bits >> 15;
}

bool verdict_accepts(const struct verdict *v, const struct column *c, enum verdict_side side,
                     int16_t label, const float *probability)
{
    return v->sides[side].accepted > 0 && is_on(side, label) &&
           uncertainty_of(c, label, probability) <= v->sides[side].uncertainty;
}

/* Does the cell, the k-th of its column to be done, count? */
bool reaching_seen(const struct reaching *r, size_t k)
{
    const struct sampled_cell *cell = r->cells[k];
    uint64_t fixed = r->promise->fixed_n;

    return cell->done && cell->value >= 0 && !r->held[cell->stratum] &&
           (fixed == 0 || k - r->first[cell->column] < fixed) &&
           r->source->sample->stratum_of[cell->column * r->source->n_images + cell->image] ==
               cell->stratum;
}

/* ---- sets ---- */

/* Of a column's answers; they lie far apart, so they are fetched once. */
void reaching_fetch(struct reaching *r, size_t column)
{
    const struct verdict_source *s = r->source;
    const int16_t *labels = s->labels + column * s->n_images;

    for (size_t i = 0; i < s->n_images; i++)
        r->uncertainty[i] = labels[i] >= 0 ? uncertainty_of(&s->task->columns[column], labels[i],
                                                            reaching_probability(s, i, column))
                                           : INFINITY;
}

/* Cells of a side by the bin of their uncertainty; how many. */
static uint64_t count_bins(struct reaching *r, size_t column, enum verdict_side side)
{
    const struct verdict_source *s = r->source;
    const uint32_t *stratum = s->sample->stratum_of + column * s->n_images;
    const int16_t *labels = s->labels + column * s->n_images;
    uint64_t n = 0;

    memset(r->bins, 0, BINS * sizeof(*r->bins));
    for (size_t i = 0; i < s->n_images; i++) {
        if (stratum[i] == STORE_OUTSIDE || !is_on(side, labels[i]))
            continue;
        n++;
        r->bins[bin_of(r->uncertainty[i])]++;
    }
    return n;
}

/* Cuts the bins where the share of cells passes a step, so that equal uncertainties stay together:
 * which set a bin's cells join. How many sets. */
static size_t cut_bins(struct reaching *r, uint64_t cells)
{
    uint64_t sum = 0, step = 1;
    size_t set = 0;

    for (size_t b = 0; b < BINS; b++) {
        r->set_of[b] = (uint8_t)set;
        sum += r->bins[b];
        if (sum == cells || sum * SETS_MAX < cells * step)
            continue;
        step = sum * SETS_MAX / cells + 1;
        set++;
    }
    return cells > 0 ? set + 1 : 0;
}

/* A column's strata get numbers of their own; how many there are. */
size_t reaching_number(struct reaching *r, size_t column)
{
    const struct verdict_source *s = r->source;
    const uint32_t *stratum = s->sample->stratum_of + column * s->n_images;
    uint32_t n = 0;

    memset(r->local, 0xff, s->sample->n_strata * sizeof(*r->local));
    for (size_t i = 0; i < s->n_images; i++)
        if (stratum[i] < s->sample->n_strata && r->local[stratum[i]] == STORE_OUTSIDE)
            r->local[stratum[i]] = n++;
    return n;
}

/* Adds up each set's with those within it. */
static void nest(struct nested *sets)
{
    size_t width = sets->n_strata;

    for (size_t k = width; k < sets->n * width; k++) {
        sets->seen[k].cells += sets->seen[k - width].cells;
        sets->seen[k].n += sets->seen[k - width].n;
        sets->seen[k].errors += sets->seen[k - width].errors;
    }
}

double reaching_weight(const struct reaching *r, size_t stratum)
{
    const struct store_stratum *h = &r->source->sample->strata[stratum];

    return sqrt((double)(h->cells + h->cells_aside));
}

/* A stratum of so few cells is taken whole by every drawing. Whether a larger one is may change as
 * the sample grows, by what was seen: it counts as drawn at random, which it was. */
static void mark_strata(const struct reaching *r, struct stats_seen *seen)
{
    const struct sampled *s = r->source->sample;

    for (size_t h = 0; h < s->n_strata; h++) {
        if (r->local[h] == STORE_OUTSIDE)
            continue;
        seen[r->local[h]].whole = s->strata[h].cells <= DRAW_LEAST;
        seen[r->local[h]].weight = reaching_weight(r, h);
    }
}

static void fill_sets(struct reaching *r, size_t column, enum verdict_side side,
                      struct nested *sets)
{
    const struct verdict_source *s = r->source;
    const uint32_t *stratum = s->sample->stratum_of + column * s->n_images;
    const int16_t *labels = s->labels + column * s->n_images;

    for (size_t i = 0; i < s->n_images; i++) {
        float u;
        size_t set;

        if (stratum[i] >= s->sample->n_strata || !is_on(side, labels[i]))
            continue;
        u = r->uncertainty[i];
        set = r->set_of[bin_of(u)];
        sets->seen[set * sets->n_strata + r->local[stratum[i]]].cells++;
        if (u > sets->upto[set])
            sets->upto[set] = u;
    }
    for (size_t k = r->first[column]; k < r->first[column + 1]; k++) {
        const struct sampled_cell *cell = r->cells[k];
        int16_t label = labels[cell->image];
        struct stats_seen *seen;

        if (!reaching_seen(r, k) || !is_on(side, label))
            continue;
        seen = &sets->seen[r->set_of[bin_of(r->uncertainty[cell->image])] * sets->n_strata +
                           r->local[cell->stratum]];
        seen->n++;
        seen->errors += cell->value != label;
    }
    for (size_t k = 0; k < sets->n; k++)
        mark_strata(r, sets->seen + k * sets->n_strata);
    nest(sets);
    if (sets->n > 0)
        sets->upto[sets->n - 1] = INFINITY;
}

uint64_t nested_cells(const struct nested *sets, size_t set)
{
    uint64_t cells = 0;

    for (size_t h = 0; h < sets->n_strata; h++)
        cells += sets->seen[set * sets->n_strata + h].cells;
    return cells;
}

/* The set whose share of the cells is nearest to a part of all. */
size_t nested_near(const struct nested *sets, double part)
{
    double all = (double)nested_cells(sets, sets->n - 1), least = INFINITY;
    size_t best = 0;

    for (size_t k = 0; k < sets->n; k++) {
        double distance = fabs((double)nested_cells(sets, k) / all - part);

        if (distance < least) {
            least = distance;
            best = k;
        }
    }
    return best;
}

int reaching_sets(struct reaching *r, size_t column, enum verdict_side side, struct nested *sets,
                  struct err *e)
{
    uint64_t cells = count_bins(r, column, side);

    sets->n_strata = reaching_number(r, column);
    if (r->promise->fixed_n > 0 && sets->n_strata > 1) {
        err_set(e, ERR_ARG,
                "the cells of %s were drawn in %zu strata, at different rates: an exact test of a "
                "fixed number needs one",
                r->source->task->columns[column].name, sets->n_strata);
        return err_hint(e, "without --fixed-n any sample will do");
    }
    sets->n = cut_bins(r, cells);
    sets->seen = arena_new(&r->out->arena, sets->n * sets->n_strata, sizeof(*sets->seen), e);
    if (!sets->seen)
        return ERR_NOMEM;
    fill_sets(r, column, side, sets);
    return 0;
}
