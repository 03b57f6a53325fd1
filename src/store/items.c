/* SPDX-License-Identifier: MIT
 *
 * items.c - the cells that a review puts before people.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"
#include "store/review.h"
#include "store/review_rows.h"

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
    const char *key = sql_text(row, ITEM_KEY), *known = sql_text(row, ITEM_KNOWN),
               *aside = sql_text(row, ITEM_ASIDE);
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

/* What is looked up, and not found where it is wrong, needs no check. */
int item_row_check(struct sql_rows *row, struct err *e)
{
    int64_t id = sql_int(row, ITEM_ID), repeats = sql_int(row, ITEM_REPEATS);
    int rc = 0;

    if (name_index(kind_names, REVIEW_KINDS, sql_text(row, ITEM_KIND)) == REVIEW_KINDS)
        rc = name_unknown("review_item.kind", sql_text(row, ITEM_KIND), e);

    if (rc == 0) /* INT32_MAX: more than there are people */
        rc = check_number("review_item.votes", id, (double)sql_int(row, ITEM_VOTES),
                          (struct range){ 1, INT32_MAX }, e);
    if (rc == 0 && repeats != 0)
        rc = check_number("review_item.repeats", id, (double)repeats,
                          (struct range){ 1, (double)id - 1 }, e);
    if (rc == 0 && sql_int(row, ITEM_DESIGN) != 0)
        rc = check_number("review_item.stratum", id, (double)sql_int(row, ITEM_STRATUM),
                          (struct range){ 0, UINT32_MAX }, e);
    if (rc == 0 && sql_int(row, ITEM_DESIGN) != 0)
        rc = check_number("review_item.inclusion_probability", id, sql_real(row, ITEM_INCLUSION),
                          (struct range){ DBL_MIN, 1 }, e);
    return rc;
}

static int take_item(struct listing *l, struct sql_rows *row, struct err *e)
{
    struct store_item item = { .id = sql_int(row, ITEM_ID), .repeats = SIZE_MAX };
    int rc = item_row_check(row, e);

    if (rc < 0)
        return rc;
    item.image = store_images_index(l->images, sql_int(row, ITEM_IMAGE));
    if (item.image == SIZE_MAX ||
        !task_find_column_or_former(l->task, sql_text(row, ITEM_QUESTION), &item.column))
        return 0;
    item.kind = (enum review_kind)name_index(kind_names, REVIEW_KINDS, sql_text(row, ITEM_KIND));
    item.votes = (uint32_t)sql_int(row, ITEM_VOTES);
    item.place = sql_int(row, ITEM_PLACE);
    item.design = sql_int(row, ITEM_DESIGN);
    item.stratum = (size_t)sql_int(row, ITEM_STRATUM);
    item.inclusion_probability = sql_real(row, ITEM_INCLUSION);
    item.repeats =
        sql_int(row, ITEM_REPEATS) ? (size_t)sql_int(row, ITEM_REPEATS) : SIZE_MAX; /* an id, yet */
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

static int index_items(struct store_items *all, int64_t n_rows, struct err *e)
{
    int64_t least = 0;

    for (size_t i = 0; i < all->n; i++) {
        if (all->items[i].id > all->max_id)
            all->max_id = all->items[i].id;
        if (all->items[i].id < least)
            least = all->items[i].id;
    }
    if (check_ids("review_item", n_rows, least, all->max_id, e) < 0)
        return ERR_DB;
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
    int64_t n_rows = 0;
    int rc = sql_query(s->db, &list, "SELECT " ITEM_COLUMNS " FROM review_item ORDER BY id",
                       BIND_NOTHING, e);

    *out = (struct store_items){ 0 };
    for (; rc == 0 && (rc = sql_step(list, e)) == 1; n_rows++)
        rc = take_item(&l, list, e);
    sql_done(list);
    if (rc == 0 && out->n > 0)
        qsort(out->items, out->n, sizeof(*out->items), compare_places);
    if (rc == 0)
        rc = index_items(out, n_rows, e);
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
