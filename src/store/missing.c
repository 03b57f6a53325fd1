/* SPDX-License-Identifier: MIT
 *
 * missing.c - which cells an annotator has still to answer.
 */
#include "store/missing.h"

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/packed.h"

struct marking {
    struct question_sets sets;
    const struct store_asking *asking;
};

/* Of one image, by one stored row: the latest row that answers a column decides, in whatever words.
 */
static void mark(const struct marking *m, const struct question_set *set, const int16_t *values,
                 uint8_t *missing)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];

        if (t->column == SIZE_MAX || values[i] == VALUE_MISSING)
            continue;
        missing[t->column] = !t->asked_so               ? CELL_OPEN
                             : values[i] != VALUE_ERROR ? CELL_ANSWERED
                             : m->asking->retry_errors  ? CELL_OPEN
                                                        : CELL_ERROR;
    }
}

static int mark_row(struct marking *m, struct sql_rows *row, uint8_t *missing, struct err *e)
{
    struct packed p;
    int rc = packed_read(&m->sets, row, &p, e);

    if (rc == 0)
        mark(m, p.set, p.values, missing);
    return rc;
}

static int mark_all(struct marking *m, const struct store_images *images, uint8_t *missing,
                    struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(m->sets.store->db, &list,
                       "SELECT " PACKED_VALUES
                       " FROM counting_run AS run JOIN answers ON answers.run = run.id"
                       " WHERE run.annotator = $1 AND run.id >= $2"
                       " ORDER BY run.id, answers.image",
                       BIND(INT(m->asking->annotator), INT(m->asking->since)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        size_t image = store_images_index(images, sql_int(list, 1));

        rc = 0;
        if (image != SIZE_MAX)
            rc = mark_row(m, list, missing + image * m->sets.task->n_columns, e);
    }
    sql_done(list);
    return rc;
}

int store_missing_load(struct store *s, const struct store_asking *a,
                       const struct store_images *images, uint8_t **missing, struct err *e)
{
    struct marking m = { { .store = s, .task = a->task }, a };
    size_t cells;
    int rc;

    *missing = NULL;
    if (!size_mul(images->n, a->task->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine: %zu", images->n);
    *missing = mem_new(cells, 1, e);
    if (!*missing)
        return ERR_NOMEM;
    memset(*missing, CELL_OPEN, cells);
    rc = mark_all(&m, images, *missing, e);
    question_sets_release(&m.sets);
    if (rc < 0) {
        free(*missing);
        *missing = NULL;
    }
    return rc;
}

int store_missing_image(struct store *s, const struct store_asking *a, int64_t image,
                        uint8_t *missing, struct err *e)
{
    struct marking m = { { .store = s, .task = a->task }, a };
    struct sql_rows *list;
    int rc = sql_query(
        s->db, &list,
        "SELECT " PACKED_VALUES
        " FROM counting_run AS run JOIN answers ON answers.run = run.id AND answers.image = $1"
        " WHERE run.annotator = $2 AND run.id >= $3 ORDER BY run.id",
        BIND(INT(image), INT(a->annotator), INT(a->since)), e);

    memset(missing, CELL_OPEN, a->task->n_columns);
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = mark_row(&m, list, missing, e);
    sql_done(list);
    question_sets_release(&m.sets);
    return rc;
}
