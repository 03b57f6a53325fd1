/* SPDX-License-Identifier: MIT
 *
 * annotate.h - what annotate and plan share. Private to app/.
 */
#ifndef ASSENT_APP_ANNOTATE_H
#define ASSENT_APP_ANNOTATE_H

#include "app/app.h"
#include "app/images.h"
#include "label/label.h"

/* ---- identity.c ---- */

struct model_file { /* as it was when it was hashed */
    char *path;
    int64_t size, modified; /* nanoseconds */
};

struct model_identity {
    char hash[SHA256_HEX];
    char *text; /* JSON: what was hashed */
    struct model_file *files;
    size_t n_files, cap;
};

/* Hashes a model's files, or takes their hashes from the store where they have not changed. */
int model_identify(struct project *p, const struct labeler *l, struct model_identity *out,
                   struct err *e);
void model_identity_release(struct model_identity *i);
/* ERR_FORMAT where a file has changed since. */
int model_identity_holds(const struct model_identity *i, struct err *e);
/* ERR_FORMAT where the annotator's answers so far are another model's; says what differs. */
int model_identity_check(struct project *p, int64_t annotator, const char *name,
                         const struct model_identity *i, struct err *e);

/* ---- work.c: who answers, and which images ---- */

struct work {
    struct project *project;
    const struct annotator *annotator;
    int64_t annotator_id;
    struct image_links links;
    size_t *todo; /* pictures of the source, in its order */
    size_t n_todo;
    size_t chosen;        /* pictures that were asked for */
    size_t unreadable;    /* chosen ones that could not be read before */
    size_t absent;        /* the project's images that the source has not */
    uint64_t n_questions; /* cells to answer on the images to do */
};

int work_open(struct work *out, struct project *p, const struct annotate_options *o, struct err *e);
void work_close(struct work *w); /* zeroed is fine */

#endif
