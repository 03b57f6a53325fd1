/* SPDX-License-Identifier: MIT */
#include "show/json.h"

#include <string.h>

#include "show/page.h"

enum { DEPTH_MAX = 16 };

/* The member of an object, made where it is not there; NULL without memory. */
static struct json_t *member(struct json_t *object, const char *key, size_t len,
                             struct json_t *(*make)(void))
{
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)len, key);
    if (!jv_get(object, name))
        jv_set(object, name, make());
    return jv_get(object, name);
}

static struct json_t *new_object(void)
{
    return jv_pack("{}");
}

/* A new object at the end of a list. */
static struct json_t *new_element(struct json_t *list)
{
    if (!jv_append(list, jv_pack("{}")))
        return NULL;
    return jv_at(list, jv_length(list) - 1);
}

/* ---- tables ---- */

static bool is_list(const char *key)
{
    size_t n = strlen(key);

    return n > 2 && strcmp(key + n - 2, "[]") == 0;
}

/* Where a row's figures go. */
static struct json_t *place_of(struct json_t *scope, const char *key)
{
    if (*key == '\0')
        return scope;
    if (is_list(key))
        return new_element(member(scope, key, strlen(key) - 2, jv_array));
    return member(scope, key, strlen(key), new_object);
}

static void set_row(struct json_t *scope, const struct table *t, const struct row *r)
{
    struct json_t *object = place_of(scope, r->key);

    /* a list's elements have names; an object is known by its key */
    for (size_t part = is_list(r->key) ? 0 : 1; object && part < TABLE_PARTS; part++) {
        const struct figure *f = table_part(t, part);

        for (size_t i = 0; r->has[part] && f[i].key; i++)
            if (t->layout.many || !(f[i].flags & FIGURE_MANY))
                figure_set_json(object, &f[i], &r->values[t->first[part] + i]);
    }
}

static void set_table(struct json_t *scope, const struct table *t)
{
    for (size_t i = 0; i < t->n_lists; i++)
        member(scope, t->lists[i], strlen(t->lists[i]), jv_array);
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].key)
            set_row(scope, t, &t->rows[i]);
}

/* ---- the page ---- */

static struct json_t *open_scope(struct json_t *scope, const struct block *b)
{
    size_t len = strlen(b->key);

    return b->scope == PAGE_ELEMENT ? new_element(member(scope, b->key, len, jv_array))
                                    : member(scope, b->key, len, new_object);
}

static bool set_block(struct json_t *scopes[], size_t *depth, const struct block *b)
{
    struct json_t *scope = scopes[*depth];

    switch (b->kind) {
    case BLOCK_VALUE: return jv_set(scope, b->key, jv_pack("O", b->value));
    case BLOCK_TABLE: set_table(scope, b->table); return true;
    case BLOCK_OPEN:
        if (*depth + 1 == DEPTH_MAX)
            return false;
        scopes[++*depth] = open_scope(scope, b);
        return scopes[*depth] != NULL;
    case BLOCK_CLOSE: --*depth; return true;
    default: return true; /* words and charts are for people */
    }
}

int page_json(const struct page *p, struct json_t **out, struct err *e)
{
    struct json_t *scopes[DEPTH_MAX] = { jv_pack("{}") };
    size_t depth = 0;
    bool whole = p && p->failed.code == 0 && scopes[0];

    for (size_t i = 0; whole && i < p->n; i++)
        whole = set_block(scopes, &depth, &p->blocks[i]);
    *out = whole ? scopes[0] : NULL;
    if (whole)
        return 0;
    jv_free(scopes[0]);
    return err_set(e, ERR_NOMEM, "out of memory: the JSON document");
}
