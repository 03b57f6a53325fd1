/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"
#include "base/text.h"

static enum log_level level = LOG_NORMAL;

/* The progress line. */
static struct {
    double drawn; /* when, in seconds, monotonic; 0: it is not there */
    bool terminal;
} line;

void log_set_level(enum log_level new_level)
{
    level = new_level;
}

/* ---- messages ---- */

/* A message takes the place of the progress line, which comes again below it. */
static void clear_line(void)
{
    if (line.drawn > 0 && line.terminal)
        fputs("\r\033[K", stderr);
    line.drawn = 0;
}

static void say(const char *prefix, const char *fmt, va_list args)
{
    char text[2048];
    int n = vsnprintf(text, sizeof(text), fmt, args);

    if (n >= (int)sizeof(text))
        text_ellipsis(text, sizeof(text));
    text_printable(text);
    clear_line();
    fprintf(stderr, "%s%s\n", prefix, text);
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

static void log_detail(const char *fmt, ...) ERR_PRINTF(1, 2);
static DEFINE_LOG(log_detail, "", LOG_VERBOSE) DEFINE_LOG(log_info, "", LOG_NORMAL)
    DEFINE_LOG(log_warn, "warning: ", LOG_QUIET)

        void log_error(const struct err *err)
{
    clear_line();
    fputs("assent: ", stderr);
    err_print(stderr, err);
}

static void on_say(void *data, enum event_kind kind, const char *text)
{
    static void (*const logs[])(const char *fmt, ...) = { log_detail, log_info, log_warn };

    (void)data;
    logs[kind]("%s", text);
}

/* ---- the progress line ---- */

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

static void draw(const struct progress *p, double elapsed)
{
    char done[32], total[32], left[32];
    double per_second = elapsed > 0 ? (double)p->done / elapsed : 0;

    fprintf(stderr, "%s%s %s", line.terminal ? "\r" : "", p->verb, text_grouped(p->done, done));
    if (p->total > 0)
        fprintf(stderr, " of %s", text_grouped(p->total, total));
    fprintf(stderr, " %s", p->unit);
    draw_rate(per_second, NULL);
    if (p->part)
        draw_rate(per_second * p->parts, p->part);
    if (p->total > p->done && per_second > 0)
        fprintf(stderr, ", %s left",
                clock_duration((double)(p->total - p->done) / per_second, left));
    fputs(line.terminal ? "\033[K" : "\n", stderr);
}

static void on_progress(void *data, const struct progress *p)
{
    double t;

    (void)data;
    if (p->done == 0) {
        line.terminal = isatty(STDERR_FILENO) == 1;
        line.drawn = 0;
    }
    if (p->ended)
        clear_line();
    if (p->ended || level < LOG_NORMAL)
        return;
    t = clock_seconds();
    if (t - p->started < (line.terminal ? 0.5 : 10) || t - line.drawn < (line.terminal ? 0.2 : 10))
        return;
    draw(p, t - p->started);
    line.drawn = t;
}

static bool on_cancelled(void *data)
{
    (void)data;
    return signals_seen();
}

const struct events log_events = { on_progress, on_say, on_cancelled, NULL };
