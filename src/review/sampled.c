/* SPDX-License-Identifier: MIT */
#include "review/sampled.h"

#include <stdlib.h>
#include <string.h>

#include "store/review.h"
#include "store/reviewers.h"

struct given_vote {
    size_t cell; /* an index into the sample's */
    size_t number;
    bool early; /* before the sample was drawn */
    struct sampled_vote vote;
};

struct gathering {
    struct sampled *out;
    const struct task *task;
    struct store_items items;
    size_t *cell_of;     /* [items.n] SIZE_MAX: not in the sample */
    uint32_t *wanted;    /* [out->n] votes */
    int64_t *annotators; /* [out->n_people] */
    struct given_vote *votes;
    size_t n, cap, people_cap, annotators_cap, answers;
    struct err *e;
};

/* ---- what there is ---- */

static int note_person(void *data, const struct store_reviewer *r)
{
    struct gathering *g = data;
    struct sampled *out = g->out;
    int rc;

    if (r->annotator == 0)
        return 0;
    rc = mem_grow(&out->people, &g->people_cap, out->n_people + 1, sizeof(*out->people), UINT32_MAX,
                  g->e);
    if (rc == 0)
        rc = mem_grow(&g->annotators, &g->annotators_cap, out->n_people + 1, sizeof(*g->annotators),
                      UINT32_MAX, g->e);
    if (rc < 0)
        return rc;
    g->annotators[out->n_people] = r->annotator;
    out->people[out->n_people] = arena_text(&out->arena, r->name, strlen(r->name), g->e);
    return out->people[out->n_people++] ? 0 : ERR_NOMEM;
}

static bool is_drawn(const struct gathering *g, const struct store_item *item)
{
    return item->design == g->out->design && item->kind != REVIEW_REPEAT &&
           item->stratum < g->out->n_strata;
}

static int take_cells(struct gathering *g, struct err *e)
{
    struct sampled *out = g->out;
    size_t n = 0;

    for (size_t i = 0; i < g->items.n; i++)
        n += is_drawn(g, &g->items.items[i]);
    out->cells = arena_new(&out->arena, n, sizeof(*out->cells), e);
    g->wanted = mem_new(n, sizeof(*g->wanted), e);
    g->cell_of = mem_new(g->items.n, sizeof(*g->cell_of), e);
    if (!out->cells || !g->wanted || !g->cell_of)
        return ERR_NOMEM;
    for (size_t i = 0; i < g->items.n; i++) {
        const struct store_item *item = &g->items.items[i];

        g->cell_of[i] = SIZE_MAX;
        if (!is_drawn(g, item))
            continue;
        g->cell_of[i] = out->n;
        g->wanted[out->n] = item->votes;
        out->cells[out->n++] = (struct sampled_cell){ .image = item->image,
                                                      .column = item->column,
                                                      .stratum = item->stratum,
                                                      .probability = item->inclusion_probability,
                                                      .value = VALUE_MISSING,
                                                      .order = SIZE_MAX };
    }
    return 0;
}

/* ---- votes ---- */

static size_t person_of(const struct gathering *g, int64_t annotator)
{
    size_t k = 0;

    while (k < g->out->n_people && g->annotators[k] != annotator)
        k++;
    return k;
}

static int note_time(struct gathering *g, const char *at)
{
    struct sampled *out = g->out;
    const char *kept = arena_text(&out->arena, at, strlen(at), g->e);

    if (!kept)
        return ERR_NOMEM;
    if (!out->first_at || strcmp(kept, out->first_at) < 0)
        out->first_at = kept;
    if (!out->last_at || strcmp(kept, out->last_at) > 0)
        out->last_at = kept;
    return 0;
}

static int note_answer(void *data, const struct store_answer *a)
{
    struct gathering *g = data;
    size_t item = store_items_find(&g->items, a->item), person = person_of(g, a->annotator);
    int16_t value = VALUE_UNSURE;
    unsigned codings = 0;
    int rc;

    g->answers++;
    g->out->n_given += item != SIZE_MAX && g->cell_of[item] != SIZE_MAX;
    if (a->undone || item == SIZE_MAX || g->cell_of[item] == SIZE_MAX ||
        person == g->out->n_people || a->kind == ANSWER_SKIP)
        return 0;
    if (a->kind == ANSWER_VALUE)
        task_read_value(&g->task->columns[g->items.items[item].column], a->value, strlen(a->value),
                        &value, &codings);
    if (a->kind == ANSWER_VALUE && value < 0) /* an option that there is no more */
        return 0;
    rc = note_time(g, a->at);
    if (rc == 0)
        rc = mem_grow(&g->votes, &g->cap, g->n + 1, sizeof(*g->votes), SIZE_MAX / 128, g->e);
    if (rc == 0)
        g->votes[g->n++] = (struct given_vote){
            g->cell_of[item], g->answers, strcmp(a->at, g->out->drawn_at) < 0, { person, value }
        };
    return rc;
}

static int by_cell(const void *a, const void *b)
{
    const struct given_vote *x = a, *y = b;

    if (x->cell != y->cell)
        return x->cell < y->cell ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

int16_t sampled_majority(const struct sampled_cell *cell, size_t but)
{
    int16_t best = VALUE_MISSING;
    size_t most = 0;

    for (size_t i = 0; i < cell->n_votes; i++) {
        int16_t value = cell->votes[i].value;
        size_t n = 0;

        if (cell->votes[i].person == but)
            continue;
        if (best == VALUE_MISSING)
            best = VALUE_UNSURE;
        for (size_t k = 0; k < cell->n_votes; k++)
            n += cell->votes[k].value == value && cell->votes[k].person != but;
        if (value < 0 || n < most || (n == most && value == best))
            continue;
        best = n == most ? VALUE_TIE : value;
        most = n;
    }
    return best;
}

struct finished {
    size_t cell, number; /* of the answer that completed it */
};

static int by_number(const void *a, const void *b)
{
    const struct finished *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Which cells are done, and in which order they were. */
static int settle_cells(struct gathering *g, struct err *e)
{
    struct sampled *out = g->out;
    struct sampled_vote *votes = arena_new(&out->arena, g->n, sizeof(*votes), e);
    struct finished *finished = mem_new(out->n, sizeof(*finished), e);

    if (!votes || !finished) {
        free(finished);
        return ERR_NOMEM;
    }
    if (g->n > 1)
        qsort(g->votes, g->n, sizeof(*g->votes), by_cell);
    for (size_t i = 0, end; i < g->n; i = end) {
        struct sampled_cell *cell = &out->cells[g->votes[i].cell];
        uint32_t wanted = g->wanted[g->votes[i].cell];

        for (end = i; end < g->n && g->votes[end].cell == g->votes[i].cell; end++)
            votes[end] = g->votes[end].vote;
        cell->early = g->votes[i].early;
        out->n_early += cell->early;
        cell->votes = votes + i;
        cell->n_votes = end - i;
        cell->value = sampled_majority(cell, SIZE_MAX);
        cell->done = cell->n_votes >= wanted;
        if (cell->done)
            finished[out->n_done++] =
                (struct finished){ g->votes[i].cell, g->votes[i + wanted - 1].number };
    }
    qsort(finished, out->n_done, sizeof(*finished), by_number);
    for (size_t k = 0; k < out->n_done; k++)
        out->cells[finished[k].cell].order = k;
    free(finished);
    return 0;
}

/* ---- all together ---- */

static int load_design(struct gathering *g, struct store *s, const struct store_images *images,
                       unsigned flags, struct err *e)
{
    struct sampled *out = g->out;
    size_t cells;
    int rc = store_design_find(s, NULL, &out->design, &out->seed, e);

    if (rc < 0 || out->design == 0)
        return rc;
    rc = store_design_text(s, out->design, &out->arena, &out->settings, &out->drawn_at, e);
    if (rc == 0)
        rc = store_designs_before(s, out->design, &out->earlier, e);
    if (rc == 0)
        rc = store_strata_load(s, out->design, &out->arena, &out->strata, &out->n_strata, e);
    for (size_t h = 0; h < out->n_strata; h++)
        out->frame += out->strata[h].cells;
    if (rc < 0 || !(flags & SAMPLED_STRATA_OF))
        return rc;
    if (!size_mul(images->n, g->task->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine");
    out->stratum_of = mem_new(cells, sizeof(*out->stratum_of), e);
    if (!out->stratum_of)
        return ERR_NOMEM;
    rc = store_frame_strata(s, out->design, g->task, images, out->stratum_of, e);
    if (rc == 0) {
        free(out->stratum_of);
        out->stratum_of = NULL;
    }
    return rc < 0 ? rc : 0;
}

static int load_votes(struct gathering *g, struct store *s, const struct store_images *images,
                      struct err *e)
{
    int rc = store_items_load(s, g->task, images, &g->items, e);

    if (rc == 0)
        rc = store_reviewers(s, note_person, g, e);
    if (rc == 0)
        rc = take_cells(g, e);
    if (rc == 0)
        rc = store_answers(s, (struct store_answer_reader){ note_answer, g }, e);
    return rc < 0 ? rc : settle_cells(g, e);
}

int sampled_load(struct sampled *out, struct store *s, const struct task *t,
                 const struct store_images *images, unsigned flags, struct err *e)
{
    struct gathering g = { .out = out, .task = t, .e = e };
    int rc;

    *out = (struct sampled){ 0 };
    rc = load_design(&g, s, images, flags, e);
    if (rc == 0 && out->design != 0)
        rc = load_votes(&g, s, images, e);
    store_items_release(&g.items);
    free(g.cell_of);
    free(g.wanted);
    free(g.annotators);
    free(g.votes);
    if (rc < 0)
        sampled_release(out);
    return rc;
}

void sampled_release(struct sampled *s)
{
    free(s->people);
    free(s->stratum_of);
    arena_release(&s->arena);
    *s = (struct sampled){ 0 };
}

void sampled_count(const struct sampled *s, const int16_t *labels, size_t n_images, size_t but,
                   struct stats_stratum *strata)
{
    for (size_t h = 0; h < s->n_strata; h++)
        strata[h] = (struct stats_stratum){ .cells = s->strata[h].cells };
    for (size_t i = 0; labels && i < s->n; i++) {
        const struct sampled_cell *cell = &s->cells[i];
        int16_t said = but == SIZE_MAX ? cell->value : sampled_majority(cell, but);
        int16_t label = labels[cell->column * n_images + cell->image];
        struct stats_stratum *h = &strata[cell->stratum];

        if (said < 0)
            continue;
        h->n++;
        h->rated += label >= 0;
        h->equal += label == said;
    }
}
