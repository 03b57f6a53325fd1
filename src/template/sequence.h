/* SPDX-License-Identifier: MIT
 *
 * sequence.h - values that hold others: iterating, membership, indexing, slicing (sequence.c).
 * Private to template/.
 */
#ifndef ASSENT_TEMPLATE_SEQUENCE_H
#define ASSENT_TEMPLATE_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "template/value.h"

int sequence_of(struct render *r, const struct val *v, const struct val **items, size_t *n);
int sequence_has(struct render *r, const struct val *v, const struct val *item, bool *out);
int sequence_index(struct render *r, const struct val *v, const struct val *at, struct val *out);
int sequence_slice(struct render *r, const struct val *v, const struct val bounds[3],
                   struct val *out);
int sequence_stream(struct render *r, const struct val *items, size_t n, struct val *out);
int dict_get(struct render *r, const struct val *v, const struct val *key, const struct val **out);
int dict_set(struct render *r, struct pair *pairs, size_t *n, struct pair pair);
int dict_items(struct render *r, const struct val *v, struct val *out); /* a view of tuples */

#endif
