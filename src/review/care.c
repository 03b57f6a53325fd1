/* SPDX-License-Identifier: MIT
 *
 * Three signs of somebody who does not look: answers that come faster than one can see, the same
 * key again and again, known answers and repeats missed. A sign is no proof, so it is told to the
 * owner, and changes nothing.
 *
 * The same key: had a careful person answered, each answer of a run would be this one with about
 * the rate at which it is given to the question. Who is right is not known, so the largest rate
 * counts: other people's, the two annotators' who are compared, on the same cells, and where other
 * people gave few answers the person's own outside the run; each at the upper end of its 95 %
 * interval. Their product, times the answers at which such a run could have begun (Bonferroni),
 * bounds the chance of it.
 */
#include "review/care.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const review_sign_names[REVIEW_SIGNS] = { "too fast", "grid too fast", "one key",
                                                      "known answers missed", "repeats differ" };

/* How often each value was given to each question. */
struct rates {
    uint64_t *of_value, *all; /* [by first[column] + value]; [n_columns] */
};

enum { EVERYBODY, OWN, IN_RUN, LABELS, TALLIES = LABELS + 2 };

struct watch {
    const struct care *c;
    struct review_figures *out;
    size_t person;
    size_t *first; /* [n_columns + 1] where a column's values begin */
    struct rates rates[TALLIES];
    double *seconds; /* [n] room for medians */
};

static void ring(struct watch *w, struct review_alarm alarm)
{
    alarm.name = review_sign_names[alarm.sign];
    alarm.person = w->person;
    w->out->people[w->person].alarms++;
    w->out->alarms[w->out->n_alarms++] = alarm;
}

/* ---- pace ---- */

static void watch_pace(struct watch *w, bool grid, double least)
{
    const struct care *c = w->c;
    size_t n = 0;
    double median;

    for (size_t i = 0; i < c->n; i++) {
        const struct answered *a = &c->answers[i];

        if (a->person == w->person && !a->undone && !a->copy && a->kind != ANSWER_SKIP &&
            a->grid == grid)
            w->seconds[n++] = a->seconds;
    }
    median = stats_quantile(w->seconds, n, 0.5);
    if (n >= REVIEW_SIGN_LEAST && median < least)
        ring(w, (struct review_alarm){ .sign = grid ? SIGN_FAST_GRID : SIGN_FAST,
                                       .value = median,
                                       .threshold = least,
                                       .n = n });
}

/* ---- one key ---- */

static void count(struct watch *w, int which, size_t column, int16_t value, int by)
{
    struct rates *r = &w->rates[which];

    if (value < 0)
        return;
    r->of_value[w->first[column] + (size_t)value] += (uint64_t)(int64_t)by;
    r->all[column] += (uint64_t)(int64_t)by;
}

static bool is_value(const struct answered *a)
{
    return !a->undone && !a->copy && a->kind == ANSWER_VALUE && a->value >= 0;
}

/* What the person said, and what the labels are of the same cells. */
static void count_own(struct watch *w)
{
    const struct care *c = w->c;

    for (int which = OWN; which < TALLIES; which++) {
        memset(w->rates[which].of_value, 0,
               w->first[c->task->n_columns] * sizeof(*w->rates[which].of_value));
        memset(w->rates[which].all, 0, c->task->n_columns * sizeof(*w->rates[which].all));
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct answered *a = &c->answers[i];
        const struct store_item *item = &c->items->items[a->item];

        if (a->person != w->person || !is_value(a))
            continue;
        count(w, OWN, item->column, a->value, 1);
        for (int k = 0; k < 2; k++)
            if (c->labels[k])
                count(w, LABELS + k, item->column,
                      c->labels[k][item->column * c->n_images + item->image], 1);
    }
}

static double upper(uint64_t k, uint64_t n)
{
    return n > 0 ? stats_wilson(k, n).high : 0;
}

/* The rate at which the value would be given to the column's question; 1: nobody says. */
static double rate_of(const struct watch *w, size_t column, int16_t value)
{
    size_t at = w->first[column] + (size_t)value;
    const struct rates *all = &w->rates[EVERYBODY], *own = &w->rates[OWN], *run = &w->rates[IN_RUN];
    uint64_t others = all->all[column] - own->all[column];
    double rate = upper(all->of_value[at] - own->of_value[at], others);

    for (int k = LABELS; k < TALLIES; k++)
        rate = fmax(rate, upper(w->rates[k].of_value[at], w->rates[k].all[column]));
    if (others < REVIEW_SIGN_LEAST)
        rate = fmax(rate, upper(own->of_value[at] - run->of_value[at],
                                own->all[column] - run->all[column]));
    return rate > 0 ? rate : 1;
}

struct run {
    size_t first, end, n; /* answers[first..end); n of them the person's */
    double log_chance;
};

static double log_chance_of(struct watch *w, const struct run *run)
{
    const struct care *c = w->c;
    double sum = 0;

    for (int pass = 0; pass < 3; pass++) /* marks the run, reckons, and takes the marks away */
        for (size_t i = run->first; i < run->end; i++) {
            const struct answered *a = &c->answers[i];
            size_t column = c->items->items[a->item].column;

            if (a->person != w->person || !is_value(a))
                continue;
            if (pass == 1)
                sum += log(rate_of(w, column, a->value));
            else
                count(w, IN_RUN, column, a->value, pass == 0 ? 1 : -1);
        }
    return sum;
}

/* Yes and no have keys of their own; other options are numbered. */
static bool is_same_key(const struct care *c, const struct answered *a, const struct answered *b)
{
    const struct column *of_a = &c->task->columns[c->items->items[a->item].column];
    const struct column *of_b = &c->task->columns[c->items->items[b->item].column];

    return is_value(a) && is_value(b) && a->value == b->value && of_a->yesno == of_b->yesno;
}

static void end_run(struct watch *w, struct run *run, struct run *best)
{
    if (run->n < 2)
        return;
    run->log_chance = log_chance_of(w, run);
    if (run->log_chance < best->log_chance)
        *best = *run;
}

static void watch_keys(struct watch *w, double most)
{
    const struct care *c = w->c;
    const struct answered *last = NULL;
    struct run run = { 0 }, best = { 0 };
    double chance;
    size_t n = 0;

    count_own(w);
    for (size_t i = 0; i < c->n; i++) {
        const struct answered *a = &c->answers[i];

        if (a->person != w->person || a->undone || a->copy)
            continue;
        if (!last || !is_same_key(c, last, a)) {
            end_run(w, &run, &best);
            run = (struct run){ .first = i };
        }
        run.end = i + 1;
        run.n++;
        n++;
        last = a;
    }
    end_run(w, &run, &best);
    chance = (double)n * exp(best.log_chance);
    if (n < REVIEW_SIGN_LEAST || chance >= most)
        return;
    last = &c->answers[best.first];
    ring(w, (struct review_alarm){
                .sign = SIGN_ONE_KEY,
                .value = chance,
                .threshold = most,
                .n = best.n,
                .said = c->task->columns[c->items->items[last->item].column].labels[last->value] });
}

/* ---- known answers, repeats ---- */

static void watch_share(struct watch *w, enum review_sign sign, double share, uint64_t n,
                        double least)
{
    struct stats_interval i = stats_wilson((uint64_t)llround(n > 0 ? share * (double)n : 0), n);

    if (n > 0 && i.high < least)
        ring(w, (struct review_alarm){
                    .sign = sign, .value = share, .threshold = least, .n = n, .interval = i });
}

/* ---- everybody ---- */

static void watch_person(struct watch *w)
{
    const struct alarms *limits = &w->c->task->alarms;
    const struct review_person *p = &w->out->people[w->person];

    watch_pace(w, false, limits->min_seconds);
    watch_pace(w, true, limits->min_grid_seconds);
    watch_keys(w, limits->max_run_chance);
    watch_share(w, SIGN_GOLD, p->gold_accuracy, p->gold, limits->min_gold_accuracy);
    watch_share(w, SIGN_REPEATS, p->repeat_consistency, p->repeats, limits->min_repeat_consistency);
}

static int make_room(struct watch *w, struct arena *a, struct err *e)
{
    const struct task *t = w->c->task;
    bool made;

    w->first = arena_new(a, t->n_columns + 1, sizeof(*w->first), e);
    w->seconds = arena_new(a, w->c->n, sizeof(*w->seconds), e);
    made = w->first && w->seconds;
    for (size_t c = 0; made && c < t->n_columns; c++)
        w->first[c + 1] = w->first[c] + t->columns[c].n_values;
    for (int k = 0; made && k < TALLIES; k++) {
        struct rates *r = &w->rates[k];

        r->of_value = arena_new(a, w->first[t->n_columns], sizeof(*r->of_value), e);
        r->all = arena_new(a, t->n_columns, sizeof(*r->all), e);
        made = r->of_value && r->all;
    }
    return made ? 0 : ERR_NOMEM;
}

int care_ring(const struct care *c, struct review_figures *out, struct err *e)
{
    struct watch w = { .c = c, .out = out };
    struct arena room = { 0 };
    int rc;

    if (c->n == 0)
        return 0;
    out->alarms = arena_new(&out->arena, out->n_people * REVIEW_SIGNS, sizeof(*out->alarms), e);
    rc = out->alarms ? make_room(&w, &room, e) : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < c->n; i++)
        if (is_value(&c->answers[i]))
            count(&w, EVERYBODY, c->items->items[c->answers[i].item].column, c->answers[i].value,
                  1);
    for (; rc == 0 && w.person < out->n_people; w.person++)
        watch_person(&w);
    arena_release(&room);
    return rc;
}
