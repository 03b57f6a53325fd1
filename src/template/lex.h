/* SPDX-License-Identifier: MIT
 *
 * lex.h - text to lexemes; whitespace control (lex.c). Private to template/.
 */
#ifndef ASSENT_TEMPLATE_LEX_H
#define ASSENT_TEMPLATE_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "template/text.h"

struct template;

enum lexeme_kind {
    LEX_END,
    LEX_DATA,
    LEX_PRINT,
    LEX_PRINT_END,
    LEX_BLOCK,
    LEX_BLOCK_END,
    LEX_NAME,
    LEX_TEXT,
    LEX_NUMBER,
    LEX_OPERATOR,
    LEX_KINDS
};

struct lexeme {
    enum lexeme_kind kind;
    uint32_t line;
    struct span text; /* the template's; of a LEX_TEXT with its escapes undone */
    int64_t number;
};

/* *out ends in LEX_END; free() it. */
int template_lex(struct template *t, const char *text, size_t len, struct lexeme **out,
                 struct err *e);

#endif
