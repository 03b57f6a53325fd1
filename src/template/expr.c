/* SPDX-License-Identifier: MIT
 *
 * Precedence, loosest first: if-else, or, and, not, comparisons, + -, ~, * / // %, **; then what
 * primary.c reads.
 */
#include "template/parser.h"

#include "template/lex.h"
#include "template/node.h"
#include "template/text.h"
struct operators {
    const char *words[5];
    enum op ops[5];
};

static const struct operators levels[] = {
    { { "+", "-" }, { OP_ADD, OP_SUB } },
    { { "~" }, { OP_JOIN } },
    { { "*", "/", "//", "%" }, { OP_MUL, OP_DIV, OP_FLOORDIV, OP_MOD } },
    { { "**" }, { OP_POW } },
};

static bool take_operator(struct parser *p, const char *const *words, const enum op *ops,
                          enum op *out)
{
    for (size_t i = 0; words[i]; i++)
        if (parser_takes(p, words[i])) {
            *out = ops[i];
            return true;
        }
    return false;
}

static struct node *parse_level(struct parser *p, size_t level)
{
    struct node *left;
    enum op op;

    if (level == sizeof(levels) / sizeof(levels[0]))
        return parse_unary(p);
    left = parse_level(p, level + 1);
    while (left && take_operator(p, levels[level].words, levels[level].ops, &op)) {
        struct node *n = parser_new(p, NODE_BINARY);

        left = parser_pair(p, n, left, parse_level(p, level + 1));
        if (left)
            left->op = op;
    }
    return left;
}

static bool take_comparison(struct parser *p, enum op *op)
{
    static const char *const words[] = { "==", "!=", "<=", ">=", "<", ">", "in", NULL };
    static const enum op ops[] = { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_IN };

    if (parser_is(p, "not") && p->at[1].kind == LEX_NAME && span_is(p->at[1].text, "in")) {
        p->at += 2;
        *op = OP_NOT_IN;
        return true;
    }
    return take_operator(p, words, ops, op);
}

static struct node *parse_comparison(struct parser *p)
{
    struct node *n = parse_level(p, 0), *first = NULL, **last = &first;
    struct node *compare = n ? parser_new(p, NODE_COMPARE) : NULL;
    enum op op;

    while (compare && take_comparison(p, &op)) {
        struct node *operand = parse_level(p, 0);

        if (!operand || !(*last = parser_wrap(p, NODE_OPERAND, operand)))
            return NULL;
        (*last)->op = op;
        last = &(*last)->next;
    }
    return first ? parser_pair(p, compare, n, first) : compare ? n : NULL;
}

static struct node *parse_not(struct parser *p)
{
    struct node *n;

    if (!parser_is(p, "not"))
        return parse_comparison(p);
    if (!parser_enter(p))
        return NULL;
    p->at++;
    n = parse_not(p);
    p->depth--;
    return n ? parser_wrap(p, NODE_NOT, n) : NULL;
}

static struct node *parse_chain(struct parser *p, const char *word, enum node_kind kind,
                                struct node *(*one)(struct parser *))
{
    struct node *left = one(p);

    while (left && parser_takes(p, word)) {
        struct node *n = parser_new(p, kind);

        left = parser_pair(p, n, left, one(p));
    }
    return left;
}

static struct node *parse_and(struct parser *p)
{
    return parse_chain(p, "and", NODE_AND, parse_not);
}

struct node *parse_or(struct parser *p)
{
    return parse_chain(p, "or", NODE_OR, parse_and);
}

struct node *parse_expression(struct parser *p)
{
    struct node *n;

    if (!parser_enter(p))
        return NULL;
    n = parse_or(p);
    while (n && parser_takes(p, "if")) {
        struct node *choice = parser_new(p, NODE_CHOICE), *otherwise = NULL;

        n = parser_pair(p, choice, n, parse_or(p));
        if (n && parser_takes(p, "else")) {
            otherwise = parse_expression(p);
            n = otherwise ? parser_adopt(p, n, 2, otherwise) : NULL;
        }
    }
    p->depth--;
    return n;
}

static bool at_end(const struct parser *p)
{
    return p->at->kind == LEX_PRINT_END || p->at->kind == LEX_BLOCK_END || parser_is(p, ")") ||
           parser_is(p, "recursive") || (parser_is(p, "in") && p->at->kind == LEX_NAME);
}

struct node *parse_expressions(struct parser *p, struct node *(*one)(struct parser *))
{
    struct node *first = one(p), *last = first, *tuple;

    if (!first || !parser_is(p, ","))
        return first;
    tuple = parser_new(p, NODE_TUPLE);
    while (last && parser_takes(p, ",") && !at_end(p))
        last = last->next = one(p);
    return last && tuple ? parser_adopt(p, tuple, 0, first) : NULL;
}
