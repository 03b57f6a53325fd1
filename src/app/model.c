/* SPDX-License-Identifier: MIT
 *
 * model.c - what a model's folder holds, and what it takes to use it.
 */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "vlm/vlm.h"

/* Questions of one shape, told apart by a number in front of the text that all share. */
static int estimate(const struct vlm *v, const struct model_info_options *o,
                    struct model_info_result *out, struct err *e)
{
    char(*texts)[80] = mem_new(o->questions, sizeof(*texts), e);
    struct vlm_question *questions = mem_new(o->questions, sizeof(*questions), e);
    struct vlm_prompts *p = NULL;
    struct vlm_cost cost;
    int rc = texts && questions ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < o->questions; i++) {
        snprintf(texts[i], sizeof(texts[i]),
                 "%zu: does this person wear a hat? Answer with only yes or no.", i + 1);
        questions[i] = (struct vlm_question){ texts[i], VLM_YESNO, NULL, 0 };
    }
    if (rc == 0)
        rc = vlm_prompts_new(&p, v, questions, o->questions, e);
    if (rc == 0)
        rc = vlm_estimate(&cost, v, p, o->width, o->height, e);
    if (rc == 0) {
        out->tiles = cost.tiles;
        out->image_tokens = cost.image_tokens;
        out->tokens = cost.tokens;
        out->flop = cost.flop;
        out->flop_one_by_one = cost.flop_one_by_one;
        out->activation_bytes = cost.activation_bytes;
    }
    vlm_prompts_free(p);
    free(questions);
    free(texts);
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

static int describe(const struct vlm *v, const struct model_info_options *o,
                    struct model_info_result *out, struct err *e)
{
    struct vlm_info i = vlm_info(v);
    int rc;

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
    out->parameters = i.parameters;
    out->weight_bytes = i.weight_bytes;
    out->files = i.files;
    out->n_tensors = i.tensors;
    rc = copy_tensors(v, out, e);
    if (rc == 0)
        rc = vlm_check_weights(v, e);
    return rc < 0 ? rc : estimate(v, o, out, e);
}

int model_info(const struct model_info_options *o, struct model_info_result *out, struct err *e)
{
    struct vlm_options options = { .prompt = o->prompt };
    struct vlm *v;
    int rc = vlm_open(&v, o->dir, &options, e);

    *out = (struct model_info_result){
        .model = o->dir, .width = o->width, .height = o->height, .questions = o->questions
    };
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

static struct json_t *shape_json(const struct model_tensor *t)
{
    struct json_t *list = jv_array();

    for (uint32_t d = 0; d < t->rank; d++)
        jv_append(list, jv_pack("I", (long long)t->shape[d]));
    return list;
}

struct json_t *model_info_json(const struct model_info_result *r)
{
    struct json_t *tensors = jv_array(), *text, *vision, *image;

    for (size_t i = 0; i < r->n_tensors; i++)
        jv_append(tensors, jv_pack("{s:s, s:s, s:o, s:s}", "name", r->tensors[i].name, "dtype",
                                   r->tensors[i].dtype, "shape", shape_json(&r->tensors[i]), "file",
                                   r->tensors[i].file));
    text = jv_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "family", r->family, "layers",
                   (long long)r->text_layers, "hidden", (long long)r->text_hidden, "heads",
                   (long long)r->text_heads, "kv_heads", (long long)r->text_kv_heads, "vocabulary",
                   (long long)r->vocabulary, "max_tokens", (long long)r->max_tokens,
                   "sliding_window", (long long)r->sliding_window);
    vision = jv_pack("{s:I, s:I, s:I, s:I, s:I}", "layers", (long long)r->vision_layers, "hidden",
                     (long long)r->vision_hidden, "heads", (long long)r->vision_heads, "tile",
                     (long long)r->tile, "patch", (long long)r->patch);
    image = jv_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "width", (long long)r->width,
                    "height", (long long)r->height, "questions", (long long)r->questions, "tiles",
                    (long long)r->tiles, "image_tokens", (long long)r->image_tokens, "tokens",
                    (long long)r->tokens, "flop", jv_real(r->flop), "flop_one_by_one",
                    jv_real(r->flop_one_by_one));
    return jv_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "model", r->model,
                   "dtype", r->dtype, "stored", r->stored, "parameters", (long long)r->parameters,
                   "weight_bytes", (long long)r->weight_bytes, "activation_bytes",
                   (long long)r->activation_bytes, "files", (long long)r->files, "text", text,
                   "vision", vision, "image", image, "tensors", tensors);
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

int model_tokenize(const char *dir, const char *path, FILE *out, struct err *e)
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
