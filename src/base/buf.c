/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Room for n more bytes and the zero behind them. */
static bool reserve(struct buf *b, size_t n)
{
    struct err e;
    size_t need;
    int rc;

    if (b->failed)
        return false;
    if (!size_add(b->len, n, &need) || !size_add(need, 1, &need))
        return b->failed = ERR_LIMIT, false;
    rc = mem_grow(&b->text, &b->cap, need, 1, b->max, &e);
    if (rc < 0)
        b->failed = (enum err_code)rc;
    return rc == 0;
}

void buf_add(struct buf *b, const char *s, size_t len)
{
    if (!reserve(b, len))
        return;
    if (len > 0)
        memcpy(b->text + b->len, s, len);
    b->len += len;
    b->text[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    int n;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->text + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = 0;
    if (b->text)
        b->text[0] = '\0';
}

void buf_release(struct buf *b)
{
    free(b->text);
    *b = BUF_INIT(b->max);
}

int buf_end(const struct buf *b, const char *what, struct err *e)
{
    if (b->failed == ERR_LIMIT) {
        err_set(e, ERR_LIMIT, "%s is too large", what);
        return err_expected(e, "at most %zu bytes", b->max);
    }
    if (b->failed)
        return err_set(e, b->failed, "%s: out of memory", what);
    return 0;
}

char *buf_take(struct buf *b)
{
    char *text, *fit;

    buf_add(b, "", 0);
    text = b->failed ? NULL : b->text;
    if (!text)
        free(b->text);
    fit = text ? realloc(text, b->len + 1) : NULL; /* it may have grown by half again */
    *b = BUF_INIT(b->max);
    return fit ? fit : text;
}
