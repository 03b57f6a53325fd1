/* SPDX-License-Identifier: MIT
 *
 * label.h - a model answers the task's questions about pictures: one interface, several back ends.
 *
 * The engine of assent.yaml's annotator chooses the back end: vlm is this program's own. Pictures
 * are submitted while the labeler wants more, and collected in whatever order they are answered.
 * Answers come as the arrays that the store keeps: a value a column of the task, probabilities,
 * mass.
 */
#ifndef ASSENT_LABEL_H
#define ASSENT_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "image/image.h"
#include "task/task.h"

struct labeler;

/* What a server is asked at most. */
struct label_limits {
    uint64_t requests; /* 0: no limit */
    double cost;       /* in the currency of the prices; 0: no limit */
};
enum label_limit { LIMIT_NONE, LIMIT_REQUESTS, LIMIT_COST };

/* Labelled pictures that a model is shown before a question, in this order. */
struct label_example_picture {
    void *bytes; /* as they are stored */
    size_t len;
    char sha256[SHA256_HEX];
};

struct label_example {
    size_t column, picture;
    int16_t value; /* the column's, on the picture */
};

struct label_examples {
    struct label_example_picture *pictures;
    size_t n_pictures;
    struct label_example *items; /* a column's together */
    size_t n;
};
/* How many an annotator's way wants of each column; 0: it is shown none. */
size_t label_examples_wanted(const struct annotator *a);

struct label_options {
    const char *dir;             /* what the model's path is relative to */
    bool reference;              /* plain C arithmetic */
    const struct events *events; /* NULL: nobody listens */
    bool backwards;              /* the last question first */
    size_t pass_tokens;          /* as vlm_options has it; 0: the engine chooses */
    const char *record;          /* a file that keeps what a server is asked and answers; NULL */
    const char *replay;          /* such a file, which answers in the server's place; NULL */
    struct label_limits limits;
    const struct label_examples *examples; /* NULL: none; not used once it is open */
};

/* Opens an annotator's model. ERR_ARG: assent.yaml does not say which, or says an engine that there
 * is not, or a limit is none of its. The task and the annotator must outlive it. */
int labeler_open(struct labeler **out, const struct task *t, const struct annotator *a,
                 const struct label_options *o, struct err *e);
void labeler_close(struct labeler *l); /* NULL is fine */

/* What it is, for people and for the record. Texts are the labeler's. */
struct label_model {
    const char *path, *family, *dtype;
    const char *prompt;         /* the user's own; NULL: the model's template */
    const char *server;         /* whose it is; NULL: it is computed here */
    const char *const *outside; /* servers that are not on this machine's private network */
    size_t n_outside;
    bool together; /* questions share a request, and may depend on each other */
    uint64_t parameters;
    size_t weight_bytes;
};
struct label_model labeler_model(const struct labeler *l);

/* What a server was asked so far; all 0 where there is none. */
struct label_usage {
    uint64_t requests;                   /* those that were sent again too */
    uint64_t prompt, cached, completion; /* tokens, as it counts them; cached: of the prompt */
    uint64_t silent;                     /* answers that did not say them */
};
struct label_usage labeler_usage(const struct labeler *l);
void label_usage_add(struct label_usage *sum, const struct label_usage *u);
/* In the currency of the prices; NaN: there is no price, or some answer did not say its tokens. */
double label_usage_cost(const struct label_usage *u, const struct server_price *p);

/* What decides its answers, but for what is in the files that have a part: an object of the values
 * in effect. jv_free() it. NULL without memory. */
struct json_t *labeler_settings(const struct labeler *l);
/* The i-th of the files that decide its answers, free() it; NULL behind the last. */
char *labeler_file(const struct labeler *l, size_t i, struct err *e);
/* What the file's content is, "weights" say; NULL: the settings have it. */
const char *labeler_file_part(const struct labeler *l, size_t i);
/* The hash of such a content, in whatever form it is written. Those of several files of one part
 * folded (sha256_fold) are that of the part. */
int labeler_file_digest(const struct labeler *l, size_t i, char hex[SHA256_HEX], struct err *e);

/* What one image of this size takes with the columns where wanted[n_columns] is 1. */
struct label_cost {
    double flop;
    size_t activation_bytes;
    size_t tokens, image_tokens; /* image_tokens: of tokens */
};
int labeler_cost(struct labeler *l, const struct image *size, const uint8_t *wanted,
                 struct label_cost *out, struct err *e);
/* A key of assent.yaml with which the model is given less of large pictures. NULL: it has none. */
struct label_saving {
    const char *key;
    uint64_t value;
    struct label_cost cost; /* of the image with it */
};
int labeler_saving(struct labeler *l, const struct image *size, const uint8_t *wanted,
                   struct label_saving *out, struct err *e);
/* Floating-point operations a second of its matrix products, measured in a moment. */
int labeler_speed(struct labeler *l, double *flops, struct err *e);

/* ---- answers ---- */

/* One image's answers. Arrays as in store_answers; release with label_answers_release. */
struct label_answers {
    int16_t *values;      /* [n_columns]; VALUE_MISSING where not asked */
    float *probabilities; /* [n_probabilities]; NaN where not asked */
    float *mass;          /* [n_columns] the probability that fell on valid answers */
    float *spread;        /* [n_columns] over wordings; NULL: every question has one */
    char *detail;         /* JSON: of unparseable answers the likeliest tokens, and what a way of
                             asking had the model write; NULL: none */
    struct arena arena;
};

void label_answers_release(struct label_answers *a);

struct label_picture {
    const struct image *image; /* decoded */
    const void *bytes;         /* as they are stored; NULL: not at hand */
    size_t len;
    const char *name; /* for messages; NULL: none. Lives until the picture is collected */
};

/* Does it send the stored bytes of pictures? */
bool labeler_wants_bytes(const struct labeler *l);
/* Would another picture be begun at once? Always, while none is in flight. */
bool labeler_wants_more(const struct labeler *l);
size_t labeler_in_flight(const struct labeler *l);
/* Which limit a further picture could pass, asked these columns: for now; for good where none is in
 * flight. */
int labeler_limit(struct labeler *l, const uint8_t *wanted, enum label_limit *out, struct err *e);
/* Asks the columns where wanted[n_columns] is 1 about a picture, which is the caller's again when
 * this returns; it may compute until all is answered. */
int labeler_submit(struct labeler *l, const struct label_picture *picture, const uint8_t *wanted,
                   uint64_t tag, struct err *e);

struct label_done {
    uint64_t tag;
    struct label_answers answers; /* the caller's; zeroed where there is an error. Of what a limit
                                     kept from being asked the value is VALUE_MISSING */
    double seconds;               /* since it was submitted */
    struct err error;             /* this picture's fault, too long a prompt say; code 0: none */
};
/* The next that is answered: 1; 0: none within so many seconds. One must be in flight. */
int labeler_collect(struct labeler *l, double seconds, struct label_done *out, struct err *e);

/* Submits one picture and waits for it, while no other is in flight. */
int labeler_answer(struct labeler *l, const struct label_picture *picture, const uint8_t *wanted,
                   struct label_answers *out, struct err *e);

#endif
