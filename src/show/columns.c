/* SPDX-License-Identifier: MIT */
#include "show/columns.h"

#include <stdlib.h>
#include <string.h>

#include "show/fold.h"

enum { NARROWEST = 8, NARROWEST_NUMBER = 4 /* characters of a text, of a heading that are cut */ };

struct printed_column { /* one that is shown */
    struct column is;
    bool right, left_out;
    size_t width;
    size_t least; /* that it can be narrowed to: numbers are never cut, their headings are */
};

struct printing {
    const struct table *table;
    struct printed_column *columns;
    size_t n;
    char **cells; /* [rows + 1][n], the headings first */
    struct arena arena;
};

/* ---- which columns ---- */

bool column_is_number(const struct column *c)
{
    return c->figure->kind != FIGURE_TEXT;
}

static struct column column_of(const struct table *t, const struct figure *f, size_t part)
{
    return (struct column){ .figure = f,
                            .heading = f->heading,
                            .value = t->first[part] + (size_t)(f - t->layout.parts[part]),
                            .part = part,
                            .decimals = f->decimals };
}

static size_t choose_all(const struct table *t, struct column *out)
{
    size_t n = 0;

    for (size_t part = 0; part < TABLE_PARTS; part++)
        for (const struct figure *f = table_part(t, part); f && f->key; f++)
            if (f->heading && (t->layout.many || !(f->flags & FIGURE_MANY)))
                out[n++] = column_of(t, f, part);
    return n;
}

static size_t choose_shown(const struct table *t, struct column *out)
{
    const struct layout *l = &t->layout;

    for (size_t i = 0; i < l->n_shown; i++) {
        const struct shown *s = &l->shown[i];

        out[i] = column_of(t, figure_find(l->parts[s->part], s->key), s->part);
        out[i].heading = s->heading ? s->heading : out[i].heading;
        out[i].decimals = s->decimals > 0 ? s->decimals : out[i].decimals;
        out[i].drawn = s->drawn && i > 0;
    }
    return l->n_shown;
}

struct column *columns_shown(const struct table *t, struct arena *a, size_t *n, struct err *e)
{
    size_t most = t->layout.n_shown > t->n_values ? t->layout.n_shown : t->n_values;
    struct column *out = arena_new(a, most, sizeof(*out), e);

    if (out)
        *n = t->layout.n_shown > 0 ? choose_shown(t, out) : choose_all(t, out);
    return out;
}

const char *column_text(const struct column *c, const struct row *r, char *text)
{
    return r->has[c->part] ? figure_text(c->figure, &r->values[c->value], c->decimals, text) : "-";
}

static int choose_columns(struct printing *p, struct err *e)
{
    struct column *shown = columns_shown(p->table, &p->arena, &p->n, e);

    p->columns = shown ? arena_new(&p->arena, p->n, sizeof(*p->columns), e) : NULL;
    if (!p->columns)
        return ERR_NOMEM;
    for (size_t c = 0; c < p->n; c++)
        p->columns[c] = (struct printed_column){ shown[c], .right = column_is_number(&shown[c]) };
    return 0;
}

/* ---- their texts ---- */

static int fill_cells(struct printing *p, struct err *e)
{
    const struct table *t = p->table;
    char text[FIGURE_TEXT_MAX];
    size_t n;

    if (!size_mul(t->n + 1, p->n, &n))
        return err_set(e, ERR_LIMIT, "too large a table");
    p->cells = arena_new(&p->arena, n, sizeof(*p->cells), e);
    for (size_t i = 0; p->cells && i < n; i++) {
        const struct column *c = &p->columns[i % p->n].is;
        const char *cell = i < p->n ? c->heading : column_text(c, &t->rows[i / p->n - 1], text);

        p->cells[i] = arena_text(&p->arena, cell, strlen(cell), e);
        if (!p->cells[i])
            return ERR_NOMEM;
        text_printable(p->cells[i]);
    }
    return p->cells ? 0 : ERR_NOMEM;
}

static void measure(struct printing *p)
{
    for (size_t i = 0; i < (p->table->n + 1) * p->n; i++) {
        struct printed_column *c = &p->columns[i % p->n];
        size_t width = text_width(p->cells[i]);

        c->width = width > c->width ? width : c->width;
        if (i < p->n)
            c->least = c->right ? NARROWEST_NUMBER : NARROWEST;
        else if (c->right && width > c->least)
            c->least = width;
    }
}

/* ---- what a narrow terminal has room for ---- */

static size_t total_width(const struct printing *p)
{
    size_t total = 0;

    for (size_t c = 0; c < p->n; c++)
        total += p->columns[c].left_out ? 0 : p->columns[c].width + 2;
    return total;
}

/* The column of the highest rank, of several the last; NULL: none may be left out. */
static struct printed_column *least_needed(struct printing *p)
{
    struct printed_column *found = NULL;

    for (size_t c = 0; c < p->n; c++)
        if (!p->columns[c].left_out && p->columns[c].is.figure->rank > 0 &&
            (!found || p->columns[c].is.figure->rank >= found->is.figure->rank))
            found = &p->columns[c];
    return found;
}

/* Of the texts, or of the numbers, what can still be narrowed; NULL: nothing. */
static struct printed_column *widest(struct printing *p, bool right)
{
    struct printed_column *found = NULL;

    for (size_t c = 0; c < p->n; c++)
        if (!p->columns[c].left_out && p->columns[c].right == right &&
            p->columns[c].width > p->columns[c].least &&
            (!found || p->columns[c].width > found->width))
            found = &p->columns[c];
    return found;
}

static void fit(struct printing *p, size_t width)
{
    struct printed_column *c;

    while (total_width(p) > width && (c = least_needed(p)) != NULL)
        c->left_out = true;
    while (total_width(p) > width && (c = widest(p, false)) != NULL)
        c->width--;
    while (total_width(p) > width && (c = widest(p, true)) != NULL)
        c->width--;
}

static int say_left_out(const struct printing *p, FILE *out, size_t width, struct err *e)
{
    struct buf list = BUF_INIT(1 << 16);
    int rc = 0;

    for (size_t c = 0; c < p->n; c++)
        if (p->columns[c].left_out)
            buf_printf(&list, "%s%s", list.len > 0 ? ", " : "(not shown at this width: ",
                       p->columns[c].is.heading);
    if (list.len > 0) {
        buf_puts(&list, ")");
        rc = buf_end(&list, "a table's columns", e);
        if (rc == 0)
            fold_print(out, list.text, (struct fold){ 0, 2, width });
    }
    buf_release(&list);
    return rc;
}

/* ---- printing ---- */

static void print_rule(const struct printing *p, FILE *out)
{
    fputs("  ", out);
    for (size_t i = total_width(p); i > 2; i--)
        fputc('-', out);
    fputc('\n', out);
}

static void print_cell(const struct printed_column *c, const char *text, bool last, FILE *out)
{
    bool cut = text_width(text) > c->width; /* ".." takes the place of what is left out */
    size_t shown = cut ? text_bytes_of_width(text, c->width - 2) : strlen(text);
    size_t padding = c->width - text_width_n(text, shown) - (cut ? 2 : 0);

    fold_spaces(out, 2 + (c->right ? padding : 0));
    fprintf(out, "%.*s%s", (int)shown, text, cut ? ".." : "");
    if (!c->right && !last)
        fold_spaces(out, padding);
}

static void print_row(const struct printing *p, size_t row, FILE *out)
{
    size_t last = 0;

    for (size_t c = 0; c < p->n; c++)
        last = p->columns[c].left_out ? last : c;
    for (size_t c = 0; c < p->n; c++)
        if (!p->columns[c].left_out)
            print_cell(&p->columns[c], p->cells[row * p->n + c], c == last, out);
    fputc('\n', out);
}

/* The headings, then the rows, or those of either end. */
static void print_rows(const struct printing *p, FILE *out)
{
    const struct table *t = p->table;
    size_t ends = t->layout.excerpt, left = ends > 0 && t->n > 2 * ends ? t->n - 2 * ends : 0;

    print_row(p, 0, out);
    print_rule(p, out);
    for (size_t row = 0; row < t->n; row++) {
        if (left > 0 && row == ends) {
            fprintf(out, "  .. (%zu more: --html and --json have all)\n", left);
            row += left;
        } else if (row > 0 && t->rows[row].rule) {
            print_rule(p, out);
        }
        print_row(p, row + 1, out);
    }
}

int columns_print(const struct table *t, FILE *out, size_t width, struct err *e)
{
    struct printing p = { .table = t };
    int rc = choose_columns(&p, e);

    if (rc == 0)
        rc = fill_cells(&p, e);
    if (rc == 0) {
        measure(&p);
        if (width > 0)
            fit(&p, width);
        print_rows(&p, out);
        rc = say_left_out(&p, out, width, e);
    }
    arena_release(&p.arena);
    return rc;
}
