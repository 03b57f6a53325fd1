/* SPDX-License-Identifier: MIT */
#include "template/parser.h"

#include <string.h>

#include "template/lex.h"
#include "template/node.h"
#include "template/text.h"

/* ---- literals and names ---- */

/* What stands between commas up to `close`, appended to n's kid i; one after the other by `one`. */
static struct node *parse_list(struct parser *p, struct node *n, unsigned i, const char *close,
                               struct node *(*one)(struct parser *))
{
    struct node *first = NULL, **last = &first;

    while (!parser_is(p, close)) {
        if (first && !parser_expects(p, ","))
            return NULL;
        if (parser_is(p, close))
            break;
        if (!(*last = one(p)))
            return NULL;
        last = &(*last)->next;
    }
    p->at++;
    return parser_adopt(p, n, i, first);
}

static struct node *parse_pair(struct parser *p)
{
    struct node *n = parser_new(p, NODE_PAIR), *key = parse_expression(p);

    if (!key || !parser_expects(p, ":"))
        return NULL;
    return parser_pair(p, n, key, parse_expression(p));
}

static struct node *parse_bracket(struct parser *p)
{
    bool list = parser_is(p, "[");
    struct node *n = parser_new(p, list ? NODE_LIST : NODE_DICT);

    p->at++;
    return n ? parse_list(p, n, 0, list ? "]" : "}", list ? parse_expression : parse_pair) : NULL;
}

static struct node *parse_parentheses(struct parser *p)
{
    struct node *n;

    p->at++;
    if (parser_is(p, ")")) {
        n = parser_new(p, NODE_TUPLE);
        p->at++;
        return n;
    }
    n = parse_expressions(p, parse_expression);
    return n && parser_expects(p, ")") ? n : NULL;
}

/* "a" "b" is "ab". */
static struct node *parse_text(struct parser *p)
{
    struct node *n = parser_new(p, NODE_TEXT);
    size_t len = 0;
    char *to;

    for (const struct lexeme *l = p->at; l->kind == LEX_TEXT; l++)
        len += l->text.len;
    if (!n || !(to = arena_new(&p->t->arena, len + 1, 1, p->e)))
        return NULL;
    n->text = (struct span){ to, len };
    for (; p->at->kind == LEX_TEXT; p->at++) {
        memcpy(to, p->at->text.text, p->at->text.len);
        to += p->at->text.len;
    }
    return n;
}

struct node *parse_name(struct parser *p)
{
    static const struct {
        const char *name;
        enum node_kind kind;
        int64_t number;
    } constants[] = { { "true", NODE_BOOL, 1 },  { "True", NODE_BOOL, 1 },
                      { "false", NODE_BOOL, 0 }, { "False", NODE_BOOL, 0 },
                      { "none", NODE_NONE, 0 },  { "None", NODE_NONE, 0 } };
    struct node *n = parser_leaf(p, NODE_NAME);

    for (size_t i = 0; n && i < sizeof(constants) / sizeof(constants[0]); i++)
        if (span_is(n->text, constants[i].name)) {
            n->kind = constants[i].kind;
            n->number = constants[i].number;
        }
    return n;
}

static struct node *parse_primary(struct parser *p)
{
    struct node *n = NULL;

    if (!parser_enter(p))
        return NULL;
    if (p->at->kind == LEX_NAME)
        n = parse_name(p);
    else if (p->at->kind == LEX_TEXT)
        n = parse_text(p);
    else if (p->at->kind == LEX_NUMBER)
        n = parser_leaf(p, NODE_INT);
    else if (parser_is(p, "("))
        n = parse_parentheses(p);
    else if (parser_is(p, "[") || parser_is(p, "{"))
        n = parse_bracket(p);
    else
        parser_fails(p, "an expression");
    p->depth--;
    return n;
}

/* ---- behind a value ---- */

static struct node *parse_argument(struct parser *p)
{
    struct node *n;

    if (parser_is(p, "*") || parser_is(p, "**"))
        return parser_refuses(p, "arguments behind", p->at->text);
    if (p->at->kind != LEX_NAME || p->at[1].kind != LEX_OPERATOR || !span_is(p->at[1].text, "="))
        return parse_expression(p);
    n = parser_leaf(p, NODE_KEYWORD);
    p->at++;
    if (!n || !(n->kid[0] = parse_expression(p)))
        return NULL;
    return parser_adopt(p, n, 0, n->kid[0]);
}

/* At "(": the arguments become kid 1. */
static struct node *parse_arguments(struct parser *p, struct node *n)
{
    bool named = false;

    p->at++;
    if (!n || !parse_list(p, n, 1, ")", parse_argument))
        return NULL;
    for (const struct node *kid = n->kid[1]; kid; kid = kid->next) {
        if (named && kid->kind != NODE_KEYWORD)
            return parser_fails(p, "no argument by place behind one by name");
        named = kid->kind == NODE_KEYWORD;
    }
    return n;
}

/* Up to three bounds; kid 0 is the value. */
static struct node *parse_bounds(struct parser *p, struct node *n)
{
    bool slice = false;

    for (unsigned i = 1; i <= 3; i++) {
        struct node *bound = NULL;

        if (!parser_is(p, ":") && !parser_is(p, "]") && !(bound = parse_expression(p)))
            return NULL;
        if (!parser_adopt(p, n, i, bound))
            return NULL;
        if (i == 3 || !parser_takes(p, ":"))
            break;
        slice = true;
    }
    if (parser_is(p, ","))
        return parser_refuses(p, "an index with", p->at->text);
    if (slice)
        n->kind = NODE_SLICE;
    else if (!n->kid[1])
        return parser_fails(p, "an index");
    return parser_expects(p, "]") ? n : NULL;
}

static struct node *parse_member(struct parser *p, struct node *of)
{
    struct node *n, *index;

    p->at++;
    if (p->at->kind == LEX_NUMBER) {
        n = parser_wrap(p, NODE_INDEX, of);
        index = n ? parser_leaf(p, NODE_INT) : NULL;
        return index ? parser_adopt(p, n, 1, index) : NULL;
    }
    if (p->at->kind != LEX_NAME)
        return parser_fails(p, "a name");
    n = parser_wrap(p, NODE_MEMBER, of);
    if (n)
        n->text = p->at++->text;
    return n;
}

static struct node *parse_postfix(struct parser *p, struct node *n)
{
    while (n) {
        if (parser_is(p, "(")) {
            n = parse_arguments(p, parser_wrap(p, NODE_CALL, n));
        } else if (parser_is(p, ".")) {
            n = parse_member(p, n);
        } else if (parser_takes(p, "[")) {
            n = parser_wrap(p, NODE_INDEX, n);
            n = n ? parse_bounds(p, n) : NULL;
        } else {
            break;
        }
    }
    return n;
}

/* The name of a filter or a test, which may have dots; no known one has. */
static struct node *take_name(struct parser *p, struct node *n)
{
    if (p->at->kind != LEX_NAME)
        return parser_fails(p, "a name");
    if (n)
        n->text = p->at++->text;
    return parser_is(p, ".") ? parser_refuses(p, "a name with", p->at->text) : n;
}

static bool starts_argument(const struct parser *p)
{
    if (p->at->kind == LEX_NAME)
        return !parser_is(p, "else") && !parser_is(p, "or") && !parser_is(p, "and");
    return p->at->kind == LEX_TEXT || p->at->kind == LEX_NUMBER || parser_is(p, "[") ||
           parser_is(p, "{");
}

/* Behind `is`: [not] NAME [argument]. */
static struct node *parse_test(struct parser *p, struct node *of)
{
    bool negated = parser_takes(p, "not");
    struct node *n = take_name(p, parser_wrap(p, NODE_TEST, of));

    if (n && parser_is(p, "(")) {
        n = parse_arguments(p, n);
    } else if (n && starts_argument(p)) {
        struct node *argument = NULL;

        if (parser_is(p, "is"))
            return parser_fails(p, "one test, not a chain");
        argument = parse_postfix(p, parse_primary(p));
        n = argument ? parser_adopt(p, n, 1, argument) : NULL;
    }
    return n && negated ? parser_wrap(p, NODE_NOT, n) : n;
}

static struct node *parse_filters(struct parser *p, struct node *n)
{
    while (n) {
        if (parser_takes(p, "|")) {
            n = take_name(p, parser_wrap(p, NODE_FILTER, n));
            if (n && parser_is(p, "("))
                n = parse_arguments(p, n);
        } else if (parser_takes(p, "is")) {
            n = parse_test(p, n);
        } else if (parser_is(p, "(")) {
            n = parse_arguments(p, parser_wrap(p, NODE_CALL, n));
        } else {
            break;
        }
    }
    return n;
}

/* ---- signs ---- */

static struct node *parse_sign(struct parser *p)
{
    bool minus = parser_is(p, "-");
    struct node *n = NULL;

    if (!minus && !parser_is(p, "+"))
        return parse_postfix(p, parse_primary(p));
    if (!parser_enter(p))
        return NULL;
    p->at++;
    if ((n = parse_sign(p)) && (n = parser_wrap(p, NODE_SIGN, n))) {
        n->op = minus ? OP_SUB : OP_ADD;
        n = parse_postfix(p, n);
    }
    p->depth--;
    return n;
}

struct node *parse_unary(struct parser *p)
{
    return parse_filters(p, parse_sign(p));
}
