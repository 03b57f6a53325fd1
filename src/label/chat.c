/* SPDX-License-Identifier: MIT
 *
 * chat.c - a question as a chat completion.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/extra.h"
#include "label/protocol.h"

enum {
    TOP = 20,         /* likeliest tokens: the most that vLLM and OpenAI give */
    TOKENS = 16,      /* that an answer may have, where nobody says */
    OPTIONS_MAX = 26, /* letters */
    BODY_MAX = 256 << 20,
    SAID_MAX = 200 /* bytes of a text that is kept */
};

#define MASS_MOST 1.05 /* of rounded probabilities */

/* ---- asking ---- */

static void put_quoted(struct buf *b, const char *text)
{
    char *quoted = jv_quoted(text);

    buf_puts(b, quoted ? quoted : "null");
    free(quoted);
}

/* The question with its options, as the engine's letters have them (vlm/prompts.c). */
static int put_question(struct buf *b, const struct asked *q, struct err *e)
{
    struct buf text = BUF_INIT(1 << 20);
    int rc;

    buf_puts(&text, q->text);
    for (size_t o = 0; q->form != ASKED_YESNO && o < q->n_options; o++)
        buf_printf(&text, "\n%c. %s", (char)('A' + (char)o), q->options[o]);
    rc = buf_end(&text, "a question with its options", e);
    if (rc == 0)
        put_quoted(b, text.text);
    buf_release(&text);
    return rc;
}

static int check_options(const struct asked *q, struct err *e)
{
    if (q->form == ASKED_YESNO || q->n_options <= OPTIONS_MAX)
        return 0;
    err_set(e, ERR_ARG, "too many options for letters");
    err_got(e, "%zu", q->n_options);
    return err_expected(e, "at most %d", OPTIONS_MAX);
}

/* Newer models of some servers want the number of tokens under another name. */
static bool says_max_tokens(const struct json_t *extra)
{
    return extra_has(extra, "max_tokens") || extra_has(extra, "max_completion_tokens");
}

static void put_fields(struct buf *b, const struct protocol_asking *c)
{
    if (!extra_has(c->extra, "temperature"))
        buf_puts(b, ",\"temperature\":0");
    if (!says_max_tokens(c->extra))
        buf_printf(b, ",\"max_tokens\":%llu", (unsigned long long)c->max_tokens);
    if (!extra_has(c->extra, "logprobs"))
        buf_puts(b, ",\"logprobs\":true");
    if (!extra_has(c->extra, "top_logprobs"))
        buf_printf(b, ",\"top_logprobs\":%d", TOP);
    extra_put(c->extra, b);
}

static int make_body(const struct protocol_asking *c, const struct asked *q, size_t n, char **body,
                     size_t *len, struct err *e)
{
    struct buf b = BUF_INIT(BODY_MAX);
    int rc = check_options(q, e);

    (void)n;
    *body = NULL;
    if (rc < 0)
        return rc;
    buf_puts(&b, "{\"model\":");
    put_quoted(&b, c->model);
    buf_puts(&b, ",\"messages\":[");
    if (c->system) {
        buf_puts(&b, "{\"role\":\"system\",\"content\":");
        put_quoted(&b, c->system);
        buf_puts(&b, "},");
    }
    buf_puts(&b,
             "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"");
    buf_puts(&b, c->data_url);
    buf_puts(&b, "\"}},{\"type\":\"text\",\"text\":");
    rc = put_question(&b, q, e);
    buf_puts(&b, "}]}]");
    put_fields(&b, c);
    buf_puts(&b, "}");
    if (rc == 0)
        rc = buf_end(&b, "a request", e);
    *len = b.len;
    if (rc == 0)
        *body = buf_take(&b);
    buf_release(&b);
    return rc == 0 && !*body ? err_set(e, ERR_NOMEM, "out of memory: a request") : rc;
}

/* ---- tokens ---- */

/* Without the mark of a space in front: a space, or what byte-level and sentence vocabularies have
 * in its place. */
static const char *without_space(const char *token)
{
    static const char *const marks[] = { " ", "\xe2\x96\x81", "\xc4\xa0" };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (strncmp(token, marks[i], strlen(marks[i])) == 0)
            return token + strlen(marks[i]);
    return token;
}

/* The option that a token is a form of: those of the engine. n_options: none. */
static size_t option_of(const struct asked *q, const char *token)
{
    static const char *const forms[2][3] = { { "No", "no", "NO" }, { "Yes", "yes", "YES" } };
    const char *word = without_space(token);

    if (q->form != ASKED_YESNO) {
        size_t option = (size_t)(word[0] - 'A');

        return word[0] >= 'A' && word[1] == '\0' && option < q->n_options ? option : q->n_options;
    }
    for (size_t o = 0; o < 2; o++)
        for (size_t f = 0; f < 3; f++)
            if (strcmp(word, forms[o][f]) == 0)
                return o;
    return q->n_options;
}

/* The likeliest tokens, so that one can see what the model would have said. */
static struct json_t *likeliest(const struct json_t *top)
{
    enum { SHOWN = 5 };
    struct json_t *list = jv_array();

    for (size_t i = 0; i < jv_length(top) && i < SHOWN; i++) {
        const char *token = jv_text(jv_get(jv_at(top, i), "token"));
        double logprob = NAN;

        jv_number(jv_get(jv_at(top, i), "logprob"), &logprob);
        jv_append(list,
                  token ? jv_pack("{s:s, s:o}", "text", token, "probability", jv_real(exp(logprob)))
                        : NULL);
    }
    return list;
}

/* Probabilities of the options out of the likeliest tokens at the answer's first place. */
static int read_tokens(const struct asked *q, const struct json_t *top, struct arena *arena,
                       struct raw_answer *out, struct err *e)
{
    out->score = arena_new(arena, q->n_options, sizeof(*out->score), e);
    if (!out->score)
        return ERR_NOMEM;
    for (size_t i = 0; i < jv_length(top); i++) {
        const char *token = jv_text(jv_get(jv_at(top, i), "token"));
        double logprob;
        size_t option;

        if (!token || !jv_number(jv_get(jv_at(top, i), "logprob"), &logprob) || logprob > 1e-3) {
            err_set(e, ERR_FORMAT, "a log-probability that cannot be");
            return err_expected(e, "a token, and a number of at most 0");
        }
        option = option_of(q, token);
        if (option < q->n_options)
            out->score[option] += exp(logprob);
    }
    out->mass = 0;
    for (size_t o = 0; o < q->n_options; o++)
        out->mass += out->score[o];
    if (out->mass > MASS_MOST) {
        err_set(e, ERR_FORMAT, "probabilities of single tokens add up to more than 1");
        err_got(e, "%.4g", out->mass);
        return e->code;
    }
    for (size_t o = 0; o < q->n_options; o++) /* of none NaN: nothing is made up */
        out->score[o] = out->mass > 0 ? out->score[o] / out->mass : (double)NAN;
    out->mass = fmin(out->mass, 1); /* they are rounded */
    out->top = likeliest(top);
    return 0;
}

/* ---- texts ---- */

/* Behind a thought, if there is one. */
static const char *behind_thought(const char *text)
{
    static const char end[] = "</think>";
    const char *found = strstr(text, end);

    return found ? found + strlen(end) : text;
}

/* Takes what is no word off both ends; writes at most cap - 1 bytes. */
static void bare_word(const char *text, char *out, size_t cap)
{
    static const char edges[] = " \t\r\n.,;:!?*_`\"'()[]{}<>#-";
    size_t n;

    text += strspn(text, edges);
    n = strlen(text);
    while (n > 0 && strchr(edges, text[n - 1]))
        n--;
    snprintf(out, cap, "%.*s", n < cap ? (int)n : (int)cap - 1, text);
}

static int16_t word_value(const struct asked *q, const char *word)
{
    for (size_t o = 0; o < q->n_options; o++)
        if (text_folds_to(word, q->options[o]))
            return (int16_t)o;
    if (q->form != ASKED_YESNO && word[0] != '\0' && word[1] == '\0') {
        size_t option = (size_t)(toupper((unsigned char)word[0]) - 'A');

        return option < q->n_options ? (int16_t)option : VALUE_UNPARSEABLE;
    }
    return VALUE_UNPARSEABLE;
}

/* "B. blond" names an option twice. */
static int16_t lettered_value(const struct asked *q, const char *word)
{
    size_t option = (size_t)(word[0] - 'A');

    if (q->form == ASKED_YESNO || word[0] < 'A' || option >= q->n_options || word[1] != '.')
        return VALUE_UNPARSEABLE;
    word += 2 + strspn(word + 2, " ");
    return text_folds_to(word, q->options[option]) ? (int16_t)option : VALUE_UNPARSEABLE;
}

static void read_text(const struct asked *q, const char *text, struct raw_answer *out)
{
    char word[TASK_NAME_MAX + 16], said[SAID_MAX];

    bare_word(behind_thought(text), word, sizeof(word));
    out->value = word_value(q, word);
    if (out->value < 0)
        out->value = lettered_value(q, word);
    if (out->value >= 0)
        return;
    snprintf(said, sizeof(said), "%s", text);
    text_ellipsis(said, sizeof(said));
    out->top = jv_pack("s", said);
}

/* ---- a completion ---- */

static void read_usage(const struct json_t *usage, struct protocol_usage *out)
{
    int64_t n;

    if (jv_integer(jv_get(usage, "prompt_tokens"), &n) && n > 0)
        out->prompt = (uint64_t)n;
    if (jv_integer(jv_get(usage, "completion_tokens"), &n) && n > 0)
        out->completion = (uint64_t)n;
    if (jv_integer(jv_get(jv_get(usage, "prompt_tokens_details"), "cached_tokens"), &n) && n > 0)
        out->cached = (uint64_t)n;
}

static int no_completion(struct err *e)
{
    err_set(e, ERR_FORMAT, "this is no chat completion");
    return err_expected(e, "choices[0].message.content");
}

/* Some servers say with status 200 what went wrong. */
static int no_choices(const struct json_t *all, struct err *e)
{
    const char *said = jv_text(jv_get(jv_get(all, "error"), "message"));

    no_completion(e);
    return said ? err_got(e, "%.140s", said) : e->code;
}

static int read_choice(const struct asked *q, const struct json_t *choice, struct arena *arena,
                       struct raw_answer *out, struct err *e)
{
    const struct json_t *message = jv_get(choice, "message");
    const struct json_t *first = jv_at(jv_get(jv_get(choice, "logprobs"), "content"), 0);
    const char *text = jv_text(jv_get(message, "content"));

    if (jv_text(jv_get(message, "refusal")) ||
        text_equal(jv_text(jv_get(choice, "finish_reason")), "content_filter")) {
        out->value = VALUE_REFUSED;
        return 0;
    }
    if (jv_length(jv_get(first, "top_logprobs")) > 0)
        return read_tokens(q, jv_get(first, "top_logprobs"), arena, out, e);
    if (!text && !message)
        return no_completion(e);
    if (text)
        read_text(q, text, out);
    else /* as of a model whose thought did not end within max_tokens */
        out->top = jv_pack("s", "no text; where the model thinks first, a larger max_tokens helps");
    return 0;
}

static int read_body(const struct asked *q, size_t n, const char *body, size_t len,
                     struct arena *arena, struct raw_answer *out, struct protocol_usage *usage,
                     struct err *e)
{
    struct json_t *all;
    int rc = jv_parse_without(&all, "the answer", "bytes", body, len, e);

    (void)n;
    *out = (struct raw_answer){ .mass = NAN, .value = VALUE_UNPARSEABLE };
    *usage = (struct protocol_usage){ 0 };
    if (rc < 0)
        return rc;
    read_usage(jv_get(all, "usage"), usage);
    rc = jv_length(jv_get(all, "choices")) > 0
             ? read_choice(q, jv_at(jv_get(all, "choices"), 0), arena, out, e)
             : no_choices(all, e);
    jv_free(all);
    return rc;
}

static const char *const kept[] = { "model", "messages", "stream", NULL };

const struct protocol protocol_chat = {
    .name = "chat",
    .path = "/chat/completions",
    .most = 1,
    .tokens = TOKENS,
    .kept = kept,
    .body = make_body,
    .read = read_body,
};
