/* SPDX-License-Identifier: MIT
 *
 * tree.h - all prompts of one image as one token trie. Private to vlm/.
 *
 * Prompts that begin with the same tokens share them. Tokens are laid out in depth-first order, so
 * that the descendants of a token are the tokens right behind it; a token's position is its depth,
 * and it sees exactly its ancestors and itself: what it would see alone. Attention is said in
 * ranges, never as a dense mask:
 *
 *     segment:  a run of tokens without a fork, [first, end); its descendants are [end, below)
 *     - every token in [end, below) sees all of the segment,
 *     - a token in it sees the segment from first to itself.
 */
#ifndef ASSENT_VLM_TREE_H
#define ASSENT_VLM_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { TREE_TOKENS_MAX = 1 << 22 };
#define TREE_ROOT UINT32_MAX

struct tree_segment {
    uint32_t first, end; /* its tokens */
    uint32_t below;      /* the end of its descendants */
};

struct tree {
    size_t n; /* tokens */
    uint32_t *ids;
    uint32_t *depth;               /* the position of a token */
    uint32_t *parent;              /* the token before it on its path; TREE_ROOT for the first */
    struct tree_segment *segments; /* by first token */
    size_t n_segments;
    uint32_t height; /* the largest depth, and one */
    uint32_t *ends;  /* of each prompt: its last token */
    size_t n_prompts;
};

struct prompt { /* one sequence of tokens, borrowed */
    const uint32_t *ids;
    size_t n; /* at least 1 */
};

int tree_build(struct tree *out, const struct prompt *prompts, size_t n, struct err *e);
/* Several, one behind the other: no token of one sees another's. */
int tree_join(struct tree *out, const struct tree *trees, size_t n, struct err *e);
size_t tree_bytes(const struct tree *t); /* of memory */
void tree_release(struct tree *t);       /* zeroed is fine */

#endif
