/* SPDX-License-Identifier: MIT
 *
 * node.h - what a template is: a tree of nodes. Private to template/.
 */
#ifndef ASSENT_TEMPLATE_NODE_H
#define ASSENT_TEMPLATE_NODE_H

#include <stdint.h>

#include "base/base.h"
#include "template/text.h"

struct template
{
    struct arena arena; /* everything below */
    const char *name;   /* for messages */
    struct node *body;
};

enum node_kind {
    NODE_NONE, /* literals: None, number as a truth value, number, text */
    NODE_BOOL,
    NODE_INT,
    NODE_TEXT,
    NODE_NAME,    /* text */
    NODE_LIST,    /* kid 0: its first element, which has the next one behind it; so do all lists */
    NODE_TUPLE,   /* kid 0: elements */
    NODE_DICT,    /* kid 0: NODE_PAIRs */
    NODE_PAIR,    /* kids: key, value */
    NODE_MEMBER,  /* kid 0 . text */
    NODE_INDEX,   /* kid 0 [ kid 1 ] */
    NODE_SLICE,   /* kid 0 [ kid 1 : kid 2 : kid 3 ], each of those or NULL */
    NODE_CALL,    /* kid 0 ( kid 1 arguments ) */
    NODE_KEYWORD, /* an argument: text = kid 0 */
    NODE_FILTER,  /* kid 0 | text ( kid 1 arguments ) */
    NODE_TEST,    /* kid 0 is text ( kid 1 arguments ) */
    NODE_CHOICE,  /* kid 0 if kid 1 else kid 2 or NULL */
    NODE_AND,     /* kids 0, 1 */
    NODE_OR,      /* kids 0, 1 */
    NODE_NOT,     /* kid 0 */
    NODE_SIGN,    /* op (OP_ADD, OP_SUB) kid 0 */
    NODE_BINARY,  /* kid 0 op kid 1 */
    NODE_COMPARE, /* kid 0, then kid 1: NODE_OPERANDs, a < b < c */
    NODE_OPERAND, /* op kid 0 */
    NODE_PRINT,   /* statements: print kid 0 */
    NODE_DATA,    /* print text */
    NODE_FOR,     /* for kid 0 in kid 1 if kid 2 or NULL: kid 3 else kid 4 */
    NODE_IF,      /* if kid 0: kid 1 else kid 2 */
    NODE_SET,     /* kid 0 = kid 1 */
    NODE_CAPTURE, /* kid 0 = what kid 1 prints */
    NODE_SPACE,   /* a target: text . the text of kid 0 */
    NODE_GENERATION, /* kid 0 */
    NODE_BREAK,
    NODE_CONTINUE,
};

enum op {
    OP_ADD,
    OP_SUB,
    OP_JOIN, /* ~ */
    OP_MUL,
    OP_DIV,
    OP_FLOORDIV,
    OP_MOD,
    OP_POW,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN,
};

enum { KIDS_MAX = 5 };

struct node {
    enum node_kind kind;
    enum op op;
    uint32_t line, depth;
    struct span text;
    int64_t number;
    struct node *next; /* in a list */
    struct node *kid[KIDS_MAX];
};

#endif
