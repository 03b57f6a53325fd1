/* SPDX-License-Identifier: MIT
 *
 * Defaults: configuration_{llava_next,clip,llama,mistral,qwen2}.py of transformers 5.23.
 */
#include "vlm/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIG_FILE_MAX = 4 << 20,
    SIZE_MAX_SANE = 1 << 20,
    LAYERS_MAX = 1000,
    TILES_MAX = 256,
};

/* One object of the file being read. */
struct section {
    const char *file; /* for messages */
    const char *name; /* "text_config", or NULL for the file's top */
    const struct json_t *object;
};

static int at_key(const struct section *s, const char *key, struct err *e)
{
    return s->name ? err_at(e, "%s: %s.%s", s->file, s->name, key)
                   : err_at(e, "%s: %s", s->file, key);
}

static int wrong(const struct section *s, const char *key, const struct json_t *value,
                 const char *expected, struct err *e)
{
    int64_t i;
    double d;

    err_set(e, ERR_FORMAT, "a value that does not fit");
    if (jv_integer(value, &i))
        err_got(e, "%lld", (long long)i);
    else if (jv_number(value, &d))
        err_got(e, "%g", d);
    else if (jv_text(value))
        err_got(e, "\"%s\"", jv_text(value));
    else
        err_got(e, "%s", jv_type_name(value));
    err_expected(e, "%s", expected);
    return at_key(s, key, e);
}

static int refused(const struct section *s, const char *key, struct err *e, const char *what)
{
    err_set(e, ERR_FORMAT, "%s is not implemented", what);
    return at_key(s, key, e);
}

/* A whole number from 1 to max, fallback where the key is absent. */
static int read_size(const struct section *s, const char *key, uint32_t fallback, uint32_t max,
                     uint32_t *out, struct err *e)
{
    const struct json_t *value = jv_get(s->object, key);
    char expected[64];
    int64_t number;

    *out = fallback;
    if (!value)
        return 0;
    if (jv_integer(value, &number) && number >= 1 && number <= max) {
        *out = (uint32_t)number;
        return 0;
    }
    snprintf(expected, sizeof(expected), "a whole number from 1 to %u", max);
    return wrong(s, key, value, expected, e);
}

/* The same, but null means the fallback too. */
static int read_size_or_null(const struct section *s, const char *key, uint32_t fallback,
                             uint32_t max, uint32_t *out, struct err *e)
{
    *out = fallback;
    return jv_is_null(jv_get(s->object, key)) ? 0 : read_size(s, key, fallback, max, out, e);
}

static int read_positive(const struct section *s, const char *key, double fallback, double *out,
                         struct err *e)
{
    const struct json_t *value = jv_get(s->object, key);

    *out = fallback;
    if (!value || (jv_number(value, out) && isfinite(*out) && *out > 0))
        return 0;
    return wrong(s, key, value, "a number above 0", e);
}

static int read_flag(const struct section *s, const char *key, bool fallback, bool *out,
                     struct err *e)
{
    const struct json_t *value = jv_get(s->object, key);

    *out = fallback;
    if (!value || jv_flag(value, out))
        return 0;
    return wrong(s, key, value, "true or false", e);
}

static int read_activation(const struct section *s, const char *key, enum activation fallback,
                           enum activation *out, struct err *e)
{
    static const struct {
        const char *name;
        enum activation act;
    } names[] = { { "gelu", ACT_GELU },
                  { "quick_gelu", ACT_QUICK_GELU },
                  { "gelu_pytorch_tanh", ACT_GELU_TANH },
                  { "silu", ACT_SILU },
                  { "relu", ACT_RELU } };
    const struct json_t *value = jv_get(s->object, key);

    *out = fallback;
    if (!value)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal(jv_text(value), names[i].name)) {
            *out = names[i].act;
            return 0;
        }
    return wrong(s, key, value, "gelu, quick_gelu, gelu_pytorch_tanh, silu or relu", e);
}

/* A member that must be an object; absent and null leave s->object NULL. */
static int read_section(const struct section *parent, const char *key, struct section *s,
                        struct err *e)
{
    const struct json_t *value = jv_get(parent->object, key);

    *s = (struct section){ parent->file, key, NULL };
    if (!value || jv_is_null(value))
        return 0;
    if (!jv_is_object(value))
        return wrong(parent, key, value, "an object", e);
    s->object = value;
    return 0;
}

/* ---- the vision tower ---- */

static int read_vision(const struct section *s, struct vision_config *c, struct err *e)
{
    static const struct vision_config of_llava_next = { 1024, 4096,          24, 16, 336, 14, 3,
                                                        1e-5, ACT_QUICK_GELU };
    static const struct vision_config of_clip = { 768,  3072,          12, 12, 224, 32, 3,
                                                  1e-5, ACT_QUICK_GELU };
    const struct vision_config *d = s->object ? &of_clip : &of_llava_next;
    const char *type = jv_text(jv_get(s->object, "model_type"));
    int rc;

    *c = *d;
    if (type && strcmp(type, "clip_vision_model") != 0)
        return refused(s, "model_type", e, type);
    if ((rc = read_size(s, "hidden_size", d->hidden, SIZE_MAX_SANE, &c->hidden, e)) < 0 ||
        (rc = read_size(s, "intermediate_size", d->intermediate, SIZE_MAX_SANE, &c->intermediate,
                        e)) < 0 ||
        (rc = read_size(s, "num_hidden_layers", d->layers, LAYERS_MAX, &c->layers, e)) < 0 ||
        (rc = read_size(s, "num_attention_heads", d->heads, SIZE_MAX_SANE, &c->heads, e)) < 0 ||
        (rc = read_size(s, "image_size", d->image_size, 4096, &c->image_size, e)) < 0 ||
        (rc = read_size(s, "patch_size", d->patch, 4096, &c->patch, e)) < 0 ||
        (rc = read_size(s, "num_channels", d->channels, 16, &c->channels, e)) < 0 ||
        (rc = read_positive(s, "layer_norm_eps", d->eps, &c->eps, e)) < 0 ||
        (rc = read_activation(s, "hidden_act", d->act, &c->act, e)) < 0)
        return rc;
    if (c->channels != 3)
        return refused(s, "num_channels", e, "another number of channels than 3");
    if (c->hidden % c->heads != 0)
        return refused(s, "num_attention_heads", e, "a hidden size that the heads do not divide");
    if (c->image_size % c->patch != 0)
        return refused(s, "patch_size", e, "an image size that the patches do not divide");
    return 0;
}

/* ---- the text model ---- */

struct text_family {
    const char *name;
    uint32_t intermediate, kv_heads, vocab, max_positions; /* kv_heads 0: as many as heads */
    uint32_t sliding_window;                               /* where the key is absent; 0: none */
    bool has_attention_bias; /* the keys attention_bias, mlp_bias count */
    bool qkv_bias;           /* always there */
    bool window_must_be_used;
};

static const struct text_family families[] = {
    { "llama", 11008, 0, 32000, 2048, 0, true, false, false },
    { "mistral", 14336, 8, 32000, 131072, 4096, false, false, false },
    { "qwen2", 22016, 32, 151936, 32768, 4096, false, true, true },
};

static int find_family(const struct section *s, const struct text_family **out, struct err *e)
{
    const struct json_t *value = jv_get(s->object, "model_type");
    const char *type = jv_text(value);

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (!value || text_equal(type, families[i].name)) {
            *out = &families[i];
            return 0;
        }
    err_set(e, ERR_FORMAT, "this text model is not implemented");
    err_got(e, "%s", type ? type : jv_type_name(value));
    err_expected(e, "llama, mistral or qwen2");
    return at_key(s, "model_type", e);
}

/* One of the two objects that may say how positions turn; every scaling is refused. */
static int read_rope_object(const struct section *s, const char *key, struct text_config *c,
                            struct err *e)
{
    struct section rope;
    const struct json_t *type;
    int rc = read_section(s, key, &rope, e);

    if (rc < 0 || !rope.object)
        return rc;
    type = jv_get(rope.object, "rope_type");
    if (!type)
        type = jv_get(rope.object, "type");
    if (text_equal(jv_text(type), "default") || (!type && jv_get(rope.object, "rope_theta")))
        return read_positive(&rope, "rope_theta", c->rope_theta, &c->rope_theta, e);
    err_set(e, ERR_FORMAT, "this RoPE scaling is not implemented");
    err_got(e, "%s", jv_text(type) ? jv_text(type) : "an object without a type");
    err_expected(e, "default, or no scaling");
    return at_key(s, key, e);
}

static int read_rope(const struct section *s, struct text_config *c, struct err *e)
{
    int rc = read_positive(s, "rope_theta", 10000.0, &c->rope_theta, e);

    if (rc == 0)
        rc = read_rope_object(s, "rope_parameters", c, e);
    return rc < 0 ? rc : read_rope_object(s, "rope_scaling", c, e);
}

/* null is no window, an absent key is the class's own. */
static int read_window(const struct section *s, const struct text_family *f, struct text_config *c,
                       struct err *e)
{
    bool used = !f->window_must_be_used;
    int rc = 0;

    c->sliding_window = 0;
    if (f->window_must_be_used)
        rc = read_flag(s, "use_sliding_window", false, &used, e);
    if (rc < 0 || f->sliding_window == 0)
        return rc;
    if (used && f->window_must_be_used)
        return refused(s, "use_sliding_window", e, "a sliding window in some layers only");
    if (!used || jv_is_null(jv_get(s->object, "sliding_window")))
        return 0;
    return read_size(s, "sliding_window", f->sliding_window, UINT32_MAX, &c->sliding_window, e);
}

static int check_text(const struct section *s, const struct text_config *c, struct err *e)
{
    enum activation act;
    int rc = read_activation(s, "hidden_act", ACT_SILU, &act, e);

    if (rc < 0)
        return rc;
    if (act != ACT_SILU)
        return refused(s, "hidden_act", e, "a text model with another activation than silu");
    if (c->heads % c->kv_heads != 0)
        return refused(s, "num_key_value_heads", e,
                       "a number of heads that the key-value heads do not divide");
    if (c->head_dim == 0 || c->head_dim % 2 != 0)
        return refused(s, "head_dim", e, "an odd head dimension");
    return 0;
}

static int read_text(const struct section *s, struct text_config *c, struct err *e)
{
    const struct text_family *f = NULL;
    int rc = find_family(s, &f, e);

    *c = (struct text_config){ 0 };
    if (rc < 0)
        return rc;
    c->family = f->name;
    c->qkv_bias = f->qkv_bias;
    if ((rc = read_size(s, "hidden_size", 4096, SIZE_MAX_SANE, &c->hidden, e)) < 0 ||
        (rc = read_size(s, "intermediate_size", f->intermediate, SIZE_MAX_SANE, &c->intermediate,
                        e)) < 0 ||
        (rc = read_size(s, "num_hidden_layers", 32, LAYERS_MAX, &c->layers, e)) < 0 ||
        (rc = read_size(s, "num_attention_heads", 32, SIZE_MAX_SANE, &c->heads, e)) < 0 ||
        (rc = read_size(s, "vocab_size", f->vocab, 1 << 24, &c->vocab, e)) < 0 ||
        (rc = read_size(s, "max_position_embeddings", f->max_positions, 1 << 30, &c->max_positions,
                        e)) < 0 ||
        (rc = read_positive(s, "rms_norm_eps", 1e-6, &c->eps, e)) < 0)
        return rc;
    c->kv_heads = f->kv_heads ? f->kv_heads : c->heads;
    if (jv_is_null(jv_get(s->object, "num_key_value_heads")))
        c->kv_heads = c->heads;
    c->head_dim = c->hidden / c->heads;
    if ((rc = read_size_or_null(s, "num_key_value_heads", c->kv_heads, SIZE_MAX_SANE, &c->kv_heads,
                                e)) < 0 ||
        (rc = read_size_or_null(s, "head_dim", c->head_dim, SIZE_MAX_SANE, &c->head_dim, e)) < 0 ||
        (f->has_attention_bias &&
         ((rc = read_flag(s, "attention_bias", false, &c->qkv_bias, e)) < 0 ||
          (rc = read_flag(s, "mlp_bias", false, &c->mlp_bias, e)) < 0)) ||
        (rc = read_rope(s, c, e)) < 0 || (rc = read_window(s, f, c, e)) < 0)
        return rc;
    c->o_bias = f->has_attention_bias && c->qkv_bias;
    return check_text(s, c, e);
}

/* ---- pinpoints ---- */

static int read_pinpoints(const struct section *s, struct pinpoint *points, size_t *n,
                          struct err *e)
{
    static const struct pinpoint usual[] = {
        { 336, 672 }, { 672, 336 }, { 672, 672 }, { 1008, 336 }, { 336, 1008 }
    };
    const struct json_t *list = jv_get(s->object, "image_grid_pinpoints");

    if (!list || jv_is_null(list)) {
        memcpy(points, usual, sizeof(usual));
        *n = sizeof(usual) / sizeof(usual[0]);
        return 0;
    }
    *n = jv_length(list);
    if (!jv_is_array(list) || *n == 0 || *n > PINPOINTS_MAX)
        return wrong(s, "image_grid_pinpoints", list, "a list of 1 to 64 pairs", e);
    for (size_t i = 0; i < *n; i++) {
        const struct json_t *pair = jv_at(list, i);
        int64_t h, w;

        if (jv_length(pair) != 2 || !jv_integer(jv_at(pair, 0), &h) ||
            !jv_integer(jv_at(pair, 1), &w) || h < 1 || w < 1 || h > 16384 || w > 16384)
            return wrong(s, "image_grid_pinpoints", pair,
                         "pairs [height, width] of whole numbers from 1 to 16384", e);
        points[i] = (struct pinpoint){ (uint32_t)h, (uint32_t)w };
    }
    return 0;
}

/* Canvases are cut into whole tiles, and into no more than the largest models have. */
static int check_pinpoints(const struct section *s, const struct pinpoint *points, size_t n,
                           uint32_t tile, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (points[i].height % tile != 0 || points[i].width % tile != 0) {
            err_set(e, ERR_FORMAT, "a canvas that is not whole tiles");
            err_got(e, "%u x %u", points[i].height, points[i].width);
            err_expected(e, "multiples of %u", tile);
            return at_key(s, "image_grid_pinpoints", e);
        } else if ((size_t)points[i].height / tile * (points[i].width / tile) > TILES_MAX) {
            err_set(e, ERR_LIMIT, "a canvas of too many tiles");
            err_got(e, "%u x %u", points[i].height, points[i].width);
            err_expected(e, "at most %d tiles of %u", TILES_MAX, tile);
            return at_key(s, "image_grid_pinpoints", e);
        }
    return 0;
}

/* ---- config.json ---- */

/* hidden_states[k] of the tower is the output of k blocks. */
static int read_feature_layer(const struct section *s, struct model_config *c, struct err *e)
{
    const struct json_t *value = jv_get(s->object, "vision_feature_layer");
    const struct json_t *strategy = jv_get(s->object, "vision_feature_select_strategy");
    int64_t layer = -2, blocks;

    if (jv_is_array(value))
        return refused(s, "vision_feature_layer", e, "a list of vision layers");
    if (value && !jv_integer(value, &layer))
        return wrong(s, "vision_feature_layer", value, "a whole number", e);
    blocks = layer < 0 ? (int64_t)c->vision.layers + 1 + layer : layer;
    if (blocks < 0 || blocks > c->vision.layers)
        return wrong(s, "vision_feature_layer", value, "a layer that the vision tower has", e);
    c->vision_blocks = (uint32_t)blocks;
    if (strategy && !text_equal(jv_text(strategy), "default")) {
        if (text_equal(jv_text(strategy), "full"))
            return refused(s, "vision_feature_select_strategy", e, "the strategy \"full\"");
        return wrong(s, "vision_feature_select_strategy", strategy, "default", e);
    }
    return 0;
}

static int read_image_token(const struct section *s, struct model_config *c, struct err *e)
{
    const char *key = jv_get(s->object, "image_token_id") ? "image_token_id" : "image_token_index";
    const struct json_t *value = jv_get(s->object, key);
    int64_t id = 32000;

    if ((value && !jv_integer(value, &id)) || id < 0)
        return wrong(s, key, value, "an id below the text model's vocab_size", e);
    if (id >= c->text.vocab) {
        err_set(e, ERR_FORMAT, "the image token is not in the vocabulary");
        err_got(e, "%lld", (long long)id);
        err_expected(e, "an id below the text model's vocab_size, %u", c->text.vocab);
        return at_key(s, key, e);
    }
    c->image_token = (uint32_t)id;
    return 0;
}

static int check_architecture(const struct section *s, struct err *e)
{
    const char *type = jv_text(jv_get(s->object, "model_type"));

    if (!text_equal(type, "llava_next")) {
        err_set(e, ERR_FORMAT, "this architecture is not implemented");
        err_got(e, "%s", type ? type : "no model_type");
        err_expected(e, "llava_next (LlavaNextForConditionalGeneration)");
        err_hint(e, "other models can be served elsewhere and asked over HTTP");
        return at_key(s, "model_type", e);
    }
    if (jv_is_object(jv_get(s->object, "quantization_config")))
        return refused(s, "quantization_config", e, "a quantised folder");
    return 0;
}

/* The text model's own word counted before version 5. */
static int read_tied(const struct section *top, const struct section *text, struct model_config *c,
                     struct err *e)
{
    bool of_text;
    int rc = read_flag(top, "tie_word_embeddings", false, &c->tied, e);

    if (rc == 0)
        rc = read_flag(text, "tie_word_embeddings", false, &of_text, e);
    if (rc == 0)
        c->tied |= of_text;
    return rc;
}

static int read_model(const struct section *top, struct model_config *c, struct err *e)
{
    struct section vision, text;
    int rc = check_architecture(top, e);

    if (rc < 0 || (rc = read_section(top, "vision_config", &vision, e)) < 0 ||
        (rc = read_section(top, "text_config", &text, e)) < 0 ||
        (rc = read_vision(&vision, &c->vision, e)) < 0 ||
        (rc = read_text(&text, &c->text, e)) < 0 || (rc = read_feature_layer(top, c, e)) < 0 ||
        (rc = read_image_token(top, c, e)) < 0 ||
        (rc = read_activation(top, "projector_hidden_act", ACT_GELU, &c->projector_act, e)) < 0 ||
        (rc = read_flag(top, "multimodal_projector_bias", true, &c->projector_bias, e)) < 0 ||
        (rc = read_tied(top, &text, c, e)) < 0 ||
        (rc = read_pinpoints(top, c->pinpoints, &c->n_pinpoints, e)) < 0)
        return rc;
    return check_pinpoints(top, c->pinpoints, c->n_pinpoints, c->vision.image_size, e);
}

int config_parse(struct model_config *out, const char *name, const char *text, size_t len,
                 struct err *e)
{
    struct section top = { name, NULL, NULL };
    struct json_t *root;
    int rc = jv_parse_as(&root, name, text, len, e);

    *out = (struct model_config){ 0 };
    if (rc < 0)
        return rc;
    top.object = root;
    if (!jv_is_object(root)) {
        err_set(e, ERR_FORMAT, "not a model's configuration");
        err_got(e, "%s", jv_type_name(root));
        err_expected(e, "an object");
        rc = err_at(e, "%s", name);
    } else {
        rc = read_model(&top, out, e);
    }
    jv_free(root);
    return rc;
}

int config_load(struct model_config *out, const char *dir, struct err *e)
{
    char *path = file_join(dir, "config.json", e), *text = NULL;
    size_t len;
    int rc;

    if (!path)
        return ERR_NOMEM;
    if (!file_is_folder(dir)) {
        err_set(e, ERR_IO, "no such folder");
        err_expected(e, "a folder as downloaded from Hugging Face: config.json, tokenizer.json, "
                        "*.safetensors");
        rc = err_at(e, "%s", dir);
    } else {
        rc = file_read_regular(path, CONFIG_FILE_MAX, &text, &len, e);
    }
    if (rc == 0)
        rc = config_parse(out, path, text, len, e);
    free(text);
    free(path);
    return rc;
}

/* ---- the image processor ---- */

static int read_three(const struct section *s, const char *key, const float fallback[3],
                      float out[3], struct err *e)
{
    const struct json_t *list = jv_get(s->object, key);
    double x;

    memcpy(out, fallback, 3 * sizeof(out[0]));
    if (!list)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (jv_length(list) != 3 || !jv_number(jv_at(list, i), &x) || !isfinite(x))
            return wrong(s, key, list, "three numbers", e);
        out[i] = (float)x;
    }
    return 0;
}

/* {"shortest_edge": 336}, {"height": 336, "width": 336} or 336, all meaning the tile's side. */
static int check_side(const struct section *s, const char *key, uint32_t tile, struct err *e)
{
    static const char *const names[] = { "shortest_edge", "height", "width" };
    const struct json_t *value = jv_get(s->object, key);
    size_t seen = 0;
    int64_t side;

    for (size_t i = 0; i < 3; i++) {
        const struct json_t *part = jv_get(value, names[i]);

        if (part && (!jv_integer(part, &side) || side != tile))
            break;
        seen += part != NULL;
    }
    if ((seen > 0 && seen == jv_members(value)) || (jv_integer(value, &side) && side == tile))
        return 0;
    err_set(e, ERR_FORMAT, "tiles of another size than the vision tower's images");
    err_got(e, "%s", value ? "another size" : "none, which means 224");
    err_expected(e, "%u", tile);
    return at_key(s, key, e);
}

static int check_steps(const struct section *s, struct err *e)
{
    static const char *const steps[] = { "do_convert_rgb", "do_normalize", "do_pad",
                                         "do_rescale",     "do_resize",    "do_center_crop" };
    const struct json_t *resample = jv_get(s->object, "resample");
    int64_t number;
    bool on;
    int rc;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (jv_is_null(jv_get(s->object, steps[i])))
            continue;
        if ((rc = read_flag(s, steps[i], true, &on, e)) < 0)
            return rc;
        if (!on)
            return refused(s, steps[i], e, "leaving out this step");
    }
    if (resample && (!jv_integer(resample, &number) || number != 3))
        return wrong(s, "resample", resample, "3, bicubic", e);
    return 0;
}

static int read_prep(const struct section *s, const struct model_config *m, struct prep_config *c,
                     struct err *e)
{
    static const float clip_mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
    static const float clip_std[3] = { 0.26862954f, 0.26130258f, 0.27577711f };
    int rc;

    c->tile = m->vision.image_size;
    if ((rc = check_steps(s, e)) < 0 || (rc = check_side(s, "size", c->tile, e)) < 0 ||
        (rc = check_side(s, "crop_size", c->tile, e)) < 0 ||
        (rc = read_three(s, "image_mean", clip_mean, c->mean, e)) < 0 ||
        (rc = read_three(s, "image_std", clip_std, c->std, e)) < 0 ||
        (rc = read_positive(s, "rescale_factor", 1 / 255.0, &c->rescale, e)) < 0 ||
        (rc = read_pinpoints(s, c->pinpoints, &c->n_pinpoints, e)) < 0)
        return rc;
    for (size_t i = 0; i < 3; i++)
        if (c->std[i] <= 0)
            return wrong(s, "image_std", jv_get(s->object, "image_std"), "numbers above 0", e);
    if (c->n_pinpoints != m->n_pinpoints ||
        memcmp(c->pinpoints, m->pinpoints, c->n_pinpoints * sizeof(c->pinpoints[0])) != 0) {
        err_set(e, ERR_FORMAT, "other canvases than config.json has");
        err_hint(e, "both files must list the same image_grid_pinpoints");
        return at_key(s, "image_grid_pinpoints", e);
    }
    return 0;
}

/* image_processor of the newer file, or the whole of the older one. */
static int read_prep_file(struct prep_config *out, const struct model_config *model,
                          const char *name, const struct json_t *root, struct err *e)
{
    struct section top = { name, NULL, root }, s = top;
    int rc = 0;

    *out = (struct prep_config){ 0 };
    if (jv_get(root, "image_processor"))
        rc = read_section(&top, "image_processor", &s, e);
    return rc < 0 ? rc : read_prep(&s, model, out, e);
}

int prep_config_parse(struct prep_config *out, const struct model_config *model, const char *name,
                      const char *text, size_t len, struct err *e)
{
    struct json_t *root;
    int rc = jv_parse_as(&root, name, text, len, e);

    if (rc == 0)
        rc = read_prep_file(out, model, name, root, e);
    jv_free(root);
    return rc;
}

/* The file that has the settings, and what it says; the caller's both. */
static int find_prep(const char *dir, char **path, struct json_t **root, struct err *e)
{
    int rc = 0;

    *root = NULL;
    *path = file_join(dir, "processor_config.json", e);
    if (*path && file_exists(*path)) {
        rc = jv_read(root, *path, CONFIG_FILE_MAX, e);
        if (rc < 0 || jv_get(*root, "image_processor"))
            return rc;
        jv_free(*root);
        *root = NULL;
    }
    free(*path);
    *path = file_join(dir, "preprocessor_config.json", e);
    return *path ? jv_read(root, *path, CONFIG_FILE_MAX, e) : ERR_NOMEM;
}

int prep_config_load(struct prep_config *out, const struct model_config *model, const char *dir,
                     struct err *e)
{
    struct json_t *root;
    char *path;
    int rc = find_prep(dir, &path, &root, e);

    if (rc == 0)
        rc = read_prep_file(out, model, path, root, e);
    jv_free(root);
    free(path);
    return rc;
}
