/* SPDX-License-Identifier: MIT */
/*
 * project/pair.h: the one rule of who is compared, which agree, report, status, review and export
 * go by.
 */
#include "support.h"

#include "project/pair.h"

/* ---- who there is ---- */

enum { MOST = 8, NAME_MAX_BYTES = 40 };

struct crowd {
    struct store_annotators known;
    struct store_annotator items[MOST];
    char names[MOST][NAME_MAX_BYTES];
};

/* "m:llava h:celeba": in the order they were added. m: a model; h: somebody whose labels came in
 * bulk; v: who was imported with single votes; l: who has a link to the review and gave no answer;
 * r: who answered in the review; c: the consensus. */
static void crowd_of(struct crowd *crowd, const char *who)
{
    *crowd = (struct crowd){ 0 };
    for (int used; sscanf(who, " %*c:%39s%n", crowd->names[crowd->known.n], &used) == 1;
         who += used) {
        struct store_annotator *a = &crowd->items[crowd->known.n];
        char kind = who[strspn(who, " ")];

        a->id = (int64_t)crowd->known.n + 1;
        a->name = crowd->names[crowd->known.n++];
        a->kind = kind == 'm'   ? ANNOTATOR_MODEL
                  : kind == 'c' ? ANNOTATOR_CONSENSUS
                                : ANNOTATOR_HUMAN;
        a->votes = kind == 'v' || kind == 'r' ? 12 : 0;
        a->reviews = kind == 'l' || kind == 'r';
        assert_in_range(crowd->known.n, 1, MOST - 1);
    }
    crowd->known.items = crowd->items;
}

static const char *name_of(const struct store_annotator *a)
{
    return a ? a->name : NULL;
}

struct pair_row {
    const char *what, *who, *first, *second, *why;
    bool second_settles;
};

static void check_pair(const struct pair_row *row, const struct pair *got)
{
    if (!text_equal(name_of(got->first), row->first) ||
        !text_equal(name_of(got->second), row->second))
        fail_row(row->what, "%s and %s", got->first ? got->first->name : "nobody",
                 got->second ? got->second->name : "nobody");
    if (!text_equal(got->why, row->why))
        fail_row(row->what, "they are '%s'", got->why ? got->why : "");
    if (got->second_settles != row->second_settles)
        fail_row(row->what, "second_settles is %d", got->second_settles);
}

static void check_usual(const struct pair_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct crowd crowd;
        struct pair got;

        crowd_of(&crowd, rows[i].who);
        got = pair_usual(&crowd.known);
        check_pair(&rows[i], &got);
    }
}

/* ---- the usual pair ---- */

#define MODEL_AND_PEOPLE "the first model and the first of the people whose labels came in bulk"

static void two_models_are_not_compared_where_people_have_labelled(void **state)
{
    static const struct pair_row rows[] = {
        { "people third", "m:llava m:qwen h:celeba", "llava", "celeba", MODEL_AND_PEOPLE, false },
        { "people between", "m:llava h:celeba m:qwen", "llava", "celeba", MODEL_AND_PEOPLE, false },
        { "people before", "h:celeba m:llava m:qwen", "llava", "celeba", MODEL_AND_PEOPLE, false },
        { "two of them", "m:llava h:b h:a", "llava", "b", MODEL_AND_PEOPLE, false },
        { "and a consensus", "c:consensus m:llava m:qwen h:celeba", "llava", "celeba",
          MODEL_AND_PEOPLE, false },
        { "and who has a link only", "l:anna m:llava m:qwen h:celeba", "llava", "celeba",
          MODEL_AND_PEOPLE, false },
        { "and who settled disputes", "m:llava r:anna v:person h:celeba", "llava", "celeba",
          MODEL_AND_PEOPLE, false },
    };

    (void)state;
    check_usual(rows, COUNT(rows));
}

static void where_no_people_labelled_in_bulk_the_next_annotator_is_second(void **state)
{
    static const struct pair_row rows[] = {
        { "two models", "m:llava m:qwen", "llava", "qwen", "the first model and the next annotator",
          false },
        { "three models", "m:llava m:qwen m:moon", "llava", "qwen",
          "the first model and the next annotator", false },
        { "two models, who has a link only", "m:llava l:anna m:qwen", "llava", "qwen",
          "the first model and the next annotator", false },
        { "a model, single votes that were imported", "m:llava v:person", "llava", "person",
          "the first model and the next annotator", false },
        { "two models, then votes of a review", "m:llava m:qwen r:anna", "llava", "qwen",
          "the first model and the next annotator", false },
    };

    (void)state;
    check_usual(rows, COUNT(rows));
}

static void without_a_model_the_first_two_annotators_are_compared(void **state)
{
    static const struct pair_row rows[] = {
        { "in bulk", "h:a h:b h:c", "a", "b",
          "the first two of the people whose labels came in bulk", false },
        { "in bulk, and single votes", "h:a v:person", "a", "person", "the first two annotators",
          false },
        { "single votes of both", "v:a v:b", "a", "b", "the first two annotators", false },
        { "who has a link only is none of them", "l:anna h:a h:b", "a", "b",
          "the first two of the people whose labels came in bulk", false },
    };

    (void)state;
    check_usual(rows, COUNT(rows));
}

static void one_annotator_has_nobody_to_be_compared_with(void **state)
{
    static const struct pair_row rows[] = {
        { "nobody at all", "", NULL, NULL, "nobody has labels yet", false },
        { "the consensus alone", "c:consensus", NULL, NULL, "nobody has labels yet", false },
        { "a link alone", "l:anna", NULL, NULL, "nobody has labels yet", false },
        { "a model", "m:llava", "llava", NULL, "the only model", false },
        { "a model and the consensus", "m:llava c:consensus", "llava", NULL, "the only model",
          false },
        { "a model and a link", "m:llava l:anna", "llava", NULL, "the only model", false },
        { "a human", "h:celeba", "celeba", NULL, "the only annotator", false },
        { "a human and the consensus", "c:consensus h:celeba", "celeba", NULL, "the only annotator",
          false },
    };

    (void)state;
    check_usual(rows, COUNT(rows));
}

static void votes_of_a_review_settle_disputes_and_make_none(void **state)
{
    static const struct pair_row rows[] = {
        { "a model and its reviewer", "m:llava r:anna", "llava", "anna",
          "the first model and the next annotator", true },
        { "people and their reviewer", "h:celeba r:anna", "celeba", "anna",
          "the first two annotators", true },
    };

    (void)state;
    check_usual(rows, COUNT(rows));
}

/* "The first annotator" is here somebody who voted one by one. */
static void nobodys_single_votes_are_said_to_have_come_in_bulk(void **state)
{
    static const char *const crowds[] = { "v:person h:celeba", "r:anna h:celeba" };

    (void)state;
    for (size_t i = 0; i < COUNT(crowds); i++) {
        struct crowd crowd;
        struct pair got;

        crowd_of(&crowd, crowds[i]);
        got = pair_usual(&crowd.known);
        assert_ptr_equal(got.first, &crowd.items[0]);
        assert_ptr_equal(got.second, &crowd.items[1]);
        if (strstr(got.why, "the first two of the people"))
            fail_row(crowds[i], "%s", got.why);
    }
}

/* ---- as somebody said ---- */

static void who_is_named_is_compared_in_that_order(void **state)
{
    static const struct {
        const char *between[2];
        struct pair_row wanted;
    } rows[] = {
        { { "qwen", "llava" }, { "two models", NULL, "qwen", "llava", "as asked", false } },
        { { "celeba", "llava" }, { "people first", NULL, "celeba", "llava", "as asked", false } },
        { { "consensus", "qwen" }, { "consensus", NULL, "consensus", "qwen", "as asked", false } },
        { { "qwen", NULL }, { "one alone", NULL, "qwen", NULL, "as asked", false } },
        { { NULL, NULL }, { "nobody", NULL, "llava", "celeba", MODEL_AND_PEOPLE, false } },
    };
    struct crowd crowd;

    (void)state;
    crowd_of(&crowd, "m:llava m:qwen c:consensus h:celeba");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair got;
        struct err e;

        assert_ok(pair_choose(&got, &crowd.known, rows[i].between, &e), &e);
        check_pair(&rows[i].wanted, &got);
    }
}

static void a_name_that_nobody_has_is_refused_with_those_that_there_are(void **state)
{
    static const char *const between[][2] = { { "lava", "celeba" },
                                              { "celeba", "lava" },
                                              { "lava", NULL } };
    struct crowd crowd;

    (void)state;
    crowd_of(&crowd, "m:llava h:celeba");
    for (size_t i = 0; i < COUNT(between); i++) {
        struct pair got;
        struct err e;

        assert_refused(pair_choose(&got, &crowd.known, between[i], &e), &e, ERR_ARG);
        assert_contains(e.what, "'lava'");
        assert_string_equal(e.expected, "one of llava, celeba");
        assert_contains(e.hint, "'llava'");
    }
}

static void an_unknown_name_says_what_to_do(void **state)
{
    static const struct {
        const char *who, *name, *hint;
    } rows[] = {
        { "m:llava h:celeba", "consensus", "assent consensus" },
        { "m:llava h:celeba", "zebra", "" }, /* nobody may have been meant */
        { "m:llava h:celeba", "LLAVA", "'llava'" },
        { "", "llava", "assent import" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crowd crowd;
        struct err e;

        crowd_of(&crowd, rows[i].who);
        assert_refused(annotator_unknown(&crowd.known, rows[i].name, &e), &e, ERR_ARG);
        if (*rows[i].hint == '\0')
            assert_string_equal(e.hint, "");
        assert_contains(e.hint, rows[i].hint);
    }
}

/* A list that ends without a word of what is missing says that the others are not there. */
static void a_list_of_names_that_is_cut_says_so(void **state)
{
    enum { MANY = 40 };
    struct store_annotator items[MANY];
    const struct store_annotators known = { .items = items, .n = MANY };
    char names[MANY][NAME_MAX_BYTES];
    size_t len;
    struct err e;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "a-person-of-some-name-%02zu", i);
        items[i] = (struct store_annotator){ .name = names[i] };
    }
    assert_refused(annotator_unknown(&known, "zebra", &e), &e, ERR_ARG);
    len = strlen(e.expected);
    assert_true(len > 3);
    assert_string_equal(e.expected + len - 3, "...");
}

/* ---- who voted ---- */

static void the_voter_is_the_first_of_those_who_voted_one_by_one(void **state)
{
    static const struct {
        const char *who, *voter;
    } rows[] = {
        { "m:llava h:celeba", NULL },
        { "m:llava h:celeba l:bob c:consensus", NULL },
        { "m:llava h:celeba l:bob r:anna v:person", "anna" },
        { "v:person m:llava r:anna", "person" },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crowd crowd;

        crowd_of(&crowd, rows[i].who);
        if (!text_equal(name_of(pair_voter(&crowd.known)), rows[i].voter))
            fail_row(rows[i].who, "not %s", rows[i].voter ? rows[i].voter : "nobody");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_models_are_not_compared_where_people_have_labelled),
        cmocka_unit_test(where_no_people_labelled_in_bulk_the_next_annotator_is_second),
        cmocka_unit_test(without_a_model_the_first_two_annotators_are_compared),
        cmocka_unit_test(one_annotator_has_nobody_to_be_compared_with),
        cmocka_unit_test(votes_of_a_review_settle_disputes_and_make_none),
        test_with_scratch(nobodys_single_votes_are_said_to_have_come_in_bulk),
        cmocka_unit_test(who_is_named_is_compared_in_that_order),
        cmocka_unit_test(a_name_that_nobody_has_is_refused_with_those_that_there_are),
        cmocka_unit_test(an_unknown_name_says_what_to_do),
        test_with_scratch(a_list_of_names_that_is_cut_says_so),
        cmocka_unit_test(the_voter_is_the_first_of_those_who_voted_one_by_one),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("project_pair", tests, NULL, NULL);
}
