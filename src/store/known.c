/* SPDX-License-Identifier: MIT
 *
 * known.c - what an annotator has answered of one image.
 */
#include <math.h>
#include <string.h>

#include "store/internal.h"
#include "store/labels.h"
#include "store/packed.h"

struct recalling {
    struct question_sets sets;
    const struct task *task;
    struct store_known *out;
    bool has_spread;
};

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
}

static int new_known(struct store_known *out, const struct task *t, struct err *e)
{
    *out = (struct store_known){ 0 };
    out->values = arena_new(&out->arena, t->n_columns, sizeof(*out->values), e);
    out->mass = arena_new(&out->arena, t->n_columns, sizeof(*out->mass), e);
    out->spread = arena_new(&out->arena, t->n_columns, sizeof(*out->spread), e);
    out->probabilities = arena_new(&out->arena, t->n_probabilities, sizeof(*out->probabilities), e);
    if (!out->values || !out->mass || !out->spread || !out->probabilities)
        return ERR_NOMEM;
    memset(out->values, 0xff, t->n_columns * sizeof(*out->values)); /* VALUE_MISSING */
    fill(out->mass, t->n_columns);
    fill(out->spread, t->n_columns);
    fill(out->probabilities, t->n_probabilities);
    return 0;
}

static void recall_probabilities(const struct recalling *r, const struct translation *t,
                                 const float *stored)
{
    const struct column *c = &r->task->columns[t->column];
    float *row = r->out->probabilities + c->probability;

    for (size_t v = 0; v < (c->yesno ? 1 : t->n_stored); v++) {
        int16_t value = c->yesno ? 0 : t->value_of[v];

        if (value >= 0)
            row[value] = stored ? stored[t->probability + v] : NAN;
    }
}

/* The latest row that answers a column decides, in whatever words: as in missing.c. false: none of
 * its answers counts. */
static bool recall(struct recalling *r, const struct packed *row)
{
    const struct question_set *set = row->set;
    bool any = false;

    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];
        bool counts = t->asked_so && row->values[i] != VALUE_ERROR;

        if (t->column == SIZE_MAX || row->values[i] == VALUE_MISSING)
            continue;
        r->out->values[t->column] = counts ? translation_value(t, row->values[i]) : VALUE_MISSING;
        r->out->mass[t->column] = counts && row->mass ? row->mass[i] : NAN;
        r->out->spread[t->column] = counts && row->spread ? row->spread[i] : NAN;
        recall_probabilities(r, t, counts ? row->probabilities : NULL);
        any |= counts;
    }
    r->has_spread |= row->spread != NULL;
    return any;
}

static int recall_row(struct recalling *r, struct sql_rows *list, struct err *e)
{
    struct packed p;
    int rc = packed_read(&r->sets, list, &p, e);

    if (rc < 0 || !recall(r, &p) || !p.detail)
        return rc;
    r->out->detail = arena_text(&r->out->arena, p.detail, strlen(p.detail), e);
    return r->out->detail ? 0 : ERR_NOMEM;
}

int store_known_load(struct store *s, const struct store_asking *a, int64_t image,
                     struct store_known *out, struct err *e)
{
    struct recalling r = { { .store = s, .task = a->task }, a->task, out, false };
    struct sql_rows *list = NULL;
    int rc = new_known(out, a->task, e);

    if (rc == 0)
        rc = sql_query(s->db, &list,
                       "SELECT " PACKED_COLUMNS " FROM counting_run AS run"
                       " JOIN answers ON answers.run = run.id AND answers.image = $1"
                       " WHERE run.annotator = $2 AND run.id >= $3 ORDER BY run.id",
                       BIND(INT(image), INT(a->annotator), INT(a->since)), e);
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = recall_row(&r, list, e);
    sql_done(list);
    question_sets_release(&r.sets);
    if (!r.has_spread)
        out->spread = NULL;
    if (rc < 0)
        store_known_release(out);
    return rc;
}

void store_known_release(struct store_known *k)
{
    arena_release(&k->arena);
    *k = (struct store_known){ 0 };
}
