/* SPDX-License-Identifier: MIT
 *
 * review.c - who holds which item, and what people answered.
 */
#include "store/review.h"

#include <float.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/review_rows.h"
#include "store/sets.h"

static const char *const answer_names[] = { "value", "unsure", "skip", "flag" };
static const char *const mode_names[] = { "single", "grid", "packet" };

const char *store_answer_kind_name(enum answer_kind kind)
{
    return answer_names[kind];
}

bool store_answer_kind(const char *name, enum answer_kind *kind)
{
    size_t i = name_index(answer_names, COUNT(answer_names), name);

    *kind = (enum answer_kind)i;
    return i < COUNT(answer_names);
}

/* ---- leases ---- */

int store_lease_set(struct store *s, const struct store_lease *l, struct err *e)
{
    return sql_run(s->db,
                   "INSERT INTO review_lease (item, annotator, tab, until)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT (item, annotator)"
                   " DO UPDATE SET tab = excluded.tab, until = excluded.until",
                   BIND(INT(l->item), INT(l->annotator), TEXT(l->tab), INT(l->until)), e);
}

int store_lease_drop(struct store *s, int64_t item, int64_t annotator, struct err *e)
{
    return sql_run(s->db, "DELETE FROM review_lease WHERE item = $1 AND annotator = $2",
                   BIND(INT(item), INT(annotator)), e);
}

int store_leases(struct store *s, int (*each)(void *data, const struct store_lease *l), void *data,
                 struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list, "SELECT item, annotator, tab, until FROM review_lease",
                       BIND_NOTHING, e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_lease l = { sql_int(list, 0), sql_int(list, 1), sql_int(list, 3),
                                 sql_text(list, 2) };

        rc = each(data, &l);
    }
    sql_done(list);
    return rc;
}

/* ---- answers ---- */

int store_review_begin(struct store *s, const struct task *t, struct err *e)
{
    s->run = 0;
    return store_question_set(s, t, &s->run_set, e);
}

int store_answer_add(struct store *s, const struct store_answer *a, const struct store_ballot *b,
                     struct err *e)
{
    char now[32];
    const char *at = a->at ? a->at : store_now(now);
    int rc =
        sql_run(s->db,
                "INSERT INTO review_answer (annotator, key, item, kind, value,"
                " seconds, mode, at, run, copy_of)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                BIND(INT(a->annotator), TEXT(a->key), INT(a->item), TEXT(answer_names[a->kind]),
                     TEXT(a->value), REAL(a->seconds), TEXT(mode_names[a->mode]), TEXT(at),
                     INT_OR_NULL(s->run), INT_OR_NULL(a->copy_of)),
                e);

    if (rc < 0 || b->vote == VALUE_MISSING)
        return rc;
    return sql_run(s->db,
                   "INSERT INTO vote (annotator, image, question_set, position, value,"
                   " seconds, at, item, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   BIND(INT(a->annotator), INT(b->image), INT(s->run_set), INT(b->column),
                        INT(b->vote), REAL(a->seconds), TEXT(at), INT(a->item),
                        INT_OR_NULL(s->run)),
                   e);
}

int store_answer_undo(struct store *s, int64_t annotator, int64_t item, struct err *e)
{
    char now[32];
    int rc = sql_run(s->db,
                     "UPDATE review_answer SET undone = $1 WHERE annotator = $2 AND item = $3"
                     " AND undone IS NULL",
                     BIND(TEXT(store_now(now)), INT(annotator), INT(item)), e);

    if (rc < 0)
        return rc;
    return sql_run(s->db, "DELETE FROM vote WHERE item = $1 AND annotator = $2",
                   BIND(INT(item), INT(annotator)), e);
}

int review_answer_row_check(struct sql_rows *row, int kind, int mode, struct err *e)
{
    enum answer_kind known;

    if (!store_answer_kind(sql_text(row, kind), &known))
        return name_unknown("review_answer.kind", sql_text(row, kind), e);
    if (name_index(mode_names, COUNT(mode_names), sql_text(row, mode)) == COUNT(mode_names))
        return name_unknown("review_answer.mode", sql_text(row, mode), e);
    return 0;
}

/* Not those of packets, which are runs of their own; those of a run like this that was withdrawn
 * and brought back, too. */
#define ON_THE_PAGE                                                                         \
    "(run IS NULL OR run IN (SELECT id FROM counting_run WHERE counting_run.annotator = $2" \
    " AND source = $3))"

int store_answers_gather(struct store *s, int64_t annotator, const char *source, int64_t *n,
                         struct err *e)
{
    struct sql_values v = BIND(INT(s->run), INT(annotator), TEXT(source));
    int rc = sql_number(s->db,
                        "SELECT count(*) FROM review_answer WHERE annotator = $2"
                        " AND undone IS NULL AND " ON_THE_PAGE,
                        v, n, e);

    if (rc == 0)
        rc = sql_run(s->db,
                     "UPDATE review_answer SET run = $1 WHERE annotator = $2"
                     " AND undone IS NULL AND " ON_THE_PAGE,
                     v, e);
    if (rc < 0)
        return rc;
    return sql_run(s->db,
                   "UPDATE vote SET run = $1 WHERE annotator = $2 AND item IS NOT NULL"
                   " AND " ON_THE_PAGE,
                   v, e);
}

static int read_answer(struct sql_rows *row, struct store_answer *a, struct err *e)
{
    size_t mode = name_index(mode_names, COUNT(mode_names), sql_text(row, 6));

    *a = (struct store_answer){ .annotator = sql_int(row, 0),
                                .item = sql_int(row, 1),
                                .key = sql_text(row, 2),
                                .value = sql_text(row, 4),
                                .seconds = sql_real(row, 5),
                                .mode = (enum answer_mode)mode,
                                .at = sql_text(row, 7),
                                .undone = sql_int(row, 8) != 0,
                                .copy_of = sql_int(row, 9) };
    if (review_answer_row_check(row, 3, 6, e) < 0)
        return e->code;
    store_answer_kind(sql_text(row, 3), &a->kind);
    return check_number("review_answer.seconds of item", a->item, a->seconds,
                        (struct range){ 0, DBL_MAX }, e);
}

/* What a withdrawn packet brought counts as little as what was undone; brought back, it gives way
 * to what the person has answered since. */
#define WITHDRAWN "(SELECT id FROM run WHERE withdrawn IS NOT NULL)"
#define ANSWER_COLUMNS                                                                \
    "SELECT annotator, item, key, kind, value, seconds, mode, at, undone IS NOT NULL" \
    " OR run IN " WITHDRAWN " OR (run IS NOT NULL AND EXISTS (SELECT 1"               \
    " FROM review_answer AS later WHERE later.item = review_answer.item"              \
    " AND later.annotator = review_answer.annotator AND later.id > review_answer.id"  \
    " AND later.undone IS NULL AND (later.run IS NULL OR later.run NOT IN " WITHDRAWN \
    "))), copy_of FROM review_answer"

static int list_answers(struct store *s, const char *statement, struct sql_values v,
                        struct store_answer_reader r, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list, statement, v, e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_answer a;

        rc = read_answer(list, &a, e);
        if (rc == 0)
            rc = r.each(r.data, &a);
    }
    sql_done(list);
    return rc;
}

int store_answers(struct store *s, struct store_answer_reader r, struct err *e)
{
    return list_answers(s, ANSWER_COLUMNS " ORDER BY id", BIND_NOTHING, r, e);
}

int store_answers_of(struct store *s, int64_t annotator, const char *key,
                     struct store_answer_reader r, struct err *e)
{
    return list_answers(
        s, ANSWER_COLUMNS " WHERE annotator = $1 AND key = $2 AND copy_of IS NULL ORDER BY id",
        BIND(INT(annotator), TEXT(key)), r, e);
}

int store_answer_newest(struct store *s, int64_t annotator, int64_t item,
                        struct store_answer_reader r, struct err *e)
{
    return list_answers(
        s, ANSWER_COLUMNS " WHERE annotator = $1 AND item = $2 ORDER BY id DESC LIMIT 1",
        BIND(INT(annotator), INT(item)), r, e);
}

int store_time_spent(struct store *s, int64_t annotator, uint64_t *answers, double *seconds,
                     struct err *e)
{
    struct sql_rows *row;
    /* a review's answer is a vote too, which has an item */
    int rc = sql_query(s->db, &row,
                       "SELECT count(seconds), coalesce(sum(seconds), 0) FROM"
                       " (SELECT seconds FROM review_answer WHERE annotator = $1"
                       " AND copy_of IS NULL UNION ALL SELECT seconds FROM vote"
                       " WHERE annotator = $1 AND item IS NULL) AS spent",
                       BIND(INT(annotator)), e);

    *answers = 0;
    *seconds = 0;
    if (rc == 0)
        rc = sql_step(row, e);
    if (rc == 1) {
        *answers = (uint64_t)sql_int(row, 0);
        *seconds = sql_real(row, 1);
        rc = check_number("the seconds of annotator", annotator, *seconds,
                          (struct range){ 0, DBL_MAX }, e);
    }
    sql_done(row);
    return rc;
}
