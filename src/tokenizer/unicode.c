/* SPDX-License-Identifier: MIT
 *
 * The `tokenizers` library (0.23) normalises with the tables of Unicode 9: what has come since
 * stays as it is there, and so it does here.
 */
#include "tokenizer/unicode.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (c > ranges[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && c >= ranges[lo].first;
}

bool unicode_is_space(uint32_t c)
{
    static const struct range spaces[] = {
        { 0x0009, 0x000d }, { 0x0020, 0x0020 }, { 0x0085, 0x0085 }, { 0x00a0, 0x00a0 },
        { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
        { 0x205f, 0x205f }, { 0x3000, 0x3000 },
    };

    return in_ranges(c, spaces, sizeof(spaces) / sizeof(spaces[0]));
}

size_t unicode_before(const char *text, size_t len)
{
    size_t i = len - 1;

    while (i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80)
        i--;
    return i;
}

/* Ranges that hold every code point with a combining class or a composition newer than Unicode 9,
 * and else only such as never change and never combine. Found by normalising each code point
 * between marks with both libraries. */
static bool is_newer_mark(uint32_t c)
{
    static const struct range newer[] = {
        { 0x07fd, 0x07fd },   { 0x0897, 0x08d3 },   { 0x09fe, 0x09fe },   { 0x0c3c, 0x0c3c },
        { 0x0d3b, 0x0d3c },   { 0x0eba, 0x0eba },   { 0x1715, 0x1715 },   { 0x1abf, 0x1aeb },
        { 0x1df6, 0x1dfa },   { 0xa82c, 0xa82c },   { 0x105c9, 0x105e4 }, { 0x10d24, 0x10d27 },
        { 0x10d69, 0x10d6d }, { 0x10eab, 0x10eac }, { 0x10efa, 0x10eff }, { 0x10f46, 0x10f85 },
        { 0x11070, 0x11070 }, { 0x1133b, 0x1133b }, { 0x11382, 0x113e2 }, { 0x1145e, 0x1145e },
        { 0x11839, 0x1183a }, { 0x1193d, 0x11943 }, { 0x119e0, 0x119e0 }, { 0x11a34, 0x11a47 },
        { 0x11a99, 0x11a99 }, { 0x11d42, 0x11d45 }, { 0x11d97, 0x11d97 }, { 0x11f41, 0x11f5a },
        { 0x16120, 0x1612f }, { 0x16d63, 0x16d6a }, { 0x16ff0, 0x16ff1 }, { 0x1e08f, 0x1e08f },
        { 0x1e130, 0x1e136 }, { 0x1e2ae, 0x1e2ef }, { 0x1e4ec, 0x1e4ef }, { 0x1e5ee, 0x1e5ef },
        { 0x1e6e3, 0x1e6f5 },
    };

    return in_ranges(c, newer, sizeof(newer) / sizeof(newer[0]));
}

int unicode_nfc(const char *text, size_t len, struct buf *out, struct err *e)
{
    size_t run = 0, n = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < len; i += n) {
        n = text_utf8_size(text + i);
        if (is_newer_mark(text_utf8_code(text + i))) {
            rc = text_nfc(text + run, i - run, out, e);
            buf_add(out, text + i, n);
            run = i + n;
        }
    }
    return rc < 0 ? rc : text_nfc(text + run, len - run, out, e);
}
