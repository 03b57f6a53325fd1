/* SPDX-License-Identifier: MIT
 *
 * What check found.
 */
#include "show/show.h"

enum { SHOWN = 20 }; /* faults that people read at once */

static const struct figure fault_figures[] = {
    { "table", NULL, NULL, FIGURE_TEXT, offsetof(struct store_fault, table) },
    { "what", NULL, NULL, FIGURE_TEXT, offsetof(struct store_fault, what) },
    { "can_be_set_aside", NULL, NULL, FIGURE_FLAG, offsetof(struct store_fault, can_go) },
    { 0 },
};

static void advise(struct page *p, const struct check_result *r)
{
    uint64_t left = r->of.faults - r->of.set_aside;
    bool can_go = false;
    char n[TEXT_COUNT_MAX];

    for (size_t i = 0; i < r->n; i++)
        can_go |= r->faults[i].can_go;
    if (r->of.broken)
        page_note(
            p, "the file itself is damaged: bring it back from a backup. Rows were not looked at");
    else if (r->aside && r->of.set_aside > 0)
        page_note(p,
                  "%s set aside; the table 'damaged' keeps what was there. Runs that answered "
                  "damaged questions are withdrawn: status -v lists them",
                  text_count(r->of.set_aside, "row", n));
    else if (can_go)
        page_note(p, "assent check --set-aside goes on without damaged rows, and keeps them");
    if (left > 0 && !r->of.broken && (r->aside || !can_go))
        page_note(p, "the rest needs a backup: nothing can go on without it");
    if (r->of.faults > SHOWN)
        page_note(p, "the first %d are shown; --json has %d", SHOWN, CHECK_NAMED);
}

struct page *show_check(const struct check_result *r)
{
    static const struct layout layout = { .parts = { fault_figures }, .hidden = true };
    struct page *p = page_new();
    struct table *t;
    char n[5][TEXT_COUNT_MAX];

    if (r->of.faults == 0)
        page_paragraph(p, "nothing is damaged: %s, %s, %s and %s were looked at",
                       text_count(r->of.sets, "question set", n[0]),
                       text_count(r->of.answers, "answer row", n[1]),
                       text_count(r->of.votes, "vote", n[2]),
                       text_count(r->of.items, "review item", n[3]));
    else
        page_paragraph(p, "%s", text_count(r->of.faults, "fault", n[0]));
    t = page_table(p, &layout);
    table_list(t, "faults");
    for (size_t i = 0; i < r->n && i < SHOWN; i++)
        page_note(p, "%s: %s", r->faults[i].table, r->faults[i].what);
    for (size_t i = 0; i < r->n; i++)
        table_row(t, "faults[]", (const void *[]){ &r->faults[i], NULL, NULL, NULL });
    advise(p, r);
    if (r->of.before > 0)
        page_note(p, "%s set aside earlier", text_count(r->of.before, "row", n[4]));
    page_count(p, "n_faults", r->of.faults);
    page_count(p, "set_aside", r->of.set_aside);
    page_count(p, "set_aside_before", r->of.before);
    page_open(p, "checked", PAGE_OBJECT, true);
    page_count(p, "question_sets", r->of.sets);
    page_count(p, "answers", r->of.answers);
    page_count(p, "votes", r->of.votes);
    page_count(p, "items", r->of.items);
    page_count(p, "review_answers", r->of.review_answers);
    page_close(p);
    return p;
}
