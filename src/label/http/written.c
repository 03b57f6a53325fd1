/* SPDX-License-Identifier: MIT
 *
 * written.c - what a model writes before it answers: a description, a thought.
 */
#include "label/http/written.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/chat.h"

enum {
    SAID_MAX = 2000,          /* bytes of a text that is kept */
    TOKENS_TEXT_MAX = 1 << 20 /* bytes of all tokens of an answer */
};

static const char blank[] = " \t\r\n", markup[] = " \t*_`\"'([{<#>";

/* A text that is cut at cap bytes; NULL without memory. */
static char *cut_text(const char *text, size_t len, size_t cap)
{
    size_t n = len < cap ? len : cap - 1;
    char *out = strndup(text, n);

    if (out && n < len)
        text_ellipsis(out, cap);
    return out;
}

static struct json_t *said_of(const char *text, size_t len)
{
    char *cut = cut_text(text, len, SAID_MAX);
    struct json_t *said = cut ? jv_pack("s", cut) : NULL;

    free(cut);
    return said;
}

struct json_t *written_said(const char *text)
{
    return said_of(text, strlen(text));
}

int written_text(const char *body, size_t len, char **text, bool *refused,
                 struct protocol_usage *usage, struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);
    const char *said = c.content ? chat_behind_thought(c.content) : "";

    *text = NULL;
    *refused = rc == 0 && c.refused;
    said += strspn(said, blank);
    if (rc == 0 && !c.refused && *said != '\0') {
        *text = cut_text(said, strlen(said), WRITTEN_MAX);
        rc = *text ? 0 : err_set(e, ERR_NOMEM, "out of memory: what a model wrote");
    }
    jv_free(c.all);
    return rc;
}

/* ---- the last line ---- */

struct line {
    const char *at;
    size_t n;
};

/* The last that is not empty, without space around; n 0: there is none. */
static struct line last_line(const char *text)
{
    size_t end = strlen(text), from;

    while (end > 0 && strchr(blank, text[end - 1]))
        end--;
    for (from = end; from > 0 && text[from - 1] != '\n';)
        from--;
    while (from < end && strchr(blank, text[from]))
        from++;
    return (struct line){ text + from, end - from };
}

/* Where the line stands last in a text: the tokens' may have an end mark behind. SIZE_MAX: it does
 * not. */
static size_t find_last(const char *text, const struct line *line)
{
    size_t n = strlen(text);

    for (size_t at = n >= line->n ? n - line->n + 1 : 0; at-- > 0;)
        if (memcmp(text + at, line->at, line->n) == 0)
            return at;
    return SIZE_MAX;
}

/* The token in which the line's answer begins, behind markup; NULL: the tokens do not say. */
static const struct json_t *answering_token(const struct json_t *tokens, const struct line *line)
{
    struct buf all = BUF_INIT(TOKENS_TEXT_MAX);
    struct err too_much; /* then nothing is known of the token */
    size_t from = SIZE_MAX, end = 0;

    for (size_t i = 0; i < jv_length(tokens); i++) {
        const char *token = jv_text(jv_get(jv_at(tokens, i), "token"));

        buf_puts(&all, token ? token : "");
    }
    if (buf_end(&all, "tokens", &too_much) == 0 && all.text)
        from = find_last(all.text, line);
    buf_release(&all);
    if (from == SIZE_MAX)
        return NULL;
    for (size_t i = 0; i < line->n && strchr(markup, line->at[i]); i++)
        from++;
    for (size_t i = 0; i < jv_length(tokens); i++) {
        const char *token = jv_text(jv_get(jv_at(tokens, i), "token"));

        end += token ? strlen(token) : 0;
        if (end > from)
            return jv_at(tokens, i);
    }
    return NULL;
}

/* Only where the token that was chosen is itself the answer: of "**Yes" in one token, or of an
 * option in words, no probability is made up. */
static int line_scores(const struct asked *q, const struct json_t *tokens, const struct line *line,
                       struct arena *arena, struct raw_answer *raw, struct err *e)
{
    const struct json_t *token = answering_token(tokens, line);
    const char *text = jv_text(jv_get(token, "token"));
    int rc;

    if (!text || chat_option(q, text) != (size_t)raw->value ||
        jv_length(jv_get(token, "top_logprobs")) == 0)
        return 0;
    rc = chat_scores(q, jv_get(token, "top_logprobs"), arena, raw, e);
    if (rc == 0 && raw->mass <= 0)
        raw->score = NULL;
    return rc;
}

static int line_value(const struct asked *q, const struct line *line, struct arena *arena,
                      struct raw_answer *raw, struct err *e)
{
    const char *text = arena_text(arena, line->at, line->n, e);

    if (!text)
        return ERR_NOMEM;
    raw->value = chat_value(q, text);
    if (raw->value < 0)
        raw->top = said_of(line->at, line->n);
    return 0;
}

/* What stands before the line, or what the server keeps apart from the text. */
static void keep_thought(const struct chat_completion *c, size_t before, struct raw_answer *raw)
{
    const char *apart = jv_text(jv_get(c->message, "reasoning_content")),
               *thought = c->content ? c->content : "";

    while (before > 0 && strchr(blank, thought[before - 1]))
        before--;
    if (before == 0 && apart) {
        thought = apart;
        before = strlen(apart);
    }
    raw->said_as = SAID_THOUGHT;
    raw->said = before > 0 ? said_of(thought, before) : NULL;
}

static int read_written(const struct asked *q, const struct chat_completion *c, struct arena *arena,
                        struct raw_answer *raw, struct err *e)
{
    struct line line = last_line(c->content ? chat_behind_thought(c->content) : "");
    int rc;

    if (c->refused) {
        raw->value = VALUE_REFUSED;
        return 0;
    }
    if (c->cut || line.n == 0) {
        keep_thought(c, c->content ? strlen(c->content) : 0, raw);
        raw->top = jv_pack("s", c->cut ? "it did not end: a larger max_tokens helps" : "no text");
        return 0;
    }
    rc = line_value(q, &line, arena, raw, e);
    if (rc == 0 && raw->value >= 0)
        rc = line_scores(q, jv_get(jv_get(c->choice, "logprobs"), "content"), &line, arena, raw, e);
    if (rc == 0)
        keep_thought(c, (size_t)(line.at - c->content), raw);
    return rc;
}

int written_answer(const struct asked *q, const char *body, size_t len, struct arena *arena,
                   struct raw_answer *raw, struct protocol_usage *usage, struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);

    *raw = (struct raw_answer){ .mass = NAN, .value = VALUE_UNPARSEABLE };
    if (rc == 0)
        rc = read_written(q, &c, arena, raw, e);
    jv_free(c.all);
    return rc;
}
