/* SPDX-License-Identifier: MIT */
/*
 * vlm/families/internvl.c: the grid of tiles of a picture of any size
 * (tests/data/vlm/internvl_*.txt, written by tools/oracle/vlm_internvl.py), what folders say, and
 * what is refused.
 */
#include "t_vlm_layouts.h"

static const char config_text[] =
    "{\"model_type\": \"internvl\", \"image_token_id\": 300, \"downsample_ratio\": 0.5,\n"
    " \"projector_hidden_act\": \"gelu\", \"vision_feature_layer\": -1,\n"
    " \"vision_feature_select_strategy\": \"default\", \"tie_word_embeddings\": false,\n"
    " \"text_config\": {\"model_type\": \"qwen3\", \"hidden_size\": 64, \"vocab_size\": 320,\n"
    "  \"num_attention_heads\": 8, \"num_key_value_heads\": 2, \"rope_theta\": 1000000, "
    "\"tie_word_embeddings\": true},\n"
    " \"vision_config\": {\"model_type\": \"internvl_vision\", \"hidden_size\": 3200,\n"
    "  \"num_attention_heads\": 25, \"image_size\": [448, 448], \"patch_size\": [14, 14],\n"
    "  \"norm_type\": \"rms_norm\", \"use_qk_norm\": true, \"use_mean_pooling\": false,\n"
    "  \"attention_bias\": true, \"layer_norm_eps\": 0.001}}";

static const char prep_text[] =
    "{\"crop_to_patches\": false, \"min_patches\": 1, \"max_patches\": 12, \"resample\": 3,\n"
    " \"image_mean\": [0.485, 0.456, 0.406], \"image_std\": [0.229, 0.224, 0.225],\n"
    " \"size\": {\"height\": 448, \"width\": 448}, \"do_resize\": true}";

static int parse_config(struct model_config *c, const char *text, struct err *e)
{
    return config_parse(c, "config.json", text, strlen(text), e);
}

static int parse_prep(struct model_config *c, const char *text, struct err *e)
{
    return prep_config_parse(c, "preprocessor_config.json", text, strlen(text), e);
}

static struct model_config usual_model(void)
{
    struct model_config c;
    struct err e;

    assert_ok(parse_config(&c, config_text, &e), &e);
    assert_ok(parse_prep(&c, prep_text, &e), &e);
    return c;
}

/* Whose pictures become so many tiles: "1-12". */
static struct model_config model_named(const char *name)
{
    struct model_config c = usual_model();

    assert_int_equal(sscanf(name, "%u-%u", &c.internvl.fewest, &c.internvl.most), 2);
    return c;
}

/* ---- sizes ---- */

static uint64_t hash_of_widths(const struct model_config *c, uint32_t first, uint32_t widths,
                               uint32_t heights)
{
    uint64_t hash = hash_of_nothing;

    for (uint32_t w = first; w < first + widths; w++)
        for (uint32_t h = 1; h <= heights; h++) {
            struct layout l = layout_of(c, w, h);
            uint32_t sides[] = { l.tiling.cols, l.tiling.rows };

            for (size_t i = 0; i < 2; i++)
                hash = hash_with(hash, sides[i]);
        }
    return hash;
}

static void check_size(const char *line, const struct model_config *c, size_t *n)
{
    uint32_t w, h, cols, rows;
    struct layout l;
    size_t tiles;

    if (sscanf(line, "%*s size %u %u %u %u %zu", &w, &h, &cols, &rows, &tiles) != 5)
        return;
    l = layout_of(c, w, h);
    if (l.tiling.cols != cols || l.tiling.rows != rows)
        fail_row("size", "%u x %u: %u x %u (%.60s)", w, h, l.tiling.cols, l.tiling.rows, line);
    assert_true(l.resized.width == cols * 448 && l.resized.height == rows * 448);
    assert_int_equal(l.pictures, tiles);
    assert_int_equal(l.tokens, tiles * 256);
    assert_int_equal(l.tower_rows, tiles * 1025);
    ++*n;
}

static void grids_equal_transformers_for_every_picture(void **state)
{
    char *text = read_lines("internvl_sizes.txt");
    size_t sizes = 0, widths = 0;

    (void)state;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        char name[16];
        uint32_t first, n, heights;
        unsigned long long hash;
        struct model_config c;

        assert_int_equal(sscanf(at, "%15s", name), 1);
        c = model_named(name);
        check_size(at, &c, &sizes);
        if (sscanf(at, "%*s widths %u %u %u %llx", &first, &n, &heights, &hash) != 4)
            continue;
        if (hash_of_widths(&c, first, n, heights) != hash)
            fail_row("widths", "%s: those from %u differ", name, first);
        widths += n;
    }
    assert_int_equal(widths, 5 * 700);
    assert_true(sizes >= 100);
    free(text);
}

/* ---- pixels ---- */

static void tiles_equal_transformers_bit_for_bit(void **state)
{
    char *text = read_lines("internvl_tiles.txt");
    size_t n = 0;

    (void)state;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1, n++) {
        char name[16], wanted[SHA256_HEX], hex[SHA256_HEX];
        uint32_t width, height;
        size_t tiles;
        struct model_config c;

        assert_int_equal(sscanf(at, "%15s %u %u %zu %64s", name, &width, &height, &tiles, wanted),
                         5);
        c = model_named(name);
        assert_int_equal(layout_of(&c, width, height).pictures, tiles);
        hash_tiles(&c, width, height, hex);
        if (strcmp(hex, wanted) != 0)
            fail_row("tiles", "those of %u x %u for %s differ", width, height, name);
    }
    assert_true(n >= 12);
    free(text);
}

/* ---- what the user chooses ---- */

static void a_number_of_tiles_is_never_passed(void **state)
{
    static const struct {
        const char *folder;
        uint32_t tiles, most; /* the whole counted */
    } rows[] = {
        { "1-12", 1, 1 },   { "1-12", 2, 1 },   { "1-12", 3, 3 },    { "1-12", 5, 5 },
        { "1-12", 12, 12 }, { "1-12", 13, 13 }, { "1-12", 100, 13 }, { "5-6", 6, 6 },
        { "5-6", 5, 1 },    { "1-1", 9, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct model_config c = model_named(rows[i].folder);
        struct vlm_pictures chosen = { .tiles = rows[i].tiles };
        size_t most = 0;
        struct err e;

        assert_ok(c.family->choose(&c, &chosen, &e), &e);
        for (uint32_t w = 100; w < 3000; w += 100)
            for (uint32_t h = 100; h < 3000; h += 100) {
                struct layout l = layout_of(&c, w, h);

                most = l.pictures > most ? l.pictures : most;
            }
        assert_int_equal(most, rows[i].most);
        assert_int_equal(c.family->chosen(&c).tiles, rows[i].most);
    }
}

static void other_choices_are_refused(void **state)
{
    struct model_config c = usual_model();
    struct err e;

    (void)state;
    assert_says("pixels", c.family->choose(&c, &(struct vlm_pictures){ .min_pixels = 9 }, &e), &e,
                ERR_ARG, "min_pixels", "tiles");
    assert_int_equal(c.internvl.most, 12);
}

/* ---- what folders say ---- */

static void folders_say_what_the_model_is(void **state)
{
    struct model_config c = usual_model();

    (void)state;
    assert_int_equal(c.vision.image_size, 448);
    assert_int_equal(c.vision.patch, 14);
    assert_true(c.vision.rms && c.vision.post_norm && c.internvl.qkv_bias && !c.tied);
    assert_true(c.vision.qk_eps == 1e-6 && c.vision.eps == 0.001);
    assert_string_equal(c.text.family, "qwen3");
    assert_int_equal(c.text.head_dim, 128);
    assert_true(c.text.qk_norm && !c.text.qkv_bias && c.text.sliding_window == 0);
    assert_true(c.prep.mean[0] == 0.485F && c.prep.std[2] == 0.225F);
}

static void absent_keys_have_their_class_defaults(void **state)
{
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse_config(&c, "{\"model_type\": \"internvl\"}", &e), &e);
    assert_ok(parse_prep(&c, "{\"size\": {\"height\": 448, \"width\": 448}}", &e), &e);
    assert_int_equal(c.vision.hidden, 1024);
    assert_int_equal(c.vision.intermediate, 4096);
    assert_int_equal(c.vision.blocks, 24);
    assert_int_equal(c.vision.heads, 16);
    assert_int_equal(c.vision.act, ACT_GELU);
    assert_true(c.vision.class_token && c.vision.patch_bias && !c.vision.pre_norm);
    assert_true(!c.vision.rms && !c.vision.post_norm && !c.internvl.qkv_bias && c.tied);
    assert_true(c.vision.qk_eps == 0 && c.vision.eps == 1e-6);
    assert_int_equal(c.projector_act, ACT_GELU);
    assert_string_equal(c.text.family, "qwen2");
    assert_int_equal(c.image_token, 151667);
    assert_int_equal(c.internvl.fewest, 1);
    assert_int_equal(c.internvl.most, 12);
    assert_true(c.prep.mean[0] == 0.48145466F && c.prep.std[2] == 0.27577711F);
    assert_int_equal(c.family->least_tokens(&c), 256);
}

/* Of images and patches, a number stands for both sides; RoPE is scaled behind
 * max_position_embeddings only, which no prompt passes; null is not said. */
static void other_spellings_are_read(void **state)
{
    static const char *const changes[][2] = {
        { "[448, 448]", "448" },
        { "[14, 14]", "14" },
        { "\"rope_theta\": 1000000",
          "\"rope_theta\": 1000000, \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0}" },
        { "\"rope_theta\": 1000000",
          "\"rope_parameters\": {\"rope_type\": \"dynamic\", \"factor\": 2.0, "
          "\"rope_theta\": 1000000}" },
    };
    struct model_config c;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        char *text = replaced(config_text, changes[i][0], changes[i][1]);

        assert_ok(parse_config(&c, text, &e), &e);
        assert_int_equal(config_grid(&c), 32);
        assert_true(c.text.rope_theta == 1e6);
        free(text);
    }
    assert_ok(
        parse_prep(&c, "{\"max_patches\": null, \"size\": {\"height\": 448, \"width\": 448}}", &e),
        &e);
    assert_int_equal(c.internvl.most, 12);
}

/* A text with a part changed, and what the message says. */
struct change {
    const char *from, *to;
    const char *parts[3];
};

static const struct change wrong_configs[] = {
    { "\"internvl\"", "\"internvl_chat\"", { "architecture", "internvl_chat", "-hf" } },
    { "internvl_vision", "intern_vit_6b", { "model_type", "intern_vit_6b" } },
    { "\"qwen3\"", "\"qwen3_moe\"", { "family", "qwen3_moe", "qwen2 or qwen3" } },
    { "\"qwen3\"", "\"gpt_oss\"", { "family", "gpt_oss" } },
    { "\"rope_theta\": 1000000",
      "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 8}",
      { "RoPE", "yarn", "rope_scaling" } },
    { "\"rope_theta\": 1000000", "\"use_sliding_window\": true", { "use_sliding_window" } },
    { "300", "320", { "image token", "320" } },
    { "0.5", "0.25", { "downsample_ratio", "another ratio than 0.5" } },
    { "0.5", "0", { "downsample_ratio", "above 0" } },
    { "-1", "-2", { "vision_feature_layer", "than the last" } },
    { "-1", "[-1]", { "vision_feature_layer" } },
    { "\"default\"", "\"full\"", { "vision_feature_select_strategy", "than default" } },
    { "\"gelu\"", "\"gelu_new\"", { "projector_hidden_act", "gelu_new" } },
    { "[448, 448]", "[448, 224]", { "image_size", "squares" } },
    { "[448, 448]", "[448]", { "image_size" } },
    { "[448, 448]", "[\"448\", \"448\"]", { "image_size" } },
    { "[448, 448]", "[448, 448, 448]", { "image_size" } },
    { "[448, 448]", "[5000, 5000]", { "image_size", "5000" } },
    { "[14, 14]", "[0, 0]", { "patch_size", "0" } },
    { "[14, 14]", "[449, 449]", { "patch_size" } },
    { "[14, 14]", "[15, 15]", { "patch_size", "odd number of patches" } }, /* 29 */
    { "\"rms_norm\"", "\"group_norm\"", { "norm_type", "group_norm", "layer_norm" } },
    { "\"use_qk_norm\": true", "\"use_qk_norm\": 1", { "use_qk_norm", "true or false" } },
    { "\"use_qk_norm\": true",
      "\"use_absolute_position_embeddings\": false",
      { "use_absolute_position_embeddings", "positions" } },
    { "\"num_attention_heads\": 25", "\"num_attention_heads\": 24", { "num_attention_heads" } },
    { "\"num_attention_heads\": 25", "\"num_channels\": 1", { "num_channels" } },
};

static void configs_that_are_not_run_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_configs); i++) {
        const struct change *w = &wrong_configs[i];
        char *text = replaced(config_text, w->from, w->to);
        struct model_config c;
        struct err e;

        assert_says(w->to, parse_config(&c, text, &e), &e, ERR_FORMAT, w->parts[0], w->parts[1],
                    w->parts[2], "config.json");
        free(text);
    }
}

static const struct change wrong_preps[] = {
    { "\"resample\": 3", "\"resample\": 1", { "resample", "bicubic" } },
    { "\"max_patches\": 12", "\"max_patches\": 101", { "max_patches", "101", "100" } },
    { "\"max_patches\": 12", "\"max_patches\": 0", { "max_patches" } },
    { "\"max_patches\": 12", "\"max_patches\": 99", { "longer than a picture", "max_patches" } },
    { "\"min_patches\": 1", "\"min_patches\": -1", { "min_patches" } },
    { "\"height\": 448", "\"height\": 384", { "size", "384", "448" } },
    { "\"width\": 448", "\"width\": 336", { "size", "336", "448" } },
    { "\"height\": 448, \"width\": 448", "\"shortest_edge\": 448", { "size", "height" } },
    { "{\"height\": 448, \"width\": 448}", "448", { "size" } },
    { "{\"height\": 448, \"width\": 448}", "null", { "384", "448" } },
    { "\"do_resize\": true", "\"do_resize\": false", { "do_resize" } },
    { "\"do_resize\": true", "\"do_rescale\": false", { "do_rescale" } },
    { "0.229", "0", { "image_std" } },
};

static void pictures_that_are_prepared_otherwise_are_refused_by_name(void **state)
{
    struct model_config c = usual_model();
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong_preps); i++) {
        const struct change *w = &wrong_preps[i];
        char *text = replaced(prep_text, w->from, w->to);

        assert_says(w->to, parse_prep(&c, text, &e), &e, ERR_FORMAT, w->parts[0], w->parts[1],
                    w->parts[2], "preprocessor_config.json");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_equal_transformers_for_every_picture),
        cmocka_unit_test(tiles_equal_transformers_bit_for_bit),
        cmocka_unit_test(a_number_of_tiles_is_never_passed),
        cmocka_unit_test(other_choices_are_refused),
        cmocka_unit_test(folders_say_what_the_model_is),
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(other_spellings_are_read),
        cmocka_unit_test(configs_that_are_not_run_are_refused_by_name),
        cmocka_unit_test(pictures_that_are_prepared_otherwise_are_refused_by_name),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm internvl", tests, NULL, NULL);
}
