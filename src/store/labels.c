/* SPDX-License-Identifier: MIT
 *
 * Answers lie packed in the order of the question set they were given to. The task's columns may
 * since have moved, gone or got other options, so each set is translated: column by name, value by
 * its text.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

/* How one column of a stored set reads in the task of today. */
struct translation {
    size_t column;      /* SIZE_MAX: not asked any more */
    size_t probability; /* where its probabilities lie in the stored row */
    size_t n_stored;    /* values it had */
    int16_t *value_of;  /* [n_stored] the task's value, or VALUE_MISSING */
    bool same;          /* the values are numbered as they were */
};

struct question_set {
    int64_t id;
    struct translation *columns;
    size_t n, n_probabilities;
};

struct loading {
    struct store *store;
    const struct task *task;
    const struct store_images *images;
    struct store_labels *out;
    struct question_set *sets;
    size_t n_sets, cap;
    struct arena arena;
};

static void translate_values(struct translation *t, const struct column *c,
                             const struct json_t *labels)
{
    t->same = c != NULL && t->n_stored == c->n_values;
    for (size_t v = 0; v < t->n_stored; v++) {
        const char *text = jv_text(jv_at(labels, v));

        t->value_of[v] = VALUE_MISSING;
        for (size_t w = 0; c && text && w < c->n_values; w++)
            if (strcmp(text, c->labels[w]) == 0)
                t->value_of[v] = (int16_t)w;
        t->same = t->same && t->value_of[v] == (int16_t)v;
    }
}

static int add_column(struct loading *l, struct question_set *set, const char *name,
                      const char *kind, const char *labels_text, struct err *e)
{
    struct translation *t = &set->columns[set->n];
    struct json_t *labels;
    bool yesno = strcmp(kind, "yesno") == 0 || strcmp(kind, "multi") == 0;
    int rc = jv_parse(&labels, labels_text, strlen(labels_text), e);

    if (rc < 0)
        return err_at(e, "question_column.labels of set %lld", (long long)set->id);
    t->n_stored = jv_length(labels);
    t->value_of = arena_new(&l->arena, t->n_stored, sizeof(*t->value_of), e);
    t->probability = set->n_probabilities;
    if (!task_find_column(l->task, name, &t->column) || l->task->columns[t->column].yesno != yesno)
        t->column = SIZE_MAX;
    if (t->value_of)
        translate_values(t, t->column == SIZE_MAX ? NULL : &l->task->columns[t->column], labels);
    set->n_probabilities += yesno ? 1 : t->n_stored;
    set->n++;
    jv_free(labels);
    return t->value_of ? 0 : ERR_NOMEM;
}

static int load_set(struct loading *l, struct question_set *set, struct err *e)
{
    struct sql_stmt *list = NULL;
    size_t cap = 0;
    int rc = sql_prepare(l->store->db, &list,
                         "SELECT question_column.name, question.kind, question_column.labels"
                         " FROM question_column"
                         " JOIN question ON question.id = question_column.question"
                         " WHERE question_column.question_set = $1"
                         " ORDER BY question_column.position",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, set->id);
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        rc = mem_grow(&set->columns, &cap, set->n + 1, sizeof(*set->columns), TASK_COLUMNS_MAX, e);
        if (rc == 0)
            rc = add_column(l, set, sql_text(list, 0), sql_text(list, 1), sql_text(list, 2), e);
    }
    sql_finalize(list);
    return rc;
}

/* The translation of a set, loaded at its first use. */
static int find_set(struct loading *l, int64_t id, const struct question_set **out, struct err *e)
{
    int rc;

    for (size_t i = 0; i < l->n_sets; i++) {
        *out = &l->sets[i];
        if (l->sets[i].id == id)
            return 0;
    }
    rc = mem_grow(&l->sets, &l->cap, l->n_sets + 1, sizeof(*l->sets), UINT32_MAX, e);
    if (rc < 0)
        return rc;
    l->sets[l->n_sets].id = id;
    *out = &l->sets[l->n_sets++];
    return load_set(l, &l->sets[l->n_sets - 1], e);
}

static int16_t translated(const struct translation *t, int16_t stored)
{
    if (stored < 0 || t->same)
        return stored;
    return (size_t)stored < t->n_stored ? t->value_of[stored] : VALUE_MISSING;
}

static void take_values(const struct loading *l, const struct question_set *set, size_t image,
                        const int16_t *values)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];
        int16_t value = translated(t, values[i]);

        if (t->column != SIZE_MAX && value != VALUE_MISSING)
            l->out->values[t->column * l->images->n + image] = value;
    }
}

static void take_probabilities(const struct loading *l, const struct question_set *set,
                               size_t image, const float *stored)
{
    float *row = l->out->probabilities + image * l->task->n_probabilities;

    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];
        const struct column *c;

        if (t->column == SIZE_MAX)
            continue;
        c = &l->task->columns[t->column];
        for (size_t v = 0; v < (c->yesno ? 1 : t->n_stored); v++) {
            int16_t value = c->yesno ? 0 : t->value_of[v];

            if (value >= 0)
                row[c->probability + (size_t)value] = stored ? stored[t->probability + v] : NAN;
        }
    }
}

static int damaged(int64_t id, size_t got, size_t expected, struct err *e)
{
    err_set(e, ERR_DB, "the packed answers of image %lld have the wrong size", (long long)id);
    err_got(e, "%zu bytes", got);
    return err_expected(e, "%zu", expected);
}

static int take_answers(struct loading *l, struct sql_stmt *row, struct err *e)
{
    int64_t id = sql_int(row, 0);
    const struct question_set *set;
    const void *values, *probabilities;
    size_t n_values, n_probabilities, image;
    int rc = find_set(l, sql_int(row, 1), &set, e);

    if (rc < 0)
        return rc;
    values = sql_blob(row, 2, &n_values);
    if (n_values != set->n * sizeof(int16_t))
        return damaged(id, n_values, set->n * sizeof(int16_t), e);
    if (id < 0 || id > l->images->max_id || l->images->index_of[id] == SIZE_MAX)
        return 0; /* added since the images were listed */
    image = l->images->index_of[id];
    take_values(l, set, image, values);
    if (!l->out->probabilities)
        return 0;
    probabilities = sql_blob(row, 3, &n_probabilities);
    if (probabilities && n_probabilities != set->n_probabilities * sizeof(float))
        return damaged(id, n_probabilities, set->n_probabilities * sizeof(float), e);
    take_probabilities(l, set, image, probabilities);
    return 0;
}

static int take_all_answers(struct loading *l, int64_t annotator, struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(l->store->db, &list,
                         "SELECT answers.image, run.question_set, answers.value,"
                         " answers.probability FROM run JOIN answers ON answers.run = run.id"
                         " WHERE run.annotator = $1 ORDER BY run.id, answers.image",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, annotator);
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_answers(l, list, e);
    sql_finalize(list);
    return rc;
}

static int take_votes(struct loading *l, int64_t annotator, struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(l->store->db, &list,
                         "SELECT image, question_set, position, value FROM vote"
                         " WHERE annotator = $1 ORDER BY id",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, annotator);
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t id = sql_int(list, 0), position = sql_int(list, 2), value = sql_int(list, 3);
        const struct question_set *set;
        const struct translation *t;
        int16_t now;

        rc = find_set(l, sql_int(list, 1), &set, e);
        if (rc < 0 || position < 0 || (size_t)position >= set->n || id < 0 ||
            id > l->images->max_id || l->images->index_of[id] == SIZE_MAX)
            continue;
        t = &set->columns[position];
        now = value >= INT16_MIN && value <= INT16_MAX ? translated(t, (int16_t)value)
                                                       : VALUE_MISSING;
        if (t->column != SIZE_MAX && now != VALUE_MISSING)
            l->out->values[t->column * l->images->n + l->images->index_of[id]] = now;
    }
    sql_finalize(list);
    return rc;
}

static int new_labels(struct loading *l, unsigned flags, struct err *e)
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
    struct loading l = { .store = s, .task = t, .images = images, .out = out };
    int rc;

    *out = (struct store_labels){ 0 };
    rc = new_labels(&l, flags, e);
    if (rc == 0)
        rc = take_all_answers(&l, annotator, e);
    if (rc == 0)
        rc = take_votes(&l, annotator, e);
    for (size_t i = 0; i < l.n_sets; i++)
        free(l.sets[i].columns);
    free(l.sets);
    arena_release(&l.arena);
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
