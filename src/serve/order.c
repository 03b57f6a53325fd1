/* SPDX-License-Identifier: MIT */
#include "serve/order.h"

#include <math.h>
#include <string.h>
#include <strings.h>

const char *const order_formats[] = { "text", "letters", NULL };

/* ---- pictures ---- */

int order_picture(struct order *o, const struct cursor *c, const char *base64, struct err *e)
{
    struct err place;

    if (o->base64) {
        err_set(e, ERR_FORMAT, "a second picture");
        err_expected(e, "one picture a request");
        err_hint(e, "ask about each picture in a request of its own");
        return cursor_at(c, e);
    }
    err_set(&place, ERR_FORMAT, "a place");
    cursor_at(c, &place);
    snprintf(o->picture, sizeof(o->picture), "%.*s", (int)sizeof(o->picture) - 1, place.where);
    o->base64 = base64;
    o->base64_len = strlen(base64);
    return 0;
}

/* RFC 2397, of base64 only. What it says the bytes are does not count: they say it themselves. */
int order_picture_url(struct order *o, const struct cursor *c, struct err *e)
{
    static const char scheme[] = "data:", coded[] = ";base64";
    const char *url, *comma;
    int rc = cursor_text(c, &url, e);

    if (rc < 0)
        return rc;
    comma = strchr(url, ',');
    if (strncasecmp(url, scheme, strlen(scheme)) != 0) {
        rc = cursor_wrong(c, "data:image/..;base64,..", e);
        err_hint(e, "this server fetches nothing: send the picture's bytes");
        return rc;
    }
    if (!comma || (size_t)(comma - url) < strlen(scheme) + strlen(coded) ||
        strncasecmp(comma - strlen(coded), coded, strlen(coded)) != 0)
        return cursor_wrong(c, "data:image/..;base64,..", e);
    return order_picture(o, c, comma + 1, e);
}

/* ---- questions ---- */

int order_questions(struct order *o, const struct protocol *p, const struct cursor *c, size_t n,
                    struct err *e)
{
    if (n == 0)
        return cursor_wrong(c, "one question or more", e);
    if (n > p->questions_max) {
        err_set(e, ERR_LIMIT, "too many questions");
        err_got(e, "%zu", n);
        err_expected(e, "at most %zu", p->questions_max);
        return cursor_at(c, e);
    }
    o->questions = arena_new(&o->arena, n, sizeof(*o->questions), e);
    o->n_questions = o->questions ? n : 0;
    for (size_t i = 0; i < o->n_questions; i++)
        o->questions[i].order = o;
    return o->questions ? 0 : ERR_NOMEM;
}

int order_options(struct order_question *q, const struct cursor *c, size_t n, struct err *e)
{
    struct order *o = q->order;
    size_t left = ORDER_ALL_OPTIONS_MAX - o->n_options;

    if (n < 2)
        return cursor_wrong(c, "two or more of them", e);
    if (n > ORDER_OPTIONS_MAX || n > left) {
        err_set(e, ERR_LIMIT, "too many options");
        err_got(e, "%zu", n);
        err_expected(e, "at most %d of a question, %d of a request", ORDER_OPTIONS_MAX,
                     ORDER_ALL_OPTIONS_MAX);
        return cursor_at(c, e);
    }
    o->n_options += n;
    q->n_options = n;
    q->options = arena_new(&o->arena, n, sizeof(*q->options), e);
    q->values = arena_new(&o->arena, n, sizeof(*q->values), e);
    return q->options && q->values ? 0 : ERR_NOMEM;
}

int order_nothing(const struct cursor *c, struct err *e)
{
    int rc;

    if (cursor_is_null(c))
        return 0;
    rc = cursor_wrong(c, "null: the model is asked the instructions as they are", e);
    err_hint(e, "write it into the instructions");
    return rc;
}

static int check_texts(const struct order_question *q, const struct cursor *c, struct err *e)
{
    size_t len = strlen(q->text);

    for (size_t i = 0; i < q->n_options; i++) {
        len += strlen(q->options[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(q->options[i], q->options[j]) == 0) {
                err_set(e, ERR_FORMAT, "an option twice");
                err_got(e, "%s", q->options[i]);
                return cursor_at(c, e);
            }
    }
    if (len <= ORDER_TEXT_MAX)
        return 0;
    err_set(e, ERR_LIMIT, "a question is too long");
    err_got(e, "%zu bytes with its options", len);
    err_expected(e, "at most %d", ORDER_TEXT_MAX);
    return cursor_at(c, e);
}

int order_check(const struct order_question *q, const struct cursor *c, const char *options,
                struct err *e)
{
    struct cursor member = cursor_member(c, options), format = cursor_member(c, "format");

    if (q->kind != ORDER_YESNO && q->n_options == 0)
        return cursor_wrong(&member, "its options", e);
    if (q->kind == ORDER_YESNO && q->format == ORDER_LETTERS)
        return cursor_wrong(&format, "text, of a yes or no", e);
    if (q->format == ORDER_LETTERS && q->n_options > VLM_LETTERS_MAX)
        return cursor_wrong(&format, "text, of more than 26 options", e);
    return check_texts(q, c, e);
}

/* ---- the whole ---- */

/* Each value takes forty times the bytes that it may be written with. */
static int check_values(const char *text, size_t len, struct err *e)
{
    size_t n = 0;
    bool inside = false;

    for (size_t i = 0; i < len; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else
            n += !inside && text[i] == ',';
    }
    if (n <= ORDER_COMMAS_MAX)
        return 0;
    err_set(e, ERR_LIMIT, "too many values");
    err_got(e, "%zu", n + 1);
    err_expected(e, "at most %d", ORDER_COMMAS_MAX + 1);
    return err_at(e, "request");
}

int order_read(struct order *o, const struct protocol *p, const char *text, size_t len,
               struct err *e)
{
    int rc = check_values(text, len, e);

    *o = (struct order){ 0 };
    if (rc == 0)
        rc = cursor_parse(&o->body, "request", text, len, e);
    o->parsed = rc == 0;
    if (rc == 0)
        rc = p->read(o, p, e);
    if (rc == 0 && !o->base64) {
        err_set(e, ERR_FORMAT, "no picture");
        err_expected(e, "one a request");
        rc = err_hint(e, "this server answers questions about a picture");
    }
    return rc;
}

void order_release(struct order *o)
{
    arena_release(&o->arena);
    cursor_close(&o->body);
    *o = (struct order){ 0 };
}

/* ---- figures ---- */

double order_score(const struct verdict *v)
{
    double score = 0;

    for (size_t i = 0; i < v->n; i++)
        score += (double)i * v->share[i];
    return score;
}

/* transformers 5.24, decision/template_utils.py: Question.answer. */
double order_confidence(const struct order_question *q, const struct verdict *v)
{
    double n = (double)v->n, far = 0, even = 0;

    if (q->kind == ORDER_CHOICE)
        return fmax(0, (v->share[v->best] - 1 / n) / (1 - 1 / n));
    for (size_t i = 0; i < v->n; i++) {
        far += v->share[i] * fabs((double)i - (double)v->best);
        even += fabs((double)i - (n - 1) / 2) / n;
    }
    return fmax(0, 1 - far / even);
}
