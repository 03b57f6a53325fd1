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
#include "label/label.h"

enum {
    TOKEN_LETTERS = 2, /* where they begin among the words */
    TOKEN_FORMS = 6,   /* of a word: three ways of writing, with a space in front or not */
    TOKEN_WORDS = TOKEN_LETTERS + 26, /* no, yes, the letters */
};

struct token_ids {
    bool yesno;     /* the task has such questions */
    size_t letters; /* of its longest list of options */
    bool known;
    struct token_word {
        int64_t ids[TOKEN_FORMS];
        size_t n;
    } words[TOKEN_WORDS];
};

/* Those that the task's questions want; nothing is known of them yet. */
void token_ids_init(struct token_ids *out, const struct task *t);
/* The requests that are still to be asked for them. */
size_t token_ids_requests(const struct token_ids *ids);

/* Asks the server, while nothing is in flight, again where it is busy or breaks. A form of several
 * tokens has none. *used grows; once it has `most` requests (0: no limit) nothing is asked again.
 */
int token_ids_ask(struct token_ids *ids, struct exchange *x, const struct annotator *a,
                  uint64_t most, struct label_usage *used, struct err *e);

#endif
