/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
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
