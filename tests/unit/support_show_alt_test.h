/* SPDX-License-Identifier: MIT */
/*
 * support_show_alt_test.h - whether a model is as good as one more person, as its job would say it.
 */
#ifndef TESTS_UNIT_SUPPORT_SHOW_ALT_TEST_H
#define TESTS_UNIT_SUPPORT_SHOW_ALT_TEST_H

#include "support_show.h"

#include "jobs/alt_test.h"

static struct alt_test_person alt_people[] = {
    { "anna", { 40, 38, 2, 0.9, -0.05, STATS_ALT_T, 0.001, true }, "t", 0, "beats", false },
    { "bert", { 12, 12, 0, 0.75, 0.1, STATS_ALT_NONE, NAN, false }, NULL, 18, "not tested", false },
};
static struct alt_test_row alt_rows[] = {
    { "Smile", 52, 30, { 1, 1, 1, 0.9, false, false }, "cannot say" },
};
static struct alt_test_model alt_model = {
    "llava", { NULL, 52, 30, { 1, 1, 1, 0.9, false, false }, "cannot say" }, alt_people, alt_rows, 1
};

#endif
