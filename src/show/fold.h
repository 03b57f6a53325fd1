/* SPDX-License-Identifier: MIT
 *
 * fold.h - text in lines of a width. Private to show/.
 */
#ifndef ASSENT_SHOW_FOLD_H
#define ASSENT_SHOW_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fold {
    size_t first;  /* characters that stand in the first line already */
    size_t indent; /* of the lines */
    size_t width;  /* with the indent; 0: any */
};

/* The bytes of text's first line: up to a space that the width allows, but not one within a number
 * ("8 193", "95 %"); or the whole word where even that is longer. */
size_t fold_line(const char *text, size_t width);
/* Where the line behind it begins; the text's end: nowhere. */
const char *fold_next(const char *text, size_t width);
/* Does a space at text[at] stand within a number? */
bool fold_joins(const char *text, size_t at);
void fold_print(FILE *out, const char *text, struct fold f);
void fold_spaces(FILE *out, size_t n);

#endif
