/* SPDX-License-Identifier: MIT
 *
 * The language models of all families. Defaults: configuration_{llama,mistral,qwen2,qwen3,qwen3_vl,
 * qwen2_5_vl}.py of transformers 5.23.
 */
#include "vlm/families/read.h"

/* What a class's absent keys are, and which of its keys count. */
struct text_family {
    const char *whole;        /* the type of a model that has this one's keys at its top */
    struct text_config usual; /* kv_heads 0: as many as heads; head_dim 0: hidden / heads;
                                 sliding_window: where the key is absent */
    bool has_attention_bias;  /* the keys attention_bias, mlp_bias count */
    bool window_must_be_used;
};

#define QWEN2_VL_TEXT(type)                                                                     \
    {                                                                                           \
        .family = (type), .hidden = 8192, .intermediate = 29568, .layers = 80, .heads = 64,     \
        .kv_heads = 8, .vocab = 152064, .max_positions = 32768, .sliding_window = 4096,         \
        .eps = 1e-5, .rope_theta = 1000000.0, .rope_sections = { 16, 24, 24 }, .act = ACT_SILU, \
        .qkv_bias = true                                                                        \
    }

static const struct text_family families[] = {
    { .usual = { .family = "llama",
                 .hidden = 4096,
                 .intermediate = 11008,
                 .layers = 32,
                 .heads = 32,
                 .vocab = 32000,
                 .max_positions = 2048,
                 .eps = 1e-6,
                 .rope_theta = 10000.0,
                 .act = ACT_SILU },
      .has_attention_bias = true },
    { .usual = { .family = "mistral",
                 .hidden = 4096,
                 .intermediate = 14336,
                 .layers = 32,
                 .heads = 32,
                 .kv_heads = 8,
                 .vocab = 32000,
                 .max_positions = 131072,
                 .sliding_window = 4096,
                 .eps = 1e-6,
                 .rope_theta = 10000.0,
                 .act = ACT_SILU } },
    { .usual = { .family = "qwen2",
                 .hidden = 4096,
                 .intermediate = 22016,
                 .layers = 32,
                 .heads = 32,
                 .kv_heads = 32,
                 .vocab = 151936,
                 .max_positions = 32768,
                 .sliding_window = 4096,
                 .eps = 1e-6,
                 .rope_theta = 10000.0,
                 .act = ACT_SILU,
                 .qkv_bias = true },
      .window_must_be_used = true },
    { .usual = { .family = "qwen3",
                 .hidden = 4096,
                 .intermediate = 22016,
                 .layers = 32,
                 .heads = 32,
                 .kv_heads = 32,
                 .head_dim = 128,
                 .vocab = 151936,
                 .max_positions = 32768,
                 .sliding_window = 4096,
                 .eps = 1e-6,
                 .rope_theta = 10000.0,
                 .act = ACT_SILU,
                 .qk_norm = true },
      .has_attention_bias = true,
      .window_must_be_used = true },
    { .usual = { .family = "qwen3_vl_text",
                 .hidden = 4096,
                 .intermediate = 22016,
                 .layers = 32,
                 .heads = 32,
                 .kv_heads = 32,
                 .head_dim = 128,
                 .vocab = 151936,
                 .max_positions = 128000,
                 .eps = 1e-6,
                 .rope_theta = 500000.0,
                 .rope_sections = { 24, 20, 20 },
                 .rope_interleaved = true,
                 .act = ACT_SILU,
                 .qk_norm = true },
      .has_attention_bias = true },
    { .usual = QWEN2_VL_TEXT("qwen2_vl_text"), .whole = "qwen2_vl", .window_must_be_used = true },
    { .usual = QWEN2_VL_TEXT("qwen2_5_vl_text"),
      .whole = "qwen2_5_vl",
      .window_must_be_used = true },
};

/* "llama, mistral or qwen2" */
static void list_types(const char *const *types, char *out, size_t cap)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; types[i] && at < cap; i++) {
        const char *before = i == 0 ? "" : types[i + 1] ? ", " : " or ";

        at += (size_t)snprintf(out + at, cap - at, "%s%s", before, types[i]);
    }
}

static int find_family(const struct cursor *section, const char *const *types,
                       const struct text_family **out, struct err *e)
{
    struct cursor type = cursor_member(section, "model_type");
    const char *name = type.value ? jv_text(type.value) : types[0];
    char expected[120];

    for (size_t i = 0; is_among(name, types) && i < COUNT(families); i++)
        if (text_equal(name, families[i].usual.family) || text_equal(name, families[i].whole)) {
            *out = &families[i];
            return 0;
        }
    list_types(types, expected, sizeof(expected));
    err_set(e, ERR_FORMAT, "text models of this family are not read");
    err_got(e, "%s", name ? name : jv_type_name(type.value));
    err_expected(e, "%s", expected);
    read_elsewhere(e);
    return cursor_at(&type, e);
}

/* mrope_section, of a class with several axes. */
static int read_sections(const struct cursor *rope, struct text_config *out, struct err *e)
{
    struct cursor list = cursor_member(rope, "mrope_section"), item = { 0 };
    int64_t pairs;
    int rc = 0;

    if (out->rope_sections[0] == 0 || !list.value)
        return 0;
    if (jv_length(list.value) != ROPE_AXES)
        return cursor_wrong(&list, "three numbers of pairs", e);
    while (rc == 0 && cursor_next(&list, &item)) {
        rc = cursor_whole(&item, 1, SIDE_MAX, &pairs, e);
        if (rc == 0)
            out->rope_sections[item.index] = (uint32_t)pairs;
    }
    return rc;
}

/* "dynamic" scales prompts longer than max_position_embeddings, and none is asked. "mrope" is the
 * older name of the default with sections in a row. */
static bool is_unscaled(const struct json_t *type, const struct text_config *c)
{
    return text_equal(jv_text(type), "default") || text_equal(jv_text(type), "dynamic") ||
           (c->rope_sections[0] > 0 && !c->rope_interleaved && text_equal(jv_text(type), "mrope"));
}

/* One of the two objects that may say how positions turn; every scaling is refused. An object
 * without a type says what else is to be said. */
static int read_rope_object(const struct cursor *c, struct text_config *out, struct err *e)
{
    static const struct cursor_field fields[] = {
        { POSITIVE("rope_theta", struct text_config, rope_theta) },
        { 0 },
    };
    const struct json_t *type = jv_get(c->value, "rope_type");
    bool more = jv_get(c->value, "rope_theta") || jv_get(c->value, "mrope_section");

    if (cursor_is_null(c))
        return 0;
    if (!type)
        type = jv_get(c->value, "type");
    if (!jv_is_object(c->value) || is_unscaled(type, out) || (!type && more)) {
        int rc = cursor_fields(c, fields, out, e);

        return rc < 0 ? rc : read_sections(c, out, e);
    }
    err_set(e, ERR_FORMAT, "this RoPE scaling is not computed");
    err_got(e, "%s", jv_text(type) ? jv_text(type) : "an object without a type");
    err_expected(e, "default, or no scaling");
    read_elsewhere(e);
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

    c->sliding_window = 0;
    if (f->window_must_be_used && use.value)
        rc = cursor_flag(&use, &used, e);
    if (rc < 0 || f->usual.sliding_window == 0)
        return rc;
    if (used && f->window_must_be_used)
        return refuse(&use, "a sliding window in some layers only", e);
    if (!used || (window.value && jv_is_null(window.value)))
        return 0;
    c->sliding_window = f->usual.sliding_window;
    return read_section(section, fields, c, e);
}

/* What follows from other sizes where it is not said. */
static int read_heads(const struct cursor *section, const struct text_family *f,
                      struct text_config *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "num_key_value_heads", FIELD_NULLABLE,
          FIELD_UINT32(struct text_config, kv_heads, 1, SIDE_MAX) },
        { "head_dim", FIELD_NULLABLE, FIELD_UINT32(struct text_config, head_dim, 1, SIDE_MAX) },
        { 0 },
    };
    struct cursor kv_heads = cursor_member(section, "num_key_value_heads");

    c->kv_heads = f->usual.kv_heads && !jv_is_null(kv_heads.value) ? f->usual.kv_heads : c->heads;
    c->head_dim = f->usual.head_dim ? f->usual.head_dim : c->hidden / c->heads;
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

static uint32_t sections_of(const struct text_config *c)
{
    return c->rope_sections[0] + c->rope_sections[1] + c->rope_sections[2];
}

static int check_text(const struct cursor *section, const struct text_config *c, struct err *e)
{
    const struct refusal refusals[] = {
        { c->act != ACT_SILU, "hidden_act", "a text model with another activation than silu" },
        { c->heads % c->kv_heads != 0, "num_key_value_heads",
          "a number of heads that the key-value heads do not divide" },
        { c->head_dim == 0 || c->head_dim % 2 != 0, "head_dim", "an odd head dimension" },
        { c->rope_sections[0] > 0 && sections_of(c) != c->head_dim / 2, "head_dim",
          "sections of mrope_section that are not the pairs of a head" },
    };

    return check_refusals(section, refusals, COUNT(refusals), e);
}

int read_text(const struct cursor *section, const char *const *types, struct text_config *c,
              struct err *e)
{
    static const struct cursor_field fields[] = {
        { SIZE("hidden_size", struct text_config, hidden, SIDE_MAX) },
        { SIZE("intermediate_size", struct text_config, intermediate, SIDE_MAX) },
        { SIZE("num_hidden_layers", struct text_config, layers, LAYERS_MAX) },
        { SIZE("num_attention_heads", struct text_config, heads, SIDE_MAX) },
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
    int rc = find_family(section, types, &f, e);

    if (rc < 0)
        return rc;
    *c = f->usual;
    if ((rc = read_section(section, fields, c, e)) < 0 || (rc = read_heads(section, f, c, e)) < 0 ||
        (rc = read_biases(section, f, c, e)) < 0 ||
        (rc = read_rope_object(&parameters, c, e)) < 0 ||
        (rc = read_rope_object(&scaling, c, e)) < 0 || (rc = read_window(section, f, c, e)) < 0)
        return rc;
    return check_text(section, c, e);
}
