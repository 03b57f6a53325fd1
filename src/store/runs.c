/* SPDX-License-Identifier: MIT */
#include "store/runs.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/sets.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packed answers are little-endian: swap bytes here and in labels.c"
#endif

/* Of other annotators' runs than $1's. */
#define WITHDRAWALS                                                                   \
    "(SELECT count(*) FROM withdrawal JOIN run AS other ON other.id = withdrawal.run" \
    " WHERE other.annotator <> $1)"

int store_run_begin(struct store *s, const struct store_run *run, const struct task *t,
                    struct err *e)
{
    char now[32];
    int rc = store_question_set(s, t, &s->run_set, e);

    if (rc < 0)
        return rc;
    return sql_insert(s->db,
                      "INSERT INTO run (annotator, question_set, identity, settings, source,"
                      " source_sha256, by_whom, started, withdrawals, review_answers)"
                      " SELECT $1, $2, $3, $4, $5, $6, $7, $8, " WITHDRAWALS
                      ", count(*) + count(undone) FROM review_answer",
                      BIND(INT(run->annotator), INT(s->run_set), TEXT(run->identity),
                           TEXT(run->settings), TEXT(run->source), TEXT(run->source_sha256),
                           TEXT(file_user()), TEXT(store_now(now))),
                      &s->run, e);
}

static struct sql_value count_or_null(bool known, uint64_t n)
{
    return known ? INT(n) : TEXT(NULL);
}

int store_run_usage(struct store *s, const struct store_usage *u, struct err *e)
{
    return sql_run(s->db,
                   "UPDATE run SET requests = $1, prompt_tokens = $2, cached_tokens = $3,"
                   " completion_tokens = $4 WHERE id = $5",
                   BIND(count_or_null(u->asked, u->requests),
                        count_or_null(u->asked && u->counted, u->prompt),
                        count_or_null(u->asked && u->counted, u->cached),
                        count_or_null(u->asked && u->counted, u->completion), INT(s->run)),
                   e);
}

int64_t store_run_number(const struct store *s)
{
    return s->run;
}

static double seconds_or_null(double seconds)
{
    return seconds > 0 ? seconds : NAN;
}

int store_run_end(struct store *s, const struct store_counts *counts, struct err *e)
{
    char now[32];

    int rc =
        sql_run(s->db,
                "UPDATE run SET ended = $1, images = $2, labels = $3, abstentions = $4,"
                " seconds = $5 WHERE id = $6",
                BIND(TEXT(store_now(now)), INT(counts->images), INT(counts->labels),
                     INT(counts->abstentions), REAL(seconds_or_null(counts->seconds)), INT(s->run)),
                e);

    s->run = 0;
    return rc;
}

int store_run_same(struct store *s, const struct store_run *run, const struct task *t,
                   const struct store_counts *counts, int64_t *id, char started[STORE_TIME_MAX],
                   struct err *e)
{
    struct sql_rows *found = NULL;
    int64_t set;
    int rc = store_question_set(s, t, &set, e);

    *id = 0;
    if (rc == 0)
        rc = sql_query(s->db, &found,
                       "SELECT id, started FROM run WHERE id = (SELECT max(id) FROM counting_run"
                       " WHERE annotator = $1) AND question_set = $2 AND settings = $3"
                       " AND source_sha256 = $4 AND ended IS NOT NULL AND images = $5"
                       " AND labels = $6 AND abstentions = $7",
                       BIND(INT(run->annotator), INT(set), TEXT(run->settings),
                            TEXT(run->source_sha256), INT(counts->images), INT(counts->labels),
                            INT(counts->abstentions)),
                       e);
    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1) {
        *id = sql_int(found, 0);
        snprintf(started, STORE_TIME_MAX, "%s", sql_text(found, 1));
    }
    sql_done(found);
    return rc < 0 ? rc : 0;
}

int store_answers_add(struct store *s, int64_t image, const struct task *t,
                      const struct store_answers *a, struct err *e)
{
    size_t columns = t->n_columns * sizeof(float), options = t->n_probabilities * sizeof(float);

    return sql_run(s->db,
                   "INSERT INTO answers (run, image, value, probability, mass, spread,"
                   " detail, seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   BIND(INT(s->run), INT(image), BLOB(a->values, t->n_columns * sizeof(*a->values)),
                        BLOB(a->probabilities, options), BLOB(a->mass, columns),
                        BLOB(a->spread, columns), TEXT(a->detail),
                        REAL(seconds_or_null(a->seconds))),
                   e);
}

int store_vote_add(struct store *s, const struct store_vote *v, struct err *e)
{
    char now[32];

    return sql_run(s->db,
                   "INSERT INTO vote (annotator, run, image, question_set, position,"
                   " value, seconds, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   BIND(INT(v->annotator), INT(s->run), INT(v->image), INT(s->run_set),
                        INT(v->column), INT(v->value), REAL(v->seconds), TEXT(store_now(now))),
                   e);
}

int store_vote_seconds(struct store *s, int64_t annotator, double **seconds, size_t *n,
                       struct err *e)
{
    struct sql_rows *list;
    size_t cap = 0;
    int rc = sql_query(s->db, &list,
                       "SELECT seconds, id FROM counting_vote WHERE annotator = $1"
                       " AND seconds IS NOT NULL",
                       BIND(INT(annotator)), e);

    *seconds = NULL;
    *n = 0;
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        rc = mem_grow(seconds, &cap, *n + 1, sizeof(**seconds), SIZE_MAX / sizeof(**seconds), e);
        if (rc == 0)
            rc = check_number("vote.seconds", sql_int(list, 1), sql_real(list, 0),
                              (struct range){ 0, DBL_MAX }, e);
        if (rc == 0)
            (*seconds)[(*n)++] = sql_real(list, 0);
    }
    sql_done(list);
    return rc;
}

/* ---- looking back ---- */

/* A run's counts are none below zero. */
static int take_counts(struct sql_rows *row, struct store_counts *out, struct err *e)
{
    static const struct range any = { 0, DBL_MAX };
    static const char *const names[] = { "run.images", "run.labels", "run.abstentions" };
    uint64_t *const counts[] = { &out->images, &out->labels, &out->abstentions };
    int64_t id = sql_int(row, 0);
    int rc = 0;

    for (int i = 0; rc == 0 && i < 3; i++) {
        *counts[i] = (uint64_t)sql_int(row, 8 + i);
        rc = check_number(names[i], id, (double)sql_int(row, 8 + i), any, e);
    }
    out->seconds = sql_real(row, 11);
    return rc < 0 ? rc : check_number("run.seconds", id, out->seconds, any, e);
}

/* Five columns: requests, whether some tokens are not known, and the tokens. */
static int take_usage(struct sql_rows *row, int first, int64_t id, struct store_usage *out,
                      struct err *e)
{
    static const char *const names[] = { "run.requests", NULL, "run.prompt_tokens",
                                         "run.cached_tokens", "run.completion_tokens" };
    uint64_t *const counts[] = { &out->requests, NULL, &out->prompt, &out->cached,
                                 &out->completion };
    int rc = 0;

    for (int i = 0; rc == 0 && i < 5; i++) {
        int64_t n = sql_int(row, first + i);

        if (!counts[i])
            continue;
        *counts[i] = (uint64_t)n;
        rc = check_number(names[i], id, (double)n, (struct range){ 0, DBL_MAX }, e);
    }
    out->asked = out->requests > 0;
    out->counted = out->asked && sql_int(row, first + 1) == 0;
    return rc == 0 && out->counted ? check_number(names[3], id, (double)out->cached,
                                                  (struct range){ 0, (double)out->prompt }, e)
                                   : rc;
}

int store_usage_of(struct store *s, int64_t annotator, struct store_usage *sum, uint64_t *images,
                   struct err *e)
{
    struct sql_rows *row;
    int rc = sql_query(
        s->db, &row,
        "SELECT coalesce(sum(requests), 0), count(requests) - count(prompt_tokens),"
        " coalesce(sum(prompt_tokens), 0), coalesce(sum(cached_tokens), 0),"
        " coalesce(sum(completion_tokens), 0),"
        " (SELECT count(DISTINCT image) FROM answers JOIN run AS asked ON asked.id = answers.run"
        " WHERE asked.annotator = $1 AND asked.requests > 0)"
        " FROM run WHERE annotator = $1 AND requests > 0",
        BIND(INT(annotator)), e);

    *sum = (struct store_usage){ 0 };
    *images = 0;
    if (rc == 0)
        rc = sql_step(row, e);
    if (rc == 1) {
        *images = (uint64_t)sql_int(row, 5);
        rc = take_usage(row, 0, annotator, sum, e);
    }
    sql_done(row);
    return rc;
}

int store_run_sent_to(struct store *s, int64_t annotator, const char *url, struct err *e)
{
    struct sql_rows *row;
    int rc = sql_query(s->db, &row,
                       "SELECT 1 FROM run, json_each(CASE WHEN json_valid(settings) THEN settings"
                       " ELSE '{}' END, '$.sent_to') AS sent"
                       " WHERE annotator = $1 AND sent.value = $2 LIMIT 1",
                       BIND(INT(annotator), TEXT(url)), e);

    if (rc == 0)
        rc = sql_step(row, e);
    sql_done(row);
    return rc;
}

int store_runs(struct store *s, size_t most,
               void (*each)(void *data, const struct store_run_info *run), void *data,
               struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT run.id, annotator.name, source, source_sha256, settings, by_whom,"
                       " started, ended, images, labels, abstentions, coalesce(seconds, 0),"
                       " coalesce(withdrawn, ''), run.annotator,"
                       " coalesce(requests, 0), prompt_tokens IS NULL, coalesce(prompt_tokens, 0),"
                       " coalesce(cached_tokens, 0), coalesce(completion_tokens, 0)"
                       " FROM run"
                       " JOIN annotator ON annotator.id = run.annotator"
                       " ORDER BY run.id DESC LIMIT $1",
                       BIND(INT(most)), e);

    while (rc >= 0 && (rc = sql_step(list, e)) == 1) {
        struct store_run_info run = {
            .id = sql_int(list, 0),
            .annotator = store_renamed(s, sql_int(list, 13), sql_text(list, 1)),
            .source = sql_text(list, 2),
            .source_sha256 = sql_text(list, 3),
            .settings = sql_text(list, 4),
            .by_whom = sql_text(list, 5),
            .started = sql_text(list, 6),
            .ended = sql_text(list, 7),
            .withdrawn = sql_text(list, 12),
        };

        rc = take_counts(list, &run.counts, e);
        if (rc == 0)
            rc = take_usage(list, 14, run.id, &run.usage, e);
        if (rc == 0)
            each(data, &run);
    }
    sql_done(list);
    return rc;
}

int store_newest_runs(struct store *s, int64_t annotator, int64_t *own, int64_t *others,
                      struct err *e)
{
    struct sql_rows *newest;
    int rc = sql_query(s->db, &newest,
                       "SELECT coalesce(max(CASE WHEN annotator = $1 THEN id END), 0),"
                       " coalesce(max(CASE WHEN annotator <> $1 THEN id END), 0),"
                       " (SELECT count(*) + count(undone) FROM review_answer) + " WITHDRAWALS
                       " - (SELECT review_answers + withdrawals FROM counting_run"
                       " WHERE annotator = $1 ORDER BY id DESC LIMIT 1) FROM counting_run",
                       BIND(INT(annotator)), e);

    *own = *others = 0;
    if (rc == 0)
        rc = sql_step(newest, e);
    if (rc == 1) {
        *own = sql_int(newest, 0);
        *others = sql_int(newest, 1);
        /* answers of a review belong to no run, and a withdrawal makes none */
        if (sql_int(newest, 2) > 0 && *others <= *own)
            *others = *own + 1;
    }
    sql_done(newest);
    return rc < 0 ? rc : 0;
}

static int change_run(struct store *s, int64_t run, bool back, struct err *e)
{
    char now[32];
    const char *at = store_now(now);
    int64_t id;
    int rc = sql_run(s->db, "UPDATE run SET withdrawn = $1 WHERE id = $2",
                     BIND(TEXT(back ? NULL : at), INT(run)), e);

    return rc < 0 ? rc
                  : sql_insert(s->db,
                               "INSERT INTO withdrawal (run, back, at, by_whom)"
                               " VALUES ($1, $2, $3, $4)",
                               BIND(INT(run), INT(back), TEXT(at), TEXT(file_user())), &id, e);
}

int store_run_withdraw(struct store *s, int64_t *run, bool back, struct err *e)
{
    int64_t found = *run, is_withdrawn;
    int rc = *run != 0 ? 0
                       : sql_number(s->db, "SELECT coalesce(max(id), 0) FROM counting_run",
                                    BIND_NOTHING, &found, e);

    if (rc == 0 && found == 0)
        return err_set(e, ERR_ARG, "no run is left that counts");
    if (rc == 0)
        rc = sql_number(s->db,
                        "SELECT coalesce((SELECT 1 + (withdrawn IS NOT NULL) FROM run"
                        " WHERE id = $1), 0)",
                        BIND(INT(found)), &is_withdrawn, e);
    if (rc < 0)
        return rc;
    *run = found;
    if (is_withdrawn == 0)
        err_set(e, ERR_ARG, "there is no run %lld", (long long)found);
    else if ((is_withdrawn == 2) == back)
        return change_run(s, found, back, e);
    else
        err_set(e, ERR_ARG, back ? "run %lld counts already" : "run %lld is withdrawn already",
                (long long)found);
    return err_hint(e, "assent status -v lists the runs");
}

int store_run_speed(struct store *s, int64_t annotator, double *images_per_second, struct err *e)
{
    struct sql_rows *sum;
    int rc = sql_query(s->db, &sum,
                       "SELECT coalesce(sum(images), 0), coalesce(sum(seconds), 0) FROM run"
                       " WHERE annotator = $1 AND seconds IS NOT NULL",
                       BIND(INT(annotator)), e);

    *images_per_second = NAN;
    if (rc == 0)
        rc = sql_step(sum, e);
    if (rc == 1)
        rc = check_number("run.seconds of annotator", annotator, sql_real(sum, 1),
                          (struct range){ 0, DBL_MAX }, e);
    if (rc == 0 && sql_real(sum, 1) > 0)
        *images_per_second = (double)sql_int(sum, 0) / sql_real(sum, 1);
    sql_done(sum);
    return rc;
}

int store_identity(struct store *s, int64_t annotator, char **identity, char **settings,
                   struct err *e)
{
    struct sql_rows *newest;
    int rc = sql_query(s->db, &newest,
                       "SELECT identity, settings FROM counting_run"
                       " WHERE annotator = $1 AND identity IS NOT NULL ORDER BY id DESC LIMIT 1",
                       BIND(INT(annotator)), e);

    *identity = *settings = NULL;
    if (rc == 0)
        rc = sql_step(newest, e);
    if (rc == 1) {
        *identity = strdup(sql_text(newest, 0));
        *settings = strdup(sql_text(newest, 1));
        rc = *identity && *settings ? 0 : err_set(e, ERR_NOMEM, "out of memory: a run");
    }
    sql_done(newest);
    return rc;
}
