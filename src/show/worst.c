/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "show/picture.h"
#include "show/sections.h"

struct worst_row {
    const char *question, *image, *first, *second, *majority;
    double probability;
};

static const struct figure row_figures[] = {
    { "question", "question", NULL, FIGURE_TEXT, offsetof(struct worst_row, question) },
    { "image", "image", NULL, FIGURE_TEXT, offsetof(struct worst_row, image) },
    { "first", "first", NULL, FIGURE_TEXT, offsetof(struct worst_row, first) },
    { "second", "second", NULL, FIGURE_TEXT, offsetof(struct worst_row, second) },
    { "majority", "majority", NULL, FIGURE_TEXT, offsetof(struct worst_row, majority) },
    { "probability", "probability", NULL, FIGURE_NUMBER, offsetof(struct worst_row, probability),
      .decimals = 3 },
    { 0 },
};

static void add_picture(struct page *p, const struct report_result *r, const struct worst_cell *w)
{
    char sure[40] = "", settled[300], caption[1500];

    if (!isnan(w->probability))
        snprintf(sure, sizeof(sure), " (%.2f %%)", 100 * w->probability);
    if (*w->majority == '\0')
        snprintf(settled, sizeof(settled), "not settled");
    else
        snprintf(settled, sizeof(settled), "by majority %s", w->majority);
    snprintf(caption, sizeof(caption), "%s: %s%s; %s: %s; %s. %s%s", r->first, w->first, sure,
             r->second, w->second, settled, w->image, w->jpeg ? "" : " (cannot be read)");
    page_picture(p,
                 &(struct picture){ w->jpeg, w->len, r->task->columns[w->column].name, caption });
}

void report_worst(struct page *p, const struct report_result *r)
{
    const struct worst *w = &r->worst;
    struct table *t;
    char n[TEXT_COUNT_MAX];

    if (!r->pictures)
        return;
    page_heading(p, "Worst disagreements");
    page_paragraph(p,
                   "%s on which %s says otherwise and the majority does not take %s's side; what "
                   "the majority contradicts first, then what %s is surest of. %zu are shown.",
                   text_count(w->disputed, "label", n), r->second, r->first, r->first, w->n);
    for (size_t i = 0; i < w->n; i++)
        add_picture(p, r, &w->cells[i]);
    t = page_table(p, &(struct layout){ .parts = { row_figures }, .hidden = true });
    table_list(t, "worst");
    for (size_t i = 0; i < w->n; i++) {
        const struct worst_cell *c = &w->cells[i];
        const struct worst_row row = {
            r->task->columns[c->column].name,          c->image,      c->first, c->second,
            *c->majority == '\0' ? NULL : c->majority, c->probability
        };

        table_row(t, "worst[]", (const void *[]){ &row, NULL, NULL, NULL });
    }
}
