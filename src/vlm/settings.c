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
    MEMBER("hidden_size", WHOLE, tower_config, hidden),
    MEMBER("intermediate_size", WHOLE, tower_config, intermediate),
    MEMBER("num_hidden_layers", WHOLE, tower_config, layers),
    MEMBER("num_attention_heads", WHOLE, tower_config, heads),
    MEMBER("image_size", WHOLE, tower_config, image_size),
    MEMBER("patch_size", WHOLE, tower_config, patch),
    MEMBER("layer_norm_eps", REAL, tower_config, eps),
    MEMBER("hidden_act", WORD, tower_config, act),
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
    MEMBER("vision_feature_layer", WHOLE, model_config, vision.blocks),
    MEMBER("image_token_id", WHOLE, model_config, image_token),
    { 0 },
};

static const struct member of_prep[] = {
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

static struct json_t *three_json(const float x[3])
{
    return jv_pack("[f, f, f]", (double)x[0], (double)x[1], (double)x[2]);
}

static struct json_t *prep_json(const struct model_config *c)
{
    struct json_t *out = members_json(of_prep, &c->prep);

    if (out && jv_set(out, "image_mean", three_json(c->prep.mean)) &&
        jv_set(out, "image_std", three_json(c->prep.std)))
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
    struct json_t *model = members_json(of_model, c), *prep = prep_json(c);

    if (!model || !prep || (c->family->settings && !c->family->settings(c, model, prep))) {
        jv_free(model);
        jv_free(prep);
        return NULL;
    }
    return jv_pack("{s:s, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o}", "family", c->text.family,
                   "dtype", precision_name(v->ops->precision), "prompt", v->prompt, "chat_template",
                   v->prompt ? NULL : v->template_sha256, "tokens", tokens_json(v), "model", model,
                   "vision_config", members_json(of_vision, &c->vision), "text_config",
                   members_json(of_text, &c->text), "preparation", prep);
}
