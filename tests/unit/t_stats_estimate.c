/* SPDX-License-Identifier: MIT */
/*
 * stats/estimate.h: equal to ppi-python, numpy and Lang and Reiczigel (tools/oracle/ppi.py), and
 * right as often as promised. ASSENT_TEST_ALL=1 simulates ten times as long.
 */
#include "support_stats.h"

#include "stats/estimate.h"

/* ---- recorded inputs ---- */

static size_t numbers(const struct json_t *set, const char *key, double *out, size_t room)
{
    const struct json_t *list = jv_get(set, key);
    size_t n = jv_length(list);

    assert_true(n <= room);
    for (size_t i = 0; i < n; i++)
        assert_true(jv_number(jv_at(list, i), &out[i]));
    return n;
}

static void guess(struct estimate_stratum *h, const double *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h->cells++;
        h->guess += f[i];
        h->guess2 += f[i] * f[i];
    }
}

enum { ROOM = 256 };

/* guessed: whether the guesses of the settled cells are among the list of all. */
static struct estimate_stratum stratum_of(const struct json_t *set, const char *all, bool guessed)
{
    struct estimate_stratum h = { 0 };
    double y[ROOM], f[ROOM], others[ROOM];
    size_t n = numbers(set, "y", y, ROOM);

    assert_int_equal(numbers(set, "f", f, ROOM), n);
    guess(&h, others, numbers(set, all, others, ROOM));
    if (!guessed)
        guess(&h, f, n);
    for (size_t i = 0; i < n; i++)
        estimate_settle(&h, y[i], f[i]);
    return h;
}

static const struct json_t *sets(struct json_t **file, const char *key)
{
    *file = load_json("ASSENT_TEST_DATA", "estimates.json");
    assert_true(jv_length(jv_get(*file, key)) > 1);
    return jv_get(*file, key);
}

static void power_equals_ppi_python(void **state)
{
    struct json_t *file;
    const struct json_t *all = sets(&file, "ppi");

    (void)state;
    for (size_t i = 0; i < jv_length(all); i++) {
        const struct json_t *set = jv_at(all, i), *results = jv_get(set, "results");
        const char *name = jv_text(jv_get(set, "name"));
        struct estimate_stratum h = stratum_of(set, "unseen", false);
        struct estimate x;

        for (size_t r = 0; r < jv_length(results); r++) {
            const struct json_t *wanted = jv_at(results, r);

            estimate_population(
                &h, 1, (struct estimate_power){ .lambda = number_at(wanted, "lambda", NULL) }, &x);
            assert_near(name, x.value, number_at(wanted, "value", NULL), 1e-9);
            assert_near(name, x.value - STATS_Z95 * x.error, number_at(wanted, "low", NULL), 1e-9);
            assert_near(name, x.value + STATS_Z95 * x.error, number_at(wanted, "high", NULL), 1e-9);
        }
        estimate_population(&h, 1, (struct estimate_power){ .lambda = NAN }, &x);
        assert_near(name, x.lambda, number_at(set, "best", NULL), 1e-9);
        assert_near(name, x.value, number_at(set, "best_value", NULL), 1e-9);
    }
    jv_free(file);
}

static void difference_equals_the_cell_by_cell_computation(void **state)
{
    struct json_t *file;
    const struct json_t *all = sets(&file, "strata");

    (void)state;
    for (size_t i = 0; i < jv_length(all); i++) {
        const struct json_t *set = jv_at(all, i), *strata = jv_get(set, "strata");
        const char *name = jv_text(jv_get(set, "name"));
        struct estimate_stratum h[8];
        struct estimate x;

        assert_in_range(jv_length(strata), 1, COUNT(h));
        for (size_t k = 0; k < jv_length(strata); k++)
            h[k] = stratum_of(jv_at(strata, k), "guess", true);
        estimate_cells(h, jv_length(strata), &x);
        assert_near(name, x.value, number_at(set, "value", NULL), 1e-9);
        assert_near(name, x.error, number_at(set, "error", NULL), 1e-9);
        assert_near(name, x.interval.low, number_at(set, "low", NULL), 1e-9);
        assert_near(name, x.interval.high, number_at(set, "high", NULL), 1e-9);
        assert_near(name, x.covered, number_at(set, "covered", NULL), 1e-9);
    }
    jv_free(file);
}

static void active_equals_the_cell_by_cell_computation(void **state)
{
    struct json_t *file;
    const struct json_t *set =
        jv_at(jv_get(file = load_json("ASSENT_TEST_DATA", "estimates.json"), "active"), 0);
    double y[ROOM], f[ROOM], pi[ROOM], all[ROOM];
    struct estimate_cell drawn[ROOM];
    struct estimate_drawn d = { .drawn = drawn, .n = numbers(set, "y", y, ROOM) };
    size_t n = numbers(set, "guess", all, ROOM);
    struct estimate x;

    (void)state;
    assert_int_equal(numbers(set, "f", f, ROOM), d.n);
    assert_int_equal(numbers(set, "pi", pi, ROOM), d.n);
    for (size_t i = 0; i < d.n; i++)
        drawn[i] = (struct estimate_cell){ y[i], f[i], pi[i] };
    for (size_t i = 0; i < n; i++) {
        d.cells++;
        d.guess += all[i];
        d.guess2 += all[i] * all[i];
    }
    estimate_active(&d, false, &x);
    assert_near("value", x.value, number_at(set, "value", NULL), 1e-9);
    assert_near("error", x.error, number_at(set, "error", NULL), 1e-9);
    estimate_active(&d, true, &x);
    assert_near("value", x.value, number_at(set, "value", NULL), 1e-9);
    assert_near("error", x.error, number_at(set, "population_error", NULL), 1e-9);
    jv_free(file);
}

/* n of 0/1 answers of an endless population, k of them 1. */
static struct estimate share_of(double k, double n)
{
    struct estimate x = { .value = k / n, .settled = n };

    x.error = sqrt(k / n * (1 - k / n) / n);
    x.interval = stats_wilson_share(k / n, n);
    return x;
}

static void prevalence_is_corrected_as_published(void **state)
{
    struct json_t *file;
    const struct json_t *all = sets(&file, "rogan_gladen");
    /* epiR's manual, epi.prev: 23 of 150, sensitivity .96, specificity .89: 5.1 of 100 */
    struct estimate said = share_of(23, 150), x;

    (void)state;
    estimate_rogan_gladen(&said, (struct estimate_right){ 960000, 1000000 },
                          (struct estimate_right){ 890000, 1000000 }, &x);
    assert_near("epi.prev", x.value, 0.051, 0.0005);
    for (size_t i = 0; i < jv_length(all); i++) {
        const struct json_t *set = jv_at(all, i);
        const struct estimate_right yes = { number_at(set, "right_yes", NULL),
                                            number_at(set, "n_yes", NULL) };
        const struct estimate_right no = { number_at(set, "right_no", NULL),
                                           number_at(set, "n_no", NULL) };

        said = share_of(number_at(set, "said", NULL), number_at(set, "n", NULL));
        estimate_rogan_gladen(&said, yes, no, &x);
        assert_near("value", x.value, number_at(set, "value", NULL), 1e-9);
        assert_near("error", x.error, number_at(set, "error", NULL), 1e-9);
        assert_near("low", x.interval.low, number_at(set, "low", NULL), 1e-9);
        assert_near("high", x.interval.high, number_at(set, "high", NULL), 1e-9);
    }
    jv_free(file);
}

/* People who are right 9 times of 10 agree with a model that is right 8 times of 10 on
 * .8 * .9 + .2 * .1 = .74, and with themselves on .9^2 + .1^2 = .82. */
static void agreement_is_corrected_for_people_who_err(void **state)
{
    const struct estimate said = share_of(740, 1000);
    struct estimate_keep gold = estimate_keep_by_gold((struct estimate_right){ 900, 1000 });
    struct estimate_keep repeats = estimate_keep_by_repeats((struct estimate_right){ 820, 1000 });
    struct estimate x;

    (void)state;
    assert_near("gold", gold.keep, 0.8, 1e-12);
    assert_near("repeats", repeats.keep, 0.8, 1e-12);
    estimate_symmetric(&said, gold, &x);
    assert_near("value", x.value, 0.8, 1e-12);
    estimate_symmetric(&said, repeats, &x);
    assert_near("value", x.value, 0.8, 1e-12);
    /* by numbers: how the value moves with each share, times that share's error */
    for (int by_said = 0; by_said < 2; by_said++) {
        const double step = 1e-5, alike = 821.0 / 1002;
        double keep = sqrt(2 * (0.82 + (by_said ? 0 : step)) - 1);
        double moved = (0.5 + (0.24 + (by_said ? step : 0)) / keep - 0.8) / step;

        x.error =
            sqrt(x.error * x.error -
                 moved * moved * (by_said ? said.error * said.error : alike * (1 - alike) / 1002));
    }
    assert_near("error", x.error, 0, 1e-3);
}

/* ---- what is not defined ---- */

static void what_nobody_settled_is_undefined(void **state)
{
    const struct estimate_stratum none = { .cells = 50, .guess = 10, .guess2 = 10 };
    struct estimate x, y;

    (void)state;
    estimate_cells(&none, 1, &x);
    assert_undefined(x.value);
    assert_undefined(x.interval.low);
    assert_near("covered", x.covered, 0, 0);
    estimate_cells(NULL, 0, &x);
    assert_undefined(x.value);
    estimate_population(&none, 1, (struct estimate_power){ NAN, 1 }, &x);
    assert_undefined(x.value);
    estimate_active(&(struct estimate_drawn){ .cells = 50 }, true, &x);
    assert_undefined(x.value);
    x = share_of(3, 10);
    estimate_rogan_gladen(&x, (struct estimate_right){ 0, 0 }, (struct estimate_right){ 9, 10 },
                          &y);
    assert_undefined(y.value);
    estimate_rogan_gladen(&x, (struct estimate_right){ 5, 10 }, (struct estimate_right){ 5, 10 },
                          &y);
    assert_undefined(y.value);
    estimate_symmetric(&x, estimate_keep_by_gold((struct estimate_right){ 0, 0 }), &y);
    assert_undefined(y.value);
    estimate_symmetric(&x, estimate_keep_by_repeats((struct estimate_right){ 2, 5 }), &y);
    assert_undefined(y.value);
}

/* Nothing is left to chance where people saw every cell, and much where few cells show no error. */
static void intervals_of_what_does_not_vary(void **state)
{
    struct estimate_stratum h = { .cells = 20, .guess = 20, .guess2 = 20 };
    struct estimate x;

    (void)state;
    for (int i = 0; i < 20; i++)
        estimate_settle(&h, 1, 1);
    estimate_cells(&h, 1, &x);
    assert_near("value", x.value, 1, 1e-12);
    assert_near("low", x.interval.low, 1, 1e-12);
    h.cells = h.guess = h.guess2 = 2000;
    estimate_cells(&h, 1, &x);
    assert_near("value", x.value, 1, 1e-12);
    assert_near("low", x.interval.low, stats_wilson(20, 20).low, 0.01);
    assert_near("high", x.interval.high, 1, 0);
}

/* ---- simulation ---- */

struct tally {
    const char *name;
    double truth, rounds, held, sum, squares, errors;
};

static double chance(void)
{
    return (draw(1 << 30) + 0.5) / (1 << 30);
}

static size_t rounds_of(size_t quick)
{
    return getenv("ASSENT_TEST_ALL") ? 10 * quick : quick;
}

static void note(struct tally *t, const struct estimate *x)
{
    double off = x->value - t->truth;

    t->rounds++;
    t->held += x->interval.low <= t->truth && t->truth <= x->interval.high;
    t->sum += x->value;
    t->squares += off * off;
    t->errors += x->error * x->error;
}

/* Right on average; the standard error is the spread; and the interval holds the truth 95 times of
 * 100: less than 3 standard errors of the simulation away, and `beside` more for what only holds
 * for many cells. */
static void check(const struct tally *t, double beside)
{
    double spread = sqrt(t->squares / t->rounds), sure = 3 / sqrt(t->rounds);

    assert_near(t->name, t->sum / t->rounds, t->truth, sure * spread + 0.05 * beside);
    assert_near(t->name, sqrt(t->errors / t->squares), 1, sure + beside);
    assert_near(t->name, t->held / t->rounds, 0.95, sure * sqrt(0.95 * 0.05) + beside);
}

static const struct {
    double cells, drawn, f, yes; /* yes: cells on which people say 1 */
} classes[] = { { 3000, 200, 0, 450 }, { 1000, 120, 1, 800 } };

/* Without replacement. */
static void draw_stratum(struct estimate_stratum *h, double cells, double drawn, double f,
                         double yes)
{
    h->cells = cells;
    h->guess = h->guess2 = f * cells;
    for (double left = cells; left > cells - drawn; left--) {
        bool y = chance() * left < yes;

        yes -= y;
        estimate_settle(h, y, f);
    }
}

/* The same cells every time, others drawn. */
static void these_cells_are_estimated_as_promised(void **state)
{
    struct tally t = { "these cells", .truth = (450 + 800) / 4000.0 };

    (void)state;
    random_state = 11;
    for (size_t r = 0; r < rounds_of(2000); r++) {
        struct estimate_stratum strata[COUNT(classes)] = { 0 };
        struct estimate x;

        for (size_t k = 0; k < COUNT(classes); k++)
            draw_stratum(&strata[k], classes[k].cells, classes[k].drawn, classes[k].f,
                         classes[k].yes);
        estimate_cells(strata, COUNT(classes), &x);
        note(&t, &x);
    }
    check(&t, 0.01);
}

/* Few cells a stratum, and mistakes of which most rounds see few or none: the normal interval holds
 * the truth 56 times of 100 for the second. */
static void rare_mistakes_are_not_taken_for_certainty(void **state)
{
    static const struct {
        double cells, drawn, f, yes;
    } few[][4] = { { { 900, 12, 0, 90 }, { 450, 9, 0, 50 }, { 300, 7, 1, 250 }, { 100, 4, 1, 80 } },
                   { { 700, 30, 0, 7 }, { 300, 30, 1, 295 } } };

    (void)state;
    random_state = 15;
    for (size_t k = 0; k < COUNT(few); k++) {
        double all = 0, yes = 0;
        struct tally t = { "few cells" };

        for (size_t h = 0; h < COUNT(few[k]); h++) {
            all += few[k][h].cells;
            yes += few[k][h].yes;
        }
        t.truth = yes / all;
        for (size_t r = 0; r < rounds_of(2000); r++) {
            struct estimate_stratum strata[COUNT(few[0])] = { 0 };
            struct estimate x;

            for (size_t h = 0; h < COUNT(few[k]) && few[k][h].cells > 0; h++)
                draw_stratum(&strata[h], few[k][h].cells, few[k][h].drawn, few[k][h].f,
                             few[k][h].yes);
            estimate_cells(strata, COUNT(strata), &x);
            note(&t, &x);
        }
        if (t.held / t.rounds < 0.93)
            fail_row(t.name, "held %g times of 100", 100 * t.held / t.rounds);
    }
}

/* Other cells every time, of a population in which both classes have these shares. */
static void the_population_is_estimated_as_promised(void **state)
{
    struct tally t = { "a population", .truth = (450 + 800) / 4000.0 };

    (void)state;
    random_state = 12;
    for (size_t r = 0; r < rounds_of(1000); r++) {
        struct estimate_stratum strata[COUNT(classes)] = { 0 };
        struct estimate x;

        for (size_t i = 0; i < 1000; i++) {
            size_t k = chance() < 0.25;

            strata[k].cells++;
            strata[k].guess += classes[k].f;
            strata[k].guess2 += classes[k].f;
            if (strata[k].n < classes[k].drawn)
                estimate_settle(&strata[k], chance() < classes[k].yes / classes[k].cells,
                                classes[k].f);
        }
        estimate_population(strata, COUNT(classes), (struct estimate_power){ NAN, 1 }, &x);
        note(&t, &x);
    }
    check(&t, 0.01);
}

/* One stratum, in which the guess varies; and each cell drawn by itself, the guessed yes twice as
 * likely. */
static void power_and_active_hold_their_promise(void **state)
{
    struct tally t[] = { { "PPI++", .truth = 0.3 }, { "active", .truth = 0.3 } };

    (void)state;
    random_state = 13;
    for (size_t r = 0; r < rounds_of(1000); r++) {
        enum { CELLS = 2000, SEEN = 240 };
        struct estimate_stratum h = { .cells = CELLS };
        struct estimate_cell drawn[CELLS];
        struct estimate_drawn d = { .drawn = drawn, .cells = CELLS };
        struct estimate x;

        for (size_t i = 0; i < CELLS; i++) {
            bool y = chance() < 0.3, f = chance() < 0.1 ? !y : y;
            double pi = f ? 0.2 : 0.1;

            h.guess += f;
            if (i < SEEN)
                estimate_settle(&h, y, f);
            if (chance() < pi)
                drawn[d.n++] = (struct estimate_cell){ y, f, pi };
        }
        h.guess2 = d.guess = d.guess2 = h.guess;
        estimate_population(&h, 1, (struct estimate_power){ NAN, 1 }, &x);
        note(&t[0], &x);
        estimate_active(&d, true, &x);
        note(&t[1], &x);
    }
    check(&t[0], 0.01);
    check(&t[1], 0.01);
}

/* People find 90 of 100 and cry wolf 3 times of 100; people err 5 times of 100. */
static void corrections_hold_their_promise(void **state)
{
    struct tally t[] = { { "sensitivity", .truth = 0.3 },
                         { "gold", .truth = 0.8 },
                         { "repeats", .truth = 0.8 } };

    (void)state;
    random_state = 14;
    for (size_t r = 0; r < rounds_of(1000); r++) {
        struct estimate_right yes = { 0, 200 }, no = { 0, 200 }, gold = { 0, 400 },
                              same = { 0, 400 };
        double said = 0, agreed = 0, n = 400;
        struct estimate x, apparent;

        for (size_t i = 0; i < 400; i++) {
            said += chance() < 0.3 * 0.9 + 0.7 * 0.03;
            agreed += chance() < 0.8 * 0.95 + 0.2 * 0.05;
            gold.k += chance() < 0.95;
            same.k += chance() < 0.95 * 0.95 + 0.05 * 0.05;
            yes.k += i < 200 && chance() < 0.9;
            no.k += i < 200 && chance() < 0.97;
        }
        apparent = share_of(said, n);
        estimate_rogan_gladen(&apparent, yes, no, &x);
        note(&t[0], &x);
        apparent = share_of(agreed, n);
        estimate_symmetric(&apparent, estimate_keep_by_gold(gold), &x);
        note(&t[1], &x);
        estimate_symmetric(&apparent, estimate_keep_by_repeats(same), &x);
        note(&t[2], &x);
    }
    for (size_t i = 0; i < COUNT(t); i++)
        check(&t[i], 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_equals_ppi_python),
        cmocka_unit_test(difference_equals_the_cell_by_cell_computation),
        cmocka_unit_test(active_equals_the_cell_by_cell_computation),
        cmocka_unit_test(prevalence_is_corrected_as_published),
        cmocka_unit_test(agreement_is_corrected_for_people_who_err),
        cmocka_unit_test(what_nobody_settled_is_undefined),
        cmocka_unit_test(intervals_of_what_does_not_vary),
        cmocka_unit_test(these_cells_are_estimated_as_promised),
        cmocka_unit_test(rare_mistakes_are_not_taken_for_certainty),
        cmocka_unit_test(the_population_is_estimated_as_promised),
        cmocka_unit_test(power_and_active_hold_their_promise),
        cmocka_unit_test(corrections_hold_their_promise),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_estimate", tests, NULL, NULL);
}
