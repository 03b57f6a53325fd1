/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

/* A document that quotes the message has to be UTF-8: not so is a name of bytes, or a character
 * that a format's precision has cut. */
static void replace_broken(char *s)
{
    size_t bad;

    for (; !text_utf8(s, strlen(s), &bad); s += bad + 1)
        s[bad] = '?';
}

static void set_part(char *part, size_t cap, const char *fmt, va_list args)
{
    int n = vsnprintf(part, cap, fmt, args);

    if (n >= (int)cap)
        text_ellipsis(part, cap);
    replace_broken(part);
    text_printable(part);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list args;

    memset(e, 0, sizeof(*e));
    e->code = code;
    va_start(args, fmt);
    set_part(e->what, sizeof(e->what), fmt, args);
    va_end(args);
    return code;
}

int err_errno(struct err *e, const char *verb, const char *path)
{
    const char *reason = strerror(errno);

    err_set(e, errno == EPIPE ? ERR_CLOSED : ERR_IO, "cannot %s: %s", verb, reason);
    return err_at(e, "%s", path);
}

#define DEFINE_PART(function, part)                    \
    int function(struct err *e, const char *fmt, ...)  \
    {                                                  \
        va_list args;                                  \
                                                       \
        if (e->part[0] != '\0')                        \
            return e->code;                            \
        va_start(args, fmt);                           \
        set_part(e->part, sizeof(e->part), fmt, args); \
        va_end(args);                                  \
        return e->code;                                \
    }

DEFINE_PART(err_at, where)
DEFINE_PART(err_got, got)
DEFINE_PART(err_expected, expected)
DEFINE_PART(err_hint, hint)

void err_print(FILE *out, const struct err *e)
{
    if (e->where[0] != '\0')
        fprintf(out, "%s: ", e->where);
    fputs(e->what, out);
    if (e->got[0] != '\0')
        fprintf(out, ": got %s", e->got);
    if (e->expected[0] != '\0')
        fprintf(out, "%s expected %s", e->got[0] != '\0' ? "," : ":", e->expected);
    fputc('\n', out);
    if (e->hint[0] != '\0')
        fprintf(out, "  %s\n", e->hint);
}

void err_text(const struct err *e, char out[ERR_TEXT_MAX])
{
    FILE *f = fmemopen(out, ERR_TEXT_MAX, "w");
    size_t len;

    out[0] = '\0';
    if (!f)
        return;
    err_print(f, e);
    fclose(f);
    out[ERR_TEXT_MAX - 1] = '\0';
    len = strlen(out);
    if (len > 0 && out[len - 1] == '\n')
        out[len - 1] = '\0';
}

void err_line(const struct err *e, char out[ERR_TEXT_MAX])
{
    char *end;

    err_text(e, out);
    end = strstr(out, "\n  ");
    if (end) { /* before the hint */
        end[0] = ';';
        memmove(end + 1, end + 2, strlen(end + 2) + 1);
    }
}
