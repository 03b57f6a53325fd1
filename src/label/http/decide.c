/* SPDX-License-Identifier: MIT
 *
 * decide.c - all questions on a picture in one request to a decision endpoint: a probability an
 * option comes back, and no text.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "label/http/extra.h"
#include "label/http/protocol.h"

enum {
    SYSTEMONE_MOST = 64,  /* transformers 5.23 and vLLM 0.32 */
    DECISIONS_MOST = 400, /* package openai 3.57, types/decision_create_params.py */
    NAME_MAX_BYTES = 32,
    BODY_MAX = 256 << 20
};

/* ---- both ---- */

static int end_body(const struct protocol_asking *a, struct json_t *all, char **body, size_t *len,
                    struct err *e)
{
    struct buf b = BUF_INIT(BODY_MAX);
    char *text = jv_print_line(all);
    int rc;

    jv_free(all);
    if (text)
        buf_add(&b, text, strlen(text) - 1); /* but for the bracket */
    free(text);
    extra_put(a->extra, &b);
    buf_puts(&b, "}");
    rc = text ? buf_end(&b, "a request", e) : err_set(e, ERR_NOMEM, "out of memory: a request");
    *len = b.len;
    *body = rc == 0 ? buf_take(&b) : NULL;
    buf_release(&b);
    return rc == 0 && !*body ? err_set(e, ERR_NOMEM, "out of memory: a request") : rc;
}

static int not_an_answer(size_t i, struct err *e)
{
    return err_set(e, ERR_FORMAT, "the server's answer to question %zu is none", i + 1);
}

static int new_scores(const struct asked *q, struct arena *arena, struct raw_answer *out,
                      struct err *e)
{
    *out = (struct raw_answer){ .mass = NAN, .value = VALUE_UNPARSEABLE };
    out->score = arena_new(arena, q->n_options, sizeof(*out->score), e);
    return out->score ? 0 : ERR_NOMEM;
}

static bool is_share(double p)
{
    return p >= 0 && p <= 1.001; /* rounded sums */
}

/* What the server says of its mass, if it says any: rounded above 1 it is 1. */
static bool is_mass(struct raw_answer *out)
{
    if (isnan(out->mass))
        return true;
    if (!is_share(out->mass))
        return false;
    out->mass = fmin(out->mass, 1);
    return true;
}

static void take_yes(struct raw_answer *out, double p)
{
    out->score[VALUE_YES] = fmin(p, 1);
    out->score[VALUE_NO] = 1 - out->score[VALUE_YES];
}

/* Shares of what was given: some servers round them. false: one is missing, or they are none. */
static bool share_out(const struct asked *q, struct raw_answer *out)
{
    double sum = 0;

    for (size_t o = 0; o < q->n_options; o++) {
        if (!is_share(out->score[o]))
            return false;
        sum += out->score[o];
    }
    for (size_t o = 0; o < q->n_options && fabs(sum - 1) > 1e-9; o++)
        out->score[o] /= sum;
    return sum > 0.5;
}

/* ---- systemone ---- */

static bool says(const struct asked *q, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(q[i].text, id))
            return true;
        for (size_t o = 0; o < q[i].n_options; o++)
            if (strstr(q[i].options[o], id))
                return true;
    }
    return false;
}

/* An asset stands wherever its id does, in a question too (transformers 5.23,
 * decision/template_utils.py): one that no text has. */
static void asset_id(const struct asked *q, size_t n, char out[NAME_MAX_BYTES])
{
    size_t k = 1;

    do
        snprintf(out, NAME_MAX_BYTES, "img-%zu", k++);
    while (says(q, n, out));
}

/* "data:image/jpeg;base64,DATA" as the asset that the state names. */
static struct json_t *picture_asset(const char *id, const char *data_url)
{
    const char *data = strchr(data_url, ',') + 1;

    return jv_pack("{s:{s:s, s:s, s:s}}", id, "type", "image", "format",
                   strncmp(data_url, "data:image/png", strlen("data:image/png")) == 0 ? "png"
                                                                                      : "jpg",
                   "data_base64", data);
}

static struct json_t *named_question(const struct asked *q)
{
    struct json_t *options;

    if (q->form == ASKED_YESNO)
        return jv_pack("{s:s, s:s}", "type", "noul", "instructions", q->text);
    options = jv_pack("{}");
    for (size_t o = 0; o < q->n_options; o++)
        jv_set(options, q->options[o], jv_pack("n"));
    return jv_pack("{s:s, s:s, s:o}", "type", "choice", "instructions", q->text, "criteria",
                   options);
}

static void question_name(size_t i, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "q%zu", i + 1);
}

/* state: what stands there beside the picture, which is taken over. */
static int named_body(const struct protocol_asking *a, const struct asked *q, size_t n,
                      const char *state, const char *field, struct json_t *picture, char **body,
                      size_t *len, struct err *e)
{
    struct json_t *questions = jv_pack("{}"), *all;

    for (size_t i = 0; i < n; i++) {
        char name[NAME_MAX_BYTES];

        question_name(i, name);
        jv_set(questions, name, named_question(&q[i]));
    }
    all = jv_pack("{s:s, s:s, s:o, s:o}", "model", a->model, "state", state, field, picture,
                  "questions", questions);
    return end_body(a, all, body, len, e);
}

static int assets_body(const struct protocol_asking *a, const struct asked *q, size_t n,
                       char **body, size_t *len, struct err *e)
{
    char id[NAME_MAX_BYTES];

    asset_id(q, n, id);
    return named_body(a, q, n, id, "assets", picture_asset(id, a->data_url), body, len, e);
}

static int images_body(const struct protocol_asking *a, const struct asked *q, size_t n,
                       char **body, size_t *len, struct err *e)
{
    return named_body(a, q, n, "", "images", jv_pack("[s]", a->data_url), body, len, e);
}

static int read_named(const struct asked *q, size_t i, const struct json_t *answer,
                      const struct json_t *diagnostics, struct arena *arena, struct raw_answer *out,
                      struct err *e)
{
    double p = NAN;
    int rc = new_scores(q, arena, out, e);

    if (rc < 0)
        return rc;
    if (!jv_number(jv_get(diagnostics, "label_mass"), &out->mass))
        jv_number(jv_get(answer, "x_label_mass"), &out->mass);
    if (!is_mass(out))
        return not_an_answer(i, e);
    if (q->form == ASKED_YESNO) {
        if (!jv_number(jv_get(answer, "noul"), &p) || !is_share(p))
            return not_an_answer(i, e);
        take_yes(out, p);
        return 0;
    }
    for (size_t o = 0; o < q->n_options; o++)
        if (!jv_number(jv_get(jv_get(answer, "probabilities"), q->options[o]), &out->score[o]))
            return not_an_answer(i, e);
    return share_out(q, out) ? 0 : not_an_answer(i, e);
}

static int systemone_read(const struct asked *q, size_t n, const char *body, size_t len,
                          struct arena *arena, struct raw_answer *raw, struct protocol_usage *usage,
                          struct err *e)
{
    struct json_t *all;
    int rc = jv_parse_wide(&all, "the answer", body, len, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char name[NAME_MAX_BYTES];

        question_name(i, name);
        rc = read_named(&q[i], i, jv_get(jv_get(all, "answers"), name),
                        jv_get(jv_get(all, "diagnostics"), name), arena, &raw[i], e);
    }
    protocol_take_count(jv_get(all, "usage"), "input_tokens", &usage->prompt);
    jv_free(all);
    return rc;
}

static const char *const systemone_kept[] = { "model", "state",     "assets", "images",
                                              "files", "questions", "stream", NULL };

const struct protocol protocol_systemone = { .name = "systemone",
                                             .path = "/systemone",
                                             .picture = "assets",
                                             .most = SYSTEMONE_MOST,
                                             .kept = systemone_kept,
                                             .mass = "as the server says",
                                             .body = assets_body,
                                             .read = systemone_read };

const struct protocol protocol_systemone_images = { .name = "systemone",
                                                    .path = "/systemone",
                                                    .picture = "images",
                                                    .most = SYSTEMONE_MOST,
                                                    .kept = systemone_kept,
                                                    .mass = "as the server says",
                                                    .body = images_body,
                                                    .read = systemone_read };

/* ---- decisions ---- */

static struct json_t *listed_question(const struct asked *q)
{
    struct json_t *choices;

    if (q->form == ASKED_YESNO)
        return jv_pack("{s:s, s:s}", "type", "predicate", "instructions", q->text);
    choices = jv_array();
    for (size_t o = 0; o < q->n_options; o++)
        jv_append(choices, jv_pack("{s:s}", "value", q->options[o]));
    return jv_pack("{s:s, s:s, s:o}", "type", "choice", "instructions", q->text, "choices",
                   choices);
}

static int decisions_body(const struct protocol_asking *a, const struct asked *q, size_t n,
                          char **body, size_t *len, struct err *e)
{
    struct json_t *questions = jv_array(), *input = jv_array();

    for (size_t i = 0; i < n; i++)
        jv_append(questions, listed_question(&q[i]));
    if (a->system)
        jv_append(input, jv_pack("{s:s, s:s}", "role", "system", "content", a->system));
    jv_append(input, jv_pack("{s:s, s:[{s:s, s:s}]}", "role", "user", "content", "type",
                             "input_image", "image_url", a->data_url));
    return end_body(
        a, jv_pack("{s:s, s:o, s:o}", "model", a->model, "input", input, "questions", questions),
        body, len, e);
}

static int read_listed(const struct asked *q, size_t i, const struct json_t *answer,
                       struct arena *arena, struct raw_answer *out, struct err *e)
{
    const char *type = jv_text(jv_get(answer, "type"));
    const struct json_t *list = jv_get(answer, "probabilities");
    double p = NAN;
    int rc;

    if (text_equal(type, "refusal")) {
        *out = (struct raw_answer){ .mass = NAN, .value = VALUE_REFUSED };
        return 0;
    }
    rc = new_scores(q, arena, out, e);
    if (rc < 0)
        return rc;
    jv_number(jv_get(answer, "mass"), &out->mass); /* this program's own server */
    if (!is_mass(out))
        return not_an_answer(i, e);
    if (q->form == ASKED_YESNO) {
        if (!jv_number(jv_get(answer, "probability"), &p) || !is_share(p))
            return not_an_answer(i, e);
        take_yes(out, p);
        return 0;
    }
    for (size_t o = 0; o < q->n_options; o++)
        out->score[o] = NAN;
    for (size_t k = 0; k < jv_length(list); k++)
        for (size_t o = 0; o < q->n_options; o++)
            if (text_equal(jv_text(jv_get(jv_at(list, k), "value")), q->options[o]))
                jv_number(jv_get(jv_at(list, k), "probability"), &out->score[o]);
    return share_out(q, out) ? 0 : not_an_answer(i, e);
}

static int decisions_read(const struct asked *q, size_t n, const char *body, size_t len,
                          struct arena *arena, struct raw_answer *raw, struct protocol_usage *usage,
                          struct err *e)
{
    struct json_t *all, *counted;
    int rc = jv_parse_wide(&all, "the answer", body, len, e);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_listed(&q[i], i, jv_at(jv_get(all, "answers"), i), arena, &raw[i], e);
    counted = jv_get(all, "usage");
    protocol_take_count(counted, "input_tokens", &usage->prompt);
    protocol_take_count(jv_get(counted, "input_tokens_details"), "cached_tokens", &usage->cached);
    jv_free(all);
    return rc;
}

static const char *const decisions_kept[] = { "model", "input", "questions", "stream", NULL };

const struct protocol protocol_decisions = {
    .name = "decisions",
    .path = "/decisions",
    .most = DECISIONS_MOST,
    .kept = decisions_kept,
    .mass = "as the server says",
    .body = decisions_body,
    .read = decisions_read,
};
