/* SPDX-License-Identifier: MIT
 *
 * importing.h - what is gathered of a label file, before it is written. Private to jobs/.
 */
#ifndef ASSENT_JOBS_IMPORTING_H
#define ASSENT_JOBS_IMPORTING_H

#include "formats/formats.h"
#include "jobs/import.h"
#include "project/catalogue.h"

enum { CHECK_EVERY = 1024 };

/* One annotator's answers to one image. */
struct gathered {
    size_t annotator, image;
    unsigned long line; /* where the file first names it */
    bool votes;
    double seconds;
    const char *at; /* the row's */
};

struct importing {
    struct project *project;
    const struct import_options *options;
    struct import_result *out;
    struct labels *file;
    struct label_names names;
    struct store_images own;
    struct catalogue catalogue;        /* of the project's pictures */
    const struct store_images *images; /* the catalogue's, or own */
    bool closed;                       /* the file brings no images */
    struct store_annotators known;
    struct matcher *matcher;
    bool locked;        /* the transaction is open while the file is read */
    int64_t *image_ids; /* [n_known] of the project's images and of those that the file adds */
    size_t n_known, ids_cap;
    const char **new_keys; /* [n_known - images_before] of the latter, whose ids are not made yet */
    size_t new_cap;
    const char *named; /* by the file, where --annotator names another; NULL: none yet */
    struct map *annotators, *rows; /* name -> index; (annotator, image) -> index */
    size_t annotators_cap;
    struct gathered *gathered;
    int16_t *values;      /* [n_gathered][n_columns] */
    float *probabilities; /* [n_gathered][n_probabilities]; NULL: none yet */
    size_t n_gathered, gathered_cap, values_cap, probabilities_cap;
    uint8_t *counted; /* [n_known] images that the file named */
    size_t counted_cap;
    struct map *unknown; /* keys that are no image's */
};

/* Writes a run for each annotator, but for one whose last run brought the same; in the caller's
 * transaction. */
int import_write(struct importing *im, struct err *e);

#endif
