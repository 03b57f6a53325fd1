/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
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
static void add_rate(struct buf *b, double rate, const char *part)
{
    char text[32];

    if (rate >= 10)
        buf_printf(b, ", %s", text_grouped((uint64_t)rate, text));
    else
        buf_printf(b, ", %.*f", rate >= 0.1 ? 1 : 3, rate);
    buf_printf(b, part ? " %s/s" : "/s", part);
}

/* All of it but for so many of what matters least: the rate of parts, and the notes. */
static void compose(struct buf *b, const struct progress *p, double elapsed, int without)
{
    char done[32], total[32], left[32];
    double per_second = elapsed > 0 ? (double)p->done / elapsed : 0;

    buf_clear(b);
    buf_printf(b, "%s %s", p->verb, text_grouped(p->done, done));
    if (p->total > 0)
        buf_printf(b, " of %s", text_grouped(p->total, total));
    buf_printf(b, " %s", p->unit);
    add_rate(b, per_second, NULL);
    if (p->part && without == 0)
        add_rate(b, per_second * p->parts, p->part);
    if (p->total > p->done && per_second > 0)
        buf_printf(b, ", %s left", clock_duration((double)(p->total - p->done) / per_second, left));
    for (int i = 0; i < PROGRESS_NOTES; i++)
        if (p->notes[i] && i + 1 >= without)
            buf_printf(b, ", %s", p->notes[i]);
}

/* A line that is wider than its terminal cannot be drawn over. */
static void draw(const struct progress *p, double elapsed)
{
    struct buf b = BUF_INIT(1024);
    struct winsize size = { 0 };

    if (line.terminal)
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    for (int without = 0; without <= PROGRESS_NOTES + 1; without++) {
        compose(&b, p, elapsed, without);
        if (size.ws_col == 0 || !b.text || text_width(b.text) < size.ws_col)
            break;
    }
    fprintf(stderr, "%s%s%s", line.terminal ? "\r" : "", b.text ? b.text : "",
            line.terminal ? "\033[K" : "\n");
    buf_release(&b);
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
