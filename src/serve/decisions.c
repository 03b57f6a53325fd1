/* SPDX-License-Identifier: MIT
 *
 * decisions.c - POST /v1/decisions, as the package openai 3.57 has it (types/decision.py,
 * types/decision_create_params.py).
 */
#include <string.h>

#include "serve/order.h"

static const char *const kinds[] = { "predicate", "choice", "score", NULL };

/* ---- parts of a message, or of instructions ---- */

struct part {
    unsigned type; /* of part_types */
    const char *text;
    struct cursor url;
};

enum { PART_TEXT, PART_IMAGE };
static const char *const part_types[] = { "input_text", "input_image", NULL };

static int keep_url(const struct cursor *c, void *member, struct err *e)
{
    struct cursor *out = member;

    (void)e;
    *out = *c;
    return 0;
}

static int read_part(const struct cursor *c, struct part *out, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_WORD(struct part, type, part_types) },
        { "text", FIELD_OPTIONAL, FIELD_TEXT(struct part, text) },
        { "image_url", FIELD_OPTIONAL, FIELD_OWN(struct part, url, keep_url) },
        { "detail", FIELD_NULLABLE, FIELD_ANY }, /* the model's own preparation is the only one */
        { "prompt_cache_breakpoint", FIELD_NULLABLE, FIELD_ANY },
        { 0 },
    };
    int rc;

    *out = (struct part){ 0 };
    rc = cursor_fields_only(c, fields, out, e);
    out->url = cursor_member(c, "image_url");
    return rc;
}

/* ---- questions ---- */

/* A text, or a list of one input_text. */
static int read_instructions(const struct cursor *c, void *whole, struct err *e)
{
    struct order_question *q = whole;
    struct cursor item = cursor_element(c, 0), text = cursor_member(&item, "text");
    struct part part;
    int rc;

    if (!jv_is_array(c->value))
        return cursor_text(c, &q->text, e);
    if (jv_length(c->value) != 1)
        return cursor_wrong(c, "a text, or a list of one input_text", e);
    rc = read_part(&item, &part, e);
    if (rc == 0 && part.type != PART_TEXT)
        rc = cursor_wrong(&item, "an input_text: the picture is the input's", e);
    return rc < 0 ? rc : cursor_text(&text, &q->text, e);
}

/* A text, or true or false, which the model reads as these words. */
static int read_value(const struct cursor *c, const char **out, struct err *e)
{
    bool flag;

    if (!jv_flag(c->value, &flag))
        return cursor_text(c, out, e);
    *out = flag ? "true" : "false";
    return 0;
}

/* [{"value": ..}, ..] or [{"label": ..}, ..]; what an option means is written into the
 * instructions. */
static int read_list(struct order_question *q, const struct cursor *c, const char *key,
                     struct err *e)
{
    const char *const keys[] = { key, "description", NULL };
    struct cursor item = { 0 };
    int rc = cursor_array(c, e);

    if (rc == 0)
        rc = order_options(q, c, jv_length(c->value), e);
    for (size_t i = 0; rc == 0 && cursor_next(c, &item); i++) {
        struct cursor value = cursor_member(&item, key);
        struct cursor description = cursor_member(&item, "description");

        q->values[i] = value.value;
        rc = cursor_only(&item, keys, e);
        if (rc == 0)
            rc = order_nothing(&description, e);
        if (rc == 0)
            rc = q->kind == ORDER_CHOICE ? read_value(&value, &q->options[i], e)
                                         : cursor_text(&value, &q->options[i], e);
    }
    return rc;
}

static int read_choices(const struct cursor *c, void *whole, struct err *e)
{
    struct order_question *q = whole;

    return q->kind == ORDER_CHOICE ? read_list(q, c, "value", e)
                                   : cursor_wrong(c, "nothing, but of a choice", e);
}

static int read_levels(const struct cursor *c, void *whole, struct err *e)
{
    struct order_question *q = whole;

    return q->kind == ORDER_SCORE ? read_list(q, c, "label", e)
                                  : cursor_wrong(c, "nothing, but of a score", e);
}

static int read_question(struct order_question *q, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_WORD(struct order_question, kind, kinds) },
        { "format", FIELD_OPTIONAL, FIELD_WORD(struct order_question, format, order_formats) },
        { "name", FIELD_NULLABLE, FIELD_TEXT(struct order_question, name) },
        { "instructions", FIELD_REQUIRED, FIELD_CHECK(read_instructions) },
        { "choices", FIELD_OPTIONAL, FIELD_CHECK(read_choices) },
        { "levels", FIELD_OPTIONAL, FIELD_CHECK(read_levels) },
        { 0 },
    };
    int rc = cursor_fields_only(c, fields, q, e);

    return rc < 0 ? rc : order_check(q, c, q->kind == ORDER_CHOICE ? "choices" : "levels", e);
}

static int read_questions(struct order *o, const struct protocol *p, const struct cursor *c,
                          struct err *e)
{
    struct cursor item = { 0 };
    int rc = cursor_array(c, e);
    size_t i = 0;

    if (rc == 0)
        rc = order_questions(o, p, c, jv_length(c->value), e);
    while (rc == 0 && cursor_next(c, &item))
        rc = read_question(&o->questions[i++], &item, e);
    return rc;
}

/* ---- the input ---- */

static int read_content(const struct cursor *c, void *whole, struct err *e)
{
    struct cursor item = { 0 };
    int rc = cursor_array(c, e);

    while (rc == 0 && cursor_next(c, &item)) {
        struct cursor url = cursor_member(&item, "image_url");
        struct part part;

        rc = read_part(&item, &part, e);
        if (rc == 0 && part.type == PART_IMAGE)
            rc = order_picture_url(whole, &url, e);
        else if (rc == 0) {
            rc = cursor_wrong(&item, "an input_image", e);
            err_hint(e, "the model sees the picture and one question: write what it should know "
                        "into the instructions");
        }
    }
    return rc;
}

/* Messages of the user, of one picture altogether. */
static int read_input(const struct cursor *c, void *whole, struct err *e)
{
    static const char *const types[] = { "message", NULL }, *const roles[] = { "user", NULL };
    static const char *const keys[] = { "type", "role", "content", NULL };
    struct cursor item = { 0 };
    int rc = cursor_array(c, e);

    while (rc == 0 && cursor_next(c, &item)) {
        struct cursor type = cursor_member(&item, "type"), role = cursor_member(&item, "role");
        struct cursor content = cursor_member(&item, "content");
        unsigned word;

        rc = cursor_only(&item, keys, e);
        if (rc == 0 && type.value)
            rc = cursor_word(&type, types, &word, e);
        if (rc == 0)
            rc = cursor_word(&role, roles, &word, e);
        if (rc == 0)
            rc = read_content(&content, whole, e);
    }
    return rc;
}

/* ---- the whole ---- */

static int read_body(struct order *o, const struct protocol *p, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "model", FIELD_NULLABLE, FIELD_TEXT(struct order, model) },
        { "input", FIELD_REQUIRED, FIELD_CHECK(read_input) },
        { "questions", FIELD_REQUIRED, FIELD_ANY },
        { "prompt_cache_key", FIELD_NULLABLE, FIELD_ANY }, /* these change no answer */
        { "prompt_cache_options", FIELD_NULLABLE, FIELD_ANY },
        { "safety_identifier", FIELD_NULLABLE, FIELD_ANY },
        { 0 },
    };
    struct cursor questions = cursor_member(&o->body, "questions");
    int rc = cursor_fields_only(&o->body, fields, o, e);

    return rc < 0 ? rc : read_questions(o, p, &questions, e);
}

/* ---- answers ---- */

static struct json_t *write_options(const struct order_question *q, const struct verdict *v)
{
    struct json_t *list = jv_array();

    for (size_t i = 0; i < v->n; i++)
        if (!jv_append(list, q->kind == ORDER_SCORE
                                 ? jv_pack("{s:s, s:f, s:i}", "label", q->options[i], "probability",
                                           v->share[i], "value", (int)i)
                                 : jv_pack("{s:O, s:f}", "value", q->values[i], "probability",
                                           v->share[i]))) {
            jv_free(list);
            return NULL;
        }
    return list;
}

static struct json_t *write_answer(const struct order_question *q, const struct verdict *v)
{
    switch (q->kind) {
    case ORDER_YESNO:
        return jv_pack("{s:s, s:s?, s:f, s:f}", "type", "predicate", "name", q->name, "probability",
                       v->share[1], "mass", v->mass);
    case ORDER_CHOICE:
        return jv_pack("{s:s, s:s?, s:O, s:f, s:o, s:f}", "type", "choice", "name", q->name,
                       "choice", q->values[v->best], "confidence", order_confidence(q, v),
                       "probabilities", write_options(q, v), "mass", v->mass);
    default:
        return jv_pack("{s:s, s:s?, s:f, s:f, s:o, s:f}", "type", "score", "name", q->name, "score",
                       order_score(v), "confidence", order_confidence(q, v), "probabilities",
                       write_options(q, v), "mass", v->mass);
    }
}

static struct json_t *write_all(const struct order *o, const char *model, const struct verdict *v,
                                size_t tokens)
{
    struct json_t *answers = jv_array();

    for (size_t i = 0; i < o->n_questions; i++)
        if (!jv_append(answers, write_answer(&o->questions[i], &v[i]))) {
            jv_free(answers);
            return NULL;
        }
    return jv_pack("{s:s, s:o, s:{s:I, s:{s:i, s:i}, s:i, s:{s:i}, s:I}}", "model", model,
                   "answers", answers, "usage", "input_tokens", (long long)tokens,
                   "input_tokens_details", "cached_tokens", 0, "cache_write_tokens", 0,
                   "output_tokens", 0, "output_tokens_details", "reasoning_tokens", 0,
                   "total_tokens", (long long)tokens);
}

const struct protocol order_decisions = { "/v1/decisions", 400, 400, read_body, write_all };
