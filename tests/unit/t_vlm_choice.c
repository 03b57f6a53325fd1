/* SPDX-License-Identifier: MIT */
/*
 * vlm/vlm.h: how pictures are prepared, where that can be chosen, and what it takes.
 */
#include "t_vlm_support.h"

static const struct vlm_question questions[] = {
    { "Is it a cat? Answer with only yes or no.", VLM_YESNO, NULL, 0 },
};

/* Of a model that is opened so, and of one that only reckons. */
static void check_choice(const char *name, struct vlm_pictures chosen, size_t image_tokens)
{
    static const uint32_t sizes[][2] = { { 178, 218 }, { 640, 480 }, { 9, 300 } };
    struct vlm_options options = { .pictures = chosen };
    struct vlm *plain = open_model(name, NULL), *v = open_model(name, &options);
    struct vlm_pictures is = vlm_info(v).pictures;
    struct vlm_prompts *p = make_prompts(v, questions, 1);

    assert_true(chosen.min_pixels == 0 || is.min_pixels == chosen.min_pixels);
    assert_true(chosen.max_pixels == 0 || is.max_pixels == chosen.max_pixels);
    assert_true(is.tiles <= chosen.tiles);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct vlm_size size = { sizes[i][0], sizes[i][1] };
        struct vlm_cost wanted, got, usual;
        struct err e;

        assert_ok(vlm_estimate(&wanted, v, p, &size, &e), &e);
        assert_ok(vlm_estimate(&usual, plain, p, &size, &e), &e);
        size.chosen = &chosen;
        assert_ok(vlm_estimate(&got, plain, p, &size, &e), &e);
        assert_memory_equal(&got, &wanted, sizeof(got));
        assert_true(i == 2 || (got.flop != usual.flop && got.tokens != usual.tokens));
        if (i == 0 && got.image_tokens != image_tokens)
            fail_row(name, "%zu image tokens", got.image_tokens);
    }
    vlm_prompts_free(p);
    vlm_close(plain);
    vlm_close(v);
}

static void a_choice_is_reckoned_with_as_it_is_made(void **state)
{
    struct vlm_pictures least = { .min_pixels = 9 }, most = { .max_pixels = 1024 };
    struct vlm *v = open_model("llava15-a", NULL);
    struct vlm_prompts *p = make_prompts(v, questions, 1);
    struct vlm_pictures none = vlm_info(v).pictures;
    struct vlm_cost cost;
    struct err e = { 0 };

    (void)state;
    check_choice("qwen3vl-a", most, 12);
    check_choice("smolvlm-a", (struct vlm_pictures){ .tiles = 5 }, 20);
    check_choice("smolvlm-a", (struct vlm_pictures){ .tiles = 1 }, 4);
    check_choice("internvl-a", (struct vlm_pictures){ .tiles = 1 }, 4);
    check_choice("onevision-a", (struct vlm_pictures){ .tiles = 1 }, 10);
    assert_true(none.min_pixels == 0 && none.max_pixels == 0 && none.tiles == 0);
    assert_says("no choice", vlm_estimate(&cost, v, p, &(struct vlm_size){ 9, 9, &least }, &e), &e,
                ERR_ARG, "in one way only", "min_pixels");
    vlm_prompts_free(p);
    vlm_close(v);
}

static void the_size_that_is_seen_is_said(void **state)
{
    static const struct {
        const char *name;
        uint32_t width, height;
        size_t tiles;
    } rows[] = {
        { "qwen3vl-a", 48, 56, 1 },  { "qwen25vl-a", 40, 48, 1 }, { "smolvlm-a", 256, 256, 17 },
        { "idefics3-b", 57, 57, 1 }, { "llava15-a", 28, 28, 1 },  { "onevision-a", 69, 69, 10 },
        { "llama-gqa", 56, 56, 5 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vlm *v = open_model(rows[i].name, NULL);
        struct vlm_prompts *p = make_prompts(v, questions, 1);
        struct vlm_cost cost;
        struct err e;

        assert_ok(vlm_estimate(&cost, v, p, &(struct vlm_size){ 178, 218 }, &e), &e);
        if (cost.width != rows[i].width || cost.height != rows[i].height ||
            cost.tiles != rows[i].tiles)
            fail_row(rows[i].name, "%u x %u, %zu tiles", cost.width, cost.height, cost.tiles);
        assert_true(cost.vision_flop > 0 && cost.vision_flop < cost.flop);
        vlm_prompts_free(p);
        vlm_close(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_is_reckoned_with_as_it_is_made),
        cmocka_unit_test(the_size_that_is_seen_is_said),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm_choice", tests, NULL, NULL);
}
