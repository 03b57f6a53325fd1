/* SPDX-License-Identifier: MIT */
/*
 * stats/against.h and stats/clusters.h: two annotators held against a third, and shares over cells
 * that go together; against statsmodels (tools/oracle/agreement.py) and a plain computation.
 */
#include "support_stats.h"

#include "stats/against.h"
#include "stats/clusters.h"

/* ---- clusters ---- */

static double number_of(const struct json_t *list, size_t i)
{
    double x = NAN;

    assert_true(jv_number(jv_at(list, i), &x));
    return x;
}

static void shares_over_clusters_equal_statsmodels(void **state)
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", "agreement.json");
    const struct json_t *set = jv_get(file, "clusters");
    struct stats_clusters groups[2] = { { 0 } }, both = { 0 };

    (void)state;
    for (size_t g = 0; g < 2; g++) {
        const struct json_t *cells = jv_at(jv_get(set, "cells"), g);
        const struct json_t *equal = jv_at(jv_get(set, "equal"), g);

        assert_true(jv_length(cells) > 10);
        for (size_t i = 0; i < jv_length(cells); i++) {
            uint64_t n = (uint64_t)number_of(cells, i), e = (uint64_t)number_of(equal, i);

            stats_clusters_add(&groups[g], n, e);
            stats_clusters_add(&groups[g], 0, 0); /* an image without a cell is none */
        }
        assert_near("share", stats_clusters_share(&groups[g]), number_of(jv_get(set, "share"), g),
                    1e-12);
        assert_near("error", stats_clusters_error(&groups[g]), number_of(jv_get(set, "error"), g),
                    1e-10);
        stats_clusters_merge(&both, &groups[g]);
    }
    assert_near("p", stats_clusters_test(&groups[0], &groups[1]), number_at(set, "p", NULL), 1e-9);
    assert_near("p", stats_clusters_test(&groups[1], &groups[0]), number_at(set, "p", NULL), 1e-9);
    assert_int_equal(both.n, groups[0].n + groups[1].n);
    assert_near("cells", both.cells, groups[0].cells + groups[1].cells, 0);
    jv_free(file);
}

static void clusters_without_variation_have_no_test(void **state)
{
    struct stats_clusters none = { 0 }, one = { 0 }, same = { 0 };

    (void)state;
    stats_clusters_add(&one, 4, 2);
    for (int i = 0; i < 5; i++)
        stats_clusters_add(&same, 3, 3);
    assert_undefined(stats_clusters_share(&none));
    assert_undefined(stats_clusters_error(&none));
    assert_undefined(stats_clusters_error(&one));
    assert_near("nothing varies", stats_clusters_error(&same), 0, 0);
    assert_undefined(stats_clusters_test(&same, &same));
    assert_undefined(stats_clusters_test(&one, &same));
}

/* ---- two against a third ---- */

enum { IMAGES = 150, COLUMNS = 3, RESAMPLES = 4000 };

static int16_t labels[3][COLUMNS][IMAGES];

/* The first is right more often than the second; hard images are hard for both, and for every
 * question of theirs. */
static void make_labels(void)
{
    random_state = 7;
    for (size_t i = 0; i < IMAGES; i++) {
        bool hard = draw(3) == 0;

        for (size_t c = 0; c < COLUMNS; c++) {
            int16_t truth = (int16_t)draw(3);

            labels[2][c][i] = draw(8) == 0 ? MISSING : truth;
            labels[0][c][i] = draw(10) < (hard ? 6u : 1u) ? (int16_t)draw(3) : truth;
            labels[1][c][i] = draw(10) < (hard ? 9u : 2u) ? (int16_t)draw(3) : truth;
            if (draw(12) == 0)
                labels[1][c][i] = ABSTAINED;
        }
    }
}

static void run_against(struct stats_against *out, size_t first, size_t second, size_t resamples)
{
    const int16_t *const matrices[] = { labels[first][0], labels[second][0], labels[2][0] };
    static const size_t n_values[] = { 3, 3, 3 };
    static const enum stats_scale scale[] = { STATS_NOMINAL, STATS_NOMINAL, STATS_NOMINAL };
    const struct stats_input in = { .labels = matrices,
                                    .n_annotators = 3,
                                    .n_images = IMAGES,
                                    .n_columns = COLUMNS,
                                    .n_values = n_values,
                                    .scale = scale,
                                    .resamples = resamples,
                                    .seed = 11 };
    struct err e;

    assert_ok(stats_against(out, &in, &e), &e);
}

/* images NULL: each once. */
static double plain_difference(const size_t *images, size_t from, size_t to)
{
    double n = 0, more = 0;

    for (size_t c = from; c < to; c++) {
        for (size_t i = 0; i < IMAGES; i++) {
            size_t at = images ? images[i] : i;
            int16_t a = labels[0][c][at], b = labels[1][c][at], t = labels[2][c][at];

            if (a < 0 || b < 0 || t < 0)
                continue;
            n++;
            more += (a == t) - (b == t);
        }
    }
    return more / n;
}

static void counts_and_shares_are_those_of_the_cells(void **state)
{
    struct stats_against a, swapped;
    uint64_t n = 0;

    (void)state;
    make_labels();
    run_against(&a, 0, 1, 0);
    run_against(&swapped, 1, 0, 0);
    for (size_t c = 0; c < COLUMNS; c++) {
        const struct stats_against_row *r = &a.columns[c], *s = &swapped.columns[c];

        assert_near("difference", r->difference, plain_difference(NULL, c, c + 1), 1e-12);
        assert_near("of its shares", r->first - r->second, r->difference, 1e-12);
        assert_near("swapped", s->difference, -r->difference, 1e-12);
        assert_near("p", s->test.p, r->test.p, 1e-12);
        assert_true(r->test.p <= r->test.bh && r->test.bh <= r->test.holm && r->test.holm <= 1);
        assert_undefined(r->bootstrap.low);
        n += r->n;
    }
    assert_int_equal(a.pooled.n, n);
    assert_near("pooled", a.pooled.difference, plain_difference(NULL, 0, COLUMNS), 1e-12);
    assert_undefined(a.pooled.test.p);
    stats_against_release(&a);
    stats_against_release(&swapped);
}

static double of_resamples(double differences[RESAMPLES], double q)
{
    return stats_quantile(differences, RESAMPLES, q);
}

/* Whole images are drawn; another generator, so as near as the resamples allow. */
static void bootstrap_equals_the_plain_resampling_of_images(void **state)
{
    static double differences[2][RESAMPLES];
    struct stats_against a;

    (void)state;
    make_labels();
    run_against(&a, 0, 1, RESAMPLES);
    for (size_t r = 0; r < RESAMPLES; r++) {
        size_t images[IMAGES];

        for (size_t i = 0; i < IMAGES; i++)
            images[i] = draw(IMAGES);
        differences[0][r] = plain_difference(images, 0, 1);
        differences[1][r] = plain_difference(images, 0, COLUMNS);
    }
    assert_near("column", a.columns[0].bootstrap.low, of_resamples(differences[0], 0.025), 0.012);
    assert_near("column", a.columns[0].bootstrap.high, of_resamples(differences[0], 0.975), 0.012);
    assert_near("pooled", a.pooled.bootstrap.low, of_resamples(differences[1], 0.025), 0.008);
    assert_near("pooled", a.pooled.bootstrap.high, of_resamples(differences[1], 0.975), 0.008);
    assert_true(a.pooled.bootstrap.low < a.pooled.difference &&
                a.pooled.difference < a.pooled.bootstrap.high);
    stats_against_release(&a);
}

static void cells_that_one_did_not_label_are_no_test(void **state)
{
    struct stats_against a;

    (void)state;
    make_labels();
    for (size_t i = 0; i < IMAGES; i++)
        labels[2][1][i] = MISSING;
    run_against(&a, 0, 1, 50);
    assert_int_equal(a.columns[1].n, 0);
    assert_true(isnan(a.columns[1].difference) && isnan(a.columns[1].test.p) &&
                isnan(a.columns[1].test.holm) && isnan(a.columns[1].bootstrap.low));
    assert_true(a.columns[0].test.holm <=
                fmin(1, 2 * a.columns[0].test.p) + 1e-12); /* of two tests */
    assert_true(isfinite(a.pooled.bootstrap.high));
    stats_against_release(&a);
}

static void another_number_of_annotators_is_refused(void **state)
{
    const struct stats_input in = { .n_annotators = 2 };
    struct stats_against a;
    struct err e;

    (void)state;
    assert_refused(stats_against(&a, &in, &e), &e, ERR_ARG);
    assert_null(a.columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_over_clusters_equal_statsmodels),
        cmocka_unit_test(clusters_without_variation_have_no_test),
        cmocka_unit_test(counts_and_shares_are_those_of_the_cells),
        cmocka_unit_test(bootstrap_equals_the_plain_resampling_of_images),
        cmocka_unit_test(cells_that_one_did_not_label_are_no_test),
        cmocka_unit_test(another_number_of_annotators_is_refused),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_against", tests, NULL, NULL);
}
