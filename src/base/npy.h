/* SPDX-License-Identifier: MIT
 *
 * npy.h - arrays written as .npy files, which numpy.load reads (numpy.lib.format, version 1.0).
 *
 * Numbers are little-endian, the last index fastest.
 */
#ifndef ASSENT_BASE_NPY_H
#define ASSENT_BASE_NPY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum npy_type { NPY_FLOAT32, NPY_INT64 };

/* What comes before the numbers, for who writes them one by one. Write errors are out's to keep. */
int npy_header(FILE *out, enum npy_type type, size_t rank, const size_t *shape, struct err *e);

/* Whole files. */
int npy_write_floats(const char *path, const float *x, size_t rank, const size_t *shape,
                     struct err *e);
int npy_write_ids(const char *path, const uint32_t *x, size_t n, struct err *e); /* as int64 */

#endif
