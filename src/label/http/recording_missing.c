/* SPDX-License-Identifier: MIT
 *
 * recording_missing.c - a request is not in a recording: what the recording has instead.
 */
#include <stdlib.h>
#include <string.h>

#include "label/http/recording_line.h"

#define STAND_IN "sha256:" /* and 64 digits: a picture */
enum { DIGITS = SHA256_HEX - 1 };

/* What some recorded request has in common with the one that is not there. */
struct common {
    bool path, model, picture, question;
    char other_model[100]; /* of one with another */
};

/* The digits of the picture's stand-in; NULL: it has none. */
static const char *picture_of(const char *body, size_t len)
{
    const char *at = memmem(body, len, STAND_IN, strlen(STAND_IN));

    at = at ? at + strlen(STAND_IN) : NULL;
    return at && (size_t)(body + len - at) >= DIGITS ? at : NULL;
}

/* What is in front of a picture, whether it is JPEG or PNG, and behind it. */
static bool split(const char *body, size_t len, struct recording_span out[2])
{
    const char *type = memmem(body, len, "data:image/", strlen("data:image/")),
               *digits = picture_of(body, len);

    if (!digits)
        return false;
    out[0] = (struct recording_span){ body, (size_t)((type ? type : digits) - body) };
    out[1] = (struct recording_span){ digits + DIGITS, (size_t)(body + len - digits) - DIGITS };
    return true;
}

/* The same but for the picture? */
static bool is_same_question(const struct recorded_request *q, const char *body, size_t len)
{
    struct recording_span own[2], other[2];

    if (!split(q->body, q->len, own) || !split(body, len, other))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (own[i].len != other[i].len || memcmp(own[i].at, other[i].at, own[i].len) != 0)
            return false;
    return true;
}

static void note_model(struct common *c, const char *body, size_t len, const char *model)
{
    struct json_t *all = NULL;
    struct err ignored;
    const char *name = NULL;

    if (jv_parse(&all, body, len, &ignored) == 0)
        name = jv_text(jv_get(all, "model"));
    if (text_equal(name, model))
        c->model = true;
    else if (name && c->other_model[0] == '\0')
        snprintf(c->other_model, sizeof(c->other_model), "%s", name);
    jv_free(all);
}

static void note_request(struct common *c, const struct recorded_request *q, const char *path,
                         const struct recording_span *body, const char *model)
{
    const char *own = picture_of(q->body, q->len), *other = picture_of(body->at, body->len);

    if (strcmp(path, q->path) != 0)
        return;
    c->path = true;
    if (!c->model)
        note_model(c, body->at, body->len, model);
    c->picture = c->picture || (own && other && memcmp(own, other, DIGITS) == 0);
    c->question = c->question || is_same_question(q, body->at, body->len);
}

static void note_line(struct common *c, const struct recorded_request *q, const char *line,
                      size_t len, const char *model)
{
    struct recording_span members[RECORDING_MEMBERS], path, body;
    char *own_path = NULL, *own_body = NULL;
    struct err ignored;

    if (recording_members(line, len, RECORDING_BODY, members) &&
        recording_body(&members[RECORDING_PATH], &own_path, &path, &ignored) == 0 && own_path &&
        recording_body(&members[RECORDING_BODY], &own_body, &body, &ignored) == 0)
        note_request(c, q, own_path, &body, model);
    free(own_path);
    free(own_body);
}

static const char *what_differs(const struct common *c)
{
    if (!c->path)
        return "nothing was asked at this path: another protocol was recorded";
    if (!c->model)
        return "another model was recorded";
    if (c->question && c->picture)
        return "this question was asked, and this picture shown, but not both together: the "
               "recorded run ended before, or was of other images";
    if (c->question)
        return "this question was asked, but about other pictures: is it another picture now, or "
               "another max_pixels?";
    if (c->picture)
        return "this picture was shown, but with other questions: does the text, the system "
               "message, an option or max_tokens differ?";
    return "neither this picture nor this question is in it";
}

int recording_say_missing(int fd, const char *name, const struct recorded_request *q,
                          const char *model, struct err *e)
{
    struct recording_lines lines = { .name = name, .fd = fd };
    struct common c = { 0 };
    const char *line;
    uint64_t at;
    size_t len;
    int rc;

    while ((rc = recording_lines_next(&lines, &line, &len, &at, e)) == 1)
        note_line(&c, q, line, len, model);
    recording_lines_release(&lines);
    if (rc < 0)
        return rc;
    err_set(e, ERR_FORMAT, "the recording has no answer to this request");
    if (c.path && !c.model && c.other_model[0] != '\0') {
        err_got(e, "%s", model);
        err_expected(e, "%s", c.other_model);
    }
    return err_hint(e, "%s: %s", name, what_differs(&c));
}
