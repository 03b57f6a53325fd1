/* SPDX-License-Identifier: MIT */
/*
 * vlm/families/qwen2_vl.c: what a folder of Qwen2-VL or Qwen2.5-VL says, flat or nested, what of it
 * is refused, and how windows cut a picture. What they share with Qwen3-VL: t_vlm_qwen_vl.c.
 */
#include "t_vlm_support.h"

#include "vlm/families/family.h"

/* As the folder of the 3B has them, text sizes apart. */
#define TEXT                                                                                 \
    "\"hidden_size\": 64, \"intermediate_size\": 96, \"num_hidden_layers\": 4, "             \
    "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"vocab_size\": 320,\n"         \
    " \"max_window_layers\": 4, \"use_sliding_window\": false, \"sliding_window\": 32768,\n" \
    " \"rms_norm_eps\": 1e-06, \"rope_theta\": 5000,\n"                                      \
    " \"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [2, 3, 3]}"
#define VISION                                                                                   \
    "\"vision_config\": {\"depth\": 6, \"hidden_act\": \"silu\", \"hidden_size\": 32,\n"         \
    "  \"intermediate_size\": 48, \"num_heads\": 4, \"in_chans\": 3, \"out_hidden_size\": 64,\n" \
    "  \"patch_size\": 14, \"spatial_merge_size\": 2, \"spatial_patch_size\": 14,\n"             \
    "  \"window_size\": 112, \"fullatt_block_indexes\": [1, 4], \"tokens_per_second\": 2,\n"     \
    "  \"temporal_patch_size\": 2}"

static const char flat[] = "{\"model_type\": \"qwen2_5_vl\", \"architectures\": "
                           "[\"Qwen2_5_VLForConditionalGeneration\"],\n \"image_token_id\": 300, "
                           "\"tie_word_embeddings\": true,\n " VISION ",\n " TEXT "}";
static const char nested[] =
    "{\"model_type\": \"qwen2_5_vl\", \"image_token_id\": 300,\n " VISION
    ",\n \"text_config\": {\"model_type\": \"qwen2_5_vl_text\", " TEXT "}}";

static int parse(struct model_config *c, const char *text, struct err *e)
{
    return config_parse(c, "config.json", text, strlen(text), e);
}

static struct model_config changed(const char *text, const char *from, const char *to)
{
    char *all = replaced(text, from, to);
    struct model_config c;
    struct err e;

    assert_ok(parse(&c, all, &e), &e);
    free(all);
    return c;
}

static void flat_and_nested_folders_say_the_same(void **state)
{
    struct model_config of[] = { changed(flat, "{", "{"), changed(nested, "{", "{") };

    (void)state;
    for (size_t i = 0; i < COUNT(of); i++) {
        const struct model_config *c = &of[i];

        assert_string_equal(c->text.family, "qwen2_5_vl_text");
        assert_int_equal(c->text.hidden, 64);
        assert_int_equal(c->text.layers, 4);
        assert_int_equal(c->text.kv_heads, 2);
        assert_int_equal(c->text.head_dim, 16);
        assert_int_equal(c->text.sliding_window, 0);
        assert_true(c->text.rope_theta == 5000 && c->text.eps == 1e-6);
        assert_true(c->text.qkv_bias && !c->text.o_bias && !c->text.qk_norm);
        assert_true(!c->text.rope_interleaved && c->text.rope_sections[0] == 2);
        assert_int_equal(c->text.rope_sections[2], 3);
        assert_int_equal(c->vision.hidden, 32);
        assert_int_equal(c->vision.blocks, 6);
        assert_true(c->vision.rms && c->vision.gated && !c->vision.patch_bias);
        assert_int_equal(c->vision.act, ACT_SILU);
        assert_int_equal(c->qwen.window, 4);
        assert_int_equal(c->qwen.full.n, 2);
        assert_int_equal(c->qwen.full.at[1], 4);
        assert_int_equal(c->qwen.deep.n, 0);
        assert_int_equal(c->image_token, 300);
    }
    assert_true(of[0].tied && !of[1].tied);
}

static void absent_keys_have_their_class_defaults(void **state)
{
    static const char least[] = "{\"model_type\": \"qwen2_5_vl\", \"vision_config\": {}, "
                                "\"hidden_size\": 3584, \"num_attention_heads\": 28, "
                                "\"num_key_value_heads\": 4}";
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse(&c, least, &e), &e);
    assert_int_equal(c.text.intermediate, 29568);
    assert_int_equal(c.text.layers, 80);
    assert_int_equal(c.text.vocab, 152064);
    assert_int_equal(c.text.max_positions, 32768);
    assert_true(c.text.rope_theta == 1e6 && c.text.eps == 1e-5);
    assert_int_equal(c.text.rope_sections[0], 16);
    assert_int_equal(c.text.rope_sections[1], 24);
    assert_int_equal(c.vision.hidden, 3584);
    assert_int_equal(c.vision.intermediate, 3420);
    assert_int_equal(c.vision.layers, 32);
    assert_int_equal(c.qwen.window, 4);
    assert_int_equal(c.qwen.full.n, 4);
    assert_int_equal(c.qwen.full.at[3], 31);
    assert_int_equal(c.image_token, 151655);
    assert_true(!c.tied);
}

static void qwen2_vl_has_keys_of_its_own(void **state)
{
    static const char text[] =
        "{\"model_type\": \"qwen2_vl\", \"vision_config\": {\"depth\": 3, \"embed_dim\": 48, "
        "\"hidden_size\": 64, \"mlp_ratio\": 3, \"num_heads\": 4},\n " TEXT "}";
    struct model_config c;
    struct err e = { 0 };
    char *right = replaced(text, "320", "152064");
    char *wrong = replaced(text, "\"hidden_size\": 64, \"mlp_ratio\"", "\"mlp_ratio\"");

    (void)state;
    assert_ok(parse(&c, right, &e), &e);
    assert_string_equal(c.text.family, "qwen2_vl_text");
    assert_int_equal(c.vision.hidden, 48);
    assert_int_equal(c.vision.intermediate, 144);
    assert_int_equal(c.qwen.out_hidden, 64);
    assert_int_equal(c.qwen.window, 0);
    assert_true(!c.vision.rms && !c.vision.gated && c.vision.act == ACT_QUICK_GELU);
    assert_true(c.text.qkv_bias && c.text.rope_sections[1] == 3);
    c.qwen.max_pixels = 784;
    assert_int_equal(c.family->chosen(&c).max_pixels, 784);
    assert_says("width", parse(&c, wrong, &e), &e, ERR_FORMAT, "as wide as the text model",
                "vision_config.hidden_size");
    free(right);
    free(wrong);
}

static void newer_and_other_spellings_are_read(void **state)
{
    struct model_config c =
        changed(nested, "\"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [2, 3, 3]}",
                "\"rope_parameters\": {\"rope_type\": \"default\", \"type\": \"default\", "
                "\"rope_theta\": 7, \"mrope_section\": [4, 2, 2]}, \"tie_word_embeddings\": true");

    (void)state;
    assert_true(c.text.rope_theta == 7 && c.text.rope_sections[0] == 4);
    assert_true(c.tied); /* by what text_config says */
    c = changed(nested, "\"depth\": 6",
                "\"model_type\": \"qwen2_5_vl\", \"rope_parameters\": {\"rope_type\": \"axial\", "
                "\"rope_theta\": 100}, \"depth\": 6");
    assert_true(c.qwen.tower_theta == 100);
    c = changed(flat, "\"model_type\"", "\"text_config\": null, \"model_type\"");
    assert_int_equal(c.text.hidden, 64);
    c = changed(flat, "[1, 4]", "[]");
    assert_int_equal(c.qwen.full.n, 0);
    c = changed(flat, "[1, 4]", "[1, 4, 7]"); /* the last one is nowhere */
    assert_int_equal(c.qwen.full.n, 3);
}

static const struct {
    const char *from, *to, *parts[3];
} wrong_changes[] = {
    { "\"model_type\": \"qwen2_5_vl\", \"im",
      "\"model_type\": \"qwen2_moe_vl\", \"im",
      { "architecture are not read", "qwen2_moe_vl", "qwen2_5_vl" } },
    { "\"qwen2_5_vl_text\"", "\"qwen2_vl_text\"", { "family are not read", "qwen2_vl_text" } },
    { "\"use_sliding_window\": false",
      "\"use_sliding_window\": true",
      { "sliding window", "text_config.use_sliding_window" } },
    { "\"mrope\"", "\"yarn\"", { "RoPE scaling", "yarn", "text_config.rope_scaling" } },
    { "[2, 3, 3]", "[2, 3, 4]", { "not the pairs of a head" } },
    { "[2, 3, 3]", "[2, 2, 2, 2]", { "three numbers", "mrope_section" } },
    { "\"vocab_size\": 320",
      "\"vocab_size\": 320, \"head_dim\": 32",
      { "not the pairs of a head" } },
    { "\"hidden_size\": 64",
      "\"hidden_size\": 66",
      { "not as wide as the text model", "text_config.num_attention_heads" } },
    { "\"window_size\": 112",
      "\"window_size\": 27",
      { "smaller than an image token", "vision_config.window_size" } },
    { "\"window_size\": 112", "\"window_size\": -1", { "whole number", "window_size" } },
    { "[1, 4]", "[4, 1]", { "rising", "fullatt_block_indexes[1]" } },
    { "[1, 4]", "[0, 1, 2, 3, 4, 5, 6, 7, 8]", { "list of a few" } },
    { "[1, 4]", "4", { "list of a few", "fullatt_block_indexes" } },
    { "\"hidden_act\": \"silu\"", "\"hidden_act\": \"mish\"", { "mish", "hidden_act" } },
    { "\"num_heads\": 4", "\"num_heads\": 16", { "row and column", "num_heads" } },
    { "\"out_hidden_size\": 64", "\"out_hidden_size\": 32", { "as wide as the text model" } },
    { "\"image_token_id\": 300", "\"image_token_id\": 320", { "vocab_size", "image_token_id" } },
};

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_changes); i++) {
        char *text = replaced(nested, wrong_changes[i].from, wrong_changes[i].to);
        struct model_config c;
        struct err e = { 0 };

        assert_says_at(wrong_changes[i].to, parse(&c, text, &e), &e, ERR_FORMAT,
                       wrong_changes[i].parts, COUNT(wrong_changes[i].parts), __FILE__, __LINE__);
        free(text);
    }
}

static struct model_config released(const char *from, const char *to)
{
    static const char prep[] = "{\"min_pixels\": 3136, \"max_pixels\": 12845056, "
                               "\"patch_size\": 14, \"merge_size\": 2, "
                               "\"image_mean\": [0.48145466, 0.4578275, 0.40821073]}";
    struct model_config c = changed(flat, from, to);
    struct err e;

    assert_ok(prep_config_parse(&c, "preprocessor_config.json", prep, strlen(prep), &e), &e);
    assert_true(c.prep.std[2] == 0.27577711f);
    return c;
}

/* Pairs by hand; those of whole windows and of all: 10 240 and 36 864 of 178 x 218. */
static void windows_are_cut_from_the_top_left(void **state)
{
    static const struct {
        const char *to; /* in the place of [1, 4] */
        uint32_t width, height;
        size_t tokens, longest;
        double pairs;
    } rows[] = {
        { "[1, 4]", 178, 218, 48, 192, 4 * 10240.0 + 2 * 36864.0 },
        { "[1, 4]", 500, 375, 234, 936, 4 * 53312.0 + 2 * 876096.0 },
        { "[]", 178, 218, 48, 64, 6 * 10240.0 },
        { "[]", 56, 56, 4, 16, 6 * 256.0 },
        { "[1, 4, 7]", 178, 218, 48, 192, 4 * 10240.0 + 2 * 36864.0 },
        { "[0, 1, 2, 3, 4, 5]", 178, 218, 48, 192, 6 * 36864.0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct model_config c = released("[1, 4]", rows[i].to);
        struct layout l;
        struct err e;

        assert_ok(c.family->layout(&l, &c, rows[i].width, rows[i].height, &e), &e);
        assert_int_equal(l.tokens, rows[i].tokens);
        assert_int_equal(l.tower_rows, 4 * rows[i].tokens);
        assert_int_equal(l.longest_span, rows[i].longest);
        if (l.tower_pairs != rows[i].pairs)
            fail_row(rows[i].to, "%.0f pairs, not %.0f", l.tower_pairs, rows[i].pairs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_and_nested_folders_say_the_same),
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(qwen2_vl_has_keys_of_its_own),
        cmocka_unit_test(newer_and_other_spellings_are_read),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(windows_are_cut_from_the_top_left),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm qwen25", tests, NULL, NULL);
}
