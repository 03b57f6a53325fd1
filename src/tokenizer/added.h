/* SPDX-License-Identifier: MIT
 *
 * added.h - added tokens, which cut a text before all else (added.c). Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_ADDED_H
#define ASSENT_TOKENIZER_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "tokenizer/regex.h"

struct added {
    const char *text, *pattern; /* the pattern is the text, normalised where it must be */
    size_t len, pattern_len;
    uint32_t id;
    bool single_word, lstrip, rstrip, normalized, special;
};

struct added_set {             /* which patterns are looked for together */
    const struct added **list; /* sorted by pattern, each once */
    size_t n;
    bool begins[256]; /* does a pattern begin with this byte? */
};

struct cut {
    size_t start, len;
    const struct added *token; /* NULL: text between them */
};

struct cuts {
    struct cut *list;
    size_t n, cap;
};

/* Takes the n tokens with a pattern that choose() accepts, the special ones first. */
int added_set_make(struct added_set *s, const struct added *tokens, size_t n,
                   bool (*choose)(const struct added *), struct arena *a, struct err *e);
/* The longest token whose pattern is at text, or NULL. */
const struct added *added_at(const struct added_set *s, const char *text, size_t len);
/* Cuts text into added tokens and what is between them. `word` matches a character of a word. */
int added_cut(const struct added_set *s, const struct regex *word, const char *text, size_t len,
              struct cuts *out, struct err *e);

#endif
