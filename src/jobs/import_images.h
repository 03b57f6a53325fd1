/* SPDX-License-Identifier: MIT
 *
 * import_images.h - pictures become the project's images, known by key and SHA-256.
 */
#ifndef ASSENT_JOBS_IMPORT_IMAGES_H
#define ASSENT_JOBS_IMPORT_IMAGES_H

#include "base/base.h"
#include "project/project.h"

struct images_options {
    const char *path; /* a folder or archive */
    const struct events *events;
};

enum { IMAGES_NAMED = 5 }; /* of each kind, so many are named */

struct images_result {
    const char *path; /* the options' */
    size_t n_images, n_matched, n_folded, n_new;
    const char *equal[2 * IMAGES_NAMED]; /* pairs with the same bytes */
    size_t n_equal;
    const char *broken[IMAGES_NAMED]; /* not a picture, or not readable */
    size_t n_broken;
    const char *changed[IMAGES_NAMED]; /* known before with other bytes */
    size_t n_changed;
    bool annotate_finds_them; /* assent.yaml says where images are */
    struct arena arena;       /* private */
};

/* Two transactions: the images are known by their keys first, then by their bytes. What fails in
 * the second leaves the first. */
int job_import_images(struct project *p, const struct images_options *o, struct images_result *out,
                      struct err *e);
void images_result_release(struct images_result *r);

#endif
