/* SPDX-License-Identifier: MIT
 *
 * clock.h - how long something takes, and how people say it.
 */
#ifndef ASSENT_BASE_CLOCK_H
#define ASSENT_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>

/* Seconds since some moment, monotonic. */
double clock_seconds(void);

/* A condition to wait for by clock_seconds, however the wall clock is set meanwhile. */
void clock_cond_init(pthread_cond_t *changed);
/* pthread_cond_wait that gives up at `until`, by clock_seconds: false then. */
bool clock_cond_wait(pthread_cond_t *changed, pthread_mutex_t *lock, double until);

/* "2 h 5 min", "40 s", in out, which holds at least 32 bytes. */
const char *clock_duration(double seconds, char *out);
/* The same of a person's work, whose day has 8 hours: "12.5 days of 8 h". */
const char *clock_work(double seconds, char *out);

#endif
