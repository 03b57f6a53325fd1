/* SPDX-License-Identifier: MIT */
/*
 * stats/: may a set be accepted? E-values against every vector of errors tried one by one, and the
 * promise kept under looking after every vote.
 */
#include "support_stats.h"

#include "stats/accept.h"

/* tools/oracle/accept.py */
static const struct {
    const char *name;
    double limit, alpha;
    size_t n;
    struct stats_seen strata[4];
    double accept, futile, bound;
} cases[] = {
    { "nothing seen", 0.05, 0.05, 1, { { 50, 0, 0, 0, 0 } }, 0, 0, 1 },
    { "no errors",
      0.05,
      0.05,
      1,
      { { 2000, 81, 0, 0, 0 } },
      3.15485002758,
      -7.08559407135,
      0.0485 },
    { "some errors",
      0.05,
      0.05,
      1,
      { { 3000, 270, 5, 0, 0 } },
      3.19682673747,
      -7.70902622171,
      0.049 },
    { "a large share", 0.1, 0.05, 1, { { 120, 90, 5, 0, 0 } }, 3.50030744042, -4.26384441712, 0.1 },
    { "above the limit",
      0.05,
      0.1,
      1,
      { { 1000, 60, 12, 0, 0 } },
      -12.5133013582,
      7.56869963072,
      0.531 },
    { "all right but one",
      0.02,
      0.01,
      1,
      { { 400, 250, 1, 0, 0 } },
      4.61362884612,
      -7.25108081443,
      0.02 },
    { "two strata",
      0.05,
      0.05,
      2,
      { { 300, 60, 1, 0, 0 }, { 90, 40, 6, 0, 0 } },
      -1.83698679068,
      -5.03854239677,
      0.151282051282 },
    { "one not looked at",
      0.1,
      0.05,
      2,
      { { 200, 50, 2, 0, 0 }, { 15, 0, 0, 0, 0 } },
      -0.919538849422,
      -2.78134804561,
      0.204651162791 },
    { "one seen whole",
      0.08,
      0.05,
      2,
      { { 150, 45, 1, 0, 0 }, { 20, 20, 5, 0, 0 } },
      -2.19325891027,
      -6.18428018874,
      0.205882352941 },
    { "three strata",
      0.1,
      0.05,
      3,
      { { 60, 20, 0, 0, 0 }, { 80, 30, 4, 0, 0 }, { 25, 12, 3, 0, 0 } },
      -2.00050963075,
      -5.5944910947,
      0.230303030303 },
    { "none may be wrong",
      0.0,
      0.05,
      1,
      { { 100, 96, 0, 0, 0 } },
      3.21887582487,
      -3.11095155143,
      0 },
    { "mostly wrong",
      0.3,
      0.05,
      3,
      { { 40, 20, 15, 0, 0 }, { 70, 20, 9, 0, 0 }, { 30, 6, 6, 0, 0 } },
      -3.14230148494,
      13.5691001925,
      0.807142857143 },
    { "whole by design",
      0.08,
      0.05,
      2,
      { { 150, 75, 1, 0, 0 }, { 20, 20, 5, 1, 0 } },
      2.42078723916,
      -6.39492296945,
      0.0823529411765 },
    { "whole, not yet",
      0.2,
      0.05,
      2,
      { { 150, 75, 1, 0, 0 }, { 20, 12, 5, 1, 0 } },
      10.8322858999,
      -15.9092078537,
      0.141176470588 },
    { "weights",
      0.1,
      0.05,
      2,
      { { 300, 30, 1, 0, 17.5 }, { 80, 22, 6, 0, 9 } },
      -1.00425830699,
      -4.26420161229,
      0.257894736842 },
    { "weights, none wrong",
      0.05,
      0.05,
      2,
      { { 400, 70, 0, 0, 20 }, { 90, 30, 0, 0, 9.5 } },
      3.6701635525,
      -5.6328381374,
      0.0428571428571 },
    { "weights, of three",
      0.15,
      0.1,
      3,
      { { 90, 25, 0, 0, 3 }, { 60, 20, 3, 0, 2 }, { 12, 12, 4, 0, 1 } },
      -0.324608239715,
      -7.56481417077,
      0.216049382716 },
    { "weights, one by design, one unseen",
      0.2,
      0.05,
      4,
      { { 90, 40, 1, 0, 9 }, { 40, 20, 4, 0, 6 }, { 9, 4, 2, 1, 3 }, { 5, 0, 0, 0, 2 } },
      0.48943383271,
      -5.1581310317,
      0.236111111111 },
    { "alike",
      0.2,
      0.05,
      3,
      { { 60, 20, 1, 0, 1 }, { 60, 20, 1, 0, 1 }, { 60, 20, 1, 0, 1 } },
      6.56168560453,
      -6.50746642894,
      0.15 },
    { "nearly all wrong",
      0.9,
      0.1,
      2,
      { { 30, 12, 9, 0, 5 }, { 20, 8, 8, 0, 4 } },
      -0.186222882665,
      -2.99516926449,
      0.94 },
    { "one cell",
      0.1,
      0.1,
      2,
      { { 1, 1, 0, 0, 1 }, { 60, 30, 0, 0, 8 } },
      4.14944300127,
      -3.57847109812,
      0.0655737704918 },
};

static const struct {
    struct stats_plan plan;
    struct stats_planned planned;
    uint64_t fixed;
} plans[] = {
    { { STATS_ENDLESS, 0.02, 0.05, 0.05 }, { 427, 0.996453195, 274.861978 }, 234 },
    { { STATS_ENDLESS, 0.01, 0.05, 0.05 }, { 207, 0.999999993, 140.134963 }, 124 },
    { { STATS_ENDLESS, 0.0, 0.05, 0.05 }, { 81, 1, 81 }, 59 },
    { { STATS_ENDLESS, 0.02, 0.05, 0.00125 }, { 829, 0.915959191, 587.079288 }, 582 },
    { { STATS_ENDLESS, 0.0, 0.05, 0.00125 }, { 162, 1, 162 }, 131 },
    { { STATS_ENDLESS, 0.05, 0.05, 0.05 }, { 0, 0.0401805969, 969.651578 }, 0 },
    { { STATS_ENDLESS, 0.1, 0.2, 0.01 }, { 207, 0.999999992, 140.90353 }, 134 },
    { { 500, 0.02, 0.05, 0.05 }, { 221, 1, 161.988876 }, 158 },
    { { 80, 0.025, 0.1, 0.1 }, { 37, 1, 31.1063291 }, 29 },
};

static const struct {
    uint64_t cells, n, errors;
    double alpha, bound;
} exact[] = {
    { STATS_ENDLESS, 59, 0, 0.05, 0.04950760989 },
    { STATS_ENDLESS, 100, 3, 0.05, 0.07571079375 },
    { STATS_ENDLESS, 8, 8, 0.1, 1 },
    { 1000, 59, 0, 0.05, 0.048 },
    { 200, 200, 7, 0.05, 0.035 },
    { 50, 20, 5, 0.01, 0.46 },
    { 30, 0, 0, 0.05, 1 },
};

static void same(const char *name, double got, double wanted)
{
    if (isinf(wanted) ? got != wanted : !(fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted))))
        fail_row(name, "%.12g, not %.12g", got, wanted);
}

static void e_values_equal_those_of_all_vectors_of_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct stats_seen *strata = cases[i].strata;

        same(cases[i].name, stats_accept_log_e(strata, cases[i].n, cases[i].limit),
             cases[i].accept);
        same(cases[i].name, stats_futile_log_e(strata, cases[i].n, cases[i].limit),
             cases[i].futile);
        same(cases[i].name, stats_accept_bound(strata, cases[i].n, cases[i].limit, cases[i].alpha),
             cases[i].bound);
    }
}

/* Whatever the set: accepted where the bound is at most the limit, and nowhere else; the order of
 * strata, and strata without cells, change nothing. */
static void the_bound_says_what_the_e_value_says(void **state)
{
    (void)state;
    random_state = 3;
    for (size_t i = 0; i < 500; i++) {
        struct stats_seen s[3], turned[4] = { { 0 } };
        double limit = (1 + draw(20)) / 50.0, alpha = (1 + draw(10)) / 50.0, bound;

        for (size_t h = 0; h < 3; h++) {
            s[h].cells = 1 + draw(400);
            s[h].n = draw((unsigned)s[h].cells + 1);
            s[h].errors = s[h].n * draw(10) / 100;
            s[h].whole = draw(4) == 0;
            s[h].weight = i % 3 == 0 ? 0 : sqrt((double)s[h].cells) * (1 + draw(3));
            turned[3 - h] = s[h];
        }
        bound = stats_accept_bound(s, 3, limit, alpha);
        assert_int_equal(bound <= limit + 1e-12, stats_accept_log_e(s, 3, limit) >= -log(alpha));
        same("turned", stats_accept_bound(turned, 4, limit, alpha), bound);
    }
}

static void large_sets_lose_no_digits(void **state)
{
    /* without end the ratio is that of two binomials: 9 points against the limit */
    const struct stats_seen large = { 1000000000000, 137, 1, false };
    double limit = 0.05, sum = 0;

    (void)state;
    for (int k = 0; k < 9; k++)
        sum += k / 10.0 * pow((1 - limit * k / 10) / (1 - limit), 136) / 9;
    assert_near("large", stats_accept_log_e(&large, 1, limit), log(sum), 1e-8);
}

static void a_set_without_cells_has_no_bound(void **state)
{
    const struct stats_seen none = { 0 };

    (void)state;
    assert_true(stats_accept_log_e(NULL, 0, 0.05) == 0);
    assert_true(stats_futile_log_e(&none, 1, 0.05) == 0);
    assert_undefined(stats_accept_bound(&none, 1, 0.05, 0.05));
}

static void the_outlook_is_what_comes_true(void **state)
{
    const struct stats_promise promise = { 0.05, 0.05, 0.05 };
    /* at the end of the outlook it is decided, and a vote before it is not */
    struct stats_seen s = { 100000, 100, 2, false }, whole = { 10, 10, 0, false };
    struct stats_outlook o = stats_accept_outlook(&s, 1, &promise);
    double rate = 2.5 / 120;

    (void)state;
    assert_int_equal(o.decision, STATS_ACCEPTED);
    s.n += (uint64_t)o.votes;
    s.errors += (uint64_t)(o.votes * rate);
    assert_true(stats_accept_log_e(&s, 1, promise.limit) >= log(20));
    s.errors++;
    assert_true(stats_accept_log_e(&s, 1, promise.limit) < log(20));
    assert_true(stats_accept_outlook(&s, 1, &promise).votes > 1);

    o = stats_accept_outlook(&(struct stats_seen){ 100000, 50, 20, false }, 1, &promise);
    assert_int_equal(o.decision, STATS_FUTILE);
    assert_true(o.votes == 0);
    o = stats_accept_outlook(&(struct stats_seen){ 100000, 100, 5, false }, 1, &promise);
    assert_true(o.votes > 20000); /* at the limit itself, few cells less than all */
    o = stats_accept_outlook(&whole, 1, &promise);
    assert_int_equal(o.decision, STATS_ACCEPTED);
    assert_true(o.votes == 0);
    o = stats_accept_outlook(NULL, 0, &promise);
    assert_true(isinf(o.votes));
}

/* ---- several sets, several questions ---- */

/* So many right answers and no wrong one, of a set without end. */
static struct stats_seen right(uint64_t n)
{
    return (struct stats_seen){ STATS_ENDLESS, n, 0, false };
}

static double log_e_of(uint64_t n)
{
    const struct stats_seen s = right(n);

    return stats_accept_log_e(&s, 1, 0.05);
}

/* The fewest right answers that reach this alpha. */
static uint64_t needed(double alpha)
{
    uint64_t n = 1;

    while (log_e_of(n) < -log(alpha))
        n++;
    return n;
}

static void accept_or_fail(const struct stats_sets *sets, size_t n, struct stats_accepted *out)
{
    struct err e;

    assert_ok(stats_accept_sets(sets, n, 0.05, out, &e), &e);
}

static void a_question_that_is_done_gives_its_alpha_away(void **state)
{
    struct stats_seen s[3] = { right(needed(0.05 / 3)), right(needed(0.05 / 2)),
                               right(needed(0.05)) };
    struct stats_sets sets[3];
    struct stats_accepted out[3];

    (void)state;
    for (size_t q = 0; q < 3; q++)
        sets[q] = (struct stats_sets){ &s[q], 1, 1, { 0 }, 1, 0.05 };
    accept_or_fail(sets, 3, out);
    for (size_t q = 0; q < 3; q++) {
        assert_int_equal(out[q].set, 0);
        assert_true(out[q].next == STATS_NONE);
        assert_near("alpha", out[q].alpha, 0.05 / (double)(3 - q), 1e-15);
    }
    s[0] = right(needed(0.05 / 3) - 1); /* and without the first none of them is */
    s[1] = right(needed(0.05 / 3) - 1);
    accept_or_fail(sets, 3, out);
    for (size_t q = 0; q < 3; q++) {
        assert_true(out[q].set == STATS_NONE);
        assert_int_equal(out[q].next, 0);
        assert_near("alpha", out[q].next_alpha, 0.05 / 3, 1e-15);
    }
}

static void thresholds_are_tried_upwards_and_parts_add_up(void **state)
{
    uint64_t half = needed(0.025), full = needed(0.05);
    struct stats_seen s[4] = { right(half), right(half), right(full), right(full) }, last;
    const struct stats_sets sets = { s, 4, 1, { 0, 2 }, 2, 0.05 };
    struct stats_accepted out;

    (void)state;
    assert_true(full < half);
    accept_or_fail(&sets, 1, &out); /* the second start's part waits for the first's */
    assert_int_equal(out.set, 3);
    assert_near("alpha", out.alpha, 0.05, 1e-15);

    s[1] = right(half - 1); /* which does not come */
    accept_or_fail(&sets, 1, &out);
    assert_int_equal(out.set, 0);
    assert_near("alpha", out.alpha, 0.025, 1e-15);
    assert_int_equal(out.next, 1);
    assert_near("next", out.next_alpha, 0.025, 1e-15);

    s[2] = s[3] = right(half); /* or is not needed */
    accept_or_fail(&sets, 1, &out);
    assert_int_equal(out.set, 3);
    assert_near("alpha", out.alpha, 0.025, 1e-15);
    assert_true(out.next == STATS_NONE);

    last = s[3]; /* larger sets do not help where a start is not reached */
    s[3] = right(1);
    accept_or_fail(&sets, 1, &out);
    assert_int_equal(out.set, 2);
    assert_int_equal(out.next, 3);
    s[3] = last;
}

/* A part that lies on a set that was not accepted stays there: it may have been a false claim's. */
static void only_parts_that_came_past_the_whole_are_given_away(void **state)
{
    struct stats_seen first[2] = { right(1), right(needed(0.05 / 4)) },
                      second[2] = { right(1), right(needed(0.05 / 3) - 1) };
    const struct stats_sets sets[2] = { { first, 2, 1, { 0, 1 }, 2, 0.05 },
                                        { second, 2, 1, { 0, 1 }, 2, 0.05 } };
    struct stats_accepted out[2];

    (void)state;
    accept_or_fail(sets, 2, out);
    assert_int_equal(out[0].set, 1);
    assert_true(out[1].set == STATS_NONE);
    assert_int_equal(out[1].next, 1);
    assert_near("next", out[1].next_alpha, 0.05 / 3, 1e-15);
    second[1].n++;
    accept_or_fail(sets, 2, out);
    assert_int_equal(out[1].set, 1);
}

static void starts_must_be_ascending_sets(void **state)
{
    const struct stats_seen s[2] = { { 10, 0, 0, false }, { 20, 0, 0, false } };
    const struct stats_sets bad[] = { { s, 2, 1, { 0 }, 0, 0.05 },
                                      { s, 2, 1, { 2 }, 1, 0.05 },
                                      { s, 2, 1, { 1, 0 }, 2, 0.05 },
                                      { s, 2, 1, { 1, 1 }, 2, 0.05 },
                                      { s, 2, 1, { 0, 1 }, STATS_STARTS + 1, 0.05 } };
    struct stats_accepted out;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(stats_accept_sets(&bad[i], 1, 0.05, &out, &e), &e, ERR_ARG);
    assert_ok(stats_accept_sets(NULL, 0, 0.05, NULL, &e), &e);
}

static void holm_gives_up_as_many_as_alpha_lets_it(void **state)
{
    const double log_e[] = { log(49), -INFINITY, log(79), log(19), log(81) };
    bool given_up[5];

    (void)state;
    /* 81 > 80, 79 > 64, 49 > 48, 19 < 32 */
    assert_near("alpha", stats_holm_log_e(log_e, 5, 0.0625, given_up), 0.0625 / 2, 1e-15);
    assert_true(given_up[4] && given_up[2] && given_up[0] && !given_up[1] && !given_up[3]);
    assert_near("alpha", stats_holm_log_e(log_e, 0, 0.05, given_up), 0.05, 1e-15);
}

/* ---- images ---- */

static void images_are_bet_on_one_by_one(void **state)
{
    /* of 4 cells at most, the second's drawn with probability 1/2 */
    const struct stats_cluster images[] = { { 4, 0 }, { 4, 2 }, { 3, 0 }, { 0, 0 } };
    double limit = 0.1, sum = 0, bound;

    (void)state;
    for (int i = 0; i < 6; i++) {
        double stake = 0.9 / (double)(1 << i) / 3.6;

        sum += (1 + stake * 0.4) * (1 - stake * 1.6) * (1 + stake * 0.3) / 6;
    }
    same("images", stats_clusters_log_e(images, 4, limit, 4), log(sum));
    assert_true(stats_clusters_bound(images, 0, 4, 0.05) == 1);
    bound = stats_clusters_bound(images, 4, 4, 0.3);
    assert_true(bound < 1);
    assert_true(stats_clusters_log_e(images, 4, bound, 4) >= -log(0.3));
    assert_true(stats_clusters_log_e(images, 4, bound - 1e-6, 4) < -log(0.3));
}

/* ---- before the first vote ---- */

static void plans_equal_the_probabilities_carried_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plans); i++) {
        struct stats_planned got;
        struct err e;
        char name[32];

        snprintf(name, sizeof(name), "plan %zu", i);
        assert_ok(stats_plan_votes(&plans[i].plan, 0.8, 1000, &got, &e), &e);
        assert_int_equal(got.votes, plans[i].planned.votes);
        assert_near(name, got.reached, plans[i].planned.reached, 1e-7);
        assert_near(name, got.mean, plans[i].planned.mean, 1e-5);
        assert_int_equal(stats_plan_fixed(&plans[i].plan, 0.8, 1000), plans[i].fixed);
    }
}

static void exact_bounds_equal_sums_of_whole_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(exact); i++)
        assert_near("bound",
                    stats_exact_bound(exact[i].cells, exact[i].n, exact[i].errors, exact[i].alpha),
                    exact[i].bound, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e_values_equal_those_of_all_vectors_of_errors),
        cmocka_unit_test(the_bound_says_what_the_e_value_says),
        cmocka_unit_test(large_sets_lose_no_digits),
        cmocka_unit_test(a_set_without_cells_has_no_bound),
        cmocka_unit_test(the_outlook_is_what_comes_true),
        cmocka_unit_test(a_question_that_is_done_gives_its_alpha_away),
        cmocka_unit_test(thresholds_are_tried_upwards_and_parts_add_up),
        cmocka_unit_test(only_parts_that_came_past_the_whole_are_given_away),
        cmocka_unit_test(starts_must_be_ascending_sets),
        cmocka_unit_test(holm_gives_up_as_many_as_alpha_lets_it),
        cmocka_unit_test(images_are_bet_on_one_by_one),
        cmocka_unit_test(plans_equal_the_probabilities_carried_on),
        cmocka_unit_test(exact_bounds_equal_sums_of_whole_numbers),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_accept", tests, NULL, NULL);
}
