/* SPDX-License-Identifier: MIT
 *
 * json_write.h - JSON values made and printed. In json.c, as jansson is.
 */
#ifndef ASSENT_BASE_JSON_WRITE_H
#define ASSENT_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

/* Builds a value after a format as jansson's json_pack has it: {s:i, s:o, s:[ff]}, ... A NULL for
 * an 'o' makes the whole NULL, so that only the last value needs a check. */
struct json_t *jv_pack(const char *fmt, ...);
struct json_t *jv_real(double x); /* null where x is not finite: JSON has no NaN */
struct json_t *jv_array(void);
struct json_t *jv_texts(const char *const *texts, size_t n); /* an array of them */
/* Both take value over, and give false for NULL or no memory. */
bool jv_append(struct json_t *array, struct json_t *value);
bool jv_set(struct json_t *object, const char *key, struct json_t *value);

/* Indented text, free() it; NULL for a NULL value or no memory. Reals have 12 significant digits.
 */
char *jv_print(const struct json_t *v);
char *jv_print_line(const struct json_t *v);  /* the same in one line, with 9 digits */
char *jv_print_exact(const struct json_t *v); /* with 17: each real is read back as it was */
/* One line with members in the order of their keys, so that equal values have equal texts. */
char *jv_print_sorted(const struct json_t *v);
/* s as a JSON text with its quotes, free() it; NULL without memory. */
char *jv_quoted(const char *s);

#endif
