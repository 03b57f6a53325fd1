/* SPDX-License-Identifier: MIT
 *
 * keys.h - the forms in which names of one picture are compared. Private to project/.
 */
#ifndef ASSENT_PROJECT_KEYS_H
#define ASSENT_PROJECT_KEYS_H

#include "base/base.h"

enum key_form {
    KEY_PLAIN,   /* in normal form C, parts of the path between single '/', none of them "." */
    KEY_ADDRESS, /* scheme and query taken off, percent escapes undone, '\' for '/' too */
    KEY_UPLOAD,  /* what Label Studio puts before an upload's name taken off too */
    KEY_FORMS
};

/* Writes a form of key to out: 1, or 0 where key is no such thing. */
int key_form(const char *key, enum key_form form, struct buf *out, struct err *e);

/* Is key an address, of which scheme and query are not the picture's name? A path in its query is
 * no end of it. */
bool key_is_address(const char *key);

/* Writes a path to out without the extension of an image and a number's leading zeros:
 * a/009189.jpg -> a/9189. */
int key_folded(const char *path, struct buf *out, struct err *e);

/* Where a path's next part begins; NULL behind the last. */
const char *key_next_part(const char *path);

#endif
