/* SPDX-License-Identifier: MIT
 *
 * parts.h - what the files of the template interpreter share.
 *
 *     text -> lexemes -> nodes -> text
 *
 *     lex.c      text to lexemes; whitespace control
 *     parse.c    lexemes to nodes: statements; node.c what all of these use
 *     expr.c     lexemes to nodes: operators
 *     primary.c  lexemes to nodes: literals, members, calls, filters, tests, signs
 *     eval.c     expressions to values
 *     exec.c     statements to output
 *     value.c    values: truth, equality, order, how they print
 *     sequence.c values: iterating, membership, indexing, slicing
 *     members.c  a.b and a["b"]; methods.c the methods of texts and dicts
 *     filters.c  filters; select.c those that select from a list
 *     tests.c    what stands behind `is`; functions.c range() and the like
 *     text.c     UTF-8, blanks, quoting, escapes
 *
 * The language is Jinja 3.1 as transformers 5.23 sets it up; values behave as Python's do. Where
 * an equal answer would cost tables (letters beyond ASCII in upper(), fractions), the construct is
 * refused by name.
 */
#ifndef ASSENT_TEMPLATE_PARTS_H
#define ASSENT_TEMPLATE_PARTS_H

#include <stdint.h>

#include "template/template.h"

enum {
    LEXEMES_MAX = 1 << 18,
    PARSE_DEPTH_MAX = 100,        /* brackets in brackets, statements in statements */
    NODE_DEPTH_MAX = 400,         /* of the tree: a + b + c + ... is a level a term */
    VALUE_DEPTH_MAX = 50,         /* lists in lists, where they are compared or printed */
    RANGE_MAX = 100000,           /* MAX_RANGE of Jinja's sandbox */
    RENDER_MEMORY_MAX = 32 << 20, /* bytes of values of one rendering */
    BYTES_PER_STEP = 64,          /* work on texts is counted as steps, too */
};

struct span {
    const char *text;
    size_t len;
};

#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

/* For "%.*s" in messages. */
#define SHOWN(span) (int)((span).len < 100 ? (span).len : 100), (span).text

bool span_is(struct span s, const char *text);
bool span_equal(struct span a, struct span b);

struct template
{
    struct arena arena; /* everything below */
    const char *name;   /* for messages */
    struct node *body;
};

/* ---- lexemes ---- */

enum lexeme_kind {
    LEX_END,
    LEX_DATA,
    LEX_PRINT,
    LEX_PRINT_END,
    LEX_BLOCK,
    LEX_BLOCK_END,
    LEX_NAME,
    LEX_TEXT,
    LEX_NUMBER,
    LEX_OPERATOR,
    LEX_KINDS
};

struct lexeme {
    enum lexeme_kind kind;
    uint32_t line;
    struct span text; /* the template's; of a LEX_TEXT with its escapes undone */
    int64_t number;
};

/* *out ends in LEX_END; free() it. */
int template_lex(struct template *t, const char *text, size_t len, struct lexeme **out,
                 struct err *e);

/* ---- nodes ---- */

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

struct parser {
    struct template *t;
    const struct lexeme *at;
    unsigned depth, loops; /* how deep in brackets and statements; in for loops */
    struct err *e;
};

/* All return NULL, or false, with the error in p->e. */
bool parse_body(struct parser *p, struct node **out); /* a whole template; NULL: an empty one */

struct node *parse_expression(struct parser *p); /* with `a if b else c` */
struct node *parse_or(struct parser *p);         /* without */
/* One, or a tuple without brackets. */
struct node *parse_expressions(struct parser *p, struct node *(*one)(struct parser *));
struct node *parse_unary(struct parser *p); /* the operands of operators */
struct node *parse_name(struct parser *p);  /* or true, false, none */

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

/* ---- values ---- */

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
        struct scope *space;
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

struct variable {
    struct variable *next;
    struct span name;
    struct val value;
};

struct scope {
    struct variable *variables;
    const struct scope *outer;
};

struct args {
    struct val *values; /* the first n by place, then n_named by name */
    struct span *names; /* of the named ones */
    size_t n, n_named;
};

struct render {
    const struct template *t;
    struct err *e;
    struct arena arena; /* all values */
    size_t steps;
    struct buf *out;
    struct scope *scope;
};

/* Something to call: on self, or on what a filter stands behind; NULL for a function. */
typedef int builtin(struct render *r, const struct val *self, const struct args *a,
                    struct val *out);

struct method {
    enum val_kind kind;
    const char *name;
    builtin *run; /* NULL: known to Python, not implemented */
};

struct function {
    const char *name;
    builtin *run; /* the same */
};

/* Counts work. ERR_LIMIT once there was too much, from then on always. */
int render_charge(struct render *r, size_t steps);
int render_charge_bytes(struct render *r, size_t bytes);
void *render_new(struct render *r, size_t n, size_t size);
int render_refuses(struct render *r, const char *what, struct span name);

/* eval.c, exec.c */
int eval(struct render *r, const struct node *n, struct val *out);
int exec(struct render *r, const struct node *list);
int scope_set(struct render *r, struct scope *s, struct span name, struct val value);
const struct val *scope_get(struct render *r, const struct scope *s, struct span name);
int call(struct render *r, builtin *run, const char *what, struct span name, const struct val *self,
         const struct args *a, struct val *out);

/* value.c */
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

/* sequence.c */
int sequence_of(struct render *r, const struct val *v, const struct val **items, size_t *n);
int sequence_has(struct render *r, const struct val *v, const struct val *item, bool *out);
int sequence_index(struct render *r, const struct val *v, const struct val *at, struct val *out);
int sequence_slice(struct render *r, const struct val *v, const struct val bounds[3],
                   struct val *out);
int sequence_stream(struct render *r, const struct val *items, size_t n, struct val *out);
int dict_get(struct render *r, const struct val *v, const struct val *key, const struct val **out);
int dict_set(struct render *r, struct pair *pairs, size_t *n, struct pair pair);
int dict_items(struct render *r, const struct val *v, struct val *out); /* a view of tuples */

/* members.c: v.name, and v[key], which looks among the elements first */
int member_get(struct render *r, const struct val *v, struct span name, struct val *out);
int item_get(struct render *r, const struct val *v, const struct val *key, struct val *out);
const struct method *method_find(enum val_kind kind, struct span name); /* or NULL */
/* Those that filters offer, too. */
builtin text_upper, text_lower, text_capitalize, text_strip, text_replace;

builtin filter_selectattr, filter_rejectattr, filter_select, filter_reject, filter_map;

/* filters.c, functions.c, tests.c */
int filter_run(struct render *r, struct span name, const struct val *v, const struct args *a,
               struct val *out);
bool function_find(struct span name, struct val *out);
int test_run(struct render *r, struct span name, const struct val *v, const struct args *a,
             bool *out);
/* ERR_FORMAT unless there are from min to max, and all names are in `names` (NULL: none). */
int args_check(struct render *r, const struct args *a, size_t min, size_t max,
               const char *const *names);

/* ---- text (text.c); all of it is valid UTF-8 ---- */

size_t utf8_count(struct span s);
size_t utf8_offset(struct span s, size_t character); /* bytes before it */
bool code_is_blank(uint32_t code);                   /* str.isspace() of Python */
bool span_is_ascii(struct span s);
bool span_is_blank(struct span s);  /* not empty, and nothing but blanks */
size_t span_leading(struct span s); /* bytes of blanks it begins with */
/* Without the characters in `set` (NULL: blanks) at its ends. */
struct span span_strip(struct span s, const struct span *set, bool left, bool right);
/* The text quoted as Python's repr does. False for letters beyond ASCII: which of them print needs
 * a table. */
bool span_repr(struct buf *b, struct span s);
void span_json(struct buf *b, struct span s);
/* Escapes undone as Python's unicode_escape does, into at most s.len bytes. Returns what is wrong,
 * or NULL. */
const char *span_unescape(struct span s, char *out, size_t *len);

#endif
