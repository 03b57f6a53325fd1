/* SPDX-License-Identifier: MIT */
#include "label/http/recording_line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

/* ---- lines ---- */

int recording_lines_at(const struct recording_lines *l, struct err *e)
{
    return err_at(e, "%s:%lu", l->name, l->number);
}

/* 1: there is more in the buffer; 0: the end of the file. */
static int fill(struct recording_lines *l, struct err *e)
{
    ssize_t n;
    int rc;

    if (l->start > 0)
        memmove(l->buf, l->buf + l->start, l->end - l->start);
    l->at += l->start;
    l->end -= l->start;
    l->start = 0;
    rc = mem_grow(&l->buf, &l->cap, l->end + BLOCK, 1, RECORDING_LINE_MAX, e);
    if (rc == ERR_LIMIT) {
        l->number++;
        err_set(e, ERR_LIMIT, "the line is too long");
        err_expected(e, "at most %d bytes", RECORDING_LINE_MAX - BLOCK);
        return recording_lines_at(l, e);
    }
    if (rc < 0)
        return rc;
    n = pread(l->fd, l->buf + l->end, l->cap - l->end, (off_t)(l->at + l->end));
    if (n < 0)
        return err_errno(e, "read", l->name);
    l->end += (size_t)n;
    return n > 0;
}

int recording_lines_next(struct recording_lines *l, const char **line, size_t *len, uint64_t *at,
                         struct err *e)
{
    size_t looked = 0;
    char *end;

    for (;;) {
        size_t n = l->end - l->start;
        int rc;

        end = n > looked ? memchr(l->buf + l->start + looked, '\n', n - looked) : NULL;
        if (end)
            break;
        looked = n;
        rc = fill(l, e);
        if (rc <= 0) {
            l->torn = rc == 0 && n > 0;
            return rc;
        }
    }
    *line = l->buf + l->start;
    *len = (size_t)(end - *line);
    *at = l->at + l->start;
    l->start += *len + 1;
    l->number++;
    return 1;
}

void recording_lines_release(struct recording_lines *l)
{
    free(l->buf);
    l->buf = NULL;
}

/* ---- members ---- */

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* Behind the text that begins at `at`; NULL: it does not end. */
static const char *text_end(const char *at, const char *end)
{
    for (at++; at < end; at++)
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    return NULL;
}

/* Behind the object or array that begins at `at`. Whoever reads it will see whether its brackets
 * match. */
static const char *nested_end(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        char c = *at;

        if (c == '"') {
            at = text_end(at, end);
            if (!at)
                return NULL;
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return NULL;
}

/* Behind the value; NULL: there is none. */
static const char *value_end(const char *at, const char *end)
{
    const char *begin = at;

    if (at == end)
        return NULL;
    if (*at == '"')
        return text_end(at, end);
    if (*at == '{' || *at == '[')
        return nested_end(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ' ')
        at++;
    return at > begin ? at : NULL;
}

static enum recording_member member_named(const char *name, size_t len)
{
    static const char *const names[RECORDING_MEMBERS] = {
        [RECORDING_PATH] = "path",
        [RECORDING_BODY] = "body",
        [RECORDING_STATUS] = "status",
        [RECORDING_TYPE] = "type",
        [RECORDING_RETRY_AFTER] = "retry_after",
        [RECORDING_SECONDS] = "seconds",
        [RECORDING_ANSWER] = "answer",
        [RECORDING_ERROR] = "error",
        [RECORDING_CONNECTED] = "connected",
        [RECORDING_TIMED_OUT] = "timed_out",
    };
    enum recording_member m = RECORDING_PATH;

    while (m < RECORDING_MEMBERS && !(strlen(names[m]) == len && memcmp(names[m], name, len) == 0))
        m++;
    return m;
}

/* One member from *at on, which is then behind it. */
static bool one_member(const char **at, const char *end, enum recording_member *which,
                       struct recording_span *out)
{
    const char *name = skip_space(*at, end), *behind;

    behind = name < end && *name == '"' ? text_end(name, end) : NULL;
    if (!behind)
        return false;
    *which = member_named(name + 1, (size_t)(behind - name) - 2);
    behind = skip_space(behind, end);
    if (behind == end || *behind != ':')
        return false;
    out->at = skip_space(behind + 1, end);
    behind = value_end(out->at, end);
    if (!behind)
        return false;
    out->len = (size_t)(behind - out->at);
    *at = skip_space(behind, end);
    return true;
}

bool recording_members(const char *line, size_t len, enum recording_member last,
                       struct recording_span out[RECORDING_MEMBERS])
{
    const char *end = line + len, *at = skip_space(line, end);

    memset(out, 0, RECORDING_MEMBERS * sizeof(*out));
    if (at == end || *at != '{')
        return false;
    do {
        enum recording_member which;
        struct recording_span value;

        at++;
        if (!one_member(&at, end, &which, &value))
            return false;
        if (which < RECORDING_MEMBERS)
            out[which] = value;
        if (which == last)
            return true;
    } while (at < end && *at == ',');
    return at < end && *at == '}' && skip_space(at + 1, end) == end;
}

int recording_body(const struct recording_span *span, char **own, struct recording_span *out,
                   struct err *e)
{
    *own = NULL;
    *out = *span;
    if (span->len == 0 || (span->len == strlen("null") && memcmp(span->at, "null", span->len) == 0))
        *out = (struct recording_span){ "", 0 };
    if (span->len == 0 || *span->at != '"')
        return 0;
    if (jv_parse_text(span->at, span->len, own, &out->len, e) < 0)
        return e->code;
    out->at = *own;
    return 0;
}

int recording_header(const char *line, size_t len, struct err *e)
{
    static const char begin[] = "{\"assent_recording\":";
    enum { HEADER_MAX = 4096 };
    struct json_t *all;
    int64_t version = 0;

    if (len > HEADER_MAX || len < sizeof(begin) || memcmp(line, begin, sizeof(begin) - 1) != 0)
        return 0;
    if (jv_parse(&all, line, len, e) < 0)
        return e->code;
    jv_integer(jv_get(all, "assent_recording"), &version);
    jv_free(all);
    if (version == RECORDING_VERSION)
        return 1;
    err_set(e, ERR_FORMAT, "a recording of another version");
    err_got(e, "%lld", (long long)version);
    return err_expected(e, "%d", RECORDING_VERSION);
}
