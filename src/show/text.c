/* SPDX-License-Identifier: MIT */
#include "show/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show/columns.h"
#include "show/fold.h"
#include "show/page.h"

enum { FOLD_MAX = 100, /* characters: longer lines are hard to read */ BAR_WIDTH = 40 };

struct text_look text_look_of(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    struct winsize size;

    if (isatty(fileno(out)) != 1)
        return (struct text_look){ 0 };
    return (struct text_look){
        .width = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0,
        .colour = !no_colour || *no_colour == '\0',
    };
}

/* ---- words ---- */

static void print_heading(FILE *out, const char *text, struct text_look look, size_t fold)
{
    for (; *text != '\0'; text = fold_next(text, fold)) {
        int n = (int)fold_line(text, fold);

        fprintf(out, look.colour ? "\033[1m%.*s\033[0m\n" : "%.*s\n", n, text);
    }
}

/* Labels of neighbouring lines are a column. */
static void print_line(FILE *out, const struct page *p, size_t i, size_t fold)
{
    size_t first = i, widest = 0;
    const struct block *b = &p->blocks[i];

    while (first > 0 && p->blocks[first - 1].kind == BLOCK_LINE)
        first--;
    for (size_t k = first; k < p->n && p->blocks[k].kind == BLOCK_LINE; k++)
        if (text_width(p->blocks[k].label) > widest)
            widest = text_width(p->blocks[k].label);
    fprintf(out, "  %s", b->label);
    fold_spaces(out, widest - text_width(b->label) + 2);
    fold_print(out, b->text, (struct fold){ widest + 4, widest + 4, fold });
}

/* ---- the first screen ---- */

/* Numbers and labels of neighbouring tallies are columns. */
static void print_tally(FILE *out, const struct page *p, size_t i, size_t fold)
{
    size_t first = i, digits = 0, widest = 0, indent;
    const struct block *b = &p->blocks[i];
    char n[32];

    while (first > 0 && p->blocks[first - 1].kind == BLOCK_TALLY)
        first--;
    for (size_t k = first; k < p->n && p->blocks[k].kind == BLOCK_TALLY; k++) {
        size_t width = text_width(p->blocks[k].label);

        widest = width > widest ? width : widest;
        width = strlen(text_grouped(p->blocks[k].count, n));
        digits = width > digits ? width : digits;
    }
    fprintf(out, "  %*s  %s", (int)digits, text_grouped(b->count, n), b->label);
    fold_spaces(out, widest - text_width(b->label) + 2);
    indent = 2 + digits + 2 + widest + 2;
    fold_print(out, b->text, (struct fold){ indent, indent, fold });
}

static void print_alarm(FILE *out, const char *text, size_t fold)
{
    fputs("  ! ", out);
    fold_print(out, text, (struct fold){ 4, 4, fold });
}

/* In several lines a command ends each but the last as a shell wants it, so that all of it can be
 * copied. */
static void print_command(FILE *out, const struct block *b, size_t fold)
{
    size_t room = fold > 4 ? fold - 4 : fold;
    const char *text = b->text;

    fputs("Next: ", out);
    fold_print(out, b->label, (struct fold){ 6, 6, fold });
    while (*text != '\0') {
        const char *next = fold_next(text, room);

        fprintf(out, "  %.*s%s\n", (int)fold_line(text, room), text, *next != '\0' ? " \\" : "");
        text = next;
    }
}

/* ---- bars ---- */

/* "o" at the value, "-" over the interval, "x" at the mark, on a scale from `from` to 1. */
static void draw_bar(FILE *out, const struct bar *bar, double from)
{
    char line[BAR_WIDTH + 1];
    double scale = (BAR_WIDTH - 1) / (1 - from);

    memset(line, '.', BAR_WIDTH);
    line[BAR_WIDTH] = '\0';
    for (int i = 0; !isnan(bar->low) && i < BAR_WIDTH; i++)
        if (i >= (int)floor((bar->low - from) * scale) &&
            i <= (int)ceil((bar->high - from) * scale))
            line[i] = '-';
    if (bar->mark >= from && bar->mark <= 1)
        line[(int)lround((bar->mark - from) * scale)] = 'x';
    if (bar->value >= from && bar->value <= 1)
        line[(int)lround((bar->value - from) * scale)] = 'o';
    fprintf(out, "%s\n", line);
}

static size_t widest_name(const struct bars *bars)
{
    size_t widest = 0;

    for (size_t i = 0; i < bars->n; i++)
        if (text_width(bars->bars[i].name) > widest)
            widest = text_width(bars->bars[i].name);
    return widest;
}

static void print_bars(FILE *out, const struct bars *bars, size_t fold)
{
    double from = bars_from(bars);
    size_t widest = widest_name(bars);

    fold_spaces(out, widest + 4);
    fprintf(out, "%-*.1f%s\n", BAR_WIDTH - 3, from, "1.0");
    for (size_t i = 0; i < bars->n; i++) {
        fprintf(out, "  %s", bars->bars[i].name);
        fold_spaces(out, widest - text_width(bars->bars[i].name) + 2);
        draw_bar(out, &bars->bars[i], from);
    }
    fold_print(out, bars->unit, (struct fold){ 0, widest + 4, fold });
}

/* ---- the page ---- */

/* Blocks that begin something have an empty line before them, unless they are the first. */
static bool begins(const struct block *b, enum block_kind before)
{
    switch (b->kind) {
    case BLOCK_HEADING: return true;
    case BLOCK_PARAGRAPH: return before != BLOCK_PARAGRAPH && before != BLOCK_HEADING;
    case BLOCK_VERDICT:
    case BLOCK_COMMAND: return true;
    case BLOCK_TALLY:
    case BLOCK_ALARM: return before != b->kind && before != BLOCK_HEADING;
    case BLOCK_LINE: return before == BLOCK_TABLE || before == BLOCK_BARS;
    case BLOCK_NOTE: return before >= BLOCK_VERDICT && before < BLOCK_VALUE;
    case BLOCK_TABLE:
    case BLOCK_BARS: return before != BLOCK_HEADING;
    default: return false;
    }
}

static int print_block(const struct page *p, size_t i, FILE *out, struct text_look look,
                       struct err *e)
{
    const struct block *b = &p->blocks[i];
    size_t fold = look.width == 0 ? 0 : look.width < FOLD_MAX ? look.width : FOLD_MAX;

    switch (b->kind) {
    case BLOCK_HEADING: print_heading(out, b->text, look, fold); return 0;
    case BLOCK_PARAGRAPH: fold_print(out, b->text, (struct fold){ .width = fold }); return 0;
    case BLOCK_NOTE: fold_print(out, b->text, (struct fold){ 0, 2, fold }); return 0;
    case BLOCK_LINE: print_line(out, p, i, fold); return 0;
    case BLOCK_VERDICT: print_heading(out, b->text, look, fold); return 0;
    case BLOCK_TALLY: print_tally(out, p, i, fold); return 0;
    case BLOCK_ALARM: print_alarm(out, b->text, fold); return 0;
    case BLOCK_COMMAND: print_command(out, b, fold); return 0;
    case BLOCK_TABLE: return columns_print(b->table, out, look.width, e);
    case BLOCK_BARS: print_bars(out, b->bars, fold); return 0;
    default: return 0;
    }
}

/* Bars that are too wide are left out: the table beside them has the numbers, as it has those of
 * charts. Nor are there pictures. */
static bool fits(const struct block *b, size_t width)
{
    if (b->bars)
        return width == 0 || width >= widest_name(b->bars) + BAR_WIDTH + 4;
    return !b->chart && !b->picture;
}

int page_print(const struct page *p, FILE *out, struct text_look look, struct err *e)
{
    enum block_kind before = BLOCK_VALUE; /* nothing yet */
    struct reading at = { 0 };
    const struct block *b;
    int rc = 0;

    if (!p || p->failed.code)
        return err_set(e, ERR_NOMEM, "out of memory: a page");
    while (rc == 0 && (b = page_next(p, &at)) != NULL) {
        if (!fits(b, look.width))
            continue;
        if (before != BLOCK_VALUE && begins(b, before))
            fputc('\n', out);
        rc = print_block(p, (size_t)(b - p->blocks), out, look, e);
        before = b->kind;
    }
    return rc;
}
