/* SPDX-License-Identifier: MIT
 *
 * Who may open the review page: people, their links and sessions, and packets handed out.
 */
#include "store/reviewers.h"

#include <string.h>
#include <time.h>

#include "store/internal.h"
#include "store/runs.h"

enum { SESSIONS_MAX = 32 }; /* of a person */

static const char *const token_names[] = { "link", "session" };

/* Somebody whose labels were imported would be asked about their own disputes. */
static int check_annotator(struct store *s, int64_t annotator, const char *name, struct err *e)
{
    int64_t imported;
    int rc = sql_number(s->db,
                        "SELECT 1 FROM counting_run AS run JOIN answers ON answers.run = run.id"
                        " WHERE run.annotator = $1 LIMIT 1",
                        BIND(INT(annotator)), &imported, e);

    if (rc < 0 || !imported)
        return rc;
    err_set(e, ERR_ARG, "'%s' has labels that were imported: a reviewer settles what others say",
            name);
    return err_hint(e, "give the reviewer a name of their own");
}

static int insert_reviewer(struct store *s, const char *name, int64_t annotator, int64_t *id,
                           struct err *e)
{
    char now[32];

    return sql_number(s->db,
                      "INSERT INTO reviewer (name, annotator, created) VALUES ($1, $2, $3)"
                      " ON CONFLICT (name, annotator IS NULL) DO UPDATE SET revoked = NULL"
                      " RETURNING id",
                      BIND(TEXT(name), INT_OR_NULL(annotator), TEXT(store_now(now))), id, e);
}

int store_reviewer_add(struct store *s, const char *name, bool owner, struct store_reviewer *out,
                       struct err *e)
{
    int rc = 0;

    *out = (struct store_reviewer){ .name = name };
    if (!task_name_is_usable(name)) {
        err_set(e, ERR_ARG, "this cannot be a reviewer's name: '%s'", name);
        return err_expected(e, TASK_NAME_USABLE "; not consensus or tie, which assent uses");
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
    int rc = sql_run(s->db,
                     "DELETE FROM review_token WHERE reviewer IN"
                     " (SELECT id FROM reviewer WHERE revoked IS NOT NULL)",
                     BIND_NOTHING, e);

    if (rc < 0)
        return rc;
    return sql_run(s->db,
                   "DELETE FROM review_lease WHERE annotator IN"
                   " (SELECT annotator FROM reviewer WHERE revoked IS NOT NULL)",
                   BIND_NOTHING, e);
}

int store_reviewer_revoke(struct store *s, const char *name, struct err *e)
{
    int64_t known;
    char now[32];
    int rc = sql_number(s->db, "SELECT count(*) FROM reviewer WHERE name = $1", BIND(TEXT(name)),
                        &known, e);

    if (rc == 0 && known == 0)
        return unknown_reviewer(name, e);
    if (rc == 0)
        rc = sql_run(s->db, "UPDATE reviewer SET revoked = coalesce(revoked, $1) WHERE name = $2",
                     BIND(TEXT(store_now(now)), TEXT(name)), e);
    return rc < 0 ? rc : drop_revoked(s, e);
}

int store_reviewers(struct store *s, int (*each)(void *data, const struct store_reviewer *r),
                    void *data, struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT id, coalesce(annotator, 0), name, created, revoked FROM reviewer"
                       " ORDER BY id",
                       BIND_NOTHING, e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_reviewer r = { sql_int(list, 0), sql_int(list, 1), sql_text(list, 2),
                                    sql_text(list, 3), sql_text(list, 4) };

        rc = each(data, &r);
    }
    sql_done(list);
    return rc;
}

/* ---- tokens ---- */

/* A link opens any number of sessions: the oldest go. */
static int drop_old_sessions(struct store *s, const char *newest, int64_t reviewer, struct err *e)
{
    return sql_run(s->db,
                   "DELETE FROM review_token WHERE kind = 'session' AND reviewer = $1"
                   " AND sha256 <> $2 AND sha256 NOT IN (SELECT sha256 FROM review_token"
                   " WHERE kind = 'session' AND reviewer = $1 AND sha256 <> $2"
                   " ORDER BY created DESC, sha256 LIMIT $3)",
                   BIND(INT(reviewer), TEXT(newest), INT(SESSIONS_MAX - 1)), e);
}

int store_token_add(struct store *s, const char *sha256, enum token_kind kind, int64_t reviewer,
                    int64_t expires, struct err *e)
{
    char now[32];
    int rc = sql_run(s->db,
                     "INSERT INTO review_token (sha256, kind, reviewer, created, expires)"
                     " VALUES ($1, $2, $3, $4, $5)",
                     BIND(TEXT(sha256), TEXT(token_names[kind]), INT(reviewer),
                          TEXT(store_now(now)), INT_OR_NULL(expires)),
                     e);

    return rc < 0 || kind != TOKEN_SESSION ? rc : drop_old_sessions(s, sha256, reviewer, e);
}

int store_links_count(struct store *s, int64_t reviewer, uint64_t *n, struct err *e)
{
    int64_t links = 0;
    int rc =
        sql_number(s->db, "SELECT count(*) FROM review_token WHERE reviewer = $1 AND kind = $2",
                   BIND(INT(reviewer), TEXT(token_names[TOKEN_LINK])), &links, e);

    *n = (uint64_t)links;
    return rc;
}

int store_token_drop(struct store *s, const char *sha256, struct err *e)
{
    return sql_run(s->db, "DELETE FROM review_token WHERE sha256 = $1", BIND(TEXT(sha256)), e);
}

int store_token_find(struct store *s, const char *sha256, enum token_kind kind,
                     struct store_reviewer *r, char name[TASK_NAME_MAX + 1], struct err *e)
{
    struct sql_rows *found;
    int rc = sql_query(s->db, &found,
                       "SELECT reviewer.id, coalesce(annotator, 0), name, sha256"
                       " FROM review_token JOIN reviewer ON reviewer.id = reviewer"
                       " WHERE sha256 = $1 AND kind = $2 AND revoked IS NULL"
                       " AND (expires IS NULL OR expires > $3)",
                       BIND(TEXT(sha256), TEXT(token_names[kind]), INT(time(NULL))), e);

    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1) {
        snprintf(name, TASK_NAME_MAX + 1, "%s", sql_text(found, 2));
        *r = (struct store_reviewer){ .id = sql_int(found, 0),
                                      .annotator = sql_int(found, 1),
                                      .name = name };
        rc = secret_equal(sha256, sql_text(found, 3)) ? 1 : 0;
    }
    sql_done(found); /* a row at hand would keep what it reads from growing old */
    return rc;
}

/* ---- packets ---- */

int store_packet_add(struct store *s, const char *sha256, int64_t annotator, size_t items,
                     struct err *e)
{
    char now[32];

    return sql_run(s->db,
                   "INSERT INTO review_packet (sha256, annotator, items, created)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING",
                   BIND(TEXT(sha256), INT(annotator), INT(items), TEXT(store_now(now))), e);
}

int store_packet_find(struct store *s, const char *sha256, int64_t *annotator, struct err *e)
{
    int rc = sql_number(s->db, "SELECT annotator FROM review_packet WHERE sha256 = $1",
                        BIND(TEXT(sha256)), annotator, e);

    return rc < 0 ? rc : *annotator != 0;
}
