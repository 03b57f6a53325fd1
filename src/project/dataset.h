/* SPDX-License-Identifier: MIT
 *
 * dataset.h - annotators' labels in memory, as matrices over the project's images and columns.
 */
#ifndef ASSENT_PROJECT_DATASET_H
#define ASSENT_PROJECT_DATASET_H

#include "project/project.h"
#include "store/images.h"
#include "store/labels.h"
#include "store/runs.h"

struct labelled {
    const struct store_annotator *annotator;
    const char *name;
    struct store_labels labels;
};

struct dataset {
    const struct project *project;
    struct store_images images;
    struct store_annotators known;
    struct labelled *items; /* in the order asked for */
    size_t n;
};

/* Loads the images and who there is, and nobody's labels yet. */
int dataset_open(struct dataset *out, const struct project *p, struct err *e);
/* Loads these annotators' labels, once a dataset; names NULL: everybody's but the
 * consensus' and those of people who said nothing yet. flags: as of store_labels_load. ERR_ARG for
 * a name that is not known. */
int dataset_load(struct dataset *d, const char *const *names, size_t n, unsigned flags,
                 struct err *e);
void dataset_release(struct dataset *d); /* zeroed is fine */

/* ERR_ARG where the project has no images, or all of them are set aside. */
int dataset_need_images(const struct dataset *d, struct err *e);
/* The labels of one; NULL: they are not loaded. */
const struct labelled *dataset_find(const struct dataset *d, const char *name);
/* That who gives to the label it has there; NaN: not known. */
double dataset_probability(const struct dataset *d, const struct labelled *who, size_t column,
                           size_t image);

/* Labels of one annotator that count now; ERR_ARG where nobody is called so. */
int dataset_count_labels(const struct project *p, const char *annotator, uint64_t *n,
                         struct err *e);

#endif
