/* SPDX-License-Identifier: MIT */
#include "show/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "show/columns.h"
#include "show/html_text.h"
#include "show/page.h"
#include "show/svg.h"

#include "html_style.inc" /* made at build from html_style.css */

enum { NO_BLOCK = -1, PICTURE_MAX = 64 << 20 /* bytes of text */ };

struct html {
    FILE *out;
    int open;            /* the kind of the list that is open, NO_BLOCK: none */
    size_t sections;     /* with a heading, so far */
    const char *heading; /* of the section; NULL: the first screen */
    size_t captions;     /* of tables in it */
    size_t charts, pictures;
    const char *folder;              /* as struct html_look has it */
    const struct figure **explained; /* every figure that a table has, once */
    size_t n_explained, cap;
    struct arena arena;
};

/* What stands around blocks of one kind, and around each of them. */
static const struct {
    const char *list, *end, *each, *each_end;
} wraps[] = {
    [BLOCK_PARAGRAPH] = { "", "", "<p>", "</p>\n" },
    [BLOCK_NOTE] = { "<div class=\"notes\">\n", "</div>\n", "<p>", "</p>\n" },
    [BLOCK_LINE] = { "<dl class=\"lines\">\n", "</dl>\n", "<div><dt>", "</dd></div>\n" },
    [BLOCK_VERDICT] = { "", "", "<p class=\"verdict\">", "</p>\n" },
    [BLOCK_TALLY] = { "<dl class=\"tallies\">\n", "</dl>\n", "<div><dt>", "</div>\n" },
    [BLOCK_ALARM] = { "<ul class=\"alarms\" aria-label=\"Alarms\">\n", "</ul>\n", "<li>",
                      "</li>\n" },
    [BLOCK_PICTURE] = { "<div class=\"pictures\">\n", "</div>\n", "", "" },
    [BLOCK_COMMAND] = { "<div class=\"next\">\n", "</div>\n", "<p>Next: ", "</code></pre>\n" },
};

static void close_list(struct html *h)
{
    if (h->open != NO_BLOCK)
        fputs(wraps[h->open].end, h->out);
    h->open = NO_BLOCK;
}

static void open_list(struct html *h, enum block_kind kind)
{
    if (h->open == (int)kind)
        return;
    close_list(h);
    fputs(wraps[kind].list, h->out);
    h->open = (int)kind;
}

/* ---- words ---- */

static void put_words(struct html *h, const struct block *b)
{
    open_list(h, b->kind);
    fputs(wraps[b->kind].each, h->out);
    if (b->label)
        html_text(h->out, b->label);
    if (b->kind == BLOCK_LINE)
        fputs("</dt><dd>", h->out);
    else if (b->kind == BLOCK_COMMAND)
        fputs("</p>\n<pre tabindex=\"0\"><code>", h->out);
    if (b->kind == BLOCK_COMMAND)
        html_plain(h->out, b->text); /* as it is typed */
    else
        html_text(h->out, b->text);
    fputs(wraps[b->kind].each_end, h->out);
}

static void put_tally(struct html *h, const struct block *b)
{
    char n[32];

    open_list(h, b->kind);
    fputs(wraps[b->kind].each, h->out);
    html_text(h->out, b->label);
    fprintf(h->out, "</dt><dd class=\"count\">%s</dd>", text_grouped(b->count, n));
    if (b->text && *b->text != '\0') {
        fputs("<dd class=\"meaning\">", h->out);
        html_text(h->out, b->text);
        fputs("</dd>", h->out);
    }
    fputs(wraps[b->kind].each_end, h->out);
}

static void begin_section(struct html *h, const char *heading)
{
    close_list(h);
    fputs("</section>\n", h->out);
    h->sections++;
    h->heading = heading;
    h->captions = 0;
    fprintf(h->out, "<section aria-labelledby=\"s%zu\">\n<h2 id=\"s%zu\">", h->sections,
            h->sections);
    html_text(h->out, heading);
    fputs("</h2>\n", h->out);
}

/* Said to those who come to the table without its heading. */
static void put_caption(struct html *h)
{
    fputs("<caption>", h->out);
    html_text(h->out, h->heading ? h->heading : "Summary");
    if (++h->captions > 1)
        fprintf(h->out, ", table %zu", h->captions);
    fputs("</caption>\n", h->out);
}

static void open_box(struct html *h)
{
    fputs("<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"", h->out);
    html_plain(h->out, h->heading ? h->heading : "Summary");
    fprintf(h->out, ", table %zu\">", h->captions + 1);
}

/* ---- tables ---- */

/* Its number among the figures that are explained; 0: it has no meaning, or memory has run out. */
static size_t explain(struct html *h, const struct figure *f, struct err *e)
{
    if (!f->meaning)
        return 0;
    for (size_t i = 0; i < h->n_explained; i++)
        if (h->explained[i] == f)
            return i + 1;
    if (mem_grow(&h->explained, &h->cap, h->n_explained + 1, sizeof(struct figure *), 1 << 16, e) <
        0)
        return 0;
    h->explained[h->n_explained++] = f;
    return h->n_explained;
}

static void put_heading_cell(struct html *h, const struct column *c, struct err *e)
{
    size_t at = explain(h, c->figure, e);

    fprintf(h->out, "<th scope=\"col\"%s>", column_is_number(c) ? " class=\"n\"" : "");
    if (at > 0) {
        fprintf(h->out, "<a href=\"#f%zu\" title=\"", at);
        html_plain(h->out, c->figure->meaning);
        fputs("\">", h->out);
    }
    html_text(h->out, c->heading);
    fputs(at > 0 ? "</a></th>" : "</th>", h->out);
}

/* The interval, with the value of the column before it; a row may have neither. */
static struct bar drawn_bar(const struct column *c, const struct row *r)
{
    struct bar bar = { NULL, NAN, NAN, NAN, NAN };

    if (r->has[c->part]) {
        bar.low = r->values[c->value].number[0];
        bar.high = r->values[c->value].number[1];
    }
    if (r->has[c[-1].part])
        bar.value = r->values[c[-1].value].number[0];
    return bar;
}

static double drawn_from(const struct table *t, const struct column *c)
{
    double least = 1;

    for (size_t i = 0; i < t->n; i++) {
        struct bar bar = drawn_bar(c, &t->rows[i]);

        least = fmin(least, isnan(bar.low) ? bar.value : bar.low);
    }
    return bar_scale(least);
}

static void put_drawn(struct html *h, const struct table *t, const struct column *c,
                      const struct row *r)
{
    struct bar bar = drawn_bar(c, r);

    if (isfinite(bar.value))
        svg_bar(h->out, &bar, drawn_from(t, c));
}

/* The first column, where it is of texts, names the row. */
static void put_cell(struct html *h, const struct table *t, const struct column *c,
                     const struct row *r, bool first)
{
    char text[FIGURE_TEXT_MAX];
    bool number = column_is_number(c), names;

    column_text(c, r, text);
    text_printable(text);
    names = first && !number && *text != '\0';
    fputs(names ? "<th scope=\"row\">" : number ? "<td class=\"n\">" : "<td>", h->out);
    if (c->drawn)
        put_drawn(h, t, c, r);
    if (!number)
        fputs("<bdi>", h->out);
    html_plain(h->out, text);
    fputs(number ? "</td>" : names ? "</bdi></th>" : "</bdi></td>", h->out);
}

static void put_rows(struct html *h, const struct table *t, const struct column *columns, size_t n)
{
    fputs("<tbody>\n", h->out);
    for (size_t i = 0; i < t->n; i++) {
        fputs(t->rows[i].rule ? "<tr class=\"rule\">" : "<tr>", h->out);
        for (size_t c = 0; c < n; c++)
            put_cell(h, t, &columns[c], &t->rows[i], c == 0);
        fputs("</tr>\n", h->out);
    }
    fputs("</tbody>", h->out);
}

static int put_table(struct html *h, const struct table *t, struct err *e)
{
    size_t n;
    struct column *columns = columns_shown(t, &h->arena, &n, e);

    if (!columns)
        return ERR_NOMEM;
    close_list(h);
    open_box(h);
    fputs("<table>\n", h->out);
    put_caption(h);
    fputs("<thead><tr>", h->out);
    for (size_t c = 0; c < n; c++)
        put_heading_cell(h, &columns[c], e);
    fputs("</tr></thead>\n", h->out);
    put_rows(h, t, columns, n);
    fputs("</table></div>\n", h->out);
    return 0;
}

/* ---- bars and charts ---- */

/* "o: agreement, -: its 95 % interval, x: by coin flip", with the marks as they are drawn. */
static void put_unit(struct html *h, const char *unit)
{
    fputs("<ul class=\"legend key\">", h->out);
    while (*unit != '\0') {
        size_t len = strcspn(unit, ","), skip = strchr("o-x", *unit) && unit[1] == ':' ? 3 : 0;
        char part[256];

        fputs("<li>", h->out);
        if (skip > 0)
            svg_bar_key(h->out, *unit);
        snprintf(part, sizeof(part), "%.*s", (int)(len - skip), unit + skip);
        html_text(h->out, part);
        fputs("</li>", h->out);
        unit += len + strspn(unit + len, ", ");
    }
    fputs("</ul>\n", h->out);
}

static void put_bars(struct html *h, const struct bars *bars)
{
    double from = bars_from(bars);

    close_list(h);
    open_box(h);
    fputs("<table class=\"bars\">\n", h->out);
    put_caption(h);
    fprintf(h->out,
            "<thead><tr><td></td><th scope=\"col\"><span class=\"scale\"><span>%.1f</span>"
            "<span>1.0</span></span></th><th scope=\"col\" class=\"n\">value</th></tr></thead>\n"
            "<tbody>\n",
            from);
    for (size_t i = 0; i < bars->n; i++) {
        const struct bar *b = &bars->bars[i];

        fputs("<tr><th scope=\"row\"><bdi>", h->out);
        html_plain(h->out, b->name ? b->name : "");
        fputs("</bdi></th><td>", h->out);
        svg_bar(h->out, b, from);
        if (isfinite(b->value))
            fprintf(h->out, "</td><td class=\"n\">%.3f</td></tr>\n", b->value);
        else
            fputs("</td><td class=\"n\">-</td></tr>\n", h->out);
    }
    fputs("</tbody></table></div>\n", h->out);
    put_unit(h, bars->unit);
}

static void put_chart(struct html *h, const struct chart *c)
{
    close_list(h);
    fputs("<figure>\n", h->out);
    svg_chart(h->out, c, ++h->charts);
    fputs("<figcaption>", h->out);
    html_text(h->out, c->look.title ? c->look.title : "");
    if (c->n > 1 || (c->n == 1 && c->series[0].name)) {
        fputs("\n<ul class=\"legend\">", h->out);
        for (size_t s = 0; s < c->n; s++) {
            fputs("<li>", h->out);
            svg_mark(h->out, s);
            fputs("<bdi>", h->out);
            html_plain(h->out, c->series[s].name ? c->series[s].name : "");
            fputs("</bdi></li>", h->out);
        }
        fputs("</ul>", h->out);
    }
    fputs("</figcaption>\n</figure>\n", h->out);
}

/* ---- pictures ---- */

const char *html_picture(size_t i, char name[HTML_PICTURE_NAME])
{
    snprintf(name, HTML_PICTURE_NAME, "%04zu.jpg", i + 1);
    return name;
}

static int put_bytes(FILE *out, const struct picture *picture, struct err *e)
{
    struct buf text = BUF_INIT(PICTURE_MAX);
    int rc;

    base64_encode(picture->jpeg, picture->len, &text);
    rc = buf_end(&text, "a picture", e);
    if (rc == 0)
        fprintf(out, "data:image/jpeg;base64,%s", text.text);
    buf_release(&text);
    return rc;
}

static int put_picture(struct html *h, const struct picture *picture, struct err *e)
{
    char name[HTML_PICTURE_NAME];
    int rc = 0;

    open_list(h, BLOCK_PICTURE);
    fputs("<figure>", h->out);
    if (picture->jpeg) {
        fputs("<img alt=\"", h->out);
        html_plain(h->out, picture->title);
        fputs("\" src=\"", h->out);
        if (h->folder) {
            html_plain(h->out, h->folder);
            fprintf(h->out, "/%s", html_picture(h->pictures, name));
        } else {
            rc = put_bytes(h->out, picture, e);
        }
        fputs("\">", h->out);
    }
    fputs("<figcaption><strong>", h->out);
    html_text(h->out, picture->title);
    fputs("</strong> ", h->out);
    html_text(h->out, picture->caption);
    fputs("</figcaption></figure>\n", h->out);
    h->pictures++;
    return rc;
}

/* ---- the page ---- */

static int put_block(struct html *h, const struct block *b, struct err *e)
{
    switch (b->kind) {
    case BLOCK_HEADING: begin_section(h, b->text); return 0;
    case BLOCK_TALLY: put_tally(h, b); return 0;
    case BLOCK_TABLE: return put_table(h, b->table, e);
    case BLOCK_BARS: put_bars(h, b->bars); return 0;
    case BLOCK_CHART: put_chart(h, b->chart); return 0;
    case BLOCK_PICTURE: return put_picture(h, b->picture, e);
    default: put_words(h, b); return 0;
    }
}

static void put_head(FILE *out, const struct html_look *look)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'; img-src %s; base-uri 'none'; form-action 'none'\">\n",
            look->folder ? "'self' file:" : "data:");
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          out);
    html_plain(out, look->title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", html_style);
    fputs("<a class=\"skip\" href=\"#main\">To the report</a>\n<header><h1>", out);
    html_text(out, look->title);
    fputs("</h1></header>\n<div class=\"columns\">\n", out);
}

static void put_contents(const struct page *p, FILE *out)
{
    struct reading at = { 0 };
    const struct block *b;
    size_t n = 0;

    fputs("<nav aria-label=\"Contents\"><ol>\n", out);
    while ((b = page_next(p, &at)) != NULL)
        if (b->kind == BLOCK_HEADING) {
            fprintf(out, "<li><a href=\"#s%zu\">", ++n);
            html_text(out, b->text);
            fputs("</a></li>\n", out);
        }
    fputs("<li><a href=\"#figures\">What the figures mean</a></li>\n</ol></nav>\n", out);
}

static void put_meanings(const struct html *h)
{
    fputs("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">What the figures mean</h2>\n"
          "<dl class=\"lines\">\n",
          h->out);
    for (size_t i = 0; i < h->n_explained; i++) {
        const struct figure *f = h->explained[i];

        fprintf(h->out, "<div id=\"f%zu\"><dt>", i + 1);
        html_text(h->out, f->heading ? f->heading : f->key);
        fputs("</dt><dd>", h->out);
        html_text(h->out, f->meaning);
        if (f->defined) {
            fputs("; defined ", h->out);
            html_text(h->out, f->defined);
        }
        fputs("</dd></div>\n", h->out);
    }
    fputs("</dl>\n</section>\n", h->out);
}

int page_html(const struct page *p, FILE *out, const struct html_look *look, struct err *e)
{
    struct html h = { .out = out, .open = NO_BLOCK, .folder = look->folder };
    struct reading at = { 0 };
    const struct block *b;
    int rc = 0;

    if (!p || p->failed.code)
        return err_set(e, ERR_NOMEM, "out of memory: a page");
    put_head(out, look);
    put_contents(p, out);
    fputs("<main id=\"main\">\n<section class=\"first\" aria-label=\"Summary\">\n", out);
    while (rc == 0 && (b = page_next(p, &at)) != NULL)
        rc = put_block(&h, b, e);
    close_list(&h);
    fputs("</section>\n", out);
    put_meanings(&h);
    fputs("</main>\n</div>\n<footer>", out);
    html_text(out, look->footer ? look->footer : "");
    fputs("</footer>\n</body>\n</html>\n", out);
    free(h.explained);
    arena_release(&h.arena);
    return rc;
}
