/* SPDX-License-Identifier: MIT
 *
 * unused.h - answers that nothing counts, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_UNUSED_H
#define ASSENT_SHOW_UNUSED_H

#include "jobs/unused.h"
#include "show/blocks.h"

/* A paragraph each, and the list `unused`. */
void unused_show(struct page *p, const struct unused *u);

#endif
