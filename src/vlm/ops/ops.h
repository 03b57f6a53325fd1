/* SPDX-License-Identifier: MIT
 *
 * ops.h - the arithmetic of the engine: one table of operations, implemented twice. Private to
 * vlm/.
 *
 * ref.c is plain C, complete, and the specification; another table begins as a copy of it and
 * overrides what it does better (dnnl.c: oneDNN). Activations are float32, row-major, one token a
 * row, and lie where their table keeps them: only read and write copy them from and to the
 * program's memory. Operations that need memory say so by ERR_NOMEM; those that return nothing
 * cannot fail.
 */
#ifndef ASSENT_VLM_OPS_H
#define ASSENT_VLM_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "vlm/ops/numbers.h"
#include "vlm/tree.h"

/* Of what matrix products take: F32, or BF16 with float32 accumulation (the rest stays float32). */
enum precision { PRECISION_F32, PRECISION_BF16 };

enum activation { ACT_GELU, ACT_QUICK_GELU, ACT_GELU_TANH, ACT_SILU, ACT_RELU };

/* ---- what is computed with ---- */

struct tensor { /* [rows, cols]; `at` NULL: none */
    float *at;
    size_t rows, cols;
};

/* Views: the same numbers, released with their owner. */
static inline struct tensor tensor_rows(struct tensor x, size_t first, size_t rows)
{
    return (struct tensor){ x.at + first * x.cols, rows, x.cols };
}

static inline struct tensor tensor_shaped(struct tensor x, size_t rows, size_t cols)
{
    return (struct tensor){ x.at, rows, cols };
}

struct matrix { /* of weights, [rows, cols] as stored: y = x W^T has `rows` outputs */
    const void *data;
    enum dtype dtype;
    size_t rows, cols;
    void *ready; /* what prepare made of it; NULL: it is taken as it is stored */
};

struct row_map { /* row from[i] goes to row to[i]; NULL: i */
    const uint32_t *from, *to;
    size_t n;
};

/* ---- attention ---- */

struct attended { /* what attention reads, and where its result goes */
    struct tensor y, q, k, v;
};

/* Rows in runs: every row of a run sees every row of that run. */
struct span_attention {
    const uint32_t *ends; /* of the runs: the first begins at 0, the last ends at q.rows */
    size_t n;
    size_t heads;
};

static inline size_t longest_span(const struct span_attention *a)
{
    size_t longest = 0, begin = 0;

    for (size_t i = 0; i < a->n; begin = a->ends[i++])
        longest = a->ends[i] - begin > longest ? a->ends[i] - begin : longest;
    return longest;
}

struct tree_attention {
    size_t heads, kv_heads;
    uint32_t window;         /* tokens that a token sees, itself among them; 0: all its ancestors */
    const uint32_t *rows;    /* the tokens that ask, rising: q.rows of them */
    const struct tree *tree; /* keys and values are those of all its tokens */
};

/* ---- the table ---- */

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

    /* Memory for [rows, cols], its numbers undefined; at least one number is taken. Release a
     * tensor that is none, too. */
    int (*alloc)(const struct ops *o, struct tensor *out, size_t rows, size_t cols, struct err *e);
    void (*release)(const struct ops *o, struct tensor *x);
    void (*write)(const struct ops *o, struct tensor y, const float *from); /* all of y */
    void (*read)(const struct ops *o, float *to, struct tensor x);          /* all of x */
    /* y's rows become x's, or have them added. y may be x where `to` is NULL and `from` rises. */
    void (*copy_rows)(struct tensor y, struct tensor x, const struct row_map *m);
    void (*add_rows)(struct tensor y, struct tensor x, const struct row_map *m);

    /* Once for a matrix, before its first product; unprepare gives back what that took. */
    int (*prepare)(const struct ops *o, struct matrix *w, struct err *e);
    void (*unprepare)(const struct ops *o, struct matrix *w);
    /* y[n, w.rows] = x[n, w.cols] W^T + bias[1, w.rows]; the bias may be none. ERR_INTERRUPTED: it
     * shall end. */
    int (*linear)(const struct ops *o, struct tensor y, struct tensor x, const struct matrix *w,
                  struct tensor bias, struct err *e);
    /* The memory that takes beside its arguments, where n > 0 rows go in. */
    size_t (*scratch_bytes)(const struct ops *o, size_t n, const struct matrix *w);
    /* y[n, w.cols] = the rows ids[0..n) of a matrix. */
    void (*lookup)(struct tensor y, const struct matrix *w, const uint32_t *ids);

    /* y = (x - mean) / sqrt(variance + eps) * weight + bias, by row; y may be x. */
    void (*layer_norm)(struct tensor y, struct tensor x, struct tensor weight, struct tensor bias,
                       double eps);
    /* y = x / sqrt(mean of squares + eps) * weight, by row; y may be x. */
    void (*rms_norm)(struct tensor y, struct tensor x, struct tensor weight, double eps);
    /* Rotary positions in place: pairs (i, i + d / 2) of each of a row's heads of d numbers, turned
     * by the angle whose cosine and sine stand in that row, [x.rows, d / 2]. */
    void (*rotate)(struct tensor x, size_t heads, struct tensor cosines, struct tensor sines);

    /* Softmax of q . k / sqrt(head dimension), times v. q, k, v, y are [n, heads * d]. */
    int (*attend_spans)(const struct ops *o, const struct attended *x,
                        const struct span_attention *a, struct err *e);
    /* y and q are [q.rows, heads * d], k and v [tree->n, kv_heads * d]. Head h of q reads head h /
     * (heads / kv_heads) of k and v. */
    int (*attend_tree)(const struct ops *o, const struct attended *x,
                       const struct tree_attention *a, struct err *e);
    /* The memory that attention takes beside its arguments: `columns` are the rows of the longest
     * span, the height of a tree. Between enter and leave. */
    size_t (*attend_bytes)(const struct ops *o, size_t columns);

    void (*activate)(struct tensor x, enum activation act);
    void (*gate)(struct tensor x, struct tensor up, enum activation act); /* x = act(x) * up */
    void (*add)(struct tensor x, struct tensor y);   /* x = x + y, y's rows again where they end */
    void (*scale)(struct tensor x, struct tensor y); /* x = x * y, in the same way */
};

enum ops_kind { OPS_REF, OPS_DNNL };

/* A table, free() it. */
int ops_new(struct ops **out, enum ops_kind kind, enum precision precision, struct err *e);
void ops_ref(struct ops *o);
void ops_dnnl(struct ops *o);

const char *activation_name(enum activation a); /* as config.json has it */

/* What the hungriest of these products takes beside its arguments, n rows going in. */
size_t products_bytes(const struct ops *o, size_t n, const struct matrix *const *list,
                      size_t matrices);

#endif
