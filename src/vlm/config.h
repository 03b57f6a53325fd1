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
#include "vlm/ops/ops.h"

struct family;

struct tower_config { /* the vision transformer */
    uint32_t hidden, intermediate, layers, heads;
    uint32_t image_size; /* side of a picture in pixels; 0: any */
    uint32_t patch, channels;
    double eps; /* of every norm */
    enum activation act;
    uint32_t blocks; /* that run, of `layers` */
    bool class_token, patch_bias;
    bool pre_norm, post_norm; /* that are applied */
    bool rms;                 /* RMSNorm in the place of LayerNorm, in the blocks */
    bool gated;               /* the MLP: act(gate) * up */
    double qk_eps;            /* of an RMSNorm over a row's whole q, and k; 0: none */
};

enum { ROPE_AXES = 3 };

struct text_config {
    const char *family; /* "llama", "mistral", "qwen2" */
    uint32_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocab, max_positions;
    uint32_t sliding_window; /* tokens that a token sees, itself among them; 0: all before it */
    double eps;              /* of every RMSNorm */
    double rope_theta;
    uint32_t rope_sections[ROPE_AXES]; /* pairs of each axis, or the first is 0: one axis */
    bool rope_interleaved;             /* the axes take turns, pair by pair */
    enum activation act;               /* of the MLP */
    bool qkv_bias, o_bias, mlp_bias;
    bool qk_norm; /* RMSNorm over each head of q and k */
};

enum { WEIGHTS_FILE_MAX = 128, PINPOINTS_MAX = 64 };

struct pinpoint { /* a canvas that an image may be laid on, in pixels */
    uint32_t height, width;
};

struct pinpoints {
    struct pinpoint points[PINPOINTS_MAX];
    size_t n;
};

struct prep_config {  /* what all image processors have */
    const char *file; /* that says so */
    float mean[3], std[3];
    double rescale;
};

enum { LLAVA_LAYERS_MAX = 8 };

struct llava_config { /* families/llava.h */
    /* The hidden states that stand side by side: each of so many blocks. */
    uint32_t layers[LLAVA_LAYERS_MAX];
    size_t n_layers;
    uint32_t skipped; /* rows of each picture, in front */
    struct pinpoints pinpoints;
    uint32_t map_tiles;   /* whose patches a map may have before it is made smaller */
    struct cut_rule {     /* where there are no pinpoints */
        bool pads;        /* to a square, first */
        uint32_t shorter; /* what the shorter side becomes, in pixels; 0: both become the tower's */
    } cut;
};

enum { LISTED_BLOCKS_MAX = 8 };

struct block_list { /* of a tower's blocks, rising */
    uint32_t at[LISTED_BLOCKS_MAX];
    size_t n;
};

struct qwen_config {                 /* families/qwen_vl.h */
    uint32_t merge;                  /* patches along a side of the block that is a token */
    uint32_t frames;                 /* of a video that make a patch */
    uint32_t position_side;          /* of the square that the learned positions are */
    uint32_t out_hidden;             /* of what the tower gives the language model */
    double tower_theta;              /* of the rotary positions in the tower */
    struct block_list deep;          /* whose rows go to the first decoder layers */
    uint32_t window;                 /* tokens along a side of what most blocks see; 0: all */
    struct block_list full;          /* that see all even so */
    uint64_t min_pixels, max_pixels; /* of a resized picture */
};

struct idefics_config { /* families/idefics.c */
    uint32_t scale;     /* patches along a side of the square that is a token */
    uint32_t longest;   /* edge of the picture that is cut, in pixels */
    bool split;         /* into tiles; or the whole picture is the only one */
};

struct internvl_config {   /* families/internvl.c */
    uint32_t fewest, most; /* tiles before the whole picture */
    bool qkv_bias;         /* in the tower */
};

struct model_config {
    const struct family *family;
    struct tower_config vision;
    struct text_config text;
    struct prep_config prep;
    uint32_t image_token;
    enum activation projector_act;
    bool projector_bias;
    bool tied;                           /* lm_head is embed_tokens, unless the weights have one */
    char weights_file[WEIGHTS_FILE_MAX]; /* that config.json names; "": the usual one */
    union {
        struct llava_config llava;
        struct qwen_config qwen;
        struct idefics_config idefics;
        struct internvl_config internvl;
    };
};

/* Reads DIR/config.json, then image_processor of DIR/processor_config.json or
 * DIR/preprocessor_config.json, and checks that they fit each other. */
int config_load(struct model_config *out, const char *dir, struct err *e);

/* Their texts alone, in this order. */
int config_parse(struct model_config *out, const char *name, const char *text, size_t len,
                 struct err *e);
int prep_config_parse(struct model_config *c, const char *name, const char *text, size_t len,
                      struct err *e);

/* Patches along the side of a tower's picture. */
static inline uint32_t config_grid(const struct model_config *c)
{
    return c->vision.image_size / c->vision.patch;
}

#endif
