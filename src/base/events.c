/* SPDX-License-Identifier: MIT */
#include "base/events.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

void events_say(const struct events *ev, enum event_kind kind, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    if (!ev || !ev->say)
        return;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof(text), fmt, args) >= (int)sizeof(text))
        text_ellipsis(text, sizeof(text));
    va_end(args);
    text_printable(text);
    ev->say(ev->data, kind, text);
}

int events_check(const struct events *ev, struct err *e)
{
    if (!ev || !ev->cancelled || !ev->cancelled(ev->data))
        return 0;
    return err_set(e, ERR_INTERRUPTED, "interrupted");
}

static void tell(const struct progress *p)
{
    if (p->events && p->events->progress)
        p->events->progress(p->events->data, p);
}

void progress_start(struct progress *p, const struct events *ev, const char *verb, const char *unit,
                    uint64_t total)
{
    *p = (struct progress){
        .verb = verb, .unit = unit, .total = total, .started = clock_seconds(), .events = ev
    };
    tell(p);
}

void progress_add(struct progress *p, uint64_t n)
{
    p->done += n;
    tell(p);
}

void progress_end(struct progress *p)
{
    p->ended = true;
    tell(p);
}
