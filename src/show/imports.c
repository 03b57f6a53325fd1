/* SPDX-License-Identifier: MIT
 *
 * imports.c - what came in: labels, columns to group by, pictures, answers; and what went out.
 */
#include "show/show.h"

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* "and 7 more", where not all of n are named. */
static void say_more(struct page *p, const char *indent, size_t n, size_t named, const char *what)
{
    if (n > named)
        page_note(p, "%sand %zu more%s", indent, n - named, what);
}

static struct json_t *pairs_json(const char *const *pairs, size_t n)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < n; i++)
        jv_append(list, jv_pack("[s, s]", pairs[2 * i], pairs[2 * i + 1]));
    return list;
}

/* ---- labels ---- */

static void say_names(struct page *p, const struct import_result *r)
{
    char of[TEXT_COUNT_MAX];

    page_note(p, "%zu of %s matched", r->n_names_matched, text_count(r->n_names, "name", of));
    for (size_t i = 0; i < r->n_names_folded; i++)
        page_note(p, "  '%s' taken as '%s'", r->names_folded[2 * i], r->names_folded[2 * i + 1]);
    for (size_t i = 0; i < at_most(r->n_names_unmatched, IMPORT_NAMED); i++)
        page_note(p, "  '%s' is no question of assent.yaml: left out", r->names_unmatched[i]);
    say_more(p, "  ", r->n_names_unmatched, IMPORT_NAMED, "");
}

static void say_images(struct page *p, const struct import_result *r)
{
    char matched[TEXT_COUNT_MAX], all[TEXT_COUNT_MAX];

    text_count(r->n_images, "image", all);
    if (r->n_pictures_new > 0)
        page_note(p, "%s of assent.yaml became images of this project",
                  text_count(r->n_pictures_new, "picture", matched));
    if (r->images_before == 0) {
        page_note(p, "%s, all new to this project", all);
        return;
    }
    page_note(p, "%s of %s matched", text_grouped(r->n_images_matched, matched), all);
    for (size_t i = 0; i < at_most(r->n_images_folded, IMPORT_NAMED); i++)
        page_note(p, "  '%s' taken as '%s'", r->images_folded[2 * i], r->images_folded[2 * i + 1]);
    say_more(p, "  ", r->n_images_folded, IMPORT_NAMED, " folded");
    for (size_t i = 0; i < at_most(r->n_images_new, IMPORT_NAMED); i++)
        page_note(p, "  '%s' was not in this project: added", r->images_new[i]);
    say_more(p, "  ", r->n_images_new, IMPORT_NAMED, " added");
    for (size_t i = 0; i < at_most(r->n_images_skipped, IMPORT_NAMED); i++)
        page_note(p, "  '%s' is not in this project: its rows were left out", r->images_skipped[i]);
    say_more(p, "  ", r->n_images_skipped, IMPORT_NAMED, " left out");
    if (r->rows_aside > 0)
        page_note(p, "%s about images that were set aside: left out",
                  text_count(r->rows_aside, "row", matched));
}

static const struct figure annotator_figures[] = {
    { "name", NULL, NULL, FIGURE_TEXT, offsetof(struct import_annotator, name) },
    { "images", NULL, NULL, FIGURE_COUNT, offsetof(struct import_annotator, counts.images) },
    { "labels", NULL, NULL, FIGURE_COUNT, offsetof(struct import_annotator, counts.labels) },
    { "abstentions", NULL, NULL, FIGURE_COUNT,
      offsetof(struct import_annotator, counts.abstentions) },
    { "same_run", NULL, NULL, FIGURE_COUNT, offsetof(struct import_annotator, same_run) },
    { 0 },
};

static const struct figure kind_figures[] = { { "kind", NULL, NULL, FIGURE_TEXT }, { 0 } };

static void say_annotators(struct page *p, const struct import_result *r)
{
    struct table *t = page_table(
        p, &(struct layout){ .parts = { annotator_figures, kind_figures }, .hidden = true });

    table_list(t, "annotators");
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct import_annotator *who = &r->annotators[a];
        const char *kind = task_annotator_kind_name(who->kind);
        char n[3][TEXT_COUNT_MAX];

        table_row(t, "annotators[]", (const void *[]){ who, &kind, NULL, NULL });
        if (who->same_run != 0) {
            page_note(p, "%s (%s): the same as run %llu of %s brought: nothing was added",
                      who->name, kind, (unsigned long long)who->same_run, who->same_started);
            continue;
        }
        page_note(
            p, "%s (%s): %s on %s%s%s", who->name, kind,
            text_count(who->counts.labels, "label", n[0]),
            text_count(who->counts.images, "image", n[1]), who->counts.abstentions ? ", " : "",
            who->counts.abstentions ? text_count(who->counts.abstentions, "abstention", n[2]) : "");
    }
}

static void set_labels(struct page *p, const struct import_result *r)
{
    page_text(p, "format", r->format);
    page_text(p, "image_column", r->image_column);
    page_count(p, "rows", r->rows);
    page_count(p, "rows_skipped", r->rows_skipped);
    page_count(p, "rows_set_aside", r->rows_aside);
    page_text(p, "values", r->values);
    page_count(p, "repeated", r->repeated);
    page_count(p, "cancelled", r->cancelled);
    page_count(p, "superseded", r->superseded);
    page_set(p, "names",
             jv_pack("{s:I, s:I, s:o, s:o}", "of", (long long)r->n_names, "matched",
                     (long long)r->n_names_matched, "folded",
                     pairs_json(r->names_folded, r->n_names_folded), "unmatched",
                     jv_texts(r->names_unmatched, r->n_names_unmatched)));
    page_set(p, "images",
             jv_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "of", (long long)r->n_images,
                     "matched", (long long)r->n_images_matched, "folded_count",
                     (long long)r->n_images_folded, "new", (long long)r->n_images_new, "skipped",
                     (long long)r->n_images_skipped, "folded",
                     pairs_json(r->images_folded, at_most(r->n_images_folded, IMPORT_NAMED)),
                     "first_new", jv_texts(r->images_new, at_most(r->n_images_new, IMPORT_NAMED)),
                     "first_skipped",
                     jv_texts(r->images_skipped, at_most(r->n_images_skipped, IMPORT_NAMED))));
}

struct page *show_import(const struct import_result *r)
{
    struct page *p = page_new();
    char n[TEXT_COUNT_MAX];

    page_paragraph(p, "%s: format %s, %s, values %s", r->path, r->format,
                   text_count(r->rows, "row", n), r->values[0] != '\0' ? r->values : "none");
    if (r->image_column)
        page_note(p, "images from the column '%s'", r->image_column);
    say_names(p, r);
    say_images(p, r);
    say_annotators(p, r);
    if (r->repeated > 0)
        page_note(p, "%s stood there twice with the same value",
                  text_count(r->repeated, "cell", n));
    if (r->cancelled > 0)
        page_note(p, "%s left out", text_count(r->cancelled, "cancelled annotation", n));
    if (r->superseded > 0)
        page_note(p, "%s by the same annotator on the same image: the latest counts",
                  text_count(r->superseded, "earlier annotation", n));
    set_labels(p, r);
    return p;
}

/* ---- columns to group by ---- */

struct page *show_import_metadata(const struct metadata_result *r)
{
    size_t named = at_most(r->n_unmatched, METADATA_NAMED);
    struct page *p = page_new();
    struct buf names = BUF_INIT(1 << 20);
    char n[2][TEXT_COUNT_MAX];

    for (size_t i = 0; i < r->n_names; i++)
        buf_printf(&names, "%s %s", i > 0 ? "," : "", r->names[i]);
    page_paragraph(p, "%s: %s, %s to group by:%s", r->path, text_count(r->rows, "row", n[0]),
                   text_count(r->n_names, "column", n[1]), names.text ? names.text : "");
    buf_release(&names);
    page_note(p, "%s of %s matched", text_grouped(r->n_matched, n[0]),
              text_count(r->rows, "image", n[1]));
    for (size_t i = 0; i < named; i++)
        page_note(p, "  '%s' is not in this project: left out", r->unmatched[i]);
    say_more(p, "  ", r->n_unmatched, METADATA_NAMED, "");
    if (r->n_aside > 0)
        page_note(p, "%s about images that were set aside: left out",
                  text_count(r->n_aside, "row", n[0]));
    page_count(p, "rows", r->rows);
    page_set(p, "columns", jv_texts(r->names, r->n_names));
    page_set(p, "images",
             jv_pack("{s:I, s:I, s:I, s:o}", "matched", (long long)r->n_matched, "unmatched",
                     (long long)r->n_unmatched, "set_aside", (long long)r->n_aside,
                     "first_unmatched", jv_texts(r->unmatched, named)));
    return p;
}

/* ---- pictures ---- */

static void say_pictures(struct page *p, const struct images_result *r)
{
    for (size_t i = 0; i < at_most(r->n_equal, IMAGES_NAMED); i++)
        page_note(p, "'%s' has the same bytes as '%s'", r->equal[2 * i + 1], r->equal[2 * i]);
    say_more(p, "", r->n_equal, IMAGES_NAMED, " equal ones");
    for (size_t i = 0; i < at_most(r->n_broken, IMAGES_NAMED); i++)
        page_note(p, "'%s' is no picture that can be read", r->broken[i]);
    say_more(p, "", r->n_broken, IMAGES_NAMED, " broken ones");
    for (size_t i = 0; i < at_most(r->n_changed, IMAGES_NAMED); i++)
        page_note(p, "'%s' had other bytes before: answers to it are about those", r->changed[i]);
    say_more(p, "", r->n_changed, IMAGES_NAMED, " with other bytes");
    if (!r->annotate_finds_them)
        page_note(p, "annotate looks where assent.yaml says: images: %s", r->path);
}

struct page *show_import_images(const struct images_result *r)
{
    struct page *p = page_new();
    char n[4][TEXT_COUNT_MAX];

    page_paragraph(p, "%s: %s, %s known before, %s new", r->path,
                   text_count(r->n_images, "picture", n[0]), text_grouped(r->n_matched, n[1]),
                   text_grouped(r->n_new, n[2]));
    if (r->n_folded > 0)
        page_note(p, "%s were known without their folder, extension or leading zeros",
                  text_grouped(r->n_folded, n[3]));
    say_pictures(p, r);
    page_count(p, "images", r->n_images);
    page_count(p, "new", r->n_new);
    page_count(p, "matched", r->n_matched);
    page_count(p, "folded", r->n_folded);
    page_count(p, "equal", r->n_equal);
    page_set(p, "equal_named", pairs_json(r->equal, at_most(r->n_equal, IMAGES_NAMED)));
    page_count(p, "broken", r->n_broken);
    page_set(p, "broken_named", jv_texts(r->broken, at_most(r->n_broken, IMAGES_NAMED)));
    page_count(p, "changed", r->n_changed);
    page_set(p, "changed_named", jv_texts(r->changed, at_most(r->n_changed, IMAGES_NAMED)));
    return p;
}

/* ---- answers of a packet ---- */

struct page *show_import_answers(const char *path, const struct review_answers *r)
{
    static const struct figure figures[] = {
        { "answers", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, answers) },
        { "kept", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, kept) },
        { "known", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, known) },
        { "withdrawn", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, withdrawn) },
        { "undone", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, undone) },
        { "refused", NULL, NULL, FIGURE_COUNT, offsetof(struct review_answers, refused) },
        { 0 },
    };
    struct page *p = page_new();
    char n[2][TEXT_COUNT_MAX];

    page_paragraph(p, "%s: %s, %s of them new", path, text_count(r->answers, "answer", n[0]),
                   text_grouped(r->kept, n[1]));
    if (r->refused > 0)
        page_note(
            p,
            "%llu were not kept: their item is not this person's any more, or it is not asked "
            "any more, or not with this answer",
            (unsigned long long)r->refused);
    if (r->withdrawn > 0)
        page_note(p,
                  "%llu were here before and taken back since: they do not count. assent undo "
                  "--undo RUN brings a withdrawn file back",
                  (unsigned long long)r->withdrawn);
    page_figures(p, figures, r);
    return p;
}
