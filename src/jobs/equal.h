/* SPDX-License-Identifier: MIT
 *
 * equal.h - pictures with the same bytes are answered once. Private to jobs/.
 *
 * A picture is known by its SHA-256 when its bytes have been read to be decoded. Of each one that
 * the annotator has answered an image is kept, whose answers are the others' too.
 */
#ifndef ASSENT_JOBS_EQUAL_H
#define ASSENT_JOBS_EQUAL_H

#include "base/base.h"
#include "jobs/todo.h"
#include "label/label.h"
#include "store/labels.h"

struct equals {
    struct map *image_of; /* SHA-256 -> an image of the catalogue that was answered */
};

int equals_open(struct equals *out, const struct todo *t, struct err *e);
void equals_close(struct equals *q); /* zeroed is fine */

/* The answered image whose bytes are these, an index into the catalogue's images; false: none. */
bool equals_find(const struct equals *q, const char *sha256, size_t *image);
/* This image has been answered in all that was open. */
int equals_note(struct equals *q, const char *sha256, size_t image, struct err *e);

/* Takes the columns out of wanted[n_columns] that are known; returns how many are left. */
size_t equals_want_less(const struct task *t, const struct store_known *known, uint8_t *wanted);
/* Adds to answers those that were wanted and known; without arrays (nothing else was asked) it
 * makes them. */
int equals_fill(const struct task *t, const struct store_known *known, const uint8_t *wanted,
                struct label_answers *answers, struct err *e);

#endif
