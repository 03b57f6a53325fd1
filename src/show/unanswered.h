/* SPDX-License-Identifier: MIT
 *
 * unanswered.h - questions that a model never answered, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_UNANSWERED_H
#define ASSENT_SHOW_UNANSWERED_H

#include "jobs/unanswered.h"
#include "show/blocks.h"

/* A paragraph with a note each, and the list `unanswered`. */
void unanswered_show(struct page *p, const struct unanswered *u);

#endif
