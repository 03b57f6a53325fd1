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

#include "review/draw.h"
#include "review/limits.h"
#include "review/overlap.h"

enum { BLOCK_ITEMS = 50 }; /* of ORDER_UNCERTAIN: an order within which nothing can be told */

struct new_item {
    struct store_item item;
    double uncertainty; /* 0: the model knows; 1: it does not; of what is not disputed: NaN */
    size_t block;
    uint64_t shuffle;
    double place;      /* before they are numbered */
    size_t repeats;    /* the index of the one shown again, in the order of its place; SIZE_MAX */
    size_t block_ends; /* the place behind the last of its block */
};

struct building {
    struct store *store;
    const struct review_plan *plan;
    struct review_queued *out;
    struct store_items there;
    uint32_t *queued; /* [cells] an item's index plus one: there, then new; 0: not queued */
    struct new_item *items;
    size_t n, cap;
    uint64_t random;
    bool again; /* a queue with these settings was built: its sample, gold and repeats are there */
};

const char *const review_order_names[REVIEW_ORDERS] = { "random", "uncertain", "rules-first",
                                                        "question" };

bool review_order(const char *name, enum review_order *order)
{
    for (size_t i = 0; i < REVIEW_ORDERS; i++) {
        *order = (enum review_order)i;
        if (text_equal(name, review_order_names[i]))
            return true;
    }
    return false;
}

static size_t cell_of(const struct building *b, size_t image, size_t column)
{
    return column * b->plan->images->n + image;
}

static bool is_asked(const struct building *b, size_t column)
{
    return !b->plan->columns || b->plan->columns[column];
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
    if (!b->queued)
        return ERR_NOMEM;
    for (size_t i = 0; i < b->there.n; i++) {
        const struct store_item *item = &b->there.items[i];

        if (item->kind != REVIEW_REPEAT)
            b->queued[cell_of(b, item->image, item->column)] = (uint32_t)i + 1;
    }
    return 0;
}

/* ---- which cells ---- */

/* Adds a cell that is not queued. *added: NULL where it was. */
static int add_cell(struct building *b, size_t image, size_t column, enum review_kind kind,
                    struct new_item **added, struct err *e)
{
    uint32_t *slot = &b->queued[cell_of(b, image, column)];
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
        for (size_t i = 0; rc == 0 && is_asked(b, c) && i < p->images->n; i++) {
            if (!is_disputed(p, cell_of(b, i, c)))
                continue;
            rc = add_cell(b, i, c, REVIEW_DISPUTE, &added, e);
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
                if (!is_asked(b, c) || !rule_names(&p->task->rules[r], c))
                    continue;
                rc = add_cell(b, i, c, REVIEW_DISPUTE, &added, e);
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

        if (!is_asked(b, g->column))
            continue;
        rc = add_cell(b, g->image, g->column, REVIEW_GOLD, &added, e);
        if (added)
            added->item.known = g->value;
        else
            b->out->clashes++;
    }
    return rc;
}

static double inclusion(const struct store_stratum *h)
{
    return (double)h->drawn / (double)h->cells;
}

/* A drawn cell that is queued already joins the sample as it is. first: where in the design the
 * drawing's strata begin. */
static int add_drawn(struct building *b, const struct drawing *d, const struct drawn_cell *cell,
                     size_t first, struct err *e)
{
    struct store_item drawn = { .design = b->out->design,
                                .stratum = first + cell->stratum,
                                .inclusion_probability = inclusion(&d->strata[cell->stratum]) };
    uint32_t before = b->queued[cell_of(b, cell->image, cell->column)];
    struct new_item *added;
    int rc;

    if (before != 0 && before <= b->there.n) {
        drawn.id = b->there.items[before - 1].id;
        b->there.items[before - 1].design = drawn.design;
        return store_item_sampled(b->store, &drawn, e);
    }
    rc = add_cell(b, cell->image, cell->column, REVIEW_SAMPLE, &added, e);
    if (!added && before != 0)
        added = &b->items[before - 1 - b->there.n];
    if (added) {
        added->item.design = drawn.design;
        added->item.stratum = drawn.stratum;
        added->item.inclusion_probability = drawn.inclusion_probability;
    }
    return rc;
}

/* Draws from the frame, disputed cells too: the sample's figures are about all. */
static int add_sample(struct building *b, const struct frame *frame, uint64_t wanted, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct drawing d;
    size_t first = 0;
    int rc = draw_sample(frame, wanted, &d, e);

    if (rc < 0)
        return rc;
    rc = store_design_extend(b->store, b->out->design,
                             &(struct store_frame_part){ .task = p->task,
                                                         .columns = p->columns,
                                                         .images = p->images,
                                                         .cells = d.frame,
                                                         .stratum_of = d.stratum_of },
                             d.strata, d.n_strata, &first, e);
    for (size_t i = 0; rc == 0 && i < d.n; i++)
        rc = add_drawn(b, &d, &d.cells[i], first, e);
    b->out->sampled = d.n;
    b->out->frame = d.frame;
    drawing_release(&d);
    return rc;
}

static int begin_design(struct building *b, struct err *e)
{
    const struct review_plan *p = b->plan;
    const struct frame frame = { .plan = p };
    uint64_t wanted = p->sample;
    int rc = store_design_add(b->store, p->settings, p->seed, &b->out->design, e);

    if (p->sample_share > 0)
        wanted = (uint64_t)ceil(p->sample_share * (double)frame_cells(&frame));
    return rc == 0 && wanted > 0 ? add_sample(b, &frame, wanted, e) : rc;
}

/* ---- a sample whose project has grown ---- */

struct drawn_so_far {
    uint64_t cells, drawn;
    size_t *images_of; /* [n_columns] of so many first images a column's cells could be drawn */
};

/* The share of its cells that a design has drawn. */
static int count_drawn(struct building *b, struct drawn_so_far *so_far, struct err *e)
{
    struct arena arena = { 0 };
    struct store_stratum *strata;
    size_t n;
    int rc = store_strata_load(b->store, b->out->design, &arena, &strata, &n, e);

    for (size_t h = 0; rc == 0 && h < n; h++) {
        so_far->cells += strata[h].cells;
        so_far->drawn += strata[h].drawn;
    }
    arena_release(&arena);
    return rc;
}

/* A design that is older than frames are kept was drawn from the columns asked now, on as many
 * images as makes its number of cells; where that is no whole number, nothing is known to be new.
 */
static void infer_frame(const struct building *b, struct drawn_so_far *so_far)
{
    const struct review_plan *p = b->plan;
    uint64_t columns = 0;

    for (size_t c = 0; c < p->task->n_columns; c++)
        columns += is_asked(b, c);
    for (size_t c = 0; c < p->task->n_columns; c++)
        so_far->images_of[c] =
            so_far->cells % columns == 0 ? so_far->cells / columns : p->images->n;
}

/* What is new is drawn at the rate at which the rest was. */
static int extend_design(struct building *b, struct drawn_so_far *so_far, struct err *e)
{
    const struct review_plan *p = b->plan;
    struct frame frame = { .plan = p, .drawn_before = so_far->images_of };
    int rc = count_drawn(b, so_far, e);
    uint64_t grown;
    double rate;

    if (rc < 0 || so_far->drawn == 0)
        return rc;
    rc = store_frame_load(b->store, b->out->design, p->task, p->images, so_far->images_of, e);
    if (rc == 0)
        infer_frame(b, so_far);
    if (rc < 0)
        return rc;
    grown = frame_cells(&frame);
    rate = p->sample_share > 0 ? p->sample_share : (double)so_far->drawn / (double)so_far->cells;
    b->out->frame_grew = grown > 0;
    return grown > 0 ? add_sample(b, &frame, (uint64_t)ceil(rate * (double)grown), e) : 0;
}

static int grow_design(struct building *b, struct err *e)
{
    struct drawn_so_far so_far = { .images_of = mem_new(b->plan->task->n_columns,
                                                        sizeof(*so_far.images_of), e) };
    int rc = so_far.images_of ? extend_design(b, &so_far, e) : ERR_NOMEM;

    free(so_far.images_of);
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

/* Blocks of what the order speaks of. Other items go into a block by chance, so that their share is
 * the same in each. */
static void set_blocks(struct building *b)
{
    size_t disputes = 0, breaking = 0;

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
        case ORDER_RANDOM: item->block = 0; break;
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
    int rc = load_queued(b, e);

    if (rc == 0 && !b->again)
        rc = add_gold(b, e); /* first: they cannot be anything else */
    if (rc == 0)
        rc = add_disputes(b, e);
    if (rc == 0 && p->rule_breaking)
        rc = add_rule_breaking(b, e);
    if (rc == 0)
        rc = b->again ? grow_design(b, e) : begin_design(b, e);
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
    uint64_t seed;
    int rc;

    *out = (struct review_queued){ 0 };
    rc = store_design_find(s, p->settings, &out->design, &seed, e);
    b.again = out->design != 0;
    if (rc == 0)
        rc = build(&b, e);
    out->items = b.there.n + b.n;
    store_items_release(&b.there);
    free(b.queued);
    free(b.items);
    return rc;
}
