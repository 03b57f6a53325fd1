/* SPDX-License-Identifier: MIT
 *
 * family.h - what a family of models says of itself: names, numbers and pictures. The passes
 * (tower.h, decoder.c) are shared and know no family. Private to vlm/.
 *
 * A family is a file beside this one and a line in config.c's list. Its functions are called in the
 * order in which they stand here.
 */
#ifndef ASSENT_VLM_FAMILY_H
#define ASSENT_VLM_FAMILY_H

#include "image/image.h"
#include "vlm/bind.h"
#include "vlm/config.h"
#include "vlm/forward.h"
#include "vlm/model.h"
#include "vlm/vlm.h"

enum { PIXELS_RANK_MAX = 5 };

/* What follows from a picture's size alone, computed once: the text, the pixels, the features and
 * the positions cannot disagree. */
struct layout {
    size_t shape[PIXELS_RANK_MAX], rank; /* of pixel_values */
    struct pinpoint resized;             /* the picture, or its canvas: tiles are cut of that */
    size_t pictures;                     /* that the tower sees: tiles, or the one */
    size_t tower_rows;                   /* of all of them, class tokens included */
    size_t longest_span;                 /* rows that see each other in the tower, at the most */
    double tower_pairs; /* of rows that see each other, a block being one, over all blocks */
    size_t projected;   /* rows of the connector's first product */
    size_t tokens;      /* image tokens: rows of the features */
    union {
        struct llava_layout {           /* families/llava.h */
            struct canvas {             /* families/canvas.h; no tiles: none */
                struct pinpoint size;   /* pixels */
                uint32_t width, height; /* the image resized onto the canvas */
                uint32_t left, top;     /* its place there */
                uint32_t tiles_down, tiles_across;
                /* The map of the canvas's patches, and the part of it that shows the image. */
                uint32_t map_width, map_height;
                uint32_t first_row, rows, first_col, cols;
            } canvas;
            struct cut {         /* families/cut.h: where there is no canvas */
                uint32_t square; /* side of what the image is padded to first; 0: it is not */
                uint32_t width, height; /* resized */
                uint32_t left, top;     /* of the part that is kept */
            } cut;
            uint32_t rows, cols; /* of the map as it is packed, a newline behind each row */
        } llava;
        struct grid { /* families/qwen_vl.h: patches; a token's block has `merge` a side */
            uint32_t across, down, merge;
        } grid;
        struct splitting {                    /* families/idefics.c */
            struct pinpoint fitted, enlarged; /* the picture, resized twice */
            uint32_t rows, cols;              /* of tiles before the whole picture, or 0 */
        } splitting;
        struct tiling {          /* families/internvl.c */
            uint32_t rows, cols; /* of tiles; the whole picture follows where there are several */
        } tiling;
    };
};

struct family {
    const char *model_type, *architecture; /* as config.json has them */

    /* config.json, then the image processor's object. Everything that is not run is refused. */
    int (*read)(struct model_config *c, const struct cursor *top, struct err *e);
    int (*read_prep)(struct model_config *c, const struct cursor *object, struct err *e);
    /* What the user chose of how pictures are prepared, checked; NULL: the family has no choice. */
    int (*choose)(struct model_config *c, const struct vlm_pictures *chosen, struct err *e);
    /* Of what can be chosen, what is in effect; 0: it cannot. NULL as `choose` is. */
    struct vlm_pictures (*chosen)(const struct model_config *c);
    /* Adds to vlm_settings what only this family has. NULL: nothing. false without memory. */
    bool (*settings)(const struct model_config *c, struct json_t *model, struct json_t *prep);

    /* Takes the tower and what connects it; the language model is taken for all alike. */
    void (*bind)(struct binder *b);

    /* Image tokens that every picture has at least. */
    size_t (*least_tokens)(const struct model_config *c);
    int (*layout)(struct layout *out, const struct model_config *c, uint32_t width, uint32_t height,
                  struct err *e);
    /* The text that stands for the image's mark in a prompt. NULL: layout->tokens image tokens. */
    int (*image_text)(struct buf *out, const struct model_config *c, const struct layout *l);
    /* pixel_values, of layout->shape; free() it. */
    int (*pixels)(float **out, const struct model_config *c, const struct layout *l,
                  const struct image *image, struct err *e);
    /* Those to rows for the language model. Release with features_release. */
    int (*encode)(struct features *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e);
    /* The memory that takes at the most, beside its arguments. */
    size_t (*encode_bytes)(const struct pass *p, const struct layout *l);
    /* The positions of a tree's tokens, each in places->axis[0..3). NULL: their depth. */
    int (*place)(struct places *out, const struct model_config *c, const struct tree *t,
                 const struct layout *l, struct err *e);

    /* Products of what connects tower and language model, a multiply-add being 2. */
    double (*connector_flop)(const struct model_config *c, const struct layout *l);
};

extern const struct family llava_family, llava_next_family, llava_onevision_family;
extern const struct family qwen3_vl_family, qwen2_vl_family, qwen2_5_vl_family;
extern const struct family idefics3_family, smolvlm_family, internvl_family;

#endif
