/* SPDX-License-Identifier: MIT
 *
 * unparseable.c - what a model would have said in place of an answer.
 */
#include <math.h>
#include <string.h>

#include "store/internal.h"
#include "store/labels.h"
#include "store/packed.h"

enum { IMAGES_MOST = 1000 };

struct hearing {
    const struct store_column *column;
    struct question_sets sets;
    struct store_unparseable_reader reader;
    size_t n;
};

/* The place of the column in a stored set; SIZE_MAX: the set has none. */
static size_t place_in(const struct question_set *set, size_t column)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->columns[i].column == column)
            return i;
    return SIZE_MAX;
}

/* The tokens that the detail has under a name that the column has, or had. */
static const struct json_t *top_of(const struct store_column *c, const struct json_t *detail)
{
    struct json_t *value;
    const char *name;
    void *at = NULL;
    size_t column;

    while (jv_member(detail, &at, &name, &value))
        if (task_find_column_or_former(c->task, name, &column) && column == c->column)
            return value;
    return NULL;
}

static int hear(struct hearing *h, const char *detail, double mass, struct err *e)
{
    struct json_t *all = NULL;
    int rc = detail ? jv_parse_as(&all, "answers.detail", detail, strlen(detail), e) : 0;

    h->n++;
    if (rc == 0)
        rc = h->reader.each(h->reader.data, mass, top_of(h->column, all), e);
    jv_free(all);
    return rc;
}

static int take_row(struct hearing *h, struct sql_rows *row, struct err *e)
{
    struct packed p;
    size_t place;
    int rc = packed_read(&h->sets, row, &p, e);

    if (rc < 0)
        return rc;
    place = place_in(p.set, h->column->column);
    if (place == SIZE_MAX || p.values[place] != VALUE_UNPARSEABLE)
        return 0;
    return hear(h, p.detail, p.mass ? (double)p.mass[place] : (double)NAN, e);
}

int store_unparseable(struct store *s, int64_t annotator, const struct store_column *c,
                      struct store_unparseable_reader r, struct err *e)
{
    struct hearing h = { .column = c, .sets = { .store = s, .task = c->task }, .reader = r };
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT " PACKED_COLUMNS
                       " FROM counting_run AS run JOIN answers ON answers.run = run.id"
                       " WHERE run.annotator = $1 ORDER BY run.id DESC, answers.image",
                       BIND(INT(annotator)), e);

    while (rc == 0 && h.n < IMAGES_MOST && (rc = sql_step(list, e)) == 1)
        rc = take_row(&h, list, e);
    sql_done(list);
    question_sets_release(&h.sets);
    return rc < 0 ? rc : 0;
}
