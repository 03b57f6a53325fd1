/* SPDX-License-Identifier: MIT
 *
 * What each request may say is a table of members; anything else is refused.
 */
#include "review/body.h"

#include <string.h>

enum { NAME_LEAST = 8, TOKEN_MOST = 128, ITEM_KEY = SECRET_SHORT - 1 };

/* ---- single members ---- */

/* Names that the page makes up: nothing in them needs care anywhere. */
static bool is_name(const char *s, size_t least, size_t most)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return s[n] == '\0' && n >= least && n <= most;
}

static int read_name(const struct cursor *c, void *member, struct err *e)
{
    const char **out = member;
    int rc = cursor_text(c, out, e);

    return rc < 0 || is_name(*out, NAME_LEAST, TAB_MAX)
               ? rc
               : cursor_wrong(c, "8 to 64 of A-Z a-z 0-9 _ -", e);
}

static int read_item(const struct cursor *c, void *member, struct err *e)
{
    const char **out = member;
    int rc = cursor_text(c, out, e);

    return rc < 0 || is_name(*out, ITEM_KEY, ITEM_KEY) ? rc : cursor_wrong(c, "an item's id", e);
}

static int read_token(const struct cursor *c, void *member, struct err *e)
{
    const char **out = member;
    int rc = cursor_text(c, out, e);

    return rc < 0 || strlen(*out) <= TOKEN_MOST
               ? rc
               : cursor_wrong(c, "the text behind # in the link", e);
}

static int read_kind(const struct cursor *c, void *member, struct err *e)
{
    return store_answer_kind(jv_text(c->value), member)
               ? 0
               : cursor_wrong(c, "value, unsure, skip or flag", e);
}

/* ---- answers ---- */

/* A value is there, and a reason, where the kind has one. */
static int read_answer(const struct cursor *c, struct body_answer *a, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "item", FIELD_REQUIRED, FIELD_OWN(struct body_answer, item, read_item) },
        { "kind", FIELD_REQUIRED, FIELD_OWN(struct body_answer, kind, read_kind) },
        { "value", FIELD_OPTIONAL,
          FIELD_INT64(struct body_answer, value, 0, TASK_OPTIONS_MAX - 1) },
        { "reason", FIELD_OPTIONAL, FIELD_TEXT(struct body_answer, reason) },
        { 0 },
    };
    struct cursor value = cursor_member(c, "value"), reason = cursor_member(c, "reason");
    int rc;

    *a = (struct body_answer){ 0 };
    rc = cursor_fields_only(c, fields, a, e);
    if (rc == 0 && (value.value != NULL) != (a->kind == ANSWER_VALUE))
        rc = cursor_wrong(&value, "an index into the options, of the kind value only", e);
    if (rc == 0 && (reason.value != NULL) != (a->kind == ANSWER_FLAG))
        rc = cursor_wrong(&reason, "one of the reasons, of the kind flag only", e);
    return rc;
}

static int check_item(const struct cursor *answer, const struct body *b, struct err *e)
{
    const char *item = b->answers[answer->index].item;
    struct cursor c = cursor_member(answer, "item");

    for (size_t i = 0; i < answer->index; i++)
        if (strcmp(b->answers[i].item, item) == 0)
            return cursor_wrong(&c, "each item once", e);
    return 0;
}

static int read_answers(const struct cursor *c, void *body, struct err *e)
{
    struct cursor answer = { 0 };
    struct body *b = body;
    int rc = 0;

    if (jv_length(c->value) < 1 || jv_length(c->value) > GRID_MOST)
        return cursor_wrong(c, "a list of 1 to 48", e);
    while (rc == 0 && cursor_next(c, &answer)) {
        rc = read_answer(&answer, &b->answers[answer.index], e);
        if (rc == 0)
            rc = check_item(&answer, b, e);
    }
    b->n_answers = jv_length(c->value);
    if (rc == 0 && b->mode == MODE_SINGLE && b->n_answers > 1)
        rc = cursor_wrong(c, "one, in the mode single", e);
    return rc;
}

/* ---- requests ---- */

static const char *const modes[] = { [MODE_SINGLE] = "single", [MODE_GRID] = "grid", NULL };

#define TOKEN   "token", FIELD_REQUIRED, FIELD_OWN(struct body, token, read_token)
#define TAB     "tab", FIELD_REQUIRED, FIELD_OWN(struct body, tab, read_name)
#define KEY     "key", FIELD_REQUIRED, FIELD_OWN(struct body, key, read_name)
#define MODE    "mode", FIELD_REQUIRED, FIELD_WORD(struct body, mode, modes)
#define SECONDS "seconds", FIELD_REQUIRED, FIELD_NUMBER(struct body, seconds, 0, SECONDS_MAX)
#define ANSWERS "answers", FIELD_REQUIRED, FIELD_CHECK(read_answers) /* behind the mode */
#define WANT    FIELD_INT64(struct body, want, 1, GRID_MOST)
#define QUESTION \
    "question", FIELD_OPTIONAL, FIELD_INT64(struct body, question, 0, TASK_COLUMNS_MAX - 1)

#define CHANGE "change", FIELD_OPTIONAL, FIELD_FLAG(struct body, change)

static const struct cursor_field session[] = { { TOKEN }, { 0 } };
static const struct cursor_field take[] = {
    { TAB }, { MODE }, { "want", FIELD_REQUIRED, WANT }, { QUESTION }, { 0 }
};
static const struct cursor_field release[] = { { TAB }, { 0 } };
static const struct cursor_field answer[] = {
    { TAB },      { KEY },    { MODE }, { SECONDS }, { ANSWERS }, { "want", FIELD_OPTIONAL, WANT },
    { QUESTION }, { CHANGE }, { 0 }
};
static const struct cursor_field undo[] = { { TAB }, { KEY }, { 0 } };
static const struct cursor_field empty[] = { { 0 } };
static const struct cursor_field packet[] = {
    { KEY },
    { MODE },
    { SECONDS },
    { ANSWERS },
    { "at", FIELD_OPTIONAL, FIELD_TEXT(struct body, at) },
    { "undone", FIELD_OPTIONAL, FIELD_FLAG(struct body, undone) },
    { 0 },
};

static const struct cursor_field *const requests[] = {
    [BODY_SESSION] = session, [BODY_TAKE] = take, [BODY_RELEASE] = release,
    [BODY_ANSWER] = answer,   [BODY_UNDO] = undo, [BODY_EMPTY] = empty,
};

static void clear(struct body *b)
{
    *b = (struct body){ .want = -1, .question = -1 };
}

int body_read(struct body *b, enum body_kind kind, const char *text, size_t len, struct err *e)
{
    int rc;

    clear(b);
    rc = cursor_parse(&b->top, "the request", text, len, e);
    if (rc == 0)
        rc = cursor_fields_only(&b->top, requests[kind], b, e);
    if (rc < 0)
        body_release(b);
    return rc;
}

int body_read_packet(struct body *b, const struct cursor *object, struct err *e)
{
    clear(b);
    return cursor_fields_only(object, packet, b, e);
}

void body_release(struct body *b)
{
    cursor_close(&b->top);
}
