/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packed answers are little-endian: swap bytes here and in labels.c"
#endif

/* ---- annotators ---- */

int store_annotators_load(struct store *s, struct store_annotators *out, struct err *e)
{
    struct sql_stmt *list;
    size_t cap = 0;
    int rc = sql_prepare(s->db, &list,
                         "SELECT id, name, kind, (SELECT count(*) FROM vote"
                         " WHERE vote.annotator = annotator.id), EXISTS (SELECT 1 FROM reviewer"
                         " WHERE reviewer.annotator = annotator.id) FROM annotator ORDER BY id",
                         e);

    *out = (struct store_annotators){ 0 };
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_annotator *a;
        const char *name = sql_text(list, 1), *kind = sql_text(list, 2);

        rc = mem_grow(&out->items, &cap, out->n + 1, sizeof(*out->items), UINT32_MAX, e);
        if (rc < 0)
            break;
        a = &out->items[out->n++];
        a->id = sql_int(list, 0);
        a->name = arena_text(&out->arena, name, strlen(name), e);
        a->votes = (uint64_t)sql_int(list, 3);
        a->reviews = sql_int(list, 4) != 0;
        if (!task_annotator_kind(kind, &a->kind))
            a->kind = ANNOTATOR_CONSENSUS;
        rc = a->name ? 0 : ERR_NOMEM;
    }
    sql_finalize(list);
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

static int add_annotator(struct store *s, const char *name, const char *kind, int64_t *id,
                         struct err *e)
{
    struct sql_stmt *add;
    int rc = sql_prepare(s->db, &add, "INSERT INTO annotator (name, kind) VALUES ($1, $2)", e);

    if (rc < 0)
        return rc;
    sql_bind_text(add, 1, name);
    sql_bind_text(add, 2, kind);
    rc = sql_run(add, e);
    *id = sql_last_id(s->db);
    sql_finalize(add);
    return rc;
}

int store_annotator_id(struct store *s, const char *name, enum annotator_kind kind, int64_t *id,
                       struct err *e)
{
    const char *wanted = task_annotator_kind_name(kind);
    struct sql_stmt *find;
    int rc = sql_prepare(s->db, &find, "SELECT id, kind FROM annotator WHERE name = $1", e);

    if (rc < 0)
        return rc;
    sql_bind_text(find, 1, name);
    rc = sql_step(find, e);
    if (rc == 1) {
        *id = sql_int(find, 0);
        rc = 0;
        if (strcmp(sql_text(find, 1), wanted) != 0) {
            rc = err_set(e, ERR_ARG, "the annotator '%s' is known as another kind", name);
            err_got(e, "%s", wanted);
            err_expected(e, "%s", sql_text(find, 1));
            err_hint(e, "give these answers another annotator's name");
        }
    } else if (rc == 0) {
        rc = add_annotator(s, name, wanted, id, e);
    }
    sql_finalize(find);
    return rc;
}

/* ---- question sets ---- */

char *store_texts(const char *const *texts, size_t n, struct err *e)
{
    struct json_t *list = jv_texts(texts, n);
    char *text = jv_print(list);

    jv_free(list);
    if (!text)
        err_set(e, ERR_NOMEM, "out of memory: a list of texts");
    return text;
}

static int hash_questions(const struct task *t, char hex[SHA256_HEX], struct err *e)
{
    struct json_t *all = jv_array();
    char *text;

    for (size_t i = 0; all && i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];

        struct json_t *one = jv_pack(
            "{s:s, s:s, s:o, s:o}", "name", q->name, "kind", task_kind_name(q->kind), "options",
            jv_texts(q->options, q->n_options), "wordings", jv_texts(q->wordings, q->n_wordings));

        if (q->letters) /* sets of before there were letters keep their hash */
            jv_set(one, "format", jv_pack("s", task_format_name(true)));
        jv_append(all, one);
    }
    text = jv_length(all) == t->n_questions ? jv_print(all) : NULL;
    jv_free(all);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: the questions");
    sha256_hex(text, strlen(text), hex);
    free(text);
    return 0;
}

static int add_question(int64_t set, const struct task *t, size_t i, struct sql_stmt *add,
                        struct err *e)
{
    const struct question *q = &t->questions[i];
    char *options = store_texts(q->options, q->n_options, e);
    char *wordings = options ? store_texts(q->wordings, q->n_wordings, e) : NULL;
    int rc = wordings ? 0 : ERR_NOMEM;

    if (rc == 0) {
        sql_bind_int(add, 1, set);
        sql_bind_int(add, 2, (int64_t)i);
        sql_bind_text(add, 3, q->name);
        sql_bind_text(add, 4, task_kind_name(q->kind));
        sql_bind_text(add, 5, options);
        sql_bind_text(add, 6, wordings);
        sql_bind_text(add, 7, task_format_name(q->letters));
        rc = sql_run(add, e);
    }
    free(options);
    free(wordings);
    return rc;
}

static int add_column(int64_t set, int64_t question, const struct task *t, size_t i,
                      struct sql_stmt *add, struct err *e)
{
    const struct column *c = &t->columns[i];
    char *labels = store_texts(c->labels, c->n_values, e);
    int rc = labels ? 0 : ERR_NOMEM;

    if (rc == 0) {
        sql_bind_int(add, 1, set);
        sql_bind_int(add, 2, (int64_t)i);
        sql_bind_text(add, 3, c->name);
        sql_bind_int(add, 4, question);
        sql_bind_text(add, 5, labels);
        rc = sql_run(add, e);
    }
    free(labels);
    return rc;
}

static int add_questions(struct store *s, int64_t set, const struct task *t, struct err *e)
{
    struct sql_stmt *question = NULL, *column = NULL;
    int rc = sql_prepare(s->db, &question,
                         "INSERT INTO question (question_set, position, name, kind, options,"
                         " wordings, format) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                         e);

    if (rc == 0)
        rc = sql_prepare(s->db, &column,
                         "INSERT INTO question_column (question_set, position, name, question,"
                         " labels) VALUES ($1, $2, $3, $4, $5)",
                         e);
    for (size_t i = 0; rc == 0 && i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];
        int64_t id;

        rc = add_question(set, t, i, question, e);
        id = sql_last_id(s->db);
        for (size_t c = 0; rc == 0 && c < q->n_columns; c++)
            rc = add_column(set, id, t, q->first_column + c, column, e);
    }
    sql_finalize(question);
    sql_finalize(column);
    return rc;
}

int store_question_set(struct store *s, const struct task *t, int64_t *id, struct err *e)
{
    struct sql_stmt *statement = NULL;
    char hex[SHA256_HEX];
    int rc = hash_questions(t, hex, e);

    if (rc == 0)
        rc = sql_prepare(s->db, &statement, "SELECT id FROM question_set WHERE hash = $1", e);
    if (rc < 0)
        return rc;
    sql_bind_text(statement, 1, hex);
    rc = sql_step(statement, e);
    if (rc == 1)
        *id = sql_int(statement, 0);
    sql_finalize(statement);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = sql_prepare(s->db, &statement, "INSERT INTO question_set (hash) VALUES ($1)", e);
    if (rc < 0)
        return rc;
    sql_bind_text(statement, 1, hex);
    rc = sql_run(statement, e);
    *id = sql_last_id(s->db);
    sql_finalize(statement);
    return rc < 0 ? rc : add_questions(s, *id, t, e);
}

/* ---- runs ---- */

int store_run_begin(struct store *s, const struct store_run *run, const struct task *t,
                    struct err *e)
{
    struct sql_stmt *add = NULL;
    char now[32];
    int rc = store_question_set(s, t, &s->run_set, e);

    if (rc == 0)
        rc = sql_prepare(s->db, &add,
                         "INSERT INTO run (annotator, question_set, identity, settings, source,"
                         " source_sha256, by_whom, started)"
                         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                         e);
    if (rc < 0)
        return rc;
    sql_bind_int(add, 1, run->annotator);
    sql_bind_int(add, 2, s->run_set);
    sql_bind_text(add, 3, run->identity);
    sql_bind_text(add, 4, run->settings);
    sql_bind_text(add, 5, run->source);
    sql_bind_text(add, 6, run->source_sha256);
    sql_bind_text(add, 7, file_user());
    sql_bind_text(add, 8, store_now(now));
    rc = sql_run(add, e);
    s->run = sql_last_id(s->db);
    sql_finalize(add);
    return rc;
}

int store_run_end(struct store *s, const struct store_counts *counts, struct err *e)
{
    struct sql_stmt *end;
    char now[32];
    int rc = sql_prepare(s->db, &end,
                         "UPDATE run SET ended = $1, images = $2, labels = $3, abstentions = $4,"
                         " seconds = $5 WHERE id = $6",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_text(end, 1, store_now(now));
    sql_bind_int(end, 2, (int64_t)counts->images);
    sql_bind_int(end, 3, (int64_t)counts->labels);
    sql_bind_int(end, 4, (int64_t)counts->abstentions);
    sql_bind_real(end, 5, counts->seconds > 0 ? counts->seconds : NAN);
    sql_bind_int(end, 6, s->run);
    rc = sql_run(end, e);
    sql_finalize(end);
    return rc;
}

/* An array of floats as a blob; NULL: null. */
static void bind_floats(struct sql_stmt *s, int index, const float *x, size_t n)
{
    sql_bind_blob(s, index, x, x ? n * sizeof(*x) : 0);
}

int store_answers_add(struct store *s, int64_t image, const struct task *t,
                      const struct store_answers *a, struct err *e)
{
    int rc = store_prepare(s, &s->add_answers,
                           "INSERT INTO answers (run, image, value, probability, mass, spread,"
                           " detail, seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                           e);

    if (rc < 0)
        return rc;
    sql_bind_int(s->add_answers, 1, s->run);
    sql_bind_int(s->add_answers, 2, image);
    sql_bind_blob(s->add_answers, 3, a->values, t->n_columns * sizeof(*a->values));
    bind_floats(s->add_answers, 4, a->probabilities, t->n_probabilities);
    bind_floats(s->add_answers, 5, a->mass, t->n_columns);
    bind_floats(s->add_answers, 6, a->spread, t->n_columns);
    sql_bind_text(s->add_answers, 7, a->detail);
    sql_bind_real(s->add_answers, 8, a->seconds > 0 ? a->seconds : NAN);
    return sql_run(s->add_answers, e);
}

int store_vote_add(struct store *s, int64_t annotator, int64_t image, size_t column, int16_t value,
                   double seconds, struct err *e)
{
    char now[32];
    int rc = store_prepare(s, &s->add_vote,
                           "INSERT INTO vote (annotator, run, image, question_set, position,"
                           " value, seconds, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                           e);

    if (rc < 0)
        return rc;
    sql_bind_int(s->add_vote, 1, annotator);
    sql_bind_int(s->add_vote, 2, s->run);
    sql_bind_int(s->add_vote, 3, image);
    sql_bind_int(s->add_vote, 4, s->run_set);
    sql_bind_int(s->add_vote, 5, (int64_t)column);
    sql_bind_int(s->add_vote, 6, value);
    sql_bind_real(s->add_vote, 7, seconds);
    sql_bind_text(s->add_vote, 8, store_now(now));
    return sql_run(s->add_vote, e);
}

int store_vote_seconds(struct store *s, int64_t annotator, double **seconds, size_t *n,
                       struct err *e)
{
    struct sql_stmt *list;
    size_t cap = 0;
    int rc = sql_prepare(
        s->db, &list, "SELECT seconds FROM vote WHERE annotator = $1 AND seconds IS NOT NULL", e);

    *seconds = NULL;
    *n = 0;
    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, annotator);
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        rc = mem_grow(seconds, &cap, *n + 1, sizeof(**seconds), SIZE_MAX / sizeof(**seconds), e);
        if (rc == 0)
            (*seconds)[(*n)++] = sql_real(list, 0);
    }
    sql_finalize(list);
    return rc;
}

int store_runs(struct store *s, size_t most,
               void (*each)(void *data, const struct store_run_info *run), void *data,
               struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list,
                         "SELECT run.id, annotator.name, source, source_sha256, settings, by_whom,"
                         " started, ended, images, labels, abstentions FROM run"
                         " JOIN annotator ON annotator.id = run.annotator"
                         " ORDER BY run.id DESC LIMIT $1",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, (int64_t)most);
    while ((rc = sql_step(list, e)) == 1) {
        struct store_run_info run = {
            .id = sql_int(list, 0),
            .annotator = sql_text(list, 1),
            .source = sql_text(list, 2),
            .source_sha256 = sql_text(list, 3),
            .settings = sql_text(list, 4),
            .by_whom = sql_text(list, 5),
            .started = sql_text(list, 6),
            .ended = sql_text(list, 7),
            .counts = { .images = (uint64_t)sql_int(list, 8),
                        .labels = (uint64_t)sql_int(list, 9),
                        .abstentions = (uint64_t)sql_int(list, 10) },
        };

        each(data, &run);
    }
    sql_finalize(list);
    return rc;
}

int store_newest_runs(struct store *s, int64_t annotator, int64_t *own, int64_t *others,
                      struct err *e)
{
    struct sql_stmt *newest;
    int rc = sql_prepare(s->db, &newest,
                         "SELECT coalesce(max(CASE WHEN annotator = $1 THEN id END), 0),"
                         " coalesce(max(CASE WHEN annotator <> $1 THEN id END), 0),"
                         " (SELECT count(*) FROM review_answer WHERE max(at, coalesce(undone, at))"
                         " >= (SELECT max(started) FROM run WHERE annotator = $1)) FROM run",
                         e);

    *own = *others = 0;
    if (rc < 0)
        return rc;
    sql_bind_int(newest, 1, annotator);
    rc = sql_step(newest, e);
    if (rc == 1) {
        *own = sql_int(newest, 0);
        *others = sql_int(newest, 1);
        if (sql_int(newest, 2) > 0 && *others <= *own) /* answers of a review belong to no run */
            *others = *own + 1;
    }
    sql_finalize(newest);
    return rc < 0 ? rc : 0;
}

int store_run_speed(struct store *s, int64_t annotator, double *images_per_second, struct err *e)
{
    struct sql_stmt *sum;
    int rc = sql_prepare(s->db, &sum,
                         "SELECT coalesce(sum(images), 0), coalesce(sum(seconds), 0) FROM run"
                         " WHERE annotator = $1 AND seconds IS NOT NULL",
                         e);

    *images_per_second = NAN;
    if (rc < 0)
        return rc;
    sql_bind_int(sum, 1, annotator);
    rc = sql_step(sum, e);
    if (rc == 1 && sql_real(sum, 1) > 0)
        *images_per_second = (double)sql_int(sum, 0) / sql_real(sum, 1);
    sql_finalize(sum);
    return rc < 0 ? rc : 0;
}

int store_identity(struct store *s, int64_t annotator, char **identity, char **settings,
                   struct err *e)
{
    struct sql_stmt *newest;
    int rc = sql_prepare(s->db, &newest,
                         "SELECT identity, settings FROM run"
                         " WHERE annotator = $1 AND identity IS NOT NULL ORDER BY id DESC LIMIT 1",
                         e);

    *identity = *settings = NULL;
    if (rc < 0)
        return rc;
    sql_bind_int(newest, 1, annotator);
    rc = sql_step(newest, e);
    if (rc == 1) {
        *identity = strdup(sql_text(newest, 0));
        *settings = strdup(sql_text(newest, 1));
        rc = *identity && *settings ? 0 : err_set(e, ERR_NOMEM, "out of memory: a run");
    }
    sql_finalize(newest);
    return rc;
}
