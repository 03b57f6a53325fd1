/* SPDX-License-Identifier: MIT */
/*
 * vlm/config.c: what config.json and the image processor's settings mean, and what is refused.
 */
#include "t_vlm_support.h"

#include "vlm/config.h"
#include "vlm/families/family.h"

/* ---- config.json ---- */

static const char config_text[] =
    "{\"model_type\": \"llava_next\", \"architectures\": [\"LlavaNextForConditionalGeneration\"],\n"
    " \"image_token_index\": 300, \"vision_feature_layer\": -2,\n"
    " \"vision_feature_select_strategy\": \"default\", \"projector_hidden_act\": \"gelu\",\n"
    " \"image_grid_pinpoints\": [[28, 56], [56, 28]], \"tie_word_embeddings\": false,\n"
    " \"text_config\": {\"model_type\": \"llama\", \"hidden_size\": 64, \"intermediate_size\": "
    "96,\n"
    "  \"num_hidden_layers\": 2, \"num_attention_heads\": 8, \"num_key_value_heads\": 2,\n"
    "  \"vocab_size\": 320, \"rope_theta\": 500000.0, \"rms_norm_eps\": 1e-05},\n"
    " \"vision_config\": {\"hidden_size\": 32, \"intermediate_size\": 64, \"num_hidden_layers\": "
    "4,\n"
    "  \"num_attention_heads\": 4, \"image_size\": 28, \"patch_size\": 14}}";

static int parse_config(struct model_config *c, const char *text, struct err *e)
{
    return config_parse(c, "config.json", text, strlen(text), e);
}

/* The configuration with a part changed. */
static struct model_config config_with(const char *from, const char *to)
{
    char *text = replaced(config_text, from, to);
    struct model_config c;
    struct err e;

    assert_ok(parse_config(&c, text, &e), &e);
    free(text);
    return c;
}

static void config_says_what_the_model_is(void **state)
{
    struct model_config c = config_with("{", "{");

    (void)state;
    assert_string_equal(c.text.family, "llama");
    assert_int_equal(c.text.hidden, 64);
    assert_int_equal(c.text.head_dim, 8);
    assert_int_equal(c.text.kv_heads, 2);
    assert_int_equal(c.text.max_positions, 2048);
    assert_int_equal(c.text.sliding_window, 0);
    assert_true(c.text.rope_theta == 500000.0 && c.text.eps == 1e-5);
    assert_true(!c.text.qkv_bias && !c.text.o_bias && !c.text.mlp_bias);
    assert_int_equal(c.vision.channels, 3);
    assert_int_equal(c.vision.act, ACT_QUICK_GELU);
    assert_true(c.vision.eps == 1e-5);
    assert_int_equal(c.vision.blocks, 3);
    assert_int_equal(c.image_token, 300);
    assert_int_equal(c.projector_act, ACT_GELU);
    assert_true(c.projector_bias && !c.tied);
    assert_int_equal(c.llava.pinpoints.n, 2);
    assert_int_equal(c.llava.pinpoints.points[1].height, 56);
    assert_int_equal(config_grid(&c), 2);
}

static void absent_keys_have_their_class_defaults(void **state)
{
    static const char all[] =
        "{\"model_type\":\"llava_next\",\"text_config\":{\"vocab_size\":32064}}";
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse_config(&c, all, &e), &e);
    assert_string_equal(c.text.family, "llama");
    assert_int_equal(c.text.hidden, 4096);
    assert_int_equal(c.text.intermediate, 11008);
    assert_int_equal(c.text.layers, 32);
    assert_int_equal(c.text.kv_heads, 32);
    assert_int_equal(c.image_token, 32000);
    assert_true(c.text.eps == 1e-6 && c.text.rope_theta == 10000.0);
    assert_int_equal(c.vision.hidden, 1024);
    assert_int_equal(c.vision.image_size, 336);
    assert_int_equal(c.vision.blocks, 23);
    assert_int_equal(c.llava.pinpoints.n, 5);
    assert_int_equal(c.llava.pinpoints.points[0].width, 672);
    c = config_with("\"model_type\": \"llama\", \"hidden_size\": 64, \"intermediate_size\": 96,",
                    "\"model_type\": \"mistral\", \"hidden_size\": 64,");
    assert_int_equal(c.text.intermediate, 14336);
    assert_int_equal(c.text.max_positions, 131072);
    assert_int_equal(c.text.sliding_window, 4096);
    c = config_with("\"model_type\": \"llama\"",
                    "\"model_type\": \"mistral\", \"sliding_window\": null");
    assert_int_equal(c.text.sliding_window, 0);
    c = config_with("\"model_type\": \"llama\"",
                    "\"model_type\": \"mistral\", \"sliding_window\": 17");
    assert_int_equal(c.text.sliding_window, 17);
    c = config_with("\"model_type\": \"llama\"",
                    "\"model_type\": \"qwen2\", \"sliding_window\": 17");
    assert_int_equal(c.text.sliding_window, 0);
    assert_true(c.text.qkv_bias && !c.text.o_bias && !c.text.mlp_bias);
    assert_int_equal(c.text.max_positions, 32768);
    c = config_with("\"num_key_value_heads\": 2", "\"num_key_value_heads\": null");
    assert_int_equal(c.text.kv_heads, 8);
}

static void newer_and_other_spellings_are_read(void **state)
{
    struct model_config c = config_with("\"image_token_index\": 300", "\"image_token_id\": 301");

    (void)state;
    assert_int_equal(c.image_token, 301);
    c = config_with("\"rope_theta\": 500000.0",
                    "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 7.5}");
    assert_true(c.text.rope_theta == 7.5);
    c = config_with("\"rope_theta\": 500000.0", "\"rope_theta\": 8, \"rope_scaling\": null");
    assert_true(c.text.rope_theta == 8);
    c = config_with("\"rope_theta\": 500000.0",
                    "\"rope_theta\": 8, \"rope_scaling\": {\"type\": \"default\"}");
    assert_true(c.text.rope_theta == 8);
    c = config_with("\"hidden_size\": 64", "\"hidden_size\": 64, \"head_dim\": 20");
    assert_int_equal(c.text.head_dim, 20);
    c = config_with("\"hidden_size\": 64", "\"hidden_size\": 64, \"attention_bias\": true");
    assert_true(c.text.qkv_bias && c.text.o_bias);
    c = config_with("\"hidden_size\": 64", "\"hidden_size\": 64, \"tie_word_embeddings\": true");
    assert_true(c.tied);
    c = config_with("\"vision_feature_layer\": -2", "\"vision_feature_layer\": 1");
    assert_int_equal(c.vision.blocks, 1);
    c = config_with("\"vision_feature_layer\": -2", "\"vision_feature_layer\": -5");
    assert_int_equal(c.vision.blocks, 0);
    c = config_with("\"vision_feature_layer\": -2", "\"vision_feature_layer\": [1, -2, 1]");
    assert_int_equal(c.vision.blocks, 3);
    assert_int_equal(c.llava.n_layers, 3);
    assert_true(c.llava.layers[0] == 1 && c.llava.layers[1] == 3 && c.llava.layers[2] == 1);
    c = config_with("\"tie_word_embeddings\": false", "\"quantization_config\": null");
    assert_true(!c.tied);
}

/* The configuration with a part changed, and what the message says. */
static const struct {
    const char *from, *to;
    enum err_code code;
    const char *parts[3];
} wrong_changes[] = {
    { "\"llava_next\"",
      "\"llava_next_video\"",
      ERR_FORMAT,
      { "architecture are not read", "llava_next_video", "config.json: model_type" } },
    { "\"llava_next\"", "\"mllama\"", ERR_FORMAT, { "mllama", "import FILE", "llava_next" } },
    { "\"model_type\": \"llava_next\",", "", ERR_FORMAT, { "no model_type" } },
    { "\"architectures\"",
      "\"quantization_config\": {\"bits\": 4}, \"x\"",
      ERR_FORMAT,
      { "quantised", "quantization_config", "full precision" } },
    { "\"llama\"",
      "\"gemma\"",
      ERR_FORMAT,
      { "family are not read", "gemma", "text_config.model_type" } },
    { "\"llama\"", "7", ERR_FORMAT, { "family are not read", "a number", "import FILE" } },
    { "\"llama\"",
      "\"llama\", \"hidden_act\": \"gelu\"",
      ERR_FORMAT,
      { "another activation than silu", "text_config.hidden_act" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_scaling\": {\"rope_type\": \"llama3\"}",
      ERR_FORMAT,
      { "RoPE scaling", "llama3", "text_config.rope_scaling" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}",
      ERR_FORMAT,
      { "RoPE scaling", "linear" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_scaling\": {\"factor\": 2}",
      ERR_FORMAT,
      { "RoPE scaling", "without a type" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_parameters\": {\"type\": \"yarn\"}",
      ERR_FORMAT,
      { "yarn", "text_config.rope_parameters" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": -1}",
      ERR_FORMAT,
      { "number above 0", "config.json: text_config.rope_parameters.rope_theta" } },
    { "\"rope_theta\": 500000.0",
      "\"rope_theta\": 0",
      ERR_FORMAT,
      { "number above 0", "text_config.rope_theta" } },
    { "\"rope_theta\": 500000.0", "\"rope_theta\": null", ERR_FORMAT, { "null" } },
    { "\"hidden_size\": 64",
      "\"hidden_size\": \"64\"",
      ERR_FORMAT,
      { "\"64\"", "whole number", "text_config.hidden_size" } },
    { "\"hidden_size\": 64", "\"hidden_size\": 64.5", ERR_FORMAT, { "64.5" } },
    { "\"hidden_size\": 64", "\"hidden_size\": 0", ERR_FORMAT, { "from 1" } },
    { "\"hidden_size\": 64", "\"hidden_size\": -64", ERR_FORMAT, { "-64" } },
    { "\"hidden_size\": 64", "\"hidden_size\": null", ERR_FORMAT, { "null" } },
    { "\"hidden_size\": 64", "\"hidden_size\": 99999999999", ERR_FORMAT, { "99999999999" } },
    { "\"hidden_size\": 64", "\"hidden_size\": 4", ERR_FORMAT, { "head_dim" } },
    { "\"hidden_size\": 64",
      "\"hidden_size\": 64, \"head_dim\": 7",
      ERR_FORMAT,
      { "odd head dimension" } },
    { "\"num_key_value_heads\": 2",
      "\"num_key_value_heads\": 3",
      ERR_FORMAT,
      { "do not divide", "text_config.num_key_value_heads" } },
    { "\"llama\"",
      "\"qwen2\", \"use_sliding_window\": true",
      ERR_FORMAT,
      { "sliding window in some layers", "use_sliding_window" } },
    { "\"llama\"", "\"mistral\", \"sliding_window\": 0", ERR_FORMAT, { "sliding_window" } },
    { "\"image_token_index\": 300",
      "\"image_token_index\": 320",
      ERR_FORMAT,
      { "320", "vocab_size", "image_token_index" } },
    { "\"image_token_index\": 300, ", "", ERR_FORMAT, { "below the text model's vocab_size" } },
    { "-2", "[-2, -5]", ERR_FORMAT, { "goes into the tower's blocks", "vision_feature_layer" } },
    { "-2", "[-2, -6]", ERR_FORMAT, { "-6", "vision_feature_layer[1]" } },
    { "-2", "[]", ERR_FORMAT, { "list of 1 to 8", "vision_feature_layer" } },
    { "-2", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", ERR_FORMAT, { "list of 1 to 8" } },
    { "-2", "[[1]]", ERR_FORMAT, { "vision_feature_layer[0]" } },
    { "-2", "-6", ERR_FORMAT, { "-6", "vision_feature_layer" } },
    { "-2", "5", ERR_FORMAT, { "vision_feature_layer" } },
    { "\"default\"", "\"full\"", ERR_FORMAT, { "full", "vision_feature_select_strategy" } },
    { "\"default\"", "3", ERR_FORMAT, { "vision_feature_select_strategy" } },
    { "\"gelu\"", "\"mish\"", ERR_FORMAT, { "mish", "quick_gelu", "projector_hidden_act" } },
    { "[[28, 56], [56, 28]]", "[]", ERR_FORMAT, { "1 to 64 pairs" } },
    { "[[28, 56], [56, 28]]", "[[28]]", ERR_FORMAT, { "pairs [height, width]" } },
    { "[[28, 56], [56, 28]]", "[[28, 57]]", ERR_FORMAT, { "28 x 57", "multiples of 28" } },
    { "[[28, 56], [56, 28]]", "[[14336, 14336]]", ERR_LIMIT, { "too many tiles" } },
    { "[[28, 56], [56, 28]]",
      "[[28, 5600000]]",
      ERR_FORMAT,
      { "16384", "image_grid_pinpoints[0][1]" } },
    { "\"image_size\": 28", "\"image_size\": 29", ERR_FORMAT, { "28 x 56", "multiples of 29" } },
    { "\"image_size\": 28", "\"image_size\": 13", ERR_FORMAT, { "patches larger than" } },
    { "\"image_size\": 28",
      "\"image_size\": 28, \"model_type\": \"siglip_vision_model\"",
      ERR_FORMAT,
      { "no class token", "vision_feature_select_strategy" } },
    { "\"image_size\": 28",
      "\"image_size\": 28, \"model_type\": null, \"hidden_act\": 1",
      ERR_FORMAT,
      { "vision_config.hidden_act" } },
    { "\"image_size\": 28", "\"image_size\": 28, \"num_channels\": 4", ERR_FORMAT, { "channels" } },
    { "\"image_size\": 28",
      "\"image_size\": 28, \"model_type\": \"siglip\"",
      ERR_FORMAT,
      { "siglip", "vision_config.model_type", "clip_vision_model or" } },
    { "\"num_attention_heads\": 4",
      "\"num_attention_heads\": 5",
      ERR_FORMAT,
      { "heads do not divide", "vision_config" } },
    { "\"tie_word_embeddings\": false",
      "\"tie_word_embeddings\": 0",
      ERR_FORMAT,
      { "true or false" } },
    { "{\"model_type\"", "[{\"model_type\"", ERR_FORMAT, { "config.json" } },
};

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_changes); i++) {
        char *text = replaced(config_text, wrong_changes[i].from, wrong_changes[i].to);
        struct model_config c;
        struct err e = { 0 };

        assert_says_at(wrong_changes[i].to, parse_config(&c, text, &e), &e, wrong_changes[i].code,
                       wrong_changes[i].parts, COUNT(wrong_changes[i].parts), __FILE__, __LINE__);
        free(text);
    }
}

static void other_json_is_no_configuration(void **state)
{
    struct model_config c;
    struct err e = { 0 };

    (void)state;
    assert_says("list", parse_config(&c, "[]", &e), &e, ERR_FORMAT, "not a model's configuration",
                "an array");
    assert_says("text", parse_config(&c, "", &e), &e, ERR_FORMAT, "config.json");
    assert_says("text alone", parse_config(&c, "{\"model_type\": \"llama\"}", &e), &e, ERR_FORMAT,
                "no vision_config", "engine: http");
    assert_says("folder", config_load(&c, "/nonexistent", &e), &e, ERR_IO, "no such folder",
                "/nonexistent");
}

/* ---- the image processor ---- */

static const char prep_text[] =
    "{\"do_resize\": true, \"resample\": 3, \"size\": {\"shortest_edge\": 28},\n"
    " \"crop_size\": {\"height\": 28, \"width\": 28}, \"image_grid_pinpoints\": [[28, 56], [56, "
    "28]],\n"
    " \"image_mean\": [0.5, 0.25, 0.125], \"rescale_factor\": 0.00392156862745098}";

static int load_prep(void **state, const char *name, const char *text, struct model_config *c,
                     struct err *e)
{
    write_file(scratch_path(state, "config.json"), config_text, strlen(config_text));
    write_file(scratch_path(state, name), text, strlen(text));
    return config_load(c, ((struct scratch *)*state)->folder, e);
}

static void prep_is_found_in_both_files(void **state)
{
    char nested[1024];
    struct model_config c;
    struct err e;

    assert_ok(load_prep(state, "preprocessor_config.json", prep_text, &c, &e), &e);
    assert_true(c.prep.mean[1] == 0.25f && c.prep.std[0] == 0.26862954f);
    assert_true(c.prep.rescale == 0.00392156862745098 && c.llava.pinpoints.n == 2);
    /* a processor's file without it changes nothing; with it, it counts first */
    assert_ok(load_prep(state, "processor_config.json", "{\"patch_size\": 14}", &c, &e), &e);
    assert_true(c.prep.mean[1] == 0.25f);
    snprintf(nested, sizeof(nested), "{\"image_processor\": %s}", prep_text);
    write_file(scratch_path(state, "preprocessor_config.json"), "{}", 2);
    assert_ok(load_prep(state, "processor_config.json", nested, &c, &e), &e);
    assert_true(c.prep.mean[1] == 0.25f);
}

static void wrong_preps_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *parts[2];
    } changes[] = {
        { "\"shortest_edge\": 28",
          "\"shortest_edge\": 224",
          { "another size than the vision tower's", "size" } },
        { "\"size\": {\"shortest_edge\": 28},", "", { "which means 224", "28" } },
        { "\"width\": 28", "\"width\": 56", { "crop_size" } },
        { "\"do_resize\": true", "\"do_resize\": false", { "leaving out this step", "do_resize" } },
        { "\"do_resize\": true", "\"do_pad\": 1", { "true or false", "do_pad" } },
        { "\"resample\": 3", "\"resample\": 2", { "bicubic", "resample" } },
        { "[[28, 56], [56, 28]]", "[[56, 28], [28, 56]]", { "other canvases than config.json" } },
        { "[0.5, 0.25, 0.125]", "[0.5, 0.25]", { "three numbers", "image_mean" } },
        { "[0.5, 0.25, 0.125]", "[0.5, 0.25, \"x\"]", { "three numbers" } },
        { "\"rescale_factor\"", "\"image_std\": [1, 0, 1], \"x\"", { "above 0", "image_std" } },
        { "0.00392156862745098", "-1", { "above 0", "rescale_factor" } },
    };

    for (size_t i = 0; i < COUNT(changes); i++) {
        char *text = replaced(prep_text, changes[i].from, changes[i].to);
        struct model_config c;
        struct err e = { 0 };
        int rc = load_prep(state, "preprocessor_config.json", text, &c, &e);

        assert_says_at(changes[i].to, rc, &e, ERR_FORMAT, changes[i].parts, COUNT(changes[i].parts),
                       __FILE__, __LINE__);
        assert_true(err_says(&e, "preprocessor_config.json"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_says_what_the_model_is),
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(newer_and_other_spellings_are_read),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(other_json_is_no_configuration),
        test_with_scratch(prep_is_found_in_both_files),
        test_with_scratch(wrong_preps_are_refused),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm config", tests, NULL, NULL);
}
