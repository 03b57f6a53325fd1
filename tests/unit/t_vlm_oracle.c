/* SPDX-License-Identifier: MIT */
/*
 * The whole engine against transformers, stage by stage: tests/data/vlm, written by
 * tools/oracle/models.py. Both tables of operations.
 */
#include "t_vlm_layouts.h"

#include <dirent.h>

enum { STAGES_MAX = 40 };
static const double tolerance = 1e-4; /* of a stage's norm */

/* A question's kind is one whose answers are one token each, so that the pass is the prompt alone.
 */
static const struct {
    const char *name;
    enum vlm_kind kind;
    const char *cases; /* NULL: cases.txt */
    uint32_t tiles;    /* chosen for these */
} models[] = {
    { "llama-gqa", VLM_YESNO },      { "llama-f16-shards", VLM_YESNO },
    { "llama-biased", VLM_CHOICE },  { "mistral-bf16", VLM_YESNO },
    { "mistral-window", VLM_YESNO }, { "qwen2-tied", VLM_YESNO },
    { "real-tiles", VLM_YESNO },     { "qwen3vl-a", VLM_YESNO },
    { "qwen3vl-b", VLM_YESNO },      { "qwen3vl-c", VLM_YESNO },
    { "qwen2vl-a", VLM_YESNO },      { "qwen25vl-a", VLM_YESNO },
    { "qwen25vl-b", VLM_YESNO },     { "smolvlm-a", VLM_YESNO },
    { "idefics3-b", VLM_YESNO },     { "smolvlm-whole", VLM_YESNO },
    { "onevision-a", VLM_YESNO },    { "onevision-b", VLM_YESNO },
    { "llava15-a", VLM_YESNO },      { "llava15-b", VLM_YESNO },
    { "llava15-padded", VLM_YESNO }, { "onevision-a", VLM_YESNO, "whole.txt", 1 },
    { "next-layers", VLM_YESNO },    { "internvl-a", VLM_YESNO },
    { "internvl-b", VLM_YESNO },
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

static void check_ids(const char *row, const char *stage, const struct array *traced,
                      const struct array *kept)
{
    if (!traced->whole || !kept->whole || traced->n != kept->n)
        fail_row(row, "%s has %zu numbers, not %zu", stage, traced->n, kept->n);
    for (size_t i = 0; i < kept->n; i++)
        if (((int64_t *)traced->data)[i] != ((int64_t *)kept->data)[i])
            fail_row(row, "%s[%zu] is %lld, not %lld", stage, i,
                     (long long)((int64_t *)traced->data)[i],
                     (long long)((int64_t *)kept->data)[i]);
}

/* Every array of the folder is a stage of that name; the logits are compared apart. */
static size_t check_stages(void **state, const char *row, const char *folder,
                           const struct test_case *c, struct worst *w)
{
    DIR *all = opendir(folder);
    const struct dirent *entry;
    size_t n = 0;

    assert_non_null(all);
    while ((entry = readdir(all)) != NULL) {
        const char *end = strstr(entry->d_name, ".npy");
        struct array traced, kept;
        char stage[32];

        if (!end || strcmp(entry->d_name, "logits.npy") == 0)
            continue;
        snprintf(stage, sizeof(stage), "%.*s", (int)(end - entry->d_name), entry->d_name);
        traced = load_array(scratch_path(state, entry->d_name));
        kept = load_in(folder, entry->d_name);
        if (kept.whole)
            check_ids(row, stage, &traced, &kept);
        else
            compare_stage(row, w, stage, &traced, &kept, c->every);
        free(traced.data);
        free(kept.data);
        n++;
    }
    closedir(all);
    return n;
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
    check_pixels(state, row, path);
    assert_true(check_stages(state, row, path, c, w) >= (c->every > 0 ? 5u : 1u));
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
    struct vlm_options options = { .dtype = "f32",
                                   .reference = reference,
                                   .pictures = { .tiles = models[model].tiles } };
    char *folder = data_path("vlm", models[model].name);
    char *cases = read_text(folder, models[model].cases ? models[model].cases : "cases.txt");
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

    static const char prep[] = "{\"size\": 336, \"crop_size\": 336}";

    assert_ok(config_parse(&c, "config.json", text, strlen(text), &e), &e);
    assert_ok(prep_config_parse(&c, "preprocessor_config.json", prep, strlen(prep), &e), &e);
    return c;
}

static size_t tokens_of(const struct model_config *c, uint32_t width, uint32_t height)
{
    return layout_of(c, width, height).tokens;
}

static uint64_t hash_of_width(const struct model_config *c, uint32_t width, uint32_t heights)
{
    uint64_t hash = hash_of_nothing;

    for (uint32_t h = 1; h <= heights; h++)
        hash = hash_with(hash, (uint32_t)tokens_of(c, width, h));
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
            if (tokens_of(&c, width, height) != tokens)
                fail_row("size", "%u x %u has %zu tokens, not %zu", width, height,
                         tokens_of(&c, width, height), tokens);
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
    char *folder = data_path("vlm", "."), *text = read_text(folder, "tiles.txt");
    size_t n = 0;

    (void)state;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1, n++) {
        uint32_t width, height;
        char wanted[SHA256_HEX], hex[SHA256_HEX];

        assert_int_equal(sscanf(at, "%u %u %64s", &width, &height, wanted), 3);
        hash_tiles(&c, width, height, hex);
        if (strcmp(hex, wanted) != 0)
            fail_row("tiles", "those of %u x %u differ", width, height);
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
