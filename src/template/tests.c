/* SPDX-License-Identifier: MIT */
#include "template/builtin.h"

#include <string.h>

#include "template/node.h"
#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

static bool is_defined(const struct val *v)
{
    return v->kind != VAL_UNDEFINED;
}

static bool is_undefined(const struct val *v)
{
    return v->kind == VAL_UNDEFINED;
}

static bool is_none(const struct val *v)
{
    return v->kind == VAL_NONE;
}

static bool is_string(const struct val *v)
{
    return v->kind == VAL_TEXT;
}

static bool is_mapping(const struct val *v)
{
    return v->kind == VAL_DICT;
}

static bool is_boolean(const struct val *v)
{
    return v->kind == VAL_BOOL;
}

static bool is_true(const struct val *v)
{
    return v->kind == VAL_BOOL && v->number;
}

static bool is_false(const struct val *v)
{
    return v->kind == VAL_BOOL && !v->number;
}

static bool is_integer(const struct val *v)
{
    return v->kind == VAL_INT;
}

/* An undefined value iterates as an empty list, and has a length. */
static bool is_sequence(const struct val *v)
{
    return v->kind == VAL_UNDEFINED || v->kind == VAL_TEXT || v->kind == VAL_DICT ||
           (val_is_list(v) && v->kind != VAL_VIEW);
}

static bool is_iterable(const struct val *v)
{
    return is_sequence(v) || v->kind == VAL_VIEW || v->kind == VAL_STREAM || v->kind == VAL_LOOP;
}

static const struct {
    const char *name;
    bool (*holds)(const struct val *v);
} plain[] = {
    { "defined", is_defined },   { "undefined", is_undefined }, { "none", is_none },
    { "string", is_string },     { "mapping", is_mapping },     { "iterable", is_iterable },
    { "sequence", is_sequence }, { "number", val_is_number },   { "integer", is_integer },
    { "boolean", is_boolean },   { "true", is_true },           { "false", is_false },
};

static const struct {
    const char *name;
    enum op op;
} comparisons[] = {
    { "equalto", OP_EQ }, { "eq", OP_EQ }, { "==", OP_EQ }, { "ne", OP_NE },
    { "!=", OP_NE },      { "lt", OP_LT }, { "<", OP_LT },  { "lessthan", OP_LT },
    { "le", OP_LE },      { "<=", OP_LE }, { "gt", OP_GT }, { "greaterthan", OP_GT },
    { ">", OP_GT },       { "ge", OP_GE }, { ">=", OP_GE }, { "in", OP_IN },
};

/* even, odd and divisibleby: is v a multiple of `by`? */
static int divides(struct render *r, const struct val *v, int64_t by, bool *out)
{
    if (v->kind == VAL_UNDEFINED)
        return val_undefined_used(r, v);
    if (!val_is_number(v) || by == 0)
        return err_set(r->e, ERR_FORMAT, "a test for multiples needs numbers: it got '%s'",
                       val_type(v));
    *out = by == -1 || v->number % by == 0;
    return 0;
}

static int test_multiple(struct render *r, struct span name, const struct val *v,
                         const struct args *a, bool *out)
{
    bool any = span_is(name, "divisibleby");
    int rc = args_check(r, a, any, any, NULL);

    if (rc < 0)
        return rc;
    if (any && !val_is_number(&a->values[0]))
        return divides(r, &a->values[0], 1, out);
    rc = divides(r, v, any ? a->values[0].number : 2, out);
    *out = *out != span_is(name, "odd");
    return rc;
}

int test_run(struct render *r, struct span name, const struct val *v, const struct args *a,
             bool *out)
{
    int rc;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (span_is(name, plain[i].name)) {
            *out = plain[i].holds(v);
            return args_check(r, a, 0, 0, NULL);
        }
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
        if (span_is(name, comparisons[i].name)) {
            rc = args_check(r, a, 1, 1, NULL);
            return rc < 0 ? rc : val_compare(r, comparisons[i].op, v, &a->values[0], out);
        }
    if (span_is(name, "even") || span_is(name, "odd") || span_is(name, "divisibleby"))
        return test_multiple(r, name, v, a, out);
    return render_refuses(r, "the test", name);
}
