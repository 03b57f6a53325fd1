/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define HASH_NONFATAL_OOM 1 /* a failed insertion leaves the entry's hh.tbl NULL */
#include <uthash.h>

struct entry {
    const char *key;
    size_t value;
    UT_hash_handle hh;
};

struct map {
    struct entry *entries; /* uthash's head */
    struct arena arena;    /* keys and entries */
};

int map_new(struct map **out, struct err *e)
{
    *out = mem_new(1, sizeof(**out), e);
    return *out ? 0 : ERR_NOMEM;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    HASH_CLEAR(hh, m->entries);
    arena_release(&m->arena);
    free(m);
}

static struct entry *find(const struct map *m, const char *key, size_t len)
{
    struct entry *entry;

    HASH_FIND(hh, m->entries, key, len, entry);
    return entry;
}

static int insert(struct map *m, const char *key, size_t len, size_t value, struct err *e)
{
    struct entry *entry = arena_new(&m->arena, 1, sizeof(*entry), e);

    if (!entry)
        return ERR_NOMEM;
    entry->key = arena_text(&m->arena, key, len, e);
    if (!entry->key)
        return ERR_NOMEM;
    entry->value = value;
    HASH_ADD_KEYPTR(hh, m->entries, entry->key, len, entry);
    if (!entry->hh.tbl)
        return err_set(e, ERR_NOMEM, "out of memory: a table of names");
    return 0;
}

int map_add(struct map *m, const char *key, size_t len, size_t value, size_t *found, struct err *e)
{
    const struct entry *entry = find(m, key, len);
    int rc;

    if (entry) {
        *found = entry->value;
        return 0;
    }
    rc = insert(m, key, len, value, e);
    if (rc < 0)
        return rc;
    *found = value;
    return 1;
}

int map_set(struct map *m, const char *key, size_t len, size_t value, struct err *e)
{
    struct entry *entry = find(m, key, len);

    if (!entry)
        return insert(m, key, len, value, e);
    entry->value = value;
    return 0;
}

bool map_get(const struct map *m, const char *key, size_t len, size_t *value)
{
    const struct entry *entry = find(m, key, len);

    if (entry)
        *value = entry->value;
    return entry != NULL;
}

size_t map_count(const struct map *m)
{
    return HASH_COUNT(m->entries);
}
