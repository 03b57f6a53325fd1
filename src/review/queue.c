/* SPDX-License-Identifier: MIT
 *
 * The queue is built in four steps: what is there, which cells are added and why, in which order,
 * and which of them are shown again. A cell is queued once: one that is drawn into the sample and
 * is also disputed stays a dispute, and the sample remembers that it drew it.
 */
#include "review/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "review/building.h"
#include "review/limits.h"
#include "review/overlap.h"

enum { BLOCK_ITEMS = 50 }; /* of ORDER_UNCERTAIN: an order within which nothing can be told */

const char *const review_order_names[REVIEW_ORDERS] = { "random", "uncertain", "rules-first",
                                                        "question", "decide" };

const char *const review_strata_names[] = { "question", "answer", "score", NULL };

bool review_order(const char *name, enum review_order *order)
{
    for (size_t i = 0; i < REVIEW_ORDERS; i++) {
        *order = (enum review_order)i;
        if (text_equal(name, review_order_names[i]))
            return true;
    }
    return false;
}

/* ---- what is there ---- */

static int load_queued(struct building *b, struct err *e)
{
    size_t cells;
    int rc = store_items_load(b->store, b->plan->task, b->plan->images, &b->there, e);

    if (rc < 0)
        return rc;
    if (!size_mul(b->plan->images->n, b->plan->task->n_columns, &cells))
        return err_set(e, ERR_LIMIT, "too many images for this machine");
    b->queued = mem_new(cells, sizeof(*b->queued), e);
    b->drawn = mem_new(cells, sizeof(*b->drawn), e);
    if (!b->queued || !b->drawn)
        return ERR_NOMEM;
    for (size_t i = 0; i < b->there.n; i++) {
        const struct store_item *item = &b->there.items[i];
        size_t cell = building_cell(b, item->image, item->column);

        if (item->kind == REVIEW_REPEAT)
            continue;
        b->queued[cell] = (uint32_t)i + 1;
        b->drawn[cell] = item->design != 0 && item->design == b->out->design;
    }
    return 0;
}

/* ---- which cells ---- */

int building_add(struct building *b, size_t image, size_t column, enum review_kind kind,
                 struct new_item **added, struct err *e)
{
    uint32_t *slot = &b->queued[building_cell(b, image, column)];
    struct new_item *item;
    int rc;

    *added = NULL;
    if (*slot != 0)
        return 0;
    rc = mem_grow(&b->items, &b->cap, b->n + 1, sizeof(*b->items), REVIEW_ITEMS_MAX, e);
    if (rc < 0)
        return rc;
    item = &b->items[b->n++];
    item->item = (struct store_item){
        .kind = kind, .image = image, .column = column, .votes = b->plan->votes
    };
    item->uncertainty = NAN;
    item->repeats = SIZE_MAX;
    *slot = (uint32_t)(b->there.n + b->n);
    *added = item;
    return 0;
}

/* One less the distance between the two likeliest answers (margin sampling: Scheffer, Decomain,
 * Wrobel 2001). */
static double uncertainty(const struct review_plan *p, size_t image, size_t column)
{
    const struct column *c = &p->task->columns[column];
    const float *row = p->probabilities
                           ? p->probabilities + image * p->task->n_probabilities + c->probability
                           : NULL;
    double first = 0, second = 0;

    if (!row || isnan(row[0]))
        return 1;
    if (c->yesno)
        return 1 - fabs(2 * (double)row[0] - 1);
    for (size_t v = 0; v < c->n_probabilities; v++) {
        if (row[v] > first) {
            second = first;
            first = row[v];
        } else if (row[v] > second) {
            second = row[v];
        }
    }
    return 1 - (first - second);
}

static bool is_disputed(const struct review_plan *p, size_t cell)
{
    int16_t first = p->labels[0] ? p->labels[0][cell] : VALUE_MISSING;
    int16_t second = p->labels[1] ? p->labels[1][cell] : VALUE_MISSING;

    return (p->disputes && first >= 0 && second >= 0 && first != second) ||
           (p->abstained && first < VALUE_MISSING);
}

static int add_disputes(struct building *b, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct new_item *added;
    int rc = 0;

    for (size_t c = 0; rc == 0 && c < p->task->n_columns; c++) {
        for (size_t i = 0; rc == 0 && building_asks(b, c) && i < p->images->n; i++) {
            if (!is_disputed(p, building_cell(b, i, c)))
                continue;
            rc = building_add(b, i, c, REVIEW_DISPUTE, &added, e);
            if (added)
                added->uncertainty = uncertainty(p, i, c);
        }
    }
    return rc;
}

static bool breaks_a_rule(const struct review_plan *p, const struct rule *r, size_t image)
{
    return p->labels[0] && task_rule_state(r, p->labels[0], p->images->n, image) == RULE_BROKEN;
}

/* Does the rule speak of this column? */
static bool rule_names(const struct rule *r, size_t column)
{
    if (r->kind == RULE_IMPLIES && r->when.column == column)
        return true;
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].column == column)
            return true;
    return false;
}

static int add_rule_breaking(struct building *b, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct new_item *added;
    int rc = 0;

    for (size_t r = 0; rc == 0 && r < p->task->n_rules; r++)
        for (size_t i = 0; rc == 0 && i < p->images->n; i++) {
            if (!breaks_a_rule(p, &p->task->rules[r], i))
                continue;
            for (size_t c = 0; rc == 0 && c < p->task->n_columns; c++) {
                if (!building_asks(b, c) || !rule_names(&p->task->rules[r], c))
                    continue;
                rc = building_add(b, i, c, REVIEW_DISPUTE, &added, e);
                if (added)
                    added->uncertainty = uncertainty(p, i, c);
            }
        }
    return rc;
}

static int add_gold(struct building *b, struct err *e)
{
    struct new_item *added;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < b->plan->n_gold; i++) {
        const struct review_cell *g = &b->plan->gold[i];

        if (!building_asks(b, g->column))
            continue;
        rc = building_add(b, g->image, g->column, REVIEW_GOLD, &added, e);
        if (added)
            added->item.known = g->value;
        else
            b->out->clashes++;
    }
    return rc;
}

/* ---- in which order ---- */

static int by_uncertainty(const void *a, const void *b)
{
    double x = ((const struct new_item *)a)->uncertainty;
    double y = ((const struct new_item *)b)->uncertainty;

    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x < y) - (x > y);
}

static int by_block(const void *a, const void *b)
{
    const struct new_item *x = a, *y = b;

    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return (x->shuffle > y->shuffle) - (x->shuffle < y->shuffle);
}

static int by_place(const void *a, const void *b)
{
    double x = ((const struct new_item *)a)->place, y = ((const struct new_item *)b)->place;

    return (x > y) - (x < y);
}

static bool is_on_broken_rule(const struct review_plan *p, const struct store_item *item)
{
    for (size_t r = 0; r < p->task->n_rules; r++)
        if (rule_names(&p->task->rules[r], item->column) &&
            breaks_a_rule(p, &p->task->rules[r], item->image))
            return true;
    return false;
}

/* What was drawn, but not with certainty, is answered in random order: verdicts rest on that. */
static bool stays_random(const struct building *b, const struct new_item *item)
{
    bool orders = b->plan->order == ORDER_UNCERTAIN || b->plan->order == ORDER_RULES_FIRST;

    return orders && item->item.design != 0 && item->item.inclusion_probability < 1;
}

/* Blocks of what the order speaks of. Other items go into a block by chance, so that their share is
 * the same in each. */
static void set_blocks(struct building *b)
{
    size_t disputes = 0, breaking = 0;

    for (size_t i = 0; i < b->n; i++)
        if (stays_random(b, &b->items[i]))
            b->items[i].uncertainty = NAN;
    for (size_t i = 0; i < b->n; i++) {
        bool dispute = !isnan(b->items[i].uncertainty);

        disputes += dispute;
        breaking += dispute && is_on_broken_rule(b->plan, &b->items[i].item);
    }
    if (b->plan->order == ORDER_UNCERTAIN && b->n > 1)
        qsort(b->items, b->n, sizeof(*b->items), by_uncertainty);
    for (size_t i = 0; i < b->n; i++) {
        struct new_item *item = &b->items[i];
        size_t like = !isnan(item->uncertainty) ? i
                      : disputes > 0            ? random_below(&b->random, disputes)
                                                : 0;

        switch (b->plan->order) {
        case ORDER_RANDOM:
        case ORDER_DECIDE: item->block = 0; break;
        case ORDER_QUESTION: item->block = item->item.column; break;
        case ORDER_UNCERTAIN: item->block = like / BLOCK_ITEMS; break;
        case ORDER_RULES_FIRST:
            item->block = isnan(item->uncertainty) ? like >= breaking
                                                   : !is_on_broken_rule(b->plan, &item->item);
            break;
        }
    }
}

static void set_places(struct building *b)
{
    set_blocks(b);
    for (size_t i = 0; i < b->n; i++)
        b->items[i].shuffle = random_next(&b->random);
    if (b->n > 1)
        qsort(b->items, b->n, sizeof(*b->items), by_block);
    for (size_t i = b->n; i-- > 0;) {
        bool last = i + 1 == b->n || b->items[i + 1].block != b->items[i].block;

        b->items[i].place = (double)i;
        b->items[i].block_ends = last ? i + 1 : b->items[i + 1].block_ends;
    }
}

/* ---- of how many people ---- */

/* Of all items, those that are there and new ones. */
static int choose_overlap(struct building *b, struct err *e)
{
    struct store_item **all = mem_new(b->there.n + b->n, sizeof(struct store_item *), e);
    int rc;

    if (!all)
        return ERR_NOMEM;
    for (size_t i = 0; i < b->there.n; i++)
        all[i] = &b->there.items[i];
    for (size_t i = 0; i < b->n; i++)
        all[b->there.n + i] = &b->items[i].item;
    rc = overlap_choose(b->plan, all, b->there.n + b->n, &b->out->overlap, e);
    free(all);
    return rc;
}

/* Items that are there are asked of as many people as is said now. */
static int set_votes(struct building *b, struct err *e)
{
    uint32_t *before = mem_new(b->there.n, sizeof(*before), e);
    int rc = before ? 0 : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < b->there.n; i++) {
        before[i] = b->there.items[i].votes;
        if (b->there.items[i].kind != REVIEW_REPEAT)
            b->there.items[i].votes = b->plan->votes;
    }
    if (rc == 0 && b->plan->overlap > 0)
        rc = choose_overlap(b, e);
    for (size_t i = 0; rc == 0 && i < b->there.n; i++) {
        const struct store_item *item = &b->there.items[i];

        if (item->votes != before[i])
            rc = store_item_votes(b->store, item->id, item->votes, e);
    }
    free(before);
    return rc;
}

/* ---- which are shown again ---- */

/* A place behind the original's in its block, where there are enough items in between. */
static double place_again(struct building *b, size_t i)
{
    double first = (double)i + 1, end = (double)b->items[i].block_ends;
    double unit = (double)(random_next(&b->random) >> 11) * 0x1p-53;

    if (end - first > REPEAT_GAP)
        first += REPEAT_GAP;
    return first - 0.5 + unit * (end - first) + 1e-9 * unit;
}

static int add_repeats(struct building *b, struct err *e)
{
    size_t n = b->n;
    uint64_t left = b->plan->repeat < n ? b->plan->repeat : n;
    int rc = mem_grow(&b->items, &b->cap, n + left, sizeof(*b->items), REVIEW_ITEMS_MAX, e);

    for (size_t i = 0; rc == 0 && i < n && left > 0; i++) {
        struct new_item *again;

        if (random_below(&b->random, n - i) >= left)
            continue;
        left--;
        again = &b->items[b->n++];
        *again = b->items[i];
        again->item.kind = REVIEW_REPEAT;
        again->item.votes = 1;
        again->item.design = 0;
        again->repeats = i;
        again->place = place_again(b, i);
    }
    return rc;
}

/* ---- keeping it ---- */

static int64_t last_place(const struct building *b)
{
    return b->there.n > 0 ? b->there.items[b->there.n - 1].place : 0;
}

/* Cell by cell, so that the database's indexes grow at their end; those shown again need the ids of
 * the others, so come last. */
static int by_cell(const void *a, const void *b)
{
    const struct new_item *x = a, *y = b;

    if ((x->repeats == SIZE_MAX) != (y->repeats == SIZE_MAX))
        return x->repeats == SIZE_MAX ? -1 : 1;
    if (x->item.image != y->item.image)
        return x->item.image < y->item.image ? -1 : 1;
    return (x->item.column > y->item.column) - (x->item.column < y->item.column);
}

static int store_sorted(struct building *b, struct new_item *sorted, int64_t *ids, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < b->n; i++) {
        sorted[i] = b->items[i];
        sorted[i].shuffle = i; /* where it was */
    }
    if (b->n > 1)
        qsort(sorted, b->n, sizeof(*sorted), by_place);
    for (size_t i = 0; i < b->n; i++)
        sorted[i].item.place = last_place(b) + 1 + (int64_t)i;
    if (b->n > 1)
        qsort(sorted, b->n, sizeof(*sorted), by_cell);
    for (size_t i = 0; rc == 0 && i < b->n; i++) {
        const struct new_item *new = &sorted[i];
        const struct store_new_item item = { new->item, b->plan->images->ids[new->item.image],
                                             new->repeats == SIZE_MAX ? 0 : ids[new->repeats] };

        rc = store_item_add(b->store, &item, b->plan->task, &ids[new->shuffle], e);
        b->out->added[new->item.kind]++;
    }
    return rc;
}

static int store_new(struct building *b, struct err *e)
{
    int64_t *ids = mem_new(b->n, sizeof(*ids), e);
    struct new_item *sorted = mem_new(b->n, sizeof(*sorted), e);
    int rc = ids && sorted ? store_sorted(b, sorted, ids, e) : ERR_NOMEM;

    free(ids);
    free(sorted);
    return rc;
}

/* ---- what is still to be answered ---- */

struct votes_in {
    const struct store_items *items;
    uint32_t *filled; /* [items->n] votes that are in */
};

static int note_answer(void *data, const struct store_answer *a)
{
    struct votes_in *f = data;
    size_t item = store_items_find(f->items, a->item);

    if (item != SIZE_MAX && !a->undone && a->kind != ANSWER_SKIP)
        f->filled[item]++;
    return 0;
}

static void count_open(struct review_queued *out, const struct store_item *item, uint32_t filled)
{
    if (item->aside || filled >= item->votes)
        return;
    out->items_open++;
    out->votes_open += item->votes - filled;
}

static int count_all_open(struct building *b, struct err *e)
{
    struct votes_in f = { &b->there, mem_new(b->there.n, sizeof(*f.filled), e) };
    int rc = f.filled ? store_answers(b->store, (struct store_answer_reader){ note_answer, &f }, e)
                      : ERR_NOMEM;

    for (size_t i = 0; rc == 0 && i < b->there.n; i++)
        count_open(b->out, &b->there.items[i], f.filled[i]);
    for (size_t i = 0; rc == 0 && i < b->n; i++)
        count_open(b->out, &b->items[i].item, 0);
    free(f.filled);
    return rc;
}

static int build(struct building *b, struct err *e)
{
    const struct review_plan *p = b->plan;
    int rc = sample_find_design(b, e);

    if (rc == 0)
        rc = load_queued(b, e);
    if (rc == 0 && b->again)
        rc = sample_choose_design(b, e);
    if (rc == 0 && !b->again)
        rc = add_gold(b, e); /* first: they cannot be anything else */
    if (rc == 0)
        rc = add_disputes(b, e);
    if (rc == 0 && p->rule_breaking)
        rc = add_rule_breaking(b, e);
    if (rc == 0)
        rc = b->again ? sample_grow(b, e) : sample_begin(b, e);
    if (rc == 0 && b->extends)
        rc = sample_extend(b, e);
    if (rc < 0)
        return rc;
    rc = set_votes(b, e);
    set_places(b);
    if (rc == 0 && !b->again)
        rc = add_repeats(b, e);
    if (rc == 0)
        rc = store_new(b, e);
    return rc < 0 ? rc : count_all_open(b, e);
}

int review_queue(struct store *s, const struct review_plan *p, struct review_queued *out,
                 struct err *e)
{
    struct building b = { .store = s, .plan = p, .out = out, .random = ~p->seed };
    int rc;

    *out = (struct review_queued){ 0 };
    rc = build(&b, e);
    out->items = b.there.n + b.n;
    store_items_release(&b.there);
    free(b.queued);
    free(b.drawn);
    free(b.items);
    return rc;
}
