/* SPDX-License-Identifier: MIT
 *
 * buf.h - a growing text buffer that must be given a cap.
 *
 * Always ends in a zero byte that len does not count. A failure (no memory, cap reached) is kept in
 * the buffer and makes every later call do nothing, so that only the end needs a check: buf_end().
 */
#ifndef ASSENT_BASE_BUF_H
#define ASSENT_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
    char *text; /* NULL before the first call that succeeds; valid until the next one */
    size_t len, cap;
    size_t max; /* bytes, the zero at the end included */
    enum err_code failed;
};

#define BUF_INIT(max_bytes) ((struct buf){ .max = (max_bytes) })

void buf_add(struct buf *b, const char *s, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) ERR_PRINTF(2, 3);
void buf_clear(struct buf *b);   /* empty, memory kept, failure forgotten */
void buf_release(struct buf *b); /* memory given back; usable again */

/* 0, or the failure that was kept. `what` names the buffer in the message. */
int buf_end(const struct buf *b, const char *what, struct err *e);

/* The text, now the caller's to free(), or NULL after a failure. The buffer is empty again. */
char *buf_take(struct buf *b);

#endif
