/* SPDX-License-Identifier: MIT */
/*
 * vlm/families/idefics.c: what becomes of a picture of any size (tests/data/vlm/idefics_*.txt,
 * written by tools/oracle/vlm_idefics.py), what folders say, and what is refused.
 */
#include "t_vlm_layouts.h"

static const char config_text[] =
    "{\"model_type\": \"smolvlm\", \"image_token_id\": 300, \"scale_factor\": 4,\n"
    " \"text_config\": {\"model_type\": \"llama\", \"hidden_size\": 64, \"vocab_size\": 320,\n"
    "  \"num_attention_heads\": 8, \"rope_theta\": 100000, \"rms_norm_eps\": 1e-05},\n"
    " \"vision_config\": {\"model_type\": \"smolvlm_vision\", \"hidden_size\": 768,\n"
    "  \"num_attention_heads\": 12, \"image_size\": 512, \"patch_size\": 16}}";

static const char prep_text[] =
    "{\"do_image_splitting\": true, \"resample\": 1, \"do_pad\": true,\n"
    " \"size\": {\"longest_edge\": 2048}, \"max_image_size\": {\"longest_edge\": 512}}";

static int parse_config(struct model_config *c, const char *text, struct err *e)
{
    return config_parse(c, "config.json", text, strlen(text), e);
}

static int parse_prep(struct model_config *c, const char *text, struct err *e)
{
    return prep_config_parse(c, "preprocessor_config.json", text, strlen(text), e);
}

/* A model whose tower sees `tile` pixels, and whose pictures are cut from `longest` ones. */
static struct model_config model_of(uint32_t longest, uint32_t tile, bool split)
{
    struct model_config c;
    struct err e;
    char size[40], prep[200], *config;

    snprintf(size, sizeof(size), "\"image_size\": %u", tile);
    config = replaced(config_text, "\"image_size\": 512", size);
    snprintf(prep, sizeof(prep),
             "{\"size\": {\"longest_edge\": %u}, \"max_image_size\": {\"longest_edge\": %u}, "
             "\"do_image_splitting\": %s}",
             longest, tile, split ? "true" : "false");
    assert_ok(parse_config(&c, config, &e), &e);
    assert_ok(parse_prep(&c, prep, &e), &e);
    free(config);
    return c;
}

/* By the names that the files give them; those of fewer tiles as the user's choice makes them. */
static struct model_config model_named(const char *name)
{
    static const struct {
        const char *name;
        uint32_t longest, tile, tiles;
        bool split;
    } all[] = {
        { "2048/512", 2048, 512, 0, true },  { "1536/384", 1536, 384, 0, true },
        { "1536/512", 2048, 512, 16, true }, { "1024/512", 2048, 512, 9, true },
        { "whole", 2048, 512, 0, false },
    };

    for (size_t i = 0; i < COUNT(all); i++)
        if (strcmp(name, all[i].name) == 0) {
            struct model_config c = model_of(all[i].longest, all[i].tile, all[i].split);
            struct vlm_pictures chosen = { .tiles = all[i].tiles };
            struct err e;

            if (chosen.tiles > 0)
                assert_ok(c.family->choose(&c, &chosen, &e), &e);
            return c;
        }
    fail_msg("%s is no model", name);
    return (struct model_config){ 0 };
}

/* ---- sizes ---- */

enum { SIZES = 6 };

static void sizes_of(const struct model_config *c, uint32_t width, uint32_t height,
                     uint32_t out[SIZES])
{
    struct layout l = layout_of(c, width, height);
    const struct splitting *s = &l.splitting;
    const uint32_t all[SIZES] = { s->fitted.width,    s->fitted.height, s->enlarged.width,
                                  s->enlarged.height, s->rows,          s->cols };

    assert_int_equal(l.pictures, s->rows * s->cols + 1);
    assert_int_equal(l.tokens, l.pictures * c->family->least_tokens(c));
    memcpy(out, all, sizeof(all));
}

static uint64_t hash_of_widths(const struct model_config *c, uint32_t first, uint32_t widths,
                               uint32_t heights)
{
    uint64_t hash = hash_of_nothing;

    for (uint32_t w = first; w < first + widths; w++)
        for (uint32_t h = 1; h <= heights; h++) {
            uint32_t sizes[SIZES];

            sizes_of(c, w, h, sizes);
            for (size_t i = 0; i < SIZES; i++)
                hash = hash_with(hash, sizes[i]);
        }
    return hash;
}

static void check_size(const char *line, const struct model_config *c, size_t *n)
{
    uint32_t w, h, kept[SIZES], is[SIZES];

    if (sscanf(line, "%*s size %u %u %u %u %u %u %u %u", &w, &h, &kept[0], &kept[1], &kept[2],
               &kept[3], &kept[4], &kept[5]) != 2 + SIZES)
        return;
    sizes_of(c, w, h, is);
    for (size_t i = 0; i < SIZES; i++)
        if (is[i] != kept[i])
            fail_row("size", "%u x %u: %u, not %u (%.60s)", w, h, is[i], kept[i], line);
    ++*n;
}

static void sizes_equal_transformers_for_every_picture(void **state)
{
    char *text = read_lines("idefics_sizes.txt");
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
    assert_true(sizes >= 50);
    free(text);
}

/* ---- pixels ---- */

static void tiles_equal_transformers_bit_for_bit(void **state)
{
    char *text = read_lines("idefics_tiles.txt");
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
    assert_true(n >= 10);
    free(text);
}

/* ---- what the user chooses ---- */

static void a_number_of_tiles_is_never_passed(void **state)
{
    static const struct {
        uint32_t folder, tile, tiles, longest; /* 0: not split */
    } rows[] = {
        { 2048, 512, 17, 2048 }, { 2048, 512, 100, 2048 }, { 2048, 512, 16, 1536 },
        { 2048, 512, 10, 1536 }, { 2048, 512, 9, 1024 },   { 2048, 512, 5, 1024 },
        { 2048, 512, 4, 0 },     { 2048, 512, 1, 0 },      { 512, 512, 1, 512 },
        { 1200, 512, 9, 1024 },  { 336, 112, 9, 224 },     { 452, 113, 16, 226 },
        { 113, 113, 4, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct model_config c = model_of(rows[i].folder, 512, true);
        struct vlm_pictures chosen = { .tiles = rows[i].tiles };
        struct err e;

        c.vision.image_size = rows[i].tile;
        c.idefics.longest = rows[i].folder;
        assert_ok(c.family->choose(&c, &chosen, &e), &e);
        if (c.idefics.split != (rows[i].longest > 0) ||
            (c.idefics.split && c.idefics.longest != rows[i].longest))
            fail_row("tiles", "%u of %u pixels from %u: split %d, %u", rows[i].tiles, rows[i].tile,
                     rows[i].folder, c.idefics.split, c.idefics.longest);
        for (uint32_t w = 1; w < 300; w += 7)
            for (uint32_t h = 1; h < 300; h += 3)
                assert_true(layout_of(&c, w, h).pictures <= rows[i].tiles);
    }
}

static void other_choices_are_refused(void **state)
{
    struct model_config c = model_of(2048, 512, true);
    struct err e;

    (void)state;
    assert_says("pixels", c.family->choose(&c, &(struct vlm_pictures){ .max_pixels = 9 }, &e), &e,
                ERR_ARG, "max_pixels", "tiles");
    c = model_of(2048, 512, false);
    assert_ok(c.family->choose(&c, &(struct vlm_pictures){ .tiles = 5 }, &e), &e);
    assert_true(!c.idefics.split);
}

/* ---- what folders say ---- */

static void absent_keys_have_their_class_defaults(void **state)
{
    static const char all[] = "{\"model_type\": \"idefics3\", \"text_config\": {\"vocab_size\": "
                              "128259}, \"vision_config\": {\"image_size\": 364, \"patch_size\": "
                              "14}}";
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse_config(&c, all, &e), &e);
    assert_ok(parse_prep(&c, "{}", &e), &e);
    assert_int_equal(c.vision.hidden, 1152);
    assert_int_equal(c.vision.intermediate, 3072);
    assert_int_equal(c.vision.blocks, 12);
    assert_int_equal(c.vision.heads, 16);
    assert_int_equal(c.vision.act, ACT_GELU_TANH);
    assert_true(c.vision.eps == 1e-6 && c.vision.patch_bias && c.vision.post_norm);
    assert_true(!c.vision.class_token && !c.vision.pre_norm && !c.tied);
    assert_int_equal(c.image_token, 128257);
    assert_int_equal(c.idefics.scale, 2);
    assert_int_equal(c.idefics.longest, 1456);
    assert_true(c.idefics.split && c.text.eps == 1e-6);
    assert_true(c.prep.mean[0] == 0.5F && c.prep.std[2] == 0.5F);
    assert_int_equal(c.family->least_tokens(&c), 169);
    assert_ok(parse_config(&c,
                           "{\"model_type\": \"idefics3\", \"image_token_id\": 7, "
                           "\"vision_config\": {\"image_size\": 448}}",
                           &e),
              &e);
    assert_true(c.text.eps == 1e-5);
}

/* The last row and column of patches may stop short of the tile's rim. */
static void patches_need_not_fill_a_tile(void **state)
{
    struct model_config c;
    struct err e;
    char *text = replaced(config_text, "\"image_size\": 512, \"patch_size\": 16",
                          "\"image_size\": 384, \"patch_size\": 14");
    char *scaled = replaced(text, "\"scale_factor\": 4", "\"scale_factor\": 3");

    (void)state;
    assert_ok(parse_config(&c, scaled, &e), &e);
    assert_int_equal(config_grid(&c), 27);
    assert_int_equal(c.family->least_tokens(&c), 81);
    free(text);
    free(scaled);
}

/* A text with a part changed, and what the message says. */
struct change {
    const char *from, *to;
    const char *parts[3];
};

static const struct change wrong_configs[] = {
    { "\"smolvlm\"", "\"smolvlm3\"", { "architecture", "smolvlm3", "idefics3" } },
    { "smolvlm_vision", "siglip_vision_model", { "model_type", "siglip_vision_model" } },
    { "\"llama\"", "\"qwen3\"", { "family", "qwen3", "llama" } },
    { "\"rope_theta\": 100000",
      "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}",
      { "RoPE", "llama3", "rope_scaling" } },
    { "\"rope_theta\": 100000", "\"use_resampler\": true", { "use_resampler" } },
    { "\"rope_theta\": 100000", "\"rope_interleaved\": true", { "rope_interleaved" } },
    { "\"rope_theta\": 100000", "\"qk_layer_norms\": true", { "qk_layer_norms" } },
    { "\"scale_factor\": 4", "\"use_resampler\": true", { "use_resampler" } },
    { "\"scale_factor\": 4", "\"scale_factor\": 4, \"use_resampler\": 1", { "use_resampler" } },
    { "\"scale_factor\": 4", "\"scale_factor\": 0", { "scale_factor", "0" } },
    { "\"scale_factor\": 4", "\"scale_factor\": 3", { "scale_factor", "divide" } },
    { "\"scale_factor\": 4", "\"scale_factor\": 65", { "scale_factor", "65" } },
    { "\"scale_factor\": 4", "\"scale_factor\": 4.5", { "scale_factor" } },
    { "300", "320", { "image token", "320" } },
    { "\"patch_size\": 16", "\"patch_size\": 513", { "patch_size" } },
    { "\"patch_size\": 16", "\"patch_size\": 0", { "patch_size" } },
    { "\"patch_size\": 16", "\"patch_size\": 20", { "patch_size", "positions" } }, /* 25 */
    { "\"patch_size\": 16", "\"patch_size\": 7", { "patch_size", "positions" } },  /* 73 */
    { "\"image_size\": 512", "\"image_size\": [512, 512]", { "image_size" } },
    { "\"image_size\": 512", "\"image_size\": 5000", { "image_size", "5000" } },
    { "\"num_attention_heads\": 12", "\"num_attention_heads\": 5", { "num_attention_heads" } },
    { "\"hidden_size\": 768", "\"num_channels\": 4", { "num_channels" } },
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
    { "\"resample\": 1", "\"resample\": 3", { "resample", "Lanczos" } },
    { "\"longest_edge\": 2048", "\"longest_edge\": 3073", { "tiles", "3073", "3072" } },
    { "\"longest_edge\": 2048", "\"longest_edge\": 0", { "longest_edge" } },
    { "\"longest_edge\": 2048", "\"longest_edge\": 70000", { "longest_edge" } },
    { "\"longest_edge\": 2048", "\"longest_edge\": null", { "longest_edge" } },
    { "{\"longest_edge\": 2048}", "{\"height\": 512, \"width\": 512}", { "size" } },
    { "{\"longest_edge\": 2048}", "{\"longest_edge\": 9, \"width\": 9}", { "size" } },
    { "{\"longest_edge\": 2048}", "2048", { "size", "longest_edge" } },
    { "\"longest_edge\": 512", "\"longest_edge\": 384", { "max_image_size", "384", "512" } },
    { ", \"max_image_size\": {\"longest_edge\": 512}", "", { "364", "512" } },
    { "\"do_pad\": true", "\"do_resize\": false", { "do_resize" } },
    { "\"do_pad\": true", "\"do_normalize\": false", { "do_normalize" } },
    { "\"do_pad\": true", "\"image_std\": [0.5, 0, 0.5]", { "image_std" } },
    { "\"do_image_splitting\": true", "\"do_image_splitting\": 1", { "do_image_splitting" } },
};

static void pictures_that_are_prepared_otherwise_are_refused_by_name(void **state)
{
    struct model_config c;
    struct err e;

    (void)state;
    assert_ok(parse_config(&c, config_text, &e), &e);
    assert_ok(parse_prep(&c, prep_text, &e), &e);
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
        cmocka_unit_test(sizes_equal_transformers_for_every_picture),
        cmocka_unit_test(tiles_equal_transformers_bit_for_bit),
        cmocka_unit_test(a_number_of_tiles_is_never_passed),
        cmocka_unit_test(other_choices_are_refused),
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(patches_need_not_fill_a_tile),
        cmocka_unit_test(configs_that_are_not_run_are_refused_by_name),
        cmocka_unit_test(pictures_that_are_prepared_otherwise_are_refused_by_name),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm idefics", tests, NULL, NULL);
}
