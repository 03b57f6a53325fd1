/* SPDX-License-Identifier: MIT */
/*
 * store/: an annotator's labels as they stand, after whatever runs and votes and changes of the
 * questions. Which cells are still to be answered: t_store_claims.c.
 */
#include "support_store.h"

static void put_vote(struct world *w, int64_t by, size_t image, size_t column, int16_t value)
{
    const struct store_vote v = { by, w->images.ids[image], column, value, NAN };
    struct err e;

    assert_ok(store_vote_add(w->store, &v, &e), &e);
}

/* ---- what a run answered ---- */

static void labels_lie_a_column_after_the_other(void **state)
{
    enum { IMAGES = 4 };
    static const int16_t values[KINDS_COLUMNS * IMAGES] = {
        VALUE_NO,
        VALUE_YES,
        VALUE_MISSING,
        VALUE_UNPARSEABLE, /* Bald */
        0,
        1,
        2,
        VALUE_REFUSED, /* Hair */
        1,
        1,
        VALUE_UNSURE,
        0, /* Tags:hat */
        0,
        0,
        VALUE_ERROR,
        1, /* Tags:tie */
        2,
        VALUE_TIE,
        0,
        1, /* Age */
    };
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, IMAGES);

    put_run(&w, by, (struct batch){ .values = values });
    check_labels(&w, "at once", by, values);
    world_again(&w, state);
    check_labels(&w, "opened again", by, values);
    world_close(&w);
}

static void every_annotator_has_labels_of_its_own(void **state)
{
    struct store_labels l;
    struct world w;
    struct err e;
    int64_t anna = world_with(&w, state, kinds_task, 1), ben, cleo;

    begin(w.store);
    ben = annotator(w.store, "ben", ANNOTATOR_MODEL);
    cleo = annotator(w.store, "cleo", ANNOTATOR_HUMAN);
    commit(w.store);
    put_run(&w, ben, (struct batch){ .values = ROW(1, 1, 1, 1, 1) });
    put_run(&w, anna, (struct batch){ .values = ROW(0, 2, NO, 0, 0) });
    check_labels(&w, "anna", anna, ROW(0, 2, NO, 0, 0));
    check_labels(&w, "ben", ben, ROW(1, 1, 1, 1, 1));
    check_labels(&w, "who answered nothing", cleo, ROW(NO, NO, NO, NO, NO));
    check_labels(&w, "nobody", 0, ROW(NO, NO, NO, NO, NO));
    check_labels(&w, "who is not there", cleo + 1, ROW(NO, NO, NO, NO, NO));
    store_images_release(&w.images); /* none are listed */
    assert_ok(store_labels_load(w.store, ben, w.task, &w.images, STORE_WITH_PROBABILITIES, &l, &e),
              &e);
    store_labels_release(&l);
    store_labels_release(&l);
    world_close(&w);
}

static void a_later_run_replaces_what_it_answers_and_hides_nothing(void **state)
{
    static const struct {
        const char *what;
        int16_t run[KINDS_COLUMNS], wanted[KINDS_COLUMNS];
    } rows[] = {
        { "first", { 1, NO, 0, 1, 2 }, { 1, NO, 0, 1, 2 } },
        { "the same", { 1, NO, 0, 1, 2 }, { 1, NO, 0, 1, 2 } },
        { "in part", { NO, 2, NO, NO, 0 }, { 1, 2, 0, 1, 0 } },
        { "nothing", { NO, NO, NO, NO, NO }, { 1, 2, 0, 1, 0 } },
        { "abstentions", { -2, -3, -4, -5, -6 }, { -2, -3, -4, -5, -6 } },
        { "one again", { NO, NO, 1, NO, NO }, { -2, -3, 1, -5, -6 } },
        { "all", { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 } },
    };
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);

    for (size_t i = 0; i < COUNT(rows); i++) {
        put_run(&w, by, (struct batch){ .values = rows[i].run });
        check_labels(&w, rows[i].what, by, rows[i].wanted);
    }
    world_close(&w);
}

/* A run over some images hides nothing of the others; one that was killed counts as far as it got.
 */
static void an_unended_run_counts_as_far_as_it_got(void **state)
{
    static const int16_t first[2 * KINDS_COLUMNS] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    static const int16_t second[2 * KINDS_COLUMNS] = { 0, 0, 2, 2, 0, 0, 0, 0, 2, 2 };
    static const int16_t wanted[2 * KINDS_COLUMNS] = { 1, 0, 1, 2, 1, 0, 1, 0, 1, 2 };
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 2);

    put_run(&w, by, (struct batch){ .values = first });
    begin(w.store);
    start_run(&w, by);
    put_image(&w, 1, &(struct batch){ .values = second });
    commit(w.store);
    world_again(&w, state);
    check_labels(&w, "half a run", by, wanted);
    world_close(&w);
}

static void votes_count_before_runs_earlier_and_later(void **state)
{
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);

    begin(w.store);
    start_run(&w, by);
    put_vote(&w, by, 0, IN_HAIR, 2);
    put_vote(&w, by, 0, IN_AGE, VALUE_UNSURE);
    put_vote(&w, by, 0, IN_BALD, 0);
    put_vote(&w, by, 0, IN_BALD, 1); /* a second thought */
    end_run(&w);
    commit(w.store);
    check_labels(&w, "votes only", by, ROW(1, 2, NO, NO, VALUE_UNSURE));
    put_run(&w, by, (struct batch){ .values = ROW(0, 0, 0, 0, 0) });
    check_labels(&w, "a run after them", by, ROW(1, 2, 0, 0, VALUE_UNSURE));
    begin(w.store);
    start_run(&w, by);
    put_vote(&w, by, 0, IN_TIE, VALUE_REFUSED);
    put_vote(&w, by, 0, IN_HAIR, 1);
    commit(w.store);
    check_labels(&w, "a vote after it", by, ROW(1, 1, 0, VALUE_REFUSED, VALUE_UNSURE));
    world_close(&w);
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void votes_know_how_long_they_took(void **state)
{
    static const double seconds[] = { 2.5, NAN, 0, 1e-3, NAN, 2.5 };
    static const double wanted[] = { 0, 1e-3, 2.5, 2.5 };
    struct store_annotators all;
    struct world w;
    struct err e;
    int64_t by = world_with(&w, state, kinds_task, 1);
    double *got;
    size_t n;

    assert_ok(store_vote_seconds(w.store, by, &got, &n, &e), &e);
    assert_int_equal(n, 0);
    free(got);
    begin(w.store);
    start_run(&w, by);
    for (size_t i = 0; i < COUNT(seconds); i++)
        assert_ok(store_vote_add(w.store,
                                 &(struct store_vote){ by, w.images.ids[0], 0, 1, seconds[i] }, &e),
                  &e);
    put_vote(&w, annotator(w.store, "ben", ANNOTATOR_HUMAN), 0, 0, 1);
    commit(w.store);
    assert_ok(store_vote_seconds(w.store, by, &got, &n, &e), &e);
    assert_int_equal(n, COUNT(wanted));
    qsort(got, n, sizeof(*got), compare_doubles);
    for (size_t i = 0; i < n; i++)
        assert_near("seconds", got[i], wanted[i], 0);
    free(got);
    assert_ok(store_annotators_load(w.store, &all, &e), &e);
    assert_int_equal(store_annotators_find(&all, "anna")->votes, COUNT(seconds));
    assert_int_equal(store_annotators_find(&all, "ben")->votes, 1);
    store_annotators_release(&all);
    world_close(&w);
}

static void images_that_came_after_the_listing_are_left_out(void **state)
{
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);
    struct store_images before = w.images;
    uint8_t *missing;
    struct err e;

    begin(w.store);
    add_images(w.store, 1, 1);
    commit(w.store);
    w.images = (struct store_images){ 0 };
    list_images(&w);
    begin(w.store);
    start_run(&w, by);
    put_image(&w, 1, &(struct batch){ .values = (const int16_t[2 * KINDS_COLUMNS]){ 0 } });
    put_vote(&w, by, 1, IN_BALD, 1);
    commit(w.store);
    store_images_release(&w.images);
    w.images = before;
    check_labels(&w, "the old listing", by, ROW(NO, NO, NO, NO, NO));
    assert_ok(store_missing_load(w.store, &(struct store_asking){ by, w.task, false }, &w.images,
                                 &missing, &e),
              &e);
    for (size_t c = 0; c < KINDS_COLUMNS; c++)
        assert_int_equal(missing[c], CELL_OPEN);
    free(missing);
    world_close(&w);
}

static void a_value_that_is_none_of_the_question_s_never_comes_out(void **state)
{
    static const int16_t none[] = { 3, 2, 99, INT16_MAX, -7, INT16_MIN };

    for (size_t i = 0; i < COUNT(none); i++) {
        struct world w;
        struct err e;
        int64_t by = world_with(&w, state, kinds_task, 1);
        const struct store_answers a = { .values = ROW(none[i], NO, NO, NO, NO) };
        struct store_labels l;

        begin(w.store);
        start_run(&w, by);
        assert_ok(store_answers_add(w.store, w.images.ids[0], w.task, &a, &e), &e);
        commit(w.store);
        assert_int_equal(store_labels_load(w.store, by, w.task, &w.images, 0, &l, &e), ERR_DB);
        assert_string_equal(e.where, "run 1, image 000000.jpg, question Bald");
        world_close(&w);
        remove(scratch_path(state, "assent.db"));
    }
}

/* ---- probabilities ---- */

/* P(yes) of Bald; three of Hair; P(yes) of the two of Tags; three of Age. */
#define ODDS(...) ((const float[KINDS_PROBABILITIES]){ __VA_ARGS__ })

static void probabilities_lie_an_image_after_the_other(void **state)
{
    static const int16_t values[2 * KINDS_COLUMNS] = { 1, 0, 2, 0, 0, 1, 0, 1, 2, -2 };
    static const float odds[2 * KINDS_PROBABILITIES] = {
        0.75f, 0.125f, 0.25f, 0.625f, 1e-30f, 0.5f, 0, 0.25f, 0.75f,
        0,     1,      0,     0,      NAN,    1,    1, NAN,   1e-7f,
    };
    float none[2 * KINDS_PROBABILITIES];
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 2);

    for (size_t i = 0; i < COUNT(none); i++)
        none[i] = NAN;
    check_probabilities(&w, "no answers", by, none);
    put_run(&w, by, (struct batch){ values, odds });
    world_again(&w, state);
    check_probabilities(&w, "as they went in", by, odds);
    check_labels(&w, "with their labels", by, values);
    put_run(&w, by, (struct batch){ values, NULL });
    check_probabilities(&w, "an answer without any replaces them", by, none);
    world_close(&w);
}

static void a_run_in_part_hides_no_probability(void **state)
{
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);

    put_run(&w, by,
            (struct batch){ ROW(1, 0, 1, 0, 2),
                            ODDS(0.75f, 0.5f, 0.25f, 0.25f, 0.625f, 0.125f, 0, 0.25f, 0.75f) });
    put_run(&w, by,
            (struct batch){ ROW(NO, 1, NO, NO, NO),
                            ODDS(NAN, 0.125f, 0.75f, 0.125f, NAN, NAN, NAN, NAN, NAN) });
    check_labels(&w, "values", by, ROW(1, 1, 1, 0, 2));
    check_probabilities(&w, "probabilities", by,
                        ODDS(0.75f, 0.125f, 0.75f, 0.125f, 0.625f, 0.125f, 0, 0.25f, 0.75f));
    world_close(&w);
}

/* ---- changed questions ---- */

#define BALD_AS(more, text) "  - {name: Bald, " more "text: \"" text "\"}\n"
#define HAIR_AS(options) \
    "  - {name: Hair, kind: choice, options: [" options "], text: \"Which hair?\"}\n"
#define TAGS_AS(options) \
    "  - {name: Tags, kind: multi, options: [" options "], text: \"What is worn?\"}\n"
#define AGE_AS(kind) \
    "  - {name: Age, kind: " kind ", options: [child, young, old], text: \"How old?\"}\n"
#define ASKED(...) "name: t\nquestions:\n" __VA_ARGS__

/* What becomes of Bald yes .75, Hair blond .125 .75 .125, hat no .25, tie yes 1, Age unsure .5 .25
 * .25, when the questions are these. */
struct change {
    const char *what, *task;
    int16_t labels[KINDS_COLUMNS + 1];
    float odds[KINDS_PROBABILITIES + 2];
    uint8_t missing[KINDS_COLUMNS + 1]; /* CELL_ANSWERED is 0 */
};

static const struct change changes[] = {
    { "nothing",
      kinds_task,
      { 1, 1, 0, 1, -4 },
      { .75f, .125f, .75f, .125f, .25f, 1, .5f, .25f, .25f },
      { 0 } },
    { "their order",
      ASKED(AGE_AS("ordinal") TAGS_AS("hat, tie") HAIR_AS("black, blond, gray")
                BALD_AS("", "Bald?")),
      { -4, 0, 1, 1, 1 },
      { .5f, .25f, .25f, .25f, 1, .125f, .75f, .125f, .75f },
      { 0 } },
    { "a question that is asked no more, and a new one",
      ASKED("  - {name: Smiling, text: s}\n" HAIR_AS("black, blond, gray")),
      { NO, 1 },
      { NAN, .125f, .75f, .125f },
      { CELL_OPEN, 0 } },
    { "another name", ASKED("  - {name: Baldness, text: \"Bald?\"}\n"), { NO }, { NAN }, { 1 } },
    { "other words", ASKED(BALD_AS("", "Bald at all?")), { 1 }, { .75f }, { CELL_OPEN } },
    { "one wording more",
      ASKED("  - {name: Bald, text: [\"Bald?\", \"Really?\"]}\n"),
      { 1 },
      { .75f },
      { CELL_OPEN } },
    { "what is no wording: help, group, least mass",
      ASKED(BALD_AS("help: look, group: g, min_mass: 0.1, ", "Bald?")),
      { 1 },
      { .75f },
      { 0 } },
    { "the order of options",
      ASKED(HAIR_AS("gray, black, blond") TAGS_AS("tie, hat")),
      { 2, 1, 0 },
      { .125f, .125f, .75f, 1, .25f },
      { CELL_OPEN, 0, 0 } },
    { "an option more",
      ASKED(HAIR_AS("black, red, blond, gray") TAGS_AS("hat, scarf, tie")),
      { 2, 0, NO, 1 },
      { .125f, NAN, .75f, .125f, .25f, NAN, 1 },
      { CELL_OPEN, 0, CELL_OPEN, 0 } },
    { "the option that was chosen is none any more",
      ASKED(HAIR_AS("black, gray")),
      { NO },
      { -1, -1 },
      { CELL_OPEN } },
    { "listed as letters",
      ASKED("  - {name: Hair, kind: choice, format: letters, options: [black, blond, gray], text: "
            "\"Which hair?\"}\n"),
      { 1 },
      { .125f, .75f, .125f },
      { CELL_OPEN } },
    { "another kind of options", ASKED(AGE_AS("choice")), { -4 }, { .5f, .25f, .25f }, { 1 } },
};

static void questions_are_known_by_name_and_options_by_text(void **state)
{
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);

    put_run(&w, by,
            (struct batch){ ROW(1, 1, 0, 1, -4),
                            ODDS(.75f, .125f, .75f, .125f, .25f, 1, .5f, .25f, .25f) });
    for (size_t i = 0; i < COUNT(changes); i++) {
        world_asks(&w, changes[i].task);
        check_labels(&w, changes[i].what, by, changes[i].labels);
        check_probabilities(&w, changes[i].what, by, changes[i].odds);
        check_missing(&w, changes[i].what, &(struct store_asking){ by, w.task, false },
                      changes[i].missing);
    }
    world_close(&w);
}

static void votes_follow_the_questions_as_runs_do(void **state)
{
    static const int16_t votes[KINDS_COLUMNS] = { 1, 1, 0, 1, -4 };
    struct world w;
    int64_t by = world_with(&w, state, kinds_task, 1);

    begin(w.store);
    start_run(&w, by);
    for (size_t c = 0; c < KINDS_COLUMNS; c++)
        put_vote(&w, by, 0, c, votes[c]);
    commit(w.store);
    for (size_t i = 0; i < COUNT(changes); i++) {
        world_asks(&w, changes[i].task);
        check_labels(&w, changes[i].what, by, changes[i].labels);
    }
    world_close(&w);
}

/* ---- random histories ---- */

enum {
    HISTORY_IMAGES = 12,
    HISTORY_ANNOTATORS = 3,
    HISTORY_CELLS = KINDS_COLUMNS * HISTORY_IMAGES
};

/* The questions in two orders and wordings; which column of the one is which of the other. */
static const char *const history_tasks[2] = {
    kinds_task,
    ASKED(AGE_AS("ordinal") TAGS_AS("tie, hat") BALD_AS("", "Bald?") HAIR_AS("gray, black, blond")),
};
static const size_t history_column[2][KINDS_COLUMNS] = {
    { IN_BALD, IN_HAIR, IN_HAT, IN_TIE, IN_AGE },
    { IN_AGE, IN_TIE, IN_HAT, IN_BALD, IN_HAIR },
};
static const int16_t history_hair[2][3] = { { 0, 1, 2 }, { 2, 0, 1 } }; /* its options likewise */

/* What the test knows: everything in the first task's columns and values. */
struct history {
    struct world w;
    int64_t annotators[HISTORY_ANNOTATORS];
    int16_t bulk[HISTORY_ANNOTATORS][HISTORY_CELLS], votes[HISTORY_ANNOTATORS][HISTORY_CELLS];
    uint64_t random;
};

/* A random value of a column of the task in use, often none: as that task has it, and as the first.
 */
static int16_t draw_value(struct history *h, size_t task, size_t column, int16_t *first)
{
    const struct column *c = &h->w.task->columns[column];
    int16_t value = (int16_t)((int)random_below(&h->random, c->n_values + 6) - 6);

    *first =
        value >= 0 && history_column[task][column] == IN_HAIR ? history_hair[task][value] : value;
    return value;
}

/* One run or some votes of somebody, by one of the tasks. */
static void make_history(struct history *h)
{
    size_t who = random_below(&h->random, HISTORY_ANNOTATORS), task = random_below(&h->random, 2);
    bool votes = random_below(&h->random, 4) == 0;
    int16_t values[HISTORY_CELLS];

    world_asks(&h->w, history_tasks[task]);
    begin(h->w.store);
    start_run(&h->w, h->annotators[who]);
    for (size_t i = 0; i < HISTORY_IMAGES; i++) {
        if (random_below(&h->random, 3) == 0)
            continue;
        for (size_t c = 0; c < KINDS_COLUMNS; c++) {
            size_t cell = history_column[task][c] * HISTORY_IMAGES + i;
            int16_t first, *known = votes ? h->votes[who] : h->bulk[who];

            values[c * HISTORY_IMAGES + i] = draw_value(h, task, c, &first);
            if (first == VALUE_MISSING)
                continue;
            known[cell] = first;
            if (votes)
                put_vote(&h->w, h->annotators[who], i, c, values[c * HISTORY_IMAGES + i]);
        }
        if (!votes)
            put_image(&h->w, i, &(struct batch){ .values = values });
    }
    commit(h->w.store);
}

/* By either task, everybody's labels are the last vote, or else the last bulk answer. */
static void check_history(struct history *h)
{
    int16_t wanted[HISTORY_CELLS];

    for (size_t task = 0; task < 2; task++) {
        world_asks(&h->w, history_tasks[task]);
        for (size_t who = 0; who < HISTORY_ANNOTATORS; who++) {
            for (size_t c = 0; c < KINDS_COLUMNS; c++)
                for (size_t i = 0; i < HISTORY_IMAGES; i++) {
                    size_t cell = history_column[task][c] * HISTORY_IMAGES + i;
                    int16_t value = h->votes[who][cell] != VALUE_MISSING ? h->votes[who][cell]
                                                                         : h->bulk[who][cell];

                    for (int16_t v = 0; value >= 0 && history_column[task][c] == IN_HAIR && v < 3;
                         v++)
                        if (history_hair[task][v] == value) {
                            value = v;
                            break;
                        }
                    wanted[c * HISTORY_IMAGES + i] = value;
                }
            check_labels(&h->w, task == 0 ? "the first task" : "the second", h->annotators[who],
                         wanted);
        }
    }
}

static void whatever_was_answered_the_latest_counts(void **state)
{
    enum { ROUNDS = 60 };
    struct history h = { .random = 20260131 };

    memset(h.bulk, 0xff, sizeof(h.bulk)); /* VALUE_MISSING */
    memset(h.votes, 0xff, sizeof(h.votes));
    world_open(&h.w, state, history_tasks[0], HISTORY_IMAGES);
    begin(h.w.store);
    h.annotators[0] = annotator(h.w.store, "a", ANNOTATOR_MODEL);
    h.annotators[1] = annotator(h.w.store, "b", ANNOTATOR_HUMAN);
    h.annotators[2] = annotator(h.w.store, "consensus", ANNOTATOR_CONSENSUS);
    commit(h.w.store);
    for (size_t round = 0; round < ROUNDS; round++) {
        make_history(&h);
        check_history(&h);
        if (round % 20 == 0)
            world_again(&h.w, state);
    }
    world_close(&h.w);
}

/* What was not answered has no probabilities. */
static void drop_odds(const struct world *w, const int16_t *values, float *odds)
{
    for (size_t c = 0; c < w->task->n_columns; c++)
        for (size_t i = 0; i < w->images.n; i++)
            for (size_t v = 0; v < w->task->columns[c].n_probabilities; v++)
                if (values[c * w->images.n + i] == VALUE_MISSING)
                    odds[i * w->task->n_probabilities + w->task->columns[c].probability + v] = NAN;
}

static void random_matrices_come_back_as_they_went_in(void **state)
{
    uint64_t random = 7;

    for (size_t n = 1; n <= 400; n = n * 2 + 1) {
        size_t cells = n * KINDS_COLUMNS, odds = n * KINDS_PROBABILITIES;
        int16_t *values = calloc(cells, sizeof(*values));
        float *p = calloc(odds, sizeof(*p));
        struct world w;
        int64_t by;

        assert_true(values && p);
        by = world_with(&w, state, kinds_task, n);
        for (size_t i = 0; i < cells; i++)
            values[i] = (int16_t)((int)random_below(&random, 8) - 6); /* -6 .. 1 */
        for (size_t i = 0; i < odds; i++)
            p[i] = random_below(&random, 8) == 0 ? NAN : (float)random_below(&random, 7) / 6;
        drop_odds(&w, values, p);
        put_run(&w, by, (struct batch){ values, p });
        world_again(&w, state);
        check_labels(&w, "values", by, values);
        check_probabilities(&w, "probabilities", by, p);
        free(values);
        free(p);
        world_close(&w);
        remove(scratch_path(state, "assent.db"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_scratch(labels_lie_a_column_after_the_other),
        test_with_scratch(every_annotator_has_labels_of_its_own),
        test_with_scratch(a_later_run_replaces_what_it_answers_and_hides_nothing),
        test_with_scratch(an_unended_run_counts_as_far_as_it_got),
        test_with_scratch(votes_count_before_runs_earlier_and_later),
        test_with_scratch(votes_know_how_long_they_took),
        test_with_scratch(images_that_came_after_the_listing_are_left_out),
        test_with_scratch(a_value_that_is_none_of_the_question_s_never_comes_out),
        test_with_scratch(probabilities_lie_an_image_after_the_other),
        test_with_scratch(a_run_in_part_hides_no_probability),
        test_with_scratch(questions_are_known_by_name_and_options_by_text),
        test_with_scratch(votes_follow_the_questions_as_runs_do),
        test_with_scratch(whatever_was_answered_the_latest_counts),
        test_with_scratch(random_matrices_come_back_as_they_went_in),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("store_labels", tests, NULL, NULL);
}
