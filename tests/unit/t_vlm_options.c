/* SPDX-License-Identifier: MIT */
/*
 * vlm/prompts.c: an option has the ids that it has in the whole conversation, for the chat
 * templates of many families and tokenizers of every kind (tools/oracle/conversations.py, from
 * transformers).
 */
#include "t_vlm_support.h"

#include "vlm/engine.h"

enum { OPTIONS_MAX = 16 };

static struct json_t *read_cases(void)
{
    return load_json("ASSENT_TEST_DATA", "conversation/cases.json");
}

static struct tokenizer *read_tokenizer(const char *name)
{
    char file[64];
    size_t len;
    char *text;
    struct tokenizer *t;
    struct err e;

    snprintf(file, sizeof(file), "%s.json", name);
    text = read_data("conversation", file, &len);
    assert_ok(tokenizer_parse(&t, file, text, len, &e), &e);
    free(text);
    return t;
}

/* ---- a model that is asked in another way ---- */

struct lent {
    struct vlm *v; /* a fixture's, with these for its own */
    struct template *template;
    struct tokenizer *tokenizer;
    struct model_config config;
    char *bos;
};

static struct lent lend(const char *tokenizer, const struct json_t *template)
{
    const char *text = jv_text(jv_get(template, "text"));
    struct vlm *v = open_model("llama-gqa", NULL);
    struct lent own = { v, v->template, v->tokenizer, v->model->config, v->bos };
    struct err e;
    uint32_t image;

    v->tokenizer = read_tokenizer(tokenizer);
    assert_ok(template_parse(&v->template, "chat_template.jinja", text, strlen(text), &e), &e);
    assert_true(tokenizer_id(v->tokenizer, jv_text(jv_get(template, "image")), &image));
    v->model->config.image_token = image;
    v->model->config.text.vocab = (uint32_t)tokenizer_size(v->tokenizer);
    v->bos = strdup("<s>");
    return own;
}

static void give_back(struct lent *own)
{
    struct vlm *v = own->v;

    template_free(v->template);
    tokenizer_free(v->tokenizer);
    free(v->bos);
    v->template = own->template;
    v->tokenizer = own->tokenizer;
    v->model->config = own->config;
    v->bos = own->bos;
    vlm_close(v);
}

/* ---- the cases ---- */

static void check_ids(const char *row, const uint32_t *ids, size_t n, const struct json_t *wanted)
{
    if (n != jv_length(wanted))
        fail_row(row, "has %zu ids, not %zu", n, jv_length(wanted));
    for (size_t i = 0; i < n; i++) {
        int64_t id;

        assert_true(jv_integer(jv_at(wanted, i), &id));
        if (ids[i] != id)
            fail_row(row, "id %zu is %u, not %d", i, ids[i], (int)id);
    }
}

static struct vlm_prompts *ask_choice(const struct vlm *v, const struct json_t *cases)
{
    const struct json_t *answers = jv_get(cases, "answers");
    const char *options[OPTIONS_MAX];
    struct vlm_question q = { jv_text(jv_get(cases, "question")), VLM_CHOICE, options,
                              jv_length(answers) };

    assert_in_range(q.n_options, 2, OPTIONS_MAX);
    for (size_t i = 0; i < q.n_options; i++)
        options[i] = jv_text(jv_at(answers, i));
    return make_prompts(v, &q, 1);
}

/* Adds to in_turn how many of the options have their ids from the conversation. */
static void check_case(const struct json_t *cases, const struct json_t *one, size_t *in_turn)
{
    const char *tokenizer = jv_text(jv_get(one, "tokenizer"));
    const char *template = jv_text(jv_get(one, "template"));
    struct lent own = lend(tokenizer, jv_get(jv_get(cases, "templates"), template));
    struct vlm_prompts *p = ask_choice(own.v, cases);
    const struct json_t *answers = jv_get(one, "answers"), *prompt = jv_get(one, "prompt");
    char row[128];

    assert_int_equal(p->n_probes, jv_length(answers));
    for (size_t i = 0; i < p->n_probes; i++) {
        const struct probe *probe = &p->probes[i];
        const struct path *path = &p->paths[probe->path];

        snprintf(row, sizeof(row), "%s, %s, option %zu", tokenizer, template, i);
        check_ids(row, probe->tokens, probe->n, jv_get(jv_at(answers, i), "ids"));
        check_ids(row, path->ids, path->n - (probe->n - 1), prompt);
        assert_memory_equal(path->ids + jv_length(prompt), probe->tokens,
                            (probe->n - 1) * sizeof(*probe->tokens));
        *in_turn += text_equal(jv_text(jv_get(jv_at(answers, i), "rule")), "turn");
    }
    vlm_prompts_free(p);
    give_back(&own);
}

static void options_have_the_ids_of_a_conversation(void **state)
{
    struct json_t *cases = read_cases();
    const struct json_t *list = jv_get(cases, "cases");
    size_t in_turn = 0, n = jv_length(list) * jv_length(jv_get(cases, "answers"));

    (void)state;
    for (size_t i = 0; i < jv_length(list); i++)
        check_case(cases, jv_at(list, i), &in_turn);
    assert_in_range(in_turn, 400, n - 200);
    jv_free(cases);
}

/* A prompt of the user's own is no conversation, even where a template would make one of it. */
static void with_a_prompt_of_ones_own_an_option_is_alone(void **state)
{
    struct json_t *cases = read_cases();
    struct lent own = lend("llama3", jv_get(jv_get(cases, "templates"), "smolvlm"));
    struct template *template = own.v->template;
    struct vlm_prompts *turn = ask_choice(own.v, cases), *alone;
    uint32_t id;

    (void)state;
    assert_true(tokenizer_id(own.v->tokenizer, "Ġblack", &id));
    assert_int_equal(turn->probes[0].n, 1);
    assert_int_equal(turn->probes[0].tokens[0], id);
    own.v->template = NULL;
    own.v->prompt = strdup(vlm_prompt_text(turn, 0));
    alone = ask_choice(own.v, cases);
    assert_string_equal(vlm_prompt_text(alone, 0), vlm_prompt_text(turn, 0));
    assert_true(alone->probes[0].n > 1);
    free(own.v->prompt);
    own.v->prompt = NULL;
    own.v->template = template;
    vlm_prompts_free(alone);
    vlm_prompts_free(turn);
    give_back(&own);
    jv_free(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_the_ids_of_a_conversation),
        cmocka_unit_test(with_a_prompt_of_ones_own_an_option_is_alone),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm_options", tests, NULL, NULL);
}
