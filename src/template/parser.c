/* SPDX-License-Identifier: MIT */
#include "template/parser.h"

#include <string.h>

#include "template/lex.h"
#include "template/node.h"
#include "template/text.h"

enum {
    PARSE_DEPTH_MAX = 100, /* brackets in brackets, statements in statements */
    NODE_DEPTH_MAX = 400,  /* of the tree: a + b + c + ... is a level a term */
};

static int at_line(struct parser *p)
{
    return err_at(p->e, "%s:%u", p->t->name, p->at->line);
}

bool parser_is(const struct parser *p, const char *word)
{
    return (p->at->kind == LEX_NAME || p->at->kind == LEX_OPERATOR) && span_is(p->at->text, word);
}

bool parser_takes(struct parser *p, const char *word)
{
    if (!parser_is(p, word))
        return false;
    p->at++;
    return true;
}

struct node *parser_fails(struct parser *p, const char *expected)
{
    static const char *const names[LEX_KINDS] = { [LEX_END] = "the end of the template",
                                                  [LEX_DATA] = "text",
                                                  [LEX_PRINT] = "{{",
                                                  [LEX_PRINT_END] = "}}",
                                                  [LEX_BLOCK] = "{%",
                                                  [LEX_BLOCK_END] = "%}",
                                                  [LEX_TEXT] = "a text",
                                                  [LEX_NUMBER] = "a number" };
    const char *name = names[p->at->kind];

    err_set(p->e, ERR_FORMAT, "the template cannot be understood");
    if (name)
        err_got(p->e, "%s", name);
    else
        err_got(p->e, "%.*s", SHOWN(p->at->text));
    err_expected(p->e, "%s", expected);
    at_line(p);
    return NULL;
}

bool parser_expects(struct parser *p, const char *word)
{
    return parser_takes(p, word) || parser_fails(p, word);
}

struct node *parser_refuses(struct parser *p, const char *what, struct span name)
{
    err_set(p->e, ERR_FORMAT, "the template uses %s %.*s: not implemented", what, SHOWN(name));
    at_line(p);
    return NULL;
}

bool parser_enter(struct parser *p)
{
    if (++p->depth <= PARSE_DEPTH_MAX)
        return true;
    err_set(p->e, ERR_LIMIT, "the template is nested too deeply");
    err_expected(p->e, "at most %d levels", PARSE_DEPTH_MAX);
    at_line(p);
    return false;
}

struct node *parser_new(struct parser *p, enum node_kind kind)
{
    struct node *n = arena_new(&p->t->arena, 1, sizeof(*n), p->e);

    if (n) {
        n->kind = kind;
        n->line = p->at->line;
        n->depth = 1;
    }
    return n;
}

struct node *parser_adopt(struct parser *p, struct node *n, unsigned i, struct node *kid)
{
    n->kid[i] = kid;
    for (; kid; kid = kid->next)
        if (n->depth <= kid->depth)
            n->depth = kid->depth + 1;
    if (n->depth <= NODE_DEPTH_MAX)
        return n;
    err_set(p->e, ERR_LIMIT, "an expression of the template has too many terms");
    at_line(p);
    return NULL;
}

struct node *parser_wrap(struct parser *p, enum node_kind kind, struct node *kid)
{
    struct node *n = parser_new(p, kind);

    return n ? parser_adopt(p, n, 0, kid) : NULL;
}

struct node *parser_pair(struct parser *p, struct node *n, struct node *a, struct node *b)
{
    if (!n || !a || !b || !parser_adopt(p, n, 0, a))
        return NULL;
    return parser_adopt(p, n, 1, b);
}

struct node *parser_leaf(struct parser *p, enum node_kind kind)
{
    struct node *n = parser_new(p, kind);

    if (n) {
        n->text = p->at->text;
        n->number = p->at->number;
        p->at++;
    }
    return n;
}
