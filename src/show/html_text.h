/* SPDX-License-Identifier: MIT
 *
 * html_text.h - text from anywhere as HTML: nothing in it is markup. Private to show/.
 */
#ifndef ASSENT_SHOW_HTML_TEXT_H
#define ASSENT_SHOW_HTML_TEXT_H

#include <stdio.h>

/* Between tags: words that run from right to left are isolated, so that what follows them stays in
 * its place, and a number is never broken ("8 193"). Bytes that are no UTF-8 are U+FFFD. */
void html_text(FILE *out, const char *text);
/* Between the quotes of an attribute, or in an SVG's text, which may hold no tags. */
void html_plain(FILE *out, const char *text);

#endif
