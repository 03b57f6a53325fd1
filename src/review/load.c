/* SPDX-License-Identifier: MIT
 *
 * The state as the database has it, when a server begins or a packet comes and goes.
 */
#include <stdlib.h>
#include <string.h>

#include "review/state.h"

enum { PEOPLE_MAX = 10000 };

struct filling {
    struct state *state;
    struct err *e;
};

static int add_person(struct state *s, int64_t annotator, struct person **out, struct err *e)
{
    struct person *p = mem_new(1, sizeof(*p), e);
    int rc = mem_grow(&s->people, &s->people_cap, s->n_people + 1, sizeof(struct person *),
                      PEOPLE_MAX, e);

    if (!p)
        return ERR_NOMEM;
    p->annotator = annotator;
    p->when = mem_new(s->items.n, sizeof(*p->when), e);
    p->skipped = mem_new(s->items.n, sizeof(*p->skipped), e);
    p->copy_of = mem_new(s->items.n, sizeof(*p->copy_of), e);
    if (rc < 0 || !p->when || !p->skipped || !p->copy_of) {
        free(p->when);
        free(p->skipped);
        free(p->copy_of);
        free(p);
        return rc < 0 ? rc : ERR_NOMEM;
    }
    s->people[s->n_people++] = p;
    *out = p;
    return 0;
}

int state_person(struct state *s, int64_t annotator, struct person **out, struct err *e)
{
    int rc = 0;

    *out = state_find_person(s, annotator);
    if (*out)
        return 0;
    rc = add_person(s, annotator, out, e);
    if (rc == 0)
        state_count_left(s, *out);
    return rc;
}

static int load_person(struct filling *l, int64_t annotator, struct person **out)
{
    *out = state_find_person(l->state, annotator);
    return *out ? 0 : add_person(l->state, annotator, out, l->e);
}

/* The item that a copy was given on, less one; 0: it is none. */
static uint32_t original_of(const struct state *s, const struct store_answer *a)
{
    size_t item = a->copy_of ? state_index(s, a->copy_of) : SIZE_MAX;

    return item == SIZE_MAX ? 0 : (uint32_t)item + 1;
}

static int load_answer(void *data, const struct store_answer *a)
{
    struct filling *l = data;
    size_t item = state_index(l->state, a->item);
    struct person *p;
    int rc = load_person(l, a->annotator, &p);

    if (rc < 0)
        return rc;
    p->undone -= a->undone && a->copy_of == 0;
    if (a->undone || item == SIZE_MAX)
        p->n_given += a->copy_of == 0;
    else
        state_mark_answer(l->state, p,
                          &(struct given){ .item = item, .kind = a->kind, .seconds = a->seconds },
                          original_of(l->state, a));
    return 0;
}

static int load_lease(void *data, const struct store_lease *lease)
{
    struct filling *l = data;
    struct state *s = l->state;
    size_t item = state_index(s, lease->item);
    struct person *p;
    struct hold *h;
    int rc = load_person(l, lease->annotator, &p);

    if (rc < 0 || item == SIZE_MAX)
        return rc;
    h = state_link_hold(s, p, item, lease->tab, l->e);
    if (!h)
        return ERR_NOMEM;
    h->until = lease->until;
    h->place = s->items.items[item].place;
    return 0;
}

static int index_items(struct filling *l)
{
    struct state *s = l->state;
    size_t found;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && i < s->items.n; i++) {
        const struct store_item *item = &s->items.items[i];

        s->n_aside += item->aside ? 1 : 0;
        if (item->kind != REVIEW_REPEAT && (s->votes == 0 || item->votes < s->votes))
            s->votes = item->votes;
        if (item->repeats != SIZE_MAX)
            s->states[item->repeats].repeat = (uint32_t)i + 1;
        rc = map_add(s->by_key, item->key, strlen(item->key), i, &found, l->e);
    }
    return rc < 0 ? rc : 0;
}

int state_load(struct state *s, const struct review_site *site, struct err *e)
{
    struct filling l = { .state = s, .e = e };
    int rc;

    *s = (struct state){ .store = site->store,
                         .task = site->task,
                         .images = site->images,
                         .columns = site->columns,
                         .limit = site->limit,
                         .lease_seconds = (int64_t)site->lease_minutes * 60 };
    rc = store_items_load(site->store, site->task, site->images, &s->items, e);
    if (rc == 0) {
        s->states = mem_new(s->items.n, sizeof(*s->states), e);
        rc = s->states ? map_new(&s->by_key, e) : ERR_NOMEM;
    }
    if (rc == 0)
        rc = index_items(&l);
    if (rc == 0)
        rc = state_link_equal(s, e);
    if (rc == 0)
        rc = store_answers(site->store, (struct store_answer_reader){ load_answer, &l }, e);
    if (rc == 0)
        rc = store_leases(site->store, load_lease, &l, e);
    for (size_t k = 0; rc == 0 && k < s->n_people; k++)
        state_count_left(s, s->people[k]);
    if (rc < 0)
        state_release(s);
    return rc;
}

void state_release(struct state *s)
{
    for (size_t k = 0; k < s->n_people; k++) {
        while (s->people[k]->holds)
            state_forget_hold(s, s->people[k]->holds);
        free(s->people[k]->when);
        free(s->people[k]->skipped);
        free(s->people[k]->copy_of);
        free(s->people[k]);
    }
    free(s->people);
    free(s->states);
    free(s->order);
    free(s->place);
    map_free(s->by_key);
    store_items_release(&s->items);
    *s = (struct state){ 0 };
}
