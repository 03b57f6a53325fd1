/* SPDX-License-Identifier: MIT */
/*
 * stats/: what probabilities are worth, how they are made true, where yes begins.
 */
#include "support_stats.h"

#include "stats/calibration.h"

enum { MOST = 400, FOLDS = 5, FIGURES = 15, POINTS = 8 };

/* tools/oracle/calibration.py: scikit-learn, scipy, numpy. */
static const struct scored_set {
    const char *name;
    unsigned seed, n, steps, weights;
    double sharp;
    double figures[FIGURES];
    double fits[6];          /* the slope of the temperature, Platt's line; without fold 0 */
    double isotonic[POINTS]; /* at the points below */
    double thresholds[8];    /* of equal rates, then balanced: at, and what was tested */
} sets[] = {
    { "smooth",
      1,
      400,
      1000003,
      5,
      1.7,
      { 400, 142, 0.502606262418, 0.365504358655, 0.73599003736, 0.137101903763, 0.137101903763,
        0.134203612379, 0.0179997986989, 0.176386709698, 0.519284510926, 0.839974053461,
        0.0281244874198, 0.0836487001806, 0.231910922459 },
      { 0.942512681425, 1.05718190813, -0.851137279909, 1.00508239841, 1.09062563002,
        -0.796518459217 },
      { 0, 0, 0, 0.294117647059, 0.354838709677, 0.561403508772, 1, 1 },
      { 0.63946008162, 0.376712328767, 0.749688667497, 0.73341436054, 0.523918928243,
        0.455168119552, 0.702366127024, 0.705150688871 } },
    { "rounded",
      2,
      300,
      20,
      1,
      0.6,
      { 300, 182, 0.4795, 0.606666666667, 0.693333333333, 0.133166666667, 0.127166666667,
        0.120358654808, 0.0174788515025, 0.191358333333, 0.554587238777, 0.810113615198,
        0.0256234821279, 0.0728873710168, 0.238622222222 },
      { 0.646947318066, 0.680023678809, 0.69557971948, 0.559739918988, 0.580703574965,
        0.71156774566 },
      { 0, 0.133333333333, 0.466666666667, 0.611111111111, 0.611111111111, 0.834615384615, 1, 1 },
      { 0.375, 0.61, 0.723333333333, 0.709396535668, 0.425, 0.446666666667, 0.673333333333,
        0.693518346061 } },
    { "few",
      3,
      25,
      97,
      3,
      3.0,
      { 25, 6, 0.460168697282, 0.233766233766, 0.896103896104, 0.249698754853, 0.268710670773,
        0.247893051594, 0.0703335081362, 0.137225618467, 0.44027993016, 0.957627118644,
        0.104758085999, 0.146652049249, 0.179119581717 },
      { 1.66454410975, 1.19494236998, -1.49388645865, 1.43987141001, 1.2335906609, -1.41682342447 },
      { 0, 0, 0, 0, 0, 0.833333333333, 1, 1 },
      { 0.701030927835, 0.116883116883, 0.805194805195, 0.641242937853, 0.670103092784,
        0.207792207792, 0.844155844156, 0.7631826742 } },
};

static const double points[POINTS] = { 0.0, 0.03, 0.2, 0.45, 0.5, 0.77, 0.999, 1.0 };

static size_t draw_cells(const struct scored_set *s, struct stats_scored *cells)
{
    random_state = s->seed;
    for (size_t i = 0; i < s->n; i++) {
        cells[i].p = draw(s->steps + 1) / (double)s->steps;
        cells[i].truth = draw(1000000) < 1000000 * pow(cells[i].p, s->sharp);
        cells[i].weight = 1 + draw(s->weights) / 2.0;
        cells[i].fold = draw(FOLDS);
    }
    stats_scored_sort(cells, s->n);
    return s->n;
}

static void figures_equal_the_reference(void **state)
{
    static const char *const names[FIGURES] = { "n",
                                                "yes",
                                                "mean",
                                                "rate",
                                                "agreement",
                                                "ece",
                                                "ece_mass",
                                                "ece_debiased",
                                                "squared_debiased",
                                                "brier",
                                                "log_loss",
                                                "auroc",
                                                "miscalibration",
                                                "discrimination",
                                                "uncertainty" };

    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct stats_scored cells[MOST];
        struct stats_calibration c;
        struct err e;

        assert_ok(stats_calibration(cells, draw_cells(&sets[i], cells), &c, &e), &e);
        const double got[FIGURES] = { (double)c.n,      (double)c.yes,    c.mean,
                                      c.rate,           c.agreement,      c.ece,
                                      c.ece_mass,       c.ece_debiased,   c.squared_debiased,
                                      c.brier,          c.log_loss,       c.auroc,
                                      c.miscalibration, c.discrimination, c.uncertainty };

        for (size_t f = 0; f < FIGURES; f++)
            assert_near(names[f], got[f], sets[i].figures[f], 1e-9);
        assert_near("decomposed", c.miscalibration - c.discrimination + c.uncertainty, c.brier,
                    1e-12);
    }
}

static void fits_equal_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++)
        for (uint32_t k = 0; k < 2; k++) {
            const double *expected = sets[i].fits + (ptrdiff_t)(3 * k);
            uint32_t without = k == 0 ? STATS_NO_FOLD : 0;
            struct stats_scored cells[MOST];
            size_t n = draw_cells(&sets[i], cells);
            struct stats_fit f;
            struct err e;

            assert_ok(stats_fit(&f, STATS_FIT_TEMPERATURE, cells, n, without, &e), &e);
            assert_near("temperature", f.slope, expected[0], 1e-9);
            assert_near("temperature applied", stats_fit_apply(&f, 0.8),
                        1 / (1 + pow(0.25, expected[0])), 1e-9);
            stats_fit_release(&f);
            assert_ok(stats_fit(&f, STATS_FIT_PLATT, cells, n, without, &e), &e);
            assert_near("slope", f.slope, expected[1], 1e-6);
            assert_near("intercept", f.intercept, expected[2], 1e-6);
            stats_fit_release(&f);
        }
}

static void isotonic_equals_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct stats_scored cells[MOST];
        size_t n = draw_cells(&sets[i], cells);
        struct stats_fit f;
        struct err e;

        assert_ok(stats_fit(&f, STATS_FIT_ISOTONIC, cells, n, STATS_NO_FOLD, &e), &e);
        for (size_t k = 0; k < POINTS; k++)
            assert_near(sets[i].name, stats_fit_apply(&f, points[k]), sets[i].isotonic[k], 1e-9);
        for (size_t k = 1; k < f.n_steps; k++)
            assert_true(f.steps[k - 1].value < f.steps[k].value);
        stats_fit_release(&f);
    }
}

static void thresholds_equal_those_by_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++)
        for (int aim = STATS_EQUAL_RATES; aim <= STATS_BALANCED; aim++) {
            const double *expected = sets[i].thresholds + (ptrdiff_t)(4 * aim);
            struct stats_scored cells[MOST];
            size_t n = draw_cells(&sets[i], cells);
            struct stats_threshold t;
            struct err e;

            assert_ok(stats_threshold(cells, n, FOLDS, (enum stats_aim)aim, &t, &e), &e);
            assert_near("at", t.at, expected[0], 1e-9);
            assert_near("yes", t.tested.yes, expected[1], 1e-9);
            assert_near("agreement", t.tested.agreement, expected[2], 1e-9);
            assert_near("balanced", t.tested.balanced, expected[3], 1e-9);
        }
}

/* Bit for bit: sums are taken in one order whatever the cells' was. */
static void the_order_of_cells_is_of_no_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct stats_scored cells[MOST], other[MOST];
        size_t n = draw_cells(&sets[i], cells);
        struct stats_calibration a, b;
        struct stats_fit x, y;
        struct err e;

        for (size_t k = 0; k < n; k++)
            other[k] = cells[n - 1 - k];
        stats_scored_sort(other, n);
        assert_ok(stats_calibration(cells, n, &a, &e), &e);
        assert_ok(stats_calibration(other, n, &b, &e), &e);
        assert_memory_equal(&a.brier, &b.brier, sizeof(a.brier));
        assert_memory_equal(&a.log_loss, &b.log_loss, sizeof(a.log_loss));
        assert_memory_equal(&a.ece_debiased, &b.ece_debiased, sizeof(a.ece_debiased));
        assert_ok(stats_fit(&x, STATS_FIT_PLATT, cells, n, 1, &e), &e);
        assert_ok(stats_fit(&y, STATS_FIT_PLATT, other, n, 1, &e), &e);
        assert_memory_equal(&x.slope, &y.slope, sizeof(x.slope));
        assert_memory_equal(&x.intercept, &y.intercept, sizeof(x.intercept));
    }
}

/* What is as true as it says has a smaller debiased error than a plain one, and no squared one. */
static void chance_is_taken_off(void **state)
{
    double plain = 0, debiased = 0, squared = 0;
    struct err e;

    (void)state;
    random_state = 11;
    for (int round = 0; round < 200; round++) {
        struct stats_scored cells[MOST];
        struct stats_calibration c;

        for (size_t i = 0; i < MOST; i++) {
            cells[i] = (struct stats_scored){ .p = draw(100001) / 1e5, .weight = 1 };
            cells[i].truth = draw(100000) / 1e5 < cells[i].p;
        }
        stats_scored_sort(cells, MOST);
        assert_ok(stats_calibration(cells, MOST, &c, &e), &e);
        plain += c.ece_mass / 200;
        debiased += c.ece_debiased / 200;
        squared += c.squared_debiased / 200;
    }
    assert_true(plain > 0.04 && plain < 0.06);
    assert_true(debiased < 0.65 * plain); /* of |N(0, s)| 2 - sqrt(2) is left */
    assert_true(fabs(squared) < 0.0004);  /* 3 standard errors, as 40 cells a bin have them */
}

static const struct stats_scored one_yes = { .p = 0.9, .weight = 1, .truth = true };
static const struct stats_scored one_no = { .p = 0.9, .weight = 1, .truth = false };

static void one_class_is_refused_and_has_figures(void **state)
{
    const struct stats_scored yes[] = { one_yes, one_yes };
    struct stats_calibration c;
    struct stats_threshold t;
    struct stats_fit f;
    struct err e;

    (void)state;
    assert_ok(stats_calibration(yes, 2, &c, &e), &e);
    assert_near("rate", c.rate, 1, 0);
    assert_near("ece", c.ece, 0.1, 1e-12);
    assert_near("miscalibration", c.miscalibration, 0.01, 1e-12);
    assert_near("uncertainty", c.uncertainty, 0, 0);
    assert_true(isnan(c.auroc));
    for (int kind = STATS_FIT_TEMPERATURE; kind <= STATS_FIT_ISOTONIC; kind++)
        assert_int_equal(stats_fit(&f, (enum stats_fit_kind)kind, yes, 2, STATS_NO_FOLD, &e),
                         ERR_ARG);
    assert_ok(stats_threshold(yes, 2, FOLDS, STATS_EQUAL_RATES, &t, &e), &e);
    assert_true(isnan(t.at) && isnan(t.chosen.agreement) && isnan(t.tested.agreement));
    assert_near("plain", t.plain.agreement, 1, 0);
    assert_ok(stats_calibration(NULL, 0, &c, &e), &e);
    assert_true(isnan(c.rate) && isnan(c.ece_debiased) && isnan(c.width[3].rate));
}

static void one_value_becomes_its_rate(void **state)
{
    const struct stats_scored cells[] = { one_no, one_no, one_yes };
    struct stats_fit f;
    struct err e;

    (void)state;
    assert_ok(stats_fit(&f, STATS_FIT_PLATT, cells, 3, STATS_NO_FOLD, &e), &e);
    assert_near("by Platt's targets", stats_fit_apply(&f, 0.9), (2.0 / 3 + 2 * 1.0 / 4) / 3, 1e-12);
    assert_ok(stats_fit(&f, STATS_FIT_ISOTONIC, cells, 3, STATS_NO_FOLD, &e), &e);
    assert_near("isotonic", stats_fit_apply(&f, 0.2), 1.0 / 3, 1e-12);
    stats_fit_release(&f);
    assert_ok(stats_fit(&f, STATS_FIT_TEMPERATURE, cells, 3, STATS_NO_FOLD, &e), &e);
    assert_near("the least slope", f.slope, 0.01, 0);
    assert_true(isnan(stats_fit_apply(&f, (double)NAN)));
}

/* 0 and 1 that are wrong: finite, with the stated epsilon. */
static void exact_zero_and_one_stay_finite(void **state)
{
    const struct stats_scored cells[] = { { .p = 0, .weight = 1, .truth = false },
                                          { .p = 0, .weight = 1, .truth = true },
                                          { .p = 1, .weight = 1, .truth = false },
                                          { .p = 1, .weight = 1, .truth = true } };
    struct stats_calibration c;
    struct stats_fit f;
    struct err e;

    (void)state;
    assert_ok(stats_calibration(cells, 4, &c, &e), &e);
    assert_near("log loss", c.log_loss, (-log(STATS_EPSILON) - log1p(-STATS_EPSILON)) / 2, 1e-9);
    assert_near("auroc", c.auroc, 0.5, 0);
    for (int kind = STATS_FIT_TEMPERATURE; kind <= STATS_FIT_ISOTONIC; kind++) {
        assert_ok(stats_fit(&f, (enum stats_fit_kind)kind, cells, 4, STATS_NO_FOLD, &e), &e);
        assert_true(stats_fit_apply(&f, 0) >= 0 && stats_fit_apply(&f, 1) <= 1);
        stats_fit_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_equal_the_reference),
        cmocka_unit_test(fits_equal_the_reference),
        cmocka_unit_test(isotonic_equals_the_reference),
        cmocka_unit_test(thresholds_equal_those_by_force),
        cmocka_unit_test(the_order_of_cells_is_of_no_matter),
        cmocka_unit_test(chance_is_taken_off),
        cmocka_unit_test(one_class_is_refused_and_has_figures),
        cmocka_unit_test(one_value_becomes_its_rate),
        cmocka_unit_test(exact_zero_and_one_stay_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
