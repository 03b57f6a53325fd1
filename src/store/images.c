/* SPDX-License-Identifier: MIT */
#include "store/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/damage.h"
#include "store/internal.h"

static int new_images(struct store *s, struct store_images *out, struct err *e)
{
    int64_t n, min_id, max_id;
    int rc = sql_number(s->db, "SELECT count(*) FROM image", BIND_NOTHING, &n, e);

    if (rc == 0)
        rc = sql_number(s->db, "SELECT coalesce(min(id), 0) FROM image", BIND_NOTHING, &min_id, e);
    if (rc == 0)
        rc = sql_number(s->db, "SELECT coalesce(max(id), 0) FROM image", BIND_NOTHING, &max_id, e);
    if (rc == 0)
        rc = check_ids("image", n, min_id, max_id, e);
    if (rc < 0)
        return rc;
    out->max_id = max_id;
    out->keys = mem_new((size_t)n, sizeof(*out->keys), e);
    out->ids = mem_new((size_t)n, sizeof(*out->ids), e);
    out->aside = mem_new((size_t)n, sizeof(*out->aside), e);
    out->index_of = mem_new((size_t)max_id + 1, sizeof(*out->index_of), e);
    if (!out->keys || !out->ids || !out->aside || !out->index_of)
        return ERR_NOMEM;
    memset(out->index_of, 0xff, ((size_t)max_id + 1) * sizeof(*out->index_of)); /* SIZE_MAX: none */
    out->n = (size_t)n;
    return 0;
}

static int fill_images(struct store *s, struct store_images *out, struct err *e)
{
    struct sql_rows *list;
    size_t i = 0;
    int rc = sql_query(s->db, &list, "SELECT id, key, aside IS NOT NULL FROM image ORDER BY id",
                       BIND_NOTHING, e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t id = sql_int(list, 0);
        const char *key = sql_text(list, 1);

        if (i + out->n_aside == out->n || id < 0 || id > out->max_id) {
            rc = 0;
            break; /* images that another program added since they were counted */
        }
        key = arena_text(&out->arena, key, strlen(key), e);
        rc = key ? 0 : ERR_NOMEM;
        if (sql_int(list, 2)) {
            out->aside[out->n_aside++] = (struct store_aside){ key, id };
            continue;
        }
        out->keys[i] = key;
        out->ids[i] = id;
        out->index_of[id] = i++;
    }
    sql_done(list);
    out->n = i;
    return rc;
}

int store_images_load(struct store *s, struct store_images *out, struct err *e)
{
    int rc;

    *out = (struct store_images){ 0 };
    rc = new_images(s, out, e);
    if (rc == 0)
        rc = fill_images(s, out, e);
    if (rc < 0)
        store_images_release(out);
    return rc;
}

void store_images_release(struct store_images *images)
{
    free(images->keys);
    free(images->ids);
    free(images->aside);
    free(images->index_of);
    arena_release(&images->arena);
    *images = (struct store_images){ 0 };
}

size_t store_images_index(const struct store_images *images, int64_t id)
{
    return id >= 0 && id <= images->max_id ? images->index_of[id] : SIZE_MAX;
}

int store_image_add(struct store *s, const char *key, int64_t *id, struct err *e)
{
    return sql_insert(s->db, "INSERT INTO image (key) VALUES ($1)", BIND(TEXT(key)), id, e);
}

int store_image_set_aside(struct store *s, int64_t image, bool back, struct err *e)
{
    char now[32];

    return sql_run(s->db, "UPDATE image SET aside = $1 WHERE id = $2",
                   BIND(TEXT(back ? NULL : store_now(now)), INT(image)), e);
}

int store_image_seen(struct store *s, int64_t image, const char *sha256, uint32_t width,
                     uint32_t height, struct err *e)
{
    return sql_run(s->db,
                   "UPDATE image SET width = CASE WHEN $2 > 0 THEN $2 WHEN sha256 = $1 THEN width"
                   " END, height = CASE WHEN $2 > 0 THEN $3 WHEN sha256 = $1 THEN height END,"
                   " sha256 = $1, state = $4 WHERE id = $5",
                   BIND(TEXT(sha256), INT(width), INT(height), TEXT(sha256 ? "read" : "unreadable"),
                        INT(image)),
                   e);
}

int store_images_same(struct store *s, const struct store_images *images, struct err *e)
{
    struct sql_rows *now;
    int64_t last = 0;
    int rc =
        sql_query(s->db, &now, "SELECT count(*), count(aside), coalesce(max(id), 0) FROM image",
                  BIND_NOTHING, e);

    for (size_t i = 0; i < images->n_aside; i++)
        last = images->aside[i].id > last ? images->aside[i].id : last;
    if (images->n > 0 && images->ids[images->n - 1] > last)
        last = images->ids[images->n - 1];
    if (rc == 0)
        rc = sql_step(now, e);
    if (rc == 1)
        rc = sql_int(now, 0) == (int64_t)(images->n + images->n_aside) &&
             sql_int(now, 1) == (int64_t)images->n_aside && sql_int(now, 2) == last;
    sql_done(now);
    return rc;
}

int store_images_seen(struct store *s, bool *seen, struct err *e)
{
    int64_t any;
    int rc = sql_number(s->db, "SELECT EXISTS (SELECT 1 FROM image WHERE sha256 IS NOT NULL)",
                        BIND_NOTHING, &any, e);

    *seen = rc == 0 && any != 0;
    return rc;
}

int store_image_bytes(struct store *s, int64_t image, struct store_bytes *out, struct err *e)
{
    struct sql_rows *found;
    int rc = sql_query(s->db, &found,
                       "SELECT sha256, coalesce(width, 0), coalesce(height, 0) FROM image"
                       " WHERE id = $1 AND sha256 IS NOT NULL",
                       BIND(INT(image)), e);

    *out = (struct store_bytes){ 0 };
    if (rc == 0)
        rc = sql_step(found, e);
    if (rc == 1) {
        snprintf(out->sha256, sizeof(out->sha256), "%s", sql_text(found, 0));
        out->width = (uint32_t)sql_int(found, 1);
        out->height = (uint32_t)sql_int(found, 2);
    }
    sql_done(found);
    return rc < 0 ? rc : 0;
}

/* ---- metadata ---- */

int store_meta_set(struct store *s, int64_t image, const char *name, const char *value,
                   struct err *e)
{
    return sql_run(s->db,
                   "INSERT INTO image_meta (image, name, value) VALUES ($1, $2, $3)"
                   " ON CONFLICT (name, image) DO UPDATE SET value = excluded.value",
                   BIND(INT(image), TEXT(name), TEXT(value)), e);
}

int store_meta_names(struct store *s, int (*each)(void *data, const char *name), void *data,
                     struct err *e)
{
    struct sql_rows *list;
    int rc = sql_query(s->db, &list, "SELECT DISTINCT name FROM image_meta ORDER BY name",
                       BIND_NOTHING, e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1)
        rc = each(data, sql_text(list, 0));
    sql_done(list);
    return rc;
}

static int add_known(void *data, const char *name)
{
    struct buf *known = data;

    buf_printf(known, "%s%s", known->len > 0 ? ", " : "", name);
    return 0;
}

static int no_such_meta(struct store *s, const char *name, struct err *e)
{
    struct buf known = BUF_INIT(4096);
    int rc = store_meta_names(s, add_known, &known, e);

    if (rc == 0) {
        rc = err_set(e, ERR_ARG, "no metadata column is called '%s'", name);
        if (known.len > 0)
            err_expected(e, "one of %s", known.text);
        else
            err_hint(e, "assent import --metadata FILE brings some");
    }
    buf_release(&known);
    return rc;
}

static int add_meta_value(struct store_meta *out, struct map *seen, size_t *cap, size_t image,
                          const char *value, struct err *e)
{
    size_t index;
    int rc = map_add(seen, value, strlen(value), out->n_values, &index, e);

    if (rc == 1) {
        rc = mem_grow(&out->values, cap, out->n_values + 1, sizeof(*out->values), UINT32_MAX, e);
        if (rc < 0)
            return rc;
        out->values[out->n_values] = arena_text(&out->arena, value, strlen(value), e);
        if (!out->values[out->n_values])
            return ERR_NOMEM;
        out->n_values++;
    }
    if (rc >= 0)
        out->of_image[image] = index;
    return rc < 0 ? rc : 0;
}

static int fill_meta(struct store *s, const char *name, const struct store_images *images,
                     struct map *seen, struct store_meta *out, struct err *e)
{
    struct sql_rows *list;
    size_t cap = 0;
    bool there = false;
    int rc = sql_query(s->db, &list,
                       "SELECT image, value FROM image_meta WHERE name = $1 ORDER BY image",
                       BIND(TEXT(name)), e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        size_t image = store_images_index(images, sql_int(list, 0));

        there = true;
        rc = 0;
        if (image != SIZE_MAX) /* else it was added since they were listed */
            rc = add_meta_value(out, seen, &cap, image, sql_text(list, 1), e);
    }
    sql_done(list);
    if (rc == 0 && !there)
        rc = no_such_meta(s, name, e);
    return rc;
}

int store_meta_load(struct store *s, const char *name, const struct store_images *images,
                    struct store_meta *out, struct err *e)
{
    struct map *seen = NULL;
    int rc;

    *out = (struct store_meta){ 0 };
    out->of_image = mem_new(images->n, sizeof(*out->of_image), e);
    rc = out->of_image ? map_new(&seen, e) : ERR_NOMEM;
    if (rc == 0) {
        memset(out->of_image, 0xff, images->n * sizeof(*out->of_image));
        rc = fill_meta(s, name, images, seen, out, e);
    }
    map_free(seen);
    if (rc < 0)
        store_meta_release(out);
    return rc;
}

void store_meta_release(struct store_meta *m)
{
    free(m->values);
    free(m->of_image);
    arena_release(&m->arena);
    *m = (struct store_meta){ 0 };
}
