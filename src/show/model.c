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
    { "architecture", MODEL(TEXT, architecture) },
    { "dtype", MODEL(TEXT, dtype) },
    { "stored", MODEL(TEXT, stored) },
    { "parameters", MODEL(COUNT, parameters) },
    { "weight_bytes", MODEL(SIZE, weight_bytes) },
    { "files", MODEL(SIZE, files) },
    { "questions", MODEL(SIZE, questions) },
    { "flop_per_second", MODEL(NUMBER, speed) },
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

#define VIEW(type, member) .kind = FIGURE_##type, .at = offsetof(struct model_view, member)

/* Of an image that cannot be asked about there is only why. */
static const struct figure view_figures[] = {
    { "width", VIEW(UINT32, size.width) },
    { "height", VIEW(UINT32, size.height) },
    { "why", VIEW(TEXT, why), .flags = FIGURE_OPTIONAL },
    { 0 },
};

static const struct figure seen_figures[] = {
    { "resized_width", VIEW(UINT32, cost.width) },
    { "resized_height", VIEW(UINT32, cost.height) },
    { "tiles", "tiles", VIEW(SIZE, cost.tiles), .rank = 3 },
    { "image_tokens", "image tokens", VIEW(SIZE, cost.image_tokens) },
    { "tokens", "tokens", VIEW(SIZE, cost.tokens), .rank = 4 },
    { "vision_flop", VIEW(NUMBER, cost.vision_flop) },
    { "flop", VIEW(NUMBER, cost.flop) },
    { "flop_one_by_one", VIEW(NUMBER, cost.flop_one_by_one) },
    { "seconds", VIEW(NUMBER, seconds) },
    { "together", VIEW(SIZE, cost.together) },
    { "activation_bytes", VIEW(SIZE, cost.activation_bytes) },
    { 0 },
};

/* The same for people. */
struct view_texts {
    char image[32], resized[32], vision[32], flop[32], times[32], seconds[32], memory[32];
    const char *texts[7];
};

#define VIEW_TEXT(i) \
    .kind = FIGURE_TEXT, .at = offsetof(struct view_texts, texts[(i)]), .flags = FIGURE_HIDDEN

static const struct figure text_of_view[] = {
    { "image_text", "an image", VIEW_TEXT(0) },
    { "resized_text", "resized to", VIEW_TEXT(1), .rank = 2 },
    { "vision_text", "tower", VIEW_TEXT(2), .rank = 5 },
    { "flop_text", "in one pass", VIEW_TEXT(3), .rank = 1 },
    { "times_text", "one by one", VIEW_TEXT(4), .rank = 6 },
    { "seconds_text", "seconds", VIEW_TEXT(5) },
    { "memory_text", "memory", VIEW_TEXT(6) },
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

/* Of which figures a user may choose, and what they are. */
static void say_choice(struct page *p, const struct model_info_result *r)
{
    const struct vlm_pictures *is = &r->pictures;
    char n[2][32];

    if (is->max_pixels > 0)
        page_line(p, "pictures", "of %s to %s pixels: min_pixels and max_pixels change that",
                  text_grouped(is->min_pixels, n[0]), text_grouped(is->max_pixels, n[1]));
    else if (is->tiles > 1)
        page_line(p, "pictures",
                  "in at most %u tiles, the whole picture being one: tiles makes it "
                  "fewer",
                  is->tiles);
    else if (is->tiles == 1)
        page_line(p, "pictures", "whole, not cut into tiles");
    else
        page_line(p, "pictures", "as the folder says: there is nothing to choose");
}

static void say_tower(struct page *p, const struct model_info_result *r)
{
    char tile[32] = "pictures in their own shape";

    if (r->tile > 0)
        snprintf(tile, sizeof(tile), "tiles of %u pixels", r->tile);
    page_line(p, "vision", "%u layers of %u, %u heads, %s in patches of %u", r->vision_layers,
              r->vision_hidden, r->vision_heads, tile, r->patch);
}

static void say_model(struct page *p, const struct model_info_result *r)
{
    char n[2][32];

    page_paragraph(p, "%s: %s", r->model, r->architecture);
    page_line(p, "text",
              "%s, %u layers of %u, %u heads (%u of keys), vocabulary %u, up to %u tokens",
              r->family, r->text_layers, r->text_hidden, r->text_heads, r->text_kv_heads,
              r->vocabulary, r->max_tokens);
    if (r->sliding_window > 0)
        page_line(p, "", "sees %u tokens back", r->sliding_window);
    say_tower(p, r);
    page_line(p, "weights",
              "%s parameters in %zu tensors, %s bytes of %s in %zu file%s, all numbers",
              text_grouped(r->parameters, n[0]), r->n_tensors, text_grouped(r->weight_bytes, n[1]),
              r->stored, r->files, r->files == 1 ? "" : "s");
    say_files(p, r);
    say_choice(p, r);
    page_line(p, "memory", "the weights, mapped, and what an image takes; computed in %s",
              r->dtype);
    page_line(p, "speed", "%s a second, by a matrix product of this model here",
              text_scaled(r->speed, "FLOP", n[0]));
}

/* ---- what it makes of images ---- */

/* Of an image that cannot be asked about there is only its size. */
static void fill_texts(struct view_texts *t, const struct model_view *v)
{
    const struct vlm_cost *c = &v->cost;
    char *const texts[] = { t->image, t->resized, t->vision, t->flop,
                            t->times, t->seconds, t->memory };

    *t = (struct view_texts){ .texts = { t->image } };
    snprintf(t->image, sizeof(t->image), "%u x %u", v->size.width, v->size.height);
    if (v->why)
        return;
    snprintf(t->resized, sizeof(t->resized), "%u x %u", c->width, c->height);
    text_scaled(c->vision_flop, "FLOP", t->vision);
    text_scaled(c->flop, "FLOP", t->flop);
    snprintf(t->times, sizeof(t->times), "%.1f times", c->flop_one_by_one / c->flop);
    snprintf(t->seconds, sizeof(t->seconds), v->seconds < 10 ? "%.2g" : "%.0f", v->seconds);
    text_scaled((double)c->activation_bytes, "B", t->memory);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        t->texts[i] = texts[i];
}

static void add_views(struct page *p, const struct model_info_result *r)
{
    static const struct shown shown[] = {
        { "image_text", 2 },   { "resized_text", 2 }, { "tiles", 1 },     { "image_tokens", 1 },
        { "tokens", 1 },       { "vision_text", 2 },  { "flop_text", 2 }, { "times_text", 2 },
        { "seconds_text", 2 }, { "memory_text", 2 },
    };
    struct table *t;

    page_heading(p, "An image with %zu question%s", r->questions, r->questions == 1 ? "" : "s");
    t = page_table(p, &(struct layout){ .parts = { view_figures, seen_figures, text_of_view },
                                        .shown = shown,
                                        .n_shown = sizeof(shown) / sizeof(shown[0]) });
    table_list(t, "images");
    for (size_t i = 0; i < r->n_views; i++) {
        const struct model_view *v = &r->views[i];
        struct view_texts texts;

        fill_texts(&texts, v);
        table_row(t, "images[]", (const void *[]){ v, v->why ? NULL : v, &texts, NULL });
    }
    for (size_t i = 0; i < r->n_views; i++)
        if (r->views[i].why)
            page_note(p, "%u x %u: %s", r->views[i].size.width, r->views[i].size.height,
                      r->views[i].why);
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

/* What cannot be chosen is null. */
static struct json_t *choice_json(const struct vlm_pictures *is)
{
    struct json_t *all = jv_pack("{s:n, s:n, s:n}", "min_pixels", "max_pixels", "tiles");

    if (is->max_pixels > 0) {
        jv_set(all, "min_pixels", jv_pack("I", (long long)is->min_pixels));
        jv_set(all, "max_pixels", jv_pack("I", (long long)is->max_pixels));
    }
    if (is->tiles > 0)
        jv_set(all, "tiles", jv_pack("i", (int)is->tiles));
    return all;
}

struct page *show_model(const struct model_info_result *r, bool tensors)
{
    static const struct shown shown[] = {
        { "name", 0 }, { "shape_text", 1 }, { "dtype", 0 }, { "file", 0 }
    };
    struct page *p = page_new();
    struct table *t;

    say_model(p, r);
    add_views(p, r);
    page_figures(p, model_figures, r);
    set_object(p, "text", text_figures, r);
    set_object(p, "vision", vision_figures, r);
    page_set(p, "pictures", choice_json(&r->pictures));
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
