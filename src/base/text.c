/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_MAX_BYTES = 64 };

/* The bytes of the control character at s: C0, DEL, or one of U+0080 to U+009F, which terminals
 * obey too; else 0. */
static size_t control_at(const char *s)
{
    unsigned char c = (unsigned char)s[0];

    if ((c < 0x20 && c != 0) || c == 0x7f)
        return 1;
    return c == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80 ? 2 : 0;
}

bool text_is_printable(const char *s)
{
    while (*s != '\0' && control_at(s) == 0)
        s++;
    return *s == '\0';
}

void text_printable(char *s)
{
    for (; *s != '\0'; s++)
        for (size_t n = control_at(s); n > 0; n--)
            s[n - 1] = '?';
}

void text_ellipsis(char *s, size_t cap)
{
    size_t end = cap - 4;

    while (end > 0 && ((unsigned char)s[end] & 0xc0) == 0x80)
        end--;
    memcpy(s + end, "...", 4);
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static char fold_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' || c == '-' ? ' ' : c;
}

bool text_fold(const char *name, char *out, size_t cap)
{
    size_t i;

    for (i = 0; name[i] != '\0'; i++) {
        if (i + 1 >= cap)
            return false;
        out[i] = fold_char(name[i]);
    }
    out[i] = '\0';
    return true;
}

bool text_folds_to(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++)
        if (fold_char(*a) != fold_char(*b))
            return false;
    return *a == *b;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Edit distance of two folded names, both at most NEAR_MAX_BYTES long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NEAR_MAX_BYTES + 1]; /* two rows back, one row back, this row */
    size_t la = strlen(a), lb = strlen(b);

    for (size_t j = 0; j <= lb; j++)
        rows[1][j] = j;
    for (size_t i = 1; i <= la; i++) {
        rows[2][0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

            rows[2][j] = min3(rows[1][j] + 1, rows[2][j - 1] + 1, rows[1][j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                rows[2][j] > rows[0][j - 2] + 1)
                rows[2][j] = rows[0][j - 2] + 1;
        }
        memcpy(rows[0], rows[1], sizeof(rows[0]));
        memcpy(rows[1], rows[2], sizeof(rows[1]));
    }
    return rows[1][lb];
}

const char *text_nearest(const char *name, const char *const names[], size_t n)
{
    char folded[NEAR_MAX_BYTES + 1], other[NEAR_MAX_BYTES + 1];
    const char *nearest = NULL;
    size_t best;

    if (!text_fold(name, folded, sizeof(folded)))
        return NULL;
    best = strlen(folded) / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d;

        if (!text_fold(names[i], other, sizeof(other)))
            continue;
        d = distance(folded, other);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

bool text_u64(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        unsigned digit = (unsigned char)*s - (unsigned)'0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return value <= max;
}

bool text_double(const char *s, double *out)
{
    char *end;

    /* strtod skips spaces and takes "nan", "inf" and hexadecimal: none of that is a figure here. */
    if (*s == '\0' || strspn(s, "+-.0123456789eE") != strlen(s))
        return false;
    errno = 0;
    *out = strtod(s, &end);
    return *end == '\0' && errno == 0 && isfinite(*out);
}

/* The length of the UTF-8 character at s, or 0 where the bytes are none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        n = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        n = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        n = 4;
    else
        return 0;
    if (n > left)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f; /* no surrogates */
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool text_utf8(const char *s, size_t len, size_t *bad)
{
    size_t i = 0;

    while (i < len) {
        uint64_t eight = UINT64_MAX;
        size_t n;

        if (i + sizeof(eight) <= len)
            memcpy(&eight, s + i, sizeof(eight));
        if ((eight & 0x8080808080808080u) == 0) { /* eight of ASCII at once */
            i += sizeof(eight);
            continue;
        }
        n = utf8_length((const unsigned char *)s + i, len - i);
        if (n == 0) {
            *bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

size_t text_utf8_size(const char *s)
{
    unsigned char c = (unsigned char)*s;

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

uint32_t text_utf8_code(const char *s)
{
    static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t size = text_utf8_size(s);
    uint32_t code = (unsigned char)*s & first[size];

    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)s[i] & 0x3f);
    return code;
}

size_t text_utf8_put(uint32_t code, char out[4])
{
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(first[size] | code);
    return size;
}

const char *text_grouped(uint64_t n, char *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    size_t o = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[o++] = ' ';
        out[o++] = digits[i];
    }
    out[o] = '\0';
    return out;
}

const char *text_count(uint64_t n, const char *noun, char out[TEXT_COUNT_MAX])
{
    char number[32];

    snprintf(out, TEXT_COUNT_MAX, "%s %.30s%s", text_grouped(n, number), noun, n == 1 ? "" : "s");
    return out;
}

const char *text_scaled(double x, const char *unit, char *out)
{
    static const char prefixes[] = " kMGTPE";
    size_t i = 0;

    for (; x >= 999.5 && i + 2 < sizeof(prefixes); i++)
        x /= 1000;
    if (i == 0)
        snprintf(out, 32, "%.3g %.16s", x, unit);
    else
        snprintf(out, 32, "%.3g %c%.16s", x, prefixes[i], unit);
    return out;
}
