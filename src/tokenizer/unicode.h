/* SPDX-License-Identifier: MIT
 *
 * unicode.h - what the tables of Unicode say of a text (unicode.c). Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_UNICODE_H
#define ASSENT_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* Unicode's White_Space. */
bool unicode_is_space(uint32_t c);
/* Where the last character before text + len begins. */
size_t unicode_before(const char *text, size_t len);
/* Adds text in normal form C to out. */
int unicode_nfc(const char *text, size_t len, struct buf *out, struct err *e);

#endif
