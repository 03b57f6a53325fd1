/* SPDX-License-Identifier: MIT */
/*
 * stats/: every expected value here comes from elsewhere: a publication, another program (irrCAC,
 * krippendorff, statsmodels, scikit-learn, crowd-kit, numpy), the study's own data, or a slow and
 * plain computation in this file. None is our own output written down.
 */
#include "support.h"

#include "stats/bootstrap.h" /* private to stats/, and worth its own test */
#include "stats/stats.h"

enum { MISSING = STATS_MISSING, ABSTAINED = -4 };

/* The reference computations draw from here: Knuth's MMIX generator, its upper bits. */
static uint64_t random_state;

static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % n);
}

/* ---- intervals and quantiles ---- */

/* Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (score, no correction). */
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

/* ---- tables of two annotators ---- */

/* A table with its coefficients: kappa and quadratic kappa by scikit-learn 1.9.1
 * (cohen_kappa_score) and statsmodels 0.15.0 (cohens_kappa), AC1 by irrCAC 0.4.4 (gwet), alpha by
 * krippendorff 0.9.0. The first is the paradox of Feinstein and Cicchetti 1990: high agreement, no
 * kappa. */
static const struct {
    size_t k;
    uint64_t counts[16];
    double agreement, kappa, quadratic, ac1, alpha;
} tables[] = {
    { 2, { 118, 5, 2, 0 }, 0.944, -0.0233918129, -0.0233918129, 0.9407763376, -0.0246913580 },
    { 3,
      { 44, 5, 1, 7, 20, 3, 9, 5, 6 },
      0.7,
      0.4915254237,
      0.4545454545,
      0.5759717314,
      0.4897435897 },
    { 4,
      { 22, 5, 0, 1, 3, 18, 6, 2, 0, 4, 25, 3, 1, 1, 2, 14 },
      79.0 / 107,
      0.6472389026,
      0.7752902484,
      0.6523891478,
      0.6487839350 },
};

static void coefficients_of_a_table_equal_other_programs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++) {
        uint64_t counts[16];
        struct stats_table t = { .k = tables[i].k, .counts = counts };

        memcpy(counts, tables[i].counts, sizeof(counts));
        for (size_t c = 0; c < t.k * t.k; c++)
            t.n += counts[c];
        assert_near("agreement", stats_table_agreement(&t), tables[i].agreement, 1e-12);
        assert_near("kappa", stats_kappa(&t), tables[i].kappa, 1e-9);
        assert_near("quadratic kappa", stats_quadratic_kappa(&t), tables[i].quadratic, 1e-9);
        assert_near("AC1", stats_ac1(&t), tables[i].ac1, 1e-9);
        assert_near("alpha", stats_alpha(&t), tables[i].alpha, 1e-9);
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
        uint64_t counts[4];
        struct stats_table t = { .k = 2, .counts = counts, .n = i < 2 ? 10 : 0 };

        memcpy(counts, degenerate[i], sizeof(counts));
        assert_undefined(stats_kappa(&t));
        assert_undefined(stats_quadratic_kappa(&t));
        assert_undefined(stats_alpha(&t));
        if (t.n > 0) { /* AC1 is defined: irrCAC gives 1 for two categories */
            assert_near("agreement", stats_table_agreement(&t), 1, 0);
            assert_near("AC1", stats_ac1(&t), 1, 1e-12);
        } else {
            assert_undefined(stats_table_agreement(&t));
            assert_undefined(stats_ac1(&t));
        }
    }
}

/* ---- the reference file of votes ---- */

enum { MOST_CELLS = 64, MOST_RATERS = 6 };

/* Votes as the coefficients want them: a column of labels a rater. */
struct votes {
    const char *name;
    size_t k, n_cells, n_raters;
    int16_t labels[MOST_RATERS][MOST_CELLS];
    const int16_t *columns[MOST_RATERS];
};

static int16_t vote_of(char c)
{
    return c == 'x' ? MISSING : (int16_t)(c - '0');
}

static void load_votes(struct votes *v, const char *name, const struct json_t *set)
{
    const struct json_t *rows = jv_get(set, "votes");
    int64_t k = 0;

    assert_true(jv_integer(jv_get(set, "K"), &k));
    *v = (struct votes){ .name = name, .k = (size_t)k, .n_cells = jv_length(rows) };
    v->n_raters = strlen(jv_text(jv_at(rows, 0)));
    assert_in_range(v->n_cells, 1, MOST_CELLS);
    assert_in_range(v->n_raters, 2, MOST_RATERS);
    for (size_t j = 0; j < v->n_raters; j++) {
        for (size_t i = 0; i < v->n_cells; i++)
            v->labels[j][i] = vote_of(jv_text(jv_at(rows, i))[j]);
        v->columns[j] = v->labels[j];
    }
}

static double number_at(const struct json_t *set, const char *key, const char *inner)
{
    const struct json_t *v = jv_get(set, key);
    double x = NAN;

    if (!jv_number(inner ? jv_get(v, inner) : v, &x))
        fail_row(key, "is not in the reference file");
    return x;
}

/* Calls check for every set of votes in the file. */
static void for_each_set(void (*check)(const struct votes *v, const struct json_t *set))
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", "golden_consensus.json"), *set;
    void *iterator = NULL;
    const char *name;
    size_t n = 0;

    for (; jv_member(jv_get(file, "sets"), &iterator, &name, &set); n++) {
        struct votes v;

        load_votes(&v, name, set);
        check(&v, set);
    }
    assert_in_range(n, 2, 100);
    jv_free(file);
}

/* The three many-rater coefficients of some columns. */
struct coefficients {
    double fleiss, ac1, alpha;
};

static struct coefficients coefficients_of(const int16_t *const columns[], size_t n_raters,
                                           size_t n_cells, size_t k)
{
    struct stats_raters r;
    struct coefficients c;
    struct err e;

    assert_ok(stats_raters_init(&r, k, &e), &e);
    stats_raters_add(&r, columns, n_raters, n_cells);
    c = (struct coefficients){ stats_raters_fleiss(&r), stats_raters_ac1(&r),
                               stats_raters_alpha(&r) };
    stats_raters_release(&r);
    return c;
}

static void check_raters(const struct votes *v, const struct json_t *set)
{
    struct coefficients c = coefficients_of(v->columns, v->n_raters, v->n_cells, v->k);

    assert_near(v->name, c.ac1, number_at(set, "irrCAC_gwet_identity", "coefficient_value"), 1e-8);
    assert_near(v->name, c.fleiss, number_at(set, "irrCAC_fleiss_identity", "coefficient_value"),
                1e-8);
    assert_near(v->name, c.alpha, number_at(set, "krippendorff_nominal", NULL), 1e-9);
}

static void raters_equal_irrcac_and_krippendorff(void **state)
{
    (void)state;
    for_each_set(check_raters);
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

static void check_two_raters(const struct votes *v, const struct json_t *set)
{
    const struct json_t *cohen = jv_get(set, "cohen_w0_w1_pairwise_complete");
    uint64_t counts[16] = { 0 };
    struct stats_table t = { .k = v->k, .counts = counts };

    assert_in_range(v->k, 2, 4);
    stats_table_add(&t, v->labels[0], v->labels[1], v->n_cells);
    for (size_t i = 0; i < v->k * v->k; i++) {
        int64_t count = -1;

        assert_true(jv_integer(jv_at(jv_at(jv_get(cohen, "table"), i / v->k), i % v->k), &count));
        assert_int_equal(counts[i], count);
    }
    assert_near(v->name, stats_kappa(&t), number_at(cohen, "kappa", NULL), 1e-12);
    assert_near(v->name, stats_quadratic_kappa(&t), number_at(cohen, "quadratic", NULL), 1e-12);
}

static void kappa_of_two_raters_equals_statsmodels(void **state)
{
    (void)state;
    for_each_set(check_two_raters);
}

/* Three values and more, a string a rater, x where missing: AC1 and Fleiss' kappa by irrCAC 0.4.4,
 * alpha by krippendorff 0.9.0, the mean of the pairs' kappas and the first two's quadratic kappa by
 * scikit-learn 1.9.1. */
static const struct {
    size_t k, n_raters;
    const char *labels[5];
    double ac1, fleiss, alpha, mean_kappa, quadratic;
} many_values[] = {
    { 3,
      4,
      { "x2220120xx0xx100x2220x00", "x2x2002x10xxx0x121xx2000", "122x0122101x22x122xxxx0x",
        "0022x0x2101xxx11xx112100" },
      0.2999621145,
      0.286262989,
      0.3549222798,
      0.4283005455,
      0.5510204082 },
    { 4,
      3,
      { "1xx30x12203132x210021221230x22", "10x12x1231203212100x10x02x0x22",
        "23022320x1x132xx3x31x011x33332" },
      0.2839176147,
      0.2763934531,
      0.2695934001,
      0.2483924847,
      0.5961123110 },
    { 3,
      5,
      { "12020222002110111111", "22201222000112021101", "22000222012110222001",
        "22122122000012221101", "22022222200110120001" },
      0.3890627328,
      0.3767102463,
      0.3829431438,
      0.3800472375,
      0.1532258065 },
    { 4,
      2,
      { "11230x003311x312000120012x", "212333x2323112221001000x0x" },
      0.3669924546,
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

/* ---- majority ---- */

static void check_majority(const struct votes *v, const struct json_t *set)
{
    enum { OPEN = -6 };
    int16_t consensus[MOST_CELLS];
    uint64_t ties = 0, seen_ties = 0;
    struct err e;

    assert_ok(stats_majority(v->columns, v->n_raters, v->n_cells, v->k, STATS_TIE_ABSTAIN, OPEN,
                             consensus, &ties, &e),
              &e);
    for (size_t i = 0; i < v->n_cells; i++) {
        int64_t wanted = -1;
        size_t votes[4] = { 0 }, most = 0, tied = 0;

        for (size_t j = 0; j < v->n_raters; j++)
            if (v->labels[j][i] >= 0)
                votes[v->labels[j][i]]++;
        for (size_t value = 0; value < v->k; value++)
            most = votes[value] > most ? votes[value] : most;
        for (size_t value = 0; value < v->k; value++)
            tied += votes[value] == most;
        seen_ties += tied > 1;
        assert_true(jv_integer(jv_at(jv_get(set, "mv_labels"), i), &wanted));
        assert_int_equal(consensus[i], tied > 1 ? OPEN : wanted);
    }
    assert_int_equal(ties, seen_ties);
}

static void majority_equals_crowd_kit_where_nothing_ties(void **state)
{
    (void)state;
    for_each_set(check_majority);
}

/* One column, three annotators, a cell a row; what the tie rules make of it. */
static const struct {
    int16_t votes[3], open, second_wins;
    bool tie;
} tie_rows[] = {
    { { 0, 0, 1 }, 0, 0, false },
    { { 2, 1, 1 }, 1, 1, false },
    { { 0, 1, 2 }, 9, 1, true },
    { { 0, 2, MISSING }, 9, 2, true },
    { { 0, MISSING, 1 }, 9, 9, true }, /* the second did not vote */
    { { 0, ABSTAINED, 1 }, 9, 9, true },
    { { MISSING, 2, ABSTAINED }, 2, 2, false },
    { { MISSING, MISSING, MISSING }, MISSING, MISSING, false },
    { { ABSTAINED, -2, MISSING }, MISSING, MISSING, false },
};

static void majority_settles_ties_by_its_rule(void **state)
{
    enum { N = COUNT(tie_rows), OPEN = 9, SECOND = 1 };
    int16_t labels[3][N], consensus[N];
    const int16_t *const columns[] = { labels[0], labels[1], labels[2] };
    uint64_t ties, wanted_ties = 0;
    struct err e;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < 3; j++)
            labels[j][i] = tie_rows[i].votes[j];
        wanted_ties += tie_rows[i].tie;
    }
    assert_ok(stats_majority(columns, 3, N, 3, STATS_TIE_ABSTAIN, OPEN, consensus, &ties, &e), &e);
    assert_int_equal(ties, wanted_ties);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(consensus[i], tie_rows[i].open);
    assert_ok(stats_majority(columns, 3, N, 3, SECOND, OPEN, consensus, &ties, &e), &e);
    assert_int_equal(ties, wanted_ties); /* settled or not */
    for (size_t i = 0; i < N; i++)
        assert_int_equal(consensus[i], tie_rows[i].second_wins);
}

/* The one who settles ties has no say where his value is not among the tied. */
static void majority_heeds_the_first_only_among_the_tied(void **state)
{
    static const int16_t votes[5][1] = { { 2 }, { 0 }, { 0 }, { 1 }, { 1 } };
    const int16_t *const columns[] = { votes[0], votes[1], votes[2], votes[3], votes[4] };
    int16_t consensus;
    uint64_t ties;
    struct err e;

    (void)state;
    assert_ok(stats_majority(columns, 5, 1, 3, 0, -6, &consensus, &ties, &e), &e);
    assert_int_equal(consensus, -6);
    assert_ok(stats_majority(columns, 5, 1, 3, 4, -6, &consensus, &ties, &e), &e);
    assert_int_equal(consensus, 1);
}

/* ---- the coin flip, against every way the draws can fall ---- */

enum { FIXED = 3, EXTRA = 4, VOTERS = FIXED + EXTRA, CELLS = 40 };

/* The majority of a cell's votes by the plainest reading of the rule; -1: open. */
static int plain_majority(const int votes[VOTERS], int k, int tie_first)
{
    int count[4] = { 0 }, most = 0, winners = 0, winner = -1;

    for (int j = 0; j < VOTERS; j++)
        if (votes[j] >= 0)
            count[votes[j]]++;
    for (int v = 0; v < k; v++)
        most = count[v] > most ? count[v] : most;
    for (int v = 0; v < k; v++)
        if (count[v] == most && most > 0) {
            winners++;
            winner = v;
        }
    if (winners > 1 && tie_first >= 0 && votes[tie_first] >= 0 && count[votes[tie_first]] == most)
        return votes[tie_first];
    return winners == 1 ? winner : -1;
}

/* Adds one cell's share of agree and decided, trying all k^draws ways. */
static void flip_by_trying(const int16_t labels[VOTERS][CELLS], size_t cell, int k, int tie_first,
                           double agree[], double decided[])
{
    int votes[VOTERS], ways = 1;

    for (int j = FIXED; j < VOTERS; j++)
        ways *= labels[j][cell] >= 0 ? k : 1;
    for (int way = 0; way < ways; way++) {
        int rest = way, winner;

        for (int j = 0; j < VOTERS; j++) {
            votes[j] = labels[j][cell];
            if (j >= FIXED && votes[j] >= 0) {
                votes[j] = rest % k;
                rest /= k;
            }
        }
        winner = plain_majority(votes, k, tie_first);
        for (int j = 0; j < FIXED; j++) {
            agree[j] += votes[j] >= 0 && votes[j] == winner ? 1.0 / ways : 0;
            decided[j] += votes[j] >= 0 && winner >= 0 ? 1.0 / ways : 0;
        }
    }
}

static void check_flip(int k, int tie_first)
{
    int16_t labels[VOTERS][CELLS];
    const int16_t *columns[VOTERS];
    bool extra[VOTERS] = { false };
    double agree[VOTERS], decided[VOTERS], agree_tried[FIXED] = { 0 }, decided_tried[FIXED] = { 0 };
    struct err e;

    for (size_t j = 0; j < VOTERS; j++) {
        extra[j] = j >= FIXED;
        agree[j] = decided[j] = 100; /* sums are added to; those of the extra stay */
        columns[j] = labels[j];
        for (size_t i = 0; i < CELLS; i++) {
            bool same = i > 0 && draw(4) == 0; /* runs of equal cells */

            labels[j][i] = same           ? labels[j][i - 1]
                           : draw(10) < 4 ? (int16_t)(draw(2) == 0 ? MISSING : ABSTAINED)
                                          : (int16_t)draw((unsigned)k);
        }
    }
    for (size_t i = 0; i < CELLS; i++)
        flip_by_trying(labels, i, k, tie_first, agree_tried, decided_tried);
    assert_ok(
        stats_coin_flip(columns, extra, VOTERS, CELLS, (size_t)k, tie_first, agree, decided, &e),
        &e);
    for (size_t j = 0; j < VOTERS; j++) {
        assert_near("agree", agree[j], 100 + (j < FIXED ? agree_tried[j] : 0), 1e-9);
        assert_near("decided", decided[j], 100 + (j < FIXED ? decided_tried[j] : 0), 1e-9);
    }
}

static void flip_every_k(int tie_first)
{
    random_state = 1;
    for (int k = 2; k <= 4; k++)
        for (int again = 0; again < 20; again++)
            check_flip(k, tie_first);
}

static void coin_flip_with_open_ties_equals_enumeration(void **state)
{
    (void)state;
    flip_every_k(STATS_TIE_ABSTAIN);
}

static void coin_flip_with_a_fixed_first_equals_enumeration(void **state)
{
    (void)state;
    flip_every_k(0);
    flip_every_k(FIXED - 1);
}

static void coin_flip_with_an_extra_first_equals_enumeration(void **state)
{
    (void)state;
    flip_every_k(FIXED);
    flip_every_k(VOTERS - 1);
}

/* Two fixed votes that differ, then e fair draws of two values: with e even, both win with
 * probability (1 - C(e, e/2) / 2^e) / 2; with e odd, with 1/2. */
static void coin_flip_bears_its_greatest_number_of_draws(void **state)
{
    enum { MOST = STATS_EXTRA_MAX + 3 };
    int16_t no = 0, yes = 1;
    const int16_t *columns[MOST];
    bool extra[MOST];
    struct err e;

    (void)state;
    for (size_t j = 0; j < MOST; j++) {
        columns[j] = j == 0 ? &no : &yes;
        extra[j] = j >= 2;
    }
    for (size_t draws = STATS_EXTRA_MAX - 1; draws <= STATS_EXTRA_MAX; draws++) {
        double agree[MOST] = { 0 }, decided[MOST] = { 0 }, tie = draws % 2 == 0 ? 1 : 0;

        for (size_t d = 1; tie > 0 && d <= draws / 2; d++)
            tie *= (double)(draws / 2 + d) / (double)d / 4;
        assert_ok(
            stats_coin_flip(columns, extra, 2 + draws, 1, 2, STATS_TIE_ABSTAIN, agree, decided, &e),
            &e);
        assert_near("no", agree[0], (1 - tie) / 2, 1e-9);
        assert_near("yes", agree[1], (1 - tie) / 2, 1e-9);
        assert_near("decided", decided[0], 1 - tie, 1e-9);
    }
    double agree[MOST] = { 0 }, decided[MOST] = { 0 };
    assert_refused(stats_coin_flip(columns, extra, 2 + STATS_EXTRA_MAX + 1, 1, 2, STATS_TIE_ABSTAIN,
                                   agree, decided, &e),
                   &e, ERR_LIMIT);
}

/* ---- the study's own data ---- */

enum { IMAGES = 1000, QUESTIONS = 40, STUDY_CELLS = IMAGES * QUESTIONS };

struct study {
    char names[QUESTIONS][32];
    int16_t model[STUDY_CELLS], celeba[STUDY_CELLS], person[STUDY_CELLS], majority[STUDY_CELLS];
};

static struct study *study; /* loaded once, by the group's setup */

static int16_t label_of(const struct json_t *v)
{
    int64_t value = 0;

    assert_true(jv_integer(v, &value) && (value == 1 || value == -1));
    return value == 1;
}

static size_t question_named(const char *name)
{
    for (size_t q = 0; q < QUESTIONS; q++)
        if (strcmp(study->names[q], name) == 0)
            return q;
    fail_row(name, "is no question of the study");
    return 0;
}

static void load_names(void)
{
    struct json_t *questions = load_json("ASSENT_STUDY", "questions.json"), *text;
    void *iterator = NULL;
    const char *key;
    size_t q = 0;

    assert_int_equal(jv_members(questions), QUESTIONS);
    for (; jv_member(questions, &iterator, &key, &text); q++)
        snprintf(study->names[q], sizeof(study->names[q]), "%s",
                 strcmp(key, "5_o_clock_shadow") == 0 ? "5_o_Clock_Shadow" : key);
    jv_free(questions);
}

/* A listed cell: the person's vote; CelebA's label there is not the model's. */
static void load_labels(void)
{
    struct json_t *model = load_json("ASSENT_STUDY", "ai_annotation.json"), *labels;
    struct json_t *votes = load_json("ASSENT_STUDY", "re_annotation.json"), *vote;
    void *iterator = NULL;
    const char *image, *name;
    size_t i = 0;

    assert_int_equal(jv_members(model), IMAGES);
    for (; jv_member(model, &iterator, &image, &labels); i++) {
        void *each = NULL;

        for (size_t q = 0; q < QUESTIONS; q++) {
            study->model[q * IMAGES + i] = label_of(jv_at(labels, q));
            study->celeba[q * IMAGES + i] = study->model[q * IMAGES + i];
            study->person[q * IMAGES + i] = MISSING;
        }
        while (jv_member(jv_get(votes, image), &each, &name, &vote)) {
            size_t cell = question_named(name) * IMAGES + i;

            study->celeba[cell] = (int16_t)(1 - study->model[cell]);
            study->person[cell] = label_of(vote);
        }
    }
    jv_free(votes);
    jv_free(model);
}

static int load_study(void **state)
{
    (void)state;
    study = calloc(1, sizeof(*study));
    if (!study)
        return -1;
    load_names();
    load_labels();
    for (size_t c = 0; c < STUDY_CELLS; c++)
        study->majority[c] = study->person[c] == MISSING ? study->model[c] : study->person[c];
    return 0;
}

static int free_study(void **state)
{
    (void)state;
    free(study);
    return 0;
}

/* Agreement of two matrices of the study; *out is to be freed. */
static struct stats_agreement *agree_on_study(const int16_t *first, const int16_t *second,
                                              size_t resamples, uint64_t seed)
{
    const int16_t *const labels[] = { first, second };
    size_t n_values[QUESTIONS];
    enum stats_scale scale[QUESTIONS];
    struct stats_input in = { .labels = labels,
                              .n_annotators = 2,
                              .n_images = IMAGES,
                              .n_columns = QUESTIONS,
                              .n_values = n_values,
                              .scale = scale,
                              .resamples = resamples,
                              .seed = seed };
    struct stats_agreement *out = NULL;
    struct err e;

    for (size_t q = 0; q < QUESTIONS; q++) {
        n_values[q] = 2;
        scale[q] = STATS_YESNO;
    }
    assert_ok(stats_agreement(&out, &in, &e), &e);
    return out;
}

static void study_has_the_published_agreement(void **state)
{
    struct stats_agreement *a = agree_on_study(study->model, study->celeba, 0, 0);
    const struct stats_figures *p = &a->pooled;

    (void)state;
    assert_int_equal(p->n, STUDY_CELLS);
    assert_int_equal(p->asked, STUDY_CELLS);
    assert_int_equal(p->missing, 0);
    assert_int_equal(p->table.counts[0] + p->table.counts[3], 31807);
    assert_int_equal(p->table_columns, QUESTIONS);
    assert_near("agreement", p->agreement, 31807.0 / 40000, 1e-12);
    assert_near("with abstentions", p->agreement_with_abstentions, 31807.0 / 40000, 1e-12);
    assert_near("coverage", p->coverage, 1, 0);
    assert_near("Wilson low", p->wilson.low, 0.7912, 0.00005);
    assert_near("Wilson high", p->wilson.high, 0.7991, 0.00005);
    assert_near("pooled kappa", p->kappa, 0.486, 0.0005);
    assert_near("macro kappa", a->macro.kappa, 0.374, 0.0005);
    assert_near("macro agreement", a->macro.agreement, 31807.0 / 40000, 1e-12);
    assert_int_equal(a->macro_kappa_columns, QUESTIONS);
    assert_near("alpha", p->alpha, 0.480, 0.0005);
    stats_agreement_free(a);
    stats_agreement_free(NULL);
}

/* The extreme questions, as recomputed for the field notes (Python). */
static void study_has_the_known_extreme_questions(void **state)
{
    static const struct {
        const char *name;
        double agreement, kappa, ac1, rate_model, rate_celeba;
    } rows[] = {
        { "Pale_Skin", .226, .002, -.505, .796, .034 },
        { "Brown_Hair", .456, .142, -.088, .749, .231 },
        { "Attractive", .591, .135, .331, .940, .531 },
        { "Bags_Under_Eyes", .782, .004, .727, .017, .209 },
        { "Pointy_Nose", .717, -.003, .623, .020, .273 },
        { "Male", .986, .971, .973, .398, .408 },
        { "Bald", .983, .556, .982, .023, .016 },
    };
    struct stats_agreement *a = agree_on_study(study->model, study->celeba, 0, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct stats_figures *f = &a->columns[question_named(rows[i].name)];

        assert_near(rows[i].name, f->agreement, rows[i].agreement, 0.0005);
        assert_near(rows[i].name, f->kappa, rows[i].kappa, 0.0005);
        assert_near(rows[i].name, f->ac1, rows[i].ac1, 0.0005);
        assert_near(rows[i].name, f->positive_rate[0], rows[i].rate_model, 0.0005);
        assert_near(rows[i].name, f->positive_rate[1], rows[i].rate_celeba, 0.0005);
    }
    stats_agreement_free(a);
}

/* Of the model against the majority of the three, from the study's README. */
static void study_has_the_known_precision_and_recall(void **state)
{
    static const struct {
        const char *name;
        double found, said, there; /* yes of both, of the model, of the majority */
    } rows[] = {
        { "Eyeglasses", 32, 32, 60 },
        { "Wearing_Hat", 54, 59, 61 },
        { "Smiling", 520, 529, 543 },
    };
    struct stats_agreement *a = agree_on_study(study->model, study->majority, 0, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct stats_figures *f = &a->columns[question_named(rows[i].name)];
        double wrong = rows[i].said + rows[i].there - 2 * rows[i].found;

        assert_near(rows[i].name, f->precision, rows[i].found / rows[i].said, 1e-12);
        assert_near(rows[i].name, f->recall, rows[i].found / rows[i].there, 1e-12);
        assert_near(rows[i].name, f->f1, 2 * rows[i].found / (2 * rows[i].found + wrong), 1e-12);
        assert_near(rows[i].name, f->positive_agreement, f->f1, 1e-12);
        assert_near(rows[i].name, f->negative_agreement,
                    2 * (IMAGES - rows[i].found - wrong) /
                        (2 * (IMAGES - rows[i].found - wrong) + wrong),
                    1e-12);
    }
    stats_agreement_free(a);
}

static void study_has_the_known_alpha_of_three(void **state)
{
    const int16_t *const columns[] = { study->model, study->celeba, study->person };

    (void)state;
    assert_near("alpha of two", coefficients_of(columns, 2, STUDY_CELLS, 2).alpha, 0.480, 0.0005);
    assert_near("alpha of three", coefficients_of(columns, 3, STUDY_CELLS, 2).alpha, 0.555, 0.0005);
}

static void study_has_the_known_bootstrap_interval(void **state)
{
    struct stats_agreement *a = agree_on_study(study->model, study->celeba, 4000, 1);

    (void)state;
    assert_near("low", a->pooled.bootstrap.low, 0.7912, 0.0004);
    assert_near("high", a->pooled.bootstrap.high, 0.7993, 0.0004);
    stats_agreement_free(a);
}

static bool same_interval(struct stats_interval a, struct stats_interval b)
{
    return a.low == b.low && a.high == b.high;
}

static void bootstrap_is_determined_by_its_seed(void **state)
{
    struct stats_agreement *a = agree_on_study(study->model, study->celeba, 300, 7);
    struct stats_agreement *b = agree_on_study(study->model, study->celeba, 300, 7);
    struct stats_agreement *other = agree_on_study(study->model, study->celeba, 300, 8);

    (void)state;
    assert_true(same_interval(a->pooled.bootstrap, b->pooled.bootstrap));
    assert_true(same_interval(a->macro.kappa_bootstrap, b->macro.kappa_bootstrap));
    for (size_t q = 0; q < QUESTIONS; q++)
        assert_true(same_interval(a->columns[q].kappa_bootstrap, b->columns[q].kappa_bootstrap));
    assert_false(same_interval(a->pooled.bootstrap, other->pooled.bootstrap));
    stats_agreement_free(a);
    stats_agreement_free(b);
    stats_agreement_free(other);
}

static void study_has_the_published_majority(void **state)
{
    const int16_t *const columns[] = { study->model, study->celeba, study->person };
    int16_t *consensus = calloc(STUDY_CELLS, sizeof(*consensus));
    size_t model = 0, celeba = 0;
    uint64_t ties = 99;
    struct err e;

    (void)state;
    assert_non_null(consensus);
    assert_ok(
        stats_majority(columns, 3, STUDY_CELLS, 2, STATS_TIE_ABSTAIN, -6, consensus, &ties, &e),
        &e);
    for (size_t c = 0; c < STUDY_CELLS; c++) {
        model += consensus[c] == study->model[c];
        celeba += consensus[c] == study->celeba[c];
    }
    assert_int_equal(ties, 0);
    assert_int_equal(model, 35646);  /* .891150 */
    assert_int_equal(celeba, 36161); /* .904025 */
    free(consensus);
}

static void study_has_the_known_coin_flip(void **state)
{
    const int16_t *const columns[] = { study->model, study->celeba, study->person };
    static const bool extra[] = { false, false, true };
    double agree[3] = { 0 }, decided[3] = { 0 };
    struct err e;

    (void)state;
    assert_ok(
        stats_coin_flip(columns, extra, 3, STUDY_CELLS, 2, STATS_TIE_ABSTAIN, agree, decided, &e),
        &e);
    assert_near("model", agree[0] / STUDY_CELLS, 0.8975875, 1e-12);
    assert_near("CelebA", agree[1] / STUDY_CELLS, 0.8975875, 1e-12);
    assert_near("decided", decided[0] / STUDY_CELLS, 1, 1e-12);
    assert_true(agree[2] == 0 && decided[2] == 0);
}

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

        assert_near(scenes[i].name, a->columns[0].agreement, p.column_agreement, 1e-12);
        assert_near(scenes[i].name, a->columns[0].kappa, p.column_kappa, 1e-12);
        assert_near(scenes[i].name, a->pooled.agreement, p.agreement, 1e-12);
        assert_near(scenes[i].name, a->pooled.kappa, p.kappa, 1e-12);
        assert_near(scenes[i].name, a->macro.agreement, p.macro_agreement, 1e-12);
        assert_near(scenes[i].name, a->macro.kappa, p.macro_kappa, 1e-12);
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
    assert_near("coverage", a->columns[0].coverage, 3.0 / 4, 1e-12);
    assert_near("agreement", a->columns[0].agreement, 2.0 / 3, 1e-12);
    assert_near("with abstentions", a->columns[0].agreement_with_abstentions, 2.0 / 4, 1e-12);
    assert_near("precision", a->columns[0].precision, 1.0 / 2, 1e-12);
    assert_near("recall", a->columns[0].recall, 1, 1e-12);
    assert_int_equal(a->columns[1].n, 3);
    assert_int_equal(a->columns[1].missing, 0);
    assert_int_equal(a->pooled.n, 6);
    assert_int_equal(a->pooled.asked, 8);
    assert_near("pooled", a->pooled.agreement, 5.0 / 6, 1e-12);
    assert_near("macro", a->macro.agreement, (2.0 / 3 + 1) / 2, 1e-12);
    assert_int_equal(a->groups[0].n, a->columns[0].n); /* the second column is in no group */
    assert_near("group", a->groups[0].agreement, a->columns[0].agreement, 0);
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
    assert_near("always no", always_no->agreement, 1, 0);
    assert_true(isnan(always_no->kappa) && isnan(always_no->alpha));
    assert_true(isnan(always_no->precision) && isnan(always_no->recall) && isnan(always_no->f1));
    assert_true(isnan(always_no->kappa_bootstrap.low));
    assert_near("negative agreement", always_no->negative_agreement, 1, 0);
    assert_int_equal(nothing->n, 0);
    assert_int_equal(nothing->missing, 2);
    assert_true(isnan(nothing->agreement) && isnan(nothing->coverage) && isnan(nothing->kappa));
    assert_true(isnan(nothing->wilson.low) && isnan(nothing->bootstrap.low));
    assert_near("macro leaves out the undefined", a->macro.agreement, 1, 0);
    assert_int_equal(a->macro_kappa_columns, 0);
    assert_undefined(a->macro.kappa);
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
    assert_near("kappa", a->pooled.kappa, 0.5, 1e-12); /* (3/4 - 1/2) / (1 - 1/2) */
    assert_near("agreement of all cells", a->pooled.agreement, 5.0 / 8, 1e-12);
    assert_int_equal(a->columns[1].table.k, 3);
    assert_undefined(a->columns[1].precision);
    assert_undefined(a->columns[0].quadratic_kappa);
    assert_undefined(a->pooled.quadratic_kappa);
    assert_true(isfinite(a->columns[1].quadratic_kappa));
    stats_agreement_free(a);
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

        assert_near("kappa", f->kappa, many_values[s].mean_kappa, 1e-9);
        if (many_values[s].n_raters > 2) {
            assert_near("AC1", f->ac1, many_values[s].ac1, 1e-9);
            assert_near("Fleiss", f->fleiss_kappa, many_values[s].fleiss, 1e-9);
            assert_near("alpha", f->alpha, many_values[s].alpha, 1e-9);
        } else {
            assert_near("quadratic", f->quadratic_kappa, many_values[s].quadratic, 1e-9);
            assert_undefined(f->fleiss_kappa);
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
    assert_near("coverage", a->columns[0].coverage, 1, 0);
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

/* ---- a stratified sample ---- */

/* tools/oracle/sample.py: numpy, cell by cell. */
static void sample_equals_the_cell_by_cell_computation(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        struct stats_stratum strata[3];
        double agreement, error, low, high, covered;
    } rows[] = {
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

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stats_sample s;

        stats_sample_agreement(rows[i].strata, rows[i].n, &s);
        assert_near(rows[i].name, s.agreement, rows[i].agreement, 1e-9);
        assert_near(rows[i].name, s.error, rows[i].error, 1e-9);
        assert_near(rows[i].name, s.interval.low, rows[i].low, 1e-9);
        assert_near(rows[i].name, s.interval.high, rows[i].high, 1e-9);
        assert_near(rows[i].name, s.covered, rows[i].covered, 1e-3);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_gives_the_published_intervals),
        cmocka_unit_test(wilson_at_the_ends_is_exact_and_without_data_undefined),
        cmocka_unit_test(quantile_is_numpys),
        cmocka_unit_test(coefficients_of_a_table_equal_other_programs),
        cmocka_unit_test(table_counts_labels_abstentions_and_gaps_apart),
        cmocka_unit_test(coefficients_without_variation_are_undefined),
        cmocka_unit_test(raters_equal_irrcac_and_krippendorff),
        cmocka_unit_test(fleiss_on_complete_rows_equals_statsmodels),
        cmocka_unit_test(kappa_of_two_raters_equals_statsmodels),
        cmocka_unit_test(raters_of_many_values_equal_other_programs),
        cmocka_unit_test(raters_without_pairs_or_variation_are_undefined),
        cmocka_unit_test(majority_equals_crowd_kit_where_nothing_ties),
        cmocka_unit_test(majority_settles_ties_by_its_rule),
        cmocka_unit_test(majority_heeds_the_first_only_among_the_tied),
        cmocka_unit_test(coin_flip_with_open_ties_equals_enumeration),
        cmocka_unit_test(coin_flip_with_a_fixed_first_equals_enumeration),
        cmocka_unit_test(coin_flip_with_an_extra_first_equals_enumeration),
        cmocka_unit_test(coin_flip_bears_its_greatest_number_of_draws),
        cmocka_unit_test(study_has_the_published_agreement),
        cmocka_unit_test(study_has_the_known_extreme_questions),
        cmocka_unit_test(study_has_the_known_precision_and_recall),
        cmocka_unit_test(study_has_the_known_alpha_of_three),
        cmocka_unit_test(study_has_the_known_bootstrap_interval),
        cmocka_unit_test(bootstrap_is_determined_by_its_seed),
        cmocka_unit_test(study_has_the_published_majority),
        cmocka_unit_test(study_has_the_known_coin_flip),
        cmocka_unit_test(agreement_equals_the_plain_computation),
        cmocka_unit_test(bootstrap_equals_the_plain_resampling_of_images),
        cmocka_unit_test(bootstrap_draws_as_many_images_as_there_are),
        cmocka_unit_test(counts_and_coverage_are_those_of_the_cells),
        cmocka_unit_test(figures_without_data_or_variation_are_undefined),
        cmocka_unit_test(pooled_coefficients_are_over_the_yesno_columns),
        cmocka_unit_test(figures_of_many_annotators_equal_other_programs),
        cmocka_unit_test(n_of_many_annotators_counts_cells),
        cmocka_unit_test(one_annotator_is_refused),
        cmocka_unit_test(sample_equals_the_cell_by_cell_computation),
        cmocka_unit_test(sample_without_settled_cells_is_undefined),
        cmocka_unit_test(sample_interval_covers_the_truth),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats", tests, load_study, free_study);
}
