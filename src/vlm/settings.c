/* SPDX-License-Identifier: MIT
 *
 * settings.c - what a model computes with, beside its weights and tokenizer: the values in effect,
 * defaults filled in, under the names that its files give them.
 */
#include <string.h>

#include "vlm/engine.h"

enum member_kind { WHOLE, REAL, FLAG, WORD };

struct member {
    const char *key;
    enum member_kind kind;
    size_t at;
};

#define MEMBER(key, kind, type, member)          \
    {                                            \
        key, kind, offsetof(struct type, member) \
    }

static const struct member of_vision[] = {
    MEMBER("hidden_size", WHOLE, vision_config, hidden),
    MEMBER("intermediate_size", WHOLE, vision_config, intermediate),
    MEMBER("num_hidden_layers", WHOLE, vision_config, layers),
    MEMBER("num_attention_heads", WHOLE, vision_config, heads),
    MEMBER("image_size", WHOLE, vision_config, image_size),
    MEMBER("patch_size", WHOLE, vision_config, patch),
    MEMBER("layer_norm_eps", REAL, vision_config, eps),
    MEMBER("hidden_act", WORD, vision_config, act),
    { 0 },
};

static const struct member of_text[] = {
    MEMBER("hidden_size", WHOLE, text_config, hidden),
    MEMBER("intermediate_size", WHOLE, text_config, intermediate),
    MEMBER("num_hidden_layers", WHOLE, text_config, layers),
    MEMBER("num_attention_heads", WHOLE, text_config, heads),
    MEMBER("num_key_value_heads", WHOLE, text_config, kv_heads),
    MEMBER("head_dim", WHOLE, text_config, head_dim),
    MEMBER("vocab_size", WHOLE, text_config, vocab),
    MEMBER("max_position_embeddings", WHOLE, text_config, max_positions),
    MEMBER("sliding_window", WHOLE, text_config, sliding_window),
    MEMBER("rms_norm_eps", REAL, text_config, eps),
    MEMBER("rope_theta", REAL, text_config, rope_theta),
    MEMBER("hidden_act", WORD, text_config, act),
    MEMBER("attention_bias", FLAG, text_config, qkv_bias),
    MEMBER("o_bias", FLAG, text_config, o_bias),
    MEMBER("mlp_bias", FLAG, text_config, mlp_bias),
    { 0 },
};

/* Whether lm_head is tied follows from the weights: they have one, or not. */
static const struct member of_model[] = {
    MEMBER("vision_feature_layer", WHOLE, model_config, vision_blocks),
    MEMBER("image_token_id", WHOLE, model_config, image_token),
    MEMBER("projector_hidden_act", WORD, model_config, projector_act),
    MEMBER("multimodal_projector_bias", FLAG, model_config, projector_bias),
    { 0 },
};

static const struct member of_prep[] = {
    MEMBER("size", WHOLE, prep_config, tile),
    MEMBER("rescale_factor", REAL, prep_config, rescale),
    { 0 },
};

static struct json_t *member_json(const struct member *m, const void *object)
{
    const void *value = (const char *)object + m->at;

    switch (m->kind) {
    case WHOLE: return jv_pack("I", (long long)*(const uint32_t *)value);
    case REAL: return jv_real(*(const double *)value);
    case FLAG: return jv_pack("b", (int)*(const bool *)value);
    case WORD: break;
    }
    return jv_pack("s", activation_name(*(const enum activation *)value));
}

/* NULL without memory, as everything here. */
static struct json_t *members_json(const struct member *list, const void *object)
{
    struct json_t *out = jv_pack("{}");

    for (size_t i = 0; out && list[i].key; i++)
        if (!jv_set(out, list[i].key, member_json(&list[i], object))) {
            jv_free(out);
            return NULL;
        }
    return out;
}

static struct json_t *pinpoints_json(const struct prep_config *p)
{
    struct json_t *out = jv_array();

    for (size_t i = 0; out && i < p->n_pinpoints; i++)
        if (!jv_append(
                out, jv_pack("[i, i]", (int)p->pinpoints[i].height, (int)p->pinpoints[i].width))) {
            jv_free(out);
            return NULL;
        }
    return out;
}

static struct json_t *three_json(const float x[3])
{
    return jv_pack("[f, f, f]", (double)x[0], (double)x[1], (double)x[2]);
}

static struct json_t *prep_json(const struct prep_config *p)
{
    struct json_t *out = members_json(of_prep, p);

    if (out && jv_set(out, "image_mean", three_json(p->mean)) &&
        jv_set(out, "image_std", three_json(p->std)) &&
        jv_set(out, "image_grid_pinpoints", pinpoints_json(p)))
        return out;
    jv_free(out);
    return NULL;
}

static struct json_t *tokens_json(const struct vlm *v)
{
    return jv_pack("{s:s?, s:s?, s:o}", "bos_token", v->bos, "eos_token", v->eos, "eos_token_id",
                   v->has_eos ? jv_pack("I", (long long)v->eos_id) : jv_pack("n"));
}

struct json_t *vlm_settings(const struct vlm *v)
{
    const struct model_config *c = &v->model->config;

    return jv_pack("{s:s, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o}", "family", c->text.family,
                   "dtype", precision_name(v->ops->precision), "prompt", v->prompt, "chat_template",
                   v->prompt ? NULL : v->template_sha256, "tokens", tokens_json(v), "model",
                   members_json(of_model, c), "vision_config", members_json(of_vision, &c->vision),
                   "text_config", members_json(of_text, &c->text), "preparation",
                   prep_json(&v->model->prep));
}
