/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/runs.h"

static int take_annotator(const struct store *s, struct store_annotators *out, size_t *cap,
                          struct sql_rows *row, struct err *e)
{
    const char *name = store_renamed(s, sql_int(row, 0), sql_text(row, 1)),
               *kind = sql_text(row, 2);
    struct store_annotator *a;
    int rc = mem_grow(&out->items, cap, out->n + 1, sizeof(*out->items), UINT32_MAX, e);

    if (rc < 0)
        return rc;
    a = &out->items[out->n++];
    a->id = sql_int(row, 0);
    a->name = arena_text(&out->arena, name, strlen(name), e);
    a->votes = (uint64_t)sql_int(row, 3);
    a->reviews = sql_int(row, 4) != 0;
    a->engine = sql_int(row, 5) != 0;
    a->files = sql_int(row, 6) != 0;
    a->withdrawn = sql_int(row, 7) != 0 && a->votes == 0;
    if (strcmp(kind, task_annotator_kind_name(ANNOTATOR_CONSENSUS)) == 0)
        a->kind = ANNOTATOR_CONSENSUS;
    else if (!task_annotator_kind(kind, &a->kind))
        return name_unknown("annotator.kind", kind, e);
    return a->name ? 0 : ERR_NOMEM;
}

int store_annotators_load(struct store *s, struct store_annotators *out, struct err *e)
{
    struct sql_rows *list;
    size_t cap = 0;
    int rc =
        sql_query(s->db, &list,
                  "SELECT id, name, kind, (SELECT count(*) FROM counting_vote AS vote"
                  " WHERE vote.annotator = annotator.id AND vote.image NOT IN"
                  " (SELECT id FROM image WHERE aside IS NOT NULL) AND NOT (vote.run IS NOT NULL"
                  " AND vote.item IS NOT NULL AND EXISTS (SELECT 1 FROM counting_vote AS later"
                  " WHERE later.item = vote.item AND later.annotator = vote.annotator"
                  " AND later.id > vote.id))), EXISTS (SELECT 1 FROM reviewer"
                  " WHERE reviewer.annotator = annotator.id), EXISTS (SELECT 1 FROM run"
                  " WHERE run.annotator = annotator.id AND identity IS NOT NULL), EXISTS (SELECT 1"
                  " FROM run WHERE run.annotator = annotator.id AND identity IS NULL"
                  " AND source IS NOT NULL), EXISTS (SELECT 1 FROM run"
                  " WHERE run.annotator = annotator.id) AND NOT EXISTS (SELECT 1"
                  " FROM counting_run AS run WHERE run.annotator = annotator.id)"
                  " FROM annotator ORDER BY id",
                  BIND_NOTHING, e);

    *out = (struct store_annotators){ 0 };
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_annotator(s, out, &cap, list, e);
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

/* ---- other names ---- */

const char *store_renamed(const struct store *s, int64_t annotator, const char *name)
{
    for (size_t i = 0; i < s->n_renames; i++)
        if (s->renames[i].annotator == annotator)
            return s->renames[i].name;
    return name;
}

/* A design's settings with the new name, as JSON on one line; free() it. NULL: the old one is not
 * in it, or memory ran out (e). */
static char *renamed_settings(const char *settings, const char *old, const char *new_name,
                              struct err *e)
{
    static const char *const members[] = { "model", "people" };
    struct json_t *all;
    bool any = false;
    char *text;

    if (jv_parse_as(&all, "review_design.settings", settings, strlen(settings), e) < 0)
        return NULL;
    for (size_t i = 0; i < COUNT(members); i++) {
        if (!text_equal(jv_text(jv_get(all, members[i])), old))
            continue;
        any = true;
        jv_set(all, members[i], jv_pack("s", new_name));
    }
    text = any ? jv_print_line(all) : NULL;
    if (any && !text)
        err_set(e, ERR_NOMEM, "out of memory: a design's settings");
    jv_free(all);
    return text;
}

/* The next design above *id that compares `old`: 1, its settings rewritten in *text, or 0. */
static int next_design(struct store *s, const char *old, const char *new_name, int64_t *id,
                       char **text, struct err *e)
{
    struct sql_rows *list;
    int rc =
        sql_query(s->db, &list, "SELECT id, settings FROM review_design WHERE id > $1 ORDER BY id",
                  BIND(INT(*id)), e);

    *text = NULL;
    *e = (struct err){ 0 };
    while (rc == 0 && !*text && (rc = sql_step(list, e)) == 1) {
        *id = sql_int(list, 0);
        *text = renamed_settings(sql_text(list, 1), old, new_name, e);
        rc = *text ? 1 : (int)e->code;
    }
    sql_done(list);
    return rc;
}

/* The designs of a review know by name whom they compare. */
static int rename_in_designs(struct store *s, const char *old, const char *new_name, struct err *e)
{
    int64_t id = 0;
    char *text;
    int rc;

    while ((rc = next_design(s, old, new_name, &id, &text, e)) == 1) {
        rc = sql_run(s->db, "UPDATE review_design SET settings = $1 WHERE id = $2",
                     BIND(TEXT(text), INT(id)), e);
        free(text);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int rename_everywhere(struct store *s, int64_t id, const char *old, const char *new_name,
                             struct err *e)
{
    int rc = sql_run(s->db, "UPDATE annotator SET name = $1 WHERE id = $2",
                     BIND(TEXT(new_name), INT(id)), e);

    if (rc == 0)
        rc = sql_run(s->db, "UPDATE reviewer SET name = $1 WHERE annotator = $2",
                     BIND(TEXT(new_name), INT(id)), e);
    return rc == 0 ? rename_in_designs(s, old, new_name, e) : rc;
}

static int rename_for_now(struct store *s, int64_t id, const char *new_name, struct err *e)
{
    int rc = mem_grow(&s->renames, &s->renames_cap, s->n_renames + 1, sizeof(*s->renames),
                      UINT32_MAX, e);

    if (rc == 0)
        s->renames[s->n_renames++] = (struct store_rename){ id, new_name };
    return rc;
}

int store_annotator_rename(struct store *s, const char *old, const char *new_name, struct err *e)
{
    static const char find[] = "SELECT id FROM annotator WHERE name = $1",
                      find_reviewer[] = "SELECT 1 FROM reviewer WHERE name = $1";
    int64_t id, holder, reviewer;
    int rc = sql_number(s->db, find, BIND(TEXT(old)), &id, e);

    if (rc < 0 || id == 0)
        return rc;
    rc = sql_number(s->db, find, BIND(TEXT(new_name)), &holder, e);
    if (rc == 0)
        rc = sql_number(s->db, find_reviewer, BIND(TEXT(new_name)), &reviewer, e);
    if (rc < 0)
        return rc;
    if (holder != 0 || reviewer != 0) {
        err_set(e, ERR_ARG, "'%s' cannot be called '%s': somebody is", old, new_name);
        return err_hint(e, "two annotators' answers do not become one; another name is free");
    }
    rc = s->reads ? rename_for_now(s, id, new_name, e) : rename_everywhere(s, id, old, new_name, e);
    return rc < 0 ? rc : 1;
}
