/* SPDX-License-Identifier: MIT
 *
 * frontier.h - what quality costs, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_FRONTIER_H
#define ASSENT_SHOW_FRONTIER_H

#include "jobs/frontier.h"
#include "show/blocks.h"

/* Words, and the member "frontier". Nothing where there are no labels. */
void frontier_blocks(struct page *p, const struct frontier *f);

#endif
