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

#include <stdbool.h>
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
/* ERR_IO where the database's file is no longer the one that was opened: nothing is kept then. */
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* How long to wait for other processes that write, from now on; then ERR_BUSY. Half a minute
 * otherwise. */
void store_patience(struct store *s, int milliseconds);

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

/* Its bytes' hash as they were seen last: 1, or 0: they were not. */
int store_image_sha256(struct store *s, int64_t image, char sha256[SHA256_HEX], struct err *e);

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
    bool reviews;   /* may open the review page, or once could */
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

/* The newest run of an annotator (0: none), and the newest of all but that annotator: a higher
 * number than any where answers of a review came after the former. */
int store_newest_runs(struct store *s, int64_t annotator, int64_t *own, int64_t *others,
                      struct err *e);

/* ---- who answers what next ---- */

enum { CELL_ANSWERED, CELL_OPEN, CELL_ERROR };

/* missing[image * n_columns + column]: CELL_OPEN where the annotator's latest answer is not to the
 * column as the task asks it today, in these words, with these options; CELL_ERROR where the image
 * could not be read, which retry_errors makes open. free(*missing). */
int store_missing_load(struct store *s, int64_t annotator, const struct task *t,
                       const struct store_images *images, bool retry_errors, uint8_t **missing,
                       struct err *e);

/* Takes an image for this process, inside a transaction. missing [n_columns] is the image's as
 * above. */
enum { CLAIM_ELSEWHERE, CLAIM_TAKEN, CLAIM_ANSWERED };
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

/* ---- review ----
 * What people are asked, who they are, and what they answered. Items know their question and
 * options by name, so that they outlive a change of assent.yaml. */

enum review_kind { REVIEW_DISPUTE, REVIEW_SAMPLE, REVIEW_GOLD, REVIEW_REPEAT };
enum { REVIEW_KINDS = REVIEW_REPEAT + 1 };

struct store_item {
    int64_t id;
    const char *key; /* random: what the page knows it by */
    enum review_kind kind;
    size_t image, column; /* indexes into the images and the task's columns */
    uint32_t votes;       /* wanted, of different people */
    int64_t place;        /* in the queue */
    int16_t known;        /* REVIEW_GOLD: the answer */
    size_t repeats;       /* REVIEW_REPEAT: the index of the item shown again; else SIZE_MAX */
    int64_t design;       /* whose sample its cell is in; 0: in none */
    size_t stratum;
    double inclusion_probability;
    const char *aside; /* why it cannot be shown; NULL: it can */
};

struct store_items {
    struct store_item *items; /* by place */
    size_t n;
    struct arena arena; /* private */
};

/* Items whose question is not asked any more are left out. */
int store_items_load(struct store *s, const struct task *t, const struct store_images *images,
                     struct store_items *out, struct err *e);
void store_items_release(struct store_items *items);
/* Adds the item with a key of its own; repeats: the id of the item shown again, or 0. */
int store_item_add(struct store *s, const struct store_item *item, int64_t image,
                   const struct task *t, int64_t repeats, int64_t *id, struct err *e);
/* Its cell was drawn into a sample. */
int store_item_sampled(struct store *s, int64_t item, int64_t design, size_t stratum,
                       double inclusion_probability, struct err *e);
int store_item_votes(struct store *s, int64_t item, uint32_t votes, struct err *e);
int store_item_aside(struct store *s, int64_t item, const char *why, struct err *e);
/* None is set aside any more. */
int store_items_return(struct store *s, struct err *e);

struct store_stratum {
    const char *name;
    uint64_t cells, drawn;
};

/* The newest design with these settings: its id and seed, or id 0. settings NULL: the newest that
 * drew a sample. */
int store_design_find(struct store *s, const char *settings, int64_t *id, uint64_t *seed,
                      struct err *e);
int store_design_add(struct store *s, const char *settings, uint64_t seed,
                     const struct store_stratum *strata, size_t n, int64_t *id, struct err *e);
/* *strata is in the arena. */
int store_strata_load(struct store *s, int64_t design, struct arena *arena,
                      struct store_stratum **strata, size_t *n, struct err *e);

struct store_lease {
    int64_t item, annotator, until; /* until: seconds since 1970 */
    const char *tab;
};

int store_lease_set(struct store *s, const struct store_lease *l, struct err *e);
int store_lease_drop(struct store *s, int64_t item, int64_t annotator, struct err *e);
/* Texts are valid during the callback, whose failure ends the listing. */
int store_leases(struct store *s, int (*each)(void *data, const struct store_lease *l), void *data,
                 struct err *e);

enum answer_kind { ANSWER_VALUE, ANSWER_UNSURE, ANSWER_SKIP, ANSWER_FLAG };
enum answer_mode { MODE_SINGLE, MODE_GRID, MODE_PACKET };
const char *store_answer_kind_name(enum answer_kind kind);
bool store_answer_kind(const char *name, enum answer_kind *kind);

struct store_answer {
    int64_t annotator, item;
    const char *key; /* the page's, of the answer or the grid page */
    enum answer_kind kind;
    const char *value; /* an option, or a flag's reason */
    double seconds;
    enum answer_mode mode;
    const char *at; /* NULL: now */
    bool undone;
};

/* The questions that votes are given on are the task's of now. To be called before votes. */
int store_review_begin(struct store *s, const struct task *t, struct err *e);
/* Keeps an answer, and what it counts for as a vote: value, or VALUE_UNSURE; VALUE_MISSING: no
 * vote. */
int store_answer_add(struct store *s, const struct store_answer *a, int64_t image, size_t column,
                     int16_t vote, struct err *e);
/* The annotator's newest answer on an item, undone or not, if there is one. */
int store_answer_newest(struct store *s, int64_t annotator, int64_t item,
                        int (*each)(void *data, const struct store_answer *a), void *data,
                        struct err *e);
/* The key of the first item that was ever queued, "" where none was: random, so that it names the
 * project. */
int store_review_first_key(struct store *s, char key[SECRET_TEXT], struct err *e);
/* The annotator's answer on the item does not count any more: its vote goes, it stays. */
int store_answer_undo(struct store *s, int64_t annotator, int64_t item, struct err *e);
/* All answers in the order they came; those with one key of one annotator. Texts are valid during
 * the callback, whose failure ends the listing. */
int store_answers(struct store *s, int (*each)(void *data, const struct store_answer *a),
                  void *data, struct err *e);
int store_answers_of(struct store *s, int64_t annotator, const char *key,
                     int (*each)(void *data, const struct store_answer *a), void *data,
                     struct err *e);

struct store_reviewer {
    int64_t id, annotator; /* annotator 0: an owner */
    const char *name, *created, *revoked;
};

/* Finds or adds who has this name among the reviewers, or among the owners; a revoked one may come
 * in again. ERR_ARG where the name is a model's, or of somebody whose labels came in bulk. */
int store_reviewer_add(struct store *s, const char *name, bool owner, struct store_reviewer *out,
                       struct err *e);
/* Their tokens and sessions end. ERR_ARG where nobody has this name. */
int store_reviewer_revoke(struct store *s, const char *name, struct err *e);
int store_reviewers(struct store *s, int (*each)(void *data, const struct store_reviewer *r),
                    void *data, struct err *e);

enum token_kind { TOKEN_LINK, TOKEN_SESSION };
/* expires: seconds since 1970; 0: never. */
int store_token_add(struct store *s, const char *sha256, enum token_kind kind, int64_t reviewer,
                    int64_t expires, struct err *e);
int store_token_drop(struct store *s, const char *sha256, struct err *e);
/* Whose token this is: 1, or 0 where it is nobody's, has expired or was revoked. r->name lies in
 * name. */
int store_token_find(struct store *s, const char *sha256, enum token_kind kind,
                     struct store_reviewer *r, char name[TASK_NAME_MAX + 1], struct err *e);

int store_packet_add(struct store *s, const char *sha256, int64_t annotator, size_t items,
                     struct err *e);
/* 1, or 0 where this project made no such packet. */
int store_packet_find(struct store *s, const char *sha256, int64_t *annotator, struct err *e);

#endif
