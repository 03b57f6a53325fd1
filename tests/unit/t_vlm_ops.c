/* SPDX-License-Identifier: MIT */
/*
 * vlm/tree.c against prompts laid side by side; every operation of ops_dnnl.c against the plain one
 * of ops_ref.c, on sizes that fit no vector.
 */
#include "t_vlm_support.h"

#include "vlm/numbers.h"
#include "vlm/ops.h"
#include "vlm/tree.h"

/* ---- trees ---- */

enum { PROMPT_LENGTH = 40 };

struct forest { /* prompts that share beginnings of random lengths */
    struct prompt *prompts;
    uint32_t *ids;
    size_t n;
};

static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(((double)next_number(state) + 1) / 2 * (double)n) % n;
}

/* Prompt i begins as an earlier one does, for a random number of tokens. */
static struct forest make_forest(size_t n, size_t common, uint64_t *state)
{
    struct forest f = { malloc(n * sizeof(*f.prompts) + 1),
                        malloc(n * PROMPT_LENGTH * sizeof(*f.ids) + 1), n };

    assert_true(f.prompts && f.ids);
    for (size_t i = 0; i < n; i++) {
        uint32_t *ids = f.ids + i * PROMPT_LENGTH;
        size_t length = common + 1 + below(state, PROMPT_LENGTH - common);
        size_t shared = i == 0 ? 0 : common + below(state, PROMPT_LENGTH - common);
        const struct prompt *earlier = i == 0 ? NULL : &f.prompts[below(state, i)];

        if (earlier && shared > earlier->n)
            shared = earlier->n;
        for (size_t k = 0; k < length; k++)
            ids[k] = earlier && k < shared ? earlier->ids[k] : (uint32_t)below(state, 9);
        f.prompts[i] = (struct prompt){ ids, length };
    }
    return f;
}

static void free_forest(struct forest *f)
{
    free(f->prompts);
    free(f->ids);
}

/* The tokens of a path from its end back are the prompt's, and their depths count down to 0. */
static void check_path(const struct tree *t, const struct prompt *p, uint32_t end)
{
    uint32_t at = end;

    for (size_t k = p->n; k-- > 0; at = t->parent[at]) {
        assert_true(at < t->n);
        assert_int_equal(t->ids[at], p->ids[k]);
        assert_int_equal(t->depth[at], k);
    }
    assert_true(at == TREE_ROOT);
}

static size_t count_beginnings(const struct forest *f)
{
    size_t count = 0;

    for (size_t i = 0; i < f->n; i++)
        for (size_t len = 1; len <= f->prompts[i].n; len++) {
            bool new = true;

            for (size_t j = 0; new &&j < i; j++)
                new = f->prompts[j].n < len ||
                      memcmp(f->prompts[j].ids, f->prompts[i].ids, len * sizeof(uint32_t)) != 0;
            count += new;
        }
    return count;
}

/* What segments say that a token sees is itself and its ancestors. */
static void check_segments(const struct tree *t)
{
    bool *seen = malloc(t->n + 1);

    assert_non_null(seen);
    for (uint32_t i = 0; i < t->n; i++) {
        size_t n_seen = 0, n_ancestors = 0;

        memset(seen, 0, t->n);
        for (size_t s = 0; s < t->n_segments; s++) {
            const struct tree_segment *g = &t->segments[s];

            for (uint32_t k = g->first; k < g->end; k++)
                if (i >= g->first && i < g->below && k <= i) {
                    seen[k] = true;
                    n_seen++;
                }
        }
        for (uint32_t at = i; at != TREE_ROOT; at = t->parent[at], n_ancestors++)
            assert_true(seen[at]);
        assert_int_equal(n_seen, n_ancestors);
        assert_int_equal(n_ancestors, t->depth[i] + 1);
    }
    free(seen);
}

static void trees_hold_every_prompt_once(void **state)
{
    static const struct {
        size_t n, common;
    } sizes[] = { { 1, 0 }, { 2, 0 }, { 3, 30 }, { 40, 10 }, { 40, 0 }, { 400, 20 } };
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct forest f = make_forest(sizes[i].n, sizes[i].common, &seed);
        struct tree t;
        struct err e;

        assert_ok(tree_build(&t, f.prompts, f.n, &e), &e);
        assert_int_equal(t.n, count_beginnings(&f));
        assert_int_equal(t.n_prompts, f.n);
        for (size_t k = 0; k < f.n; k++)
            check_path(&t, &f.prompts[k], t.ends[k]);
        check_segments(&t);
        tree_release(&t);
        free_forest(&f);
    }
}

static void a_tree_shares_what_is_equal(void **state)
{
    static const uint32_t a[] = { 1, 2, 3 }, b[] = { 1, 2 }, c[] = { 1, 2, 4, 5 }, d[] = { 9 };
    const struct prompt prompts[] = { { a, 3 }, { b, 2 }, { c, 4 }, { a, 3 }, { d, 1 } };
    static const uint32_t ids[] = { 1, 2, 3, 4, 5, 9 }, ends[] = { 2, 1, 4, 2, 5 };
    struct tree t;
    struct err e;

    (void)state;
    assert_ok(tree_build(&t, prompts, COUNT(prompts), &e), &e);
    assert_int_equal(t.n, COUNT(ids));
    assert_memory_equal(t.ids, ids, sizeof(ids));
    assert_memory_equal(t.ends, ends, sizeof(ends));
    assert_int_equal(t.height, 4);
    assert_int_equal(t.n_segments, 4); /* 1 2, 3, 4 5, 9 */
    assert_int_equal(t.segments[0].end, 2);
    assert_int_equal(t.segments[0].below, 5);
    tree_release(&t);
}

static void a_tree_has_a_greatest_size(void **state)
{
    size_t n = TREE_TOKENS_MAX;
    uint32_t *ids = calloc(n, sizeof(*ids));
    struct prompt prompt = { ids, n };
    struct tree t;
    struct err e = { 0 };

    (void)state;
    assert_non_null(ids);
    assert_refused(tree_build(&t, &prompt, 1, &e), &e, ERR_LIMIT);
    assert_null(t.ids);
    free(ids);
}

/* ---- operations ---- */

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
    return (struct matrix){ data, dtype, rows, cols };
}

static void check_linear(size_t n, size_t rows, size_t cols, enum dtype dtype, size_t off,
                         bool has_bias, uint64_t *state)
{
    unsigned char *memory;
    struct matrix w = make_matrix(rows, cols, dtype, off, state, &memory);
    float *x = random_numbers(n * cols, state), *bias = random_numbers(rows, state);
    struct results r = new_results(n * rows);
    struct err e;

    for (size_t t = 0; t < 2; t++)
        assert_ok(tables[t]->linear(tables[t], r.of[t], x, n, &w, has_bias ? bias : NULL, &e), &e);
    assert_agree(r, 2e-6, "linear %s: n %zu, %zu x %zu %s at %zu, bias %d",
                 tables[0]->precision == PRECISION_BF16 ? "bf16" : "f32", n, rows, cols,
                 dtype_name(dtype), off, has_bias);
    free(x);
    free(bias);
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
    struct matrix w = { &one, DTYPE_F32, 1, 1 };
    struct err e;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t t = 0; t < 2; t++)
        assert_ok(tables[t]->linear(tables[t], NULL, NULL, 0, &w, NULL, &e), &e);
    close_tables();
}

static void bf16_products_take_rounded_numbers(void **state)
{
    const float x[] = { 1.0f + 0x1p-8f, 1 }, w[] = { 1.0f, 0x1p-12f };
    struct matrix m = { w, DTYPE_F32, 1, 2 };
    float y;
    struct err e;

    (void)state;
    open_tables(PRECISION_BF16);
    for (size_t t = 0; t < 2; t++) {
        assert_ok(tables[t]->linear(tables[t], &y, x, 1, &m, NULL, &e), &e);
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
                tables[t]->lookup(r.of[t], &w, ids, COUNT(ids));
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
        float *x = random_numbers(n * size, &seed), *w = random_numbers(size, &seed);
        float *b = random_numbers(size, &seed);
        struct results layer = new_results(n * size), rms = new_results(n * size);

        for (size_t k = 0; k < n * size; k++)
            x[k] = x[k] * 30 + 100; /* far from a mean of 0 */
        for (size_t t = 0; t < 2; t++) {
            tables[t]->layer_norm(layer.of[t], x, n, size, w, b, 1e-5);
            tables[t]->rms_norm(rms.of[t], x, n, size, w, 1e-5);
        }
        assert_agree(layer, 2e-6, "layer_norm %zu x %zu", n, size);
        assert_agree(rms, 1e-6, "rms_norm %zu x %zu", n, size);
        free(x);
        free(w);
        free(b);
    }
    close_tables();
}

static void rope_agrees(void **state)
{
    static const size_t sizes[][3] = { { 1, 1, 2 }, { 5, 3, 12 }, { 4, 2, 2054 }, { 9, 4, 128 } };
    uint64_t seed = 5;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i][0], heads = sizes[i][1], dim = sizes[i][2];
        float *x = random_numbers(n * heads * dim, &seed), *frequency = random_numbers(dim, &seed);
        struct results r = copied(x, n * heads * dim);
        uint32_t depth[16];

        for (size_t k = 0; k < n; k++)
            depth[k] = (uint32_t)(k * 1234);
        for (size_t t = 0; t < 2; t++)
            tables[t]->rope(r.of[t], n, heads, dim, depth, frequency);
        assert_memory_equal(r.of[1], x, heads * dim * sizeof(*x)); /* depth 0 stays */
        assert_agree(r, 1e-6, "rope %zu x %zu x %zu", n, heads, dim);
        free(x);
        free(frequency);
    }
    close_tables();
}

static void attend_image_agrees(void **state)
{
    static const size_t sizes[][4] = {
        { 1, 1, 1, 1 }, { 2, 5, 3, 7 }, { 3, 193, 2, 10 }, { 1, 192, 4, 16 }, { 2, 385, 1, 33 }
    };
    uint64_t seed = 6;

    (void)state;
    open_tables(PRECISION_F32);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t images = sizes[i][0], n = sizes[i][1], heads = sizes[i][2], dim = sizes[i][3];
        size_t size = images * n * heads * dim;
        float *q = random_numbers(size, &seed), *k = random_numbers(size, &seed);
        float *v = random_numbers(size, &seed);
        struct image_attention a = { images, n, heads, dim };
        struct results r = new_results(size);
        struct err e;

        for (size_t t = 0; t < 2; t++) {
            struct attended x = { r.of[t], q, k, v };

            assert_ok(tables[t]->attend_image(tables[t], &x, &a, &e), &e);
        }
        assert_agree(r, 5e-6, "attend_image %zu images, %zu rows, %zu heads of %zu", images, n,
                     heads, dim);
        free(q);
        free(k);
        free(v);
    }
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

    struct attention a = { c->heads, c->kv_heads, c->dim, c->window, rows, n, &tree };
    float *q = random_numbers(n * c->heads * c->dim, state);
    float *k = random_numbers(tree.n * c->kv_heads * c->dim, state);
    float *v = random_numbers(tree.n * c->kv_heads * c->dim, state);
    struct results r = new_results(n * c->heads * c->dim);

    for (size_t i = 0; i < n * c->heads * c->dim; i++)
        q[i] *= 5; /* weights that differ */
    for (size_t t = 0; t < 2; t++) {
        struct attended x = { r.of[t], q, k, v };

        assert_ok(tables[t]->attend_tree(tables[t], &x, &a, &e), &e);
    }
    assert_agree(r, 5e-6,
                 "attend_tree %zu prompts, %zu common, %zu tokens, %zu/%zu heads of %zu, window "
                 "%u, every %zu",
                 c->prompts, c->common, tree.n, c->heads, c->kv_heads, c->dim, c->window, c->every);
    free(q);
    free(k);
    free(v);
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

static void activations_agree(void **state)
{
    static const float edges[] = { 0,     -0.0f,  1e-30f, -1e-30f, 5,    -5,    20,    -20,
                                   86.9f, -86.9f, 88.5f,  -88.5f,  1000, -1000, 3e37f, -3e37f };
    enum { N = 5003 };
    uint64_t seed = 8;
    float *x = random_numbers(N, &seed), *up = random_numbers(N, &seed);

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] *= 12;
    open_tables(PRECISION_F32);
    for (int act = ACT_GELU; act <= ACT_RELU; act++) {
        struct results r = copied(x, N), edge = copied(edges, COUNT(edges));
        float nan[2] = { NAN, NAN };

        for (size_t t = 0; t < 2; t++) {
            tables[t]->activate(r.of[t], N, (enum activation)act);
            tables[t]->activate(edge.of[t], COUNT(edges), (enum activation)act);
            tables[t]->activate(&nan[t], 1, (enum activation)act);
            assert_true(isnan(nan[t]));
        }
        for (size_t i = 0; i < COUNT(edges); i++)
            assert_near("edge", edge.of[1][i], edge.of[0][i],
                        1e-6 * fabs((double)edge.of[0][i]) + 1e-6);
        assert_agree(r, 1e-6, "activation %d", act);
        assert_agree(edge, 1e-6, "activation %d at edges", act);
    }

    struct results gated = copied(x, N), sum = copied(x, N);

    for (size_t t = 0; t < 2; t++) {
        tables[t]->gate(gated.of[t], up, N);
        tables[t]->add(sum.of[t], up, N);
    }
    assert_agree(gated, 1e-6, "gate");
    assert_agree(sum, 0, "add");
    close_tables();
    free(x);
    free(up);
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
        struct attention at = { 1, 1, 1, 0, rows, 5, &tree };
        float v[5] = { 1, 2, 3, 4, 5 };
        struct attended x = { y, q, k, v };

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
        cmocka_unit_test(trees_hold_every_prompt_once),
        cmocka_unit_test(a_tree_shares_what_is_equal),
        cmocka_unit_test(a_tree_has_a_greatest_size),
        cmocka_unit_test(linear_agrees),
        cmocka_unit_test(linear_of_nothing_does_nothing),
        cmocka_unit_test(bf16_products_take_rounded_numbers),
        cmocka_unit_test(lookup_agrees),
        cmocka_unit_test(norms_agree),
        cmocka_unit_test(rope_agrees),
        cmocka_unit_test(attend_image_agrees),
        cmocka_unit_test(attend_tree_agrees),
        cmocka_unit_test(activations_agree),
        cmocka_unit_test(attention_keeps_nan),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm ops", tests, NULL, NULL);
}
