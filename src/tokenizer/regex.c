/* SPDX-License-Identifier: MIT
 *
 * The expressions of tokenizer.json are written for Oniguruma (6.9.10, Unicode 16) and matched here
 * by PCRE2. They are translated construct by construct; one that is not known to mean the same in
 * both is refused. What differs, measured on every code point:
 *
 * - \s is White_Space there; PCRE2's \s has U+180E too. Written as \p{White_Space}.
 * - \p{L} and \p{N} of an older PCRE2 lack what later versions of Unicode have assigned: 9 272
 *   letters and 120 numbers for PCRE2 10.42 (Unicode 14). The ranges below add them. Other
 *   categories are PCRE2's own.
 * - (?i:...) folds single characters alike (U+017F is an s, U+212A a k), but Oniguruma folds some
 *   pairs of letters into ligatures too: groups with such a pair are refused.
 * - ^ and $ are those of a line in Oniguruma, {n}+ is not possessive, {n}? not lazy, [ nests in a
 *   class, && intersects: refused.
 */
#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATTERN_MAX = 64 << 10,
    MATCH_LIMIT = 50 * 1000 * 1000, /* steps of one match; the longest text has 4 Mi bytes */
    HEAP_LIMIT_KIB = 64 << 10,
};

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

/* GPT-2's, which ByteLevel's use_regex means. */
const char regex_gpt2[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/* A character of a word: \w of UTS #18, annex C. */
const char regex_word[] = "[\\p{Alphabetic}\\p{L}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";

/* What `tokenizers` (0.23.3) takes for a digit, found by asking it for every code point: Rust's
 * is_numeric, which is N* of Unicode 17, and so has these beside the ranges below. */
const char regex_digit[] = "[\\p{N}\U00011de0-\U00011de9\U00016ff4-\U00016ff6]";

#define LATER_LETTERS                                                                      \
    "\\x{1c89}-\\x{1c8a}\\x{a7cb}-\\x{a7cd}\\x{a7da}-\\x{a7dc}\\x{105c0}-\\x{105f3}"       \
    "\\x{10d4a}-\\x{10d65}\\x{10d6f}-\\x{10d85}\\x{10ec2}-\\x{10ec4}\\x{1123f}-\\x{11240}" \
    "\\x{11380}-\\x{11389}\\x{1138b}\\x{1138e}\\x{11390}-\\x{113b5}\\x{113b7}\\x{113d1}"   \
    "\\x{113d3}\\x{11bc0}-\\x{11be0}\\x{11f02}\\x{11f04}-\\x{11f10}\\x{11f12}-\\x{11f33}"  \
    "\\x{1342f}\\x{13441}-\\x{13446}\\x{13460}-\\x{143fa}\\x{16100}-\\x{1611d}"            \
    "\\x{16d40}-\\x{16d6c}\\x{18cff}\\x{1b132}\\x{1b155}\\x{1df25}-\\x{1df2a}"             \
    "\\x{1e030}-\\x{1e06d}\\x{1e4d0}-\\x{1e4eb}\\x{1e5d0}-\\x{1e5ed}\\x{1e5f0}\\x{2b739}"  \
    "\\x{2ebf0}-\\x{2ee5d}\\x{31350}-\\x{323af}"
#define LATER_NUMBERS                                                                      \
    "\\x{10d40}-\\x{10d49}\\x{116d0}-\\x{116e3}\\x{11bf0}-\\x{11bf9}\\x{11f50}-\\x{11f59}" \
    "\\x{16130}-\\x{16139}\\x{16d70}-\\x{16d79}\\x{1ccf0}-\\x{1ccf9}\\x{1d2c0}-\\x{1d2d3}" \
    "\\x{1e4f0}-\\x{1e4f9}\\x{1e5f1}-\\x{1e5fa}"

/* ---- translation ---- */

/* ASCII, whatever the locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_mark(char c)
{
    return c >= ' ' && c < 0x7f && !is_digit(c) && !is_letter(c);
}

struct reading {
    const char *at; /* what is read next */
    bool in_class;
    struct buf out;
    struct err *e;
};

static int refused(struct reading *r, const char *what, size_t len)
{
    err_set(r->e, ERR_FORMAT, "a construct of regular expressions that is not understood");
    return err_got(r->e, "%.*s", (int)len, what);
}

static int read_property(struct reading *r)
{
    static const struct {
        const char *name, *within; /* what stands for it in a class */
    } known[] = {
        { "L", "\\p{L}" LATER_LETTERS },
        { "N", "\\p{N}" LATER_NUMBERS },
        { "M", "\\p{M}" },
        { "P", "\\p{P}" },
        { "S", "\\p{S}" },
        { "Lu", "\\p{Lu}" },
        { "Ll", "\\p{Ll}" },
        { "Lt", "\\p{Lt}" },
        { "Lm", "\\p{Lm}" },
        { "Lo", "\\p{Lo}" },
        { "Nd", "\\p{Nd}" },
        { "Pc", "\\p{Pc}" },
        { "Alphabetic", "\\p{Alphabetic}" },
        { "Join_Control", "\\p{Join_Control}" },
    };
    const char *name = r->at + 3, *end = r->at[2] == '{' ? strchr(name, '}') : NULL;
    bool negative = r->at[1] == 'P';

    if (!end || (negative && r->in_class))
        return refused(r, r->at, end ? (size_t)(end + 1 - r->at) : 2);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == (size_t)(end - name) &&
            memcmp(known[i].name, name, (size_t)(end - name)) == 0) {
            if (r->in_class)
                buf_puts(&r->out, known[i].within);
            else
                buf_printf(&r->out, "[%s%s]", negative ? "^" : "", known[i].within);
            r->at = end + 1;
            return 0;
        }
    return refused(r, r->at, (size_t)(end + 1 - r->at));
}

static int read_escape(struct reading *r)
{
    char c = r->at[1];

    if (c == 'p' || c == 'P')
        return read_property(r);
    if (c == 's' || c == 'S')
        buf_printf(&r->out, "\\%c{White_Space}", c == 's' ? 'p' : 'P');
    else if (c != '\0' && (strchr("nrtfae", c) || is_mark(c)))
        buf_add(&r->out, r->at, 2);
    else
        return refused(r, r->at, 2);
    r->at += 2;
    return 0;
}

static int read_in_class(struct reading *r)
{
    if (*r->at == '[' || (r->at[0] == '&' && r->at[1] == '&'))
        return refused(r, r->at, 2);
    r->in_class = *r->at != ']';
    buf_putc(&r->out, *r->at++);
    return 0;
}

static int read_class(struct reading *r)
{
    size_t n = r->at[1] == '^' ? 2 : 1;

    if (r->at[n] == ']')
        return refused(r, r->at, n + 1);
    buf_add(&r->out, r->at, n);
    r->at += n;
    r->in_class = true;
    return 0;
}

/* Nothing in a caseless group may fold with its neighbour. */
static bool folds_singly(const char *group)
{
    static const char *const pairs[] = { "ss", "ff", "fi", "fl", "st" };
    size_t len = strcspn(group, ")");

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)group[i] >= 0x80 || group[i] == '\\' || group[i] == '(')
            return false;
        for (size_t p = 0; p < sizeof(pairs) / sizeof(pairs[0]); p++)
            if ((group[i] | 0x20) == pairs[p][0] && (group[i + 1] | 0x20) == pairs[p][1])
                return false;
    }
    return true;
}

static int read_group(struct reading *r)
{
    static const char *const known[] = { "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>" };
    size_t n = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strncmp(r->at, known[i], strlen(known[i])) == 0)
            n = strlen(known[i]);
    if (strncmp(r->at, "(?i:", 4) == 0 && folds_singly(r->at + 4))
        n = 4;
    if (n == 0 && r->at[1] != '?' && r->at[1] != '*')
        n = 1;
    if (n == 0)
        return refused(r, r->at, strcspn(r->at, ")"));
    buf_add(&r->out, r->at, n);
    r->at += n;
    return 0;
}

/* {n}, {n,} or {n,m}, with nothing behind that the two would read differently. */
static int read_repeat(struct reading *r)
{
    size_t n = strcspn(r->at, "}");
    bool plain = r->at[n] == '}' && is_digit(r->at[1]) &&
                 strspn(r->at + 1, "0123456789,") == n - 1 && r->at[n + 1] != '+' &&
                 r->at[n + 1] != '?';

    if (!plain)
        return refused(r, r->at, r->at[n] == '}' ? n + 2 : n);
    buf_add(&r->out, r->at, n + 1);
    r->at += n + 1;
    return 0;
}

static int read_one(struct reading *r)
{
    if (*r->at == '\\')
        return read_escape(r);
    if (r->in_class)
        return read_in_class(r);
    switch (*r->at) {
    case '[': return read_class(r);
    case '(': return read_group(r);
    case '{': return read_repeat(r);
    case '^':
    case '$': return refused(r, r->at, 1);
    default: buf_putc(&r->out, *r->at++); return 0;
    }
}

static int translate(struct buf *out, const char *pattern, struct err *e)
{
    struct reading r = { .at = pattern, .out = BUF_INIT(PATTERN_MAX), .e = e };
    int rc = 0;

    while (rc == 0 && *r.at != '\0')
        rc = read_one(&r);
    if (rc == 0)
        rc = buf_end(&r.out, "a regular expression", e);
    *out = r.out;
    return rc;
}

/* ---- compiling and matching ---- */

static int compile(struct regex *r, const char *pattern, bool literal, struct err *e)
{
    /* a literal takes no other option */
    uint32_t options = literal ? PCRE2_LITERAL | PCRE2_UTF : PCRE2_UTF | PCRE2_UCP;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    PCRE2_UCHAR message[160];
    PCRE2_SIZE at;
    int code;

    if (!context)
        return err_set(e, ERR_NOMEM, "out of memory: a regular expression");
    pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* what . does not match */
    r->code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, context);
    pcre2_compile_context_free(context);
    if (r->code) {
        pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* where there is none it is slower */
        return 0;
    }
    pcre2_get_error_message(code, message, sizeof(message));
    err_set(e, ERR_FORMAT, "not a regular expression");
    return err_got(e, "%s", (const char *)message);
}

int regex_new(struct regex **out, const char *pattern, bool literal, struct err *e)
{
    struct buf translated = BUF_INIT(PATTERN_MAX);
    struct regex *r = mem_new(1, sizeof(*r), e);
    int rc = r ? 0 : ERR_NOMEM;

    if (rc == 0 && !literal)
        rc = translate(&translated, pattern, e);
    if (rc == 0)
        rc = compile(r, literal ? pattern : translated.text ? translated.text : "", literal, e);
    buf_release(&translated);
    if (rc == 0 && !(r->limits = pcre2_match_context_create(NULL)))
        rc = err_set(e, ERR_NOMEM, "out of memory: a regular expression");
    if (rc < 0) {
        regex_free(r);
        return rc;
    }
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    *out = r;
    return 0;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_match_context_free(r->limits);
    pcre2_code_free(r->code);
    free(r);
}

/* One more match from `from` on: 1, 0 for none. The JIT's stack is small: a match that does not
 * fit is done again without. */
static int match(const struct regex *r, const char *text, size_t len, size_t from,
                 pcre2_match_data *data, struct err *e)
{
    PCRE2_UCHAR message[160];
    int rc = pcre2_match(r->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK, data, r->limits);

    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         data, r->limits);
    if (rc >= 0)
        return 1;
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    pcre2_get_error_message(rc, message, sizeof(message));
    err_set(e, rc == PCRE2_ERROR_NOMEMORY ? ERR_NOMEM : ERR_LIMIT,
            "a text that the tokenizer's regular expression cannot split");
    return err_got(e, "%s", (const char *)message);
}

/* An empty match right behind the last one is none. */
static int cut_all(const struct regex *r, const char *text, size_t len, pcre2_match_data *data,
                   regex_cut_fn *cut, void *user, struct err *e)
{
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(data);
    size_t done = 0, from = 0;
    bool any = false;
    int rc;

    while (from <= len && (rc = match(r, text, len, from, data, e)) != 0) {
        size_t start = rc > 0 ? found[0] : 0, end = rc > 0 ? found[1] : 0;

        if (rc < 0)
            return rc;
        if (start == end && any && end == done) {
            if (from == len)
                break;
            from += text_utf8_size(text + from);
            continue;
        }
        if (start > done && (rc = cut(user, done, start, false, e)) != 0)
            return rc;
        if ((rc = cut(user, start, end, true, e)) != 0)
            return rc;
        from = done = end;
        any = true;
    }
    return done < len ? cut(user, done, len, false, e) : 0;
}

int regex_cut(const struct regex *r, const char *text, size_t len, regex_cut_fn *cut, void *data,
              struct err *e)
{
    pcre2_match_data *match_data = pcre2_match_data_create(1, NULL);
    int rc;

    if (!match_data)
        return err_set(e, ERR_NOMEM, "out of memory: a regular expression's match");
    rc = cut_all(r, text, len, match_data, cut, data, e);
    pcre2_match_data_free(match_data);
    return rc;
}
