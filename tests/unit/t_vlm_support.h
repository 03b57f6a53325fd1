/* SPDX-License-Identifier: MIT */
/*
 * t_vlm_support.h - what the tests of the engine share: parts of messages, changed texts, numbers
 * without pattern, prompts that begin alike, .npy files, the pictures that tools/oracle/models.py
 * asks about.
 */
#ifndef TESTS_UNIT_T_VLM_SUPPORT_H
#define TESTS_UNIT_T_VLM_SUPPORT_H

#include "support.h"

#include "image/image.h"
#include "vlm/tree.h"
#include "vlm/vlm.h"

/* ---- messages ---- */

static inline bool err_says(const struct err *e, const char *part)
{
    return strstr(e->what, part) || strstr(e->where, part) || strstr(e->got, part) ||
           strstr(e->expected, part) || strstr(e->hint, part);
}

/* The call failed with this code, and its message has these parts (NULL: no more). */
static inline void assert_says_at(const char *row, int rc, const struct err *e, enum err_code code,
                                  const char *const *parts, size_t n, const char *file, int line)
{
    if (rc >= 0)
        fail_row_at(row, file, line, "returned %d, no error", rc);
    if (rc != (int)code || e->code != code)
        fail_row_at(row, file, line, "returned %d, code %d: %s: %s", rc, (int)e->code, e->where,
                    e->what);
    for (size_t i = 0; i < n; i++)
        if (parts[i] && !err_says(e, parts[i]))
            fail_row_at(row, file, line, "'%s' is not in: %s: %s: got %s, expected %s (%s)",
                        parts[i], e->where, e->what, e->got, e->expected, e->hint);
}

#define assert_says(row, rc, e, code, ...)                                 \
    assert_says_at(row, rc, e, code, (const char *const[]){ __VA_ARGS__ }, \
                   COUNT(((const char *const[]){ __VA_ARGS__ })), __FILE__, __LINE__)

/* ---- texts ---- */

/* text with the first `from` in it replaced; free() it. */
static inline char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t len = strlen(text) - strlen(from) + strlen(to) + 1;
    char *out = malloc(len);

    if (!at || !out)
        fail_msg("'%s' is not in the text", from);
    else
        snprintf(out, len, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

/* ---- numbers ---- */

/* SplitMix64 (Steele, Lea and Flood 2014), to a float in [-1, 1). */
static inline float next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (float)((double)((z ^ z >> 31) >> 11) * 0x1p-52 - 1);
}

static inline float *random_numbers(size_t n, uint64_t *state)
{
    float *x = malloc(n * sizeof(*x) + 1);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = next_number(state);
    return x;
}

/* |a - b| / |b|, Euclidean; NaN where a number is one. */
static inline double distance(const float *a, const float *b, size_t n)
{
    double difference = 0, norm = 0;

    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference) / sqrt(norm > 0 ? norm : 1);
}

/* ---- prompts ---- */

enum { PROMPT_LENGTH = 40 }; /* at most */

struct forest { /* prompts that share beginnings of random lengths */
    struct prompt *prompts;
    uint32_t *ids;
    size_t n;
};

static inline size_t number_below(uint64_t *state, size_t n)
{
    return (size_t)(((double)next_number(state) + 1) / 2 * (double)n) % n;
}

/* Prompt i begins as an earlier one does, for a random number of tokens. free_forest
 * it. */
static inline struct forest make_forest(size_t n, size_t common, uint64_t *state)
{
    struct forest f = { malloc(n * sizeof(*f.prompts) + 1),
                        malloc(n * PROMPT_LENGTH * sizeof(*f.ids) + 1), n };

    assert_true(f.prompts && f.ids);
    for (size_t i = 0; i < n; i++) {
        uint32_t *ids = f.ids + i * PROMPT_LENGTH;
        size_t length = common + 1 + number_below(state, PROMPT_LENGTH - common);
        size_t shared = i == 0 ? 0 : common + number_below(state, PROMPT_LENGTH - common);
        const struct prompt *earlier = i == 0 ? NULL : &f.prompts[number_below(state, i)];

        if (earlier && shared > earlier->n)
            shared = earlier->n;
        for (size_t k = 0; k < length; k++)
            ids[k] = earlier && k < shared ? earlier->ids[k] : (uint32_t)number_below(state, 9);
        f.prompts[i] = (struct prompt){ ids, length };
    }
    return f;
}

static inline void free_forest(struct forest *f)
{
    free(f->prompts);
    free(f->ids);
}

/* ---- .npy ---- */

/* Of float32 or int64, in C order. */
struct array {
    void *data;
    size_t rows, width, n; /* [rows, ..]: width numbers a row */
    bool whole;            /* int64 */
};

static inline size_t read_shape_of(const char *header, struct array *a)
{
    const char *at = strstr(header, "'shape': (");
    size_t rank = 0;

    assert_non_null(at);
    a->n = 1;
    for (at += strlen("'shape': ("); *at >= '0' && *at <= '9'; rank++) {
        char *end;
        size_t side = strtoul(at, &end, 10);

        a->rows = rank == 0 ? side : a->rows;
        a->n *= side;
        at = end + strspn(end, ", ");
    }
    a->width = a->rows ? a->n / a->rows : 0;
    return rank;
}

/* free(a->data). */
static inline struct array load_array(const char *path)
{
    struct array a = { 0 };
    struct err e;
    char *text, header[1024];
    size_t len, begin;

    assert_ok(file_read(path, 64 << 20, &text, &len, &e), &e);
    assert_true(len > 10 && memcmp(text, "\x93NUMPY\x01\x00", 8) == 0);
    begin = 10 + (size_t)((unsigned char)text[8] | (unsigned char)text[9] << 8);
    assert_int_equal(begin % 64, 0);
    snprintf(header, sizeof(header), "%.*s", (int)(begin - 10), text + 10);
    assert_contains(header, "'fortran_order': False");
    a.whole = strstr(header, "'<i8'") != NULL;
    assert_true(a.whole || strstr(header, "'<f4'"));
    read_shape_of(header, &a);
    assert_int_equal(len - begin, a.n * (a.whole ? 8 : 4));
    a.data = malloc(len - begin + 1);
    assert_non_null(a.data);
    memcpy(a.data, text + begin, len - begin);
    free(text);
    return a;
}

/* ---- pictures ---- */

/* picture() of tools/oracle/models.py; image_release it. */
static inline struct image make_picture(uint32_t width, uint32_t height)
{
    struct image image = { width, height, malloc((size_t)width * height * 3) };
    uint8_t *at = image.rgb;

    assert_non_null(at);
    for (uint64_t y = 0; y < height; y++)
        for (uint64_t x = 0; x < width; x++)
            for (uint64_t c = 0; c < 3; c++)
                *at++ = (uint8_t)((x * 7 + y * 13 + c * 31) * (x + 3 * y + 1));
    return image;
}

/* ---- models ---- */

/* A fixture, in float32 where o is NULL. */
static inline struct vlm *open_model(const char *model, const struct vlm_options *o)
{
    static const struct vlm_options usual = { .dtype = "f32" };
    char *folder = data_path("vlm", model);
    struct vlm *v;
    struct err e;

    assert_ok(vlm_open(&v, folder, o ? o : &usual, &e), &e);
    free(folder);
    return v;
}

static inline struct vlm_prompts *make_prompts(const struct vlm *v, const struct vlm_question *q,
                                               size_t n)
{
    struct vlm_prompts *p;
    struct err e;

    assert_ok(vlm_prompts_new(&p, v, q, n, &e), &e);
    return p;
}

/* Answers about one small picture, with logits. */
static inline struct vlm_answers ask(struct vlm *v, const struct vlm_prompts *p, bool one_by_one)
{
    struct vlm_how how = { .one_by_one = one_by_one, .logits = true };
    struct image image = make_picture(37, 23);
    struct vlm_answers a;
    struct err e;

    assert_ok(vlm_ask(v, p, &image, &how, &a, &e), &e);
    free(image.rgb);
    return a;
}

static inline struct vlm_answers ask_questions(struct vlm *v, const struct vlm_question *q,
                                               size_t n, bool one_by_one)
{
    struct vlm_prompts *p = make_prompts(v, q, n);
    struct vlm_answers a = ask(v, p, one_by_one);

    vlm_prompts_free(p);
    return a;
}

#endif
