/* SPDX-License-Identifier: MIT
 *
 * llava.h - what LLaVA-1.5, LLaVA-NeXT and LLaVA-OneVision share: hidden states of a CLIP or SigLIP
 * tower, an MLP, and the rows of a canvas's map with a newline behind each. Private to vlm/.
 */
#ifndef ASSENT_VLM_LLAVA_H
#define ASSENT_VLM_LLAVA_H

#include "vlm/families/family.h"

/* Where config.json is silent. */
struct llava_usual {
    const char *tower;        /* vision_config.model_type */
    const char *const *texts; /* text_config.model_type: the first of those that are read */
    int32_t layer;            /* vision_feature_layer */
    bool full;                /* vision_feature_select_strategy */
    uint32_t image_token;
};

int llava_read(struct model_config *c, const struct cursor *top, const struct llava_usual *usual,
               struct err *e);

/* For those that cut canvases into tiles: config.json's, then the image processor's, which must be
 * the same. */
int llava_read_canvases(struct model_config *c, const struct cursor *top,
                        const struct pinpoints *usual, struct err *e);
int llava_check_canvases(const struct model_config *c, const struct cursor *object,
                         const struct pinpoints *usual, struct err *e);
/* Leaves the canvases of at most as many tiles as were chosen, the whole picture being one. */
int llava_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e);
struct vlm_pictures llava_chosen(const struct model_config *c);

bool llava_settings(const struct model_config *c, struct json_t *model, struct json_t *prep);

/* vision_tower.*, multi_modal_projector.*, and image_newline where rows end. */
void llava_bind(struct binder *b);
void llava_bind_newline(struct binder *b);

/* Rows of a picture that the projector is given. */
size_t llava_rows(const struct model_config *c);
/* What follows from the canvas and how its map is packed. */
void llava_fill_layout(struct layout *out, const struct model_config *c,
                       const struct llava_layout *l);

int llava_encode(struct features *out, const struct pass *p, const struct layout *l,
                 const float *pixels, struct err *e);
size_t llava_encode_bytes(const struct pass *p, const struct layout *l);
double llava_connector_flop(const struct model_config *c, const struct layout *l);

#endif
