/* SPDX-License-Identifier: MIT
 *
 * bpe.h - the model: pieces to ids (bpe.c), and its vocabulary and merges read (bpe_read.c).
 * Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_BPE_H
#define ASSENT_TOKENIZER_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "tokenizer/tokenizer.h"

enum { TOKEN_IDS_MAX = 1 << 22 }; /* the largest vocabularies have 2^18 */

enum { UNKNOWN_NONE, UNKNOWN_KNOWN, UNKNOWN_MISSING }; /* is the unknown token in the vocabulary? */

#define NO_BYTE UINT32_MAX

struct merge {
    uint64_t pair; /* left id << 32 | right id */
    uint32_t rank, id;
};

struct bpe {
    struct map *vocab;   /* token -> id; without the added tokens that are not in it */
    const char **tokens; /* by id, added tokens too; NULL where there is none */
    size_t n_ids, cap_ids;
    struct merge *merges; /* sorted by pair */
    size_t n_merges, cap_merges;
    const char *unknown_name;
    uint32_t unknown_id;
    int unknown;
    bool fuse_unknown, byte_fallback, ignore_merges;
    uint32_t bytes[256]; /* <0x00> .. <0xFF>; NO_BYTE where there is none */
};

struct bpe_scratch { /* of bpe_encode: zero-initialise, bpe_scratch_release */
    struct symbol *symbols;
    size_t n, cap;
    struct candidate *heap;
    size_t n_heap, cap_heap;
};

int bpe_read(struct bpe *b, const struct cursor *model, struct arena *a, struct err *e);
void bpe_release(struct bpe *b);
/* Gives an id its text, which must stay. */
int bpe_name(struct bpe *b, uint32_t id, const char *token, struct err *e);
bool bpe_id(const struct bpe *b, const char *token, size_t len, uint32_t *id);
/* Appends the ids of one piece. */
int bpe_encode(const struct bpe *b, const char *text, size_t len, struct bpe_scratch *w,
               struct token_ids *out, struct err *e);
void bpe_scratch_release(struct bpe_scratch *w);
int token_ids_add(struct token_ids *ids, uint32_t id, struct err *e);

#endif
