/* SPDX-License-Identifier: MIT */
#include "label/http/token_ids.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATH             "/tokenize"
#define WAIT_SECONDS     60.0
#define RETRY_AFTER_MOST 60.0 /* what a server may say */

enum {
    WORD_BYTES = 8,
    TRIES = 4 /* pauses of 1, 2 and 4 s between them, where the server says none */
};

struct token_asking {
    struct exchange *exchange;
    const struct annotator *annotator;
    uint64_t most;
    struct label_usage *used;
    bool answered; /* something */
};

static bool is_wanted(const struct token_ids *ids, size_t w)
{
    return w < TOKEN_LETTERS ? ids->yesno : w - TOKEN_LETTERS < ids->letters;
}

void token_ids_init(struct token_ids *out, const struct task *t)
{
    *out = (struct token_ids){ 0 };
    for (size_t c = 0; c < t->n_columns; c++) {
        size_t n = t->columns[c].n_values;

        if (t->columns[c].yesno)
            out->yesno = true;
        else if (n > out->letters) /* more than there are is refused later */
            out->letters = n < TASK_LETTERS_MAX ? n : TASK_LETTERS_MAX;
    }
}

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

size_t token_ids_requests(const struct token_ids *ids)
{
    char form[WORD_BYTES];
    size_t n = 0;

    for (size_t w = 0; !ids->known && w < TOKEN_WORDS; w++)
        for (size_t f = 0; is_wanted(ids, w) && f < TOKEN_FORMS; f++)
            n += make_form(w, f, form) ? 1 : 0;
    return n;
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

static int refused(const struct token_asking *k, const struct exchange_request *r,
                   const struct client_answer *a, struct err *e)
{
    if (a->status == 401 || a->status == 403) {
        exchange_refused(k->exchange, r, a, "the key is not accepted", e);
        return err_hint(e, k->annotator->server.api_key_env
                               ? "is the variable of api_key_env the right one?"
                               : "api_key_env in assent.yaml names the variable with the key");
    }
    exchange_refused(k->exchange, r, a, "it does not say which tokens its model has", e);
    return a->status == 404 ? err_hint(e, "probabilities: exact needs vLLM's /tokenize") : e->code;
}

static int read_tokens(struct token_word *word, const struct token_asking *k,
                       const struct exchange_request *r, const struct client_answer *a,
                       struct err *e)
{
    struct json_t *all = NULL;
    int rc;

    if (a->status == 0) {
        *e = a->error;
        return err_hint(e, "is the server up, and url in assent.yaml its address?");
    }
    if (a->status != 200)
        return refused(k, r, a, e);
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

/* ---- asking ---- */

/* Seconds until the request may go again; below 0: it is not sent again. */
static double again_in(const struct token_asking *k, const struct client_answer *a, unsigned tries)
{
    bool passing = a->status == 429 || a->status == 408 || a->status >= 500 ||
                   (a->status == 0 && (k->answered || a->times > 0) && !a->timed_out);

    if (!passing || tries >= TRIES || (k->most > 0 && k->used->requests >= k->most))
        return -1;
    if (exchange_is_replay(k->exchange))
        return 0;
    return a->retry_after >= 0 ? fmin(a->retry_after, RETRY_AFTER_MOST) : ldexp(1, (int)tries - 1);
}

/* While nothing is in flight, waiting for an answer is a pause, and one that Ctrl-C ends. */
static int pause_for(struct exchange *x, double seconds, struct err *e)
{
    double until = clock_seconds() + seconds, left;
    struct client_answer none;
    int rc = 0;

    while (rc == 0 && (left = until - clock_seconds()) > 0)
        rc = exchange_next(x, left, &none, e);
    return rc;
}

/* Until it is answered, or was asked often enough. */
static int ask(struct token_asking *k, const struct exchange_request *r, struct client_answer *a,
               struct err *e)
{
    double pause = 0;
    int rc = 0;

    for (unsigned tries = 1; rc == 0 && pause >= 0; tries++) {
        rc = pause_for(k->exchange, pause, e);
        if (rc == 0)
            rc = exchange_send(k->exchange, r, e);
        if (rc == 0)
            rc = exchange_next(k->exchange, WAIT_SECONDS, a, e);
        if (rc == 0)
            rc = err_set(e, ERR_IO, "the server did not say in %.0f s which tokens its model has",
                         WAIT_SECONDS);
        if (rc < 0)
            break;
        k->used->requests += a->times;
        pause = again_in(k, a, tries);
        rc = 0;
    }
    return rc;
}

static int ask_form(struct token_word *word, struct token_asking *k, const char *form,
                    struct err *e)
{
    struct json_t *all = jv_pack("{s:s, s:s, s:b}", "model", k->annotator->model, "prompt", form,
                                 "add_special_tokens", 0);
    char *body = jv_print_line(all);
    struct exchange_request request = {
        .path = PATH, .at_root = true, .body = body, .once = k->most > 0
    };
    struct client_answer a;
    int rc;

    jv_free(all);
    if (!body)
        return err_set(e, ERR_NOMEM, "out of memory: a request");
    request.len = strlen(body);
    rc = ask(k, &request, &a, e);
    if (rc == 0)
        rc = read_tokens(word, k, &request, &a, e);
    k->answered = rc == 0;
    free(body);
    return rc;
}

int token_ids_ask(struct token_ids *ids, struct exchange *x, const struct annotator *a,
                  uint64_t most, struct label_usage *used, struct err *e)
{
    struct token_asking k = { x, a, most, used, false };
    char form[WORD_BYTES];
    int rc = 0;

    for (size_t w = 0; rc == 0 && w < TOKEN_WORDS; w++)
        for (size_t f = 0; rc == 0 && is_wanted(ids, w) && f < TOKEN_FORMS; f++)
            if (make_form(w, f, form))
                rc = ask_form(&ids->words[w], &k, form, e);
    ids->known = rc == 0;
    return rc;
}
