/* SPDX-License-Identifier: MIT */
/*
 * The whole engine against transformers, stage by stage: tests/data/vlm, written by
 * tools/oracle/models.py. Both tables of operations.
 */
#include "t_vlm_support.h"

#include "vlm/config.h"
#include "vlm/prep.h"
#include "vlm/vlm.h"

enum { STAGES_MAX = 16 };
static const double tolerance = 1e-4; /* of a stage's norm */

/* A question's kind is one whose answers are one token each, so that the pass is the prompt alone.
 */
static const struct {
    const char *name;
    enum vlm_kind kind;
} models[] = {
    { "llama-gqa", VLM_YESNO },      { "llama-f16-shards", VLM_YESNO },
    { "llama-biased", VLM_CHOICE },  { "mistral-bf16", VLM_YESNO },
    { "mistral-window", VLM_YESNO }, { "qwen2-tied", VLM_YESNO },
    { "real-tiles", VLM_YESNO },
};

/* ---- a case ---- */

struct test_case { /* a line of cases.txt */
    char name[16], question[256];
    uint32_t width, height;
    size_t every; /* rows of the stages that are kept: every n-th; 0: none */
};

struct worst { /* distance by stage, for the report */
    char stage[STAGES_MAX][32];
    double distance[STAGES_MAX];
    size_t n;
};

static void note(struct worst *w, const char *stage, double distance)
{
    size_t i = 0;

    while (i < w->n && strcmp(w->stage[i], stage) != 0)
        i++;
    assert_true(i < STAGES_MAX);
    if (i == w->n)
        snprintf(w->stage[w->n++], sizeof(w->stage[i]), "%s", stage);
    if (!(distance <= w->distance[i]))
        w->distance[i] = distance;
}

static struct array load_in(const char *folder, const char *name)
{
    struct err e;
    char *path = file_join(folder, name, &e);
    struct array a = load_array(path);

    free(path);
    return a;
}

static char *read_text(const char *folder, const char *name)
{
    struct err e;
    char *path = file_join(folder, name, &e), *text;
    size_t len;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    free(path);
    return text;
}

/* Rows 0, every, 2 every, .. of what was traced against those that the fixture keeps. */
static void compare_stage(const char *row, struct worst *w, const char *stage,
                          const struct array *traced, const struct array *kept, size_t every)
{
    size_t width = kept->width;
    float *rows = malloc(kept->n * sizeof(*rows) + 1);
    double d;

    assert_non_null(rows);
    assert_true(traced->n % width == 0);
    if ((traced->n / width + every - 1) / every != kept->rows)
        fail_row(row, "%s has %zu rows, not about %zu", stage, traced->n / width,
                 kept->rows * every);
    for (size_t r = 0; r < kept->rows; r++)
        memcpy(rows + r * width, (float *)traced->data + r * every * width, width * sizeof(*rows));
    d = distance(rows, kept->data, kept->n);
    if (!(d <= tolerance))
        fail_row(row, "%s differs by %g", stage, d);
    note(w, stage, d);
    free(rows);
}

static void check_stages(void **state, const char *row, const char *folder,
                         const struct test_case *c, struct worst *w)
{
    static const char *const stages[] = { "vision",   "features", "hidden.0",
                                          "hidden.1", "hidden.2", "hidden.3" };

    for (size_t i = 0; c->every > 0 && i < COUNT(stages); i++) {
        char name[32];
        struct array traced, kept;

        snprintf(name, sizeof(name), "%s.npy", stages[i]);
        traced = load_array(scratch_path(state, name));
        kept = load_in(folder, name);
        compare_stage(row, w, stages[i], &traced, &kept, c->every);
        free(traced.data);
        free(kept.data);
    }
}

static void check_ids(void **state, const char *row, const char *folder)
{
    struct array traced = load_array(scratch_path(state, "input_ids.npy"));
    struct array kept = load_in(folder, "input_ids.npy");

    assert_true(traced.whole && kept.whole);
    if (traced.n != kept.n)
        fail_row(row, "%zu ids, not %zu", traced.n, kept.n);
    for (size_t i = 0; i < kept.n; i++)
        if (((int64_t *)traced.data)[i] != ((int64_t *)kept.data)[i])
            fail_row(row, "id %zu is %lld, not %lld", i, (long long)((int64_t *)traced.data)[i],
                     (long long)((int64_t *)kept.data)[i]);
    free(traced.data);
    free(kept.data);
}

static void check_pixels(void **state, const char *row, const char *folder)
{
    struct array traced = load_array(scratch_path(state, "pixel_values.npy"));
    char *kept = read_text(folder, "pixel_values.sha256"), hex[SHA256_HEX];

    sha256_hex(traced.data, traced.n * sizeof(float), hex);
    if (strncmp(kept, hex, SHA256_HEX - 1) != 0)
        fail_row(row, "the tiles' bytes differ");
    free(traced.data);
    free(kept);
}

static void check_logits(const char *row, const char *folder, const struct vlm_answers *a,
                         struct worst *w)
{
    struct array kept = load_in(folder, "logits.npy");
    double d = distance(a->logits, kept.data, kept.n);

    if (!(d <= tolerance))
        fail_row(row, "logits differ by %g", d);
    note(w, "logits", d);
    free(kept.data);
}

static void run_case(void **state, struct vlm *v, size_t model, const struct test_case *c,
                     struct worst *w)
{
    static const char *const letters[] = { "a", "b" };
    struct vlm_question question = { c->question, models[model].kind, letters, 2 };
    struct vlm_how how = { .logits = true, .trace = ((struct scratch *)*state)->folder };
    struct image image = make_picture(c->width, c->height);
    struct vlm_prompts *p;
    struct vlm_answers answers;
    struct err e;
    char row[320], *folder = data_path("vlm", models[model].name),
                   *path = file_join(folder, c->name, &e), *prompt;

    snprintf(row, sizeof(row), "%s %s (%s) %s", models[model].name, c->name, vlm_info(v).ops,
             c->question);
    assert_ok(vlm_prompts_new(&p, v, &question, 1, &e), &e);
    prompt = read_text(path, "prompt.txt");
    assert_string_equal(vlm_prompt_text(p, 0), prompt);
    assert_ok(vlm_ask(v, p, &image, &how, &answers, &e), &e);
    check_ids(state, row, path);
    check_pixels(state, row, path);
    check_stages(state, row, path, c, w);
    check_logits(row, path, &answers, w);
    vlm_answers_release(&answers);
    vlm_prompts_free(p);
    free(image.rgb);
    free(prompt);
    free(path);
    free(folder);
}

/* The next line of cases.txt. */
static bool next_case(const char **at, struct test_case *c)
{
    int read = 0;

    *c = (struct test_case){ 0 };
    if (**at == '\0')
        return false;
    assert_int_equal(sscanf(*at, "%15s\t%u\t%u\t%zu\t%255[^\n]%n", c->name, &c->width, &c->height,
                            &c->every, c->question, &read),
                     5);
    *at += read + 1;
    return true;
}

static void run_model(void **state, size_t model, bool reference, struct worst *w)
{
    struct vlm_options options = { .dtype = "f32", .reference = reference };
    char *folder = data_path("vlm", models[model].name), *cases = read_text(folder, "cases.txt");
    const char *at = cases;
    struct test_case c;
    struct vlm *v;
    struct err e;

    assert_ok(vlm_open(&v, folder, &options, &e), &e);
    assert_ok(vlm_check_weights(v, &e), &e);
    while (next_case(&at, &c))
        run_case(state, v, model, &c, w);
    vlm_close(v);
    free(cases);
    free(folder);
}

static void run_models(void **state, bool reference)
{
    for (size_t i = 0; i < COUNT(models); i++) {
        struct worst w = { .n = 0 };

        run_model(state, i, reference, &w);
        printf("# %s %s:", reference ? "ref" : "dnnl", models[i].name);
        for (size_t s = 0; s < w.n; s++)
            printf(" %s %.1e", w.stage[s], w.distance[s]);
        printf("\n");
    }
}

static void plain_operations_equal_transformers(void **state)
{
    run_models(state, true);
}

static void onednn_operations_equal_transformers(void **state)
{
    run_models(state, false);
}

/* ---- sizes ---- */

static struct model_config usual_config(void)
{
    static const char text[] =
        "{\"model_type\": \"llava_next\", \"text_config\": {\"vocab_size\": 32064}}";
    struct model_config c;
    struct err e;

    assert_ok(config_parse(&c, "config.json", text, strlen(text), &e), &e);
    return c;
}

static uint64_t hash_of_width(const struct model_config *c, uint32_t width, uint32_t heights)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits */

    for (uint32_t h = 1; h <= heights; h++) {
        size_t tokens = prep_layout(c, width, h).tokens;

        for (size_t i = 0; i < 4; i++)
            hash = (hash ^ (tokens >> 8 * i & 255)) * 0x100000001b3;
    }
    return hash;
}

static void image_tokens_equal_transformers_for_every_size(void **state)
{
    struct model_config c = usual_config();
    char *folder = data_path("vlm", "."), *text = read_text(folder, "layouts.txt");
    size_t sizes = 0, widths = 0;

    (void)state;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        uint32_t width, height;
        size_t tokens;
        unsigned long long hash;

        if (sscanf(at, "size %u %u %zu", &width, &height, &tokens) == 3) {
            if (prep_layout(&c, width, height).tokens != tokens)
                fail_row("size", "%u x %u has %zu tokens, not %zu", width, height,
                         prep_layout(&c, width, height).tokens, tokens);
            sizes++;
        } else {
            assert_int_equal(sscanf(at, "width %u %u %llx", &width, &height, &hash), 3);
            if (hash_of_width(&c, width, height) != hash)
                fail_row("width", "%u differs", width);
            widths++;
        }
    }
    assert_true(sizes > 25 && widths == 400);
    free(text);
    free(folder);
}

static void tiles_equal_transformers_bit_for_bit(void **state)
{
    struct model_config c = usual_config();
    struct prep_config prep = { .tile = 336,
                                .mean = { 0.48145466f, 0.4578275f, 0.40821073f },
                                .std = { 0.26862954f, 0.26130258f, 0.27577711f },
                                .rescale = 0.00392156862745098 };
    char *folder = data_path("vlm", "."), *text = read_text(folder, "tiles.txt");
    size_t n = 0;

    (void)state;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1, n++) {
        uint32_t width, height;
        char wanted[SHA256_HEX], hex[SHA256_HEX];
        struct image image;
        struct layout l;
        float *tiles;
        struct err e;

        assert_int_equal(sscanf(at, "%u %u %64s", &width, &height, wanted), 3);
        image = make_picture(width, height);
        l = prep_layout(&c, width, height);
        assert_ok(prep_tiles(&tiles, &prep, &l, &image, &e), &e);
        sha256_hex(tiles, l.tiles * 3 * 336 * 336 * sizeof(*tiles), hex);
        if (strcmp(hex, wanted) != 0)
            fail_row("tiles", "those of %u x %u differ", width, height);
        free(tiles);
        free(image.rgb);
    }
    assert_true(n > 15);
    free(text);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_tokens_equal_transformers_for_every_size),
        cmocka_unit_test(tiles_equal_transformers_bit_for_bit),
        test_with_scratch(plain_operations_equal_transformers),
        test_with_scratch(onednn_operations_equal_transformers),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm oracle", tests, NULL, NULL);
}
