/* SPDX-License-Identifier: MIT
 *
 * html.h - a page as one HTML file: no script, and nothing from anywhere else.
 *
 * It is read on a screen of any width, light or dark, on paper and by a screen reader. Tables have
 * all their columns, and what these mean stands at the end. Nothing in a page is markup.
 */
#ifndef ASSENT_SHOW_HTML_H
#define ASSENT_SHOW_HTML_H

#include <stdio.h>

#include "show/blocks.h"

struct html_look {
    const char *title;  /* of the document */
    const char *footer; /* what wrote it; NULL: nothing */
    const char *folder; /* beside the file, which has the pictures as html_picture names them; NULL:
                           they are in the file itself */
};

enum { HTML_PICTURE_NAME = 32 };
const char *html_picture(size_t i, char name[HTML_PICTURE_NAME]);

int page_html(const struct page *p, FILE *out, const struct html_look *look, struct err *e);

#endif
