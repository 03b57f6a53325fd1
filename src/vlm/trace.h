/* SPDX-License-Identifier: MIT
 *
 * trace.h - the stages of one pass, written as .npy files for comparison.
 */
#ifndef ASSENT_VLM_TRACE_H
#define ASSENT_VLM_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"

struct trace {
    const char *dir; /* an existing folder, borrowed */
};

/* DIR/NAME.npy, float32 little-endian. Does nothing where t is NULL. */
int trace_floats(const struct trace *t, const char *name, const float *x, size_t rank,
                 const size_t *shape, struct err *e);
/* The same as int64. */
int trace_ids(const struct trace *t, const char *name, const uint32_t *x, size_t n, struct err *e);

/* The header of a .npy file (format 1.0) of little-endian numbers of this type ("<f4"). */
int npy_header(FILE *out, const char *type, size_t rank, const size_t *shape, struct err *e);

#endif
