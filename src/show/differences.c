/* SPDX-License-Identifier: MIT */
#include "show/differences.h"

#include <math.h>
#include <stdlib.h>

#include "show/json.h"

enum { NAMED = 6 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- in words ---- */

struct told { /* what a line names, the largest first */
    const char *name, *part;
    double size;
};

static int largest_first(const void *a, const void *b)
{
    double x = ((const struct told *)a)->size, y = ((const struct told *)b)->size;

    return (x < y) - (x > y);
}

static void name_told(struct buf *out, struct told *told, size_t n)
{
    qsort(told, n, sizeof(*told), largest_first);
    for (size_t i = 0; i < n && i < NAMED; i++)
        buf_printf(out, "%s%s%s%s%s", i > 0 ? ", " : "", told[i].name, told[i].part ? " (" : "",
                   told[i].part ? told[i].part : "", told[i].part ? ")" : "");
    if (n > NAMED)
        buf_printf(out, " and %zu more", n - NAMED);
}

static bool is_told(const struct stats_tested *t)
{
    return t->holm <= DIFFERENCES_LEVEL;
}

static size_t choose_bias(const struct differences *d, double sign, struct told *told)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_bias; i++)
        if (is_told(&d->bias[i].test) && sign * d->bias[i].difference > 0)
            told[n++] = (struct told){ d->bias[i].name, NULL, sign * d->bias[i].difference };
    return n;
}

static size_t choose_low(const struct differences *d, struct told *told)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_low; i++)
        if (is_told(&d->low[i].test))
            told[n++] = (struct told){ d->low[i].name, NULL, -d->low[i].agreement };
    return n;
}

static size_t choose_gaps(const struct differences *d, struct told *told)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_question_gaps; i++)
        if (is_told(&d->question_gaps[i].test))
            told[n++] = (struct told){ d->question_gaps[i].name, d->question_gaps[i].part,
                                       fabs(d->question_gaps[i].difference) };
    return n;
}

static void say_told(struct page *p, const char *label, const char *what, size_t of,
                     struct told *told, size_t n)
{
    struct buf names = BUF_INIT(4096);

    name_told(&names, told, n);
    page_line(p, label, "%s on %zu questions of the %zu%s%s", what, n, of, n > 0 ? ": " : "",
              n > 0 && names.text ? names.text : "");
    buf_release(&names);
}

static void say_bias(struct page *p, const struct differences *d, const char *first,
                     const char *second, struct told *told)
{
    const char *names[] = { first, second };
    char what[600];

    for (size_t i = 0; i < 2; i++) {
        size_t n = choose_bias(d, i == 0 ? 1 : -1, told);

        snprintf(what, sizeof(what), "%s says yes more often than %s", names[i], names[1 - i]);
        say_told(p, i == 0 ? "yes" : "", what, d->n_bias, told, n);
    }
}

/* Each question is tested for each group. */
static void say_gaps(struct page *p, const struct differences *d, struct told *told)
{
    size_t n = choose_gaps(d, told);
    struct buf names = BUF_INIT(4096);

    name_told(&names, told, n);
    page_line(p, "groups",
              "agreement in a group differs from that in the others in %zu tests of the %zu%s%s", n,
              d->n_question_gaps, n > 0 ? ": " : "", n > 0 && names.text ? names.text : "");
    buf_release(&names);
}

static void say_all(struct page *p, const struct differences *d, const char *first,
                    const char *second)
{
    size_t most = d->n_bias + d->n_low + d->n_question_gaps;
    struct told *told = calloc(most + 1, sizeof(*told));
    char what[100];

    if (!told)
        return; /* the lists have it all */
    page_heading(p, "More than chance");
    page_paragraph(p, "Exact tests of each question, adjusted for their number (Holm, %g %%).",
                   100 * DIFFERENCES_LEVEL);
    if (d->n_bias > 0)
        say_bias(p, d, first, second, told);
    if (d->n_low > 0) {
        snprintf(what, sizeof(what), "agreement is below %.3g", d->low[0].threshold);
        say_told(p, "agreement", what, d->n_low, told, choose_low(d, told));
    }
    if (d->n_question_gaps > 0)
        say_gaps(p, d, told);
    free(told);
}

/* ---- tables ---- */

static void add_gaps(struct page *p, const struct differences *d, const char *by)
{
    const struct shown shown[] = {
        { "value", 0, by },  { "n", 0 }, { "agreement", 0 }, { "others", 0 },
        { "difference", 0 }, { "p", 0 }, { "holm", 0 },
    };
    struct table *t;

    page_heading(p, "By %s, against all other images", by);
    t = page_table(
        p, &(struct layout){ .parts = { figures_gaps }, .shown = shown, .n_shown = COUNT(shown) });
    for (size_t i = 0; i < d->n_gaps; i++)
        table_row(t, NULL, (const void *[]){ &d->gaps[i], NULL, NULL, NULL });
}

static void set_list(struct page *p, const char *key, const struct figure *list, const void *items,
                     size_t n, size_t size)
{
    struct table *t = page_table(p, &(struct layout){ .parts = { list }, .hidden = true });
    char row[64];

    snprintf(row, sizeof(row), "%s[]", key);
    table_list(t, key);
    for (size_t i = 0; i < n; i++)
        table_row(t, row, (const void *[]){ (const char *)items + i * size, NULL, NULL, NULL });
}

void differences_blocks(struct page *p, const struct differences *d, const char *first,
                        const char *second, const char *by)
{
    if (d->n_bias + d->n_low > 0)
        say_all(p, d, first, second);
    if (by && d->n_gaps > 0)
        add_gaps(p, d, by);
    page_open(p, "differences", PAGE_OBJECT, true);
    page_set(p, "level", jv_real(DIFFERENCES_LEVEL));
    set_list(p, "yes_bias", figures_yes_bias, d->bias, d->n_bias, sizeof(*d->bias));
    set_list(p, "low_agreement", figures_low, d->low, d->n_low, sizeof(*d->low));
    set_list(p, "gaps", figures_gaps, d->gaps, d->n_gaps, sizeof(*d->gaps));
    set_list(p, "question_gaps", figures_gaps, d->question_gaps, d->n_question_gaps,
             sizeof(*d->question_gaps));
    page_close(p);
}

void multi_blocks(struct page *p, const struct multi *m)
{
    struct table *t;

    if (m->n > 0)
        page_heading(p, "Questions that allow several options");
    t = page_table(p, &(struct layout){ .parts = { figures_multi }, .hidden = m->n == 0 });
    table_list(t, "multi");
    for (size_t i = 0; i < m->n; i++)
        table_row(t, "multi[]", (const void *[]){ &m->items[i], NULL, NULL, NULL });
}
