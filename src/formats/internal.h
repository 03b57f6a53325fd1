/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the formats share: a table entry each, the names of a file matched once, cells
 * gathered into a row. Private to formats/.
 */
#ifndef ASSENT_FORMATS_INTERNAL_H
#define ASSENT_FORMATS_INTERNAL_H

#include "formats/formats.h"

/* What a name in a file stands for. */
struct target {
    bool found;
    bool whole;    /* a multi question as one list of options */
    size_t column; /* the column; of a whole question the first */
    size_t n;      /* columns: 1, or all of a whole question's */
    bool counted;  /* the file has named it, in one spelling or another */
};

struct labels {
    const struct label_format *format;
    const struct task *task;
    const struct label_names *names; /* NULL: none */
    char *path;
    struct reader *reader; /* NULL: a folder */
    void *state;           /* the format's own */
    struct label_row row;
    struct label_cell *cells;
    size_t n_cells, cells_cap;
    float *probabilities; /* [the task's] of the row's cells; NULL: none yet */
    struct labels_found found;
    /* names of questions */
    struct map *exact, *folded, *seen; /* task's names -> target; the file's names -> target */
    struct target *targets;
    size_t n_targets, targets_cap;
    const char **folded_pairs, **unmatched;
    size_t folded_cap, unmatched_cap;
    struct arena arena; /* names, keys that outlive a row */
    char sha256[2 * SHA256_HEX];
};

struct label_format {
    const char *name;
    /* Do a file's first bytes look like this format? */
    bool (*recognise)(const char *head, size_t len);
    int (*open)(struct labels *l, struct err *e);
    int (*next)(struct labels *l,
                struct err *e);      /* fills l->row and the cells: 1, or 0 at the end */
    void (*close)(struct labels *l); /* frees l->state; may be NULL */
    int (*provenance)(struct labels *l, const char *annotator, const char **source,
                      const char **sha256, struct err *e); /* NULL: the file itself */
    int (*write)(const char *path, const struct label_export *x, uint64_t *cells, struct err *e);
    size_t sources; /* it writes: 1, 3, or 0 for any number */
};

/* ---- names.c ---- */

/* Of the task's questions, at the opening. */
int labels_add_task_names(struct labels *l, struct err *e);
const char *labels_target_name(const struct labels *l, const struct target *t);
/* What "old=new" pairs say for text[0..len): the new one, whose length is *len; else text itself.
 */
const char *labels_renamed(const char *const *pairs, const char *text, size_t *len);

/* ---- for readers ---- */

/* Looks a question's name up, counting it once. */
int labels_match(struct labels *l, const char *name, size_t len, const struct target **out,
                 struct err *e);
/* Is it one? Counts nothing. */
bool labels_is_question(const struct labels *l, const char *name);
/* Adds the cell, or a whole question's cells, that a label's text says. ERR_FORMAT where it is
 * none, with the place left to the caller. */
int labels_add_text(struct labels *l, const struct target *t, const char *text, size_t len,
                    struct err *e);
int labels_add_cell(struct labels *l, size_t column, int16_t value, struct err *e);
/* What the cells[cell] of the row is worth: {"black": .9, ..}, one an option; or that of yes.
 * ERR_FORMAT where they are no probabilities. */
int labels_add_probabilities(struct labels *l, size_t cell, const struct json_t *options,
                             struct err *e);
int labels_add_yes(struct labels *l, size_t cell, double yes, struct err *e);
/* A JSON text, number (put into scratch) or boolean as text; NULL: none of these. */
enum { LABELS_NUMBER_MAX = 32 };
const char *labels_text_of(const struct json_t *value, char *scratch, size_t cap);
/* Of JSON: text, number or boolean as its text, a list as a whole question's options, null as no
 * answer. */
int labels_add_json(struct labels *l, const struct target *t, const struct json_t *value,
                    struct err *e);
/* ["hat", "tie"]: these options and no others; an empty list is none of them. */
int labels_add_choices(struct labels *l, const struct target *t, const struct json_t *choices,
                       struct err *e);
/* What a JSON object says of its image: the member that the user names, where names has one; else
 * one of the usual names, NULL-ended; else the one text that is a picture's address. NULL: none, or
 * several. */
const char *labels_image_member(const struct label_names *names, const struct json_t *object,
                                const char *const *usual);
/* Is the row's key usable, and do its codings go together? Gives errors their place. */
int labels_check_row(struct labels *l, const char *file, struct err *e);
/* Does a text end like the name of a picture? */
bool labels_is_picture(const char *text);
/* The first line of head, without its end. */
size_t labels_first_line(const char *head, size_t len);

/* ---- for writers ---- */

/* The value of a cell, or VALUE_MISSING for an abstention where `labels_only`. */
int16_t export_value(const struct label_export *x, size_t source, size_t column, size_t image);
/* The probabilities of a cell: as many as its column has, or NULL. */
const float *export_probabilities(const struct label_export *x, size_t source, size_t column,
                                  size_t image);
/* "image X has no label for question Y", for formats that cannot leave cells out. */
int export_missing(const struct label_export *x, size_t column, size_t image, const char *format,
                   struct err *e);

int label_studio_write(const char *path, const struct label_export *x, uint64_t *cells,
                       struct err *e);

#endif
