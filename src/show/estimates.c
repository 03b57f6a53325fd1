/* SPDX-License-Identifier: MIT */
#include "show/estimates.h"

#include <math.h>
#include <stdlib.h>

enum { SHOWN = 12 }; /* questions, and answers */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- agreement ---- */

static void add_agreement(struct page *p, const struct estimates *x)
{
    static const struct shown shown[] = {
        { "annotator", 0 }, { "agreement", 0, NULL, 4 }, { "interval", 0, NULL, 4 },
        { "corrected", 0 }, { "corrected_interval", 0 }, { "voted", 0 },
        { "other", 0 },
    };
    struct table *t = page_table(
        p,
        &(struct layout){ .parts = { figures_overall }, .shown = shown, .n_shown = COUNT(shown) });
    struct bars *bars = page_bars(p, "o: people agree, -: its 95 % interval, x: on the cells that "
                                     "they voted on");

    table_list(t, "agreement");
    for (size_t i = 0; i < x->n_annotators; i++) {
        const struct estimates_agreement *a = &x->agreement[i];

        table_row(t, "agreement[]", (const void *[]){ a, NULL, NULL, NULL });
        bars_add(bars, &(struct bar){ a->annotator, a->cells.value, a->cells.interval.low,
                                      a->cells.interval.high, a->voted });
    }
}

static int least_first(const void *a, const void *b)
{
    const struct estimates_agreement *const *x = a, *const *y = b;

    return ((*x)->cells.value > (*y)->cells.value) - ((*x)->cells.value < (*y)->cells.value);
}

/* The questions with the least agreement of the one who stands in; all of them are data. */
static void add_questions(struct page *p, const struct estimates *x)
{
    static const struct shown shown[] = {
        { "name", 0 }, { "agreement", 0 }, { "interval", 0 }, { "corrected", 0 }, { "voted", 0 }
    };
    size_t cells = x->n_annotators * x->n_columns, n = 0;
    const struct estimates_agreement **worst = calloc(x->n_columns + 1, sizeof(*worst));
    struct table *all =
        page_table(p, &(struct layout){ .parts = { figures_overall }, .hidden = true });
    struct table *t;

    table_list(all, "questions");
    for (size_t i = 0; i < cells; i++) {
        const struct estimates_agreement *a = &x->questions[i];

        if (!a->name)
            continue;
        table_row(all, "questions[]", (const void *[]){ a, NULL, NULL, NULL });
        if (worst && x->guess && a->annotator == x->guess && !isnan(a->cells.value))
            worst[n++] = a;
    }
    if (n > 1) {
        qsort(worst, n, sizeof(*worst), least_first);
        page_heading(p, "Over all cells: questions on which people agree least with %s", x->guess);
        t = page_table(p, &(struct layout){ .parts = { figures_overall },
                                            .shown = shown,
                                            .n_shown = COUNT(shown) });
        for (size_t i = 0; i < n && i < SHOWN; i++)
            table_row(t, NULL, (const void *[]){ worst[i], NULL, NULL, NULL });
        if (n > SHOWN)
            page_note(p, "%zu more are in --json.", n - SHOWN);
    }
    free(worst);
}

/* ---- answers ---- */

static double off(const struct estimates_share *s)
{
    double d = fabs(s->labels - s->cells.value);

    return isnan(d) ? -1 : d;
}

static int most_off_first(const void *a, const void *b)
{
    const struct estimates_share *const *x = a, *const *y = b;

    return (off(*x) < off(*y)) - (off(*x) > off(*y));
}

static void add_share(struct table *t, struct bars *bars, const struct estimates_share *s)
{
    struct buf name = BUF_INIT(1 << 12);

    buf_printf(&name, "%s: %s", s->name, s->option);
    table_row(t, NULL, (const void *[]){ s, NULL, NULL, NULL });
    bars_add(bars, &(struct bar){ name.text ? name.text : s->name, s->cells.value,
                                  s->cells.interval.low, s->cells.interval.high, s->labels });
    buf_release(&name);
}

static void show_shares(struct page *p, const struct estimates *x,
                        const struct estimates_share *const *order)
{
    static const struct shown shown[] = {
        { "name", 0 },  { "option", 0 },   { "labels", 0 },    { "voted", 0 },
        { "share", 0 }, { "interval", 0 }, { "corrected", 0 }, { "population_interval", 0 },
    };
    struct table *t;
    struct bars *bars;

    page_heading(p, "Over all cells: how often people would give an answer");
    t = page_table(p, &(struct layout){
                          .parts = { figures_shares }, .shown = shown, .n_shown = COUNT(shown) });
    bars = page_bars(p, "o: of all cells, -: its 95 % interval, x: of the labels");
    for (size_t i = 0; i < x->n_shares && i < SHOWN; i++)
        add_share(t, bars, order[i]);
    if (x->n_shares > SHOWN)
        page_note(p, "Those of which %s are furthest off; %zu more are in --json.",
                  x->guess ? "the labels" : "the votes", x->n_shares - SHOWN);
    page_note(p,
              "\"All cells\" is this data set; \"population\" is what its images would be "
              "independent draws from, by %s.",
              x->active ? "each cell's probability" : "PPI++");
}

static void add_shares(struct page *p, const struct estimates *x)
{
    const struct estimates_share **order = calloc(x->n_shares + 1, sizeof(*order));
    struct table *all =
        page_table(p, &(struct layout){ .parts = { figures_shares }, .hidden = true });

    table_list(all, "shares");
    for (size_t i = 0; i < x->n_shares; i++) {
        table_row(all, "shares[]", (const void *[]){ &x->shares[i], NULL, NULL, NULL });
        if (order)
            order[i] = &x->shares[i];
    }
    if (order && x->n_shares > SHOWN)
        qsort(order, x->n_shares, sizeof(*order), most_off_first);
    if (order && x->n_shares > 0)
        show_shares(p, x, order);
    free(order);
}

/* ---- words ---- */

static void say_erring(struct page *p, const struct estimates *x)
{
    struct estimate_right yes = x->erring.known_yes, no = x->erring.known_no,
                          again = x->erring.repeats;

    if (yes.n + no.n > 0)
        page_note(p,
                  "Corrected: as if people never erred. They gave %.0f of %.0f known yes and %.0f "
                  "of %.0f known no; their errors are taken as independent of the annotators'.",
                  yes.k, yes.n, no.k, no.n);
    else if (again.n > 0)
        page_note(p,
                  "Corrected: as if people never erred. They answered %.0f of %.0f repeats as "
                  "before; who errs the same way twice looks better than they are.",
                  again.k, again.n);
    else
        page_note(p, "Nothing shows how often people err, so their answers are taken as the truth: "
                     "assent review --gold FILE or --repeat N would show it.");
    if (x->several && yes.n + no.n + again.n > 0)
        page_note(p, "Where a cell has several votes its majority errs less often: that is "
                     "reckoned in, as if "
                     "people's errors on one cell were independent.");
}

static void say_what(struct page *p, const struct estimates *x)
{
    char n[4][32];

    page_paragraph(p,
                   "What people would say of this data set: the %s cells of %s images that could "
                   "be drawn. They settled %s of the %s that were drawn at random%s.",
                   text_grouped(x->frame, n[0]), text_grouped(x->images, n[1]),
                   text_grouped(x->settled, n[2]), text_grouped(x->drawn, n[3]),
                   x->active ? ", each with its own probability" : "");
}

static void set_totals(struct page *p, const struct estimates *x)
{
    const struct erring *r = &x->erring;

    page_text(p, "refused", x->refused);
    page_text(p, "guess", x->guess);
    page_text(p, "estimand", "this data set: the cells that could be drawn");
    page_text(p, "population_estimand", "a population that the images are independent draws from");
    page_count(p, "frame", x->frame);
    page_count(p, "drawn", x->drawn);
    page_count(p, "settled", x->settled);
    page_set(p, "active", jv_pack("b", (int)x->active));
    page_set(p, "known_yes", jv_pack("[f, f]", r->known_yes.k, r->known_yes.n));
    page_set(p, "known_no", jv_pack("[f, f]", r->known_no.k, r->known_no.n));
    page_set(p, "repeats", jv_pack("[f, f]", r->repeats.k, r->repeats.n));
}

void estimates_blocks(struct page *p, const struct estimates *x)
{
    page_open(p, "over_all_cells", PAGE_OBJECT, false);
    set_totals(p, x);
    page_heading(p, "Over all cells");
    if (x->refused) {
        page_paragraph(p, "Not known: %s.", x->refused);
    } else {
        say_what(p, x);
        add_agreement(p, x);
        page_note(p,
                  "\"Voted cells\" is the plain share of the cells that people voted on, disputes "
                  "among them; \"the other\" that of agreement with who is compared.");
        say_erring(p, x);
        add_questions(p, x);
        add_shares(p, x);
    }
    page_close(p);
}
