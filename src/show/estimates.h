/* SPDX-License-Identifier: MIT
 *
 * estimates.h - the report's section "Over all cells". Private to show/.
 */
#ifndef ASSENT_SHOW_ESTIMATES_H
#define ASSENT_SHOW_ESTIMATES_H

#include "jobs/estimates.h"
#include "show/blocks.h"

/* Of struct estimates_agreement, and of struct estimates_share. */
extern const struct figure figures_overall[], figures_shares[];

void estimates_blocks(struct page *p, const struct estimates *x);

#endif
