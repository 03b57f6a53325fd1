/* SPDX-License-Identifier: MIT
 *
 * Of each question and side: its cells by stratum at some thresholds, then what stats/ says of
 * these, then what that means.
 */
#include "review/verdicts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/accept.h"

enum {
    BINS =
        1 << 16,   /* of uncertainties, by the upper bits of the float: fine where they are small */
    SETS_MAX = 20, /* thresholds of a side: at shares of its cells in equal steps */
};

const char *const verdict_names[VERDICTS] = { "alone", "check", "people", "cannot say" };
const char *const verdict_side_names[SIDES] = { "both", "yes", "no" };

/* The sets of one side of a question: each within the next, the last is all of it. */
struct nested {
    struct stats_seen *seen; /* [n][n_strata] */
    float upto[SETS_MAX];    /* uncertainty: a set's largest; of the last INFINITY */
    size_t n, n_strata;
};

struct reaching {
    const struct verdict_source *source;
    const struct promise *promise;
    struct verdicts *out;
    const struct sampled_cell **cells; /* of the sample, by column */
    size_t *first;                     /* [n_columns + 1] where a column's begin */
    struct nested (*sets)[SIDES];      /* [out->n] */
    float *uncertainty;                /* [n_images] of the column at hand */
    uint32_t *bins;                    /* [BINS] */
    uint8_t *set_of;                   /* [BINS] */
    uint32_t *local;                   /* [strata] a column's number of each; STORE_OUTSIDE */
};

/* ---- answers ---- */

/* One less the probability of the answer; INFINITY where it has none. */
static float uncertainty_of(const struct column *c, int16_t label, const float *p)
{
    float own = !p ? NAN : !c->yesno ? 1 - p[label] : label == 1 ? 1 - p[0] : p[0];

    return isnan(own) ? INFINITY : own > 0 ? own : 0;
}

static const float *probability_of(const struct verdict_source *s, size_t image, size_t column)
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

/* ---- sets ---- */

/* Of a column's answers; they lie far apart, so they are fetched once. */
static void fetch_uncertainty(struct reaching *r, size_t column)
{
    const struct verdict_source *s = r->source;
    const int16_t *labels = s->labels + column * s->n_images;

    for (size_t i = 0; i < s->n_images; i++)
        r->uncertainty[i] = labels[i] >= 0 ? uncertainty_of(&s->task->columns[column], labels[i],
                                                            probability_of(s, i, column))
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
static size_t number_strata(struct reaching *r, size_t column)
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

        if (!cell->done || cell->value < 0 || !is_on(side, label) ||
            stratum[cell->image] != cell->stratum)
            continue;
        seen = &sets->seen[r->set_of[bin_of(r->uncertainty[cell->image])] * sets->n_strata +
                           r->local[cell->stratum]];
        seen->n++;
        seen->errors += cell->value != label;
    }
    nest(sets);
    if (sets->n > 0)
        sets->upto[sets->n - 1] = INFINITY;
}

static uint64_t cells_of(const struct nested *sets, size_t set)
{
    uint64_t cells = 0;

    for (size_t h = 0; h < sets->n_strata; h++)
        cells += sets->seen[set * sets->n_strata + h].cells;
    return cells;
}

/* The set whose share of the cells is nearest to a part of all. */
static size_t set_near(const struct nested *sets, double part)
{
    double all = (double)cells_of(sets, sets->n - 1), least = INFINITY;
    size_t best = 0;

    for (size_t k = 0; k < sets->n; k++) {
        double distance = fabs((double)cells_of(sets, k) / all - part);

        if (distance < least) {
            least = distance;
            best = k;
        }
    }
    return best;
}

static int make_sets(struct reaching *r, size_t column, enum verdict_side side, struct nested *sets,
                     struct err *e)
{
    uint64_t cells = count_bins(r, column, side);

    sets->n_strata = number_strata(r, column);
    sets->n = cut_bins(r, cells);
    sets->seen = arena_new(&r->out->arena, sets->n * sets->n_strata, sizeof(*sets->seen), e);
    if (!sets->seen)
        return ERR_NOMEM;
    fill_sets(r, column, side, sets);
    return 0;
}

/* ---- what a side's sets allow ---- */

static double estimated_error(const struct stats_seen *seen, size_t n)
{
    double errors = 0, cells = 0;

    for (size_t h = 0; h < n; h++) {
        if (seen[h].n == 0)
            continue;
        errors += (double)seen[h].cells * (double)seen[h].errors / (double)seen[h].n;
        cells += (double)seen[h].cells;
    }
    return cells > 0 ? errors / cells : NAN;
}

static uint64_t settled_of(const struct nested *sets)
{
    uint64_t n = 0;

    for (size_t h = 0; sets->n > 0 && h < sets->n_strata; h++)
        n += sets->seen[(sets->n - 1) * sets->n_strata + h].n;
    return n;
}

/* The share of the question's settled cells that lie in a set: how many votes of the question one
 * of the set's takes. */
static double votes_per_vote(const struct nested *sets, size_t set, uint64_t settled)
{
    uint64_t n = 0;

    for (size_t h = 0; h < sets->n_strata; h++)
        n += sets->seen[set * sets->n_strata + h].n;
    /* before the first votes, as many as cells: the sample is drawn from all */
    return n > 0 ? (double)settled / (double)n
                 : (double)cells_of(sets, sets->n - 1) / (double)cells_of(sets, set);
}

/* Votes of the question until the whole side, or the half of it that is surest, is decided. */
static double votes_to_decide(const struct nested *sets, uint64_t settled,
                              const struct stats_promise *p)
{
    const size_t places[] = { sets->n - 1, set_near(sets, 0.5) };
    double least = INFINITY;

    for (size_t k = 0; k < 2; k++) {
        struct stats_outlook o =
            stats_accept_outlook(sets->seen + places[k] * sets->n_strata, sets->n_strata, p);

        if (k > 0 && o.decision == STATS_FUTILE) /* of a part: the whole may still be said of */
            continue;
        least = fmin(least, o.votes * votes_per_vote(sets, places[k], settled));
    }
    return least;
}

static void count_set(struct verdict_set *out, const struct nested *sets, size_t set)
{
    const struct stats_seen *seen = sets->seen + set * sets->n_strata;

    for (size_t h = 0; h < sets->n_strata; h++) {
        out->accepted += seen[h].cells;
        out->accepted_n += seen[h].n;
        out->accepted_errors += seen[h].errors;
    }
    out->uncertainty = sets->upto[set];
    if (set + 1 < sets->n)
        out->threshold = 1 - (double)sets->upto[set];
}

static const struct verdict_set no_answers = { .kind = VERDICT_UNDECIDED,
                                               .share = NAN,
                                               .error = NAN,
                                               .threshold = NAN,
                                               .bound = NAN,
                                               .uncertainty = -1,
                                               .votes = INFINITY };

struct tested { /* what came of a side's sets */
    struct stats_accepted accepted;
    bool futile;
    double futile_alpha;
};

static void conclude_side(struct verdict_set *out, const struct nested *sets,
                          const struct tested *t, const struct promise *promise, uint64_t settled)
{
    const struct stats_seen *whole;
    size_t set = t->accepted.set;

    whole = sets->seen + (sets->n - 1) * sets->n_strata;
    out->cells = cells_of(sets, sets->n - 1);
    out->n = settled_of(sets);
    for (size_t h = 0; h < sets->n_strata; h++)
        out->errors += whole[h].errors;
    out->error = estimated_error(whole, sets->n_strata);
    if (set != STATS_NONE) {
        count_set(out, sets, set);
        out->kind = set + 1 == sets->n ? VERDICT_ALONE : VERDICT_CHECK;
    } else if (t->futile) {
        out->kind = VERDICT_PEOPLE;
    }
    out->share = (double)out->accepted / (double)out->cells;
    out->bound = stats_accept_bound(set == STATS_NONE ? whole : sets->seen + set * sets->n_strata,
                                    sets->n_strata, promise->max_error,
                                    set == STATS_NONE ? t->accepted.next_alpha : t->accepted.alpha);
    out->votes = out->kind == VERDICT_UNDECIDED
                     ? votes_to_decide(sets, settled,
                                       &(struct stats_promise){ .limit = promise->max_error,
                                                                .alpha = t->accepted.next_alpha,
                                                                .futile_alpha = t->futile_alpha })
                     : 0;
}

/* ---- questions ---- */

/* Testing begins at about a quarter, a half and all of the cells. */
static struct stats_sets question_of(const struct nested *sets, double limit)
{
    const size_t places[] = { set_near(sets, 0.25), set_near(sets, 0.5), sets->n - 1 };
    struct stats_sets q = {
        .strata = sets->seen, .n_sets = sets->n, .n_strata = sets->n_strata, .limit = limit
    };

    for (size_t k = 0; k < 3; k++)
        if (q.n_starts == 0 || places[k] > q.starts[q.n_starts - 1])
            q.starts[q.n_starts++] = places[k];
    return q;
}

/* A question is given up where all of it, and the part that testing begins with, are wrong too
 * often: then no part worth the name can be accepted. */
static double futility(const struct stats_sets *q)
{
    double all =
        stats_futile_log_e(q->strata + (q->n_sets - 1) * q->n_strata, q->n_strata, q->limit);
    double least =
        stats_futile_log_e(q->strata + q->starts[0] * q->n_strata, q->n_strata, q->limit);

    return fmin(all, least);
}

struct family { /* the questions of a side that have answers there */
    size_t *of; /* indexes into the verdicts */
    struct stats_sets *questions;
    struct stats_accepted *accepted;
    double *futility;
    bool *futile;
    size_t n;
};

static int test_family(struct reaching *r, enum verdict_side side, struct family *f, struct err *e)
{
    double alpha = 1 - r->promise->confidence, futile_alpha;
    int rc;

    for (size_t i = 0; i < r->out->n; i++) {
        const struct nested *sets = &r->sets[i][side];

        if (sets->n == 0)
            continue;
        f->of[f->n] = i;
        f->questions[f->n] = question_of(sets, r->promise->max_error);
        f->futility[f->n] = futility(&f->questions[f->n]);
        f->n++;
    }
    rc = stats_accept_sets(f->questions, f->n, alpha, f->accepted, e);
    if (rc < 0)
        return rc;
    futile_alpha = stats_holm_log_e(f->futility, f->n, alpha, f->futile);
    for (size_t k = 0; k < f->n; k++) {
        const struct tested t = { f->accepted[k], f->futile[k], futile_alpha };
        struct verdict *v = &r->out->items[f->of[k]];

        conclude_side(&v->sides[side], &r->sets[f->of[k]][side], &t, r->promise, v->settled);
    }
    return 0;
}

static int reach_side(struct reaching *r, enum verdict_side side, struct err *e)
{
    size_t n = r->out->n;
    struct family f = { .of = mem_new(n, sizeof(*f.of), e),
                        .questions = mem_new(n, sizeof(*f.questions), e),
                        .accepted = mem_new(n, sizeof(*f.accepted), e),
                        .futility = mem_new(n, sizeof(*f.futility), e),
                        .futile = mem_new(n, sizeof(*f.futile), e) };
    bool made = f.of && f.questions && f.accepted && f.futility && f.futile;
    int rc = made ? test_family(r, side, &f, e) : ERR_NOMEM;

    free(f.of);
    free(f.questions);
    free(f.accepted);
    free(f.futility);
    free(f.futile);
    return rc;
}

static void count_question(struct reaching *r, struct verdict *v)
{
    const struct verdict_source *s = r->source;
    const uint32_t *stratum = s->sample->stratum_of + v->column * s->n_images;
    const int16_t *labels = s->labels + v->column * s->n_images;

    for (size_t k = r->first[v->column]; k < r->first[v->column + 1]; k++) {
        v->drawn++;
        v->settled += r->cells[k]->done && r->cells[k]->value >= 0;
        v->unclear += r->cells[k]->done && r->cells[k]->value < 0;
    }
    for (size_t i = 0; i < s->n_images; i++) {
        v->outside += stratum[i] == STORE_OUTSIDE;
        v->abstained += stratum[i] != STORE_OUTSIDE && labels[i] < 0;
    }
}

/* At most so many of the accepted answers no are really yes. */
static int bound_missed(struct reaching *r, struct verdict *v, struct err *e)
{
    const struct verdict_source *s = r->source;
    const struct column *c = &s->task->columns[v->column];
    const uint32_t *stratum = s->sample->stratum_of + v->column * s->n_images;
    const int16_t *labels = s->labels + v->column * s->n_images;
    size_t n = number_strata(r, v->column);
    struct stats_seen *seen = mem_new(n, sizeof(*seen), e);
    double cells = 0;

    v->missed = NAN;
    if (!seen)
        return ERR_NOMEM;
    for (size_t i = 0; c->yesno && i < s->n_images; i++) {
        if (stratum[i] >= s->sample->n_strata || labels[i] != VALUE_NO ||
            !verdict_accepts(v, c, r->promise->side, labels[i], probability_of(s, i, v->column)))
            continue;
        seen[r->local[stratum[i]]].cells++;
        cells++;
    }
    for (size_t k = r->first[v->column]; c->yesno && k < r->first[v->column + 1]; k++) {
        const struct sampled_cell *cell = r->cells[k];

        if (!cell->done || cell->value < 0 || labels[cell->image] != VALUE_NO ||
            stratum[cell->image] != cell->stratum ||
            !verdict_accepts(v, c, r->promise->side, VALUE_NO,
                             probability_of(s, cell->image, v->column)))
            continue;
        seen[r->local[cell->stratum]].n++;
        seen[r->local[cell->stratum]].errors += cell->value != VALUE_NO;
    }
    if (cells > 0)
        v->missed = floor(
            cells * stats_accept_bound(seen, n, r->promise->max_error, 1 - r->promise->confidence) +
            0.5);
    free(seen);
    return 0;
}

static int reach_all(struct reaching *r, struct err *e)
{
    struct verdicts *out = r->out;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        bool yesno = r->source->task->columns[out->items[i].column].yesno;

        count_question(r, &out->items[i]);
        fetch_uncertainty(r, out->items[i].column);
        for (int side = 0; rc == 0 && side < (yesno ? SIDES : 1); side++)
            rc = make_sets(r, out->items[i].column, (enum verdict_side)side, &r->sets[i][side], e);
    }
    for (int side = 0; rc == 0 && side < SIDES; side++)
        rc = reach_side(r, (enum verdict_side)side, e);
    out->votes = INFINITY;
    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        struct verdict *v = &out->items[i];
        const struct verdict_set *own = &v->sides[out->promise.side];

        v->kind = own->kind;
        v->votes = own->votes;
        out->counts[v->kind]++;
        out->cells += own->cells;
        out->accepted += own->accepted;
        if (v->kind == VERDICT_UNDECIDED)
            out->votes = fmin(out->votes, v->votes);
        rc = bound_missed(r, v, e);
    }
    return rc;
}

/* ---- the sample by column ---- */

static int by_order(const void *a, const void *b)
{
    const struct sampled_cell *x = *(const struct sampled_cell *const *)a;
    const struct sampled_cell *y = *(const struct sampled_cell *const *)b;

    return (x->order > y->order) - (x->order < y->order);
}

static int sort_cells(struct reaching *r, struct err *e)
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
    return 0;
}

static int begin(struct reaching *r, struct err *e)
{
    const struct verdict_source *s = r->source;
    struct verdicts *out = r->out;
    size_t n_columns = s->task->n_columns;
    int rc = sort_cells(r, e);

    if (rc < 0)
        return rc;
    out->items = arena_new(&out->arena, n_columns, sizeof(*out->items), e);
    r->sets = mem_new(n_columns, sizeof(*r->sets), e);
    r->uncertainty = mem_new(s->n_images, sizeof(*r->uncertainty), e);
    r->bins = mem_new(BINS, sizeof(*r->bins), e);
    r->set_of = mem_new(BINS, sizeof(*r->set_of), e);
    r->local = mem_new(s->sample->n_strata, sizeof(*r->local), e);
    if (!out->items || !r->sets || !r->uncertainty || !r->bins || !r->set_of || !r->local)
        return ERR_NOMEM;
    for (size_t c = 0; c < n_columns; c++)
        if (!s->columns || s->columns[c])
            out->items[out->n++] =
                (struct verdict){ .column = c, .sides = { no_answers, no_answers, no_answers } };
    return 0;
}

int verdicts_reach(struct verdicts *out, const struct verdict_source *source,
                   const struct promise *promise, struct err *e)
{
    struct reaching r = { .source = source, .promise = promise, .out = out };
    int rc;

    *out = (struct verdicts){ .promise = *promise };
    rc = begin(&r, e);
    if (rc == 0)
        rc = reach_all(&r, e);
    free(r.first);
    free(r.cells);
    free(r.sets);
    free(r.uncertainty);
    free(r.bins);
    free(r.set_of);
    free(r.local);
    if (rc < 0)
        verdicts_release(out);
    return rc;
}

void verdicts_release(struct verdicts *v)
{
    arena_release(&v->arena);
    *v = (struct verdicts){ 0 };
}
