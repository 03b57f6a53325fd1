/* SPDX-License-Identifier: MIT
 *
 * todo.h - what a model has still to answer. Private to jobs/.
 */
#ifndef ASSENT_JOBS_TODO_H
#define ASSENT_JOBS_TODO_H

#include "base/base.h"
#include "jobs/annotate.h"
#include "project/catalogue.h"
#include "project/project.h"
#include "store/images.h"
#include "store/labels.h"

struct todo {
    struct project *project;
    const struct annotator *annotator; /* the entry of assent.yaml */
    const char *name;                  /* that the answers are given under: the entry's, or other */
    struct store_asking asking; /* the annotator is 0 where it has answered nothing, and was not
                                   registered */
    struct catalogue catalogue;
    size_t *pictures; /* of the catalogue's source, in its order */
    size_t n;
    size_t chosen;              /* pictures that were asked for */
    size_t unreadable;          /* chosen ones that could not be read before */
    size_t absent;              /* the project's images that have no picture */
    uint64_t n_questions;       /* cells to answer on the pictures */
    struct store_images images; /* private: as they were when it was opened */
    uint8_t *missing;           /* private: of the catalogue's images */
};

/* registers: pictures become images and the annotator becomes one of the project's, as answers need
 * it; else nothing is changed. */
int todo_open(struct todo *out, struct project *p, const struct annotate_options *o, bool registers,
              struct err *e);
void todo_close(struct todo *t); /* zeroed is fine */

struct labeler;
/* ERR_ARG where so many pictures would leave this machine and its private network, and nobody has
 * said that they may: now, or in an earlier run of this annotator with this server. */
int todo_may_leave(const struct todo *t, const struct labeler *l, bool yes, struct err *e);

/* A picture's place in the random order of a seed: the first bytes of SHA-256("SEED/KEY"), `what`
 * in front. It does not depend on what other pictures there are. */
uint64_t todo_rank(const char *what, const char *key, uint64_t seed, struct buf *scratch);

/* wanted[n_columns] is 1 for the columns of a picture that are open. Returns how many. */
size_t todo_wanted(const struct todo *t, size_t picture, uint8_t *wanted);

/* How many columns of an image, an index into the catalogue's, were answered when it was opened. */
size_t todo_answered(const struct todo *t, size_t image);

#endif
