/* SPDX-License-Identifier: MIT */
/*
 * stats/: the majority and its ties, and what fair coins would have given.
 */
#include "support_stats.h"

#include "stats/stats.h"

/* ---- majority ---- */

static void check_majority(const struct votes *v, const struct json_t *set)
{
    enum { OPEN = -6 };
    int16_t consensus[MOST_CELLS];
    uint64_t ties = 0, seen_ties = 0;
    struct err e;

    assert_ok(stats_majority(&(struct stats_votes){ v->columns, NULL, v->n_raters, v->n_cells, v->k,
                                                    STATS_TIE_ABSTAIN },
                             OPEN, consensus, &ties, &e),
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
    assert_ok(stats_majority(&(struct stats_votes){ columns, NULL, 3, N, 3, STATS_TIE_ABSTAIN },
                             OPEN, consensus, &ties, &e),
              &e);
    assert_int_equal(ties, wanted_ties);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(consensus[i], tie_rows[i].open);
    assert_ok(stats_majority(&(struct stats_votes){ columns, NULL, 3, N, 3, SECOND }, OPEN,
                             consensus, &ties, &e),
              &e);
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
    assert_ok(stats_majority(&(struct stats_votes){ columns, NULL, 5, 1, 3, 0 }, -6, &consensus,
                             &ties, &e),
              &e);
    assert_int_equal(consensus, -6);
    assert_ok(stats_majority(&(struct stats_votes){ columns, NULL, 5, 1, 3, 4 }, -6, &consensus,
                             &ties, &e),
              &e);
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
    assert_ok(stats_coin_flip(
                  &(struct stats_votes){ columns, extra, VOTERS, CELLS, (size_t)k, tie_first },
                  agree, decided, &e),
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
        assert_ok(stats_coin_flip(
                      &(struct stats_votes){ columns, extra, 2 + draws, 1, 2, STATS_TIE_ABSTAIN },
                      agree, decided, &e),
                  &e);
        assert_near("no", agree[0], (1 - tie) / 2, 1e-9);
        assert_near("yes", agree[1], (1 - tie) / 2, 1e-9);
        assert_near("decided", decided[0], 1 - tie, 1e-9);
    }
    double agree[MOST] = { 0 }, decided[MOST] = { 0 };
    assert_refused(stats_coin_flip(&(struct stats_votes){ columns, extra, 2 + STATS_EXTRA_MAX + 1,
                                                          1, 2, STATS_TIE_ABSTAIN },
                                   agree, decided, &e),
                   &e, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(majority_equals_crowd_kit_where_nothing_ties),
        cmocka_unit_test(majority_settles_ties_by_its_rule),
        cmocka_unit_test(majority_heeds_the_first_only_among_the_tied),
        cmocka_unit_test(coin_flip_with_open_ties_equals_enumeration),
        cmocka_unit_test(coin_flip_with_a_fixed_first_equals_enumeration),
        cmocka_unit_test(coin_flip_with_an_extra_first_equals_enumeration),
        cmocka_unit_test(coin_flip_bears_its_greatest_number_of_draws),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_consensus", tests, NULL, NULL);
}
