/* SPDX-License-Identifier: MIT */
/*
 * stats/sets.h: sets of options, against scikit-learn (tools/oracle/agreement.py) and by hand.
 */
#include "support_stats.h"

#include "stats/sets.h"

enum { MOST_IMAGES = 8, MOST_OPTIONS = 3 };

struct side {
    int16_t labels[MOST_OPTIONS][MOST_IMAGES];
    const int16_t *columns[MOST_OPTIONS];
};

static void fill_side(struct side *s, const struct json_t *rows)
{
    for (size_t o = 0; o < MOST_OPTIONS; o++) {
        for (size_t i = 0; i < jv_length(rows); i++) {
            int64_t x = -1;

            assert_true(jv_integer(jv_at(jv_at(rows, i), o), &x));
            s->labels[o][i] = (int16_t)x;
        }
        s->columns[o] = s->labels[o];
    }
}

static void jaccard_equals_scikit_learn(void **state)
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", "agreement.json");
    const struct json_t *options = jv_get(file, "options");
    struct stats_sets got = { 0 };
    struct side first, second;
    struct stats_interval interval;
    size_t n = jv_length(jv_get(options, "first"));

    (void)state;
    assert_in_range(n, 4, MOST_IMAGES);
    fill_side(&first, jv_get(options, "first"));
    fill_side(&second, jv_get(options, "second"));
    stats_sets_add(&got, first.columns, second.columns, MOST_OPTIONS, n);
    assert_near("Jaccard", stats_sets_jaccard(&got), number_at(options, "jaccard", NULL), 1e-12);
    assert_int_equal(got.n, n);
    assert_int_equal(got.equal, 2);
    assert_int_equal(got.empty, 1);
    interval = stats_sets_interval(&got);
    assert_true(interval.low > 0 && interval.low < stats_sets_jaccard(&got));
    assert_true(interval.high < 1 && interval.high > stats_sets_jaccard(&got));
    jv_free(file);
}

/* An index of 0 or 1 is a share, and its interval is Wilson's but for n - 1 in the variance. */
static void interval_of_equal_or_disjoint_sets_is_wilsons(void **state)
{
    static const int16_t one[] = { 1, 1, 1, 1, 1, 1, 1, 1 }, other[] = { 1, 1, 1, 1, 1, 1, 0, 0 };
    const int16_t *const first[] = { one }, *const second[] = { other };
    struct stats_interval got, wanted = stats_wilson_share(0.75, 7);
    struct stats_sets s = { 0 };

    (void)state;
    stats_sets_add(&s, first, second, 1, 8);
    got = stats_sets_interval(&s);
    assert_near("low", got.low, wanted.low, 1e-12);
    assert_near("high", got.high, wanted.high, 1e-12);
}

static void images_without_all_options_are_left_out(void **state)
{
    static const int16_t a[] = { 1, MISSING, 0 }, b[] = { 1, 1, ABSTAINED };
    const int16_t *const first[] = { a, b }, *const second[] = { a, a };
    struct stats_sets s = { 0 }, none = { 0 };
    struct stats_interval interval;

    (void)state;
    stats_sets_add(&s, first, second, 2, 3);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.equal, 1);
    assert_near("Jaccard", stats_sets_jaccard(&s), 1, 0);
    interval = stats_sets_interval(&s);
    assert_true(interval.low > 0 && interval.low < 1 && interval.high == 1);
    assert_undefined(stats_sets_jaccard(&none));
    interval = stats_sets_interval(&none);
    assert_true(isnan(interval.low) && isnan(interval.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jaccard_equals_scikit_learn),
        cmocka_unit_test(interval_of_equal_or_disjoint_sets_is_wilsons),
        cmocka_unit_test(images_without_all_options_are_left_out),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_sets", tests, NULL, NULL);
}
