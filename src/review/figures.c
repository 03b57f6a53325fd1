/* SPDX-License-Identifier: MIT */
#include "review/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "review/care.h"
#include "review/limits.h"
#include "review/sampled.h"
#include "store/review.h"
#include "store/reviewers.h"

struct gathering {
    struct review_figures *out;
    const struct task *task;
    struct store_items items;
    struct answered *answers;
    size_t n, cap, people_cap;
    size_t newest; /* the newest answer that is no copy, and its key */
    char key[TAB_MAX + 1];
    struct err *e;
};

static int note_person(void *data, const struct store_reviewer *r)
{
    struct gathering *c = data;
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

static struct review_person *person_of(const struct gathering *c, int64_t annotator)
{
    for (size_t i = 0; i < c->out->n_people; i++)
        if (c->out->people[i].annotator == annotator)
            return &c->out->people[i];
    return NULL;
}

static int16_t value_of(const struct gathering *c, size_t item, const struct store_answer *a)
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

/* A packet does not say whether a page of its was a grid's, but its answers have one key. */
static bool is_of_grid(struct gathering *c, const struct store_answer *a, size_t person)
{
    struct answered *last = c->newest < c->n ? &c->answers[c->newest] : NULL;
    bool more =
        a->mode == MODE_PACKET && last && last->person == person && strcmp(c->key, a->key) == 0;

    if (a->copy_of != 0)
        return false;
    if (more)
        last->grid = true;
    c->newest = c->n;
    snprintf(c->key, sizeof(c->key), "%s", a->key);
    return more || a->mode == MODE_GRID;
}

static int note_answer(void *data, const struct store_answer *a)
{
    struct gathering *c = data;
    size_t item = store_items_find(&c->items, a->item);
    struct review_person *p = person_of(c, a->annotator);
    struct answered answer;
    int rc;

    if (item == SIZE_MAX || !p)
        return 0;
    p->last = arena_text(&c->out->arena, a->at, strlen(a->at), c->e);
    if (!p->last)
        return ERR_NOMEM;
    answer = (struct answered){ .item = item,
                                .person = (size_t)(p - c->out->people),
                                .kind = a->kind,
                                .value = value_of(c, item, a),
                                .seconds = a->seconds,
                                .undone = a->undone,
                                .copy = a->copy_of != 0 };
    answer.grid = is_of_grid(c, a, answer.person);
    rc = mem_grow(&c->answers, &c->cap, c->n + 1, sizeof(*c->answers), SIZE_MAX / 128, c->e);
    if (rc == 0)
        c->answers[c->n++] = answer;
    return rc;
}

static int note_lease(void *data, const struct store_lease *l)
{
    struct gathering *c = data;
    struct review_person *p = person_of(c, l->annotator);

    if (p)
        p->leased += l->until > (int64_t)time(NULL);
    return 0;
}

static int load(struct gathering *c, struct store *s, const struct store_images *images,
                struct err *e)
{
    int rc = store_items_load(s, c->task, images, &c->items, e);

    if (rc == 0)
        rc = store_reviewers(s, note_person, c, e);
    if (rc == 0)
        rc = store_answers(s, (struct store_answer_reader){ note_answer, c }, e);
    return rc < 0 ? rc : store_leases(s, note_lease, c, e);
}

/* ---- people and questions ---- */

static void count_kinds(struct review_person *p, const struct answered *a)
{
    if (a->copy)
        return;
    p->hours += a->seconds / 3600;
    if (a->undone) {
        p->undone++;
        return;
    }
    p->done += a->kind != ANSWER_SKIP;
    p->unsure += a->kind == ANSWER_UNSURE;
    p->skipped += a->kind == ANSWER_SKIP;
    p->flagged += a->kind == ANSWER_FLAG;
}

/* Counts what is right and alike; shares come of it at the end. answer_of[] is by item the answer
 * of the one person that counts; NULL: none. */
static void count_checks(const struct gathering *c, struct review_person *p,
                         const struct answered *a, const struct answered *const *answer_of)
{
    const struct store_item *item = &c->items.items[a->item];
    const struct answered *first = item->repeats != SIZE_MAX ? answer_of[item->repeats] : NULL;

    if (a->kind != ANSWER_VALUE)
        return;
    if (item->kind == REVIEW_GOLD) {
        p->gold++;
        p->gold_accuracy += a->value == item->known;
    }
    if (item->kind == REVIEW_REPEAT && first && first->kind == ANSWER_VALUE) {
        p->repeats++;
        p->repeat_consistency += a->value == first->value;
    }
}

/* Medians of what matches; memory for all answers' seconds is the caller's. */
static double median_of(const struct gathering *c, double *seconds, size_t person, size_t column)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct answered *a = &c->answers[i];

        if (!a->undone && !a->copy && a->kind != ANSWER_SKIP &&
            (person == SIZE_MAX || a->person == person) &&
            (column == SIZE_MAX || c->items.items[a->item].column == column))
            seconds[n++] = a->seconds;
    }
    return stats_quantile(seconds, n, 0.5);
}

static void count_person(struct gathering *c, size_t k, const struct answered **answer_of,
                         double *seconds)
{
    struct review_person *p = &c->out->people[k];

    memset(answer_of, 0, c->items.n * sizeof(*answer_of));
    for (size_t i = 0; i < c->n; i++) {
        if (c->answers[i].person != k)
            continue;
        count_kinds(p, &c->answers[i]);
        if (!c->answers[i].undone) /* a repeat compares with what was copied, too */
            answer_of[c->answers[i].item] = &c->answers[i];
    }
    for (size_t i = 0; i < c->items.n; i++)
        if (answer_of[i] && !answer_of[i]->copy)
            count_checks(c, p, answer_of[i], answer_of);
    p->gold_accuracy /= (double)p->gold;
    p->repeat_consistency /= (double)p->repeats;
    p->seconds = median_of(c, seconds, k, SIZE_MAX);
    p->votes_per_hour = p->hours > 0 ? (double)p->done / p->hours : NAN;
}

static int count_people(struct gathering *c, struct err *e)
{
    const struct answered **answer_of = mem_new(c->items.n, sizeof(const struct answered *), e);
    double *seconds = mem_new(c->n, sizeof(*seconds), e);
    struct review_figures *out = c->out;
    int rc = answer_of && seconds ? 0 : ERR_NOMEM;

    for (size_t k = 0; rc == 0 && k < out->n_people; k++) {
        count_person(c, k, answer_of, seconds);
        out->hours += out->people[k].hours;
        out->flagged += out->people[k].flagged;
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

static int count_items(struct gathering *c, struct err *e)
{
    struct review_figures *out = c->out;
    uint32_t *filled = mem_new(c->items.n, sizeof(*filled), e);

    out->questions = arena_new(&out->arena, c->task->n_columns, sizeof(*out->questions), e);
    if (!filled || !out->questions) {
        free(filled);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct answered *a = &c->answers[i];

        if (a->undone || a->kind == ANSWER_SKIP)
            continue;
        out->copied += a->copy;
        filled[a->item]++;
        out->questions[c->items.items[a->item].column].answers++;
    }
    for (size_t i = 0; i < c->items.n; i++) {
        struct review_question *q = &out->questions[c->items.items[i].column];
        const struct store_item *item = &c->items.items[i];
        bool done = filled[i] >= item->votes;

        if (!item->aside && !done)
            out->votes_open += item->votes - filled[i];
        q->items++;
        q->done += done;
        out->items++;
        out->done += done;
        out->set_aside += item->aside != NULL;
    }
    free(filled);
    return 0;
}

/* ---- the sample ---- */

static int count_sample(struct gathering *c, struct store *s, const struct store_images *images,
                        const int16_t *labels, struct err *e)
{
    struct review_figures *out = c->out;
    struct sampled sample;
    struct stats_stratum *strata;
    int rc = sampled_load(&sample, s, c->task, images, 0, e);

    if (rc < 0)
        return rc;
    out->design = sample.design;
    out->n_strata = sample.n_strata;
    out->frame = sample.frame;
    out->cells = images->n * c->task->n_columns;
    for (size_t h = 0; h < sample.n_strata; h++)
        out->drawn += sample.strata[h].drawn;
    strata = mem_new(sample.n_strata, sizeof(*strata), e);
    if (strata) {
        sampled_count(&sample, labels, images->n, SIZE_MAX, strata);
        stats_sample_agreement(strata, sample.n_strata, &out->sample);
    }
    /* its people are those here, in the same order */
    for (size_t k = 0; strata && k < out->n_people; k++) {
        if (out->people[k].alarms == 0)
            continue;
        sampled_count(&sample, labels, images->n, k, strata);
        stats_sample_agreement(strata, sample.n_strata, &out->people[k].without);
    }
    rc = strata ? 0 : ERR_NOMEM;
    free(strata);
    sampled_release(&sample);
    return rc;
}

static int ring_alarms(const struct gathering *c, const int16_t *const labels[2], size_t n_images,
                       struct err *e)
{
    const struct care care = { .task = c->task,
                               .items = &c->items,
                               .answers = c->answers,
                               .n = c->n,
                               .labels = { labels[0], labels[1] },
                               .n_images = n_images };

    return care_ring(&care, c->out, e);
}

int review_figures_load(struct review_figures *out, struct store *s, const struct task *t,
                        const struct store_images *images, const int16_t *const labels[2],
                        struct err *e)
{
    struct gathering c = { .out = out, .task = t, .e = e };
    int rc;

    *out = (struct review_figures){ .task = t };
    rc = load(&c, s, images, e);
    if (rc == 0)
        rc = count_items(&c, e);
    if (rc == 0)
        rc = count_people(&c, e);
    if (rc == 0)
        rc = ring_alarms(&c, labels, images->n, e);
    if (rc == 0)
        rc = count_sample(&c, s, images, labels[0], e);
    store_items_release(&c.items);
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
