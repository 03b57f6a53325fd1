/* SPDX-License-Identifier: MIT
 *
 * picture.h - pictures within a page, for HTML: a terminal has the words beside them.
 */
#ifndef ASSENT_SHOW_PICTURE_H
#define ASSENT_SHOW_PICTURE_H

#include "show/blocks.h"

struct picture {
    const void *jpeg; /* NULL: it cannot be shown */
    size_t len;
    const char *title, *caption;
};

/* The bytes are borrowed until the page is freed. */
void page_picture(struct page *p, const struct picture *picture);

/* The bytes of a page's pictures, and each of them by its number; NULL behind the last. */
size_t page_pictures_size(const struct page *p);
const struct picture *page_picture_at(const struct page *p, size_t i);

#endif
