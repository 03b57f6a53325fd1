/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static int no_memory(struct err *e, size_t n, size_t size)
{
    return err_set(e, ERR_NOMEM, "out of memory: %zu elements of %zu bytes were needed", n, size);
}

void *mem_new(size_t n, size_t size, struct err *e)
{
    size_t bytes;
    void *p = NULL;

    if (size_mul(n, size, &bytes))
        p = calloc(1, bytes > 0 ? bytes : 1);
    if (!p)
        no_memory(e, n, size);
    return p;
}

void *mem_raw(size_t n, size_t size, struct err *e)
{
    size_t bytes;
    void *p = NULL;

    if (size_mul(n, size, &bytes))
        p = malloc(bytes > 0 ? bytes : 1);
    if (!p)
        no_memory(e, n, size);
    return p;
}

int memory_check(size_t bytes, const char *what, struct err *e)
{
    FILE *f = fopen("/proc/meminfo", "re");
    unsigned long long kib = 0;
    char line[128];
    bool known = false;

    while (f && !known && fgets(line, sizeof(line), f))
        known = sscanf(line, "MemAvailable: %llu kB", &kib) == 1;
    if (f)
        fclose(f);
    if (!known || bytes / 1024 <= kib)
        return 0;
    err_set(e, ERR_LIMIT, "not enough memory for %s", what);
    err_got(e, "%.1f GB available", (double)kib * 1024e-9);
    return err_expected(e, "%.1f GB", (double)bytes * 1e-9);
}

int mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max, struct err *e)
{
    size_t new_cap, bytes;
    void *old, *grown;

    if (need <= *cap)
        return 0;
    if (need > max) {
        err_set(e, ERR_LIMIT, "a list is too large to hold");
        err_got(e, "%zu entries of %zu bytes", need, size);
        return err_expected(e, "at most %zu", max);
    }
    new_cap = *cap > max / 2 ? max : *cap * 2;
    if (new_cap < need)
        new_cap = need;
    if (!size_mul(new_cap, size, &bytes))
        return no_memory(e, new_cap, size);
    memcpy(&old, array, sizeof(old)); /* array is a pointer to any pointer */
    grown = realloc(old, bytes);
    if (!grown)
        return no_memory(e, new_cap, size);
    memset((unsigned char *)grown + *cap * size, 0, (new_cap - *cap) * size);
    memcpy(array, &grown, sizeof(grown));
    *cap = new_cap;
    return 0;
}

static struct arena_block *add_block(struct arena *a, size_t bytes, struct err *e)
{
    size_t size = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
    size_t total;
    struct arena_block *block;

    if (!size_add(size, sizeof(*block), &total))
        return no_memory(e, bytes, 1), NULL;
    block = calloc(1, total);
    if (!block)
        return no_memory(e, bytes, 1), NULL;
    block->size = size;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *arena_new(struct arena *a, size_t n, size_t size, struct err *e)
{
    struct arena_block *block = a->blocks;
    const size_t align = alignof(max_align_t);
    size_t bytes;
    void *p;

    if (!size_mul(n, size, &bytes) || bytes > SIZE_MAX - align)
        return no_memory(e, n, size), NULL;
    bytes = (bytes + align - 1) / align * align;
    if (!block || bytes > block->size - block->used)
        block = add_block(a, bytes, e);
    if (!block)
        return NULL;
    p = block->bytes + block->used;
    block->used += bytes;
    a->used += bytes;
    return p;
}

char *arena_text(struct arena *a, const char *text, size_t len, struct err *e)
{
    size_t bytes;
    char *copy;

    if (!size_add(len, 1, &bytes))
        return no_memory(e, len, 1), NULL;
    copy = arena_new(a, bytes, 1, e);
    if (copy && len > 0)
        memcpy(copy, text, len);
    return copy;
}

void arena_release(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;

        free(a->blocks);
        a->blocks = next;
    }
    a->used = 0;
}
