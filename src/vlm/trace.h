/* SPDX-License-Identifier: MIT
 *
 * trace.h - the stages of one pass, written as .npy files for comparison. Private to vlm/.
 */
#ifndef ASSENT_VLM_TRACE_H
#define ASSENT_VLM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct trace {
    const char *dir; /* an existing folder, borrowed */
};

/* DIR/NAME.npy, float32. Does nothing where t is NULL. */
int trace_floats(const struct trace *t, const char *name, const float *x, size_t rank,
                 const size_t *shape, struct err *e);
/* The same as int64. */
int trace_ids(const struct trace *t, const char *name, const uint32_t *x, size_t n, struct err *e);

#endif
