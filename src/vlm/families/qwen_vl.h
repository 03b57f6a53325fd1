/* SPDX-License-Identifier: MIT
 *
 * qwen_vl.h - what the vision-language models of Qwen share: pictures of any size, resized to whole
 * blocks of patches within two limits, and image tokens that have a row and a column. Private to
 * vlm/.
 *
 * Patches stand in the order of their blocks: those of a block, which become one token, follow each
 * other.
 */
#ifndef ASSENT_VLM_QWEN_VL_H
#define ASSENT_VLM_QWEN_VL_H

#include "vlm/families/family.h"

/* ---- config.json and the image processor ---- */

/* vision_config: of one of the types, which end in NULL. c->vision and c->qwen hold the defaults.
 * The widths' keys differ: fields of *c, qwen_widths for most. */
extern const struct cursor_field qwen_widths[];
int qwen_read_tower(struct model_config *c, const struct cursor *section, const char *const *types,
                    const struct cursor_field *widths, struct err *e);
/* Once the text model is known: its rows are as wide as the tower's. */
int qwen_check_width(const struct cursor *section, const char *key, const struct model_config *c,
                     struct err *e);
/* A list of blocks of the tower, rising. */
int qwen_read_blocks(struct block_list *out, const struct cursor *section, const char *key,
                     uint32_t blocks, struct err *e);
int qwen_read_prep(struct model_config *c, const struct cursor *object, struct err *e);
int qwen_choose(struct model_config *c, const struct vlm_pictures *chosen, struct err *e);
struct vlm_pictures qwen_chosen(const struct model_config *c);
struct json_t *qwen_blocks_json(const struct block_list *list); /* NULL without memory */
bool qwen_settings(const struct model_config *c, struct json_t *model, struct json_t *prep);

/* ---- a picture ---- */

size_t qwen_least_tokens(const struct model_config *c);
int qwen_layout(struct layout *out, const struct model_config *c, uint32_t width, uint32_t height,
                struct err *e);
int qwen_pixels(float **out, const struct model_config *c, const struct layout *l,
                const struct image *image, struct err *e);

struct patch_place {
    uint32_t row, col;
};
struct patch_place qwen_patch(const struct layout *l, size_t i); /* of the i-th patch */

/* ---- the tower ---- */

/* NAME.weight of a convolution over frames, a still picture being twice the same one. */
struct matrix qwen_take_patches(struct binder *b, const char *name);
/* Each patch's numbers of one frame. Release *out. */
int qwen_patches(struct tensor *out, const struct pass *p, const struct layout *l,
                 const float *pixels, struct err *e);
/* Half a head turns by the row, the other half by the column. */
int qwen_angles(struct angles *out, const struct pass *p, const struct layout *l, struct err *e);
/* Rows of a tower, a block's patches as one row, through a connector. Release *out. */
int qwen_merge(struct tensor *out, const struct pass *p, const struct connector *c,
               struct tensor rows, struct err *e);

/* Of the mergers, deep ones included. */
double qwen_connector_flop(const struct model_config *c, const struct layout *l);

/* ---- the language model ---- */

int qwen_place(struct places *out, const struct model_config *c, const struct tree *t,
               const struct layout *l, struct err *e);

#endif
