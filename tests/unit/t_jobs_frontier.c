/* SPDX-License-Identifier: MIT
 *
 * jobs/next_votes.h: what the next hundred votes would buy, of labels and verdicts made by hand.
 */
#include "support_task.h"

#include "jobs/next_votes.h"

enum { IMAGES = 250 };

static const char one_question[] = "name: t\nquestions:\n  - {name: A, text: a}\n";

struct scene {
    struct task *task;
    struct project project;
    struct store_annotator who;
    struct labelled labelled;
    struct dataset data;
    struct acceptance acceptance;
    struct consensus_result votes;
    struct frontier_sources from;
    struct frontier out;
};

static void scene_open(struct scene *s, int16_t *labels, float *probabilities)
{
    memset(s, 0, sizeof(*s));
    s->task = load_task(one_question);
    s->project.task = s->task;
    s->who = (struct store_annotator){ .name = "m", .kind = ANNOTATOR_MODEL };
    s->labelled = (struct labelled){ &s->who, "m", { labels, probabilities } };
    s->data = (struct dataset){
        .project = &s->project, .images = { .n = IMAGES }, .items = &s->labelled, .n = 1
    };
    s->out.cells = IMAGES;
    s->from = (struct frontier_sources){ .data = &s->data,
                                         .acceptance = &s->acceptance,
                                         .votes = &s->votes };
}

/* 0.000, 0.002, .. 0.498 are what the labels lack, in no order: of a yes it is 1 - p, of a no p.
 * The hundred largest are 0.300 to 0.498: 100 * 0.399. */
static void the_least_certain_hundred_are_summed(void **state)
{
    int16_t labels[IMAGES];
    float p[IMAGES];
    struct scene s;
    struct err e;

    (void)state;
    for (int i = 0; i < IMAGES; i++) {
        double lacks = i * 77 % IMAGES * 0.002;

        labels[i] = i % 2 ? VALUE_YES : VALUE_NO;
        p[i] = (float)(i % 2 ? 1 - lacks : lacks);
    }
    scene_open(&s, labels, p);
    s.acceptance.why = "nobody looked";
    assert_ok(next_votes(&s.out, &s.from, &e), &e);
    assert_int_equal(s.out.n_votes, 1);
    assert_string_equal(s.out.votes[0].where, "least certain");
    assert_near("gain", s.out.votes[0].gain, 39.9, 1e-4);
    assert_int_equal(s.out.votes[0].open, IMAGES);
    labels[0] = VALUE_UNSURE; /* what is no label can be put right by nobody's vote */
    p[1] = NAN;
    s.out.n_votes = 0;
    assert_ok(next_votes(&s.out, &s.from, &e), &e);
    assert_int_equal(s.out.votes[0].open, IMAGES - 2);
    task_free(s.task);
}

/* 50 votes for 1000 labels, then half of the 100 votes for 1500; the others cannot be accepted, or
 * are decided. */
static void votes_decide_those_first_that_give_most(void **state)
{
    const struct {
        enum verdict_kind kind;
        double votes, error;
        uint64_t cells;
    } rows[] = {
        { VERDICT_UNDECIDED, 100, 0.04, 1500 },
        { VERDICT_UNDECIDED, 50, 0.05, 1000 },
        { VERDICT_UNDECIDED, 10, 0.06, 5000 },
        { VERDICT_UNDECIDED, 10, NAN, 5000 },
        { VERDICT_UNDECIDED, INFINITY, 0.01, 5000 },
        { VERDICT_ALONE, 0, 0.01, 5000 },
        { VERDICT_PEOPLE, 0, 0.2, 5000 },
    };
    struct verdict verdicts[COUNT(rows)] = { { 0 } };
    int16_t labels[IMAGES];
    struct scene s;
    struct err e;

    (void)state;
    for (int i = 0; i < IMAGES; i++)
        labels[i] = VALUE_MISSING;
    scene_open(&s, labels, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        verdicts[i].kind = rows[i].kind;
        verdicts[i].sides[SIDE_ALL] = (struct verdict_set){ .votes = rows[i].votes,
                                                            .error = rows[i].error,
                                                            .cells = rows[i].cells };
    }
    s.acceptance.verdicts = (struct verdicts){ .promise = { 0.05, 0.95, SIDE_ALL, 0 },
                                               .items = verdicts,
                                               .n = COUNT(rows) };
    assert_ok(next_votes(&s.out, &s.from, &e), &e);
    assert_int_equal(s.out.n_votes, 1);
    assert_string_equal(s.out.votes[0].where, "deciding questions");
    assert_near("gain", s.out.votes[0].gain, 1750, 1e-9);
    assert_int_equal(s.out.votes[0].open, 2500);
    s.acceptance.why = "the sample is not random";
    s.out.n_votes = 0;
    assert_ok(next_votes(&s.out, &s.from, &e), &e);
    assert_int_equal(s.out.n_votes, 0);
    task_free(s.task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_certain_hundred_are_summed),
        cmocka_unit_test(votes_decide_those_first_that_give_most),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("jobs_frontier", tests, NULL, NULL);
}
