/* SPDX-License-Identifier: MIT
 *
 * ahead.h - images are read and decoded on another thread while the model works. Private to app/.
 */
#ifndef ASSENT_APP_AHEAD_H
#define ASSENT_APP_AHEAD_H

#include "base/base.h"
#include "image/image.h"

struct ahead;

struct loaded { /* one image: image_release it, free nothing else */
    size_t tag; /* as it was asked for */
    struct image image;
    char sha256[SHA256_HEX];
    struct err error; /* code 0: none */
};

/* The source is the thread's until ahead_close. */
int ahead_open(struct ahead **out, struct image_source *source, struct err *e);
void ahead_close(struct ahead *a); /* waits for the thread; NULL is fine */

/* Asks for a picture of the source; they come in the order of the asking. */
int ahead_push(struct ahead *a, size_t picture, size_t tag, struct err *e);
/* The next of them; waits for it. At least one must have been asked for and not come yet. */
void ahead_pop(struct ahead *a, struct loaded *out);

#endif
