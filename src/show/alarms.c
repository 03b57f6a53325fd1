/* SPDX-License-Identifier: MIT */
#include "show/sections.h"

enum { SHOWN = 10 /* first and last ones in a terminal, which names each kind at its top */ };

void report_alarms(struct page *p, const struct report_result *r)
{
    struct table *t;

    page_heading(p, "Alarms");
    if (r->n_alarms == 0)
        page_note(p, "none");
    t = page_table(p, &(struct layout){ .parts = { figures_alarms }, .excerpt = SHOWN });
    table_list(t, "alarms");
    for (size_t i = 0; i < r->n_alarms; i++)
        table_row(t, "alarms[]", (const void *[]){ &r->alarms[i], NULL, NULL, NULL });
}
