/* SPDX-License-Identifier: MIT */
#include "show/accept.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "show/json.h"
#include "show/show.h"
#include "show/verdicts.h"

enum { VOTES_SHOWN = 1000000 /* more than anybody gives */ };

static bool is_in_reach(double votes)
{
    return votes > 0 && votes <= VOTES_SHOWN;
}

static uint64_t votes_of(const struct acceptance *a)
{
    return is_in_reach(a->verdicts.votes) ? (uint64_t)ceil(a->verdicts.votes) : 0;
}

/* ---- the first screen ---- */

static void say_promise(struct page *p, const struct acceptance *a)
{
    const struct promise *o = &a->verdicts.promise;
    char n[TEXT_COUNT_MAX], together[64] = "";
    static const char *const whose[SIDES] = { "answers", "answers yes", "answers no" };

    if (a->verdicts.n > 1)
        snprintf(together, sizeof(together), " for all %zu questions together", a->verdicts.n);
    page_note(
        p,
        "At most %g %% of the accepted %s are wrong: people who see only the picture say "
        "otherwise. That holds%s with %g %% confidence, %s, for the %s that the sample was drawn "
        "from.",
        100 * o->max_error, whose[o->side], together, 100 * o->confidence,
        o->fixed_n > 0 ? "at the number of votes that was fixed before" : "however often one looks",
        text_count(a->sample.frame, "cell", n));
    if (a->sample.early > 0 && a->sample.settled < a->sample.drawn)
        page_note(p,
                  "%s had been answered before the sample was drawn, and not by chance (disputes "
                  "alone, the least sure first): strata with such cells count once all that was "
                  "drawn of them is answered.",
                  text_count(a->sample.early, "cell", n));
    if (a->sample.earlier > 0)
        page_note(p,
                  "%s %s drawn before this one. The promise is for one that was not drawn because "
                  "of what an earlier one showed; where a sample shall be larger, extend it.",
                  a->sample.earlier == 1 ? "Another sample"
                                         : text_count(a->sample.earlier, "sample", n),
                  a->sample.earlier == 1 ? "was" : "were");
}

static void say_verdict(struct page *p, const struct acceptance *a)
{
    const uint64_t *n = a->verdicts.counts;
    char cells[2][TEXT_COUNT_MAX], questions[TEXT_COUNT_MAX], more[TEXT_COUNT_MAX + 32] = "";

    text_count(a->verdicts.n, "question", questions);
    text_grouped(a->verdicts.accepted, cells[0]);
    text_count(a->verdicts.cells, "answer", cells[1]);
    if (n[VERDICT_UNDECIDED] == a->verdicts.n)
        page_verdict(p, "Too few people have answered to say which of %s's answers may be used.",
                     a->annotator);
    else if (a->verdicts.accepted == 0)
        page_verdict(p, "None of %s's answers may be used as they are.", a->annotator);
    else {
        if (n[VERDICT_CHECK] > 0)
            snprintf(more, sizeof(more), ", and %" PRIu64 " more where it is sure",
                     n[VERDICT_CHECK]);
        page_verdict(p, "%s may answer %" PRIu64 " of %s alone%s: %s of %s may be used.",
                     a->annotator, n[VERDICT_ALONE], questions, more, cells[0], cells[1]);
    }
}

/* One promise for all answers of all questions, whose images are bet on one by one. */
static void say_pooled(struct page *p, const struct acceptance *a)
{
    const struct verdict_pooled *all = &a->verdicts.pooled;
    char n[2][TEXT_COUNT_MAX];

    if (all->n > 0 && a->verdicts.n > 1)
        page_note(p,
                  "Of all answers, used or not, at most %.1f %% are wrong: people said otherwise "
                  "on %s of "
                  "%s, which makes %.1f %% of all by the sample's design.",
                  100 * all->bound, text_grouped(all->errors, n[0]),
                  text_count(all->n, "cell", n[1]), 100 * all->error);
}

enum { NAMED = 6 /* questions of a verdict; the table has them all */ };

/* "all answers may be used: Bald, Eyeglasses and 7 more". */
static void tally_kind(struct page *p, const struct acceptance *a, enum verdict_kind kind,
                       const char *meaning)
{
    struct buf b = BUF_INIT(1 << 16);
    size_t named = 0, n = (size_t)a->verdicts.counts[kind];

    buf_printf(&b, "%s", meaning);
    for (size_t i = 0; i < a->verdicts.n && named < NAMED; i++) {
        const struct verdict *v = &a->verdicts.items[i];

        if (v->kind == kind)
            buf_printf(&b, "%s%s", named++ > 0 ? ", " : ": ", a->task->columns[v->column].name);
    }
    if (n > named)
        buf_printf(&b, " and %zu more", n - named);
    page_tally(p, n, verdict_names[kind], b.text ? b.text : meaning);
    buf_release(&b);
}

static void tally(struct page *p, const struct acceptance *a)
{
    static const char *const meanings[VERDICTS] = {
        [VERDICT_ALONE] = "all answers may be used",
        [VERDICT_CHECK] = "the sure answers may be used, people check the others",
        [VERDICT_PEOPLE] = "wrong too often: people answer",
        [VERDICT_UNDECIDED] = "more people's answers are needed",
    };

    for (int kind = 0; kind < VERDICTS; kind++)
        tally_kind(p, a, (enum verdict_kind)kind, meanings[kind]);
}

enum { ACCEPT_NEXT_MAX = 160 };

/* The next command, in out. */
static const char *accept_next(const struct acceptance *a, char out[ACCEPT_NEXT_MAX])
{
    uint64_t open = a->sample.drawn > a->sample.settled ? a->sample.drawn - a->sample.settled : 0;
    uint64_t decided = a->verdicts.n - a->verdicts.counts[VERDICT_UNDECIDED];

    if (a->why && a->annotator)
        snprintf(out, ACCEPT_NEXT_MAX, "assent plan --accept");
    else if (a->why)
        snprintf(out, ACCEPT_NEXT_MAX, "assent annotate");
    else if (decided == a->verdicts.n)
        snprintf(out, ACCEPT_NEXT_MAX, "assent export accepted/ --accepted");
    else if (open > 0)
        snprintf(out, ACCEPT_NEXT_MAX, "assent review --no-disputes --order decide");
    else
        snprintf(out, ACCEPT_NEXT_MAX, "assent plan --accept");
    return out;
}

void accept_first(struct page *p, const struct acceptance *a)
{
    char n[TEXT_COUNT_MAX];

    if (a->why) {
        page_verdict(p, "Which answers may be used cannot be said yet: %s.", a->why);
        return;
    }
    say_verdict(p, a);
    tally(p, a);
    say_promise(p, a);
    say_pooled(p, a);
    if (votes_of(a) > 0)
        page_note(p, "About %s would decide the next question.",
                  text_count(votes_of(a), "more answer", n));
}

static const char *purpose(const struct acceptance *a)
{
    if (a->why && a->annotator)
        return "how many cells, drawn at random, people would have to answer, and how to begin";
    if (a->why)
        return "a model answers";
    if (a->verdicts.counts[VERDICT_UNDECIDED] == 0)
        return "write what may be used, what people have to answer, and the certificate";
    return a->sample.drawn > a->sample.settled
               ? "people go on answering, the questions first that few answers decide"
               : "how many more answers it takes";
}

void accept_command(struct page *p, const struct acceptance *a)
{
    char next[ACCEPT_NEXT_MAX];

    page_command(p, purpose(a), "%s", accept_next(a, next));
}

/* ---- questions ---- */

struct verdict_row {
    const char *verdict;
    double votes; /* NaN: decided, or out of reach */
};

static struct verdict_row row_of(const struct verdict_set *s)
{
    return (struct verdict_row){ .verdict = verdict_names[s->kind],
                                 .votes = is_in_reach(s->votes) ? ceil(s->votes) : NAN };
}

static const struct figure row_figures[] = {
    { "verdict", "verdict", NULL, FIGURE_TEXT, offsetof(struct verdict_row, verdict) },
    { "votes_to_decide", "votes to go", NULL, FIGURE_NUMBER, offsetof(struct verdict_row, votes),
      .rank = 1 },
    { 0 },
};

/* What allows most comes first: by verdict, and then by the share that is accepted. */
static int by_use(const void *x, const void *y)
{
    const struct verdict *a = *(const struct verdict *const *)x;
    const struct verdict *b = *(const struct verdict *const *)y;

    if (a->kind != b->kind) {
        static const int rank[VERDICTS] = {
            [VERDICT_ALONE] = 0, [VERDICT_CHECK] = 1, [VERDICT_UNDECIDED] = 2, [VERDICT_PEOPLE] = 3
        };
        return rank[a->kind] - rank[b->kind];
    }
    if (a->kind == VERDICT_UNDECIDED && a->votes != b->votes)
        return a->votes < b->votes ? -1 : 1;
    if (a->sides[SIDE_ALL].share != b->sides[SIDE_ALL].share)
        return a->sides[SIDE_ALL].share > b->sides[SIDE_ALL].share ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

static void add_rows(struct page *p, const struct acceptance *a, const struct verdict *const *order)
{
    const struct shown shown[] = {
        { "name", 0, "question" },
        { "verdict", 1 },
        { "votes_to_decide", 1 },
        { "share", 2 },
        { "threshold", 2 },
        { "bound", 2 },
        { "right", 2 },
        { "right_interval", 2, .drawn = true },
        { "settled", 2 },
        { "errors", 2 },
    };
    enum verdict_side side = a->verdicts.promise.side;
    struct table *t =
        page_table(p, &(struct layout){ .parts = { figures_name, row_figures, figures_verdicts },
                                        .shown = shown,
                                        .n_shown = sizeof(shown) / sizeof(shown[0]) });

    for (size_t i = 0; i < a->verdicts.n; i++) {
        const struct verdict_set *s = &order[i]->sides[side];
        const struct verdict_row row = row_of(s);

        table_row(t, NULL,
                  (const void *[]){ &a->task->columns[order[i]->column].name, &row, s, NULL });
    }
}

void accept_questions(struct page *p, const struct acceptance *a)
{
    const struct verdict **order;

    if (a->why || a->verdicts.n == 0)
        return;
    order = calloc(a->verdicts.n, sizeof(*order));
    if (!order)
        return;
    for (size_t i = 0; i < a->verdicts.n; i++)
        order[i] = &a->verdicts.items[i];
    qsort(order, a->verdicts.n, sizeof(*order), by_use);
    page_heading(p, "What may be used of %s's answers, by question", a->annotator);
    add_rows(p, a, order);
    free(order);
    if (a->calibrated)
        page_note(p, "Probabilities are calibrated: %s%s%s.", a->calibrated,
                  a->against ? ", fitted to the labels of " : "", a->against ? a->against : "");
    if (!a->scored)
        page_note(p, "These answers have no probabilities, so a question's can only be accepted "
                     "or refused whole.");
}

/* ---- the document ---- */

static void set_side(struct page *p, const struct verdict_set *s)
{
    page_text(p, "verdict", verdict_names[s->kind]);
    page_set(p, "votes_to_decide", is_in_reach(s->votes) ? jv_real(ceil(s->votes)) : jv_pack("n"));
    page_figures(p, figures_verdicts, s);
}

static void set_question(struct page *p, const struct acceptance *a, const struct verdict *v)
{
    page_open(p, "questions", PAGE_ELEMENT, true);
    page_text(p, "name", a->task->columns[v->column].name);
    set_side(p, &v->sides[a->verdicts.promise.side]);
    page_count(p, "drawn", v->drawn);
    page_count(p, "unclear", v->unclear);
    page_count(p, "abstained", v->abstained);
    page_count(p, "outside", v->outside);
    page_set(p, "missed_at_most", jv_real(v->missed));
    for (int side = SIDE_YES; side < SIDES; side++) {
        if (!a->task->columns[v->column].yesno)
            continue;
        page_open(p, verdict_side_names[side], PAGE_OBJECT, true);
        set_side(p, &v->sides[side]);
        page_close(p);
    }
    page_close(p);
}

static void set_sample(struct page *p, const struct acceptance *a)
{
    const struct accept_sample *s = &a->sample;
    char seed[24];

    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)s->seed);
    page_open(p, "sample", PAGE_OBJECT, true);
    page_count(p, "design", (uint64_t)s->design);
    page_text(p, "seed", s->design ? seed : NULL);
    page_count(p, "earlier_samples", s->earlier);
    page_count(p, "answered_before", s->early);
    page_count(p, "cells", s->cells);
    page_count(p, "frame", s->frame);
    page_count(p, "strata", s->n_strata);
    page_count(p, "drawn", s->drawn);
    page_count(p, "settled", s->settled);
    page_text(p, "drawn_at", s->drawn_at);
    page_text(p, "first_vote", s->first_at);
    page_text(p, "last_vote", s->last_at);
    page_set(p, "people", jv_texts(s->people, s->n_people));
    page_close(p);
}

void accept_data(struct page *p, const struct acceptance *a)
{
    const struct promise *o = &a->verdicts.promise;
    char next[ACCEPT_NEXT_MAX];

    page_text(p, "annotator", a->annotator);
    page_text(p, "identity", a->identity);
    page_text(p, "why_not", a->why);
    page_text(p, "next", accept_next(a, next));
    set_sample(p, a);
    if (a->why)
        return;
    page_set(p, "max_error", jv_real(o->max_error));
    page_set(p, "confidence", jv_real(o->confidence));
    page_text(p, "side", verdict_side_names[o->side]);
    page_count(p, "fixed_n", o->fixed_n);
    page_text(p, "calibrated", a->calibrated);
    page_text(p, "against", a->against);
    page_count(p, "answers", a->verdicts.cells);
    page_count(p, "accepted", a->verdicts.accepted);
    page_open(p, "pooled", PAGE_OBJECT, true);
    page_text(p, "verdict", verdict_names[a->verdicts.pooled.kind]);
    page_count(p, "answers", a->verdicts.pooled.cells);
    page_count(p, "settled", a->verdicts.pooled.n);
    page_count(p, "errors", a->verdicts.pooled.errors);
    page_set(p, "error", jv_real(a->verdicts.pooled.error));
    page_set(p, "bound", jv_real(a->verdicts.pooled.bound));
    page_close(p);
    page_open(p, "counts", PAGE_OBJECT, true);
    page_count(p, "alone", a->verdicts.counts[VERDICT_ALONE]);
    page_count(p, "check", a->verdicts.counts[VERDICT_CHECK]);
    page_count(p, "people", a->verdicts.counts[VERDICT_PEOPLE]);
    page_count(p, "cannot_say", a->verdicts.counts[VERDICT_UNDECIDED]);
    page_close(p);
    page_set(p, "questions", jv_array());
    for (size_t i = 0; i < a->verdicts.n; i++)
        set_question(p, a, &a->verdicts.items[i]);
}

struct page *show_accept(const struct acceptance *a)
{
    struct page *p = page_new();

    accept_first(p, a);
    accept_command(p, a);
    accept_questions(p, a);
    accept_data(p, a);
    return p;
}
