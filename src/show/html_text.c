/* SPDX-License-Identifier: MIT */
#include "show/html_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "show/fold.h"

/* What may stand in a text and in a quoted attribute alike. */
static void put_character(FILE *out, const char *at, size_t size)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
    };

    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (*at == entities[i].c) {
            fputs(entities[i].entity, out);
            return;
        }
    fwrite(at, 1, size, out);
}

static void put_plain(FILE *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t good;

        if (text_utf8(text, len, &good))
            good = len;
        for (size_t i = 0; i < good;) {
            size_t size = text_utf8_size(text + i);

            put_character(out, text + i, size);
            i += size;
        }
        text += good;
        len -= good;
        if (len > 0) {
            fputs("\xef\xbf\xbd", out);
            text++;
            len--;
        }
    }
}

/* Hebrew, Arabic and their like: the ranges that Unicode keeps for them (UAX 9, table 4). */
static bool is_right_to_left(uint32_t code)
{
    return (code >= 0x0590 && code <= 0x08ff) || (code >= 0xfb1d && code <= 0xfdff) ||
           (code >= 0xfe70 && code <= 0xfeff) || (code >= 0x10800 && code <= 0x10fff) ||
           (code >= 0x1e800 && code <= 0x1efff);
}

static bool has_right_to_left(const char *word, size_t len)
{
    size_t bad;

    if (!text_utf8(word, len, &bad))
        len = bad;
    for (size_t i = 0; i < len; i += text_utf8_size(word + i))
        if (is_right_to_left(text_utf8_code(word + i)))
            return true;
    return false;
}

/* The end of the words from there that run from right to left; 0: the first one does not. */
static size_t run_of_words(const char *text)
{
    size_t end = 0, at = 0;

    while (text[at] != '\0') {
        size_t len = strcspn(text + at, " \n");

        if (!has_right_to_left(text + at, len))
            return end;
        end = at + len;
        at = end + strspn(text + end, " \n");
    }
    return end;
}

/* The spaces of a text from `from` to `to`; those within a number hold it together. */
static void put_spaces(FILE *out, const char *text, size_t from, size_t to)
{
    for (; from < to; from++)
        fputs(fold_joins(text, from) ? "&nbsp;" : text[from] == ' ' ? " " : "\n", out);
}

void html_text(FILE *out, const char *text)
{
    size_t at = 0;

    while (text[at] != '\0') {
        size_t run = run_of_words(text + at), word = run > 0 ? run : strcspn(text + at, " \n");
        size_t end = at + word + strspn(text + at + word, " \n");

        fputs(run > 0 ? "<bdi>" : "", out);
        put_plain(out, text + at, word);
        fputs(run > 0 ? "</bdi>" : "", out);
        put_spaces(out, text, at + word, end);
        at = end;
    }
}

void html_plain(FILE *out, const char *text)
{
    put_plain(out, text, strlen(text));
}
