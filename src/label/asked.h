/* SPDX-License-Identifier: MIT
 *
 * asked.h - what a model is asked: each wanted column in each of its wordings; and what comes of
 * the raw answers. Private to label/: every back end is asked the same and settled the same way.
 */
#ifndef ASSENT_LABEL_ASKED_H
#define ASSENT_LABEL_ASKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "label/label.h"
#include "task/task.h"

enum asked_form { ASKED_YESNO, ASKED_CHOICE, ASKED_LETTERS };

struct asked { /* a column in one wording */
    size_t column;
    enum asked_form form;
    const char *text;           /* of a multi question with its option filled in */
    const char *const *options; /* yes/no: no, yes */
    size_t n_options;
};

struct asked_list {
    const uint8_t *wanted; /* [n_columns] 1: asked */
    const struct asked *items;
    size_t n;           /* a column's wordings together */
    struct arena arena; /* private */
};

/* backwards: the last column first. ERR_ARG: a multi question whose text has no place for its
 * option. */
int asked_fill(struct asked_list *out, const struct task *t, const uint8_t *wanted, bool backwards,
               struct err *e);
void asked_release(struct asked_list *a);

/* What a model said on its way to an answer, and that people may want to read. */
enum said_kind { SAID_NOTHING, SAID_DESCRIPTION, SAID_THOUGHT, SAID_FIRST };

/* What a back end has of one of the questions asked. */
struct raw_answer {
    double *score;      /* [n_options] each option's share of what fell on valid ones; NULL: the
                           back end knows no probabilities */
    double mass;        /* that fell on valid ones at all; NaN: not known */
    int16_t value;      /* without scores: an option, or why there is none; VALUE_MISSING: it was
                           not asked after all, and nor is its column answered */
    struct json_t *top; /* what it would have said: [{"text", "probability"}], or a text; taken
                           over; NULL */
    enum said_kind said_as;
    struct json_t *said; /* a text, with every answer; taken over; NULL */
};

/* A column's answer is the mean of its wordings' scores; where there are none, the value that most
 * wordings have, or tied. Mass below the question's min_mass
 * is unparseable. out->detail keeps what was said where there is no answer, and what was said on
 * the way to one. Takes every `top` and `said`. */
int asked_settle(const struct asked_list *a, const struct task *t, struct raw_answer *raw,
                 struct label_answers *out, struct err *e);

#endif
