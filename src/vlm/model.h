/* SPDX-License-Identifier: MIT
 *
 * model.h - a model's tensors in their places, each with the shape that config.json says.
 * Private to vlm/.
 */
#ifndef ASSENT_VLM_MODEL_H
#define ASSENT_VLM_MODEL_H

#include "vlm/config.h"
#include "vlm/ops.h"
#include "vlm/weights.h"

struct linear {
    struct matrix w;
    const float *bias; /* NULL: none */
};

struct norm {
    const float *weight, *bias; /* bias NULL for an RMSNorm */
};

struct vision_block {
    struct norm norm1, norm2;
    struct linear q, k, v, out, fc1, fc2;
};

struct text_layer {
    struct norm norm1, norm2;
    struct linear q, k, v, o, gate, up, down;
};

struct model {
    struct model_config config;
    struct prep_config prep;
    struct weights *weights;
    struct arena arena; /* what is small is widened to float32 */

    const float *class_embedding;    /* [vision.hidden] */
    struct matrix patch_embedding;   /* [vision.hidden, 3 * patch * patch] */
    const float *position_embedding; /* [1 + grid * grid, vision.hidden] */
    struct norm pre_norm;
    struct vision_block *blocks; /* vision_blocks of them: those that run */
    struct linear projector[2];
    const float *newline;    /* [text.hidden]: behind every row of the map */
    struct matrix embedding; /* [text.vocab, text.hidden] */
    struct text_layer *layers;
    struct norm final_norm;
    struct matrix head;     /* [text.vocab, text.hidden] */
    const float *frequency; /* of RoPE, [head_dim / 2] */
};

/* Opens a folder. Every tensor that is missing, extra or misshapen is named in a warning; the error
 * is about the first. */
int model_open(struct model **out, const char *dir, const struct events *ev, struct err *e);
void model_close(struct model *m); /* NULL is fine */

/* The first tensor that holds a NaN or an infinity, or NULL. Reads all weights. */
const struct tensor *model_find_broken(const struct model *m);

/* ---- what it takes ---- */

struct model_cost {
    double vision, projector, linear, attention, head; /* FLOP, a multiply-add being 2 */
    double total;
};

/* Of one image of `tiles` elements and `image_tokens` tokens, `used` of them projected, in a tree
 * of n tokens with `pairs` query-key pairs, logits read at n_rows of them. */
struct model_cost model_cost(const struct model_config *c, size_t tiles, size_t used, size_t n,
                             double pairs, size_t n_rows, size_t height);

#endif
