/* SPDX-License-Identifier: MIT
 *
 * ways.h - ways of asking a model that writes: what is said before a question and behind it, and
 * how its answer is read. Private to label/.
 *
 * A way is a line of a table. Without one the question is all that is said.
 */
#ifndef ASSENT_LABEL_WAYS_H
#define ASSENT_LABEL_WAYS_H

#include "base/base.h"
#include "label/asked.h"
#include "label/http/exchange.h"
#include "label/http/protocol.h"
#include "net/client.h"

struct asking; /* an annotator's way, with all that it says */

/* ERR_ARG: assent.yaml names no such way, or one that this protocol cannot have. What it is given
 * must outlive it. */
int asking_open(struct asking **out, const struct annotator *a, const struct protocol *p,
                const struct task *t, const struct label_options *o, struct err *e);
void asking_close(struct asking *w); /* NULL is fine */

/* That an answer may have. */
uint64_t asking_tokens(const struct asking *w);
/* All of it that decides answers; NULL: nothing but the question is said. */
struct json_t *asking_settings(const struct asking *w);
/* Is a picture described, before its questions? */
bool asking_describes(const struct asking *w);
/* Is a question asked again, once it is answered? */
bool asking_asks_again(const struct asking *w);

/* The pictures of the question's examples, with their stand-ins; *n 0: none, or none is recorded.
 */
const struct exchange_picture *asking_shown(const struct asking *w, const struct asked *q,
                                            size_t *n);

/* A request is one of these. */
enum asking_stage {
    STAGE_ANSWER,   /* the question, or questions */
    STAGE_DESCRIBE, /* the picture, for all of its questions */
    STAGE_AGAIN     /* the question was answered, and is asked again */
};

struct asking_about {
    const struct protocol *protocol; /* the annotator's, or how it asks singly */
    enum asking_stage stage;
    const char *data_url;        /* the picture */
    const char *said;            /* its description, or the first answer; NULL: none */
    const struct json_t *extra;  /* fields of every request; NULL: none */
    const struct token_ids *ids; /* as of struct protocol_asking */
};

/* As a protocol's body and read. */
int asking_body(const struct asking *w, const struct asking_about *about, const struct asked *q,
                size_t n, char **body, size_t *len, struct err *e);
/* *said (free() it): a description, or a first answer, which another stage follows; NULL: raw is
 * answered. */
int asking_read(const struct asking *w, const struct asking_about *about, const struct asked *q,
                size_t n, const struct client_answer *answer, struct arena *arena,
                struct raw_answer *raw, struct protocol_usage *usage, char **said, struct err *e);

#endif
