/* SPDX-License-Identifier: MIT
 *
 * forward.h - the model's passes: pixels -> features -> hidden states. Private to vlm/.
 */
#ifndef ASSENT_VLM_FORWARD_H
#define ASSENT_VLM_FORWARD_H

#include "vlm/model.h"
#include "vlm/ops/ops.h"
#include "vlm/trace.h"

/* What every step of a pass is given. */
struct pass {
    const struct model *model;
    const struct ops *ops;
    const struct trace *trace; /* NULL: none */
};

/* DIR/NAME.npy of a tensor, or DIR/NAME.N.npy. Does nothing without a trace. */
int trace_tensor(const struct pass *p, const char *name, struct tensor x, struct err *e);
int trace_numbered(const struct pass *p, const char *name, size_t number, struct tensor x,
                   struct err *e);

/* ---- rotary.c ---- */

/* What rows are turned by, [n, head_dim / 2] each; none: they are not. */
struct angles {
    struct tensor cosines, sines;
};

struct rotation { /* of n rows */
    size_t n, pairs;
    const uint32_t *axis[ROPE_AXES]; /* where a row is */
    const float *frequency;          /* of a pair */
    const uint8_t *axis_of;          /* of a pair; NULL: the first for all */
};

int angles_new(struct angles *out, const struct ops *o, const struct rotation *r, struct err *e);
void angles_release(struct angles *a, const struct ops *o); /* zeroed is fine */
/* theta^(-2i/size) for i < n, in float32 as transformers computes it. */
void rotary_frequencies(float *out, double theta, uint32_t size, uint32_t n);

/* ---- tower.c ----
 * A pre-norm transformer over runs of patches. */

struct tower_spans { /* rows that see each other: where each run ends */
    const uint32_t *ends;
    size_t n;
};

struct tower_input {
    struct tensor patches;  /* [all patches, values of one], pictures one behind the other */
    size_t pictures;        /* each of as many patches, and a class token where the tower has one */
    struct tensor position; /* added to the rows: of one picture, or of all */
    struct angles angles;   /* of all rows */
    struct tower_spans whole;
    struct tower_spans windows; /* that all blocks but full_blocks see; none: the whole */
    const uint32_t *full_blocks;
    size_t n_full;
    /* Copies of the rows behind blocks; `blocks` rises. tapped[i] is [rows, hidden] */
    const uint32_t *tap_blocks;
    struct tensor *tapped;
    size_t n_taps;
};

/* The last block's rows, behind the tower's last norm where it has one. Release *out. */
int tower_run(struct tensor *out, const struct pass *p, const struct tower_input *in,
              struct err *e);
/* The memory that takes at the most for n rows, *out included; so do the others of this header. */
size_t tower_bytes(const struct pass *p, size_t rows, size_t patches, size_t longest_span);

/* ---- connector.c ---- */

/* y = out(act(in(norm x))), the norm and the second product where they are. */
int connector_run(struct tensor y, const struct pass *p, const struct connector *c, struct tensor x,
                  struct err *e);
size_t connector_bytes(const struct pass *p, const struct connector *c, size_t rows);

/* ---- decoder.c ---- */

struct features {                 /* what a picture gives the language model */
    struct tensor rows;           /* [image tokens, text.hidden] */
    struct tensor deep[DEEP_MAX]; /* added to those rows behind the decoder's first layers */
    size_t n_deep;
};

void features_release(struct features *f, const struct ops *o); /* zeroed is fine */

struct places { /* of a tree's tokens; axes may be the same array */
    uint32_t *axis[ROPE_AXES];
};

struct decoder_picture {
    uint32_t first_token; /* in the tree, where its tokens begin */
    size_t features;      /* rows of it, behind those of the pictures before */
};

struct decoder_input {
    const struct tree *tree;
    const struct places *places;
    const struct features *features;
    /* The k-th image token of a path stands for row k of its picture. */
    const struct decoder_picture *pictures;
    size_t n_pictures;
    const uint32_t *rows; /* the tokens whose hidden states are wanted, rising */
    size_t n_rows;
};

/* The language model over a tree: normed hidden states in out[n_rows, text.hidden]. */
int decoder_run(struct tensor out, const struct pass *p, const struct decoder_input *in,
                struct err *e);
/* Of a tree of n tokens, without `out`. */
size_t decoder_bytes(const struct pass *p, size_t n, size_t height);

#endif
