/* SPDX-License-Identifier: MIT
 *
 * pictures.h - images as the page may see them: pixels, and nothing of the file. Private to
 * review/.
 */
#ifndef ASSENT_REVIEW_PICTURES_H
#define ASSENT_REVIEW_PICTURES_H

#include <pthread.h>

#include "net/net.h"
#include "project/catalogue.h"

struct pictures;

/* Tells, from a thread of pictures', that an image cannot be read. */
typedef void pictures_broken(void *data, size_t image, const struct err *why);

int pictures_new(struct pictures **out, const struct catalogue *catalogue, pictures_broken *broken,
                 void *data, struct err *e);
/* Answers those who wait; who comes later is refused. NULL is fine, and so is a second time. */
void pictures_stop(struct pictures *p);
/* Nobody may ask any more. NULL is fine. */
void pictures_free(struct pictures *p);
/* Answers r with the image as JPEG, from another thread. */
void pictures_send(struct pictures *p, struct request *r, size_t image);
/* One picture of the catalogue; free(*jpeg). reading: held while the source is read; NULL: nobody
 * else reads. */
int picture_make(const struct catalogue *c, size_t picture, pthread_mutex_t *reading, void **jpeg,
                 size_t *len, struct err *e);

#endif
