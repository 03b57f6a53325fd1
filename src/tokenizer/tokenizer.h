/* SPDX-License-Identifier: MIT
 *
 * tokenizer.h - text to token ids, as tokenizer.json says: byte-level BPE (Llama 3, Qwen 2,
 * SmolLM2) and SentencePiece-style BPE with byte fallback (Llama 2, Mistral). Equal to the
 * `tokenizers` library.
 */
#ifndef ASSENT_TOKENIZER_H
#define ASSENT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct tokenizer;

enum { TOKENIZER_FILE_MAX = 256 << 20 };

/* Reads a tokenizer.json. A component that is not known (normalizer, pre-tokenizer, model,
 * post-processor, or an option of theirs) is refused by name. */
int tokenizer_open(struct tokenizer **out, const char *path, struct err *e);
/* The same from text; name stands for the file in messages. */
int tokenizer_parse(struct tokenizer **out, const char *name, const char *text, size_t len,
                    struct err *e);
/* The hash of what a tokenizer.json says, in whatever order and whichever of its forms it is
 * written. */
int tokenizer_digest(const char *path, char hex[SHA256_HEX], struct err *e);
void tokenizer_free(struct tokenizer *t); /* NULL is fine */

struct token_ids { /* grows; release with token_ids_release */
    uint32_t *ids;
    size_t n, cap;
};
void token_ids_release(struct token_ids *ids);

/* Appends the ids of UTF-8 text[0..len), added tokens recognised in it. With `ends`, also the
 * begin and end tokens that the post-processor adds to a text. */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t len, bool ends,
                     struct token_ids *out, struct err *e);

/* One more than the largest id. */
size_t tokenizer_size(const struct tokenizer *t);
/* The token of a string as the vocabulary writes it ("ĠYes", "▁Yes", "<image>"). */
bool tokenizer_id(const struct tokenizer *t, const char *token, uint32_t *id);
/* The string of an id as the vocabulary writes it, or NULL. The tokenizer's. */
const char *tokenizer_token(const struct tokenizer *t, uint32_t id);
/* What the token's text is, for people: bytes and space marks undone; not zero-ended UTF-8 is
 * replaced. free() it. NULL without memory. */
char *tokenizer_text(const struct tokenizer *t, uint32_t id);
/* How a space in front of a word is written in this vocabulary: "Ġ" or "▁". */
const char *tokenizer_space(const struct tokenizer *t);
/* *token: the first added token marked special whose text occurs in text[0..len), or NULL.
 * ERR_LIMIT where the text is too large once it is normalised, so that one cannot say. */
int tokenizer_control_in(const struct tokenizer *t, const char *text, size_t len,
                         const char **token, struct err *e);

#endif
