/* SPDX-License-Identifier: MIT
 *
 * missing.c - which cells an annotator has still to answer.
 */
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

struct asking {
    struct question_sets sets;
    bool retry_errors;
};

/* Of one image, by one stored row: the latest row that answers a column decides, in whatever words.
 */
static void mark(const struct asking *a, const struct question_set *set, const int16_t *values,
                 uint8_t *missing)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct translation *t = &set->columns[i];

        if (t->column == SIZE_MAX || values[i] == VALUE_MISSING)
            continue;
        missing[t->column] = !t->asked_so               ? CELL_OPEN
                             : values[i] != VALUE_ERROR ? CELL_ANSWERED
                             : a->retry_errors          ? CELL_OPEN
                                                        : CELL_ERROR;
    }
}

static int mark_row(struct asking *a, struct sql_stmt *row, uint8_t *missing, struct err *e)
{
    const struct question_set *set;
    const void *values;
    size_t n;
    int rc = question_sets_find(&a->sets, sql_int(row, 1), &set, e);

    if (rc < 0)
        return rc;
    values = sql_blob(row, 2, &n);
    if (n != set->n * sizeof(int16_t))
        return question_set_damaged(sql_int(row, 0), n, set->n * sizeof(int16_t), e);
    mark(a, set, values, missing);
    return 0;
}

static int mark_all(struct asking *a, int64_t annotator, const struct store_images *images,
                    uint8_t *missing, struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(a->sets.store->db, &list,
                         "SELECT answers.image, run.question_set, answers.value"
                         " FROM run JOIN answers ON answers.run = run.id"
                         " WHERE run.annotator = $1 ORDER BY run.id, answers.image",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, annotator);
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t id = sql_int(list, 0);

        rc = 0;
        if (id >= 0 && id <= images->max_id && images->index_of[id] != SIZE_MAX)
            rc = mark_row(a, list, missing + images->index_of[id] * a->sets.task->n_columns, e);
    }
    sql_finalize(list);
    return rc;
}

int store_missing_load(struct store *s, int64_t annotator, const struct task *t,
                       const struct store_images *images, bool retry_errors, uint8_t **missing,
                       struct err *e)
{
    struct asking a = { { .store = s, .task = t }, retry_errors };
    size_t cells;
    int rc;

    *missing = NULL;
    if (!size_mul(images->n, t->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine: %zu", images->n);
    *missing = mem_new(cells, 1, e);
    if (!*missing)
        return ERR_NOMEM;
    memset(*missing, CELL_OPEN, cells);
    rc = mark_all(&a, annotator, images, *missing, e);
    question_sets_release(&a.sets);
    if (rc < 0) {
        free(*missing);
        *missing = NULL;
    }
    return rc;
}

int store_missing_image(struct store *s, int64_t annotator, int64_t image, const struct task *t,
                        bool retry_errors, uint8_t *missing, struct err *e)
{
    struct asking a = { { .store = s, .task = t }, retry_errors };
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list,
                         "SELECT answers.image, run.question_set, answers.value"
                         " FROM run JOIN answers ON answers.run = run.id AND answers.image = $1"
                         " WHERE run.annotator = $2 ORDER BY run.id",
                         e);

    memset(missing, CELL_OPEN, t->n_columns);
    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, image);
    sql_bind_int(list, 2, annotator);
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = mark_row(&a, list, missing, e);
    sql_finalize(list);
    question_sets_release(&a.sets);
    return rc;
}
