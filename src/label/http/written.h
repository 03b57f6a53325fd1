/* SPDX-License-Identifier: MIT
 *
 * written.h - texts that a model writes before it answers. Private to label/.
 */
#ifndef ASSENT_LABEL_WRITTEN_H
#define ASSENT_LABEL_WRITTEN_H

#include "base/base.h"
#include "label/http/protocol.h"

enum { WRITTEN_MAX = 16 << 10 /* bytes of a text that is sent back to the model */ };

/* What was written, without a thought in front; free(*text). *text NULL: the model refused, or
 * wrote nothing. */
int written_text(const char *body, size_t len, char **text, bool *refused,
                 struct protocol_usage *usage, struct err *e);

/* A text as it is kept for people: its beginning. NULL without memory. */
struct json_t *written_said(const char *text);

/* The answer that the last line is which is not empty, read as strictly as an answer alone: its
 * value, and its probabilities where the server gives those of the token that it begins with. What
 * stands before it is kept (SAID_THOUGHT). Text that did not end has no answer. */
int written_answer(const struct asked *q, const char *body, size_t len, struct arena *arena,
                   struct raw_answer *raw, struct protocol_usage *usage, struct err *e);

#endif
