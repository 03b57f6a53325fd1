/* SPDX-License-Identifier: MIT */
/*
 * stats/: the alternative-annotator test, and the distributions that it needs.
 */
#include "support_stats.h"

#include "stats/alt_test.h"
#include "stats/student.h"

enum { MOST_IMAGES = 100, MOST_COLUMNS = 6, MOST_PEOPLE = 5 };

/* tools/oracle/alt_test.py: scipy and statsmodels, on labels that both draw alike. */
static const struct {
    const char *name;
    unsigned seed, people, columns, images, k, noise, model_noise, missing;
    bool ordinal;
    double epsilon;
    unsigned min;
    double winning_rate, advantage;
    struct {
        unsigned items, images, unanswered;
        double as_good, nearer, p;
        bool beaten;
    } person[MOST_PEOPLE];
} cases[] = {
    { "yes and no",
      7,
      4,
      1,
      80,
      2,
      30,
      20,
      20,
      false,
      0.15,
      30,
      1.0000000000,
      0.9363646725,
      { { 61, 61, 5, 0.9344262295, -0.0819672131, 1.023622793e-04, true },
        { 58, 58, 5, 0.9482758621, -0.1034482759, 3.156430544e-05, true },
        { 62, 62, 5, 0.9354838710, -0.0967741935, 5.369106373e-05, true },
        { 55, 55, 4, 0.9272727273, -0.0363636364, 1.074922065e-03, true } } },
    { "a model that is worse",
      8,
      4,
      1,
      80,
      2,
      10,
      60,
      20,
      false,
      0.15,
      30,
      0.0000000000,
      0.7658215955,
      { { 66, 66, 3, 0.7727272727, 0.1666666667, 6.034898608e-01, false },
        { 60, 60, 4, 0.7833333333, 0.2000000000, 8.070229378e-01, false },
        { 63, 63, 3, 0.7460317460, 0.1746031746, 6.369939243e-01, false },
        { 67, 67, 4, 0.7611940299, 0.1940298507, 7.633604905e-01, false } } },
    { "ordinal",
      3,
      5,
      1,
      90,
      5,
      60,
      40,
      30,
      true,
      0.2,
      30,
      0.8000000000,
      0.7810081444,
      { { 56, 56, 7, 0.7142857143, 0.0535714286, 6.797164780e-02, false },
        { 60, 60, 4, 0.8000000000, -0.1166666667, 5.547572949e-04, true },
        { 55, 55, 7, 0.7636363636, -0.0545454545, 6.263462129e-03, true },
        { 59, 59, 5, 0.7966101695, -0.1016949153, 9.461878854e-04, true },
        { 59, 59, 4, 0.8305084746, -0.1694915254, 7.379315619e-05, true } } },
    { "few images",
      5,
      3,
      1,
      16,
      3,
      60,
      10,
      10,
      false,
      0.2,
      10,
      1.0000000000,
      1.0000000000,
      { { 15, 15, 0, 1.0000000000, -0.2000000000, 3.051757812e-05, true },
        { 16, 16, 0, 1.0000000000, -0.1875000000, 1.525878906e-05, true },
        { 14, 14, 0, 1.0000000000, -0.3571428571, 6.103515625e-05, true } } },
    { "few images of several cells",
      6,
      3,
      4,
      14,
      3,
      50,
      20,
      40,
      false,
      0.1,
      10,
      0.6666666667,
      0.9233954451,
      { { 21, 12, 2, 0.9047619048, 0.0476190476, 9.667968750e-02, false },
        { 23, 13, 3, 0.9130434783, -0.3043478261, 2.075195312e-03, true },
        { 21, 11, 3, 0.9523809524, -0.0952380952, 4.882812500e-04, true } } },
    { "images of several cells",
      9,
      4,
      6,
      60,
      2,
      40,
      20,
      50,
      false,
      0.1,
      30,
      1.0000000000,
      0.9449748346,
      { { 139, 58, 20, 0.9568345324, -0.1294964029, 3.111586687e-08, true },
        { 147, 55, 18, 0.9523809524, -0.1224489796, 2.569318375e-07, true },
        { 137, 59, 15, 0.9416058394, -0.0656934307, 8.027165666e-05, true },
        { 141, 58, 18, 0.9290780142, -0.0921985816, 4.109325377e-06, true } } },
    { "one person shares too little",
      13,
      4,
      1,
      45,
      2,
      30,
      20,
      20,
      false,
      0.15,
      35,
      0.5000000000,
      0.9201465201,
      { { 35, 35, 0, 0.9428571429, 0.0000000000, 7.062578725e-03, true },
        { 31, 31, 1, 0.8709677419, -0.0322580645, NAN, false },
        { 28, 28, 0, 0.8928571429, -0.0357142857, NAN, false },
        { 39, 39, 1, 0.8974358974, 0.0256410256, 3.888446289e-02, false } } },
    { "no noise at all",
      4,
      3,
      1,
      40,
      2,
      0,
      0,
      0,
      false,
      0.1,
      30,
      1.0000000000,
      1.0000000000,
      { { 40, 40, 0, 1.0000000000, 0.0000000000, 0.000000000e+00, true },
        { 40, 40, 0, 1.0000000000, 0.0000000000, 0.000000000e+00, true },
        { 40, 40, 0, 1.0000000000, 0.0000000000, 0.000000000e+00, true } } },
};

static int16_t labels_of[MOST_PEOPLE][MOST_COLUMNS][MOST_IMAGES];
static int16_t model_of[MOST_COLUMNS][MOST_IMAGES];

static int16_t said(unsigned k, unsigned noise, unsigned truth)
{
    unsigned other = draw(100) < noise ? draw(k) : truth;

    return (int16_t)other;
}

/* labels() of the oracle. */
static void draw_labels(size_t n)
{
    random_state = cases[n].seed;
    for (unsigned c = 0; c < cases[n].columns; c++) {
        for (unsigned i = 0; i < cases[n].images; i++) {
            unsigned truth = draw(cases[n].k);
            int16_t value;

            for (unsigned j = 0; j < cases[n].people; j++) {
                value = said(cases[n].k, cases[n].noise, truth);
                labels_of[j][c][i] = draw(100) >= cases[n].missing ? value : MISSING;
            }
            value = said(cases[n].k, cases[n].model_noise, truth);
            model_of[c][i] = draw(100) >= cases[n].missing / 4 ? value : ABSTAINED;
        }
    }
}

static void check_person(size_t n, size_t j, const struct stats_alt_person *p)
{
    const char *name = cases[n].name;

    assert_int_equal(p->items, cases[n].person[j].items);
    assert_int_equal(p->images, cases[n].person[j].images);
    assert_int_equal(p->unanswered, cases[n].person[j].unanswered);
    assert_near(name, p->as_good, cases[n].person[j].as_good, 1e-9);
    assert_near(name, p->nearer, cases[n].person[j].nearer, 1e-9);
    assert_int_equal(p->beaten, cases[n].person[j].beaten);
    if (isnan(cases[n].person[j].p))
        assert_true(isnan(p->p) && p->test == STATS_ALT_NONE);
    else
        assert_near(name, p->p, cases[n].person[j].p, 1e-9 * (cases[n].person[j].p + 1e-3));
}

/* The test of a case, with its people in the order given. */
static struct stats_alt_verdict run_case(size_t n, const size_t *order,
                                         struct stats_alt_person people[MOST_PEOPLE])
{
    const struct stats_alt_rule rule = { cases[n].epsilon, 0.05, cases[n].min };
    struct stats_alt_verdict verdict;
    struct stats_alt sums;
    struct err e;

    assert_ok(stats_alt_init(&sums, cases[n].people, cases[n].images, &e), &e);
    for (size_t c = 0; c < cases[n].columns; c++) {
        const int16_t *columns[MOST_PEOPLE];

        for (size_t j = 0; j < cases[n].people; j++)
            columns[j] = labels_of[order[j]][c];
        stats_alt_add(&sums, cases[n].ordinal ? STATS_ORDINAL : STATS_NOMINAL, model_of[c],
                      columns);
    }
    assert_ok(stats_alt_test(&sums, &rule, people, &verdict, &e), &e);
    stats_alt_release(&sums);
    return verdict;
}

static void test_equals_the_definitions(void **state)
{
    const size_t forth[] = { 0, 1, 2, 3, 4 };

    (void)state;
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct stats_alt_person people[MOST_PEOPLE];
        struct stats_alt_verdict v;
        size_t tested = 0;

        draw_labels(n);
        v = run_case(n, forth, people);
        for (size_t j = 0; j < cases[n].people; j++) {
            check_person(n, j, &people[j]);
            tested += isnan(cases[n].person[j].p) ? 0 : 1;
        }
        assert_int_equal(v.tested, tested);
        assert_near(cases[n].name, v.winning_rate, cases[n].winning_rate, 1e-9);
        assert_near(cases[n].name, v.advantage, cases[n].advantage, 1e-9);
        assert_int_equal(v.decided, tested >= 3);
        assert_int_equal(v.passed, tested >= 3 && cases[n].winning_rate >= 0.5);
    }
}

static void order_of_people_and_names_of_labels_do_not_matter(void **state)
{
    const size_t back[] = { 3, 2, 1, 0 };

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        struct stats_alt_person people[MOST_PEOPLE];
        struct stats_alt_verdict v;

        draw_labels(n);
        for (size_t i = 0; i < cases[n].images; i++) {
            for (size_t j = 0; j < cases[n].people; j++)
                if (labels_of[j][0][i] >= 0)
                    labels_of[j][0][i] = (int16_t)(1 - labels_of[j][0][i]);
            if (model_of[0][i] >= 0)
                model_of[0][i] = (int16_t)(1 - model_of[0][i]);
        }
        v = run_case(n, back, people);
        for (size_t j = 0; j < cases[n].people; j++)
            check_person(n, back[j], &people[j]);
        assert_near(cases[n].name, v.winning_rate, cases[n].winning_rate, 1e-9);
    }
}

static void nothing_to_test_is_undefined(void **state)
{
    const struct stats_alt_rule rule = { 0.15, 0.05, 30 };
    const int16_t said_yes[] = { 1, 1, MISSING }, silent[] = { MISSING, MISSING, MISSING };
    const int16_t *people[] = { said_yes, silent };
    struct stats_alt_person out[2];
    struct stats_alt_verdict v;
    struct stats_alt sums;
    struct err e;

    (void)state;
    assert_ok(stats_alt_init(&sums, 2, 3, &e), &e);
    stats_alt_add(&sums, STATS_NOMINAL, said_yes, people);
    assert_ok(stats_alt_test(&sums, &rule, out, &v, &e), &e);
    assert_int_equal(out[0].items, 0); /* nobody else labelled it */
    assert_true(isnan(out[0].as_good) && isnan(out[0].p) && !out[0].beaten);
    assert_int_equal(v.tested, 0);
    assert_true(isnan(v.winning_rate) && isnan(v.advantage) && !v.decided && !v.passed);
    stats_alt_release(&sums);
}

/* Three people who are each nearer than the model by exactly epsilon. `same`: the cells of an image
 * go together. */
static unsigned share_of_false_alarms(unsigned data_sets, unsigned images, unsigned cells,
                                      bool same)
{
    const struct stats_alt_rule rule = { 0.2, 0.05, 30 };
    struct stats_alt_person people[3];
    struct stats_alt_verdict v;
    struct stats_alt sums;
    unsigned alarms = 0;
    struct err e;

    assert_ok(stats_alt_init(&sums, 3, images, &e), &e);
    for (unsigned s = 0; s < data_sets; s++) {
        stats_alt_clear(&sums);
        for (unsigned at = 0; at < 3 * images; at++) {
            int32_t last = 0;

            for (unsigned c = 0; c < cells; c++) { /* 40 % nearer, 20 % farther */
                unsigned one = draw(10);

                last = c > 0 && same ? last : one < 4 ? 1 : one < 6 ? -1 : 0;
                sums.nearer[at] += last;
                sums.items[at]++;
            }
        }
        assert_ok(stats_alt_test(&sums, &rule, people, &v, &e), &e);
        alarms += v.beaten > 0;
    }
    stats_alt_release(&sums);
    return alarms;
}

static void a_model_that_is_worse_by_epsilon_seldom_beats_anybody(void **state)
{
    enum { DATA_SETS = 2000 };
    const double most = DATA_SETS * 0.05 + 3 * sqrt(DATA_SETS * 0.05 * 0.95);

    (void)state;
    random_state = 11;
    assert_true(share_of_false_alarms(DATA_SETS, 60, 1, false) <= most);
    assert_true(share_of_false_alarms(DATA_SETS, 60, 5, false) <= most);
    assert_true(share_of_false_alarms(DATA_SETS, 60, 5, true) <= most);
}

static void plan_says_what_is_needed(void **state)
{
    /* (2.0928378 + 0.8416212)^2 * .2 / .15^2 = 76.54 */
    struct stats_alt_plan p = { 3, 0.15, 0.05, 0, 0.2 };

    (void)state;
    assert_int_equal(stats_alt_items(&p, 0.8), 77);
    assert_near("power", stats_alt_power(&p, 77), 0.8, 0.005);
    p.differ = 0.01;
    assert_int_equal(stats_alt_items(&p, 0.8), STATS_ALT_IMAGES);
    p = (struct stats_alt_plan){ 3, 0.15, 0.05, 0.15, 0.2 };
    assert_int_equal(stats_alt_items(&p, 0.8), 0);
    assert_near("power", stats_alt_power(&p, 1000), 1.0 / 3 * 2 * 0.05 / (11.0 / 6), 1e-9);
    p.nearer = p.differ = 0;
    assert_int_equal(stats_alt_items(&p, 0.8), STATS_ALT_IMAGES);
    assert_near("power", stats_alt_power(&p, 30), 1, 0);
}

static const struct {
    double t, df, below;
} student[] = {
    { 0, 3, 5.000000000000e-01 },        { -1, 1, 2.500000000000e-01 },
    { -2.5, 29, 9.162672169213e-03 },    { 2.5, 29, 9.908373278308e-01 },
    { -8, 40, 3.952542055052e-10 },      { -40, 200, 1.124369826760e-97 },
    { 1.3, 202598, 9.031987759264e-01 }, { -3, 0.5, 1.836540779930e-01 },
};

static const struct {
    double p, z;
} normal[] = {
    { 0.5, 0.000000000000 },    { 0.8, 0.841621233573 },
    { 0.975, 1.959963984540 },  { 0.0181818181818, -2.092837798506 },
    { 1e-09, -5.997807015008 },
};

static void distributions_equal_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(student); i++)
        assert_near("student", stats_student_below(student[i].t, student[i].df) / student[i].below,
                    1, 1e-9);
    for (size_t i = 0; i < COUNT(normal); i++)
        assert_near("normal", stats_normal_quantile(normal[i].p), normal[i].z, 1e-9);
    assert_near("all", stats_student_below(INFINITY, 5), 1, 0);
    assert_near("none", stats_student_below(-INFINITY, 5), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_the_definitions),
        cmocka_unit_test(order_of_people_and_names_of_labels_do_not_matter),
        cmocka_unit_test(nothing_to_test_is_undefined),
        cmocka_unit_test(a_model_that_is_worse_by_epsilon_seldom_beats_anybody),
        cmocka_unit_test(plan_says_what_is_needed),
        cmocka_unit_test(distributions_equal_scipy),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_alt_test", tests, NULL, NULL);
}
