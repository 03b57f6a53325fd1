/* SPDX-License-Identifier: MIT
 *
 * unused.c - answers to questions that assent.yaml does not ask.
 */
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/labels.h"
#include "store/sets.h"

struct looking {
    struct store *store;
    struct store_unused_list *out;
    struct question_sets sets;
    /* of the set at hand: which item a column's answers count for; SIZE_MAX: none */
    size_t *item_of;
    size_t cap;
};

/* ---- which questions ---- */

static bool is_question(const struct task *t, const char *name, size_t *question)
{
    for (*question = 0; *question < t->n_questions; ++*question)
        if (strcmp(t->questions[*question].name, name) == 0)
            return true;
    return false;
}

static int find_item(struct store_unused_list *out, const char *name, const char *wording,
                     bool asked, size_t *item, struct err *e)
{
    int rc;

    for (*item = 0; *item < out->n; ++*item)
        if (strcmp(out->items[*item].name, name) == 0)
            return 0;
    rc = mem_grow(&out->items, &out->cap, out->n + 1, sizeof(*out->items), UINT32_MAX, e);
    if (rc < 0)
        return rc;
    out->items[out->n] =
        (struct store_unused){ .name = arena_text(&out->arena, name, strlen(name), e),
                               .wording = arena_text(&out->arena, wording, strlen(wording), e),
                               .asked = asked };
    if (!out->items[out->n].name || !out->items[out->n].wording)
        return ERR_NOMEM;
    out->n++;
    return 0;
}

static int take_column(struct looking *l, const struct translation *t, size_t column,
                       struct sql_rows *row, struct err *e)
{
    const struct task *task = l->sets.task;
    const char *name = sql_text(row, 0), *question = sql_text(row, 1);
    size_t asked;
    bool is_asked = is_question(task, question, &asked);

    if (t->column != SIZE_MAX) {
        l->out->known[task->columns[t->column].question] = true;
        return 0;
    }
    if (is_asked)
        l->out->known[asked] = true;
    return find_item(l->out, is_asked ? name : question, sql_text(row, 2), is_asked,
                     &l->item_of[column], e);
}

/* 1 where answers of the set may lie unused. */
static int take_set(struct looking *l, int64_t id, struct err *e)
{
    const struct question_set *set;
    struct sql_rows *list = NULL;
    bool any = false;
    size_t n = 0;
    int rc = question_sets_find(&l->sets, id, &set, e);

    if (rc == 0)
        rc = mem_grow(&l->item_of, &l->cap, set->n, sizeof(*l->item_of), TASK_COLUMNS_MAX, e);
    for (size_t i = 0; rc == 0 && i < set->n; i++)
        l->item_of[i] = SIZE_MAX;
    if (rc == 0)
        rc = sql_query(
            l->store->db, &list,
            "SELECT question_column.name, question.name, question.wordings"
            " FROM question_column JOIN question ON question.id = question_column.question"
            " WHERE question_column.question_set = $1 ORDER BY question_column.position",
            BIND(INT(id)), e);
    while (rc == 0 && n < set->n && (rc = sql_step(list, e)) == 1) {
        rc = take_column(l, &set->columns[n], n, list, e);
        any |= l->item_of[n++] != SIZE_MAX;
    }
    sql_done(list);
    return rc < 0 ? rc : any;
}

/* ---- how many answers ---- */

static int count_bulk(struct looking *l, int64_t set, size_t columns, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT answers.image, answers.value FROM counting_run AS run"
                       " JOIN answers ON answers.run = run.id WHERE run.question_set = $1",
                       BIND(INT(set)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        size_t len;
        const int16_t *values = sql_blob(list, 1, &len);

        rc = len == columns * sizeof(*values)
                 ? 0
                 : question_set_damaged(sql_int(list, 0), len, columns * sizeof(*values), e);
        for (size_t i = 0; rc == 0 && i < columns; i++) {
            int16_t value;

            memcpy(&value, (const char *)values + i * sizeof(value), sizeof(value));
            if (l->item_of[i] != SIZE_MAX)
                l->out->items[l->item_of[i]].answers += value != VALUE_MISSING;
        }
    }
    sql_done(list);
    return rc;
}

static int count_votes(struct looking *l, int64_t set, size_t columns, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT position, count(*) FROM counting_vote WHERE question_set = $1"
                       " GROUP BY position",
                       BIND(INT(set)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t position = sql_int(list, 0);

        rc = 0;
        if (position >= 0 && (size_t)position < columns && l->item_of[position] != SIZE_MAX)
            l->out->items[l->item_of[position]].answers += (uint64_t)sql_int(list, 1);
    }
    sql_done(list);
    return rc;
}

static int look_at(struct looking *l, int64_t id, struct err *e)
{
    const struct question_set *set;
    int rc = take_set(l, id, e);

    if (rc != 1)
        return rc;
    rc = question_sets_find(&l->sets, id, &set, e);
    if (rc == 0)
        rc = count_bulk(l, id, set->n, e);
    return rc == 0 ? count_votes(l, id, set->n, e) : rc;
}

/* ---- all together ---- */

/* Questions are named when they are asked; only answers lie unused. */
static void drop_unanswered(struct store_unused_list *out)
{
    size_t n = 0;

    for (size_t i = 0; i < out->n; i++)
        if (out->items[i].answers > 0)
            out->items[n++] = out->items[i];
    out->n = n;
}

int store_unused_load(struct store *s, const struct task *t, struct store_unused_list *out,
                      struct err *e)
{
    struct looking l = { .store = s, .out = out, .sets = { .store = s, .task = t } };
    int64_t n_sets = 0;
    int rc;

    *out = (struct store_unused_list){ 0 };
    out->known = arena_new(&out->arena, t->n_questions, sizeof(*out->known), e);
    rc = out->known ? sql_number(s->db, "SELECT coalesce(max(id), 0) FROM question_set",
                                 BIND_NOTHING, &n_sets, e)
                    : ERR_NOMEM;
    for (int64_t id = 1; rc == 0 && id <= n_sets; id++)
        rc = look_at(&l, id, e);
    drop_unanswered(out);
    question_sets_release(&l.sets);
    free(l.item_of);
    if (rc < 0)
        store_unused_release(out);
    return rc;
}

void store_unused_release(struct store_unused_list *l)
{
    free(l->items);
    arena_release(&l->arena);
    *l = (struct store_unused_list){ 0 };
}
