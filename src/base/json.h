/* SPDX-License-Identifier: MIT
 *
 * json.h - JSON read strictly and written, over jansson.
 *
 * struct json_t is jansson's value. Its functions stay behind this header: those here begin with
 * jv_. Reading refuses duplicate keys, text behind the value, invalid UTF-8 and more than 2 048
 * levels.
 */
#ifndef ASSENT_BASE_JSON_H
#define ASSENT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/file.h"

struct json_t;

/* ---- reading ---- */

/* One value out of text[0..len). *out is the caller's: jv_free. */
int jv_parse(struct json_t **out, const char *text, size_t len, struct err *e);
/* The same; name stands for the text's file in every message. */
int jv_parse_as(struct json_t **out, const char *name, const char *text, size_t len, struct err *e);
/* A file of at most max bytes. A whole number of more than 18 digits becomes a real. */
int jv_read(struct json_t **out, const char *path, size_t max, struct err *e);
/* A JSON text alone, which may hold NUL; free(*out), which is zero-ended behind its n bytes. */
int jv_parse_text(const char *json, size_t len, char **out, size_t *n, struct err *e);
void jv_free(struct json_t *v); /* NULL is fine */

/* All of these accept NULL and values of another type, and then say "nothing": NULL, false, 0. What
 * they return belongs to v. */
const char *jv_text(const struct json_t *v);
bool jv_number(const struct json_t *v, double *out);
bool jv_integer(const struct json_t *v, int64_t *out);
bool jv_is_null(const struct json_t *v);
bool jv_is_true(const struct json_t *v);
bool jv_flag(const struct json_t *v, bool *out); /* true or false */
bool jv_is_object(const struct json_t *v);
bool jv_is_array(const struct json_t *v);
struct json_t *jv_get(const struct json_t *object, const char *key);
size_t jv_length(const struct json_t *array);
struct json_t *jv_at(const struct json_t *array, size_t i);
size_t jv_members(const struct json_t *object);
/* Goes through an object's members in the order of the file. Start with *iterator NULL; false ends.
 */
bool jv_member(const struct json_t *object, void **iterator, const char **key,
               struct json_t **value);
const char *jv_type_name(const struct json_t *v); /* "an object", "a number", ... */

/* A large array or object read element by element, so that whether a key came before is the
 * caller's to check. Only one element is in memory, of at most JV_ELEMENT_MAX bytes. Elements must
 * be arrays, objects or texts. */
enum { JV_ELEMENT_MAX = 16 << 20 };

struct jv_stream {
    struct reader *reader; /* borrowed */
    bool object, first, done;
};

/* Reads the opening bracket. */
int jv_stream_start(struct jv_stream *s, struct reader *r, struct err *e);
/* The next element, the caller's to free, and for an object its key (free()); key may be NULL for
 * an array. Returns 1, or 0 after the closing bracket; text behind it is refused. */
int jv_stream_next(struct jv_stream *s, char **key, struct json_t **value, struct err *e);

/* ---- writing ---- */

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
char *jv_print_line(const struct json_t *v); /* the same in one line */
/* s as a JSON text with its quotes, free() it; NULL without memory. */
char *jv_quoted(const char *s);

#endif
