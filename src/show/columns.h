/* SPDX-License-Identifier: MIT
 *
 * columns.h - which columns of a table people see, and the table in a terminal. Private to show/.
 */
#ifndef ASSENT_SHOW_COLUMNS_H
#define ASSENT_SHOW_COLUMNS_H

#include <stdio.h>

#include "show/page.h"

struct column {
    const struct figure *figure;
    const char *heading;
    size_t value; /* of a row's values */
    size_t part;
    int decimals;
    bool drawn; /* as struct shown has it */
};

/* Of people's columns, in the arena; *n of them. NULL without memory. */
struct column *columns_shown(const struct table *t, struct arena *a, size_t *n, struct err *e);
/* A cell, in text, which holds FIGURE_TEXT_MAX bytes, or "-". */
const char *column_text(const struct column *c, const struct row *r, char *text);
bool column_is_number(const struct column *c);

/* Indented by two spaces. width: characters, 0: any. */
int columns_print(const struct table *t, FILE *out, size_t width, struct err *e);

#endif
