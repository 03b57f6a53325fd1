/* SPDX-License-Identifier: MIT
 *
 * import.h - labels that exist come in from a file.
 */
#ifndef ASSENT_JOBS_IMPORT_H
#define ASSENT_JOBS_IMPORT_H

#include "base/base.h"
#include "project/project.h"
#include "store/runs.h"

struct import_options {
    const char *path;
    const char *annotator; /* NULL: as the file says */
    const char *kind;      /* human or model; NULL: as task, file or project say, else human */
    const char *format;    /* NULL: auto */
    bool strict;           /* refuse names and images that do not match */
    /* Of images that a project with pictures does not have: */
    bool add_images;          /* they are made */
    bool skip_unknown;        /* their rows are left out; neither: the file is refused */
    const char *image_column; /* of a table; NULL: looked for */
    /* "OLD=NEW,OLD=NEW", or "@FILE" with one on each line; NULL: none */
    const char *map, *map_questions;
    const struct events *events;
};

enum { IMPORT_NAMED = 5 }; /* of what did not match, so many are named */

struct import_annotator {
    const char *name;
    enum annotator_kind kind;
    struct store_counts counts;
    uint64_t same_run; /* that brought this file already: nothing was added; 0: none */
    char same_started[STORE_TIME_MAX];
};

struct import_result {
    const char *path; /* the options' */
    const char *format;
    const char *image_column; /* of a table; NULL: it is none */
    uint64_t rows, repeated;  /* repeated: cells that stood twice with one value */
    size_t n_names, n_names_matched;
    const char *const *names_folded; /* pairs */
    size_t n_names_folded;
    const char *const *names_unmatched;
    size_t n_names_unmatched;
    size_t images_before, n_images, n_images_matched, n_images_folded, n_images_new;
    const char *images_folded[2 * IMPORT_NAMED]; /* pairs */
    const char *images_new[IMPORT_NAMED];
    size_t n_images_skipped;
    const char *images_skipped[IMPORT_NAMED];
    uint64_t rows_skipped, rows_aside; /* aside: of images that were set aside */
    size_t n_pictures_new;             /* that became images, as annotate would make them */
    char values[96];                   /* "-1/1" */
    uint64_t cancelled,
        superseded; /* annotations; superseded: a later one by the same annotator counts */
    struct import_annotator *annotators;
    size_t n_annotators;
    struct arena arena; /* private */
};

/* The label formats' names; NULL behind the last. */
const char *import_format(size_t i);

/* A project has pictures where assent.yaml says where they are and they are there, or where it has
 * seen some. One transaction: a file that is broken anywhere leaves the database as it was. */
int job_import(struct project *p, const struct import_options *o, struct import_result *out,
               struct err *e);
void import_result_release(struct import_result *r);

#endif
