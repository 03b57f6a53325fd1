/* SPDX-License-Identifier: MIT
 *
 * pace.h - how many requests a server is asked at a time, and when. A state machine without I/O: it
 * is told what was sent and what came back, and says when the next may go. Times are seconds of one
 * monotonic clock.
 *
 * How many may be in flight is found by trying. The rate (answers a second) is compared with
 * that at the limit before, as soon as the difference is clear: where more in flight brought more,
 * the limit grows on, doubling until that fails for the first time and by a quarter from then on;
 * where it only made answers slower, the limit goes back. A server that refuses (429, 503) or lets
 * requests time out lowers it at once, and what it still held when it refused is the ceiling for a
 * while.
 */
#ifndef ASSENT_NET_PACE_H
#define ASSENT_NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace_limits {
    unsigned least, most;       /* in flight; 0: 1. Where both are one number it is fixed */
    double requests_per_minute; /* 0: no such limit */
    double tokens_per_minute;
    uint64_t seed; /* of the jitter */
};

enum pace_outcome {
    PACE_OK,         /* an answer, also one that says that the request was wrong (4xx) */
    PACE_OVERLOADED, /* 429, 503 */
    PACE_TIMED_OUT,
    PACE_FAILED,    /* no answer, or 5xx */
    PACE_ELSEWHERE, /* no answer there, and others are asked: it says nothing of them */
};

struct pace_answer {
    enum pace_outcome outcome;
    double seconds;         /* since pace_sent */
    double retry_after;     /* seconds from now; NaN: not said */
    double tokens_expected; /* as pace_sent had it */
    double tokens_used;     /* 0: not said */
};

struct pace_rate {
    unsigned limit;
    double rate, noise; /* answers a second; its relative standard error */
};

/* All of its own; no memory is taken. */
struct pace {
    struct pace_limits limits;
    uint64_t random;
    unsigned in_flight, limit;
    unsigned ceiling, ceiling_least;   /* of the limit; how low a refusal may set that */
    double not_before;                 /* nothing is sent until then */
    double requests_free, tokens_free; /* when the rates a minute have been kept */

    /* an epoch: answers to requests that were sent at one limit */
    double epoch_began, epoch_counted; /* counted: from its first answer on; NaN: none yet */
    unsigned answers;
    bool was_full;           /* the limit, and nothing else, kept a request back */
    bool slow_start;         /* the limit doubles */
    bool holding;            /* at what was best: a long epoch */
    double seconds, squares; /* of its answers, summed */
    struct pace_rate old;    /* of the epoch before; limit 0: there is none to compare with */

    /* trouble */
    double setback_at;
    unsigned setbacks;         /* in a row: rounds of requests */
    unsigned clean, clean_end; /* answers since the last one; after how many all is well */
    unsigned failures;         /* in a row: requests */
    double failing_since;
    double asked, repeated; /* requests and retries, fading */
    double faded;           /* when */
};

void pace_init(struct pace *p, const struct pace_limits *limits, double now);

/* 0: a request with so many tokens may go; else the seconds to wait, INFINITY: until an answer has
 * come. Retries ask here too, after their delay. */
double pace_may_send(struct pace *p, double now, double tokens);
void pace_sent(struct pace *p, double now, double tokens);
void pace_done(struct pace *p, double now, const struct pace_answer *a);

/* How long a request waits that is to be sent for another time, the first retry being 1; below 0:
 * so much was repeated lately that this one should be given up. */
double pace_retry_seconds(struct pace *p, double now, unsigned retry);

/* Has the server failed for so long that one should stop asking? *seconds: since its first failure
 * without any answer after. A 429 or 503 that says when to come back is an answer. It goes on to be
 * asked, seldom, by whoever goes on all the same; one answer, and it is well again. */
bool pace_is_broken(const struct pace *p, double now, double *seconds);

#endif
