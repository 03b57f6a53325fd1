/* SPDX-License-Identifier: MIT */
#include "store/sets.h"

#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"

/* ---- keeping ---- */

/* The JSON text of a list, as the tables keep it; free() it. */
static char *list_text(const char *const *texts, size_t n, struct err *e)
{
    struct json_t *list = jv_texts(texts, n);
    char *text = jv_print(list);

    jv_free(list);
    if (!text)
        err_set(e, ERR_NOMEM, "out of memory: a list of texts");
    return text;
}

/* A question as it is hashed; the lists are taken over. */
struct hashed {
    const char *name, *kind;
    struct json_t *options, *wordings;
    bool letters;
};

static void append_hashed(struct json_t *all, const struct hashed *q)
{
    struct json_t *one = jv_pack("{s:s, s:s, s:o, s:o}", "name", q->name, "kind", q->kind,
                                 "options", q->options, "wordings", q->wordings);

    if (q->letters) /* sets of before there were letters keep their hash */
        jv_set(one, "format", jv_pack("s", task_format_name(true)));
    jv_append(all, one);
}

/* The hash of so many questions; all is taken over. */
static int hash_list(struct json_t *all, size_t n, char hex[SHA256_HEX], struct err *e)
{
    char *text = jv_length(all) == n ? jv_print(all) : NULL;

    jv_free(all);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: the questions");
    sha256_hex(text, strlen(text), hex);
    free(text);
    return 0;
}

static int hash_questions(const struct task *t, char hex[SHA256_HEX], struct err *e)
{
    struct json_t *all = jv_array();

    for (size_t i = 0; all && i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];

        append_hashed(all, &(struct hashed){ q->name, task_kind_name(q->kind),
                                             jv_texts(q->options, q->n_options),
                                             jv_texts(q->wordings, q->n_wordings), q->letters });
    }
    return hash_list(all, t->n_questions, hex, e);
}

static int add_question(struct store *s, int64_t set, const struct task *t, size_t i, int64_t *id,
                        struct err *e)
{
    const struct question *q = &t->questions[i];
    char *options = list_text(q->options, q->n_options, e);
    char *wordings = options ? list_text(q->wordings, q->n_wordings, e) : NULL;
    int rc = wordings ? 0 : ERR_NOMEM;

    if (rc == 0)
        rc = sql_insert(s->db,
                        "INSERT INTO question (question_set, position, name, kind, options,"
                        " wordings, format) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                        BIND(INT(set), INT(i), TEXT(q->name), TEXT(task_kind_name(q->kind)),
                             TEXT(options), TEXT(wordings), TEXT(task_format_name(q->letters))),
                        id, e);
    free(options);
    free(wordings);
    return rc;
}

static int add_column(struct store *s, int64_t set, int64_t question, const struct task *t,
                      size_t i, struct err *e)
{
    const struct column *c = &t->columns[i];
    char *labels = list_text(c->labels, c->n_values, e);
    int rc = labels ? 0 : ERR_NOMEM;

    if (rc == 0)
        rc = sql_run(s->db,
                     "INSERT INTO question_column (question_set, position, name, question,"
                     " labels) VALUES ($1, $2, $3, $4, $5)",
                     BIND(INT(set), INT(i), TEXT(c->name), INT(question), TEXT(labels)), e);
    free(labels);
    return rc;
}

static int add_questions(struct store *s, int64_t set, const struct task *t, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < t->n_questions; i++) {
        const struct question *q = &t->questions[i];
        int64_t id;

        rc = add_question(s, set, t, i, &id, e);
        for (size_t c = 0; rc == 0 && c < q->n_columns; c++)
            rc = add_column(s, set, id, t, q->first_column + c, e);
    }
    return rc;
}

int store_question_set(struct store *s, const struct task *t, int64_t *id, struct err *e)
{
    char hex[SHA256_HEX];
    int rc = hash_questions(t, hex, e);

    if (rc == 0)
        rc = sql_number(s->db, "SELECT id FROM question_set WHERE hash = $1", BIND(TEXT(hex)), id,
                        e);
    if (rc < 0 || *id != 0)
        return rc;
    rc = sql_insert(s->db, "INSERT INTO question_set (hash) VALUES ($1)", BIND(TEXT(hex)), id, e);
    return rc < 0 ? rc : add_questions(s, *id, t, e);
}

/* ---- translating ---- */

static void translate_values(struct translation *t, const struct column *c,
                             const struct json_t *labels)
{
    t->same = c != NULL && t->n_stored == c->n_values;
    for (size_t v = 0; v < t->n_stored; v++) {
        const char *text = jv_text(jv_at(labels, v));

        t->value_of[v] = VALUE_MISSING;
        for (size_t w = 0; c && text && w < c->n_values; w++)
            if (strcmp(text, c->labels[w]) == 0)
                t->value_of[v] = (int16_t)w;
        t->same = t->same && t->value_of[v] == (int16_t)v;
    }
}

/* A column of a stored set as the database has it; the texts are the statement's. */
struct stored_column {
    const char *name, *kind, *labels, *wordings, *format;
    int64_t position;
};

static bool is_list_of_texts(const struct json_t *list)
{
    for (size_t i = 0; i < jv_length(list); i++)
        if (!jv_text(jv_at(list, i)))
            return false;
    return jv_length(list) > 0 && jv_length(list) <= TASK_OPTIONS_MAX;
}

static bool is_kind(const char *name)
{
    for (int kind = KIND_YESNO; kind <= KIND_ORDINAL; kind++)
        if (strcmp(task_kind_name(kind), name) == 0)
            return true;
    return false;
}

/* Answers are packed by position: a column out of its place would give them to another question. */
static int check_column(const struct question_set *set, const struct stored_column *stored,
                        const struct json_t *labels, struct err *e)
{
    bool in_place = stored->position == (int64_t)set->n;

    if (in_place && is_kind(stored->kind) && is_list_of_texts(labels))
        return 0;
    err_set(e, ERR_DB, "the questions that answers were given to are damaged");
    err_at(e, "question set %lld, question %s", (long long)set->id, stored->name);
    if (!in_place) {
        err_got(e, "position %lld", (long long)stored->position);
        err_expected(e, "%zu", set->n);
    }
    return damage_hint(e);
}

/* Is the question put today in the words that were stored, and in the same way? */
static bool is_asked_so(const struct task *t, size_t column, const struct stored_column *stored)
{
    const struct question *q = &t->questions[t->columns[column].question];
    struct err ignored;
    char *wordings = list_text(q->wordings, q->n_wordings, &ignored);
    bool so = text_equal(wordings, stored->wordings) &&
              strcmp(task_format_name(q->letters), stored->format) == 0 &&
              strcmp(task_kind_name(q->kind), stored->kind) == 0;

    free(wordings);
    return so;
}

static int take_column(struct question_sets *s, struct question_set *set,
                       const struct stored_column *stored, struct err *e)
{
    struct translation *t = &set->columns[set->n];
    struct json_t *labels;
    bool yesno = strcmp(stored->kind, "yesno") == 0 || strcmp(stored->kind, "multi") == 0;
    char name[64];
    int rc;

    snprintf(name, sizeof(name), "question_column.labels of set %lld", (long long)set->id);
    rc = jv_parse_as(&labels, name, stored->labels, strlen(stored->labels), e);
    if (rc < 0)
        return damage_hint(e);
    rc = check_column(set, stored, labels, e);
    if (rc < 0) {
        jv_free(labels);
        return rc;
    }
    t->n_stored = jv_length(labels);
    t->value_of = arena_new(&s->arena, t->n_stored, sizeof(*t->value_of), e);
    t->probability = set->n_probabilities;
    if (!task_find_column_or_former(s->task, stored->name, &t->column) ||
        s->task->columns[t->column].yesno != yesno)
        t->column = SIZE_MAX;
    if (t->value_of)
        translate_values(t, t->column == SIZE_MAX ? NULL : &s->task->columns[t->column], labels);
    t->former =
        t->column != SIZE_MAX && strcmp(s->task->columns[t->column].name, stored->name) != 0;
    t->asked_so = t->same && is_asked_so(s->task, t->column, stored);
    set->n_probabilities += yesno ? 1 : t->n_stored;
    set->n++;
    jv_free(labels);
    return t->value_of ? 0 : ERR_NOMEM;
}

/* A set of before a renaming may know both names: then the column is what has its own. */
static void drop_doubled(struct question_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; set->columns[i].former && k < set->n; k++)
            if (!set->columns[k].former && set->columns[k].column == set->columns[i].column) {
                set->columns[i].column = SIZE_MAX;
                set->columns[i].same = set->columns[i].asked_so = false;
            }
}

/* Beside the translations, so that a row of values is checked in one go. */
static int note_highest(struct question_sets *s, struct question_set *set, struct err *e)
{
    set->most = arena_new(&s->arena, set->n, sizeof(*set->most), e);
    for (size_t i = 0; set->most && i < set->n; i++)
        set->most[i] = (int16_t)(set->columns[i].n_stored - 1);
    return set->most ? 0 : ERR_NOMEM;
}

static int load_set(struct question_sets *s, struct question_set *set, struct err *e)
{
    struct sql_rows *list;
    size_t cap = 0;
    int rc = sql_query(s->store->db, &list,
                       "SELECT question_column.name, question.kind, question_column.labels,"
                       " question.wordings, question.format, question_column.position"
                       " FROM question_column"
                       " JOIN question ON question.id = question_column.question"
                       " WHERE question_column.question_set = $1"
                       " ORDER BY question_column.position",
                       BIND(INT(set->id)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct stored_column stored = { sql_text(list, 0), sql_text(list, 1), sql_text(list, 2),
                                        sql_text(list, 3), sql_text(list, 4), sql_int(list, 5) };

        rc = mem_grow(&set->columns, &cap, set->n + 1, sizeof(*set->columns), TASK_COLUMNS_MAX, e);
        if (rc == 0)
            rc = take_column(s, set, &stored, e);
    }
    sql_done(list);
    drop_doubled(set);
    return rc < 0 ? rc : note_highest(s, set, e);
}

int question_sets_find(struct question_sets *s, int64_t id, const struct question_set **out,
                       struct err *e)
{
    int rc;

    for (size_t i = 0; i < s->n; i++) {
        *out = &s->items[i];
        if (s->items[i].id == id)
            return 0;
    }
    rc = mem_grow(&s->items, &s->cap, s->n + 1, sizeof(*s->items), UINT32_MAX, e);
    if (rc < 0)
        return rc;
    s->items[s->n] = (struct question_set){ .id = id };
    *out = &s->items[s->n];
    rc = load_set(s, &s->items[s->n], e);
    if (rc < 0)
        free(s->items[s->n].columns);
    else
        s->n++;
    return rc;
}

/* ---- checking ---- */

struct verifying {
    struct json_t *all; /* the questions so far */
    size_t n;           /* questions that were met */
    int64_t question;   /* the one at hand, and its next column */
    size_t column;
    bool good;
};

/* A column has to be what its question makes of it. */
static bool is_column_of(struct sql_rows *row, const struct json_t *options, size_t k)
{
    static const char *const yesno[] = { "no", "yes" };
    const char *question = sql_text(row, 1), *name = sql_text(row, 6), *labels = sql_text(row, 7);
    const char *option = jv_text(jv_at(options, k));
    size_t n = strlen(question);
    struct err ignored;
    char *both;
    bool good;

    if (strcmp(sql_text(row, 2), task_kind_name(KIND_MULTI)) != 0)
        return k == 0 && strcmp(name, question) == 0 && strcmp(labels, sql_text(row, 3)) == 0;
    both = list_text(yesno, 2, &ignored);
    good = option && strncmp(name, question, n) == 0 && name[n] == ':' &&
           strcmp(name + n + 1, option) == 0 && text_equal(both, labels);
    free(both);
    return good;
}

static int verify_column(struct verifying *v, struct sql_rows *row, struct err *e)
{
    const char *options = sql_text(row, 3), *wordings = sql_text(row, 4);
    struct hashed q = { .name = sql_text(row, 1),
                        .kind = sql_text(row, 2),
                        .letters = strcmp(sql_text(row, 5), task_format_name(true)) == 0 };
    int rc = jv_parse_as(&q.options, "question.options", options, strlen(options), e);

    if (rc < 0)
        return rc;
    v->column = sql_int(row, 0) == v->question ? v->column + 1 : 0;
    v->good = v->good && is_column_of(row, q.options, v->column);
    if (v->column == 0) {
        v->question = sql_int(row, 0);
        v->n++;
        rc = jv_parse_as(&q.wordings, "question.wordings", wordings, strlen(wordings), e);
        if (rc == 0)
            append_hashed(v->all, &q);
    }
    if (v->column > 0 || rc < 0)
        jv_free(q.options);
    return rc;
}

int question_set_verify(struct store *s, int64_t id, struct err *e)
{
    struct verifying v = { .all = jv_array(), .good = true };
    struct sql_rows *list;
    char hex[SHA256_HEX];
    int64_t same = 0;
    int rc = sql_query(s->db, &list,
                       "SELECT q.id, q.name, q.kind, q.options, q.wordings, q.format, c.name,"
                       " c.labels FROM question_column AS c JOIN question AS q ON q.id = c.question"
                       " WHERE c.question_set = $1 ORDER BY c.position",
                       BIND(INT(id)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = verify_column(&v, list, e);
    sql_done(list);
    if (rc < 0) {
        jv_free(v.all);
        return rc;
    }
    rc = hash_list(v.all, v.n, hex, e);
    if (rc == 0)
        rc = sql_number(s->db, "SELECT count(*) FROM question_set WHERE id = $1 AND hash = $2",
                        BIND(INT(id), TEXT(hex)), &same, e);
    if (rc < 0 || (same == 1 && v.good))
        return rc;
    err_set(e, ERR_DB, "the questions are not those that were asked: their hash is another");
    return err_at(e, "question set %lld", (long long)id);
}

void question_sets_release(struct question_sets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i].columns);
    free(s->items);
    arena_release(&s->arena);
    *s = (struct question_sets){ 0 };
}
