/* SPDX-License-Identifier: MIT
 *
 * memory.h - every size is checked before memory is taken.
 */
#ifndef ASSENT_BASE_MEMORY_H
#define ASSENT_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* *out = a * b, or a + b. False where that does not fit a size_t. */
bool size_mul(size_t a, size_t b, size_t *out);
bool size_add(size_t a, size_t b, size_t *out);

/* n zeroed elements; free() them. Never NULL for n = 0. NULL on failure (ERR_NOMEM). */
void *mem_new(size_t n, size_t size, struct err *e);
/* The same, not zeroed: for large memory that is written at once. */
void *mem_raw(size_t n, size_t size, struct err *e);

/* May so many bytes more be used on this machine? ERR_LIMIT names what they are for. Always true
 * where the system does not say what is available. */
int memory_check(size_t bytes, const char *what, struct err *e);

/* Grows *array (realloc'ed, elements of `size` bytes, capacity *cap) until it holds `need`
 * elements. New elements are zero. Fails, leaving the array as it was, above max elements
 * (ERR_LIMIT). */
int mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max, struct err *e);

/* An arena: many small pieces, freed at once. Pieces never move. Zero-initialise it. */
struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out, all blocks together */
};

/* Zeroed bytes, aligned for any type, the arena's until arena_release. NULL on failure. */
void *arena_new(struct arena *a, size_t n, size_t size, struct err *e);
/* A copy of len bytes with a zero byte behind. */
char *arena_text(struct arena *a, const char *text, size_t len, struct err *e);
void arena_release(struct arena *a);

#endif
