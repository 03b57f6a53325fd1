/* SPDX-License-Identifier: MIT
 *
 * import_metadata.h - columns of images to group by come in from a file.
 */
#ifndef ASSENT_JOBS_IMPORT_METADATA_H
#define ASSENT_JOBS_IMPORT_METADATA_H

#include "base/base.h"
#include "project/project.h"

struct metadata_options {
    const char *path;
    const char *image_column; /* NULL: looked for */
    bool strict;              /* refuse rows whose image is not known */
    const struct events *events;
};

enum { METADATA_NAMED = 5 }; /* of the rows without an image, so many are named */

struct metadata_result {
    const char *path; /* the options' */
    uint64_t rows;
    size_t n_names;
    const char **names;
    size_t n_matched, n_unmatched;
    size_t n_aside; /* rows of images that were set aside: left out */
    const char *unmatched[METADATA_NAMED];
    struct arena arena; /* private */
};

/* One transaction. ERR_FORMAT where no row names an image of the project. */
int job_import_metadata(struct project *p, const struct metadata_options *o,
                        struct metadata_result *out, struct err *e);
void metadata_result_release(struct metadata_result *r);

#endif
