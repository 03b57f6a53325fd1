/* SPDX-License-Identifier: MIT
 *
 * model.h - a model's tensors in their places, each with the shape that config.json says.
 * Private to vlm/.
 */
#ifndef ASSENT_VLM_MODEL_H
#define ASSENT_VLM_MODEL_H

#include "vlm/config.h"
#include "vlm/ops/ops.h"
#include "vlm/weights.h"

struct linear {
    struct matrix w;
    struct tensor bias; /* [1, w.rows], or none */
};

struct norm {
    struct tensor weight, bias; /* no bias: an RMSNorm */
};

struct tower_block {
    struct norm norm1, norm2, q_norm, k_norm;
    struct linear q, k, v, out, gate, fc1, fc2; /* gate: of a gated MLP */
    struct tensor scale1, scale2;               /* of what is added to the rows, or none */
};

struct tower {
    struct tensor class_embedding; /* [1, hidden] */
    struct linear patch;           /* [hidden, values of a patch] */
    struct tensor position;        /* [rows of a picture, hidden] */
    const float *table;            /* in its place: positions to be resampled */
    struct norm pre_norm, post_norm;
    struct tower_block *blocks; /* vision.blocks of them: those that run */
};

struct connector {
    struct norm norm; /* or none */
    double eps;       /* of it */
    struct linear in, out;
    enum activation act;
};

struct text_layer {
    struct norm norm1, norm2, q_norm, k_norm;
    struct linear q, k, v, o, gate, up, down;
};

enum { DEEP_MAX = 8 };

struct model {
    struct model_config config;
    struct weights *weights;
    const struct ops *ops; /* that its tensors are of */
    struct arena arena;
    struct tensor *kept; /* what was widened to float32: is small */
    size_t n_kept, cap_kept;
    struct matrix *prepared;
    size_t n_prepared, cap_prepared;

    struct tower tower;
    struct connector connector, deep[DEEP_MAX];
    size_t n_deep;
    struct tensor newline;   /* [1, text.hidden]: behind every row of the map */
    struct matrix embedding; /* [text.vocab, text.hidden] */
    struct text_layer *layers;
    struct norm final_norm;
    struct matrix head;     /* [text.vocab, text.hidden] */
    const float *frequency; /* of RoPE, [head_dim / 2] */
    const uint8_t *axis_of; /* of each of those pairs; NULL: one axis */
};

/* Opens a folder for a table of operations, which stays the caller's. Every tensor that is missing,
 * extra or misshapen is named in a warning; the error is about the first. */
struct vlm_options;
int model_open(struct model **out, const char *dir, const struct ops *o,
               const struct vlm_options *options, struct err *e);
void model_close(struct model *m); /* NULL is fine */

/* What the user chose of how pictures are prepared takes effect. ERR_ARG: this model cannot. */
struct vlm_pictures;
int model_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e);

/* The first tensor that holds a NaN or an infinity, or NULL. Reads all weights. */
const struct weight *model_find_broken(const struct model *m);

/* ---- what it takes ---- */

struct model_cost {
    double vision, projector, linear, attention, head; /* FLOP, a multiply-add being 2 */
    double total;
};

/* The language model's part of a pass. */
struct text_work {
    size_t tokens, rows, height; /* of the tree, of them read, of the longest prompt */
    double pairs;                /* of query and key */
};

struct layout;
struct model_cost model_cost(const struct model_config *c, const struct layout *l,
                             const struct text_work *w);

#endif
