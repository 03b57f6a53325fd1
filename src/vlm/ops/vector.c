/* SPDX-License-Identifier: MIT */
#include "vlm/ops/vector.h"

#include <math.h>
#include <string.h>

/* Compiled for several processors, chosen when the program starts. Sanitizers run before that
 * choice can. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR
#endif

/* A product and the sum it goes into round once, where the processor does both in one step. */
#if !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

/* e^x, to 2 units in the last place: x = n ln 2 + r, |r| <= ln 2 / 2, and the series of e^r. Below
 * -87 it is e^-87, which is nothing beside the 1 of a softmax's largest; above 88.3 it is infinite.
 * A NaN stays one. */
static inline float exp_vector(float x)
{
    const float shift = 0x1.8p23f; /* adding it leaves no room for a fraction, and n in the bits */
    float shifted, n, r, p;

    x = x < -87.0f ? -87.0f : x > 89.0f ? 89.0f : x;
    shifted = x * 0x1.715476p0f + shift;
    n = shifted - shift;
    r = x - n * 0x1.62e4p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * number_of_bits((number_bits(shifted) + 127) << 23);
}

/* ---- stored numbers ---- */

VECTOR void vector_from_f16(float *y, const uint16_t *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = number_from_f16(x[i]);
}

VECTOR void vector_from_bf16(float *y, const uint16_t *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = number_from_bf16(x[i]);
}

VECTOR void vector_round_bf16(float *y, const float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = number_from_bf16(number_to_bf16(x[i]));
}

/* ---- a row ---- */

VECTOR void vector_layer_norm(float *y, const float *x, size_t n, const struct vector_norm *norm)
{
    const float *weight = norm->weight, *bias = norm->bias;
    double sum = 0, squares = 0;
    float mean, scale;

#pragma omp simd reduction(+ : sum)
    for (size_t c = 0; c < n; c++)
        sum += (double)x[c];
    mean = (float)(sum / (double)n);
#pragma omp simd reduction(+ : squares)
    for (size_t c = 0; c < n; c++)
        squares += (double)((x[c] - mean) * (x[c] - mean));
    scale = (float)(1 / sqrt(squares / (double)n + norm->eps));
#pragma omp simd
    for (size_t c = 0; c < n; c++)
        y[c] = (x[c] - mean) * scale * weight[c] + bias[c];
}

VECTOR void vector_rms_norm(float *y, const float *x, size_t n, const struct vector_norm *norm)
{
    const float *weight = norm->weight;
    double squares = 0;
    float scale;

#pragma omp simd reduction(+ : squares)
    for (size_t c = 0; c < n; c++)
        squares += (double)(x[c] * x[c]);
    scale = (float)(1 / sqrt(squares / (double)n + norm->eps));
#pragma omp simd
    for (size_t c = 0; c < n; c++)
        y[c] = x[c] * scale * weight[c];
}

VECTOR void vector_softmax(float *x, size_t from, size_t to, size_t all, float scale)
{
    float largest = -INFINITY, sum = 0, inverse;

#pragma omp simd reduction(max : largest)
    for (size_t i = from; i < to; i++)
        largest = x[i] > largest ? x[i] : largest;
#pragma omp simd reduction(+ : sum)
    for (size_t i = from; i < to; i++)
        sum += x[i] = exp_vector(scale * (x[i] - largest));
    inverse = 1 / sum;
#pragma omp simd
    for (size_t i = from; i < to; i++)
        x[i] *= inverse;
    memset(x, 0, from * sizeof(*x));
    memset(x + to, 0, (all - to) * sizeof(*x));
}

VECTOR void vector_turn(float *a, float *b, const float *cosines, const float *sines, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float x = a[i], y = b[i];

        a[i] = x * cosines[i] - y * sines[i];
        b[i] = y * cosines[i] + x * sines[i];
    }
}

/* ---- number by number ---- */

VECTOR void vector_add(float *x, const float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

VECTOR void vector_multiply(float *x, const float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] *= y[i];
}

/* x / (1 + e^(-scale x)) */
VECTOR static void sigmoid_times(float *x, size_t n, float scale)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1 + exp_vector(-scale * x[i]));
}

/* (1 + tanh u) / 2 is 1 / (1 + e^-2u). */
VECTOR static void gelu_tanh(float *x, size_t n)
{
    const float scale = 0x1.988454p0f; /* 2 sqrt(2 / pi) */

#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1 + exp_vector(-scale * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
}

/* The normal distribution's share below -a, a >= 0, to 4e-7 of itself (and of the exponent's
 * rounding): e^(-a^2/2) t P(t), t = 1 / (1 + a/4). P is fitted to the least largest error of t P(t)
 * against e^(a^2/2) erfc(a / sqrt 2) / 2. */
static inline float normal_tail(float a)
{
    float t = 1 / (1 + 0.25f * a), p = 0x1.b2b06ap-6f;

    p = p * t - 0x1.4123b2p-3f;
    p = p * t + 0x1.37dbfcp-2f;
    p = p * t - 0x1.b9a97ep-3f;
    p = p * t + 0x1.ab8f00p-3f;
    p = p * t + 0x1.e8f462p-6f;
    p = p * t + 0x1.ac4da8p-4f;
    p = p * t + 0x1.930886p-4f;
    p = p * t + 0x1.98cd04p-4f;
    return exp_vector(-0.5f * a * a) * (t * p);
}

VECTOR static void gelu(float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float tail = normal_tail(x[i] < 0 ? -x[i] : x[i]);

        x[i] *= x[i] < 0 ? tail : 1 - tail;
    }
}

VECTOR static void relu(float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

void vector_activate(float *x, size_t n, enum activation act)
{
    switch (act) {
    case ACT_GELU: gelu(x, n); break;
    case ACT_QUICK_GELU: sigmoid_times(x, n, 1.702f); break;
    case ACT_GELU_TANH: gelu_tanh(x, n); break;
    case ACT_SILU: sigmoid_times(x, n, 1); break;
    case ACT_RELU: relu(x, n); break;
    }
}
