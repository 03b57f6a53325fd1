/* SPDX-License-Identifier: MIT
 *
 * model.c - what a model answers, and what its folder holds.
 */
#include <string.h>

#include "show/show.h"
#include "task/task.h"

/* ---- ask ---- */

/* Yes before no, as everybody says it. */
static struct json_t *options_json(const struct ask_answer *a)
{
    struct json_t *list = jv_array();
    bool reverse = strcmp(a->kind, "yesno") == 0;

    for (size_t i = 0; i < a->n_options; i++) {
        size_t o = reverse ? a->n_options - 1 - i : i;

        jv_append(list,
                  jv_pack("{s:s, s:o}", "text", a->options[o], "logprob", jv_real(a->logprob[o])));
    }
    return list;
}

/* What the model would rather have said; NULL: it gave an answer. */
static struct json_t *top_json(const struct ask_answer *a)
{
    struct json_t *list = task_is_reason(a->answer) ? jv_array() : NULL;

    for (size_t i = 0; list && i < ASK_TOP; i++)
        jv_append(list, jv_pack("{s:s, s:o}", "text", a->top[i].text, "probability",
                                jv_real(a->top[i].probability)));
    return list;
}

static const struct figure answer_figures[] = {
    { "question", "question", NULL, FIGURE_TEXT, offsetof(struct ask_answer, question) },
    { "kind", NULL, NULL, FIGURE_TEXT, offsetof(struct ask_answer, kind) },
    { "answer", "answer", NULL, FIGURE_TEXT, offsetof(struct ask_answer, answer) },
    { "score", "score", NULL, FIGURE_NUMBER, offsetof(struct ask_answer, score), .decimals = 4 },
    { "mass", "mass", NULL, FIGURE_NUMBER, offsetof(struct ask_answer, mass), .decimals = 4,
      .rank = 1 },
    { 0 },
};

struct answer_lists {
    struct json_t *options, *top;
};

static const struct figure list_figures[] = {
    { "options", NULL, NULL, FIGURE_JSON, offsetof(struct answer_lists, options) },
    { "top", NULL, NULL, FIGURE_JSON, offsetof(struct answer_lists, top),
      .flags = FIGURE_OPTIONAL },
    { 0 },
};

static void say_top(struct page *p, const struct ask_answer *a)
{
    struct buf top = BUF_INIT(1 << 14);

    for (size_t i = 0; i < ASK_TOP && a->top[i].text; i++)
        buf_printf(&top, " \"%s\" %.3f", a->top[i].text, a->top[i].probability);
    page_note(p, "  \"%s\": only %.4f of the probability is on valid answers; likeliest:%s",
              a->question, a->mass, top.text ? top.text : "");
    buf_release(&top);
}

static void add_answers(struct page *p, const struct ask_image *image, size_t n)
{
    bool yesno = strcmp(image->answers[0].kind, "yesno") == 0;
    const struct shown shown[] = { { "question", 0 },
                                   { "answer", 0 },
                                   { "score", 0, yesno ? "P(yes)" : "score" },
                                   { "mass", 0 } };
    struct table *t = page_table(p, &(struct layout){ .parts = { answer_figures, list_figures },
                                                      .shown = shown,
                                                      .n_shown = 4 });

    for (size_t q = 0; q < n; q++) {
        struct answer_lists lists = { options_json(&image->answers[q]),
                                      top_json(&image->answers[q]) };

        table_row(t, "answers[]", (const void *[]){ &image->answers[q], &lists, NULL, NULL });
    }
    for (size_t q = 0; q < n; q++)
        if (task_is_reason(image->answers[q].answer))
            say_top(p, &image->answers[q]);
}

struct page *show_ask(const struct ask_result *r)
{
    struct page *p = page_new();

    page_text(p, "model", r->model);
    page_text(p, "dtype", r->dtype);
    for (size_t i = 0; i < r->n_images; i++) {
        const struct ask_image *image = &r->images[i];

        page_open(p, "results", PAGE_ELEMENT, false);
        page_text(p, "image", image->path);
        page_set(p, "answers", jv_array());
        if (image->error) { /* said already */
            page_text(p, "error", image->error);
        } else {
            page_heading(p, "%s", image->path);
            add_answers(p, image, r->n_questions);
        }
        page_close(p);
    }
    return p;
}

/* ---- model info ---- */

#define MODEL(type, member) .kind = FIGURE_##type, .at = offsetof(struct model_info_result, member)
#define UINT32(member)      .kind = FIGURE_UINT32, .at = offsetof(struct model_info_result, member)

static const struct figure model_figures[] = {
    { "model", MODEL(TEXT, model) },
    { "dtype", MODEL(TEXT, dtype) },
    { "stored", MODEL(TEXT, stored) },
    { "parameters", MODEL(COUNT, parameters) },
    { "weight_bytes", MODEL(SIZE, weight_bytes) },
    { "activation_bytes", MODEL(SIZE, activation_bytes) },
    { "files", MODEL(SIZE, files) },
    { 0 },
};

static const struct figure text_figures[] = {
    { "family", MODEL(TEXT, family) },
    { "layers", UINT32(text_layers) },
    { "hidden", UINT32(text_hidden) },
    { "heads", UINT32(text_heads) },
    { "kv_heads", UINT32(text_kv_heads) },
    { "vocabulary", UINT32(vocabulary) },
    { "max_tokens", UINT32(max_tokens) },
    { "sliding_window", UINT32(sliding_window) },
    { 0 },
};

static const struct figure vision_figures[] = {
    { "layers", UINT32(vision_layers) }, { "hidden", UINT32(vision_hidden) },
    { "heads", UINT32(vision_heads) },   { "tile", UINT32(tile) },
    { "patch", UINT32(patch) },          { 0 },
};

static const struct figure image_figures[] = {
    { "width", UINT32(width) },
    { "height", UINT32(height) },
    { "questions", MODEL(SIZE, questions) },
    { "tiles", MODEL(SIZE, tiles) },
    { "image_tokens", MODEL(SIZE, image_tokens) },
    { "tokens", MODEL(SIZE, tokens) },
    { "flop", MODEL(NUMBER, flop) },
    { "flop_one_by_one", MODEL(NUMBER, flop_one_by_one) },
    { 0 },
};

static const struct figure read_figures[] = {
    { "weights", MODEL(TEXT, weights_file) },
    { "preparation", MODEL(TEXT, prep_file) },
    { "chat_template", MODEL(TEXT, template_file), .flags = FIGURE_OPTIONAL },
    { 0 },
};

static struct json_t *left_json(const struct model_info_result *r)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < r->n_left; i++)
        jv_append(list, jv_pack("{s:s, s:s}", "file", r->left[i].file, "why", r->left[i].why));
    return list;
}

/* Which of a folder's candidates were read, and what was left. */
static void say_files(struct page *p, const struct model_info_result *r)
{
    page_line(p, "read", "weights of %s", r->weights_file);
    page_line(p, "", "preparation of %s", r->prep_file);
    if (r->template_file)
        page_line(p, "", "chat template of %s", r->template_file);
    for (size_t i = 0; i < r->n_left; i++)
        page_line(p, i == 0 ? "left" : "", "%s (%s)", r->left[i].file, r->left[i].why);
}

static void say_model(struct page *p, const struct model_info_result *r)
{
    char n[5][32];

    page_paragraph(p, "%s: LlavaNextForConditionalGeneration", r->model);
    page_line(p, "text",
              "%s, %u layers of %u, %u heads (%u of keys), vocabulary %u, up to %u tokens",
              r->family, r->text_layers, r->text_hidden, r->text_heads, r->text_kv_heads,
              r->vocabulary, r->max_tokens);
    if (r->sliding_window > 0)
        page_line(p, "", "sees %u tokens back", r->sliding_window);
    page_line(p, "vision", "%u layers of %u, %u heads, tiles of %u pixels in patches of %u",
              r->vision_layers, r->vision_hidden, r->vision_heads, r->tile, r->patch);
    page_line(p, "weights",
              "%s parameters in %zu tensors, %s bytes of %s in %zu file%s, all numbers",
              text_grouped(r->parameters, n[0]), r->n_tensors, text_grouped(r->weight_bytes, n[1]),
              r->stored, r->files, r->files == 1 ? "" : "s");
    say_files(p, r);
    page_line(p, "an image", "%u x %u pixels: %zu tiles, %zu tokens; with %zu questions %zu",
              r->width, r->height, r->tiles, r->image_tokens, r->questions, r->tokens);
    page_line(p, "memory", "the weights, mapped, and %s bytes; computed in %s",
              text_grouped(r->activation_bytes, n[2]), r->dtype);
    page_line(p, "work", "%s per image in one pass; %s one question at a time (%.1f times)",
              text_scaled(r->flop, "FLOP", n[3]), text_scaled(r->flop_one_by_one, "FLOP", n[4]),
              r->flop_one_by_one / r->flop);
}

/* ---- its tensors ---- */

struct tensor_row {
    const char *shape; /* for people */
    struct json_t *sizes;
};

static const struct figure tensor_figures[] = {
    { "name", "tensor", NULL, FIGURE_TEXT, offsetof(struct model_tensor, name) },
    { "dtype", "as", NULL, FIGURE_TEXT, offsetof(struct model_tensor, dtype) },
    { "file", "file", NULL, FIGURE_TEXT, offsetof(struct model_tensor, file), .rank = 1 },
    { 0 },
};

static const struct figure shape_figures[] = {
    { "shape_text", "shape", NULL, FIGURE_TEXT, offsetof(struct tensor_row, shape),
      .flags = FIGURE_HIDDEN },
    { "shape", NULL, NULL, FIGURE_JSON, offsetof(struct tensor_row, sizes) },
    { 0 },
};

static void add_tensor(struct table *t, const struct model_tensor *tensor)
{
    struct tensor_row row = { .sizes = jv_array() };
    struct buf shape = BUF_INIT(256);

    for (uint32_t d = 0; d < tensor->rank; d++) {
        buf_printf(&shape, "%s%llu", d ? " x " : "", (unsigned long long)tensor->shape[d]);
        jv_append(row.sizes, jv_pack("I", (long long)tensor->shape[d]));
    }
    row.shape = shape.text ? shape.text : "";
    table_row(t, "tensors[]", (const void *[]){ tensor, &row, NULL, NULL });
    buf_release(&shape);
}

static void set_object(struct page *p, const char *key, const struct figure *list,
                       const struct model_info_result *r)
{
    page_open(p, key, PAGE_OBJECT, true);
    page_figures(p, list, r);
    page_close(p);
}

struct page *show_model(const struct model_info_result *r, bool tensors)
{
    static const struct shown shown[] = {
        { "name", 0 }, { "shape_text", 1 }, { "dtype", 0 }, { "file", 0 }
    };
    struct page *p = page_new();
    struct table *t;

    say_model(p, r);
    page_figures(p, model_figures, r);
    set_object(p, "text", text_figures, r);
    set_object(p, "vision", vision_figures, r);
    set_object(p, "image", image_figures, r);
    set_object(p, "read", read_figures, r);
    page_set(p, "left", left_json(r));
    t = page_table(p, &(struct layout){ .parts = { tensor_figures, shape_figures },
                                        .shown = shown,
                                        .n_shown = 4,
                                        .hidden = !tensors });
    table_list(t, "tensors");
    for (size_t i = 0; i < r->n_tensors; i++)
        add_tensor(t, &r->tensors[i]);
    return p;
}
