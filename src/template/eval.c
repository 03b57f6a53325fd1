/* SPDX-License-Identifier: MIT */
#include "template/eval.h"

#include <string.h>

#include "template/builtin.h"
#include "template/members.h"
#include "template/node.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/text.h"
#include "template/value.h"

/* ---- names, literals ---- */

static int eval_literal(struct render *r, const struct node *n, struct val *out)
{
    (void)r;
    *out = n->kind == NODE_TEXT   ? val_text(n->text)
           : n->kind == NODE_INT  ? val_int(n->number)
           : n->kind == NODE_BOOL ? val_bool(n->number)
                                  : val_none();
    return 0;
}

static int eval_name(struct render *r, const struct node *n, struct val *out)
{
    const struct val *found = scope_get(r, r->scope, n->text);

    if (found)
        *out = *found;
    else if (!function_find(n->text, out))
        *out = val_undefined(n->text);
    return 0;
}

static size_t count(const struct node *list)
{
    size_t n = 0;

    for (; list; list = list->next)
        n++;
    return n;
}

static int eval_list(struct render *r, const struct node *n, struct val *out)
{
    struct val *items = render_new(r, count(n->kid[0]), sizeof(*items));
    size_t i = 0;
    int rc = items ? 0 : r->e->code;

    for (const struct node *kid = n->kid[0]; rc == 0 && kid; kid = kid->next)
        rc = eval(r, kid, &items[i++]);
    *out = val_list(n->kind == NODE_LIST ? VAL_LIST : VAL_TUPLE, items, i);
    return rc;
}

static int eval_dict(struct render *r, const struct node *n, struct val *out)
{
    struct pair *pairs = render_new(r, count(n->kid[0]), sizeof(*pairs));
    size_t n_pairs = 0;
    int rc = pairs ? 0 : r->e->code;

    for (const struct node *kid = n->kid[0]; rc == 0 && kid; kid = kid->next) {
        struct pair pair;

        rc = eval(r, kid->kid[0], &pair.key);
        if (rc == 0)
            rc = eval(r, kid->kid[1], &pair.value);
        if (rc == 0)
            rc = dict_set(r, pairs, &n_pairs, pair);
    }
    *out = (struct val){ .kind = VAL_DICT, .n = n_pairs, .pairs = pairs };
    return rc;
}

/* ---- members and calls ---- */

static int eval_member(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    int rc = eval(r, n->kid[0], &of);

    return rc < 0 ? rc : member_get(r, &of, n->text, out);
}

static int eval_index(struct render *r, const struct node *n, struct val *out)
{
    struct val of, at;
    int rc = eval(r, n->kid[0], &of);

    if (rc == 0)
        rc = eval(r, n->kid[1], &at);
    return rc < 0 ? rc : item_get(r, &of, &at, out);
}

static int eval_slice(struct render *r, const struct node *n, struct val *out)
{
    struct val of, bounds[3];
    int rc = eval(r, n->kid[0], &of);

    for (unsigned i = 0; rc == 0 && i < 3; i++) {
        bounds[i] = val_none();
        if (n->kid[i + 1])
            rc = eval(r, n->kid[i + 1], &bounds[i]);
    }
    return rc < 0 ? rc : sequence_slice(r, &of, bounds, out);
}

static int eval_args(struct render *r, const struct node *list, struct args *out)
{
    size_t n = count(list);
    int rc = 0;

    *out = (struct args){ .values = render_new(r, n, sizeof(struct val)),
                          .names = render_new(r, n, sizeof(struct span)) };
    if (!out->values || !out->names)
        return r->e->code;
    for (; rc == 0 && list; list = list->next) {
        bool named = list->kind == NODE_KEYWORD;

        rc = eval(r, named ? list->kid[0] : list, &out->values[out->n + out->n_named]);
        if (named)
            out->names[out->n_named++] = list->text;
        else
            out->n++;
    }
    return rc;
}

int call(struct render *r, builtin *run, const char *what, struct span name, const struct val *self,
         const struct args *a, struct val *out)
{
    return run ? run(r, self, a, out) : render_refuses(r, what, name);
}

static int eval_call(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    struct args a;
    int rc = eval(r, n->kid[0], &of);

    if (rc == 0)
        rc = eval_args(r, n->kid[1], &a);
    if (rc < 0)
        return rc;
    if (of.kind == VAL_METHOD)
        return of.method->run(r, of.self, &a, out);
    if (of.kind == VAL_FUNCTION)
        return call(r, of.function->run, "the function",
                    (struct span){ of.function->name, strlen(of.function->name) }, NULL, &a, out);
    if (of.kind == VAL_UNDEFINED)
        return val_undefined_used(r, &of);
    return err_set(r->e, ERR_FORMAT, "'%s' object is not callable", val_type(&of));
}

static int eval_filter(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    struct args a;
    int rc = eval(r, n->kid[0], &of);

    if (rc == 0)
        rc = eval_args(r, n->kid[1], &a);
    return rc < 0 ? rc : filter_run(r, n->text, &of, &a, out);
}

static int eval_test(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    struct args a;
    bool passes = false;
    int rc = eval(r, n->kid[0], &of);

    if (rc == 0)
        rc = eval_args(r, n->kid[1], &a);
    if (rc == 0)
        rc = test_run(r, n->text, &of, &a, &passes);
    *out = val_bool(passes);
    return rc;
}

/* ---- choices ---- */

static int eval_choice(struct render *r, const struct node *n, struct val *out)
{
    struct val condition;
    int rc = eval(r, n->kid[1], &condition);

    if (rc < 0)
        return rc;
    if (val_is_true(&condition))
        return eval(r, n->kid[0], out);
    if (n->kid[2])
        return eval(r, n->kid[2], out);
    *out = val_undefined(SPAN("an if without else"));
    return 0;
}

static int eval_and_or(struct render *r, const struct node *n, struct val *out)
{
    int rc = eval(r, n->kid[0], out);

    return rc < 0 || val_is_true(out) == (n->kind == NODE_OR) ? rc : eval(r, n->kid[1], out);
}

static int eval_not(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    int rc = eval(r, n->kid[0], &of);

    *out = val_bool(rc == 0 && !val_is_true(&of));
    return rc;
}

static int eval_comparison(struct render *r, const struct node *n, struct val *out)
{
    struct val left, right;
    bool holds = true;
    int rc = eval(r, n->kid[0], &left);

    for (const struct node *kid = n->kid[1]; rc == 0 && holds && kid; kid = kid->next) {
        rc = eval(r, kid->kid[0], &right);
        if (rc == 0)
            rc = val_compare(r, kid->op, &left, &right, &holds);
        left = right;
    }
    *out = val_bool(holds);
    return rc;
}

/* ---- arithmetic ---- */

static const char *const symbols[] = {
    [OP_ADD] = "+", [OP_SUB] = "-",  [OP_JOIN] = "~",      [OP_MUL] = "*",
    [OP_DIV] = "/", [OP_POW] = "**", [OP_FLOORDIV] = "//", [OP_MOD] = "%"
};

static int mismatch(struct render *r, enum op op, const struct val *a, const struct val *b)
{
    bool joins =
        op == OP_ADD && (a->kind == VAL_TEXT || a->kind == VAL_LIST || a->kind == VAL_TUPLE);

    if (a->kind == VAL_UNDEFINED || b->kind == VAL_UNDEFINED)
        return val_undefined_used(r, a->kind == VAL_UNDEFINED ? a : b);
    if (joins)
        return err_set(r->e, ERR_FORMAT, "can only concatenate %s (not \"%s\") to %s", val_type(a),
                       val_type(b), val_type(a));
    return err_set(r->e, ERR_FORMAT, "unsupported operand type(s) for %s: '%s' and '%s'",
                   symbols[op], val_type(a), val_type(b));
}

/* Python rounds the quotient down; C cuts it. */
static int divide(struct render *r, enum op op, int64_t a, int64_t b, int64_t *out)
{
    if (b == 0)
        return err_set(r->e, ERR_FORMAT, "integer division or modulo by zero");
    if (b == -1) /* the quotient may not fit, and C has no remainder then */
        return op == OP_FLOORDIV ? __builtin_sub_overflow(0, a, out) : 0;
    *out = op == OP_FLOORDIV ? a / b : a % b;
    if (a % b != 0 && (a < 0) != (b < 0))
        *out += op == OP_FLOORDIV ? -1 : b;
    return 0;
}

static int calculate(struct render *r, enum op op, int64_t a, int64_t b, struct val *out)
{
    int64_t number = 0;
    int rc = op == OP_ADD   ? __builtin_add_overflow(a, b, &number)
             : op == OP_SUB ? __builtin_sub_overflow(a, b, &number)
             : op == OP_MUL ? __builtin_mul_overflow(a, b, &number)
                            : divide(r, op, a, b, &number);

    if (rc > 0)
        return err_set(r->e, ERR_LIMIT, "a number of the template is beyond 64 bits");
    *out = val_int(number);
    return rc;
}

/* The elements of a, then of b; n times. */
static int join_items(struct render *r, const struct val *a, const struct val *b, size_t times,
                      struct val *out)
{
    bool text = a->kind == VAL_TEXT;
    size_t size = text ? 1 : sizeof(struct val), n_b = b ? b->n : 0, n;
    unsigned char *to;
    int rc;

    if (!size_add(a->n, n_b, &n) || !size_mul(n, times, &n))
        n = SIZE_MAX;
    if (!(to = render_new(r, n, size)))
        return r->e->code;
    if ((rc = render_charge(r, text ? n / BYTES_PER_STEP : n)) < 0)
        return rc;
    *out = text ? val_text((struct span){ (const char *)to, n })
                : val_list(a->kind, (const struct val *)(const void *)to, n);
    for (; times > 0 && n > 0; times--) {
        if (a->n > 0)
            memcpy(to, text ? (const void *)a->text : a->items, a->n * size);
        if (n_b > 0)
            memcpy(to + a->n * size, text ? (const void *)b->text : b->items, n_b * size);
        to += (a->n + n_b) * size;
    }
    return 0;
}

static bool repeats(const struct val *a, const struct val *b)
{
    return (a->kind == VAL_TEXT || a->kind == VAL_LIST || a->kind == VAL_TUPLE) && val_is_number(b);
}

static int repeat(struct render *r, const struct val *a, const struct val *times, struct val *out)
{
    return join_items(r, a, NULL, times->number > 0 ? (size_t)times->number : 0, out);
}

static int join_texts(struct render *r, const struct val *a, const struct val *b, struct val *out)
{
    struct span texts[2];
    struct val left, right;
    int rc = val_str(r, a, &texts[0]);

    if (rc == 0)
        rc = val_str(r, b, &texts[1]);
    if (rc < 0)
        return rc;
    left = val_text(texts[0]);
    right = val_text(texts[1]);
    return join_items(r, &left, &right, 1, out);
}

static int apply(struct render *r, enum op op, const struct val *a, const struct val *b,
                 struct val *out)
{
    if (op == OP_JOIN)
        return join_texts(r, a, b, out);
    if (op == OP_DIV || op == OP_POW || (op == OP_MOD && a->kind == VAL_TEXT))
        return render_refuses(r, "the operator", (struct span){ symbols[op], strlen(symbols[op]) });
    if (val_is_number(a) && val_is_number(b))
        return calculate(r, op, a->number, b->number, out);
    if (op == OP_ADD && a->kind == b->kind &&
        (a->kind == VAL_TEXT || a->kind == VAL_LIST || a->kind == VAL_TUPLE))
        return join_items(r, a, b, 1, out);
    if (op == OP_MUL && repeats(a, b))
        return repeat(r, a, b, out);
    if (op == OP_MUL && repeats(b, a))
        return repeat(r, b, a, out);
    return mismatch(r, op, a, b);
}

static int eval_binary(struct render *r, const struct node *n, struct val *out)
{
    struct val a, b;
    int rc = eval(r, n->kid[0], &a);

    if (rc == 0)
        rc = eval(r, n->kid[1], &b);
    return rc < 0 ? rc : apply(r, n->op, &a, &b, out);
}

static int eval_sign(struct render *r, const struct node *n, struct val *out)
{
    struct val of;
    int rc = eval(r, n->kid[0], &of);

    if (rc < 0)
        return rc;
    if (of.kind == VAL_UNDEFINED)
        return val_undefined_used(r, &of);
    if (!val_is_number(&of))
        return err_set(r->e, ERR_FORMAT, "bad operand type for unary %s: '%s'", symbols[n->op],
                       val_type(&of));
    return calculate(r, n->op, 0, of.number, out);
}

int eval(struct render *r, const struct node *n, struct val *out)
{
    static int (*const kinds[])(struct render *, const struct node *, struct val *) = {
        [NODE_NONE] = eval_literal,  [NODE_BOOL] = eval_literal,       [NODE_INT] = eval_literal,
        [NODE_TEXT] = eval_literal,  [NODE_NAME] = eval_name,          [NODE_LIST] = eval_list,
        [NODE_TUPLE] = eval_list,    [NODE_DICT] = eval_dict,          [NODE_MEMBER] = eval_member,
        [NODE_INDEX] = eval_index,   [NODE_SLICE] = eval_slice,        [NODE_CALL] = eval_call,
        [NODE_FILTER] = eval_filter, [NODE_TEST] = eval_test,          [NODE_CHOICE] = eval_choice,
        [NODE_AND] = eval_and_or,    [NODE_OR] = eval_and_or,          [NODE_NOT] = eval_not,
        [NODE_SIGN] = eval_sign,     [NODE_COMPARE] = eval_comparison, [NODE_BINARY] = eval_binary,
    };
    int rc = render_charge(r, 1);

    if (rc == 0)
        rc = kinds[n->kind](r, n, out);
    return rc < 0 ? err_at(r->e, "%s:%u", r->t->name, n->line) : 0;
}
