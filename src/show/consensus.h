/* SPDX-License-Identifier: MIT
 *
 * consensus.h - a consensus within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_CONSENSUS_H
#define ASSENT_SHOW_CONSENSUS_H

#include "jobs/consensus.h"
#include "show/blocks.h"

/* Words and members in the scope that is open. */
void consensus_blocks(struct page *p, const struct consensus_result *r);

#endif
