/* SPDX-License-Identifier: MIT */
#include "store/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/sets.h"

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
    int64_t id = sql_int(row, 0);
    const struct question_set *set;
    const void *values, *probabilities;
    size_t n_values, n_probabilities, image;
    int rc = question_sets_find(&l->sets, sql_int(row, 1), &set, e);

    if (rc < 0)
        return rc;
    values = sql_blob(row, 2, &n_values);
    if (n_values != set->n * sizeof(int16_t))
        return question_set_damaged(id, n_values, set->n * sizeof(int16_t), e);
    image = store_images_index(l->images, id);
    if (image == SIZE_MAX)
        return 0; /* added since the images were listed */
    take_values(l, set, image, values);
    if (!l->out->probabilities)
        return 0;
    probabilities = sql_blob(row, 3, &n_probabilities);
    if (probabilities && n_probabilities != set->n_probabilities * sizeof(float))
        return question_set_damaged(id, n_probabilities, set->n_probabilities * sizeof(float), e);
    take_probabilities(l, set, image, values, probabilities);
    return 0;
}

static int take_all_answers(struct reading *l, int64_t annotator, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(
        l->store->db, &list,
        "SELECT answers.image, run.question_set, answers.value,"
        " answers.probability FROM counting_run AS run JOIN answers ON answers.run = run.id"
        " WHERE run.annotator = $1 ORDER BY run.id, answers.image",
        BIND(INT(annotator)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_answers(l, list, e);
    sql_done(list);
    return rc;
}

static int take_vote(struct reading *l, struct sql_rows *row, struct err *e)
{
    size_t image = store_images_index(l->images, sql_int(row, 0));
    int64_t position = sql_int(row, 2), value = sql_int(row, 3);
    const struct question_set *set;
    const struct translation *t;
    int16_t now = VALUE_MISSING;
    int rc = question_sets_find(&l->sets, sql_int(row, 1), &set, e);

    if (rc < 0 || position < 0 || (size_t)position >= set->n || image == SIZE_MAX)
        return rc;
    t = &set->columns[position];
    if (value >= INT16_MIN && value <= INT16_MAX)
        now = translation_value(t, (int16_t)value);
    if (t->column != SIZE_MAX && now != VALUE_MISSING)
        l->out->values[t->column * l->images->n + image] = now;
    return 0;
}

static int take_votes(struct reading *l, int64_t annotator, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT image, question_set, position, value FROM counting_vote"
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
