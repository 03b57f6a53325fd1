/* SPDX-License-Identifier: MIT */
#include "show/unused.h"

static const struct figure unused_figures[] = {
    { "kind", NULL, NULL, FIGURE_TEXT, offsetof(struct unused_name, kind) },
    { "name", NULL, NULL, FIGURE_TEXT, offsetof(struct unused_name, name) },
    { "answers", NULL, NULL, FIGURE_COUNT, offsetof(struct unused_name, answers) },
    { "likely", NULL, NULL, FIGURE_TEXT, offsetof(struct unused_name, likely) },
    { 0 },
};

void unused_show(struct page *p, const struct unused *u)
{
    struct buf text = BUF_INIT(4096);
    struct table *t;

    for (size_t i = 0; i < u->n && i < UNUSED_NAMED; i++) {
        buf_clear(&text);
        unused_say(&u->items[i], &text);
        page_paragraph(p, "%s", text.text ? text.text : u->items[i].name);
    }
    buf_release(&text);
    if (u->n > UNUSED_NAMED)
        page_note(p, "and %zu names more: --json has all", u->n - UNUSED_NAMED);
    t = page_table(p, &(struct layout){ .parts = { unused_figures }, .hidden = true });
    table_list(t, "unused");
    for (size_t i = 0; i < u->n; i++)
        table_row(t, "unused[]", (const void *[]){ &u->items[i], NULL, NULL, NULL });
}
