/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

static enum log_level level = LOG_NORMAL;

void log_set_level(enum log_level new_level)
{
    level = new_level;
}

static void say(const char *prefix, const char *fmt, va_list args)
{
    char line[2048];
    int n = vsnprintf(line, sizeof(line), fmt, args);

    if (n >= (int)sizeof(line))
        text_ellipsis(line, sizeof(line));
    text_printable(line);
    fprintf(stderr, "%s%s\n", prefix, line);
}

#define DEFINE_LOG(function, prefix, needed) \
    void function(const char *fmt, ...)      \
    {                                        \
        va_list args;                        \
                                             \
        if (level < (needed))                \
            return;                          \
        va_start(args, fmt);                 \
        say(prefix, fmt, args);              \
        va_end(args);                        \
    }

DEFINE_LOG(log_debug, "", LOG_VERBOSE)
DEFINE_LOG(log_info, "", LOG_NORMAL)
DEFINE_LOG(log_warn, "warning: ", LOG_QUIET)

void log_error(const struct err *err)
{
    fputs("assent: ", stderr);
    err_print(stderr, err);
}

double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_start(struct progress *p, const char *verb, const char *unit, uint64_t total)
{
    *p =
        (struct progress){ .verb = verb, .unit = unit, .total = total, .started = clock_seconds() };
}

const char *log_duration(double seconds, char *out)
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

/* Whole numbers from 10 on, else as many decimals as say something. */
static void draw_rate(double rate, const char *part)
{
    char text[32];

    if (rate >= 10)
        fprintf(stderr, ", %s", text_grouped((uint64_t)rate, text));
    else
        fprintf(stderr, ", %.*f", rate >= 0.1 ? 1 : 3, rate);
    fprintf(stderr, part ? " %s/s" : "/s", part);
}

static void draw(const struct progress *p, double elapsed, bool terminal)
{
    char done[32], total[32], left[32];
    double per_second = elapsed > 0 ? (double)p->done / elapsed : 0;

    fprintf(stderr, "%s%s %s", terminal ? "\r" : "", p->verb, text_grouped(p->done, done));
    if (p->total > 0)
        fprintf(stderr, " of %s", text_grouped(p->total, total));
    fprintf(stderr, " %s", p->unit);
    draw_rate(per_second, NULL);
    if (p->part)
        draw_rate(per_second * p->parts, p->part);
    if (p->total > p->done && per_second > 0)
        fprintf(stderr, ", %s left", log_duration((double)(p->total - p->done) / per_second, left));
    fputs(terminal ? "\033[K" : "\n", stderr);
}

void progress_add(struct progress *p, uint64_t n)
{
    bool terminal;
    double t;

    p->done += n;
    if (level < LOG_NORMAL)
        return;
    t = clock_seconds();
    terminal = isatty(STDERR_FILENO) == 1;
    if (t - p->started < (terminal ? 0.5 : 10) || t - p->drawn < (terminal ? 0.2 : 10))
        return;
    draw(p, t - p->started, terminal);
    p->drawn = t;
}

void progress_end(struct progress *p)
{
    if (p->drawn > 0 && isatty(STDERR_FILENO) == 1)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}
