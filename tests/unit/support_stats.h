/* SPDX-License-Identifier: MIT */
/*
 * support_stats.h - what the tests of stats/ share: numbers drawn the same every time, the
 * reference file of votes, and the coefficients of many raters. Every expected value in these tests
 * comes from elsewhere: a publication, another program (irrCAC, krippendorff, statsmodels,
 * scikit-learn, crowd-kit, numpy), the study's own data, or a slow and plain computation in the
 * test. None is our own output written down.
 */
#ifndef TESTS_UNIT_SUPPORT_STATS_H
#define TESTS_UNIT_SUPPORT_STATS_H

#include "support.h"

#include "stats/ratings.h"
#include "stats/stats.h"

enum { MISSING = STATS_MISSING, ABSTAINED = -4 };

/* The reference computations draw from here: Knuth's MMIX generator, its upper bits. */
static uint64_t random_state;

static inline unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % n);
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

static inline int16_t vote_of(char c)
{
    return c == 'x' ? MISSING : (int16_t)(c - '0');
}

static inline void load_votes(struct votes *v, const char *name, const struct json_t *set)
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

static inline double number_at(const struct json_t *set, const char *key, const char *inner)
{
    const struct json_t *v = jv_get(set, key);
    double x = NAN;

    if (!jv_number(inner ? jv_get(v, inner) : v, &x))
        fail_row(key, "is not in the reference file");
    return x;
}

/* Calls check for every set of votes in the file. */
static inline void for_each_set_of(const char *path,
                                   void (*check)(const struct votes *v, const struct json_t *set))
{
    struct json_t *file = load_json("ASSENT_TEST_DATA", path), *set;
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

static inline void for_each_set(void (*check)(const struct votes *v, const struct json_t *set))
{
    for_each_set_of("golden_consensus.json", check);
}

/* The many-rater coefficients of some columns. */
struct coefficients {
    double fleiss, ac1, pabak, alpha;
};

static inline struct coefficients coefficients_of(const int16_t *const columns[], size_t n_raters,
                                                  size_t n_cells, size_t k)
{
    static const enum stats_coefficient which[] = { STATS_FLEISS, STATS_GWET,
                                                    STATS_BRENNAN_PREDIGER, STATS_KRIPPENDORFF };
    struct stats_estimate got[COUNT(which)];
    struct stats_ratings r;
    struct err e;

    assert_ok(stats_ratings_init(&r, k, n_raters, &e), &e);
    assert_ok(stats_ratings_add(&r, columns, n_cells, &e), &e);
    for (size_t i = 0; i < COUNT(which); i++)
        assert_ok(stats_coefficient(&r, which[i], STATS_IDENTITY, &got[i], &e), &e);
    stats_ratings_release(&r);
    return (struct coefficients){ got[0].value, got[1].value, got[2].value, got[3].value };
}

#endif
