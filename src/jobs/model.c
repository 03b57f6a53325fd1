/* SPDX-License-Identifier: MIT */
#include "jobs/model.h"

#include <stdlib.h>
#include <string.h>

/* Questions of one shape, told apart by a number in front of the text that all share. */
static int make_prompts(struct vlm_prompts **out, const struct vlm *v, size_t n, struct err *e)
{
    char(*texts)[80] = mem_new(n, sizeof(*texts), e);
    struct vlm_question *questions = mem_new(n, sizeof(*questions), e);
    int rc = texts && questions ? 0 : ERR_NOMEM;

    *out = NULL;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        snprintf(texts[i], sizeof(texts[i]),
                 "%zu: does this person wear a hat? Answer with only yes or no.", i + 1);
        questions[i] = (struct vlm_question){ texts[i], VLM_YESNO, NULL, 0 };
    }
    if (rc == 0)
        rc = vlm_prompts_new(out, v, questions, n, e);
    free(questions);
    free(texts);
    return rc;
}

/* A picture that the model cannot be given is no reason to say nothing of others. */
static int view(struct model_view *out, const struct vlm *v, const struct vlm_prompts *p,
                struct model_info_result *r, struct err *e)
{
    const struct vlm_size size = { .width = out->size.width, .height = out->size.height };
    int rc = vlm_estimate(&out->cost, v, p, &size, e);

    if (rc == 0 && out->cost.longest > r->max_tokens) {
        out->why = "more tokens than the model was trained for";
        return 0;
    } else if (rc == ERR_LIMIT) {
        out->why = arena_text(&r->arena, e->what, strlen(e->what), e);
        return out->why ? 0 : ERR_NOMEM;
    }
    out->seconds = out->cost.flop / r->speed;
    return rc;
}

static int look(struct vlm *v, const struct model_info_options *o, struct model_info_result *out,
                struct err *e)
{
    struct vlm_prompts *p = NULL;
    int rc = make_prompts(&p, v, o->questions, e);

    out->views = arena_new(&out->arena, o->n_sizes, sizeof(*out->views), e);
    if (rc == 0)
        rc = out->views ? vlm_speed(v, &out->speed, e) : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < o->n_sizes; i++) {
        out->views[i].size = o->sizes[i];
        rc = view(&out->views[i], v, p, out, e);
        out->n_views = i + 1;
    }
    vlm_prompts_free(p);
    return rc;
}

static int copy_tensors(const struct vlm *v, struct model_info_result *out, struct err *e)
{
    out->tensors = arena_new(&out->arena, out->n_tensors, sizeof(*out->tensors), e);
    if (!out->tensors)
        return ERR_NOMEM;
    for (size_t i = 0; i < out->n_tensors; i++) {
        struct vlm_tensor t = vlm_tensor(v, i);
        struct model_tensor *to = &out->tensors[i];

        to->name = arena_text(&out->arena, t.name, strlen(t.name), e);
        to->file = arena_text(&out->arena, t.file, strlen(t.file), e);
        to->shape = arena_new(&out->arena, t.rank, sizeof(*to->shape), e);
        if (!to->name || !to->file || !to->shape)
            return ERR_NOMEM;
        memcpy(to->shape, t.shape, t.rank * sizeof(*to->shape));
        to->dtype = t.dtype;
        to->rank = t.rank;
    }
    return 0;
}

static int copy_left(const struct vlm *v, struct model_info_result *out, struct err *e)
{
    const struct vlm_left *left = vlm_left(v, &out->n_left);

    out->left = arena_new(&out->arena, out->n_left, sizeof(*out->left), e);
    for (size_t i = 0; out->left && i < out->n_left; i++) {
        out->left[i].file = arena_text(&out->arena, left[i].file, strlen(left[i].file), e);
        out->left[i].why = left[i].why;
        if (!out->left[i].file)
            return ERR_NOMEM;
    }
    return out->left ? 0 : ERR_NOMEM;
}

static int describe(struct vlm *v, const struct model_info_options *o,
                    struct model_info_result *out, struct err *e)
{
    struct vlm_info i = vlm_info(v);
    int rc;

    out->architecture = i.architecture;
    out->family = i.family;
    out->dtype = i.dtype;
    out->stored = i.stored;
    out->text_layers = i.text_layers;
    out->text_hidden = i.text_hidden;
    out->text_heads = i.text_heads;
    out->text_kv_heads = i.text_kv_heads;
    out->vocabulary = i.vocabulary;
    out->max_tokens = i.max_tokens;
    out->sliding_window = i.sliding_window;
    out->vision_layers = i.vision_layers;
    out->vision_hidden = i.vision_hidden;
    out->vision_heads = i.vision_heads;
    out->tile = i.tile;
    out->patch = i.patch;
    out->pictures = i.pictures;
    out->parameters = i.parameters;
    out->weight_bytes = i.weight_bytes;
    out->files = i.files;
    out->n_tensors = i.tensors;
    out->prep_file = i.prep_file;
    out->template_file = i.template_file;
    out->weights_file = arena_text(&out->arena, i.weights_file, strlen(i.weights_file), e);
    rc = out->weights_file ? copy_tensors(v, out, e) : ERR_NOMEM;
    if (rc == 0)
        rc = copy_left(v, out, e);
    if (rc == 0)
        rc = vlm_check_weights(v, e);
    return rc < 0 ? rc : look(v, o, out, e);
}

int job_model_info(const struct model_info_options *o, struct model_info_result *out, struct err *e)
{
    struct vlm_options options = { .prompt = o->prompt,
                                   .pictures = o->pictures,
                                   .events = o->events };
    struct vlm *v;
    int rc = vlm_open(&v, o->dir, &options, e);

    *out = (struct model_info_result){ .model = o->dir, .questions = o->questions };
    if (rc < 0)
        return rc;
    rc = describe(v, o, out, e);
    vlm_close(v);
    if (rc < 0)
        model_info_release(out);
    return rc;
}

void model_info_release(struct model_info_result *r)
{
    arena_release(&r->arena);
    *r = (struct model_info_result){ 0 };
}

/* ---- tokens ---- */

static int print_ids(const uint32_t *ids, size_t n, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%u", i ? ", " : "", ids[i]);
    fputs("]\n", out);
    return 0;
}

static int tokenize_line(const struct tokenizer *t, const char *line, size_t len, FILE *out,
                         struct err *e)
{
    char *text;
    size_t n_text, n;
    uint32_t *ids;
    int rc = jv_parse_text(line, len, &text, &n_text, e);

    if (rc < 0)
        return rc;
    rc = vlm_tokenize(t, text, n_text, &ids, &n, e);
    free(text);
    if (rc < 0)
        return rc;
    print_ids(ids, n, out);
    free(ids);
    return 0;
}

int job_model_tokenize(const char *dir, const char *path, FILE *out, struct err *e)
{
    struct tokenizer *t = NULL;
    struct reader *r = NULL;
    const char *line;
    size_t len;
    int rc = vlm_tokenizer_open(&t, dir, e);

    if (rc == 0)
        rc = reader_open(&r, path, e);
    while (rc == 0 && (rc = reader_line(r, &line, &len, e)) == 1) {
        rc = tokenize_line(t, line, len, out, e);
        if (rc < 0)
            reader_at(r, e);
    }
    reader_close(r);
    vlm_tokenizer_close(t);
    return rc;
}
