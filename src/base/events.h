/* SPDX-License-Identifier: MIT
 *
 * events.h - what happens while something runs, for whoever runs it. Library code says it here, and
 * never prints.
 *
 * A NULL in the place of the events, or of one of its functions, is nobody who listens.
 */
#ifndef ASSENT_BASE_EVENTS_H
#define ASSENT_BASE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct events;

enum { PROGRESS_NOTES = 3 };

/* How far it is: "importing 12 000 of 202 599 rows". */
struct progress {
    const char *verb, *unit; /* borrowed: "importing", "rows" */
    const char *part;        /* what a unit consists of, whose rate is told too; NULL: nothing */
    double parts;            /* of a unit */
    const char *notes[PROGRESS_NOTES]; /* "12 requests"; NULL: nothing. The last matters most */
    uint64_t done, total;              /* total 0: not known */
    double started;                    /* seconds, monotonic */
    bool ended;
    const struct events *events; /* who is told */
};

enum event_kind {
    EVENT_DETAIL,  /* for those who want to know more */
    EVENT_NOTE,    /* good to know */
    EVENT_WARNING, /* not what was asked for, and it goes on */
};

/* All of them are called on the thread that runs the job, often, and should be quick. */
struct events {
    void (*progress)(void *data, const struct progress *p);
    void (*say)(void *data, enum event_kind kind, const char *text);
    bool (*cancelled)(void *data); /* shall it end? Asked between two items */
    void *data;
};

void events_say(const struct events *ev, enum event_kind kind, const char *fmt, ...)
    ERR_PRINTF(3, 4);
/* ERR_INTERRUPTED where it shall end, else 0. */
int events_check(const struct events *ev, struct err *e);

void progress_start(struct progress *p, const struct events *ev, const char *verb, const char *unit,
                    uint64_t total);
void progress_add(struct progress *p, uint64_t n);
void progress_end(struct progress *p);

#endif
