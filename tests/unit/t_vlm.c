/* SPDX-License-Identifier: MIT */
/*
 * vlm/vlm.h: questions asked in one pass and one by one, and what an answer's probabilities are
 * made of. The models are those of tests/data/vlm.
 */
#include "t_vlm_support.h"

#include "vlm/engine.h"

static const double pass_tolerance = 1e-5; /* one pass against one by one */

/* ---- questions ---- */

static const char *const colours[] = { "black", "blond", "brown", "gray" };
static const char *const nested[] = { "black", "black hair", "brown" };

static const struct vlm_question questions[] = {
    { "Is it a cat? Answer with only yes or no.", VLM_YESNO, NULL, 0 },
    { "Is it a dog?", VLM_YESNO, NULL, 0 },
    { "Is it a cat?", VLM_YESNO, NULL, 0 },
    { "What colour is it?", VLM_CHOICE, colours, COUNT(colours) },
    { "What colour is it?", VLM_LETTERS, colours, COUNT(colours) },
    { "?", VLM_YESNO, NULL, 0 },
    { "What is it?", VLM_CHOICE, nested, COUNT(nested) },
    { "Größe: 漢字 🙂 ok?", VLM_YESNO, NULL, 0 },
    { "Is it a dog?", VLM_YESNO, NULL, 0 }, /* again */
    { "Is it a dog? Is it a dog? Is it a dog? Is it a dog? Is it a dog?", VLM_YESNO, NULL, 0 },
};

static const char *const families[] = {
    "llama-gqa",  "mistral-window", "qwen2-tied", "qwen3vl-a",    "qwen3vl-b",  "qwen3vl-c",
    "qwen25vl-a", "qwen25vl-b",     "qwen2vl-a",  "smolvlm-a",    "idefics3-b", "onevision-a",
    "llava15-a",  "internvl-a",     "internvl-b", "llama-biased",
};
enum { N_WITH_YES = COUNT(families) - 1 }; /* in front: that have tokens for yes and no */

/* ---- one pass ---- */

static void assert_same_answer(const char *row, struct vlm *v, const struct vlm_answers *a,
                               size_t i, const struct vlm_answers *b, size_t j)
{
    size_t vocab = vlm_info(v).vocabulary;
    double d = distance(a->logits + i * vocab, b->logits + j * vocab, vocab);

    if (!(d <= pass_tolerance))
        fail_row(row, "the logits of question %zu differ by %g", i, d);
    assert_int_equal(a->items[i].n_options, b->items[j].n_options);
    for (size_t o = 0; o < a->items[i].n_options; o++)
        assert_near(row, a->items[i].logprob[o], b->items[j].logprob[o], 2e-4);
}

static void check_one_pass(const char *model, bool reference)
{
    struct vlm_options options = { .dtype = "f32", .reference = reference };
    struct vlm *v = open_model(model, &options);
    struct vlm_answers one = ask_questions(v, questions, COUNT(questions), false);
    struct vlm_answers each = ask_questions(v, questions, COUNT(questions), true);

    for (size_t i = 0; i < COUNT(questions); i++)
        assert_same_answer(model, v, &one, i, &each, i);
    vlm_answers_release(&one);
    vlm_answers_release(&each);
    vlm_close(v);
}

static void one_pass_equals_one_by_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(families); i++)
        check_one_pass(families[i], false);
}

static void one_pass_equals_one_by_one_in_plain_c(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(families); i++)
        check_one_pass(families[i], true);
}

/* Questions chosen by number; each answer must be what it is among all. */
static void check_chosen(struct vlm *v, const struct vlm_answers *all, const size_t *chosen,
                         size_t n)
{
    struct vlm_question q[2 * COUNT(questions)] = { { .text = NULL } };
    struct vlm_answers a;

    for (size_t i = 0; i < n; i++)
        q[i] = questions[chosen[i]];
    a = ask_questions(v, q, n, false);
    for (size_t i = 0; i < n; i++)
        assert_same_answer("chosen", v, &a, i, all, chosen[i]);
    vlm_answers_release(&a);
}

static void other_questions_change_nothing(void **state)
{
    static const size_t reversed[] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 };
    static const size_t fewer[] = { 1, 3, 6, 9 }, twice[] = { 0, 0, 1, 6, 1, 6, 6 },
                        alone[] = { 5 };

    (void)state;
    for (size_t i = 0; i < COUNT(families); i++) {
        struct vlm *v = open_model(families[i], NULL);
        struct vlm_answers all = ask_questions(v, questions, COUNT(questions), false);

        check_chosen(v, &all, reversed, COUNT(reversed));
        check_chosen(v, &all, fewer, COUNT(fewer));
        check_chosen(v, &all, twice, COUNT(twice));
        check_chosen(v, &all, alone, COUNT(alone));
        vlm_answers_release(&all);
        vlm_close(v);
    }
}

/* Prompts that end in the question: branches of one token, and an end in the middle of another's
 * branch. */
static void branches_may_be_one_token_or_none(void **state)
{
    static const struct vlm_question q[] = { { "a", VLM_YESNO, NULL, 0 },
                                             { "b", VLM_YESNO, NULL, 0 },
                                             { "a b", VLM_YESNO, NULL, 0 },
                                             { "", VLM_YESNO, NULL, 0 } };
    static const struct vlm_options own = { .dtype = "f32", .prompt = "see {image}:{question}" };
    struct vlm *v = open_model("llama-gqa", &own);
    struct vlm_prompts *p = make_prompts(v, q, COUNT(q));
    struct vlm_answers one = ask(v, p, false), each = ask(v, p, true);

    (void)state;
    assert_string_equal(vlm_prompt_text(p, 2), "see <image>:a b");
    assert_int_equal(p->paths[0].n, p->paths[1].n);
    assert_int_equal(p->paths[0].n, p->paths[3].n + 1);
    for (size_t i = 0; i < COUNT(q); i++)
        assert_same_answer("short", v, &one, i, &each, i);
    vlm_answers_release(&one);
    vlm_answers_release(&each);
    vlm_prompts_free(p);
    vlm_close(v);
}

static void four_hundred_questions_are_one_pass(void **state)
{
    enum { N = 400, EVERY = 57 };
    static char texts[N][32];
    struct vlm_question q[N];
    struct vlm *v = open_model("llama-f16-shards", NULL);
    struct vlm_answers all;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%zu: is it %zu?", i * 7919 % N, i);
        q[i] = (struct vlm_question){ texts[i], VLM_YESNO, NULL, 0 };
    }
    all = ask_questions(v, q, N, false);
    for (size_t i = 0; i < N; i += EVERY) {
        struct vlm_answers a = ask_questions(v, &q[i], 1, true);

        assert_same_answer(texts[i], v, &all, i, &a, 0);
        vlm_answers_release(&a);
    }
    vlm_answers_release(&all);
    vlm_close(v);
}

static void no_questions_have_no_answers(void **state)
{
    struct vlm *v = open_model("llama-gqa", NULL);
    struct vlm_answers a = ask_questions(v, questions, 0, false);

    (void)state;
    assert_int_equal(a.n, 0);
    vlm_answers_release(&a);
    vlm_close(v);
}

/* ---- what is scored ---- */

static double log_softmax(const float *logits, size_t n, uint32_t token)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - (double)logits[token]);
    return -log(sum);
}

static const char *const letters[] = { "a", "b" };

/* A kind of question whose answers are one token each, so that its first path is the prompt. */
static enum vlm_kind plain_kind(const struct vlm *v)
{
    uint32_t id;

    return tokenizer_id(v->tokenizer, "Yes", &id) || tokenizer_id(v->tokenizer, "▁Yes", &id)
               ? VLM_YESNO
               : VLM_CHOICE;
}

/* log P of the tokens one after another behind question q's prompt: a pass of its own for each. */
static double sequence_logprob(struct vlm *v, const struct vlm_question *q, const uint32_t *tokens,
                               size_t n)
{
    struct vlm_question plain = { q->text, plain_kind(v), letters, 2 };
    size_t vocab = vlm_info(v).vocabulary;
    double sum = 0;

    for (size_t step = 0; step < n; step++) {
        struct vlm_prompts *p = make_prompts(v, &plain, 1);
        struct path *path = &p->paths[0];
        uint32_t *ids = malloc((path->n + step) * sizeof(*ids));
        struct vlm_answers a;

        assert_non_null(ids);
        memcpy(ids, path->ids, path->n * sizeof(*ids));
        memcpy(ids + path->n, tokens, step * sizeof(*ids));
        path->ids = ids; /* the arena's stay the arena's */
        path->n += step;
        p->n_paths = 1;
        a = ask(v, p, true);
        sum += log_softmax(a.logits, vocab, tokens[step]);
        vlm_answers_release(&a);
        vlm_prompts_free(p);
        free(ids);
    }
    return sum;
}

/* What the model's conversations have between "Assistant:" and an answer. */
static const char *gap_of(const char *model)
{
    return strcmp(model, "smolvlm-a") == 0 ? " " : "";
}

static void check_choice(const char *model, const struct vlm_question *q, bool closed)
{
    struct vlm *v = open_model(model, NULL);
    struct vlm_answers a = ask_questions(v, q, 1, false);

    for (size_t o = 0; o < q->n_options; o++) {
        uint32_t *ids, tokens[32];
        char text[64];
        size_t n;
        struct err e;

        snprintf(text, sizeof(text), "%s%s", gap_of(model), q->options[o]);
        assert_ok(vlm_tokenize(v->tokenizer, text, strlen(text), &ids, &n, &e), &e);
        assert_true(n > 0 && n < COUNT(tokens));
        memcpy(tokens, ids, n * sizeof(*ids));
        if (closed)
            assert_true(tokenizer_id(v->tokenizer, v->eos, &tokens[n++]));
        assert_near(q->options[o], a.items[0].logprob[o], sequence_logprob(v, q, tokens, n), 1e-4);
        free(ids);
    }
    vlm_answers_release(&a);
    vlm_close(v);
}

static void choices_are_scored_by_their_whole_sequence(void **state)
{
    static const struct vlm_question open = { "What colour is it?", VLM_CHOICE, colours,
                                              COUNT(colours) };

    (void)state;
    for (size_t i = 0; i < COUNT(families); i++)
        check_choice(families[i], &open, false);
}

static void choices_that_begin_alike_are_closed(void **state)
{
    static const char *const same[] = { "brown", "black", "brown" };
    static const struct vlm_question q[] = { { "What is it?", VLM_CHOICE, nested, COUNT(nested) },
                                             { "What is it?", VLM_CHOICE, same, COUNT(same) } };

    (void)state;
    for (size_t i = 0; i < COUNT(families); i++)
        check_choice(families[i], &q[0], true);
    check_choice("llama-gqa", &q[1], true);
}

/* Adds exp(log P) of a vocabulary entry; false where there is none. */
static bool add_form(struct vlm *v, const float *logits, const char *mark, const char *form,
                     double *sum)
{
    char text[64];
    uint32_t id;

    snprintf(text, sizeof(text), "%s%s", mark, form);
    if (!tokenizer_id(v->tokenizer, text, &id))
        return false;
    *sum += exp(log_softmax(logits, vlm_info(v).vocabulary, id));
    return true;
}

static void yes_and_no_are_all_their_forms(void **state)
{
    static const char *const forms[2][3] = { { "No", "no", "NO" }, { "Yes", "yes", "YES" } };

    (void)state;
    for (size_t i = 0; i < N_WITH_YES; i++) {
        struct vlm *v = open_model(families[i], NULL);
        struct vlm_answers a = ask_questions(v, questions, 1, false);
        const char *const marks[] = { "", tokenizer_space(v->tokenizer) };
        double p[2] = { 0, 0 };
        size_t found[2] = { 0, 0 };

        for (size_t o = 0; o < 2; o++) {
            for (size_t f = 0; f < 6; f++)
                found[o] += add_form(v, a.logits, marks[f % 2], forms[o][f / 2], &p[o]);
            assert_true(found[o] > 1);
            assert_near(families[i], a.items[0].logprob[o], log(p[o]), 1e-9);
        }
        assert_near("mass", vlm_mass(&a.items[0]), p[0] + p[1], 1e-12);
        assert_near("score", vlm_score(&a.items[0], 1), p[1] / (p[0] + p[1]), 1e-12);
        vlm_answers_release(&a);
        vlm_close(v);
    }
}

static void yes_and_no_without_tokens_are_a_choice(void **state)
{
    static const char *const words[] = { "No", "Yes" };
    static const struct vlm_question q[] = { { "Is it a dog?", VLM_YESNO, NULL, 0 },
                                             { "Is it a dog?", VLM_CHOICE, words, 2 } };
    struct vlm *v = open_model(families[N_WITH_YES], NULL);
    struct vlm_prompts *p = make_prompts(v, q, 2);
    struct vlm_answers a = ask(v, p, false);

    (void)state;
    for (size_t i = 0; i < p->n_probes; i++)
        assert_true(p->probes[i].n > 1);
    for (size_t o = 0; o < 2; o++)
        assert_near(words[o], a.items[0].logprob[o], a.items[1].logprob[o], 1e-9);
    vlm_answers_release(&a);
    vlm_prompts_free(p);
    vlm_close(v);
}

static void letters_are_listed_and_scored(void **state)
{
    static const struct vlm_question q = { "Which?", VLM_LETTERS, colours, COUNT(colours) };
    struct vlm *v = open_model("llama-gqa", NULL);
    struct vlm_prompts *p = make_prompts(v, &q, 1);
    struct vlm_answers a = ask(v, p, false);

    (void)state;
    assert_contains(vlm_prompt_text(p, 0),
                    "\nWhich?\nA. black\nB. blond\nC. brown\nD. gray<|eot_id|>");
    for (size_t o = 0; o < COUNT(colours); o++) {
        char letter[2] = { (char)('A' + (char)o), '\0' };
        double sum = 0;

        assert_true(add_form(v, a.logits, "", letter, &sum));
        add_form(v, a.logits, tokenizer_space(v->tokenizer), letter, &sum);
        assert_near(letter, a.items[0].logprob[o], log(sum), 1e-9);
    }
    vlm_answers_release(&a);
    vlm_prompts_free(p);
    vlm_close(v);
}

static void the_likeliest_tokens_are_kept(void **state)
{
    struct vlm *v = open_model("qwen2-tied", NULL);
    struct vlm_answers a = ask_questions(v, questions, 1, false);
    size_t vocab = vlm_info(v).vocabulary;

    (void)state;
    for (size_t i = 0; i < VLM_TOP; i++) {
        const struct vlm_token *t = &a.items[0].top[i];
        size_t likelier = 0;

        for (size_t k = 0; k < vocab; k++)
            likelier += a.logits[k] > a.logits[t->id];
        assert_int_equal(likelier, i);
        assert_near("top", t->logprob, log_softmax(a.logits, vocab, t->id), 1e-9);
    }
    vlm_answers_release(&a);
    vlm_close(v);
}

/* ---- precision ---- */

/* How far the tables are from each other, of what they are from float32. A sum that lies between
 * two bfloat16 numbers may tip either way, and in models as narrow as some families' here are, one
 * that does is all of it: then they are as far apart as two roundings of one number, sqrt(2). */
static double apart_at_most(const struct vlm *v)
{
    return v->model->config.family == &llava_next_family ? 1 : 1.5;
}

static void bf16_is_near_f32_and_alike_in_both_tables(void **state)
{
    static const struct vlm_options ref = { .dtype = "bf16", .reference = true };
    static const struct vlm_options dnnl = { .dtype = "bf16" };

    (void)state;
    for (size_t i = 0; i < COUNT(families); i++) {
        struct vlm *v[3] = { open_model(families[i], NULL), open_model(families[i], &ref),
                             open_model(families[i], &dnnl) };
        size_t n = COUNT(questions) * vlm_info(v[0]).vocabulary;
        struct vlm_answers a[3];
        double from_f32, between;

        for (size_t k = 0; k < 3; k++)
            a[k] = ask_questions(v[k], questions, COUNT(questions), false);
        from_f32 = distance(a[1].logits, a[0].logits, n);
        between = distance(a[2].logits, a[1].logits, n);
        printf("# bf16 %s: %.1e from f32, %.1e between tables\n", families[i], from_f32, between);
        if (!(from_f32 > 1e-4 && from_f32 < 3e-2 && between < apart_at_most(v[0]) * from_f32))
            fail_row(families[i], "%g from f32, %g between tables", from_f32, between);
        assert_string_equal(vlm_info(v[1]).dtype, "bf16");
        for (size_t k = 0; k < 3; k++) {
            vlm_answers_release(&a[k]);
            vlm_close(v[k]);
        }
    }
}

/* ---- several pictures in a pass ---- */

static const struct vlm_question of_all[] = {
    { "Is it red?", VLM_YESNO, NULL, 0 },
    { "Is it blue, or is it of some other colour?", VLM_YESNO, NULL, 0 },
};

static void compare_together(const char *model, bool reference)
{
    static const struct {
        uint32_t width, height;
    } sizes[] = { { 37, 23 }, { 20, 61 }, { 37, 23 } };
    struct vlm_options options = { .dtype = "f32", .reference = reference };
    struct vlm *v = open_model(model, &options);
    struct vlm_prompts *p = make_prompts(v, of_all, COUNT(of_all));
    struct vlm_how how = { .logits = true };
    struct image images[COUNT(sizes)];
    const struct image *list[COUNT(sizes)];
    struct vlm_asked asked = { .prompts = p, .images = list, .n = COUNT(sizes) };
    struct vlm_answers together[COUNT(sizes)], alone;
    size_t vocab = vlm_info(v).vocabulary;
    struct err e;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        images[i] = make_picture(sizes[i].width, sizes[i].height);
        list[i] = &images[i];
    }
    images[2].rgb[0] ^= 255; /* of one size, and not the same */
    assert_ok(vlm_ask_together(v, &asked, &how, together, &e), &e);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_ok(vlm_ask(v, p, &images[i], &how, &alone, &e), &e);
        for (size_t q = 0; q < COUNT(of_all); q++) {
            double d = distance(together[i].logits + q * vocab, alone.logits + q * vocab, vocab);

            if (!(d <= 1e-5))
                fail_row(model, "picture %zu, question %zu: differs by %g", i, q, d);
        }
        vlm_answers_release(&alone);
        vlm_answers_release(&together[i]);
        free(images[i].rgb);
    }
    vlm_prompts_free(p);
    vlm_close(v);
}

static void pictures_together_equal_each_alone(void **state)
{
    static const char *const models[] = { "llama-gqa", "mistral-window", "qwen2-tied",
                                          "qwen3vl-a", "qwen25vl-a",     "smolvlm-whole" };

    (void)state;
    for (size_t i = 0; i < COUNT(models); i++) {
        compare_together(models[i], true);
        compare_together(models[i], false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pass_equals_one_by_one),
        cmocka_unit_test(one_pass_equals_one_by_one_in_plain_c),
        cmocka_unit_test(pictures_together_equal_each_alone),
        cmocka_unit_test(other_questions_change_nothing),
        cmocka_unit_test(branches_may_be_one_token_or_none),
        cmocka_unit_test(four_hundred_questions_are_one_pass),
        cmocka_unit_test(no_questions_have_no_answers),
        cmocka_unit_test(choices_are_scored_by_their_whole_sequence),
        cmocka_unit_test(choices_that_begin_alike_are_closed),
        cmocka_unit_test(yes_and_no_are_all_their_forms),
        cmocka_unit_test(yes_and_no_without_tokens_are_a_choice),
        cmocka_unit_test(letters_are_listed_and_scored),
        cmocka_unit_test(the_likeliest_tokens_are_kept),
        cmocka_unit_test(bf16_is_near_f32_and_alike_in_both_tables),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm", tests, NULL, NULL);
}
