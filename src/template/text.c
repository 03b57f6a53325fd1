/* SPDX-License-Identifier: MIT */
#include "template/text.h"

#include <string.h>

bool span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.text, text, s.len) == 0;
}

bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* ---- characters ---- */

size_t utf8_count(struct span s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.text[i] & 0xc0) != 0x80;
    return n;
}

size_t utf8_offset(struct span s, size_t character)
{
    size_t at = 0;

    for (; character > 0 && at < s.len; character--)
        at += text_utf8_size(s.text + at);
    return at;
}

bool code_is_blank(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } blanks[] = { { 0x09, 0x0d },     { 0x1c, 0x20 },     { 0x85, 0x85 },     { 0xa0, 0xa0 },
                   { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
                   { 0x205f, 0x205f }, { 0x3000, 0x3000 } };

    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
        if (code >= blanks[i].first && code <= blanks[i].last)
            return true;
    return false;
}

bool span_is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.text[i] >= 0x80)
            return false;
    return true;
}

/* ---- blanks ---- */

size_t span_leading(struct span s)
{
    size_t n = 0;

    while (n < s.len && code_is_blank(text_utf8_code(s.text + n)))
        n += text_utf8_size(s.text + n);
    return n;
}

bool span_is_blank(struct span s)
{
    return s.len > 0 && span_leading(s) == s.len;
}

static bool is_in(const char *character, const struct span *set)
{
    size_t size = text_utf8_size(character);

    if (!set)
        return code_is_blank(text_utf8_code(character));
    for (size_t i = 0; i < set->len; i += text_utf8_size(set->text + i))
        if (text_utf8_size(set->text + i) == size && memcmp(set->text + i, character, size) == 0)
            return true;
    return false;
}

struct span span_strip(struct span s, const struct span *set, bool left, bool right)
{
    while (left && s.len > 0 && is_in(s.text, set)) {
        size_t size = text_utf8_size(s.text);

        s.text += size;
        s.len -= size;
    }
    while (right && s.len > 0) {
        size_t last = s.len - 1;

        while (((unsigned char)s.text[last] & 0xc0) == 0x80)
            last--;
        if (!is_in(s.text + last, set))
            break;
        s.len = last;
    }
    return s;
}

/* ---- quoting ---- */

struct escape {
    char c, letter;
};

static char letter_of(const struct escape *escapes, char c)
{
    for (; escapes->c; escapes++)
        if (escapes->c == c)
            return escapes->letter;
    return '\0';
}

bool span_repr(struct buf *b, struct span s)
{
    static const struct escape escapes[] = {
        { '\\', '\\' }, { '\n', 'n' }, { '\r', 'r' }, { '\t', 't' }, { 0, 0 }
    };
    bool has_single = memchr(s.text, '\'', s.len), has_double = memchr(s.text, '"', s.len);
    char quote = has_single && !has_double ? '"' : '\'';

    buf_putc(b, quote);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.text[i];
        char letter = c == (unsigned char)quote ? quote : letter_of(escapes, (char)c);

        if (c >= 0x80)
            return false;
        if (letter)
            buf_printf(b, "\\%c", letter);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, quote);
    return true;
}

/* json.dumps with ensure_ascii=False */
void span_json(struct buf *b, struct span s)
{
    static const struct escape escapes[] = { { '\\', '\\' }, { '"', '"' },  { '\n', 'n' },
                                             { '\r', 'r' },  { '\t', 't' }, { '\b', 'b' },
                                             { '\f', 'f' },  { 0, 0 } };

    buf_putc(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.text[i];
        char letter = letter_of(escapes, (char)c);

        if (letter)
            buf_printf(b, "\\%c", letter);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

/* ---- escapes ---- */

static bool is_character(uint32_t code)
{
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code >= 0xe000);
}

/* The number that up to `max` digits at *s are; how many there were is where *s goes. */
static uint32_t digits(const char **s, const char *end, size_t max, uint32_t base)
{
    static const char all[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t code = 0;

    for (; max > 0 && *s < end; max--, (*s)++) {
        const char *found = strchr(all, **s);

        if (!found || (uint32_t)(found - all) % 16 >= base)
            break;
        code = code * base + (uint32_t)(found - all) % 16;
    }
    return code;
}

/* What follows a backslash at *s, written to *to. */
static const char *unescape_one(const char **s, const char *end, char **to)
{
    static const char letters[] = "\\'\"abfnrtv", meant[] = "\\'\"\a\b\f\n\r\t\v";
    const char *simple = strchr(letters, **s), *start;
    char c = *(*s)++;
    size_t n = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    bool octal = c >= '0' && c <= '7';
    uint32_t code;

    if (c == '\n')
        return NULL;
    if (c == 'N' || (unsigned char)c >= 0x80)
        return "text has an escape of a named character: not implemented";
    if (!simple && n == 0 && !octal)
        *(*to)++ = '\\';
    if (n == 0 && !octal) {
        *(*to)++ = simple ? meant[simple - letters] : c;
        return NULL;
    }
    start = *s -= octal;
    code = digits(s, end, octal ? 3 : n, octal ? 8 : 16);
    if (!octal && *s != start + n)
        return "text has a cut escape";
    if (!is_character(code))
        return "text has an escape that is no character";
    *to += text_utf8_put(code, *to);
    return NULL;
}

const char *span_unescape(struct span s, char *out, size_t *len)
{
    const char *at = s.text, *end = s.text + s.len, *wrong = NULL;
    char *to = out;

    while (!wrong && at < end) {
        bool escaped = *at == '\\';

        at += escaped;
        if (escaped)
            wrong = unescape_one(&at, end, &to);
        else
            *to++ = *at++;
    }
    *len = (size_t)(to - out);
    return wrong;
}
