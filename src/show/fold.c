/* SPDX-License-Identifier: MIT */
#include "show/fold.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum { NARROWEST = 20 }; /* characters, however far the indent */

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

bool fold_joins(const char *text, size_t at)
{
    return text[at] == ' ' && at > 0 && is_digit(text[at - 1]) &&
           (text[at + 1] == '%' || (is_digit(text[at + 1]) && is_digit(text[at + 2])));
}

/* The end of what may not be broken, from there. */
static size_t word_end(const char *text, size_t at)
{
    size_t end = at + strcspn(text + at, " \n");

    while (fold_joins(text, end))
        end += 1 + strcspn(text + end + 1, " \n");
    return end;
}

size_t fold_line(const char *text, size_t width)
{
    size_t end = 0, last = 0;

    while (text[end] != '\0' && text[end] != '\n') {
        size_t word = word_end(text, end);

        if (width > 0 && last > 0 && text_width_n(text, word) > width)
            return last;
        last = word;
        end = word + strspn(text + word, " ");
    }
    return last;
}

static const char *skip_break(const char *text)
{
    text += strspn(text, " ");
    return *text == '\n' ? text + 1 : text;
}

const char *fold_next(const char *text, size_t width)
{
    return skip_break(text + fold_line(text, width));
}

void fold_spaces(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

void fold_print(FILE *out, const char *text, struct fold f)
{
    size_t room = f.width == 0                     ? 0
                  : f.width > f.indent + NARROWEST ? f.width - f.indent
                                                   : NARROWEST;

    do {
        size_t n = fold_line(text, room);

        fold_spaces(out, n > 0 && f.first == 0 ? f.indent : 0);
        fprintf(out, "%.*s\n", (int)n, text);
        text = skip_break(text + n);
        f.first = 0;
    } while (*text != '\0');
}
