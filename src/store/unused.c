/* SPDX-License-Identifier: MIT
 *
 * unused.c - answers to questions that assent.yaml does not ask.
 */
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/labels.h"
#include "store/packed.h"

struct looking {
    struct store *store;
    struct store_unused_list *out;
    struct question_sets sets;
    /* of the set at hand: which item a column's answers count for; SIZE_MAX: none */
    size_t *item_of;
    size_t cap;
    struct gone_value { /* an option that its question has no more */
        size_t column, item;
        int16_t value;
    } * gone;
    size_t n_gone, gone_cap;
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

/* "Hair = red" for each option that the column of today lacks. */
static int take_options(struct looking *l, const struct translation *t, size_t column,
                        struct sql_rows *row, struct err *e)
{
    const char *labels = sql_text(row, 3);
    struct buf name = BUF_INIT(2 * TASK_NAME_MAX + 8);
    struct json_t *all;
    int rc = jv_parse_as(&all, "question_column.labels", labels, strlen(labels), e);

    for (size_t v = 0; rc == 0 && v < t->n_stored; v++) {
        struct gone_value *g;

        if (t->value_of[v] != VALUE_MISSING)
            continue;
        rc = mem_grow(&l->gone, &l->gone_cap, l->n_gone + 1, sizeof(*l->gone), UINT32_MAX, e);
        if (rc < 0)
            break;
        g = &l->gone[l->n_gone++];
        *g = (struct gone_value){ .column = column, .value = (int16_t)v };
        buf_clear(&name);
        buf_printf(&name, "%s = %s", sql_text(row, 0), jv_text(jv_at(all, v)));
        rc = buf_end(&name, "a name", e);
        if (rc == 0)
            rc = find_item(l->out, name.text, sql_text(row, 2), true, &g->item, e);
    }
    buf_release(&name);
    if (rc == 0)
        jv_free(all);
    return rc;
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
        return take_options(l, t, column, row, e);
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
    l->n_gone = 0;
    if (rc == 0)
        rc = sql_query(
            l->store->db, &list,
            "SELECT question_column.name, question.name, question.wordings,"
            " question_column.labels"
            " FROM question_column JOIN question ON question.id = question_column.question"
            " WHERE question_column.question_set = $1 ORDER BY question_column.position",
            BIND(INT(id)), e);
    while (rc == 0 && n < set->n && (rc = sql_step(list, e)) == 1) {
        rc = take_column(l, &set->columns[n], n, list, e);
        any |= l->item_of[n++] != SIZE_MAX || l->n_gone > 0;
    }
    sql_done(list);
    return rc < 0 ? rc : any;
}

/* ---- how many answers ---- */

static void count_gone(struct looking *l, size_t column, int64_t value, uint64_t n)
{
    for (size_t i = 0; i < l->n_gone; i++)
        if (l->gone[i].column == column && l->gone[i].value == value)
            l->out->items[l->gone[i].item].answers += n;
}

static int count_bulk(struct looking *l, int64_t set, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT " PACKED_VALUES " FROM counting_run AS run"
                       " JOIN answers ON answers.run = run.id WHERE run.question_set = $1",
                       BIND(INT(set)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct packed p;

        rc = packed_read(&l->sets, list, &p, e);
        for (size_t i = 0; rc == 0 && i < p.set->n; i++) {
            if (l->item_of[i] != SIZE_MAX)
                l->out->items[l->item_of[i]].answers += p.values[i] != VALUE_MISSING;
            count_gone(l, i, p.values[i], 1);
        }
    }
    sql_done(list);
    return rc;
}

static int count_votes(struct looking *l, int64_t set, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(l->store->db, &list,
                       "SELECT coalesce(max(run), 0), max(image), question_set, position, value,"
                       " count(*) FROM counting_vote"
                       " WHERE question_set = $1 GROUP BY question_set, position, value",
                       BIND(INT(set)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        uint64_t n = (uint64_t)sql_int(list, 5);
        struct single_vote v;

        rc = single_vote_read(&l->sets, list, &v, e);
        if (rc < 0)
            break;
        if (l->item_of[v.position] != SIZE_MAX)
            l->out->items[l->item_of[v.position]].answers += n;
        count_gone(l, v.position, v.value, n);
    }
    sql_done(list);
    return rc;
}

static int look_at(struct looking *l, int64_t id, struct err *e)
{
    int rc = take_set(l, id, e);

    if (rc != 1)
        return rc;
    rc = count_bulk(l, id, e);
    return rc == 0 ? count_votes(l, id, e) : rc;
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
    struct sql_rows *list = NULL;
    int rc;

    *out = (struct store_unused_list){ 0 };
    out->known = arena_new(&out->arena, t->n_questions, sizeof(*out->known), e);
    rc = out->known ? sql_query(s->db, &list,
                                "SELECT id FROM question_set AS s WHERE EXISTS (SELECT 1"
                                " FROM counting_run AS run WHERE run.question_set = s.id)"
                                " OR EXISTS (SELECT 1 FROM counting_vote AS vote"
                                " WHERE vote.question_set = s.id) ORDER BY id",
                                BIND_NOTHING, e)
                    : ERR_NOMEM;
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = look_at(&l, sql_int(list, 0), e);
    sql_done(list);
    drop_unanswered(out);
    question_sets_release(&l.sets);
    free(l.item_of);
    free(l.gone);
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
