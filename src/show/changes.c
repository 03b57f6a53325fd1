/* SPDX-License-Identifier: MIT
 *
 * What was taken back or named anew, with what it does to the counts.
 */
#include "show/show.h"

struct page *show_undo(const struct undo_result *r)
{
    struct page *p = page_new();
    char before[TEXT_COUNT_MAX], after[32];

    page_paragraph(p, "run %lld of %s (%s, %s, by %s) %s", (long long)r->run, r->annotator,
                   r->source ? r->source : "no file", r->started, r->by_whom,
                   r->back ? "counts again" : "is withdrawn: it no longer counts");
    page_note(p, "%s by %s counted before, %s now", text_count(r->before, "label", before),
              r->annotator, text_grouped(r->after, after));
    if (r->stale_consensus)
        page_note(p, "the consensus was made of other labels: assent consensus makes it anew");
    if (!r->back)
        page_note(p, "nothing was deleted: assent undo --undo %lld brings it back",
                  (long long)r->run);
    page_count(p, "run", (uint64_t)r->run);
    page_text(p, "annotator", r->annotator);
    page_set(p, "withdrawn", jv_pack("b", (int)!r->back));
    page_count(p, "labels_before", r->before);
    page_count(p, "labels", r->after);
    page_set(p, "stale_consensus", jv_pack("b", (int)r->stale_consensus));
    return p;
}

struct page *show_rename(const struct rename_result *r)
{
    struct page *p = page_new();
    char n[TEXT_COUNT_MAX];

    page_paragraph(p, "%s is called %s from now on, with all of %s", r->old, r->name,
                   text_count(r->labels, "label", n));
    if (r->in_task)
        page_note(p, "assent.yaml still has %s: call it %s there too", r->old, r->name);
    page_text(p, "was", r->old);
    page_text(p, "annotator", r->name);
    page_count(p, "labels", r->labels);
    page_set(p, "in_task", jv_pack("b", (int)r->in_task));
    return p;
}

/* ---- images ---- */

static const struct figure aside_figures[] = {
    { "name", "annotator", NULL, FIGURE_TEXT, offsetof(struct aside_annotator, name) },
    { "labels_before", "labels before", NULL, FIGURE_COUNT,
      offsetof(struct aside_annotator, before) },
    { "labels", "now", NULL, FIGURE_COUNT, offsetof(struct aside_annotator, after) },
    { 0 },
};

static void say_images(struct page *p, const struct aside_result *r)
{
    size_t named = r->n < ASIDE_NAMED ? r->n : ASIDE_NAMED;
    char n[3][TEXT_COUNT_MAX];

    page_paragraph(p, "%s%s: the project had %s, and has %s", text_count(r->n, "image", n[0]),
                   r->back ? (r->n == 1 ? " counts again" : " count again") : " set aside",
                   text_count(r->images_before, "image", n[1]),
                   text_grouped(r->images_after, n[2]));
    for (size_t i = 0; i < named; i++)
        page_note(p, "%s", r->named[i]);
    if (r->n > named)
        page_note(p, "and %zu more", r->n - named);
}

struct page *show_set_aside(const struct aside_result *r)
{
    size_t named = r->n < ASIDE_NAMED ? r->n : ASIDE_NAMED;
    struct page *p = page_new();
    struct table *t;

    say_images(p, r);
    t = page_table(p, &(struct layout){ .parts = { aside_figures }, .hidden = r->n == 0 });
    table_list(t, "annotators");
    for (size_t i = 0; i < r->n_annotators; i++)
        table_row(t, "annotators[]", (const void *[]){ &r->annotators[i], NULL, NULL, NULL });
    if (r->trial)
        page_note(p, "nothing was changed: without --dry-run it is done");
    else if (!r->back && r->n > 0)
        page_note(p, "nothing was deleted: assent images restore brings them back");
    page_count(p, "changed", r->n);
    page_set(p, "changed_named", jv_texts(r->named, named));
    page_count(p, "images_before", r->images_before);
    page_count(p, "images", r->images_after);
    page_count(p, "set_aside", r->n_aside);
    return p;
}
