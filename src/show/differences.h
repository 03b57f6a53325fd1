/* SPDX-License-Identifier: MIT
 *
 * differences.h - what is more than chance between annotators and groups of images, and questions
 * that allow several options, within a page. Private to show/.
 */
#ifndef ASSENT_SHOW_DIFFERENCES_H
#define ASSENT_SHOW_DIFFERENCES_H

#include "jobs/differences.h"
#include "jobs/multi.h"
#include "show/blocks.h"

/* A heading with what is told of, and the object `differences`. by: the metadata column; NULL:
 * none.
 */
void differences_blocks(struct page *p, const struct differences *d, const char *first,
                        const char *second, const char *by);

/* A table, and the list `multi`; a project without such questions has the empty list. */
void multi_blocks(struct page *p, const struct multi *m);

#endif
