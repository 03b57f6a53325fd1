/* SPDX-License-Identifier: MIT */
/*
 * label/http/budget.h: what requests cost, and which ones a limit keeps from being sent.
 */
#include "support.h"

#include "label/http/budget.h"

static const struct server_price price = {
    .given = true, .input = 2, .cached_input = 0.5, .output = 10
};
static const struct protocol_usage first = { 1000000, 0, 100000 };     /* 3 */
static const struct protocol_usage later = { 1000000, 800000, 10000 }; /* 0.9 */

static void tokens_cost_what_the_price_says(void **state)
{
    const struct label_usage usage = { 7, 3000000, 2000000, 500000, 0 };
    struct server_price p = price;
    struct label_usage unsaid = usage;

    (void)state;
    assert_near("all three", label_usage_cost(&usage, &p), 2 + 1 + 5, 1e-12);
    p.cached_input = NAN;
    assert_near("cached as others", label_usage_cost(&usage, &p), 6 + 5, 1e-12);
    p.output = 0;
    assert_near("input alone", label_usage_cost(&usage, &p), 6, 1e-12);
    unsaid.silent = 1;
    assert_true(isnan(label_usage_cost(&unsaid, &p)));
    p.given = false;
    assert_true(isnan(label_usage_cost(&usage, &p)));
}

static void pictures_are_begun_while_their_requests_fit(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, &(struct label_limits){ .requests = 10 }, &price);
    assert_int_equal(budget_picture_limit(&b, 11), LIMIT_REQUESTS);
    assert_int_equal(budget_picture_limit(&b, 4), LIMIT_NONE);
    budget_begin(&b, 4);
    assert_int_equal(budget_picture_limit(&b, 7), LIMIT_REQUESTS);
    assert_int_equal(budget_picture_limit(&b, 6), LIMIT_NONE);
    budget_begin(&b, 6);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 1);
    budget_again(&b, BUDGET_FIRST); /* now they do not all fit: not one more than 10 is sent */
    for (int i = 0; i < 9; i++) {
        assert_int_equal(budget_request_limit(&b, BUDGET_LATER), LIMIT_NONE);
        budget_sent(&b, i < 2 ? BUDGET_FIRST : BUDGET_LATER);
    }
    assert_int_equal(budget_request_limit(&b, BUDGET_LATER), LIMIT_REQUESTS);
    assert_int_equal(budget_picture_limit(&b, 1), LIMIT_REQUESTS);
    assert_int_equal(b.used.requests, 10);
}

static void a_request_is_expected_to_cost_what_others_of_its_kind_did(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, &(struct label_limits){ .cost = 10 }, &price);
    assert_int_equal(budget_picture_limit(&b, 40), LIMIT_NONE); /* nothing is known yet */
    budget_begin(&b, 4);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 1);
    budget_paid(&b, BUDGET_FIRST, &first);
    /* 3 are spent, and three later ones at 3 each are to come */
    assert_int_equal(budget_request_limit(&b, BUDGET_LATER), LIMIT_NONE);
    assert_int_equal(budget_picture_limit(&b, 1), LIMIT_COST);
    budget_sent(&b, BUDGET_LATER);
    budget_back(&b, BUDGET_LATER, 1);
    budget_paid(&b, BUDGET_LATER, &later);
    assert_near("dearest", b.dearest[BUDGET_LATER], 0.9, 1e-12);
    /* 3.9, and 1.8 to come: 3 and one of 0.9 fit, two do not */
    assert_int_equal(budget_picture_limit(&b, 2), LIMIT_NONE);
    assert_int_equal(budget_picture_limit(&b, 3), LIMIT_COST);
    assert_near("tokens", budget_tokens(&b), 1055000, 1e-6);
}

static void what_is_in_flight_counts_as_if_it_were_answered(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, &(struct label_limits){ .cost = 9.5 }, &price);
    budget_begin(&b, 1);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 1);
    budget_paid(&b, BUDGET_FIRST, &first);
    for (int i = 0; i < 3; i++)
        budget_begin(&b, 1);
    budget_sent(&b, BUDGET_FIRST);
    assert_int_equal(budget_request_limit(&b, BUDGET_FIRST), LIMIT_NONE);
    budget_sent(&b, BUDGET_FIRST);
    assert_int_equal(budget_request_limit(&b, BUDGET_FIRST), LIMIT_COST);
    budget_back(&b, BUDGET_FIRST, 1); /* it cost nothing */
    assert_int_equal(budget_request_limit(&b, BUDGET_FIRST), LIMIT_NONE);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 0); /* there was no connection */
    budget_again(&b, BUDGET_FIRST);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 2); /* and that went twice */
    assert_int_equal(b.used.requests, 5);
    budget_end(&b, LIMIT_COST);
    assert_int_equal(budget_request_limit(&b, BUDGET_FIRST), LIMIT_COST);
    assert_int_equal(budget_picture_limit(&b, 1), LIMIT_COST);
}

static void answers_without_a_count_are_counted(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, &(struct label_limits){ 0 }, &price);
    budget_begin(&b, 3);
    budget_sent(&b, BUDGET_FIRST);
    budget_back(&b, BUDGET_FIRST, 1);
    budget_paid(&b, BUDGET_FIRST, &(struct protocol_usage){ 0 });
    assert_true(b.used.silent == 1 && budget_tokens(&b) == 0);
    budget_sent(&b, BUDGET_LATER);
    /* more cached than there is: a server's slip, and no negative bill */
    budget_back(&b, BUDGET_LATER, 1);
    budget_paid(&b, BUDGET_LATER, &(struct protocol_usage){ 10, 20, 5 });
    assert_true(b.used.silent == 1 && b.used.cached == 10 && budget_tokens(&b) == 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_cost_what_the_price_says),
        cmocka_unit_test(pictures_are_begun_while_their_requests_fit),
        cmocka_unit_test(a_request_is_expected_to_cost_what_others_of_its_kind_did),
        cmocka_unit_test(what_is_in_flight_counts_as_if_it_were_answered),
        cmocka_unit_test(answers_without_a_count_are_counted),
    };

    cmocka_set_test_filter(getenv("TEST"));
    return cmocka_run_group_tests_name("label_budget", tests, NULL, NULL);
}
