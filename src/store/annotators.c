/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/runs.h"

static int take_annotator(struct store_annotators *out, size_t *cap, struct sql_rows *row,
                          struct err *e)
{
    const char *name = sql_text(row, 1), *kind = sql_text(row, 2);
    struct store_annotator *a;
    int rc = mem_grow(&out->items, cap, out->n + 1, sizeof(*out->items), UINT32_MAX, e);

    if (rc < 0)
        return rc;
    a = &out->items[out->n++];
    a->id = sql_int(row, 0);
    a->name = arena_text(&out->arena, name, strlen(name), e);
    a->votes = (uint64_t)sql_int(row, 3);
    a->reviews = sql_int(row, 4) != 0;
    if (!task_annotator_kind(kind, &a->kind))
        a->kind = ANNOTATOR_CONSENSUS;
    return a->name ? 0 : ERR_NOMEM;
}

int store_annotators_load(struct store *s, struct store_annotators *out, struct err *e)
{
    struct sql_rows *list;
    size_t cap = 0;
    int rc = sql_query(s->db, &list,
                       "SELECT id, name, kind, (SELECT count(*) FROM counting_vote AS vote"
                       " WHERE vote.annotator = annotator.id), EXISTS (SELECT 1 FROM reviewer"
                       " WHERE reviewer.annotator = annotator.id) FROM annotator ORDER BY id",
                       BIND_NOTHING, e);

    *out = (struct store_annotators){ 0 };
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_annotator(out, &cap, list, e);
    sql_done(list);
    if (rc < 0)
        store_annotators_release(out);
    return rc;
}

void store_annotators_release(struct store_annotators *a)
{
    free(a->items);
    arena_release(&a->arena);
    *a = (struct store_annotators){ 0 };
}

const struct store_annotator *store_annotators_find(const struct store_annotators *a,
                                                    const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (text_equal(a->items[i].name, name))
            return &a->items[i];
    return NULL;
}

int store_annotator_id(struct store *s, const char *name, enum annotator_kind kind, int64_t *id,
                       struct err *e)
{
    const char *wanted = task_annotator_kind_name(kind);
    struct sql_rows *found;
    int rc = sql_query(s->db, &found, "SELECT id, kind FROM annotator WHERE name = $1",
                       BIND(TEXT(name)), e);

    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 0) {
        rc = sql_insert(s->db, "INSERT INTO annotator (name, kind) VALUES ($1, $2)",
                        BIND(TEXT(name), TEXT(wanted)), id, e);
    } else if (rc == 1) {
        *id = sql_int(found, 0);
        rc = 0;
        if (strcmp(sql_text(found, 1), wanted) != 0) {
            rc = err_set(e, ERR_ARG, "the annotator '%s' is known as another kind", name);
            err_got(e, "%s", wanted);
            err_expected(e, "%s", sql_text(found, 1));
            err_hint(e, "give these answers another annotator's name");
        }
    }
    sql_done(found);
    return rc;
}
