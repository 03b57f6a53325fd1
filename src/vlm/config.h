/* SPDX-License-Identifier: MIT
 *
 * config.h - what a model's folder says of itself: config.json and the image processor's
 * settings. Private to vlm/.
 *
 * An absent key is the default of its class in transformers, which differs between classes; null is
 * not absent. A model that is not run here is refused by name.
 */
#ifndef ASSENT_VLM_CONFIG_H
#define ASSENT_VLM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum activation { ACT_GELU, ACT_QUICK_GELU, ACT_GELU_TANH, ACT_SILU, ACT_RELU };

const char *activation_name(enum activation a); /* as config.json has it */

struct vision_config { /* CLIPVisionConfig */
    uint32_t hidden, intermediate, layers, heads;
    uint32_t image_size, patch, channels;
    double eps; /* of every LayerNorm */
    enum activation act;
};

struct text_config {
    const char *family; /* "llama", "mistral", "qwen2" */
    uint32_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocab, max_positions;
    uint32_t sliding_window; /* tokens that a token sees, itself among them; 0: all before it */
    double eps;              /* of every RMSNorm */
    double rope_theta;
    enum activation act; /* of the MLP */
    bool qkv_bias, o_bias, mlp_bias;
};

enum { PINPOINTS_MAX = 64, WEIGHTS_FILE_MAX = 128 };

struct pinpoint { /* a canvas that an image may be laid on, in pixels */
    uint32_t height, width;
};

struct model_config {
    struct vision_config vision;
    struct text_config text;
    uint32_t vision_blocks; /* how many blocks run: vision_feature_layer counted from the front */
    uint32_t image_token;
    enum activation projector_act;
    bool projector_bias;
    bool tied; /* lm_head is embed_tokens, unless the weights have one */
    struct pinpoint pinpoints[PINPOINTS_MAX];
    size_t n_pinpoints;
    char weights_file[WEIGHTS_FILE_MAX]; /* that config.json names; "": the usual one */
};

struct prep_config {
    const char *file; /* that says so */
    uint32_t tile;    /* side, in pixels */
    float mean[3], std[3];
    double rescale;
    struct pinpoint pinpoints[PINPOINTS_MAX];
    size_t n_pinpoints;
};

/* Reads DIR/config.json. */
int config_load(struct model_config *out, const char *dir, struct err *e);
int config_parse(struct model_config *out, const char *name, const char *text, size_t len,
                 struct err *e);

/* Reads image_processor of DIR/processor_config.json, or DIR/preprocessor_config.json, and checks
 * that it fits the model. */
int prep_config_load(struct prep_config *out, const struct model_config *model, const char *dir,
                     struct err *e);
int prep_config_parse(struct prep_config *out, const struct model_config *model, const char *name,
                      const char *text, size_t len, struct err *e);

/* Patches along a tile's side, tokens of a tile before and after the class token is dropped. */
static inline uint32_t config_grid(const struct model_config *c)
{
    return c->vision.image_size / c->vision.patch;
}

#endif
