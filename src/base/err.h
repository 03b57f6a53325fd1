/* SPDX-License-Identifier: MIT
 *
 * err.h - errors are values with context.
 *
 * A message has parts, so that each layer adds what it knows and nobody formats twice:
 *
 *     labels.csv:7: the row has too few columns: got 3, expected 41
 *       a quote that is never closed swallows the lines after it
 *
 * Texts start in lower case and end without a full stop. Control characters, and bytes that are no
 * UTF-8, are replaced when a part is set: names from hostile files reach the terminal through here.
 */
#ifndef ASSENT_BASE_ERR_H
#define ASSENT_BASE_ERR_H

#include <stdio.h>

enum err_code {
    ERR_ARG = -1,         /* the caller asked for something that makes no sense */
    ERR_NOMEM = -2,       /* out of memory */
    ERR_IO = -3,          /* a file could not be read or written */
    ERR_FORMAT = -4,      /* a file's content is not what it should be */
    ERR_LIMIT = -5,       /* larger than this program accepts */
    ERR_DB = -6,          /* the database refused */
    ERR_INTERRUPTED = -7, /* SIGINT, SIGTERM or SIGHUP */
    ERR_BUSY = -8,        /* another process is writing to the database */
    ERR_CLOSED = -9,      /* whoever read what is written has gone: EPIPE, as with | head */
};

struct err {
    enum err_code code;
    char what[320];     /* "the row has too few columns" */
    char where[320];    /* "labels.csv:7" */
    char got[160];      /* "3" */
    char expected[320]; /* "41" */
    char hint[320];     /* what to do about it */
};

#define ERR_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))

/* Starts an error: sets code and what, clears the other parts. Returns code. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) ERR_PRINTF(3, 4);

/* Starts an I/O error from errno: "cannot VERB: No space left on device", at path. */
int err_errno(struct err *e, const char *verb, const char *path);

/* Add a part to an error that is set, each once: the innermost caller knows best. Return e->code.
 */
int err_at(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
int err_got(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
int err_expected(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
int err_hint(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Writes the whole message, in one line and an indented one for the hint. */
void err_print(FILE *out, const struct err *e);
/* The same as a text, cut where it does not fit, without the line's end. */
enum { ERR_TEXT_MAX = 1600 };
void err_text(const struct err *e, char out[ERR_TEXT_MAX]);
void err_line(const struct err *e, char out[ERR_TEXT_MAX]); /* the same in one line */

#endif
