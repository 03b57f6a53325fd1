/* SPDX-License-Identifier: MIT
 *
 * random.h - numbers that follow from a seed, and secrets that follow from nothing.
 */
#ifndef ASSENT_BASE_RANDOM_H
#define ASSENT_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The next 64 bits: SplitMix64 (Steele, Lea, Flood 2014). The state begins as the seed. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number below n > 0, each with one probability (Lemire 2019). */
uint64_t random_below(uint64_t *state, uint64_t n);

/* 256 bits that nobody can guess, as text; SECRET_SHORT: the first 128 of them. */
enum { SECRET_TEXT = 65, SECRET_SHORT = 33 };
int secret_make(char out[SECRET_TEXT], struct err *e);
/* Are two texts equal? Takes the same time whatever they hold. */
bool secret_equal(const char *a, const char *b);

#endif
