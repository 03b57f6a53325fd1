/* SPDX-License-Identifier: MIT
 *
 * accept.h - the verdict a question within a page: what may be used, and what to do next. Private
 * to show/.
 */
#ifndef ASSENT_SHOW_ACCEPT_H
#define ASSENT_SHOW_ACCEPT_H

#include "jobs/accept.h"
#include "show/blocks.h"

/* The first screen: the sentence of the verdict and its counts; and what to do next. */
void accept_first(struct page *p, const struct acceptance *a);
void accept_command(struct page *p, const struct acceptance *a);
/* The table of questions, the ones that allow most first, with what the promise rests on. */
void accept_questions(struct page *p, const struct acceptance *a);
/* The document's members, in the scope that is open. */
void accept_data(struct page *p, const struct acceptance *a);

#endif
