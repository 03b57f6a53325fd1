/* SPDX-License-Identifier: MIT */
/*
 * stats/: the promise kept. Data sets are made whose errors are known, people see their cells in
 * random order, and after every vote everything that may be accepted is. ASSENT_TEST_ALL=1 makes
 * 2 000 data sets of each kind, and says how often a promise was broken.
 */
#include "support_stats.h"

#include "base/random.h"
#include "stats/accept.h"

enum { MOST_STRATA = 3, MOST_SETS = 8, MOST_QUESTIONS = 10 };

static const double limit = 0.05, alpha = 0.05;

/* How a question's cells are wrong and are drawn. */
struct scene_stratum {
    size_t cells, wrong; /* of each question */
    size_t turns;        /* votes of a round */
    bool whole;          /* the design takes it whole */
};

struct scene {
    const char *name;
    struct scene_stratum strata[MOST_STRATA];
    size_t questions;
    size_t good;      /* of these, the first ones have a fifth of the errors */
    size_t sets;      /* equal steps of the score */
    double score;     /* how much a high score protects from errors */
    double hard;      /* how much an image that is hard makes errors in all questions */
    size_t per_image; /* cells of an image that stand together in a question's; 0: one */
    size_t rounds;
    size_t data_sets; /* of a quick test */
};

static const struct scene scenes[] = {
    { .name = "a little above the limit, large",
      .strata = { { 20000, 1001, 1, false } },
      .rounds = 1500,
      .data_sets = 30 },
    { .name = "a little above the limit, seen to the end",
      .strata = { { 400, 21, 1, false } },
      .rounds = 400,
      .data_sets = 60 },
    { .name = "the limit itself, large",
      .strata = { { 20000, 1000, 1, false } },
      .rounds = 1500,
      .data_sets = 20 },
    { .name = "the limit itself, two strata, seen to the end",
      .strata = { { 300, 9, 3, false }, { 100, 11, 1, false } },
      .rounds = 100,
      .data_sets = 30 },
    { .name = "a little above the limit, two strata, seen to the end",
      .strata = { { 300, 10, 3, false }, { 100, 11, 1, false } },
      .rounds = 100,
      .data_sets = 60 },
    { .name = "a little above the limit, most errors where the two annotators differ",
      .strata = { { 6000, 100, 4, false }, { 500, 126, 1, false }, { 500, 125, 1, false } },
      .rounds = 100,
      .data_sets = 20 },
    { .name = "six of a hundred wrong",
      .strata = { { 5000, 300, 1, false } },
      .rounds = 1000,
      .data_sets = 30 },
    { .name = "rare: a small stratum with most of the errors",
      .strata = { { 4950, 218, 1, false }, { 50, 33, 1, false } },
      .rounds = 500,
      .data_sets = 30 },
    { .name = "rare: the accepted yes of a question that is yes on one image of a hundred",
      .strata = { { 200, 11, 1, false } },
      .rounds = 199,
      .data_sets = 60 },
    { .name = "three strata of unequal rates",
      .strata = { { 3000, 15, 2, false }, { 600, 90, 1, false }, { 400, 96, 1, false } },
      .rounds = 250,
      .data_sets = 20 },
    { .name = "disputes taken whole",
      .strata = { { 2000, 41, 1, false }, { 150, 67, 1, true } },
      .rounds = 600,
      .data_sets = 20 },
    { .name = "eight thresholds, errors at low scores",
      .strata = { { 3200, 200, 1, false } },
      .sets = 8,
      .score = 1,
      .rounds = 800,
      .data_sets = 5 },
    { .name = "eight thresholds that tell nothing, two strata",
      .strata = { { 2000, 60, 1, false }, { 1200, 101, 1, false } },
      .sets = 8,
      .rounds = 400,
      .data_sets = 3 },
    { .name = "eight thresholds, errors at high scores",
      .strata = { { 1600, 72, 1, false } },
      .sets = 8,
      .score = -0.3,
      .rounds = 700,
      .data_sets = 5 },
    { .name = "ten questions, half of them good",
      .strata = { { 2000, 101, 1, false } },
      .questions = 10,
      .good = 5,
      .rounds = 500,
      .data_sets = 5 },
    { .name = "ten questions, hard images drawn for all of them",
      .strata = { { 1000, 51, 1, false } },
      .questions = 10,
      .good = 5,
      .hard = 5,
      .rounds = 400,
      .data_sets = 5 },
    { .name = "all questions pooled, hard images",
      .strata = { { 8000, 401, 1, false } },
      .hard = 5,
      .per_image = 40,
      .rounds = 1000,
      .data_sets = 30 },
    { .name = "ten questions, four thresholds, half of them good",
      .strata = { { 800, 50, 1, false } },
      .questions = 10,
      .good = 5,
      .sets = 4,
      .score = 0.5,
      .rounds = 300,
      .data_sets = 2 },
};

/* ---- a data set ---- */

struct cell {
    double key; /* the largest are wrong */
    double score;
    double place; /* in the order in which cells are drawn */
    bool wrong;
};

struct pile {
    struct cell *cells; /* in the order in which they are drawn */
    size_t n, seen;
};

struct made {
    struct pile piles[MOST_QUESTIONS][MOST_STRATA];
    struct stats_seen seen[MOST_QUESTIONS][MOST_SETS][MOST_STRATA];
    uint64_t wrong[MOST_QUESTIONS][MOST_SETS], cells[MOST_QUESTIONS][MOST_SETS];
    size_t questions, sets, strata;
};

static uint64_t seed;

static double uniform(void)
{
    return (double)(random_next(&seed) >> 11) * 0x1p-53;
}

static int by_key(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;

    return (x->key < y->key) - (x->key > y->key);
}

static int by_place(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;

    return (x->place > y->place) - (x->place < y->place);
}

/* The smallest set, from 0, that a cell of this score is in. */
static size_t set_of(const struct made *m, double score)
{
    return m->sets - 1 - (size_t)(score * (double)m->sets);
}

static void make_pile(struct made *m, const struct scene *s, size_t q, size_t h,
                      const double *hardness)
{
    struct pile *p = &m->piles[q][h];
    size_t wrong = q < s->good ? s->strata[h].wrong / 5 : s->strata[h].wrong;
    size_t each = s->per_image ? s->per_image : 1;

    *p = (struct pile){ calloc(s->strata[h].cells, sizeof(*p->cells)), s->strata[h].cells, 0 };
    assert_non_null(p->cells);
    for (size_t i = 0; i < p->n; i++) {
        struct cell *c = &p->cells[i];

        c->score = uniform();
        c->key = uniform() + s->hard * hardness[i / each] - s->score * c->score;
        /* where images are hard for all questions, all questions see the same images */
        c->place = s->hard > 0 && !s->per_image ? hardness[p->n + i] : uniform();
    }
    qsort(p->cells, p->n, sizeof(*p->cells), by_key);
    for (size_t i = 0; i < p->n; i++) {
        p->cells[i].wrong = i < wrong;
        for (size_t k = set_of(m, p->cells[i].score); k < m->sets; k++) {
            m->seen[q][k][h].cells++;
            m->seen[q][k][h].whole = s->strata[h].whole;
            m->seen[q][k][h].weight = sqrt((double)s->strata[h].cells);
            m->cells[q][k]++;
            m->wrong[q][k] += i < wrong;
        }
    }
    qsort(p->cells, p->n, sizeof(*p->cells), by_place);
}

static void make(struct made *m, const struct scene *s)
{
    size_t most = 0;
    double *hardness;

    *m = (struct made){ .questions = s->questions ? s->questions : 1,
                        .sets = s->sets ? s->sets : 1 };
    while (m->strata < MOST_STRATA && s->strata[m->strata].cells > 0) {
        if (s->strata[m->strata].cells > most)
            most = s->strata[m->strata].cells;
        m->strata++;
    }
    hardness = calloc(2 * most, sizeof(*hardness));
    assert_non_null(hardness);
    for (size_t i = 0; i < 2 * most; i++)
        hardness[i] = uniform();
    for (size_t q = 0; q < m->questions; q++)
        for (size_t h = 0; h < m->strata; h++)
            make_pile(m, s, q, h, hardness);
    free(hardness);
}

static void unmake(struct made *m)
{
    for (size_t q = 0; q < m->questions; q++)
        for (size_t h = 0; h < m->strata; h++)
            free(m->piles[q][h].cells);
}

/* One vote of a question's stratum; false where all was seen. */
static bool see(struct made *m, size_t q, size_t h)
{
    struct pile *p = &m->piles[q][h];
    const struct cell *c = &p->cells[p->seen];

    if (p->seen == p->n)
        return false;
    p->seen++;
    for (size_t k = set_of(m, c->score); k < m->sets; k++) {
        m->seen[q][k][h].n++;
        m->seen[q][k][h].errors += c->wrong;
    }
    return true;
}

/* ---- looks ---- */

struct looked {
    bool broken;    /* a set was accepted that is wrong more often than promised */
    bool given_up;  /* a question was said to be above the limit that is not */
    bool uncovered; /* a bound was below the truth */
    uint64_t accepted_at[MOST_QUESTIONS]; /* the vote after which the whole was; 0: never */
    bool part[MOST_QUESTIONS];            /* or a part of it was */
};

static bool above(const struct made *m, size_t q, size_t set)
{
    return (double)m->wrong[q][set] > limit * (double)m->cells[q][set] * (1 + 1e-12);
}

static void look_at_sets(const struct made *m, uint64_t votes, struct looked *out)
{
    struct stats_sets sets[MOST_QUESTIONS];
    struct stats_accepted accepted[MOST_QUESTIONS];
    struct stats_seen strata[MOST_QUESTIONS][MOST_SETS * MOST_STRATA];
    struct err e;

    for (size_t q = 0; q < m->questions; q++) {
        size_t last = m->sets - 1, n = 0;

        for (size_t k = 0; k < m->sets; k++)
            for (size_t h = 0; h < m->strata; h++)
                strata[q][n++] = m->seen[q][k][h];
        sets[q] = (struct stats_sets){ strata[q], m->sets, m->strata, { last }, 1, limit };
        if (m->sets >= 4) {
            sets[q].n_starts = 3;
            sets[q].starts[0] = m->sets / 4 - 1;
            sets[q].starts[1] = m->sets / 2 - 1;
            sets[q].starts[2] = last;
        }
    }
    assert_ok(stats_accept_sets(sets, m->questions, alpha, accepted, &e), &e);
    for (size_t q = 0; q < m->questions; q++) {
        size_t set = accepted[q].set;

        if (set == STATS_NONE)
            continue;
        out->part[q] = true;
        if (above(m, q, set))
            out->broken = true;
        if (set + 1 == m->sets && out->accepted_at[q] == 0)
            out->accepted_at[q] = votes;
    }
}

/* What is said of the whole sets beside their acceptance. */
static void look_at_wholes(const struct made *m, struct looked *out)
{
    double log_e[MOST_QUESTIONS];
    bool given_up[MOST_QUESTIONS];

    for (size_t q = 0; q < m->questions; q++)
        log_e[q] = stats_futile_log_e(m->seen[q][m->sets - 1], m->strata, limit);
    stats_holm_log_e(log_e, m->questions, alpha, given_up);
    for (size_t q = 0; q < m->questions; q++)
        if (given_up[q] && !above(m, q, m->sets - 1))
            out->given_up = true;
}

static void look_at_bound(const struct made *m, struct looked *out)
{
    size_t whole = m->sets - 1;
    double truth = (double)m->wrong[0][whole] / (double)m->cells[0][whole];

    if (stats_accept_bound(m->seen[0][whole], m->strata, limit, alpha) < truth - 1e-12)
        out->uncovered = true;
}

/* stop: at the acceptance of the first question. */
static struct looked look_after_every_vote(const struct scene *s, bool bounds, bool stop)
{
    struct looked out = { 0 };
    struct made m;

    make(&m, s);
    for (size_t round = 0, votes = 0; round < s->rounds; round++)
        for (size_t h = 0; h < m.strata; h++)
            for (size_t turn = 0; turn < s->strata[h].turns; turn++) {
                bool any = false;

                for (size_t q = 0; q < m.questions; q++)
                    any |= see(&m, q, h);
                if (!any || (stop && out.accepted_at[0] > 0))
                    continue;
                votes++;
                look_at_sets(&m, votes, &out);
                look_at_wholes(&m, &out);
                if (bounds)
                    look_at_bound(&m, &out);
            }
    unmake(&m);
    return out;
}

/* ---- the tests ---- */

static size_t data_sets_of(const struct scene *s)
{
    return getenv("ASSENT_TEST_ALL") ? 2000 : s->data_sets;
}

/* At most alpha, and three standard errors of so many data sets. */
static void assert_kept(const char *name, const char *what, size_t broken, size_t of)
{
    double share = (double)broken / (double)of;

    if (share > alpha + 3 * sqrt(alpha * (1 - alpha) / (double)of))
        fail_row(name, "%s %zu times of %zu", what, broken, of);
}

static void promises_are_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenes); i++) {
        const struct scene *s = &scenes[i];
        size_t n = data_sets_of(s), broken = 0, given_up = 0, uncovered = 0, accepted = 0,
               parts = 0;
        bool bounds = s->sets == 0 && s->questions == 0;

        seed = 1000 + i;
        for (size_t d = 0; d < n; d++) {
            struct looked l = look_after_every_vote(s, bounds && d < n / 4, false);

            broken += l.broken;
            given_up += l.given_up;
            uncovered += l.uncovered;
            for (size_t q = 0; q < MOST_QUESTIONS; q++) {
                accepted += l.accepted_at[q] > 0;
                parts += l.part[q];
            }
        }
        print_message(
            "# %s: of %zu data sets %zu broken, %zu given up wrongly, %zu below the truth; "
            "%zu questions accepted, %zu at least in part\n",
            s->name, n, broken, given_up, uncovered, accepted, parts);
        assert_kept(s->name, "the promise was broken", broken, n);
        assert_kept(s->name, "given up wrongly", given_up, n);
        if (bounds)
            assert_kept(s->name, "the bound was below the truth", uncovered, n / 4);
    }
}

/* ---- whole images are drawn ---- */

enum { IMAGES = 2000, LOOKS = 200, EACH = 40 };

/* On one image of ten most answers are wrong. The limit is set a little below the truth. */
static double make_images(struct stats_cluster *images)
{
    double errors = 0;

    for (size_t i = 0; i < IMAGES; i++) {
        double rate = random_below(&seed, 10) == 0 ? 0.4 : 0.01;

        images[i] = (struct stats_cluster){ EACH, 0 };
        for (size_t k = 0; k < EACH; k++)
            images[i].errors += uniform() < rate;
        errors += images[i].errors;
    }
    return errors / IMAGES / EACH * (1 - 1e-9);
}

static void images_drawn_whole_keep_the_promise(void **state)
{
    static struct stats_cluster images[IMAGES];
    size_t n = getenv("ASSENT_TEST_ALL") ? 2000 : 30, broken = 0, uncovered = 0, as_cells = 0;

    (void)state;
    seed = 6;
    for (size_t d = 0; d < n; d++) {
        double most = make_images(images);
        struct stats_seen seen = { IMAGES * EACH, 0, 0, false };
        bool accepted = false, below = false, independent = false;

        for (size_t u = 1; u <= LOOKS; u++) {
            size_t at = u - 1 + random_below(&seed, IMAGES - u + 1);
            struct stats_cluster drawn = images[at];

            images[at] = images[u - 1];
            images[u - 1] = drawn;
            seen.n += EACH;
            seen.errors += (uint64_t)drawn.errors;
            accepted |= stats_clusters_log_e(images, u, most, EACH) >= -log(alpha);
            if (u % 10 == 0)
                below |= stats_clusters_bound(images, u, EACH, alpha) < most;
            independent |= stats_accept_log_e(&seen, 1, most) >= -log(alpha);
        }
        broken += accepted;
        uncovered += below;
        as_cells += independent;
    }
    print_message(
        "# images drawn whole: of %zu data sets %zu broken, %zu below the truth; %zu broken "
        "where cells are taken as drawn one by one\n",
        n, broken, uncovered, as_cells);
    assert_kept("images", "the promise was broken", broken, n);
    assert_kept("images", "the bound was below the truth", uncovered, n);
    assert_true(as_cells > n / 5); /* why images must be drawn for */
}

/* Votes until acceptance, as drawn and as planned. */
static void votes_are_those_planned(void **state)
{
    static const size_t wrong[] = { 0, 50, 100 };
    size_t n = getenv("ASSENT_TEST_ALL") ? 2000 : 100;

    (void)state;
    seed = 5;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const struct scene s = { .name = "votes until acceptance",
                                 .strata = { { 5000, wrong[i], 1, false } },
                                 .rounds = 1500 };
        const struct stats_plan plan = { 5000, (double)wrong[i] / 5000, limit, alpha };
        double sum = 0, squares = 0, mean, error;
        struct stats_planned planned;
        struct err e;

        for (size_t d = 0; d < n; d++) {
            struct looked l = look_after_every_vote(&s, false, true);
            double votes = (double)l.accepted_at[0];

            assert_true(votes > 0);
            sum += votes;
            squares += votes * votes;
        }
        mean = sum / (double)n;
        error = sqrt((squares / (double)n - mean * mean) / (double)n);
        assert_ok(stats_plan_votes(&plan, 0.8, 1500, &planned, &e), &e);
        print_message("# %.0f of 100 wrong: %.1f votes (standard error %.1f), planned %.1f\n",
                      100 * plan.rate, mean, error, planned.mean);
        assert_near("votes until acceptance", mean, planned.mean, 4 * error + 1e-9);
    }
}

/* Of several strata, to docs/statistics.md; there with what rates fixed before take. */
static void strata_take_the_votes_stated(void **state)
{
    static const struct {
        struct scene scene;
        double mean, error;
    } stated[] = {
        { { .name = "1.6 of 100 wrong",
            .strata = { { 2000, 10, 3, false }, { 300, 120, 1, false }, { 7500, 30, 6, false } },
            .rounds = 200 },
          229,
          4 },
        { { .name = "1 of 100 wrong",
            .strata = { { 8000, 40, 3, false }, { 900, 49, 1, false } },
            .rounds = 400 },
          160,
          4 },
    };
    size_t n = getenv("ASSENT_TEST_ALL") ? 300 : 40;

    (void)state;
    seed = 8;
    for (size_t i = 0; i < COUNT(stated); i++) {
        double sum = 0, squares = 0, mean, error;

        for (size_t d = 0; d < n; d++) {
            struct looked l = look_after_every_vote(&stated[i].scene, false, true);
            double votes = (double)l.accepted_at[0];

            assert_true(votes > 0);
            sum += votes;
            squares += votes * votes;
        }
        mean = sum / (double)n;
        error = sqrt((squares / (double)n - mean * mean) / (double)n);
        print_message("# %s: %.1f votes (standard error %.1f)\n", stated[i].scene.name, mean,
                      error);
        assert_near(stated[i].scene.name, mean, stated[i].mean, 4 * hypot(error, stated[i].error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_are_kept),
        cmocka_unit_test(images_drawn_whole_keep_the_promise),
        cmocka_unit_test(votes_are_those_planned),
        cmocka_unit_test(strata_take_the_votes_stated),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_accept_promise", tests, NULL, NULL);
}
