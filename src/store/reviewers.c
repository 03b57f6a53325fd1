/* SPDX-License-Identifier: MIT
 *
 * Who may open the review page: people, their links and sessions, and packets handed out.
 */
#include <string.h>
#include <time.h>

#include "store/internal.h"

static const char *const token_names[] = { "link", "session" };

/* Somebody whose labels were imported would be asked about their own disputes. */
static int check_annotator(struct store *s, int64_t annotator, const char *name, struct err *e)
{
    struct sql_stmt *count;
    int rc = sql_prepare(s->db, &count,
                         "SELECT 1 FROM run JOIN answers ON answers.run = run.id"
                         " WHERE run.annotator = $1 LIMIT 1",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(count, 1, annotator);
    rc = sql_step(count, e);
    sql_finalize(count);
    if (rc == 1) {
        err_set(e, ERR_ARG,
                "'%s' has labels that were imported: a reviewer settles what others say", name);
        return err_hint(e, "give the reviewer a name of their own");
    }
    return rc;
}

static int insert_reviewer(struct store *s, const char *name, int64_t annotator, int64_t *id,
                           struct err *e)
{
    struct sql_stmt *add;
    char now[32];
    int rc = sql_prepare(s->db, &add,
                         "INSERT INTO reviewer (name, annotator, created)"
                         " VALUES ($1, nullif($2, 0), $3)"
                         " ON CONFLICT (name, annotator IS NULL) DO UPDATE SET revoked = NULL"
                         " RETURNING id",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_text(add, 1, name);
    sql_bind_int(add, 2, annotator);
    sql_bind_text(add, 3, store_now(now));
    rc = sql_step(add, e);
    if (rc == 1) {
        *id = sql_int(add, 0);
        rc = sql_step(add, e); /* done only when every row was read */
    }
    sql_finalize(add);
    return rc;
}

int store_reviewer_add(struct store *s, const char *name, bool owner, struct store_reviewer *out,
                       struct err *e)
{
    int rc = 0;

    *out = (struct store_reviewer){ .name = name };
    if (*name == '\0' || strlen(name) > TASK_NAME_MAX || !text_is_printable(name) ||
        task_name_is_reserved(name)) {
        err_set(e, ERR_ARG, "this cannot be a reviewer's name: '%s'", name);
        return err_expected(e, "1 to %d bytes without control characters", TASK_NAME_MAX);
    }
    if (!owner)
        rc = store_annotator_id(s, name, ANNOTATOR_HUMAN, &out->annotator, e);
    if (rc == 0 && !owner)
        rc = check_annotator(s, out->annotator, name, e);
    return rc < 0 ? rc : insert_reviewer(s, name, out->annotator, &out->id, e);
}

static int unknown_reviewer(const char *name, struct err *e)
{
    err_set(e, ERR_ARG, "no reviewer is called '%s'", name);
    return err_hint(e, "assent reviewers list shows who there is");
}

/* The links and sessions of people who may not come in any more, and the items that they hold. */
static int drop_revoked(struct store *s, struct err *e)
{
    return sql_exec(s->db,
                    "DELETE FROM review_token WHERE reviewer IN"
                    " (SELECT id FROM reviewer WHERE revoked IS NOT NULL);"
                    "DELETE FROM review_lease WHERE annotator IN"
                    " (SELECT annotator FROM reviewer WHERE revoked IS NOT NULL)",
                    e);
}

int store_reviewer_revoke(struct store *s, const char *name, struct err *e)
{
    struct sql_stmt *statement;
    char now[32];
    int64_t changed = 0;
    int rc = sql_prepare(s->db, &statement,
                         "UPDATE reviewer SET revoked = coalesce(revoked, $1) WHERE name = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_text(statement, 1, store_now(now));
    sql_bind_text(statement, 2, name);
    rc = sql_run(statement, e);
    sql_finalize(statement);
    if (rc == 0)
        rc = sql_query_int(s->db, "SELECT changes()", &changed, e);
    if (rc == 0 && changed == 0)
        return unknown_reviewer(name, e);
    return rc < 0 ? rc : drop_revoked(s, e);
}

int store_reviewers(struct store *s, int (*each)(void *data, const struct store_reviewer *r),
                    void *data, struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list,
                         "SELECT id, coalesce(annotator, 0), name, created, revoked FROM reviewer"
                         " ORDER BY id",
                         e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_reviewer r = { sql_int(list, 0), sql_int(list, 1), sql_text(list, 2),
                                    sql_text(list, 3), sql_text(list, 4) };

        rc = each(data, &r);
    }
    sql_finalize(list);
    return rc;
}

/* ---- tokens ---- */

int store_token_add(struct store *s, const char *sha256, enum token_kind kind, int64_t reviewer,
                    int64_t expires, struct err *e)
{
    struct sql_stmt *add;
    char now[32];
    int rc = sql_prepare(s->db, &add,
                         "INSERT INTO review_token (sha256, kind, reviewer, created, expires)"
                         " VALUES ($1, $2, $3, $4, nullif($5, 0))",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_text(add, 1, sha256);
    sql_bind_text(add, 2, token_names[kind]);
    sql_bind_int(add, 3, reviewer);
    sql_bind_text(add, 4, store_now(now));
    sql_bind_int(add, 5, expires);
    rc = sql_run(add, e);
    sql_finalize(add);
    return rc;
}

int store_token_drop(struct store *s, const char *sha256, struct err *e)
{
    struct sql_stmt *drop;
    int rc = sql_prepare(s->db, &drop, "DELETE FROM review_token WHERE sha256 = $1", e);

    if (rc < 0)
        return rc;
    sql_bind_text(drop, 1, sha256);
    rc = sql_run(drop, e);
    sql_finalize(drop);
    return rc;
}

int store_token_find(struct store *s, const char *sha256, enum token_kind kind,
                     struct store_reviewer *r, char name[TASK_NAME_MAX + 1], struct err *e)
{
    struct sql_stmt *find;
    int rc = store_prepare(s, &s->review[TOKEN_FIND],
                           "SELECT reviewer.id, coalesce(annotator, 0), name, sha256"
                           " FROM review_token JOIN reviewer ON reviewer.id = reviewer"
                           " WHERE sha256 = $1 AND kind = $2 AND revoked IS NULL"
                           " AND (expires IS NULL OR expires > $3)",
                           e);

    if (rc < 0)
        return rc;
    find = s->review[TOKEN_FIND];
    sql_bind_text(find, 1, sha256);
    sql_bind_text(find, 2, token_names[kind]);
    sql_bind_int(find, 3, (int64_t)time(NULL));
    rc = sql_step(find, e);
    if (rc != 1)
        return rc;
    snprintf(name, TASK_NAME_MAX + 1, "%s", sql_text(find, 2));
    *r = (struct store_reviewer){ .id = sql_int(find, 0),
                                  .annotator = sql_int(find, 1),
                                  .name = name };
    rc = secret_equal(sha256, sql_text(find, 3)) ? 1 : 0;
    sql_reset(find); /* a row at hand would keep what it reads from growing old */
    return rc;
}

/* ---- packets ---- */

/* One that was made before is known by the same hash. */
int store_packet_add(struct store *s, const char *sha256, int64_t annotator, size_t items,
                     struct err *e)
{
    struct sql_stmt *add;
    char now[32];
    int rc = sql_prepare(s->db, &add,
                         "INSERT INTO review_packet (sha256, annotator, items, created)"
                         " VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_text(add, 1, sha256);
    sql_bind_int(add, 2, annotator);
    sql_bind_int(add, 3, (int64_t)items);
    sql_bind_text(add, 4, store_now(now));
    rc = sql_run(add, e);
    sql_finalize(add);
    return rc;
}

int store_packet_find(struct store *s, const char *sha256, int64_t *annotator, struct err *e)
{
    struct sql_stmt *find;
    int rc = sql_prepare(s->db, &find, "SELECT annotator FROM review_packet WHERE sha256 = $1", e);

    if (rc < 0)
        return rc;
    sql_bind_text(find, 1, sha256);
    rc = sql_step(find, e);
    if (rc == 1)
        *annotator = sql_int(find, 0);
    sql_finalize(find);
    return rc;
}
