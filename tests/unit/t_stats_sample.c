/* SPDX-License-Identifier: MIT */
/*
 * stats/: the estimate from a stratified sample; how far answers move.
 */
#include "support_stats.h"

#include "stats/moves.h"
#include "stats/stats.h"

/* tools/oracle/sample.py: numpy, cell by cell. */
static const struct {
    const char *name;
    size_t n;
    struct stats_stratum strata[3];
    double agreement, error, low, high, covered;
} sampled[] = {
    { "two strata",
      2,
      { { 900, 30, 30, 27 }, { 100, 20, 20, 9 } },
      0.8550000000,
      0.0503409428,
      0.7306936410,
      0.9276131944,
      1.0000 },
    { "unlabelled cells",
      3,
      { { 500, 25, 20, 18 }, { 300, 10, 10, 3 }, { 50, 5, 2, 1 } },
      0.6388888889,
      0.0749138429,
      0.4861043884,
      0.7679348023,
      1.0000 },
    { "a lonely cell",
      2,
      { { 400, 12, 12, 10 }, { 60, 1, 1, 0 } },
      0.7246376812,
      0.1343339155,
      0.4326186226,
      0.9008176872,
      1.0000 },
    { "a stratum taken whole",
      2,
      { { 40, 40, 40, 30 }, { 2000, 50, 50, 49 } },
      0.9754901961,
      0.0193611938,
      0.9027869578,
      0.9941715119,
      1.0000 },
    { "an empty stratum",
      2,
      { { 700, 14, 14, 12 }, { 300, 0, 0, 0 } },
      0.8571428571,
      0.0960768923,
      0.5927458919,
      0.9611413387,
      0.7000 },
    { "all equal",
      2,
      { { 800, 16, 16, 16 }, { 200, 8, 8, 8 } },
      1.0000000000,
      0.0000000000,
      0.8526125755,
      1.0000000000,
      1.0000 },
};

static void sample_equals_the_cell_by_cell_computation(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sampled); i++) {
        struct stats_sample s;

        stats_sample_agreement(sampled[i].strata, sampled[i].n, &s);
        assert_near(sampled[i].name, s.agreement, sampled[i].agreement, 1e-9);
        assert_near(sampled[i].name, s.error, sampled[i].error, 1e-9);
        assert_near(sampled[i].name, s.interval.low, sampled[i].low, 1e-9);
        assert_near(sampled[i].name, s.interval.high, sampled[i].high, 1e-9);
        assert_near(sampled[i].name, s.covered, sampled[i].covered, 1e-3);
    }
}

static void sample_without_settled_cells_is_undefined(void **state)
{
    const struct stats_stratum none = { 100, 0, 0, 0 };
    struct stats_sample s;

    (void)state;
    stats_sample_agreement(&none, 1, &s);
    assert_undefined(s.agreement);
    assert_undefined(s.interval.low);
    stats_sample_agreement(NULL, 0, &s);
    assert_undefined(s.agreement);
}

/* A population of 3 strata of known agreement, sampled over and over: the estimate is right on
 * average, its standard error is its spread, and the interval holds the truth about 95 times of 100
 * (measured: 93; three errors are expected in the stratum that has most of the weight). */
static void sample_interval_covers_the_truth(void **state)
{
    const struct stats_stratum population[] = { { 4000, 60, 0, 3800 },
                                                { 900, 40, 0, 450 },
                                                { 100, 20, 0, 20 } };
    double truth = (3800 + 450 + 20) / 5000.0, sum = 0, squares = 0, errors = 0;
    size_t covered = 0, rounds = 4000;

    (void)state;
    random_state = 7;
    for (size_t r = 0; r < rounds; r++) {
        struct stats_stratum drawn[3];
        struct stats_sample s;

        for (size_t h = 0; h < 3; h++) {
            uint64_t cells = population[h].cells, equal = population[h].equal;

            drawn[h] = (struct stats_stratum){ cells, population[h].n, population[h].n, 0 };
            for (uint64_t k = 0; k < population[h].n; k++, cells--)
                if (draw((unsigned)cells) < equal) {
                    drawn[h].equal++;
                    equal--;
                }
        }
        stats_sample_agreement(drawn, 3, &s);
        sum += s.agreement;
        squares += (s.agreement - truth) * (s.agreement - truth);
        errors += s.error * s.error;
        covered += s.interval.low <= truth && truth <= s.interval.high;
    }
    assert_near("mean", sum / (double)rounds, truth, 0.002);
    assert_near("error", sqrt(errors / squares), 1, 0.05);
    assert_near("coverage", (double)covered / (double)rounds, 0.94, 0.02);
}

static void moves_are_total_variations(void **state)
{
    static const float yes[] = { 0.9F, 0.4F },
                       three[][3] = { { 0.5F, 0.3F, 0.2F }, { 0.1F, 0.3F, 0.6F } };
    const float none = NAN;
    struct stats_moves m = { 0 };

    (void)state;
    assert_true(isnan(stats_moves_mean(&m)) && isnan(stats_moves_most(&m)));
    stats_moves_add(&m, 1, 0, &yes[0], &yes[1], 1);
    stats_moves_add(&m, 0, 2, three[0], three[1], 3);
    stats_moves_add(&m, 1, 1, &yes[0], &yes[0], 1);
    stats_moves_add(&m, 1, 1, &yes[0], &none, 1); /* nothing to measure, but to compare */
    stats_moves_add(&m, 1, -1, NULL, NULL, 1);
    assert_int_equal(m.answers, 5);
    assert_int_equal(m.changed, 3);
    assert_int_equal(m.scored, 3);
    assert_near("mean", stats_moves_mean(&m), (0.5 + 0.4 + 0) / 3, 1e-7);
    assert_near("most", stats_moves_most(&m), 0.5, 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_equals_the_cell_by_cell_computation),
        cmocka_unit_test(sample_without_settled_cells_is_undefined),
        cmocka_unit_test(sample_interval_covers_the_truth),
        cmocka_unit_test(moves_are_total_variations),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_sample", tests, NULL, NULL);
}
