/* SPDX-License-Identifier: MIT */
#include "store/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/packed.h"

struct reading {
    struct store *store;
    const struct task *task;
    const struct store_images *images;
    struct store_labels *out;
    struct question_sets sets;
};

static void take_values(const struct reading *l, const struct question_set *set, size_t image,
                        const int16_t *values)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];
        int16_t value = translation_value(t, values[i]);

        if (t->column != SIZE_MAX && value != VALUE_MISSING)
            l->out->values[t->column * l->images->n + image] = value;
    }
}

/* Of the columns that were answered. */
static void take_probabilities(const struct reading *l, const struct question_set *set,
                               size_t image, const int16_t *values, const float *stored)
{
    float *row = l->out->probabilities + image * l->task->n_probabilities;

    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];
        const struct column *c;

        if (t->column == SIZE_MAX || values[i] == VALUE_MISSING)
            continue;
        c = &l->task->columns[t->column];
        for (size_t v = 0; v < (c->yesno ? 1 : t->n_stored); v++) {
            int16_t value = c->yesno ? 0 : t->value_of[v];

            if (value >= 0)
                row[c->probability + (size_t)value] = stored ? stored[t->probability + v] : NAN;
        }
    }
}

static int take_answers(struct reading *l, struct sql_rows *row, struct err *e)
{
    struct packed p;
    size_t image;
    int rc = packed_read(&l->sets, row, &p, e);

    if (rc < 0)
        return rc;
    image = store_images_index(l->images, p.image);
    if (image == SIZE_MAX)
        return 0; /* added since the images were listed */
    take_values(l, p.set, image, p.values);
    if (l->out->probabilities)
        take_probabilities(l, p.set, image, p.values, p.probabilities);
    return 0;
}

#define COUNTING_ANSWERS                                             \
    " FROM counting_run AS run JOIN answers ON answers.run = run.id" \
    " WHERE run.annotator = $1 ORDER BY run.id, answers.image"

static int take_all_answers(struct reading *l, int64_t annotator, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       l->out->probabilities ? "SELECT " PACKED_SCORES COUNTING_ANSWERS
                                             : "SELECT " PACKED_VALUES COUNTING_ANSWERS,
                       BIND(INT(annotator)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_answers(l, list, e);
    sql_done(list);
    return rc;
}

static int take_vote(struct reading *l, struct sql_rows *row, struct err *e)
{
    struct single_vote v;
    const struct translation *t;
    size_t image;
    int16_t now;
    int rc = single_vote_read(&l->sets, row, &v, e);

    if (rc < 0)
        return rc;
    image = store_images_index(l->images, v.image);
    t = &v.set->columns[v.position];
    now = translation_value(t, v.value);
    if (image != SIZE_MAX && t->column != SIZE_MAX && now != VALUE_MISSING)
        l->out->values[t->column * l->images->n + image] = now;
    return 0;
}

static int take_votes(struct reading *l, int64_t annotator, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT " VOTE_COLUMNS " FROM counting_vote AS vote"
                       " WHERE annotator = $1 ORDER BY id",
                       BIND(INT(annotator)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_vote(l, list, e);
    sql_done(list);
    return rc;
}

static int new_labels(struct reading *l, unsigned flags, struct err *e)
{
    size_t cells, n;

    if (!size_mul(l->images->n, l->task->n_columns, &cells) ||
        !size_mul(l->images->n, l->task->n_probabilities, &n))
        return err_set(e, ERR_LIMIT, "too many images for this machine: %zu", l->images->n);
    l->out->values = mem_new(cells, sizeof(*l->out->values), e);
    if (!l->out->values)
        return ERR_NOMEM;
    memset(l->out->values, 0xff, cells * sizeof(*l->out->values)); /* VALUE_MISSING */
    if (!(flags & STORE_WITH_PROBABILITIES))
        return 0;
    l->out->probabilities = mem_new(n, sizeof(*l->out->probabilities), e);
    if (!l->out->probabilities)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        l->out->probabilities[i] = NAN;
    return 0;
}

int store_labels_load(struct store *s, int64_t annotator, const struct task *t,
                      const struct store_images *images, unsigned flags, struct store_labels *out,
                      struct err *e)
{
    struct reading l = {
        .store = s, .task = t, .images = images, .out = out, .sets = { .store = s, .task = t }
    };
    int rc;

    *out = (struct store_labels){ 0 };
    rc = new_labels(&l, flags, e);
    if (rc == 0)
        rc = take_all_answers(&l, annotator, e);
    if (rc == 0)
        rc = take_votes(&l, annotator, e);
    question_sets_release(&l.sets);
    if (rc < 0)
        store_labels_release(out);
    return rc;
}

void store_labels_release(struct store_labels *l)
{
    free(l->values);
    free(l->probabilities);
    *l = (struct store_labels){ 0 };
}
