/* SPDX-License-Identifier: MIT
 *
 * value.h - values, which behave as Python's do: truth, equality, order, how they print (value.c).
 * Private to template/.
 */
#ifndef ASSENT_TEMPLATE_VALUE_H
#define ASSENT_TEMPLATE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "template/node.h"
#include "template/text.h"

struct render;

enum val_kind {
    VAL_UNDEFINED,
    VAL_NONE,
    VAL_BOOL,
    VAL_INT,
    VAL_TEXT,
    VAL_LIST,
    VAL_TUPLE,
    VAL_RANGE,  /* what range() gives */
    VAL_VIEW,   /* what dict.keys() and the like give */
    VAL_STREAM, /* what a filter like selectattr gives: a generator, iterated once */
    VAL_DICT,
    VAL_SPACE, /* namespace() */
    VAL_LOOP,  /* `loop` */
    VAL_METHOD,
    VAL_FUNCTION,
    VAL_KINDS
};

struct val {
    enum val_kind kind;
    size_t n; /* bytes of a text, elements of a list, pairs of a dict */
    union {
        int64_t number;          /* VAL_BOOL, VAL_INT */
        const char *text;        /* VAL_TEXT; VAL_UNDEFINED: its name */
        const struct val *items; /* VAL_LIST, VAL_TUPLE, VAL_RANGE, VAL_VIEW */
        const struct pair *pairs;
        struct stream *stream;
        struct name_scope *space;
        const struct loop *loop;
        const struct method *method;
        const struct function *function;
    };
    const struct val *self; /* VAL_METHOD: of what */
};

struct pair {
    struct val key, value;
};

struct stream {
    const struct val *items;
    size_t n;
    bool spent;
};

struct loop {
    const struct val *items;
    size_t n, at;
};

struct val val_undefined(struct span name);
struct val val_none(void);
struct val val_bool(bool b);
struct val val_int(int64_t number);
struct val val_text(struct span s);
struct val val_list(enum val_kind kind, const struct val *items, size_t n);
struct span val_span(const struct val *v); /* of a VAL_TEXT */
bool val_is_number(const struct val *v);   /* VAL_INT, VAL_BOOL */
bool val_is_list(const struct val *v);     /* has items */
const char *val_type(const struct val *v); /* Python's name */
bool val_is_true(const struct val *v);
int val_undefined_used(struct render *r, const struct val *v); /* an error */
int val_equal(struct render *r, const struct val *a, const struct val *b, bool *out);
int val_compare(struct render *r, enum op op, const struct val *a, const struct val *b, bool *out);

enum print_style { PRINT_STR, PRINT_REPR, PRINT_JSON };
int val_print(struct render *r, struct buf *b, const struct val *v, enum print_style style);
int val_str(struct render *r, const struct val *v, struct span *out);
int text_new(struct render *r, const struct buf *b, struct val *out); /* a copy of b */

#endif
