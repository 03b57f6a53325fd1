/* SPDX-License-Identifier: MIT
 *
 * Designs, items, leases and answers of reviews; who may answer is in reviewers.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

static const char *const kind_names[] = { "dispute", "sample", "gold", "repeat" };
static const char *const answer_names[] = { "value", "unsure", "skip", "flag" };
static const char *const mode_names[] = { "single", "grid", "packet" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The index of a name that the database holds; n where it is none of them. */
static size_t index_of(const char *const names[], size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && !text_equal(names[i], name))
        i++;
    return i;
}

const char *store_answer_kind_name(enum answer_kind kind)
{
    return answer_names[kind];
}

bool store_answer_kind(const char *name, enum answer_kind *kind)
{
    size_t i = index_of(answer_names, COUNT(answer_names), name);

    *kind = (enum answer_kind)i;
    return i < COUNT(answer_names);
}

static int unknown_name(const char *table, const char *name, struct err *e)
{
    return err_set(e, ERR_DB, "a name in %s is not known here: '%s'", table, name ? name : "");
}

/* ---- designs ---- */

int store_design_find(struct store *s, const char *settings, int64_t *id, uint64_t *seed,
                      struct err *e)
{
    struct sql_stmt *find;
    int rc = sql_prepare(s->db, &find,
                         settings ? "SELECT id, seed FROM review_design WHERE settings = $1"
                                    " ORDER BY id DESC LIMIT 1"
                                  : "SELECT id, seed FROM review_design WHERE id IN (SELECT design"
                                    " FROM review_stratum) ORDER BY id DESC LIMIT 1",
                         e);

    *id = 0;
    *seed = 0;
    if (rc < 0)
        return rc;
    if (settings)
        sql_bind_text(find, 1, settings);
    rc = sql_step(find, e);
    if (rc == 1 && text_u64(sql_text(find, 1), UINT64_MAX, seed))
        *id = sql_int(find, 0);
    sql_finalize(find);
    return rc < 0 ? rc : 0;
}

static int add_strata(struct store *s, int64_t design, const struct store_stratum *strata, size_t n,
                      struct err *e)
{
    struct sql_stmt *add;
    int rc = sql_prepare(s->db, &add,
                         "INSERT INTO review_stratum (design, position, name, cells, drawn)"
                         " VALUES ($1, $2, $3, $4, $5)",
                         e);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        sql_bind_int(add, 1, design);
        sql_bind_int(add, 2, (int64_t)i);
        sql_bind_text(add, 3, strata[i].name);
        sql_bind_int(add, 4, (int64_t)strata[i].cells);
        sql_bind_int(add, 5, (int64_t)strata[i].drawn);
        rc = sql_run(add, e);
    }
    sql_finalize(add);
    return rc;
}

int store_design_add(struct store *s, const char *settings, uint64_t seed,
                     const struct store_stratum *strata, size_t n, int64_t *id, struct err *e)
{
    struct sql_stmt *add;
    char now[32], number[24];
    int rc = sql_prepare(s->db, &add,
                         "INSERT INTO review_design (settings, seed, created, by_whom)"
                         " VALUES ($1, $2, $3, $4)",
                         e);

    if (rc < 0)
        return rc;
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seed); /* 64 bits: no integer */
    sql_bind_text(add, 1, settings);
    sql_bind_text(add, 2, number);
    sql_bind_text(add, 3, store_now(now));
    sql_bind_text(add, 4, file_user());
    rc = sql_run(add, e);
    *id = sql_last_id(s->db);
    sql_finalize(add);
    return rc < 0 ? rc : add_strata(s, *id, strata, n, e);
}

int store_strata_load(struct store *s, int64_t design, struct arena *arena,
                      struct store_stratum **strata, size_t *n, struct err *e)
{
    struct sql_stmt *list;
    size_t rows;
    int64_t count = 0;
    int rc = sql_query_int(s->db, "SELECT max(position) + 1 FROM review_stratum", &count, e);

    *n = 0;
    rows = count > 0 ? (size_t)count : 0;
    *strata = arena_new(arena, rows, sizeof(**strata), e);
    if (rc == 0)
        rc = *strata ? sql_prepare(s->db, &list,
                                   "SELECT name, cells, drawn FROM review_stratum"
                                   " WHERE design = $1 ORDER BY position",
                                   e)
                     : ERR_NOMEM;
    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, design);
    while (rc == 0 && (rc = sql_step(list, e)) == 1 && *n < rows) {
        const char *name = sql_text(list, 0);

        (*strata)[*n].name = arena_text(arena, name, strlen(name), e);
        (*strata)[*n].cells = (uint64_t)sql_int(list, 1);
        (*strata)[*n].drawn = (uint64_t)sql_int(list, 2);
        rc = (*strata)[(*n)++].name ? 0 : ERR_NOMEM;
    }
    sql_finalize(list);
    return rc < 0 ? rc : 0;
}

/* ---- items ---- */

struct loading {
    const struct task *task;
    const struct store_images *images;
    struct store_items *out;
    size_t cap;
};

static int take_texts(struct loading *l, struct store_item *item, struct sql_stmt *row,
                      struct err *e)
{
    const char *key = sql_text(row, 1), *known = sql_text(row, 7), *aside = sql_text(row, 12);
    const struct column *c = &l->task->columns[item->column];
    unsigned codings = 0;

    item->known = VALUE_MISSING;
    if (known && !task_read_value(c, known, strlen(known), &item->known, &codings))
        item->aside = "the known answer is no option any more";
    if (aside && !item->aside)
        item->aside = arena_text(&l->out->arena, aside, strlen(aside), e);
    item->key = arena_text(&l->out->arena, key, strlen(key), e);
    return item->key && (!aside || item->aside) ? 0 : ERR_NOMEM;
}

static int take_item(struct loading *l, struct sql_stmt *row, struct err *e)
{
    struct store_item item = { .id = sql_int(row, 0), .repeats = SIZE_MAX };
    size_t kind = index_of(kind_names, REVIEW_KINDS, sql_text(row, 2));
    int64_t image = sql_int(row, 3);
    int rc;

    if (kind == REVIEW_KINDS)
        return unknown_name("review_item.kind", sql_text(row, 2), e);
    if (image < 0 || image > l->images->max_id || l->images->index_of[image] == SIZE_MAX ||
        !task_find_column(l->task, sql_text(row, 4), &item.column))
        return 0;
    item.kind = (enum review_kind)kind;
    item.image = l->images->index_of[image];
    item.votes = (uint32_t)sql_int(row, 5);
    item.place = sql_int(row, 6);
    item.design = sql_int(row, 9);
    item.stratum = (size_t)sql_int(row, 10);
    item.inclusion_probability = sql_real(row, 11);
    item.repeats = sql_int(row, 8) ? (size_t)sql_int(row, 8) : SIZE_MAX; /* an id, for now */
    rc = take_texts(l, &item, row, e);
    if (rc == 0)
        rc = mem_grow(&l->out->items, &l->cap, l->out->n + 1, sizeof(item), UINT32_MAX, e);
    if (rc == 0)
        l->out->items[l->out->n++] = item;
    return rc;
}

static int compare_places(const void *a, const void *b)
{
    const struct store_item *x = a, *y = b;

    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int compare_ids(const void *a, const void *b)
{
    const struct store_item *x = *(const struct store_item *const *)a;
    const struct store_item *y = *(const struct store_item *const *)b;

    return (x->id > y->id) - (x->id < y->id);
}

/* Ids of repeated items to indexes. */
static int find_repeated(struct loading *l, struct err *e)
{
    struct store_items *all = l->out;
    const struct store_item **by_id = mem_new(all->n, sizeof(*by_id), e);

    if (!by_id)
        return ERR_NOMEM;
    for (size_t i = 0; i < all->n; i++)
        by_id[i] = &all->items[i];
    qsort(by_id, all->n, sizeof(*by_id), compare_ids);
    for (size_t i = 0; i < all->n; i++) {
        struct store_item wanted = { .id = (int64_t)all->items[i].repeats }, *p = &wanted;
        const struct store_item **found =
            all->items[i].repeats != SIZE_MAX
                ? bsearch(&p, by_id, all->n, sizeof(*by_id), compare_ids)
                : NULL;

        all->items[i].repeats = found ? (size_t)(*found - all->items) : SIZE_MAX;
        if (!found && all->items[i].kind == REVIEW_REPEAT)
            all->items[i].aside = "the item that it repeats is not asked any more";
    }
    free(by_id);
    return 0;
}

int store_items_load(struct store *s, const struct task *t, const struct store_images *images,
                     struct store_items *out, struct err *e)
{
    struct loading l = { .task = t, .images = images, .out = out };
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list,
                         "SELECT id, key, kind, image, question, votes, place, known, repeats,"
                         " design, stratum, inclusion_probability, aside FROM review_item"
                         " ORDER BY id",
                         e);

    *out = (struct store_items){ 0 };
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_item(&l, list, e);
    sql_finalize(list);
    if (rc == 0 && out->n > 0)
        qsort(out->items, out->n, sizeof(*out->items), compare_places);
    if (rc == 0)
        rc = find_repeated(&l, e);
    if (rc < 0)
        store_items_release(out);
    return rc;
}

void store_items_release(struct store_items *items)
{
    free(items->items);
    arena_release(&items->arena);
    *items = (struct store_items){ 0 };
}

int store_item_add(struct store *s, const struct store_item *item, int64_t image,
                   const struct task *t, int64_t repeats, int64_t *id, struct err *e)
{
    const struct column *c = &t->columns[item->column];
    char key[SECRET_TEXT];
    struct sql_stmt *add;
    int rc = store_prepare(s, &s->review[ITEM_ADD],
                           "INSERT INTO review_item (key, kind, image, question, votes, place,"
                           " known, repeats, design, stratum, inclusion_probability)"
                           " VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, 0), nullif($9, 0),"
                           " $10, $11)",
                           e);

    if (rc == 0)
        rc = secret_make(key, e);
    if (rc < 0)
        return rc;
    key[SECRET_SHORT - 1] = '\0';
    add = s->review[ITEM_ADD];
    sql_bind_text(add, 1, key);
    sql_bind_text(add, 2, kind_names[item->kind]);
    sql_bind_int(add, 3, image);
    sql_bind_text(add, 4, c->name);
    sql_bind_int(add, 5, item->votes);
    sql_bind_int(add, 6, item->place);
    sql_bind_text(add, 7, item->kind == REVIEW_GOLD ? c->labels[item->known] : NULL);
    sql_bind_int(add, 8, repeats);
    sql_bind_int(add, 9, item->design);
    sql_bind_int(add, 10, (int64_t)item->stratum);
    sql_bind_real(add, 11, item->design ? item->inclusion_probability : NAN);
    rc = sql_run(add, e);
    *id = sql_last_id(s->db);
    return rc;
}

int store_item_sampled(struct store *s, int64_t item, int64_t design, size_t stratum,
                       double inclusion_probability, struct err *e)
{
    struct sql_stmt *set;
    int rc = sql_prepare(s->db, &set,
                         "UPDATE review_item SET design = $1, stratum = $2,"
                         " inclusion_probability = $3 WHERE id = $4",
                         e);

    if (rc < 0)
        return rc;
    sql_bind_int(set, 1, design);
    sql_bind_int(set, 2, (int64_t)stratum);
    sql_bind_real(set, 3, inclusion_probability);
    sql_bind_int(set, 4, item);
    rc = sql_run(set, e);
    sql_finalize(set);
    return rc;
}

int store_item_votes(struct store *s, int64_t item, uint32_t votes, struct err *e)
{
    struct sql_stmt *set;
    int rc = sql_prepare(s->db, &set, "UPDATE review_item SET votes = $1 WHERE id = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_int(set, 1, votes);
    sql_bind_int(set, 2, item);
    rc = sql_run(set, e);
    sql_finalize(set);
    return rc;
}

int store_item_aside(struct store *s, int64_t item, const char *why, struct err *e)
{
    struct sql_stmt *set;
    int rc = sql_prepare(s->db, &set, "UPDATE review_item SET aside = $1 WHERE id = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_text(set, 1, why);
    sql_bind_int(set, 2, item);
    rc = sql_run(set, e);
    sql_finalize(set);
    return rc;
}

int store_items_return(struct store *s, struct err *e)
{
    return sql_exec(s->db, "UPDATE review_item SET aside = NULL WHERE aside IS NOT NULL", e);
}

/* ---- leases ---- */

int store_lease_set(struct store *s, const struct store_lease *l, struct err *e)
{
    struct sql_stmt *set;
    int rc = store_prepare(s, &s->review[LEASE_SET],
                           "INSERT INTO review_lease (item, annotator, tab, until)"
                           " VALUES ($1, $2, $3, $4) ON CONFLICT (item, annotator)"
                           " DO UPDATE SET tab = excluded.tab, until = excluded.until",
                           e);

    if (rc < 0)
        return rc;
    set = s->review[LEASE_SET];
    sql_bind_int(set, 1, l->item);
    sql_bind_int(set, 2, l->annotator);
    sql_bind_text(set, 3, l->tab);
    sql_bind_int(set, 4, l->until);
    return sql_run(set, e);
}

int store_lease_drop(struct store *s, int64_t item, int64_t annotator, struct err *e)
{
    int rc = store_prepare(s, &s->review[LEASE_DROP],
                           "DELETE FROM review_lease WHERE item = $1 AND annotator = $2", e);

    if (rc < 0)
        return rc;
    sql_bind_int(s->review[LEASE_DROP], 1, item);
    sql_bind_int(s->review[LEASE_DROP], 2, annotator);
    return sql_run(s->review[LEASE_DROP], e);
}

int store_leases(struct store *s, int (*each)(void *data, const struct store_lease *l), void *data,
                 struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list, "SELECT item, annotator, tab, until FROM review_lease", e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        struct store_lease l = { sql_int(list, 0), sql_int(list, 1), sql_int(list, 3),
                                 sql_text(list, 2) };

        rc = each(data, &l);
    }
    sql_finalize(list);
    return rc;
}

/* ---- answers ---- */

int store_review_begin(struct store *s, const struct task *t, struct err *e)
{
    s->run = 0;
    return store_question_set(s, t, &s->run_set, e);
}

static int add_vote(struct store *s, const struct store_answer *a, int64_t image, size_t column,
                    int16_t value, const char *at, struct err *e)
{
    struct sql_stmt *add;
    int rc = store_prepare(s, &s->review[VOTE_ADD],
                           "INSERT INTO vote (annotator, image, question_set, position, value,"
                           " seconds, at, item) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                           e);

    if (rc < 0)
        return rc;
    add = s->review[VOTE_ADD];
    sql_bind_int(add, 1, a->annotator);
    sql_bind_int(add, 2, image);
    sql_bind_int(add, 3, s->run_set);
    sql_bind_int(add, 4, (int64_t)column);
    sql_bind_int(add, 5, value);
    sql_bind_real(add, 6, a->seconds);
    sql_bind_text(add, 7, at);
    sql_bind_int(add, 8, a->item);
    return sql_run(add, e);
}

int store_answer_add(struct store *s, const struct store_answer *a, int64_t image, size_t column,
                     int16_t vote, struct err *e)
{
    struct sql_stmt *add;
    char now[32];
    const char *at = a->at ? a->at : store_now(now);
    int rc = store_prepare(s, &s->review[ANSWER_ADD],
                           "INSERT INTO review_answer (annotator, key, item, kind, value,"
                           " seconds, mode, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                           e);

    if (rc < 0)
        return rc;
    add = s->review[ANSWER_ADD];
    sql_bind_int(add, 1, a->annotator);
    sql_bind_text(add, 2, a->key);
    sql_bind_int(add, 3, a->item);
    sql_bind_text(add, 4, answer_names[a->kind]);
    sql_bind_text(add, 5, a->value);
    sql_bind_real(add, 6, a->seconds);
    sql_bind_text(add, 7, mode_names[a->mode]);
    sql_bind_text(add, 8, at);
    rc = sql_run(add, e);
    return rc == 0 && vote != VALUE_MISSING ? add_vote(s, a, image, column, vote, at, e) : rc;
}

int store_answer_undo(struct store *s, int64_t annotator, int64_t item, struct err *e)
{
    char now[32];
    int rc = store_prepare(s, &s->review[ANSWER_UNDO],
                           "UPDATE review_answer SET undone = $1 WHERE annotator = $2"
                           " AND item = $3 AND undone IS NULL",
                           e);

    if (rc == 0)
        rc = store_prepare(s, &s->review[VOTE_DROP],
                           "DELETE FROM vote WHERE item = $1 AND annotator = $2", e);
    if (rc < 0)
        return rc;
    sql_bind_text(s->review[ANSWER_UNDO], 1, store_now(now));
    sql_bind_int(s->review[ANSWER_UNDO], 2, annotator);
    sql_bind_int(s->review[ANSWER_UNDO], 3, item);
    rc = sql_run(s->review[ANSWER_UNDO], e);
    if (rc < 0)
        return rc;
    sql_bind_int(s->review[VOTE_DROP], 1, item);
    sql_bind_int(s->review[VOTE_DROP], 2, annotator);
    return sql_run(s->review[VOTE_DROP], e);
}

static int read_answer(struct sql_stmt *row, struct store_answer *a, struct err *e)
{
    size_t mode = index_of(mode_names, COUNT(mode_names), sql_text(row, 6));

    *a = (struct store_answer){ .annotator = sql_int(row, 0),
                                .item = sql_int(row, 1),
                                .key = sql_text(row, 2),
                                .value = sql_text(row, 4),
                                .seconds = sql_real(row, 5),
                                .mode = (enum answer_mode)mode,
                                .at = sql_text(row, 7),
                                .undone = sql_int(row, 8) != 0 };
    if (!store_answer_kind(sql_text(row, 3), &a->kind))
        return unknown_name("review_answer.kind", sql_text(row, 3), e);
    return mode < COUNT(mode_names) ? 0 : unknown_name("review_answer.mode", sql_text(row, 6), e);
}

#define ANSWER_COLUMNS                                                                \
    "SELECT annotator, item, key, kind, value, seconds, mode, at, undone IS NOT NULL" \
    " FROM review_answer"

static int list_answers(struct sql_stmt *list,
                        int (*each)(void *data, const struct store_answer *a), void *data,
                        struct err *e)
{
    int rc;

    while ((rc = sql_step(list, e)) == 1) {
        struct store_answer a;

        rc = read_answer(list, &a, e);
        if (rc == 0)
            rc = each(data, &a);
        if (rc < 0) {
            sql_reset(list);
            break;
        }
    }
    return rc;
}

int store_answers(struct store *s, int (*each)(void *data, const struct store_answer *a),
                  void *data, struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(s->db, &list, ANSWER_COLUMNS " ORDER BY id", e);

    if (rc == 0)
        rc = list_answers(list, each, data, e);
    sql_finalize(list);
    return rc;
}

int store_answers_of(struct store *s, int64_t annotator, const char *key,
                     int (*each)(void *data, const struct store_answer *a), void *data,
                     struct err *e)
{
    struct sql_stmt **list = &s->review[ANSWERS_OF];
    int rc =
        store_prepare(s, list, ANSWER_COLUMNS " WHERE annotator = $1 AND key = $2 ORDER BY id", e);

    if (rc < 0)
        return rc;
    sql_bind_int(*list, 1, annotator);
    sql_bind_text(*list, 2, key);
    return list_answers(*list, each, data, e);
}

int store_answer_newest(struct store *s, int64_t annotator, int64_t item,
                        int (*each)(void *data, const struct store_answer *a), void *data,
                        struct err *e)
{
    struct sql_stmt *list;
    int rc = sql_prepare(
        s->db, &list, ANSWER_COLUMNS " WHERE annotator = $1 AND item = $2 ORDER BY id DESC LIMIT 1",
        e);

    if (rc < 0)
        return rc;
    sql_bind_int(list, 1, annotator);
    sql_bind_int(list, 2, item);
    rc = list_answers(list, each, data, e);
    sql_finalize(list);
    return rc;
}

int store_review_first_key(struct store *s, char key[SECRET_TEXT], struct err *e)
{
    struct sql_stmt *first;
    int rc = sql_prepare(s->db, &first, "SELECT key FROM review_item ORDER BY id LIMIT 1", e);

    key[0] = '\0';
    if (rc < 0)
        return rc;
    rc = sql_step(first, e);
    if (rc == 1)
        snprintf(key, SECRET_TEXT, "%s", sql_text(first, 0));
    sql_finalize(first);
    return rc < 0 ? rc : 0;
}
