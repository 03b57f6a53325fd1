/* SPDX-License-Identifier: MIT
 *
 * Defaults: configuration_{llava_next,clip,llama,mistral,qwen2}.py of transformers 5.23.
 */
#include "vlm/config.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIG_FILE_MAX = 4 << 20,
    SIZE_MAX_SANE = 1 << 20,
    LAYERS_MAX = 1000,
    TILES_MAX = 256,
    PINPOINT_SIDE_MAX = 16384,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Rows of tables: of keys that may be absent. */
#define SIZE(key, type, member, most) key, FIELD_OPTIONAL, FIELD_UINT32(type, member, 1, most)
#define FLAG(key, type, member)       key, FIELD_OPTIONAL, FIELD_FLAG(type, member)
#define POSITIVE(key, type, member)   key, FIELD_OPTIONAL, FIELD_POSITIVE(type, member)
#define ACTIVATION(key, type, member) key, FIELD_OPTIONAL, FIELD_WORD(type, member, activations)

/* What can be done with a model that is not read. */
static int elsewhere(struct err *e)
{
    return err_hint(e, "a model that another program runs can be compared too: "
                       "assent import FILE --annotator NAME --kind model reads its answers");
}

static int refuse(const struct cursor *c, const char *what, struct err *e)
{
    cursor_refuse(c, what, e);
    return elsewhere(e);
}

/* What was read is no model that is run here, or does not fit together. */
struct refusal {
    bool applies;
    const char *key, *what;
};

static int check(const struct cursor *object, const struct refusal *r, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct cursor c = cursor_member(object, r[i].key);

        if (r[i].applies)
            return refuse(&c, r[i].what, e);
    }
    return 0;
}

/* The fields of a section, which may be absent or null. */
static int read_section(const struct cursor *section, const struct cursor_field *fields, void *out,
                        struct err *e)
{
    return cursor_is_null(section) ? 0 : cursor_fields(section, fields, out, e);
}

static const char *const activations[] = { [ACT_GELU] = "gelu",
                                           [ACT_QUICK_GELU] = "quick_gelu",
                                           [ACT_GELU_TANH] = "gelu_pytorch_tanh",
                                           [ACT_SILU] = "silu",
                                           [ACT_RELU] = "relu",
                                           NULL };

const char *activation_name(enum activation a)
{
    return activations[a];
}

/* ---- the vision tower ---- */

static int read_vision(const struct cursor *section, struct vision_config *c, struct err *e)
{
    static const struct vision_config of_llava_next = { 1024, 4096,          24, 16, 336, 14, 3,
                                                        1e-5, ACT_QUICK_GELU };
    static const struct vision_config of_clip = { 768,  3072,          12, 12, 224, 32, 3,
                                                  1e-5, ACT_QUICK_GELU };
    static const struct cursor_field fields[] = {
        { SIZE("hidden_size", struct vision_config, hidden, SIZE_MAX_SANE) },
        { SIZE("intermediate_size", struct vision_config, intermediate, SIZE_MAX_SANE) },
        { SIZE("num_hidden_layers", struct vision_config, layers, LAYERS_MAX) },
        { SIZE("num_attention_heads", struct vision_config, heads, SIZE_MAX_SANE) },
        { SIZE("image_size", struct vision_config, image_size, 4096) },
        { SIZE("patch_size", struct vision_config, patch, 4096) },
        { SIZE("num_channels", struct vision_config, channels, 16) },
        { POSITIVE("layer_norm_eps", struct vision_config, eps) },
        { ACTIVATION("hidden_act", struct vision_config, act) },
        { 0 },
    };
    struct cursor type = cursor_member(section, "model_type");
    int rc;

    *c = cursor_is_null(section) ? of_llava_next : of_clip;
    if (!cursor_is_null(&type) && !text_equal(jv_text(type.value), "clip_vision_model"))
        return cursor_wrong(&type, "clip_vision_model, the only tower that is read", e);
    if ((rc = read_section(section, fields, c, e)) < 0)
        return rc;

    const struct refusal refusals[] = {
        { c->channels != 3, "num_channels", "another number of channels than 3" },
        { c->hidden % c->heads != 0, "num_attention_heads",
          "a hidden size that the heads do not divide" },
        { c->image_size % c->patch != 0, "patch_size",
          "an image size that the patches do not divide" },
    };

    return check(section, refusals, COUNT(refusals), e);
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

static int find_family(const struct cursor *section, const struct text_family **out, struct err *e)
{
    struct cursor type = cursor_member(section, "model_type");
    const char *name = jv_text(type.value);

    for (size_t i = 0; i < COUNT(families); i++)
        if (!type.value || text_equal(name, families[i].name)) {
            *out = &families[i];
            return 0;
        }
    err_set(e, ERR_FORMAT, "text models of this family are not read");
    err_got(e, "%s", name ? name : jv_type_name(type.value));
    err_expected(e, "llama, mistral or qwen2");
    elsewhere(e);
    return cursor_at(&type, e);
}

/* One of the two objects that may say how positions turn; every scaling is refused. */
static int read_rope_object(const struct cursor *c, struct text_config *out, struct err *e)
{
    static const struct cursor_field fields[] = {
        { POSITIVE("rope_theta", struct text_config, rope_theta) },
        { 0 },
    };
    const struct json_t *type = jv_get(c->value, "rope_type");

    if (cursor_is_null(c))
        return 0;
    if (!type)
        type = jv_get(c->value, "type");
    if (!jv_is_object(c->value) || text_equal(jv_text(type), "default") ||
        (!type && jv_get(c->value, "rope_theta")))
        return cursor_fields(c, fields, out, e);
    err_set(e, ERR_FORMAT, "this RoPE scaling is not computed");
    err_got(e, "%s", jv_text(type) ? jv_text(type) : "an object without a type");
    err_expected(e, "default, or no scaling");
    elsewhere(e);
    return cursor_at(c, e);
}

/* null is no window, an absent key is the class's own. */
static int read_window(const struct cursor *section, const struct text_family *f,
                       struct text_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("sliding_window", struct text_config, sliding_window, UINT32_MAX) },
        { 0 },
    };
    struct cursor use = cursor_member(section, "use_sliding_window");
    struct cursor window = cursor_member(section, "sliding_window");
    bool used = !f->window_must_be_used;
    int rc = 0;

    if (f->window_must_be_used && use.value)
        rc = cursor_flag(&use, &used, e);
    if (rc < 0 || f->sliding_window == 0)
        return rc;
    if (used && f->window_must_be_used)
        return refuse(&use, "a sliding window in some layers only", e);
    if (!used || (window.value && jv_is_null(window.value)))
        return 0;
    c->sliding_window = f->sliding_window;
    return read_section(section, fields, c, e);
}

/* What follows from other sizes where it is not said. */
static int read_heads(const struct cursor *section, const struct text_family *f,
                      struct text_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "num_key_value_heads", FIELD_NULLABLE,
          FIELD_UINT32(struct text_config, kv_heads, 1, SIZE_MAX_SANE) },
        { "head_dim", FIELD_NULLABLE,
          FIELD_UINT32(struct text_config, head_dim, 1, SIZE_MAX_SANE) },
        { 0 },
    };
    struct cursor kv_heads = cursor_member(section, "num_key_value_heads");

    c->kv_heads = f->kv_heads && !jv_is_null(kv_heads.value) ? f->kv_heads : c->heads;
    c->head_dim = c->hidden / c->heads;
    return read_section(section, fields, c, e);
}

static int read_biases(const struct cursor *section, const struct text_family *f,
                       struct text_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { FLAG("attention_bias", struct text_config, qkv_bias) },
        { FLAG("mlp_bias", struct text_config, mlp_bias) },
        { 0 },
    };
    int rc = f->has_attention_bias ? read_section(section, fields, c, e) : 0;

    c->o_bias = f->has_attention_bias && c->qkv_bias;
    return rc;
}

static int check_text(const struct cursor *section, const struct text_config *c, struct err *e)
{
    const struct refusal refusals[] = {
        { c->act != ACT_SILU, "hidden_act", "a text model with another activation than silu" },
        { c->heads % c->kv_heads != 0, "num_key_value_heads",
          "a number of heads that the key-value heads do not divide" },
        { c->head_dim == 0 || c->head_dim % 2 != 0, "head_dim", "an odd head dimension" },
    };

    return check(section, refusals, COUNT(refusals), e);
}

static int read_text(const struct cursor *section, struct text_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("hidden_size", struct text_config, hidden, SIZE_MAX_SANE) },
        { SIZE("intermediate_size", struct text_config, intermediate, SIZE_MAX_SANE) },
        { SIZE("num_hidden_layers", struct text_config, layers, LAYERS_MAX) },
        { SIZE("num_attention_heads", struct text_config, heads, SIZE_MAX_SANE) },
        { SIZE("vocab_size", struct text_config, vocab, 1 << 24) },
        { SIZE("max_position_embeddings", struct text_config, max_positions, 1 << 30) },
        { POSITIVE("rms_norm_eps", struct text_config, eps) },
        { POSITIVE("rope_theta", struct text_config, rope_theta) },
        { ACTIVATION("hidden_act", struct text_config, act) },
        { 0 },
    };
    struct cursor parameters = cursor_member(section, "rope_parameters");
    struct cursor scaling = cursor_member(section, "rope_scaling");
    const struct text_family *f = NULL;
    int rc = find_family(section, &f, e);

    if (rc < 0)
        return rc;
    *c = (struct text_config){ .family = f->name,
                               .hidden = 4096,
                               .intermediate = f->intermediate,
                               .layers = 32,
                               .heads = 32,
                               .vocab = f->vocab,
                               .max_positions = f->max_positions,
                               .eps = 1e-6,
                               .rope_theta = 10000.0,
                               .act = ACT_SILU,
                               .qkv_bias = f->qkv_bias };
    if ((rc = read_section(section, fields, c, e)) < 0 || (rc = read_heads(section, f, c, e)) < 0 ||
        (rc = read_biases(section, f, c, e)) < 0 ||
        (rc = read_rope_object(&parameters, c, e)) < 0 ||
        (rc = read_rope_object(&scaling, c, e)) < 0 || (rc = read_window(section, f, c, e)) < 0)
        return rc;
    return check_text(section, c, e);
}

/* ---- pinpoints ---- */

static int read_pinpoint(const struct cursor *pair, struct pinpoint *out, struct err *e)
{
    uint32_t *const sides[] = { &out->height, &out->width };
    struct cursor side = { 0 };
    int64_t pixels;

    if (jv_length(pair->value) != COUNT(sides))
        return cursor_wrong(pair, "pairs [height, width]", e);
    while (cursor_next(pair, &side)) {
        if (cursor_whole(&side, 1, PINPOINT_SIDE_MAX, &pixels, e) < 0)
            return e->code;
        *sides[side.index] = (uint32_t)pixels;
    }
    return 0;
}

static int read_pinpoints(const struct cursor *object, struct pinpoint *points, size_t *n,
                          struct err *e)
{
    static const struct pinpoint usual[] = {
        { 336, 672 }, { 672, 336 }, { 672, 672 }, { 1008, 336 }, { 336, 1008 }
    };
    struct cursor list = cursor_member(object, "image_grid_pinpoints"), pair = { 0 };
    int rc = 0;

    if (cursor_is_null(&list)) {
        memcpy(points, usual, sizeof(usual));
        *n = COUNT(usual);
        return 0;
    }
    *n = jv_length(list.value);
    if (*n == 0 || *n > PINPOINTS_MAX)
        return cursor_wrong(&list, "a list of 1 to 64 pairs", e);
    while (rc == 0 && cursor_next(&list, &pair))
        rc = read_pinpoint(&pair, &points[pair.index], e);
    return rc;
}

/* Canvases are cut into whole tiles, and into no more than the largest models have. */
static int check_pinpoints(const struct cursor *object, const struct pinpoint *points, size_t n,
                           uint32_t tile, struct err *e)
{
    struct cursor list = cursor_member(object, "image_grid_pinpoints");

    for (size_t i = 0; i < n; i++) {
        struct cursor pair = cursor_element(&list, i);
        uint32_t height = points[i].height, width = points[i].width;

        if (height % tile != 0 || width % tile != 0) {
            err_set(e, ERR_FORMAT, "a canvas that is not whole tiles");
            err_expected(e, "multiples of %u", tile);
        } else if ((size_t)height / tile * (width / tile) > TILES_MAX) {
            err_set(e, ERR_LIMIT, "a canvas of too many tiles");
            err_expected(e, "at most %d tiles of %u", TILES_MAX, tile);
        } else {
            continue;
        }
        err_got(e, "%u x %u", height, width);
        return cursor_at(list.value ? &pair : &list, e);
    }
    return 0;
}

/* ---- config.json ---- */

/* hidden_states[k] of the tower is the output of k blocks. */
static int read_feature_layer(const struct cursor *top, struct model_config *c, struct err *e)
{
    struct cursor at = cursor_member(top, "vision_feature_layer");
    struct cursor strategy = cursor_member(top, "vision_feature_select_strategy");
    int64_t blocks = c->vision.layers, layer = -2;
    int rc = 0;

    if (jv_is_array(at.value))
        return refuse(&at, "a list of vision layers", e);
    if (at.value)
        rc = cursor_whole(&at, -blocks - 1, blocks, &layer, e);
    if (rc < 0)
        return rc;
    c->vision_blocks = (uint32_t)(layer < 0 ? blocks + 1 + layer : layer);
    if (text_equal(jv_text(strategy.value), "full"))
        return refuse(&strategy, "the strategy \"full\"", e);
    return !strategy.value || text_equal(jv_text(strategy.value), "default")
               ? 0
               : cursor_wrong(&strategy, "default", e);
}

static int read_image_token(const struct cursor *top, struct model_config *c, struct err *e)
{
    const char *key = jv_get(top->value, "image_token_id") ? "image_token_id" : "image_token_index";
    struct cursor token = cursor_member(top, key);
    int64_t id = 32000;
    int rc = token.value ? cursor_whole(&token, 0, UINT32_MAX, &id, e) : 0;

    c->image_token = (uint32_t)id;
    if (rc < 0 || id < c->text.vocab)
        return rc;
    err_set(e, ERR_FORMAT, "the image token is not in the vocabulary");
    err_got(e, "%lld", (long long)id);
    err_expected(e, "an id below the text model's vocab_size, %u", c->text.vocab);
    return cursor_at(&token, e);
}

/* The weights, where they are not called as usual: since transformers 5. */
static int read_weights_file(const struct cursor *c, void *member, struct err *e)
{
    const char *name = jv_text(c->value);
    size_t len = name ? strlen(name) : 0;
    static const char *const ends[] = { ".safetensors", ".safetensors.index.json" };

    for (size_t i = 0; i < COUNT(ends) && len < WEIGHTS_FILE_MAX && name && !strchr(name, '/'); i++)
        if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0) {
            memcpy(member, name, len + 1);
            return 0;
        }
    return cursor_wrong(c, "the name of a .safetensors file of the folder, or of an index of some",
                        e);
}

static int check_architecture(const struct cursor *top, struct err *e)
{
    struct cursor type = cursor_member(top, "model_type");
    struct cursor quantization = cursor_member(top, "quantization_config");
    const char *name = jv_text(type.value);

    if (!text_equal(name, "llava_next")) {
        err_set(e, ERR_FORMAT, "models of this architecture are not read");
        err_got(e, "%s", name ? name : "no model_type");
        err_expected(e, "llava_next (LlavaNextForConditionalGeneration) with a llama, mistral or "
                        "qwen2 text model");
        elsewhere(e);
        return cursor_at(&type, e);
    }
    if (!jv_is_object(quantization.value))
        return 0;
    cursor_refuse(&quantization, "a quantised folder", e);
    return err_hint(e, "the folder in full precision that it was made of can be read");
}

/* The text model's own word counted before version 5. */
static int read_tied(const struct cursor *text, struct model_config *c, struct err *e)
{
    struct cursor tied = cursor_member(text, "tie_word_embeddings");
    bool of_text = false;
    int rc = tied.value ? cursor_flag(&tied, &of_text, e) : 0;

    c->tied |= of_text;
    return rc;
}

static int read_model(const struct cursor *top, struct model_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { ACTIVATION("projector_hidden_act", struct model_config, projector_act) },
        { FLAG("multimodal_projector_bias", struct model_config, projector_bias) },
        { FLAG("tie_word_embeddings", struct model_config, tied) },
        { "transformers_weights", FIELD_NULLABLE,
          FIELD_OWN(struct model_config, weights_file, read_weights_file) },
        { 0 },
    };
    struct cursor vision = cursor_member(top, "vision_config");
    struct cursor text = cursor_member(top, "text_config");
    int rc = check_architecture(top, e);

    c->projector_act = ACT_GELU;
    c->projector_bias = true;
    if (rc < 0 || (rc = read_vision(&vision, &c->vision, e)) < 0 ||
        (rc = read_text(&text, &c->text, e)) < 0 || (rc = read_feature_layer(top, c, e)) < 0 ||
        (rc = read_image_token(top, c, e)) < 0 || (rc = cursor_fields(top, fields, c, e)) < 0 ||
        (rc = read_tied(&text, c, e)) < 0 ||
        (rc = read_pinpoints(top, c->pinpoints, &c->n_pinpoints, e)) < 0)
        return rc;
    return check_pinpoints(top, c->pinpoints, c->n_pinpoints, c->vision.image_size, e);
}

int config_parse(struct model_config *out, const char *name, const char *text, size_t len,
                 struct err *e)
{
    struct cursor top;
    int rc = cursor_parse(&top, name, text, len, e);

    *out = (struct model_config){ 0 };
    if (rc < 0)
        return rc;
    if (jv_is_object(top.value)) {
        rc = read_model(&top, out, e);
    } else {
        err_set(e, ERR_FORMAT, "not a model's configuration");
        err_got(e, "%s", jv_type_name(top.value));
        err_expected(e, "an object");
        rc = cursor_at(&top, e);
    }
    cursor_close(&top);
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

/* {"shortest_edge": 336}, {"height": 336, "width": 336} or 336, all meaning the tile's side. */
static int check_side(const struct cursor *object, const char *key, uint32_t tile, struct err *e)
{
    static const char *const names[] = { "shortest_edge", "height", "width" };
    struct cursor size = cursor_member(object, key);
    size_t seen = 0;
    int64_t side;

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct json_t *part = jv_get(size.value, names[i]);

        if (part && (!jv_integer(part, &side) || side != tile))
            break;
        seen += part != NULL;
    }
    if ((seen > 0 && seen == jv_members(size.value)) ||
        (jv_integer(size.value, &side) && side == tile))
        return 0;
    err_set(e, ERR_FORMAT, "tiles of another size than the vision tower's images");
    err_got(e, "%s", size.value ? "another size" : "none, which means 224");
    err_expected(e, "%u", tile);
    return cursor_at(&size, e);
}

static int check_step(const struct cursor *c, void *member, struct err *e)
{
    bool on;
    int rc = cursor_flag(c, &on, e);

    (void)member;
    return rc < 0 || on ? rc : refuse(c, "leaving out this step", e);
}

static int check_resample(const struct cursor *c, void *member, struct err *e)
{
    int64_t filter;

    (void)member;
    return jv_integer(c->value, &filter) && filter == 3 ? 0 : cursor_wrong(c, "3, bicubic", e);
}

static int read_prep(const struct cursor *object, const struct model_config *m,
                     struct prep_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "do_convert_rgb", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "do_normalize", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "do_pad", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "do_rescale", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "do_resize", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "do_center_crop", FIELD_NULLABLE, FIELD_CHECK(check_step) },
        { "resample", FIELD_OPTIONAL, FIELD_CHECK(check_resample) },
        { "image_mean", FIELD_OPTIONAL, FIELD_OWN(struct prep_config, mean, read_three) },
        { "image_std", FIELD_OPTIONAL, FIELD_OWN(struct prep_config, std, read_three_above_0) },
        { POSITIVE("rescale_factor", struct prep_config, rescale) },
        { 0 },
    };
    struct cursor pinpoints = cursor_member(object, "image_grid_pinpoints");
    int rc;

    *c = (struct prep_config){ .tile = m->vision.image_size,
                               .mean = { 0.48145466f, 0.4578275f, 0.40821073f }, /* CLIP's */
                               .std = { 0.26862954f, 0.26130258f, 0.27577711f },
                               .rescale = 1 / 255.0 };
    if ((rc = cursor_fields(object, fields, c, e)) < 0 ||
        (rc = check_side(object, "size", c->tile, e)) < 0 ||
        (rc = check_side(object, "crop_size", c->tile, e)) < 0 ||
        (rc = read_pinpoints(object, c->pinpoints, &c->n_pinpoints, e)) < 0)
        return rc;
    if (c->n_pinpoints == m->n_pinpoints &&
        memcmp(c->pinpoints, m->pinpoints, c->n_pinpoints * sizeof(c->pinpoints[0])) == 0)
        return 0;
    err_set(e, ERR_FORMAT, "other canvases than config.json has");
    err_hint(e, "both files must list the same image_grid_pinpoints");
    return cursor_at(&pinpoints, e);
}

/* image_processor of the newer file, or the whole of the older one. */
static int read_prep_file(struct prep_config *out, const struct model_config *model,
                          const struct cursor *top, struct err *e)
{
    struct cursor processor = cursor_member(top, "image_processor");

    *out = (struct prep_config){ 0 };
    return read_prep(processor.value ? &processor : top, model, out, e);
}

int prep_config_parse(struct prep_config *out, const struct model_config *model, const char *name,
                      const char *text, size_t len, struct err *e)
{
    struct cursor top;
    int rc = cursor_parse(&top, name, text, len, e);

    if (rc == 0)
        rc = read_prep_file(out, model, &top, e);
    cursor_close(&top);
    return rc;
}

/* The file that has the settings; *path and *top are the caller's. */
static int find_prep(const char *dir, const char **file, char **path, struct cursor *top,
                     struct err *e)
{
    int rc = 0;

    *top = (struct cursor){ 0 };
    *file = "processor_config.json";
    *path = file_join(dir, *file, e);
    if (*path && file_exists(*path)) {
        const struct json_t *processor;

        rc = cursor_open(top, *path, CONFIG_FILE_MAX, e);
        processor = jv_get(top->value, "image_processor");
        if (rc < 0 || (processor && !jv_is_null(processor)))
            return rc;
        cursor_close(top);
    }
    free(*path);
    *file = "preprocessor_config.json";
    *path = file_join(dir, *file, e);
    return *path ? cursor_open(top, *path, CONFIG_FILE_MAX, e) : ERR_NOMEM;
}

int prep_config_load(struct prep_config *out, const struct model_config *model, const char *dir,
                     struct err *e)
{
    struct cursor top;
    const char *file;
    char *path;
    int rc = find_prep(dir, &file, &path, &top, e);

    if (rc == 0)
        rc = read_prep_file(out, model, &top, e);
    out->file = file;
    cursor_close(&top);
    free(path);
    return rc;
}
