/* SPDX-License-Identifier: MIT
 *
 * chat.c - a question as a chat completion.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/chat.h"
#include "label/http/extra.h"

enum {
    TOP = 20,         /* likeliest tokens: the most that vLLM and OpenAI give */
    TOKENS = 16,      /* that an answer may have, where nobody says */
    OPTIONS_MAX = 26, /* letters */
    BODY_MAX = 256 << 20,
    SAID_MAX = 200,            /* bytes of a text that is kept */
    TOKENS_TEXT_MAX = 16 << 20 /* bytes of an answer's tokens */
};

#define MASS_MOST 1.05 /* of rounded probabilities */

/* ---- asking ---- */

static void put_quoted(struct buf *b, const char *text)
{
    char *quoted = jv_quoted(text);

    buf_puts(b, quoted ? quoted : "null");
    free(quoted);
}

/* The question with its options, as the engine's letters have them (vlm/prompts.c), and what is
 * said behind it; either may be NULL. */
static int put_question(struct buf *b, const struct asked *q, const char *behind, struct err *e)
{
    struct buf text = BUF_INIT(1 << 20);
    int rc;

    buf_puts(&text, q ? q->text : "");
    for (size_t o = 0; q && q->form != ASKED_YESNO && o < q->n_options; o++)
        buf_printf(&text, "\n%c. %s", (char)('A' + (char)o), q->options[o]);
    if (behind)
        buf_printf(&text, "%s%s", q ? "\n" : "", behind);
    rc = buf_end(&text, "a question with its options", e);
    if (rc == 0)
        put_quoted(b, text.text);
    buf_release(&text);
    return rc;
}

static int put_user(struct buf *b, const struct protocol_turn *turn, struct err *e)
{
    int rc;

    buf_puts(b, "{\"role\":\"user\",\"content\":[");
    if (turn->data_url) {
        buf_puts(b, "{\"type\":\"image_url\",\"image_url\":{\"url\":\"");
        buf_puts(b, turn->data_url);
        buf_puts(b, "\"}},");
    }
    buf_puts(b, "{\"type\":\"text\",\"text\":");
    rc = put_question(b, turn->question, turn->text, e);
    buf_puts(b, "}]}");
    return rc;
}

static void put_said(struct buf *b, const char *role, const char *text)
{
    buf_printf(b, "{\"role\":\"%s\",\"content\":", role);
    put_quoted(b, text);
    buf_puts(b, "}");
}

static int put_messages(struct buf *b, const struct protocol_asking *c, const struct asked *q,
                        struct err *e)
{
    int rc = 0;

    buf_puts(b, ",\"messages\":[");
    if (c->system) {
        put_said(b, "system", c->system);
        buf_puts(b, ",");
    }
    for (size_t i = 0; rc == 0 && i < c->n_turns; i++) {
        rc = put_user(b, &c->turns[i], e);
        buf_puts(b, ",");
        put_said(b, "assistant", c->turns[i].answer);
        buf_puts(b, ",");
    }
    if (rc == 0)
        rc = put_user(b, &(struct protocol_turn){ c->data_url, q, c->text, NULL }, e);
    buf_puts(b, "]");
    return rc;
}

int chat_check_options(const struct asked *q, struct err *e)
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
    if (!c->prose && !extra_has(c->extra, "logprobs"))
        buf_puts(b, ",\"logprobs\":true");
    if (!c->prose && !c->fields && !extra_has(c->extra, "top_logprobs"))
        buf_printf(b, ",\"top_logprobs\":%d", TOP);
    if (c->fields)
        buf_puts(b, c->fields);
    extra_put(c->extra, b);
}

static int make_body(const struct protocol_asking *c, const struct asked *q, size_t n, char **body,
                     size_t *len, struct err *e)
{
    struct buf b = BUF_INIT(BODY_MAX);
    int rc = n > 0 ? chat_check_options(q, e) : 0;

    *body = NULL;
    if (rc < 0)
        return rc;
    buf_puts(&b, "{\"model\":");
    put_quoted(&b, c->model);
    rc = put_messages(&b, c, n > 0 ? q : NULL, e);
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

/* The forms are the engine's. */
size_t chat_option(const struct asked *q, const char *token)
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

int chat_scores(const struct asked *q, const struct json_t *top, struct arena *arena,
                struct raw_answer *out, struct err *e)
{
    out->score = arena_new(arena, q->n_options, sizeof(*out->score), e);
    if (!out->score)
        return ERR_NOMEM;
    for (size_t i = 0; i < jv_length(top); i++) {
        const char *token = jv_text(jv_get(jv_at(top, i), "token"));
        const struct json_t *said = jv_get(jv_at(top, i), "logprob");
        double logprob = NAN; /* null, as servers write what is not finite */
        size_t option;

        if (!token || (!jv_is_null(said) && (!jv_number(said, &logprob) || logprob > 1e-3))) {
            err_set(e, ERR_FORMAT, "a log-probability that cannot be");
            return err_expected(e, "a token, and a number of at most 0");
        }
        option = chat_option(q, token);
        if (option < q->n_options)
            out->score[option] += exp(logprob);
    }
    out->mass = 0;
    for (size_t o = 0; o < q->n_options; o++)
        out->mass += out->score[o];
    if (isnan(out->mass)) {
        out->score = NULL;
        return 0;
    }
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

/* How models mark their thoughts, which may begin in the prompt: Qwen3, DeepSeek and most; Mistral.
 */
static const struct {
    const char *begin, *end;
} thoughts[] = { { "<think>", "</think>" }, { "[THINK]", "[/THINK]" } };
enum { THOUGHTS = sizeof(thoughts) / sizeof(thoughts[0]) };

const char *chat_behind_thought(const char *text)
{
    for (size_t i = 0; i < THOUGHTS; i++) {
        const char *end = strstr(text, thoughts[i].end);

        if (end)
            return end + strlen(thoughts[i].end);
    }
    return text;
}

static bool is_open_thought(const char *text)
{
    const char *begin = text + strspn(text, " \t\r\n");
    bool open = false;

    for (size_t i = 0; i < THOUGHTS; i++)
        open = open || strncmp(begin, thoughts[i].begin, strlen(thoughts[i].begin)) == 0;
    return open && chat_behind_thought(text) == text;
}

/* vLLM, SGLang and llama.cpp can give the thought beside the text. */
static bool has_thought_beside(const struct json_t *message)
{
    const char *thought = jv_text(jv_get(message, "reasoning"));

    if (!thought)
        thought = jv_text(jv_get(message, "reasoning_content"));
    return thought && thought[strspn(thought, " \t\r\n")] != '\0';
}

static const char *token_text(const struct json_t *token)
{
    const char *text = jv_text(jv_get(token, "token"));

    return text ? text : "";
}

/* Where, of all the tokens' text, a thought ends; 0: no thought does. */
static size_t thought_end(const struct json_t *tokens)
{
    struct buf all = BUF_INIT(TOKENS_TEXT_MAX);
    struct err ignored;
    size_t end = 0;

    for (size_t i = 0; i < jv_length(tokens); i++)
        buf_puts(&all, token_text(jv_at(tokens, i)));
    if (buf_end(&all, "tokens", &ignored) == 0 && all.text)
        end = (size_t)(chat_behind_thought(all.text) - all.text);
    buf_release(&all);
    return end;
}

const struct json_t *chat_answering_token(const struct chat_completion *c)
{
    const struct json_t *tokens = jv_get(jv_get(c->choice, "logprobs"), "content");
    size_t from = thought_end(tokens), at = 0;

    if (from == 0)
        return has_thought_beside(c->message) || is_open_thought(c->content ? c->content : "")
                   ? NULL
                   : jv_at(tokens, 0);
    for (size_t i = 0; i < jv_length(tokens); i++) {
        const char *text = token_text(jv_at(tokens, i));

        if (at >= from && text[strspn(text, " \t\r\n")] != '\0')
            return jv_at(tokens, i);
        at += strlen(text);
    }
    return NULL;
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

int16_t chat_value(const struct asked *q, const char *text)
{
    char word[TASK_NAME_MAX + 16];
    int16_t value;

    bare_word(text, word, sizeof(word));
    value = word_value(q, word);
    return value < 0 ? lettered_value(q, word) : value;
}

void chat_read_text(const struct asked *q, const struct chat_completion *c, struct raw_answer *out)
{
    const char *text = c->content ? c->content : "";
    char said[SAID_MAX];

    if (text[strspn(text, " \t\r\n")] == '\0' || is_open_thought(text)) {
        out->top = jv_pack("s", "no answer; where the model thinks first, a larger max_tokens "
                                "helps, or that it does not (extra)");
        return;
    }
    out->value = chat_value(q, chat_behind_thought(text));
    if (out->value >= 0)
        return;
    snprintf(said, sizeof(said), "%s", text);
    text_ellipsis(said, sizeof(said));
    out->top = jv_pack("s", said);
}

/* ---- a completion ---- */

static void read_usage(const struct json_t *usage, struct protocol_usage *out)
{
    protocol_take_count(usage, "prompt_tokens", &out->prompt);
    protocol_take_count(usage, "completion_tokens", &out->completion);
    protocol_take_count(jv_get(usage, "prompt_tokens_details"), "cached_tokens", &out->cached);
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

int chat_open(struct chat_completion *out, const char *body, size_t len,
              struct protocol_usage *usage, struct err *e)
{
    struct chat_completion c = { 0 };
    int rc = jv_parse_without(&c.all, "the answer", "bytes", body, len, e);

    *out = (struct chat_completion){ 0 };
    *usage = (struct protocol_usage){ 0 };
    if (rc < 0)
        return rc;
    read_usage(jv_get(c.all, "usage"), usage);
    c.choice = jv_at(jv_get(c.all, "choices"), 0);
    c.message = jv_get(c.choice, "message");
    c.content = jv_text(jv_get(c.message, "content"));
    c.refused = jv_text(jv_get(c.message, "refusal")) ||
                text_equal(jv_text(jv_get(c.choice, "finish_reason")), "content_filter");
    c.cut = text_equal(jv_text(jv_get(c.choice, "finish_reason")), "length");
    if (!c.choice)
        rc = no_choices(c.all, e);
    else if (!c.message && !c.refused)
        rc = no_completion(e);
    if (rc < 0)
        jv_free(c.all);
    else
        *out = c;
    return rc;
}

static int read_choice(const struct asked *q, const struct chat_completion *c, struct arena *arena,
                       struct raw_answer *out, struct err *e)
{
    const struct json_t *top = jv_get(chat_answering_token(c), "top_logprobs");
    int rc;

    if (c->refused) {
        out->value = VALUE_REFUSED;
        return 0;
    }
    rc = jv_length(top) > 0 ? chat_scores(q, top, arena, out, e) : 0;
    if (rc < 0 || out->score)
        return rc;
    chat_read_text(q, c, out);
    return 0;
}

static int read_body(const struct asked *q, size_t n, const char *body, size_t len,
                     struct arena *arena, struct raw_answer *out, struct protocol_usage *usage,
                     struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);

    (void)n;
    *out = (struct raw_answer){ .mass = NAN, .value = VALUE_UNPARSEABLE };
    if (rc == 0)
        rc = read_choice(q, &c, arena, out, e);
    jv_free(c.all);
    return rc;
}

static const char *const kept[] = { "model", "messages", "stream", NULL };

const struct protocol protocol_chat = {
    .name = "chat",
    .path = "/chat/completions",
    .most = 1,
    .tokens = TOKENS,
    .kept = kept,
    .mass = "at least",
    .body = make_body,
    .read = read_body,
};
