/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "show/sections.h"

enum { DIGEST_SHOWN = 12 /* characters */ };

/* ---- sentences ---- */

static void say_cells(struct page *p, const struct report_result *r)
{
    char images[TEXT_COUNT_MAX], columns[TEXT_COUNT_MAX], n[2][32];
    uint64_t cells = r->n_images * r->task->n_columns;

    text_count(r->n_images, "image", images);
    text_count(r->task->n_columns, "question", columns);
    if (r->first && r->cells > 0)
        page_paragraph(p,
                       "%s: %s and %s of each make %s cells. Of these both %s and %s labelled %s, "
                       "on which they are compared; a cell that one of them left out, or answered "
                       "without a label, counts in the coverage only.",
                       r->task->name, images, columns, text_grouped(cells, n[0]), r->first,
                       r->second, text_grouped(r->cells, n[1]));
    else
        page_paragraph(p, "%s: %s and %s of each make %s cells.", r->task->name, images, columns,
                       text_grouped(cells, n[0]));
}

/* "anna, bob and 3 others", in out. */
static const char *write_people(const struct accept_sample *s, char *out, size_t cap)
{
    size_t shown = s->n_people > 4 ? 3 : s->n_people, at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < shown && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s",
                               i == 0                               ? ""
                               : i + 1 == shown && s->n_people <= 4 ? " and "
                                                                    : ", ",
                               s->people[i]);
    if (at < cap && s->n_people > shown)
        snprintf(out + at, cap - at, " and %zu others", s->n_people - shown);
    return out;
}

static void say_sample(struct page *p, const struct accept_sample *s)
{
    char people[1000], n[3][32], strata[TEXT_COUNT_MAX];

    if (s->design == 0) {
        page_paragraph(p, "No cells were drawn at random for people, so nothing is said of cells "
                          "that nobody looked at.");
        return;
    }
    snprintf(strata, sizeof(strata), s->n_strata == 1 ? "one stratum" : "%zu strata", s->n_strata);
    page_paragraph(p,
                   "On %s %s of %s cells were drawn at random for people, in %s, within which "
                   "every cell was as likely (seed %llu); each cell's stratum and probability of "
                   "being drawn are kept.",
                   s->drawn_at ? s->drawn_at : "a day that is not known",
                   text_grouped(s->drawn, n[0]), text_grouped(s->frame, n[1]), strata,
                   (unsigned long long)s->seed);
    if (s->first_at)
        page_paragraph(
            p,
            "%s answered from %s to %s, seeing the picture and the question and nobody's "
            "label; %s cells have all the answers they want. What the majority of "
            "people says of a cell counts as right.",
            write_people(s, people, sizeof(people)), s->first_at, s->last_at,
            text_grouped(s->settled, n[2]));
    else
        page_paragraph(p, "Nobody has answered one of them yet.");
}

static void say_verdicts(struct page *p, const struct acceptance *a)
{
    const struct promise *o = &a->verdicts.promise;
    char fixed[160];

    if (a->why)
        return;
    snprintf(fixed, sizeof(fixed),
             o->fixed_n > 0 ? "by an exact test on the first %llu settled cells of a question, a "
                              "number that was fixed beforehand"
                            : "by a test martingale on cells drawn without replacement, which may "
                              "be looked at after every answer",
             (unsigned long long)o->fixed_n);
    page_paragraph(p,
                   "An answer of %s may be used where at most %g %% of the answers that are "
                   "accepted with it are other than people's, with %g %% confidence for all %zu "
                   "questions together: %s. Answers are accepted in the order of their "
                   "probability, ties whole; questions are corrected for by Holm's procedure.",
                   a->annotator, 100 * o->max_error, 100 * o->confidence, a->verdicts.n, fixed);
}

static void say_agreement(struct page *p, const struct report_result *r)
{
    if (!r->first || r->cells == 0)
        return;
    page_paragraph(p, "Agreement is the share of compared cells with equal labels, beside Cohen's "
                      "kappa and Gwet's AC1. The consensus is the majority of all annotators; a "
                      "tie has no label.");
    if (r->interval == INTERVAL_IMAGES)
        page_paragraph(
            p,
            "Intervals are of 95 %%: percentiles of %llu resamples of whole images (seed "
            "%llu), since the cells of one image are not independent.",
            (unsigned long long)r->methods.resamples, (unsigned long long)r->methods.seed);
    else
        page_paragraph(p, "Intervals are of 95 %%: Wilson's, which take cells as independent.");
}

/* ---- versions ---- */

static const struct figure who_figures[] = {
    { "name", "annotator", NULL, FIGURE_TEXT, offsetof(struct methods_annotator, name) },
    { "kind", "kind", NULL, FIGURE_TEXT, offsetof(struct methods_annotator, kind), .rank = 2 },
    { "runs", "runs", "that count; answers given in a review are in none", FIGURE_COUNT,
      offsetof(struct methods_annotator, runs), .rank = 1 },
    { "first", "from", NULL, FIGURE_TEXT, offsetof(struct methods_annotator, first) },
    { "last", "to", NULL, FIGURE_TEXT, offsetof(struct methods_annotator, last) },
    { "identity", NULL, NULL, FIGURE_TEXT, offsetof(struct methods_annotator, identity) },
    { 0 },
};

/* For people the first digits will do. */
static const struct figure digest_figures[] = {
    { "digest", "model", NULL, FIGURE_TEXT, .rank = 3, .flags = FIGURE_HIDDEN }, { 0 }
};

static void add_versions(struct page *p, const struct methods *m)
{
    struct table *t;
    char seed[24]; /* 64 bits, which not every reader of JSON keeps as a number */

    page_heading(p, "Versions");
    t = page_table(p, &(struct layout){ .parts = { who_figures, digest_figures } });
    table_list(t, "annotators");
    for (size_t i = 0; i < m->n; i++) {
        char first[DIGEST_SHOWN + 1];
        const char *digest = m->items[i].identity ? first : NULL;

        snprintf(first, sizeof(first), "%s", m->items[i].identity ? m->items[i].identity : "");
        table_row(t, "annotators[]", (const void *[]){ &m->items[i], &digest, NULL, NULL });
    }
    page_line(p, "program", "assent %s", ASSENT_VERSION);
    page_line(p, "database", "version %llu", (unsigned long long)m->database);
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)m->seed);
    page_text(p, "program", ASSENT_VERSION);
    page_count(p, "database", m->database);
    page_count(p, "resamples", m->resamples);
    page_text(p, "seed", seed);
}

void report_methods(struct page *p, const struct report_result *r)
{
    page_heading(p, "Methods");
    say_cells(p, r);
    say_sample(p, &r->acceptance.sample);
    say_verdicts(p, &r->acceptance);
    say_agreement(p, r);
    page_open(p, "methods", PAGE_OBJECT, false);
    add_versions(p, &r->methods);
    page_close(p);
}
