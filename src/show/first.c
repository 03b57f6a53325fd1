/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "show/accept.h"
#include "show/figures.h"
#include "show/sections.h"

enum { NAMED = 3 /* of an alarm's subjects, of questions without an answer */ };

/* ---- alarms ---- */

/* Those of one kind from `first` on, which stand together. */
static size_t count_kind(const struct report_result *r, size_t first)
{
    size_t n = 1;

    while (first + n < r->n_alarms && strcmp(r->alarms[first + n].name, r->alarms[first].name) == 0)
        n++;
    return n;
}

static void write_number(struct buf *b, const char *before, const char *key,
                         const struct report_alarm *a)
{
    const struct figure *f = figure_find(figures_alarms, key);
    struct value v = figure_value(f, a);
    char text[FIGURE_TEXT_MAX];

    buf_printf(b, "%s%s", before, figure_text(f, &v, f->decimals, text));
}

/* "low agreement: Pale_Skin 22.6 %, Brown_Hair 45.6 % and 8 more; the threshold is 70.0 %". */
static void say_alarm(struct page *p, const struct report_alarm *alarms, size_t n)
{
    struct buf b = BUF_INIT(1 << 16);

    for (size_t i = 0; i < n && i < NAMED; i++) {
        buf_printf(&b, "%s%s", i > 0 ? ", " : "", alarms[i].subject);
        write_number(&b, " ", "value", &alarms[i]);
    }
    if (n > NAMED)
        buf_printf(&b, " and %zu more", n - NAMED);
    write_number(&b, "; the threshold is ", "threshold", &alarms[0]);
    page_alarm(p, "%s: %s", alarms[0].name, b.text ? b.text : "");
    buf_release(&b);
}

/* The questions of one model, items[from..to). */
static void say_unanswered(struct page *p, const struct unanswered *u, size_t from, size_t to)
{
    struct buf b = BUF_INIT(1 << 16);

    for (size_t i = from; i < to && i < from + NAMED; i++)
        buf_printf(&b, "%s%s", i > from ? ", " : "", u->items[i].name);
    if (to - from > NAMED)
        buf_printf(&b, " and %zu more", to - from - NAMED);
    page_alarm(p, "%s never answered %s", u->items[from].annotator, b.text ? b.text : "");
    buf_release(&b);
}

static void say_alarms(struct page *p, const struct report_result *r)
{
    const struct unanswered *u = &r->unanswered;

    for (size_t from = 0, to; from < u->n; from = to) {
        for (to = from; to < u->n && u->items[to].annotator == u->items[from].annotator;)
            to++;
        say_unanswered(p, u, from, to);
    }
    for (size_t i = 0, n; i < r->n_alarms; i += n) {
        n = count_kind(r, i);
        say_alarm(p, &r->alarms[i], n);
    }
}

/* ---- all of it ---- */

void report_first(struct page *p, const struct report_result *r)
{
    accept_first(p, &r->acceptance);
    if (r->acceptance.why)
        page_tally(p, r->task->n_columns, "cannot say", "nothing is known of these questions");
    say_alarms(p, r);
    accept_command(p, &r->acceptance);
}
