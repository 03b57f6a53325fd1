/* SPDX-License-Identifier: MIT */
/*
 * review/: what is drawn with which probability, what is queued, who gets an item, who may come in,
 * and what a request may say. Over HTTP all of it is tested in tests/cli/test_review.py.
 */
#include "support.h"

#include "review/internal.h" /* private to review/, and worth its own test */

static const char task_text[] =
    "name: test\n"
    "questions:\n"
    "  - {name: Bald, text: a}\n"
    "  - {name: Hair, kind: choice, options: [black, blond, gray], text: b}\n";

enum { IMAGES = 60, COLUMNS = 2 };

/* A project of IMAGES images in the test's folder, opened. */
struct world {
    struct task *task;
    struct store *store;
    struct store_images images;
    int16_t labels[2][COLUMNS * IMAGES];
};

static void world_open(struct world *w, void **state)
{
    struct err e;
    int64_t id;
    char key[16];

    assert_ok(task_parse(&w->task, "test.yaml", task_text, strlen(task_text), &e), &e);
    assert_ok(store_open(&w->store, scratch_path(state, "assent.db"), STORE_WRITE, &e), &e);
    assert_ok(store_begin(w->store, &e), &e);
    for (int i = 0; i < IMAGES; i++) {
        snprintf(key, sizeof(key), "%03d.jpg", i);
        assert_ok(store_image_add(w->store, key, &id, &e), &e);
    }
    assert_ok(store_review_begin(w->store, w->task, &e), &e);
    assert_ok(store_commit(w->store, &e), &e);
    assert_ok(store_images_load(w->store, &w->images, &e), &e);
    for (size_t i = 0; i < IMAGES; i++) { /* Bald: 10 disputes; Hair: one of a kind, 20 disputes */
        w->labels[0][i] = i < 20;
        w->labels[1][i] = i < 10;
        w->labels[0][IMAGES + i] = i == 0 ? 2 : 0;
        w->labels[1][IMAGES + i] = i < 20 ? 1 : 0;
    }
}

static void world_close(struct world *w)
{
    store_images_release(&w->images);
    store_close(w->store);
    task_free(w->task);
}

static struct review_plan plan_of(const struct world *w)
{
    return (struct review_plan){ .task = w->task,
                                 .images = &w->images,
                                 .labels = { w->labels[0], w->labels[1] },
                                 .disputes = true,
                                 .votes = 1,
                                 .seed = 1,
                                 .settings = "{}" };
}

/* ---- the sample ---- */

static void allocation_gives_each_stratum_two_and_the_rest_by_roots(void **state)
{
    struct store_stratum s[] = { { "a", 10000, 0 }, { "b", 100, 0 }, { "c", 3, 0 }, { "d", 1, 0 } };

    (void)state;
    draw_allocate(s, 4, 7);
    for (size_t h = 0; h < 4; h++)
        assert_int_equal(s[h].drawn, h == 3 ? 1 : 2);
    draw_allocate(s, 4, 114);
    assert_int_equal(s[0].drawn + s[1].drawn + s[2].drawn + s[3].drawn, 114);
    assert_int_equal(s[2].drawn + s[3].drawn, 3); /* no more than two: their roots are small */
    assert_near("a : b", (double)s[0].drawn / (double)s[1].drawn, 10, 0.5);
    draw_allocate(s, 4, 1000000);
    assert_int_equal(s[0].drawn, 10000);
    draw_allocate(s, 4, 0);
    assert_int_equal(s[0].drawn, 0);
}

/* Over many seeds every cell is drawn as often as its stored probability says. */
static void cells_are_drawn_with_their_stated_probability(void **state)
{
    enum { ROUNDS = 3000, WANTED = 30 };
    uint32_t times[COLUMNS * IMAGES] = { 0 };
    double probability[COLUMNS * IMAGES] = { 0 };
    struct world w;

    world_open(&w, state);
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct review_plan p = plan_of(&w);
        struct drawing d;
        struct err e;

        p.seed = seed;
        assert_ok(draw_sample(&p, WANTED, &d, &e), &e);
        assert_int_equal(d.n, WANTED);
        assert_int_equal(d.frame, COLUMNS * IMAGES);
        for (size_t i = 0; i < d.n; i++) {
            const struct store_stratum *h = &d.strata[d.cells[i].stratum];
            size_t cell = d.cells[i].column * IMAGES + d.cells[i].image;

            times[cell]++;
            probability[cell] = (double)h->drawn / (double)h->cells;
        }
        drawing_release(&d);
    }
    for (size_t c = 0; c < COLUMNS * IMAGES; c++) {
        double error = sqrt(probability[c] * (1 - probability[c]) / ROUNDS);

        assert_true(probability[c] > 0);
        assert_near("share of draws", (double)times[c] / ROUNDS, probability[c],
                    4.5 * error + 1e-12);
    }
    assert_near("the one gray", probability[IMAGES], 1,
                0); /* a rare value is a stratum of its own */
    world_close(&w);
}

static void a_small_sample_has_coarser_strata(void **state)
{
    struct world w;
    struct err e;

    world_open(&w, state);
    for (uint64_t wanted = 1; wanted <= 40; wanted++) {
        struct review_plan p = plan_of(&w);
        struct drawing d;

        assert_ok(draw_sample(&p, wanted, &d, &e), &e);
        assert_int_equal(d.n, wanted);
        assert_true(d.n_strata == 1 || d.n_strata <= wanted / 2);
        drawing_release(&d);
    }
    world_close(&w);
}

static void a_sample_works_with_one_annotator_and_with_none(void **state)
{
    struct world w;
    struct err e;

    world_open(&w, state);
    for (int n = 0; n < 2; n++) {
        struct review_plan p = plan_of(&w);
        struct drawing d;

        p.labels[1] = NULL;
        if (n == 0)
            p.labels[0] = NULL;
        assert_ok(draw_sample(&p, 20, &d, &e), &e);
        assert_int_equal(d.n, 20);
        assert_int_equal(d.n_strata, n == 0 ? 2 : 4); /* questions; each one's answers */
        drawing_release(&d);
    }
    world_close(&w);
}

/* ---- the queue ---- */

static void queue(struct world *w, const struct review_plan *p, struct review_queued *out)
{
    struct err e;

    assert_ok(store_begin(w->store, &e), &e);
    assert_ok(review_queue(w->store, p, out, &e), &e);
    assert_ok(store_commit(w->store, &e), &e);
}

static void a_cell_is_queued_once_and_the_sample_remembers_disputes(void **state)
{
    struct review_queued q;
    struct store_items items;
    struct review_plan p;
    struct world w;
    struct err e;
    size_t sampled = 0, seen[COLUMNS * IMAGES] = { 0 };

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 60;
    p.repeat = 7;
    queue(&w, &p, &q);
    assert_int_equal(q.added[REVIEW_DISPUTE], 30);
    assert_int_equal(q.added[REVIEW_REPEAT], 7);
    assert_int_equal(q.sampled, 60);
    assert_ok(store_items_load(w.store, w.task, &w.images, &items, &e), &e);
    for (size_t i = 0; i < items.n; i++) {
        const struct store_item *item = &items.items[i];

        sampled += item->design != 0;
        if (item->kind != REVIEW_REPEAT)
            assert_int_equal(seen[item->column * IMAGES + item->image]++, 0);
        else
            assert_true(item->repeats < i); /* behind the one that it repeats */
    }
    assert_int_equal(sampled, 60);
    assert_int_equal(items.n, q.items);
    store_items_release(&items);
    queue(&w, &p, &q); /* the same again adds nothing */
    assert_int_equal(q.added[REVIEW_DISPUTE] + q.added[REVIEW_SAMPLE] + q.added[REVIEW_REPEAT], 0);
    world_close(&w);
}

/* Where in the queue an item stands says nothing about its kind: in halves of the queue over many
 * seeds, samples are as frequent. */
static void place_says_nothing_about_kind(void **state)
{
    static const enum review_order orders[] = { ORDER_RANDOM, ORDER_UNCERTAIN, ORDER_QUESTION };
    struct world w;
    struct err e;

    world_open(&w, state);
    for (size_t o = 0; o < COUNT(orders); o++) {
        double first = 0, all = 0;

        for (uint64_t seed = 1; seed <= 150; seed++) {
            struct review_plan p = plan_of(&w);
            struct review_queued q;
            struct store_items items;

            p.seed = seed;
            p.order = orders[o];
            p.sample = 40;
            assert_ok(store_begin(w.store, &e), &e);
            assert_ok(review_queue(w.store, &p, &q, &e), &e);
            assert_ok(store_items_load(w.store, w.task, &w.images, &items, &e), &e);
            for (size_t i = 0; i < items.n; i++)
                if (items.items[i].kind == REVIEW_SAMPLE && items.items[i].column == 0) {
                    size_t before = 0, others = 0;

                    for (size_t k = 0; k < items.n; k++) {
                        bool like = orders[o] != ORDER_QUESTION || items.items[k].column == 0;

                        others += like && k != i;
                        before += like && k < i;
                    }
                    first += (double)before / (double)others;
                    all++;
                }
            store_items_release(&items);
            store_rollback(w.store);
        }
        assert_near("mean place", first / all, 0.5, 5 * sqrt(1 / 12.0 / all));
    }
    world_close(&w);
}

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
    assert_int_equal(state_check(&s, bob, &given), NOT_LEASED);
    assert_int_equal(state_check(&s, anna, &given), KEPT);
    assert_ok(state_answer(&s, anna, &given, "key-0001", 1, MODE_SINGLE, NULL, &e), &e);
    assert_int_equal(state_check(&s, anna, &given), ANSWERED);
    assert_int_equal(anna->left, 29);
    assert_int_equal(bob->left, 29);
    assert_true(state_is_done(&s, mine[0]));
    assert_ok(state_undo(&s, anna, mine[0], "tab-0001", &e), &e);
    assert_int_equal(anna->left, 30);
    assert_int_equal(bob->left, 30);
    assert_int_equal(take(&s, anna, 1, mine + 1), 1); /* what was undone comes first */
    assert_int_equal(mine[1], mine[0]);
    for (size_t k = 0; k < s.n_holds; k++) /* leases end */
        s.holds[k].until = 1;
    assert_int_equal(state_check(&s, anna, &given), KEPT);
    while (left < 30 && take(&s, bob, 48, theirs) == 30)
        left = 30;
    assert_int_equal(left, 30);
    assert_int_equal(state_check(&s, anna, &given), NOT_LEASED);
    assert_ok(store_commit(w.store, &e), &e);
    state_release(&s);
    assert_ok(state_load(&s, &site, &e), &e); /* the database says the same */
    assert_ok(state_person(&s, bob == NULL ? 0 : s.people[0]->annotator, &anna, &e), &e);
    assert_int_equal(s.n_holds, 30);
    state_release(&s);
    world_close(&w);
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
    assert_ok(state_load(&s, &site, &e), &e);
    person_of(&w, &s, "a", &people[0]);
    person_of(&w, &s, "b", &people[1]);
    person_of(&w, &s, "c", &people[2]);
    for (int round = 0; round < 300; round++) {
        struct person *who = people[random_below(&random, 3)];
        struct given g = { .kind = (enum answer_kind)random_below(&random, 4),
                           .reason = "harmful" };
        char key[32];

        if (take(&s, who, 3, items) == 0)
            continue;
        g.item = items[0];
        snprintf(key, sizeof(key), "key-%05d", round);
        if (state_check(&s, who, &g) == KEPT)
            assert_ok(state_answer(&s, who, &g, key, 1, MODE_SINGLE, NULL, &e), &e);
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
            assert_int_equal(again->n_given, people[k]->n_given);
        }
        state_release(&fresh);
    }
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
    assert_ok(store_commit(w.store, &e), &e);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation_gives_each_stratum_two_and_the_rest_by_roots),
        test_with_scratch(cells_are_drawn_with_their_stated_probability),
        test_with_scratch(a_small_sample_has_coarser_strata),
        test_with_scratch(a_sample_works_with_one_annotator_and_with_none),
        test_with_scratch(a_cell_is_queued_once_and_the_sample_remembers_disputes),
        test_with_scratch(place_says_nothing_about_kind),
        test_with_scratch(leases_keep_people_apart_and_answers_fill_slots),
        test_with_scratch(counts_equal_those_of_a_fresh_start),
        test_with_scratch(tokens_are_kept_as_hashes_and_end_when_they_should),
        cmocka_unit_test(secrets_are_equal_or_not),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
