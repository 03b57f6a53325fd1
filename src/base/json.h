/* SPDX-License-Identifier: MIT
 *
 * json.h - JSON values, read strictly, over jansson.
 *
 * struct json_t is jansson's value. Its functions stay behind this header: those here begin with
 * jv_. Reading refuses duplicate keys, text behind the value, invalid UTF-8 and more than 2 048
 * levels. Values are written by json_write.h, read element by element by json_stream.h, and read
 * with their place in the file by cursor.h.
 */
#ifndef ASSENT_BASE_JSON_H
#define ASSENT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json_t;

/* One value out of text[0..len). *out is the caller's: jv_free. */
int jv_parse(struct json_t **out, const char *text, size_t len, struct err *e);
/* The same; name stands for the text's file in every message. */
int jv_parse_as(struct json_t **out, const char *name, const char *text, size_t len, struct err *e);
/* The same, but a whole number beyond 64 bits is a real, and where there is one so are all of more
 * than 18 digits. */
int jv_parse_wide(struct json_t **out, const char *name, const char *text, size_t len,
                  struct err *e);
/* The same without those members of this name that are lists of whole numbers, and not the first of
 * their object: where there are many that nobody reads, most of the work. */
int jv_parse_without(struct json_t **out, const char *name, const char *member, const char *text,
                     size_t len, struct err *e);
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
bool jv_is_false(const struct json_t *v);
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

#endif
