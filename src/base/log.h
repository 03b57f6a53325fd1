/* SPDX-License-Identifier: MIT
 *
 * log.h - messages for people, on standard error; standard output carries results only. For the
 * program, not for the library, which tells struct events.
 *
 * The level, and what is drawn of the progress line, are the one piece of global state in the
 * program.
 */
#ifndef ASSENT_BASE_LOG_H
#define ASSENT_BASE_LOG_H

#include "base/err.h"
#include "base/events.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);

void log_info(const char *fmt, ...) ERR_PRINTF(1, 2); /* not with -q */
void log_warn(const char *fmt, ...) ERR_PRINTF(1, 2); /* always, after "warning: " */
void log_error(const struct err *err);                /* always, after "assent: " */

/* Events that are printed: details with -v only, notes not with -q, warnings always, and the
 * progress line "importing 12 000 of 202 599 rows, 101 000/s, 2 s left". On a terminal that is cut
 * to its width, and redrawn in place, at most five times a second and from half a second on;
 * elsewhere it is a line every ten seconds. Cancelled where a signal asked for it (signals.h). */
extern const struct events log_events;

#endif
