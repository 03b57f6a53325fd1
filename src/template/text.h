/* SPDX-License-Identifier: MIT
 *
 * text.h - pieces of text: UTF-8, blanks, quoting, escapes (text.c). All of it is valid UTF-8.
 * Private to template/.
 */
#ifndef ASSENT_TEMPLATE_TEXT_H
#define ASSENT_TEMPLATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct span {
    const char *text;
    size_t len;
};

#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

/* For "%.*s" in messages. */
#define SHOWN(span) (int)((span).len < 100 ? (span).len : 100), (span).text

bool span_is(struct span s, const char *text);
bool span_equal(struct span a, struct span b);

size_t utf8_count(struct span s);
size_t utf8_offset(struct span s, size_t character); /* bytes before it */
bool code_is_blank(uint32_t code);                   /* str.isspace() of Python */
bool span_is_ascii(struct span s);
bool span_is_blank(struct span s);  /* not empty, and nothing but blanks */
size_t span_leading(struct span s); /* bytes of blanks it begins with */
/* Without the characters in `set` (NULL: blanks) at its ends. */
struct span span_strip(struct span s, const struct span *set, bool left, bool right);
/* The text quoted as Python's repr does. False for letters beyond ASCII: which of them print needs
 * a table. */
bool span_repr(struct buf *b, struct span s);
void span_json(struct buf *b, struct span s);
/* Escapes undone as Python's unicode_escape does, into at most s.len bytes. Returns what is wrong,
 * or NULL. */
const char *span_unescape(struct span s, char *out, size_t *len);

#endif
