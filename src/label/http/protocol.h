/* SPDX-License-Identifier: MIT
 *
 * protocol.h - how a server is asked about a picture, and how its words become raw answers. Private
 * to label/: http.c sends and receives, a file here makes and reads the texts.
 */
#ifndef ASSENT_LABEL_PROTOCOL_H
#define ASSENT_LABEL_PROTOCOL_H

#include "base/base.h"
#include "label/asked.h"

struct token_ids;

/* What was said before, of which a model is reminded. */
struct protocol_turn {
    const char *data_url;         /* a picture that was shown; NULL: none */
    const struct asked *question; /* with its options; NULL: `text` alone */
    const char *text;             /* behind the question; NULL: nothing */
    const char *answer;           /* the model's */
};

struct protocol_asking {
    const char *model, *system; /* system NULL: none */
    const char *data_url; /* of the picture: "data:image/jpeg;base64,.."; NULL: a turn has it */
    uint64_t max_tokens;  /* that an answer may have */
    const struct json_t *extra; /* fields in place of the protocol's own; NULL: none */
    /* chat's alone */
    const struct protocol_turn *turns;
    size_t n_turns;
    const char *text; /* behind the question, or, of no question, all that is said; NULL: nothing */
    bool prose;       /* a text is wanted, and no tokens' probabilities */
    const char *fields; /* in place of the number of likeliest tokens: ,"name":value; NULL: none */
    const struct token_ids *ids; /* of the answers; NULL but for a protocol by_ids */
};

/* Tokens as the server counted them; 0: not said. */
struct protocol_usage {
    uint64_t prompt, cached, completion;
};

struct protocol {
    const char *name, *path; /* "chat", "/chat/completions" */
    size_t most;             /* questions of a request */
    uint64_t tokens;         /* that an answer may have, where nobody says; 0: it has none */
    bool by_ids;             /* it has to know the answers' tokens */
    const char *mass;        /* what its masses are: "exact", "at least"; "none": there is none */
    const char *const *kept; /* fields that no extra ones replace; NULL ends */
    /* How a question is asked again, alone, of which `read` left VALUE_MISSING; NULL: it leaves
     * none. */
    const struct protocol *singly;
    /* A request with n questions, free(*body). ERR_ARG: one that cannot be asked so. */
    int (*body)(const struct protocol_asking *a, const struct asked *q, size_t n, char **body,
                size_t *len, struct err *e);
    /* raw[n]; scores are in the arena. ERR_FORMAT: this is no such answer. */
    int (*read)(const struct asked *q, size_t n, const char *body, size_t len, struct arena *arena,
                struct raw_answer *raw, struct protocol_usage *usage, struct err *e);
    const char *picture; /* the member that it stands in; NULL: it stands in the conversation */
};

/* The member, where it is a count of tokens that can be; else *tokens stays. */
void protocol_take_count(const struct json_t *of, const char *name, uint64_t *tokens);
/* That an answer may have: assent.yaml's number, or the protocol's. */
uint64_t protocol_tokens(const struct protocol *p, const struct annotator *a);
/* NULL: none is called so; without a name the first. */
const struct protocol *protocol_named(const char *name);
/* Is it "auto" or "decide": one that the server has to be asked for? */
bool protocol_is_open(const char *name);

/* A chat completion (OpenAI's; vLLM, SGLang, llama.cpp and many others take it) with one question.
 * The image comes first and the question last, so that a server which caches prefixes reads the
 * image once. A choice lists its options as A., B., ..: an answer's probabilities are then those of
 * single tokens. With the likeliest tokens of the answer's first place: yes and no, or the letters,
 * in all their forms, and the mass is at least theirs. Without: the text has to be an answer and
 * nothing else but case, punctuation, markup and a thought in front; other text is unparseable, and
 * kept. */
extern const struct protocol protocol_chat;

/* As chat, but with exact probabilities: those of all tokens that are forms of the answers are
 * asked for by their numbers. ERR_FORMAT: of a server that does not know how. */
extern const struct protocol protocol_exact;

/* All questions of a picture in one chat completion, keyed q1, q2, .. and answered by a JSON
 * object, which a schema holds to the labels where the server knows schemas. Labels alone. A
 * question whose entry is missing, malformed or no option is asked again, alone, and so are all
 * where the text is no JSON, but for a thought in front and a fence around. */
extern const struct protocol protocol_together;

/* TypeSafe's /v1/systemone: named questions. What a question means is in its text alone. The
 * picture is an asset, as transformers serve 5.23 takes it (cli/serving/systemone.py), or one of
 * `images`, as vLLM 0.33 (entrypoints/generate/structured_decisions/protocol.py) and SGLang 0.5.23
 * (srt/entrypoints/systemone/protocol.py) do; `assent serve` takes both. SGLang passes over a
 * member that it does not know, and answers without the picture: probe_protocol finds the one that
 * is read.
 */
extern const struct protocol protocol_systemone, protocol_systemone_images;

/* OpenAI's /v1/decisions: a list of questions, each of which may be refused. A server's confidence
 * is not read: it is no probability. */
extern const struct protocol protocol_decisions;

#endif
