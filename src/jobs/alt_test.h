/* SPDX-License-Identifier: MIT
 *
 * alt_test.h - is a model as good as one more person? The alternative-annotator test of each model
 * against the project's people, over all questions and by question.
 *
 * Votes on cells that were queued because they are disputed are left out: of such cells the model's
 * label is one that somebody contradicts, so it could only lose.
 */
#ifndef ASSENT_JOBS_ALT_TEST_H
#define ASSENT_JOBS_ALT_TEST_H

#include "base/base.h"
#include "project/dataset.h"
#include "stats/alt_test.h"

struct alt_test_person { /* against one model, over all questions */
    const char *name;
    struct stats_alt_person s;
    const char *test;    /* "t", "signed rank"; NULL: not tested */
    uint64_t lacking;    /* images that a test still needs */
    const char *verdict; /* "beats", "does not beat", "not tested" */
    bool selective;      /* all items are cells on which the model and another person differ */
};

struct alt_test_row { /* a question, or all */
    const char *name; /* the column's; NULL: all */
    uint64_t items;   /* of the people together */
    uint64_t lacking; /* images, of who lacks fewest among those that three tests need */
    struct stats_alt_verdict s;
    const char *verdict; /* "passed", "failed", "cannot say" */
};

struct alt_test_model {
    const char *name;
    struct alt_test_row all;
    struct alt_test_person *people; /* [n_people] of the test */
    struct alt_test_row *questions; /* those with items */
    size_t n_questions;
};

struct alt_test {
    const struct task *task;
    size_t n_people;   /* with labels */
    uint64_t left_out; /* votes on cells that were queued as disputed */
    struct alt_test_model *models;
    size_t n_models;
    struct arena arena; /* private */
};

/* Of the models and people whose labels d has. */
int alt_test_load(const struct dataset *d, struct alt_test *out, struct err *e);
void alt_test_release(struct alt_test *t); /* zeroed is fine */

#endif
