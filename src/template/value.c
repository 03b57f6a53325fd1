/* SPDX-License-Identifier: MIT */
#include "template/value.h"

#include <string.h>

#include "template/node.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/template.h"
#include "template/text.h"

enum { VALUE_DEPTH_MAX = 50 }; /* lists in lists, where they are compared or printed */

/* ---- making ---- */

struct val val_undefined(struct span name)
{
    return (struct val){ .kind = VAL_UNDEFINED, .n = name.len, .text = name.text };
}

struct val val_none(void)
{
    return (struct val){ .kind = VAL_NONE };
}

struct val val_bool(bool b)
{
    return (struct val){ .kind = VAL_BOOL, .number = b };
}

struct val val_int(int64_t number)
{
    return (struct val){ .kind = VAL_INT, .number = number };
}

struct val val_text(struct span s)
{
    return (struct val){ .kind = VAL_TEXT, .n = s.len, .text = s.text };
}

struct val val_list(enum val_kind kind, const struct val *items, size_t n)
{
    return (struct val){ .kind = kind, .n = n, .items = items };
}

/* ---- asking ---- */

struct span val_span(const struct val *v)
{
    return (struct span){ v->text, v->n };
}

bool val_is_number(const struct val *v)
{
    return v->kind == VAL_INT || v->kind == VAL_BOOL;
}

bool val_is_list(const struct val *v)
{
    return v->kind == VAL_LIST || v->kind == VAL_TUPLE || v->kind == VAL_RANGE ||
           v->kind == VAL_VIEW;
}

const char *val_type(const struct val *v)
{
    static const char *const names[VAL_KINDS] = {
        [VAL_UNDEFINED] = "Undefined",
        [VAL_NONE] = "NoneType",
        [VAL_BOOL] = "bool",
        [VAL_INT] = "int",
        [VAL_TEXT] = "str",
        [VAL_LIST] = "list",
        [VAL_TUPLE] = "tuple",
        [VAL_RANGE] = "range",
        [VAL_VIEW] = "dict view",
        [VAL_STREAM] = "generator",
        [VAL_DICT] = "dict",
        [VAL_SPACE] = "Namespace",
        [VAL_LOOP] = "LoopContext",
        [VAL_METHOD] = "method",
        [VAL_FUNCTION] = "function",
    };

    return names[v->kind];
}

bool val_is_true(const struct val *v)
{
    switch (v->kind) {
    case VAL_UNDEFINED:
    case VAL_NONE: return false;
    case VAL_BOOL:
    case VAL_INT: return v->number != 0;
    case VAL_TEXT:
    case VAL_LIST:
    case VAL_TUPLE:
    case VAL_RANGE:
    case VAL_VIEW:
    case VAL_LOOP:
    case VAL_DICT: return v->n > 0;
    default: return true;
    }
}

int val_undefined_used(struct render *r, const struct val *v)
{
    return err_set(r->e, ERR_FORMAT, "'%.*s' is undefined", SHOWN(val_span(v)));
}

/* ---- equality and order ---- */

static int equal_at(struct render *r, const struct val *a, const struct val *b, unsigned depth,
                    bool *out);

static int too_deep(struct render *r)
{
    return err_set(r->e, ERR_LIMIT, "the template's lists are nested too deeply");
}

static int equal_items(struct render *r, const struct val *a, const struct val *b, unsigned depth,
                       bool *out)
{
    int rc = 0;

    *out = a->n == b->n;
    for (size_t i = 0; rc == 0 && *out && i < a->n; i++)
        rc = equal_at(r, &a->items[i], &b->items[i], depth, out);
    return rc;
}

static int equal_pairs(struct render *r, const struct val *a, const struct val *b, unsigned depth,
                       bool *out)
{
    int rc = 0;

    *out = a->n == b->n;
    for (size_t i = 0; rc == 0 && *out && i < a->n; i++) {
        const struct val *other;

        rc = dict_get(r, b, &a->pairs[i].key, &other);
        *out = rc == 0 && other;
        if (*out)
            rc = equal_at(r, &a->pairs[i].value, other, depth, out);
    }
    return rc;
}

static int equal_at(struct render *r, const struct val *a, const struct val *b, unsigned depth,
                    bool *out)
{
    int rc = render_charge(r, 1);

    *out = false;
    if (rc < 0 || depth == 0)
        return rc < 0 ? rc : too_deep(r);
    if (val_is_number(a) && val_is_number(b)) {
        *out = a->number == b->number;
        return 0;
    }
    if (a->kind != b->kind)
        return 0;
    switch (a->kind) {
    case VAL_UNDEFINED:
    case VAL_NONE: *out = true; return 0;
    case VAL_TEXT: *out = span_equal(val_span(a), val_span(b)); return render_charge_bytes(r, a->n);
    case VAL_LIST:
    case VAL_TUPLE:
    case VAL_RANGE: return equal_items(r, a, b, depth - 1, out);
    case VAL_DICT: return equal_pairs(r, a, b, depth - 1, out);
    case VAL_SPACE: *out = a->space == b->space; return 0;
    default:
        return err_set(r->e, ERR_FORMAT, "the template compares what is not comparable here: '%s'",
                       val_type(a));
    }
}

int val_equal(struct render *r, const struct val *a, const struct val *b, bool *out)
{
    return equal_at(r, a, b, VALUE_DEPTH_MAX, out);
}

/* UTF-8 sorts as its characters do. */
static int order_texts(struct span a, struct span b)
{
    int order = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_order(struct render *r, enum op op, const struct val *a, const struct val *b,
                         bool *out)
{
    static const char *const symbols[] = {
        [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="
    };
    int order;

    if (a->kind == VAL_UNDEFINED || b->kind == VAL_UNDEFINED)
        return val_undefined_used(r, a->kind == VAL_UNDEFINED ? a : b);
    if (val_is_number(a) && val_is_number(b))
        order = (a->number > b->number) - (a->number < b->number);
    else if (a->kind == VAL_TEXT && b->kind == VAL_TEXT)
        order = order_texts(val_span(a), val_span(b));
    else if (a->kind == b->kind && (a->kind == VAL_LIST || a->kind == VAL_TUPLE))
        return render_refuses(r, "the order of lists with", SPAN("<"));
    else
        return err_set(r->e, ERR_FORMAT, "'%s' not supported between instances of '%s' and '%s'",
                       symbols[op], val_type(a), val_type(b));
    *out = op == OP_LT   ? order < 0
           : op == OP_LE ? order <= 0
           : op == OP_GT ? order > 0
                         : order >= 0;
    return render_charge_bytes(r, a->kind == VAL_TEXT ? a->n : 0);
}

int val_compare(struct render *r, enum op op, const struct val *a, const struct val *b, bool *out)
{
    bool negated = op == OP_NE || op == OP_NOT_IN;
    int rc;

    if (op == OP_EQ || op == OP_NE)
        rc = val_equal(r, a, b, out);
    else if (op == OP_IN || op == OP_NOT_IN)
        rc = sequence_has(r, b, a, out);
    else
        rc = compare_order(r, op, a, b, out);
    *out = rc == 0 && *out != negated;
    return rc;
}

/* ---- printing ---- */

static int print_at(struct render *r, struct buf *b, const struct val *v, enum print_style style,
                    unsigned depth);

static int print_text(struct render *r, struct buf *b, struct span s, enum print_style style)
{
    if (style == PRINT_JSON)
        span_json(b, s);
    else if (style == PRINT_STR)
        buf_add(b, s.text, s.len);
    else if (!span_repr(b, s))
        return err_set(r->e, ERR_FORMAT,
                       "the template prints a list with letters beyond ASCII: not implemented");
    return render_charge_bytes(r, s.len);
}

static int print_items(struct render *r, struct buf *b, const struct val *v, enum print_style style,
                       unsigned depth)
{
    bool round = v->kind == VAL_TUPLE && style != PRINT_JSON;
    int rc = 0;

    buf_putc(b, round ? '(' : '[');
    for (size_t i = 0; rc == 0 && i < v->n; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        rc = print_at(r, b, &v->items[i], style, depth);
    }
    buf_puts(b, !round ? "]" : v->n == 1 ? ",)" : ")");
    return rc;
}

static int print_pairs(struct render *r, struct buf *b, const struct val *v, enum print_style style,
                       unsigned depth)
{
    int rc = 0;

    buf_putc(b, '{');
    for (size_t i = 0; rc == 0 && i < v->n; i++) {
        if (style == PRINT_JSON && v->pairs[i].key.kind != VAL_TEXT)
            return render_refuses(r, "tojson of keys that are no", SPAN("text"));
        buf_puts(b, i > 0 ? ", " : "");
        rc = print_at(r, b, &v->pairs[i].key, style, depth);
        buf_puts(b, ": ");
        if (rc == 0)
            rc = print_at(r, b, &v->pairs[i].value, style, depth);
    }
    buf_putc(b, '}');
    return rc;
}

static int print_undefined(struct render *r, struct buf *b, enum print_style style)
{
    if (style == PRINT_JSON)
        return err_set(r->e, ERR_FORMAT, "Object of type Undefined is not JSON serializable");
    buf_puts(b, style == PRINT_STR ? "" : "Undefined");
    return 0;
}

static int print_at(struct render *r, struct buf *b, const struct val *v, enum print_style style,
                    unsigned depth)
{
    static const char *const constants[2][3] = { { "None", "False", "True" },
                                                 { "null", "false", "true" } };
    enum print_style inner = style == PRINT_STR ? PRINT_REPR : style;
    int rc = render_charge(r, 1);

    if (rc < 0 || depth == 0)
        return rc < 0 ? rc : too_deep(r);
    if (b->failed) /* the end of a long list is not worth the steps */
        return buf_end(b, "the template's output", r->e);
    switch (v->kind) {
    case VAL_UNDEFINED: return print_undefined(r, b, style);
    case VAL_NONE: buf_puts(b, constants[style == PRINT_JSON][0]); return 0;
    case VAL_BOOL: buf_puts(b, constants[style == PRINT_JSON][1 + (v->number != 0)]); return 0;
    case VAL_INT: buf_printf(b, "%lld", (long long)v->number); return 0;
    case VAL_TEXT: return print_text(r, b, val_span(v), style);
    case VAL_LIST:
    case VAL_TUPLE: return print_items(r, b, v, inner, depth - 1);
    case VAL_DICT: return print_pairs(r, b, v, inner, depth - 1);
    default:
        return err_set(r->e, ERR_FORMAT, "the template prints a %s: not implemented", val_type(v));
    }
}

int val_print(struct render *r, struct buf *b, const struct val *v, enum print_style style)
{
    int rc = print_at(r, b, v, style, VALUE_DEPTH_MAX);

    return rc < 0 ? rc : buf_end(b, "the template's output", r->e);
}

int text_new(struct render *r, const struct buf *b, struct val *out)
{
    char *copy;
    int rc = buf_end(b, "a text of the template", r->e);

    if (rc < 0)
        return rc;
    if (!(copy = render_new(r, b->len, 1)))
        return r->e->code;
    if (b->len > 0)
        memcpy(copy, b->text, b->len);
    *out = val_text((struct span){ copy, b->len });
    return 0;
}

int val_str(struct render *r, const struct val *v, struct span *out)
{
    struct buf b = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    struct val text = *v;
    int rc = 0;

    if (v->kind == VAL_UNDEFINED) {
        text = val_text(SPAN(""));
    } else if (v->kind != VAL_TEXT) {
        rc = val_print(r, &b, v, PRINT_STR);
        if (rc == 0)
            rc = text_new(r, &b, &text);
        buf_release(&b);
    }
    if (rc == 0)
        *out = val_span(&text);
    return rc;
}
