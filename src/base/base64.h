/* SPDX-License-Identifier: MIT
 *
 * base64.h - bytes as text (RFC 4648, section 4), read strictly.
 */
#ifndef ASSENT_BASE_BASE64_H
#define ASSENT_BASE_BASE64_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* The bytes of text[0..len), in which white space does not count; free(*out). ERR_FORMAT: it is no
 * base64, or ends early. */
int base64_decode(const char *text, size_t len, void **out, size_t *n, struct err *e);

/* Adds the text of bytes[0..n) to out, without line ends. */
void base64_encode(const void *bytes, size_t n, struct buf *out);

#endif
