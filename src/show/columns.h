/* SPDX-License-Identifier: MIT
 *
 * columns.h - a table in a terminal. Private to show/.
 */
#ifndef ASSENT_SHOW_COLUMNS_H
#define ASSENT_SHOW_COLUMNS_H

#include <stdio.h>

#include "show/page.h"

/* Indented by two spaces. width: characters, 0: any. */
int columns_print(const struct table *t, FILE *out, size_t width, struct err *e);

#endif
