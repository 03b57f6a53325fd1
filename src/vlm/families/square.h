/* SPDX-License-Identifier: MIT
 *
 * square.h - what the families share whose towers (CLIP, SigLIP) see square pictures of one size,
 * one by one. Private to vlm/.
 */
#ifndef ASSENT_VLM_SQUARE_H
#define ASSENT_VLM_SQUARE_H

#include "vlm/families/family.h"

/* {"shortest_edge": 336}, {"height": 336, "width": 336} or 336, all meaning the picture's side. */
int check_side(const struct cursor *object, const char *key, uint32_t tile, struct err *e);

/* vision_tower.*; the last norm is there whether it is applied or not. */
void take_square_tower(struct binder *b);

/* The rows of pixels [l->pictures, 3, side, side], with class tokens where the tower has them.
 * Release *out. */
int square_encode(struct tensor *out, const struct pass *p, const struct layout *l,
                  const float *pixels, struct err *e);
/* The same, with copies of the rows behind some of the tower's blocks (struct tower_input). */
struct square_rows {
    struct tensor last;
    const uint32_t *tap_blocks;
    struct tensor *tapped;
    size_t n_taps;
};
int square_encode_tapped(struct square_rows *out, const struct pass *p, const struct layout *l,
                         const float *pixels, struct err *e);
/* Without the copies. */
size_t square_encode_bytes(const struct pass *p, const struct layout *l);

/* The connector's rows of square_encode's rows, shuffled. Stage "vision" of the trace is what
 * stands before the shuffle, or behind it, as transformers' modules have it. */
struct square_pictures {
    const struct layout *layout;
    const float *pixels;
    uint32_t scale;
    bool trace_squares; /* behind it */
};
int square_encode_shuffled(struct features *out, const struct pass *p,
                           const struct square_pictures *s, struct err *e);
size_t square_encode_shuffled_bytes(const struct pass *p, const struct layout *l, uint32_t scale);

/* Of what the user may choose, tiles alone. */
int check_tiles_chosen(const struct vlm_pictures *chosen, struct err *e);

#endif
