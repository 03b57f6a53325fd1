/* SPDX-License-Identifier: MIT
 *
 * ops.h - the arithmetic of the engine: one table of operations, implemented twice. Private to
 * vlm/.
 *
 * ops_ref.c is plain C and the specification; ops_dnnl.c is oneDNN. Activations are float32,
 * row-major, one token a row. Operations that need memory say so by ERR_NOMEM; those that return
 * nothing cannot fail.
 */
#ifndef ASSENT_VLM_OPS_H
#define ASSENT_VLM_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "vlm/config.h"
#include "vlm/tree.h"
#include "vlm/weights.h"

/* Of what matrix products take: F32, or BF16 with float32 accumulation (the rest stays float32). */
enum precision { PRECISION_F32, PRECISION_BF16 };

struct matrix { /* [rows, cols] as stored: y = x W^T has `rows` outputs */
    const void *data;
    enum dtype dtype;
    size_t rows, cols;
};

struct attended { /* what attention reads, and where its result goes */
    float *y;
    const float *q, *k, *v;
};

struct image_attention {
    size_t images, n; /* rows an image */
    size_t heads, head_dim;
};

struct attention { /* of a tree */
    size_t heads, kv_heads, head_dim;
    uint32_t window;      /* tokens that a token sees, itself among them; 0: all its ancestors */
    const uint32_t *rows; /* the tokens that ask, rising */
    size_t n_rows;
    const struct tree *tree; /* keys and values are those of all its tokens */
};

struct ops {
    const char *name;
    enum precision precision;
    bool narrow;                 /* one thread is enough: see enter */
    const struct events *events; /* of the pass: matrix products ask whether it shall end */

    /* Around a pass. A narrow model's products are over before a second thread has woken, and on a
     * busy machine threads that wait for each other cost many times the work. leave takes what
     * enter gave. */
    int (*enter)(const struct ops *o);
    void (*leave)(int threads);

    /* y[n, rows] = x[n, cols] W^T + bias[rows]; bias may be NULL. ERR_INTERRUPTED: it shall end. */
    int (*linear)(const struct ops *o, float *y, const float *x, size_t n, const struct matrix *w,
                  const float *bias, struct err *e);
    /* The memory that takes beside its arguments, where n > 0. */
    size_t (*linear_bytes)(const struct ops *o, size_t n, const struct matrix *w);
    /* y[n, cols] = the rows ids[0..n) of a matrix. */
    void (*lookup)(float *y, const struct matrix *w, const uint32_t *ids, size_t n);
    /* y = (x - mean) / sqrt(variance + eps) * weight + bias, by row of `size` numbers. */
    void (*layer_norm)(float *y, const float *x, size_t n, size_t size, const float *weight,
                       const float *bias, double eps);
    /* y = x / sqrt(mean of squares + eps) * weight, by row. */
    void (*rms_norm)(float *y, const float *x, size_t n, size_t size, const float *weight,
                     double eps);
    /* Rotary positions in place, on rows of `heads` heads: pairs are (i, i + head_dim / 2), turned
     * by depth[row] * frequency[i]. */
    void (*rope)(float *x, size_t n, size_t heads, size_t head_dim, const uint32_t *depth,
                 const float *frequency);
    /* Every row of an image sees every row of that image: q, k, v, y are [images * n, heads *
     * head_dim]. */
    int (*attend_image)(const struct ops *o, const struct attended *x,
                        const struct image_attention *a, struct err *e);
    /* y and q are [n_rows, heads * head_dim], k and v [tree->n, kv_heads * head_dim]. Head h of q
     * reads head h / (heads / kv_heads) of k and v. */
    int (*attend_tree)(const struct ops *o, const struct attended *x, const struct attention *a,
                       struct err *e);
    /* The memory that attention takes beside its arguments: `columns` are the rows of an image, the
     * height of a tree. Between enter and leave. */
    size_t (*attend_bytes)(const struct ops *o, size_t columns);
    void (*activate)(float *x, size_t n, enum activation act);
    void (*gate)(float *x, const float *up, size_t n); /* x = silu(x) * up */
    void (*add)(float *x, const float *y, size_t n);   /* x = x + y */
};

enum ops_kind { OPS_REF, OPS_DNNL };

/* A table, free() it. */
int ops_new(struct ops **out, enum ops_kind kind, enum precision precision, struct err *e);
void ops_ref(struct ops *o);
void ops_dnnl(struct ops *o);

#endif
