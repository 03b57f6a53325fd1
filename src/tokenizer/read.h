/* SPDX-License-Identifier: MIT
 *
 * read.h - the whole tokenizer, and tokenizer.json read (read.c). Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_READ_H
#define ASSENT_TOKENIZER_READ_H

#include <stddef.h>

#include "base/base.h"
#include "tokenizer/added.h"
#include "tokenizer/bpe.h"
#include "tokenizer/regex.h"
#include "tokenizer/steps.h"
#include "tokenizer/tokenizer.h"

struct tokenizer {
    struct arena arena;
    struct steps normalizer, pre_tokenizer;
    struct bpe bpe;
    struct added *added;
    size_t n_added;
    struct added_set raw, normalized, special; /* looked for in the text, in the normalised text;
                                                * by their own text, for tokenizer_control_in */
    struct regex *word;                        /* NULL where no token is single_word */
    struct token_ids begin, end;               /* what the post-processor adds */
    const char *space;
};

int tokenizer_read(struct tokenizer *t, const struct cursor *top, struct err *e);

#endif
