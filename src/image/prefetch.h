/* SPDX-License-Identifier: MIT
 *
 * prefetch.h - pictures are read and decoded on another thread while a model works.
 */
#ifndef ASSENT_IMAGE_PREFETCH_H
#define ASSENT_IMAGE_PREFETCH_H

#include "base/base.h"
#include "image/image.h"

struct prefetch;

struct prefetched { /* one picture: prefetched_release it */
    size_t tag;     /* as it was asked for */
    struct image image;
    void *bytes; /* as they are stored, where they are kept; NULL */
    size_t len;
    char sha256[SHA256_HEX];
    struct err error; /* code 0: none */
};

/* The source is the thread's until prefetch_close. keep_bytes: the stored bytes come with each. */
int prefetch_open(struct prefetch **out, struct image_source *source, bool keep_bytes,
                  struct err *e);
void prefetch_close(struct prefetch *p); /* waits for the thread; NULL is fine */

/* Asks for a picture of the source; they come in the order of the asking. */
int prefetch_push(struct prefetch *p, size_t picture, size_t tag, struct err *e);
/* The next of them; waits for it. At least one must have been asked for and not come yet. */
void prefetch_pop(struct prefetch *p, struct prefetched *out);
void prefetched_release(struct prefetched *l);

#endif
