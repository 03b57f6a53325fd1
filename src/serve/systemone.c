/* SPDX-License-Identifier: MIT
 *
 * systemone.c - POST /v1/systemone, as transformers serve 5.24 takes it (cli/serving/systemone.py,
 * decision/template_utils.py), with vLLM 0.33's `images` and `diagnostics`
 * (entrypoints/generate/structured_decisions/protocol.py).
 */
#include <string.h>

#include "serve/order.h"

static const char *const kinds[] = { "noul", "choice", "score", NULL };

/* ---- questions ---- */

/* What true and false mean is written into the instructions. */
static int read_truths(const struct cursor *c, struct err *e)
{
    static const char *const keys[] = { "true", "false", NULL };
    struct cursor item = { 0 };
    int rc = cursor_only(c, keys, e);

    while (rc == 0 && cursor_next(c, &item))
        rc = order_nothing(&item, e);
    return rc;
}

/* {option: null, ..}, or a list of levels. */
static int read_criteria(const struct cursor *c, void *whole, struct err *e)
{
    struct order_question *q = whole;
    struct cursor item = { 0 };
    bool levels = q->kind == ORDER_SCORE;
    size_t i = 0;
    int rc;

    if (q->kind == ORDER_YESNO)
        return read_truths(c, e);
    rc = levels ? cursor_array(c, e) : cursor_object(c, e);
    if (rc == 0)
        rc = order_options(q, c, levels ? jv_length(c->value) : jv_members(c->value), e);
    for (; rc == 0 && cursor_next(c, &item); i++) {
        q->options[i] = item.key;
        rc = levels ? cursor_text(&item, &q->options[i], e) : order_nothing(&item, e);
    }
    return rc;
}

static int read_question(struct order_question *q, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_WORD(struct order_question, kind, kinds) },
        { "format", FIELD_OPTIONAL, FIELD_WORD(struct order_question, format, order_formats) },
        { "instructions", FIELD_REQUIRED, FIELD_TEXT(struct order_question, text) },
        { "criteria", FIELD_NULLABLE, FIELD_CHECK(read_criteria) },
        { 0 },
    };
    int rc = cursor_fields_only(c, fields, q, e);

    q->name = c->key;
    return rc < 0 ? rc : order_check(q, c, "criteria", e);
}

static int read_questions(struct order *o, const struct protocol *p, const struct cursor *c,
                          struct err *e)
{
    struct cursor item = { 0 };
    int rc = cursor_object(c, e);
    size_t i = 0;

    if (rc == 0)
        rc = order_questions(o, p, c, jv_members(c->value), e);
    while (rc == 0 && cursor_next(c, &item))
        rc = read_question(&o->questions[i++], &item, e);
    return rc;
}

/* ---- the picture ---- */

struct asset {
    unsigned type;
    const char *format, *base64; /* the bytes say themselves which format they are */
};

static int read_assets(const struct cursor *c, void *whole, struct err *e)
{
    static const char *const types[] = { "image", NULL };
    static const struct cursor_field fields[] = {
        { "type", FIELD_OPTIONAL, FIELD_WORD(struct asset, type, types) },
        { "format", FIELD_OPTIONAL, FIELD_TEXT(struct asset, format) },
        { "data_base64", FIELD_REQUIRED, FIELD_TEXT(struct asset, base64) },
        { 0 },
    };
    struct order *o = whole;
    struct cursor item = { 0 };
    int rc = cursor_object(c, e);

    while (rc == 0 && cursor_next(c, &item)) {
        struct asset asset = { 0 };

        rc = cursor_fields_only(&item, fields, &asset, e);
        if (rc == 0)
            rc = order_picture(o, &item, asset.base64, e);
        o->asset = item.key;
    }
    return rc;
}

static int read_images(const struct cursor *c, void *whole, struct err *e)
{
    struct cursor item = { 0 };
    int rc = cursor_array(c, e);

    while (rc == 0 && cursor_next(c, &item))
        rc = order_picture_url(whole, &item, e);
    return rc;
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", text[i]))
            return false;
    return true;
}

static int check_state_text(const struct order *o, const struct cursor *c, struct err *e)
{
    const char *text, *at = NULL;
    size_t len, name = o->asset ? strlen(o->asset) : 0;
    int rc = cursor_text(c, &text, e);

    if (rc < 0)
        return rc;
    len = strlen(text);
    if (o->asset)
        at = strstr(text, o->asset);
    if (o->asset
            ? at && is_blank(text, (size_t)(at - text)) && is_blank(at + name, strlen(at + name))
            : is_blank(text, len))
        return 0;
    rc = cursor_wrong(c, o->asset ? "the asset's id, and nothing else" : "nothing", e);
    err_hint(e, "the model sees the picture and one question: write what it should know into the "
                "instructions");
    return rc;
}

/* The picture and nothing else: its id, or an object or list of that. */
static int check_state(const struct order *o, const struct cursor *c, struct err *e)
{
    struct cursor item = { 0 };
    size_t n = 0;
    int rc = 0;

    if (cursor_is_null(c) && !o->asset)
        return 0;
    if (!jv_is_object(c->value) && !jv_is_array(c->value))
        return check_state_text(o, c, e);
    for (; rc == 0 && cursor_next(c, &item); n++)
        rc = check_state_text(o, &item, e);
    return rc < 0 || n == (o->asset ? 1 : 0) ? rc : cursor_wrong(c, "the picture, once", e);
}

/* ---- the whole ---- */

static int read_body(struct order *o, const struct protocol *p, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "model", FIELD_NULLABLE, FIELD_TEXT(struct order, model) },
        { "assets", FIELD_NULLABLE, FIELD_CHECK(read_assets) },
        { "images", FIELD_NULLABLE, FIELD_CHECK(read_images) },
        { "state", FIELD_NULLABLE, FIELD_ANY },
        { "questions", FIELD_REQUIRED, FIELD_ANY },
        { 0 },
    };
    struct cursor state = cursor_member(&o->body, "state");
    struct cursor questions = cursor_member(&o->body, "questions");
    int rc = cursor_fields_only(&o->body, fields, o, e);

    if (rc == 0)
        rc = check_state(o, &state, e);
    return rc < 0 ? rc : read_questions(o, p, &questions, e);
}

/* ---- answers ---- */

/* {option: share}, of a score {"0": share}; the keys' texts instead, where `legend`. */
static struct json_t *write_options(const struct order_question *q, const struct verdict *v,
                                    bool legend)
{
    struct json_t *all = jv_pack("{}");

    for (size_t i = 0; i < v->n; i++) {
        char level[24];

        snprintf(level, sizeof(level), "%zu", i);
        if (!jv_set(all, q->kind == ORDER_SCORE ? level : q->options[i],
                    legend ? jv_pack("s", q->options[i]) : jv_real(v->share[i]))) {
            jv_free(all);
            return NULL;
        }
    }
    return all;
}

static struct json_t *write_answer(const struct order_question *q, const struct verdict *v)
{
    switch (q->kind) {
    case ORDER_YESNO: return jv_pack("{s:s, s:f}", "type", "noul", "noul", v->share[1]);
    case ORDER_CHOICE:
        return jv_pack("{s:s, s:s, s:f, s:o}", "type", "choice", "choice", q->options[v->best],
                       "confidence", order_confidence(q, v), "probabilities",
                       write_options(q, v, false));
    default:
        return jv_pack("{s:s, s:f, s:o, s:f, s:o}", "type", "score", "score", order_score(v),
                       "legend", write_options(q, v, true), "confidence", order_confidence(q, v),
                       "probabilities", write_options(q, v, false));
    }
}

static struct json_t *write_all(const struct order *o, const char *model, const struct verdict *v,
                                size_t tokens)
{
    struct json_t *answers = jv_pack("{}"), *diagnostics = jv_pack("{}");
    bool written = true;

    for (size_t i = 0; i < o->n_questions; i++)
        written =
            written &&
            jv_set(answers, o->questions[i].name, write_answer(&o->questions[i], &v[i])) &&
            jv_set(diagnostics, o->questions[i].name, jv_pack("{s:f}", "label_mass", v[i].mass));
    if (written)
        return jv_pack("{s:s, s:o, s:{s:I, s:i}, s:o}", "model", model, "answers", answers, "usage",
                       "input_tokens", (long long)tokens, "output_tokens", 0, "diagnostics",
                       diagnostics);
    jv_free(answers);
    jv_free(diagnostics);
    return NULL;
}

const struct protocol order_systemone = { "/v1/systemone", 422, 64, read_body, write_all };
