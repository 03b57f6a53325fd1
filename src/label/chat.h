/* SPDX-License-Identifier: MIT
 *
 * chat.h - one question about one picture as a chat completion (OpenAI's `POST
 * /v1/chat/completions`, as vLLM, SGLang, llama.cpp and many others take it), and what came back as
 * a raw answer. Private to label/.
 *
 * The image comes first and the question last, so that a server which caches prefixes reads the
 * image once. A choice lists its options as A., B., ..: an answer's probabilities are then those of
 * single tokens.
 */
#ifndef ASSENT_LABEL_CHAT_H
#define ASSENT_LABEL_CHAT_H

#include "base/base.h"
#include "label/asked.h"

enum {
    CHAT_TOP = 20,         /* of likeliest tokens: the most that vLLM and OpenAI give */
    CHAT_TOKENS = 16,      /* that an answer may have, where nobody says */
    CHAT_OPTIONS_MAX = 26, /* letters */
};

struct chat_asking {
    const char *model, *system; /* system NULL: none */
    const char *data_url;       /* of the picture */
    uint64_t max_tokens;
};

/* The request's body, free(*body). ERR_ARG: more options than letters. */
int chat_body(const struct chat_asking *c, const struct asked *q, char **body, size_t *len,
              struct err *e);

/* Tokens as the server counted them; 0: not said. */
struct chat_usage {
    uint64_t prompt, cached, completion;
};

/* What a completion says. With the likeliest tokens of its first place: yes and no (letters) in all
 * their forms, so that the mass is at least theirs. Without: the text has to be an answer and
 * nothing else but case, punctuation, markup and a thought in front; other text is unparseable, and
 * kept. Scores are in the arena; ERR_FORMAT: this is no completion. */
int chat_read(const struct asked *q, const char *body, size_t len, struct arena *arena,
              struct raw_answer *out, struct chat_usage *usage, struct err *e);

#endif
