/* SPDX-License-Identifier: MIT
 *
 * The sample and the queue: what is drawn with which probability, what is queued, in which order.
 */
#include "support_review.h"

#include "review/draw.h" /* private to review/, and worth its own test */
#include "review/figures.h"
#include "review/overlap.h" /* likewise */
#include "store/designs.h"

/* ---- the sample ---- */

static void allocation_gives_each_stratum_two_and_the_rest_by_roots(void **state)
{
    struct store_stratum s[] = { { "a", 10000 }, { "b", 100 }, { "c", 3 }, { "d", 1 } };

    const double roots[] = { 100, 10, sqrt(3), 1 };

    (void)state;
    draw_allocate(s, roots, 4, 7);
    for (size_t h = 0; h < 4; h++)
        assert_int_equal(s[h].drawn, h == 3 ? 1 : 2);
    draw_allocate(s, roots, 4, 107);
    assert_int_equal(s[0].drawn + s[1].drawn + s[2].drawn + s[3].drawn, 114);
    assert_int_equal(s[2].drawn + s[3].drawn, 3); /* no more than two: their roots are small */
    assert_near("a : b", (double)s[0].drawn / (double)s[1].drawn, 10, 0.5);
    draw_allocate(s, roots, 4, 1000000);
    assert_int_equal(s[0].drawn, 10000);
    s[0].drawn = s[1].drawn = s[2].drawn = s[3].drawn = 0;
    draw_allocate(s, roots, 4, 0);
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
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, WANTED, &d, &e), &e);
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

/* Bald is the less sure the later its image; Hair as sure as it can be, but for one image without a
 * score. Rounded ones lie on bands' edges. */
enum { SCORES = 1 + 3 };
static void score(float p[SCORES * IMAGES])
{
    for (size_t i = 0; i < IMAGES; i++) {
        double sure = floor((1 - (double)i / (2 * IMAGES)) * 20 + 0.5) / 20;

        p[SCORES * i] = (float)(i < 20 ? sure : 1 - sure); /* world_label's answers */
        p[SCORES * i + 1] = i != 0;
        p[SCORES * i + 2] = 0;
        p[SCORES * i + 3] = i == 0;
        if (i == 5)
            for (size_t k = 1; k < SCORES; k++)
                p[SCORES * i + k] = NAN;
    }
}

static void a_small_sample_has_coarser_strata(void **state)
{
    float scores[SCORES * IMAGES];
    struct world w;
    struct err e;

    world_open(&w, state);
    score(scores);
    for (uint64_t wanted = 1; wanted <= 40; wanted++) {
        for (unsigned by = 0; by < 16; by++) {
            struct review_plan p = plan_of(&w);
            struct drawing d;

            p.probabilities = scores;
            p.strata = by & 7;
            p.active = by & 8;
            assert_ok(draw_sample(&(struct frame){ .plan = &p }, wanted, &d, &e), &e);
            assert_int_equal(d.n, wanted);
            assert_true(d.n_strata == 1 || d.n_strata <= wanted / 2);
            drawing_release(&d);
        }
    }
    world_close(&w);
}

static bool has_stratum(const struct drawing *d, const char *name, uint64_t cells)
{
    for (size_t h = 0; h < d->n_strata; h++)
        if (text_equal(d->strata[h].name, name))
            return d->strata[h].cells == cells;
    return false;
}

static void strata_tell_apart_what_was_asked_for(void **state)
{
    static const struct {
        unsigned strata;
        const char *name;
        uint64_t cells;
    } rows[] = {
        { STRATA_QUESTION, "Bald: all cells", 60 },
        { STRATA_ANSWER, "yes, yes", 10 },
        { STRATA_SCORE, "all cells; score from 0.99", 63 }, /* four of Bald */
        { STRATA_SCORE, "all cells; no score", 1 },
        { STRATA_SCORE, "all cells; score 0.9 to 0.95", 6 },
        { STRATA_QUESTION | STRATA_SCORE, "Hair: all cells; score from 0.99", 59 },
        { STRATA_QUESTION | STRATA_ANSWER | STRATA_SCORE, "Bald: yes, no; score 0.8 to 0.9", 4 },
    };
    float scores[SCORES * IMAGES];
    struct world w;
    struct err e;

    world_open(&w, state);
    score(scores);
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct review_plan p = plan_of(&w);
        struct drawing d;

        p.probabilities = scores;
        p.strata = rows[r].strata;
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, COLUMNS * IMAGES, &d, &e), &e);
        if (!has_stratum(&d, rows[r].name, rows[r].cells))
            for (size_t h = 0; h < d.n_strata; h++)
                print_message("# %s: %d\n", d.strata[h].name, (int)d.strata[h].cells);
        assert_true(has_stratum(&d, rows[r].name, rows[r].cells));
        drawing_release(&d);
    }
    world_close(&w);
}

/* n_h / N_h is b ((1 - floor) u_h / u + floor), to the rounding of n_h. */
static void cells_are_drawn_by_uncertainty(void **state)
{
    enum { WANTED = 50 };
    float scores[SCORES * IMAGES];
    struct world w;
    struct err e;

    world_open(&w, state);
    score(scores);
    for (double floor = 0.25; floor <= 1; floor += 0.25) {
        struct review_plan p = plan_of(&w);
        double u[COLUMNS * IMAGES] = { 0 }, mean = 0;
        struct drawing d;

        p.probabilities = scores;
        p.strata = STRATA_SCORE;
        p.active = true;
        p.floor = floor;
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, WANTED, &d, &e), &e);
        for (size_t c = 0; c < COLUMNS * IMAGES; c++) {
            double score = c < IMAGES ? (double)scores[SCORES * c] : c == IMAGES + 5 ? 0.5 : 0;

            u[d.stratum_of[c]] += fmin(score, 1 - score);
            mean += fmin(score, 1 - score) / (COLUMNS * IMAGES);
        }
        for (size_t h = 0; h < d.n_strata; h++) {
            double n = (double)d.strata[h].cells;
            double pi =
                (double)WANTED / (COLUMNS * IMAGES) * ((1 - floor) * u[h] / n / mean + floor);

            if (d.strata[h].drawn > 2 && d.strata[h].drawn < d.strata[h].cells)
                assert_near("cells drawn", (double)d.strata[h].drawn, n * pi, 2);
            assert_true(d.strata[h].drawn >= 2 || d.strata[h].cells < 2);
        }
        drawing_release(&d);
    }
    world_close(&w);
}

static void strata_by_score_need_scores(void **state)
{
    float none[SCORES * IMAGES];
    struct world w;
    struct err e;

    world_open(&w, state);
    for (size_t i = 0; i < COUNT(none); i++)
        none[i] = NAN;
    for (unsigned how = 0; how < 4; how++) {
        struct review_plan p = plan_of(&w);
        struct drawing d;
        int rc;

        p.probabilities = how & 1 ? none : NULL;
        p.active = how & 2;
        p.strata = p.active ? 0 : STRATA_SCORE;
        rc = draw_sample(&(struct frame){ .plan = &p }, 10, &d, &e);
        assert_refused(rc, &e, ERR_ARG);
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
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, 20, &d, &e), &e);
        assert_int_equal(d.n, 20);
        assert_int_equal(d.n_strata, n == 0 ? 2 : 4); /* questions; each one's answers */
        drawing_release(&d);
    }
    world_close(&w);
}

/* Drawn in two steps it is what one step draws, in every stratum a set of any cells with one
 * probability. */
static void a_sample_drawn_further_holds_the_one_before(void **state)
{
    enum { ROUNDS = 2000, FIRST = 20, MORE = 25 };
    uint32_t times[COLUMNS * IMAGES] = { 0 };
    double probability[COLUMNS * IMAGES] = { 0 };
    struct world w;

    world_open(&w, state);
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct review_plan p = plan_of(&w);
        bool taken[COLUMNS * IMAGES] = { false };
        struct drawing d, at_once;
        struct err e;

        p.seed = seed;
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, FIRST, &d, &e), &e);
        for (size_t i = 0; i < d.n; i++)
            taken[d.cells[i].column * IMAGES + d.cells[i].image] = true;
        d.n = 0;
        assert_ok(draw_more(&p, taken, MORE, &d, &e), &e);
        assert_int_equal(d.n, MORE);
        for (size_t i = 0; i < d.n; i++) {
            size_t cell = d.cells[i].column * IMAGES + d.cells[i].image;

            assert_false(taken[cell]);
            taken[cell] = true;
        }
        for (size_t c = 0; c < COLUMNS * IMAGES; c++) {
            const struct store_stratum *h = &d.strata[d.stratum_of[c]];

            times[c] += taken[c];
            probability[c] = (double)h->drawn / (double)h->cells;
        }
        assert_ok(draw_sample(&(struct frame){ .plan = &p }, FIRST + MORE, &at_once, &e), &e);
        assert_int_equal(at_once.n_strata, d.n_strata);
        for (size_t i = 0; i < at_once.n; i++)
            assert_true(taken[at_once.cells[i].column * IMAGES + at_once.cells[i].image]);
        drawing_release(&at_once);
        drawing_release(&d);
    }
    for (size_t c = 0; c < COLUMNS * IMAGES; c++)
        assert_near("share of draws", (double)times[c] / ROUNDS, probability[c],
                    4.5 * sqrt(probability[c] * (1 - probability[c]) / ROUNDS) + 1e-12);
    world_close(&w);
}

/* ---- the queue ---- */

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

/* ---- a project that grows ---- */

/* Sampled items of the first and of the later images. */
static void count_sampled(struct world *w, size_t of_first, size_t sampled[2])
{
    struct store_items items;
    struct err e;

    sampled[0] = sampled[1] = 0;
    assert_ok(store_items_load(w->store, w->task, &w->images, &items, &e), &e);
    for (size_t i = 0; i < items.n; i++)
        sampled[items.items[i].image >= of_first] += items.items[i].design != 0;
    store_items_release(&items);
}

static struct review_figures figures_of(struct world *w)
{
    struct review_figures f;
    struct err e;

    assert_ok(review_figures_load(&f, w->store, w->task, &w->images,
                                  (const int16_t *const[2]){ w->labels[0], w->labels[1] }, &e),
              &e);
    return f;
}

static void a_grown_frame_is_sampled_too(void **state)
{
    struct review_queued q;
    struct review_figures f;
    struct review_plan p;
    size_t sampled[2];
    struct world w;

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 30; /* of 120 cells */
    queue(&w, &p, &q);
    assert_false(q.frame_grew);
    world_grow(&w, 10 * IMAGES);
    f = figures_of(&w);
    assert_int_equal(f.frame, COLUMNS * IMAGES); /* the estimate is about these */
    assert_int_equal(f.cells, COLUMNS * 10 * IMAGES);
    review_figures_release(&f);
    p = plan_of(&w);
    p.sample = 30;
    queue(&w, &p, &q);
    assert_true(q.frame_grew);
    assert_int_equal(q.sampled, 270); /* a quarter of what is new, too */
    assert_int_equal(q.frame, COLUMNS * 9 * IMAGES);
    count_sampled(&w, IMAGES, sampled);
    assert_int_equal(sampled[0], 30);
    assert_int_equal(sampled[1], 270);
    f = figures_of(&w);
    assert_int_equal(f.frame, COLUMNS * 10 * IMAGES);
    assert_int_equal(f.drawn, 300);
    review_figures_release(&f);
    queue(&w, &p, &q); /* the same again draws nothing */
    assert_false(q.frame_grew);
    assert_int_equal(q.sampled, 0);
    world_close(&w);
}

/* ---- a larger sample ---- */

/* Items of the design: their number, with the probability of their stratum each. */
static size_t count_drawn(struct world *w, int64_t design)
{
    struct store_items items;
    struct store_stratum *strata;
    struct arena arena = { 0 };
    struct err e;
    size_t n, drawn = 0;

    assert_ok(store_items_load(w->store, w->task, &w->images, &items, &e), &e);
    assert_ok(store_strata_load(w->store, design, &arena, &strata, &n, &e), &e);
    for (size_t i = 0; i < items.n; i++) {
        const struct store_item *item = &items.items[i];

        if (item->design != design)
            continue;
        drawn++;
        assert_true(item->inclusion_probability ==
                    (double)strata[item->stratum].drawn / (double)strata[item->stratum].cells);
    }
    store_items_release(&items);
    arena_release(&arena);
    return drawn;
}

static void a_larger_sample_extends_the_earlier_one(void **state)
{
    struct review_queued q;
    struct review_plan p;
    struct world w;
    int64_t design;

    world_open(&w, state);
    p = plan_of(&w);
    queue(&w, &p, &q); /* the disputes alone, at first */
    design = q.design;
    p.sample = 30;
    queue(&w, &p, &q);
    assert_int_equal(q.design, design);
    assert_int_equal(q.sampled, 30);
    p.sample = 50;
    queue(&w, &p, &q);
    assert_int_equal(q.design, design);
    assert_int_equal(q.sampled_before, 30);
    assert_int_equal(q.extended, 20);
    assert_int_equal(count_drawn(&w, design), 50);
    for (p.sample = 20; p.sample <= 50; p.sample += 30) { /* what is drawn stays drawn */
        queue(&w, &p, &q);
        assert_int_equal(q.design, design);
        assert_int_equal(q.extended, 0);
        assert_int_equal(count_drawn(&w, design), 50);
    }
    world_grow(&w, 2 * IMAGES); /* from what is new at the rate of before, then from all */
    p = plan_of(&w);
    p.sample = 110;
    queue(&w, &p, &q);
    assert_int_equal(q.design, design);
    assert_int_equal(q.sampled, 50);
    assert_int_equal(q.extended, 10);
    assert_int_equal(count_drawn(&w, design), 110);
    p.sample = 0;
    p.sample_share = 0.75;
    queue(&w, &p, &q);
    assert_int_equal(q.extended, 70);
    assert_int_equal(count_drawn(&w, design), 180);
    p.sample_share = 1;
    queue(&w, &p, &q);
    assert_int_equal(count_drawn(&w, design), COLUMNS * 2 * IMAGES);
    world_close(&w);
}

/* Whose cells are not all there has none whose probabilities could grow. */
static void a_sample_that_lost_cells_is_drawn_anew(void **state)
{
    struct review_queued q;
    struct review_plan p;
    struct world w;
    struct err e;
    int64_t design, other;

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 30;
    queue(&w, &p, &q);
    design = q.design;
    assert_ok(store_begin(w.store, &e), &e);
    assert_ok(store_image_set_aside(w.store, w.images.ids[7], false, &e), &e);
    assert_ok(store_end(w.store, 0, &e), &e);
    world_grow(&w, IMAGES - 1);
    p = plan_of(&w);
    p.sample = 30;
    queue(&w, &p, &q); /* the same goes on */
    assert_int_equal(q.design, design);
    assert_false(q.redrawn);
    p.sample = 40;
    queue(&w, &p, &q);
    other = q.design;
    assert_true(q.redrawn);
    assert_int_not_equal(other, design);
    assert_int_equal(count_drawn(&w, other), 40);
    p.sample = 50;
    queue(&w, &p, &q); /* and that one can be extended again */
    assert_int_equal(q.design, other);
    assert_false(q.redrawn);
    assert_int_equal(count_drawn(&w, other), 50);
    world_close(&w);
}

/* A cell's stored probability is that of its own part of the frame, over many seeds. */
static void cells_of_a_grown_frame_are_drawn_with_their_stated_probability(void **state)
{
    enum { ROUNDS = 1500, GROWN = 90, FIRST = 30 };
    static uint32_t times[COLUMNS * GROWN];
    static double probability[COLUMNS * GROWN];
    struct world w;
    struct err e;

    world_open(&w, state);
    world_grow(&w, GROWN);
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        const size_t before[COLUMNS] = { FIRST, FIRST };
        struct review_plan p = plan_of(&w);
        const struct frame grown = { &p, before };
        struct drawing d;

        p.seed = seed;
        assert_int_equal(frame_cells(&grown), COLUMNS * (GROWN - FIRST));
        assert_ok(draw_sample(&grown, 24, &d, &e), &e);
        assert_int_equal(d.n, 24);
        for (size_t i = 0; i < d.n; i++) {
            const struct store_stratum *h = &d.strata[d.cells[i].stratum];
            size_t cell = d.cells[i].column * GROWN + d.cells[i].image;

            assert_in_range(d.cells[i].image, FIRST, GROWN - 1);
            times[cell]++;
            probability[cell] = (double)h->drawn / (double)h->cells;
        }
        drawing_release(&d);
    }
    for (size_t c = 0; c < COLUMNS * GROWN; c++)
        assert_near("share of draws", (double)times[c] / ROUNDS, probability[c],
                    4.5 * sqrt(probability[c] * (1 - probability[c]) / ROUNDS) + 1e-12);
    world_close(&w);
}

/* ---- overlap ---- */

/* How many items want so many votes; each of them is in the sample, and is marked. */
static size_t count_wanting(struct world *w, uint32_t votes, uint8_t *marked)
{
    struct store_items items;
    struct err e;
    size_t n = 0;

    assert_ok(store_items_load(w->store, w->task, &w->images, &items, &e), &e);
    for (size_t i = 0; i < items.n; i++) {
        const struct store_item *item = &items.items[i];

        if (item->votes != votes)
            continue;
        assert_true(item->design != 0 && item->kind != REVIEW_REPEAT);
        marked[item->column * IMAGES + item->image]++;
        n++;
    }
    store_items_release(&items);
    return n;
}

static void some_drawn_cells_are_asked_of_several_people(void **state)
{
    uint8_t few[COLUMNS * IMAGES] = { 0 }, more[COLUMNS * IMAGES] = { 0 };
    struct review_queued q;
    struct review_plan p;
    struct world w;
    size_t all;

    world_open(&w, state);
    p = plan_of(&w);
    p.sample = 60;
    p.repeat = 7;
    p.overlap = 20;
    p.overlap_votes = 3;
    queue(&w, &p, &q);
    all = q.items_open;
    assert_int_equal(q.overlap, 20);
    assert_int_equal(q.votes_open, all + 20 * 2);
    assert_int_equal(count_wanting(&w, 3, few), 20);
    p.overlap = 35;
    p.overlap_votes = 4;
    queue(&w, &p, &q); /* the sample is there already */
    assert_int_equal(q.votes_open, all + 35 * 3);
    assert_int_equal(count_wanting(&w, 4, more), 35);
    for (size_t c = 0; c < COUNT(few); c++)
        assert_true(few[c] <= more[c]);
    p.overlap = 1000;
    queue(&w, &p, &q);
    assert_int_equal(q.overlap, 60);
    p.overlap = 0;
    queue(&w, &p, &q);
    assert_int_equal(q.overlap, 0);
    assert_int_equal(q.votes_open, all);
    assert_int_equal(count_wanting(&w, 4, more), 0);
    world_close(&w);
}

static void the_overlap_is_drawn_by_the_seed(void **state)
{
    enum { SEEDS = 400, OVERLAP = 15, SAMPLE = 60 };
    struct store_item items[SAMPLE];
    struct store_item *all[SAMPLE];
    unsigned times[SAMPLE] = { 0 };
    const double share = (double)OVERLAP / SAMPLE;
    struct review_plan p;
    struct world w;
    struct err e;
    uint64_t n;

    world_open(&w, state);
    p = plan_of(&w);
    p.overlap = OVERLAP;
    p.overlap_votes = 3;
    for (p.seed = 1; p.seed <= SEEDS; p.seed++) {
        for (size_t i = 0; i < SAMPLE; i++) {
            items[i] = (struct store_item){ .image = i / 2, .column = i % 2, .design = 1 };
            all[i] = &items[i];
        }
        assert_ok(overlap_choose(&p, all, SAMPLE, &n, &e), &e);
        assert_int_equal(n, OVERLAP);
        for (size_t i = 0; i < SAMPLE; i++)
            times[i] += items[i].votes == 3;
    }
    for (size_t i = 0; i < SAMPLE; i++)
        assert_near("share of seeds", (double)times[i] / SEEDS, share,
                    4.5 * sqrt(share * (1 - share) / SEEDS));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation_gives_each_stratum_two_and_the_rest_by_roots),
        test_with_scratch(cells_are_drawn_with_their_stated_probability),
        test_with_scratch(a_small_sample_has_coarser_strata),
        test_with_scratch(strata_tell_apart_what_was_asked_for),
        test_with_scratch(cells_are_drawn_by_uncertainty),
        test_with_scratch(strata_by_score_need_scores),
        test_with_scratch(a_sample_works_with_one_annotator_and_with_none),
        test_with_scratch(a_sample_drawn_further_holds_the_one_before),
        test_with_scratch(a_cell_is_queued_once_and_the_sample_remembers_disputes),
        test_with_scratch(place_says_nothing_about_kind),
        test_with_scratch(a_grown_frame_is_sampled_too),
        test_with_scratch(a_larger_sample_extends_the_earlier_one),
        test_with_scratch(a_sample_that_lost_cells_is_drawn_anew),
        test_with_scratch(cells_of_a_grown_frame_are_drawn_with_their_stated_probability),
        test_with_scratch(some_drawn_cells_are_asked_of_several_people),
        test_with_scratch(the_overlap_is_drawn_by_the_seed),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
