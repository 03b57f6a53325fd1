/* SPDX-License-Identifier: MIT
 *
 * bind.h - tensors of the files taken into their places, each once, by name and shape. What does
 * not fit is noted, and taking goes on. Private to vlm/.
 */
#ifndef ASSENT_VLM_BIND_H
#define ASSENT_VLM_BIND_H

#include "vlm/model.h"

/* What has been asked of the weights so far. */
struct binder {
    struct model *m;
    bool *taken; /* by tensor */
    size_t problems;
    const struct events *events;
    struct err *e; /* of the first problem */
};

/* The tensor of this name and shape, or NULL where that is a problem. */
const struct weight *take(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape);
/* It is there, or not, and never used; so are all whose names begin with a prefix. */
void take_unused(struct binder *b, const char *prefix);
bool binder_has(const struct binder *b, const char *name);

/* Widened: for the table of operations, [1, n], [rows, cols], and [rows, the last of the shape];
 * for the program. */
struct tensor take_row(struct binder *b, const char *name, uint64_t n);
struct tensor take_tensor(struct binder *b, const char *name, uint64_t rows, uint64_t cols);
struct tensor take_shaped(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape);
const float *take_floats(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape);

/* For products, in the form they are stored in: a matrix; the matrix that a convolution with a
 * stride of its own size is, of shape [rows, ..]; numbers of the binder's own. */
struct matrix take_matrix(struct binder *b, const char *name, uint64_t rows, uint64_t cols);
struct matrix take_patches(struct binder *b, const char *name, uint32_t rank,
                           const uint64_t *shape);
struct matrix take_made(struct binder *b, const float *numbers, uint64_t rows, uint64_t cols);

/* PREFIX NAME .weight and .bias. */
struct linear take_linear(struct binder *b, const char *prefix, const char *name, uint64_t rows,
                          uint64_t cols, bool bias);
struct norm take_norm(struct binder *b, const char *prefix, const char *name, uint64_t size,
                      bool bias);
/* Three linears stored as one, its rows q's, then k's, then v's: views. */
void take_fused(struct binder *b, const char *prefix, const char *name, uint64_t size, bool bias,
                struct linear *const out[3]);

/* What is left over. */
void check_extra(struct binder *b);

#endif
