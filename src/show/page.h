/* SPDX-License-Identifier: MIT
 *
 * page.h - a page as its renderers find it. Private to show/.
 */
#ifndef ASSENT_SHOW_PAGE_H
#define ASSENT_SHOW_PAGE_H

#include "show/blocks.h"
#include "show/picture.h"

enum block_kind {
    BLOCK_HEADING,
    BLOCK_PARAGRAPH,
    BLOCK_NOTE,
    BLOCK_LINE,
    BLOCK_VERDICT,
    BLOCK_TALLY,
    BLOCK_ALARM,
    BLOCK_COMMAND,
    BLOCK_TABLE,
    BLOCK_BARS,
    BLOCK_CHART,
    BLOCK_PICTURE,
    BLOCK_VALUE, /* without words from here on */
    BLOCK_OPEN,
    BLOCK_CLOSE,
};

struct row {
    const char *key; /* NULL: not in the document */
    bool rule;       /* a line before it */
    bool has[TABLE_PARTS];
    struct value *values; /* of all parts, one behind the other */
};

struct table {
    struct page *page;
    struct layout layout;                /* shown: the page's copy */
    size_t first[TABLE_PARTS], n_values; /* where a part's values begin in a row's */
    struct row *rows;
    size_t n, cap;
    bool rule; /* before the next row */
    const char **lists;
    size_t n_lists, lists_cap;
};

struct bars {
    struct page *page;
    const char *unit;
    struct bar *bars;
    size_t n, cap;
};

struct series {
    const char *name;
    enum chart_style style;
    struct chart_mark *marks;
    size_t n, cap;
};

struct chart {
    struct page *page;
    struct chart_look look;
    struct series *series;
    size_t n, cap;
};

struct block {
    enum block_kind kind;
    const char *label, *text; /* words; label: of a line, a tally; a command's purpose */
    uint64_t count;           /* of BLOCK_TALLY */
    const char *key;          /* of data */
    enum page_scope scope;    /* of BLOCK_OPEN */
    bool hidden;              /* BLOCK_OPEN: what is in it */
    struct json_t *value;
    struct table *table;
    struct bars *bars;
    struct chart *chart;
    const struct picture *picture;
};

struct page {
    struct block *blocks;
    size_t n, cap;
    struct arena arena;
    struct err failed; /* code 0: nothing has */
};

/* Where somebody is who reads a page; zero at its beginning. */
struct reading {
    size_t i, hidden; /* hidden: scopes */
};

/* The next block that has something to show to people; NULL: there is none. */
const struct block *page_next(const struct page *p, struct reading *at);

/* Where a scale to 1 begins that has the least of its bars: the tenth below, so that differences
 * can be seen. */
double bar_scale(double least);
double bars_from(const struct bars *bars); /* the same, of all of these */

/* The first figures of a part; ends without a key. NULL: the layout has no such part. */
static inline const struct figure *table_part(const struct table *t, size_t part)
{
    return part < TABLE_PARTS ? t->layout.parts[part] : NULL;
}

#endif
