/* SPDX-License-Identifier: MIT
 *
 * ledger.h - what has been spent, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_LEDGER_H
#define ASSENT_SHOW_LEDGER_H

#include "jobs/ledger.h"
#include "show/blocks.h"

/* Words, and the member "ledger". */
void ledger_blocks(struct page *p, const struct ledger *l);

#endif
