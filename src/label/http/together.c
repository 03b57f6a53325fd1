/* SPDX-License-Identifier: MIT
 *
 * together.c - all questions on a picture in one chat completion, whose answer is a JSON object
 * with a label for each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/chat.h"
#include "label/http/extra.h"

enum {
    MOST = 100,        /* questions of a request: models lose count of more */
    TOKENS_ONE = 16,   /* of an answer to one question, where nobody says */
    TOKENS_ROUND = 64, /* around the labels: brackets, a fence */
    TEXT_MAX = 8 << 20,
    KEY_BYTES = 32
};

static void make_key(size_t i, char out[KEY_BYTES])
{
    snprintf(out, KEY_BYTES, "q%zu", i + 1);
}

/* ---- asking ---- */

static int put_questions(const struct asked *q, size_t n, struct buf *b, struct err *e)
{
    buf_puts(b, "Answer each of these questions about the picture. Reply with one JSON object that "
                "has every key once, each with one of the answers given behind its question, and "
                "with nothing else.\n");
    for (size_t i = 0; i < n; i++) {
        char key[KEY_BYTES];

        make_key(i, key);
        buf_printf(b, "\n%s: %s (", key, q[i].text);
        for (size_t o = 0; o < q[i].n_options; o++) {
            char *option = jv_quoted(q[i].options[o]);

            buf_printf(b, "%s%s", o > 0 ? ", " : "", option ? option : "");
            free(option);
        }
        buf_puts(b, ")");
    }
    return buf_end(b, "questions", e);
}

static struct json_t *schema(const struct asked *q, size_t n)
{
    struct json_t *properties = jv_pack("{}"), *keys = jv_array();

    for (size_t i = 0; i < n; i++) {
        char key[KEY_BYTES];

        make_key(i, key);
        jv_set(properties, key,
               jv_pack("{s:s, s:o}", "type", "string", "enum",
                       jv_texts(q[i].options, q[i].n_options)));
        jv_append(keys, jv_pack("s", key));
    }
    return jv_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                   keys, "additionalProperties", 0);
}

/* ,"response_format":{..}: what holds a server that knows schemas to the labels. */
static int put_format(const struct json_t *extra, const struct asked *q, size_t n, struct buf *b,
                      struct err *e)
{
    struct json_t *format = NULL;
    char *text;

    if (extra_has(extra, "response_format"))
        return 0;
    format = jv_pack("{s:s, s:{s:s, s:b, s:o}}", "type", "json_schema", "json_schema", "name",
                     "labels", "strict", 1, "schema", schema(q, n));
    text = jv_print_line(format);
    jv_free(format);
    if (!text)
        return err_set(e, ERR_NOMEM, "out of memory: a request");
    buf_printf(b, ",\"response_format\":%s", text);
    free(text);
    return buf_end(b, "a schema", e);
}

/* Enough for the longest labels: a token has a byte at least. */
static uint64_t tokens_for(const struct asked *q, size_t n)
{
    uint64_t bytes = TOKENS_ROUND;

    for (size_t i = 0; i < n; i++) {
        size_t longest = 0;

        for (size_t o = 0; o < q[i].n_options; o++)
            longest = strlen(q[i].options[o]) > longest ? strlen(q[i].options[o]) : longest;
        bytes += strlen("\"q100\": \"\",\n  ") + longest;
    }
    return bytes;
}

static int together_body(const struct protocol_asking *a, const struct asked *q, size_t n,
                         char **body, size_t *len, struct err *e)
{
    struct buf text = BUF_INIT(TEXT_MAX), format = BUF_INIT(TEXT_MAX);
    struct protocol_asking asking = *a;
    int rc = put_questions(q, n, &text, e);

    *body = NULL;
    if (rc == 0)
        rc = put_format(a->extra, q, n, &format, e);
    asking.text = text.text;
    asking.prose = true;
    asking.fields = format.text;
    if (asking.max_tokens == 0)
        asking.max_tokens = tokens_for(q, n);
    if (rc == 0)
        rc = protocol_chat.body(&asking, NULL, 0, body, len, e);
    buf_release(&text);
    buf_release(&format);
    return rc;
}

/* ---- answers ---- */

static const char blank[] = " \t\r\n";

/* The JSON of a text: behind a thought, and without the fence that some models put round it. */
static void find_json(const char *text, const char **at, size_t *len)
{
    static const char fence[] = "```";
    size_t n;

    text = chat_behind_thought(text);
    text += strspn(text, blank);
    n = strlen(text);
    while (n > 0 && strchr(blank, text[n - 1]))
        n--;
    if (n >= 2 * strlen(fence) && strncmp(text, fence, strlen(fence)) == 0 &&
        strncmp(text + n - strlen(fence), fence, strlen(fence)) == 0) {
        size_t line = strcspn(text, "\n"); /* "```json" */

        n -= strlen(fence);
        line = line < n ? line : n;
        text += line;
        n -= line;
    }
    *at = text;
    *len = n;
}

static int16_t label_of(const struct asked *q, const char *said)
{
    for (size_t o = 0; said && o < q->n_options; o++)
        if (text_folds_to(said, q->options[o]))
            return (int16_t)o;
    return VALUE_MISSING;
}

/* A key that stands twice makes it no JSON: then none of its labels is believed. */
static void read_labels(const struct asked *q, size_t n, const char *text, struct raw_answer *raw)
{
    struct json_t *all = NULL;
    struct err ignored;
    const char *json;
    size_t len;

    find_json(text, &json, &len);
    if (jv_parse(&all, json, len, &ignored) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        char key[KEY_BYTES];

        make_key(i, key);
        raw[i].value = label_of(&q[i], jv_text(jv_get(all, key)));
    }
    jv_free(all);
}

static int together_read(const struct asked *q, size_t n, const char *body, size_t len,
                         struct arena *arena, struct raw_answer *raw, struct protocol_usage *usage,
                         struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);

    (void)arena;
    for (size_t i = 0; i < n; i++)
        raw[i] =
            (struct raw_answer){ .mass = NAN, .value = c.refused ? VALUE_REFUSED : VALUE_MISSING };
    if (rc == 0 && !c.refused && c.content)
        read_labels(q, n, c.content, raw);
    jv_free(c.all);
    return rc;
}

/* ---- one question ---- */

static int label_body(const struct protocol_asking *a, const struct asked *q, size_t n, char **body,
                      size_t *len, struct err *e)
{
    struct protocol_asking asking = *a;

    asking.prose = true;
    return protocol_chat.body(&asking, q, n, body, len, e);
}

/* A label alone also where the server gives more: one annotator's answers are of one kind. */
static int label_read(const struct asked *q, size_t n, const char *body, size_t len,
                      struct arena *arena, struct raw_answer *raw, struct protocol_usage *usage,
                      struct err *e)
{
    struct chat_completion c;
    int rc = chat_open(&c, body, len, usage, e);

    (void)n;
    (void)arena;
    *raw =
        (struct raw_answer){ .mass = NAN, .value = c.refused ? VALUE_REFUSED : VALUE_UNPARSEABLE };
    if (rc == 0 && !c.refused)
        chat_read_text(q, &c, raw);
    jv_free(c.all);
    return rc;
}

static const char *const kept[] = { "model", "messages", "stream", NULL };

static const struct protocol label_alone = {
    .name = "chat",
    .path = "/chat/completions",
    .most = 1,
    .tokens = TOKENS_ONE,
    .kept = kept,
    .mass = "none",
    .body = label_body,
    .read = label_read,
};

const struct protocol protocol_together = {
    .name = "chat",
    .path = "/chat/completions",
    .most = MOST,
    .kept = kept,
    .singly = &label_alone,
    .mass = "none",
    .body = together_body,
    .read = together_read,
};
