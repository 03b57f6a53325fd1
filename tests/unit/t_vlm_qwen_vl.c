/* SPDX-License-Identifier: MIT */
/*
 * vlm/families/qwen_vl.h: what a folder of Qwen3-VL says, what of it is refused, and what becomes
 * of pictures of every size. The numbers are those of tools/oracle/vlm_qwen3.py.
 */
#include "t_vlm_layouts.h"

/* ---- config.json ---- */

static const char config_text[] =
    "{\"model_type\": \"qwen3_vl\", \"architectures\": [\"Qwen3VLForConditionalGeneration\"],\n"
    " \"image_token_id\": 300, \"tie_word_embeddings\": true,\n"
    " \"text_config\": {\"model_type\": \"qwen3_vl_text\", \"hidden_size\": 64,\n"
    "  \"intermediate_size\": 96, \"num_hidden_layers\": 4, \"num_attention_heads\": 4,\n"
    "  \"num_key_value_heads\": 2, \"head_dim\": 32, \"vocab_size\": 320, \"rope_theta\": "
    "5000000,\n"
    "  \"rope_scaling\": {\"mrope_interleaved\": true, \"mrope_section\": [6, 5, 5]}},\n"
    " \"vision_config\": {\"model_type\": \"qwen3_vl\", \"depth\": 6, \"hidden_size\": 32,\n"
    "  \"intermediate_size\": 48, \"num_heads\": 4, \"in_channels\": 3, \"patch_size\": 16,\n"
    "  \"spatial_merge_size\": 2, \"temporal_patch_size\": 2, \"out_hidden_size\": 64,\n"
    "  \"num_position_embeddings\": 49, \"deepstack_visual_indexes\": [1, 3, 5]}}";

static const char prep_text[] =
    "{\"size\": {\"shortest_edge\": 65536, \"longest_edge\": 16777216}, \"patch_size\": 16,\n"
    " \"temporal_patch_size\": 2, \"merge_size\": 2, \"image_mean\": [0.5, 0.5, 0.5],\n"
    " \"image_std\": [0.5, 0.5, 0.5], \"do_resize\": true, \"resample\": 3}";

static int parse_config(struct model_config *c, const char *text, struct err *e)
{
    return config_parse(c, "config.json", text, strlen(text), e);
}

static int parse_prep(struct model_config *c, const char *text, struct err *e)
{
    return prep_config_parse(c, "preprocessor_config.json", text, strlen(text), e);
}

static struct model_config config_with(const char *from, const char *to)
{
    char *text = replaced(config_text, from, to);
    struct model_config c;
    struct err e;

    assert_ok(parse_config(&c, text, &e), &e);
    free(text);
    return c;
}

static struct model_config prep_with(const char *from, const char *to)
{
    struct model_config c = config_with("{", "{");
    char *text = replaced(prep_text, from, to);
    struct err e;

    assert_ok(parse_prep(&c, text, &e), &e);
    free(text);
    return c;
}

static void config_says_what_the_model_is(void **state)
{
    struct model_config c = config_with("{", "{");

    (void)state;
    assert_string_equal(c.text.family, "qwen3_vl_text");
    assert_int_equal(c.text.head_dim, 32);
    assert_int_equal(c.text.kv_heads, 2);
    assert_true(c.text.rope_theta == 5e6 && c.text.eps == 1e-6);
    assert_true(c.text.qk_norm && c.text.rope_interleaved && !c.text.qkv_bias && !c.text.o_bias);
    assert_int_equal(c.text.rope_sections[0], 6);
    assert_int_equal(c.text.rope_sections[2], 5);
    assert_int_equal(c.vision.layers, 6);
    assert_int_equal(c.vision.blocks, 6);
    assert_int_equal(c.vision.act, ACT_GELU_TANH);
    assert_true(c.vision.eps == 1e-6 && c.vision.patch_bias && !c.vision.class_token);
    assert_int_equal(c.qwen.position_side, 7);
    assert_int_equal(c.qwen.merge, 2);
    assert_true(c.qwen.tower_theta == 10000);
    assert_int_equal(c.qwen.deep.n, 3);
    assert_int_equal(c.qwen.deep.at[2], 5);
    assert_true(c.tied);
    assert_int_equal(c.image_token, 300);
}

static void absent_keys_have_their_class_defaults(void **state)
{
    static const char least[] =
        "{\"model_type\": \"qwen3_vl\", \"vision_config\": {}, \"text_config\": {\"hidden_size\": "
        "3584}}";
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse_config(&c, least, &e), &e);
    assert_int_equal(c.text.hidden, 3584);
    assert_int_equal(c.text.intermediate, 22016);
    assert_int_equal(c.text.layers, 32);
    assert_int_equal(c.text.kv_heads, 32);
    assert_int_equal(c.text.head_dim, 128); /* which 32 heads of 3584 would not have */
    assert_int_equal(c.text.max_positions, 128000);
    assert_true(c.text.rope_theta == 5e5);
    assert_int_equal(c.text.rope_sections[1], 20);
    assert_int_equal(c.vision.hidden, 1152);
    assert_int_equal(c.vision.layers, 27);
    assert_int_equal(c.vision.patch, 16);
    assert_int_equal(c.qwen.position_side, 48);
    assert_int_equal(c.qwen.deep.at[1], 16);
    assert_int_equal(c.image_token, 151655);
    assert_true(!c.tied);
}

static void newer_and_other_spellings_are_read(void **state)
{
    struct model_config c = config_with(
        "\"rope_theta\": 5000000,\n  \"rope_scaling\": {\"mrope_interleaved\": true, "
        "\"mrope_section\": [6, 5, 5]}",
        "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 7, \"mrope_section\": "
        "[4, 6, 6]}");

    (void)state;
    assert_true(c.text.rope_theta == 7 && c.text.rope_sections[1] == 6);
    /* of both the older one counts */
    c = config_with("\"rope_scaling\"", "\"rope_parameters\": {\"rope_type\": \"default\", "
                                        "\"mrope_section\": [4, 6, 6]}, \"rope_scaling\"");
    assert_int_equal(c.text.rope_sections[1], 5);
    c = config_with("\"qwen3_vl\", \"depth\"",
                    "\"qwen3_vl_vision\", \"rope_parameters\": {\"rope_type\": \"axial\", "
                    "\"rope_theta\": 100}, \"depth\"");
    assert_true(c.qwen.tower_theta == 100);
    /* only the whole's word counts */
    c = config_with("\"tie_word_embeddings\": true,\n \"text_config\": {",
                    "\"text_config\": {\"tie_word_embeddings\": true, ");
    assert_true(!c.tied);
}

static const struct {
    const char *from, *to, *parts[3];
} wrong_changes[] = {
    { "\"qwen3_vl\", \"architectures\"",
      "\"qwen3_vl_moe\", \"architectures\"",
      { "architecture are not read", "qwen3_vl_moe", "model_type" } },
    { "qwen3_vl_text", "qwen3_vl_moe_text", { "family are not read", "qwen3_vl_moe_text" } },
    { "\"model_type\": \"qwen3_vl\", \"depth\"",
      "\"model_type\": \"qwen2_5_vl\", \"depth\"",
      { "qwen2_5_vl", "vision_config.model_type" } },
    { "[6, 5, 5]", "[6, 5, 4]", { "not the pairs of a head", "text_config" } },
    { "[6, 5, 5]", "[8, 8]", { "three numbers", "mrope_section" } },
    { "[6, 5, 5]", "[16, 0, 0]", { "from 1", "mrope_section[1]" } },
    { "[6, 5, 5]", "\"6, 5, 5\"", { "three numbers", "mrope_section" } },
    { "\"mrope_interleaved\": true", "\"rope_type\": \"yarn\"", { "RoPE scaling", "yarn" } },
    { "\"num_position_embeddings\": 49",
      "\"num_position_embeddings\": 50",
      { "50", "square", "vision_config.num_position_embeddings" } },
    { "\"num_position_embeddings\": 49", "\"num_position_embeddings\": 0", { "from 1" } },
    { "[1, 3, 5]", "[1, 3, 6]", { "blocks of the tower", "deepstack_visual_indexes[2]" } },
    { "[1, 3, 5]", "[3, 1]", { "rising", "deepstack_visual_indexes[1]" } },
    { "[1, 3, 5]", "[-1]", { "rising", "-1" } },
    { "[1, 3, 5]", "[0, 1, 2, 3, 4]", { "more of them than the text model has layers" } },
    { "[1, 3, 5]", "5", { "list of a few", "deepstack_visual_indexes" } },
    { ", \"deepstack_visual_indexes\": [1, 3, 5]", "", { "blocks that the tower has not" } },
    { "\"out_hidden_size\": 64", "\"out_hidden_size\": 65", { "not as wide as the text model" } },
    { "\"temporal_patch_size\": 2",
      "\"temporal_patch_size\": 1",
      { "another length", "vision_config.temporal_patch_size" } },
    { "\"in_channels\": 3", "\"in_channels\": 4", { "channels", "in_channels" } },
    { "\"patch_size\": 16", "\"patch_size\": [16, 16]", { "whole number", "patch_size" } },
    { "\"patch_size\": 16", "\"patch_size\": 1000", { "blocks of patches this large" } },
    { "\"num_heads\": 4", "\"num_heads\": 5", { "heads do not divide", "num_heads" } },
    { "\"num_heads\": 4", "\"num_heads\": 16", { "row and column", "num_heads" } },
    { "\"intermediate_size\": 48",
      "\"rope_parameters\": {\"rope_type\": \"linear\"}",
      { "axial", "vision_config.rope_parameters.rope_type" } },
    { "\"image_token_id\": 300", "\"image_token_id\": 320", { "vocab_size", "image_token_id" } },
    { "\"num_hidden_layers\"", "\"hidden_act\": \"gelu\", \"x\"", { "another activation" } },
    { "\"tie_word_embeddings\": true", "\"quantization_config\": {}", { "quantised" } },
};

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_changes); i++) {
        char *text = replaced(config_text, wrong_changes[i].from, wrong_changes[i].to);
        struct model_config c;
        struct err e = { 0 };

        assert_says_at(wrong_changes[i].to, parse_config(&c, text, &e), &e, ERR_FORMAT,
                       wrong_changes[i].parts, COUNT(wrong_changes[i].parts), __FILE__, __LINE__);
        free(text);
    }
}

/* ---- the image processor ---- */

static void limits_have_two_names(void **state)
{
    struct model_config c = prep_with("{", "{");

    (void)state;
    assert_true(c.qwen.min_pixels == 65536 && c.qwen.max_pixels == 16777216);
    assert_true(c.prep.mean[0] == 0.5f && c.prep.std[2] == 0.5f);
    c = prep_with("\"do_resize\"", "\"min_pixels\": 4096, \"max_pixels\": 1310720, \"do_resize\"");
    assert_true(c.qwen.min_pixels == 4096 && c.qwen.max_pixels == 1310720);
    c = prep_with("\"do_resize\"", "\"min_pixels\": null, \"max_pixels\": 99999, \"do_resize\"");
    assert_true(c.qwen.min_pixels == 65536 && c.qwen.max_pixels == 99999);
    /* where `size` has other keys, or one edge, which the other name makes whole */
    c = prep_with(
        "\"shortest_edge\": 65536, \"longest_edge\": 16777216},",
        "\"min_pixels\": 1, \"max_pixels\": 2}, \"min_pixels\": 784, \"max_pixels\": 99999,");
    assert_true(c.qwen.min_pixels == 784 && c.qwen.max_pixels == 99999);
    c = prep_with("\"longest_edge\": 16777216},",
                  "\"longest_edge\": null}, \"max_pixels\": 99999,");
    assert_true(c.qwen.min_pixels == 65536 && c.qwen.max_pixels == 99999);
    c = prep_with("\"size\": {\"shortest_edge\": 65536, \"longest_edge\": 16777216}, ", "");
    assert_true(c.qwen.min_pixels == 3136 && c.qwen.max_pixels == 1003520);
}

static void wrong_preps_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *parts[3];
    } changes[] = {
        { "\"patch_size\": 16", "\"patch_size\": 14", { "another vision tower", "14", "16" } },
        { "\"patch_size\": 16,", "", { "none, which means 14", "patch_size" } },
        { "\"merge_size\": 2", "\"merge_size\": 1", { "another vision tower", "merge_size" } },
        { "\"temporal_patch_size\": 2", "\"temporal_patch_size\": 4", { "temporal_patch_size" } },
        { "\"shortest_edge\": 65536, ", "", { "nothing", "size.shortest_edge" } },
        { "\"longest_edge\": 16777216", "\"longest_edge\": 0", { "from 1", "size.longest_edge" } },
        { "\"shortest_edge\": 65536, \"longest_edge\": 16777216",
          "\"min_pixels\": 1, \"max_pixels\": 9",
          { "nothing", "size.shortest_edge" } },
        { "\"shortest_edge\": 65536, \"longest_edge\": 16777216}",
          "\"min_pixels\": 1}, \"min_pixels\": 1",
          { "nothing", "size.longest_edge" } },
        { "65536", "999999999", { "size.shortest_edge" } },
        { "\"do_resize\": true", "\"min_pixels\": -1", { "min_pixels", "-1" } },
        { "\"do_resize\": true", "\"do_resize\": false", { "leaving out this step" } },
        { "\"resample\": 3", "\"resample\": 1", { "bicubic", "resample" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        char *text = replaced(prep_text, changes[i].from, changes[i].to);
        struct model_config c = config_with("{", "{");
        struct err e = { 0 };

        assert_says_at(changes[i].to, parse_prep(&c, text, &e), &e, ERR_FORMAT, changes[i].parts,
                       COUNT(changes[i].parts), __FILE__, __LINE__);
        free(text);
    }
}

static void limits_can_be_chosen(void **state)
{
    static const struct {
        struct vlm_pictures chosen;
        uint64_t least, most;
        const char *refused;
    } rows[] = {
        { { .max_pixels = 200000 }, 65536, 200000, NULL },
        { { .min_pixels = 1024 }, 1024, 16777216, NULL },
        { { .min_pixels = 1024, .max_pixels = 1024 }, 1024, 1024, NULL },
        { { .max_pixels = 1024 }, 0, 0, "above max_pixels" },
        { { .min_pixels = 1 << 29, .max_pixels = 1 << 30 }, 0, 0, "more pixels" },
        { { .max_pixels = UINT64_MAX }, 0, 0, "more pixels" },
        { { .tiles = 4 }, 0, 0, "not cut into tiles" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct model_config c = prep_with("{", "{");
        struct err e = { 0 };
        int rc = c.family->choose(&c, &rows[i].chosen, &e);

        if (rows[i].refused)
            assert_says("choose", rc, &e, ERR_ARG, rows[i].refused);
        else
            assert_true(rc == 0 && c.qwen.min_pixels == rows[i].least &&
                        c.qwen.max_pixels == rows[i].most);
    }
}

/* ---- pictures ---- */

struct sides { /* in pixels; 0: refused */
    uint32_t width, height;
};

static struct sides resized(const struct model_config *c, uint32_t width, uint32_t height)
{
    struct layout l;
    struct err e = { 0 };
    int rc = c->family->layout(&l, c, width, height, &e);

    if (rc < 0) {
        assert_says("size", rc, &e, ERR_LIMIT, "long and narrow", "at most 200 times");
        return (struct sides){ 0 };
    }
    assert_true(l.tokens >= c->family->least_tokens(c) && l.tokens * 4 == l.tower_rows);
    return (struct sides){ l.grid.across * c->vision.patch, l.grid.down * c->vision.patch };
}

static uint64_t hash_of_width(const struct model_config *c, uint32_t width, uint32_t heights)
{
    uint64_t hash = hash_of_nothing;

    for (uint32_t h = 1; h <= heights; h++) {
        struct sides s = resized(c, width, h);

        hash = hash_with(hash_with(hash, s.width), s.height);
    }
    return hash;
}

/* A line of the file; what it is about is counted. */
static void check_line(const char *line, struct model_config *c, size_t counts[3])
{
    unsigned long long least, most, hash;
    uint32_t block, width, height, top;
    struct sides wanted, is;

    if (sscanf(line, "limits %u %llu %llu", &block, &least, &most) == 3) {
        assert_int_equal(block, c->vision.patch * c->qwen.merge);
        c->qwen.min_pixels = least;
        c->qwen.max_pixels = most;
        counts[0]++;
    } else if (sscanf(line, "size %u %u %u %u", &width, &height, &wanted.width, &wanted.height) ==
               4) {
        is = resized(c, width, height);
        if (is.width != wanted.width || is.height != wanted.height)
            fail_row("size", "%u x %u becomes %u x %u, not %u x %u", width, height, is.width,
                     is.height, wanted.width, wanted.height);
        counts[1]++;
    } else {
        assert_int_equal(sscanf(line, "width %u %u %llx", &width, &top, &hash), 3);
        if (hash_of_width(c, width, top) != hash)
            fail_row("width", "%u differs", width);
        counts[2]++;
    }
}

/* Every line of a file: groups of limits, notable sizes, widths. */
static void check_sizes(const char *file, struct model_config c, const size_t wanted[3])
{
    char *path = data_path("vlm", file), *text;
    size_t len, counts[3] = { 0 };
    struct err e;

    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    for (const char *at = text; *at; at = strchr(at, '\n') + 1)
        check_line(at, &c, counts);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(counts[i], wanted[i]);
    free(text);
    free(path);
}

static void sizes_equal_transformers_for_every_picture(void **state)
{
    struct model_config c = prep_with("{", "{");

    (void)state;
    check_sizes("smart_resize.txt", c, (size_t[]){ 2, 50, 1000 });
    c.vision.patch = 14; /* as Qwen2.5-VL has them */
    check_sizes("qwen25_sizes.txt", c, (size_t[]){ 1, 25, 700 });
}

static void what_cannot_be_seen_is_the_pictures_fault(void **state)
{
    struct model_config c = prep_with("16777216", "1099511627776");
    struct layout l;
    struct err e = { 0 };

    (void)state;
    assert_says("side", c.family->layout(&l, &c, 32768 + 64, 32768, &e), &e, ERR_LIMIT,
                "more pixels than the model can be given", "max_pixels");
    c.qwen.merge = 1;
    c.vision.patch = 1;
    assert_says("tokens", c.family->layout(&l, &c, 4096, 4096, &e), &e, ERR_LIMIT, "4096 x 4096");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_says_what_the_model_is),
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(newer_and_other_spellings_are_read),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(limits_have_two_names),
        cmocka_unit_test(wrong_preps_are_refused),
        cmocka_unit_test(limits_can_be_chosen),
        cmocka_unit_test(sizes_equal_transformers_for_every_picture),
        cmocka_unit_test(what_cannot_be_seen_is_the_pictures_fault),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm qwen vl", tests, NULL, NULL);
}
