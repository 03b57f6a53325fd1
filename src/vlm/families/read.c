/* SPDX-License-Identifier: MIT
 *
 * Defaults: configuration_{clip,siglip}.py of transformers 5.23.
 */
#include "vlm/families/read.h"

#include <float.h>
#include <math.h>
#include <string.h>

const float clip_mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
const float clip_std[3] = { 0.26862954f, 0.26130258f, 0.27577711f };

const char *const activation_words[] = { [ACT_GELU] = "gelu",
                                         [ACT_QUICK_GELU] = "quick_gelu",
                                         [ACT_GELU_TANH] = "gelu_pytorch_tanh",
                                         [ACT_SILU] = "silu",
                                         [ACT_RELU] = "relu",
                                         NULL };

const char *activation_name(enum activation a)
{
    return activation_words[a];
}

int read_elsewhere(struct err *e)
{
    return err_hint(e, "a server that runs it can be asked: engine: http in assent.yaml; or its "
                       "answers read: assent import FILE --annotator NAME --kind model");
}

int refuse(const struct cursor *c, const char *what, struct err *e)
{
    cursor_refuse(c, what, e);
    return read_elsewhere(e);
}

int check_refusals(const struct cursor *object, const struct refusal *r, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct cursor c = cursor_member(object, r[i].key);

        if (r[i].applies)
            return refuse(&c, r[i].what, e);
    }
    return 0;
}

int read_section(const struct cursor *section, const struct cursor_field *fields, void *out,
                 struct err *e)
{
    return cursor_is_null(section) ? 0 : cursor_fields(section, fields, out, e);
}

/* ---- the vision tower ---- */

enum { TOWER_SIDE_MAX = 4096 }; /* pixels */

bool is_among(const char *word, const char *const *words)
{
    while (*words && !text_equal(word, *words))
        words++;
    return *words != NULL;
}

/* 448, or [448, 448]. */
static int read_side(const struct cursor *c, void *member, struct err *e)
{
    struct cursor first = cursor_element(c, 0), second = cursor_element(c, 1);
    bool pair = jv_length(c->value) == 2;
    int64_t side = 0, other;
    int rc = cursor_whole(pair ? &first : c, 1, TOWER_SIDE_MAX, &side, e);

    if (rc == 0 && pair && (!jv_integer(second.value, &other) || other != side))
        return refuse(c, "pictures or patches that are no squares", e);
    *(uint32_t *)member = (uint32_t)side;
    return rc;
}

static int read_sides(const struct cursor *section, bool pairs, struct tower_config *c,
                      struct err *e)
{
    static const struct cursor_field numbers[] = {
        { SIZE("image_size", struct tower_config, image_size, TOWER_SIDE_MAX) },
        { SIZE("patch_size", struct tower_config, patch, TOWER_SIDE_MAX) },
        { 0 },
    };
    static const struct cursor_field also_pairs[] = {
        { "image_size", FIELD_OPTIONAL, FIELD_OWN(struct tower_config, image_size, read_side) },
        { "patch_size", FIELD_OPTIONAL, FIELD_OWN(struct tower_config, patch, read_side) },
        { 0 },
    };

    return read_section(section, pairs ? also_pairs : numbers, c, e);
}

int read_tower(const struct cursor *section, const struct tower_defaults *d, struct tower_config *c,
               struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("hidden_size", struct tower_config, hidden, SIDE_MAX) },
        { SIZE("intermediate_size", struct tower_config, intermediate, SIDE_MAX) },
        { SIZE("num_hidden_layers", struct tower_config, layers, LAYERS_MAX) },
        { SIZE("num_attention_heads", struct tower_config, heads, SIDE_MAX) },
        { SIZE("num_channels", struct tower_config, channels, 16) },
        { POSITIVE("layer_norm_eps", struct tower_config, eps) },
        { ACTIVATION("hidden_act", struct tower_config, act) },
        { 0 },
    };
    struct cursor type = cursor_member(section, "model_type");
    char expected[80];
    int rc;

    *c = cursor_is_null(section) ? d->absent : d->present;
    if (!cursor_is_null(&type) && !is_among(jv_text(type.value), d->types)) {
        snprintf(expected, sizeof(expected), "%s, the only tower that is read", d->types[0]);
        return cursor_wrong(&type, expected, e);
    }
    if ((rc = read_section(section, fields, c, e)) < 0 ||
        (rc = read_sides(section, d->pairs, c, e)) < 0)
        return rc;
    c->blocks = c->layers;

    const struct refusal refusals[] = {
        { c->channels != 3, "num_channels", "another number of channels than 3" },
        { c->hidden % c->heads != 0, "num_attention_heads",
          "a hidden size that the heads do not divide" },
        { c->image_size < c->patch, "patch_size", "patches larger than the image" },
    };

    return check_refusals(section, refusals, COUNT(refusals), e);
}

/* ---- the whole ---- */

int read_image_token(const struct cursor *top, uint32_t usual, struct model_config *c,
                     struct err *e)
{
    const char *key = jv_get(top->value, "image_token_id") ? "image_token_id" : "image_token_index";
    struct cursor token = cursor_member(top, key);
    int64_t id = usual;
    int rc = token.value ? cursor_whole(&token, 0, UINT32_MAX, &id, e) : 0;

    c->image_token = (uint32_t)id;
    if (rc < 0 || id < c->text.vocab)
        return rc;
    err_set(e, ERR_FORMAT, "the image token is not in the vocabulary");
    err_got(e, "%lld", (long long)id);
    err_expected(e, "an id below the text model's vocab_size, %u", c->text.vocab);
    return cursor_at(&token, e);
}

int read_tied(const struct cursor *top, const struct cursor *text, struct model_config *c,
              struct err *e)
{
    const struct cursor *const objects[] = { top, text };

    for (size_t i = 0; i < COUNT(objects); i++) {
        struct cursor tied = cursor_member(objects[i], "tie_word_embeddings");
        bool flag = false;
        int rc = tied.value ? cursor_flag(&tied, &flag, e) : 0;

        if (rc < 0)
            return rc;
        c->tied |= flag;
    }
    return 0;
}

/* ---- the image processor ---- */

static int read_three(const struct cursor *list, void *member, struct err *e)
{
    struct cursor item = { 0 };
    double x;
    float *out = member;

    if (jv_length(list->value) != 3)
        return cursor_wrong(list, "three numbers", e);
    while (cursor_next(list, &item)) {
        if (!jv_number(item.value, &x) || fabs(x) > (double)FLT_MAX)
            return cursor_wrong(&item, "three numbers", e);
        out[item.index] = (float)x;
    }
    return 0;
}

static int read_three_above_0(const struct cursor *list, void *member, struct err *e)
{
    const float *out = member;
    int rc = read_three(list, member, e);

    for (size_t i = 0; rc == 0 && i < 3; i++) {
        struct cursor item = cursor_element(list, i);

        if (out[i] <= 0)
            rc = cursor_wrong(&item, "numbers above 0", e);
    }
    return rc;
}

int check_step_on(const struct cursor *object, const char *key, struct err *e)
{
    struct cursor c = cursor_member(object, key);
    bool on = true;
    int rc = cursor_is_null(&c) ? 0 : cursor_flag(&c, &on, e);

    return rc < 0 || on ? rc : refuse(&c, "leaving out this step", e);
}

static int check_resample(const struct cursor *object, enum pillow_filter filter, struct err *e)
{
    static const char *const said[] = { [PILLOW_LANCZOS] = "1, Lanczos",
                                        [PILLOW_BILINEAR] = "2, bilinear",
                                        [PILLOW_BICUBIC] = "3, bicubic" };
    struct cursor c = cursor_member(object, "resample");
    int64_t is;

    return !c.value || (jv_integer(c.value, &is) && is == (int64_t)filter)
               ? 0
               : cursor_wrong(&c, said[filter], e);
}

int read_prep_common(const struct cursor *object, enum pillow_filter filter, struct prep_config *c,
                     struct err *e)
{
    static const struct cursor_field fields[] = {
        { "image_mean", FIELD_OPTIONAL, FIELD_OWN(struct prep_config, mean, read_three) },
        { "image_std", FIELD_OPTIONAL, FIELD_OWN(struct prep_config, std, read_three_above_0) },
        { POSITIVE("rescale_factor", struct prep_config, rescale) },
        { 0 },
    };
    static const char *const steps[] = { "do_convert_rgb", "do_normalize", "do_rescale",
                                         "do_resize" };
    int rc = check_resample(object, filter, e);

    for (size_t i = 0; rc == 0 && i < COUNT(steps); i++)
        rc = check_step_on(object, steps[i], e);
    return rc < 0 ? rc : cursor_fields(object, fields, c, e);
}
