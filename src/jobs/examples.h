/* SPDX-License-Identifier: MIT
 *
 * examples.h - labelled pictures that a model is shown before a question: drawn from answers that
 * are known. Private to jobs/.
 */
#ifndef ASSENT_JOBS_EXAMPLES_H
#define ASSENT_JOBS_EXAMPLES_H

#include "base/base.h"
#include "jobs/todo.h"
#include "label/label.h"

struct examples {
    struct label_examples list;
    struct arena arena; /* private */
    size_t cap;
};

/* As the entry of assent.yaml has them: by default the review's known answers, else somebody's
 * labels. Of each column as many, its options in turn, those with the first ranks in the order of
 * its seed: they do not depend on what other pictures there are. None where its way needs none.
 * ERR_ARG: a question has none. */
int examples_load(struct examples *out, const struct todo *t, struct err *e);
void examples_release(struct examples *x); /* zeroed is fine */

#endif
