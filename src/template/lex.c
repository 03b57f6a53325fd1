/* SPDX-License-Identifier: MIT
 *
 * Text is cut at {{, {% and {#. Inside of {{ }} and {% %}, an end counts only where no bracket is
 * open. Whitespace: a '-' at a tag takes all blanks on its side; a newline right behind %} or #} is
 * taken unless it is +%}, blanks between the start of a line and {% or {# unless it is {%+.
 */
#include "template/lex.h"

#include <stdlib.h>
#include <string.h>

#include "template/node.h"
#include "template/text.h"

enum { LEXEMES_MAX = 1 << 18, BRACKETS_MAX = 200 };

struct lexer {
    struct template *t;
    struct span src;
    size_t at;
    bool line_starts; /* what was read last ended in a newline */
    size_t counted;   /* how far lines are counted, and how many */
    uint32_t line;
    char brackets[BRACKETS_MAX]; /* the closing ones that are due */
    size_t n_brackets;
    struct lexeme *out;
    size_t n, cap;
    struct err *e;
};

/* ---- positions ---- */

static char peek(const struct lexer *l, size_t ahead)
{
    return ahead < l->src.len - l->at ? l->src.text[l->at + ahead] : '\0';
}

static bool sees(const struct lexer *l, const char *word)
{
    size_t len = strlen(word);

    return len <= l->src.len - l->at && memcmp(l->src.text + l->at, word, len) == 0;
}

static struct span rest(const struct lexer *l)
{
    return (struct span){ l->src.text + l->at, l->src.len - l->at };
}

static void skip_blanks(struct lexer *l)
{
    l->at += span_leading(rest(l));
}

static uint32_t line_of(struct lexer *l, size_t at)
{
    for (; l->counted < at; l->counted++)
        l->line += l->src.text[l->counted] == '\n';
    return l->line;
}

static int fail(struct lexer *l, const char *what)
{
    err_set(l->e, ERR_FORMAT, "the template's %s", what);
    return err_at(l->e, "%s:%u", l->t->name, line_of(l, l->at));
}

static int refuse(struct lexer *l, const char *what)
{
    err_set(l->e, ERR_FORMAT, "the template uses %s: not implemented", what);
    return err_at(l->e, "%s:%u", l->t->name, line_of(l, l->at));
}

static int emit(struct lexer *l, enum lexeme_kind kind, struct span text, int64_t number)
{
    int rc = mem_grow(&l->out, &l->cap, l->n + 1, sizeof(*l->out), LEXEMES_MAX, l->e);

    if (rc < 0)
        return err_at(l->e, "%s:%u", l->t->name, line_of(l, l->at));
    l->out[l->n++] = (struct lexeme){ kind, line_of(l, l->at), text, number };
    return 0;
}

/* ---- ends of tags ---- */

/* At "%}", "-%}" or "+%}" (close is "%}")? Goes behind it and the blanks that it takes. */
static bool take_close(struct lexer *l, const char *close, bool trims)
{
    char sign = peek(l, 0);
    size_t before = sign == '-' || (sign == '+' && trims);
    size_t start = l->at;

    l->at += before;
    if (!sees(l, close)) {
        l->at = start;
        return false;
    }
    l->at += 2;
    if (before && sign == '-')
        skip_blanks(l);
    else if (!before && trims && peek(l, 0) == '\n')
        l->at++;
    l->line_starts = l->src.text[l->at - 1] == '\n';
    return true;
}

/* The text from l->at up to the tag at `end`, whose sign is '-', '+' or another. */
static int emit_data(struct lexer *l, size_t end, char sign, bool strips)
{
    struct span data = { l->src.text + l->at, end - l->at };
    const char *newline = data.len > 0 ? memrchr(data.text, '\n', data.len) : NULL;
    size_t last = newline ? (size_t)(newline - data.text) + 1 : 0;

    if (sign == '-')
        data = span_strip(data, NULL, false, true);
    else if (sign != '+' && strips && (last > 0 || l->line_starts) &&
             span_is_blank((struct span){ data.text + last, data.len - last }))
        data.len = last;
    return data.len > 0 ? emit(l, LEX_DATA, data, 0) : 0;
}

/* ---- texts between quotes ---- */

static int lex_text(struct lexer *l)
{
    const char *s = l->src.text + l->at + 1, *end = s, *stop = l->src.text + l->src.len, *wrong;
    char quote = peek(l, 0), *copy;
    size_t len;
    int rc;

    while (end < stop && *end != quote)
        end += *end == '\\' && end + 1 < stop ? 2 : 1;
    if (end >= stop)
        return fail(l, "text is never closed");
    copy = arena_new(&l->t->arena, (size_t)(end - s) + 1, 1, l->e); /* no escape grows */
    if (!copy)
        return ERR_NOMEM;
    if ((wrong = span_unescape((struct span){ s, (size_t)(end - s) }, copy, &len)))
        return fail(l, wrong);
    rc = emit(l, LEX_TEXT, (struct span){ copy, len }, 0);
    l->at = (size_t)(end + 1 - l->src.text);
    return rc;
}

/* ---- names, numbers, operators ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return c == '_' || is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Does .5, e5 or e-5 stand there? */
static bool is_fraction(const struct lexer *l, size_t n)
{
    char c = peek(l, n), next = peek(l, n + 1);

    if (l->at > 0 && l->src.text[l->at - 1] == '.') /* a.0.1 */
        return false;
    if ((c | 0x20) == 'e' && (next == '+' || next == '-'))
        next = peek(l, n + 2);
    return ((c | 0x20) == 'e' || c == '.') && is_digit(next);
}

static int lex_number(struct lexer *l)
{
    bool zero = peek(l, 0) == '0';
    size_t n = 0;
    int64_t number = 0;
    int rc;

    if (zero && peek(l, 1) && strchr("xXoObB", peek(l, 1)))
        return refuse(l, "a number that is not decimal");
    for (; is_digit(peek(l, n)) || (peek(l, n) == '_' && is_digit(peek(l, n + 1))); n++) {
        char c = peek(l, n);

        if (c == '_')
            continue;
        if (zero && c != '0')
            return fail(l, "number begins with 0");
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, c - '0', &number))
            return refuse(l, "a number beyond 64 bits");
    }
    if (is_fraction(l, n))
        return refuse(l, "a fraction");
    rc = emit(l, LEX_NUMBER, (struct span){ l->src.text + l->at, n }, number);
    l->at += n;
    return rc;
}

static int lex_name(struct lexer *l)
{
    size_t n = 0;
    int rc;

    while (is_name(peek(l, n)))
        n++;
    rc = emit(l, LEX_NAME, (struct span){ l->src.text + l->at, n }, 0);
    l->at += n;
    return rc;
}

static int balance(struct lexer *l, char c)
{
    const char *open = strchr("()[]{}", c);

    if (!open)
        return 0;
    if ((open - "()[]{}") % 2 == 0) {
        if (l->n_brackets == BRACKETS_MAX)
            return refuse(l, "too many brackets in brackets");
        l->brackets[l->n_brackets++] = open[1];
        return 0;
    }
    if (l->n_brackets == 0 || l->brackets[--l->n_brackets] != c)
        return fail(l, "brackets do not match");
    return 0;
}

static int lex_operator(struct lexer *l)
{
    static const char *const operators[] = { "//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                             "*",  "%",  "~",  "(",  ")",  "[",  "]", "{", "}",
                                             ">",  "<",  "=",  ".",  ":",  "|",  ",", ";" };

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (sees(l, operators[i])) {
            struct span text = { operators[i], strlen(operators[i]) };
            int rc = text.len == 1 ? balance(l, *text.text) : 0;

            if (rc == 0)
                rc = emit(l, LEX_OPERATOR, text, 0);
            l->at += text.len;
            return rc;
        }
    return fail(l, "expression has a character that has no meaning there");
}

/* ---- tags ---- */

static int lex_inside(struct lexer *l, const char *close, bool trims, enum lexeme_kind end)
{
    int rc = 0;

    l->n_brackets = 0;
    while (rc == 0) {
        char c;

        if (l->n_brackets == 0 && take_close(l, close, trims))
            return emit(l, end, SPAN(""), 0);
        if (l->at == l->src.len)
            return fail(l, "last tag is never closed");
        c = peek(l, 0);
        if (code_is_blank(text_utf8_code(l->src.text + l->at)))
            skip_blanks(l);
        else if (is_digit(c))
            rc = lex_number(l);
        else if (is_name(c))
            rc = lex_name(l);
        else if (c == '\'' || c == '"')
            rc = lex_text(l);
        else
            rc = lex_operator(l);
    }
    return rc;
}

static int skip_comment(struct lexer *l)
{
    for (; l->at < l->src.len; l->at++)
        if (take_close(l, "#}", true))
            return 0;
    return fail(l, "comment is never closed");
}

/* At "{% word %}"? Goes behind it. */
static bool take_word_tag(struct lexer *l, const char *word, bool trims, char *sign)
{
    size_t start = l->at;

    if (sees(l, "{%")) {
        l->at += 2;
        *sign = peek(l, 0);
        l->at += *sign == '-' || *sign == '+';
        skip_blanks(l);
        if (sees(l, word)) {
            l->at += strlen(word);
            skip_blanks(l);
            if (take_close(l, "%}", trims))
                return true;
        }
    }
    l->at = start;
    return false;
}

static int lex_raw(struct lexer *l)
{
    size_t start = l->at;
    bool line_starts = l->line_starts;

    for (; l->at < l->src.len; l->at++) {
        size_t end = l->at, behind;
        bool ends_line;
        char sign;
        int rc;

        if (!take_word_tag(l, "endraw", true, &sign))
            continue;
        behind = l->at;
        ends_line = l->line_starts;
        l->at = start;
        l->line_starts = line_starts;
        rc = emit_data(l, end, sign, true);
        l->at = behind;
        l->line_starts = ends_line;
        return rc;
    }
    return fail(l, "raw block is never closed");
}

static int lex_tag(struct lexer *l)
{
    char kind = peek(l, 1), sign = peek(l, 2);
    int rc;

    if (take_word_tag(l, "raw", false, &sign))
        return lex_raw(l);
    if (kind != '#' && (rc = emit(l, kind == '{' ? LEX_PRINT : LEX_BLOCK, SPAN(""), 0)) < 0)
        return rc;
    l->at += sign == '-' || sign == '+' ? 3 : 2;
    if (kind == '#')
        return skip_comment(l);
    return kind == '{' ? lex_inside(l, "}}", false, LEX_PRINT_END)
                       : lex_inside(l, "%}", true, LEX_BLOCK_END);
}

static bool is_tag(const char *s)
{
    return s[0] == '{' && (s[1] == '{' || s[1] == '%' || s[1] == '#');
}

static int lex_all(struct lexer *l)
{
    int rc = 0;

    while (rc == 0 && l->at < l->src.len) {
        size_t tag = l->at;
        char sign;

        while (tag + 1 < l->src.len && !is_tag(l->src.text + tag))
            tag++;
        if (tag + 1 >= l->src.len) {
            rc = emit(l, LEX_DATA, rest(l), 0);
            break;
        }
        sign = tag + 2 < l->src.len ? l->src.text[tag + 2] : '\0';
        rc = emit_data(l, tag, sign, l->src.text[tag + 1] != '{');
        l->at = tag;
        if (rc == 0)
            rc = lex_tag(l);
    }
    l->at = l->src.len;
    return rc < 0 ? rc : emit(l, LEX_END, SPAN(""), 0);
}

/* A copy whose lines end in "\n", the last one's dropped. */
static int normalize(struct lexer *l, const char *text, size_t len)
{
    char *copy = arena_new(&l->t->arena, len + 1, 1, l->e);
    size_t n = 0;

    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < len; i++) {
        copy[n++] = text[i] == '\r' ? '\n' : text[i];
        i += text[i] == '\r' && i + 1 < len && text[i + 1] == '\n';
    }
    l->src = (struct span){ copy, n - (n > 0 && copy[n - 1] == '\n') };
    return 0;
}

int template_lex(struct template *t, const char *text, size_t len, struct lexeme **out,
                 struct err *e)
{
    struct lexer l = { .t = t, .line_starts = true, .line = 1, .e = e };
    int rc = normalize(&l, text, len);

    if (rc == 0)
        rc = lex_all(&l);
    if (rc < 0) {
        free(l.out);
        return rc;
    }
    *out = l.out;
    return 0;
}
