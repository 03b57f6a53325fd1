/* SPDX-License-Identifier: MIT */
/*
 * stats/: stats_agreement and its bootstrap, against a slow and plain computation and a few labels
 * worked by hand.
 */
#include "support_stats.h"

#include "stats/bootstrap.h" /* private to stats/, and worth its own test */
#include "stats/stats.h"

/* ---- agreement and its bootstrap, against a slow and plain computation ---- */

enum { PLAIN_IMAGES = 90, PLAIN_COLUMNS = 3, PLAIN_RATERS = 3, PLAIN_RESAMPLES = 10000 };

/* A made-up data set. Labels of one image hang together: the plain bootstrap over cells would be
 * much too narrow. */
struct scene {
    const char *name;
    size_t k, n_raters;
    unsigned missing; /* of ten labels, how many lack */
    enum stats_scale scale;
    int16_t labels[PLAIN_RATERS][PLAIN_COLUMNS][PLAIN_IMAGES];
};

static void make_scene(struct scene *s)
{
    for (size_t i = 0; i < PLAIN_IMAGES; i++) {
        bool hard = draw(3) == 0; /* a hard image: everybody guesses at every question */

        for (size_t c = 0; c < PLAIN_COLUMNS; c++) {
            int16_t truth = (int16_t)draw((unsigned)s->k);

            for (size_t j = 0; j < s->n_raters; j++) {
                bool guess = draw(10) < (hard ? 10u : 1u);
                int16_t label = guess ? (int16_t)draw((unsigned)s->k) : truth;

                if (draw(10) < s->missing)
                    label = draw(2) == 0 ? MISSING : ABSTAINED;
                s->labels[j][c][i] = label;
            }
        }
    }
}

/* Cells of a pair, one after the other. */
struct cells {
    size_t n, agreeing, first[4], second[4];
};

static void count_cells(struct cells *out, const struct scene *s, size_t a, size_t b, size_t column,
                        const size_t images[PLAIN_IMAGES])
{
    for (size_t i = 0; i < PLAIN_IMAGES; i++) {
        int16_t x = s->labels[a][column][images[i]], y = s->labels[b][column][images[i]];

        if (x < 0 || y < 0)
            continue;
        out->n++;
        out->agreeing += x == y;
        out->first[x]++;
        out->second[y]++;
    }
}

static double plain_kappa(const struct cells *cells)
{
    double n = (double)cells->n, chance = 0;

    for (size_t v = 0; v < 4; v++)
        chance += (double)cells->first[v] * (double)cells->second[v] / (n * n);
    return ((double)cells->agreeing / n - chance) / (1 - chance);
}

/* The figures that have an interval: of the first column, of all, and the mean of the columns'. */
struct plain {
    double column_agreement, column_kappa, agreement, kappa, macro_agreement, macro_kappa;
};
enum { PLAIN_FIGURES = sizeof(struct plain) / sizeof(double) };
static const char *const plain_names[] = { "column agreement", "column kappa", "agreement", "kappa",
                                           "macro agreement",  "macro kappa" };

/* Columns [from, to) taken together: agreement of all pairs of labels, the mean of the pairs'
 * kappas. */
static void plain_row(const struct scene *s, const size_t images[PLAIN_IMAGES], size_t from,
                      size_t to, double *agreement, double *kappa)
{
    size_t n = 0, agreeing = 0, pairs = 0;

    *kappa = 0;
    for (size_t a = 0; a < s->n_raters; a++) {
        for (size_t b = a + 1; b < s->n_raters; b++, pairs++) {
            struct cells cells = { 0 };

            for (size_t c = from; c < to; c++)
                count_cells(&cells, s, a, b, c, images);
            n += cells.n;
            agreeing += cells.agreeing;
            *kappa += plain_kappa(&cells);
        }
    }
    *agreement = (double)agreeing / (double)n;
    *kappa /= (double)pairs;
}

static struct plain plain_figures(const struct scene *s, const size_t images[PLAIN_IMAGES])
{
    struct plain p = { 0 };

    plain_row(s, images, 0, 1, &p.column_agreement, &p.column_kappa);
    plain_row(s, images, 0, PLAIN_COLUMNS, &p.agreement, &p.kappa);
    for (size_t c = 0; c < PLAIN_COLUMNS; c++) {
        double agreement, kappa;

        plain_row(s, images, c, c + 1, &agreement, &kappa);
        p.macro_agreement += agreement / PLAIN_COLUMNS;
        p.macro_kappa += kappa / PLAIN_COLUMNS;
    }
    return p;
}

static struct stats_agreement *agree_on_scene(const struct scene *s, size_t resamples)
{
    const int16_t *const labels[] = { s->labels[0][0], s->labels[1][0], s->labels[2][0] };
    const size_t n_values[] = { s->k, s->k, s->k };
    const enum stats_scale scale[] = { s->scale, s->scale, s->scale };
    const struct stats_input in = { .labels = labels,
                                    .n_annotators = s->n_raters,
                                    .n_images = PLAIN_IMAGES,
                                    .n_columns = PLAIN_COLUMNS,
                                    .n_values = n_values,
                                    .scale = scale,
                                    .resamples = resamples,
                                    .seed = 20241014 };
    struct stats_agreement *out = NULL;
    struct err e;

    assert_ok(stats_agreement(&out, &in, &e), &e);
    return out;
}

static struct scene scenes[] = {
    { .name = "yes/no", .k = 2, .n_raters = 2, .scale = STATS_YESNO },
    { .name = "yes/no, some missing", .k = 2, .n_raters = 2, .missing = 3, .scale = STATS_YESNO },
    { .name = "four values", .k = 4, .n_raters = 2, .scale = STATS_NOMINAL },
    { .name = "three values, some missing",
      .k = 3,
      .n_raters = 2,
      .missing = 2,
      .scale = STATS_ORDINAL },
    { .name = "three annotators", .k = 2, .n_raters = 3, .scale = STATS_YESNO },
    { .name = "three annotators, three values, some missing",
      .k = 3,
      .n_raters = 3,
      .missing = 2,
      .scale = STATS_NOMINAL },
};

static void make_scenes(void)
{
    random_state = 99;
    for (size_t i = 0; i < COUNT(scenes); i++)
        make_scene(&scenes[i]);
}

static void agreement_equals_the_plain_computation(void **state)
{
    size_t images[PLAIN_IMAGES];

    (void)state;
    make_scenes();
    for (size_t i = 0; i < PLAIN_IMAGES; i++)
        images[i] = i;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        struct plain p = plain_figures(&scenes[i], images);
        struct stats_agreement *a = agree_on_scene(&scenes[i], 0);

        assert_near(scenes[i].name, a->columns[0].value[STATS_AGREEMENT], p.column_agreement,
                    1e-12);
        assert_near(scenes[i].name, a->columns[0].value[STATS_KAPPA], p.column_kappa, 1e-12);
        assert_near(scenes[i].name, a->pooled.value[STATS_AGREEMENT], p.agreement, 1e-12);
        assert_near(scenes[i].name, a->pooled.value[STATS_KAPPA], p.kappa, 1e-12);
        assert_near(scenes[i].name, a->macro.value[STATS_AGREEMENT], p.macro_agreement, 1e-12);
        assert_near(scenes[i].name, a->macro.value[STATS_KAPPA], p.macro_kappa, 1e-12);
        assert_undefined(a->pooled.bootstrap.low);
        stats_agreement_free(a);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Whole images are drawn with replacement and everything is computed anew. values[f][r]. */
static void resample_plainly(const struct scene *s, double *values[PLAIN_FIGURES])
{
    for (size_t r = 0; r < PLAIN_RESAMPLES; r++) {
        size_t images[PLAIN_IMAGES];
        struct plain p;

        for (size_t i = 0; i < PLAIN_IMAGES; i++)
            images[i] = draw(PLAIN_IMAGES);
        p = plain_figures(s, images);
        for (size_t f = 0; f < PLAIN_FIGURES; f++)
            memcpy(&values[f][r], (const char *)&p + f * sizeof(double), sizeof(double));
    }
    for (size_t f = 0; f < PLAIN_FIGURES; f++)
        qsort(values[f], PLAIN_RESAMPLES, sizeof(double), by_size);
}

static double spread(const double *values)
{
    double mean = 0, squares = 0;

    for (size_t r = 0; r < PLAIN_RESAMPLES; r++)
        mean += values[r] / PLAIN_RESAMPLES;
    for (size_t r = 0; r < PLAIN_RESAMPLES; r++)
        squares += (values[r] - mean) * (values[r] - mean);
    return sqrt(squares / PLAIN_RESAMPLES);
}

/* A 2.5 % quantile of R draws has the standard error sqrt(.025 * .975 / R) / density, with the
 * normal density .0584 / spread there: at R = 10 000, .027 spreads, and .038 for the difference of
 * two. Five of those are allowed, and a step from one count of images to the next. */
static void compare_intervals(const struct scene *s, double *values[PLAIN_FIGURES])
{
    struct stats_agreement *a = agree_on_scene(s, PLAIN_RESAMPLES);
    const struct stats_interval got[PLAIN_FIGURES] = {
        a->columns[0].bootstrap, a->columns[0].kappa_bootstrap,
        a->pooled.bootstrap,     a->pooled.kappa_bootstrap,
        a->macro.bootstrap,      a->macro.kappa_bootstrap,
    };

    for (size_t f = 0; f < PLAIN_FIGURES; f++) {
        double tolerance = fmax(5 * 0.038 * spread(values[f]), 1.001 / PLAIN_IMAGES);
        char what[100];

        snprintf(what, sizeof(what), "%s: %s", s->name, plain_names[f]);
        assert_near(what, got[f].low, values[f][PLAIN_RESAMPLES / 40], tolerance);
        assert_near(what, got[f].high, values[f][PLAIN_RESAMPLES - PLAIN_RESAMPLES / 40],
                    tolerance);
    }
    stats_agreement_free(a);
}

static void bootstrap_equals_the_plain_resampling_of_images(void **state)
{
    double *values[PLAIN_FIGURES];

    (void)state;
    make_scenes();
    for (size_t f = 0; f < PLAIN_FIGURES; f++) {
        values[f] = calloc(PLAIN_RESAMPLES, sizeof(double));
        assert_non_null(values[f]);
    }
    for (size_t i = 0; i < COUNT(scenes); i++) {
        resample_plainly(&scenes[i], values);
        compare_intervals(&scenes[i], values);
    }
    for (size_t f = 0; f < PLAIN_FIGURES; f++)
        free(values[f]);
}

/* As many images are drawn as there are, whichever sets they are counted in. At 200 000 images some
 * are drawn eight times and more. */
static void bootstrap_draws_as_many_images_as_there_are(void **state)
{
    static const size_t sizes[] = { 1, 63, 64, 65, 1000, 200000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i];
        uint64_t *all = calloc(bootstrap_words(n), sizeof(*all));
        uint64_t *third = calloc(bootstrap_words(n), sizeof(*third));
        uint64_t *rest = calloc(bootstrap_words(n), sizeof(*rest));
        struct bootstrap *b = NULL;
        struct err e;

        assert_true(all && third && rest);
        for (size_t image = 0; image < n; image++) {
            all[image / 64] |= (uint64_t)1 << image % 64;
            (image % 3 == 0 ? third : rest)[image / 64] |= (uint64_t)1 << image % 64;
        }
        assert_ok(bootstrap_new(&b, n, 5, &e), &e);
        for (int again = 0; again < 20; again++) {
            bootstrap_draw(b);
            assert_int_equal(bootstrap_count(b, all), n);
            assert_int_equal(bootstrap_count(b, third) + bootstrap_count(b, rest), n);
        }
        bootstrap_free(b);
        free(all);
        free(third);
        free(rest);
    }
}

/* ---- the rest of stats_agreement ---- */

/* A few labels worked by hand: two columns of five images, the second annotator's first. */
static void counts_and_coverage_are_those_of_the_cells(void **state)
{
    static const int16_t first[] = { 1, 1, 0, ABSTAINED, MISSING, 0, 0, 1, 1, MISSING };
    static const int16_t second[] = { 1, 0, 0, 1, 1, 0, 0, ABSTAINED, 1, MISSING };
    const int16_t *const labels[] = { first, second };
    static const size_t n_values[] = { 2, 2 }, group[] = { 0, 1 };
    static const enum stats_scale scale[] = { STATS_YESNO, STATS_YESNO };
    const struct stats_input in = { .labels = labels,
                                    .n_annotators = 2,
                                    .n_images = 5,
                                    .n_columns = 2,
                                    .n_values = n_values,
                                    .scale = scale,
                                    .group = group,
                                    .n_groups = 1 };
    struct stats_agreement *a = NULL;
    struct err e;

    (void)state;
    assert_ok(stats_agreement(&a, &in, &e), &e);
    assert_int_equal(a->columns[0].n, 3);
    assert_int_equal(a->columns[0].asked, 4);
    assert_int_equal(a->columns[0].missing, 1);
    assert_near("coverage", a->columns[0].value[STATS_COVERAGE], 3.0 / 4, 1e-12);
    assert_near("agreement", a->columns[0].value[STATS_AGREEMENT], 2.0 / 3, 1e-12);
    assert_near("with abstentions", a->columns[0].value[STATS_AGREEMENT_WITH_ABSTENTIONS], 2.0 / 4,
                1e-12);
    assert_near("precision", a->columns[0].value[STATS_PRECISION], 1.0 / 2, 1e-12);
    assert_near("recall", a->columns[0].value[STATS_RECALL], 1, 1e-12);
    assert_int_equal(a->columns[1].n, 3);
    assert_int_equal(a->columns[1].missing, 0);
    assert_int_equal(a->pooled.n, 6);
    assert_int_equal(a->pooled.asked, 8);
    assert_near("pooled", a->pooled.value[STATS_AGREEMENT], 5.0 / 6, 1e-12);
    assert_near("macro", a->macro.value[STATS_AGREEMENT], (2.0 / 3 + 1) / 2, 1e-12);
    assert_int_equal(a->groups[0].n, a->columns[0].n); /* the second column is in no group */
    assert_near("group", a->groups[0].value[STATS_AGREEMENT], a->columns[0].value[STATS_AGREEMENT],
                0);
    stats_agreement_free(a);
}

static void figures_without_data_or_variation_are_undefined(void **state)
{
    static const int16_t first[] = { 0, 0, MISSING, MISSING }, second[] = { 0, 0, 1, 1 };
    const int16_t *const labels[] = { first, second };
    static const size_t n_values[] = { 2, 2 };
    static const enum stats_scale scale[] = { STATS_YESNO, STATS_YESNO };
    const struct stats_input in = { .labels = labels,
                                    .n_annotators = 2,
                                    .n_images = 2,
                                    .n_columns = 2,
                                    .n_values = n_values,
                                    .scale = scale,
                                    .resamples = 20 };
    struct stats_agreement *a = NULL;
    struct err e;

    (void)state;
    assert_ok(stats_agreement(&a, &in, &e), &e);
    const struct stats_figures *always_no = &a->columns[0], *nothing = &a->columns[1];
    assert_near("always no", always_no->value[STATS_AGREEMENT], 1, 0);
    assert_true(isnan(always_no->value[STATS_KAPPA]) && isnan(always_no->value[STATS_ALPHA]));
    assert_true(isnan(always_no->value[STATS_PRECISION]) && isnan(always_no->value[STATS_RECALL]) &&
                isnan(always_no->value[STATS_F1]));
    assert_true(isnan(always_no->kappa_bootstrap.low));
    assert_near("negative agreement", always_no->value[STATS_NEGATIVE_AGREEMENT], 1, 0);
    assert_int_equal(nothing->n, 0);
    assert_int_equal(nothing->missing, 2);
    assert_true(isnan(nothing->value[STATS_AGREEMENT]) && isnan(nothing->value[STATS_COVERAGE]) &&
                isnan(nothing->value[STATS_KAPPA]));
    assert_true(isnan(nothing->wilson.low) && isnan(nothing->bootstrap.low));
    assert_near("macro leaves out the undefined", a->macro.value[STATS_AGREEMENT], 1, 0);
    assert_int_equal(a->macro_kappa_columns, 0);
    assert_undefined(a->macro.value[STATS_KAPPA]);
    stats_agreement_free(a);
}

/* The pair's figures come from one table: over the yes/no columns, where there are any. */
static void pooled_coefficients_are_over_the_yesno_columns(void **state)
{
    static const int16_t first[] = { 1, 0, 1, 0, 0, 2, 1, 1 },
                         second[] = { 1, 0, 0, 0, 2, 2, 1, 0 };
    const int16_t *const labels[] = { first, second };
    static const size_t n_values[] = { 2, 3 };
    static const enum stats_scale scale[] = { STATS_YESNO, STATS_ORDINAL };
    const struct stats_input in = { .labels = labels,
                                    .n_annotators = 2,
                                    .n_images = 4,
                                    .n_columns = 2,
                                    .n_values = n_values,
                                    .scale = scale };
    struct stats_agreement *a = NULL;
    struct err e;

    (void)state;
    assert_ok(stats_agreement(&a, &in, &e), &e);
    assert_int_equal(a->pooled.table_columns, 1);
    assert_int_equal(a->pooled.table.k, 2);
    assert_near("kappa", a->pooled.value[STATS_KAPPA], 0.5, 1e-12); /* (3/4 - 1/2) / (1 - 1/2) */
    assert_near("agreement of all cells", a->pooled.value[STATS_AGREEMENT], 5.0 / 8, 1e-12);
    assert_int_equal(a->columns[1].table.k, 3);
    assert_undefined(a->columns[1].value[STATS_PRECISION]);
    assert_undefined(a->columns[0].value[STATS_QUADRATIC_KAPPA]);
    assert_undefined(a->pooled.value[STATS_QUADRATIC_KAPPA]);
    assert_true(isfinite(a->columns[1].value[STATS_QUADRATIC_KAPPA]));
    stats_agreement_free(a);
}

static void one_annotator_is_refused(void **state)
{
    const struct stats_input in = { .n_annotators = 1 }, none = { .n_annotators = 0 };
    struct stats_agreement *a = NULL;
    struct err e;

    (void)state;
    assert_refused(stats_agreement(&a, &in, &e), &e, ERR_ARG);
    assert_null(a);
    assert_refused(stats_agreement(&a, &none, &e), &e, ERR_ARG);
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_equals_the_plain_computation),
        cmocka_unit_test(bootstrap_equals_the_plain_resampling_of_images),
        cmocka_unit_test(bootstrap_draws_as_many_images_as_there_are),
        cmocka_unit_test(counts_and_coverage_are_those_of_the_cells),
        cmocka_unit_test(figures_without_data_or_variation_are_undefined),
        cmocka_unit_test(pooled_coefficients_are_over_the_yesno_columns),
        cmocka_unit_test(one_annotator_is_refused),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_agreement", tests, NULL, NULL);
}
