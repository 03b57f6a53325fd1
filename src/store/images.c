/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

enum { META_COLUMNS_SHOWN = 40 };

static int new_images(struct store *s, struct store_images *out, struct err *e)
{
    int64_t n, max_id;
    int rc = sql_query_int(s->db, "SELECT count(*) FROM image", &n, e);

    if (rc == 0)
        rc = sql_query_int(s->db, "SELECT coalesce(max(id), 0) FROM image", &max_id, e);
    if (rc < 0)
        return rc;
    if (n < 0 || max_id < n || max_id > UINT32_MAX)
        return err_set(e, ERR_DB, "the image ids are out of range: %lld images up to id %lld",
                       (long long)n, (long long)max_id);
    out->max_id = max_id;
    out->keys = mem_new((size_t)n, sizeof(*out->keys), e);
    out->ids = mem_new((size_t)n, sizeof(*out->ids), e);
    out->index_of = mem_new((size_t)max_id + 1, sizeof(*out->index_of), e);
    if (!out->keys || !out->ids || !out->index_of)
        return ERR_NOMEM;
    memset(out->index_of, 0xff, ((size_t)max_id + 1) * sizeof(*out->index_of)); /* SIZE_MAX: none */
    out->n = (size_t)n;
    return 0;
}

static int fill_images(struct store *s, struct store_images *out, struct err *e)
{
    struct sql_stmt *list;
    size_t i = 0;
    int rc = sql_prepare(s->db, &list, "SELECT id, key FROM image ORDER BY id", e);

    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t id = sql_int(list, 0);
        const char *key = sql_text(list, 1);

        rc = 0;
        if (i == out->n || id < 0 || id > out->max_id)
            break; /* images that another program added since they were counted */
        out->keys[i] = arena_text(&out->arena, key, strlen(key), e);
        if (!out->keys[i])
            rc = ERR_NOMEM;
        out->ids[i] = id;
        out->index_of[id] = i++;
    }
    sql_finalize(list);
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
    free(images->index_of);
    arena_release(&images->arena);
    *images = (struct store_images){ 0 };
}

int store_image_add(struct store *s, const char *key, int64_t *id, struct err *e)
{
    int rc = store_prepare(s, &s->add_image, "INSERT INTO image (key) VALUES ($1)", e);

    if (rc < 0)
        return rc;
    sql_bind_text(s->add_image, 1, key);
    rc = sql_run(s->add_image, e);
    *id = sql_last_id(s->db);
    return rc;
}

int store_image_seen(struct store *s, int64_t image, const char *sha256, uint32_t width,
                     uint32_t height, struct err *e)
{
    int rc = store_prepare(s, &s->see_image,
                           "UPDATE image SET sha256 = $1, width = $2, height = $3, state = $4"
                           " WHERE id = $5",
                           e);

    if (rc < 0)
        return rc;
    sql_bind_text(s->see_image, 1, sha256);
    sql_bind_int(s->see_image, 2, width);
    sql_bind_int(s->see_image, 3, height);
    sql_bind_text(s->see_image, 4, sha256 ? "read" : "unreadable");
    sql_bind_int(s->see_image, 5, image);
    return sql_run(s->see_image, e);
}

int store_image_sha256(struct store *s, int64_t image, char sha256[SHA256_HEX], struct err *e)
{
    struct sql_stmt *find;
    int rc = sql_prepare(s->db, &find,
                         "SELECT sha256 FROM image WHERE id = $1 AND sha256 IS NOT NULL", e);

    if (rc < 0)
        return rc;
    sql_bind_int(find, 1, image);
    rc = sql_step(find, e);
    if (rc == 1)
        snprintf(sha256, SHA256_HEX, "%s", sql_text(find, 0));
    sql_finalize(find);
    return rc;
}

/* ---- metadata ---- */

int store_meta_set(struct store *s, int64_t image, const char *name, const char *value,
                   struct err *e)
{
    int rc = store_prepare(s, &s->add_meta,
                           "INSERT INTO image_meta (image, name, value) VALUES ($1, $2, $3)"
                           " ON CONFLICT (name, image) DO UPDATE SET value = excluded.value",
                           e);

    if (rc < 0)
        return rc;
    sql_bind_int(s->add_meta, 1, image);
    sql_bind_text(s->add_meta, 2, name);
    sql_bind_text(s->add_meta, 3, value);
    return sql_run(s->add_meta, e);
}

static int no_such_meta(struct store *s, const char *name, struct err *e)
{
    struct sql_stmt *list;
    struct buf known = BUF_INIT(4096);
    struct err ignored;
    int n = 0;
    int rc = sql_prepare(s->db, &list, "SELECT DISTINCT name FROM image_meta ORDER BY name", e);

    if (rc < 0)
        return rc;
    while (n < META_COLUMNS_SHOWN && sql_step(list, &ignored) == 1)
        buf_printf(&known, "%s%s", n++ > 0 ? ", " : "", sql_text(list, 0));
    err_set(e, ERR_ARG, "no metadata column is called '%s'", name);
    if (n > 0)
        err_expected(e, "one of %s", known.text ? known.text : "");
    else
        err_hint(e, "assent import --metadata FILE.csv brings some");
    sql_finalize(list);
    buf_release(&known);
    return e->code;
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
    struct sql_stmt *list;
    size_t cap = 0;
    int rc = sql_prepare(s->db, &list,
                         "SELECT image, value FROM image_meta WHERE name = $1 ORDER BY image", e);

    if (rc < 0)
        return rc;
    sql_bind_text(list, 1, name);
    while (rc == 0 && (rc = sql_step(list, e)) == 1) {
        int64_t id = sql_int(list, 0);

        rc = 0;
        if (id >= 0 && id <= images->max_id && images->index_of[id] != SIZE_MAX)
            rc = add_meta_value(out, seen, &cap, images->index_of[id], sql_text(list, 1), e);
    }
    sql_finalize(list);
    if (rc == 0 && out->n_values == 0)
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
