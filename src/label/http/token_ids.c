/* SPDX-License-Identifier: MIT */
#include "label/http/token_ids.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PATH         "/tokenize"
#define WAIT_SECONDS 60.0

enum { WORD_BYTES = 8 };

static const char *word_of(size_t w, char letter[2])
{
    letter[0] = (char)('A' + (char)(w - TOKEN_LETTERS));
    letter[1] = '\0';
    return w == VALUE_NO ? "No" : w == VALUE_YES ? "Yes" : letter;
}

/* "Yes", "yes", "YES", and with a space in front; a letter is written in one way. false: not one.
 */
static bool make_form(size_t w, size_t f, char out[WORD_BYTES])
{
    char letter[2], *word = out + f % 2;

    if (w >= TOKEN_LETTERS && f >= 2)
        return false;
    out[0] = ' ';
    strcpy(word, word_of(w, letter));
    for (char *c = word + (f / 2 == 2 ? 1 : 0); f / 2 > 0 && *c != '\0'; c++)
        *c = (char)(f / 2 == 2 ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
    return true;
}

static void take_tokens(struct token_word *word, const struct json_t *tokens)
{
    int64_t id;

    if (jv_length(tokens) != 1 || !jv_integer(jv_at(tokens, 0), &id) || id < 0)
        return;
    for (size_t i = 0; i < word->n; i++)
        if (word->ids[i] == id) /* as of vocabularies that put a space in front anyway */
            return;
    word->ids[word->n++] = id;
}

static int read_tokens(struct token_word *word, const struct exchange *x,
                       const struct exchange_request *r, const struct client_answer *a,
                       struct err *e)
{
    struct json_t *all = NULL;
    int rc;

    if (a->status == 0) {
        *e = a->error;
        return e->code;
    }
    if (a->status != 200) {
        exchange_refused(x, r, a, "it does not say which tokens its model has", e);
        return err_hint(e, "probabilities: exact needs vLLM's /tokenize");
    }
    rc = jv_parse_as(&all, "the tokens", a->body, a->len, e);
    if (rc == 0 && !jv_is_array(jv_get(all, "tokens"))) {
        err_set(e, ERR_FORMAT, "these are no tokens");
        rc = err_expected(e, "{\"tokens\": [9454], ..}, as vLLM's /tokenize has it");
    }
    if (rc == 0)
        take_tokens(word, jv_get(all, "tokens"));
    jv_free(all);
    return rc;
}

static int ask_form(struct token_word *word, struct exchange *x, const char *model,
                    const char *form, struct err *e)
{
    struct json_t *all =
        jv_pack("{s:s, s:s, s:b}", "model", model, "prompt", form, "add_special_tokens", 0);
    char *body = jv_print_line(all);
    struct exchange_request request = { .path = PATH, .at_root = true, .body = body };
    struct client_answer a;
    int rc;

    jv_free(all);
    if (!body)
        return err_set(e, ERR_NOMEM, "out of memory: a request");
    request.len = strlen(body);
    rc = exchange_send(x, &request, e);
    if (rc == 0)
        rc = exchange_next(x, WAIT_SECONDS, &a, e);
    if (rc == 0)
        rc = err_set(e, ERR_IO, "the server did not say in %.0f s which tokens its model has",
                     WAIT_SECONDS);
    if (rc == 1)
        rc = read_tokens(word, x, &request, &a, e);
    free(body);
    return rc;
}

int token_ids_ask(struct token_ids *out, struct exchange *x, const char *model, struct err *e)
{
    int rc = 0;

    *out = (struct token_ids){ 0 };
    for (size_t w = 0; rc == 0 && w < TOKEN_WORDS; w++)
        for (size_t f = 0; rc == 0 && f < TOKEN_FORMS; f++) {
            char form[WORD_BYTES];

            if (make_form(w, f, form))
                rc = ask_form(&out->words[w], x, model, form, e);
        }
    out->known = rc == 0;
    return rc;
}
