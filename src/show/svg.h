/* SPDX-License-Identifier: MIT
 *
 * svg.h - charts and bars as static SVG, for HTML. Private to show/.
 *
 * Colours are the style sheet's (html_style.css): series are told apart by their marks' shapes too.
 */
#ifndef ASSENT_SHOW_SVG_H
#define ASSENT_SHOW_SVG_H

#include <stdio.h>

#include "show/page.h"

/* id: of this chart in its page. */
void svg_chart(FILE *out, const struct chart *c, size_t id);
/* One bar, on a scale from `from` to 1; of its own width. */
void svg_bar(FILE *out, const struct bar *bar, double from);
/* What a bar's value ('o'), interval ('-') or mark ('x') looks like. */
void svg_bar_key(FILE *out, char part);
/* What a series' marks look like, for its legend. */
void svg_mark(FILE *out, size_t series);

#endif
