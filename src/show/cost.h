/* SPDX-License-Identifier: MIT
 *
 * cost.h - what labels cost, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_COST_H
#define ASSENT_SHOW_COST_H

#include "jobs/cost.h"
#include "show/blocks.h"

/* Words, and the member "cost". */
void cost_blocks(struct page *p, const struct cost *c);

/* Requests and tokens, which are null where the server does not say them. */
struct json_t *cost_usage_json(const struct store_usage *u);

#endif
