/* SPDX-License-Identifier: MIT
 *
 * blocks.h - what a page is made of: a result said once, for every reader.
 *
 * A page is a list of blocks in the order of reading. Text shows them to people (text.h); blocks
 * that have a key, and those without words, make the JSON document (json.h). Memory that runs out
 * is kept in the page, and said when it is shown.
 */
#ifndef ASSENT_SHOW_BLOCKS_H
#define ASSENT_SHOW_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "show/figures.h"

struct page;

struct page *page_new(void);    /* NULL without memory, which all of these accept */
void page_free(struct page *p); /* NULL is fine */

/* ---- words ---- */

void page_heading(struct page *p, const char *fmt, ...) ERR_PRINTF(2, 3);
void page_paragraph(struct page *p, const char *fmt, ...) ERR_PRINTF(2, 3);
/* What goes with the block before it. */
void page_note(struct page *p, const char *fmt, ...) ERR_PRINTF(2, 3);
/* "  speed    3.1 s an image": notes of one list, with their labels in a column. */
void page_line(struct page *p, const char *label, const char *fmt, ...) ERR_PRINTF(3, 4);

/* ---- the first screen ---- */

/* What the page comes to, in a sentence. */
void page_verdict(struct page *p, const char *fmt, ...) ERR_PRINTF(2, 3);
/* "12  alone  the model's labels can be used": neighbours stand beside each other. */
void page_tally(struct page *p, uint64_t n, const char *label, const char *meaning);
/* Something that is wrong, or may be; neighbours are a list. */
void page_alarm(struct page *p, const char *fmt, ...) ERR_PRINTF(2, 3);
/* What to type next, and what for. */
void page_command(struct page *p, const char *purpose, const char *fmt, ...) ERR_PRINTF(3, 4);

/* ---- data ---- */

/* A member of the document; value is taken over. */
void page_set(struct page *p, const char *key, struct json_t *value);
void page_count(struct page *p, const char *key, uint64_t n);
void page_text(struct page *p, const char *key, const char *text); /* NULL: null */
/* All figures of a list, as members. */
void page_figures(struct page *p, const struct figure *list, const void *of);

/* What follows is in an object of its own, or in the next element of a list, until page_close.
 * Where it is hidden, its words are not shown. */
enum page_scope { PAGE_OBJECT, PAGE_ELEMENT };
void page_open(struct page *p, const char *key, enum page_scope scope, bool hidden);
void page_close(struct page *p);

/* ---- tables ---- */

enum { TABLE_PARTS = 4 };

struct shown { /* a column */
    const char *key;
    size_t part;
    const char *heading; /* NULL: the figure's */
    int decimals;        /* 0: the figure's */
    bool drawn;          /* an interval of the column before it: HTML draws both as a bar */
};

/* A row reads its figures from several structs, each a part. Which are shown is `shown`; JSON has
 * all of them. */
struct layout {
    const struct figure *parts[TABLE_PARTS];
    const struct shown *shown; /* n_shown 0: all that have a heading */
    size_t n_shown;
    size_t excerpt; /* a terminal has so many rows of either end; 0: all */
    bool many;      /* figures of more than two annotators are in JSON */
    bool hidden;    /* shown to nobody */
};

struct table;
struct table *page_table(struct page *p, const struct layout *l);
/* of[part]; NULL: the row has nothing of it. key: where in the document the row goes: "questions[]"
 * adds it to a list, "macro" is an object of its own, of which part 0 is no member; NULL: nowhere.
 */
void table_row(struct table *t, const char *key, const void *const *of);
void table_rule(struct table *t); /* a line before the next row */
/* A list that may get no row is in the document nevertheless. */
void table_list(struct table *t, const char *key);

/* ---- bars ---- */

struct bar {
    const char *name;
    double value, low, high; /* 0 to 1; NaN: unknown */
    double mark;             /* something to hold it against; NaN: nothing */
};

/* Shares with their intervals, on one scale up to 1. unit: "o: agreement, -: its 95 % interval, x:
 * by coin flip"; HTML has drawings in the place of o, - and x. */
struct bars;
struct bars *page_bars(struct page *p, const char *unit);
void bars_add(struct bars *b, const struct bar *bar);

/* ---- charts ---- */

struct chart_look {
    const char *title, *x, *y;         /* of the chart and its axes, with units */
    double x_from, x_to, y_from, y_to; /* both 0: as the points need it */
    bool x_log;                        /* x is shown by its logarithm; x <= 0 is not */
    bool diagonal;                     /* a line where x = y */
};

enum chart_style { CHART_POINTS, CHART_LINE /* through its points */, CHART_STEPS };

struct chart_mark {
    double x, y, low, high; /* low < high: y's interval; NaN: not drawn */
    const char *label;      /* what it is; NULL: the series' name */
};

/* Drawn in HTML only: the chart stands beside a table with the same numbers. A chart without marks
 * is not shown. */
struct chart;
struct chart *page_chart(struct page *p, const struct chart_look *look);
/* The marks that follow are its. */
void chart_series(struct chart *c, const char *name, enum chart_style style);
void chart_mark(struct chart *c, const struct chart_mark *mark);

#endif
