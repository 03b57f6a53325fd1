/* SPDX-License-Identifier: MIT
 *
 * vector.h - loops over float32 numbers, each compiled for several processors. Threads are the
 * caller's. Private to vlm/.
 */
#ifndef ASSENT_VLM_VECTOR_H
#define ASSENT_VLM_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "vlm/ops/ops.h"

/* ---- stored numbers ---- */

void vector_from_f16(float *y, const uint16_t *x, size_t n);
void vector_from_bf16(float *y, const uint16_t *x, size_t n);
void vector_round_bf16(float *y, const float *x, size_t n); /* y may be x */

/* ---- a row: y may be x, and weight and bias have a number for each of its own ---- */

struct vector_norm {
    const float *weight, *bias; /* an RMSNorm has no bias */
    double eps;
};

void vector_layer_norm(float *y, const float *x, size_t n, const struct vector_norm *norm);
void vector_rms_norm(float *y, const float *x, size_t n, const struct vector_norm *norm);
/* Softmax of scale * x over [from, to); zeros in the rest of [0, all). */
void vector_softmax(float *x, size_t from, size_t to, size_t all, float scale);
/* n pairs (a, b), each turned by the angle of this cosine and sine. */
void vector_turn(float *a, float *b, const float *cosines, const float *sines, size_t n);

/* ---- number by number ---- */

void vector_add(float *x, const float *y, size_t n);      /* x = x + y */
void vector_multiply(float *x, const float *y, size_t n); /* x = x * y */
void vector_activate(float *x, size_t n, enum activation act);

#endif
