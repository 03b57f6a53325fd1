/* SPDX-License-Identifier: MIT
 *
 * What the database says of items, leases and answers, in memory: every request looks here. All
 * that changes is written down too, in the transaction that the caller opened.
 *
 * An item has as many slots as it wants votes. A vote that counts fills one, a lease that has not
 * ended keeps one. A lease that has ended stays its holder's until somebody else needs the slot, so
 * that an answer that comes late is not lost without need.
 */
#include "review/state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t seconds_now(void)
{
    return (int64_t)time(NULL);
}

const char *kept_name(enum kept k)
{
    static const char *const names[] = { "kept", "lease", "answered", "aside" };

    return names[k];
}

/* ---- what is open for whom ---- */

static bool is_open(const struct state *s, size_t i)
{
    const struct store_item *item = &s->items.items[i];

    return !item->aside && s->states[i].filled < item->votes &&
           (!s->columns || s->columns[item->column]);
}

bool state_is_done(const struct state *s, size_t item)
{
    return s->states[item].filled >= s->items.items[item].votes;
}

static bool is_grid(const struct state *s, size_t i)
{
    return s->task->columns[s->items.items[i].column].yesno;
}

/* May the person still get it? Who gave the answer that it repeats is the only one who may, also
 * where that was a skip: what is left must go down by one with every answer. */
static bool is_left(const struct state *s, const struct person *p, size_t i)
{
    const struct store_item *item = &s->items.items[i];

    return is_open(s, i) && p->when[i] == 0 &&
           (item->kind != REVIEW_REPEAT ||
            (item->repeats != SIZE_MAX && p->when[item->repeats] != 0));
}

/* Will it come to the person, now or once the item that it repeats is answered? What is left goes
 * down by one with every answer, so that it does not say which items come again. */
static bool may_come(const struct state *s, const struct person *p, size_t i)
{
    size_t original = s->items.items[i].repeats;

    return is_left(s, p, i) ||
           (is_open(s, i) && original != SIZE_MAX && p->when[i] == 0 && is_left(s, p, original));
}

/* Adds n (1 or -1) to what is left for the person, if the item is. */
static void count_left(const struct state *s, struct person *p, size_t i, int n)
{
    if (!may_come(s, p, i))
        return;
    p->left += (uint64_t)(int64_t)n;
    if (is_grid(s, i))
        p->left_grid += (uint64_t)(int64_t)n;
}

/* The item, and what repeats it, are about to change (n = -1), or have changed (1). */
static void recount(struct state *s, size_t i, int n)
{
    for (size_t k = 0; k < s->n_people; k++) {
        count_left(s, s->people[k], i, n);
        if (s->states[i].repeat)
            count_left(s, s->people[k], s->states[i].repeat - 1, n);
    }
}

void state_count_left(const struct state *s, struct person *p)
{
    p->left = p->left_grid = 0;
    for (size_t i = 0; i < s->items.n; i++)
        count_left(s, p, i, 1);
}

/* ---- people ---- */

struct person *state_find_person(const struct state *s, int64_t annotator)
{
    for (size_t k = 0; k < s->n_people; k++)
        if (s->people[k]->annotator == annotator)
            return s->people[k];
    return NULL;
}

/* ---- leases ---- */

/* An item's holds are as many as votes are wanted of it; a person may have thousands. */
static struct hold *find_hold(const struct state *s, const struct person *p, size_t item)
{
    struct hold *h = s->states[item].holds;

    while (h && h->person != p)
        h = h->next_of_item;
    return h;
}

struct hold *state_link_hold(struct state *s, struct person *p, size_t item, const char *tab,
                             struct err *e)
{
    struct item_state *i = &s->states[item];
    struct hold *h = mem_new(1, sizeof(*h), e);

    if (!h)
        return NULL;
    *h = (struct hold){ .item = item, .person = p, .next_of_item = i->holds, .next = p->holds };
    snprintf(h->tab, sizeof(h->tab), "%s", tab);
    if (p->holds)
        p->holds->previous = h;
    p->holds = h;
    i->holds = h;
    p->n_holds++;
    i->n_holds++;
    return h;
}

void state_forget_hold(struct state *s, struct hold *h)
{
    struct hold **of_item = &s->states[h->item].holds;

    while (*of_item != h)
        of_item = &(*of_item)->next_of_item;
    *of_item = h->next_of_item;
    *(h->previous ? &h->previous->next : &h->person->holds) = h->next;
    if (h->next)
        h->next->previous = h->previous;
    s->states[h->item].n_holds--;
    h->person->n_holds--;
    free(h);
}

static int drop_hold(struct state *s, struct hold *h, struct err *e)
{
    int64_t item = s->items.items[h->item].id, annotator = h->person->annotator;

    state_forget_hold(s, h);
    return store_lease_drop(s->store, item, annotator, e);
}

static int write_hold(struct state *s, struct hold *h, int64_t until, struct err *e)
{
    struct store_lease l = { s->items.items[h->item].id, h->person->annotator, until, h->tab };

    h->until = until;
    return store_lease_set(s->store, &l, e);
}

/* For the lease's time from now. */
static int add_hold(struct state *s, struct person *p, size_t item, const char *tab, int64_t place,
                    struct err *e)
{
    struct hold *h = state_link_hold(s, p, item, tab, e);

    if (!h)
        return ERR_NOMEM;
    h->place = place;
    return write_hold(s, h, seconds_now() + s->lease_seconds, e);
}

/* How many slots others keep; *ended is a lease of somebody else's that has ended. */
static uint32_t kept_slots(const struct state *s, const struct person *p, size_t item,
                           struct hold **ended)
{
    int64_t t = s->states[item].holds ? seconds_now() : 0;
    uint32_t n = 0;

    *ended = NULL;
    for (struct hold *h = s->states[item].holds; h; h = h->next_of_item) {
        if (h->person == p)
            continue;
        if (h->until > t)
            n++;
        else
            *ended = h;
    }
    return n;
}

static bool has_slot(const struct state *s, const struct person *p, size_t item)
{
    struct hold *ended;

    return s->states[item].filled + kept_slots(s, p, item, &ended) < s->items.items[item].votes;
}

/* Takes a slot; a lease that has ended gives way where all slots are kept. */
static int take_slot(struct state *s, struct person *p, size_t item, const char *tab, struct err *e)
{
    struct hold *ended;
    int rc = 0;

    kept_slots(s, p, item, &ended);
    if (ended && s->states[item].filled + s->states[item].n_holds >= s->items.items[item].votes)
        rc = drop_hold(s, ended, e);
    return rc < 0 ? rc : add_hold(s, p, item, tab, s->items.items[item].place, e);
}

void state_forget_holds(struct state *s, int64_t annotator)
{
    struct person *p = state_find_person(s, annotator);

    while (p && p->holds)
        state_forget_hold(s, p->holds);
}

int state_release_tab(struct state *s, struct person *p, const char *tab, struct err *e)
{
    int rc = 0;

    for (struct hold *h = p->holds, *next; rc == 0 && h; h = next) {
        next = h->next;
        if (strcmp(h->tab, tab) == 0)
            rc = drop_hold(s, h, e);
    }
    return rc;
}

/* ---- taking ---- */

static bool fits(const struct state *s, size_t item, const struct wanted *w)
{
    return !w->grid || (is_grid(s, item) &&
                        (w->column == SIZE_MAX || w->column == s->items.items[item].column));
}

static int compare_holds(const void *a, const void *b)
{
    const struct hold *x = *(const struct hold *const *)a, *y = *(const struct hold *const *)b;

    return (x->place > y->place) - (x->place < y->place);
}

/* The tab's holds, in the order to show; *n of them, free(*mine). */
static int list_holds(const struct person *p, const char *tab, struct hold ***mine, size_t *n,
                      struct err *e)
{
    *n = 0;
    *mine = mem_new(p->n_holds, sizeof(**mine), e);
    if (!*mine)
        return ERR_NOMEM;
    for (struct hold *h = p->holds; h; h = h->next)
        if (strcmp(h->tab, tab) == 0)
            (*mine)[(*n)++] = h;
    qsort(*mine, *n, sizeof(**mine), compare_holds);
    return 0;
}

/* What the tab holds goes first, its leases fresh; what is more than it wants goes back. */
static int keep_holds(struct state *s, struct person *p, struct wanted *w, size_t *items, size_t *n,
                      struct err *e)
{
    struct hold **mine;
    size_t n_mine;
    int rc = list_holds(p, w->tab, &mine, &n_mine, e);

    for (size_t k = 0; rc == 0 && k < n_mine; k++) {
        size_t i = mine[k]->item;

        if (*n == w->want || !is_left(s, p, i) || !fits(s, i, w) || !has_slot(s, p, i)) {
            rc = drop_hold(s, mine[k], e);
            continue;
        }
        if (w->grid && w->column == SIZE_MAX)
            w->column = s->items.items[i].column;
        items[(*n)++] = i;
        rc = write_hold(s, mine[k], seconds_now() + s->lease_seconds, e);
    }
    free(mine);
    return rc;
}

/* Is it too early to show this item again? */
static bool is_too_early(const struct state *s, const struct person *p, size_t item)
{
    size_t original = s->items.items[item].repeats;

    return s->items.items[item].kind == REVIEW_REPEAT && original != SIZE_MAX &&
           p->n_given - p->when[original] < REPEAT_GAP;
}

/* How far a take goes. */
enum reach {
    REACH_OPEN,  /* what nobody holds, or held too long */
    REACH_EARLY, /* also repeats that come too soon */
    REACH_OWN,   /* also what another tab of the person holds: it may be closed */
};

/* Does another tab of the person keep it? A packet always does, any other for the lease's time. */
static bool is_kept_apart(const struct hold *mine, enum reach reach)
{
    return mine && mine->until > seconds_now() &&
           (reach != REACH_OWN || strcmp(mine->tab, PACKET_TAB) == 0);
}

static int take_over(struct state *s, struct person *p, size_t item, struct hold *mine,
                     const char *tab, struct err *e)
{
    int rc = mine ? drop_hold(s, mine, e) : 0;

    return rc < 0 ? rc : take_slot(s, p, item, tab, e);
}

/* Does the person hold an item that the answer to this one is kept for? One of them is enough. */
static bool holds_equal(const struct state *s, const struct person *p, size_t item)
{
    for (size_t i = state_next_equal(s, item); i != item; i = state_next_equal(s, i))
        if (find_hold(s, p, i))
            return true;
    return false;
}

static size_t item_at(const struct state *s, size_t place)
{
    return s->order ? s->order[place] : place;
}

static int take_more(struct state *s, struct person *p, struct wanted *w, enum reach reach,
                     size_t *items, size_t *n, struct err *e)
{
    int rc = 0;

    while (p->from < s->items.n && s->items.items[item_at(s, p->from)].kind != REVIEW_REPEAT &&
           !is_left(s, p, item_at(s, p->from)))
        p->from++;
    for (size_t k = p->from; rc == 0 && k < s->items.n && *n < w->want; k++) {
        size_t i = item_at(s, k);
        struct hold *mine = find_hold(s, p, i);

        if (!is_left(s, p, i) || !fits(s, i, w) || is_kept_apart(mine, reach) ||
            !has_slot(s, p, i) || holds_equal(s, p, i) ||
            (reach == REACH_OPEN && is_too_early(s, p, i)))
            continue;
        if (w->grid && w->column == SIZE_MAX)
            w->column = s->items.items[i].column;
        rc = take_over(s, p, i, mine, w->tab, e);
        items[(*n)++] = i;
    }
    return rc;
}

/* Copies are no work, and are not what a limit is about. */
uint64_t state_allowed(const struct state *s, const struct person *p)
{
    uint64_t own = p->done - p->copied;

    return s->limit == 0 ? UINT64_MAX : own < s->limit ? s->limit - own : 0;
}

/* What other tabs of the person hold now. */
static uint64_t held_by_other_tabs(const struct person *p, const char *tab)
{
    int64_t t = seconds_now();
    uint64_t n = 0;

    for (const struct hold *h = p->holds; h; h = h->next)
        n += h->until > t && strcmp(h->tab, tab) != 0;
    return n;
}

int state_take(struct state *s, struct person *p, const struct wanted *wanted, size_t *items,
               size_t *n, struct err *e)
{
    struct wanted w = *wanted;
    int rc;

    *n = 0;
    if (s->over)
        w.want = 0;
    if (s->limit > 0) {
        uint64_t allowed = state_allowed(s, p), held = held_by_other_tabs(p, w.tab);

        allowed -= held < allowed ? held : allowed;
        w.want = w.want < allowed ? w.want : allowed;
    }
    rc = keep_holds(s, p, &w, items, n, e);
    /* where nothing else is left, what would come later comes now */
    for (int reach = REACH_OPEN; rc == 0 && *n == 0 && reach <= REACH_OWN; reach++)
        rc = take_more(s, p, &w, (enum reach)reach, items, n, e);
    if (rc == 0 && *n > 0 && *n < w.want)
        rc = take_more(s, p, &w, REACH_OPEN, items, n, e);
    return rc;
}

int state_take_all(struct state *s, struct person *p, int days, size_t **items, size_t *n,
                   struct err *e)
{
    int64_t until = seconds_now() + (int64_t)days * 24 * 60 * 60;
    int rc = 0;

    *n = 0;
    *items = mem_new(s->items.n, sizeof(**items), e);
    if (!*items)
        return ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < s->items.n; i++) {
        size_t original = s->items.items[i].repeats;
        bool again = s->items.items[i].kind == REVIEW_REPEAT && is_open(s, i) &&
                     original != SIZE_MAX && p->when[i] == 0;

        if ((!again && !is_left(s, p, i)) || !has_slot(s, p, i) || holds_equal(s, p, i))
            continue;
        if (*n >= state_allowed(s, p))
            break;
        rc = take_over(s, p, i, find_hold(s, p, i), PACKET_TAB, e);
        if (rc == 0)
            rc = write_hold(s, find_hold(s, p, i), until, e);
        (*items)[(*n)++] = i;
    }
    return rc;
}

/* ---- answers ---- */

bool state_find(const struct state *s, const char *key, size_t *item)
{
    return map_get(s->by_key, key, strlen(key), item);
}

size_t state_index(const struct state *s, int64_t id)
{
    return store_items_find(&s->items, id);
}

size_t state_newest(const struct state *s, const struct person *p, uint64_t before, size_t *items,
                    size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < s->items.n; i++) {
        size_t at = found;

        if (p->when[i] == 0 || p->when[i] >= before || p->copy_of[i] != 0 ||
            s->items.items[i].aside)
            continue;
        while (at > 0 && p->when[items[at - 1]] < p->when[i])
            at--;
        if (at == n)
            continue;
        found += found < n;
        memmove(items + at + 1, items + at, (found - at - 1) * sizeof(*items));
        items[at] = i;
    }
    return found;
}

bool state_may_see(const struct state *s, const struct person *p, size_t item)
{
    return p->when[item] != 0 || find_hold(s, p, item);
}

enum kept state_check(const struct state *s, const struct person *p, const struct given *g)
{
    if (g->item == SIZE_MAX)
        return NOT_LEASED;
    if (s->items.items[g->item].aside)
        return SET_ASIDE;
    if (p->when[g->item] != 0)
        return ANSWERED;
    if (state_allowed(s, p) == 0)
        return NOT_LEASED;
    if (!find_hold(s, p, g->item) || !has_slot(s, p, g->item))
        return NOT_LEASED;
    return KEPT;
}

/* Without what is left for whom. copy_of: the item it was given on, less one; 0: this one. */
void state_mark_answer(struct state *s, struct person *p, const struct given *g, uint32_t copy_of)
{
    p->n_given += copy_of == 0; /* else what it is a copy of was counted */
    p->when[g->item] = p->n_given;
    p->skipped[g->item] = g->kind == ANSWER_SKIP;
    p->copy_of[g->item] = copy_of;
    p->done++;
    p->copied += copy_of != 0;
    p->n_skipped += p->skipped[g->item] && copy_of == 0;
    if (g->kind == ANSWER_SKIP)
        return;
    s->states[g->item].filled++;
    if (copy_of == 0)
        p->recent[p->n_recent++ % REVIEW_RECENT] = g->seconds;
}

/* What an answer is as a vote. An item shown again measures the person, and votes no second time.
 */
static int16_t vote_of(const struct store_item *item, const struct given *g)
{
    if (item->kind == REVIEW_REPEAT)
        return VALUE_MISSING;
    return g->kind == ANSWER_VALUE    ? g->value
           : g->kind == ANSWER_UNSURE ? VALUE_UNSURE
                                      : VALUE_MISSING;
}

static int keep_answer(struct state *s, struct person *p, const struct given *g, uint32_t copy_of,
                       struct err *e)
{
    const struct store_item *item = &s->items.items[g->item];
    const struct store_answer a = { .annotator = p->annotator,
                                    .item = item->id,
                                    .key = g->key,
                                    .kind = g->kind,
                                    .value = g->kind == ANSWER_VALUE
                                                 ? s->task->columns[item->column].labels[g->value]
                                                 : g->reason,
                                    .seconds = g->seconds,
                                    .mode = g->mode,
                                    .at = g->at,
                                    .copy_of = copy_of ? s->items.items[copy_of - 1].id : 0 };
    const struct store_ballot b = { s->images->ids[item->image], item->column, vote_of(item, g) };
    struct hold *h = find_hold(s, p, g->item);
    int rc = store_answer_add(s->store, &a, &b, e);

    if (rc == 0 && h)
        rc = drop_hold(s, h, e);
    recount(s, g->item, -1);
    state_mark_answer(s, p, g, copy_of);
    recount(s, g->item, 1);
    return rc;
}

/* Shall it get the answer that was given on an equal picture? Not what a packet has handed out: the
 * person's own answer to it may be under way. */
static bool wants_copy(const struct state *s, const struct person *p, size_t item)
{
    const struct hold *mine = find_hold(s, p, item);

    return p->when[item] == 0 && !s->items.items[item].aside && has_slot(s, p, item) &&
           (!mine || strcmp(mine->tab, PACKET_TAB) != 0);
}

int state_answer(struct state *s, struct person *p, const struct given *g, struct err *e)
{
    int rc = keep_answer(s, p, g, 0, e);

    for (size_t i = state_next_equal(s, g->item); rc == 0 && i != g->item;
         i = state_next_equal(s, i)) {
        struct given copy = *g;

        copy.item = i;
        copy.seconds = 0;
        if (wants_copy(s, p, i))
            rc = keep_answer(s, p, &copy, (uint32_t)g->item + 1, e);
    }
    return rc;
}

static void uncount_answer(struct state *s, struct person *p, size_t item)
{
    recount(s, item, -1);
    if (!p->skipped[item])
        s->states[item].filled--;
    p->copied -= p->copy_of[item] != 0;
    p->n_skipped -= p->skipped[item] && p->copy_of[item] == 0;
    p->when[item] = 0;
    p->skipped[item] = false;
    p->copy_of[item] = 0;
    p->done--;
    if (p->from > (s->place ? s->place[item] : item))
        p->from = s->place ? s->place[item] : item;
    recount(s, item, 1);
}

static int take_back(struct state *s, struct person *p, size_t item, struct err *e)
{
    int rc = store_answer_undo(s->store, p->annotator, s->items.items[item].id, e);

    if (rc == 0)
        uncount_answer(s, p, item);
    return rc;
}

int state_undo(struct state *s, struct person *p, size_t item, const char *tab, struct err *e)
{
    int rc = take_back(s, p, item, e);

    for (size_t i = state_next_equal(s, item); rc == 0 && i != item; i = state_next_equal(s, i))
        if (p->copy_of[i] == item + 1)
            rc = take_back(s, p, i, e);
    if (rc < 0)
        return rc;
    return tab ? add_hold(s, p, item, tab, --p->undone, e) : 0;
}

int state_set_aside(struct state *s, size_t image, const char *why, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->items.n; i++) {
        struct store_item *item = &s->items.items[i];

        if (item->image != image || item->aside)
            continue;
        recount(s, i, -1);
        item->aside = arena_text(&s->items.arena, why, strlen(why), e);
        recount(s, i, 1);
        s->n_aside++;
        rc = item->aside ? store_item_aside(s->store, item->id, why, e) : ERR_NOMEM;
    }
    return rc;
}

/* ---- what decides first ---- */

/* Disputes that were not drawn come behind all that the verdicts rest on. */
static size_t rank_of(const struct state *s, int64_t design, const size_t *ranks, size_t i)
{
    const struct store_item *item = &s->items.items[i];

    return item->kind == REVIEW_DISPUTE && item->design != design ? s->task->n_columns
                                                                  : ranks[item->column];
}

int state_reorder(struct state *s, int64_t design, const size_t *ranks, struct err *e)
{
    size_t n_ranks = s->task->n_columns + 1;
    size_t *next = mem_new(n_ranks + 1, sizeof(*next), e); /* the place of the next one of a rank */

    if (!s->order)
        s->order = mem_new(s->items.n, sizeof(*s->order), e);
    if (!s->place)
        s->place = mem_new(s->items.n, sizeof(*s->place), e);
    if (!next || !s->order || !s->place) {
        free(next);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < s->items.n; i++)
        next[rank_of(s, design, ranks, i) + 1]++;
    for (size_t r = 1; r <= n_ranks; r++)
        next[r] += next[r - 1];
    for (size_t i = 0; i < s->items.n; i++) {
        size_t at = next[rank_of(s, design, ranks, i)]++;

        s->order[at] = (uint32_t)i;
        s->place[i] = (uint32_t)at;
    }
    for (size_t k = 0; k < s->n_people; k++)
        s->people[k]->from = 0;
    free(next);
    return 0;
}

static bool is_in_packet(const struct state *s, size_t item)
{
    for (const struct hold *h = s->states[item].holds; h; h = h->next_of_item)
        if (strcmp(h->tab, PACKET_TAB) == 0 && h->until > seconds_now())
            return true;
    return false;
}

bool state_has_open(const struct state *s, int64_t design)
{
    for (size_t i = 0; i < s->items.n; i++)
        if (s->items.items[i].design == design && is_open(s, i) && !is_in_packet(s, i))
            return true;
    return false;
}

bool state_is_held(const struct state *s)
{
    int64_t t = seconds_now();

    for (size_t k = 0; k < s->n_people; k++)
        for (const struct hold *h = s->people[k]->holds; h; h = h->next)
            if (h->until > t && strcmp(h->tab, PACKET_TAB) != 0)
                return true;
    return false;
}
