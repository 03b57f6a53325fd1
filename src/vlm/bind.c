/* SPDX-License-Identifier: MIT */
#include "vlm/bind.h"

#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 40, NAME_MAX_LEN = 256, KEPT_MAX = 1 << 20 };

static void problem(struct binder *b, const char *file, const char *name, const char *what,
                    const char *got, const char *expected)
{
    if (b->problems++ == 0) {
        err_set(b->e, ERR_FORMAT, "%s", what);
        err_at(b->e, "%s%stensor %s", file ? file : "", file ? ": " : "", name);
        if (got)
            err_got(b->e, "%s", got);
        if (expected)
            err_expected(b->e, "%s", expected);
    }
    if (b->problems <= WARNINGS_MAX)
        events_say(b->events, EVENT_WARNING, "tensor %s: %s%s%s%s%s", name, what,
                   got ? ": got " : "", got ? got : "", expected ? ", expected " : "",
                   expected ? expected : "");
}

bool binder_has(const struct binder *b, const char *name)
{
    return weights_find(b->m->weights, name) != NULL;
}

const struct weight *take(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape)
{
    const struct weight *t = weights_find(b->m->weights, name);
    char got[160], expected[160];

    weights_shape_text(rank, shape, expected);
    if (!t) {
        problem(b, NULL, name, "this tensor is missing", NULL, expected);
        return NULL;
    }
    b->taken[t - weights_at(b->m->weights, 0)] = true;
    if (t->rank == rank && memcmp(t->shape, shape, rank * sizeof(*shape)) == 0)
        return t;
    problem(b, t->file, name, "this tensor does not fit config.json",
            weights_shape_text(t->rank, t->shape, got), expected);
    return NULL;
}

void take_unused(struct binder *b, const char *prefix)
{
    for (size_t i = 0; i < weights_count(b->m->weights); i++)
        if (strncmp(weights_at(b->m->weights, i)->name, prefix, strlen(prefix)) == 0)
            b->taken[i] = true;
}

/* ---- widened ---- */

static void widen(float *out, const struct weight *t)
{
    for (size_t i = 0; i < t->n; i++)
        out[i] = number_at(t->data, t->dtype, i);
}

const float *take_floats(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape)
{
    const struct weight *t = take(b, name, rank, shape);
    float *x;

    if (!t || b->problems > 0)
        return NULL;
    x = arena_new(&b->m->arena, t->n, sizeof(*x), b->e);
    if (x)
        widen(x, t);
    else
        b->problems++;
    return x;
}

/* The table's, released with the model. */
static struct tensor keep(struct binder *b, const float *numbers, size_t rows, size_t cols)
{
    struct model *m = b->m;
    struct tensor x = { 0 };

    if (mem_grow(&m->kept, &m->cap_kept, m->n_kept + 1, sizeof(*m->kept), KEPT_MAX, b->e) < 0 ||
        m->ops->alloc(m->ops, &x, rows, cols, b->e) < 0) {
        b->problems++;
        return x;
    }
    m->ops->write(m->ops, x, numbers);
    m->kept[m->n_kept++] = x;
    return x;
}

struct tensor take_shaped(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape)
{
    const struct weight *t = take(b, name, rank, shape);
    struct tensor x = { 0 };
    float *wide;

    if (!t || b->problems > 0)
        return x;
    wide = mem_new(t->n, sizeof(*wide), b->e);
    if (!wide) {
        b->problems++;
        return x;
    }
    widen(wide, t);
    x = keep(b, wide, t->n / shape[rank - 1], shape[rank - 1]);
    free(wide);
    return x;
}

struct tensor take_row(struct binder *b, const char *name, uint64_t n)
{
    return take_shaped(b, name, 1, &n);
}

struct tensor take_tensor(struct binder *b, const char *name, uint64_t rows, uint64_t cols)
{
    return take_shaped(b, name, 2, (uint64_t[]){ rows, cols });
}

/* ---- for products ---- */

static struct matrix prepared(struct binder *b, struct matrix w)
{
    struct model *m = b->m;

    if (b->problems > 0)
        return w;
    if (mem_grow(&m->prepared, &m->cap_prepared, m->n_prepared + 1, sizeof(*m->prepared), KEPT_MAX,
                 b->e) < 0 ||
        m->ops->prepare(m->ops, &w, b->e) < 0)
        b->problems++;
    else
        m->prepared[m->n_prepared++] = w;
    return w;
}

static struct matrix as_matrix(struct binder *b, const struct weight *t, size_t rows)
{
    return t ? prepared(b,
                        (struct matrix){
                            .data = t->data, .dtype = t->dtype, .rows = rows, .cols = t->n / rows })
             : (struct matrix){ 0 };
}

struct matrix take_matrix(struct binder *b, const char *name, uint64_t rows, uint64_t cols)
{
    return as_matrix(b, take(b, name, 2, (uint64_t[]){ rows, cols }), rows);
}

struct matrix take_patches(struct binder *b, const char *name, uint32_t rank, const uint64_t *shape)
{
    return as_matrix(b, take(b, name, rank, shape), shape[0]);
}

struct matrix take_made(struct binder *b, const float *numbers, uint64_t rows, uint64_t cols)
{
    return prepared(
        b, (struct matrix){ .data = numbers, .dtype = DTYPE_F32, .rows = rows, .cols = cols });
}

static const char *joined(char out[NAME_MAX_LEN], const char *prefix, const char *name,
                          const char *suffix)
{
    snprintf(out, NAME_MAX_LEN, "%s%s%s", prefix, name, suffix);
    return out;
}

struct linear take_linear(struct binder *b, const char *prefix, const char *name, uint64_t rows,
                          uint64_t cols, bool bias)
{
    char full[NAME_MAX_LEN];
    struct linear l = { .w = take_matrix(b, joined(full, prefix, name, ".weight"), rows, cols) };

    if (bias)
        l.bias = take_row(b, joined(full, prefix, name, ".bias"), rows);
    return l;
}

struct norm take_norm(struct binder *b, const char *prefix, const char *name, uint64_t size,
                      bool bias)
{
    char full[NAME_MAX_LEN];
    struct norm n = { .weight = take_row(b, joined(full, prefix, name, ".weight"), size) };

    if (bias)
        n.bias = take_row(b, joined(full, prefix, name, ".bias"), size);
    return n;
}

void take_fused(struct binder *b, const char *prefix, const char *name, uint64_t size, bool bias,
                struct linear *const out[3])
{
    char full[NAME_MAX_LEN];
    const struct weight *w =
        take(b, joined(full, prefix, name, ".weight"), 2, (uint64_t[]){ 3 * size, size });
    struct tensor all = { 0 };

    if (bias)
        all = take_row(b, joined(full, prefix, name, ".bias"), 3 * size);
    for (size_t i = 0; i < 3; i++) {
        *out[i] = (struct linear){ 0 };
        if (w)
            out[i]->w = prepared(b, (struct matrix){ .data = (const char *)w->data +
                                                             i * size * size * dtype_size(w->dtype),
                                                     .dtype = w->dtype,
                                                     .rows = size,
                                                     .cols = size });
        if (all.at)
            out[i]->bias = tensor_rows(tensor_shaped(all, 3, size), i, 1);
    }
}

void check_extra(struct binder *b)
{
    const struct weights *w = b->m->weights;
    char shape[160];

    for (size_t i = 0; i < weights_count(w); i++) {
        const struct weight *t = weights_at(w, i);

        if (!b->taken[i])
            problem(b, t->file, t->name, "this tensor has no place in the model",
                    weights_shape_text(t->rank, t->shape, shape), "none of this name");
    }
}
