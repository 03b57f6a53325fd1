/* SPDX-License-Identifier: MIT
 *
 * Who gets an item, what an answer changes, and who may come in. Over HTTP all of it is tested in
 * tests/cli/test_review*.py.
 */
#include "support_review.h"

#include "review/state.h" /* private to review/, and worth its own test */
#include "store/reviewers.h"

/* ---- who gets what ---- */

static void site_of(struct review_site *site, const struct world *w)
{
    *site = (struct review_site){
        .store = w->store, .task = w->task, .images = &w->images, .lease_minutes = 10
    };
}

static void person_of(struct world *w, struct state *s, const char *name, struct person **p)
{
    struct store_reviewer who;
    struct err e;

    assert_ok(store_reviewer_add(w->store, name, false, &who, &e), &e);
    assert_ok(state_person(s, who.annotator, p, &e), &e);
}

static size_t take(struct state *s, struct person *p, size_t want, size_t *items)
{
    struct wanted w = { .tab = "tab-0001", .want = want, .column = SIZE_MAX };
    struct err e;
    size_t n;

    assert_ok(state_take(s, p, &w, items, &n, &e), &e);
    return n;
}

static void leases_keep_people_apart_and_answers_fill_slots(void **state)
{
    struct review_queued q;
    struct review_plan p;
    struct review_site site;
    struct state s;
    struct person *anna, *bob;
    size_t mine[GRID_MOST], theirs[GRID_MOST], left = 0;
    struct given given = { .kind = ANSWER_VALUE, .value = 0 };
    struct world w;
    struct err e;

    world_open(&w, state);
    p = plan_of(&w);
    queue(&w, &p, &q);
    site_of(&site, &w);
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "anna", &anna);
    person_of(&w, &s, "bob", &bob);
    assert_int_equal(take(&s, anna, 20, mine), 20);
    assert_int_equal(take(&s, bob, 20, theirs), 10);
    for (size_t i = 0; i < 20; i++)
        for (size_t k = 0; k < 10; k++)
            assert_true(mine[i] != theirs[k]);
    given.item = mine[0];
    given.key = "key-0001";
    assert_int_equal(state_check(&s, bob, &given), NOT_LEASED);
    assert_int_equal(state_check(&s, anna, &given), KEPT);
    assert_ok(state_answer(&s, anna, &given, &e), &e);
    assert_int_equal(state_check(&s, anna, &given), ANSWERED);
    assert_int_equal(anna->left, 29);
    assert_int_equal(bob->left, 29);
    assert_true(state_is_done(&s, mine[0]));
    assert_ok(state_undo(&s, anna, mine[0], "tab-0001", &e), &e);
    assert_int_equal(anna->left, 30);
    assert_int_equal(bob->left, 30);
    assert_int_equal(take(&s, anna, 1, mine + 1), 1); /* what was undone comes first */
    assert_int_equal(mine[1], mine[0]);
    for (struct hold *h = anna->holds; h; h = h->next) /* leases end */
        h->until = 1;
    for (struct hold *h = bob->holds; h; h = h->next)
        h->until = 1;
    assert_int_equal(state_check(&s, anna, &given), KEPT);
    while (left < 30 && take(&s, bob, 48, theirs) == 30)
        left = 30;
    assert_int_equal(left, 30);
    assert_int_equal(state_check(&s, anna, &given), NOT_LEASED);
    assert_ok(store_end(w.store, 0, &e), &e);
    state_release(&s);
    assert_ok(state_load(&s, &site, &e), &e); /* the database says the same */
    for (size_t k = 0; k < s.n_people; k++)
        left += s.people[k]->n_holds;
    assert_int_equal(left, 60); /* bob's 30 of before */
    state_release(&s);
    world_close(&w);
}

/* What a person holds is found by item: looked through for every item, the holds of a packet this
 * large made each of these takes last seconds, and this test hours. */
static void takes_after_a_packet_of_30_000_items_look_at_each_item_once(void **state)
{
    enum { MANY = 15000, TAKES = 200 };
    struct review_queued q;
    struct review_plan p;
    struct review_site site;
    struct state s;
    struct person *anna, *bob;
    size_t *all, n, mine[GRID_MOST];
    struct world w;
    struct err e;

    world_open(&w, state);
    world_grow(&w, MANY);
    p = plan_of(&w);
    p.disputes = false;
    p.sample = COLUMNS * MANY;
    p.votes = 2;
    queue(&w, &p, &q);
    assert_int_equal(q.items, COLUMNS * MANY);
    site_of(&site, &w);
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "anna", &anna);
    person_of(&w, &s, "bob", &bob);
    assert_ok(state_take_all(&s, anna, 14, &all, &n, &e), &e);
    assert_int_equal(n, COLUMNS * MANY);
    free(all);
    for (int i = 0; i < TAKES; i++) {
        assert_int_equal(take(&s, anna, GRID_MOST, mine), 0); /* all of it lies in the packet */
        assert_int_equal(take(&s, bob, GRID_MOST, mine), GRID_MOST);
        assert_ok(state_release_tab(&s, bob, "tab-0001", &e), &e);
    }
    assert_ok(store_end(w.store, 0, &e), &e);
    state_release(&s);
    world_close(&w);
}

/* Images 0 and 1, 2 and 3, ... have the same bytes. */
static void make_pairs(struct world *w)
{
    char sha256[SHA256_HEX];
    struct err e;

    for (size_t i = 0; i < w->images.n; i++) {
        size_t pair = i / 2;

        sha256_hex(&pair, sizeof(pair), sha256);
        assert_ok(store_image_seen(w->store, w->images.ids[i], sha256, 0, 0, &e), &e);
    }
}

/* What is left is counted as things change; counting anew gives the same. */
static void counts_equal_those_of_a_fresh_start(void **state)
{
    struct review_queued q;
    struct review_plan p;
    struct review_site site;
    struct state s, fresh;
    struct person *people[3];
    uint64_t random = 5;
    struct world w;
    struct err e;
    size_t items[GRID_MOST];

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 30;
    p.repeat = 10;
    p.votes = 2;
    queue(&w, &p, &q);
    site_of(&site, &w);
    assert_ok(store_begin(w.store, &e), &e);
    make_pairs(&w);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "a", &people[0]);
    person_of(&w, &s, "b", &people[1]);
    person_of(&w, &s, "c", &people[2]);
    for (int round = 0; round < 300; round++) {
        struct person *who = people[random_below(&random, 3)];
        char key[32];
        struct given g = { .kind = (enum answer_kind)random_below(&random, 4),
                           .reason = "harmful",
                           .key = key,
                           .seconds = 1 };

        if (take(&s, who, 3, items) == 0)
            continue;
        g.item = items[0];
        snprintf(key, sizeof(key), "key-%05d", round);
        if (state_check(&s, who, &g) == KEPT)
            assert_ok(state_answer(&s, who, &g, &e), &e);
        if (random_below(&random, 3) == 0)
            assert_ok(state_undo(&s, who, g.item, "tab-0001", &e), &e);
        if (round % 50 != 49)
            continue;
        assert_ok(state_load(&fresh, &site, &e), &e);
        for (size_t k = 0; k < 3; k++) {
            struct person *again;

            assert_ok(state_person(&fresh, people[k]->annotator, &again, &e), &e);
            assert_int_equal(again->left, people[k]->left);
            assert_int_equal(again->left_grid, people[k]->left_grid);
            assert_int_equal(again->done, people[k]->done);
            assert_int_equal(again->copied, people[k]->copied);
            assert_int_equal(again->n_given, people[k]->n_given);
        }
        state_release(&fresh);
    }
    state_release(&s);
    world_close(&w);
}

/* Of two items in one packet that turn out to show equal pictures both answers are the person's: an
 * answer to one was kept for the other, and the other's own refused. */
static void what_a_packet_holds_waits_for_its_own_answer(void **state)
{
    struct given given = { .kind = ANSWER_VALUE, .value = 0, .key = "key-0001" };
    struct review_queued q;
    struct review_plan p;
    struct review_site site;
    struct state s;
    struct person *anna;
    size_t *all, n, other;
    struct world w;
    struct err e;

    world_open(&w, state);
    p = plan_of(&w);
    queue(&w, &p, &q);
    site_of(&site, &w);
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "anna", &anna);
    assert_ok(state_take_all(&s, anna, 14, &all, &n, &e), &e);
    given.item = all[0];
    free(all);
    state_release(&s);
    make_pairs(&w);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "anna", &anna);
    other = state_next_equal(&s, given.item);
    assert_true(other != given.item);
    assert_ok(state_answer(&s, anna, &given, &e), &e);
    given.item = other;
    assert_int_equal(state_check(&s, anna, &given), KEPT);
    assert_ok(state_answer(&s, anna, &given, &e), &e);
    assert_int_equal(anna->done, 2);
    assert_int_equal(anna->copied, 0);
    assert_ok(store_end(w.store, 0, &e), &e);
    state_release(&s);
    world_close(&w);
}

/* ---- who may come in ---- */

static void tokens_are_kept_as_hashes_and_end_when_they_should(void **state)
{
    struct store_reviewer who, found;
    char token[SECRET_TEXT], hash[SHA256_HEX], name[TASK_NAME_MAX + 1];
    struct world w;
    struct err e;

    world_open(&w, state);
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(store_reviewer_add(w.store, "anna", false, &who, &e), &e);
    assert_ok(review_token(w.store, who.id, token, &e), &e);
    sha256_hex(token, strlen(token), hash);
    assert_int_equal(store_token_find(w.store, hash, TOKEN_LINK, &found, name, &e), 1);
    assert_int_equal(found.annotator, who.annotator);
    assert_string_equal(found.name, "anna");
    assert_int_equal(store_token_find(w.store, token, TOKEN_LINK, &found, name, &e), 0);
    assert_int_equal(store_token_find(w.store, hash, TOKEN_SESSION, &found, name, &e), 0);
    assert_ok(store_token_add(w.store, token, TOKEN_SESSION, who.id, 1, &e), &e); /* 1970 */
    assert_int_equal(store_token_find(w.store, token, TOKEN_SESSION, &found, name, &e), 0);
    assert_ok(store_reviewer_revoke(w.store, "anna", &e), &e);
    assert_int_equal(store_token_find(w.store, hash, TOKEN_LINK, &found, name, &e), 0);
    assert_ok(store_reviewer_add(w.store, "anna", false, &found, &e), &e); /* may come in again */
    assert_int_equal(found.id, who.id);
    assert_int_equal(store_token_find(w.store, hash, TOKEN_LINK, &found, name, &e), 0);
    assert_refused(store_reviewer_revoke(w.store, "bob", &e), &e, ERR_ARG);
    assert_ok(store_end(w.store, 0, &e), &e);
    world_close(&w);
}

static void secrets_are_equal_or_not(void **state)
{
    char a[SECRET_TEXT], b[SECRET_TEXT];
    struct err e;

    (void)state;
    assert_ok(secret_make(a, &e), &e);
    assert_ok(secret_make(b, &e), &e);
    assert_int_equal(strlen(a), SECRET_TEXT - 1);
    assert_false(secret_equal(a, b));
    assert_true(secret_equal(a, a));
    assert_false(secret_equal(a, ""));
}

/* The sampled cells of the column with the smaller rank come first, in the queue's order; what was
 * not drawn last. A new order leaves nothing out. */
static void what_decides_is_given_out_first(void **state)
{
    static const size_t orders[][COLUMNS] = { { 1, 0 }, { 0, 1 } };
    struct review_queued q;
    struct review_plan p;
    struct review_site site;
    struct state s;
    struct person *anna;
    struct world w;
    struct err e;

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 30;
    queue(&w, &p, &q);
    site_of(&site, &w);
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "anna", &anna);
    for (size_t o = 0; o < COUNT(orders); o++) {
        size_t items[GRID_MOST], n, before = 0, place = 0;

        assert_ok(state_reorder(&s, q.design, orders[o], &e), &e);
        assert_true(state_has_open(&s, q.design));
        assert_ok(state_release_tab(&s, anna, "tab-0001", &e), &e);
        n = take(&s, anna, GRID_MOST, items);
        assert_int_equal(n, GRID_MOST);
        for (size_t i = 0; i < n; i++) {
            const struct store_item *item = &s.items.items[items[i]];
            size_t rank = item->design == q.design ? orders[o][item->column] : COLUMNS;

            assert_true(rank > before || (rank == before && (i == 0 || items[i] > place)));
            before = rank;
            place = items[i];
        }
        assert_int_equal(before, COLUMNS); /* all that was drawn is among them */
    }
    assert_true(state_is_held(&s));
    s.over = true;
    assert_int_equal(take(&s, anna, GRID_MOST, (size_t[GRID_MOST]){ 0 }), 0);
    assert_false(state_is_held(&s));
    state_release(&s);
    store_rollback(w.store);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(leases_keep_people_apart_and_answers_fill_slots),
        test_with_scratch(what_decides_is_given_out_first),
        test_with_scratch(takes_after_a_packet_of_30_000_items_look_at_each_item_once),
        test_with_scratch(counts_equal_those_of_a_fresh_start),
        test_with_scratch(what_a_packet_holds_waits_for_its_own_answer),
        test_with_scratch(tokens_are_kept_as_hashes_and_end_when_they_should),
        cmocka_unit_test(secrets_are_equal_or_not),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("review_state", tests, NULL, NULL);
}
