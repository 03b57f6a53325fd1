/* SPDX-License-Identifier: MIT */
/*
 * stats/: coefficients of two raters and of many, against other programs.
 */
#include "support_stats.h"

#include "stats/stats.h"

/* ---- tables of two annotators ---- */

/* A table with its coefficients: kappa and quadratic kappa by scikit-learn 1.9.1
 * (cohen_kappa_score) and statsmodels 0.15.0 (cohens_kappa), AC1 and PABAK by irrCAC 0.4.4 (gwet,
 * bp), alpha by krippendorff 0.9.0. The first is the paradox of Feinstein and Cicchetti 1990: high
 * agreement, no kappa. */
static const struct {
    size_t k;
    uint64_t counts[16];
    double agreement, kappa, quadratic, ac1, pabak, alpha;
} tables[] = {
    { 2,
      { 118, 5, 2, 0 },
      0.944,
      -0.0233918129,
      -0.0233918129,
      0.9407763376,
      0.888,
      -0.0246913580 },
    { 3,
      { 44, 5, 1, 7, 20, 3, 9, 5, 6 },
      0.7,
      0.4915254237,
      0.4545454545,
      0.5759717314,
      0.55,
      0.4897435897 },
    { 4,
      { 22, 5, 0, 1, 3, 18, 6, 2, 0, 4, 25, 3, 1, 1, 2, 14 },
      79.0 / 107,
      0.6472389026,
      0.7752902484,
      0.6523891478,
      0.6510903427,
      0.6487839350 },
};

/* All that follows from a table of ordinal columns. */
static void table_values(const struct stats_table *t, double value[STATS_FIGURES])
{
    struct stats_ratings r;
    struct err e;

    for (size_t i = 0; i < STATS_FIGURES; i++)
        value[i] = NAN;
    stats_table_figures(t, STATS_ORDINAL, value);
    assert_ok(stats_kappa_figures(t, STATS_ORDINAL, true, value, &e), &e);
    assert_ok(stats_ratings_init(&r, t->k, 2, &e), &e);
    assert_ok(stats_ratings_add_table(&r, t, &e), &e);
    assert_ok(stats_ratings_figures(&r, STATS_ORDINAL, true, value, &e), &e);
    stats_ratings_release(&r);
}

static void coefficients_of_a_table_equal_other_programs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++) {
        double value[STATS_FIGURES];
        uint64_t counts[16];
        struct stats_table t = { .k = tables[i].k, .counts = counts };

        memcpy(counts, tables[i].counts, sizeof(counts));
        for (size_t c = 0; c < t.k * t.k; c++)
            t.n += counts[c];
        table_values(&t, value);
        assert_near("agreement", stats_table_agreement(&t), tables[i].agreement, 1e-12);
        assert_near("kappa", value[STATS_KAPPA], tables[i].kappa, 1e-9);
        assert_near("quadratic kappa", value[STATS_QUADRATIC_KAPPA], tables[i].quadratic, 1e-9);
        assert_near("AC1", value[STATS_AC1], tables[i].ac1, 1e-9);
        assert_near("PABAK", value[STATS_PABAK], tables[i].pabak, 1e-9);
        assert_near("alpha", value[STATS_ALPHA], tables[i].alpha, 1e-9);
    }
}

static void table_counts_labels_abstentions_and_gaps_apart(void **state)
{
    static const int16_t first[] = { 0, 0, 1, 2, 2, ABSTAINED, ABSTAINED, MISSING, 1, MISSING };
    static const int16_t second[] = { 0, 1, 1, 0, 0, 1, -2, 2, MISSING, MISSING };
    static const uint64_t wanted[] = { 1, 1, 0, 0, 1, 0, 2, 0, 0 };
    uint64_t counts[9] = { 0 };
    struct stats_table t = { .k = 3, .counts = counts };

    (void)state;
    for (uint64_t times = 1; times <= 2; times++) { /* the second call adds */
        stats_table_add(&t, first, second, COUNT(first));
        for (size_t i = 0; i < 9; i++)
            assert_int_equal(counts[i], times * wanted[i]);
        assert_int_equal(t.n, times * 5);
        assert_int_equal(t.asked, times * 7);
        assert_int_equal(t.missing, times * 2);
    }
}

static void coefficients_without_variation_are_undefined(void **state)
{
    static const uint64_t degenerate[][4] = { { 10, 0, 0, 0 }, { 0, 0, 0, 10 }, { 0, 0, 0, 0 } };

    (void)state;
    for (size_t i = 0; i < COUNT(degenerate); i++) {
        static const enum stats_figure undefined[] = {
            STATS_KAPPA,         STATS_LINEAR_KAPPA, STATS_QUADRATIC_KAPPA,
            STATS_KAPPA_MAX,     STATS_ALPHA,        STATS_INTERVAL_ALPHA,
            STATS_ORDINAL_ALPHA, STATS_KAPPA_ERROR,  STATS_ALPHA_ERROR,
        };
        double value[STATS_FIGURES];
        uint64_t counts[4];
        struct stats_table t = { .k = 2, .counts = counts, .n = i < 2 ? 10 : 0 };

        memcpy(counts, degenerate[i], sizeof(counts));
        table_values(&t, value);
        for (size_t f = 0; f < COUNT(undefined); f++)
            assert_undefined(value[undefined[f]]);
        if (t.n > 0) { /* AC1 is defined: irrCAC gives 1 for two categories */
            assert_near("agreement", stats_table_agreement(&t), 1, 0);
            assert_near("AC1", value[STATS_AC1], 1, 1e-12);
            assert_near("AC2", value[STATS_ORDINAL_AC2], 1, 1e-12);
            assert_near("PABAK", value[STATS_PABAK], 1, 1e-12);
        } else {
            assert_undefined(stats_table_agreement(&t));
            assert_undefined(value[STATS_AC1]);
        }
    }
}

/* The programs round to the digits that the file has. */
struct checked {
    const struct votes *v;
    const struct json_t *set;
    struct stats_ratings ratings;
    double tolerance;
};

static void check_coefficient(const struct checked *c, enum stats_coefficient which,
                              enum stats_weights weights, const char *key)
{
    struct stats_estimate got;
    struct err e;

    assert_ok(stats_coefficient(&c->ratings, which, weights, &got, &e), &e);
    assert_near(key, got.value, number_at(c->set, key, "coefficient_value"), c->tolerance);
    assert_near(key, got.error, number_at(c->set, key, "se"), c->tolerance);
    for (size_t i = 0; i < 2; i++) {
        const struct json_t *wanted = jv_get(jv_get(c->set, key), "confidence_interval");
        struct stats_interval interval = stats_estimate_interval(&got);
        double x = NAN;

        assert_true(jv_number(jv_at(wanted, i), &x));
        /* scipy's quantile of t has nine digits */
        assert_near(key, i == 0 ? interval.low : interval.high, x, 1e-8 + c->tolerance);
    }
}

static void check_alpha(const struct checked *c, enum stats_weights weights, const char *key)
{
    struct stats_estimate got;
    struct err e;

    assert_ok(stats_coefficient(&c->ratings, STATS_KRIPPENDORFF, weights, &got, &e), &e);
    assert_near(key, got.value, number_at(c->set, key, NULL), 1e-9);
    assert_int_equal(isnan(got.error), weights == STATS_RANKS);
}

static void check_set(const struct votes *v, const struct json_t *set, double tolerance,
                      size_t n_weights)
{
    static const char *const coefficients[] = { [STATS_GWET] = "gwet",
                                                [STATS_FLEISS] = "fleiss",
                                                [STATS_CONGER] = "conger",
                                                [STATS_BRENNAN_PREDIGER] = "bp",
                                                [STATS_KRIPPENDORFF] = "krippendorff" };
    static const char *const weights[] = { "identity", "linear", "quadratic", "ordinal" };
    struct checked c = { .v = v, .set = set, .tolerance = tolerance };
    struct err e;

    assert_ok(stats_ratings_init(&c.ratings, v->k, v->n_raters, &e), &e);
    assert_ok(stats_ratings_add(&c.ratings, v->columns, v->n_cells, &e), &e);
    for (size_t which = 0; which < COUNT(coefficients); which++) {
        for (size_t w = 0; w < n_weights; w++) {
            char key[64];

            snprintf(key, sizeof(key), "irrCAC_%s_%s", coefficients[which], weights[w]);
            check_coefficient(&c, (enum stats_coefficient)which, (enum stats_weights)w, key);
        }
    }
    check_alpha(&c, STATS_IDENTITY, "krippendorff_nominal");
    check_alpha(&c, STATS_RANKS, "krippendorff_ordinal");
    if (n_weights > 3)
        check_alpha(&c, STATS_QUADRATIC, "krippendorff_interval");
    stats_ratings_release(&c.ratings);
}

static void check_yes_and_no(const struct votes *v, const struct json_t *set)
{
    check_set(v, set, 1e-8, 3); /* the file's digits */
}

static void check_ordinal(const struct votes *v, const struct json_t *set)
{
    check_set(v, set, 1e-11, 4);
}

/* ---- what may not matter ---- */

/* Which rater, which cell and which label stand where. */
struct turned {
    bool raters, cells, values;
    size_t shift; /* of values, in a circle: of coefficients without an order of options */
};

static void turn(const struct votes *v, struct turned how, struct votes *out)
{
    *out = *v;
    for (size_t j = 0; j < v->n_raters; j++) {
        const int16_t *from = v->labels[how.raters ? v->n_raters - 1 - j : j];

        for (size_t i = 0; i < v->n_cells; i++) {
            int16_t x = from[how.cells ? v->n_cells - 1 - i : i];
            size_t value = (size_t)x;

            if (x >= 0 && how.values)
                value = v->k - 1 - value;
            if (x >= 0)
                x = (int16_t)((value + how.shift) % v->k);
            out->labels[j][i] = x;
        }
        out->columns[j] = out->labels[j];
    }
}

static void all_estimates(const struct votes *v, size_t n_weights,
                          struct stats_estimate out[STATS_KRIPPENDORFF + 1][STATS_RANKS + 1])
{
    struct stats_ratings r;
    struct err e;

    assert_ok(stats_ratings_init(&r, v->k, v->n_raters, &e), &e);
    assert_ok(stats_ratings_add(&r, v->columns, v->n_cells, &e), &e);
    for (size_t c = 0; c <= STATS_KRIPPENDORFF; c++)
        for (size_t w = 0; w < n_weights; w++)
            assert_ok(stats_coefficient(&r, (enum stats_coefficient)c, (enum stats_weights)w,
                                        &out[c][w], &e),
                      &e);
    stats_ratings_release(&r);
}

static void check_turned(const struct votes *v, const struct json_t *set)
{
    static const struct turned turns[] = {
        { .raters = true }, { .cells = true }, { .values = true }, { .shift = 1 }
    };
    struct stats_estimate plain[STATS_KRIPPENDORFF + 1][STATS_RANKS + 1],
        other[STATS_KRIPPENDORFF + 1][STATS_RANKS + 1];

    (void)set;
    all_estimates(v, STATS_RANKS + 1, plain);
    for (size_t t = 0; t < COUNT(turns); t++) {
        size_t n_weights = turns[t].shift > 0 ? 1 : STATS_RANKS + 1;
        struct votes turned;

        turn(v, turns[t], &turned);
        all_estimates(&turned, n_weights, other);
        for (size_t c = 0; c <= STATS_KRIPPENDORFF; c++) {
            for (size_t w = 0; w < n_weights; w++) {
                assert_near(v->name, other[c][w].value, plain[c][w].value, 1e-12);
                if (w != STATS_RANKS)
                    assert_near(v->name, other[c][w].error, plain[c][w].error, 1e-12);
            }
        }
    }
}

static void order_and_names_do_not_matter(void **state)
{
    (void)state;
    for_each_set(check_turned);
    for_each_set_of("agreement.json", check_turned);
}

static void raters_equal_irrcac_and_krippendorff(void **state)
{
    (void)state;
    for_each_set(check_yes_and_no);
    for_each_set_of("agreement.json", check_ordinal);
}

static void check_complete_rows(const struct votes *v, const struct json_t *set)
{
    struct votes complete = *v;
    double n_complete = number_at(set, "statsmodels_fleiss_complete_rows", "n_complete");

    complete.n_cells = 0;
    for (size_t i = 0; i < v->n_cells; i++) {
        bool whole = true;

        for (size_t j = 0; j < v->n_raters; j++) {
            whole &= v->labels[j][i] != MISSING;
            complete.labels[j][complete.n_cells] = v->labels[j][i];
        }
        complete.n_cells += whole;
    }
    for (size_t j = 0; j < v->n_raters; j++)
        complete.columns[j] = complete.labels[j];
    assert_near(v->name, (double)complete.n_cells, n_complete, 0);
    assert_near(v->name,
                coefficients_of(complete.columns, v->n_raters, complete.n_cells, v->k).fleiss,
                number_at(set, "statsmodels_fleiss_complete_rows", "fleiss"), 1e-12);
}

static void fleiss_on_complete_rows_equals_statsmodels(void **state)
{
    (void)state;
    for_each_set(check_complete_rows);
}

static const struct {
    enum stats_figure figure;
    const char *key;
} kappas[] = {
    { STATS_KAPPA, "kappa" },
    { STATS_KAPPA_ERROR, "se" },
    { STATS_KAPPA_MAX, "kappa_max" },
    { STATS_LINEAR_KAPPA, "linear" },
    { STATS_QUADRATIC_KAPPA, "quadratic" },
    { STATS_QUADRATIC_KAPPA_ERROR, "quadratic_se" },
};

static void check_two_raters(const struct votes *v, const struct json_t *set)
{
    const struct json_t *cohen = jv_get(set, "cohen_w0_w1_pairwise_complete");
    uint64_t counts[49] = { 0 };
    struct stats_table t = { .k = v->k, .counts = counts };
    double value[STATS_FIGURES];

    assert_in_range(v->k, 2, 7);
    stats_table_add(&t, v->labels[0], v->labels[1], v->n_cells);
    for (size_t i = 0; i < v->k * v->k; i++) {
        int64_t count = -1;

        assert_true(jv_integer(jv_at(jv_at(jv_get(cohen, "table"), i / v->k), i % v->k), &count));
        assert_int_equal(counts[i], count);
    }
    table_values(&t, value);
    for (size_t i = 0; i < COUNT(kappas); i++)
        assert_near(kappas[i].key, value[kappas[i].figure], number_at(cohen, kappas[i].key, NULL),
                    1e-12);
}

static void kappa_of_two_raters_equals_statsmodels(void **state)
{
    (void)state;
    for_each_set(check_two_raters);
    for_each_set_of("agreement.json", check_two_raters);
}

/* Three values and more, a string a rater, x where missing: AC1, PABAK and Fleiss' kappa by irrCAC
 * 0.4.4,
 * alpha by krippendorff 0.9.0, the mean of the pairs' kappas and the first two's quadratic kappa by
 * scikit-learn 1.9.1. */
static const struct {
    size_t k, n_raters;
    const char *labels[5];
    double ac1, pabak, fleiss, alpha, mean_kappa, quadratic;
} many_values[] = {
    { 3,
      4,
      { "x2220120xx0xx100x2220x00", "x2x2002x10xxx0x121xx2000", "122x0122101x22x122xxxx0x",
        "0022x0x2101xxx11xx112100" },
      0.2999621145,
      0.2954545455,
      0.286262989,
      0.3549222798,
      0.4283005455,
      0.5510204082 },
    { 4,
      3,
      { "1xx30x12203132x210021221230x22", "10x12x1231203212100x10x02x0x22",
        "23022320x1x132xx3x31x011x33332" },
      0.2839176147,
      0.2820512821,
      0.2763934531,
      0.2695934001,
      0.2483924847,
      0.5961123110 },
    { 3,
      5,
      { "12020222002110111111", "22201222000112021101", "22000222012110222001",
        "22122122000012221101", "22022222200110120001" },
      0.3890627328,
      0.385,
      0.3767102463,
      0.3829431438,
      0.3800472375,
      0.1532258065 },
    { 4,
      2,
      { "11230x003311x312000120012x", "212333x2323112221001000x0x" },
      0.3669924546,
      0.3650793651,
      0.3592700805,
      0.3740458015,
      0.3655589124,
      0.4198895028 },
};

static void raters_of_many_values_equal_other_programs(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(many_values); s++) {
        size_t n_cells = strlen(many_values[s].labels[0]);
        struct votes v = { .k = many_values[s].k };
        struct coefficients c;

        for (size_t j = 0; j < many_values[s].n_raters; j++) {
            for (size_t i = 0; i < n_cells; i++)
                v.labels[j][i] = vote_of(many_values[s].labels[j][i]);
            v.columns[j] = v.labels[j];
        }
        c = coefficients_of(v.columns, many_values[s].n_raters, n_cells, v.k);
        assert_near("AC1", c.ac1, many_values[s].ac1, 1e-9);
        assert_near("PABAK", c.pabak, many_values[s].pabak, 1e-9);
        assert_near("Fleiss", c.fleiss, many_values[s].fleiss, 1e-9);
        assert_near("alpha", c.alpha, many_values[s].alpha, 1e-9);
    }
}

static void raters_without_pairs_or_variation_are_undefined(void **state)
{
    static const int16_t one[] = { 0, MISSING, 1, MISSING }, other[] = { MISSING, 1, ABSTAINED, 1 };
    static const int16_t yes[] = { 1, 1, 1, 1 };
    const int16_t *const no_pairs[] = { one, other }, *const always[] = { yes, yes };
    struct coefficients c = coefficients_of(no_pairs, 2, 4, 2);

    (void)state;
    assert_true(isnan(c.fleiss) && isnan(c.ac1) && isnan(c.alpha));
    c = coefficients_of(always, 2, 4, 2);
    assert_true(isnan(c.fleiss) && isnan(c.alpha));
    assert_near("AC1", c.ac1, 1, 1e-12);
}

/* Labels of one column, a string an annotator. */
static struct stats_agreement *agree_on_strings(const char *const strings[], size_t n_raters,
                                                size_t k)
{
    int16_t labels[MOST_RATERS][MOST_CELLS];
    const int16_t *columns[MOST_RATERS];
    enum stats_scale scale = STATS_ORDINAL;
    const struct stats_input in = { .labels = columns,
                                    .n_annotators = n_raters,
                                    .n_images = strlen(strings[0]),
                                    .n_columns = 1,
                                    .n_values = &k,
                                    .scale = &scale };
    struct stats_agreement *out = NULL;
    struct err e;

    for (size_t j = 0; j < n_raters; j++) {
        for (size_t i = 0; i < in.n_images; i++)
            labels[j][i] = vote_of(strings[j][i]);
        columns[j] = labels[j];
    }
    assert_ok(stats_agreement(&out, &in, &e), &e);
    return out;
}

static void figures_of_many_annotators_equal_other_programs(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(many_values); s++) {
        struct stats_agreement *a =
            agree_on_strings(many_values[s].labels, many_values[s].n_raters, many_values[s].k);
        struct stats_figures *f = &a->columns[0];

        assert_near("kappa", f->value[STATS_KAPPA], many_values[s].mean_kappa, 1e-9);
        if (many_values[s].n_raters > 2) {
            assert_near("AC1", f->value[STATS_AC1], many_values[s].ac1, 1e-9);
            assert_near("PABAK", f->value[STATS_PABAK], many_values[s].pabak, 1e-9);
            assert_near("Fleiss", f->value[STATS_FLEISS_KAPPA], many_values[s].fleiss, 1e-9);
            assert_near("alpha", f->value[STATS_ALPHA], many_values[s].alpha, 1e-9);
        } else {
            assert_near("quadratic", f->value[STATS_QUADRATIC_KAPPA], many_values[s].quadratic,
                        1e-9);
            assert_undefined(f->value[STATS_FLEISS_KAPPA]);
        }
        stats_agreement_free(a);
    }
}

/* As the header has it: n counts cells, not pairs. Cells 0 to 3 have two labels or more. */
static void n_of_many_annotators_counts_cells(void **state)
{
    static const char *const labels[] = { "0101xx", "01x11x", "0011xx" };
    struct stats_agreement *a = agree_on_strings(labels, 3, 2);

    (void)state;
    assert_int_equal(a->columns[0].n, 4);
    assert_int_equal(a->columns[0].asked, 4);
    assert_int_equal(a->columns[0].missing, 1);
    assert_near("coverage", a->columns[0].value[STATS_COVERAGE], 1, 0);
    stats_agreement_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_of_a_table_equal_other_programs),
        cmocka_unit_test(table_counts_labels_abstentions_and_gaps_apart),
        cmocka_unit_test(coefficients_without_variation_are_undefined),
        cmocka_unit_test(raters_equal_irrcac_and_krippendorff),
        cmocka_unit_test(order_and_names_do_not_matter),
        cmocka_unit_test(fleiss_on_complete_rows_equals_statsmodels),
        cmocka_unit_test(kappa_of_two_raters_equals_statsmodels),
        cmocka_unit_test(raters_of_many_values_equal_other_programs),
        cmocka_unit_test(raters_without_pairs_or_variation_are_undefined),
        cmocka_unit_test(figures_of_many_annotators_equal_other_programs),
        cmocka_unit_test(n_of_many_annotators_counts_cells),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_raters", tests, NULL, NULL);
}
