/* SPDX-License-Identifier: MIT
 *
 * The engine's speed where nearly all of its time goes: a decoder layer of Llama-3-8B and a block
 * of CLIP ViT-L, random weights stored as f16, one image's tree of 2 048 tokens. Beside it oneDNN's
 * float32 matrix product alone on the same shapes: the ceiling, measured in the same run.
 *
 *     bench_vlm [TIMES]                    # on an idle machine
 *     OMP_NUM_THREADS=1 bench_vlm [TIMES]  # processor time of one thread: on a busy one
 */
#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vlm/forward.h"

enum { PREFIX = 1048, BRANCHES = 40, BRANCH = 25, TILES = 3 };

static double now(void)
{
    struct timespec t;

    clock_gettime(omp_get_max_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- random weights ---- */

static uint32_t next_random(void)
{
    static uint32_t x = 1;

    x ^= x << 13; /* xorshift32, Marsaglia 2003 */
    x ^= x >> 17;
    return x ^= x << 5;
}

static struct matrix random_matrix(size_t rows, size_t cols)
{
    uint16_t *w = must(malloc(rows * cols * sizeof(*w)));

    for (size_t i = 0; i < rows * cols; i++) { /* +-1/64 .. 1/32 */
        uint32_t r = next_random();

        w[i] = (uint16_t)((r & 0x8000) | 0x2400 | (r & 0x3ff));
    }
    return (struct matrix){ w, DTYPE_F16, rows, cols };
}

static float *random_floats(size_t n)
{
    float *x = must(malloc(n * sizeof(*x)));

    for (size_t i = 0; i < n; i++)
        x[i] = (float)(int32_t)next_random() * 0x1p-31f;
    return x;
}

static struct linear random_linear(size_t rows, size_t cols, bool bias)
{
    return (struct linear){ random_matrix(rows, cols), bias ? random_floats(rows) : NULL };
}

static struct norm random_norm(size_t n, bool bias)
{
    return (struct norm){ random_floats(n), bias ? random_floats(n) : NULL };
}

/* ---- two models ---- */

/* Two layers: the first whole; of the last, keys and values, and the rest at the branches' ends. */
static void make_text(struct model *m)
{
    struct text_config *c = &m->config.text;
    float *frequency = random_floats(64);

    *c = (struct text_config){ .hidden = 4096,
                               .intermediate = 14336,
                               .layers = 2,
                               .heads = 32,
                               .kv_heads = 8,
                               .head_dim = 128,
                               .vocab = 512,
                               .eps = 1e-5 };
    m->layers = must(calloc(2, sizeof(*m->layers)));
    m->layers[0] = (struct text_layer){
        .norm1 = random_norm(c->hidden, false),
        .norm2 = random_norm(c->hidden, false),
        .q = random_linear(4096, 4096, false),
        .k = random_linear(1024, 4096, false),
        .v = random_linear(1024, 4096, false),
        .o = random_linear(4096, 4096, false),
        .gate = random_linear(14336, 4096, false),
        .up = random_linear(14336, 4096, false),
        .down = random_linear(4096, 14336, false),
    };
    m->layers[1] = m->layers[0];
    m->embedding = random_matrix(c->vocab, c->hidden);
    m->final_norm = random_norm(c->hidden, false);
    m->frequency = frequency;
    m->config.image_token = UINT32_MAX;
}

static void make_vision(struct model *m)
{
    struct vision_config *c = &m->config.vision;

    *c = (struct vision_config){ 1024, 4096, 1, 16, 336, 14, 3, 1e-5, ACT_QUICK_GELU };
    m->config.vision_blocks = 1;
    m->blocks = must(calloc(1, sizeof(*m->blocks)));
    m->blocks[0] = (struct vision_block){
        .norm1 = random_norm(1024, true),
        .norm2 = random_norm(1024, true),
        .q = random_linear(1024, 1024, true),
        .k = random_linear(1024, 1024, true),
        .v = random_linear(1024, 1024, true),
        .out = random_linear(1024, 1024, true),
        .fc1 = random_linear(4096, 1024, true),
        .fc2 = random_linear(1024, 4096, true),
    };
    m->class_embedding = random_floats(1024);
    m->patch_embedding = random_matrix(1024, 588);
    m->position_embedding = random_floats(577 * 1024);
    m->pre_norm = random_norm(1024, true);
}

/* ---- where the time goes ---- */

enum timed { LINEAR, ATTENTION, OTHER, N_TIMED };

static struct ops *under; /* the operations that are timed */
static double spent[N_TIMED];
static struct product { /* every matrix product that was asked for */
    size_t n, rows, cols;
} products[64];
static size_t n_products;

static int timed_linear(const struct ops *o, float *y, const float *x, size_t n,
                        const struct matrix *w, const float *bias, struct err *e)
{
    double start = now();
    int rc = under->linear(o, y, x, n, w, bias, e);

    spent[LINEAR] += now() - start;
    if (n_products < sizeof(products) / sizeof(products[0]))
        products[n_products++] = (struct product){ n, w->rows, w->cols };
    return rc;
}

static int timed_attend_image(const struct ops *o, const struct attended *x,
                              const struct image_attention *a, struct err *e)
{
    double start = now();
    int rc = under->attend_image(o, x, a, e);

    spent[ATTENTION] += now() - start;
    return rc;
}

static int timed_attend_tree(const struct ops *o, const struct attended *x,
                             const struct attention *a, struct err *e)
{
    double start = now();
    int rc = under->attend_tree(o, x, a, e);

    spent[ATTENTION] += now() - start;
    return rc;
}

/* ---- the ceiling ---- */

/* The products again, with weights that are float32 already. */
static double time_products(void)
{
    static const size_t most = (size_t)14336 * 4096;
    static float *w, *x, *y;
    double start;

    if (!w) {
        w = random_floats(most);
        x = random_floats((size_t)2048 * 14336);
        y = random_floats((size_t)2048 * 14336);
    }
    start = now();
    for (size_t i = 0; i < n_products; i++) {
        dnnl_dim_t n = (dnnl_dim_t)products[i].n, rows = (dnnl_dim_t)products[i].rows;
        dnnl_dim_t cols = (dnnl_dim_t)products[i].cols;

        if (dnnl_sgemm('N', 'T', n, rows, cols, 1, x, cols, w, cols, 0, y, rows) != dnnl_success)
            abort();
    }
    return now() - start;
}

static double product_flop(void)
{
    double flop = 0;

    for (size_t i = 0; i < n_products; i++)
        flop += 2.0 * (double)products[i].n * (double)products[i].rows * (double)products[i].cols;
    return flop;
}

static void begin(void)
{
    memset(spent, 0, sizeof(spent));
    n_products = 0;
}

/* attention: its FLOP, which the ceiling does at the products' rate. */
static void report(const char *what, double engine, double attention)
{
    double plain = time_products(), flop = product_flop();
    double ceiling = plain * (flop + attention) / flop;

    printf("%-14s %7.3f s, ceiling %7.3f s (%4.0f GFLOP/s): %5.1f %%   products %.3f s (%5.1f %%), "
           "attention %.3f s, the rest %.3f s\n",
           what, engine, ceiling, flop / plain * 1e-9, 100 * ceiling / engine, spent[LINEAR],
           100 * plain / spent[LINEAR], spent[ATTENTION],
           engine - spent[LINEAR] - spent[ATTENTION]);
}

/* ---- runs ---- */

static void run_text(const struct model *m, const struct ops *o, const struct tree *t, double pairs,
                     float *out)
{
    struct decoder_input in = { .tree = t, .rows = t->ends, .n_rows = BRANCHES };
    struct err e;
    double start;

    begin();
    start = now();
    if (decoder_run(out, m, o, &in, NULL, &e) < 0)
        abort();
    report("decoder layer", now() - start, 4.0 * pairs * 4096);
}

static void run_vision(const struct model *m, const struct ops *o, const float *pixels)
{
    struct err e;
    float *out;
    double start;

    begin();
    start = now();
    if (vision_encode(&out, m, o, pixels, TILES, &e) < 0)
        abort();
    report("vision block", now() - start, 4.0 * TILES * 577 * 577 * 1024);
    free(out);
}

static void make_tree(struct tree *t)
{
    static uint32_t ids[BRANCHES][PREFIX + BRANCH];
    struct prompt prompts[BRANCHES];
    struct err e;

    for (uint32_t b = 0; b < BRANCHES; b++) {
        for (uint32_t i = 0; i < PREFIX + BRANCH; i++)
            ids[b][i] = i < PREFIX ? i % 400 : (i + b) % 400;
        prompts[b] = (struct prompt){ ids[b], PREFIX + BRANCH };
    }
    if (tree_build(t, prompts, BRANCHES, &e) < 0)
        abort();
}

int main(int argc, char **argv)
{
    size_t times = argc > 1 ? strtoul(argv[1], NULL, 10) : 3;
    static struct model text, vision;
    float *pixels = random_floats((size_t)TILES * 3 * 336 * 336);
    float *out = must(malloc(sizeof(float) * BRANCHES * 4096));
    struct ops *o;
    struct tree tree;
    double pairs = 0;
    struct err e;

    make_text(&text);
    make_vision(&vision);
    make_tree(&tree);
    for (size_t i = 0; i < tree.n; i++)
        pairs += tree.depth[i] + 1;
    if (ops_new(&under, OPS_DNNL, PRECISION_F32, &e) < 0 ||
        ops_new(&o, OPS_DNNL, PRECISION_F32, &e) < 0)
        abort();
    o->linear = timed_linear;
    o->attend_image = timed_attend_image;
    o->attend_tree = timed_attend_tree;
    printf("%zu tokens in the tree\n", tree.n);
    for (size_t i = 0; i < times; i++) {
        run_text(&text, o, &tree, pairs, out);
        run_vision(&vision, o, pixels);
    }
    return 0;
}
