/* SPDX-License-Identifier: MIT
 *
 * token_ids.h - which tokens of a server's model are forms of the answers. Private to label/.
 *
 * POST /tokenize at the server's root, beside /v1, as vLLM has it (0.33,
 * entrypoints/serve/tokenize).
 */
#ifndef ASSENT_LABEL_TOKEN_IDS_H
#define ASSENT_LABEL_TOKEN_IDS_H

#include "label/asked.h"
#include "label/http/exchange.h"

enum {
    TOKEN_LETTERS = 2, /* where they begin among the words */
    TOKEN_FORMS = 6,   /* of a word: three ways of writing, with a space in front or not */
    TOKEN_WORDS = TOKEN_LETTERS + 26, /* no, yes, the letters */
};

struct token_ids {
    bool known;
    struct token_word {
        int64_t ids[TOKEN_FORMS];
        size_t n;
    } words[TOKEN_WORDS];
};

/* Asks the server, while nothing is in flight. A form of several tokens has none. */
int token_ids_ask(struct token_ids *out, struct exchange *x, const char *model, struct err *e);

#endif
