/* SPDX-License-Identifier: MIT
 *
 * runs.h - annotators, their runs, and what a run answered.
 *
 * Bulk answers come an image at a time and are kept so; a person's vote is one cell.
 */
#ifndef ASSENT_STORE_RUNS_H
#define ASSENT_STORE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/store.h"
#include "task/task.h"

/* ---- annotators ---- */

struct store_annotator {
    int64_t id;
    const char *name;
    enum annotator_kind kind;
    uint64_t votes; /* single votes, not bulk answers */
    bool reviews;   /* may open the review page, or once could */
    bool engine;    /* a model that answered here, not in a file */
    bool files;     /* labels of it came in files */
    bool withdrawn; /* all that it answered is, and counts no more */
};

struct store_annotators {
    struct store_annotator *items; /* in the order they were added */
    size_t n;
    struct arena arena; /* private */
};

int store_annotators_load(struct store *s, struct store_annotators *out, struct err *e);
void store_annotators_release(struct store_annotators *a);
/* NULL: nobody has this name. */
const struct store_annotator *store_annotators_find(const struct store_annotators *a,
                                                    const char *name);
/* Finds the annotator, or adds it. ERR_ARG where the name is known as another kind. */
int store_annotator_id(struct store *s, const char *name, enum annotator_kind kind, int64_t *id,
                       struct err *e);

/* Gives an annotator, who is known as `old`, another name: answers, votes and links stay. A store
 * that is only read just knows it so until it is closed; new_name must live as long. 1, or 0 where
 * nobody is called `old`; ERR_ARG where somebody has the new name. */
int store_annotator_rename(struct store *s, const char *old, const char *new_name, struct err *e);

/* ---- runs ---- */

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

/* What a server was asked, and what it counted. */
struct store_usage {
    bool asked; /* one was */
    uint64_t requests;
    bool counted;                        /* it says its tokens, of every answer */
    uint64_t prompt, cached, completion; /* cached: of the prompt */
};
/* Of the open run, so far. */
int store_run_usage(struct store *s, const struct store_usage *u, struct err *e);
int64_t store_run_number(const struct store *s); /* the open one's; 0: none is */
/* Did some run of the annotator's, its settings say, send pictures to this url? 1, or 0. */
int store_run_sent_to(struct store *s, int64_t annotator, const char *url, struct err *e);
int store_run_end(struct store *s, const struct store_counts *counts, struct err *e);

enum { STORE_TIME_MAX = 32 };
/* The annotator's last run, if it brought the same: the same file by the same settings for the same
 * questions, and as much of it. *id 0: it did not. started: ISO 8601. */
int store_run_same(struct store *s, const struct store_run *run, const struct task *t,
                   const struct store_counts *counts, int64_t *id, char started[STORE_TIME_MAX],
                   struct err *e);

struct store_answers {          /* of one image */
    const int16_t *values;      /* [n_columns] */
    const float *probabilities; /* [n_probabilities], NaN where there is none; NULL: none at all */
    const float *mass, *spread; /* [n_columns], the same */
    const char *detail;         /* JSON; NULL: none */
    double seconds;             /* that they took; 0: not known */
};

/* One image's answers in the open run. */
int store_answers_add(struct store *s, int64_t image, const struct task *t,
                      const struct store_answers *a, struct err *e);

struct store_vote { /* one person's answer on one cell */
    int64_t annotator, image;
    size_t column;
    int16_t value;
    double seconds; /* NaN: not known */
};
int store_vote_add(struct store *s, const struct store_vote *v, struct err *e);
/* The seconds of those of an annotator's votes that say how long they took; free() them. */
int store_vote_seconds(struct store *s, int64_t annotator, double **seconds, size_t *n,
                       struct err *e);

/* ---- looking back ---- */

/* The runs, newest first, `most` of them, withdrawn ones too: provenance for people. Texts are
 * valid during the callback. */
struct store_run_info {
    int64_t id;
    const char *annotator, *source, *source_sha256, *settings, *by_whom, *started,
        *ended;            /* NULL: none */
    const char *withdrawn; /* since when; "": it counts */
    struct store_counts counts;
    struct store_usage usage;
};
int store_runs(struct store *s, size_t most,
               void (*each)(void *data, const struct store_run_info *run), void *data,
               struct err *e);

/* Takes a run's answers out of what counts, or brings them back; nothing is deleted. *run 0: the
 * newest that counts, and then which. ERR_ARG: there is no such run, or it is so already. */
int store_run_withdraw(struct store *s, int64_t *run, bool back, struct err *e);

/* Images a second over all of an annotator's runs that know how long they took; NaN: none does. */
int store_run_speed(struct store *s, int64_t annotator, double *images_per_second, struct err *e);

/* The usage of all of an annotator's runs, withdrawn ones too, for they were paid; and the images
 * that were answered in those that asked a server, each once. */
int store_usage_of(struct store *s, int64_t annotator, struct store_usage *sum, uint64_t *images,
                   struct err *e);

/* Of an annotator's newest run that has one; NULL: none has. free() both. */
int store_identity(struct store *s, int64_t annotator, char **identity, char **settings,
                   struct err *e);

/* The newest run of an annotator (0: none), and the newest of all but that annotator: a higher
 * number than any where answers of a review came after the former. */
int store_newest_runs(struct store *s, int64_t annotator, int64_t *own, int64_t *others,
                      struct err *e);

/* ---- hashes of large files ---- */

struct store_file { /* as it was when it was hashed */
    const char *path;
    struct stamp stamp;
};

/* The SHA-256 of a file as it was hashed when it was such a one; 1, or 0: not known. */
int store_file_hash(struct store *s, const struct store_file *f, char sha256[SHA256_HEX],
                    struct err *e);
int store_file_hash_set(struct store *s, const struct store_file *f, const char *sha256,
                        struct err *e);

#endif
