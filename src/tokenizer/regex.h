/* SPDX-License-Identifier: MIT
 *
 * regex.h - regular expressions, as Oniguruma reads them (regex.c). Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_REGEX_H
#define ASSENT_TOKENIZER_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct regex;

/* `literal` is a text to be found as it is. */
int regex_new(struct regex **out, const char *pattern, bool literal, struct err *e);
void regex_free(struct regex *r);

/* Cuts text[0..len) into the matches and what is between them, in order. Stops where cut does not
 * return 0, with that. Valid UTF-8 only. */
typedef int regex_cut_fn(void *data, size_t start, size_t end, bool match, struct err *e);
int regex_cut(const struct regex *r, const char *text, size_t len, regex_cut_fn *cut, void *data,
              struct err *e);

extern const char regex_gpt2[], regex_word[], regex_digit[];

#endif
