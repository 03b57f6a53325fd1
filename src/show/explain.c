/* SPDX-License-Identifier: MIT
 *
 * explain.c - every figure with its meaning, from the table that shows them.
 */
#include "show/show.h"

void show_meaning(const struct figure *f, struct buf *out)
{
    const char *macro = figure_macro_texts[f->macro];

    if (f->heading && *f->heading != '\0')
        buf_printf(out, "(shown as \"%s\") ", f->heading);
    buf_printf(out, "%s%s%s%s%s", f->meaning, f->defined ? "; defined " : "",
               f->defined ? f->defined : "", macro ? "; " : "", macro ? macro : "");
}

static void explain(struct page *p, const struct figure *f)
{
    struct buf meaning = BUF_INIT(4096);

    show_meaning(f, &meaning);
    page_note(p, "%s: %s", f->key, meaning.text ? meaning.text : "");
    buf_release(&meaning);
}

struct page *show_figures(void)
{
    struct page *p = page_new();

    for (const struct figure_list *l = figure_lists; l->title; l++) {
        page_heading(p, "%s", l->title);
        for (const struct figure *f = l->figures; f->key; f++)
            if (f->meaning)
                explain(p, f);
    }
    return p;
}
