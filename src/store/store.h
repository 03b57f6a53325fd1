/* SPDX-License-Identifier: MIT
 *
 * store.h - the project's database: images, question sets, annotators, runs, answers, votes.
 *
 * Everything outside sees arrays, never SQL; the tables are in schema.sql. Answers come an image at
 * a time and are kept so. Nothing is overwritten: a new run adds rows, and of each cell an
 * annotator's latest answer counts. Writers work inside a transaction; several processes may use
 * one database, and readers never wait.
 *
 * Errors: ERR_DB for whatever the database says, with what to do about it.
 */
#ifndef ASSENT_STORE_H
#define ASSENT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "task/task.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* STORE_WRITE creates what is not there and brings an older schema up to date; STORE_READ of a
 * database that is not there gives an empty one. A database of a newer assent is refused. */
int store_open(struct store **out, const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s); /* NULL is fine; rolls back what is not committed */
const char *store_library(void);   /* "SQLite 3.40.1" */

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* Who, when and what, for the record. */
int store_event(struct store *s, const char *what, struct err *e);

/* ---- images ---- */

/* All images in the order they were added. index_of[id] is an image's index, for ids up to max_id.
 */
struct store_images {
    size_t n;
    const char **keys;
    int64_t *ids;
    size_t *index_of;
    int64_t max_id;
    struct arena arena; /* private */
};

int store_images_load(struct store *s, struct store_images *out, struct err *e);
void store_images_release(struct store_images *images);
int store_image_add(struct store *s, const char *key, int64_t *id, struct err *e);

/* What its bytes are: from now on it is known by them too. sha256 NULL: it could not be read. */
int store_image_seen(struct store *s, int64_t image, const char *sha256, uint32_t width,
                     uint32_t height, struct err *e);

/* Columns to group by. Setting one again replaces its value. */
int store_meta_set(struct store *s, int64_t image, const char *name, const char *value,
                   struct err *e);

/* One metadata column: of_image[i] is an index into values, or SIZE_MAX where image i has none. */
struct store_meta {
    const char **values; /* distinct, in order of first appearance */
    size_t n_values;
    size_t *of_image;
    struct arena arena; /* private */
};

/* ERR_ARG where no metadata column has this name; the message lists those that there are. */
int store_meta_load(struct store *s, const char *name, const struct store_images *images,
                    struct store_meta *out, struct err *e);
void store_meta_release(struct store_meta *m);

/* ---- annotators and runs ---- */

struct store_annotator {
    int64_t id;
    const char *name;
    enum annotator_kind kind;
    uint64_t votes; /* single votes, not bulk answers */
};

struct store_annotators {
    struct store_annotator *items; /* in the order they were added */
    size_t n;
    struct arena arena; /* private */
};

int store_annotators_load(struct store *s, struct store_annotators *out, struct err *e);
void store_annotators_release(struct store_annotators *a);
/* Finds the annotator, or adds it. ERR_ARG where the name is known as another kind. */
int store_annotator_id(struct store *s, const char *name, enum annotator_kind kind, int64_t *id,
                       struct err *e);

struct store_run {
    int64_t annotator;
    const char *identity;      /* NULL: none */
    const char *settings;      /* JSON */
    const char *source;        /* NULL: no file */
    const char *source_sha256; /* NULL: no file */
};

struct store_counts {
    uint64_t images, labels, abstentions;
    double seconds; /* of work; 0: not known */
};

/* A run answers the task's questions as they are now. One run is open at a time on a store. */
int store_run_begin(struct store *s, const struct store_run *run, const struct task *t,
                    struct err *e);
int store_run_end(struct store *s, const struct store_counts *counts, struct err *e);

struct store_answers { /* of one image */
    const int16_t *values;      /* [n_columns] */
    const float *probabilities; /* [n_probabilities], NaN where there is none; NULL: none at all */
    const float *mass, *spread; /* [n_columns], the same */
    const char *detail;         /* JSON; NULL: none */
    double seconds;             /* that they took; 0: not known */
};

/* One image's answers in the open run. */
int store_answers_add(struct store *s, int64_t image, const struct task *t,
                      const struct store_answers *a, struct err *e);
/* One person's answer on one cell, in the run begun last; seconds NaN where not known. */
int store_vote_add(struct store *s, int64_t annotator, int64_t image, size_t column, int16_t value,
                   double seconds, struct err *e);

/* ---- reading answers ---- */

/* An annotator's latest answers: votes count before bulk answers, later runs before earlier. */
struct store_labels {
    int16_t *values; /* [n_columns][n_images], the task's columns, column-major; VALUE_MISSING */
    float *probabilities; /* [n_images][n_probabilities], NaN where none; NULL unless asked for */
};

enum { STORE_WITH_PROBABILITIES = 1 };

/* Answers to questions that the task no longer asks, or asks with other options, are left out;
 * questions are known by their names, options by their texts. */
int store_labels_load(struct store *s, int64_t annotator, const struct task *t,
                      const struct store_images *images, unsigned flags, struct store_labels *out,
                      struct err *e);
void store_labels_release(struct store_labels *l);

/* The seconds of those of an annotator's votes that say how long they took; free() them. */
int store_vote_seconds(struct store *s, int64_t annotator, double **seconds, size_t *n,
                       struct err *e);

/* The runs, newest first, `most` of them: provenance for people. Texts are valid during the
 * callback. */
struct store_run_info {
    int64_t id;
    const char *annotator, *source, *source_sha256, *settings, *by_whom, *started,
        *ended; /* NULL: none */
    struct store_counts counts;
};
int store_runs(struct store *s, size_t most,
               void (*each)(void *data, const struct store_run_info *run), void *data,
               struct err *e);

/* Images a second over all of an annotator's runs that know how long they took; NaN: none does. */
int store_run_speed(struct store *s, int64_t annotator, double *images_per_second, struct err *e);

/* Of an annotator's newest run that has one; NULL: none has. free() both. */
int store_identity(struct store *s, int64_t annotator, char **identity, char **settings,
                   struct err *e);

/* The newest run of an annotator (0: none), and the newest of all but that annotator. */
int store_newest_runs(struct store *s, int64_t annotator, int64_t *own, int64_t *others,
                      struct err *e);

/* ---- who answers what next ---- */

/* missing[image * n_columns + column] is 1 where the annotator has not answered the column as the
 * task asks it today: in these words, with these options. free(*missing). retry_errors: images that
 * could not be read count as not answered. */
int store_missing_load(struct store *s, int64_t annotator, const struct task *t,
                       const struct store_images *images, bool retry_errors, uint8_t **missing,
                       struct err *e);

/* Takes an image for this process: 1, or 0 where it is another's or has been answered by now.
 * missing [n_columns] is the image's as above. Inside a transaction. */
int store_claim(struct store *s, int64_t annotator, int64_t image, const struct task *t,
                bool retry_errors, double seconds, uint8_t *missing, struct err *e);
/* Gives an image back. */
int store_unclaim(struct store *s, int64_t annotator, int64_t image, struct err *e);

/* ---- hashes of large files ---- */

/* The SHA-256 of a file as it was hashed when it had this size and time; 1, or 0: not known. */
int store_file_hash(struct store *s, const char *path, int64_t size, int64_t modified,
                    char sha256[SHA256_HEX], struct err *e);
int store_file_hash_set(struct store *s, const char *path, int64_t size, int64_t modified,
                        const char *sha256, struct err *e);

#endif
