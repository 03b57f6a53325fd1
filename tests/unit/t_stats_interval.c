/* SPDX-License-Identifier: MIT */
/*
 * stats/: the interval of a proportion, quantiles, and counts of resampled images.
 */
#include "support.h"

#include "stats/bootstrap.h"
#include "stats/stats.h"

static void wilson_gives_the_published_intervals(void **state)
{
    static const struct {
        uint64_t k, n;
        double low, high;
    } rows[] = {
        { 81, 263, 0.2553, 0.3662 },
        { 15, 148, 0.0624, 0.1605 },
        { 0, 20, 0.0000, 0.1611 },
        { 1, 29, 0.0061, 0.1718 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stats_interval w = stats_wilson(rows[i].k, rows[i].n);
        struct stats_interval other = stats_wilson(rows[i].n - rows[i].k, rows[i].n);

        assert_near("low", w.low, rows[i].low, 0.00005);
        assert_near("high", w.high, rows[i].high, 0.00005);
        assert_near("low of the rest", other.low, 1 - rows[i].high, 0.00005);
        assert_near("high of the rest", other.high, 1 - rows[i].low, 0.00005);
    }
}

static void wilson_at_the_ends_is_exact_and_without_data_undefined(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 1000; n++) {
        assert_true(stats_wilson(0, n).low == 0);
        assert_true(stats_wilson(n, n).high == 1);
        assert_true(stats_wilson(0, n).high < 1 && stats_wilson(n, n).low > 0);
    }
    assert_undefined(stats_wilson(0, 0).low);
    assert_undefined(stats_wilson(0, 0).high);
}

/* numpy.quantile (type 7): value at q (n - 1), between two neighbours in proportion. */
static void quantile_is_numpys(void **state)
{
    static const struct {
        double values[5];
        size_t n;
        double q, expected;
    } rows[] = {
        { { 4, 2, 1, 3 }, 4, 0, 1 },
        { { 4, 2, 1, 3 }, 4, 0.025, 1.075 },
        { { 4, 2, 1, 3 }, 4, 0.25, 1.75 },
        { { 4, 2, 1, 3 }, 4, 0.5, 2.5 },
        { { 4, 2, 1, 3 }, 4, 0.9, 3.7 },
        { { 4, 2, 1, 3 }, 4, 1, 4 },
        { { 50, 40, 35, 20, 15 }, 5, 0.4, 29 },
        { { 50, 40, 35, 20, 15 }, 5, 0.975, 49 },
        { { 3, 1, 2 }, 3, 0.5, 2 },
        { { 7 }, 1, 0.3, 7 },
        { { 5, 5, 5 }, 3, 0.3, 5 },
        { { -2, NAN, -4 }, 3, 0.5, -3 },
        { { NAN, 1, NAN }, 3, 1, 1 },
    };
    double none[] = { NAN, NAN };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double values[5];

        memcpy(values, rows[i].values, sizeof(values));
        assert_near("quantile", stats_quantile(values, rows[i].n, rows[i].q), rows[i].expected,
                    1e-12);
    }
    assert_undefined(stats_quantile(none, 0, 0.5));
    assert_undefined(stats_quantile(none, 2, 0.5));
}

/* Whatever the machine counts with, a set's count is the sum of its images', and all make n. */
static void counts_of_resampled_images_add_up(void **state)
{
    static const size_t sizes[] = { 1, 63, 64, 65, 511, 512, 513, 1000 };

    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        size_t n = sizes[k], words = bootstrap_words(n);
        uint64_t *some = calloc(words, sizeof(*some)), *one = calloc(words, sizeof(*one));
        uint64_t all = 0, of_some = 0;
        struct bootstrap *b = NULL;
        struct err e = { 0 };

        assert_true(some && one);
        assert_int_equal(bootstrap_new(&b, n, 5, &e), 0);
        bootstrap_draw(b);
        for (size_t i = 0; i < n; i++) {
            uint64_t times;

            one[i / 64] = 1ull << (i % 64);
            times = bootstrap_count(b, one);
            one[i / 64] = 0;
            all += times;
            if (i % 3 == 0 || i % 7 == 1) {
                some[i / 64] |= 1ull << (i % 64);
                of_some += times;
            }
        }
        assert_int_equal(all, n);
        assert_int_equal(bootstrap_count(b, some), of_some);
        bootstrap_free(b);
        free(some);
        free(one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_gives_the_published_intervals),
        cmocka_unit_test(wilson_at_the_ends_is_exact_and_without_data_undefined),
        cmocka_unit_test(quantile_is_numpys),
        cmocka_unit_test(counts_of_resampled_images_add_up),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_interval", tests, NULL, NULL);
}
