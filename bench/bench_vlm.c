/* SPDX-License-Identifier: MIT
 *
 * The engine's speed where nearly all of its time goes: layers of language models and blocks of
 * vision towers, the real passes with random weights at the shapes of models that people run.
 * Beside each, oneDNN's float32 matrix product in the same run: on large squares, which is what the
 * processor can do, and on the pass's own shapes with weights that are float32 already.
 *
 *     bench_vlm [TIMES [NAME]]                    # on an idle machine; names that have NAME
 *     OMP_NUM_THREADS=1 bench_vlm [TIMES [NAME]]  # processor time of one thread: on a busy one
 */
#include <dnnl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vlm/forward.h"

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

static void must_work(int rc)
{
    if (rc < 0)
        abort();
}

/* ---- random weights ---- */

static uint32_t next_random(void)
{
    static uint32_t x = 1;

    x ^= x << 13; /* xorshift32, Marsaglia 2003 */
    x ^= x >> 17;
    return x ^= x << 5;
}

/* +-1/64 .. 1/32 */
static struct matrix random_matrix(size_t rows, size_t cols, enum dtype dtype)
{
    uint16_t exponent = dtype == DTYPE_F16 ? 0x2400 : 0x3c80;
    uint16_t fraction = dtype == DTYPE_F16 ? 0x3ff : 0x7f;
    uint16_t *w = must(malloc(rows * cols * sizeof(*w)));

    for (size_t i = 0; i < rows * cols; i++) {
        uint32_t r = next_random();

        w[i] = (uint16_t)((r & 0x8000) | exponent | (r & fraction));
    }
    return (struct matrix){ .data = w, .dtype = dtype, .rows = rows, .cols = cols };
}

static struct tensor random_tensor(size_t rows, size_t cols)
{
    struct tensor x = { must(malloc(rows * cols * sizeof(*x.at))), rows, cols };

    for (size_t i = 0; i < rows * cols; i++)
        x.at[i] = (float)(int32_t)next_random() * 0x1p-31f;
    return x;
}

static struct linear random_linear(size_t rows, size_t cols, enum dtype dtype, bool bias)
{
    struct linear l = { .w = random_matrix(rows, cols, dtype) };

    if (bias)
        l.bias = random_tensor(1, rows);
    return l;
}

static struct norm random_norm(size_t n, bool bias)
{
    struct norm norm = { .weight = random_tensor(1, n) };

    if (bias)
        norm.bias = random_tensor(1, n);
    return norm;
}

/* ---- shapes ---- */

struct text_shape {
    const char *name;
    uint32_t hidden, intermediate, heads, kv_heads, head_dim;
    enum dtype dtype;
    bool qk_norm;
    uint32_t prefix, branches, branch; /* of the tree, tokens */
};

static const struct text_shape texts[] = {
    { "LLaVA-NeXT 8B: layer", 4096, 14336, 32, 8, 128, DTYPE_F16, false, 1048, 40, 25 },
    { "Qwen3-VL 4B: layer", 2560, 9728, 32, 8, 128, DTYPE_BF16, true, 277, 40, 20 },
};

struct tower_shape {
    const char *name;
    uint32_t hidden, intermediate, heads, patch_values;
    enum activation act;
    enum dtype dtype;
    bool clip; /* class token, norm before the blocks, no rotation, no bias of patches */
    uint32_t pictures, patches;
};

static const struct tower_shape towers[] = {
    { "CLIP ViT-L: blocks", 1024, 4096, 16, 588, ACT_QUICK_GELU, DTYPE_F16, true, 3, 576 },
    { "Qwen3-VL: blocks", 1024, 4096, 16, 1536, ACT_GELU_TANH, DTYPE_BF16, false, 1, 288 },
    { "Qwen3-VL: blocks", 1024, 4096, 16, 1536, ACT_GELU_TANH, DTYPE_BF16, false, 1, 768 },
};

enum { BLOCKS = 4 };

/* ---- models ---- */

static struct text_layer random_layer(const struct text_shape *s)
{
    size_t h = s->hidden, q = (size_t)s->heads * s->head_dim,
           kv = (size_t)s->kv_heads * s->head_dim;
    struct text_layer l = {
        .norm1 = random_norm(h, false),
        .norm2 = random_norm(h, false),
        .q = random_linear(q, h, s->dtype, false),
        .k = random_linear(kv, h, s->dtype, false),
        .v = random_linear(kv, h, s->dtype, false),
        .o = random_linear(h, q, s->dtype, false),
        .gate = random_linear(s->intermediate, h, s->dtype, false),
        .up = random_linear(s->intermediate, h, s->dtype, false),
        .down = random_linear(h, s->intermediate, s->dtype, false),
    };

    if (s->qk_norm) {
        l.q_norm = random_norm(s->head_dim, false);
        l.k_norm = random_norm(s->head_dim, false);
    }
    return l;
}

/* One layer; what frees a model ends with the program. */
static struct model *make_text(const struct text_shape *s)
{
    struct model *m = must(calloc(1, sizeof(*m)));

    m->config.text = (struct text_config){ .hidden = s->hidden,
                                           .intermediate = s->intermediate,
                                           .layers = 1,
                                           .heads = s->heads,
                                           .kv_heads = s->kv_heads,
                                           .head_dim = s->head_dim,
                                           .vocab = 512,
                                           .eps = 1e-5,
                                           .act = ACT_SILU };
    m->layers = must(calloc(1, sizeof(*m->layers)));
    m->layers[0] = random_layer(s);
    m->embedding = random_matrix(512, s->hidden, s->dtype);
    m->final_norm = random_norm(s->hidden, false);
    m->frequency = random_tensor(1, s->head_dim / 2).at;
    m->config.image_token = UINT32_MAX;
    return m;
}

static struct tower_block random_block(const struct tower_shape *s)
{
    size_t h = s->hidden, wide = s->intermediate;

    return (struct tower_block){
        .norm1 = random_norm(h, true),
        .norm2 = random_norm(h, true),
        .q = random_linear(h, h, s->dtype, true),
        .k = random_linear(h, h, s->dtype, true),
        .v = random_linear(h, h, s->dtype, true),
        .out = random_linear(h, h, s->dtype, true),
        .fc1 = random_linear(wide, h, s->dtype, true),
        .fc2 = random_linear(h, wide, s->dtype, true),
    };
}

static struct model *make_tower(const struct tower_shape *s)
{
    struct model *m = must(calloc(1, sizeof(*m)));

    m->config.vision = (struct tower_config){ .hidden = s->hidden,
                                              .intermediate = s->intermediate,
                                              .layers = BLOCKS,
                                              .blocks = BLOCKS,
                                              .heads = s->heads,
                                              .eps = 1e-5,
                                              .act = s->act,
                                              .class_token = s->clip,
                                              .pre_norm = s->clip,
                                              .patch_bias = !s->clip };
    m->tower.blocks = must(calloc(BLOCKS, sizeof(*m->tower.blocks)));
    for (size_t i = 0; i < BLOCKS; i++)
        m->tower.blocks[i] = random_block(s);
    m->tower.class_embedding = random_tensor(1, s->hidden);
    m->tower.patch = random_linear(s->hidden, s->patch_values, s->dtype, !s->clip);
    m->tower.position = random_tensor(s->patches + s->clip, s->hidden);
    m->tower.pre_norm = random_norm(s->hidden, true);
    return m;
}

/* ---- where the time goes ---- */

enum timed { LINEAR, ATTENTION, N_TIMED };

static struct ops *under; /* the operations that are timed */
static double spent[N_TIMED];
static struct product { /* every matrix product that was asked for */
    size_t n, rows, cols;
} products[64];
static size_t n_products;

static int timed_linear(const struct ops *o, struct tensor y, struct tensor x,
                        const struct matrix *w, struct tensor bias, struct err *e)
{
    double start = now();
    int rc = under->linear(o, y, x, w, bias, e);

    spent[LINEAR] += now() - start;
    if (n_products == sizeof(products) / sizeof(products[0]))
        abort();
    products[n_products++] = (struct product){ x.rows, w->rows, w->cols };
    return rc;
}

static int timed_attend_spans(const struct ops *o, const struct attended *x,
                              const struct span_attention *a, struct err *e)
{
    double start = now();
    int rc = under->attend_spans(o, x, a, e);

    spent[ATTENTION] += now() - start;
    return rc;
}

static int timed_attend_tree(const struct ops *o, const struct attended *x,
                             const struct tree_attention *a, struct err *e)
{
    double start = now();
    int rc = under->attend_tree(o, x, a, e);

    spent[ATTENTION] += now() - start;
    return rc;
}

static struct ops *timed_ops(void)
{
    struct ops *o;
    struct err e;

    must_work(ops_new(&under, OPS_DNNL, PRECISION_F32, &e));
    must_work(ops_new(&o, OPS_DNNL, PRECISION_F32, &e));
    o->linear = timed_linear;
    o->attend_spans = timed_attend_spans;
    o->attend_tree = timed_attend_tree;
    return o;
}

static void begin(void)
{
    memset(spent, 0, sizeof(spent));
    n_products = 0;
}

/* ---- the ceilings ---- */

static void multiply(const struct product *p)
{
    static const size_t most = (size_t)2048 * 14336;
    static struct tensor w, x, y;
    dnnl_dim_t n = (dnnl_dim_t)p->n, rows = (dnnl_dim_t)p->rows, cols = (dnnl_dim_t)p->cols;

    if (!w.at) {
        w = random_tensor(4096, 14336);
        x = random_tensor(1, most);
        y = random_tensor(1, most);
    }
    if (p->n * p->cols > most || p->n * p->rows > most || p->rows * p->cols > w.rows * w.cols ||
        dnnl_sgemm('N', 'T', n, rows, cols, 1, x.at, cols, w.at, cols, 0, y.at, rows) !=
            dnnl_success)
        abort();
}

static double flop_of(const struct product *p)
{
    return 2.0 * (double)p->n * (double)p->rows * (double)p->cols;
}

/* FLOP a second of products. */
static double rate(const struct product *list, size_t n)
{
    double flop = 0, start;

    multiply(&list[0]);
    start = now();
    for (size_t i = 0; i < n; i++) {
        multiply(&list[i]);
        flop += flop_of(&list[i]);
    }
    return flop / (now() - start);
}

static double rate_of_squares(void)
{
    static const struct product squares[] = { { 2048, 2048, 2048 }, { 2048, 2048, 2048 } };

    return rate(squares, 2);
}

/* ---- what was measured ---- */

/* The best of several times: a busy machine takes from all of them, but not always as much. */
struct best {
    const char *name;
    size_t rows;
    double attention;       /* FLOP */
    double seconds;         /* 0: none yet */
    double spent[N_TIMED];  /* of them */
    double squares, shapes; /* FLOP a second */
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Runs behind the pass whose products are listed. */
static void note(struct best *b, double seconds)
{
    if (b->seconds == 0 || seconds < b->seconds) {
        b->seconds = seconds;
        memcpy(b->spent, spent, sizeof(spent));
    }
    b->squares = larger(b->squares, rate_of_squares());
    b->shapes = larger(b->shapes, rate(products, n_products));
}

static void report(const struct best *b)
{
    double flop = b->attention, rest = b->seconds - b->spent[LINEAR] - b->spent[ATTENTION], speed;

    for (size_t i = 0; i < n_products; i++)
        flop += flop_of(&products[i]);
    speed = flop / b->seconds;
    printf("%-21s %5zu rows %7.3f s %6.1f GFLOP/s: %5.1f %% of squares' %5.1f, %5.1f %% of its "
           "shapes' %5.1f;  products %4.1f %% of the time, attention %4.1f %%, the rest %4.1f %%; "
           "products %5.1f GFLOP/s, attention %5.1f\n",
           b->name, b->rows, b->seconds, speed * 1e-9, 100 * speed / b->squares, b->squares * 1e-9,
           100 * speed / b->shapes, b->shapes * 1e-9, 100 * b->spent[LINEAR] / b->seconds,
           100 * b->spent[ATTENTION] / b->seconds, 100 * rest / b->seconds,
           (flop - b->attention) / b->spent[LINEAR] * 1e-9,
           b->attention / b->spent[ATTENTION] * 1e-9);
    fflush(stdout);
}

/* ---- runs ---- */

static struct tree make_tree(const struct text_shape *s)
{
    size_t length = s->prefix + s->branch;
    uint32_t *ids = must(malloc(s->branches * length * sizeof(*ids)));
    struct prompt *prompts = must(malloc(s->branches * sizeof(*prompts)));
    struct tree t;
    struct err e;

    for (uint32_t b = 0; b < s->branches; b++) {
        for (uint32_t i = 0; i < length; i++)
            ids[b * length + i] = i < s->prefix ? i % 400 : (i + b) % 400;
        prompts[b] = (struct prompt){ ids + b * length, length };
    }
    must_work(tree_build(&t, prompts, s->branches, &e));
    free(ids);
    free(prompts);
    return t;
}

/* Every token asks, as in all layers but a model's last. */
static void time_text(const struct text_shape *s, const struct ops *o, size_t times)
{
    struct tree t = make_tree(s);
    uint32_t *all = must(malloc(t.n * sizeof(*all)));
    struct model *m = make_text(s);
    struct features none = { 0 };
    struct places places = { { t.depth, t.depth, t.depth } };
    struct decoder_input in = {
        .tree = &t, .places = &places, .features = &none, .rows = all, .n_rows = t.n
    };
    struct pass p = { .model = m, .ops = o };
    struct tensor out = random_tensor(t.n, s->hidden);
    struct best best = { .name = s->name, .rows = t.n };
    struct err e;

    for (uint32_t i = 0; i < t.n; i++) {
        all[i] = i;
        best.attention += 4.0 * (t.depth[i] + 1) * s->heads * s->head_dim;
    }
    for (size_t i = 0; i < times; i++) {
        double start = now();

        begin();
        must_work(decoder_run(out, &p, &in, &e));
        note(&best, now() - start);
    }
    report(&best);
    tree_release(&t);
}

static struct angles random_angles(size_t n, size_t pairs)
{
    return (struct angles){ random_tensor(n, pairs), random_tensor(n, pairs) };
}

static void time_tower(const struct tower_shape *s, const struct ops *o, size_t times)
{
    struct model *m = make_tower(s);
    struct pass p = { .model = m, .ops = o };
    size_t each = s->patches + s->clip, rows = s->pictures * each;
    uint32_t *ends = must(malloc(s->pictures * sizeof(*ends)));
    struct tower_input in = { .patches = random_tensor(s->pictures * s->patches, s->patch_values),
                              .pictures = s->pictures,
                              .position = m->tower.position,
                              .whole = { ends, s->pictures } };
    double pairs = (double)s->pictures * (double)each * (double)each;
    struct best best = { .name = s->name, .rows = rows };
    struct tensor out;
    struct err e;

    for (uint32_t i = 0; i < s->pictures; i++)
        ends[i] = (i + 1) * (uint32_t)each;
    if (!s->clip)
        in.angles = random_angles(rows, s->hidden / s->heads / 2);
    best.attention = 4.0 * BLOCKS * pairs * s->hidden;
    for (size_t i = 0; i < times; i++) {
        double start = now();

        begin();
        must_work(tower_run(&out, &p, &in, &e));
        note(&best, now() - start);
        o->release(o, &out);
    }
    report(&best);
}

int main(int argc, char **argv)
{
    size_t times = argc > 1 ? strtoul(argv[1], NULL, 10) : 3;
    const char *name = argc > 2 ? argv[2] : "";
    struct ops *o = timed_ops();

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strstr(texts[i].name, name))
            time_text(&texts[i], o, times);
    for (size_t i = 0; i < sizeof(towers) / sizeof(towers[0]); i++)
        if (strstr(towers[i].name, name))
            time_tower(&towers[i], o, times);
    return 0;
}
