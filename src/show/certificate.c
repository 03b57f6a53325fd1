/* SPDX-License-Identifier: MIT
 *
 * certificate.c - what may be used, for whoever has to rely on it: the promise, how the cells were
 * drawn, who answered, and whose answers they were.
 */
#include <inttypes.h>

#include "show/accept.h"
#include "show/show.h"
#include "show/verdicts.h"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void say_sample(struct page *p, const struct accept_sample *s)
{
    char n[4][TEXT_COUNT_MAX], strata[TEXT_COUNT_MAX + 10] = "one stratum";

    if (s->n_strata > 1)
        snprintf(strata, sizeof(strata), "%s strata", text_grouped(s->n_strata, n[2]));
    page_heading(p, "How this is known");
    page_line(p, "drawn", "%s of %s, in %s, by design %" PRId64 " with seed %" PRIu64 ", %s",
              text_grouped(s->drawn, n[0]), text_count(s->frame, "cell", n[1]), strata, s->design,
              s->seed, or_dash(s->drawn_at));
    if (s->cells > s->frame)
        page_line(p, "left out", "%s that the project has beside these",
                  text_count(s->cells - s->frame, "cell", n[3]));
    page_line(p, "answered", "%s, blind, from %s to %s", text_count(s->settled, "cell", n[0]),
              or_dash(s->first_at), or_dash(s->last_at));
    for (size_t i = 0; i < s->n_people; i++)
        page_line(p, i == 0 ? "people" : "", "%s", s->people[i]);
    page_line(p, "asked for", "%s", or_dash(s->settings));
}

static void say_bound(struct page *p, const struct promise *o)
{
    if (o->fixed_n > 0)
        page_paragraph(p,
                       "The bound is exact for the first %" PRIu64 " answers to each question, a "
                       "number that was fixed before the first of them.",
                       o->fixed_n);
    else
        page_paragraph(p,
                       "The bound is of a test martingale over sampling without replacement in "
                       "each stratum, which holds however often one looks and whenever one "
                       "stops; thresholds are tested in a fixed sequence, and questions together "
                       "(Holm). Formulas and sources: the program's statistics.md.");
}

struct page *show_certificate(const struct acceptance *a)
{
    struct page *p = page_new();

    accept_first(p, a);
    page_heading(p, "Whose answers");
    page_line(p, "project", "%s", a->task->name);
    page_line(p, "annotator", "%s", or_dash(a->annotator));
    page_line(p, "identity", "%s", a->identity ? a->identity : "not known: imported");
    accept_questions(p, a);
    say_sample(p, &a->sample);
    say_bound(p, &a->verdicts.promise);
    page_text(p, "project", a->task->name);
    page_text(p, "version", ASSENT_VERSION);
    accept_data(p, a);
    return p;
}

struct page *show_accepted(const struct accepted_result *r)
{
    struct page *p = page_new();

    page_text(p, "accepted_file", r->accepted_path);
    page_text(p, "people_file", r->people_path);
    page_text(p, "certificate_file", r->certificate_path);
    page_text(p, "page_file", r->page_path);
    page_count(p, "images", r->images);
    page_count(p, "accepted", r->accepted);
    page_count(p, "for_people", r->waiting);
    page_open(p, "certificate", PAGE_OBJECT, true);
    accept_data(p, &r->acceptance);
    page_close(p);
    return p;
}
