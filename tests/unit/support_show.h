/* SPDX-License-Identifier: MIT */
/*
 * support_show.h - what the tests of show/ share: a page as text and as JSON, and what is looked at
 * in either.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_H
#define TESTS_UNIT_SUPPORT_SHOW_H

#include "support.h"

#include "show/blocks.h"
#include "show/json.h"
#include "show/text.h"
#include "stats/stats.h"

static const struct text_look pipe_look = { 0 };

/* A page as a terminal of so many columns has it, 0: as a file does; free() it. The page is freed.
 * (Inlined, what this gives looks to gcc 12 like the address of its own variable.) */
__attribute__((unused, noinline)) static char *text_of_page(struct page *p, struct text_look look)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct err e;

    assert_non_null(out);
    assert_ok(page_print(p, out, look, &e), &e);
    assert_int_equal(fclose(out), 0);
    page_free(p);
    return text;
}

/* Its document; jv_free it. The page is freed. */
static inline struct json_t *document_of_page(struct page *p)
{
    struct json_t *document;
    struct err e;

    assert_ok(page_json(p, &document, &e), &e);
    page_free(p);
    return document;
}

/* ---- documents ---- */

/* The value at "questions[].won.llava": [] is the first element of a list. NULL: there is none. */
static inline const struct json_t *value_at(const struct json_t *v, const char *path)
{
    while (v && *path != '\0') {
        size_t len = strcspn(path, ".[");
        char key[80] = "";

        memcpy(key, path, len < sizeof(key) ? len : sizeof(key) - 1);
        path += len;
        if (len > 0)
            v = jv_get(v, key);
        if (strncmp(path, "[]", 2) == 0) {
            v = jv_at(v, 0);
            path += 2;
        }
        path += *path == '.';
    }
    return v;
}

static inline double number_of(const struct json_t *document, const char *path)
{
    double x = NAN;

    if (!jv_number(value_at(document, path), &x))
        fail_row(path, "is no number of the document");
    return x;
}

/* The same values, those of objects in any order? */
static inline bool same_json(const struct json_t *a, const struct json_t *b)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *key;
    double x, y;

    if (jv_is_object(a)) {
        bool same = jv_is_object(b) && jv_members(a) == jv_members(b);

        while (same && jv_member(a, &iterator, &key, &value))
            same = jv_get(b, key) && same_json(value, jv_get(b, key));
        return same;
    }
    if (jv_is_array(a)) {
        bool same = jv_is_array(b) && jv_length(a) == jv_length(b);

        for (size_t i = 0; same && i < jv_length(a); i++)
            same = same_json(jv_at(a, i), jv_at(b, i));
        return same;
    }
    if (jv_number(a, &x))
        return jv_number(b, &y) && x == y;
    return text_equal(jv_text(a), jv_text(b)) && jv_is_null(a) == jv_is_null(b) &&
           jv_is_true(a) == jv_is_true(b) && strcmp(jv_type_name(a), jv_type_name(b)) == 0;
}

static inline void check_document(const char *what, struct page *p, const char *wanted)
{
    struct json_t *got = document_of_page(p), *expected;
    struct err e;

    assert_ok(jv_parse(&expected, wanted, strlen(wanted), &e), &e);
    if (!same_json(got, expected)) {
        char *text = jv_print_line(got);

        print_error("%.900s\n", text);
        free(text);
        fail_row(what, "is another document than %.450s", wanted);
    }
    jv_free(got);
    jv_free(expected);
}

/* ---- texts ---- */

static inline void check_text(const char *what, struct page *p, struct text_look look,
                              const char *wanted)
{
    char *got = text_of_page(p, look);

    if (strcmp(got, wanted) != 0)
        fail_row(what, "is\n%.450s\nnot\n%.450s", got, wanted);
    free(got);
}

/* By the bytes themselves: C0 but for line ends, DEL, and U+0080 to U+009F. */
static inline void check_harmless(const char *what, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c, next = (unsigned char)c[1];

        if ((byte < 0x20 && byte != '\n') || byte == 0x7f ||
            (byte == 0xc2 && next >= 0x80 && next < 0xa0))
            fail_row(what, "the byte %02x, then %02x, reaches the terminal", byte, next);
    }
}

/* The length of the line that takes most columns on a terminal, and where it begins. */
static inline size_t widest_line(const char *text, const char **line)
{
    size_t widest = 0, length = 0;

    *line = text;
    for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (text_width_n(text, len) <= widest)
            continue;
        widest = text_width_n(text, len);
        length = len;
        *line = text;
    }
    return length;
}

static inline size_t widest_of(const char *text)
{
    const char *line;
    size_t len = widest_line(text, &line);

    return text_width_n(line, len);
}

/* Fails where a line is wider than a terminal of so many columns. */
static inline void check_width(const char *what, const char *text, size_t width)
{
    const char *line;
    size_t len = widest_line(text, &line);

    if (text_width_n(line, len) > width)
        fail_row(what, "wider than a terminal of %zu columns: '%.*s'", width,
                 (int)(len < 300 ? len : 300), line);
}

/* The column at which a part begins in the line that has it first. */
static inline size_t column_of(const char *text, const char *part)
{
    const char *at = strstr(text, part), *line = at;

    if (!at)
        fail_row(part, "is not in\n%.450s", text);
    while (line > text && line[-1] != '\n')
        line--;
    return text_width_n(line, (size_t)(at - line));
}

static inline struct text_look terminal(size_t width)
{
    return (struct text_look){ .width = width };
}

/* A text without its line ends and the spaces beside them is one line of words again. */
static inline void unfold(const char *folded, char *out)
{
    bool gap = false;
    size_t n = 0;

    for (; *folded != '\0'; folded++) {
        if (*folded == ' ' || *folded == '\n') {
            gap = true;
            continue;
        }
        if (gap && n > 0)
            out[n++] = ' ';
        gap = false;
        out[n++] = *folded;
    }
    out[n] = '\0';
}

/* ---- a table whose widths are known ---- */

struct citizen {
    const char *name, *city;
    uint64_t n;
    double share, more;
    struct stats_interval interval;
};

#define OF(member) .at = offsetof(struct citizen, member)

/* Left out in this order: interval, more, city (of one rank the last goes first), n; never: name,
 * share. */
static const struct figure citizen_figures[] = {
    { "name", "name", .kind = FIGURE_TEXT, OF(name) },
    { "city", "city", .kind = FIGURE_TEXT, OF(city), .rank = 2 },
    { "n", "cells", .kind = FIGURE_COUNT, OF(n), .rank = 1 },
    { "share", "share", .kind = FIGURE_NUMBER, OF(share), .decimals = 3 },
    { "more", "more", .kind = FIGURE_NUMBER, OF(more), .decimals = 3, .rank = 2 },
    { "interval", "95 %", .kind = FIGURE_INTERVAL, OF(interval), .decimals = 3, .rank = 3 },
    { "hidden", NULL, .kind = FIGURE_COUNT, OF(n) },
    { "many", "many", .kind = FIGURE_COUNT, OF(n), .flags = FIGURE_MANY },
    { 0 },
};

static inline void add_rows(struct page *p, const char *first, const char *second)
{
    const struct citizen rows[] = {
        { first, "Berlin", 31807, 0.7951, 0.5, { 0.7912, 0.7991 } },
        { second, "Rome", 5, NAN, 1, { NAN, NAN } },
    };
    struct table *t = page_table(p, &(struct layout){ .parts = { citizen_figures } });

    for (size_t i = 0; i < COUNT(rows); i++)
        table_row(t, NULL, (const void *[]){ &rows[i], NULL, NULL, NULL });
}

static inline struct page *page_of_rows(const char *first, const char *second)
{
    struct page *p = page_new();

    add_rows(p, first, second);
    return p;
}

/* Names as wide as their columns on a terminal say, counted by hand. */
static const struct {
    const char *what, *text;
    size_t width;
} wide[] = {
    { "wide characters",
      "\xe7\x9c\xbc\xe9\x8f\xa1\xe3\x82\x92\xe3\x81\x8b\xe3\x81\x91\xe3\x81\xa6"
      "\xe3\x81\x84\xe3\x82\x8b\xe4\xba\xba",
      18 },
    { "combining marks", "e\xcc\x81t\xc3\xa9 d'a\xcc\x80 co\xcc\x82te\xcc\x81 de la mer", 22 },
    { "both", "cafe\xcc\x81\xe5\xba\x97\xe5\x93\xa1 No. 5", 14 },
};

#endif
