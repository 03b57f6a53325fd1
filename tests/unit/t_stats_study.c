/* SPDX-License-Identifier: MIT */
/*
 * stats/: the study's own data has the figures that were published, or computed from it by others.
 */
#include "support_stats.h"

#include "stats/stats.h"

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
    assert_near("agreement", p->value[STATS_AGREEMENT], 31807.0 / 40000, 1e-12);
    assert_near("with abstentions", p->value[STATS_AGREEMENT_WITH_ABSTENTIONS], 31807.0 / 40000,
                1e-12);
    assert_near("coverage", p->value[STATS_COVERAGE], 1, 0);
    assert_near("Wilson low", p->wilson.low, 0.7912, 0.00005);
    assert_near("Wilson high", p->wilson.high, 0.7991, 0.00005);
    assert_near("pooled kappa", p->value[STATS_KAPPA], 0.486, 0.0005);
    assert_near("macro kappa", a->macro.value[STATS_KAPPA], 0.374, 0.0005);
    assert_near("macro agreement", a->macro.value[STATS_AGREEMENT], 31807.0 / 40000, 1e-12);
    assert_int_equal(a->macro_kappa_columns, QUESTIONS);
    assert_near("alpha", p->value[STATS_ALPHA], 0.480, 0.0005);
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

        assert_near(rows[i].name, f->value[STATS_AGREEMENT], rows[i].agreement, 0.0005);
        assert_near(rows[i].name, f->value[STATS_KAPPA], rows[i].kappa, 0.0005);
        assert_near(rows[i].name, f->value[STATS_AC1], rows[i].ac1, 0.0005);
        assert_near(rows[i].name, f->value[STATS_RATE_FIRST], rows[i].rate_model, 0.0005);
        assert_near(rows[i].name, f->value[STATS_RATE_SECOND], rows[i].rate_celeba, 0.0005);
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

        assert_near(rows[i].name, f->value[STATS_PRECISION], rows[i].found / rows[i].said, 1e-12);
        assert_near(rows[i].name, f->value[STATS_RECALL], rows[i].found / rows[i].there, 1e-12);
        assert_near(rows[i].name, f->value[STATS_F1],
                    2 * rows[i].found / (2 * rows[i].found + wrong), 1e-12);
        assert_near(rows[i].name, f->value[STATS_POSITIVE_AGREEMENT], f->value[STATS_F1], 1e-12);
        assert_near(rows[i].name, f->value[STATS_NEGATIVE_AGREEMENT],
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
        stats_majority(&(struct stats_votes){ columns, NULL, 3, STUDY_CELLS, 2, STATS_TIE_ABSTAIN },
                       -6, consensus, &ties, &e),
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
    assert_ok(stats_coin_flip(
                  &(struct stats_votes){ columns, extra, 3, STUDY_CELLS, 2, STATS_TIE_ABSTAIN },
                  agree, decided, &e),
              &e);
    assert_near("model", agree[0] / STUDY_CELLS, 0.8975875, 1e-12);
    assert_near("CelebA", agree[1] / STUDY_CELLS, 0.8975875, 1e-12);
    assert_near("decided", decided[0] / STUDY_CELLS, 1, 1e-12);
    assert_true(agree[2] == 0 && decided[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(study_has_the_published_agreement),
        cmocka_unit_test(study_has_the_known_extreme_questions),
        cmocka_unit_test(study_has_the_known_precision_and_recall),
        cmocka_unit_test(study_has_the_known_alpha_of_three),
        cmocka_unit_test(study_has_the_known_bootstrap_interval),
        cmocka_unit_test(bootstrap_is_determined_by_its_seed),
        cmocka_unit_test(study_has_the_published_majority),
        cmocka_unit_test(study_has_the_known_coin_flip),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("stats_study", tests, load_study, free_study);
}
