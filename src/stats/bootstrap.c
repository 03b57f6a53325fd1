/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"

#include <stdlib.h>
#include <string.h>

enum { PLANES = 8 }; /* an image drawn 256 times does not happen: p < 1e-500 at one draw an image */

struct bootstrap {
    size_t n, words;
    uint64_t state;
    uint8_t *times; /* [words * 64] how often an image was drawn */
    uint64_t *planes[PLANES];
    size_t n_planes; /* those that hold anything */
    uint64_t (*count)(const struct bootstrap *b, const uint64_t *set);
};

static inline __attribute__((always_inline)) uint64_t count_set(const struct bootstrap *b,
                                                                const uint64_t *set)
{
    uint64_t total = 0;

    for (size_t p = 0; p < b->n_planes; p++) {
        const uint64_t *plane = b->planes[p];
        uint64_t sum = 0;

        for (size_t w = 0; w < b->words; w++)
            sum += (uint64_t)__builtin_popcountll(plane[w] & set[w]);
        total += sum << p;
    }
    return total;
}

static uint64_t count_plain(const struct bootstrap *b, const uint64_t *set)
{
    return count_set(b, set);
}

#if defined(__x86_64__)
/* every x86-64 processor since 2008 counts bits in one instruction, but the compiler may not assume
 * one */
__attribute__((target("popcnt"))) static uint64_t count_popcnt(const struct bootstrap *b,
                                                               const uint64_t *set)
{
    return count_set(b, set);
}
#endif

size_t bootstrap_words(size_t n_images)
{
    return (n_images + 63) / 64;
}

int bootstrap_new(struct bootstrap **out, size_t n_images, uint64_t seed, struct err *e)
{
    struct bootstrap *b = mem_new(1, sizeof(*b), e);

    *out = NULL;
    if (!b)
        return ERR_NOMEM;
    if (n_images > UINT32_MAX) {
        free(b);
        return err_set(e, ERR_LIMIT, "too many images for the bootstrap: %zu", n_images);
    }
    b->n = n_images;
    b->words = bootstrap_words(n_images);
    b->state = seed;
    b->count = count_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt"))
        b->count = count_popcnt;
#endif
    b->times = mem_new(b->words, 64, e);
    for (size_t p = 0; b->times && p < PLANES; p++) {
        b->planes[p] = mem_new(b->words, sizeof(uint64_t), e);
        if (!b->planes[p])
            break;
    }
    if (!b->times || !b->planes[PLANES - 1]) {
        bootstrap_free(b);
        return ERR_NOMEM;
    }
    *out = b;
    return 0;
}

void bootstrap_free(struct bootstrap *b)
{
    if (!b)
        return;
    for (size_t p = 0; p < PLANES; p++)
        free(b->planes[p]);
    free(b->times);
    free(b);
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Adds one draw out of n from 32 random bits, unbiased (Lemire 2019); false: the bits must be drawn
 * again. */
static inline bool draw_one(uint8_t *times, uint32_t n, uint32_t threshold, uint32_t bits)
{
    uint64_t product = (uint64_t)bits * n;

    if ((uint32_t)product < threshold)
        return false;
    times[product >> 32]++;
    return true;
}

static void draw_images(struct bootstrap *b)
{
    uint32_t n = (uint32_t)b->n;
    uint32_t threshold = n > 0 ? (uint32_t)(-n) % n : 0;
    size_t left = b->n;

    memset(b->times, 0, b->words * 64);
    while (left > 0) {
        uint64_t bits = next_random(&b->state);

        left -= draw_one(b->times, n, threshold, (uint32_t)bits);
        if (left > 0)
            left -= draw_one(b->times, n, threshold, (uint32_t)(bits >> 32));
    }
}

/* Bit p of each of 8 bytes, as 8 bits: the multiplication moves byte i's bit to bit 56 + i. */
static uint64_t gather_bits(uint64_t bytes, size_t p)
{
    return (((bytes >> p) & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

void bootstrap_draw(struct bootstrap *b)
{
    uint64_t any = 0;

    draw_images(b);
    for (size_t w = 0; w < b->words; w++) {
        uint64_t bits[PLANES] = { 0 };

        for (size_t byte = 0; byte < 64; byte += 8) {
            uint64_t eight;

            memcpy(&eight, b->times + w * 64 + byte, 8);
            any |= eight;
            for (size_t p = 0; p < 4; p++)
                bits[p] |= gather_bits(eight, p) << byte;
            if (eight & 0xf0f0f0f0f0f0f0f0u)
                for (size_t p = 4; p < PLANES; p++)
                    bits[p] |= gather_bits(eight, p) << byte;
        }
        for (size_t p = 0; p < PLANES; p++)
            b->planes[p][w] = bits[p];
    }
    for (b->n_planes = PLANES; b->n_planes > 0; b->n_planes--)
        if (any & (0x0101010101010101u << (b->n_planes - 1)))
            break;
}

uint64_t bootstrap_count(const struct bootstrap *b, const uint64_t *set)
{
    return b->count(b, set);
}
