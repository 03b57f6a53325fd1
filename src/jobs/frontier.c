/* SPDX-License-Identifier: MIT */
#include "jobs/frontier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/next_votes.h"
#include "jobs/odds.h"
#include "stats/estimate.h"

struct drawing {
    struct frontier *out;
    const struct frontier_sources *from;
    const struct sampled *sampled; /* NULL: nothing was drawn and settled */
    struct odds odds;
    size_t n_images, n_columns, cap;
    double people_answer, images;
};

/* A way to label: somebody's labels, and which cells people answer in their place. */
struct way {
    const struct labelled *who;
    const struct labelled *second;   /* disputes with this one go to people; NULL */
    const struct verdicts *verdicts; /* what these do not accept goes to people; NULL */
    bool sample;                     /* what was drawn counts as people said */
    const char *name;
};

static int16_t label_of(const struct drawing *d, const struct labelled *who, size_t c, size_t i)
{
    return who->labels.values[c * d->n_images + i];
}

static bool is_accepted(const struct drawing *d, const struct way *w, size_t c, size_t i)
{
    const struct task *t = d->from->data->project->task;
    const float *p = w->who->labels.probabilities;

    for (size_t k = c < w->verdicts->n && w->verdicts->items[c].column == c ? c : 0;
         k < w->verdicts->n; k++)
        if (w->verdicts->items[k].column == c)
            return verdict_accepts(&w->verdicts->items[k], &t->columns[c],
                                   w->verdicts->promise.side, label_of(d, w->who, c, i),
                                   p ? p + i * t->n_probabilities + t->columns[c].probability
                                     : NULL);
    return false;
}

static bool goes_to_people(const struct drawing *d, const struct way *w, size_t c, size_t i)
{
    int16_t first = label_of(d, w->who, c, i);
    int16_t second = w->second ? label_of(d, w->second, c, i) : VALUE_MISSING;

    if (first >= 0 && second >= 0 && first != second)
        return true;
    return w->verdicts && !is_accepted(d, w, c, i);
}

/* ---- how much is right ---- */

/* The share of the cells that an annotator answered, abstentions too. */
static double answered_share(const struct drawing *d, const struct labelled *who)
{
    const uint32_t *strata = d->sampled ? d->sampled->stratum_of : NULL;
    size_t n = d->n_images * d->n_columns, answered = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        if (strata && strata[i] == STORE_OUTSIDE)
            continue;
        all++;
        answered += who->labels.values[i] != VALUE_MISSING;
    }
    return (double)answered / (double)all;
}

static bool is_right(const struct drawing *d, const struct way *w, const struct sampled_cell *cell)
{
    int16_t label = label_of(d, w->who, cell->column, cell->image);

    return label != VALUE_MISSING &&
           (w->sample || label == cell->value || goes_to_people(d, w, cell->column, cell->image));
}

/* Of the settled cells that are not right without the sample, those that it puts right. */
static double put_right(const struct drawing *d, struct way w)
{
    double n = 0;

    if (!w.sample)
        return 0;
    w.sample = false;
    for (size_t i = 0; i < d->sampled->n; i++) {
        const struct sampled_cell *cell = &d->sampled->cells[i];

        n += cell->value >= 0 && label_of(d, w.who, cell->column, cell->image) != VALUE_MISSING &&
             !is_right(d, &w, cell);
    }
    return n;
}

static void settle(const struct drawing *d, const struct way *w, struct estimate_stratum *strata,
                   struct estimate_cell *drawn, size_t *n)
{
    const struct sampled *s = d->sampled;

    for (size_t h = 0; h < s->n_strata; h++)
        strata[h] = (struct estimate_stratum){ .cells = (double)s->strata[h].cells };
    *n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct sampled_cell *cell = &s->cells[i];
        double y;

        if (cell->value < 0)
            continue;
        y = is_right(d, w, cell) ? 1 : 0;
        estimate_settle(&strata[cell->stratum], y, 0);
        drawn[(*n)++] = (struct estimate_cell){ y, 0, odds_of(&d->odds, cell) };
    }
}

/* By the random sample: the share of the frame's cells that end up right, of those answered. */
static int estimate_way(const struct drawing *d, const struct way *w, struct frontier_point *out,
                        struct err *e)
{
    const struct sampled *s = d->sampled;
    struct estimate_stratum *strata = mem_new(s->n_strata, sizeof(*strata), e);
    struct estimate_cell *drawn = mem_new(s->n, sizeof(*drawn), e);
    struct way without = *w;
    struct estimate got;
    double more, share;
    size_t n;

    if (!strata || !drawn) {
        free(strata);
        free(drawn);
        return ERR_NOMEM;
    }
    without.sample = false; /* what was drawn is known, and says nothing of the rest */
    settle(d, &without, strata, drawn, &n);
    if (d->odds.unequal)
        estimate_active(
            &(struct estimate_drawn){ .drawn = drawn, .n = n, .cells = (double)s->frame }, false,
            &got);
    else
        estimate_cells(strata, s->n_strata, &got);
    free(strata);
    free(drawn);
    more = put_right(d, *w) / (double)s->frame;
    share = answered_share(d, w->who);
    out->quality = fmin((got.value + more) / share, 1);
    out->interval = (struct stats_interval){ fmax((got.interval.low + more) / share, 0),
                                             fmin((got.interval.high + more) / share, 1) };
    return 0;
}

/* Two who agree make the consensus of themselves: it says something where somebody else has voted.
 */
static bool has_consensus(const struct frontier_sources *from)
{
    return from->votes->values && (from->votes->extra_votes > 0 || from->data->n > 2);
}

/* Without a sample: the share of the cells answered that equal the consensus. What people settle
 * is the consensus by definition, which says nothing. */
static void compare_way(const struct drawing *d, const struct way *w, struct frontier_point *out)
{
    const int16_t *consensus = d->from->votes->values;
    size_t n = d->n_images * d->n_columns, equal = 0, all = 0;

    if (!has_consensus(d->from) || w->second || w->verdicts)
        return;
    for (size_t i = 0; i < n; i++) {
        if (consensus[i] < 0 || w->who->labels.values[i] == VALUE_MISSING)
            continue;
        all++;
        equal += w->who->labels.values[i] == consensus[i];
    }
    out->quality = (double)equal / (double)all;
}

/* ---- what it costs ---- */

static double labels_cost(const struct drawing *d, const struct labelled *who)
{
    const struct ledger_model *m = ledger_find(d->from->ledger, who->name);

    return m ? m->image_cost * d->images : d->images * (double)d->n_columns * d->people_answer;
}

/* The cells that people answer, those that were drawn for the way too. */
static uint64_t people_answers(const struct drawing *d, const struct way *w)
{
    uint64_t n = 0;

    for (size_t c = 0; (w->second || w->verdicts) && c < d->n_columns; c++)
        for (size_t i = 0; i < d->n_images; i++)
            n += goes_to_people(d, w, c, i);
    for (size_t k = 0; d->sampled && (w->sample || w->verdicts) && k < d->sampled->n; k++) {
        const struct sampled_cell *cell = &d->sampled->cells[k];

        n += cell->n_votes > 0 && !goes_to_people(d, w, cell->column, cell->image);
    }
    return n;
}

static int add_point(struct drawing *d, const struct frontier_point *p, struct err *e)
{
    struct frontier *out = d->out;
    int rc = mem_grow(&out->points, &d->cap, out->n_points + 1, sizeof(*p), 1 << 20, e);

    if (rc < 0)
        return rc;
    out->points[out->n_points] = *p;
    out->points[out->n_points++].thousand = p->cost / d->images * 1000;
    return 0;
}

static int add_way(struct drawing *d, const struct way *w, struct err *e)
{
    struct frontier_point p = { .way = w->name, .quality = NAN, .interval = { NAN, NAN } };
    int rc = 0;

    p.who = arena_text(&d->out->arena, w->who->name, strlen(w->who->name), e);
    if (!p.who)
        return ERR_NOMEM;
    if (d->sampled)
        rc = estimate_way(d, w, &p, e);
    else
        compare_way(d, w, &p);
    if (rc < 0)
        return rc;
    p.answers = people_answers(d, w);
    p.labels_cost = w->second ? labels_cost(d, w->second) : 0;
    p.cost = labels_cost(d, w->who) + p.labels_cost;
    p.cost += p.answers > 0 ? (double)p.answers * d->people_answer : 0;
    if (w->who->annotator->kind == ANNOTATOR_HUMAN) /* whose labels these are */
        p.answers = d->out->cells;
    return add_point(d, &p, e);
}

/* ---- the ways ---- */

/* The verdicts on the first's answers are there; those on another model's are reached here. */
static int add_verdicts(struct drawing *d, const struct labelled *who, struct err *e)
{
    const struct acceptance *a = d->from->acceptance;
    const struct verdict_source source = { .task = d->from->data->project->task,
                                           .n_images = d->n_images,
                                           .labels = who->labels.values,
                                           .probabilities = who->labels.probabilities,
                                           .sample = d->sampled };
    struct way way = { .who = who, .name = "accept by verdict" };
    struct verdicts own = { 0 };
    int rc = 0;

    if (!d->sampled || a->why)
        return 0;
    way.verdicts = &a->verdicts;
    if (!text_equal(a->annotator, who->name)) {
        rc = verdicts_reach(&own, &source, &a->verdicts.promise, e);
        way.verdicts = &own;
    }
    if (rc == 0)
        rc = add_way(d, &way, e);
    verdicts_release(&own);
    return rc;
}

static int add_fine_tuned(struct drawing *d, const struct labelled *who, struct err *e)
{
    const struct fine_tuning *f = &d->from->data->project->task->prices.fine_tuning;
    struct frontier_point p;

    if (!f->given || who != d->from->first)
        return 0;
    p = d->out->points[d->out->n_points - 1]; /* the model alone */
    p.way = "fine-tuned, expected";
    p.quality = fmin(p.quality + f->gain, 1);
    p.interval = (struct stats_interval){ NAN, NAN };
    p.cost += f->cost;
    p.stated = true;
    return add_point(d, &p, e);
}

/* With whom a model's disputes go to people. Not with somebody who answers the review: those are
 * what people said already, and there are none on the cells that they were not asked about. */
static const struct labelled *disputes_with(const struct drawing *d, const struct labelled *who)
{
    const struct labelled *second = d->from->second;

    return second && second != who && !second->annotator->reviews ? second : NULL;
}

static int add_model(struct drawing *d, const struct labelled *who, struct err *e)
{
    const struct labelled *second = disputes_with(d, who);
    struct way way = { .who = who, .name = "alone" };
    int rc = add_way(d, &way, e);

    if (rc == 0)
        rc = add_fine_tuned(d, who, e);
    if (rc == 0 && second) {
        way.second = second;
        way.name = "+ disputes reviewed";
        rc = add_way(d, &way, e);
    }
    if (rc == 0 && d->sampled) {
        way.sample = true;
        way.name = second ? "+ disputes and sample" : "+ sample";
        rc = add_way(d, &way, e);
    }
    return rc == 0 ? add_verdicts(d, who, e) : rc;
}

/* Adjudicators are right by definition. */
static int add_reviewers(struct drawing *d, struct err *e)
{
    struct frontier_point p = {
        .way = "all cells", .quality = 1, .interval = { NAN, NAN }, .answers = d->out->cells
    };

    p.cost = (double)p.answers * d->people_answer;
    return d->sampled ? add_point(d, &p, e) : 0;
}

static int add_all(struct drawing *d, struct err *e)
{
    const struct dataset *data = d->from->data;
    int rc = 0;

    for (size_t a = 0; rc == 0 && a < data->n; a++) {
        const struct labelled *who = &data->items[a];

        if (who->annotator->kind == ANNOTATOR_MODEL)
            rc = add_model(d, who, e);
        else if (!who->annotator->votes) /* those who only settle disputes label no project */
            rc = add_way(d, &(struct way){ .who = who, .name = "people alone" }, e);
    }
    return rc == 0 ? add_reviewers(d, e) : rc;
}

static bool beats(const struct frontier_point *a, const struct frontier_point *b)
{
    return a->quality >= b->quality && a->cost <= b->cost &&
           (a->quality > b->quality || a->cost < b->cost);
}

static void mark_dominated(struct frontier *f)
{
    for (size_t i = 0; i < f->n_points; i++)
        for (size_t k = 0; k < f->n_points; k++)
            if (!f->points[k].stated && beats(&f->points[k], &f->points[i]))
                f->points[i].dominated = true;
}

/* ---- all together ---- */

/* Is any cell settled? */
static bool has_sample(const struct sampled *s)
{
    for (size_t i = 0; s->design != 0 && i < s->n; i++)
        if (s->cells[i].value >= 0)
            return true;
    return false;
}

int frontier_load(struct frontier *out, const struct frontier_sources *from, struct err *e)
{
    const struct dataset *data = from->data;
    struct drawing d = { .out = out,
                         .from = from,
                         .n_images = data->images.n,
                         .n_columns = data->project->task->n_columns,
                         .images = (double)data->images.n,
                         .people_answer = from->cost->here.people_answer };
    int rc = 0;

    *out = (struct frontier){ .currency = data->project->task->prices.currency,
                              .images = data->images.n,
                              .cells = d.n_images * d.n_columns };
    if (has_sample(&from->acceptance->sampled))
        d.sampled = &from->acceptance->sampled;
    if (d.sampled)
        rc = odds_find(&d.odds, d.sampled, &out->arena, e);
    out->against = d.sampled ? "adjudicators" : has_consensus(from) ? "consensus" : NULL;
    if (rc == 0 && from->second)
        out->second = arena_text(&out->arena, from->second->name, strlen(from->second->name), e);
    if (rc == 0 && from->second && !out->second)
        rc = ERR_NOMEM;
    if (rc == 0 && d.n_images > 0)
        rc = add_all(&d, e);
    if (rc == 0 && d.n_images > 0)
        rc = next_votes(out, from, e);
    if (rc < 0)
        frontier_release(out);
    else
        mark_dominated(out);
    return rc;
}

void frontier_release(struct frontier *f)
{
    free(f->points);
    arena_release(&f->arena);
    *f = (struct frontier){ 0 };
}
