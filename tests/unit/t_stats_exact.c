/* SPDX-License-Identifier: MIT */
/*
 * stats/exact.h: exact tests and p-values adjusted for their number, against scipy and statsmodels
 * (tools/oracle/agreement.py).
 */
#include "support_stats.h"

#include "stats/exact.h"
#include "stats/student.h"

static double number_of(const struct json_t *list, size_t i)
{
    double x = NAN;

    assert_true(jv_number(jv_at(list, i), &x));
    return x;
}

static uint64_t count_of(const struct json_t *list, size_t i)
{
    int64_t n = -1;

    assert_true(jv_integer(jv_at(list, i), &n));
    return (uint64_t)n;
}

/* Small p-values keep their digits. */
static void assert_p(const char *what, double got, double wanted)
{
    assert_near(what, got, wanted, 1e-8 * wanted + 1e-300);
}

/* Calls check for each row of a list of the file. */
static void for_each_row(const char *key, size_t least, void (*check)(const struct json_t *row))
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", "agreement.json");
    const struct json_t *rows = jv_get(jv_get(file, "exact"), key);

    assert_true(jv_length(rows) >= least);
    for (size_t i = 0; i < jv_length(rows); i++)
        check(jv_at(rows, i));
    jv_free(file);
}

static void check_mcnemar(const struct json_t *row)
{
    assert_p("McNemar", stats_mcnemar(count_of(row, 0), count_of(row, 1)), number_of(row, 2));
    assert_p("McNemar", stats_mcnemar(count_of(row, 1), count_of(row, 0)), number_of(row, 2));
}

static void mcnemar_equals_statsmodels(void **state)
{
    (void)state;
    for_each_row("mcnemar", 5, check_mcnemar);
}

static void check_fisher(const struct json_t *row)
{
    const struct stats_fourfold t = { count_of(row, 0), count_of(row, 1), count_of(row, 2),
                                      count_of(row, 3) },
                                turned = { t.no, t.yes, t.other_no, t.other_yes },
                                swapped = { t.other_yes, t.other_no, t.yes, t.no };

    assert_p("Fisher", stats_fisher(&t), number_of(row, 4));
    assert_p("Fisher, yes for no", stats_fisher(&turned), number_of(row, 4));
    assert_p("Fisher, groups swapped", stats_fisher(&swapped), number_of(row, 4));
}

static void fisher_equals_scipy(void **state)
{
    (void)state;
    for_each_row("fisher", 5, check_fisher);
}

static void fisher_without_a_group_or_a_difference_is_1(void **state)
{
    static const struct stats_fourfold empty[] = {
        { 0, 0, 3, 4 }, { 3, 4, 0, 0 }, { 5, 0, 7, 0 }, { 0, 5, 0, 7 }, { 0, 0, 0, 0 }
    };

    (void)state;
    for (size_t i = 0; i < COUNT(empty); i++)
        assert_near("empty", stats_fisher(&empty[i]), 1, 0);
}

static void check_at_most(const struct json_t *row)
{
    assert_p("binomial",
             stats_binomial_at_most(count_of(row, 0), count_of(row, 1), number_of(row, 2)),
             number_of(row, 3));
}

static void binomial_equals_scipy(void **state)
{
    (void)state;
    for_each_row("at_most", 5, check_at_most);
    assert_near("never", stats_binomial_at_most(3, 10, 0), 1, 0);
    assert_near("always", stats_binomial_at_most(3, 10, 1), 0, 0);
}

/* mpmath's incomplete beta function at 30 digits, solved for t. */
static void students_quantile_equals_mpmath(void **state)
{
    static const struct {
        double df, t;
    } rows[] = {
        { 1, 12.7062047361747 },  { 2, 4.30265272974946 },   { 19, 2.09302405440831 },
        { 49, 2.00957523712924 }, { 999, 1.96234146113345 }, { 202598, 1.95997569386177 }
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_near("t", stats_student_quantile(0.975, rows[i].df), rows[i].t, 1e-9);
    assert_near("middle", stats_student_quantile(0.5, 7), 0, 1e-12);
}

enum { MOST_P = 64 };

static void adjusted_p_values_equal_statsmodels(void **state)
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", "agreement.json");
    const struct json_t *lists = jv_get(file, "multiple");

    (void)state;
    assert_true(jv_length(lists) >= 4);
    for (size_t l = 0; l < jv_length(lists); l++) {
        const struct json_t *list = jv_at(lists, l), *given = jv_get(list, "p");
        double p[MOST_P], holm[MOST_P], bh[MOST_P];
        size_t n = jv_length(given);
        struct err e;

        assert_in_range(n, 1, MOST_P);
        for (size_t i = 0; i < n; i++)
            p[i] = number_of(given, i);
        assert_ok(stats_holm(p, n, holm, &e), &e);
        assert_ok(stats_benjamini_hochberg(p, n, bh, &e), &e);
        for (size_t i = 0; i < n; i++) {
            assert_near("Holm", holm[i], number_of(jv_get(list, "holm"), i), 1e-12);
            assert_near("BH", bh[i], number_of(jv_get(list, "bh"), i), 1e-12);
        }
    }
    jv_free(file);
}

/* Questions that cannot be tested are no tests: they cost the others nothing. */
static void what_is_no_test_is_left_out(void **state)
{
    static const double p[] = { NAN, 0.01, NAN, 0.04 };
    double holm[4], bh[4];
    struct err e;

    (void)state;
    assert_ok(stats_holm(p, 4, holm, &e), &e);
    assert_ok(stats_benjamini_hochberg(p, 4, bh, &e), &e);
    assert_near("Holm", holm[1], 0.02, 1e-15);
    assert_near("Holm", holm[3], 0.04, 1e-15);
    assert_near("BH", bh[1], 0.02, 1e-15);
    assert_true(isnan(holm[0]) && isnan(holm[2]) && isnan(bh[0]) && isnan(bh[2]));
    assert_ok(stats_holm(p, 0, holm, &e), &e);
    assert_ok(stats_benjamini_hochberg(p, 1, bh, &e), &e);
    assert_undefined(bh[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_equals_statsmodels),
        cmocka_unit_test(fisher_equals_scipy),
        cmocka_unit_test(fisher_without_a_group_or_a_difference_is_1),
        cmocka_unit_test(binomial_equals_scipy),
        cmocka_unit_test(students_quantile_equals_mpmath),
        cmocka_unit_test(adjusted_p_values_equal_statsmodels),
        cmocka_unit_test(what_is_no_test_is_left_out),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_exact", tests, NULL, NULL);
}
