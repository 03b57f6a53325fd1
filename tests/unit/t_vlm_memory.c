/* SPDX-License-Identifier: MIT */
/*
 * What the engine says that it takes against what it takes: mem_new, mem_raw and free are wrapped
 * by the linker (-Wl,--wrap), which counts the bytes in use. What a library takes inside, and
 * arenas of small things, are not counted.
 */
#include "t_vlm_support.h"

#include <omp.h>

#include "vlm/engine.h"

/* ---- counting ---- */

enum { BLOCKS_MAX = 256 };

static struct {
    void *at;
    size_t bytes;
} blocks[BLOCKS_MAX];
static size_t in_use, most;

void *__real_mem_new(size_t n, size_t size, struct err *e);
void *__wrap_mem_new(size_t n, size_t size, struct err *e);
void *__real_mem_raw(size_t n, size_t size, struct err *e);
void *__wrap_mem_raw(size_t n, size_t size, struct err *e);
void __real_free(void *p);
void __wrap_free(void *p);

static void *counted(void *p, size_t bytes)
{
    size_t i = 0;

    while (i < BLOCKS_MAX && blocks[i].at)
        i++;
    assert_true(i < BLOCKS_MAX);
    blocks[i].at = p;
    blocks[i].bytes = bytes;
    in_use += bytes;
    most = in_use > most ? in_use : most;
    return p;
}

void *__wrap_mem_new(size_t n, size_t size, struct err *e)
{
    return counted(__real_mem_new(n, size, e), n * size);
}

void *__wrap_mem_raw(size_t n, size_t size, struct err *e)
{
    return counted(__real_mem_raw(n, size, e), n * size);
}

void __wrap_free(void *p)
{
    for (size_t i = 0; p && i < BLOCKS_MAX; i++)
        if (blocks[i].at == p) {
            in_use -= blocks[i].bytes;
            blocks[i].at = NULL;
        }
    __real_free(p);
}

/* Counts from what is in use now. */
static size_t begin_counting(void)
{
    most = in_use;
    return in_use;
}

/* ---- operations ---- */

static const int thread_counts[] = { 1, 2, 64 };

/* Both tables, both precisions, with a few threads and with many. */
static void for_all_tables(void (*check)(const struct ops *o, const char *row))
{
    int usual = omp_get_max_threads();

    for (size_t i = 0; i < COUNT(thread_counts); i++)
        for (int kind = OPS_REF; kind <= OPS_DNNL; kind++)
            for (int p = PRECISION_F32; p <= PRECISION_BF16; p++) {
                struct ops *o;
                struct err e;
                char row[64];

                omp_set_num_threads(thread_counts[i]);
                assert_ok(ops_new(&o, (enum ops_kind)kind, (enum precision)p, &e), &e);
                snprintf(row, sizeof(row), "%s, %s, %d threads", o->name,
                         p == PRECISION_BF16 ? "bf16" : "f32", thread_counts[i]);
                check(o, row);
                free(o);
            }
    omp_set_num_threads(usual);
}

static void check_linear(const struct ops *o, const char *row)
{
    static const struct {
        size_t n, rows, cols;
        enum dtype dtype;
    } cases[] = { { 1, 7, 5, DTYPE_F32 },
                  { 33, 65, 47, DTYPE_F16 },
                  { 33, 65, 47, DTYPE_F32 },
                  { 3, 4100, 2100, DTYPE_BF16 } /* more than one panel */ };

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = cases[i].n, rows = cases[i].rows, cols = cases[i].cols, before;
        void *stored = calloc(rows * cols, sizeof(float));
        float *x = calloc(n * cols, sizeof(*x)), *y = calloc(n * rows, sizeof(*y));
        struct matrix w = { .data = stored, .dtype = cases[i].dtype, .rows = rows, .cols = cols };
        struct tensor in = { x, n, cols }, out = { y, n, rows }, none = { 0 };
        struct err e;

        assert_true(stored && x && y);
        before = begin_counting();
        assert_ok(o->linear(o, out, in, &w, none, &e), &e);
        if (most - before != o->scratch_bytes(o, n, &w))
            fail_row(row, "linear %zu takes %zu bytes, says %zu", i, most - before,
                     o->scratch_bytes(o, n, &w));
        free(stored);
        free(x);
        free(y);
    }
}

static void products_say_what_they_take(void **state)
{
    (void)state;
    for_all_tables(check_linear);
}

static void check_attention(const struct ops *o, const char *row)
{
    enum { N = 700, HEADS = 2, DIM = 4, IMAGES = 2 };
    static uint32_t ids[N], rows[N];
    static float x[IMAGES * N * HEADS * DIM], y[IMAGES * N * HEADS * DIM];
    static const uint32_t ends[] = { N, 2 * N };
    struct span_attention whole = { .ends = ends, .n = IMAGES, .heads = HEADS };
    struct tensor in = { x, IMAGES * N, HEADS * DIM }, out = { y, IMAGES * N, HEADS * DIM };
    struct attended io = { .y = out, .q = in, .k = in, .v = in };
    struct prompt prompt = { ids, N };
    struct tree tree;
    struct err e;
    size_t before;

    for (uint32_t i = 0; i < N; i++)
        rows[i] = i;
    before = begin_counting();
    assert_ok(o->attend_spans(o, &io, &whole, &e), &e);
    if (most - before != o->attend_bytes(o, N))
        fail_row(row, "an image takes %zu bytes, says %zu", most - before, o->attend_bytes(o, N));
    assert_ok(tree_build(&tree, &prompt, 1, &e), &e);

    struct tree_attention a = { .heads = HEADS, .kv_heads = HEADS, .rows = rows, .tree = &tree };

    io.q = tensor_rows(in, 0, N);

    before = begin_counting();
    assert_ok(o->attend_tree(o, &io, &a, &e), &e);
    if (most - before != o->attend_bytes(o, N))
        fail_row(row, "a tree takes %zu bytes, says %zu", most - before, o->attend_bytes(o, N));
    tree_release(&tree);
}

static void attention_says_what_it_takes(void **state)
{
    (void)state;
    for_all_tables(check_attention);
}

/* ---- a whole pass ---- */

static struct vlm_cost estimate(const struct vlm *v, const struct vlm_prompts *p,
                                const struct image *image)
{
    struct vlm_cost cost;
    struct err e;

    assert_ok(vlm_estimate(&cost, v, p, &(struct vlm_size){ image->width, image->height }, &e), &e);
    return cost;
}

/* What it takes to ask about as many pictures of that size as are asked together. */
static size_t taken(struct vlm *v, const struct vlm_prompts *p, const struct image *image, size_t n)
{
    enum { MOST = 64 };
    const struct image *images[MOST];
    struct vlm_asked asked = { .prompts = p, .images = images, .n = n };
    struct vlm_how how = { 0 };
    struct vlm_answers answers[MOST];
    size_t before;
    struct err e;

    assert_true(n > 0 && n <= MOST);
    for (size_t i = 0; i < n; i++)
        images[i] = image;
    before = begin_counting();
    assert_ok(vlm_ask_together(v, &asked, &how, answers, &e), &e);
    for (size_t i = 0; i < n; i++)
        vlm_answers_release(&answers[i]);
    return most - before;
}

/* The estimate is what a pass takes at its hungriest. */
static void check_pass(const struct vlm_options *o, const char *model, int threads,
                       const struct image *image)
{
    static const struct vlm_question questions[] = {
        { "Is it red?", VLM_YESNO, NULL, 0 },
        { "Is it blue, or is it of some other colour?", VLM_YESNO, NULL, 0 },
    };
    struct vlm *v = open_model(model, o);
    struct vlm_prompts *p = make_prompts(v, questions, COUNT(questions));
    struct vlm_cost cost;
    size_t took;

    v->ops->narrow = false; /* the models here are, and would take one thread */
    v->pass_tokens = 512;   /* their weights are small: a picture would go alone */
    omp_set_num_threads(threads);
    cost = estimate(v, p, image);
    took = taken(v, p, image, cost.together);
    if (cost.activation_bytes != took)
        fail_row(model, "%s, %d threads, %zu pictures: takes %zu bytes, says %zu", o->dtype,
                 threads, cost.together, took, cost.activation_bytes);
    vlm_prompts_free(p);
    vlm_close(v);
}

static void scores_of_64_threads_and_rounded_copies_are_counted(void **state)
{
    static const char *const dtypes[] = { "f32", "bf16" };
    static const struct {
        const char *name;
        size_t images; /* one: of the other the resizing would take more than these small models */
    } models[] = {
        { "llama-gqa", 2 },   { "llama-f16-shards", 2 }, { "qwen2-tied", 2 }, { "qwen3vl-a", 2 },
        { "qwen3vl-b", 2 },   { "qwen25vl-a", 2 },       { "smolvlm-a", 2 },  { "idefics3-b", 2 },
        { "onevision-a", 2 }, { "onevision-b", 2 },      { "llava15-a", 1 },  { "internvl-a", 2 },
        { "internvl-b", 2 },
    };
    int usual = omp_get_max_threads();
    struct image images[] = { make_picture(37, 23), make_picture(300, 20) };

    (void)state;
    for (size_t m = 0; m < COUNT(models); m++)
        for (size_t d = 0; d < COUNT(dtypes); d++)
            for (int reference = 0; reference < 2; reference++)
                for (size_t i = 0; i < models[m].images; i++) {
                    struct vlm_options o = { .dtype = dtypes[d], .reference = reference };

                    check_pass(&o, models[m].name, 2, &images[i]);
                    check_pass(&o, models[m].name, 64, &images[i]);
                }
    omp_set_num_threads(usual);
    for (size_t i = 0; i < COUNT(images); i++)
        free(images[i].rgb);
}

/* What comes before the language model says it too, where that takes less than the rest. */
static void check_encode(const char *model, bool reference, const struct image *image)
{
    struct vlm_options o = { .dtype = "f32", .reference = reference };
    struct vlm *v = open_model(model, &o);
    struct pass p = { .model = v->model, .ops = v->ops };
    const struct model_config *c = &v->model->config;
    struct features features;
    struct layout l;
    struct err e;
    float *pixels;
    size_t before, says;

    assert_ok(c->family->layout(&l, c, image->width, image->height, &e), &e);
    assert_ok(c->family->pixels(&pixels, c, &l, image, &e), &e);
    before = begin_counting();
    assert_ok(c->family->encode(&features, &p, &l, pixels, &e), &e);
    says = c->family->encode_bytes(&p, &l);
    if (says != most - before)
        fail_row(model, "%u x %u: takes %zu bytes, says %zu", image->width, image->height,
                 most - before, says);
    features_release(&features, v->ops);
    free(pixels);
    vlm_close(v);
}

static void pictures_say_what_they_take(void **state)
{
    static const char *const models[] = { "llama-gqa", "qwen3vl-a",  "qwen3vl-b",
                                          "qwen3vl-c", "qwen25vl-a", "qwen25vl-b",
                                          "qwen2vl-a", "internvl-a", "internvl-b" };
    struct image images[] = { make_picture(37, 23), make_picture(178, 218) };

    (void)state;
    for (size_t m = 0; m < COUNT(models); m++)
        for (size_t i = 0; i < COUNT(images); i++) {
            check_encode(models[m], true, &images[i]);
            check_encode(models[m], false, &images[i]);
        }
    for (size_t i = 0; i < COUNT(images); i++)
        free(images[i].rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_say_what_they_take),
        cmocka_unit_test(attention_says_what_it_takes),
        cmocka_unit_test(scores_of_64_threads_and_rounded_copies_are_counted),
        cmocka_unit_test(pictures_say_what_they_take),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm memory", tests, NULL, NULL);
}
