/* SPDX-License-Identifier: MIT
 *
 * formats.h - label files that people already have, read and written. No database.
 *
 * Each format is one file of this folder: celeba.c, wide.c (csv), long.c, study.c, jsonl.c,
 * label_studio.c. What they look like: docs/formats.md. Reading is streaming: one row is in memory,
 * within the bounds of base/file.h.
 */
#ifndef ASSENT_FORMATS_H
#define ASSENT_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "task/task.h"

/* ---- reading labels ---- */

struct labels; /* a label file being read */

struct label_cell {
    size_t column; /* of the task */
    int16_t value;
    const float *probabilities; /* as many as its column has; NULL: none */
};

/* What one row of the file says. Everything is valid until the next row. */
struct label_row {
    const char *annotator;    /* NULL: the file doesn't say whose labels these are */
    bool kind_given;          /* does the file say what that annotator is? */
    enum annotator_kind kind; /* if so */
    const char *key;          /* the image's, as the file writes it */
    unsigned long line;
    const struct label_cell *cells; /* those whose name is a question of the task */
    size_t n_cells;
    bool votes;     /* one person's votes on single cells */
    double seconds; /* that it took; NaN: not known */
    /* Of an annotator's rows on an image the latest counts, by `at` (text that sorts; NULL: not
     * known) and then by its place; else two values of a cell are an error. */
    bool latest_counts;
    const char *at;
};

/* What was found; complete after the last row. */
struct labels_found {
    const char *format;
    const char *image_column; /* the name of a table's column of images; NULL: no table */
    uint64_t rows;
    size_t n_names, n_matched; /* distinct names of questions in the file; those the task asks */
    const char *const *folded; /* pairs: as the file has it, as the task has it */
    size_t n_folded;           /* pairs */
    const char *const *unmatched;
    size_t n_unmatched;
    unsigned codings;   /* enum task_coding */
    uint64_t cancelled; /* Label Studio annotations that were cancelled, and left out */
};

/* The formats' names: "celeba", "csv", ..; NULL behind the last. */
const char *labels_format(size_t i);

struct label_names {   /* of a table's columns, and of what stands for others */
    const char *image; /* the column of the images; NULL: it is looked for */
    /* Is a cell the name of an image that is known? NULL: nobody knows. */
    bool (*is_image)(void *data, const char *cell);
    void *data;
    /* "old=new" pairs, of values and of questions' names, as the file has them and as the task
     * does; NULL-ended, NULL: none */
    const char *const *values, *const *questions;
};

/* path: a file, or for "study" a folder. format NULL or "auto": recognised from the first bytes;
 * ERR_FORMAT says what was seen where none fits. Names of questions are matched exactly, else with
 * case and '_'/space folded. names: borrowed; NULL: as it stands. */
int labels_open(struct labels **out, const char *path, const char *format, const struct task *task,
                const struct label_names *names, struct err *e);
/* The same from memory, for fuzzing; name stands for the file. */
int labels_open_memory(struct labels **out, const char *name, const void *data, size_t len,
                       const char *format, const struct task *task, struct err *e);
/* The next row: 1, or 0 at the end. Errors name file and line. */
int labels_next(struct labels *l, struct label_row *row, struct err *e);
const struct labels_found *labels_found(const struct labels *l);
void labels_close(struct labels *l); /* NULL is fine */

/* Which file an annotator's labels came from, and its SHA-256; texts belong to l. After the last
 * row only. */
int labels_provenance(struct labels *l, const char *annotator, const char **source,
                      const char **sha256, struct err *e);

/* ---- reading metadata ---- */

/* A CSV with a column of images, looked for as in label tables, whose others are columns to group
 * by; or JSON lines with an image and such columns each, whose lists and objects do not count. */
struct metadata;

/* names: borrowed; NULL: as it stands. */
int metadata_open(struct metadata **out, const char *path, const struct label_names *names,
                  struct err *e);
/* The same from memory, for fuzzing; data is borrowed. */
int metadata_open_memory(struct metadata **out, const char *name, const void *data, size_t len,
                         struct err *e);
/* The columns' names, without the images'. */
size_t metadata_names(const struct metadata *m, const char *const **names);
/* The next row's key and values, one a name; valid until the next call. 1, or 0 at the end. */
int metadata_next(struct metadata *m, const char **key, const char *const **values,
                  unsigned long *line, struct err *e);
void metadata_close(struct metadata *m);

/* ---- writing ---- */

struct label_source {
    const char *annotator;
    enum annotator_kind kind;
    const int16_t *values;      /* [n_columns][n_images] */
    const float *probabilities; /* [n_images][n_probabilities], NaN where none; NULL: none */
};

struct label_export {
    const struct task *task;
    const char *const *keys; /* [n_images] */
    size_t n_images;
    /* one; "long": one or more; "study": the model, people's labels, the votes */
    const struct label_source *sources;
    size_t n_sources;
};

/* Does this format take its several annotators into one file? */
size_t labels_write_sources(const char *format);

/* Writes a file (or "study": a folder's files), whole or not at all. Cells without a label are left
 * out, or empty; a format that cannot leave cells out (celeba, study) refuses them with the first
 * one's name. *cells counts what was written. "label-studio" also writes the labelling
 * configuration, FILE with .xml. */
int labels_write(const char *path, const char *format, const struct label_export *x,
                 uint64_t *cells, struct err *e);

#endif
