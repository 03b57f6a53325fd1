/* SPDX-License-Identifier: MIT */
/*
 * vlm/vlm.h: what cannot be asked, folders with something wrong, what a model says of itself.
 */
#include "t_vlm_support.h"

#include <sys/stat.h>

#include <malloc.h>

#include "vlm/engine.h"

static const char *const colours[] = { "black", "blond", "brown", "gray" };

static const struct vlm_question questions[] = {
    { "Is it a cat? Answer with only yes or no.", VLM_YESNO, NULL, 0 },
    { "Is it a dog?", VLM_YESNO, NULL, 0 },
    { "What colour is it?", VLM_CHOICE, colours, COUNT(colours) },
    { "What colour is it?", VLM_LETTERS, colours, COUNT(colours) },
    { "Is it a cat?", VLM_YESNO, NULL, 0 },
};

/* ---- what is refused ---- */

static void questions_that_cannot_be_asked_are_refused(void **state)
{
    static const char *const one[] = { "black" }, *const control[] = { "black", "</s>" };
    static const char *const empty[] = { "black", "" };
    static const char *many[VLM_LETTERS_MAX + 1];
    static const struct {
        struct vlm_question q;
        const char *parts[3];
    } rows[] = {
        { { "Is <image> a cat?", VLM_YESNO, NULL, 0 },
          { "control token", "<image>", "question \"Is <image> a cat?\"" } },
        { { "Is it?</s>", VLM_YESNO, NULL, 0 }, { "control token", "</s>" } },
        { { "Which?", VLM_CHOICE, control, 2 }, { "control token", "option </s>" } },
        { { "Which?", VLM_LETTERS, control, 2 }, { "control token", "</s>" } },
        { { "Which?", VLM_CHOICE, one, 1 }, { "two options or more" } },
        { { "Which?", VLM_CHOICE, empty, 2 }, { "without any token" } },
        { { "Which?", VLM_LETTERS, many, COUNT(many) },
          { "too many options", "27", "at most 26" } },
    };
    struct vlm *v = open_model("mistral-window", NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = "x";
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vlm_prompts *p;
        struct err e = { 0 };
        int rc = vlm_prompts_new(&p, v, &rows[i].q, 1, &e);

        assert_says_at(rows[i].q.text, rc, &e, ERR_ARG, rows[i].parts, COUNT(rows[i].parts),
                       __FILE__, __LINE__);
        assert_null(p);
    }
    vlm_close(v);
}

static void options_are_checked(void **state)
{
    static const struct {
        struct vlm_options o;
        const char *parts[2];
    } rows[] = {
        { { .dtype = "f8" }, { "no precision", "f8" } },
        { { .prompt = "{image}" }, { "needs {image} and {question}", "{image}" } },
        { { .prompt = "x {question}" }, { "needs {image} and {question}" } },
    };
    char *folder = data_path("vlm", "llama-gqa");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vlm *v;
        struct err e = { 0 };

        assert_says_at(rows[i].parts[0], vlm_open(&v, folder, &rows[i].o, &e), &e, ERR_ARG,
                       rows[i].parts, COUNT(rows[i].parts), __FILE__, __LINE__);
        assert_null(v);
    }
    free(folder);
}

static void own_prompts_show_the_image_once(void **state)
{
    static const struct vlm_options twice = { .prompt = "{image}{image}{question}" };
    struct vlm *v = open_model("llama-gqa", &twice);
    struct vlm_prompts *p;
    struct err e = { 0 };

    (void)state;
    assert_says("twice", vlm_prompts_new(&p, v, questions, 1, &e), &e, ERR_ARG,
                "needs the image once", "2 times");
    vlm_close(v);
}

/* ---- folders changed ---- */

static const char *const folder_files[] = { "config.json",           "processor_config.json",
                                            "model.safetensors",     "tokenizer.json",
                                            "tokenizer_config.json", "chat_template.jinja" };

/* Copies llama-gqa into the test's folder, leaving out one file. */
static const char *copy_model(void **state, const char *without)
{
    char *folder = data_path("vlm", "llama-gqa");

    for (size_t i = 0; i < COUNT(folder_files); i++) {
        struct err e;
        char *path = file_join(folder, folder_files[i], &e), *text;
        size_t len;

        if (!without || strcmp(without, folder_files[i]) != 0) {
            assert_ok(file_read(path, 4 << 20, &text, &len, &e), &e);
            write_file(scratch_path(state, folder_files[i]), text, len);
            free(text);
        }
        free(path);
    }
    free(folder);
    return ((struct scratch *)*state)->folder;
}

static void change_file(void **state, const char *name, const char *from, const char *to)
{
    char *text, *changed;
    size_t len;
    struct err e;

    assert_ok(file_read(scratch_path(state, name), 4 << 20, &text, &len, &e), &e);
    changed = replaced(text, from, to);
    write_file(scratch_path(state, name), changed, strlen(changed));
    free(changed);
    free(text);
}

/* Two texts in one file; the second may be NULL. */
static void put_joined(const char *path, const char *first, const char *second)
{
    struct buf b = BUF_INIT(1 << 20);

    buf_printf(&b, "%s%s", first, second ? second : "");
    write_file(path, b.text, b.len);
    buf_release(&b);
}

static int open_changed(void **state, struct vlm **v, const struct vlm_options *o, struct err *e)
{
    static const struct vlm_options usual = { 0 };

    return vlm_open(v, ((struct scratch *)*state)->folder, o ? o : &usual, e);
}

static void folders_need_their_files(void **state)
{
    static const struct {
        const char *file, *part;
        enum err_code code;
    } rows[] = {
        { "config.json", "config.json", ERR_IO },
        { "model.safetensors", "no weights", ERR_IO },
        { "tokenizer.json", "tokenizer.json", ERR_IO },
        { "processor_config.json", "preprocessor_config.json", ERR_IO },
        { "chat_template.jinja", "no chat template", ERR_FORMAT },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vlm *v;
        struct err e = { 0 };

        copy_model(state, NULL);
        assert_int_equal(remove(scratch_path(state, rows[i].file)), 0);
        assert_says(rows[i].file, open_changed(state, &v, NULL, &e), &e, rows[i].code,
                    rows[i].part);
        assert_null(v);
    }
}

/* A template that is none tells by its error that it was read. From the last place to the first:
 * each is read before those that are there already. */
static void templates_are_read_where_transformers_reads_them(void **state)
{
    static const struct {
        const char *file, *from, *to; /* from NULL: the file is new */
    } places[] = {
        { "tokenizer_config.json", "{", "{\"chat_template\": \"{% no %}\"," },
        { "additional_chat_templates/default.jinja", NULL, "{% no %}" },
        { "chat_template.jinja", NULL, "{% no %}" },
        { NULL, NULL, NULL }, /* additional_chat_templates/ goes: not both */
        { "chat_template.json", NULL,
          "{\"chat_template\": {\"rag\": \"x\", \"default\": \"{% no %}\"}}" },
        { "processor_config.json", "{",
          "{\"chat_template\": [{\"name\": \"default\", \"template\": \"{% no %}\"}]," },
    };

    copy_model(state, "chat_template.jinja");
    assert_int_equal(mkdir(scratch_path(state, "additional_chat_templates"), 0777), 0);
    for (size_t i = 0; i < COUNT(places); i++) {
        struct vlm *v;
        struct err e = { 0 };
        size_t len;
        char *text = NULL, *rest = NULL;

        if (!places[i].file) {
            assert_int_equal(remove(scratch_path(state, "additional_chat_templates/default.jinja")),
                             0);
            continue;
        }
        if (places[i].from) {
            assert_ok(file_read(scratch_path(state, places[i].file), 1 << 20, &text, &len, &e), &e);
            rest = strchr(text, '{') + 1;
        }
        put_joined(scratch_path(state, places[i].file), places[i].to, rest);
        free(text);
        if (open_changed(state, &v, NULL, &e) != ERR_FORMAT || !strstr(e.where, places[i].file))
            fail_row(places[i].file, "is not read: %s: %s", e.where, e.what);
    }
}

static void two_kinds_of_templates_are_refused_as_transformers_does(void **state)
{
    static const struct vlm_options own = { .prompt = "{image} {question}" };
    struct vlm *v;
    struct err e = { 0 };

    copy_model(state, NULL);
    assert_int_equal(mkdir(scratch_path(state, "additional_chat_templates"), 0777), 0);
    put_joined(scratch_path(state, "additional_chat_templates/rag.jinja"), "x", NULL);
    put_joined(scratch_path(state, "chat_template.json"), "{\"chat_template\": \"x\"}", NULL);
    assert_says("both", open_changed(state, &v, NULL, &e), &e, ERR_FORMAT, "chat_template.json",
                "additional_chat_templates/", "remove one");
    assert_ok(open_changed(state, &v, &own, &e), &e);
    vlm_close(v);
    assert_int_equal(remove(scratch_path(state, "additional_chat_templates/rag.jinja")), 0);
    assert_int_equal(rmdir(scratch_path(state, "additional_chat_templates")), 0);
}

/* ---- candidates ---- */

static const struct {
    const char *file, *text;
    enum event_kind said;
} candidates[] = {
    /* each is no such file at all: where it were read, the folder would be refused */
    { "adapter_config.json", "no", EVENT_WARNING },
    { "adapter_model.safetensors", "no", EVENT_DETAIL },
    { "consolidated.safetensors", "no", EVENT_NOTE },
    { "model.safetensors.index.json", "no", EVENT_NOTE },
    { "model-00001-of-00002.safetensors", "no", EVENT_NOTE },
    { "preprocessor_config.json", "no", EVENT_DETAIL },
    { "pytorch_model.bin", "no", EVENT_DETAIL },
    { "generation_config.json", "no", EVENT_DETAIL },
    { "tokenizer.model", "no", EVENT_DETAIL },
    { "chat_template.json", "{\"chat_template\": \"{{ messages[0] }}\"}", EVENT_DETAIL },
};

struct heard {
    size_t times[COUNT(candidates)];
};

static void hear(void *data, enum event_kind kind, const char *text)
{
    struct heard *heard = data;

    for (size_t i = 0; i < COUNT(candidates); i++) {
        size_t len = strlen(candidates[i].file);

        heard->times[i] += kind == candidates[i].said &&
                           strncmp(text, candidates[i].file, len) == 0 && text[len] == ' ';
    }
}

/* chat_template.json goes before chat_template.jinja, which is what is left then. */
static bool is_left(const struct vlm *v, const char *file)
{
    const char *name = strcmp(file, "chat_template.json") == 0 ? "chat_template.jinja" : file;
    size_t n;
    const struct vlm_left *left = vlm_left(v, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(left[i].file, name) == 0)
            return left[i].why[0] != '\0';
    return false;
}

static void what_is_left_is_said(void **state)
{
    struct heard heard = { { 0 } };
    struct events ev = { .say = hear, .data = &heard };
    struct vlm_options options = { .events = &ev };
    struct vlm *v;
    struct vlm_info info;
    struct err e;

    copy_model(state, NULL);
    for (size_t i = 0; i < COUNT(candidates); i++)
        put_joined(scratch_path(state, candidates[i].file), candidates[i].text, NULL);
    assert_ok(open_changed(state, &v, &options, &e), &e);
    info = vlm_info(v);
    assert_string_equal(info.weights_file, "model.safetensors");
    assert_string_equal(info.prep_file, "processor_config.json");
    assert_string_equal(info.template_file, "chat_template.json");
    for (size_t i = 0; i < COUNT(candidates); i++) {
        bool template = strcmp(candidates[i].file, "chat_template.json") == 0;

        if (!is_left(v, candidates[i].file) || (!template && heard.times[i] != 1))
            fail_row(candidates[i].file, "is not said to be left: %zu times", heard.times[i]);
    }
    vlm_close(v);
    for (size_t i = 0; i < COUNT(candidates); i++)
        assert_int_equal(remove(scratch_path(state, candidates[i].file)), 0);
}

/* "transformers_weights" of config.json, which transformers reads before the usual names. */
static void weights_may_be_named(void **state)
{
    static const char *const names[] = { "../model.safetensors", "model.bin", ".safetensors" };
    struct vlm *v;
    struct err e = { 0 };
    char set[128], before[128] = "\"model_type\": \"llava_next\"";

    copy_model(state, NULL);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(set, sizeof(set),
                 "\"transformers_weights\": \"%s\", \"model_type\": \"llava_next\"", names[i]);
        change_file(state, "config.json", before, set);
        assert_says(names[i], open_changed(state, &v, NULL, &e), &e, ERR_FORMAT,
                    "transformers_weights");
        snprintf(before, sizeof(before), "%s", set);
    }
    change_file(state, "config.json", before,
                "\"transformers_weights\": \"tuned.safetensors\", \"model_type\": \"llava_next\"");
    assert_int_equal(
        rename(scratch_path(state, "model.safetensors"), scratch_path(state, "tuned.safetensors")),
        0);
    put_joined(scratch_path(state, "model.safetensors"), "no", NULL);
    assert_ok(open_changed(state, &v, NULL, &e), &e);
    assert_string_equal(vlm_info(v).weights_file, "tuned.safetensors");
    assert_true(is_left(v, "model.safetensors"));
    vlm_close(v);
    assert_int_equal(remove(scratch_path(state, "tuned.safetensors")), 0);
}

static void pointers_of_git_lfs_are_named(void **state)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n"
                                  "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2"
                                  "ca24d17e2393\nsize 12345\n";

    for (size_t i = 0; i < COUNT(folder_files); i++) {
        struct vlm *v;
        struct err e = { 0 };

        copy_model(state, NULL);
        write_file(scratch_path(state, folder_files[i]), pointer, sizeof(pointer) - 1);
        assert_says(folder_files[i], open_changed(state, &v, NULL, &e), &e, ERR_FORMAT,
                    "Git LFS pointer", folder_files[i], "git lfs pull");
        assert_null(v);
    }
}

static void an_own_prompt_needs_no_template(void **state)
{
    static const struct vlm_options own = { .prompt = "{image} {question}" };
    struct vlm *v;
    struct err e;

    copy_model(state, "chat_template.jinja");
    assert_ok(open_changed(state, &v, &own, &e), &e);
    vlm_close(v);
}

static void an_image_token_must_be_a_token(void **state)
{
    struct vlm *v;
    struct err e = { 0 };

    copy_model(state, NULL);
    change_file(state, "config.json", "\"image_token_index\": 334", "\"image_token_index\": 383");
    assert_says("383", open_changed(state, &v, NULL, &e), &e, ERR_FORMAT,
                "image token of config.json is not in tokenizer.json", "383");
}

static void long_prompts_are_refused(void **state)
{
    struct vlm *v;
    struct vlm_prompts *p;
    struct vlm_answers a;
    struct vlm_how how = { .logits = false };
    struct image image = make_picture(37, 23);
    struct err e = { 0 };

    copy_model(state, NULL);
    change_file(state, "config.json", "\"max_position_embeddings\": 4096",
                "\"max_position_embeddings\": 44");
    assert_ok(open_changed(state, &v, NULL, &e), &e);
    p = make_prompts(v, questions, 1);
    assert_says("44", vlm_ask(v, p, &image, &how, &a, &e), &e, ERR_LIMIT,
                "longer than the model was trained for", "at most 44");
    assert_contains(e.hint, "tiles makes the picture fewer tokens");
    assert_null(a.items);
    vlm_prompts_free(p);
    vlm_close(v);
    change_file(state, "config.json", "\"max_position_embeddings\": 44",
                "\"max_position_embeddings\": 20");
    assert_ok(open_changed(state, &v, NULL, &e), &e);
    assert_says("20", vlm_prompts_new(&p, v, questions, 1, &e), &e, ERR_ARG,
                "too long for the model", "at most 20");
    vlm_close(v);
    free(image.rgb);
}

/* The bytes of a tensor's first number in the file become a NaN's. */
static void break_tensor(void **state, const char *name)
{
    struct vlm *v;
    struct err e;
    char *text;
    size_t len, at = 0;

    assert_ok(open_changed(state, &v, NULL, &e), &e);
    assert_ok(file_read(scratch_path(state, "model.safetensors"), 4 << 20, &text, &len, &e), &e);
    {
        const struct weight *t = weights_find(v->model->weights, name);

        assert_non_null(t);
        for (size_t i = 8; at == 0 && i + 4 <= len; i++)
            if (memcmp(text + i, t->data, t->n * 4) == 0)
                at = i;
    }
    vlm_close(v);
    assert_true(at > 0);
    memcpy(text + at, (const float[]){ NAN }, sizeof(float));
    write_file(scratch_path(state, "model.safetensors"), text, len);
    free(text);
}

static void weights_that_are_no_numbers_are_named(void **state)
{
    static const char name[] = "language_model.layers.1.mlp.down_proj.weight";

    copy_model(state, NULL);
    break_tensor(state, name);
    for (int reference = 0; reference < 2; reference++) {
        struct vlm_options options = { .reference = reference == 1 };
        struct vlm_how how = { .logits = false };
        struct image image = make_picture(37, 23);
        struct vlm *v;
        struct vlm_prompts *p;
        struct vlm_answers a;
        struct err e = { 0 };

        assert_ok(open_changed(state, &v, &options, &e), &e);
        assert_says("check", vlm_check_weights(v, &e), &e, ERR_FORMAT, "NaN or infinite", name,
                    "model.safetensors");
        p = make_prompts(v, questions, COUNT(questions));
        assert_says("ask", vlm_ask(v, p, &image, &how, &a, &e), &e, ERR_FORMAT, "not a number",
                    name, "download complete");
        vlm_prompts_free(p);
        vlm_close(v);
        free(image.rgb);
    }
}

/* ---- what it says of itself ---- */

static void the_model_is_described(void **state)
{
    struct vlm *v = open_model("llama-f16-shards", NULL);
    struct vlm_info info = vlm_info(v);
    uint64_t parameters = 0;
    size_t files = 0;
    char *file;
    struct err e;

    (void)state;
    assert_string_equal(info.family, "llama");
    assert_string_equal(info.dtype, "f32");
    assert_string_equal(info.stored, "f16");
    assert_string_equal(info.ops, "dnnl");
    assert_int_equal(info.text_layers, 3);
    assert_int_equal(info.text_kv_heads, 4);
    assert_int_equal(info.tile, 28);
    assert_true(info.files > 3);
    for (size_t i = 0; i < info.tensors; i++) {
        struct vlm_tensor t = vlm_tensor(v, i);
        uint64_t n = 1;

        for (uint32_t d = 0; d < t.rank; d++)
            n *= t.shape[d];
        parameters += n;
        assert_true(t.name && t.file);
        assert_string_equal(t.dtype, "f16");
    }
    assert_true(parameters == info.parameters && parameters * 2 == info.weight_bytes);
    for (; (file = vlm_file(v, files, &e)); files++) {
        assert_true(file_exists(file));
        assert_true((strstr(file, ".safetensors") != NULL) == (files < info.files));
        free(file);
    }
    assert_true(files > info.files + 3);
    vlm_close(v);
}

static void the_estimate_counts_the_trees_tokens(void **state)
{
    struct vlm *v = open_model("llama-gqa", NULL);
    struct vlm_prompts *p = make_prompts(v, questions, COUNT(questions));
    struct vlm_how how = { .trace = ((struct scratch *)*state)->folder };
    struct image image = make_picture(37, 23);
    struct vlm_answers a;
    struct vlm_cost cost;
    struct array ids;
    size_t alone = 0;
    struct err e;

    assert_ok(vlm_estimate(&cost, v, p, &(struct vlm_size){ 37, 23 }, &e), &e);
    assert_ok(vlm_ask(v, p, &image, &how, &a, &e), &e);
    ids = load_array(scratch_path(state, "input_ids.npy"));
    assert_int_equal(cost.tokens, ids.n);
    for (size_t i = 0; i < p->n_paths; i++)
        alone += p->paths[i].n - 1 + cost.image_tokens;
    assert_int_equal(cost.tokens_one_by_one, alone);
    assert_int_equal(cost.tiles, 3);
    assert_true(cost.flop > 0 && cost.flop_one_by_one > 2 * cost.flop);
    free(ids.data);
    free(image.rgb);
    vlm_answers_release(&a);
    vlm_prompts_free(p);
    vlm_close(v);
}

static bool is_enough(void *data)
{
    size_t *left = data;

    return (*left)-- == 0;
}

/* A pass can be ended before any of its matrix products; the next one is as ever. */
static void a_pass_is_ended(void **state)
{
    enum { EVERY = 1000 };
    static const struct vlm_options plain = { .dtype = "f32", .reference = true };

    (void)state;
    for (int reference = 0; reference < 2; reference++) {
        struct vlm *v = open_model("llama-gqa", reference ? &plain : NULL);
        struct vlm_prompts *p = make_prompts(v, questions, COUNT(questions));
        struct vlm_answers want = ask(v, p, false), again;
        struct image image = make_picture(37, 23);
        size_t steps = 0;

        for (size_t left = steps; steps < EVERY; left = ++steps) {
            const struct events ev = { .cancelled = is_enough, .data = &left };
            const struct vlm_how how = { .events = &ev };
            struct err e;
            int rc = vlm_ask(v, p, &image, &how, &again, &e);

            if (rc == 0)
                break;
            assert_int_equal(rc, ERR_INTERRUPTED);
            assert_null(again.items);
        }
        assert_in_range(steps, 20, EVERY - 1);
        for (size_t i = 0; i < want.n; i++)
            assert_memory_equal(again.items[i].logprob, want.items[i].logprob,
                                want.items[i].n_options * sizeof(double));
        free(image.rgb);
        vlm_answers_release(&want);
        vlm_answers_release(&again);
        vlm_prompts_free(p);
        vlm_close(v);
    }
}

static void memory_does_not_grow(void **state)
{
    /* the allocator keeps a few freed pieces of each size, counted as taken */
    enum { IMAGES = 200, WARM = 40, KEPT = 64 << 10 };
    struct vlm *v = open_model("llama-gqa", NULL);
    struct vlm_prompts *p = make_prompts(v, questions, COUNT(questions));
    size_t warm = 0, after;

    (void)state;
    for (size_t i = 0; i < IMAGES; i++) {
        struct vlm_how how = { .logits = true };
        struct image image = make_picture(1 + (uint32_t)(i % 7) * 20, 60 - (uint32_t)(i % 5) * 10);
        struct vlm_answers a;
        struct err e;

        assert_ok(vlm_ask(v, p, &image, &how, &a, &e), &e);
        vlm_answers_release(&a);
        free(image.rgb);
        if (i == WARM)
            warm = mallinfo2().uordblks + mallinfo2().hblkhd;
    }
    after = mallinfo2().uordblks + mallinfo2().hblkhd;
    if (after > warm + KEPT)
        fail_row("memory", "%zu bytes after %d images, %zu after %d", warm, WARM, after, IMAGES);
    vlm_prompts_free(p);
    vlm_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_that_cannot_be_asked_are_refused),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(own_prompts_show_the_image_once),
        test_with_scratch(folders_need_their_files),
        test_with_scratch(templates_are_read_where_transformers_reads_them),
        test_with_scratch(two_kinds_of_templates_are_refused_as_transformers_does),
        test_with_scratch(what_is_left_is_said),
        test_with_scratch(weights_may_be_named),
        test_with_scratch(pointers_of_git_lfs_are_named),
        test_with_scratch(an_own_prompt_needs_no_template),
        test_with_scratch(an_image_token_must_be_a_token),
        test_with_scratch(long_prompts_are_refused),
        test_with_scratch(weights_that_are_no_numbers_are_named),
        cmocka_unit_test(the_model_is_described),
        test_with_scratch(the_estimate_counts_the_trees_tokens),
        cmocka_unit_test(a_pass_is_ended),
        cmocka_unit_test(memory_does_not_grow),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("vlm folder", tests, NULL, NULL);
}
