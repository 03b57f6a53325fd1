/* SPDX-License-Identifier: MIT */
/*
 * vlm/families/llava*.c: what LLaVA-1.5 and LLaVA-OneVision make of a picture's size and of its
 * pixels (tests/data/vlm/{llava,onevision}_sizes.txt, written by tools/oracle/vlm_llava.py), which
 * configurations they read, and what can be chosen.
 */
#include "t_vlm_layouts.h"

#include "vlm/families/bilinear.h"

/* ---- configurations ---- */

static const char llava_text[] =
    "{\"model_type\": \"llava\", \"text_config\": {\"vocab_size\": 32064},\n"
    " \"vision_config\": {\"model_type\": \"clip_vision_model\", \"image_size\": 336,\n"
    "  \"patch_size\": 14}, \"vision_feature_layer\": -2}";
static const char llava_prep[] =
    "{\"image_processor_type\": \"CLIPImageProcessor\", \"size\": {\"shortest_edge\": 336},\n"
    " \"do_center_crop\": true, \"crop_size\": {\"height\": 336, \"width\": 336}}";
static const char onevision_text[] =
    "{\"model_type\": \"llava_onevision\", \"text_config\": {\"vocab_size\": 152000},\n"
    " \"vision_aspect_ratio\": \"anyres_max_9\", \"vision_feature_layer\": -1}";
static const char onevision_prep[] =
    "{\"image_processor_type\": \"LlavaOnevisionImageProcessor\",\n"
    " \"size\": {\"height\": 384, \"width\": 384}, \"do_pad\": false,\n"
    " \"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0.5, 0.5]}";

static int parse(struct model_config *c, const char *text, const char *prep, struct err *e)
{
    int rc = config_parse(c, "config.json", text, strlen(text), e);

    return rc < 0 ? rc : prep_config_parse(c, "preprocessor_config.json", prep, strlen(prep), e);
}

static struct model_config parsed(const char *text, const char *prep)
{
    struct model_config c;
    struct err e;

    assert_ok(parse(&c, text, prep, &e), &e);
    return c;
}

static void absent_keys_have_their_class_defaults(void **state)
{
    struct model_config c = parsed("{\"model_type\": \"llava_onevision\", \"text_config\": "
                                   "{\"vocab_size\": 152000}}",
                                   "{}");

    (void)state;
    assert_string_equal(c.text.family, "qwen2");
    assert_int_equal(c.vision.hidden, 1152);
    assert_int_equal(c.vision.blocks, 26);
    assert_int_equal(config_grid(&c), 27);
    assert_true(!c.vision.class_token && c.vision.patch_bias && !c.vision.post_norm);
    assert_int_equal(c.llava.pinpoints.n, 36);
    assert_true(c.llava.pinpoints.points[6].height == 768 &&
                c.llava.pinpoints.points[6].width == 384);
    assert_int_equal(c.llava.map_tiles, 9);
    assert_int_equal(c.image_token, 151646);
    c = parsed("{\"model_type\": \"llava_onevision\", \"text_config\": {\"vocab_size\": 152000}, "
               "\"vision_config\": {\"image_size\": 384}}",
               "{}");
    assert_true(c.vision.hidden == 768 && c.vision.patch == 16 && c.vision.eps == 1e-6);
    c = parsed("{\"model_type\": \"llava\", \"text_config\": {\"vocab_size\": 32064}}", llava_prep);
    assert_string_equal(c.text.family, "llama");
    assert_true(c.vision.hidden == 1024 && c.vision.blocks == 23 && c.vision.class_token);
    assert_int_equal(c.llava.skipped, 1);
    assert_true(c.llava.cut.shorter == 336 && !c.llava.cut.pads);
}

/* A part of config.json, or of the image processor's settings, changed. */
static const struct {
    const char *from, *to, *parts[3];
} wrong_onevisions[] = {
    { "anyres_max_9", "anyres", { "anyres_max_ and a number", "vision_aspect_ratio" } },
    { "anyres_max_9", "anyres_max_0", { "anyres_max_0" } },
    { "anyres_max_9", "anyres_max_9x", { "anyres_max_9x" } },
    { "anyres_max_9", "anyres_max_99999999999999999999", { "vision_aspect_ratio" } },
    { "\"anyres_max_9\"", "9", { "vision_aspect_ratio" } },
    { "-1}", "-1, \"vision_feature_select_strategy\": \"default\"}", { "has no class token" } },
    { "-1}", "-1, \"vision_feature_select_strategy\": null}", { "default or full" } },
    { "-1}", "-28}", { "-28", "vision_feature_layer" } },
    { "-1}",
      "-1, \"vision_config\": {\"model_type\": \"pixtral\"}}",
      { "pixtral", "siglip_vision_model", "vision_config.model_type" } },
    { "-1}", "-1, \"vision_config\": {\"image_size\": 400}}", { "384 x 384", "multiples of 400" } },
    { "-1}", "-1, \"image_grid_pinpoints\": [[384, 384]]}", { "other canvases", "same" } },
    { "\"height\": 384", "\"height\": 336", { "another size", "384", "size" } },
    { "\"do_pad\"", "\"crop_size\": 336, \"do_pad\"", { "crop_size", "384" } },
    { "\"do_pad\"", "\"do_resize\"", { "leaving out this step", "do_resize" } },
    { "\"do_pad\"", "\"resample\": 2, \"do_pad\"", { "bicubic", "resample" } },
}, wrong_llavas[] = {
    { "-2}", "[-2, 0]}", { "goes into the tower's blocks", "vision_feature_layer" } },
    { "-2}", "-2, \"vision_feature_select_strategy\": \"cls\"}", { "cls", "default or full" } },
    { "336,\n", "14,\n", { "crop_size", "14" } },
    { "CLIPImageProcessor", "PixtralImageProcessor", { "PixtralImageProcessor", "SiglipImage" } },
    { "CLIPImageProcessor", "CLIPImageProcessorX", { "CLIPImageProcessorX" } },
    { "\"CLIPImageProcessor\"", "7", { "a number", "image_processor_type" } },
    { "{\"shortest_edge\": 336}", "{\"shortest_edge\": 224}", { "224", "at least", "size" } },
    { "{\"shortest_edge\": 336}", "{\"shortest_edge\": \"x\"}", { "size.shortest_edge" } },
    { "{\"shortest_edge\": 336}", "{\"shortest_edge\": 99999}", { "size.shortest_edge" } },
    { "{\"shortest_edge\": 336}",
      "{\"shortest_edge\": 336, \"longest_edge\": 400}",
      { "shortest_edge alone", "size" } },
    { "{\"shortest_edge\": 336}", "{\"height\": 336, \"width\": 400}", { "another size", "336" } },
    { "\"size\": {\"shortest_edge\": 336},", "", { "224", "at least", "336" } },
    { "\"do_center_crop\": true", "\"do_center_crop\": false", { "keep their shape" } },
    { "\"do_center_crop\": true", "\"do_center_crop\": 1", { "true or false" } },
    { "\"height\": 336", "\"height\": 224", { "crop_size", "336" } },
    { "CLIPImageProcessor\"",
      "LlavaImageProcessor\", \"do_pad\": true, \"image_mean\": [0.5, 1.5, 0.5]",
      { "no colour", "1.5", "do_pad" } },
};

static bool is_part(const char *text, const char *from)
{
    return strstr(text, from) != NULL;
}

static void check_wrong(const char *text, const char *prep, const char *from, const char *to,
                        const char *const *parts)
{
    bool of_config = is_part(text, from);
    char *changed = replaced(of_config ? text : prep, from, to);
    struct model_config c;
    struct err e = { 0 };
    int rc = of_config ? parse(&c, changed, prep, &e) : parse(&c, text, changed, &e);

    assert_says_at(to, rc, &e, ERR_FORMAT, parts, 3, __FILE__, __LINE__);
    assert_true(err_says(&e, "config.json"));
    free(changed);
}

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_onevisions); i++)
        check_wrong(onevision_text, onevision_prep, wrong_onevisions[i].from,
                    wrong_onevisions[i].to, wrong_onevisions[i].parts);
    for (size_t i = 0; i < COUNT(wrong_llavas); i++)
        check_wrong(llava_text, llava_prep, wrong_llavas[i].from, wrong_llavas[i].to,
                    wrong_llavas[i].parts);
}

/* ---- sizes ---- */

/* What is written of a picture's size: image tokens, or where it is cut; zeros where that is
 * refused. */
static size_t numbers_of(const struct model_config *c, uint32_t width, uint32_t height,
                         uint32_t out[4])
{
    struct layout l = { .rank = 0 };
    struct err e;
    int rc = c->family->layout(&l, c, width, height, &e);
    const struct cut *cut = &l.llava.cut;

    memset(out, 0, 4 * sizeof(*out));
    if (c->llava.pinpoints.n > 0) {
        assert_ok(rc, &e);
        out[0] = (uint32_t)l.tokens;
        return 1;
    }
    if (rc < 0) {
        assert_int_equal(rc, ERR_LIMIT);
        assert_true(width > 97 * height || height > 97 * width);
        return 4;
    }
    assert_int_equal(l.tokens, 576);
    memcpy(out, (uint32_t[]){ cut->width, cut->height, cut->left, cut->top }, 4 * sizeof(*out));
    return 4;
}

static void check_width(const struct model_config *c, uint32_t width, uint32_t heights,
                        uint64_t wanted)
{
    uint64_t hash = hash_of_nothing;

    for (uint32_t h = 1; h <= heights; h++) {
        uint32_t numbers[4];
        size_t n = numbers_of(c, width, h, numbers);

        for (size_t i = 0; i < n; i++)
            hash = hash_with(hash, numbers[i]);
    }
    if (hash != wanted)
        fail_row("width", "%u differs", width);
}

static void check_size(const struct model_config *c, const char *line)
{
    uint32_t width, height, got[4], wanted[4] = { 0 };
    int n = sscanf(line, "size %u %u %u %u %u %u", &width, &height, &wanted[0], &wanted[1],
                   &wanted[2], &wanted[3]) -
            2;

    assert_true(n == (int)numbers_of(c, width, height, got));
    for (int i = 0; i < n; i++)
        if (got[i] != wanted[i])
            fail_row("size", "number %d of %u x %u is %u, not %u", i, width, height, got[i],
                     wanted[i]);
}

static void check_sizes(const struct model_config *c, const char *file, size_t notable)
{
    size_t len, sizes = 0, widths = 0;
    char *text = read_data("vlm", file, &len);

    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        uint32_t width, heights;
        unsigned long long hash;

        if (strncmp(at, "size ", 5) == 0) {
            check_size(c, at);
            sizes++;
        } else if (sscanf(at, "width %u %u %llx", &width, &heights, &hash) == 3) {
            check_width(c, width, heights, hash);
            widths++;
        }
    }
    assert_true(sizes == notable && widths == 700);
    free(text);
}

static void sizes_equal_transformers(void **state)
{
    struct model_config llava = parsed(llava_text, llava_prep),
                        onevision = parsed(onevision_text, onevision_prep);

    (void)state;
    check_sizes(&llava, "llava_sizes.txt", 3);
    check_sizes(&onevision, "onevision_sizes.txt", 20);
}

/* Floor of the quotient gives other numbers of tokens for these. */
static void maps_are_made_smaller_as_python_divides(void **state)
{
    static const uint32_t sizes[][4] = { { 1540, 1540, 80, 80 },
                                         { 1940, 700, 48, 134 },
                                         { 2230, 700, 44, 145 },
                                         { 1160, 940, 72, 89 },
                                         { 1930, 1160, 62, 104 } };
    struct model_config c = parsed(onevision_text, onevision_prep);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct layout l = layout_of(&c, sizes[i][0], sizes[i][1]);

        assert_int_equal(l.llava.rows, sizes[i][2]);
        assert_int_equal(l.llava.cols, sizes[i][3]);
    }
}

static void a_map_of_nothing_is_refused(void **state)
{
    char *text = replaced(onevision_text, "anyres_max_9\"",
                          "anyres_max_1\", \"image_grid_pinpoints\": [[384, 15744]], "
                          "\"vision_config\": {\"image_size\": 384, \"patch_size\": 384}");
    char *prep = replaced(onevision_prep, "\"do_pad\"",
                          "\"image_grid_pinpoints\": [[384, 15744]], \"do_pad\"");
    struct model_config c = parsed(text, prep);
    struct layout l;
    struct err e;

    (void)state;
    assert_says("long", c.family->layout(&l, &c, 4100, 100, &e), &e, ERR_LIMIT,
                "nothing would be left", "1 x 41");
    assert_int_equal(layout_of(&c, 100, 100).llava.rows, 1);
    free(text);
    free(prep);
}

/* ---- pixels ---- */

static struct model_config llava_with(const char *from, const char *to)
{
    char *prep = replaced(llava_prep, from, to);
    struct model_config c = parsed(llava_text, prep);

    free(prep);
    return c;
}

static void check_pixels(const struct model_config *c, const char *row, uint32_t width,
                         uint32_t height, const char *wanted)
{
    struct image image = make_picture(width, height);
    struct layout l = layout_of(c, width, height);
    size_t n = 1;
    char hex[SHA256_HEX];
    float *pixels;
    struct err e;

    for (size_t i = 0; i < l.rank; i++)
        n *= l.shape[i];
    assert_ok(c->family->pixels(&pixels, c, &l, &image, &e), &e);
    sha256_hex(pixels, n * sizeof(*pixels), hex);
    if (strcmp(hex, wanted) != 0)
        fail_row(row, "the pixels of %u x %u differ", width, height);
    free(pixels);
    free(image.rgb);
}

static void choose_tiles(struct model_config *c, uint32_t tiles)
{
    struct vlm_pictures chosen = { .tiles = tiles };
    struct err e;

    assert_ok(c->family->choose(c, &chosen, &e), &e);
}

static void pixels_equal_transformers_bit_for_bit(void **state)
{
    struct {
        const char *file, *name;
        struct model_config c;
    } rows[] = {
        { "llava_sizes.txt", "clip", llava_with("{", "{") },
        { "llava_sizes.txt", "padded",
          llava_with("CLIPImageProcessor\"", "LlavaImageProcessorFast\", \"do_pad\": true") },
        { "llava_sizes.txt", "siglip",
          llava_with("CLIPImageProcessor\", \"size\": {\"shortest_edge\": 336}",
                     "SiglipImageProcessor\", \"size\": {\"height\": 336, \"width\": 336}") },
        { "onevision_sizes.txt", "tiles", parsed(onevision_text, onevision_prep) },
        { "onevision_sizes.txt", "whole", parsed(onevision_text, onevision_prep) },
    };

    (void)state;
    choose_tiles(&rows[4].c, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len, n = 0, name = strlen(rows[i].name);
        char *text = read_data("vlm", rows[i].file, &len), wanted[SHA256_HEX];

        for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
            uint32_t width, height;

            if (strncmp(at, rows[i].name, name) != 0)
                continue;
            assert_int_equal(sscanf(at + name, " %u %u %64s", &width, &height, wanted), 3);
            check_pixels(&rows[i].c, rows[i].name, width, height, wanted);
            n++;
        }
        assert_int_equal(n, 10);
        free(text);
    }
}

static void pictures_that_become_too_large_are_refused(void **state)
{
    struct model_config clip = llava_with("{", "{"),
                        padded = llava_with("CLIPImageProcessor\"",
                                            "LlavaImageProcessor\", \"do_pad\": true");
    struct layout l;
    struct err e;

    (void)state;
    assert_says("long", clip.family->layout(&l, &clip, 1, 98, &e), &e, ERR_LIMIT, "1 x 98 pixels",
                "336 x 32928");
    assert_int_equal(layout_of(&clip, 1, 97).llava.cut.height, 32592);
    assert_says("square", padded.family->layout(&l, &padded, 20000, 1, &e), &e, ERR_LIMIT,
                "padded to a square", "20000 x 20000");
    assert_int_equal(layout_of(&padded, 13377, 1).llava.cut.square, 13377);
}

/* ---- what can be chosen ---- */

static void tiles_leave_the_canvases_that_have_no_more(void **state)
{
    struct model_config c = parsed(onevision_text, onevision_prep);

    (void)state;
    choose_tiles(&c, 5);
    assert_int_equal(c.llava.pinpoints.n, 8); /* 1 x 1 to 4, 2 x 1 and 2, 3 x 1, 4 x 1 */
    for (uint32_t side = 1; side < 3000; side += 97)
        assert_true(layout_of(&c, side, 1000).pictures <= 5);
    assert_int_equal(layout_of(&c, 178, 218).tokens, 1377); /* as without a choice */
    c = parsed(onevision_text, onevision_prep);
    choose_tiles(&c, 1);
    assert_int_equal(layout_of(&c, 178, 218).tokens, 730);
    assert_int_equal(layout_of(&c, 3000, 20).pictures, 1);
}

static void other_choices_are_refused(void **state)
{
    static const char next_text[] =
        "{\"model_type\": \"llava_next\", \"text_config\": {\"vocab_size\": 32064}}";
    struct model_config next = parsed(next_text, "{\"size\": 336, \"crop_size\": 336}"),
                        onevision = parsed(onevision_text, onevision_prep);
    struct vlm_pictures one = { .tiles = 1 }, pixels = { .max_pixels = 100000 };
    struct err e;

    (void)state;
    assert_says("next", next.family->choose(&next, &one, &e), &e, ERR_ARG, "learnt no canvas",
                "at least 3");
    choose_tiles(&next, 4);
    assert_int_equal(next.llava.pinpoints.n, 4);
    assert_says("pixels", onevision.family->choose(&onevision, &pixels, &e), &e, ERR_ARG,
                "max_pixels", "tiles");
    assert_null(parsed(llava_text, llava_prep).family->choose);
}

/* ---- bilinear rows ---- */

/* Numbers of torch 2.15: interpolate(arange(12).view(1, 1, 3, 4) ** 2, (2, 3), mode="bilinear"). */
static void bilinear_rows_equal_torch(void **state)
{
    static const float wanted[] = { 4.5f, 9.5f, 17.833334f, 54.5f, 75.5f, 99.833336f };
    float in[12], out[COUNT(wanted)];

    (void)state;
    for (size_t i = 0; i < COUNT(in); i++)
        in[i] = (float)(i * i);
    bilinear_rows(out, (struct lattice){ 2, 3 }, in, (struct lattice){ 3, 4 }, 1);
    for (size_t i = 0; i < COUNT(wanted); i++)
        assert_near("row", out[i], wanted[i], 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_keys_have_their_class_defaults),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(sizes_equal_transformers),
        cmocka_unit_test(maps_are_made_smaller_as_python_divides),
        cmocka_unit_test(a_map_of_nothing_is_refused),
        cmocka_unit_test(pixels_equal_transformers_bit_for_bit),
        cmocka_unit_test(pictures_that_become_too_large_are_refused),
        cmocka_unit_test(tiles_leave_the_canvases_that_have_no_more),
        cmocka_unit_test(other_choices_are_refused),
        cmocka_unit_test(bilinear_rows_equal_torch),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm llava", tests, NULL, NULL);
}
