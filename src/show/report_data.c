/* SPDX-License-Identifier: MIT */
#include "show/agreement.h"
#include "show/sections.h"

/* ---- data ---- */

static void set_agreement(struct page *p, const char *key, const struct report_result *r,
                          const struct stats_agreement *a)
{
    struct agreement_view v = { .task = r->task,
                                .agreement = a,
                                .groups = r->task->groups,
                                .n_annotators = 2,
                                .interval = r->interval };

    page_open(p, key, PAGE_OBJECT, true);
    agreement_table(p, &v, true);
    page_close(p);
}

static void set_parts(struct page *p, const struct report_result *r)
{
    page_open(p, "by", PAGE_OBJECT, true);
    page_text(p, "column", r->by);
    page_set(p, "parts", jv_array());
    for (size_t i = 0; i < r->n_parts; i++) {
        page_open(p, "parts", PAGE_ELEMENT, true);
        page_text(p, "value", r->parts[i].value);
        page_count(p, "images", r->parts[i].n_images);
        set_agreement(p, "before", r, r->parts[i].before);
        page_close(p);
    }
    page_close(p);
}

static void set_lists(struct page *p, const struct report_result *r)
{
    struct table *t =
        page_table(p, &(struct layout){ .parts = { figures_winners }, .hidden = true });

    table_list(t, "winners");
    table_list(t, "rare_missed"); /* whose rows stand in their own section */
    for (size_t i = 0; i < r->n_winners; i++)
        table_row(t, "winners[]", (const void *[]){ &r->winners[i], NULL, NULL, NULL });
}

void report_pair_data(struct page *p, const struct report_result *r)
{
    page_set(p, "between", jv_pack("[s, s]", r->first, r->second));
    set_agreement(p, "before", r, r->before);
    page_open(p, "after", PAGE_OBJECT, true);
    set_agreement(p, "first", r, r->first_after);
    set_agreement(p, "second", r, r->second_after);
    page_close(p);
    page_set(p, "coin_flip", jv_pack("[o, o]", jv_real(r->coin_flip[0]), jv_real(r->coin_flip[1])));
    page_count(p, "disputed", r->disputed);
    set_lists(p, r);
    if (r->by)
        set_parts(p, r);
}
