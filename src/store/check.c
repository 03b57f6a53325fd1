/* SPDX-License-Identifier: MIT
 *
 * check.c - the whole database against what assent writes: a rule a table. What breaks a rule is
 * said, and where the rest goes on without it, set aside.
 */
#include "store/check.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/packed.h"
#include "store/review_rows.h"

struct checking {
    struct store *store;
    struct question_sets sets;
    struct store_fault_reader reader;
    struct store_checked *out;
    int64_t *bad_sets; /* whose answers cannot be read */
    size_t n_bad, bad_cap;
    struct found { /* what is to be set aside */
        const struct table_rule *rule;
        int64_t key[2];
        const char *why;
    } * found;
    size_t n_found, found_cap;
    struct arena arena;
};

enum { ASIDE_STEPS = 5 };

/* How a table's rows are looked at. rows: its query, with the key in its columns `key`. row: ERR_DB
 * where a row is damaged; NULL: its types are all that is looked at. keep, aside: statements on the
 * key $1, $2 that copy the row, with $3 .. $5 when, who and why, and that take it out; none: it
 * stays where it is. */
struct table_rule {
    const char *table;
    const char *rows;
    int key[2];
    int (*row)(struct checking *c, struct sql_rows *row, struct err *e);
    size_t counts; /* of struct store_checked: the rows; 0: nothing */
    const char *keep;
    const char *aside[ASIDE_STEPS];
};

/* ---- rows ---- */

static bool is_bad_set(const struct checking *c, int64_t set)
{
    for (size_t i = 0; i < c->n_bad; i++)
        if (c->bad_sets[i] == set)
            return true;
    return false;
}

static int check_set(struct checking *c, struct sql_rows *row, struct err *e)
{
    int64_t id = sql_int(row, 0);
    const struct question_set *set;
    struct err ignored;
    int rc = question_sets_find(&c->sets, id, &set, e);

    if (rc == 0)
        rc = question_set_verify(c->store, id, e);
    if (rc == 0)
        return 0;
    if (mem_grow(&c->bad_sets, &c->bad_cap, c->n_bad + 1, sizeof(*c->bad_sets), UINT32_MAX,
                 &ignored) == 0)
        c->bad_sets[c->n_bad++] = id;
    return rc;
}

static int check_answers(struct checking *c, struct sql_rows *row, struct err *e)
{
    struct packed p;

    if (is_bad_set(c, sql_int(row, 2)))
        return 0; /* said once, of the set */
    return packed_read(&c->sets, row, &p, e);
}

static int check_vote(struct checking *c, struct sql_rows *row, struct err *e)
{
    struct single_vote v;

    if (is_bad_set(c, sql_int(row, 2)))
        return 0;
    return single_vote_read(&c->sets, row, &v, e);
}

static int check_item(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    return item_row_check(row, e);
}

static int check_answer(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    return review_answer_row_check(row, 1, 2, e);
}

/* Column 1 is a number that is finite, and not below zero. */
static int check_amount(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    return check_number("seconds or counts", sql_int(row, 0), sql_real(row, 1),
                        (struct range){ 0, DBL_MAX }, e);
}

static int check_stratum(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    return stratum_row_check(row, sql_int(row, 0), 1, e);
}

static int check_frame_column(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    return frame_column_row_check(row, e);
}

static int check_kind(struct checking *c, struct sql_rows *row, struct err *e)
{
    const char *kind = sql_text(row, 1);
    enum annotator_kind known;

    (void)c;
    return task_annotator_kind(kind, &known) ||
                   strcmp(kind, task_annotator_kind_name(ANNOTATOR_CONSENSUS)) == 0
               ? 0
               : name_unknown("annotator.kind", kind, e);
}

/* A row that the query looks for is damaged: what is wrong with it stands in column 1. */
static int check_nothing(struct checking *c, struct sql_rows *row, struct err *e)
{
    (void)c;
    err_set(e, ERR_DB, "%s", sql_text(row, 1));
    return err_at(e, "row %lld", (long long)sql_int(row, 0));
}

/* ---- rules ---- */

#define KEEP(table, columns, where)                                                                \
    "INSERT INTO damaged (at, by_whom, source, why, was) SELECT $3, $4, '" table "', $5, " columns \
    " FROM " table " WHERE " where
#define AND "||', '||"
#define VOTE_LITERALS                                                                       \
    "quote(id)" AND "quote(annotator)" AND "quote(run)" AND "quote(image)" AND              \
    "quote(question_set)" AND "quote(position)" AND "quote(value)" AND "quote(seconds)" AND \
    "quote(at)" AND "quote(item)"
#define ITEM_LITERALS                                                                           \
    "quote(id)" AND "quote(key)" AND "quote(kind)" AND "quote(image)" AND "quote(question)" AND \
    "quote(votes)" AND "quote(place)" AND "quote(known)" AND "quote(repeats)" AND               \
    "quote(design)" AND "quote(stratum)" AND "quote(inclusion_probability)" AND "quote(aside)"
#define ANSWER_LITERALS                                                                           \
    "quote(id)" AND "quote(annotator)" AND "quote(key)" AND "quote(item)" AND "quote(kind)" AND   \
    "quote(value)" AND "quote(seconds)" AND "quote(mode)" AND "quote(at)" AND "quote(undone)" AND \
    "quote(run)" AND "quote(copy_of)"
#define RUN_LITERALS                                                                 \
    "quote(id)" AND "quote(images)" AND "quote(labels)" AND "quote(abstentions)" AND \
    "quote(seconds)" AND "quote(requests)" AND "quote(prompt_tokens)" AND            \
    "quote(cached_tokens)" AND "quote(completion_tokens)"

#define BELOW_0                                                                        \
    "images < 0 OR labels < 0 OR abstentions < 0 OR requests < 0 OR prompt_tokens < 0" \
    " OR cached_tokens < 0 OR cached_tokens > prompt_tokens OR completion_tokens < 0"

#define PACKED_LITERALS                                                             \
    "quote(run)" AND "quote(image)" AND "quote(value)" AND "quote(probability)" AND \
    "quote(seconds)" AND "quote(mass)" AND "quote(spread)" AND "quote(detail)"
#define NO_IMAGE      "'of an image that is not there'"
#define WITHOUT_IMAGE "image NOT IN (SELECT id FROM image)"
/* Its votes stay. */
#define DROP_ITEM                                                                               \
    {                                                                                           \
        "UPDATE vote SET item = NULL WHERE item = $1",                                          \
            "UPDATE review_item SET repeats = NULL WHERE repeats = $1",                         \
            "DELETE FROM review_answer WHERE item = $1 OR copy_of = $1",                        \
            "DELETE FROM review_lease WHERE item = $1", "DELETE FROM review_item WHERE id = $1" \
    }

static const struct table_rule rules[] = {
    { "question_set",
      "SELECT id FROM question_set AS s WHERE EXISTS (SELECT 1 FROM counting_run AS run"
      " WHERE run.question_set = s.id) OR EXISTS (SELECT 1 FROM counting_vote AS vote"
      " WHERE vote.question_set = s.id) ORDER BY id",
      { 0, 0 },
      check_set,
      offsetof(struct store_checked, sets),
      KEEP("vote", VOTE_LITERALS, "question_set = $1"),
      { "DELETE FROM vote WHERE question_set = $1",
        "INSERT INTO withdrawal (run, back, at, by_whom) SELECT id, 0, $3, $4 FROM counting_run"
        " WHERE question_set = $1",
        "UPDATE run SET withdrawn = $3 WHERE question_set = $1 AND withdrawn IS NULL",
        /* or the next run would answer the same set */
        "UPDATE question_set SET hash = 'damaged, ' || id || ', was ' || hash WHERE id = $1" } },
    { "answers",
      "SELECT " PACKED_COLUMNS " FROM counting_run AS run JOIN answers ON answers.run = run.id"
      " ORDER BY run.id, answers.image",
      { 0, 1 },
      check_answers,
      offsetof(struct store_checked, answers),
      KEEP("answers", PACKED_LITERALS, "run = $1 AND image = $2"),
      { "DELETE FROM answers WHERE run = $1 AND image = $2" } },
    { "answers",
      "SELECT run, " NO_IMAGE ", image FROM answers WHERE " WITHOUT_IMAGE,
      { 0, 2 },
      check_nothing,
      0,
      KEEP("answers", PACKED_LITERALS, "run = $1 AND image = $2"),
      { "DELETE FROM answers WHERE run = $1 AND image = $2" } },
    { "vote",
      "SELECT " VOTE_COLUMNS ", vote.id FROM counting_vote AS vote ORDER BY vote.id",
      { 5, 5 },
      check_vote,
      offsetof(struct store_checked, votes),
      KEEP("vote", VOTE_LITERALS, "id = $1"),
      { "DELETE FROM vote WHERE id = $1" } },
    { "vote",
      "SELECT id, " NO_IMAGE " FROM vote WHERE " WITHOUT_IMAGE,
      { 0, 0 },
      check_nothing,
      0,
      KEEP("vote", VOTE_LITERALS, "id = $1"),
      { "DELETE FROM vote WHERE id = $1" } },
    { "vote",
      "SELECT id, seconds FROM vote WHERE seconds < 0 OR seconds > 1e300",
      { 0, 0 },
      check_amount,
      0,
      KEEP("vote", VOTE_LITERALS, "id = $1"),
      { "UPDATE vote SET seconds = NULL WHERE id = $1" } },
    { "review_item",
      "SELECT " ITEM_COLUMNS " FROM review_item ORDER BY id",
      { ITEM_ID, ITEM_ID },
      check_item,
      offsetof(struct store_checked, items),
      KEEP("review_item", ITEM_LITERALS, "id = $1"),
      { "UPDATE review_item SET kind = 'dispute', votes = 1, known = NULL, repeats = NULL,"
        " design = NULL, stratum = NULL, inclusion_probability = NULL,"
        " aside = 'its row was damaged' WHERE id = $1" } },
    { "review_item",
      "SELECT id, 'an id out of range' FROM review_item WHERE id < 1"
      " OR id > 1000000 + 16 * (SELECT count(*) FROM review_item)",
      { 0, 0 },
      check_nothing,
      0,
      KEEP("review_item", ITEM_LITERALS, "id = $1"),
      DROP_ITEM },
    { "review_item",
      "SELECT id, " NO_IMAGE " FROM review_item WHERE " WITHOUT_IMAGE,
      { 0, 0 },
      check_nothing,
      0,
      KEEP("review_item", ITEM_LITERALS, "id = $1"),
      DROP_ITEM },
    { "review_answer",
      "SELECT id, kind, mode FROM review_answer ORDER BY id",
      { 0, 0 },
      check_answer,
      offsetof(struct store_checked, review_answers),
      KEEP("review_answer", ANSWER_LITERALS, "id = $1"),
      { "DELETE FROM vote WHERE (item, annotator) IN (SELECT item, annotator FROM review_answer"
        " WHERE id = $1 AND undone IS NULL)",
        "DELETE FROM review_answer WHERE id = $1" } },
    { "review_answer",
      "SELECT id, seconds FROM review_answer WHERE seconds < 0 OR seconds > 1e300",
      { 0, 0 },
      check_amount,
      0,
      KEEP("review_answer", ANSWER_LITERALS, "id = $1"),
      { "UPDATE review_answer SET seconds = 0 WHERE id = $1" } },
    { "run",
      "SELECT id, CASE WHEN " BELOW_0 " THEN -1.0 ELSE seconds END FROM run"
      " WHERE " BELOW_0 " OR seconds < 0 OR seconds > 1e300",
      { 0, 0 },
      check_amount,
      0,
      KEEP("run", RUN_LITERALS, "id = $1"),
      { "UPDATE run SET images = NULL, labels = NULL, abstentions = NULL, seconds = NULL,"
        " requests = NULL, prompt_tokens = NULL, cached_tokens = NULL, completion_tokens = NULL"
        " WHERE id = $1" } },
    { "review_stratum",
      "SELECT design, " STRATUM_COLUMNS " FROM review_stratum AS h ORDER BY design, position",
      { 0, 0 },
      check_stratum,
      0,
      KEEP("review_stratum",
           "quote(design)" AND "quote(position)" AND "quote(name)" AND "quote(cells)" AND
           "quote(drawn)" AND "quote(part)",
           "design = $1"),
      { "UPDATE review_item SET design = NULL, stratum = NULL, inclusion_probability = NULL"
        " WHERE design = $1",
        "DELETE FROM review_stratum WHERE design = $1" } },
    { "review_frame_column",
      "SELECT " FRAME_COLUMNS " FROM review_frame_column AS f"
      " WHERE design IN (SELECT design FROM review_stratum) ORDER BY id",
      { FRAME_ID, FRAME_ID },
      check_frame_column,
      0,
      KEEP("review_frame_column",
           "quote(id)" AND "quote(design)" AND "quote(part)" AND "quote(name)" AND
           "quote(first)" AND "quote(strata)",
           "id = $1"),
      { "DELETE FROM review_frame_column WHERE id = $1" } },
    { .table = "annotator", .rows = "SELECT id, kind FROM annotator", .row = check_kind },
    { .table = "image",
      .rows = "SELECT id, 'an id out of range' FROM image WHERE id < 0"
              " OR id > 1000000 + 16 * (SELECT count(*) FROM image)",
      .row = check_nothing },
    { .table = "image", .rows = "SELECT key, sha256, state, aside FROM image" },
    { .table = "image_meta", .rows = "SELECT name, value FROM image_meta" },
    { .table = "run",
      .rows =
          "SELECT settings, source, source_sha256, by_whom, started, ended, withdrawn FROM run" },
};

/* ---- what is found ---- */

static int tell(struct checking *c, const struct store_fault *f)
{
    c->out->faults++;
    return c->out->faults <= STORE_FAULTS_MOST ? c->reader.each(c->reader.data, f) : 0;
}

static int note(struct checking *c, const struct table_rule *r, struct sql_rows *row,
                const struct err *fault, struct err *e)
{
    struct err said = *fault;
    char text[ERR_TEXT_MAX];
    struct found *f;
    int rc;

    said.hint[0] = '\0';
    err_line(&said, text);
    rc = tell(c, &(struct store_fault){ r->table, text, r->keep != NULL });
    if (rc < 0 || !r->keep || c->n_found == STORE_FAULTS_MOST)
        return rc;
    rc =
        mem_grow(&c->found, &c->found_cap, c->n_found + 1, sizeof(*c->found), STORE_FAULTS_MOST, e);
    if (rc < 0)
        return rc;
    f = &c->found[c->n_found++];
    *f = (struct found){ r,
                         { sql_int(row, r->key[0]), sql_int(row, r->key[1]) },
                         arena_text(&c->arena, text, strlen(text), e) };
    return f->why ? 0 : ERR_NOMEM;
}

/* A value that is not of its column's type ends the table: what follows it is not looked at. */
static int end_table(struct checking *c, const struct table_rule *r, const struct err *fault)
{
    char text[ERR_TEXT_MAX];

    err_line(fault, text);
    return tell(c, &(struct store_fault){ r->table, text, false });
}

static int apply(struct checking *c, const struct table_rule *r, struct err *e)
{
    struct sql_rows *list;
    struct err fault;
    int rc = sql_query(c->store->db, &list, r->rows, BIND_NOTHING, e);

    if (rc < 0)
        return rc;
    *e = (struct err){ 0 };
    while (rc == 0 && (rc = sql_step(list, &fault)) == 1) {
        if (r->counts)
            ++*(uint64_t *)((char *)c->out + r->counts);
        rc = r->row ? r->row(c, list, &fault) : 0;
        if (rc == ERR_NOMEM)
            *e = fault;
        else if (rc < 0)
            rc = note(c, r, list, &fault, e);
    }
    sql_done(list);
    if (rc < 0 && e->code == 0) /* the step's own */
        *e = fault;
    return rc == ERR_DB ? end_table(c, r, &fault) : rc;
}

/* ---- the file itself ---- */

static int check_file_with(struct checking *c, const char *pragma, const char *table, struct err *e)
{
    struct sql_rows *list;
    struct err fault;
    int rc = sql_query(c->store->db, &list, pragma, BIND_NOTHING, e);

    if (rc < 0)
        return rc;
    *e = (struct err){ 0 };
    while (rc == 0 && (rc = sql_step(list, &fault)) == 1) {
        const char *what = sql_text(list, 0);

        rc = 0;
        if (what && strcmp(what, "ok") == 0)
            continue;
        c->out->broken = true;
        rc = tell(c, &(struct store_fault){ table, what ? what : "?", false });
    }
    sql_done(list);
    if (rc < 0 && e->code == 0) /* the step's own */
        *e = fault;
    if (rc != ERR_DB)
        return rc;
    c->out->broken = true;
    return tell(c, &(struct store_fault){ table, fault.what, false });
}

static int check_file(struct checking *c, struct err *e)
{
    int rc = check_file_with(c, "PRAGMA integrity_check", "file", e);

    if (rc < 0 || c->out->broken)
        return rc;
    rc = check_file_with(
        c,
        "SELECT \"table\" || coalesce(' row ' || rowid, '') || ' refers to a row of '"
        " || parent || ' that is not there' FROM pragma_foreign_key_check"
        " WHERE NOT (\"table\" IN ('answers', 'vote', 'review_item')" /* a rule's */
        " AND parent IN ('image', 'question_column'))",
        "reference", e);
    c->out->broken = false; /* its rows can be read */
    return rc;
}

/* ---- setting aside ---- */

static int set_aside(struct checking *c, const struct found *f, struct err *e)
{
    char now[32];
    struct sql_values v =
        BIND(INT(f->key[0]), INT(f->key[1]), TEXT(store_now(now)), TEXT(file_user()), TEXT(f->why));
    int rc = sql_run(c->store->db, f->rule->keep, v, e);

    for (size_t i = 0; rc == 0 && i < ASIDE_STEPS && f->rule->aside[i]; i++)
        rc = sql_run(c->store->db, f->rule->aside[i], v, e);
    c->out->set_aside += rc == 0;
    return rc;
}

int store_check(struct store *s, const struct task *t, bool aside, struct store_fault_reader r,
                struct store_checked *out, struct err *e)
{
    struct checking c = { .store = s, .sets = { .store = s, .task = t }, .reader = r, .out = out };
    int64_t before = 0;
    int rc;

    *out = (struct store_checked){ 0 };
    rc = check_file(&c, e);
    if (rc == 0 && !out->broken)
        rc = sql_number(s->db, "SELECT count(*) FROM damaged", BIND_NOTHING, &before, e);
    out->before = (uint64_t)before;
    for (size_t i = 0; rc == 0 && !out->broken && i < COUNT(rules); i++)
        rc = apply(&c, &rules[i], e);
    for (size_t i = 0; rc == 0 && aside && i < c.n_found; i++)
        rc = set_aside(&c, &c.found[i], e);
    question_sets_release(&c.sets);
    free(c.bad_sets);
    free(c.found);
    arena_release(&c.arena);
    return rc;
}
