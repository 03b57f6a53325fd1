/* SPDX-License-Identifier: MIT
 *
 * text.h - names folded, compared and suggested; numbers parsed; UTF-8;
 * bytes from outside made printable.
 */
#ifndef ASSENT_BASE_TEXT_H
#define ASSENT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Replaces control characters by '?', in place. */
void text_printable(char *s);
/* Are there none? */
bool text_is_printable(const char *s);
/* Ends a text that was cut at cap bytes in "...", not inside a UTF-8 character. */
void text_ellipsis(char *s, size_t cap);
/* A NULL-safe string compare. */
bool text_equal(const char *a, const char *b);

/* Folds a name for matching: ASCII case, and '_', '-' and ' ' alike. Writes a zero-ended text of at
 * most cap - 1 bytes; returns false where the name is longer than that. */
bool text_fold(const char *name, char *out, size_t cap);
/* Do two names fold to the same? */
bool text_folds_to(const char *a, const char *b);

/* The name among n that is nearest to `name` by edit distance after folding (Levenshtein 1966, with
 * neighbours swapped counting one), or NULL where none is near: more than a third of it differs. */
const char *text_nearest(const char *name, const char *const names[], size_t n);

/* Whole numbers and reals: false unless all of s is one, in range. Reals must be finite. */
bool text_u64(const char *s, uint64_t max, uint64_t *out);
bool text_double(const char *s, double *out);

/* Is s[0..len) UTF-8 (Unicode 15, table 3-7)? *bad is the offset of the first byte that is not. */
bool text_utf8(const char *s, size_t len, size_t *bad);
/* The character that starts at s, which is valid UTF-8: its bytes, its code point. */
size_t text_utf8_size(const char *s);
uint32_t text_utf8_code(const char *s);
/* Writes a code point's UTF-8 into out and returns its bytes. */
size_t text_utf8_put(uint32_t code, char out[4]);

/* Adds valid UTF-8 to out in normal form C, in which characters that look alike are one. */
int text_nfc(const char *text, size_t len, struct buf *out, struct err *e);

/* The columns that valid UTF-8 takes on a terminal: two for a wide character, none for a mark. */
size_t text_width(const char *s);
size_t text_width_n(const char *s, size_t len);
/* The bytes of the longest beginning that takes at most so many columns. */
size_t text_bytes_of_width(const char *s, size_t width);

/* "3.25 MB", "421 GFLOP": a number with a unit and its SI prefix. Writes into out (at least 32
 * bytes) and returns it. */
const char *text_scaled(double x, const char *unit, char *out);

/* 12 345 678: digits in groups of three. Writes into out (at least 32 bytes) and returns it. */
const char *text_grouped(uint64_t n, char *out);

/* "1 image", "1 000 images": so many of what a regular noun names. Returns out. */
enum { TEXT_COUNT_MAX = 64 };
const char *text_count(uint64_t n, const char *noun, char out[TEXT_COUNT_MAX]);

#endif
