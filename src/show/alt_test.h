/* SPDX-License-Identifier: MIT
 *
 * alt_test.h - is a model as good as one more person, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_ALT_TEST_H
#define ASSENT_SHOW_ALT_TEST_H

#include "jobs/alt_test.h"
#include "show/blocks.h"

/* A heading, a sentence a model with its tables, and the object `alt_test`. */
void alt_test_show(struct page *p, const struct alt_test *t);

#endif
