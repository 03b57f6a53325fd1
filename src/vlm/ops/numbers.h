/* SPDX-License-Identifier: MIT
 *
 * numbers.h - stored numbers: half-precision numbers to float32 and back, without a processor that
 * has them. Private to vlm/.
 */
#ifndef ASSENT_VLM_NUMBERS_H
#define ASSENT_VLM_NUMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum dtype { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };
const char *dtype_name(enum dtype t); /* "f32", ... */
size_t dtype_size(enum dtype t);

static inline float number_of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline uint32_t number_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline float number_from_bf16(uint16_t h)
{
    return number_of_bits((uint32_t)h << 16);
}

/* To nearest, ties to even; a NaN stays one. */
static inline uint16_t number_to_bf16(float x)
{
    uint32_t bits = number_bits(x);

    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Exponent and fraction moved into place are the number times 2^-112, subnormals too; the largest
 * exponent stands for infinity and NaN in both. */
static inline float number_from_f16(uint16_t h)
{
    uint32_t rest = (uint32_t)(h & 0x7fff) << 13;
    float x = number_of_bits(rest) * 0x1p112f;
    uint32_t special = (h & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;

    return number_of_bits(number_bits(x) | special | (uint32_t)(h & 0x8000) << 16);
}

/* Element i of stored numbers, which are aligned for nothing. */
static inline float number_at(const void *data, enum dtype dtype, size_t i)
{
    uint16_t half;
    float x;

    if (dtype == DTYPE_F32) {
        memcpy(&x, (const char *)data + 4 * i, sizeof(x));
        return x;
    }
    memcpy(&half, (const char *)data + 2 * i, sizeof(half));
    return dtype == DTYPE_F16 ? number_from_f16(half) : number_from_bf16(half);
}

#endif
