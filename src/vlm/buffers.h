/* SPDX-License-Identifier: MIT
 *
 * buffers.h - the memory of a pass as a list, which is taken, given back and told by the same
 * lines. Private to vlm/.
 */
#ifndef ASSENT_VLM_BUFFERS_H
#define ASSENT_VLM_BUFFERS_H

#include <stddef.h>

#include "base/base.h"
#include "vlm/ops/ops.h"

struct buffer {
    struct tensor *at;
    size_t rows, cols;
};

/* A failed call leaves some of them taken: buffers_free follows anyway. */
int buffers_new(const struct ops *o, const struct buffer *list, size_t n, struct err *e);
void buffers_free(const struct ops *o, const struct buffer *list, size_t n);
size_t buffers_bytes(const struct buffer *list, size_t n);

static inline size_t tensor_bytes(size_t rows, size_t cols)
{
    return rows * cols * sizeof(float);
}

static inline size_t larger_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
