/* SPDX-License-Identifier: MIT
 *
 * clock.h - how long something takes, and how people say it.
 */
#ifndef ASSENT_BASE_CLOCK_H
#define ASSENT_BASE_CLOCK_H

/* Seconds since some moment, monotonic. */
double clock_seconds(void);

/* "2 h 5 min", "40 s", in out, which holds at least 32 bytes. */
const char *clock_duration(double seconds, char *out);

#endif
