/* SPDX-License-Identifier: MIT */
/*
 * Every operation of vlm/ops/dnnl.c against the plain one of vlm/ops/ref.c, on sizes that fit no
 * vector.
 */
#include "t_vlm_support.h"

#include "vlm/ops/ops.h"

/* ---- two tables ---- */

static struct ops *tables[2]; /* OPS_REF, OPS_DNNL */

static void open_tables(enum precision p)
{
    struct err e;

    for (size_t i = 0; i < 2; i++)
        assert_ok(ops_new(&tables[i], i == 0 ? OPS_REF : OPS_DNNL, p, &e), &e);
}

static void close_tables(void)
{
    free(tables[0]);
    free(tables[1]);
}

/* Results of both tables, poisoned before. */
struct results {
    float *of[2];
    size_t n;
};

static struct results new_results(size_t n)
{
    struct results r = { { malloc(n * sizeof(float) + 1), malloc(n * sizeof(float) + 1) }, n };

    assert_true(r.of[0] && r.of[1]);
    for (size_t i = 0; i < n; i++)
        r.of[0][i] = r.of[1][i] = NAN;
    return r;
}

static struct results copied(const float *x, size_t n)
{
    struct results r = new_results(n);

    memcpy(r.of[0], x, n * sizeof(*x));
    memcpy(r.of[1], x, n * sizeof(*x));
    return r;
}

/* A table's result, as a tensor. */
static struct tensor result(const struct results *r, size_t table, size_t cols)
{
    return (struct tensor){ r->of[table], r->n / cols, cols };
}

static struct tensor random_tensor(size_t rows, size_t cols, uint64_t *state)
{
    return (struct tensor){ random_numbers(rows * cols, state), rows, cols };
}

/* Takes r over. */
static void assert_agree(struct results r, double tolerance, const char *fmt, ...) ERR_PRINTF(3, 4);
static void assert_agree(struct results r, double tolerance, const char *fmt, ...)
{
    double d = distance(r.of[1], r.of[0], r.n);
    char row[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(row, sizeof(row), fmt, args);
    va_end(args);
    if (!(d <= tolerance))
        fail_row(row, "the tables differ by %g", d);
    free(r.of[0]);
    free(r.of[1]);
}

/* Stored numbers, not aligned where `off` is odd; free(*memory). */
static struct matrix make_matrix(size_t rows, size_t cols, enum dtype dtype, size_t off,
                                 uint64_t *state, unsigned char **memory)
{
    unsigned char *data = malloc(rows * cols * dtype_size(dtype) + off + 1);

    assert_non_null(data);
    *memory = data;
    data += off;
    for (size_t i = 0; i < rows * cols; i++) {
        float x = next_number(state);
        uint16_t half = number_to_bf16(x);

        if (dtype == DTYPE_F16) /* any exponent but the largest */
            half = (uint16_t)((half & 0x8fff) | (0x2000 + (i % 3 << 12)));
        if (dtype == DTYPE_F32)
            memcpy(data + 4 * i, &x, 4);
        else
            memcpy(data + 2 * i, &half, 2);
    }
    return (struct matrix){ .data = data, .dtype = dtype, .rows = rows, .cols = cols };
}

static void check_linear(size_t n, size_t rows, size_t cols, enum dtype dtype, size_t off,
                         bool has_bias, uint64_t *state)
{
    unsigned char *memory;
    struct matrix w = make_matrix(rows, cols, dtype, off, state, &memory);
    struct tensor x = random_tensor(n, cols, state), bias = random_tensor(1, rows, state);
    struct tensor none = { 0 };
    struct results r = new_results(n * rows);
    struct err e;

    for (size_t t = 0; t < 2; t++) {
        assert_ok(tables[t]->prepare(tables[t], &w, &e), &e);
        assert_ok(
            tables[t]->linear(tables[t], result(&r, t, rows), x, &w, has_bias ? bias : none, &e),
            &e);
        tables[t]->unprepare(tables[t], &w);
    }
    assert_agree(r, 2e-6, "linear %s: n %zu, %zu x %zu %s at %zu, bias %d",
                 tables[0]->precision == PRECISION_BF16 ? "bf16" : "f32", n, rows, cols,
                 dtype_name(dtype), off, has_bias);
    free(x.at);
    free(bias.at);
    free(memory);
}

static void linear_agrees(void **state)
{
    static const size_t sizes[][3] = { { 1, 1, 1 },      { 1, 17, 5 },   { 2, 3, 131 },
                                       { 7, 130, 64 },   { 33, 65, 47 }, { 129, 31, 100 },
                                       { 3, 4100, 1100 } /* more than one panel */ };
    uint64_t seed = 2;

    (void)state;
    for (int p = 0; p < 2; p++) {
        open_tables(p == 0 ? PRECISION_F32 : PRECISION_BF16);
        for (size_t i = 0; i < COUNT(sizes); i++)
            for (int d = 0; d < 3; d++)
                for (size_t off = 0; off < 3; off++)
                    check_linear(sizes[i][0], sizes[i][1], sizes[i][2], (enum dtype)d, off,
                                 off % 2 == 0, &seed);
        close_tables();
    }
}

static void linear_of_nothing_does_nothing(void **state)
{
    static const float one = 1;
    struct matrix w = { .data = &one, .dtype = DTYPE_F32, .rows = 1, .cols = 1 };
    struct tensor nothing = { NULL, 0, 1 };
    struct err e;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++)
        assert_ok(tables[t]->linear(tables[t], nothing, nothing, &w, nothing, &e), &e);
    close_tables();
}

static void bf16_products_take_rounded_numbers(void **state)
{
    float x[] = { 1.0f + 0x1p-8f, 1 }, w[] = { 1.0f, 0x1p-12f }, y;
    struct matrix m = { .data = w, .dtype = DTYPE_F32, .rows = 1, .cols = 2 };
    struct tensor in = { x, 1, 2 }, out = { &y, 1, 1 }, none = { 0 };
    struct err e;

    (void)state;
    open_tables(PRECISION_BF16);
    for (size_t t = 0; t < 2; t++) {
        assert_ok(tables[t]->linear(tables[t], out, in, &m, none, &e), &e);
        assert_true(y == 1.0f + 0x1p-12f); /* the factor is rounded, the sum is not */
    }
    close_tables();
}

static void lookup_agrees(void **state)
{
    static const uint32_t ids[] = { 0, 6, 3, 3 };
    uint64_t seed = 3;

    (void)state;
    open_tables(PRECISION_BF16); /* which rounds products only */
    for (int d = 0; d < 3; d++)
        for (size_t off = 0; off < 2; off++) {
            unsigned char *memory;
            struct matrix w = make_matrix(7, 19, (enum dtype)d, off, &seed, &memory);
            struct results r = new_results(COUNT(ids) * 19);

            for (size_t t = 0; t < 2; t++)
                tables[t]->lookup(result(&r, t, 19), &w, ids);
            assert_true(r.of[0][20] == number_at(w.data, w.dtype, 6 * 19 + 1));
            assert_agree(r, 0, "lookup %s at %zu", dtype_name((enum dtype)d), off);
            free(memory);
        }
    close_tables();
}

static void norms_agree(void **state)
{
    static const size_t sizes[][2] = { { 1, 1 }, { 3, 7 }, { 5, 64 }, { 2, 1031 } };
    uint64_t seed = 4;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i][0], size = sizes[i][1];
        struct tensor x = random_tensor(n, size, &seed), w = random_tensor(1, size, &seed);
        struct tensor b = random_tensor(1, size, &seed);
        struct results layer = new_results(n * size), rms = new_results(n * size);

        for (size_t k = 0; k < n * size; k++)
            x.at[k] = x.at[k] * 30 + 100; /* far from a mean of 0 */
        for (size_t t = 0; t < 2; t++) {
            tables[t]->layer_norm(result(&layer, t, size), x, w, b, 1e-5);
            tables[t]->rms_norm(result(&rms, t, size), x, w, 1e-5);
        }
        assert_agree(layer, 2e-6, "layer_norm %zu x %zu", n, size);
        assert_agree(rms, 1e-6, "rms_norm %zu x %zu", n, size);
        free(x.at);
        free(w.at);
        free(b.at);
    }
    close_tables();
}

/* Every row has angles of its own; that of the first is none. */
static void rotate_agrees(void **state)
{
    static const size_t sizes[][3] = { { 1, 1, 2 }, { 5, 3, 12 }, { 4, 2, 2054 }, { 9, 4, 128 } };
    uint64_t seed = 5;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i][0], heads = sizes[i][1], dim = sizes[i][2], half = dim / 2;
        float *x = random_numbers(n * heads * dim, &seed);
        struct tensor c = random_tensor(n, half, &seed), s = random_tensor(n, half, &seed);
        struct results r = copied(x, n * heads * dim);

        for (size_t d = 0; d < half; d++) {
            c.at[d] = 1;
            s.at[d] = 0;
        }
        for (size_t t = 0; t < 2; t++)
            tables[t]->rotate(result(&r, t, heads * dim), heads, c, s);
        assert_memory_equal(r.of[1], x, heads * dim * sizeof(*x));
        assert_agree(r, 1e-6, "rotate %zu x %zu x %zu", n, heads, dim);
        free(x);
        free(c.at);
        free(s.at);
    }
    close_tables();
}

/* A quarter turn takes (a, b) to (-b, a). */
static void rotate_turns_halves(void **state)
{
    float cosines[] = { 0, 1 }, sines[] = { 1, 0 };
    static const float turned[] = { -3, 2, 1, 4, -7, 6, 5, 8 };
    struct tensor c = { cosines, 1, 2 }, s = { sines, 1, 2 };

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++) {
        float x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

        tables[t]->rotate((struct tensor){ x, 1, 8 }, 2, c, s);
        for (size_t i = 0; i < COUNT(x); i++)
            assert_true(x[i] == turned[i]);
    }
    close_tables();
}

struct spans_case {
    uint32_t ends[4];
    size_t n, heads, dim;
};

static void check_attend_spans(const struct spans_case *c, uint64_t *state)
{
    size_t rows = c->ends[c->n - 1], width = c->heads * c->dim;
    struct tensor q = random_tensor(rows, width, state), k = random_tensor(rows, width, state);
    struct tensor v = random_tensor(rows, width, state);
    struct span_attention a = { .ends = c->ends, .n = c->n, .heads = c->heads };
    struct results r = new_results(rows * width);
    struct err e;

    for (size_t t = 0; t < 2; t++) {
        struct attended x = { result(&r, t, width), q, k, v };

        assert_ok(tables[t]->attend_spans(tables[t], &x, &a, &e), &e);
    }
    assert_agree(r, 5e-6, "attend_spans %zu runs, %zu rows, %zu heads of %zu", c->n, rows, c->heads,
                 c->dim);
    free(q.at);
    free(k.at);
    free(v.at);
}

static void attend_spans_agrees(void **state)
{
    static const struct spans_case cases[] = {
        { { 1 }, 1, 1, 1 },
        { { 5, 10 }, 2, 3, 7 },
        { { 193, 386, 579 }, 3, 2, 10 },
        { { 192 }, 1, 4, 16 },
        { { 385, 770 }, 2, 1, 33 },
        { { 3, 4, 200, 210 }, 4, 2, 6 }, /* of different lengths */
        { { 0, 7, 7, 500 }, 4, 2, 6 },   /* and some that are empty */
    };
    uint64_t seed = 6;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_attend_spans(&cases[i], &seed);
    close_tables();
}

struct attend_case {
    size_t prompts, common, heads, kv_heads, dim;
    uint32_t window;
    size_t every; /* which tokens ask */
};

static void check_attend_tree(const struct attend_case *c, uint64_t *state)
{
    struct forest f = make_forest(c->prompts, c->common, state);
    struct tree tree;
    struct err e;
    uint32_t *rows;
    size_t n = 0;

    assert_ok(tree_build(&tree, f.prompts, f.n, &e), &e);
    rows = malloc(tree.n * sizeof(*rows));
    assert_non_null(rows);
    for (uint32_t i = 0; i < tree.n; i++)
        if (i % c->every == c->every - 1)
            rows[n++] = i;

    struct tree_attention a = { c->heads, c->kv_heads, c->window, rows, &tree };
    struct tensor q = random_tensor(n, c->heads * c->dim, state);
    struct tensor k = random_tensor(tree.n, c->kv_heads * c->dim, state);
    struct tensor v = random_tensor(tree.n, c->kv_heads * c->dim, state);
    struct results r = new_results(q.rows * q.cols);

    for (size_t i = 0; i < q.rows * q.cols; i++)
        q.at[i] *= 5; /* weights that differ */
    for (size_t t = 0; t < 2; t++) {
        struct attended x = { result(&r, t, q.cols), q, k, v };

        assert_ok(tables[t]->attend_tree(tables[t], &x, &a, &e), &e);
    }
    assert_agree(r, 5e-6,
                 "attend_tree %zu prompts, %zu common, %zu tokens, %zu/%zu heads of %zu, window "
                 "%u, every %zu",
                 c->prompts, c->common, tree.n, c->heads, c->kv_heads, c->dim, c->window, c->every);
    free(q.at);
    free(k.at);
    free(v.at);
    free(rows);
    tree_release(&tree);
    free_forest(&f);
}

static void attend_tree_agrees(void **state)
{
    static const struct attend_case cases[] = {
        { 1, 0, 1, 1, 2, 0, 1 },     { 2, 10, 4, 2, 6, 0, 1 },   { 40, 20, 6, 2, 10, 0, 1 },
        { 40, 0, 4, 4, 12, 0, 3 },   { 30, 15, 4, 1, 12, 1, 1 }, { 30, 15, 4, 1, 12, 7, 1 },
        { 30, 15, 4, 2, 12, 35, 2 }, { 9, 3, 8, 2, 33, 0, 5 },   { 90, 5, 2, 2, 8, 100, 1 },
    };
    uint64_t seed = 7;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_attend_tree(&cases[i], &seed);
    close_tables();
}

static void check_activation(const struct ops *o, enum activation act)
{
    float nan[3] = { 1, NAN, 2 };

    o->activate((struct tensor){ nan, 1, 3 }, act);
    assert_true(isnan(nan[1]) && nan[0] > 0 && nan[2] > 0);
}

static void activations_agree(void **state)
{
    static const float edges[] = { 0,     -0.0f,  1e-30f, -1e-30f, 5,    -5,    20,    -20,
                                   86.9f, -86.9f, 88.5f,  -88.5f,  1000, -1000, 3e37f, -3e37f };
    enum { N = 5003 };
    uint64_t seed = 8;
    struct tensor x = random_tensor(1, N, &seed), up = random_tensor(1, N, &seed);

    (void)state;
    for (size_t i = 0; i < N; i++)
        x.at[i] *= 12;
    open_tables(PRECISION_F32);
    for (enum activation act = ACT_GELU; act <= ACT_RELU; act++) {
        struct results r = copied(x.at, N), edge = copied(edges, COUNT(edges));
        struct results gated = copied(x.at, N);

        for (size_t t = 0; t < 2; t++) {
            tables[t]->activate(result(&r, t, N), act);
            tables[t]->activate(result(&edge, t, COUNT(edges)), act);
            tables[t]->gate(result(&gated, t, N), up, act);
            check_activation(tables[t], act);
        }
        for (size_t i = 0; i < COUNT(edges); i++)
            assert_near("edge", edge.of[1][i], edge.of[0][i],
                        1e-6 * fabs((double)edge.of[0][i]) + 1e-6);
        assert_agree(r, 1e-6, "activation %d", (int)act);
        assert_agree(edge, 1e-6, "activation %d at edges", (int)act);
        assert_agree(gated, 1e-6, "gate of activation %d", (int)act);
    }
    close_tables();
    free(x.at);
    free(up.at);
}

/* Number by number, where a sum over many would hide what is wrong near 0. */
static void activations_are_exact_near_zero(void **state)
{
    enum { N = 4001 };
    float x[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] = ((float)i - 2000) / 400; /* -5 .. 5 */
    open_tables(PRECISION_F32);
    for (enum activation act = ACT_GELU; act <= ACT_RELU; act++) {
        struct results r = copied(x, N);

        for (size_t t = 0; t < 2; t++)
            tables[t]->activate(result(&r, t, N), act);
        for (size_t i = 0; i < N; i++)
            assert_near("activation", r.of[1][i], r.of[0][i], 2e-6 * fabs((double)r.of[0][i]));
        assert_agree(r, 1e-6, "activation %d near 0", (int)act);
    }
    close_tables();
}

/* x and y, whose rows come again where they end. */
static void add_and_scale_agree(void **state)
{
    static const size_t rows_of_y[] = { 12, 1, 4, 5 };
    enum { ROWS = 12, COLS = 1021 };
    uint64_t seed = 9;
    struct tensor x = random_tensor(ROWS, COLS, &seed);

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(rows_of_y); i++) {
        size_t rows = rows_of_y[i], at = (ROWS - 1) * COLS + 3;
        struct tensor y = random_tensor(rows, COLS, &seed);
        struct results sum = copied(x.at, ROWS * COLS), product = copied(x.at, ROWS * COLS);
        float other = y.at[(ROWS - 1) % rows * COLS + 3];

        for (size_t t = 0; t < 2; t++) {
            tables[t]->add(result(&sum, t, COLS), y);
            tables[t]->scale(result(&product, t, COLS), y);
        }
        assert_true(sum.of[0][at] == x.at[at] + other && product.of[0][at] == x.at[at] * other);
        assert_agree(sum, 0, "add %zu rows", rows);
        assert_agree(product, 0, "scale by %zu rows", rows);
        free(y.at);
    }
    close_tables();
    free(x.at);
}

/* ---- memory ---- */

static void check_rows(const struct ops *o)
{
    static const float numbers[] = { 1, 2, 3, 4, 5, 6 };
    static const uint32_t from[] = { 0, 2 }, to[] = { 2, 1 };
    static const float written[] = { 11, 12, 15, 16, 1, 2 };
    static const float added[] = { 12, 14, 20, 22, 1, 2 }, kept[] = { 11, 12, 1, 2 };
    struct row_map back = { .from = from, .to = to, .n = 2 }, first = { .n = 1 };
    struct row_map rising = { .from = from, .n = 2 }, nothing = { .n = 0 };
    struct tensor x, y;
    float out[6];
    struct err e;

    assert_ok(o->alloc(o, &x, 3, 2, &e), &e);
    assert_ok(o->alloc(o, &y, 3, 2, &e), &e);
    o->write(o, x, numbers);
    o->write(o, y, (const float[]){ 11, 12, 13, 14, 15, 16 });
    o->copy_rows(y, x, &nothing);
    o->copy_rows(y, y, &(struct row_map){ .from = (const uint32_t[]){ 2 }, .to = to + 1, .n = 1 });
    o->copy_rows(y, x, &(struct row_map){ .to = to, .n = 1 });
    o->read(o, out, y);
    assert_memory_equal(out, written, sizeof(out));
    o->add_rows(y, x, &first);
    o->add_rows(y, x, &(struct row_map){ .from = back.from + 1, .to = back.to + 1, .n = 1 });
    o->read(o, out, y);
    assert_memory_equal(out, added, sizeof(out));
    o->write(o, y, written);
    o->copy_rows(y, y, &rising);
    o->read(o, out, tensor_rows(y, 0, 2));
    assert_memory_equal(out, kept, sizeof(kept));
    o->release(o, &x);
    o->release(o, &y);
    o->release(o, &y);
}

static void rows_are_copied_and_added(void **state)
{
    (void)state;
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++)
        check_rows(tables[t]);
    close_tables();
}

static void a_tensor_has_a_greatest_size(void **state)
{
    struct tensor x;
    struct err e = { 0 };

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++) {
        assert_refused(tables[t]->alloc(tables[t], &x, SIZE_MAX / 2, 3, &e), &e, ERR_LIMIT);
        assert_null(x.at);
        assert_ok(tables[t]->alloc(tables[t], &x, 0, 3, &e), &e);
        assert_non_null(x.at);
        tables[t]->release(tables[t], &x);
        assert_null(x.at);
    }
    close_tables();
}

/* A NaN among the keys reaches every row that sees it, and no other. */
static void attention_keeps_nan(void **state)
{
    static const uint32_t a[] = { 1, 2, 3 }, b[] = { 1, 4, 5 };
    const struct prompt prompts[] = { { a, 3 }, { b, 3 } };
    static const uint32_t rows[] = { 0, 1, 2, 3, 4 };
    float q[5] = { 1, 1, 1, 1, 1 }, k[5] = { 1, 2, 3, NAN, 5 }, y[5];
    struct tree tree;
    struct err e;

    (void)state;
    assert_ok(tree_build(&tree, prompts, 2, &e), &e);
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++) {
        struct tree_attention at = { 1, 1, 0, rows, &tree };
        float v[5] = { 1, 2, 3, 4, 5 };
        struct attended x = { { y, 5, 1 }, { q, 5, 1 }, { k, 5, 1 }, { v, 5, 1 } };

        assert_ok(tables[t]->attend_tree(tables[t], &x, &at, &e), &e);
        for (size_t i = 0; i < 5; i++)
            assert_true((isnan(y[i]) != 0) == (i >= 3));
    }
    close_tables();
    tree_release(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_agrees),
        cmocka_unit_test(linear_of_nothing_does_nothing),
        cmocka_unit_test(bf16_products_take_rounded_numbers),
        cmocka_unit_test(lookup_agrees),
        cmocka_unit_test(norms_agree),
        cmocka_unit_test(rotate_agrees),
        cmocka_unit_test(rotate_turns_halves),
        cmocka_unit_test(attend_spans_agrees),
        cmocka_unit_test(attend_tree_agrees),
        cmocka_unit_test(activations_agree),
        cmocka_unit_test(activations_are_exact_near_zero),
        cmocka_unit_test(add_and_scale_agree),
        cmocka_unit_test(rows_are_copied_and_added),
        cmocka_unit_test(a_tensor_has_a_greatest_size),
        cmocka_unit_test(attention_keeps_nan),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm ops", tests, NULL, NULL);
}
