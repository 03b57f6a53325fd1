/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void clock_cond_init(pthread_cond_t *changed)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool clock_cond_wait(pthread_cond_t *changed, pthread_mutex_t *lock, double until)
{
    double whole = floor(until);
    struct timespec t = { .tv_sec = (time_t)whole, .tv_nsec = (long)((until - whole) * 1e9) };

    return pthread_cond_timedwait(changed, lock, &t) == 0;
}

const char *clock_duration(double seconds, char *out)
{
    double minutes = seconds / 60;

    if (seconds < 99.5)
        snprintf(out, 32, "%.0f s", seconds);
    else if (minutes < 99.5)
        snprintf(out, 32, "%.0f min", minutes);
    else if (minutes < 48 * 60)
        snprintf(out, 32, "%d h %d min", (int)(minutes / 60), (int)minutes % 60);
    else
        snprintf(out, 32, "%.1f days", minutes / (24 * 60));
    return out;
}

const char *clock_work(double seconds, char *out)
{
    enum { DAY = 8 * 3600 };

    if (seconds < 2 * DAY)
        return clock_duration(seconds, out);
    snprintf(out, 32, "%.1f days of 8 h", seconds / DAY);
    return out;
}
