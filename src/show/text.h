/* SPDX-License-Identifier: MIT
 *
 * text.h - a page as people read it in a terminal.
 *
 * Where a terminal is too narrow for a table, columns are left out, those of the highest rank
 * first, and named below it; then the widest texts are cut. Paragraphs are folded. A file or pipe
 * gets everything, however wide, and no colour.
 */
#ifndef ASSENT_SHOW_TEXT_H
#define ASSENT_SHOW_TEXT_H

#include <stdio.h>

#include "show/blocks.h"

struct text_look {
    size_t width; /* characters; 0: any */
    bool colour;
};

/* What suits where out leads: a terminal's width, and colour unless NO_COLOR is set. */
struct text_look text_look_of(FILE *out);

int page_print(const struct page *p, FILE *out, struct text_look look, struct err *e);

#endif
