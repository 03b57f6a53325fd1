/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* How often an image was drawn is cut into three bit planes and a rest: the few images drawn 8
 * times or more (one in 100 000) are listed with their times above the planes'. */
enum { PLANES = 3, IN_PLANES = (1 << PLANES) - 1 };

struct heavy {
    size_t image;
    uint64_t times; /* a multiple of 8 */
};

struct bootstrap {
    size_t n, words;
    uint64_t state;
    uint8_t *times;      /* [words * 64] how often an image was drawn: 256 times does not happen */
    uint64_t *planes;    /* [PLANES][words] bit p of 64 images' times */
    struct heavy *heavy; /* [n / 8 + 1]: n draws make no more */
    size_t n_heavy;
    uint64_t (*count)(const uint64_t *planes, const uint64_t *set, size_t words);
};

/* The sum over the set's images of what the planes hold. */
static inline __attribute__((always_inline)) uint64_t sum_set(const uint64_t *planes,
                                                              const uint64_t *set, size_t words)
{
    uint64_t sums[PLANES] = { 0 };

    for (size_t w = 0; w < words; w++)
        for (size_t p = 0; p < PLANES; p++)
            sums[p] += (uint64_t)__builtin_popcountll(planes[p * words + w] & set[w]);
    return sums[0] + 2 * sums[1] + 4 * sums[2];
}

static uint64_t count_plain(const uint64_t *planes, const uint64_t *set, size_t words)
{
    return sum_set(planes, set, words);
}

#if defined(__x86_64__)
/* every x86-64 processor since 2008 counts bits in one instruction, but the compiler may not assume
 * one */
__attribute__((target("popcnt"))) static uint64_t count_popcnt(const uint64_t *planes,
                                                               const uint64_t *set, size_t words)
{
    return sum_set(planes, set, words);
}

/* newer ones those of eight words: a third of the time */
__attribute__((target("avx512f,avx512vpopcntdq"))) static uint64_t count_wide(
    const uint64_t *planes, const uint64_t *set, size_t words)
{
    __m512i sums[PLANES];
    uint64_t sum = 0;

    for (size_t p = 0; p < PLANES; p++)
        sums[p] = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w += 8) {
        __mmask8 there = (__mmask8)(words - w < 8 ? (1u << (words - w)) - 1 : 0xff);
        __m512i in = _mm512_maskz_loadu_epi64(there, set + w);

        for (size_t p = 0; p < PLANES; p++) {
            __m512i plane = _mm512_maskz_loadu_epi64(there, planes + p * words + w);

            sums[p] = _mm512_add_epi64(sums[p], _mm512_popcnt_epi64(_mm512_and_si512(plane, in)));
        }
    }
    for (size_t p = 0; p < PLANES; p++)
        sum += (uint64_t)_mm512_reduce_add_epi64(sums[p]) << p;
    return sum;
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
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        b->count = count_wide;
#endif
    b->times = mem_new(b->words, 64, e);
    b->planes = mem_new(b->words, PLANES * sizeof(uint64_t), e);
    b->heavy = mem_new(n_images / (IN_PLANES + 1) + 1, sizeof(*b->heavy), e);
    if (!b->times || !b->planes || !b->heavy) {
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
    free(b->planes);
    free(b->times);
    free(b->heavy);
    free(b);
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
        uint64_t bits = random_next(&b->state);

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

/* Fills the planes of word w's 64 images, and says whether any was drawn more often than they hold.
 */
static bool slice(struct bootstrap *b, size_t w)
{
    uint64_t any = 0, planes[PLANES] = { 0 };

    for (size_t byte = 0; byte < 64; byte += 8) {
        uint64_t eight;

        memcpy(&eight, b->times + w * 64 + byte,
               sizeof(eight)); /* little-endian: byte i is bit 8 i */
        any |= eight;
        for (size_t p = 0; p < PLANES; p++)
            planes[p] |= gather_bits(eight, p) << byte;
    }
    for (size_t p = 0; p < PLANES; p++)
        b->planes[p * b->words + w] = planes[p];
    return (any & ~(0x0101010101010101u * IN_PLANES)) != 0;
}

static void list_heavy(struct bootstrap *b, size_t first)
{
    for (size_t i = first; i < first + 64; i++)
        if (b->times[i] > IN_PLANES)
            b->heavy[b->n_heavy++] = (struct heavy){ i, b->times[i] & ~(uint64_t)IN_PLANES };
}

void bootstrap_draw(struct bootstrap *b)
{
    draw_images(b);
    b->n_heavy = 0;
    for (size_t w = 0; w < b->words; w++)
        if (slice(b, w))
            list_heavy(b, w * 64);
}

uint64_t bootstrap_count(const struct bootstrap *b, const uint64_t *set)
{
    uint64_t count = b->count(b->planes, set, b->words);

    for (size_t i = 0; i < b->n_heavy; i++)
        if (set[b->heavy[i].image / 64] >> (b->heavy[i].image % 64) & 1)
            count += b->heavy[i].times;
    return count;
}
