/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

enum { CELLS_MAX = 10000000 };

struct table {
    size_t n_columns;
    char *columns;
    char **cells;
    bool *rules; /* by row: a line before it */
    size_t n, cap, rules_cap;
    struct arena arena;
    struct err failed; /* code 0: not */
};

struct table *table_new(const char *columns)
{
    struct table *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->n_columns = strlen(columns);
    t->columns = arena_text(&t->arena, columns, t->n_columns, &t->failed);
    return t;
}

static void add_cell(struct table *t, const char *text)
{
    if (!t || t->failed.code)
        return;
    if (mem_grow(&t->cells, &t->cap, t->n + 1, sizeof(*t->cells), CELLS_MAX, &t->failed) < 0)
        return;
    t->cells[t->n] = arena_text(&t->arena, text, strlen(text), &t->failed);
    if (t->cells[t->n])
        text_printable(t->cells[t->n++]);
}

void table_cell(struct table *t, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(text, sizeof(text), fmt, args) >= (int)sizeof(text))
        text_ellipsis(text, sizeof(text));
    va_end(args);
    add_cell(t, text);
}

/* ".795", "-.034", "1.000": the zero before the point says nothing in a column of shares. */
static const char *short_number(double x, int decimals, char *out, size_t cap)
{
    if (isnan(x)) {
        snprintf(out, cap, "-");
        return out;
    }
    snprintf(out, cap, "%.*f", decimals, x);
    if (strncmp(out, "0.", 2) == 0)
        memmove(out, out + 1, strlen(out));
    else if (strncmp(out, "-0.", 3) == 0)
        memmove(out + 1, out + 2, strlen(out + 1));
    return out;
}

void table_number(struct table *t, double x, int decimals)
{
    char text[64];

    add_cell(t, short_number(x, decimals, text, sizeof(text)));
}

void table_percent(struct table *t, double share)
{
    if (isnan(share))
        add_cell(t, "-");
    else
        table_cell(t, "%.1f %%", 100 * share);
}

void table_count(struct table *t, uint64_t n)
{
    char text[32];

    add_cell(t, text_grouped(n, text));
}

void table_interval(struct table *t, struct stats_interval i, int decimals)
{
    char low[64], high[64];

    if (isnan(i.low) || isnan(i.high))
        add_cell(t, "-");
    else
        table_cell(t, "%s - %s", short_number(i.low, decimals, low, sizeof(low)),
                   short_number(i.high, decimals, high, sizeof(high)));
}

void table_rule(struct table *t)
{
    size_t row;

    if (!t || t->failed.code)
        return;
    row = t->n / t->n_columns;
    if (mem_grow(&t->rules, &t->rules_cap, row + 1, sizeof(*t->rules), CELLS_MAX, &t->failed) == 0)
        t->rules[row] = true;
}

/* Characters, not bytes. */
static size_t width_of(const char *s)
{
    size_t width = 0;

    for (; *s != '\0'; s++)
        width += ((unsigned char)*s & 0xc0) != 0x80;
    return width;
}

static void print_spaces(FILE *out, size_t n)
{
    while (n-- > 0)
        fputc(' ', out);
}

static void print_rule(FILE *out, const size_t *widths, size_t n)
{
    size_t total = n > 0 ? 2 * (n - 1) : 0;

    for (size_t c = 0; c < n; c++)
        total += widths[c];
    print_spaces(out, 2);
    while (total-- > 0)
        fputc('-', out);
    fputc('\n', out);
}

static void print_row(FILE *out, const struct table *t, size_t first, const size_t *widths)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        const char *text = t->cells[first + c];
        size_t padding = widths[c] - width_of(text);

        print_spaces(out, 2);
        if (t->columns[c] == 'r')
            print_spaces(out, padding);
        fputs(text, out);
        if (t->columns[c] != 'r' && c + 1 < t->n_columns)
            print_spaces(out, padding);
    }
    fputc('\n', out);
}

static void print_table(FILE *out, const struct table *t, size_t *widths)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t width = width_of(t->cells[i]), *column = &widths[i % t->n_columns];

        *column = width > *column ? width : *column;
    }
    for (size_t i = 0; i + t->n_columns <= t->n; i += t->n_columns) {
        size_t row = i / t->n_columns;

        if (row == 1 || (row < t->rules_cap && t->rules[row]))
            print_rule(out, widths, t->n_columns);
        print_row(out, t, i, widths);
    }
}

int table_end(struct table *t, FILE *out, struct err *e)
{
    size_t *widths = t && !t->failed.code ? mem_new(t->n_columns, sizeof(*widths), e) : NULL;

    if (widths)
        print_table(out, t, widths);
    free(widths);
    if (t) {
        free(t->cells);
        free(t->rules);
        arena_release(&t->arena);
        free(t);
    }
    return widths ? 0 : err_set(e, ERR_NOMEM, "out of memory: a table");
}
