/* SPDX-License-Identifier: MIT
 *
 * Of each question and side: its cells by stratum at some thresholds, then what stats/ says of
 * these, then what that means.
 */
#include "review/verdicts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/reaching.h"

const char *const verdict_names[VERDICTS] = { "alone", "check", "people", "cannot say" };
const char *const verdict_side_names[SIDES] = { "both", "yes", "no" };

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
                 : (double)nested_cells(sets, sets->n - 1) / (double)nested_cells(sets, set);
}

/* Votes of the question until the whole side, or the half of it that is surest, is decided. */
static double votes_to_decide(const struct nested *sets, uint64_t settled,
                              const struct stats_promise *p)
{
    const size_t places[] = { sets->n - 1, nested_near(sets, 0.5) };
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
    out->accepted = nested_cells(sets, set);
    out->uncertainty = sets->upto[set];
    if (set + 1 < sets->n)
        out->threshold = 1 - (double)sets->upto[set];
}

static const struct verdict_set no_answers = { .kind = VERDICT_UNDECIDED,
                                               .share = NAN,
                                               .error = NAN,
                                               .threshold = NAN,
                                               .bound = NAN,
                                               .right = NAN,
                                               .right_interval = { NAN, NAN },
                                               .uncertainty = -1,
                                               .votes = INFINITY };

struct tested { /* what came of a side's sets */
    struct stats_accepted accepted;
    bool futile;
    double futile_alpha;
};

/* Answers to the question until the number that was fixed is there. */
static double left_of(const struct promise *o, const struct verdict *v)
{
    return fmax(0, (double)o->fixed_n - (double)(v->settled + v->unclear));
}

/* Of one stratum, where the number was fixed. */
static double bound_of(const struct stats_seen *seen, size_t n, const struct promise *o,
                       double alpha)
{
    return o->fixed_n > 0 ? stats_exact_bound(seen->cells, seen->n, seen->errors, alpha)
                          : stats_accept_bound(seen, n, o->max_error, alpha);
}

static void conclude_side(struct verdict_set *out, const struct nested *sets,
                          const struct tested *t, const struct promise *promise,
                          const struct verdict *v)
{
    const struct stats_seen *whole, *spoken_of; /* spoken_of: the accepted, or all */
    size_t set = t->accepted.set;

    whole = sets->seen + (sets->n - 1) * sets->n_strata;
    out->cells = nested_cells(sets, sets->n - 1);
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
    spoken_of = set == STATS_NONE ? whole : sets->seen + set * sets->n_strata;
    out->bound = bound_of(spoken_of, sets->n_strata, promise,
                          set == STATS_NONE ? t->accepted.next_alpha : t->accepted.alpha);
    if (left_of(promise, v) > 0) /* the exact bound is of one look, which is yet to come */
        out->bound = NAN;
    out->right = 1 - estimated_error(spoken_of, sets->n_strata);
    out->right_interval = (struct stats_interval){ 1 - out->bound, 1 };
    if (out->kind != VERDICT_UNDECIDED)
        out->votes = 0;
    else if (promise->fixed_n > 0) /* none are looked at behind that number */
        out->votes = left_of(promise, v) > 0 ? left_of(promise, v) : INFINITY;
    else
        out->votes = votes_to_decide(sets, v->settled,
                                     &(struct stats_promise){ .limit = promise->max_error,
                                                              .alpha = t->accepted.next_alpha,
                                                              .futile_alpha = t->futile_alpha });
}

/* ---- questions ---- */

/* Testing begins at about a quarter, a half and all of the cells. */
static struct stats_sets question_of(const struct nested *sets, double limit)
{
    const size_t places[] = { nested_near(sets, 0.25), nested_near(sets, 0.5), sets->n - 1 };
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

/* Exact bounds in place of e-values, at the number that was fixed: alpha in equal parts to the
 * questions and their starts, upwards from each. */
static void test_fixed(const struct reaching *r, struct family *f, double alpha)
{
    for (size_t q = 0; q < f->n; q++) {
        const struct stats_sets *sets = &f->questions[q];
        bool ready = left_of(r->promise, &r->out->items[f->of[q]]) == 0;
        double part = alpha / (double)(f->n * sets->n_starts);

        f->accepted[q] = (struct stats_accepted){ STATS_NONE, part, STATS_NONE, part };
        for (size_t k = 0; ready && k < sets->n_starts; k++)
            for (size_t set = sets->starts[k]; set < sets->n_sets; set++) {
                const struct stats_seen *seen = &sets->strata[set];

                if (stats_exact_bound(seen->cells, seen->n, seen->errors, part) > sets->limit)
                    break;
                if (f->accepted[q].set == STATS_NONE || set > f->accepted[q].set)
                    f->accepted[q].set = set;
            }
    }
}

static int test_family(struct reaching *r, enum verdict_side side, struct family *f, struct err *e)
{
    double alpha = 1 - r->promise->confidence, futile_alpha = alpha;
    int rc = 0;

    for (size_t i = 0; i < r->out->n; i++) {
        const struct nested *sets = &r->sets[i][side];

        if (sets->n == 0)
            continue;
        f->of[f->n] = i;
        f->questions[f->n] = question_of(sets, r->promise->max_error);
        f->futility[f->n] = futility(&f->questions[f->n]);
        f->n++;
    }
    if (r->promise->fixed_n > 0)
        test_fixed(r, f, alpha);
    else
        rc = stats_accept_sets(f->questions, f->n, alpha, f->accepted, e);
    if (rc == 0 && r->promise->fixed_n == 0)
        futile_alpha = stats_holm_log_e(f->futility, f->n, alpha, f->futile);
    for (size_t k = 0; rc == 0 && k < f->n; k++) {
        const struct tested t = { f->accepted[k], f->futile[k], futile_alpha };
        struct verdict *v = &r->out->items[f->of[k]];

        conclude_side(&v->sides[side], &r->sets[f->of[k]][side], &t, r->promise, v);
    }
    return rc;
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

/* At most so many of the accepted answers no are really yes. Which of a question's sets is accepted
 * is known from the votes, so each of them gets a part of alpha (Bonferroni). */
static int bound_missed(struct reaching *r, struct verdict *v, struct err *e)
{
    const struct verdict_source *s = r->source;
    const struct column *c = &s->task->columns[v->column];
    const uint32_t *stratum = s->sample->stratum_of + v->column * s->n_images;
    const int16_t *labels = s->labels + v->column * s->n_images;
    size_t n = reaching_number(r, v->column);
    struct stats_seen *seen = mem_new(n, sizeof(*seen), e);
    double cells = 0;
    double alpha = (1 - r->promise->confidence) / (double)(r->out->n * SETS_MAX);

    v->missed = NAN;
    if (!seen)
        return ERR_NOMEM;
    for (size_t i = 0; c->yesno && i < s->n_images; i++) {
        if (stratum[i] >= s->sample->n_strata || labels[i] != VALUE_NO ||
            !verdict_accepts(v, c, r->promise->side, labels[i],
                             reaching_probability(s, i, v->column)))
            continue;
        seen[r->local[stratum[i]]].cells++;
        seen[r->local[stratum[i]]].weight = reaching_weight(r, stratum[i]);
        cells++;
    }
    for (size_t k = r->first[v->column]; c->yesno && k < r->first[v->column + 1]; k++) {
        const struct sampled_cell *cell = r->cells[k];

        if (!reaching_seen(r, k) || labels[cell->image] != VALUE_NO ||
            !verdict_accepts(v, c, r->promise->side, VALUE_NO,
                             reaching_probability(s, cell->image, v->column)))
            continue;
        seen[r->local[cell->stratum]].n++;
        seen[r->local[cell->stratum]].errors += cell->value != VALUE_NO;
    }
    if (cells > 0) /* or all the errors that the promise allows are among them */
        v->missed =
            fmin(floor(cells * bound_of(seen, n, r->promise, alpha) + 0.5),
                 floor(r->promise->max_error * (double)v->sides[r->promise->side].accepted));
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
        reaching_fetch(r, out->items[i].column);
        for (int side = 0; rc == 0 && side < (yesno ? SIDES : 1); side++)
            rc = reaching_sets(r, out->items[i].column, (enum verdict_side)side, &r->sets[i][side],
                               e);
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
    return rc == 0 ? reaching_pool(r, e) : rc;
}

static int begin(struct reaching *r, struct err *e)
{
    const struct verdict_source *s = r->source;
    struct verdicts *out = r->out;
    size_t n_columns = s->task->n_columns;
    int rc = reaching_sort(r, e);

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
    free(r.held);
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
