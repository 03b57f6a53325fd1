/* SPDX-License-Identifier: MIT
 *
 * items.c - the cells that a review puts before people.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "store/names.h"
#include "store/review.h"

static const char *const kind_names[REVIEW_KINDS] = { "dispute", "sample", "gold", "repeat" };

struct listing {
    const struct task *task;
    const struct store_images *images;
    struct store_items *out;
    size_t cap;
};

static int take_texts(struct listing *l, struct store_item *item, struct sql_rows *row,
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

static int take_item(struct listing *l, struct sql_rows *row, struct err *e)
{
    struct store_item item = { .id = sql_int(row, 0), .repeats = SIZE_MAX };
    size_t kind = name_index(kind_names, REVIEW_KINDS, sql_text(row, 2));
    int rc;

    if (kind == REVIEW_KINDS)
        return name_unknown("review_item.kind", sql_text(row, 2), e);
    item.image = store_images_index(l->images, sql_int(row, 3));
    if (item.image == SIZE_MAX ||
        !task_find_column_or_former(l->task, sql_text(row, 4), &item.column))
        return 0;
    item.kind = (enum review_kind)kind;
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

static int index_items(struct store_items *all, struct err *e)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].id > all->max_id)
            all->max_id = all->items[i].id;
    all->index_of = mem_new((size_t)all->max_id + 1, sizeof(*all->index_of), e);
    if (!all->index_of)
        return ERR_NOMEM;
    memset(all->index_of, 0xff, ((size_t)all->max_id + 1) * sizeof(*all->index_of)); /* SIZE_MAX */
    for (size_t i = 0; i < all->n; i++)
        all->index_of[all->items[i].id] = i;
    return 0;
}

size_t store_items_find(const struct store_items *items, int64_t id)
{
    return id >= 0 && id <= items->max_id && items->index_of ? items->index_of[id] : SIZE_MAX;
}

/* Ids of repeated items to indexes. */
static void find_repeated(struct store_items *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct store_item *item = &all->items[i];

        if (item->repeats != SIZE_MAX)
            item->repeats = store_items_find(all, (int64_t)item->repeats);
        if (item->repeats == SIZE_MAX && item->kind == REVIEW_REPEAT)
            item->aside = "the item that it repeats is not asked any more";
    }
}

int store_items_load(struct store *s, const struct task *t, const struct store_images *images,
                     struct store_items *out, struct err *e)
{
    struct listing l = { .task = t, .images = images, .out = out };
    struct sql_rows *list;
    int rc = sql_query(s->db, &list,
                       "SELECT id, key, kind, image, question, votes, place, known, repeats,"
                       " design, stratum, inclusion_probability, aside FROM review_item"
                       " ORDER BY id",
                       BIND_NOTHING, e);

    *out = (struct store_items){ 0 };
    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = take_item(&l, list, e);
    sql_done(list);
    if (rc == 0 && out->n > 0)
        qsort(out->items, out->n, sizeof(*out->items), compare_places);
    if (rc == 0)
        rc = index_items(out, e);
    if (rc == 0)
        find_repeated(out);
    else
        store_items_release(out);
    return rc;
}

void store_items_release(struct store_items *items)
{
    free(items->items);
    free(items->index_of);
    arena_release(&items->arena);
    *items = (struct store_items){ 0 };
}

int store_item_add(struct store *s, const struct store_new_item *add, const struct task *t,
                   int64_t *id, struct err *e)
{
    const struct store_item *item = &add->item;
    const struct column *c = &t->columns[item->column];
    char key[SECRET_TEXT];
    int rc = secret_make(key, e);

    if (rc < 0)
        return rc;
    key[SECRET_SHORT - 1] = '\0';
    return sql_insert(
        s->db,
        "INSERT INTO review_item (key, kind, image, question, votes, place, known, repeats, design,"
        " stratum, inclusion_probability) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        BIND(TEXT(key), TEXT(kind_names[item->kind]), INT(add->image), TEXT(c->name),
             INT(item->votes), INT(item->place),
             TEXT(item->kind == REVIEW_GOLD ? c->labels[item->known] : NULL),
             INT_OR_NULL(add->repeats), INT_OR_NULL(item->design), INT(item->stratum),
             REAL(item->design ? item->inclusion_probability : NAN)),
        id, e);
}

int store_item_sampled(struct store *s, const struct store_item *item, struct err *e)
{
    return sql_run(s->db,
                   "UPDATE review_item SET design = $1, stratum = $2, inclusion_probability = $3"
                   " WHERE id = $4",
                   BIND(INT(item->design), INT(item->stratum), REAL(item->inclusion_probability),
                        INT(item->id)),
                   e);
}

int store_item_votes(struct store *s, int64_t item, uint32_t votes, struct err *e)
{
    return sql_run(s->db, "UPDATE review_item SET votes = $1 WHERE id = $2",
                   BIND(INT(votes), INT(item)), e);
}

int store_item_aside(struct store *s, int64_t item, const char *why, struct err *e)
{
    return sql_run(s->db, "UPDATE review_item SET aside = $1 WHERE id = $2",
                   BIND(TEXT(why), INT(item)), e);
}

int store_items_return(struct store *s, struct err *e)
{
    return sql_run(s->db, "UPDATE review_item SET aside = NULL WHERE aside IS NOT NULL",
                   BIND_NOTHING, e);
}

int store_review_first_key(struct store *s, char key[SECRET_TEXT], struct err *e)
{
    struct sql_rows *first;
    int rc = sql_query(s->db, &first, "SELECT key FROM review_item ORDER BY id LIMIT 1",
                       BIND_NOTHING, e);

    key[0] = '\0';
    if (rc == 0)
        rc = sql_step(first, e);
    if (rc == 1)
        snprintf(key, SECRET_TEXT, "%s", sql_text(first, 0));
    sql_done(first);
    return rc < 0 ? rc : 0;
}
