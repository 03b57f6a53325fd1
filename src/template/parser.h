/* SPDX-License-Identifier: MIT
 *
 * parser.h - lexemes to nodes: statements (parse.c), operators (expr.c), literals, members, calls,
 * filters, tests and signs (primary.c), and what all of these use (parser.c). Private to template/.
 *
 * All return NULL, or false, with the error in p->e.
 */
#ifndef ASSENT_TEMPLATE_PARSER_H
#define ASSENT_TEMPLATE_PARSER_H

#include <stdbool.h>

#include "base/base.h"
#include "template/lex.h"
#include "template/node.h"

struct parser {
    struct template *t;
    const struct lexeme *at;
    unsigned depth, loops; /* how deep in brackets and statements; in for loops */
    struct err *e;
};

/* ---- the grammar ---- */

bool parse_body(struct parser *p, struct node **out); /* a whole template; NULL: an empty one */

struct node *parse_expression(struct parser *p); /* with `a if b else c` */
struct node *parse_or(struct parser *p);         /* without */
/* One, or a tuple without brackets. */
struct node *parse_expressions(struct parser *p, struct node *(*one)(struct parser *));
struct node *parse_unary(struct parser *p); /* the operands of operators */
struct node *parse_name(struct parser *p);  /* or true, false, none */

/* ---- parser.c ---- */

struct node *parser_new(struct parser *p, enum node_kind kind);
/* Sets a kid, which may be a list, and with it the depth. NULL where that is too deep. */
struct node *parser_adopt(struct parser *p, struct node *n, unsigned i, struct node *kid);
struct node *parser_leaf(struct parser *p, enum node_kind kind); /* of one lexeme, gone past */
struct node *parser_wrap(struct parser *p, enum node_kind kind, struct node *kid);
/* Kids 0 and 1. NULL where any of the three is. */
struct node *parser_pair(struct parser *p, struct node *n, struct node *a, struct node *b);
bool parser_enter(struct parser *p); /* one level deeper; p->depth-- leaves it */
bool parser_is(const struct parser *p, const char *word); /* a name or an operator */
bool parser_takes(struct parser *p, const char *word);    /* the same, and goes past it */
bool parser_expects(struct parser *p, const char *word);
struct node *parser_fails(struct parser *p, const char *expected);
struct node *parser_refuses(struct parser *p, const char *what, struct span name);

#endif
