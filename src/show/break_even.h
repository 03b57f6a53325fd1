/* SPDX-License-Identifier: MIT
 *
 * break_even.h - where the study's "the model costs under 1 % of people" holds, within a page.
 * Private to show/.
 */
#ifndef ASSENT_SHOW_BREAK_EVEN_H
#define ASSENT_SHOW_BREAK_EVEN_H

#include "jobs/cost.h"
#include "show/blocks.h"

void break_even_words(struct page *p, const struct cost *c);
/* The members of it, in the scope that is open. */
void break_even_data(struct page *p, const struct cost *c);

#endif
