/* SPDX-License-Identifier: MIT
 *
 * What each request may say is a table of members; anything else is refused.
 */
#include <math.h>
#include <string.h>

#include "review/internal.h"

enum { KEY_LEAST = 8, MEMBER_TOKEN_MAX = 128, ITEM_KEY = SECRET_SHORT - 1 };

struct member {
    const char *name;
    int (*read)(struct body *b, const struct json_t *v, struct err *e);
    bool required;
};

static int wrong(const char *name, const char *expected, struct err *e)
{
    err_set(e, ERR_FORMAT, "\"%s\" is missing or is not what it should be", name);
    return err_expected(e, "%s", expected);
}

/* Names that the page makes up: nothing in them needs care anywhere. */
static bool is_name(const char *s, size_t least, size_t most)
{
    size_t n =
        s ? strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") : 0;

    return s && s[n] == '\0' && n >= least && n <= most;
}

static int read_token(struct body *b, const struct json_t *v, struct err *e)
{
    b->token = jv_text(v);
    return b->token && strlen(b->token) <= MEMBER_TOKEN_MAX
               ? 0
               : wrong("token", "the text behind # in the link", e);
}

static int read_tab(struct body *b, const struct json_t *v, struct err *e)
{
    b->tab = jv_text(v);
    return is_name(b->tab, KEY_LEAST, TAB_MAX) ? 0 : wrong("tab", "8 to 64 of A-Z a-z 0-9 _ -", e);
}

static int read_key(struct body *b, const struct json_t *v, struct err *e)
{
    b->key = jv_text(v);
    return is_name(b->key, KEY_LEAST, TAB_MAX) ? 0 : wrong("key", "8 to 64 of A-Z a-z 0-9 _ -", e);
}

static int read_mode(struct body *b, const struct json_t *v, struct err *e)
{
    if (text_equal(jv_text(v), "single"))
        b->mode = MODE_SINGLE;
    else if (text_equal(jv_text(v), "grid"))
        b->mode = MODE_GRID;
    else
        return wrong("mode", "\"single\" or \"grid\"", e);
    return 0;
}

static int read_want(struct body *b, const struct json_t *v, struct err *e)
{
    return jv_integer(v, &b->want) && b->want >= 1 && b->want <= GRID_MOST
               ? 0
               : wrong("want", "1 to 48", e);
}

static int read_question(struct body *b, const struct json_t *v, struct err *e)
{
    return jv_integer(v, &b->question) && b->question >= 0 && b->question < TASK_COLUMNS_MAX
               ? 0
               : wrong("question", "an index into the questions", e);
}

static int read_seconds(struct body *b, const struct json_t *v, struct err *e)
{
    return jv_number(v, &b->seconds) && b->seconds >= 0 && b->seconds <= SECONDS_MAX
               ? 0
               : wrong("seconds", "0 to 3600", e);
}

/* ---- answers ---- */

static int read_answer(struct body_answer *a, const struct json_t *v, struct err *e)
{
    bool value, reason;

    *a = (struct body_answer){ .item = jv_text(jv_get(v, "item")),
                               .reason = jv_text(jv_get(v, "reason")) };
    if (!is_name(a->item, ITEM_KEY, ITEM_KEY))
        return wrong("item", "an item's id", e);
    if (!store_answer_kind(jv_text(jv_get(v, "kind")), &a->kind))
        return wrong("kind", "\"value\", \"unsure\", \"skip\" or \"flag\"", e);
    value = a->kind == ANSWER_VALUE;
    reason = a->kind == ANSWER_FLAG;
    if (value && (!jv_integer(jv_get(v, "value"), &a->value) || a->value < 0 ||
                  a->value >= TASK_OPTIONS_MAX))
        return wrong("value", "an index into the options", e);
    if (reason && !a->reason)
        return wrong("reason", "one of the reasons", e);
    if (jv_members(v) != 2u + value + reason)
        return wrong("answers", "item, kind, and value or reason where the kind has one", e);
    return 0;
}

static int read_answers(struct body *b, const struct json_t *v, struct err *e)
{
    int rc = 0;

    if (!jv_is_array(v) || jv_length(v) < 1 || jv_length(v) > GRID_MOST)
        return wrong("answers", "a list of 1 to 48", e);
    for (size_t i = 0; rc == 0 && i < jv_length(v); i++) {
        rc = read_answer(&b->answers[i], jv_at(v, i), e);
        for (size_t j = 0; rc == 0 && j < i; j++)
            if (strcmp(b->answers[j].item, b->answers[i].item) == 0)
                rc = wrong("answers", "each item once", e);
    }
    b->n_answers = jv_length(v);
    return rc;
}

static int read_at(struct body *b, const struct json_t *v, struct err *e)
{
    (void)b;
    return jv_text(v) ? 0 : wrong("at", "a time", e);
}

static int read_undone(struct body *b, const struct json_t *v, struct err *e)
{
    return jv_flag(v, &b->undone) ? 0 : wrong("undone", "true or false", e);
}

/* ---- requests ---- */

static const struct member session_members[] = { { "token", read_token, true } };
static const struct member take_members[] = { { "tab", read_tab, true },
                                              { "mode", read_mode, true },
                                              { "want", read_want, true },
                                              { "question", read_question, false } };
static const struct member release_members[] = { { "tab", read_tab, true } };
static const struct member answer_request_members[] = {
    { "tab", read_tab, true },           { "key", read_key, true },
    { "mode", read_mode, true },         { "seconds", read_seconds, true },
    { "answers", read_answers, true },   { "want", read_want, false },
    { "question", read_question, false }
};
static const struct member undo_members[] = { { "tab", read_tab, true },
                                              { "key", read_key, true } };
static const struct member packet_members[] = {
    { "key", read_key, true },         { "mode", read_mode, true },
    { "seconds", read_seconds, true }, { "answers", read_answers, true },
    { "at", read_at, false },          { "undone", read_undone, false }
};

#define MEMBERS(table)                            \
    {                                             \
        table, sizeof(table) / sizeof((table)[0]) \
    }
static const struct {
    const struct member *members;
    size_t n;
} requests[] = {
    [BODY_SESSION] = MEMBERS(session_members), [BODY_TAKE] = MEMBERS(take_members),
    [BODY_RELEASE] = MEMBERS(release_members), [BODY_ANSWER] = MEMBERS(answer_request_members),
    [BODY_UNDO] = MEMBERS(undo_members),       [BODY_EMPTY] = { NULL, 0 }
};

static int read_members(struct body *b, const struct json_t *object, const struct member *members,
                        size_t n, struct err *e)
{
    size_t found = 0;
    int rc = 0;

    if (!jv_is_object(object))
        return err_set(e, ERR_FORMAT, "the request is no JSON object");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct json_t *v = jv_get(object, members[i].name);

        found += v ? 1 : 0;
        if (v || members[i].required)
            rc = members[i].read(b, v, e);
    }
    if (rc == 0 && found != jv_members(object))
        rc = err_set(e, ERR_FORMAT, "the request has a member that is not known");
    return rc;
}

static int check_mode(const struct body *b, struct err *e)
{
    if (b->mode == MODE_SINGLE && b->n_answers > 1)
        return wrong("answers", "one, in the mode single", e);
    return 0;
}

static void clear(struct body *b)
{
    *b = (struct body){ .mode = -1, .want = -1, .question = -1 };
}

int body_read(struct body *b, enum body_kind kind, const char *text, size_t len, struct err *e)
{
    int rc;

    clear(b);
    rc = jv_parse(&b->document, text, len, e);
    if (rc == 0)
        rc = read_members(b, b->document, requests[kind].members, requests[kind].n, e);
    if (rc == 0)
        rc = check_mode(b, e);
    if (rc < 0)
        body_release(b);
    return rc;
}

int body_read_packet(struct body *b, struct json_t *object, struct err *e)
{
    int rc;

    clear(b);
    rc = read_members(b, object, packet_members, sizeof(packet_members) / sizeof(packet_members[0]),
                      e);
    return rc < 0 ? rc : check_mode(b, e);
}

void body_release(struct body *b)
{
    jv_free(b->document);
    b->document = NULL;
}
