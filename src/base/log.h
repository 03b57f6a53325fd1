/* SPDX-License-Identifier: MIT
 *
 * log.h - messages for people, on standard error; standard output carries results only.
 *
 * The level is the one piece of global state in the program.
 */
#ifndef ASSENT_BASE_LOG_H
#define ASSENT_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);

void log_debug(const char *fmt, ...) ERR_PRINTF(1, 2); /* with -v only */
void log_info(const char *fmt, ...) ERR_PRINTF(1, 2);  /* not with -q */
void log_warn(const char *fmt, ...) ERR_PRINTF(1, 2);  /* always, after "warning: " */
void log_error(const struct err *err);                 /* always, after "assent: " */

/* Seconds since some moment, monotonic. */
double clock_seconds(void);

/* "2 h 5 min", "40 s", in out, which holds at least 32 bytes. */
const char *log_duration(double seconds, char *out);

/* The progress line: "importing 12 000 of 202 599 rows, 101 000/s, 2 s left". On a terminal it is
 * redrawn in place, at most five times a second and from half a second on; elsewhere a line every
 * ten seconds. */
struct progress {
    const char *verb, *unit; /* borrowed: "importing", "rows" */
    const char *part;        /* what a unit consists of, whose rate is shown too; NULL: nothing */
    double parts;            /* of a unit */
    uint64_t done, total;    /* total 0: not known */
    double started, drawn;   /* seconds, monotonic; drawn 0: never */
};

void progress_start(struct progress *p, const char *verb, const char *unit, uint64_t total);
void progress_add(struct progress *p, uint64_t n);
void progress_end(struct progress *p); /* takes the line away again */

#endif
