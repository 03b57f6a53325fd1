/* SPDX-License-Identifier: MIT
 *
 * body.h - what requests say. Private to review/.
 */
#ifndef ASSENT_REVIEW_BODY_H
#define ASSENT_REVIEW_BODY_H

#include "base/base.h"
#include "review/limits.h"
#include "store/review.h"

struct body_answer {
    const char *item;
    enum answer_kind kind;
    int64_t value;
    const char *reason;
};

struct body {
    const char *token, *tab, *key;
    enum answer_mode mode;
    int64_t want, question; /* -1: not given */
    double seconds;
    const char *at; /* of a packet's answers: when, or NULL; and undone */
    bool undone;
    bool change; /* the answers take the place of what the person had said of the items */
    struct body_answer answers[GRID_MOST];
    size_t n_answers;
    struct cursor top; /* of what the texts lie in */
};

enum body_kind { BODY_SESSION, BODY_TAKE, BODY_RELEASE, BODY_ANSWER, BODY_UNDO, BODY_EMPTY };

/* Reads a request's body and checks all that can be checked without knowing the items. */
int body_read(struct body *b, enum body_kind kind, const char *text, size_t len, struct err *e);
/* One answer of a packet: an object with key, mode, seconds and answers. */
int body_read_packet(struct body *b, const struct cursor *object, struct err *e);
void body_release(struct body *b);

#endif
