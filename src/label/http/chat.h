/* SPDX-License-Identifier: MIT
 *
 * chat.h - what a chat completion says. Private to label/: chat.c reads an answer of one token, and
 * written.c what a model writes.
 */
#ifndef ASSENT_LABEL_CHAT_H
#define ASSENT_LABEL_CHAT_H

#include "base/base.h"
#include "label/http/protocol.h"

struct chat_completion {
    struct json_t *all; /* jv_free() it; the rest is its */
    const struct json_t *choice, *message;
    const char *content; /* NULL: none */
    bool refused;
    bool cut; /* it did not end within max_tokens */
};

/* ERR_FORMAT: this is none. */
int chat_open(struct chat_completion *out, const char *body, size_t len,
              struct protocol_usage *usage, struct err *e);

/* ERR_ARG: more options than there are letters. */
int chat_check_options(const struct asked *q, struct err *e);

/* The token that the answer begins with: the first, or the first behind a thought. NULL: of none it
 * is known. */
const struct json_t *chat_answering_token(const struct chat_completion *c);
/* Behind a thought, if there is one in front. */
const char *chat_behind_thought(const char *text);
/* The option that a text is, strictly; VALUE_UNPARSEABLE. */
int16_t chat_value(const struct asked *q, const char *text);
/* The label out of the text alone, and where there is none the text. */
void chat_read_text(const struct asked *q, const struct chat_completion *c, struct raw_answer *out);
/* The option that a token is a form of; n_options: none. */
size_t chat_option(const struct asked *q, const char *token);
/* Probabilities of the options out of the likeliest tokens at one place: score, mass and top. An
 * option's token of which the server says none: no score. */
int chat_scores(const struct asked *q, const struct json_t *top, struct arena *arena,
                struct raw_answer *out, struct err *e);

#endif
