/* SPDX-License-Identifier: MIT
 *
 * What came of the review: by person, by question, and what the sample says of all cells.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/internal.h"

struct one { /* an answer */
    size_t item, person;
    enum answer_kind kind;
    int16_t value;
    double seconds;
    bool undone;
};

struct counting {
    struct review_figures *out;
    const struct task *task;
    struct store_items items;
    size_t *index_of; /* [max_id + 1] of an item's id */
    int64_t max_id;
    struct one *answers;
    size_t n, cap, people_cap;
    struct err *e;
};

static int note_person(void *data, const struct store_reviewer *r)
{
    struct counting *c = data;
    struct review_figures *out = c->out;
    struct review_person *p;
    int rc;

    if (r->annotator == 0)
        return 0;
    rc = mem_grow(&out->people, &c->people_cap, out->n_people + 1, sizeof(*p), UINT32_MAX, c->e);
    if (rc < 0)
        return rc;
    p = &out->people[out->n_people++];
    p->name = arena_text(&out->arena, r->name, strlen(r->name), c->e);
    p->annotator = r->annotator;
    p->revoked = r->revoked != NULL;
    return p->name ? 0 : ERR_NOMEM;
}

static struct review_person *person_of(const struct counting *c, int64_t annotator)
{
    for (size_t i = 0; i < c->out->n_people; i++)
        if (c->out->people[i].annotator == annotator)
            return &c->out->people[i];
    return NULL;
}

static int16_t value_of(const struct counting *c, size_t item, const struct store_answer *a)
{
    const struct column *column = &c->task->columns[c->items.items[item].column];
    int16_t value = VALUE_MISSING;
    unsigned codings = 0;

    if (a->kind == ANSWER_UNSURE)
        return VALUE_UNSURE;
    if (a->kind == ANSWER_VALUE && a->value)
        task_read_value(column, a->value, strlen(a->value), &value, &codings);
    return value;
}

static int note_answer(void *data, const struct store_answer *a)
{
    struct counting *c = data;
    size_t item = a->item >= 0 && a->item <= c->max_id ? c->index_of[a->item] : SIZE_MAX;
    struct review_person *p = person_of(c, a->annotator);
    int rc;

    if (item == SIZE_MAX || !p)
        return 0;
    snprintf(p->last, sizeof(p->last), "%s", a->at);
    rc = mem_grow(&c->answers, &c->cap, c->n + 1, sizeof(*c->answers), SIZE_MAX / 64, c->e);
    if (rc == 0)
        c->answers[c->n++] = (struct one){ item,       (size_t)(p - c->out->people),
                                           a->kind,    value_of(c, item, a),
                                           a->seconds, a->undone };
    return rc;
}

static int load(struct counting *c, struct store *s, const struct store_images *images,
                struct err *e)
{
    int rc = store_items_load(s, c->task, images, &c->items, e);

    for (size_t i = 0; rc == 0 && i < c->items.n; i++)
        if (c->items.items[i].id > c->max_id)
            c->max_id = c->items.items[i].id;
    if (rc < 0)
        return rc;
    c->index_of = mem_new((size_t)c->max_id + 1, sizeof(*c->index_of), e);
    if (!c->index_of)
        return ERR_NOMEM;
    memset(c->index_of, 0xff, ((size_t)c->max_id + 1) * sizeof(*c->index_of)); /* SIZE_MAX */
    for (size_t i = 0; i < c->items.n; i++)
        c->index_of[c->items.items[i].id] = i;
    rc = store_reviewers(s, note_person, c, e);
    return rc < 0 ? rc : store_answers(s, note_answer, c, e);
}

/* ---- people and questions ---- */

static void count_kinds(struct review_person *p, const struct one *a)
{
    p->hours += a->seconds / 3600;
    if (a->undone) {
        p->undone++;
        return;
    }
    p->done++;
    p->unsure += a->kind == ANSWER_UNSURE;
    p->skipped += a->kind == ANSWER_SKIP;
    p->flagged += a->kind == ANSWER_FLAG;
}

/* The person's answer that counts on an item; NULL: none. answer_of[] is by item, of one person. */
static void count_checks(const struct counting *c, struct review_person *p, const struct one *a,
                         const struct one *const *answer_of)
{
    const struct store_item *item = &c->items.items[a->item];
    const struct one *first = item->repeats != SIZE_MAX ? answer_of[item->repeats] : NULL;

    if (a->kind != ANSWER_VALUE)
        return;
    if (item->kind == REVIEW_GOLD) {
        p->gold++;
        p->gold_right += a->value == item->known;
    }
    if (item->kind == REVIEW_REPEAT && first && first->kind == ANSWER_VALUE) {
        p->repeats++;
        p->repeats_equal += a->value == first->value;
    }
}

/* Medians of what matches; memory for all answers' seconds is the caller's. */
static double median_of(const struct counting *c, double *seconds, size_t person, size_t column)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct one *a = &c->answers[i];

        if (!a->undone && a->kind != ANSWER_SKIP && (person == SIZE_MAX || a->person == person) &&
            (column == SIZE_MAX || c->items.items[a->item].column == column))
            seconds[n++] = a->seconds;
    }
    return stats_quantile(seconds, n, 0.5);
}

static int count_people(struct counting *c, struct err *e)
{
    const struct one **answer_of = mem_new(c->items.n, sizeof(const struct one *), e);
    double *seconds = mem_new(c->n, sizeof(*seconds), e);
    struct review_figures *out = c->out;
    int rc = answer_of && seconds ? 0 : ERR_NOMEM;

    for (size_t k = 0; rc == 0 && k < out->n_people; k++) {
        struct review_person *p = &out->people[k];

        memset(answer_of, 0, c->items.n * sizeof(*answer_of));
        for (size_t i = 0; i < c->n; i++)
            if (c->answers[i].person == k) {
                count_kinds(p, &c->answers[i]);
                if (!c->answers[i].undone)
                    answer_of[c->answers[i].item] = &c->answers[i];
            }
        for (size_t i = 0; i < c->items.n; i++)
            if (answer_of[i])
                count_checks(c, p, answer_of[i], answer_of);
        p->seconds = median_of(c, seconds, k, SIZE_MAX);
        p->votes_an_hour = (double)(p->done - p->skipped) / p->hours;
        out->hours += p->hours;
        out->flagged += p->flagged;
    }
    for (size_t i = 0; rc == 0 && i < c->task->n_columns; i++)
        out->questions[i].seconds =
            out->questions[i].answers > 0 ? median_of(c, seconds, SIZE_MAX, i) : NAN;
    if (rc == 0)
        out->seconds = median_of(c, seconds, SIZE_MAX, SIZE_MAX);
    free(answer_of);
    free(seconds);
    return rc;
}

static int count_items(struct counting *c, struct err *e)
{
    struct review_figures *out = c->out;
    uint32_t *filled = mem_new(c->items.n, sizeof(*filled), e);

    out->questions = arena_new(&out->arena, c->task->n_columns, sizeof(*out->questions), e);
    if (!filled || !out->questions) {
        free(filled);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct one *a = &c->answers[i];

        if (a->undone || a->kind == ANSWER_SKIP)
            continue;
        filled[a->item]++;
        out->questions[c->items.items[a->item].column].answers++;
    }
    for (size_t i = 0; i < c->items.n; i++) {
        struct review_question *q = &out->questions[c->items.items[i].column];
        bool done = filled[i] >= c->items.items[i].votes;

        q->items++;
        q->done += done;
        out->items++;
        out->done += done;
        out->set_aside += c->items.items[i].aside != NULL;
    }
    free(filled);
    return 0;
}

/* ---- the sample ---- */

static int by_item_and_value(const void *a, const void *b)
{
    const struct one *x = a, *y = b;

    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* The majority of the votes answers[0..n) on one item, sorted by value; VALUE_TIE: there is none.
 */
static int16_t majority(const struct one *answers, size_t n)
{
    int16_t best = VALUE_TIE;
    size_t most = 0;

    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && answers[end].value == answers[i].value;)
            end++;
        if (answers[i].value >= 0 && end - i > most) {
            most = end - i;
            best = answers[i].value;
        } else if (answers[i].value >= 0 && end - i == most) {
            best = VALUE_TIE;
        }
    }
    return best;
}

static void settle(const struct counting *c, int64_t design, const int16_t *labels, size_t n_images,
                   const struct one *answers, size_t n, struct stats_stratum *strata,
                   size_t n_strata)
{
    const struct store_item *item = &c->items.items[answers[0].item];
    int16_t said = majority(answers, n), label;
    struct stats_stratum *h;

    if (item->design != design || item->kind == REVIEW_REPEAT || item->stratum >= n_strata ||
        said < 0)
        return;
    label = labels[item->column * n_images + item->image];
    h = &strata[item->stratum];
    h->n++;
    h->rated += label >= 0;
    h->equal += label == said;
}

static int count_sample(struct counting *c, struct store *s, const int16_t *labels, size_t n_images,
                        struct err *e)
{
    struct review_figures *out = c->out;
    struct store_stratum *kept = NULL;
    struct stats_stratum *strata;
    size_t n_strata = 0, n = 0;
    uint64_t seed;
    int rc = store_design_find(s, NULL, &out->design, &seed, e);

    if (rc == 0 && out->design != 0)
        rc = store_strata_load(s, out->design, &out->arena, &kept, &n_strata, e);
    strata = arena_new(&out->arena, n_strata, sizeof(*strata), e);
    if (rc < 0 || !strata)
        return rc < 0 ? rc : ERR_NOMEM;
    for (size_t i = 0; i < c->n; i++) /* only what counts is a vote */
        if (!c->answers[i].undone && c->answers[i].kind == ANSWER_VALUE)
            c->answers[n++] = c->answers[i];
    if (n > 1)
        qsort(c->answers, n, sizeof(*c->answers), by_item_and_value);
    for (size_t h = 0; h < n_strata; h++) {
        strata[h].cells = kept[h].cells;
        out->drawn += kept[h].drawn;
    }
    for (size_t i = 0, end; labels && i < n; i = end) {
        for (end = i; end < n && c->answers[end].item == c->answers[i].item;)
            end++;
        settle(c, out->design, labels, n_images, c->answers + i, end - i, strata, n_strata);
    }
    stats_sample_agreement(strata, n_strata, &out->sample);
    return 0;
}

int review_figures_load(struct review_figures *out, struct store *s, const struct task *t,
                        const struct store_images *images, const int16_t *labels, struct err *e)
{
    struct counting c = { .out = out, .task = t, .e = e };
    int rc;

    *out = (struct review_figures){ .task = t };
    rc = load(&c, s, images, e);
    if (rc == 0)
        rc = count_items(&c, e);
    if (rc == 0)
        rc = count_people(&c, e);
    if (rc == 0)
        rc = count_sample(&c, s, labels, images->n, e);
    store_items_release(&c.items);
    free(c.index_of);
    free(c.answers);
    if (rc < 0)
        review_figures_release(out);
    return rc;
}

void review_figures_release(struct review_figures *f)
{
    free(f->people);
    arena_release(&f->arena);
    *f = (struct review_figures){ 0 };
}

/* ---- JSON ---- */

static struct json_t *share_json(uint64_t k, uint64_t n)
{
    return jv_real((double)k / (double)n);
}

static struct json_t *people_json(const struct review_figures *f)
{
    struct json_t *all = jv_array();

    for (size_t i = 0; i < f->n_people; i++) {
        const struct review_person *p = &f->people[i];
        struct json_t *o = jv_pack(
            "{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:b}", "name", p->name, "done",
            (long long)p->done, "undone", (long long)p->undone, "unsure", (long long)p->unsure,
            "skipped", (long long)p->skipped, "flagged", (long long)p->flagged, "seconds_an_answer",
            jv_real(p->seconds), "hours", jv_real(p->hours), "votes_an_hour",
            jv_real(p->votes_an_hour), "revoked", (int)p->revoked);

        if (o) {
            jv_set(o, "last", p->last[0] ? jv_pack("s", p->last) : jv_pack("n"));
            jv_set(o, "gold", jv_pack("I", (long long)p->gold));
            jv_set(o, "gold_accuracy", share_json(p->gold_right, p->gold));
            jv_set(o, "repeats", jv_pack("I", (long long)p->repeats));
            jv_set(o, "repeat_consistency", share_json(p->repeats_equal, p->repeats));
        }
        jv_append(all, o);
    }
    return all;
}

static struct json_t *questions(const struct review_figures *f)
{
    struct json_t *all = jv_array();

    for (size_t i = 0; i < f->task->n_columns; i++)
        if (f->questions[i].items > 0)
            jv_append(all, jv_pack("{s:s, s:I, s:I, s:o}", "name", f->task->columns[i].name,
                                   "items", (long long)f->questions[i].items, "done",
                                   (long long)f->questions[i].done, "seconds_an_answer",
                                   jv_real(f->questions[i].seconds)));
    return all;
}

static struct json_t *sample_json(const struct review_figures *f)
{
    const struct stats_sample *s = &f->sample;

    if (f->design == 0)
        return jv_pack("n");
    return jv_pack("{s:I, s:o, s:o, s:o, s:[o, o], s:o}", "drawn", (long long)f->drawn, "settled",
                   jv_real(s->settled), "agreement", jv_real(s->agreement), "standard_error",
                   jv_real(s->error), "interval", jv_real(s->interval.low),
                   jv_real(s->interval.high), "covered", jv_real(s->covered));
}

struct json_t *review_figures_json(const struct review_figures *f)
{
    return jv_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "items", (long long)f->items,
                   "done", (long long)f->done, "set_aside", (long long)f->set_aside, "flagged",
                   (long long)f->flagged, "seconds_an_answer", jv_real(f->seconds), "hours",
                   jv_real(f->hours), "questions", questions(f), "people", people_json(f), "sample",
                   sample_json(f));
}
