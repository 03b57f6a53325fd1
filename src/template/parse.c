/* SPDX-License-Identifier: MIT */
#include "template/parser.h"

#include <stdlib.h>
#include <string.h>

#include "template/lex.h"
#include "template/node.h"
#include "template/text.h"

static bool parse_until(struct parser *p, const char *const *ends, struct node **out);
static struct node *parse_target(struct parser *p, bool spaces);

static bool at_word(const struct parser *p, const char *const *words)
{
    for (; *words; words++)
        if (parser_is(p, *words))
            return true;
    return false;
}

/* Behind a tag's head: "%}", then statements up to "{%" and one of the words, which is left to the
 * caller. They become kid i. */
static struct node *parse_block(struct parser *p, struct node *n, unsigned i,
                                const char *const *ends)
{
    struct node *body;

    parser_takes(p, ":");
    if (p->at->kind != LEX_BLOCK_END)
        return parser_fails(p, "%}");
    p->at++;
    if (!parse_until(p, ends, &body))
        return NULL;
    if (p->at->kind == LEX_END)
        return parser_fails(p, ends[0]);
    return parser_adopt(p, n, i, body);
}

/* ---- targets ---- */

static struct node *parse_one_target(struct parser *p, bool spaces)
{
    struct node *n, *member;

    if (p->at->kind != LEX_NAME && !parser_is(p, "("))
        return parser_fails(p, "a name to assign to");
    if (parser_is(p, "(")) {
        if (!parser_enter(p))
            return NULL;
        p->at++;
        n = parse_target(p, false);
        p->depth--;
        return n && parser_expects(p, ")") ? n : NULL;
    }
    if (p->loops > 0 && parser_is(p, "loop"))
        return parser_fails(p, "another name than loop's");
    n = parse_name(p);
    if (n && n->kind != NODE_NAME)
        return parser_fails(p, "a name to assign to");
    if (!n || !spaces || !parser_takes(p, "."))
        return n;
    if (p->at->kind != LEX_NAME)
        return parser_fails(p, "a name");
    n->kind = NODE_SPACE;
    member = parser_leaf(p, NODE_NAME);
    return member ? parser_adopt(p, n, 0, member) : NULL;
}

static struct node *parse_name_or_member(struct parser *p)
{
    return parse_one_target(p, true);
}

static struct node *parse_only_name(struct parser *p)
{
    return parse_one_target(p, false);
}

static struct node *parse_target(struct parser *p, bool spaces)
{
    return parse_expressions(p, spaces ? parse_name_or_member : parse_only_name);
}

/* ---- the statements; p->at is behind their first word ---- */

static struct node *parse_for(struct parser *p, struct node *n)
{
    static const char *const ends[] = { "endfor", "else", NULL };
    static const char *const last[] = { "endfor", NULL };
    struct node *target, *of, *condition = NULL, *done;

    p->loops++;
    if (!(target = parse_target(p, false)) || !parser_expects(p, "in") ||
        !(of = parse_expressions(p, parse_or)))
        return NULL;
    if (parser_takes(p, "if") && !(condition = parse_expression(p)))
        return NULL;
    if (parser_is(p, "recursive"))
        return parser_refuses(p, "the loop modifier", p->at->text);
    if (!parser_adopt(p, n, 0, target) || !parser_adopt(p, n, 1, of) ||
        !parser_adopt(p, n, 2, condition))
        return NULL;
    done = parse_block(p, n, 3, ends);
    p->loops--;
    if (done && parser_takes(p, "else"))
        done = parse_block(p, n, 4, last);
    return done && parser_expects(p, "endfor") ? n : NULL;
}

/* elif is an if in the else. */
static struct node *parse_if(struct parser *p, struct node *n)
{
    static const char *const ends[] = { "endif", "elif", "else", NULL };
    static const char *const last[] = { "endif", NULL };
    struct node *condition = parse_expressions(p, parse_or);

    if (!condition || !parser_adopt(p, n, 0, condition) || !parse_block(p, n, 1, ends))
        return NULL;
    if (parser_is(p, "elif")) {
        struct node *otherwise = parser_new(p, NODE_IF);

        p->at++;
        if (!otherwise || !parser_enter(p) || !(otherwise = parse_if(p, otherwise)))
            return NULL;
        p->depth--;
        return parser_adopt(p, n, 2, otherwise);
    }
    if (parser_takes(p, "else") && !parse_block(p, n, 2, last))
        return NULL;
    return parser_expects(p, "endif") ? n : NULL;
}

static struct node *parse_set(struct parser *p, struct node *n)
{
    static const char *const ends[] = { "endset", NULL };
    struct node *target = parse_target(p, true), *value;

    if (!target || !parser_adopt(p, n, 0, target))
        return NULL;
    if (parser_takes(p, "=")) {
        value = parse_expressions(p, parse_expression);
        return value ? parser_adopt(p, n, 1, value) : NULL;
    }
    if (parser_is(p, "|"))
        return parser_refuses(p, "a set block with", SPAN("a filter"));
    n->kind = NODE_CAPTURE;
    return parse_block(p, n, 1, ends) && parser_expects(p, "endset") ? n : NULL;
}

static struct node *parse_generation(struct parser *p, struct node *n)
{
    static const char *const ends[] = { "endgeneration", NULL };
    unsigned loops = p->loops;
    bool done;

    p->loops = 0; /* a break does not leave it */
    done = parse_block(p, n, 0, ends) && parser_expects(p, "endgeneration");
    p->loops = loops;
    return done ? n : NULL;
}

static struct node *parse_jump(struct parser *p, struct node *n)
{
    return p->loops > 0 ? n : parser_fails(p, "a loop around break and continue");
}

static const struct statement {
    const char *word;
    enum node_kind kind;
    struct node *(*parse)(struct parser *p, struct node *n);
} statements[] = {
    { "for", NODE_FOR, parse_for },      { "if", NODE_IF, parse_if },
    { "set", NODE_SET, parse_set },      { "generation", NODE_GENERATION, parse_generation },
    { "break", NODE_BREAK, parse_jump }, { "continue", NODE_CONTINUE, parse_jump },
};

static struct node *parse_statement(struct parser *p)
{
    static const char *const known[] = { "macro",  "call",       "filter",  "include",
                                         "import", "from",       "extends", "block",
                                         "with",   "autoescape", "print",   NULL };
    const struct statement *s = statements, *end = s + sizeof(statements) / sizeof(*s);
    struct node *n = parser_new(p, NODE_IF);

    while (s < end && !parser_is(p, s->word))
        s++;
    if (s == end)
        return at_word(p, known) ? parser_refuses(p, "the statement", p->at->text)
                                 : parser_fails(p, "a statement");
    if (!n || !parser_enter(p))
        return NULL;
    n->kind = s->kind;
    p->at++;
    n = s->parse(p, n);
    p->depth--;
    if (n && p->at->kind != LEX_BLOCK_END)
        return parser_fails(p, "%}");
    p->at += n != NULL;
    return n;
}

/* ---- what stands between statements ---- */

static struct node *parse_print(struct parser *p)
{
    struct node *n = parser_new(p, NODE_PRINT), *value = parse_expressions(p, parse_expression);

    if (!n || !value || !parser_adopt(p, n, 0, value))
        return NULL;
    if (p->at->kind != LEX_PRINT_END)
        return parser_fails(p, "}}");
    p->at++;
    return n;
}

static struct node *parse_data(struct parser *p)
{
    struct node *n = parser_new(p, NODE_DATA);

    if (n)
        n->text = p->at++->text;
    return n;
}

/* A list of statements, up to a tag that begins with one of the words (NULL: up to the end). */
static bool parse_until(struct parser *p, const char *const *ends, struct node **out)
{
    struct node **last = out;

    *out = NULL;
    while (p->at->kind != LEX_END) {
        enum lexeme_kind kind = p->at->kind;

        p->at += kind != LEX_DATA;
        if (kind == LEX_BLOCK && ends && at_word(p, ends))
            break;
        *last = kind == LEX_DATA    ? parse_data(p)
                : kind == LEX_PRINT ? parse_print(p)
                                    : parse_statement(p);
        if (!*last)
            return false;
        last = &(*last)->next;
    }
    return true;
}

bool parse_body(struct parser *p, struct node **out)
{
    return parse_until(p, NULL, out);
}
