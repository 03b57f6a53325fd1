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
    struct stats_seen strata[3];
    double accept, futile, bound;
} sets[] = {
    { "nothing seen", 0.05, 0.05, 1, { { 50, 0, 0, 0 } }, 0, 0, 1 },
    { "no errors", 0.05, 0.05, 1, { { 2000, 81, 0, 0 } }, 3.15485002758, -7.08559407135, 0.0485 },
    { "some errors", 0.05, 0.05, 1, { { 3000, 270, 5, 0 } }, 3.19682673747, -7.70902622171, 0.049 },
    { "a large share", 0.1, 0.05, 1, { { 120, 90, 5, 0 } }, 3.50030744042, -4.26384441712, 0.1 },
    { "above the limit",
      0.05,
      0.1,
      1,
      { { 1000, 60, 12, 0 } },
      -12.5133013582,
      7.56869963072,
      0.531 },
    { "all right but one",
      0.02,
      0.01,
      1,
      { { 400, 250, 1, 0 } },
      4.61362884612,
      -7.25108081443,
      0.02 },
    { "two strata",
      0.05,
      0.05,
      2,
      { { 300, 60, 1, 0 }, { 90, 40, 6, 0 } },
      -4.20927374748,
      -4.18597735278,
      0.151282051282 },
    { "one not looked at",
      0.1,
      0.05,
      2,
      { { 200, 50, 2, 0 }, { 15, 0, 0, 0 } },
      -0.975290149638,
      -2.20664918359,
      0.204651162791 },
    { "one seen whole",
      0.08,
      0.05,
      2,
      { { 150, 45, 1, 0 }, { 20, 20, 5, 0 } },
      -4.40978948423,
      -5.47800524458,
      0.2 },
    { "three strata",
      0.1,
      0.05,
      3,
      { { 60, 20, 0, 0 }, { 80, 30, 4, 0 }, { 25, 12, 3, 0 } },
      -5.09213875842,
      -4.99914655279,
      0.248484848485 },
    { "none may be wrong", 0.0, 0.05, 1, { { 100, 96, 0, 0 } }, 3.21887582487, -3.11095155143, 0 },
    { "mostly wrong",
      0.3,
      0.05,
      3,
      { { 40, 20, 15, 0 }, { 70, 20, 9, 0 }, { 30, 6, 6, 0 } },
      -6.72196188496,
      13.1498144385,
      0.85 },
    { "whole by design",
      0.08,
      0.05,
      2,
      { { 150, 75, 1, 0 }, { 20, 20, 5, 1 } },
      2.42078723916,
      -6.39492296945,
      0.0823529411765 },
    { "whole, not yet",
      0.2,
      0.05,
      2,
      { { 150, 75, 1, 0 }, { 20, 12, 5, 1 } },
      10.8322858999,
      -15.9092078537,
      0.141176470588 },
};

static void same(const char *name, double got, double wanted)
{
    if (isinf(wanted) ? got != wanted : !(fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted))))
        fail_row(name, "%.12g, not %.12g", got, wanted);
}

static void e_values_equal_those_of_all_vectors_of_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        const struct stats_seen *strata = sets[i].strata;

        same(sets[i].name, stats_accept_log_e(strata, sets[i].n, sets[i].limit), sets[i].accept);
        same(sets[i].name, stats_futile_log_e(strata, sets[i].n, sets[i].limit), sets[i].futile);
        same(sets[i].name, stats_accept_bound(strata, sets[i].n, sets[i].limit, sets[i].alpha),
             sets[i].bound);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e_values_equal_those_of_all_vectors_of_errors),
        cmocka_unit_test(the_bound_says_what_the_e_value_says),
        cmocka_unit_test(large_sets_lose_no_digits),
        cmocka_unit_test(a_set_without_cells_has_no_bound),
        cmocka_unit_test(the_outlook_is_what_comes_true),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_accept", tests, NULL, NULL);
}
