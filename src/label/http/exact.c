/* SPDX-License-Identifier: MIT
 *
 * exact.c - a chat completion with the log-probabilities of all forms of the answers, which vLLM
 * gives by logprob_token_ids (0.33, entrypoints/openai/chat_completion/protocol.py): of these
 * tokens and of the one that was chosen, whatever is likeliest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/chat.h"
#include "label/http/token_ids.h"

enum {
    TOKENS = 16,      /* that an answer may have, where nobody says */
    IDS_MAX = 1 << 14 /* bytes of a question's tokens */
};

/* The tokens of a question's answers: 9454,2753. */
static int put_ids(const struct token_ids *ids, const struct asked *q, struct buf *b, struct err *e)
{
    const struct token_word *words = ids->words + (q->form == ASKED_YESNO ? 0 : TOKEN_LETTERS);
    const char *comma = "";

    for (size_t o = 0; o < q->n_options; o++) {
        for (size_t i = 0; i < words[o].n; i++, comma = ",")
            buf_printf(b, "%s%lld", comma, (long long)words[o].ids[i]);
        if (words[o].n > 0)
            continue;
        if (q->form == ASKED_YESNO)
            err_set(e, ERR_ARG, "'%s' is no single token of this model", q->options[o]);
        else
            err_set(e, ERR_ARG, "'%c' is no single token of this model", (char)('A' + (char)o));
        return err_hint(e, "its probability cannot be asked for: leave out probabilities: exact");
    }
    return buf_end(b, "tokens", e);
}

static int exact_body(const struct protocol_asking *a, const struct asked *q, size_t n, char **body,
                      size_t *len, struct err *e)
{
    struct buf fields = BUF_INIT(IDS_MAX);
    struct protocol_asking asking = *a;
    int rc = chat_check_options(q, e);

    *body = NULL;
    buf_puts(&fields, ",\"logprob_token_ids\":[");
    if (rc == 0)
        rc = put_ids(a->ids, q, &fields, e);
    buf_puts(&fields, "]");
    asking.fields = fields.text;
    if (rc == 0)
        rc = protocol_chat.body(&asking, q, n, body, len, e);
    buf_release(&fields);
    return rc;
}

/* Is every option there, and but for the token that was chosen nothing else? The likeliest tokens,
 * of a server that does not know the field, are others too. */
static bool are_those_asked_for(const struct asked *q, const struct json_t *top)
{
    uint64_t seen = 0; /* a bit an option, of at most 26 */
    size_t others = 0;

    for (size_t i = 0; i < jv_length(top); i++) {
        const char *token = jv_text(jv_get(jv_at(top, i), "token"));
        size_t option = token ? chat_option(q, token) : q->n_options;

        if (option < q->n_options)
            seen |= (uint64_t)1 << option;
        else
            others++;
    }
    return others <= 1 && seen == ((uint64_t)1 << q->n_options) - 1;
}

static int not_exact(struct err *e)
{
    err_set(e, ERR_FORMAT,
            "the server does not give the log-probabilities of the tokens that were "
            "asked for");
    return err_hint(e,
                    "vLLM does, as logprob_token_ids; without probabilities: exact the likeliest "
                    "tokens are taken");
}

static int exact_read(const struct asked *q, size_t n, const char *body, size_t len,
                      struct arena *arena, struct raw_answer *out, struct protocol_usage *usage,
                      struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);
    const struct json_t *tokens = jv_get(jv_get(c.choice, "logprobs"), "content"), *top;

    (void)n;
    *out =
        (struct raw_answer){ .mass = NAN, .value = c.refused ? VALUE_REFUSED : VALUE_UNPARSEABLE };
    top = jv_get(chat_answering_token(&c), "top_logprobs");
    if (rc == 0 && !c.refused && (jv_length(tokens) == 0 || (top && !are_those_asked_for(q, top))))
        rc = not_exact(e);
    else if (rc == 0 && !c.refused && top)
        rc = chat_scores(q, top, arena, out, e);
    if (rc == 0 && !c.refused && !out->score) /* a thought that hides where the answer begins */
        chat_read_text(q, &c, out);
    jv_free(c.all);
    return rc;
}

static const char *const kept[] = { "model",
                                    "messages",
                                    "stream",
                                    "logprobs",
                                    "logprob_token_ids",
                                    "top_logprobs",
                                    "return_tokens_as_token_ids",
                                    NULL };

const struct protocol protocol_exact = {
    .name = "chat",
    .path = "/chat/completions",
    .most = 1,
    .tokens = TOKENS,
    .by_ids = true,
    .kept = kept,
    .mass = "exact",
    .body = exact_body,
    .read = exact_read,
};
