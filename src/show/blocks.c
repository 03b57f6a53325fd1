/* SPDX-License-Identifier: MIT */
#include "show/blocks.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "show/page.h"

enum { BLOCKS_MAX = 10000000, WORDS_MAX = 64 << 20 };

struct page *page_new(void)
{
    return calloc(1, sizeof(struct page));
}

static void free_table(struct table *t)
{
    for (size_t r = 0; r < t->n; r++) {
        for (size_t part = 0; part < TABLE_PARTS; part++) {
            const struct figure *f = table_part(t, part);

            for (size_t i = 0; t->rows[r].has[part] && f[i].key; i++)
                if (f[i].kind == FIGURE_TABLE || f[i].kind == FIGURE_JSON)
                    jv_free(t->rows[r].values[t->first[part] + i].json);
        }
    }
    free(t->rows);
    free(t->lists);
}

static void free_chart(struct chart *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->series[i].marks);
    free(c->series);
}

void page_free(struct page *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        jv_free(p->blocks[i].value);
        if (p->blocks[i].table)
            free_table(p->blocks[i].table);
        if (p->blocks[i].bars)
            free(p->blocks[i].bars->bars);
        if (p->blocks[i].chart)
            free_chart(p->blocks[i].chart);
    }
    free(p->blocks);
    arena_release(&p->arena);
    free(p);
}

/* NULL where memory has run out, now or before. */
static struct block *add_block(struct page *p, enum block_kind kind)
{
    struct block *b;

    if (!p || p->failed.code ||
        mem_grow(&p->blocks, &p->cap, p->n + 1, sizeof(*p->blocks), BLOCKS_MAX, &p->failed) < 0)
        return NULL;
    b = &p->blocks[p->n++];
    b->kind = kind;
    return b;
}

static const char *keep(struct page *p, const char *text)
{
    return text ? arena_text(&p->arena, text, strlen(text), &p->failed) : NULL;
}

/* The same of what a terminal will show. */
static const char *keep_words(struct page *p, const char *text)
{
    char *copy = text ? arena_text(&p->arena, text, strlen(text), &p->failed) : NULL;

    if (copy)
        text_printable(copy);
    return copy;
}

/* ---- words ---- */

enum { SPEC_MAX = 16 }; /* "%-10.3f" */

/* One conversion of printf(3) with its argument, out of `args`. A number that is none is "-", as in
 * tables: the mean of nothing, say. */
static void format_one(struct buf *out, const char *spec, size_t len, va_list *args)
{
    static const char longs[] = "lzjt"; /* all of them have 64 bits here */
    bool wide = strpbrk(spec, longs) != NULL;

    switch (spec[len - 1]) {
    case '%': buf_putc(out, '%'); break;
    case 's': buf_printf(out, spec, va_arg(*args, const char *)); break;
    case 'e':
    case 'f':
    case 'g': {
        double x = va_arg(*args, double);

        if (isfinite(x))
            buf_printf(out, spec, x);
        else
            buf_putc(out, '-');
        break;
    }
    default: /* whole numbers and characters */
        if (wide)
            buf_printf(out, spec, va_arg(*args, long long));
        else
            buf_printf(out, spec, va_arg(*args, int));
    }
}

static void format_words(struct buf *out, const char *fmt, va_list args)
{
    char spec[SPEC_MAX];
    va_list rest;

    va_copy(rest, args);
    while (*fmt != '\0') {
        size_t n = strcspn(fmt, "%");

        buf_add(out, fmt, n);
        fmt += n;
        if (*fmt == '\0')
            break;
        n = 1 + strcspn(fmt + 1, "%csdiuxefg") + 1;
        snprintf(spec, sizeof(spec), "%.*s", (int)n, fmt);
        format_one(out, spec, strlen(spec), &rest);
        fmt += n;
    }
    va_end(rest);
}

static void add_words(struct page *p, enum block_kind kind, const char *label, const char *fmt,
                      va_list args)
{
    struct block *b = add_block(p, kind);
    struct buf text = BUF_INIT(WORDS_MAX);

    if (!b)
        return;
    format_words(&text, fmt, args);
    if (buf_end(&text, "a page's text", &p->failed) == 0) {
        b->label = keep_words(p, label);
        b->text = keep_words(p, text.text ? text.text : "");
    }
    buf_release(&text);
}

#define DEFINE_WORDS(function, kind)                    \
    void function(struct page *p, const char *fmt, ...) \
    {                                                   \
        va_list args;                                   \
                                                        \
        va_start(args, fmt);                            \
        add_words(p, kind, NULL, fmt, args);            \
        va_end(args);                                   \
    }

DEFINE_WORDS(page_heading, BLOCK_HEADING)
DEFINE_WORDS(page_paragraph, BLOCK_PARAGRAPH)
DEFINE_WORDS(page_note, BLOCK_NOTE)
DEFINE_WORDS(page_verdict, BLOCK_VERDICT)
DEFINE_WORDS(page_alarm, BLOCK_ALARM)

#define DEFINE_LABELLED(function, kind)                                    \
    void function(struct page *p, const char *label, const char *fmt, ...) \
    {                                                                      \
        va_list args;                                                      \
                                                                           \
        va_start(args, fmt);                                               \
        add_words(p, kind, label, fmt, args);                              \
        va_end(args);                                                      \
    }

DEFINE_LABELLED(page_line, BLOCK_LINE)
DEFINE_LABELLED(page_command, BLOCK_COMMAND)

void page_tally(struct page *p, uint64_t n, const char *label, const char *meaning)
{
    struct block *b = add_block(p, BLOCK_TALLY);

    if (!b)
        return;
    b->count = n;
    b->label = keep_words(p, label);
    b->text = keep_words(p, meaning);
}

/* ---- data ---- */

void page_set(struct page *p, const char *key, struct json_t *value)
{
    struct block *b = add_block(p, BLOCK_VALUE);

    if (!b) {
        jv_free(value);
        return;
    }
    b->key = keep(p, key);
    b->value = value;
    if (!value)
        err_set(&p->failed, ERR_NOMEM, "out of memory: a page's data");
}

void page_count(struct page *p, const char *key, uint64_t n)
{
    page_set(p, key, jv_pack("I", (long long)n));
}

void page_text(struct page *p, const char *key, const char *text)
{
    page_set(p, key, text ? jv_pack("s", text) : jv_pack("n"));
}

void page_open(struct page *p, const char *key, enum page_scope scope, bool hidden)
{
    struct block *b = add_block(p, BLOCK_OPEN);

    if (!b)
        return;
    b->key = keep(p, key);
    b->scope = scope;
    b->hidden = hidden;
}

void page_close(struct page *p)
{
    add_block(p, BLOCK_CLOSE);
}

void page_figures(struct page *p, const struct figure *list, const void *of)
{
    const struct layout l = { .parts = { NULL, list }, .hidden = true };

    table_row(page_table(p, &l), "", (const void *[]){ NULL, of });
}

/* ---- tables ---- */

static const struct shown *copy_shown(struct page *p, const struct layout *l)
{
    struct shown *copy = arena_new(&p->arena, l->n_shown, sizeof(*copy), &p->failed);

    for (size_t i = 0; copy && i < l->n_shown; i++) {
        copy[i] = l->shown[i];
        copy[i].heading = keep_words(p, l->shown[i].heading);
    }
    return copy;
}

struct table *page_table(struct page *p, const struct layout *l)
{
    struct table *t = p ? arena_new(&p->arena, 1, sizeof(*t), &p->failed) : NULL;
    struct block *b = t ? add_block(p, BLOCK_TABLE) : NULL;

    if (!b)
        return NULL;
    b->table = t;
    t->page = p;
    t->layout = *l;
    t->layout.shown = copy_shown(p, l);
    for (size_t part = 0; part < TABLE_PARTS; part++) {
        t->first[part] = t->n_values;
        for (const struct figure *f = l->parts[part]; f && f->key; f++)
            t->n_values++;
    }
    return t;
}

/* What the row's structs hold now: they may be gone when the page is shown. */
static void read_part(struct table *t, struct row *r, size_t part, const void *of)
{
    const struct figure *f = table_part(t, part);

    for (size_t i = 0; f && f[i].key; i++) {
        struct value *v = &r->values[t->first[part] + i];

        *v = figure_value(&f[i], of);
        if (f[i].kind == FIGURE_TEXT)
            v->text = keep(t->page, v->text);
    }
    r->has[part] = f != NULL;
}

void table_row(struct table *t, const char *key, const void *const *of)
{
    struct page *p = t ? t->page : NULL;
    struct row *r;

    if (!p || p->failed.code ||
        mem_grow(&t->rows, &t->cap, t->n + 1, sizeof(*t->rows), BLOCKS_MAX, &p->failed) < 0)
        return;
    r = &t->rows[t->n++];
    *r = (struct row){ .key = keep(p, key), .rule = t->rule };
    t->rule = false;
    r->values = arena_new(&p->arena, t->n_values, sizeof(*r->values), &p->failed);
    for (size_t part = 0; r->values && part < TABLE_PARTS; part++)
        if (t->layout.parts[part] && of[part])
            read_part(t, r, part, of[part]);
}

void table_rule(struct table *t)
{
    if (t)
        t->rule = true;
}

void table_list(struct table *t, const char *key)
{
    struct page *p = t ? t->page : NULL;

    if (!p || p->failed.code ||
        mem_grow(&t->lists, &t->lists_cap, t->n_lists + 1, sizeof(*t->lists), 64, &p->failed) < 0)
        return;
    t->lists[t->n_lists++] = keep(p, key);
}

/* ---- bars ---- */

struct bars *page_bars(struct page *p, const char *unit)
{
    struct bars *bars = p ? arena_new(&p->arena, 1, sizeof(*bars), &p->failed) : NULL;
    struct block *b = bars ? add_block(p, BLOCK_BARS) : NULL;

    if (!b)
        return NULL;
    b->bars = bars;
    bars->page = p;
    bars->unit = keep_words(p, unit);
    return bars;
}

void bars_add(struct bars *b, const struct bar *bar)
{
    struct page *p = b ? b->page : NULL;

    if (!p || p->failed.code ||
        mem_grow(&b->bars, &b->cap, b->n + 1, sizeof(*b->bars), BLOCKS_MAX, &p->failed) < 0)
        return;
    b->bars[b->n] = *bar;
    b->bars[b->n++].name = keep_words(p, bar->name);
}

double bar_scale(double least)
{
    return fmin(floor(least * 10) / 10, 0.9);
}

double bars_from(const struct bars *bars)
{
    double least = 1;

    for (size_t i = 0; i < bars->n; i++) {
        least = fmin(least, isnan(bars->bars[i].low) ? bars->bars[i].value : bars->bars[i].low);
        least = fmin(least, bars->bars[i].mark);
    }
    return bar_scale(least);
}

/* ---- charts ---- */

struct chart *page_chart(struct page *p, const struct chart_look *look)
{
    struct chart *c = p ? arena_new(&p->arena, 1, sizeof(*c), &p->failed) : NULL;
    struct block *b = c ? add_block(p, BLOCK_CHART) : NULL;

    if (!b)
        return NULL;
    b->chart = c;
    c->page = p;
    c->look = *look;
    c->look.title = keep_words(p, look->title);
    c->look.x = keep_words(p, look->x);
    c->look.y = keep_words(p, look->y);
    return c;
}

void chart_series(struct chart *c, const char *name, enum chart_style style)
{
    struct page *p = c ? c->page : NULL;

    if (!p || p->failed.code ||
        mem_grow(&c->series, &c->cap, c->n + 1, sizeof(*c->series), BLOCKS_MAX, &p->failed) < 0)
        return;
    c->series[c->n++] = (struct series){ .name = keep_words(p, name), .style = style };
}

void chart_mark(struct chart *c, const struct chart_mark *mark)
{
    struct page *p = c ? c->page : NULL;
    struct series *s = c && c->n > 0 ? &c->series[c->n - 1] : NULL;

    if (!s || p->failed.code || !isfinite(mark->x) || !isfinite(mark->y) ||
        mem_grow(&s->marks, &s->cap, s->n + 1, sizeof(*s->marks), BLOCKS_MAX, &p->failed) < 0)
        return;
    s->marks[s->n] = *mark;
    s->marks[s->n++].label = keep_words(p, mark->label);
}

/* ---- pictures ---- */

void page_picture(struct page *p, const struct picture *picture)
{
    struct block *b = add_block(p, BLOCK_PICTURE);
    struct picture *copy = b ? arena_new(&p->arena, 1, sizeof(*copy), &p->failed) : NULL;

    if (!copy)
        return;
    *copy = *picture;
    copy->title = keep_words(p, picture->title);
    copy->caption = keep_words(p, picture->caption);
    b->picture = copy;
}

const struct picture *page_picture_at(const struct page *p, size_t i)
{
    for (size_t b = 0; p && b < p->n; b++)
        if (p->blocks[b].picture && i-- == 0)
            return p->blocks[b].picture;
    return NULL;
}

size_t page_pictures_size(const struct page *p)
{
    size_t sum = 0;

    for (size_t b = 0; p && b < p->n; b++)
        sum += p->blocks[b].picture ? p->blocks[b].picture->len : 0;
    return sum;
}

/* ---- reading ---- */

static bool has_something(const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TABLE: return !b->table->layout.hidden && b->table->n > 0;
    case BLOCK_BARS: return b->bars->n > 0;
    case BLOCK_PICTURE: return b->picture != NULL;
    case BLOCK_CHART:
        for (size_t i = 0; i < b->chart->n; i++)
            if (b->chart->series[i].n > 0)
                return true;
        return false;
    default: return b->kind < BLOCK_VALUE;
    }
}

const struct block *page_next(const struct page *p, struct reading *at)
{
    while (at->i < p->n) {
        const struct block *b = &p->blocks[at->i++];

        if (b->kind == BLOCK_OPEN)
            at->hidden += at->hidden > 0 || b->hidden;
        else if (b->kind == BLOCK_CLOSE)
            at->hidden -= at->hidden > 0;
        if (at->hidden == 0 && has_something(b))
            return b;
    }
    return NULL;
}
