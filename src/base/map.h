/* SPDX-License-Identifier: MIT
 *
 * map.h - text key -> number, over uthash.
 */
#ifndef ASSENT_BASE_MAP_H
#define ASSENT_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct map; /* keys are copied */

int map_new(struct map **out, struct err *e);
void map_free(struct map *m); /* NULL is fine */

/* Adds key -> value, or leaves a key that is there as it is. *found (never NULL) is the value that
 * the key has afterwards. Returns 1 where the key is new, 0 where it was there. */
int map_add(struct map *m, const char *key, size_t len, size_t value, size_t *found, struct err *e);
/* Sets key's value, whether it is there or not. */
int map_set(struct map *m, const char *key, size_t len, size_t value, struct err *e);
bool map_get(const struct map *m, const char *key, size_t len, size_t *value);
size_t map_count(const struct map *m);

#endif
