/* SPDX-License-Identifier: MIT
 *
 * cursor.h - a JSON value that knows its place, so that every error about it says so:
 *
 *     config.json: text_config.rope_theta: a value that does not fit: got 0, expected a number
 *     above 0
 *
 * A step takes no memory: a cursor points to the one it was reached from, which must stay where it
 * is for as long. A cursor may stand where there is nothing; then its value is NULL, what is below
 * it is nothing too, and whoever reads it is told "got nothing".
 */
#ifndef ASSENT_BASE_CURSOR_H
#define ASSENT_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct cursor {
    struct json_t *value;        /* NULL: nothing is there */
    const struct cursor *parent; /* NULL: the top */
    const char *key;             /* of a member; of the top, the file; NULL: an element */
    size_t index;                /* of an element */
    void *iterator;              /* of a member that cursor_next came to */
};

/* ---- the top ---- */

/* A file of at most max bytes; a text, for which `file` stands in messages. Both are borrowed until
 * cursor_close. */
int cursor_open(struct cursor *top, const char *path, size_t max, struct err *e);
int cursor_parse(struct cursor *top, const char *file, const char *text, size_t len, struct err *e);
void cursor_close(struct cursor *top); /* zeroed is fine */
/* A value that somebody else frees: never closed. */
struct cursor cursor_top(const char *file, struct json_t *value);

/* ---- steps ---- */

struct cursor cursor_member(const struct cursor *object, const char *key);
struct cursor cursor_element(const struct cursor *array, size_t i);
/* Goes through the elements of an array, or the members of an object in the order of the file.
 * Start with *item zeroed; false ends. */
bool cursor_next(const struct cursor *parent, struct cursor *item);
bool cursor_is_null(const struct cursor *c); /* or nothing */

/* ---- reading ----
 * ERR_FORMAT says where, what was there and what should be. *out is untouched then, and a text is
 * the document's. */

int cursor_text(const struct cursor *c, const char **out, struct err *e);
int cursor_flag(const struct cursor *c, bool *out, struct err *e);
int cursor_whole(const struct cursor *c, int64_t least, int64_t most, int64_t *out, struct err *e);
int cursor_number(const struct cursor *c, double least, double most, double *out, struct err *e);
int cursor_positive(const struct cursor *c, double *out, struct err *e); /* above 0 */
/* One of the words, which end in NULL: which. */
int cursor_word(const struct cursor *c, const char *const *words, unsigned *out, struct err *e);
int cursor_object(const struct cursor *c, struct err *e);
int cursor_array(const struct cursor *c, struct err *e);
/* An object whose keys are all among these, which end in NULL. */
int cursor_only(const struct cursor *c, const char *const *keys, struct err *e);

/* ---- reading an object into a struct, by a table that ends in { 0 } ---- */

enum field_when {
    FIELD_REQUIRED,
    FIELD_OPTIONAL, /* where it is absent, the struct keeps what it has */
    FIELD_NULLABLE, /* the same where it is null */
};

enum field_kind {
    FIELD_OF_ANY, /* is known, and not read */
    FIELD_OF_TEXT,
    FIELD_OF_FLAG,
    FIELD_OF_UINT32,
    FIELD_OF_INT64,
    FIELD_OF_NUMBER,
    FIELD_OF_POSITIVE,
    FIELD_OF_WORD,
    FIELD_OF_OWN,
    FIELD_KINDS
};

struct cursor_field {
    const char *key;
    enum field_when when;
    enum field_kind kind;
    size_t at;          /* in the struct */
    double least, most; /* of numbers */
    const char *const *words;
    int (*read)(const struct cursor *c, void *member, struct err *e);
};

/* What stands behind key and when, for a member of the type that is named there; of a word it is an
 * enum, whose constants the words are in the order of. */
#define FIELD_ANY                .kind = FIELD_OF_ANY
#define FIELD_TEXT(type, member) FIELD_MEMBER(type, member, const char *, FIELD_OF_TEXT)
#define FIELD_FLAG(type, member) FIELD_MEMBER(type, member, bool, FIELD_OF_FLAG)
#define FIELD_UINT32(type, member, from, to) \
    FIELD_MEMBER(type, member, uint32_t, FIELD_OF_UINT32), .least = (from), .most = (to)
#define FIELD_INT64(type, member, from, to) \
    FIELD_MEMBER(type, member, int64_t, FIELD_OF_INT64), .least = (from), .most = (to)
#define FIELD_NUMBER(type, member, from, to) \
    FIELD_MEMBER(type, member, double, FIELD_OF_NUMBER), .least = (from), .most = (to)
#define FIELD_POSITIVE(type, member) FIELD_MEMBER(type, member, double, FIELD_OF_POSITIVE)
#define FIELD_WORD(type, member, all) \
    FIELD_MEMBER(type, member, unsigned, FIELD_OF_WORD), .words = (all)
#define FIELD_OWN(type, member, function) \
    .at = offsetof(type, member), .kind = FIELD_OF_OWN, .read = (function)
#define FIELD_CHECK(function) .kind = FIELD_OF_OWN, .read = (function) /* gets the whole struct */
#define FIELD_MEMBER(type, member, of, is) \
    .at = offsetof(type, member), .kind = _Generic(((type *)0)->member, of : (is))

/* Reads in the order of the table. */
int cursor_fields(const struct cursor *object, const struct cursor_field *fields, void *out,
                  struct err *e);
/* The same of an object that has no other members. */
int cursor_fields_only(const struct cursor *object, const struct cursor_field *fields, void *out,
                       struct err *e);

/* ---- errors about the value that c stands at; `expected` is no format ---- */

/* It is not what it should be. */
int cursor_wrong(const struct cursor *c, const char *expected, struct err *e);
/* What it asks for is not implemented. */
int cursor_refuse(const struct cursor *c, const char *what, struct err *e);
/* Gives e the place. Returns e->code. */
int cursor_at(const struct cursor *c, struct err *e);

#endif
